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
    /// Both stand on one line, as people are shown them: errors name a path on a line of its
    /// own, which goes behind a comma.
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Skip {
        let in_line = |text: String| match text.contains('\n') {
            true => text.replace('\n', ", "),
            false => text,
        };
        Skip { place: in_line(place.into()), reason: in_line(reason.into()) }
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
