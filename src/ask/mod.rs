//! What others know and do: user tables, workers in a cage, clamd, the server that takes what leaves. Every question has a
//! deadline.
//!
//! Does not decide anything: who does not answer in time is a fact for the caller.

mod answers;
mod cage;
mod clamd;
pub mod fetch;
mod frame;
mod kept;
pub mod login;
mod outfit;
mod pool;
mod slow;
mod submit;
pub mod users;
mod watched;
mod worker;

pub use cage::{Attempt, Cage, Outcome};
pub use clamd::{Clamd, Said, Version};
pub use outfit::{Outfit, Signatures};
pub use pool::{Options, Pool, Trouble};
pub use submit::Submission;
pub use worker::run as worker_main;
