//! One value of a settings file, free of its text: what the readers read and `config show` prints.
//!
//! Does not know settings. Standards: TOML 1.1.

use serde::Serialize;
use std::fmt;
use toml::de::DeValue;

/// A value as it stands in the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
    List(Vec<Value>),
}

impl Value {
    /// Takes a value out of parsed TOML.
    ///
    /// # Errors
    /// A sentence for dates, tables and whole numbers beyond 64 bits, which no setting takes.
    pub(super) fn of_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value {
            DeValue::String(text) => Ok(Self::Text(text.to_string())),
            DeValue::Integer(whole) => i64::from_str_radix(whole.as_str(), whole.radix())
                .map(Self::Whole)
                .map_err(|_| format!("{whole} is too large for a number")),
            DeValue::Float(number) => {
                number.as_str().parse().map(Self::Number).map_err(|_| format!("{number} is not a number"))
            }
            DeValue::Boolean(flag) => Ok(Self::Flag(*flag)),
            DeValue::Array(items) => {
                items.iter().map(|item| Self::of_toml(item.get_ref())).collect::<Result<_, _>>().map(Self::List)
            }
            DeValue::Datetime(date) => Err(format!("{date} is a date; no setting takes one")),
            DeValue::Table(_) => Err("takes one value, not a section".into()),
        }
    }

    /// Reads one TOML literal, such as a default of the table.
    ///
    /// # Errors
    /// The words of the TOML reader.
    pub(super) fn of_literal(literal: &str) -> Result<Self, String> {
        let value = DeValue::parse(literal).map_err(|e| e.message().to_string())?;
        Self::of_toml(value.get_ref())
    }

    /// What it is, for the words *takes …, not …*.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
        }
    }
}

impl fmt::Display for Value {
    /// As a TOML literal on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", toml::Value::String(text.clone())),
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Number(number) => write!(f, "{}", toml::Value::Float(*number)),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_printed_as_it_is_read() {
        for literal in
            [r#""50 MiB""#, "1000", "-3", "6.5", "6.0", "true", "[]", r#"["127.0.0.1:24", "[::1]:24"]"#, r#""""#]
        {
            assert_eq!(Value::of_literal(literal).map(|v| v.to_string()), Ok(literal.to_string()));
        }
    }

    #[test]
    fn what_no_setting_takes_is_refused_with_its_name() {
        for (literal, want) in [
            ("99999999999999999999", "99999999999999999999 is too large for a number"),
            ("2026-01-01", "2026-01-01 is a date; no setting takes one"),
            ("{ a = 1 }", "takes one value, not a section"),
        ] {
            assert_eq!(Value::of_literal(literal), Err(want.to_string()));
        }
    }
}
