//! Commands: every action and control that both implementations have.

use super::{Writer, words};
use crate::script::Node;

impl Writer {
    pub(super) fn command(&mut self, depth: usize) -> Node {
        match self.dice.below(100) {
            0..=29 if depth < 3 => self.chain(depth),
            0..=45 => self.mark(),
            46..=48 => Node::Line(self.keep()),
            49 => Node::Line("discard;".into()),
            50..=51 => self.redirect(),
            52 if depth > 0 => Node::Line("stop;".into()),
            52..=62 if self.variables => self.set(),
            52..=70 => self.flags(),
            71..=77 => self.show(),
            78..=79 => self.vacation(),
            80 if depth > 1 => self.reject(),
            81..=84 if depth < 3 && (self.loops == 0 || self.dice.percent(15)) => self.every_part(depth),
            81..=87 if self.loops > 0 && self.variables => self.extract(),
            81..=87 => self.change_header(),
            88..=91 => self.include(),
            92 => self.comment(),
            93 if depth > 0 => self.fail(),
            94 => self.debug(),
            95 if self.is_included || depth > 0 && !self.includes.is_empty() => {
                self.need("include");
                Node::Line("return;".into())
            }
            96 if self.loops > 0 => Node::Line("break;".into()),
            97..=98 => self.conditional(),
            _ => self.mark(),
        }
    }

    fn chain(&mut self, depth: usize) -> Node {
        let mut branches = Vec::new();
        let count = 1 + self.dice.below(2);
        for n in 0..count {
            let test = self.test(depth.min(2));
            let block = self.branch(depth);
            branches.push((format!("{} {test}", if n == 0 { "if" } else { "elsif" }), block));
        }
        if self.dice.percent(50) {
            let block = self.branch(depth);
            branches.push(("else".to_string(), block));
        }
        Node::Chain(branches)
    }

    /// A block that shows that it ran, and what matched on the way to it.
    fn branch(&mut self, depth: usize) -> Vec<Node> {
        let mut block = vec![self.mark()];
        let count = self.dice.below(2);
        block.extend(self.block(count, depth + 1));
        block
    }

    /// Files into a folder of its own; in a script with variables its name often shows a value.
    pub(super) fn mark(&mut self) -> Node {
        self.need("fileinto");
        self.marks += 1;
        let mut name = format!("m{}", self.marks);
        if self.dice.percent(10) {
            name = self.dice.pick(&["INBOX", "Shared", "Shared", "Other"]).to_string();
        } else if self.variables && self.dice.percent(40) {
            let variable = self.variable();
            name = format!("{name}-{variable}-");
        }
        let mut tags = String::new();
        if self.dice.percent(20) {
            self.need("copy");
            tags += " :copy";
        }
        if self.dice.percent(10) {
            self.need("mailbox");
            tags += " :create";
        }
        if self.dice.percent(12) {
            tags += &self.flag_tag();
        }
        if self.dice.percent(3) {
            self.need("special-use");
            tags += " :specialuse \"\\\\Junk\"";
        }
        Node::Line(format!("fileinto{tags} \"{name}\";"))
    }

    fn flag_tag(&mut self) -> String {
        self.need("imap4flags");
        format!(" :flags {}", self.flag_list())
    }

    fn flag_list(&mut self) -> String {
        let flags = self.dice.some(words::FLAGS, 1, 3);
        // A flag with a line end is no flag.
        let had = std::mem::replace(&mut self.in_lines, false);
        let list = self.strings(&flags);
        self.in_lines = had;
        list
    }

    fn keep(&mut self) -> String {
        let flags = if self.dice.percent(40) { self.flag_tag() } else { String::new() };
        format!("keep{flags};")
    }

    fn redirect(&mut self) -> Node {
        self.redirects += 1;
        if self.redirects > 3 && self.dice.percent(90) {
            return self.mark();
        }
        let copy = self.dice.percent(50);
        if copy {
            self.need("copy");
        }
        let to = if self.variables && self.dice.percent(5) {
            "${a}".into()
        } else {
            format!("r{}@example.org", self.redirects)
        };
        Node::Line(format!("redirect{} \"{to}\";", if copy { " :copy" } else { "" }))
    }

