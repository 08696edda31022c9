//! Datasets: what is learned from, frozen.
//!
//! A dataset is [`Sample`]s, an image and its boxes each, under a [`Card`] that says where
//! they are from. [`split`] says which of them are for training; a [`RowWriter`] freezes
//! them under an id that follows from their content; [`check`]s find what is wrong in it;
//! [`Statistics`] count sizes, places and classes; a [`Diff`] says what became of a
//! version. [`formats`] are those of others, both ways; [`records`] are files that training
//! reads from.
//!
//! Knows no catalog, no store and no pixels: who calls says what images are.

mod area;
mod card;
mod checks;
mod diff;
mod error;
pub mod formats;
mod merge;
mod name;
pub mod records;
mod rows;
mod sample;
mod split;
mod statistics;
#[cfg(test)]
mod testing;

pub use area::{Area, BadArea};
pub use card::{Card, Counts, Origin, OriginKind, SplitCounts};
pub use checks::{CheckSettings, Example, Finding, FindingKind, Severity, check, image_findings};
pub use diff::{BoxChanges, ClassChanges, Diff, Listed, MovedImage, RelabelledImage};
pub use error::DatasetError;
pub use formats::Format;
pub use merge::{Applied, ClassRules, merge_classes};
pub use name::{BadName, DatasetName, DatasetRef, SampleName};
pub use records::{RecordReader, RecordWriter, record_image};
pub use roadloop_base::{Ahead, AheadSettings, Items, shuffled};
pub use rows::{RowReader, RowWriter, order};
pub use sample::{Attribute, BadSplit, Content, ImagePlace, ImageRef, Sample, SampleBox, Split};
pub use split::{GroupBy, SplitBy, SplitSettings, split, split_of_classes, unit_key};
pub use statistics::{
    ClassPositions, ClassStatistics, HeatMap, Histogram, ImageSize, MEDIUM, NamedCount, SMALL,
    SplitStatistics, Statistics,
};
