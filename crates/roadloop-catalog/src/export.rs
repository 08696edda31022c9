//! Hits in the shapes other programs take: what Amazon Rekognition answers,
//! items of a DynamoDB table, COCO's results.
//!
//! Rows for everybody else (tables, JSON lines, CSV, Parquet) are
//! [`Found::rows`](crate::Found::rows). What is a frame nobody looked at is never
//! passed off as one on which nothing is.

mod coco;
mod detect_labels;
mod dynamo_db;
mod frame_item;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::str::FromStr;

use roadloop_base::Detection;

pub use detect_labels::{bounding_box, labels};
pub use frame_item::frame_item;

use crate::{CatalogError, Found};

/// A shape of some program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportShape {
    /// A line for each image: its key, and what Rekognition's DetectLabels answers.
    DetectLabels,
    /// A line for each image: `{"Item": …}`, as DynamoDB imports from S3.
    DynamoDb,
    /// One list of COCO's detection results, and a file that says what its
    /// numbers mean.
    Coco,
}

impl ExportShape {
    pub const ALL: [ExportShape; 3] =
        [ExportShape::DetectLabels, ExportShape::DynamoDb, ExportShape::Coco];

    pub fn name(self) -> &'static str {
        match self {
            ExportShape::DetectLabels => "detect-labels",
            ExportShape::DynamoDb => "dynamodb",
            ExportShape::Coco => "coco",
        }
    }

    /// Whether there is a second file to [`Found::write_companion`].
    pub fn has_companion(self) -> bool {
        self == ExportShape::Coco
    }
}

impl fmt::Display for ExportShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ExportShape {
    type Err = String;

    fn from_str(text: &str) -> Result<ExportShape, String> {
        ExportShape::ALL
            .into_iter()
            .find(|shape| shape.name() == text)
            .ok_or_else(|| format!("no shape is called {text:?}"))
    }
}

impl Found {
    /// Writes the hits in a shape.
    pub fn write_as(&self, shape: ExportShape, out: &mut dyn Write) -> Result<(), CatalogError> {
        match shape {
            ExportShape::DetectLabels => detect_labels::write(&self.hits, out),
            ExportShape::DynamoDb => dynamo_db::write(&self.hits, out),
            ExportShape::Coco => coco::write_results(&self.hits, out),
        }
    }

    /// Writes the images and categories that the numbers in COCO's results stand
    /// for.
    pub fn write_companion(&self, out: &mut dyn Write) -> Result<(), CatalogError> {
        coco::write_companion(&self.hits, out)
    }

    /// Hits that no detector has looked at.
    pub fn hits_not_looked_at(&self) -> u64 {
        self.hits.iter().filter(|hit| !hit.looked_at).count() as u64
    }
}

/// Detections of an image by label, the surest first.
fn by_label(detections: &[Detection]) -> BTreeMap<&str, Vec<&Detection>> {
    let mut labels = BTreeMap::<&str, Vec<&Detection>>::new();
    for detection in detections {
        labels.entry(&detection.label).or_default().push(detection);
    }
    for detections in labels.values_mut() {
        detections.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    }
    labels
}

/// A label as Rekognition writes it: `Traffic Light`.
pub fn title_case(label: &str) -> String {
    let words = label.split(' ').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        first.unwrap_or_default() + letters.as_str()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A confidence as it is written: 0.7, not 0.699999988079071.
fn plain(confidence: f32) -> f64 {
    confidence.to_string().parse().unwrap_or_default()
}

/// A confidence in per cent, as Amazon's services give it.
pub fn percent(confidence: f32) -> f64 {
    (plain(confidence) * 1e9).round() / 1e7
}

#[cfg(test)]
mod testing {
    use roadloop_base::{BBox, Detection, Kind, ModelId};

    use crate::Hit;
    use crate::testing::frame;

    pub(super) fn found(kind: Kind, label: &str, confidence: f32, box_left: f32) -> Detection {
        let bbox = BBox::from_ltrb(box_left, 0.25, box_left + 0.25, 0.75);
        Detection {
            kind,
            label: label.to_owned(),
            confidence,
            bbox: bbox.filter(|_| kind != Kind::Scene),
            model: ModelId::new("nanodet-1a2b3c4d").unwrap(),
        }
    }

    /// Two cars and a street; nothing; a frame nobody looked at.
    pub(super) fn hits() -> Vec<Hit> {
        let detections = vec![
            found(Kind::Object, "car", 0.5, 0.125),
            found(Kind::Object, "car", 0.7, 0.5),
            found(Kind::Scene, "street", 0.25, 0.0),
        ];
        let hit = |sequence, looked_at, detections| Hit {
            frame: frame("drive-1", "front", sequence),
            anonymized: false,
            looked_at,
            detections,
        };
        vec![hit(0, true, detections), hit(1, true, Vec::new()), hit(2, false, Vec::new())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidences_in_per_cent() {
        let cases = [(0.0, 0.0), (0.7, 70.0), (0.123_456_79, 12.345_679), (1.0, 100.0)];
        for (confidence, expected) in cases {
            assert_eq!(percent(confidence), expected);
        }
    }

    #[test]
    fn labels_are_written_with_capitals() {
        let cases =
            [("traffic light", "Traffic Light"), ("étoile", "Étoile"), ("", ""), ("tv", "Tv")];
        for (label, expected) in cases {
            assert_eq!(title_case(label), expected);
        }
    }

    #[test]
    fn shapes_go_by_name() {
        for shape in ExportShape::ALL {
            assert_eq!(shape.name().parse(), Ok(shape));
        }
    }
}
