//! Finders of what must not be seen: faces, number plates, writing.
//!
//! Each knows one published model and runs it at the picture's own size, since
//! a face lost to downscaling is a face shown. What is done to what they find
//! is not known here.

pub(crate) mod face;
pub(crate) mod plate;
pub(crate) mod regions;
pub(crate) mod text;

use roadloop_base::{Detection, Kind, ModelId};

use crate::letterbox::Layout;
use crate::model::{Element, Model, SessionOptions, describe};
use crate::nms::Candidate;
use crate::{ModelError, Pixels};

pub use face::open_face_finder;
pub use plate::open_plate_finder;
pub use text::open_text_finder;

/// All three models halve their input five times.
const MULTIPLE: usize = 32;

/// How carefully a finder looks; each has its own defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FinderOptions {
    /// What scores less is left out.
    pub confidence: Option<f32>,
    /// Larger pictures are scaled down to this, in pixels of the longer side:
    /// it bounds time and memory, and is what recall is paid with.
    pub longest_side: Option<u32>,
    pub session: SessionOptions,
}

/// Checks that a model takes one picture of any size, and that its outputs
/// are as many and as wide as the finder reads: `sides` gives, for each, the
/// place of an axis and its length.
fn check_model(
    model: &dyn Model,
    wanted: &'static str,
    understood: &'static str,
    outputs: &[(usize, usize, usize)],
) -> Result<(), ModelError> {
    let input_fits = match model.inputs() {
        [picture] => {
            picture.element == Element::F32
                && matches!(picture.shape[..], [_, channels, None, None] if channels.is_none_or(|c| c == 3))
        }
        _ => false,
    };
    let outputs_fit = outputs.iter().all(|(index, axis, length)| {
        model.outputs().get(*index).is_some_and(|port| {
            port.element == Element::F32
                && port.shape.get(*axis).is_some_and(|side| side.is_none_or(|side| side == *length))
        })
    });
    if input_fits && outputs_fit {
        return Ok(());
    }
    Err(ModelError::WrongModel {
        model: model.name().to_owned(),
        wanted,
        found: describe(model),
        understood,
    })
}

/// The picture at its own size times `zoom`, or smaller where that is too large.
fn layout(image: &Pixels, zoom: f64, longest_side: u32) -> Layout {
    let longest = f64::from(image.width().max(image.height()));
    let scale = zoom.min(f64::from(longest_side.max(1)) / longest);
    Layout::scaled(image, scale, MULTIPLE)
}

fn detections(found: Vec<Candidate>, kind: Kind, label: &str, model: &ModelId) -> Vec<Detection> {
    let detection = |one: Candidate| Detection {
        kind,
        label: label.to_owned(),
        confidence: one.score.clamp(0.0, 1.0),
        bbox: Some(one.bbox),
        model: model.clone(),
    };
    found.into_iter().map(detection).collect()
}
