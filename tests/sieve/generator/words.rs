//! What generated scripts ask about: names and values that the letters have, and some that none has.

/// Header fields with values, or parts of values, as people would write them into a rule.
pub(super) const FIELDS: &[(&str, &[&str])] = &[
    (
        "subject",
        &[
            "Invoice 2024-117 for the boat (final)",
            "Scan: three pages",
            "Grüße aus Köln:",
            "lifetimes * and ? in patterns",
            "[rust-users] Re: lifetimes",
            "Cron <root@host> backup FAILED: 100%",
            "Fwd: see below",
            "no space, Lower case name",
            "the inner letter",
            "",
        ],
    ),
    (
        "from",
        &[
            "Anna Berg <anna.berg@example.org>",
            "anna.berg@example.org",
            "Jürgen Müller <juergen@example.de>",
            "cron@host.example.net (Cron Daemon)",
            "Carol via Rust Users",
        ],
    ),
    ("to", &["kim@example.com", "kim+Scans@example.com", "undisclosed-recipients:;", "Lund, Ole"]),
    ("cc", &["team@example.org", "lonely"]),
    ("x-number", &["42", "7", "007"]),
    ("x-spam-score", &["6.5", "0", "12", "-1.9", "abc"]),
    ("x-spam-flag", &["YES", "NO"]),
    ("x-empty", &[""]),
    ("x-folded", &["one two three", "one\ttwo", "three"]),
    ("comments", &["not_an encoded word", "=?bogus-charset?Q?abc?="]),
    ("keywords", &["café, naïve"]),
    ("list-id", &["Rust Users <rust-users.lists.example.org>", "rust-users.lists.example.org"]),
    ("message-id", &["<20240305.117@example.org>", "<c-77@example.net>", "<odd@sub.example.org>"]),
    ("received", &["from laptop (unknown [198.51.100.3])", "without a date", "by mail.example.com"]),
    ("content-type", &["multipart/mixed; boundary=\"outer\"", "text/plain; charset=utf-8", "TEXT/Plain; CharSet"]),
    ("content-disposition", &["attachment", "inline; filename=prices.csv"]),
    ("precedence", &["list"]),
    ("auto-submitted", &["auto-generated"]),
    ("x-only", &["one field and no more"]),
    ("x-missing", &["", "nothing"]),
    ("x-added", &["added 1", "added 2", "Grüße"]),
];

pub(super) const ADDRESS_FIELDS: &[&str] =
    &["from", "to", "cc", "bcc", "sender", "reply-to", "From", "resent-to", "TO"];

/// Addresses and their parts.
pub(super) const ADDRESSES: &[&str] = &[
    "anna.berg@example.org",
    "kim@example.com",
    "kim+Scans@example.com",
    "juergen@example.de",
    "carol@example.net",
    "o'brien+x=y@sub.example.org",
    "KIM+@Example.COM",
    "a.b+c@example.org",
    "\"quoted local\"@example.org",
    "routed@example.org",
    "cron@host.example.net",
    "rust-users@lists.example.org",
    "anna.berg",
    "kim",
    "kim+a+b",
    "example.com",
    "example.org",
    "Scans",
    "a+b",
    "",
    "c",
    "x=y",
    "lists.example.org",
    "undisclosed-recipients",
];

pub(super) const BODY: &[&str] = &[
    "the invoice for the boat",
    "1,250.50 EUR",
    "Best wishes",
    "The pages are attached. Total: 3",
    "pages = one file",
    "<b>pages</b>",
    "Total: 3 & more",
    "name;price",
    "%PDF-1.4",
    "Grüße aus Köln, 日本.",
    "What does \\\\0 mean?",
    "backup: 100%",
    "inner bold",
    "naïve text, third part",
    "This is the preamble",
    "This is the epilogue",
    "No header fields",
    "inner@example.net",
    "the inner letter",
    "",
    "nobody says this",
    "anna",
];

pub(super) const TYPES: &[&str] = &[
    "text",
    "text/plain",
    "text/html",
    "application/pdf",
    "multipart",
    "message/rfc822",
    "image",
    "text/csv",
    "",
    "audio/ogg",
    "message",
];

