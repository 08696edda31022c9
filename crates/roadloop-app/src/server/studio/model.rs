//! What the API speaks of, as JSON. Boxes of models are fractions of the image, boxes of
//! people its pixels; times are ISO, UTC, with nine digits behind the second.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use roadloop_base::{
    Annotation, BBox, Camera, Detection, DrawnBox, FrameId, FrameRow, Kind, MAX_SEQUENCE, PixelBox,
    RecordingId,
};
use roadloop_engine::catalog::Hit;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::problem::Problem;

/// A frame by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct FrameName {
    pub(super) recording: String,
    pub(super) camera: String,
    /// Of the image in its topic, from 0.
    #[schema(minimum = 0)]
    pub(super) sequence: u32,
}

impl FrameName {
    pub(super) fn of(id: &FrameId) -> FrameName {
        let FrameId { recording, camera, sequence } = id;
        FrameName {
            recording: recording.to_string(),
            camera: camera.to_string(),
            sequence: *sequence,
        }
    }

    pub(super) fn id(&self) -> Result<FrameId, Problem> {
        if self.sequence > MAX_SEQUENCE {
            return Err(Problem::not_found(format!("no frame has the number {}", self.sequence)));
        }
        Ok(FrameId {
            recording: recording(&self.recording)?,
            camera: camera(&self.camera)?,
            sequence: self.sequence,
        })
    }
}

pub(super) fn recording(name: &str) -> Result<RecordingId, Problem> {
    RecordingId::new(name).map_err(|error| Problem::invalid(error.to_string()))
}

pub(super) fn camera(name: &str) -> Result<Camera, Problem> {
    Camera::new(name).map_err(|error| Problem::invalid(error.to_string()))
}

/// Something that a model says is on a frame.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FoundBox {
    pub(super) label: String,
    /// `object`, `scene`, `face`, `plate`, `text`.
    #[schema(value_type = String)]
    pub(super) kind: Kind,
    /// 0 to 1.
    pub(super) confidence: f32,
    /// Left, top, right, bottom as fractions; absent for what is said of the whole image.
    #[schema(min_items = 4, max_items = 4)]
    pub(super) bbox: Option<[f32; 4]>,
    pub(super) model: String,
}

impl FoundBox {
    fn of(found: &Detection) -> FoundBox {
        let sides = |bbox: BBox| [bbox.left(), bbox.top(), bbox.right(), bbox.bottom()];
        FoundBox {
            label: found.label.clone(),
            kind: found.kind,
            confidence: found.confidence,
            bbox: found.bbox.map(sides),
            model: found.model.to_string(),
        }
    }
}

/// A box that a person drew, or took over from a model. Whole pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonsBox {
    #[schema(min_length = 1, max_length = 100)]
    pub(super) label: String,
    #[schema(minimum = 0)]
    pub(super) left: u32,
    #[schema(minimum = 0)]
    pub(super) top: u32,
    #[schema(minimum = 1)]
    pub(super) width: u32,
    #[schema(minimum = 1)]
    pub(super) height: u32,
    /// Of the model it was taken over from as it was.
    #[schema(minimum = 0, maximum = 1)]
    pub(super) confidence: Option<f32>,
    /// Words about this box.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(super) tags: Vec<String>,
}

impl PersonsBox {
    pub(super) fn of(drawn: &DrawnBox) -> PersonsBox {
        // What was saved here are whole numbers.
        let whole = |side: f64| side.round().clamp(0.0, f64::from(u32::MAX)) as u32;
        let DrawnBox { label, pixels, confidence, tags } = drawn;
        PersonsBox {
            label: label.clone(),
            left: whole(pixels.left()),
            top: whole(pixels.top()),
            width: whole(pixels.width()),
            height: whole(pixels.height()),
            confidence: *confidence,
            tags: tags.clone(),
        }
    }

