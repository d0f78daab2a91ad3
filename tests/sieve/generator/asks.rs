//! Tests: every test that both implementations have, with every tag they take.

use super::{Writer, words};

/// What a match compares: tags before the other arguments, and the key list at the end.
struct Match {
    tags: String,
    keys: String,
}

impl Writer {
    /// A test, as deep as `depth` still allows.
    pub(super) fn test(&mut self, depth: usize) -> String {
        match self.dice.below(100) {
            0..=19 => self.header(),
            20..=31 => self.address(),
            32..=38 => self.envelope(),
            39..=45 => self.body(),
            46..=53 => self.date(),
            54..=61 if self.variables => self.string(),
            54..=61 => self.exists(),
            62..=66 => self.hasflag(),
            67..=70 => self.size(),
            71..=72 => self.dice.pick(&["true", "false"]).to_string(),
            73..=76 => self.exists(),
            77..=86 if depth < 3 => self.combined(depth),
            77..=90 => format!("not {}", if depth < 3 { self.test(depth + 1) } else { "false".into() }),
            91..=92 => self.score(),
            93..=94 => self.known(),
            _ => self.mime(),
        }
    }

    fn combined(&mut self, depth: usize) -> String {
        let count = 1 + self.dice.below(3);
        let tests: Vec<String> = (0..count).map(|_| self.test(depth + 1)).collect();
        format!("{}({})", self.dice.pick(&["allof", "anyof", "anyof ", "allof "]), tests.join(", "))
    }

    /// A match type with a comparator, and keys made of `values` so that they often fit.
    fn matching(&mut self, values: &[&str], can_count: bool) -> Match {
        let kind = self.dice.below(100);
        let count = if self.dice.percent(70) { 1 } else { 1 + self.dice.below(3) };
        let near = self.dice.some(values, count, count);
        let (tag, keys): (String, Vec<String>) = match kind {
            0..=19 => (self.dice.pick(&["", ":is"]).into(), near.iter().map(|v| self.other_case(v)).collect()),
            20..=37 => (":contains".into(), near.iter().map(|v| self.piece(v)).collect()),
            38..=65 => (":matches".into(), near.iter().map(|v| self.glob(v)).collect()),
            66..=80 => {
                self.need("regex");
                (":regex".into(), near.iter().map(|v| self.regex(v)).collect())
            }
            81..=89 if can_count => {
                self.need("relational");
                let numbers = self.dice.some(&["0", "1", "2", "3", "4"], 1, 2);
                (self.relation(":count"), numbers.iter().map(ToString::to_string).collect())
            }
            _ => {
                self.need("relational");
                let keys = if self.dice.percent(40) { self.dice.some(words::NUMBERS, 1, 2) } else { near };
                (self.relation(":value"), keys.iter().map(ToString::to_string).collect())
            }
        };
        let is_text = [":contains", ":matches", ":regex"].contains(&tag.as_str());
        let comparator = self.comparator(is_text, tag.contains(":count"));
        let tags = if self.dice.percent(50) { format!("{tag} {comparator}") } else { format!("{comparator} {tag}") };
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        // An expression with `${` is a mistake where that is no variable.
        let had = std::mem::replace(&mut self.stray, !tag.contains(":regex"));
        let keys = self.strings(&keys);
        self.stray = had;
        Match { tags: tags.trim().to_string(), keys }
    }

    fn relation(&mut self, tag: &str) -> String {
        format!("{tag} \"{}\"", self.dice.pick(&["gt", "ge", "lt", "le", "eq", "ne"]))
    }

    fn comparator(&mut self, is_text: bool, is_count: bool) -> String {
        let numeric = if is_text {
            0
        } else if is_count {
            60
        } else {
            25
        };
        if self.dice.percent(numeric) {
            self.need("comparator-i;ascii-numeric");
            return ":comparator \"i;ascii-numeric\"".into();
        }
        self.dice.pick(&["", "", ":comparator \"i;octet\"", ":comparator \"i;ascii-casemap\""]).into()
    }

    fn other_case(&mut self, value: &str) -> String {
        match self.dice.below(6) {
            0 => value.to_uppercase(),
            1 => value.to_ascii_lowercase(),
            _ => value.to_string(),
        }
    }

    /// A part of the value, in the middle as a rule.
    fn piece(&mut self, value: &str) -> String {
        let letters: Vec<char> = value.chars().collect();
        let from = self.dice.below(letters.len() + 1);
        let upto = from + self.dice.below(letters.len() - from + 1);
        let piece: String = letters[from..upto].iter().collect();
        self.other_case(&piece)
    }

