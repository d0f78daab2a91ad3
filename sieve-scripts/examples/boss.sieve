# A flag for what the boss writes; it stays in the inbox.
require "imap4flags";

if address :is "from" ["boss@example.org", "deputy@example.org"] {
    addflag "\\Flagged";
}
