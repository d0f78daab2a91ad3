//! Invitations and cards: files that stand in them, links, alarms that start programs.
//!
//! Does not judge links: it names their hosts. Standards: RFC 5545 (iCalendar; §3.1 folding, §3.8.1.1 attachments),
//! RFC 2445 §4.8.6.1 (alarms that start a procedure), RFC 6350 (vCard).

use super::web;
use crate::limits::CALENDAR_HOSTS_MAX;
use crate::mail::base64;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening, Role};
use std::ops::ControlFlow;

pub(in crate::unpack) const CALENDAR: Format = Format {
    name: "ics",
    about: "invitations and calendars",
    recognise: recognise_calendar,
    nature: Nature::Container(open_calendar),
};
pub(in crate::unpack) const CARD: Format =
    Format { name: "vcard", about: "address cards", recognise: recognise_card, nature: Nature::Container(open_card) };

/// Properties whose text clients show with links.
const WITH_LINKS: [&str; 9] =
    ["DESCRIPTION", "LOCATION", "URL", "X-ALT-DESC", "ATTACH", "COMMENT", "SUMMARY", "CONFERENCE", "CONTACT"];
/// Parameters that name an attached file.
const NAMES: [&str; 4] = ["FILENAME", "X-FILENAME", "X-APPLE-FILENAME", "X-LABEL"];
/// Properties of cards that hold a file.
const WITH_FILES: [&str; 4] = ["PHOTO", "LOGO", "SOUND", "KEY"];

fn begins(contents: &Contents<'_>, mark: &[u8]) -> bool {
    let bytes = contents.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents.bytes).trim_ascii_start();
    bytes.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark))
}

fn recognise_calendar(contents: &Contents<'_>) -> Option<&'static str> {
    begins(contents, b"BEGIN:VCALENDAR").then_some("text/calendar")
}

fn recognise_card(contents: &Contents<'_>) -> Option<&'static str> {
    begins(contents, b"BEGIN:VCARD").then_some("text/vcard")
}

/// One property: `NAME;PARAMETER=value:value`.
struct Property {
    name: String,
    parameters: Vec<(String, String)>,
    value: Vec<u8>,
}

impl Property {
    fn read(line: &[u8]) -> Option<Self> {
        let mut is_quoted = false;
        let colon = line.iter().position(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == b':' && !is_quoted
        })?;
        let (head, value) = line.split_at_checked(colon)?;
        let head = String::from_utf8_lossy(head);
        let mut words = head.split(';');
        let name = words.next()?.rsplit('.').next()?.trim().to_ascii_uppercase();
        let parameters = words
            .map(|word| word.split_once('=').unwrap_or((word, word)))
            .map(|(key, value)| (key.to_ascii_uppercase(), value.trim_matches('"').to_string()))
            .collect();
        Some(Self { name, parameters, value: value.get(1..)?.to_vec() })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn is_base64(&self) -> bool {
        let said = self.parameter("ENCODING").or(self.parameter("BASE64")).or(self.parameter("B")).unwrap_or_default();
        ["base64", "b"].iter().any(|word| said.eq_ignore_ascii_case(word))
    }

    fn is(&self, name: &str, value: &[u8]) -> bool {
        self.name == name && self.value.trim_ascii().eq_ignore_ascii_case(value)
    }

    /// The file that stands in it, with its media type.
    fn file(&self) -> Option<(String, Vec<u8>)> {
        if self.is_base64() {
            let media_type = self.parameter("FMTTYPE").or(self.parameter("MEDIATYPE")).unwrap_or_default();
            return Some((media_type.to_ascii_lowercase(), base64(&self.value)));
        }
        web::data_link(self.value.trim_ascii())
    }
}

/// All lines, unfolded: a line that begins with white space goes on with the one before.
fn lines(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut line = Vec::new();
        loop {
            let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            line.extend_from_slice(rest.get(..end).unwrap_or_default());
            let behind = rest.get(end..).unwrap_or_default();
            rest = behind.strip_prefix(b"\r\n").or(behind.get(1..)).unwrap_or_default();
            match rest.split_first() {
                Some((b' ' | b'\t', more)) => rest = more,
                _ => return Some(line),
            }
        }
    })
}

fn open_calendar(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut hosts: Vec<String> = Vec::new();
    // A spent budget ends it; the links found until then count.
    let _ = read_calendar(contents.bytes, &mut hosts, opening);
    if !hosts.is_empty() {
        opening.note(NoteKind::CalendarLink, &hosts.join(", "));
    }
}

