//! What a saved selection is called.

use std::fmt;
use std::str::FromStr;

use roadloop_base::{LONGEST_NAME, is_plain_name, split_version};
use serde::{Deserialize, Serialize};

/// A name that is safe in paths, addresses and filters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SelectionName(String);

/// A selection as it was saved: its newest version, or a certain one, `name@2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SelectionRef {
    pub name: SelectionName,
    pub version: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSelectionName {
    #[error(
        "{0:?} cannot name a selection: use 1 to {LONGEST_NAME} letters (a to z), digits, '_' or '-', \
         the first of them no '-'"
    )]
    Name(String),
    #[error("{0:?} is no version of a selection: write a number from 1 on after the '@'")]
    Version(String),
}

impl SelectionName {
    pub fn new(name: impl Into<String>) -> Result<SelectionName, BadSelectionName> {
        let name = name.into();
        match is_plain_name(&name) {
            true => Ok(SelectionName(name)),
            false => Err(BadSelectionName::Name(name)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SelectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SelectionName {
    type Err = BadSelectionName;

    fn from_str(text: &str) -> Result<SelectionName, BadSelectionName> {
        SelectionName::new(text)
    }
}

impl TryFrom<String> for SelectionName {
    type Error = BadSelectionName;

    fn try_from(name: String) -> Result<SelectionName, BadSelectionName> {
        SelectionName::new(name)
    }
}

impl From<SelectionName> for String {
    fn from(name: SelectionName) -> String {
        name.0
    }
}

impl FromStr for SelectionRef {
    type Err = BadSelectionName;

    fn from_str(text: &str) -> Result<SelectionRef, BadSelectionName> {
        let parts = split_version(text);
        let (name, version) =
            parts.map_err(|version| BadSelectionName::Version(version.to_owned()))?;
        Ok(SelectionRef { name: SelectionName::new(name)?, version })
    }
}

impl fmt::Display for SelectionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => self.name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Option<u32>)>) {
        let parsed: Option<SelectionRef> = text.parse().ok();
        let found = parsed.as_ref().map(|found| (found.name.as_str(), found.version));
        assert_eq!(found, expected);
        if let Some(parsed) = parsed {
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn names_and_versions() {
        check("night-crowds", Some(("night-crowds", None)));
        check("_7@12", Some(("_7", Some(12))));
        check(&"a".repeat(64), Some((&"a".repeat(64), None)));
        for bad in ["", "-a", "a b", "a/b", "..", "ä", "a@", "a@0", "a@+1", "a@1@2", "@1"] {
            check(bad, None);
        }
        check(&"a".repeat(65), None);
        check("a@99999999999", None);
    }
}
