require ["fileinto", "imap4flags"];
if header :contains "X-PM-Scan" "SPAM" {
    fileinto :flags "\\Seen" "Suspicious.Today";
    stop;
}
