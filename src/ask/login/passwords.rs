//! A Dovecot passwd-file as a table of passwords: who may sign in, from where.
//!
//! Reads `user:{SCHEME}hash:…:extra fields`; of the extra fields `nologin`, `proxy` and `allow_nets` count. Does not hash
//! anything. Standards: Dovecot 2.3 *passwd-file*, *password schemes*, *allow_nets*, *nologin*.

use super::scheme::Scheme;
use std::collections::HashMap;
use std::net::IpAddr;

/// Everybody in the file.
#[derive(Debug)]
pub(super) struct Passwords {
    /// By the name in lower case.
    users: HashMap<String, Entry>,
    /// Hashed for names that nobody has, so that they take as long: the password of the first user with the scheme that
    /// most have.
    pub(super) decoy: Scheme,
    /// True where everybody's password does for SCRAM-SHA-256: clients prefer it, and would not fall back to PLAIN.
    pub(super) all_scram: bool,
}

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// As the file spells it.
    pub(super) user: String,
    pub(super) scheme: Scheme,
    /// `nologin` or `proxy`: not here.
    barred: bool,
    /// `allow_nets`; `None`: from everywhere.
    nets: Option<Vec<Net>>,
}

/// Addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Net {
    address: IpAddr,
    bits: u32,
}

impl Passwords {
    /// `None` where nobody is in the file.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut users = HashMap::new();
        let mut counts: HashMap<&'static str, (usize, Scheme)> = HashMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let Some(entry) = Entry::parse(line) else { continue };
            let (count, _) = counts.entry(entry.scheme.name()).or_insert_with(|| (0, entry.scheme.clone()));
            *count += 1;
            users.entry(entry.user.to_lowercase()).or_insert(entry);
        }
        let known = users.values().map(|entry: &Entry| &entry.scheme).filter(|scheme| **scheme != Scheme::None);
        let all_scram = known.clone().next().is_some() && known.clone().all(Scheme::does_for_scram);
        let (_, decoy) = counts.into_values().max_by_key(|(count, _)| *count)?;
        Some(Self { users, decoy, all_scram })
    }

    /// Looks for the whole name, then for what stands before its `@`, as the table of users does.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        let name = name.to_lowercase();
        let local = || name.rsplit_once('@').and_then(|(local, _)| self.users.get(local));
        self.users.get(&name).or_else(local)
    }
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(8, ':');
        let user = fields.next().filter(|user| !user.is_empty())?;
        let scheme = Scheme::parse(fields.next().unwrap_or_default());
        let extra: Vec<&str> = fields.nth(5).unwrap_or_default().split_ascii_whitespace().collect();
        let names = |name: &str| extra.iter().any(|field| field.split('=').next() == Some(name));
        let nets = extra.iter().find_map(|field| field.strip_prefix("allow_nets="));
        Some(Self {
            user: user.to_string(),
            scheme,
            barred: names("nologin") || names("proxy") || names("proxy_maybe"),
            // One that can't be read lets nobody in.
            nets: nets.map(|nets| nets.split(',').filter_map(Net::parse).collect()),
        })
    }

    /// May this user sign in from there at all?
    pub(super) fn may_come_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        !self.barred && self.nets.as_ref().is_none_or(|nets| nets.iter().any(|net| net.holds(address)))
    }
}

impl Net {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { address, bits })
    }

    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => (net.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(net), IpAddr::V6(address)) => (net.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_fields_say_who_may_come_from_where() {
        for (extra, from, want) in [
            ("", "192.0.2.1", true),
            ("userdb_mail=maildir:~/M", "192.0.2.1", true),
            ("nologin", "192.0.2.1", false),
            ("nologin=y reason=Moved", "192.0.2.1", false),
            ("proxy=y host=x", "192.0.2.1", false),
            ("allow_nets=192.0.2.0/24,::1", "192.0.2.1", true),
            ("allow_nets=192.0.2.0/24,::1", "192.0.3.1", false),
            ("allow_nets=192.0.2.0/24,::1", "::1", true),
            ("allow_nets=192.0.2.0/24,::1", "::ffff:192.0.2.9", true),
            ("allow_nets=0.0.0.0/0", "198.51.100.1", true),
            ("allow_nets=0.0.0.0/0", "2001:db8::1", false),
            ("allow_nets=2001:db8::/33", "2001:db8:8000::1", false),
            ("allow_nets=nonsense/99", "192.0.2.1", false),
            ("allow_nets=192.0.2.1/33", "192.0.2.1", false),
            ("allow_nets=", "192.0.2.1", false),
        ] {
            let entry = Entry::parse(&format!("anna:{{PLAIN}}x:1:2:g:/h:/s:{extra}")).unwrap();
            assert_eq!(entry.may_come_from(from.parse().unwrap()), want, "{extra} {from}");
        }
    }

    #[test]
    fn names_are_found_as_the_users_table_finds_them() {
        let table = Passwords::parse("# x\nAnna@X.example:{PLAIN}a\nben:{PLAIN}b\nanna@x.example:{PLAIN}c\n").unwrap();
        let user = |name: &str| table.find(name).map(|entry| entry.user.as_str());
        assert_eq!(user("anna@x.EXAMPLE"), Some("Anna@X.example"));
        assert_eq!(user("BEN@anything.example"), Some("ben"));
        assert_eq!((user("anna"), user("ben+x"), user("")), (None, None, None));
        assert!(Passwords::parse("# nobody\n:x\n").is_none());
    }

    #[test]
    fn scram_is_offered_only_where_all_can_use_it() {
        let scram = |text: &str| Passwords::parse(text).unwrap().all_scram;
        assert!(scram("a:{PLAIN}x\nb:{SCRAM-SHA-256}4096,c2FsdA==,a2V5,a2V5\nc:\n"));
        assert!(!scram("a:{PLAIN}x\nb:$6$salt$hash\n"));
        assert!(!scram("a:\n"));
    }
}
