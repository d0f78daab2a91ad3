//! What others know: user tables, and workers in a cage. Every question has a deadline.
//!
//! Does not decide anything: who does not answer in time is a fact for the caller.

mod answers;
mod cage;
mod frame;
mod kept;
pub mod login;
mod pool;
mod slow;
pub mod users;
mod watched;
mod worker;

pub use cage::{Attempt, Cage, Outcome};
pub use pool::{Options, Pool, Trouble};
pub use worker::run as worker_main;
