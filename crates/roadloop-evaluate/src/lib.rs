//! What a detector found against what is there.
//!
//! An [`Evaluation`] holds the classes, the images, what is true and what was found; its
//! [`Report`] says it in numbers: COCO's and VOC's mean average precision, curves and the best
//! threshold, who is taken for whom, where it is worse (by size, class, recording, …), and
//! which images are worst. [`compare`] says what a second model finds that the first misses,
//! with intervals. [`html::report`] draws it all as one page that needs no server.
//!
//! Nothing here reads or writes: boxes come in, numbers and text go out.

mod breakdown;
mod coco;
mod compare;
mod confusion;
mod curves;
mod error;
mod evaluation;
mod given;
pub mod html;
mod judge;
mod matching;
mod metrics;
mod report;
mod resample;
mod voc;

pub use breakdown::{Breakdown, Bucket};
pub use coco::CocoMetrics;
pub use compare::{
    Change, CompareSettings, ComparedImage, Comparison, ImageTotals, TruthTotals, compare,
};
pub use confusion::{Confusion, ConfusionCell, Example};
pub use curves::{AtThreshold, Curve};
pub use error::EvaluateError;
pub use evaluation::{Evaluation, Settings};
pub use given::{Corners, Found, Image, Truth};
pub use judge::{Counts, FoundBox, ImageReport, JudgedBox, TruthBox, Verdict};
pub use report::{ClassReport, Report};
pub use voc::VocMetrics;