/// Parts of a date, each with values that some letter has.
pub(super) const DATE_PARTS: &[(&str, &[&str])] = &[
    ("year", &["2024", "2023", "1974", "2008", "2026", "1970"]),
    ("month", &["03", "12", "07", "02", "01"]),
    ("day", &["05", "31", "29", "13", "01"]),
    ("date", &["2024-03-05", "2023-12-31", "2008-02-29", "1974-07-13"]),
    ("julian", &["60374", "54525", "40587", "42244"]),
    ("hour", &["08", "23", "13", "00", "16"]),
    ("minute", &["09", "59", "14", "30", "05"]),
    ("second", &["02", "60", "15", "06", "00"]),
    ("time", &["08:09:02", "13:14:15", "16:30:00", "04:05:06"]),
    ("iso8601", &["2024-03-05T08:09:02+01:00", "2008-02-29T13:14:15Z", "2024-03-05T16:30:00-08:00"]),
    ("std11", &["Tue, 05 Mar 2024 08:09:02 +0100", "Fri, 29 Feb 2008 13:14:15 +0000"]),
    ("zone", &["+0100", "-0000", "+0000", "-0800", "+0530", "-0500"]),
    ("weekday", &["2", "0", "5", "6", "4"]),
];

pub(super) const ZONES: &[&str] = &["+0000", "+0100", "-0500", "+0530", "-1200", "+1400", "+0930"];

pub(super) const DATE_FIELDS: &[&str] =
    &["date", "received", "resent-date", "expires", "delivery-date", "Date", "x-missing"];

pub(super) const FLAGS: &[&str] = &[
    "\\Seen",
    "\\Flagged",
    "\\Answered",
    "\\Deleted",
    "\\Draft",
    "$Work",
    "$label1",
    "\\seen",
    "Junk",
    "$work",
    "a b",
    "\\Flagged $Work",
    "",
];

pub(super) const VARIABLES: &[&str] = &["a", "b", "Name", "long_name_2", "a1"];

/// Parameters of Content-Type and Content-Disposition.
pub(super) const PARAMETERS: &[&str] = &["charset", "boundary", "name", "filename", "x-note", "format", "size"];

pub(super) const PARAMETER_VALUES: &[&str] = &[
    "utf-8",
    "us-ascii",
    "US-ASCII",
    "iso-8859-1",
    "outer",
    "inner",
    "scan-1.pdf",
    "prices.csv",
    "flowed",
    "one; two",
    "logo.png",
    "20",
    "naïve.txt",
];

pub(super) const NUMBERS: &[&str] = &["0", "1", "2", "3", "6", "7", "42", "10", "007", "", "abc", "6.5", "12x"];

/// Free text for variables.
pub(super) const TEXTS: &[&str] = &[
    "Hello World",
    "hello",
    "",
    "A*b c\\d",
    "Grüße",
    "x y  z",
    "0",
    "12",
    "ÄÖÜ ß",
    "a;b",
    "tail ",
    "日本",
    "The Quick (brown) fox",
    "a",
    "b",
];

/// Texts with one mistake each; every one must be refused whatever stands before it.
pub(super) const MISTAKES: &[&str] = &[
    "nosuchcommand;",
    "if nosuchtest { keep; }",
    "keep",
    "keep \"x\";",
    "if header \"subject\" { keep; }",
    "if header :nosuchtag \"subject\" \"x\" { keep; }",
    "if header :is :contains \"subject\" \"x\" { keep; }",
    "if header :comparator \"i;nosuch\" \"subject\" \"x\" { keep; }",
    "if header :comparator \"i;ascii-casemap\" :comparator \"i;octet\" \"subject\" \"x\" { keep; }",
    "elsif true { keep; }",
    "else { keep; }",
    "if true { keep; } else { stop; } else { keep; }",
    "if true { keep; ",
    "if true keep;",
    "if not { keep; }",
    "if anyof () { keep; }",
    "if anyof true, false { keep; }",
    "if size 10K { keep; }",
    "if size :over \"10\" { keep; }",
    "if size :over :under 10 { keep; }",
    "if size :over 10X { keep; }",
    "redirect;",
    "redirect 12;",
    "redirect \"not an address\";",
    "redirect [\"a@example.org\", \"b@example.org\"];",
    "stop \"now\";",
    "true;",
    "discard { keep; }",
    "keep; require \"fileinto\";",
    "require \"vnd.example.nosuch\";",
    "if header \"\" \"x\" { keep; }",
    "if header [] \"x\" { keep; }",
    "if exists { keep; }",
    "if exists 5 { keep; }",
    "if address :localpart :domain \"from\" \"x\" { keep; }",
    "if address \"subject\" \"x\" { keep; }",
    "if header \"sub ject\" \"x\" { keep; }",
    "keep; \"text\";",
    "if \"true\" { keep; }",
    "if true { keep; } }",
    "/* never closed",
    "redirect \"never closed;",
    "keep; @",
];
