//! GTUBE, the test string of SpamAssassin by which anyone can see that spam is caught: in any decoded text or anywhere
//! in the raw message. Its two halves stand apart so that no scanner finds it in our program.

use super::{Check, Facts, Finding};
use crate::mail::Message;

pub(super) const CHECK: Check =
    Check { name: "gtube", about: "The test string for spam filters.", finds: &["gtube"], look };

pub(in crate::filter) const GTUBE: [&str; 2] =
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"];

fn look(message: &Message<'_>, _facts: &Facts) -> Vec<Finding> {
    let whole = GTUBE.concat();
    let finder = memchr::memmem::Finder::new(&whole);
    let part = message.all_parts().find(|part| finder.find(&part.contents).is_some());
    match part {
        Some(part) => vec![Finding::new("gtube", format!("in part {}", part.number))],
        None if finder.find(message.bytes).is_some() => vec![Finding::new("gtube", "in the raw message")],
        None => Vec::new(),
    }
}
