//! What is kept about a saved selection besides its rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SelectionName;

/// How a sample is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// At most so many; all that match when absent.
    pub frames: Option<u64>,
    /// Words that make strata: as many frames of each, where there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// Bits of their picture hashes that any two frames differ in, at least.
    pub spread: Option<u32>,
    pub seed: u64,
}

/// Frames that share the values of the words a sample is drawn by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stratum {
    /// A value for each word.
    pub is: Vec<String>,
    pub matched: u64,
    pub taken: u64,
}

/// The card of a saved selection. It lies beside the rows, as
/// `selections/<name>/<version>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectionCard {
    /// Of this file's own layout.
    pub format: u32,
    pub name: SelectionName,
    /// From 1 on.
    pub version: u32,
    /// In its normal form; every frame when empty.
    pub filter: String,
    /// Versions of the catalog's tables the frames were chosen from.
    pub tables: BTreeMap<String, u64>,
    pub sampling: Sampling,
    /// Frames that matched the filter.
    pub matched: u64,
    /// Frames that might have, had somebody looked at them.
    pub not_looked_at: u64,
    /// Frames in the selection.
    pub frames: u64,
    /// Without words to draw by, one of all frames, with no values.
    pub strata: Vec<Stratum>,
    /// When it was saved: ISO, UTC.
    pub saved_at: String,
    /// The file of its rows, in the same folder.
    pub rows: String,
}

impl SelectionCard {
    pub(super) const FORMAT: u32 = 1;

    /// Whether another one, saved earlier, holds the same for the same reasons.
    pub(super) fn says_the_same_as(&self, earlier: &SelectionCard) -> bool {
        self.rows == earlier.rows
            && self.filter == earlier.filter
            && self.sampling == earlier.sampling
            && self.strata == earlier.strata
    }
}
