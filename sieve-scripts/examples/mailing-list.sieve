# Each mailing list to a folder named after it, by its List-Id (RFC 2919).
#
# "List-Id: Rust users <rust-users.lists.example.org>" goes to Lists/rust-users.
require ["fileinto", "variables"];

if header :matches "List-Id" "*<*.*>*" {
    set :lower "list" "${2}";
    fileinto "Lists/${list}";
    stop;
}