    /// The value with wildcards in it.
    fn glob(&mut self, value: &str) -> String {
        let letters: Vec<char> = value.chars().collect();
        let mut pattern = String::new();
        let mut place = 0;
        // 0.5.19 can't be trusted with patterns that have both.
        let mixed = self.dice.percent(5);
        let single = mixed || self.dice.percent(30);
        if (mixed || !single) && self.dice.percent(20) {
            pattern.push('*');
        }
        while place < letters.len() {
            match self.dice.below(24) {
                0 if single => pattern.push('?'),
                1 if !single || mixed => {
                    pattern.push('*');
                    place += self.dice.below(8);
                }
                _ if matches!(letters[place], '*' | '?' | '\\') => pattern.extend(['\\', letters[place]]),
                _ => pattern.push(letters[place]),
            }
            place += 1;
        }
        if (mixed || !single) && self.dice.percent(25) {
            pattern.push('*');
        }
        self.other_case(&pattern)
    }

    /// A POSIX extended expression made of the value.
    fn regex(&mut self, value: &str) -> String {
        let letters: Vec<char> = value.chars().collect();
        let from = self.dice.below(letters.len() + 1);
        let upto = from + self.dice.below(letters.len() - from + 1);
        let mut pattern = if from == 0 && self.dice.percent(50) { "^".to_string() } else { String::new() };
        for letter in &letters[from..upto] {
            match self.dice.below(24) {
                0 => {
                    pattern += self.dice.pick(&[
                        ".",
                        "(.)",
                        ".*",
                        "(.*)",
                        "[a-z]",
                        "[^x]",
                        "([a-zA-Z]+)",
                        "[[:alnum:]]?",
                        "(a|.)",
                        "x{0,2}.",
                    ])
                }
                _ if letter.is_alphanumeric() || matches!(letter, ' ' | '@' | '-' | '_' | ',' | ';') => {
                    pattern.push(*letter)
                }
                // Others must not be escaped: `\<` and `\'` mean something to some libraries.
                _ if ".[]()*+?{}|^$\\".contains(*letter) => pattern.extend(['\\', *letter]),
                _ => pattern.push(*letter),
            }
        }
        if upto == letters.len() && self.dice.percent(50) {
            pattern.push('$');
        }
        if pattern.is_empty() { "^$".into() } else { pattern }
    }

