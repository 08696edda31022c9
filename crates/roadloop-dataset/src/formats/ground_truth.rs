//! SageMaker Ground Truth's augmented manifests: `manifests/<split>.manifest`, a line for
//! each image, and `annotation-tool/data.json`, the label categories in their order.
//!
//! Nothing is lost but what the form has no place for, the attributes of single boxes. A
//! line that a sample came with, its boxes untouched, is written again with only its
//! `source-ref` changed, every other value byte for byte; and not even spaces between them
//! change where the image is called as before. Boxes without an inside are written as they
//! are; a box without a confidence has `{}` in `objects`, which is not 0, as Ground Truth
//! writes for what one person said. An image that nobody looked at has a line without the
//! label; one with nothing on it has a label without boxes.

mod read;
mod write;

use roadloop_manifest::{BoxLabel, LabelKind, Line, ManifestError};

pub(super) use read::{read, read_one};
pub(super) use write::Writer;

/// An attribute, and what it holds.
type Found = (String, BoxLabel<[f64; 4]>);

/// The boxes of a line, and the attribute they are in. Of several, as adjustments leave
/// them, the newest by their `creation-date`; where one does not say, the last.
fn label_of(line: &Line) -> Result<Option<Found>, ManifestError> {
    let mut found: Vec<Found> = Vec::new();
    for (attribute, kind) in line.labels() {
        if kind != LabelKind::Boxes {
            continue;
        }
        if let Some(label) = line.boxes_as_written(&attribute)? {
            found.push((attribute, label));
        }
    }
    if found.iter().all(|(_, label)| label.created.is_some()) {
        // The same length up to the fraction, so that letters order them; zones are all UTC.
        found.sort_by(|(_, a), (_, b)| a.created.cmp(&b.created));
    }
    Ok(found.pop())
}
