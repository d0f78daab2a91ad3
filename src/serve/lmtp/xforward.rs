//! XFORWARD: what a trusted MTA tells about the client that handed it the message.
//!
//! Reads attributes; whether the peer is trusted is decided in `state.rs`. The facts belong to one transaction and never
//! mix with those of the peer itself. Standards: Postfix XFORWARD_README; xtext of RFC 3461 §4.

use super::command::Fault;
use crate::limits::XFORWARD_VALUE_BYTES_MAX;
use crate::mail::{Client, ClientSource};
use std::net::IpAddr;

/// What the answer to LHLO announces to trusted peers.
pub(super) const OFFER: &str = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";

const USAGE: Fault = Fault::Usage("Form is XFORWARD ATTRIBUTE=value");

/// One attribute; `None`: the MTA does not know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    Name(Option<String>),
    Addr(Option<IpAddr>),
    Proto(Option<String>),
    Helo(Option<String>),
    /// The MTA's queue id.
    Ident(Option<String>),
    /// PORT and SOURCE: read, checked for their form and not used.
    Unused,
}

/// Everything that XFORWARD said in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarded {
    client: Client,
    queue_id: Option<String>,
}

impl Forwarded {
    /// Adds the attributes of one command; a later one replaces an earlier one.
    pub(super) fn take(&mut self, attributes: Vec<Attribute>) {
        self.client.source = ClientSource::Xforward;
        for attribute in attributes {
            match attribute {
                Attribute::Name(name) => self.client.name = name,
                Attribute::Addr(address) => self.client.address = address,
                Attribute::Proto(protocol) => self.client.protocol = protocol,
                Attribute::Helo(helo) => self.client.helo = helo,
                Attribute::Ident(ident) => self.queue_id = ident,
                Attribute::Unused => {}
            }
        }
    }

    /// The client, with source *unknown* where no XFORWARD came.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn queue_id(&self) -> Option<&str> {
        self.queue_id.as_deref()
    }
}

/// Reads what follows the verb.
///
/// # Errors
/// [`Fault::Usage`] without attributes, [`Fault::Parameter`] for an unknown attribute or a value that is not xtext, not an
/// address or longer than [`XFORWARD_VALUE_BYTES_MAX`].
pub(super) fn parse(argument: &[u8]) -> Result<Vec<Attribute>, Fault> {
    let text = std::str::from_utf8(argument).map_err(|_| Fault::Parameter)?;
    let attributes: Vec<Attribute> =
        text.split(' ').filter(|word| !word.is_empty()).map(attribute).collect::<Result<_, _>>()?;
    if attributes.is_empty() { Err(USAGE) } else { Ok(attributes) }
}

fn attribute(word: &str) -> Result<Attribute, Fault> {
    let (name, value) = word.split_once('=').ok_or(USAGE)?;
    let value = known(decode(value)?);
    match name.to_ascii_uppercase().as_str() {
        // Postfix says `unknown` where the reverse name was not verified.
        "NAME" => Ok(Attribute::Name(value.filter(|name| !name.eq_ignore_ascii_case("unknown")))),
        "ADDR" => address(value).map(Attribute::Addr),
        "PORT" => match value.map(|port| port.parse::<u16>()) {
            Some(Err(_)) => Err(Fault::Parameter),
            Some(Ok(_)) | None => Ok(Attribute::Unused),
        },
        "PROTO" => Ok(Attribute::Proto(value)),
        "HELO" => Ok(Attribute::Helo(value)),
        "IDENT" => Ok(Attribute::Ident(value)),
        "SOURCE" => match value.map(|source| source.to_ascii_uppercase()).as_deref() {
            None | Some("LOCAL" | "REMOTE") => Ok(Attribute::Unused),
            Some(_) => Err(Fault::Parameter),
        },
        _ => Err(Fault::Parameter),
    }
}

/// `[UNAVAILABLE]`, `[TEMPUNAVAIL]` and nothing at all mean *not known*.
fn known(value: String) -> Option<String> {
    let unknown = value.is_empty() || ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].iter().any(|u| value.eq_ignore_ascii_case(u));
    (!unknown).then_some(value)
}

