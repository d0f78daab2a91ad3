//! The demo's letters: one of each kind that matters, made here. The harmful ones are the field's harmless samples.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};
use std::io::{Cursor, Write};
use zip::{ZipWriter, write::SimpleFileOptions};

/// One letter and its envelope.
pub(super) struct Letter {
    pub(super) kind: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static [&'static str],
    /// Message-ID without brackets, to find it in the journal.
    pub(super) id: String,
    pub(super) bytes: Vec<u8>,
    /// What SIZE= says where it isn't the size.
    declared: Option<u64>,
}

impl Letter {
    pub(super) fn size(&self) -> u64 {
        self.declared.unwrap_or(self.bytes.len() as u64)
    }
}

const ANNA: &[&str] = &["anna@demo.example"];
const BOTH: &[&str] = &["anna@demo.example", "ben@demo.example"];

/// All of them; `now` makes dates and ids fresh.
pub(super) fn all(now: i64) -> Vec<Letter> {
    let make = Maker { now };
    vec![
        make.plain("plain", ANNA, "Lunch on Tuesday?"),
        make.letter(
            "newsletter",
            "bounce@news.shop.example",
            ANNA,
            NEWSLETTER,
            "<p>New in our shop this week: <a href=\"https://shop.example/w48\">see all</a>.</p>",
        ),
        make.letter("spam", "win@lottery.example", ANNA, SPAM, SPAM_TEXT),
        make.letter("phishing", "service@mail-secure.example", ANNA, PHISHING, PHISHING_TEXT),
        make.letter(
            "GTUBE",
            "tester@test.example",
            ANNA,
            "From: Tester <tester@test.example>\nSubject: The test string for spam filters",
            &gtube(),
        ),
        make.attached("EICAR", "The test file for virus scanners", "eicar.com", eicar().as_bytes()),
        make.attached(
            "program in 2 zips",
            "Your invoice",
            "invoice.zip",
            &zip("inner.zip", &zip("invoice.pdf.exe", &program())),
        ),
        make.attached("macro document", "Updated price list", "prices.docm", &macro_document()),
        make.plain("two recipients", BOTH, "For both of you"),
        make.plain("unknown user", &["nobody@elsewhere.example"], "Are you there?"),
        make.letter(
            "spoofed verdict",
            "win@lottery.example",
            ANNA,
            &format!("X-PM-Scan: CLEAN\nx-pm-scan : CLEAN\n{SPAM}"),
            SPAM_TEXT,
        ),
        Letter { declared: Some(60 << 20), ..make.plain("oversized", ANNA, "My holiday film") },
    ]
}

const TEXT: &str = "Hello,\n\nshall we meet at the usual place at noon?\n\nCarla\n";
const NEWSLETTER: &str = "From: The Shop <news@shop.example>\nSubject: New in our shop: week 48\nContent-Type: text/html; charset=utf-8\n\
    List-Id: <weekly.shop.example>\nList-Unsubscribe: <https://shop.example/u/123>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n\
    Feedback-ID: w48:shop:campaign:esp\nPrecedence: bulk";
const SPAM: &str = "From: \"LOTTERY BOARD win@lottery.example\" <x1@freemail.example>\nReply-To: <claims.agent@othermail.example>\n\
    Subject: CONGRATULATIONS!!! You have WON $5,000,000.00 USD";
const SPAM_TEXT: &str = "Dear Beneficiary,\n\nYour e-mail address has won the sum of $5,000,000.00 (FIVE MILLION US DOLLARS) in our \
    international lottery.\nTo claim your winnings send your full name, bank account details and a processing fee of $250 by Western \
    Union to our claims agent.\nThis is strictly confidential and 100% risk free. Act now, the offer expires today!\n";
const PHISHING: &str = "From: \"PayPal Service\" <service@mail-secure.example>\nReply-To: <help@other-mail.example>\n\
    Subject: Your account has been limited\nContent-Type: text/html; charset=utf-8";
const PHISHING_TEXT: &str = "<p>Dear customer, we noticed unusual activity. Your account will be suspended within 24 hours. Verify your \
    account immediately:</p>\n<p><a href=\"http://www.paypal.com.account-verify.example/login\">https://www.paypal.com/login</a></p>\n";

/// In two halves, so that this file is not taken for the thing.
fn gtube() -> String {
    format!("{}{}\n", "XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X")
}

/// As above.
fn eicar() -> String {
    format!("{}{}", r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
}

/// The first 512 octets of a Windows program that does nothing: DOS header, PE signature, machine type.
fn program() -> Vec<u8> {
    let mut bytes = b"MZ".to_vec();
    bytes.resize(0x3c, 0);
    bytes.extend_from_slice(&0x80_u32.to_le_bytes());
    bytes.resize(0x80, 0);
    bytes.extend_from_slice(b"PE\0\0\x4c\x01\x01\x00");
    bytes.resize(512, 0);
    bytes
}

/// A Word document of today's format with the storage of a VBA project, and nothing in it.
fn macro_document() -> Vec<u8> {
    let vba = cfb::CompoundFile::create(Cursor::new(Vec::new())).and_then(|mut file| {
        file.create_storage("/VBA")?;
        file.create_stream("/VBA/dir")?.write_all(b"demo")?;
        file.create_stream("/VBA/ThisDocument")?
            .write_all(b"Attribute VB_Name = \"ThisDocument\"\r\nSub AutoOpen()\r\nEnd Sub\r\n")?;
        file.flush()?;
        Ok(file.into_inner().into_inner())
    });
    let types = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Override PartName="/word/document.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>"#;
    zip_of(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("word/document.xml", b"<w:document/>"),
        ("word/vbaProject.bin", &vba.unwrap_or_default()),
    ])
}

fn zip(name: &str, contents: &[u8]) -> Vec<u8> {
    zip_of(&[(name, contents)])
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in members {
        let _ = zip.start_file(*name, SimpleFileOptions::default());
        let _ = zip.write_all(contents);
    }
    zip.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// Makes letters with fresh dates and ids.
struct Maker {
    now: i64,
}

impl Maker {
    /// A few lines from a friend.
    fn plain(&self, kind: &'static str, to: &'static [&'static str], subject: &str) -> Letter {
        let head = format!("From: Carla <carla@friends.example>\nSubject: {subject}");
        self.letter(kind, "carla@friends.example", to, &head, TEXT)
    }

    fn letter(
        &self,
        kind: &'static str,
        from: &'static str,
        to: &'static [&'static str],
        head: &str,
        body: &str,
    ) -> Letter {
        let date = rfc2822::to_string(&Timestamp::from_second(self.now).unwrap_or_default().to_zoned(TimeZone::UTC))
            .unwrap_or_default();
        let id = format!("{}.{}@demo.example", kind.replace(' ', "-"), self.now);
        let text = format!(
            "{head}\nTo: {}\nDate: {date}\nMessage-ID: <{id}>\nMIME-Version: 1.0\n\n{}\n",
            to.join(", "),
            body.trim_end()
        );
        Letter { kind, from, to, id, bytes: text.replace('\n', "\r\n").into_bytes(), declared: None }
    }

    fn attached(&self, kind: &'static str, subject: &str, name: &str, contents: &[u8]) -> Letter {
        let lines: Vec<String> =
            STANDARD.encode(contents).as_bytes().chunks(76).map(|l| String::from_utf8_lossy(l).into_owned()).collect();
        let head = format!(
            "From: Sales <sales@partner.example>\nSubject: {subject}\nContent-Type: multipart/mixed; boundary=\"b\""
        );
        let body = format!(
            "--b\nContent-Type: text/plain\n\nPlease find it attached.\n--b\nContent-Type: application/octet-stream\n\
             Content-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n",
            lines.join("\n")
        );
        self.letter(kind, "sales@partner.example", ANNA, &head, &body)
    }
}
