//! One file looked at, without a store: a message, or a file as if it were attached to one.
//!
//! Does not print.

use super::{Class, Item, Sight};
use crate::deliver;
use crate::filter::Weighed;
use crate::mail::{Link, Session, begins_as_message};
use mail_builder::MessageBuilder;
use serde::Serialize;
use std::time::Instant;

/// What `tamis scan` says of one file; a stable contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scan {
    pub file: String,
    pub read_as: ReadAs,
    pub class: Class,
    pub score: f64,
    pub findings: Vec<Weighed>,
    pub parts: Vec<Item>,
    pub links: Vec<Link>,
    pub defects: Vec<String>,
    /// Milliseconds from the question to the verdict, the way to the worker included.
    pub ms: f64,
}

/// What a file is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadAs {
    Message,
    /// Anything else, attached to a message of ours.
    Attachment,
}

/// Looks at a file without a store.
///
/// # Errors
/// Why the worker gave no answer.
pub async fn scan(file: &str, bytes: Vec<u8>, read_as: Option<ReadAs>, sight: &Sight) -> Result<Scan, String> {
    let begun = Instant::now();
    let by_begin = if begins_as_message(&bytes) { ReadAs::Message } else { ReadAs::Attachment };
    let read_as = read_as.unwrap_or(by_begin);
    let bytes = match read_as {
        ReadAs::Message => bytes,
        ReadAs::Attachment => attached(file, bytes)?,
    };
    // When it arrived is unknown, so that its date is not judged.
    let session = Session { protocol: Session::LOCAL.into(), ..Session::default() };
    let (look, verdict) = deliver::scan(&bytes.into(), &session, sight).await?;
    let ms = begun.elapsed().as_secs_f64() * 1000.0;
    Ok(Scan {
        file: file.into(),
        read_as,
        class: verdict.class,
        score: verdict.score,
        findings: verdict.findings,
        parts: look.parts,
        links: look.links,
        defects: look.defects,
        ms: (ms * 1000.0).round() / 1000.0,
    })
}

/// A message of ours with the file.
fn attached(file: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let name = file.rsplit('/').next().filter(|name| *name != "-").unwrap_or("attachment");
    let letter = MessageBuilder::new()
        .from("tamis@localhost")
        .to("tamis@localhost")
        .subject("A file to look at")
        .date(deliver::now())
        .message_id("scan@localhost")
        .text_body("The file is attached.\r\n")
        .attachment("application/octet-stream", name, bytes);
    letter.write_to_vec().map_err(|error| error.to_string())
}
