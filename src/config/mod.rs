//! The table of settings: name, default, meaning, reader. `config/tamis.toml`, `tamis config explain` and the error
//! sentences are made from it.
//!
//! Begin with `table.rs` (what can be set) and `settings.rs` (what comes out). Reads one file and the machine's name;
//! touches nothing else of the world. Standards: TOML 1.1; the RFC of a setting is cited at the setting.

mod checks;
mod error;
mod layers;
mod load;
mod names;
mod overlays;
mod print;
mod readers;
mod setting;
mod settings;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use layers::{Given, Layer, Personal};
pub use load::SETTINGS_FILE;
pub use overlays::rule_overlays;
pub use print::{Row, explain, print_defaults, show};
pub use setting::{Read, Scope, Setting};
pub use settings::*;
pub use table::{SECTIONS, Section, every_setting};
pub use value::Value;
