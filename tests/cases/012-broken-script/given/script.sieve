require "fileinto";
if header :contains "subject" "walk" {
    fileinto "Walks"
}