/// An IPv4 address, or an IPv6 address behind `IPV6:`.
fn address(value: Option<String>) -> Result<Option<IpAddr>, Fault> {
    let Some(value) = value.filter(|v| !v.eq_ignore_ascii_case("unknown")) else { return Ok(None) };
    let is_v6 = value.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("IPV6:"));
    let bare = if is_v6 { value.get(5..).unwrap_or_default() } else { &value };
    let address: IpAddr = bare.parse().map_err(|_| Fault::Parameter)?;
    if is_v6 && address.is_ipv4() { Err(Fault::Parameter) } else { Ok(Some(address.to_canonical())) }
}

/// RFC 3461 §4: printable ASCII without `+` and `=`, all else as `+` and two hex digits. `=` is let pass, as Postfix
/// does. Controls become `?`, so that no value can break a log line or a header field.
fn decode(xtext: &str) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(xtext.len());
    let mut rest = xtext.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or(Fault::Parameter);
                let value = digit()? * 16 + digit()?;
                bytes.push(u8::try_from(value).map_err(|_| Fault::Parameter)?);
            }
            b'!'..=b'~' => bytes.push(byte),
            _ => return Err(Fault::Parameter),
        }
    }
    if bytes.len() > XFORWARD_VALUE_BYTES_MAX {
        return Err(Fault::Parameter);
    }
    Ok(String::from_utf8_lossy(&bytes).chars().map(|c| if c.is_control() { '?' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(lines: &[&str]) -> Forwarded {
        let mut forwarded = Forwarded::default();
        for line in lines {
            forwarded.take(parse(line.as_bytes()).unwrap());
        }
        forwarded
    }

    #[test]
    fn what_postfix_sends_becomes_the_client_and_the_queue_id() {
        let got = forwarded(&[
            " NAME=mail.example.org ADDR=192.0.2.7 PORT=40312",
            "PROTO=ESMTP HELO=[192.0.2.7] IDENT=4bXyZ12345z SOURCE=REMOTE",
        ]);
        let want = Client {
            address: Some("192.0.2.7".parse().unwrap()),
            name: Some("mail.example.org".into()),
            helo: Some("[192.0.2.7]".into()),
            protocol: Some("ESMTP".into()),
            source: ClientSource::Xforward,
        };
        assert_eq!((got.client(), got.queue_id()), (&want, Some("4bXyZ12345z")));
    }

    #[test]
    fn values_that_are_not_known_stay_unknown() {
        let got = forwarded(&[
            "name=[UNAVAILABLE] addr=[UNAVAILABLE] port=[UNAVAILABLE] helo=[tempunavail] ident= source=LOCAL",
        ]);
        assert_eq!(got.client(), &Client { source: ClientSource::Xforward, ..Client::default() });
        assert_eq!(got.queue_id(), None);
        assert_eq!(forwarded(&["NAME=unknown ADDR=unknown"]).client().name, None);
    }

    #[test]
    fn addresses_are_read_in_both_families() {
        for (text, want) in [
            ("ADDR=IPV6:2001:db8::1", "2001:db8::1"),
            ("ADDR=ipv6:::1", "::1"),
            ("ADDR=192.0.2.1", "192.0.2.1"),
            ("ADDR=IPv6:::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(vec![Attribute::Addr(Some(want.parse().unwrap()))]), "{text}");
        }
    }

    #[test]
    fn xtext_is_decoded_and_controls_are_taken_out() {
        for (text, want) in
            [("HELO=a+2Bb+3dc", "a+b=c"), ("HELO=x+0D+0A250+20ok", "x??250 ok"), ("HELO=+C3+A9+FF", "é\u{fffd}")]
        {
            assert_eq!(parse(text.as_bytes()), Ok(vec![Attribute::Helo(Some(want.into()))]), "{text}");
        }
    }

    #[test]
    fn malformed_attributes_are_refused() {
        for text in [
            "",
            " ",
            "NAME",
            "FOO=x",
            "ADDR=1.2.3",
            "ADDR=IPV6:1.2.3.4",
            "PORT=70000",
            "PORT=x",
            "SOURCE=MARS",
            "NAME=+",
            "NAME=+4",
            "NAME=+G0",
            "NAME=é",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?} passed");
        }
        assert!(parse(format!("NAME={}", "a".repeat(255)).as_bytes()).is_ok());
        assert!(parse(format!("NAME={}", "a".repeat(256)).as_bytes()).is_err());
        assert!(parse(b"NAME=\xff").is_err());
    }
}