fn read_calendar(bytes: &[u8], hosts: &mut Vec<String>, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut count = 0;
    for property in lines(bytes).filter_map(|line| Property::read(&line)) {
        opening.pay_time()?;
        if property.is("ACTION", b"PROCEDURE") || property.name == "PALARM" {
            opening.note(NoteKind::Program, "an alarm that starts a program");
        }
        if !WITH_LINKS.contains(&property.name.as_str()) {
            continue;
        }
        if property.name == "ATTACH"
            && let Some((media_type, file)) = property.file()
        {
            count += 1;
            let name = NAMES.iter().find_map(|name| property.parameter(name)).map(str::to_string);
            opening.take(&name.unwrap_or_else(|| format!("attach {count}")), file.as_slice())?;
            super::declare_last(opening, &media_type, Role::File);
            continue;
        }
        if property.parameter("FMTTYPE").is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
            && property.name != "ATTACH"
        {
            count += 1;
            opening.take(&format!("description {count}"), property.value.as_slice())?;
            super::declare_last(opening, "text/html", Role::Body);
        }
        add_hosts(&property.value, hosts);
    }
    ControlFlow::Continue(())
}

fn add_hosts(value: &[u8], hosts: &mut Vec<String>) {
    for at in memchr::memmem::find_iter(value, b"://") {
        let scheme = value.get(at.saturating_sub(5)..at).unwrap_or_default().to_ascii_lowercase();
        if hosts.len() >= CALENDAR_HOSTS_MAX || !(scheme.ends_with(b"http") || scheme.ends_with(b"https")) {
            continue;
        }
        let behind = value.get(at + 3..).unwrap_or_default();
        let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'-' | b'_' | b'@' | 0x80..);
        let host = behind.get(..behind.iter().take(255).position(is_end).unwrap_or(behind.len().min(255)));
        let host = String::from_utf8_lossy(host.unwrap_or_default()).to_lowercase();
        let host = host.rsplit('@').next().unwrap_or_default().to_string();
        if !host.is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
}

fn open_card(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let properties = lines(contents.bytes).filter_map(|line| Property::read(&line));
    let with_files = properties.filter(|property| WITH_FILES.contains(&property.name.as_str()));
    for (index, property) in with_files.enumerate() {
        let Some((media_type, file)) = property.file() else { continue };
        if opening.take(&format!("{} {}", property.name.to_ascii_lowercase(), index + 1), file.as_slice()).is_break() {
            return;
        }
        super::declare_last(opening, &media_type, Role::File);
    }
}

#[cfg(test)]
mod tests {
    use crate::mail::Message;
    use crate::unpack::open;
    use crate::unpack::samples::letter;

    fn check(text: &str, notes: &[&str], items: &[&str]) {
        let bytes = letter("a.bin", text.replace('\n', "\r\n").as_bytes());
        let inside = open(&Message::parse(&bytes));
        let noted: Vec<String> = inside.notes.iter().map(|note| format!("{:?} {}", note.kind, note.detail)).collect();
        let found: Vec<String> =
            inside.items.iter().skip(1).map(|i| format!("{} {}", i.path[1..].join("/"), i.true_type)).collect();
        assert_eq!(
            (noted, found),
            (notes.iter().map(ToString::to_string).collect(), items.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn links_and_files_of_an_invitation_are_found() {
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:tea\nEND:VEVENT\nEND:VCALENDAR\n", &[], &[" text/calendar"]);
        check(
            "begin:vcalendar\nDESCRIPTION:see https://a.exa\n mple/x\\nand http://u@b.example:80/\nURL:https://A.example\n",
            &["CalendarLink a.example, b.example"],
            &[" text/calendar"],
        );
        check(
            "BEGIN:VCALENDAR\nATTACH;FMTTYPE=application/x;ENCODING=BASE64;VALUE=BINARY;\n FILENAME=\"a:b.sh\":IyEvYmluL3\n NoCg==\n",
            &["Program text/x-shellscript"],
            &[" text/calendar", "a:b.sh text/x-shellscript"],
        );
        check("BEGIN:VCALENDAR\nACTION:procedure\n", &["Program an alarm that starts a program"], &[" text/calendar"]);
        check(
            "BEGIN:VCALENDAR\nX-ALT-DESC;FMTTYPE=text/html:<html><a href=\"https://a.example/\">\n",
            &["CalendarLink a.example"],
            &[" text/calendar", "description 1 text/html"],
        );
    }

    #[test]
    fn files_of_a_card_are_members() {
        let png = "iVBORw0KGgoAAAANSUhEUg==";
        check(
            &format!("BEGIN:VCARD\nitem1.PHOTO;ENCODING=b;TYPE=PNG:{png}\nURL:https://a.example\n"),
            &[],
            &[" text/vcard", "photo 1 image/png"],
        );
        check(&format!("BEGIN:VCARD\nLOGO:data:image/png;base64,{png}\n"), &[], &[" text/vcard", "logo 1 image/png"]);
    }
}
