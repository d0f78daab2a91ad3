//! The little of IMAP that it takes to read all mail of a user: LOGIN, LIST, EXAMINE, FETCH. Standard: RFC 3501.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// One message as the server gives it out.
pub(crate) struct Fetched {
    pub(crate) folder: String,
    /// RFC822.SIZE.
    pub(crate) size: u64,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Imap {
    stream: BufReader<TcpStream>,
    tag: u32,
}

impl Imap {
    pub(crate) fn login(port: u16, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut imap = Self { stream: BufReader::new(stream), tag: 0 };
        imap.line();
        imap.command(&format!("LOGIN \"{user}\" \"{password}\""));
        imap
    }

    /// The names of all folders.
    pub(crate) fn folders(&mut self) -> Vec<String> {
        let lines = self.command("LIST \"\" \"*\"");
        lines
            .iter()
            .filter_map(|(line, _)| line.strip_prefix("* LIST "))
            .map(|rest| rest.rsplit(' ').next().unwrap().trim_matches('"').to_string())
            .collect()
    }

    /// Every message of every folder, without touching a flag.
    pub(crate) fn everything(&mut self) -> Vec<Fetched> {
        let mut all = Vec::new();
        for folder in self.folders() {
            let answer = self.command(&format!("EXAMINE \"{folder}\""));
            let exists = answer.iter().find_map(|(line, _)| line.strip_prefix("* ")?.strip_suffix(" EXISTS"));
            if exists == Some("0") {
                continue;
            }
            for (line, literal) in self.command("FETCH 1:* (RFC822.SIZE BODY.PEEK[])") {
                let (Some((_, size)), Some(bytes)) = (line.split_once("RFC822.SIZE "), literal) else { continue };
                let size = size.split(' ').next().unwrap().parse().unwrap();
                all.push(Fetched { folder: folder.clone(), size, bytes });
            }
        }
        all
    }

    /// The flags of each message of a folder but `\Recent`, in order, parted by spaces.
    pub(crate) fn flags(&mut self, folder: &str) -> Vec<String> {
        self.command(&format!("EXAMINE \"{folder}\""));
        let lines = self.command("FETCH 1:* (FLAGS)");
        let flags = lines.iter().filter_map(|(line, _)| line.split_once("FLAGS (")?.1.split(')').next());
        flags
            .map(|flags| {
                let mut flags: Vec<&str> = flags.split(' ').filter(|flag| *flag != "\\Recent").collect();
                flags.sort_unstable();
                flags.join(" ")
            })
            .collect()
    }

    pub(crate) fn add_flag(&mut self, folder: &str, message: &str, flag: &str) {
        self.command(&format!("SELECT \"{folder}\""));
        self.command(&format!("STORE {message} +FLAGS ({flag})"));
        self.command("CLOSE");
    }

    /// The untagged lines of the answer, each with its literal; the command must end with OK.
    fn command(&mut self, text: &str) -> Vec<(String, Option<Vec<u8>>)> {
        self.tag += 1;
        let tag = format!("a{} ", self.tag);
        self.stream.get_mut().write_all(format!("{tag}{text}\r\n").as_bytes()).unwrap();
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            if let Some(end) = line.strip_prefix(&tag) {
                assert!(end.starts_with("OK"), "{text}: {end}");
                return lines;
            }
            let size = line.strip_suffix('}').and_then(|l| l.rsplit('{').next()).and_then(|n| n.parse().ok());
            let literal = size.map(|size: usize| {
                let mut bytes = vec![0; size];
                self.stream.read_exact(&mut bytes).unwrap();
                bytes
            });
            lines.push((line, literal));
        }
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        assert!(line.ends_with(b"\r\n"), "the IMAP server closed: {:?}", String::from_utf8_lossy(&line));
        String::from_utf8_lossy(&line[..line.len() - 2]).into_owned()
    }
}
