//! What datasets and their images are called.

use std::fmt;
use std::str::FromStr;

use roadloop_base::{LONGEST_NAME, is_plain_name, split_version};
use serde::{Deserialize, Serialize};

/// Of a sample, in bytes: file systems end at 255, and formats add to it.
const LONGEST_SAMPLE: usize = 200;

/// A name that is safe in paths and addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatasetName(String);

/// A dataset: its newest version, or a certain one, `cars@3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetRef {
    pub name: DatasetName,
    pub version: Option<u32>,
}

/// The file name of a sample's image, `drive-1a2b3c4d__front-…-000017.png`.
///
/// Invariant: one file name in any file system, with an end of its own that says what the
/// image is; safe in XML, in lists with tabs, and in addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SampleName(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error(
        "{0:?} cannot name a dataset: use 1 to {LONGEST_NAME} letters (a to z), digits, '_' or '-', \
         the first of them no '-'"
    )]
    Dataset(String),
    #[error("{0:?} is no version of a dataset: write a number from 1 on after the '@'")]
    Version(String),
    #[error(
        "{0:?} cannot name an image: use 1 to {LONGEST_SAMPLE} letters, digits, '.', '_' or '-', \
         not starting with '.' or '-', with an end as .png"
    )]
    Sample(String),
}

impl DatasetName {
    pub fn new(name: impl Into<String>) -> Result<DatasetName, BadName> {
        let name = name.into();
        if is_plain_name(&name) { Ok(DatasetName(name)) } else { Err(BadName::Dataset(name)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SampleName {
    pub fn new(name: impl Into<String>) -> Result<SampleName, BadName> {
        let name = name.into();
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let (stem, end) = name.rsplit_once('.').unwrap_or_default();
        let is_name = !stem.is_empty()
            && (1..=5).contains(&end.len())
            && name.len() <= LONGEST_SAMPLE
            && !name.starts_with(['.', '-'])
            && name.chars().all(allowed);
        if is_name { Ok(SampleName(name)) } else { Err(BadName::Sample(name)) }
    }

    /// From a path, its folders joined by `__`; what a name cannot hold becomes `_`. An end
    /// is added where there is none, and what is too long loses its beginning and gets a
    /// hash of the whole in its place.
    pub fn from_path(path: &str, end: &str) -> SampleName {
        use sha2::{Digest, Sha256};
        let keep =
            |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
        let parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
        let mut name: String = parts.collect::<Vec<_>>().join("__").chars().map(keep).collect();
        name = name.trim_start_matches(['.', '-']).to_owned();
        let has_end = name
            .rsplit_once('.')
            .is_some_and(|(stem, end)| !stem.is_empty() && (1..=5).contains(&end.len()));
        if !has_end {
            name = format!(
                "{}.{end}",
                if name.is_empty() { "image" } else { name.trim_end_matches('.') }
            );
        }
        if name.len() > LONGEST_SAMPLE {
            let hash = Sha256::digest(path.as_bytes());
            let digits: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
            let mut from = name.len() - (LONGEST_SAMPLE - digits.len() - 1);
            while !name.is_char_boundary(from) {
                from += 1;
            }
            name = format!("{digits}_{}", &name[from..]);
        }
        SampleName(name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without its end. No two samples of a dataset have the same, in any case of letters.
    pub fn stem(&self) -> &str {
        self.0.rsplit_once('.').map_or(&self.0, |(stem, _)| stem)
    }

    /// With another end.
    #[must_use]
    pub fn with_end(&self, end: &str) -> SampleName {
        SampleName(format!("{}.{end}", self.stem()))
    }

    /// Told apart from another of the same stem by a number.
    #[must_use]
    pub fn numbered(&self, number: u64) -> SampleName {
        let (stem, end) = self.0.rsplit_once('.').unwrap_or((&self.0, "png"));
        SampleName::from_path(&format!("{stem}_{number}.{end}"), end)
    }
}

macro_rules! text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<$name, BadName> {
                $name::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(name: String) -> Result<$name, BadName> {
                $name::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

text!(DatasetName);
text!(SampleName);

impl FromStr for DatasetRef {
    type Err = BadName;

    fn from_str(text: &str) -> Result<DatasetRef, BadName> {
        let parts = split_version(text);
        let (name, version) = parts.map_err(|version| BadName::Version(version.to_owned()))?;
        Ok(DatasetRef { name: DatasetName::new(name)?, version })
    }
}

impl fmt::Display for DatasetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => self.name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn datasets_and_versions() {
        let parsed: DatasetRef = "cars@12".parse().unwrap();
        assert_eq!((parsed.name.as_str(), parsed.version), ("cars", Some(12)));
        assert_eq!(parsed.to_string(), "cars@12");
        for bad in ["", "-a", "a b", "a/b", "..", "ä", "a@", "a@0", "a@+1", "a@1@2", "@1"] {
            assert!(bad.parse::<DatasetRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn images_are_called_by_their_path() {
        let name = |path: &str| SampleName::from_path(path, "jpg").to_string();
        assert_eq!(name("a/b/c.png"), "a__b__c.png");
        assert_eq!(name("../../etc/passwd"), "etc__passwd.jpg");
        assert_eq!(name("C:\\a b\\é.JPG"), "C___a_b__é.JPG");
        assert_eq!(name(""), "image.jpg");
    }

    proptest! {
        #[test]
        fn any_path_makes_a_name(path in "\\PC{0,400}", number in any::<u64>()) {
            let name = SampleName::from_path(&path, "png");
            prop_assert_eq!(SampleName::new(name.as_str()), Ok(name.clone()));
            let numbered = name.numbered(number);
            prop_assert_eq!(SampleName::new(numbered.as_str()), Ok(numbered));
        }
    }
}
