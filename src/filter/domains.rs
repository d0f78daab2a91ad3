//! Whose a host is: registrable domains, and hosts that a text shows to its reader.
//!
//! Does not resolve anything. Standards: the public suffix list (embedded in `psl`), RFC 5890 names as given.

/// The registrable domain of a host, in lower case: `www.shop.co.uk` → `shop.co.uk`. `None` for address literals, single
/// labels and public suffixes themselves.
pub(super) fn registrable(host: &str) -> Option<String> {
    let host = host.trim_matches('.').to_lowercase();
    if is_address_literal(&host) {
        return None;
    }
    psl::domain_str(&host).map(str::to_string)
}

/// Do both belong to the same registrable domain? False where one has none.
pub(super) fn same_owner(a: &str, b: &str) -> bool {
    registrable(a).is_some_and(|a| registrable(b) == Some(a))
}

/// Is `host` the domain or below it?
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

/// The host and all domains above it: `a.b.c` → `a.b.c`, `b.c`, `c`.
pub(super) fn parents(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |h| h.split_once('.').map(|(_, rest)| rest))
}

/// `192.0.2.1`, `[2001:db8::1]`, and what browsers read as an address too: `3221225985`, `0xc0.0.2.1`.
pub(super) fn is_address_literal(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()));
    !last.is_empty() && (hexadecimal || last.chars().all(|c| c.is_ascii_digit()))
}

/// Names that are not in the public net but honest in private ones and in documents (RFC 2606, RFC 6761, RFC 6762,
/// RFC 8375 and customs).
const PRIVATE_NAMES: &[&str] =
    &["arpa", "corp", "example", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "test"];

/// Could a sender of this domain be answered: letters of host names only, and a top level that is known or private?
/// Address literals and single names of machines in private nets can.
pub(super) fn can_exist(domain: &str) -> bool {
    if domain.starts_with('[') {
        return true;
    }
    let fair =
        domain.split('.').all(|l| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_'));
    let top = domain.rsplit('.').next().unwrap_or_default();
    let all_digits = top.chars().all(|c| c.is_ascii_digit());
    let known = || psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known());
    let single = !domain.contains('.');
    fair && !all_digits && (single || PRIVATE_NAMES.contains(&top) || known())
}

/// The domain of a mail address, in lower case; `None` without one.
pub(super) fn of_address(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    Some(domain.trim().trim_end_matches('.').to_lowercase()).filter(|d| !d.is_empty())
}

/// The host that a link's text shows, in lower case, where the whole text is an address of the web: `https://…`,
/// `www.…`, or a bare name with a known public suffix. Ordinary words give `None`.
pub(super) fn shown_host(text: &str) -> Option<(String, Shown)> {
    let text = text.trim().trim_matches(['"', '\'', '<', '>', '(', ')', '[', ']']).to_lowercase();
    if text.is_empty() || text.contains(char::is_whitespace) || text.contains('@') {
        return None;
    }
    let after_scheme = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let shown = if after_scheme.is_some() || text.starts_with("www.") { Shown::AsUrl } else { Shown::AsName };
    let rest = after_scheme.unwrap_or(&text);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default().trim_end_matches(['.', ',', '…']);
    let fair = host.contains('.') && host.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    let known = psl::suffix_str(host).is_some_and(|s| s != host) && psl::suffix(host.as_bytes())?.is_known();
    let is_host = fair && !is_address_literal(host) && (known || shown == Shown::AsUrl);
    is_host.then(|| (host.to_string(), shown))
}

/// How a text shows a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// With a scheme or `www.`: no reader doubts what it is.
    AsUrl,
    /// `paypal.com`: often just the name of a firm.
    AsName,
}

/// The mail addresses that a text shows, in lower case.
pub(super) fn shown_addresses(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c))
        .map(|word| word.trim_matches(['.', '`', '*']).to_lowercase())
        .filter(|word| word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrable_domain_is_one_label_below_the_public_suffix() {
        for (host, want) in [
            ("www.Shop.co.uk.", Some("shop.co.uk")),
            ("a.b.evil.example", Some("evil.example")),
            ("anna.github.io", Some("anna.github.io")),
            ("com", None),
            ("localhost", None),
            ("192.0.2.1", None),
            ("", None),
        ] {
            assert_eq!(registrable(host).as_deref(), want, "{host}");
        }
        assert!(same_owner("a.shop.example", "b.shop.example"));
        assert!(!same_owner("anna.github.io", "ben.github.io"));
        assert!(!same_owner("com", "com"));
    }

    #[test]
    fn addresses_in_every_spelling_are_seen() {
        for host in ["192.0.2.1", "[2001:db8::1]", "3221225985", "0xc0000201", "192.0.0x201"] {
            assert!(is_address_literal(host), "{host}");
        }
        for host in ["a1.example", "1.example", "x", ""] {
            assert!(!is_address_literal(host), "{host}");
        }
    }

    #[test]
    fn a_domain_can_exist_or_not() {
        for domain in ["home.example", "box", "box.local", "shop.co.uk", "bücher.de", "xn--bcher-kva.de", "[192.0.2.1]"]
        {
            assert!(can_exist(domain), "{domain}");
        }
        for domain in ["993599", "bank.cll", "%status.net", "a..com", "192.0.2.1", ""] {
            assert!(!can_exist(domain), "{domain}");
        }
    }

    #[test]
    fn a_text_shows_a_host_or_just_words() {
        for (text, want) in [
            ("https://www.bank.example/login?x", Some(("www.bank.example", Shown::AsUrl))),
            ("www.bank.example", Some(("www.bank.example", Shown::AsUrl))),
            (" PayPal.com. ", Some(("paypal.com", Shown::AsName))),
            ("Click here", None),
            ("report.pdf", None),
            ("e.g.", None),
            ("anna@bank.example", None),
            ("http://192.0.2.1/", None),
            ("3.14", None),
            ("", None),
        ] {
            let got = shown_host(text);
            assert_eq!(got.as_ref().map(|(h, s)| (h.as_str(), *s)), want, "{text}");
        }
    }

    #[test]
    fn addresses_in_names_are_seen() {
        let shown = shown_addresses("\"Boss <Boss@Bank.example>\" (x@y), a@b.example.");
        assert_eq!(shown, ["boss@bank.example", "a@b.example"]);
    }
}