    fn set(&mut self) -> Node {
        let name = self.dice.pick(words::VARIABLES);
        let value = if self.dice.percent(40) {
            format!("\"{}{}\"", self.variable(), self.dice.pick(&["", " ", "x"]))
        } else {
            let text = self.dice.pick(words::TEXTS);
            self.quote(text)
        };
        let mut tags = String::new();
        if self.dice.percent(40) {
            // One of each precedence at most (RFC 5229 §4.1).
            for group in [
                &[":lower", ":upper"][..],
                &[":lowerfirst", ":upperfirst"],
                &[":quotewildcard"],
                &[":length"],
                &[":encodeurl"],
            ] {
                if self.dice.percent(35) {
                    let tag = self.dice.pick(group);
                    if tag == ":encodeurl" {
                        self.need("enotify");
                    }
                    tags = if self.dice.percent(50) { format!("{tags} {tag}") } else { format!(" {tag}{tags}") };
                }
            }
        }
        Node::Line(format!("set{tags} \"{name}\" {value};"))
    }

    fn flags(&mut self) -> Node {
        self.need("imap4flags");
        let command = self.dice.pick(&["setflag", "addflag", "addflag", "removeflag"]);
        let list = self.flag_list();
        let name = if self.variables && self.dice.percent(25) { self.dice.pick(&["\"a\" ", "\"b\" "]) } else { "" };
        Node::Line(format!("{command} {name}{list};"))
    }

    /// Shows values in a notification; only where it can't run twice, because 0.5.19 sends one letter to one recipient.
    fn show(&mut self) -> Node {
        if self.is_included || self.loops > 0 || self.notifies > 7 {
            return self.mark();
        }
        self.need("enotify");
        self.notifies += 1;
        let shown = if self.variables {
            format!("{}|{}|{}", self.variable(), self.variable(), self.variable())
        } else {
            "text ${a}".into()
        };
        let tags = self.dice.pick(&["", "", " :importance \"1\"", " :importance \"3\"", " :from \"kim@example.com\""]);
        Node::Line(format!("notify :message \"{shown}\"{tags} \"mailto:n{}@example.org\";", self.notifies))
    }

    fn vacation(&mut self) -> Node {
        self.vacations += 1;
        if self.vacations > 1 && self.dice.percent(95) || self.loops > 0 {
            return self.mark();
        }
        self.need("vacation");
        let mut tags = String::new();
        match self.dice.below(4) {
            0 => tags += &format!(" :days {}", self.dice.pick(&["0", "1", "7", "30", "400"])),
            1 => {
                self.need("vacation-seconds");
                tags += &format!(" :seconds {}", self.dice.pick(&["0", "1800", "604800"]));
            }
            _ => {}
        }
        if self.dice.percent(40) {
            let subject = self.dice.pick(&["Away", "Gone fishing: Grüße", "Re ${subject}"]);
            tags += &format!(" :subject {}", self.quote(subject));
        }
        if self.dice.percent(30) {
            tags += " :from \"Kim <kim@example.com>\"";
        }
        if self.dice.percent(40) {
            tags += " :addresses [\"kim@example.com\", \"KIM+@Example.COM\", \"rust-users@lists.example.org\"]";
        }
        if self.dice.percent(20) {
            tags += " :handle \"one\"";
        }
        if self.dice.percent(15) {
            return Node::Line(format!("vacation{tags} :mime \"Content-Type: text/html\r\n\r\n<p>Away</p>\";"));
        }
        let reason = self.dice.pick(&["I am away.", "Zurück am Montag.", "Back soon"]);
        Node::Line(format!("vacation{tags} {};", self.quote(reason)))
    }

    pub(super) fn reject(&mut self) -> Node {
        self.rejects += 1;
        if self.rejects > 1 && self.dice.percent(90) {
            return self.mark();
        }
        self.need("reject");
        let reason = self.dice.pick(&["Not here", "Nicht für mich", "Go away, please"]);
        Node::Line(format!("reject {};", self.quote(reason)))
    }