    pub(super) fn drawn(self) -> Result<DrawnBox, Problem> {
        let PersonsBox { label, left, top, width, height, confidence, tags } = self;
        let sides = [left, top, width, height].map(f64::from);
        let pixels = PixelBox::new(sides[0], sides[1], sides[2], sides[3]);
        let pixels = pixels.ok_or_else(|| {
            Problem::invalid(format!("a box of {label} needs a width and a height above 0"))
        })?;
        Ok(DrawnBox { label, pixels, confidence, tags })
    }
}

/// All that a person says is on a frame.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SavedAnnotation {
    pub(super) boxes: Vec<PersonsBox>,
    pub(super) author: String,
    pub(super) saved_at: String,
    /// Names what was saved: who changes it sends it as `If-Match`.
    pub(super) revision: String,
}

impl SavedAnnotation {
    pub(super) fn of(annotation: &Annotation) -> SavedAnnotation {
        SavedAnnotation {
            boxes: annotation.boxes.iter().map(PersonsBox::of).collect(),
            author: annotation.author.clone(),
            saved_at: annotation.saved_at.iso(),
            revision: annotation.revision.to_string(),
        }
    }
}

/// A frame, as a grid shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FrameItem {
    pub(super) recording: String,
    pub(super) camera: String,
    pub(super) sequence: u32,
    pub(super) taken_at: String,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The name of its image's file, for the routes of images.
    pub(super) image: String,
    /// It has an anonymised copy.
    pub(super) anonymized: bool,
    /// A detector has looked at it.
    pub(super) looked_at: bool,
    pub(super) tags: Vec<String>,
    /// What models say.
    pub(super) boxes: Vec<FoundBox>,
    /// What a person says, which holds in the place of the models' objects.
    pub(super) annotation: Option<SavedAnnotation>,
}

impl FrameItem {
    pub(super) fn new(hit: &Hit, tags: Vec<String>, annotation: Option<&Annotation>) -> FrameItem {
        let FrameRow { id, taken_at, width, height, .. } = &hit.frame;
        FrameItem {
            recording: id.recording.to_string(),
            camera: id.camera.to_string(),
            sequence: id.sequence,
            taken_at: taken_at.iso(),
            width: *width,
            height: *height,
            image: image_file(&hit.frame),
            anonymized: hit.anonymized,
            looked_at: hit.looked_at,
            tags,
            boxes: hit.detections.iter().map(FoundBox::of).collect(),
            annotation: annotation.map(SavedAnnotation::of),
        }
    }
}

pub(super) fn image_file(frame: &FrameRow) -> String {
    frame.image.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Where a filter is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FilterTrouble {
    pub(super) message: String,
    /// The first character of the place, in UTF-16 units as JavaScript counts.
    pub(super) from: usize,
    /// The one behind the last.
    pub(super) to: usize,
}

/// An answer with a word by which it is known whether it is another one.
#[derive(Debug)]
pub(super) struct Tagged<T> {
    pub(super) tag: String,
    pub(super) answer: T,
}

impl<T: IntoResponse> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&quoted(&self.tag)) {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}

/// A short word for some bytes: other ones for others.
pub(super) fn word_of(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An entity tag as headers have it.
pub(super) fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

/// The tags of `If-None-Match` or `If-Match`, without quotes.
pub(super) fn tags_in(headers: &HeaderMap, name: header::HeaderName) -> Vec<String> {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let tags = texts.flat_map(|text| text.split(','));
    tags.map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_read() {
        let mut headers = HeaderMap::new();
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("*"));
        assert_eq!(tags_in(&headers, header::IF_NONE_MATCH), ["a", "b", "*"]);
        assert!(tags_in(&headers, header::IF_MATCH).is_empty());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", "..", "a/b", ".hidden", "a\0b"] {
            let frame =
                FrameName { recording: name.to_owned(), camera: "c".to_owned(), sequence: 0 };
            assert!(frame.id().is_err(), "{name:?}");
        }
    }
}
