require "fileinto";
if header :comparator "i;ascii-casemap" :contains "X-PM-Scan" "SPAM" { fileinto "INBOX.Spams"; stop; }
if header :comparator "i;ascii-casemap" :contains "X-PM-Scan" "BULK" { fileinto "INBOX.Bulks"; stop; }
