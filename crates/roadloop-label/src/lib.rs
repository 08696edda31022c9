//! Labelling jobs: what people are asked, what they answer, and what follows from it.

mod category;
mod consolidate;
mod manifest;
mod responses;
mod verdict;

pub use category::{read_categories, write_categories};
pub use consolidate::{
    Consolidated, Consolidation, LeftOut, Member, MergedBox, Middle, Score, consolidate, iou, score,
};
pub use manifest::{
    BoxLabel, BoxOutput, LONGEST_LINE, LabelKind, LabelledBox, Line, ManifestError, Reader,
    Verification, VerificationOutput, check_attribute, creation_date, rename_source,
};
pub use responses::{WorkerAnswer, WorkerResponse, write_consolidated, write_responses};
pub use verdict::{Judged, Verdict, judge};
