//! Keeps a panic inside a foreign parser from going further.
//!
//! Does not stop a stack overflow, a loop or too much memory: bounds before the call and the worker's cage do.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `read` returns, or `None` where it panicked. `read` must only borrow what is thrown away after a panic.
pub(crate) fn caught<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}
