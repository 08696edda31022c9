//! What sources, their columns and tags may be called.

use std::fmt;

use crate::AttachError;
use crate::schema::{PARTITION, frames_schema};
use crate::session::ATTACHED;

/// Longer names only stand in the way of tables made to be looked at.
const MAX_NAME_BYTES: usize = 48;
const MAX_COLUMN_BYTES: usize = 64;
const MAX_TAG_BYTES: usize = 100;

/// What is said of every row, whatever the source: whose it is.
pub(crate) const WHOSE: [&str; 6] =
    ["frame", "recording", "camera", "taken_at", "taken_at_ns", "shard"];

/// Words of filters and names of tables, besides the columns of frames.
const OURS: [&str; 36] = [
    "and",
    "annotations",
    "anonymized",
    "area",
    "conf",
    "confidence",
    "count",
    "day",
    "detection_rows",
    "detections",
    "false",
    "frames",
    "frames_joined",
    "has",
    "hour",
    "in",
    "in_box",
    "is",
    "joined",
    "label",
    "labels",
    "like",
    "looked",
    "not",
    "null",
    "on",
    "or",
    "selection",
    "selections",
    "tag",
    "tags",
    "time",
    "tod",
    "true",
    "within",
    PARTITION,
];

/// What attached data is called: its table is `attrs_<name>`. Lower case, so
/// that SQL needs no quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(String);

impl SourceName {
    /// Takes letters, digits and `_`; capitals become small ones.
    pub fn new(text: &str) -> Result<SourceName, AttachError> {
        let name = text.to_ascii_lowercase();
        let bad = |reason: String| AttachError::BadName { name: text.to_owned(), reason };
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(is_word) {
            return Err(bad(format!("use 1 to {MAX_NAME_BYTES} letters (a to z), digits or _")));
        }
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(bad("it must start with a letter".to_owned()));
        }
        let is_ours = OURS.contains(&name.as_str()) || frames_schema().index_of(&name).is_ok();
        if is_ours {
            return Err(bad("filters and tables use this word already".to_owned()));
        }
        Ok(SourceName(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Delta table of its rows.
    pub fn table(&self) -> String {
        format!("{ATTACHED}{}", self.0)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A word that people put on frames.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    pub fn new(text: &str) -> Result<Tag, AttachError> {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if text.is_empty() || text.len() > MAX_TAG_BYTES || !text.chars().all(is_word) {
            let reason = format!("use 1 to {MAX_TAG_BYTES} letters, digits, '_', '-' or '.'");
            return Err(AttachError::BadTag { tag: text.to_owned(), reason });
        }
        Ok(Tag(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a column of a file is called in a table: small letters, digits and `_`
/// of its own name. Says what is wrong where nothing of the kind comes out.
pub(crate) fn column_name(text: &str) -> Result<String, String> {
    let mut name = String::new();
    for c in text.chars() {
        let c = if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        if c != '_' || !name.is_empty() && !name.ends_with('_') {
            name.push(c);
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    if name.is_empty() {
        return Err("holds no letter (a to z) or digit to name it by".to_owned());
    }
    if name.len() > MAX_COLUMN_BYTES {
        return Err(format!("is longer than {MAX_COLUMN_BYTES} characters"));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if WHOSE.contains(&name.as_str()) || name == PARTITION {
        return Err(format!("would be called {name}, as a column that every table has"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Result<&str, &str>) {
        match (SourceName::new(name), expected) {
            (Ok(name), Ok(expected)) => assert_eq!(name.as_str(), expected),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{error}");
            }
            (got, expected) => panic!("{got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn sources_are_called_by_words_of_their_own() {
        check("weather", Ok("weather"));
        check("Weather_2", Ok("weather_2"));
        check(&"w".repeat(48), Ok(&"w".repeat(48)));
        check(&"w".repeat(49), Err("1 to 48 letters"));
        for bad in ["", "we ather", "../x", "a/b", "a-b", "größe", "a\0"] {
            check(bad, Err("letters (a to z), digits or _"));
        }
        check("2weather", Err("must start with a letter"));
        check("_x", Err("must start with a letter"));
        for ours in ["tags", "tag", "frames", "Camera", "latitude", "within", "date", "sequence"] {
            check(ours, Err("use this word already"));
        }
    }

    #[track_caller]
    fn check_column(name: &str, expected: &str) {
        assert_eq!(column_name(name).unwrap_or_else(|reason| reason), expected);
    }

    #[test]
    fn columns_become_words() {
        check_column("condition", "condition");
        check_column("Temperature 2m (°C)", "temperature_2m_c");
        check_column("  a--b  ", "a_b");
        check_column("_private", "private");
        check_column("10m wind", "_10m_wind");
        check_column("…", "holds no letter (a to z) or digit to name it by");
        check_column("Taken at", "would be called taken_at, as a column that every table has");
        check_column("date", "would be called date, as a column that every table has");
        check_column(&"x".repeat(65), "is longer than 64 characters");
    }

    #[test]
    fn tags_are_words() {
        for good in ["bus_at_night", "v1.2-ok", "straße"] {
            assert_eq!(Tag::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a,b", "a/b", "it's", &"x".repeat(101)] {
            assert!(Tag::new(bad).is_err(), "{bad}");
        }
    }
}