    fn index(&mut self) -> &'static str {
        if !self.dice.percent(15) {
            return "";
        }
        self.need("index");
        self.dice.pick(&[":index 1 ", ":index 2 ", ":index 1 :last ", ":last :index 2 ", ":index 3 "])
    }

    fn field(&mut self) -> (&'static str, &'static [&'static str]) {
        words::FIELDS[self.dice.below(words::FIELDS.len())]
    }

    fn header(&mut self) -> String {
        let (name, values) = self.field();
        let mut names = vec![name];
        let index = self.index();
        // Whether an index counts the fields of one name or of all is not what this test is about.
        if index.is_empty() && self.dice.percent(25) {
            names.push(self.field().0);
        }
        let found = self.matching(values, true);
        let names: Vec<String> = names.iter().map(|name| self.other_case(name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("header {index}{} {} {}", found.tags, plain_strings(&names), found.keys)
    }

    fn part(&mut self) -> &'static str {
        let part = self.dice.pick(&["", "", ":all ", ":localpart ", ":domain ", ":user ", ":detail "]);
        if [":user ", ":detail "].contains(&part) {
            self.need("subaddress");
        }
        part
    }

    fn address(&mut self) -> String {
        let index = self.index();
        let part = self.part();
        let found = self.matching(words::ADDRESSES, true);
        let names = self.dice.some(words::ADDRESS_FIELDS, 1, if index.is_empty() { 2 } else { 1 });
        format!("address {index}{part}{} {} {}", found.tags, plain_strings(&names), found.keys)
    }

    fn envelope(&mut self) -> String {
        self.need("envelope");
        let part = self.part();
        let found = self.matching(words::ADDRESSES, true);
        let names = self.dice.pick(&["\"from\"", "\"to\"", "[\"from\", \"to\"]", "\"TO\"", "\"From\""]);
        format!("envelope {part}{} {names} {}", found.tags, found.keys)
    }

    fn body(&mut self) -> String {
        self.need("body");
        let can_count = self.dice.percent(10);
        let found = self.matching(words::BODY, can_count);
        let part = match self.dice.below(8) {
            0..=1 => String::new(),
            2..=3 => ":raw ".into(),
            4..=5 => ":text ".into(),
            _ => {
                let types = self.dice.some(words::TYPES, 1, 2);
                format!(":content {} ", plain_strings(&types))
            }
        };
        format!("body {part}{} {}", found.tags, found.keys)
    }

    fn date(&mut self) -> String {
        self.need("date");
        let (part, values) = words::DATE_PARTS[self.dice.below(words::DATE_PARTS.len())];
        let found = self.matching(values, true);
        if self.dice.percent(15) {
            return self.now();
        }
        let index = self.index();
        let zone = match self.dice.below(4) {
            0 => ":originalzone ".to_string(),
            1 | 2 => format!(":zone \"{}\" ", self.dice.pick(words::ZONES)),
            _ => ":zone \"+0000\" ".into(),
        };
        let field = self.dice.pick(words::DATE_FIELDS);
        let part = self.other_case(part);
        format!("date {index}{zone}{} \"{field}\" \"{part}\" {}", found.tags, found.keys)
    }

    /// Of the present only what stays the same while both programs run, also in a match value.
    fn now(&mut self) -> String {
        let zone = self.dice.pick(words::ZONES);
        match self.dice.below(4) {
            0 => format!(
                "currentdate :zone \"{zone}\" :matches \"zone\" \"{}\"",
                self.dice.pick(&["+*", "-0?00", "+0100"])
            ),
            1 => {
                self.need("relational");
                format!("currentdate :zone \"{zone}\" :value \"ge\" \"year\" \"{}\"", self.dice.pick(&["2020", "2999"]))
            }
            2 => {
                self.need("regex");
                "currentdate :regex \"year\" \"^[0-9]{4}$\"".into()
            }
            _ => format!(
                "currentdate :contains \"{}\" \"{}\"",
                self.dice.pick(&["time", "iso8601", "std11"]),
                self.dice.pick(&[":", "T", ", ", "+"])
            ),
        }
    }

    fn string(&mut self) -> String {
        let count = 1 + self.dice.below(2);
        let sources: Vec<String> = (0..count)
            .map(|_| {
                if self.dice.percent(80) {
                    format!("\"{}\"", self.variable())
                } else {
                    let text = self.dice.pick(words::TEXTS);
                    self.quote(text)
                }
            })
            .collect();
        let found = self.matching(words::TEXTS, true);
        // 0.5.19 takes `i;octet` where no comparator is named; most tests name one, so that they can be compared.
        let named = if found.tags.contains(":comparator") || self.dice.percent(10) {
            ""
        } else {
            " :comparator \"i;ascii-casemap\""
        };
        format!("string {}{named} [{}] {}", found.tags, sources.join(", "), found.keys)
    }

    fn hasflag(&mut self) -> String {
        self.need("imap4flags");
        let found = self.matching(words::FLAGS, true);
        let list =
            if self.variables && self.dice.percent(30) { self.dice.pick(&["\"a\" ", "[\"a\", \"b\"] "]) } else { "" };
        format!("hasflag {} {list}{}", found.tags, found.keys)
    }

    fn size(&mut self) -> String {
        format!(
            "size {} {}",
            self.dice.pick(&[":over", ":under"]),
            self.dice.pick(&["0", "1", "100", "5K", "1M", "6000", "8k", "1G"])
        )
    }

    fn exists(&mut self) -> String {
        let count = 1 + self.dice.below(2);
        let names: Vec<&str> = (0..count).map(|_| self.field().0).collect();
        format!("exists {}", plain_strings(&names))
    }

    fn score(&mut self) -> String {
        self.need("relational");
        self.need("comparator-i;ascii-numeric");
        let (test, extension) = *self.dice.pick(&[
            &("spamtest", "spamtest"),
            &("spamtest :percent", "spamtestplus"),
            &("virustest", "virustest"),
        ]);
        // Both together only earn a warning.
        let extension =
            if extension == "spamtest" && self.needs.contains("spamtestplus") { "spamtestplus" } else { extension };
        self.needs.retain(|name| !(extension == "spamtestplus" && name == "spamtest"));
        self.need(extension);
        let relation = self.relation(":value");
        format!(
            "{test} {relation} :comparator \"i;ascii-numeric\" \"{}\"",
            self.dice.pick(&["0", "1", "2", "3", "5", "7", "10", "60", "100"])
        )
    }

    /// What the implementation says of itself.
    fn known(&mut self) -> String {
        match self.dice.below(6) {
            0 => {
                self.need("ihave");
                format!(
                    "ihave {}",
                    self.dice.pick(&[
                        "\"fileinto\"",
                        "[\"body\", \"date\"]",
                        "\"vnd.example.nosuch\"",
                        "[\"copy\", \"vnd.example.nosuch\"]"
                    ])
                )
            }
            1 => {
                self.need("mailbox");
                format!(
                    "mailboxexists {}",
                    self.dice.pick(&["\"INBOX\"", "\"nosuchfolder\"", "[\"INBOX\", \"nosuchfolder\"]"])
                )
            }
            2 => {
                self.need("enotify");
                format!(
                    "valid_notify_method {}",
                    self.dice.pick(&[
                        "\"mailto:kim@example.com\"",
                        "\"mailto:\"",
                        "\"xmpp:kim@example.com\"",
                        "[\"mailto:a@example.org?subject=x\", \"nonsense\"]"
                    ])
                )
            }
            3 => {
                self.need("enotify");
                format!(
                    "notify_method_capability {} \"mailto:kim@example.com\" \"{}\" \"{}\"",
                    self.dice.pick(&["", ":is", ":contains"]),
                    self.dice.pick(&["Online", "online", "other"]),
                    self.dice.pick(&["maybe", "yes", ""])
                )
            }
            4 => {
                self.need("environment");
                format!(
                    "environment {} \"{}\" \"{}\"",
                    self.dice.pick(&[":is", ":contains", ":matches"]),
                    self.dice.pick(&["name", "x-missing"]),
                    // Never the whole name, which a match value would show.
                    self.dice.pick(&["", "nothing"])
                )
            }
            _ => self.duplicate(),
        }
    }

    /// Each with a handle of its own, once a run: a second test of it breaks off 0.5.19's run.
    fn duplicate(&mut self) -> String {
        if self.loops > 0 || self.is_included {
            return "false".into();
        }
        self.need("duplicate");
        self.marks += 1;
        let more = self.dice.pick(&["", " :seconds 3600", " :header \"message-id\"", " :uniqueid \"u\"", " :last"]);
        format!("duplicate :handle \"h{}\"{more}", self.marks)
    }

    /// Tests on the parts of a message (RFC 5703 §4).
    fn mime(&mut self) -> String {
        self.need("mime");
        let child = self.dice.pick(&["", ":anychild "]);
        match self.dice.below(6) {
            0 => format!(
                "exists :mime {child}{}",
                plain_strings(&self.dice.some(
                    &["content-type", "content-disposition", "content-id", "x-part", "subject"],
                    1,
                    2
                ))
            ),
            1 => {
                let found = self.matching(&["juergen@example.de", "inner@example.net", "example.org"], true);
                format!("address :mime {child}{} \"from\" {}", found.tags, found.keys)
            }
            2 => {
                let parameters = plain_strings(&self.dice.some(words::PARAMETERS, 1, 2));
                let found = self.matching(words::PARAMETER_VALUES, true);
                let field = self.dice.pick(&["content-type", "content-disposition"]);
                format!("header :mime {child}:param {parameters} {} \"{field}\" {}", found.tags, found.keys)
            }
            3 => {
                let (name, values) = self.field();
                let found = self.matching(values, true);
                format!("header :mime {child}{} \"{name}\" {}", found.tags, found.keys)
            }
            _ => {
                let option = self.dice.pick(&[":type", ":subtype", ":contenttype"]);
                let found = self.matching(
                    &[
                        "text",
                        "plain",
                        "text/plain",
                        "html",
                        "multipart/mixed",
                        "mixed",
                        "application/pdf",
                        "pdf",
                        "attachment",
                        "inline",
                    ],
                    true,
                );
                let field = self.dice.pick(&["content-type", "Content-Type", "content-disposition"]);
                format!("header :mime {child}{option} {} \"{field}\" {}", found.tags, found.keys)
            }
        }
    }
}

/// Names stay as they are: a variable in them would be another matter.
fn plain_strings(names: &[&str]) -> String {
    match names {
        [one] => format!("\"{one}\""),
        many => format!("[{}]", many.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")),
    }
}
