//! The grammar of a script: commands with arguments, tests and blocks, whatever their names are.
//!
//! Goes on behind each error, so that all of them are told at once. Knows no command: `check` does. Standards:
//! RFC 5228 §8.2.

use super::grammar::is_plain_command;
use super::lex::{Kind, Token};
use super::notes::{Notes, Span};
use crate::limits::SCRIPT_NESTING_MAX;

/// A command or a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// As written.
    pub(super) name: String,
    /// Of the name.
    pub(super) span: Span,
    pub(super) arguments: Vec<Argument>,
    /// One for `not`, several for `anyof`.
    pub(super) tests: Vec<Command>,
    /// True for `( … )`.
    pub(super) test_list: bool,
    pub(super) block: Option<Vec<Command>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) span: Span,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Tag(String),
    Number(u64),
    Text(String),
    List(Vec<(String, Span)>),
}

/// All commands of the script.
pub(super) fn parse(tokens: &[Token<'_>], notes: &mut Notes<'_>) -> Vec<Command> {
    let mut parser = Parser { tokens, at: 0, depth: 0, gave_up: false, notes };
    let mut commands = Vec::new();
    loop {
        commands.extend(parser.commands());
        let token = parser.peek();
        if parser.gave_up {
            // What was read is not whole: only the depth is worth telling.
            return Vec::new();
        }
        if token.kind == Kind::End {
            return commands;
        }
        // Only a closing brace ends the list early.
        parser.error(token, "there is no block that this \"}\" could end");
        parser.go();
    }
}

static END: Token<'static> = Token { kind: Kind::End, span: Span { start: 0, end: 0 } };

struct Parser<'a, 'n, 's> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// Blocks and tests around.
    depth: usize,
    /// Too deep: nothing more is read.
    gave_up: bool,
    notes: &'n mut Notes<'s>,
}

impl<'a> Parser<'a, '_, '_> {
    fn peek(&self) -> &'a Token<'a> {
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(&END)
    }

