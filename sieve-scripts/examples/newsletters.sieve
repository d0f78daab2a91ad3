# Newsletters to a folder of their own.
#
# What can be unsubscribed from is a newsletter or a list (RFC 2369). Mailing lists in which people write to each
# other also name themselves with List-Post: they stay in the inbox here; see mailing-list.sieve.
require "fileinto";

if allof (exists "List-Unsubscribe", not exists "List-Post") {
    fileinto "Newsletters"; # made, where it isn't there yet
    stop;
}
