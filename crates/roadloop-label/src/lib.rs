//! Labelling jobs: what people are asked, what they answer, and what follows from it.

mod consolidate;
mod verdict;

pub use consolidate::{
    Consolidated, Consolidation, LeftOut, Member, MergedBox, Middle, Score, consolidate, iou, score,
};
pub use verdict::{Judged, Verdict, judge};
