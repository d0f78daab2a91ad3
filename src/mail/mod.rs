//! What a message is. Pure: takes bytes, returns values, never fails; what is wrong with it becomes a defect.
//!
//! Does not judge and does not open what is inside parts (`unpack` does). Standards: RFC 5322, RFC 2045–2047.

mod address;
mod ambiguity;
mod begin;
mod carve;
mod caught;
mod defects;
mod edit;
mod fields;
mod forward;
mod html;
mod links;
mod message;
mod parts;
mod readings;
mod received;
mod screen;
mod session;
mod stamp;
mod transfer;

pub use address::{Address, AddressError};
pub use ambiguity::Ambiguity;
pub use begin::begins_as_message;
#[cfg(test)]
pub(crate) use carve::binhex;
pub(crate) use carve::{Carved, Condition, files as carved_files};
pub(crate) use caught::caught;
pub use defects::Defect;
pub use edit::{Edit, edited, is_field_name, may_be_added, may_be_deleted};
pub use fields::{Field, fields, header_end};
pub use forward::{REDIRECTED, forwarded, goes_round};
pub use html::{looks_like_html, visible_text};
pub use links::{Link, links};
pub use message::{Message, Part, decoded};
pub use received::{client_of, foreign_verdict};
pub use screen::{Hostile, screen};
pub use session::{Client, ClientSource, Session};
pub use stamp::{Line, OURS, Stamp, clean};
pub(crate) use transfer::{base64, quoted_printable};
