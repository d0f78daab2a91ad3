//! Text parts of which only the beginning was read for words and links, so that the rest is not silently clean.

use super::{Check, Facts, Finding};
use crate::limits::TEXT_BYTES_MAX;
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "oversize_part",
    about: "A text part that is too long to be read whole.",
    finds: &["oversize_part"],
    look,
};

fn look(message: &Message<'_>, _facts: &Facts) -> Vec<Finding> {
    let too_long = message.parts.iter().filter_map(|part| {
        let bytes = part.text.as_ref()?.len();
        (bytes > TEXT_BYTES_MAX).then(|| Finding::new("oversize_part", format!("part {}: {bytes} bytes", part.number)))
    });
    too_long.collect()
}