    fn is(&self, sign: char) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is(sign))
    }

    fn go(&mut self) {
        self.at += 1;
    }

    /// Takes the sign where it stands next.
    fn takes(&mut self, sign: char) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    fn error(&mut self, token: &Token<'_>, words: impl Into<String>) {
        self.error_at(token.span, words);
    }

    fn error_at(&mut self, span: Span, words: impl Into<String>) {
        if !self.gave_up {
            self.notes.error("syntax", span, words);
        }
    }

    /// Commands up to a closing brace or the end.
    fn commands(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        loop {
            let token = self.peek();
            match &token.kind {
                Kind::End | Kind::Sign('}') => return commands,
                Kind::Word(name) => commands.extend(self.command(name, token.span)),
                Kind::Sign(';') => {
                    self.error(token, "there is no command before this \";\"");
                    self.go();
                }
                Kind::Tag(_) | Kind::Number(_) | Kind::Text(_) | Kind::Sign(_) => {
                    self.error(token, format!("a command is expected here, not {}", token.words()));
                    self.skip_command();
                }
            }
        }
    }

    fn command(&mut self, name: &str, span: Span) -> Option<Command> {
        self.go();
        let mut command = Command { name: name.into(), span, ..Command::default() };
        self.head(&mut command);
        if self.is('{') {
            command.block = Some(self.block()?);
            return Some(command);
        }
        if !self.takes(';') {
            let token = self.peek();
            // The end of the line before is where it is missing, but the name is what people look for.
            let words = format!("\";\" or a block is missing behind {name:?}, before {}", token.words());
            self.error_at(self.before(), words);
            if !matches!(token.kind, Kind::Word(_) | Kind::End | Kind::Sign('}')) {
                self.skip_command();
            }
        }
        Some(command)
    }

    /// The token that was taken last.
    fn before(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| token.span).unwrap_or_default()
    }

    fn block(&mut self) -> Option<Vec<Command>> {
        let open = self.peek();
        if !self.deeper(open) {
            return None;
        }
        self.go();
        let commands = self.commands();
        self.depth -= 1;
        if !self.takes('}') {
            self.error(open, "the block that begins here has no end (})");
        }
        Some(commands)
    }

    /// Arguments, then a test or a list of tests.
    fn head(&mut self, command: &mut Command) {
        loop {
            let token = self.peek();
            let value = match &token.kind {
                Kind::Tag(tag) => Value::Tag((*tag).into()),
                Kind::Number(number) => Value::Number(*number),
                Kind::Text(text) => Value::Text(text.clone()),
                Kind::Sign('[') => self.list(),
                Kind::Word(_) | Kind::Sign(_) | Kind::End => break,
            };
            self.go();
            command.arguments.push(Argument { span: token.span.to(self.before()), value });
        }
        let token = self.peek();
        match &token.kind {
            // A word on the next line, without a semicolon before, is the next command.
            Kind::Word(name) if !is_plain_command(&command.name) => command.tests.extend(self.test(name, token)),
            Kind::Sign('(') => {
                command.test_list = true;
                command.tests = self.tests();
            }
            Kind::Word(_) | Kind::Tag(_) | Kind::Number(_) | Kind::Text(_) | Kind::Sign(_) | Kind::End => {}
        }
    }

    fn test(&mut self, name: &str, token: &Token<'_>) -> Option<Command> {
        if !self.deeper(token) {
            return None;
        }
        self.go();
        let mut test = Command { name: name.into(), span: token.span, ..Command::default() };
        self.head(&mut test);
        self.depth -= 1;
        Some(test)
    }

    /// `(test, test)`; the next token is the opening sign.
    fn tests(&mut self) -> Vec<Command> {
        self.go();
        let mut tests = Vec::new();
        loop {
            let token = self.peek();
            match &token.kind {
                Kind::Word(name) => tests.extend(self.test(name, token)),
                Kind::Tag(_) | Kind::Number(_) | Kind::Text(_) | Kind::Sign(_) | Kind::End => {
                    self.error(token, format!("a test is expected here, not {}", token.words()));
                }
            }
            if self.takes(',') {
                continue;
            }
            if !self.takes(')') {
                let token = self.peek();
                self.error(token, format!("\",\" or \")\" is missing before {}", token.words()));
                self.skip_to_end_of_list();
            }
            return tests;
        }
    }

    /// `["a", "b"]` up to its last token, which stays; the next token is the opening sign.
    fn list(&mut self) -> Value {
        let mut texts = Vec::new();
        self.go();
        loop {
            let token = self.peek();
            let Kind::Text(text) = &token.kind else {
                self.error(token, format!("a string is expected here, not {}", token.words()));
                self.skip_to_end_of_strings();
                return Value::List(texts);
            };
            texts.push((text.clone(), token.span));
            self.go();
            if self.is(']') {
                return Value::List(texts);
            }
            if !self.takes(',') {
                let token = self.peek();
                self.error(token, format!("\",\" or \"]\" is missing before {}", token.words()));
                self.skip_to_end_of_strings();
                return Value::List(texts);
            }
        }
    }

    /// At the closing bracket, or at the last token of what can't be in a list of strings.
    fn skip_to_end_of_strings(&mut self) {
        loop {
            match self.peek().kind {
                Kind::Sign(']') => return,
                Kind::End | Kind::Sign('{' | '}' | ';' | '(') => {
                    self.at = self.at.saturating_sub(1);
                    return;
                }
                Kind::Word(_) | Kind::Tag(_) | Kind::Number(_) | Kind::Text(_) | Kind::Sign(_) => self.go(),
            }
        }
    }

    /// One level deeper, where there may be one more.
    fn deeper(&mut self, token: &Token<'_>) -> bool {
        if self.depth >= SCRIPT_NESTING_MAX {
            let words = format!("blocks and tests are nested more than {SCRIPT_NESTING_MAX} levels deep");
            self.notes.error("too-deep", token.span, words);
            self.gave_up = true;
            self.at = self.tokens.len();
            return false;
        }
        self.depth += 1;
        true
    }

    /// Behind the semicolon or block of this command.
    fn skip_command(&mut self) {
        loop {
            match self.peek().kind {
                Kind::End | Kind::Sign('}') => return,
                Kind::Sign(';') => return self.go(),
                Kind::Sign('{') => return self.skip_block(),
                Kind::Word(_) | Kind::Tag(_) | Kind::Number(_) | Kind::Text(_) | Kind::Sign(_) => self.go(),
            }
        }
    }

    fn skip_block(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.peek().kind {
                Kind::End => return,
                Kind::Sign('{') => open += 1,
                Kind::Sign('}') => open = open.saturating_sub(1),
                Kind::Word(_) | Kind::Tag(_) | Kind::Number(_) | Kind::Text(_) | Kind::Sign(_) => {}
            }
            self.go();
            if open == 0 {
                return;
            }
        }
    }

    /// Behind the closing parenthesis, or before what can't be in a list of tests.
    fn skip_to_end_of_list(&mut self) {
        let mut open = 1_usize;
        loop {
            match self.peek().kind {
                Kind::End | Kind::Sign('{' | '}' | ';') => return,
                Kind::Sign('(') => open += 1,
                Kind::Sign(')') => open -= 1,
                Kind::Word(_) | Kind::Tag(_) | Kind::Number(_) | Kind::Text(_) | Kind::Sign(_) => {}
            }
            self.go();
            if open == 0 {
                return;
            }
        }
    }
}
