//! What `spamtest` and `virustest` compare: our own scan, or a header field of another filter.
//!
//! Standards: RFC 5235; Pigeonhole's settings sieve_spamtest_* and sieve_virustest_*. *Reading:* our points become
//! 1 to 10 so that the points from which a message is SPAM give 5.

use super::super::compare;
use super::super::program::Comparator;
use super::super::request::{Scan, ScoreField};
use super::{Answer, Run};

impl Run<'_> {
    /// 1 (clear) to 10 (spam), or per cent; `None` where it was not tested.
    pub(super) fn spam_value(&self, percent: bool) -> Answer<Option<String>> {
        let field = &self.request.options.spamtest;
        let share = match (field.status_header.is_empty(), &self.request.scan) {
            (false, _) => self.field_share(field, 10)?,
            (true, Some(scan)) => own_share(scan),
            (true, None) => None,
        };
        let words = |share: f64| match percent {
            true => format!("{}", (share * 100.0 + 0.001).floor()),
            false => format!("{}", (share * 9.0 + 1.001).floor()),
        };
        Ok(share.map(words))
    }

    /// 1 (clean) to 5 (certainly a virus); `None` where it was not tested.
    pub(super) fn virus_value(&self) -> Answer<Option<String>> {
        let field = &self.request.options.virustest;
        if !field.status_header.is_empty() {
            let share = self.field_share(field, 5)?;
            return Ok(share.map(|share| format!("{}", (share * 4.0 + 1.001).floor())));
        }
        let class = self.request.scan.as_ref().map(|scan| scan.class.as_str());
        Ok(match class {
            Some("VIRUS") => Some("5".into()),
            Some("UNSCANNED") | None => None,
            Some(_) => Some("1".into()),
        })
    }

    /// From 0 to 1; `None` where the field is not there or can't be read.
    fn field_share(&self, field: &ScoreField, values: usize) -> Answer<Option<f64>> {
        let Some(status) = self.field_value(&field.status_header)? else { return Ok(None) };
        if field.status_type == "text" {
            let at = field.text_values.iter().position(|text| !text.is_empty() && *text == status);
            // The first text is *not tested*, the second the lowest value.
            return Ok(at.filter(|at| *at > 0).map(|at| (at - 1) as f64 / (values - 1) as f64));
        }
        let highest = match field.max_header.is_empty() {
            true => field.max_value.clone(),
            false => self.field_value(&field.max_header)?.unwrap_or_default(),
        };
        let value = if field.status_type == "strlen" { Some(status.len() as f64) } else { number(&status) };
        let (Some(value), Some(highest)) = (value, number(&highest).filter(|highest| *highest > 0.0)) else {
            return Ok(None);
        };
        Ok(Some((value / highest).clamp(0.0, 1.0)))
    }

    /// The value of `Name`, or of the first group of `Name: expression`.
    fn field_value(&self, header: &str) -> Answer<Option<String>> {
        let (name, pattern) = header.split_once(':').map_or((header, ""), |(name, pattern)| (name, pattern.trim()));
        let Some(value) = self.header_values(&[name.trim().to_string()], None, None).into_iter().next() else {
            return Ok(None);
        };
        if pattern.is_empty() {
            return Ok(Some(value));
        }
        let regex = compare::regex(pattern, Comparator::AsciiCasemap)
            .map_err(|why| format!("the setting {header:?} holds no regular expression: {why}"))?;
        let found = regex.captures(&value).and_then(|found| found.get(1).or(found.get(0)));
        Ok(found.map(|found| found.as_str().to_string()))
    }
}

fn own_share(scan: &Scan) -> Option<f64> {
    match scan.class.as_str() {
        "UNSCANNED" => None,
        // Twice the points of SPAM are as sure as it gets.
        _ => Some((scan.score / (2.0 * scan.spam_score.max(0.1))).clamp(0.0, 1.0)),
    }
}

/// The number at the begin of a text, such as `5.2` of `5.2 / 15`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.char_indices().find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || *at == 0 && *c == '-'));
    text.get(..end.map_or(text.len(), |(at, _)| at))?.parse().ok()
}
