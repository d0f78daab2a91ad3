//! Letters of many kinds and sizes, the same in every run: what they are decides where they must end.
//!
//! Every one is unique by its `X-Test-Id`. Made by counting, not by chance.

/// The test text that every spam filter must call spam.
const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// What kind of letter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    EightBit,
    LongLines,
    Dots,
    Multipart,
    Utf8Header,
    Newsletter,
    Gtube,
}

const KINDS: [Kind; 10] = [
    Kind::Plain,
    Kind::EightBit,
    Kind::LongLines,
    Kind::Newsletter,
    Kind::Dots,
    Kind::Plain,
    Kind::Multipart,
    Kind::Gtube,
    Kind::Utf8Header,
    Kind::Plain,
];

impl Kind {
    /// Where the vendor's default script puts it.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Newsletter => "INBOX.Bulks",
            Self::Gtube => "INBOX.Spams",
            Self::Plain | Self::EightBit | Self::LongLines | Self::Dots | Self::Multipart | Self::Utf8Header => "INBOX",
        }
    }
}

/// One letter to send.
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) from: String,
    pub(crate) rcpts: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

/// `count` letters to `users` in turn; every tenth goes to three of them.
pub(crate) fn mixed(count: usize, users: &[String]) -> Vec<Letter> {
    (0..count)
        .map(|n| {
            let kind = KINDS[n % KINDS.len()];
            // Bulk and spam stay small: the wished size belongs to the kinds that carry bytes.
            let rcpts: Vec<String> =
                (0..if n % 10 == 9 { 3 } else { 1 }).map(|k| users[(n + 7 * k) % users.len()].clone()).collect();
            letter(n, kind, size_of(n), rcpts)
        })
        .collect()
}

/// 0.3 kB to 1 MB as real mail is spread, and every 300th of 5 MB.
fn size_of(n: usize) -> usize {
    match n % 300 {
        299 => 5_000_000,
        k if k % 100 == 50 => 1_000_000,
        k if k % 20 == 10 => 60_000 + n * 170,
        k if k % 5 == 1 => 4_000 + n * 40,
        _ => 300 + n * 3,
    }
}

/// One letter of about that many bytes.
pub(crate) fn letter(n: usize, kind: Kind, bytes_about: usize, rcpts: Vec<String>) -> Letter {
    let id = format!("letter-{n:05}");
    let from = format!("sender{}@friends.example", n % 50);
    let mut head = format!(
        "From: Sender {n} <{from}>\r\nTo: <{}>\r\nDate: Fri, 21 Nov 2025 10:{:02}:{:02} +0000\r\n\
         Message-ID: <{id}@friends.example>\r\nX-Test-Id: {id}\r\n",
        rcpts[0],
        n / 60 % 60,
        n % 60
    );
    let subject = if kind == Kind::Utf8Header { "=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=" } else { "Our walk" };
    head.push_str(&format!("Subject: {subject} {n}\r\n"));
    head.push_str(more_header(kind));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(b"MIME-Version: 1.0\r\n");
    bytes.extend_from_slice(&body(kind, n, bytes_about));
    Letter { id, kind, from, rcpts, bytes }
}

fn more_header(kind: Kind) -> &'static str {
    match kind {
        Kind::Newsletter => {
            "List-Id: News of the garden <news.garden.example>\r\n\
             List-Unsubscribe: <https://garden.example/leave?u=1>\r\n\
             List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nPrecedence: bulk\r\n"
        }
        Kind::Plain
        | Kind::EightBit
        | Kind::LongLines
        | Kind::Dots
        | Kind::Multipart
        | Kind::Utf8Header
        | Kind::Gtube => "",
    }
}

/// The rest of the header and the body.
fn body(kind: Kind, n: usize, bytes_about: usize) -> Vec<u8> {
    let text = |line: &str| filled(line, bytes_about);
    let typed = |encoding: &str, text: Vec<u8>| {
        let mut out =
            format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n")
                .into_bytes();
        out.extend_from_slice(&text);
        out
    };
    match kind {
        Kind::Plain => typed("7bit", text("We could walk along the river on Sunday, if the weather is fair.\r\n")),
        Kind::Newsletter => typed("7bit", filled("In November the roses want to be cut back a little.\r\n", 2000)),
        Kind::Gtube => typed("7bit", format!("Hello,\r\n\r\n{GTUBE}\r\n\r\nNo. {n}\r\n").into_bytes()),
        Kind::EightBit | Kind::Utf8Header => {
            typed("8bit", text("Grüße aus Köln, schöne Straße, ça va très bien, 日本語のメール。\r\n"))
        }
        Kind::LongLines => typed("8bit", text(&format!("{}\r\n", "a long line without any break ".repeat(180)))),
        Kind::Dots => typed("7bit", text(".\r\n..\r\n.dots at the start of lines\r\n ...\r\n\r\n")),
        Kind::Multipart => multipart(n, bytes_about),
    }
}

fn multipart(n: usize, bytes_about: usize) -> Vec<u8> {
    use base64::Engine as _;
    let cut = format!("cut-{n}");
    let raw: Vec<u8> = (0..bytes_about * 3 / 4).map(|at| (at * 31 + n).to_le_bytes()[0]).collect();
    let mut lines = String::new();
    for piece in raw.chunks(57) {
        lines.push_str(&base64::engine::general_purpose::STANDARD.encode(piece));
        lines.push_str("\r\n");
    }
    format!(
        "Content-Type: multipart/mixed; boundary=\"{cut}\"\r\n\r\nFor old readers.\r\n--{cut}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nThe map is attached.\r\n--{cut}\r\n\
         Content-Type: application/octet-stream; name=\"map.dat\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"map.dat\"\r\n\r\n{lines}--{cut}--\r\n"
    )
    .into_bytes()
}

/// A line again and again, whole lines only.
fn filled(line: &str, bytes_about: usize) -> Vec<u8> {
    line.as_bytes().repeat((bytes_about / line.len()).max(1))
}
