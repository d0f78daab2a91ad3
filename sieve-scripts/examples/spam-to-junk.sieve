# Spam to Junk instead of Spams, already marked as read; viruses never come this far.
#
# X-PM-Scan holds one word: CLEAN, BULK, SPAM or UNSCANNED. Copies that a sender forged are removed before.
require ["fileinto", "imap4flags"];

if header :is "X-PM-Scan" "SPAM" {
    fileinto :flags "\\Seen" "Junk";
    stop;
}
