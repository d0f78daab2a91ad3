# Mail to you+shop@example.org goes to the folder Plus/shop (RFC 5233).
#
# Give every shop its own address, and you see who passed it on. Works with the recipient delimiter of the server.
require ["envelope", "fileinto", "subaddress", "variables"];

if envelope :detail :matches "to" "?*" {
    set :lower "detail" "${1}${2}";
    fileinto "Plus/${detail}";
    stop;
}
