//! All that is said of a detector, as one value that can be kept.

use serde::{Deserialize, Serialize};

use crate::{
    AtThreshold, Breakdown, CocoMetrics, Comparison, Confusion, Counts, Curve, ImageReport,
    VocMetrics,
};

/// What [`crate::Evaluation::report`] gives: one JSON document, and what
/// [`crate::html::report`] draws.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What is evaluated, as a title says it: a model and a dataset. Empty until the caller
    /// says it.
    #[serde(default)]
    pub title: String,
    /// By these names; all classes elsewhere are places here.
    pub classes: Vec<String>,
    pub images: u64,
    pub truths: u64,
    /// Truths that are not asked for.
    pub crowds: u64,
    pub found: u64,
    pub coco: CocoMetrics,
    pub voc: VocMetrics,
    /// What counts as found below: asked for, or the one with the best F1.
    pub confidence: f32,
    /// Whether nobody asked for another one.
    pub confidence_is_best: bool,
    /// Over all classes, each held against its own truths.
    pub at_confidence: AtThreshold,
    /// The same where F1 is best; absent where nothing is right.
    pub best: Option<AtThreshold>,
    pub curve: Curve,
    pub of_classes: Vec<ClassReport>,
    /// Over all images, classes held against each other; see [`Confusion`].
    pub counts: Counts,
    pub confusion: Confusion,
    pub breakdowns: Vec<Breakdown>,
    /// The images with the most errors, worst first: see [`ImageReport::badness`]. Those
    /// without errors are not among them.
    pub worst: Vec<ImageReport>,
    /// Examples of the matrix that are not among the worst.
    pub examples: Vec<ImageReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// Of one class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    pub name: String,
    /// Crowds are not among them.
    pub truths: u64,
    pub found: u64,
    /// COCO's, 0 to 1; absent without truths, as all that follows.
    pub ap: Option<f64>,
    pub ap50: Option<f64>,
    pub ap75: Option<f64>,
    pub voc07: Option<f64>,
    pub voc10: Option<f64>,
    /// At the report's confidence.
    pub at_confidence: AtThreshold,
    /// Where this class has its best F1; absent where nothing is right.
    pub best: Option<AtThreshold>,
    pub curve: Curve,
}
