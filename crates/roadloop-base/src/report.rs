//! Work done on most of the input is still done: it says what was left out.

use serde::{Deserialize, Serialize};

/// One thing that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Skip {
    /// Where: a file, a byte range, a topic and sequence.
    pub place: String,
    /// What was found there and what was expected.
    pub reason: String,
}

impl Skip {
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Skip {
        Skip { place: place.into(), reason: reason.into() }
    }
}

/// What a stage did with its input.
#[must_use = "show or store the report: it names what was skipped"]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Frames worked on now.
    pub done: u64,
    /// Frames found finished from an earlier run.
    pub already_done: u64,
    pub skipped: Vec<Skip>,
}

impl Report {
    /// Adds another report's counts and skips to this one.
    pub fn merge(&mut self, other: Report) {
        self.done += other.done;
        self.already_done += other.already_done;
        self.skipped.extend(other.skipped);
    }
}