    fn every_part(&mut self, depth: usize) -> Node {
        self.need("foreverypart");
        self.loops += 1;
        let count = 1 + self.dice.below(2);
        let mut block = self.block(count, depth + 1);
        let option = self.dice.pick(&[":type", ":subtype", ":contenttype"]);
        if self.dice.percent(70) {
            self.need("mime");
            self.need("fileinto");
            self.marks += 1;
            let shown = if self.variables { "-${1}-" } else { "" };
            let mark = Node::Line(format!("fileinto \"m{}{shown}\";", self.marks));
            block.push(Node::Chain(vec![(
                format!(
                    "if header :mime {option} :matches \"content-type\" \"{}\"",
                    self.dice.pick(&["*", "text*", "*ml", "application/*"])
                ),
                vec![mark],
            )]));
        }
        let head = if self.dice.percent(30) {
            let name = format!("loop{}", self.loops);
            if self.dice.percent(50) {
                block.push(Node::Line(format!("break :name \"{name}\";")));
            }
            format!("foreverypart :name \"{name}\"")
        } else {
            "foreverypart".into()
        };
        self.loops -= 1;
        Node::Chain(vec![(head, block)])
    }

    fn extract(&mut self) -> Node {
        self.need("extracttext");
        let tags = self.dice.pick(&["", " :first 10", " :lower", " :upper :first 5", " :length"]);
        Node::Line(format!("extracttext{tags} \"{}\";", self.dice.pick(&["Name", "long_name_2"])))
    }

    fn change_header(&mut self) -> Node {
        self.need("editheader");
        if self.dice.percent(60) {
            let last = self.dice.pick(&["", " :last"]);
            let value = self.dice.pick(&["added 1", "added 2", "Grüße", "  spaces  "]);
            return Node::Line(format!("addheader{last} \"X-Added\" {};", self.quote(value)));
        }
        Node::Line(
            self.dice
                .pick(&[
                    "deleteheader \"X-Added\";",
                    "deleteheader \"X-Number\" \"7\";",
                    "deleteheader :index 1 \"X-Number\";",
                    "deleteheader :index 1 :last \"X-Number\";",
                    "deleteheader :contains \"X-Spam-Score\" \".\";",
                    "deleteheader :matches \"Subject\" \"*boat*\";",
                    "deleteheader \"X-Folded\";",
                    "deleteheader :index 2 :matches \"X-Added\" \"*\";",
                ])
                .to_string(),
        )
    }

    fn include(&mut self) -> Node {
        if self.includes.is_empty() || self.is_included || self.loops > 0 {
            return self.mark();
        }
        self.need("include");
        let which = self.includes[self.dice.below(self.includes.len())].clone();
        let which = if self.dice.percent(8) { ":personal \"nosuchscript\"".to_string() } else { which };
        let optional =
            if which.contains("nosuch") && self.dice.percent(85) || self.dice.percent(10) { " :optional" } else { "" };
        let once = self.dice.pick(&["", " :once", " :once"]);
        Node::Line(format!("include{once}{optional} {which};"))
    }

    fn comment(&mut self) -> Node {
        Node::Line(
            self.dice
                .pick(&[
                    "# a comment; with \"quotes\" { and a brace",
                    "/* a comment\r\n * over lines; keep; \" */",
                    "/**/",
                ])
                .to_string(),
        )
    }

    /// Ends the script with an error, or by one limit.
    fn fail(&mut self) -> Node {
        if self.dice.percent(70) {
            return self.mark();
        }
        self.need("ihave");
        Node::Line("error \"on purpose\";".into())
    }

    fn debug(&mut self) -> Node {
        self.need("vnd.dovecot.debug");
        let shown = if self.variables { self.variable() } else { "text".into() };
        Node::Line(format!("debug_log \"{shown}\";"))
    }

    /// What only runs where an extension is known (RFC 5463 §4).
    fn conditional(&mut self) -> Node {
        self.need("ihave");
        let known = self.mark();
        let unknown = self.mark();
        if self.dice.percent(50) {
            return Node::Chain(vec![
                ("if ihave \"vnd.example.nosuch\"".into(), vec![Node::Line("nosuchcommand :tag \"x\";".into()), known]),
                ("else".into(), vec![unknown]),
            ]);
        }
        Node::Chain(vec![("if ihave \"fileinto\"".into(), vec![known]), ("else".into(), vec![unknown])])
    }
}
