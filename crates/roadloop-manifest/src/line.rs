//! One line: keys in their order, each value as the text it came as.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use crate::ManifestError;
use crate::error::{json, shown};

/// Far more than any job leaves on an image.
const MOST_KEYS: usize = 10_000;
pub(crate) const SOURCE_REF: &str = "source-ref";

/// An image, and what is said about it.
///
/// Invariant: no key twice.
#[derive(Clone, Debug)]
pub struct Line {
    /// As it was read, until something is changed.
    text: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: String,
    value: Box<RawValue>,
}

impl Line {
    /// A line of nothing but an image.
    pub fn for_source(source: &str) -> Result<Line, ManifestError> {
        let mut line = Line { text: None, entries: Vec::new() };
        line.set_source_ref(source)?;
        Ok(line)
    }

    pub fn parse(text: &str) -> Result<Line, ManifestError> {
        let Entries(entries) = serde_json::from_str(text)
            .map_err(|error| ManifestError::NotAnObject { reason: json(&error) })?;
        if entries.len() > MOST_KEYS {
            return Err(ManifestError::TooManyKeys { most: MOST_KEYS });
        }
        let mut keys = HashSet::new();
        if let Some(twice) = entries.iter().find(|entry| !keys.insert(entry.key.as_str())) {
            return Err(ManifestError::Twice { key: shown(&twice.key) });
        }
        Ok(Line { text: Some(text.to_owned()), entries })
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    pub fn get(&self, key: &str) -> Option<&RawValue> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    }

    /// Where the image is; `None` where the line does not say, or not in a string.
    pub fn source_ref(&self) -> Option<String> {
        serde_json::from_str(self.get(SOURCE_REF)?.get()).ok()
    }

    pub fn set_source_ref(&mut self, source: &str) -> Result<(), ManifestError> {
        self.set(SOURCE_REF, source)
    }

    /// In the place of the former value, or after all others.
    pub fn set(&mut self, key: &str, value: impl Serialize) -> Result<(), ManifestError> {
        let value =
            to_raw_value(&value).map_err(|error| ManifestError::unwritable(key, json(&error)))?;
        match self.entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => self.entries.push(Entry { key: key.to_owned(), value }),
        }
        self.text = None;
        Ok(())
    }

    pub fn remove(&mut self, key: &str) {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.key != key);
        if self.entries.len() < before {
            self.text = None;
        }
    }
}

/// One line without its end. Line breaks between tokens, which JSON allows, become
/// spaces; within strings JSON has none.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return write_in_line(text, f);
        }
        f.write_str("{")?;
        for (count, entry) in self.entries.iter().enumerate() {
            if count > 0 {
                f.write_str(",")?;
            }
            let key = serde_json::to_string(&entry.key).map_err(|_| fmt::Error)?;
            write!(f, "{key}:")?;
            write_in_line(entry.value.get(), f)?;
        }
        f.write_str("}")
    }
}

fn write_in_line(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (count, part) in text.split(['\n', '\r']).enumerate() {
        if count > 0 {
            f.write_str(" ")?;
        }
        f.write_str(part)?;
    }
    Ok(())
}

struct Entries(Vec<Entry>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object in braces")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry()? {
            // The rest is only looked through: whether it is JSON at all.
            if entries.len() <= MOST_KEYS {
                entries.push(Entry { key, value });
            }
        }
        Ok(Entries(entries))
    }
}
