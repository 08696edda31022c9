//! Rows that a change takes out of a table.

use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;

use deltalake::arrow::array::{AsArray, BooleanArray, RecordBatch};

use roadloop_base::{RecordingId, Stage};

use crate::CatalogError;
use crate::files::Bounds;
use crate::rows::Columns;

#[derive(Debug)]
pub(crate) enum Outdated {
    /// What is said of some frames; by one stage, in a table of several.
    Frames {
        stage: Stage,
        ranges: Vec<RangeInclusive<i64>>,
    },
    /// All of some recordings.
    Recordings(BTreeSet<RecordingId>),
    /// One tag of some frames.
    Tagged {
        tag: String,
        frames: HashSet<i64>,
    },
    /// All of some frames.
    OfFrames(HashSet<i64>),
    Everything,
}

impl Outdated {
    /// The columns that [`others`](Outdated::others) looks at, where they are.
    pub(crate) fn columns(&self) -> &'static [&'static str] {
        match self {
            Outdated::Frames { .. } => &["frame", "stage"],
            Outdated::Recordings(_) => &["recording"],
            Outdated::Tagged { .. } => &["tag", "frame"],
            Outdated::OfFrames(_) => &["frame"],
            Outdated::Everything => &[],
        }
    }

    /// Whether a file may hold any of them.
    pub(crate) fn may_be_in(&self, bounds: &Bounds) -> bool {
        let held = bounds.numbers("frame");
        match self {
            Outdated::Frames { ranges, .. } => {
                let overlaps = |range: &RangeInclusive<i64>| {
                    range.start() <= held.end() && held.start() <= range.end()
                };
                ranges.iter().any(overlaps)
            }
            Outdated::Recordings(recordings) => {
                recordings.iter().any(|id| bounds.may_hold("recording", id.as_str()))
            }
            Outdated::Tagged { tag, frames } => {
                bounds.may_hold("tag", tag) && frames.iter().any(|frame| held.contains(frame))
            }
            Outdated::OfFrames(frames) => frames.iter().any(|frame| held.contains(frame)),
            Outdated::Everything => true,
        }
    }

    /// The rows of a file that are none of them.
    pub(crate) fn others(&self, batch: &RecordBatch) -> Result<BooleanArray, CatalogError> {
        let columns = Columns(batch);
        let all = 0..batch.num_rows();
        Ok(match self {
            Outdated::Frames { stage, ranges } => {
                let frames = columns.longs("frame")?;
                let stages = batch.column_by_name("stage").map(AsArray::as_string::<i32>);
                let is_one = |row| {
                    stages.is_none_or(|stages| stages.value(row) == stage.name())
                        && ranges.iter().any(|range| range.contains(&frames.value(row)))
                };
                all.map(|row| Some(!is_one(row))).collect()
            }
            Outdated::Recordings(recordings) => {
                let ids = columns.texts("recording")?;
                let names: HashSet<&str> = recordings.iter().map(RecordingId::as_str).collect();
                all.map(|row| Some(!names.contains(ids.value(row)))).collect()
            }
            Outdated::Tagged { tag, frames } => {
                let (tags, numbers) = (columns.texts("tag")?, columns.longs("frame")?);
                let is_one = |row| tags.value(row) == tag && frames.contains(&numbers.value(row));
                all.map(|row| Some(!is_one(row))).collect()
            }
            Outdated::OfFrames(frames) => {
                let numbers = columns.longs("frame")?;
                all.map(|row| Some(!frames.contains(&numbers.value(row)))).collect()
            }
            Outdated::Everything => all.map(|_| Some(false)).collect(),
        })
    }
}
