//! Tests of the schemes, on hashes that Dovecot's `doveadm pw` and crypt(3) made of `secret`.

use super::*;

const SECRET: [&str; 18] = [
    "{PLAIN}secret",
    "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$ldc/XW6WUwWP+YAzc+JIpQ$GMuwZyYeGfqL6gt24NSagrTb40deiSGQnsTIv24SVNg",
    "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$NtO4PNo/kSLQNwoQYiJlGA$L99BXUjO8obyxZa4GpOplEWvHVz6sIOLMH77DI8qWm0",
    "{BLF-CRYPT}$2y$05$X29ANrkf9Kxzi87AJ7As7.7536raJpeLalAdoPsbWNJi9IViBhN7q",
    "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
    "{PBKDF2}$1$IbcwoNf72vI8yh3k$5000$14d0b3189a471ba56af8535fe70ff89f069dbb61",
    "{SSHA}SHmOP3W6wKngjSfr7Y+3rQz/qmRkzJ/b",
    "{ssha256}kA497HXjyIlmiFS7r2w1+HBGP+tyR2T5WWKH4Tpy2oHQlfxc",
    "{SSHA512}c0sJ+jHzQ3MjakkZBs5YXw4SD63DI6BUVPzQYvvP11BpwyGPwkfegVvMYepiSVPpayb4QpE3icT+6ORRbccHH9CsPmg=",
    "{SSHA.HEX}c3e7d6a22795ec627acf42110d8ea0ad3a3295bc54f776b5",
    "{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
    "{SCRAM-SHA-256}4096,DJa/zXBTbKeES1CgFC3IsA==,EDW2PgYS6yoqDYf798SARltrOaRm/hskg58PoJtorEk=,\
     rxr01wCbvOfxEsP032Pvgf/PfMl+jqmI2Nf5K8Lix8w=",
    "{SHA512-CRYPT}$6$mdWln6AteRsFWo8B$An7cgrjzuvFy2FxneAG5/BUDbh2b3X0AAxwchAp8TYCYAuLaOLvd7J5CmwS3nGHfiQLOr2fql1tHXSd9onJ8F0",
    "{CRYPT}$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
    "$5$rounds=2000$saltsalt$z4uPO26lUGTrJq0TkvDSMVwA89yISrOuEF2WeLlRnpC",
    "{MD5-CRYPT}$1$4uG13AKK$SgfH/d0XkydLmt42uUuRp1",
    "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
    "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$GmcwIgvdUC9qLWcKCi6gklUa1dM3ziD43YxYNURLKy0",
];

#[test]
fn every_scheme_knows_its_password_and_no_other() {
    for stored in SECRET {
        let scheme = Scheme::parse(stored);
        assert_ne!(scheme, Scheme::None, "{stored}");
        assert!(scheme.verify(b"secret"), "{stored}");
        for wrong in [&b"Secret"[..], b"secre", b"secrets", b"", b"secret\0", &[b'x'; PASSWORD_BYTES_MAX + 1]] {
            assert!(!scheme.verify(wrong), "{stored} took {wrong:?}");
        }
    }
}

#[test]
fn what_is_damaged_or_unknown_is_nobodys() {
    for stored in [
        "",
        "{PLAIN}",
        "{PLAIN.HEX}736563726574",
        "{UNKNOWN}secret",
        "secret",
        "x",
        "*",
        "!$6$saltsalt$x",
        "{CRYPT}ab01FAX.bQRSU",
        "{SSHA}",
        "{SSHA}c2hvcnQ=",
        "{SHA256}kA497HXjyIlmiFS7r2w1+HBGP+tyR2T5WWKH4Tpy2oHQlfxc",
        "{SSHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
        "{PBKDF2}$1$salt$0$14d0b3189a471ba56af8535fe70ff89f069dbb61",
        "{PBKDF2}$1$salt$5000$14",
        "{SCRAM-SHA-256}4096,x,y,z",
        "{PLAIN",
    ] {
        assert_eq!(Scheme::parse(stored), Scheme::None, "{stored}");
    }
    for damaged in ["$6$", "$6$$", "$1$x", "$2y$05$short", "$argon2id$v=19$m=1", "$y$j9T$", "$6$rounds=x$salt$y"] {
        assert!(!Scheme::parse(damaged).verify(b"secret"), "{damaged}");
    }
}
