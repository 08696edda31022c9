//! What is wrong with a dataset, or may be, before somebody trains on it.
//!
//! Samples are read once, one after the other; of each are kept its name, its hashes, its
//! split and its group, about 200 bytes, so that a million images take some hundred
//! megabytes. What is found is counted in full and shown by a few examples.
//!
//! Knows no pixels: whoever can read images says which are gone or have changed, and
//! [`image_findings`] puts it into the same words.

mod boxes;
mod classes;
mod images;
mod near;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{DatasetError, Sample};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSettings {
    /// From which intersection over union on two boxes are one that was drawn twice, 0 to 1.
    pub duplicate_iou: f64,
    /// A class with fewer boxes is rare.
    pub min_boxes: u64,
    /// Shown of each kind of finding, at most.
    pub examples: usize,
}

impl Default for CheckSettings {
    fn default() -> CheckSettings {
        CheckSettings { duplicate_iou: 0.95, min_boxes: 20, examples: 5 }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Training or measuring on it is wrong.
    Error,
    /// It may be, somebody should look.
    Warning,
    /// Good to know.
    Note,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    ImageMissing,
    ImageChanged,
    ImageWithoutContent,
    SameImageInSplits,
    NearDuplicateImages,
    RecordingInSplits,
    SameFrameTwice,
    DuplicateImages,
    BoxOfNoClass,
    BoxOutsideImage,
    BoxWithoutArea,
    TinyBox,
    DuplicateBoxes,
    ContradictingBoxes,
    RareClass,
    ClassMissingInSplit,
    ClassNamesAlike,
    UnlabelledImages,
    EmptyImages,
}

/// Something that was found, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    pub severity: Severity,
    /// Of boxes, images, recordings or classes, as `what` says.
    pub count: u64,
    /// A sentence with the numbers, and what to do.
    pub what: String,
    pub examples: Vec<Example>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The name of a sample; empty for a class that is on none.
    pub image: String,
    /// A second one that has to do with it.
    pub other: Option<String>,
    /// Which of the image's boxes, from 0.
    pub box_number: Option<u64>,
    pub detail: String,
}

/// Reads samples, whose boxes are of these classes, and says what is wrong: errors first.
pub fn check(
    samples: impl IntoIterator<Item = Result<Sample, DatasetError>>,
    classes: &[String],
    settings: &CheckSettings,
) -> Result<Vec<Finding>, DatasetError> {
    let iou = settings.duplicate_iou;
    if !(iou > 0.0 && iou <= 1.0) {
        return Err(DatasetError::Settings(format!(
            "an overlap is above 0 and at most 1, as 0.95: not {iou}"
        )));
    }
    let most = settings.examples;
    let mut of_boxes = boxes::Boxes::new(settings);
    let mut of_classes = classes::Classes::new(classes);
    let mut of_images = images::Images::new(most);
    for sample in samples {
        let sample = sample?;
        of_boxes.see(&sample, classes);
        of_classes.see(&sample);
        of_images.see(sample)?;
    }
    let mut findings = of_boxes.findings();
    findings.extend(of_classes.findings(settings));
    findings.extend(of_images.findings());
    findings.retain(|finding| finding.count > 0);
    findings.sort_by_key(|finding| (finding.severity, finding.kind));
    Ok(findings)
}

/// Images that cannot be read any more, and images that are others than when the dataset was
/// made: their names, and why. At most `examples` are shown of each.
pub fn image_findings(
    missing: impl IntoIterator<Item = (String, String)>,
    changed: impl IntoIterator<Item = (String, String)>,
    examples: usize,
) -> Vec<Finding> {
    let collect = |images: &mut dyn Iterator<Item = (String, String)>| {
        let mut collected = Collected::new(examples);
        for (image, detail) in images {
            collected.add(|| Example { image, detail, ..Example::default() });
        }
        collected
    };
    let missing = collect(&mut missing.into_iter());
    let changed = collect(&mut changed.into_iter());
    let what = |count: u64, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let said_missing = format!(
        "{}: bring them back to where they were, or make a new version without them",
        what(missing.count, "image cannot be read any more", "images cannot be read any more")
    );
    let said_changed = format!(
        "{} than when the dataset was made: labels may not fit any more; bring back what was \
         there, or make a new version",
        what(changed.count, "image is another", "images are others")
    );
    let mut findings = vec![
        missing.finding(FindingKind::ImageMissing, Severity::Error, said_missing),
        changed.finding(FindingKind::ImageChanged, Severity::Error, said_changed),
    ];
    findings.retain(|finding| finding.count > 0);
    findings
}

/// Counts all, keeps the first few.
#[derive(Debug)]
struct Collected {
    count: u64,
    most: usize,
    examples: Vec<Example>,
}

impl Collected {
    fn new(most: usize) -> Collected {
        Collected { count: 0, most, examples: Vec::new() }
    }

    fn add(&mut self, example: impl FnOnce() -> Example) {
        self.count += 1;
        if self.examples.len() < self.most {
            self.examples.push(example());
        }
    }

    fn finding(self, kind: FindingKind, severity: Severity, what: String) -> Finding {
        Finding { kind, severity, count: self.count, what, examples: self.examples }
    }
}
