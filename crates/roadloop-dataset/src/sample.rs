//! An image of a dataset, and what is said to be on it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use roadloop_base::{FrameId, Nanos, PictureHash};
use serde::{Deserialize, Serialize};

use crate::{Area, SampleName};

/// What a sample is for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    #[default]
    Train,
    Val,
    Test,
}

impl Split {
    pub const ALL: [Split; 3] = [Split::Train, Split::Val, Split::Test];

    /// `train`, `val`, `test`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Val => "val",
            Split::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no split: there are train, val and test")]
pub struct BadSplit(pub String);

/// Also `valid`, `validation`, `dev`, `training` and `testing`, in any case, as others
/// call them.
impl FromStr for Split {
    type Err = BadSplit;

    fn from_str(text: &str) -> Result<Split, BadSplit> {
        match text.to_ascii_lowercase().as_str() {
            "train" | "training" => Ok(Split::Train),
            "val" | "valid" | "validation" | "dev" => Ok(Split::Val),
            "test" | "testing" => Ok(Split::Test),
            _ => Err(BadSplit(text.chars().take(80).collect())),
        }
    }
}

/// Where an image lies, and what it was when the dataset was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageRef {
    pub place: ImagePlace,
    pub width: u32,
    pub height: u32,
    /// Absent where the image could not be read when the dataset was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImagePlace {
    /// An object of the workspace's store.
    Key(String),
    /// A file or an object elsewhere.
    Uri(String),
}

/// What tells an image from any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// What it looks like.
    pub look: PictureHash,
}

/// A labelled rectangle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleBox {
    /// Place in the dataset's list of classes.
    pub class: u32,
    pub area: Area,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// `occluded`, `truncated`, `difficult`, `iscrowd`, and what else people say of a box.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
}

/// A value of a box's attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    Flag(bool),
    /// Invariant kept by readers: finite.
    Number(f64),
    Text(String),
}

/// An image and its boxes. Frozen: what a dataset's file holds, a line each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub name: SampleName,
    pub image: ImageRef,
    pub split: Split,
    /// What is kept together: the recording, or the folder an image came from.
    pub group: String,
    /// Which of the card's origins its boxes are from.
    pub origin: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Nanos>,
    /// `None`: nobody looked. None at all: somebody looked, and there is nothing.
    pub boxes: Option<Vec<SampleBox>>,
    /// The line of an augmented manifest that the boxes are from, as its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_others_call_them() {
        for split in Split::ALL {
            assert_eq!(split.name().parse(), Ok(split));
        }
        assert_eq!("Valid".parse(), Ok(Split::Val));
        assert!("trainval".parse::<Split>().is_err());
    }
}
