//! What a model says about a frame.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{BBox, ModelId};

/// What sort of thing a detection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A thing with a place: car, person, …
    Object,
    /// A word about the whole image: street, rain, …
    Scene,
    Face,
    Plate,
    Text,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Object, Kind::Scene, Kind::Face, Kind::Plate, Kind::Text];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Object => "object",
            Kind::Scene => "scene",
            Kind::Face => "face",
            Kind::Plate => "plate",
            Kind::Text => "text",
        }
    }

    /// Whether what it found may tell who somebody is, and is hidden in
    /// anonymised copies.
    pub fn is_private(self) -> bool {
        matches!(self, Kind::Face | Kind::Plate | Kind::Text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Kind, String> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("no kind of detection is called {text:?}"))
    }
}

/// One thing a model found, or one word it says about the whole image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    pub kind: Kind,
    /// In lower case as the model's label file has it: `person`, `traffic light`.
    pub label: String,
    /// 0 to 1.
    pub confidence: f32,
    /// Absent when the label is about the whole image.
    pub bbox: Option<BBox>,
    pub model: ModelId,
}
