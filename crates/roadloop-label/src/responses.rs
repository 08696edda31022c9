//! What single people answered, and what was made of it, in files as Ground Truth keeps
//! them under `annotations/`: `worker-response/<iteration>/<image>/<time>.json`, and
//! `consolidated-annotation/`.

use std::collections::BTreeMap;

use roadloop_base::{DrawnBox, Nanos};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::verdict::Verdict;
use roadloop_manifest::{Line, ManifestError, Pixels, VERDICTS, json};

/// One person's answer about one image.
#[derive(Clone, Copy, Debug)]
pub struct WorkerResponse<'a> {
    /// Who; Ground Truth has a number there that says nothing else.
    pub worker: &'a str,
    pub accepted_at: Nanos,
    pub submitted_at: Nanos,
    /// At work on it, without pauses.
    pub seconds: f64,
    pub answer: WorkerAnswer<'a>,
}

#[derive(Clone, Copy, Debug)]
pub enum WorkerAnswer<'a> {
    Boxes {
        boxes: &'a [DrawnBox],
        /// Width and height of the image.
        size: (u32, u32),
        /// Of an adjustment job: whether they changed what was there.
        changed: Option<bool>,
    },
    Verdict(&'a Verdict),
}

/// A file of them, `{"answers":[…]}`; Ground Truth has one each. `issuer` names what gave
/// the workers their names.
pub fn write_responses(
    responses: &[WorkerResponse],
    issuer: &str,
) -> Result<String, ManifestError> {
    let answers = responses.iter().map(|response| answer(response, issuer)).collect();
    text(&File { answers })
}

/// What was made of the answers about some images, each by its number in the job: the
/// label of that attribute as its line has it. An image without one is left out.
pub fn write_consolidated<'a>(
    images: impl IntoIterator<Item = (u64, &'a Line)>,
    attribute: &str,
) -> Result<String, ManifestError> {
    let about = format!("{attribute}-metadata");
    let mut all = Vec::new();
    for (number, line) in images {
        let (Some(label), Some(metadata)) = (line.get(attribute), line.get(&about)) else {
            continue;
        };
        all.push(ConsolidatedImage {
            dataset_object_id: number.to_string(),
            consolidated_annotation: ConsolidatedContent {
                content: BTreeMap::from([(attribute, label), (&about, metadata)]),
            },
        });
    }
    text(&all)
}

fn text(file: &impl Serialize) -> Result<String, ManifestError> {
    serde_json::to_string(file).map_err(|error| ManifestError::Unwritable {
        key: "annotations".to_owned(),
        reason: json(&error),
    })
}

fn answer<'a>(response: &WorkerResponse<'a>, issuer: &'a str) -> Answer<'a> {
    let content = match response.answer {
        WorkerAnswer::Boxes { boxes, size: (width, height), changed } => {
            let bounding_boxes = boxes.iter().map(bounding_box).collect();
            let input_image_properties = Size { width, height };
            Content::Boxes {
                bounding_box: BoundingBoxes {
                    bounding_boxes,
                    input_image_properties,
                    initial_value_modified: changed,
                },
            }
        }
        WorkerAnswer::Verdict(Verdict { is_good, comment }) => Content::Verdict {
            verdict: Class { label: VERDICTS[usize::from(!is_good)] },
            comment: comment.as_deref(),
        },
    };
    Answer {
        acceptance_time: time(response.accepted_at),
        answer_content: content,
        submission_time: time(response.submitted_at),
        time_spent_in_seconds: response.seconds,
        worker_id: response.worker,
        worker_metadata: WorkerMetadata {
            identity_data: Identity {
                identity_provider_type: "Roadloop",
                issuer,
                sub: response.worker,
            },
        },
    }
}

fn bounding_box(drawn: &DrawnBox) -> BoundingBox<'_> {
    let pixels = drawn.pixels;
    BoundingBox {
        height: Pixels(pixels.height()),
        label: &drawn.label,
        left: Pixels(pixels.left()),
        top: Pixels(pixels.top()),
        width: Pixels(pixels.width()),
    }
}

/// `2020-12-28T18:59:58.321Z`.
fn time(at: Nanos) -> String {
    let mut text = at.iso();
    // Of `.321000000Z`.
    text.truncate(text.len().saturating_sub(7));
    text.push('Z');
    text
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConsolidatedImage<'a> {
    dataset_object_id: String,
    consolidated_annotation: ConsolidatedContent<'a>,
}

#[derive(Serialize)]
struct ConsolidatedContent<'a> {
    content: BTreeMap<&'a str, &'a RawValue>,
}

#[derive(Serialize)]
struct File<'a> {
    answers: Vec<Answer<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    acceptance_time: String,
    answer_content: Content<'a>,
    submission_time: String,
    time_spent_in_seconds: f64,
    worker_id: &'a str,
    worker_metadata: WorkerMetadata<'a>,
}

/// The keys are names of widgets on the worker's page; the template decides them.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Boxes {
        #[serde(rename = "boundingBox")]
        bounding_box: BoundingBoxes<'a>,
    },
    Verdict {
        verdict: Class,
        #[serde(skip_serializing_if = "Option::is_none")]
        comment: Option<&'a str>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BoundingBoxes<'a> {
    bounding_boxes: Vec<BoundingBox<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value_modified: Option<bool>,
    input_image_properties: Size,
}

#[derive(Serialize)]
struct BoundingBox<'a> {
    height: Pixels,
    label: &'a str,
    left: Pixels,
    top: Pixels,
    width: Pixels,
}

#[derive(Serialize)]
struct Size {
    height: u32,
    width: u32,
}

#[derive(Serialize)]
struct Class {
    label: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkerMetadata<'a> {
    identity_data: Identity<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    identity_provider_type: &'static str,
    issuer: &'a str,
    sub: &'a str,
}

#[cfg(test)]
mod tests {
    use roadloop_base::PixelBox;

    use super::*;

    #[track_caller]
    fn check(answer: WorkerAnswer, expected: &str) {
        let response = WorkerResponse {
            worker: "ada",
            accepted_at: Nanos(1_609_181_955_191_000_000),
            submitted_at: Nanos(1_609_181_998_321_999_999),
            seconds: 40.543,
            answer,
        };
        let text = write_responses(&[response], "studio").unwrap();
        let expected = format!(
            "{{\"answers\":[{{\"acceptanceTime\":\"2020-12-28T18:59:15.191Z\",\
             \"answerContent\":{expected},\"submissionTime\":\"2020-12-28T18:59:58.321Z\",\
             \"timeSpentInSeconds\":40.543,\"workerId\":\"ada\",\
             \"workerMetadata\":{{\"identityData\":{{\"identityProviderType\":\"Roadloop\",\
             \"issuer\":\"studio\",\"sub\":\"ada\"}}}}}}]}}"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn boxes_of_a_worker() {
        let drawn = DrawnBox {
            label: "traffic \"light\"".to_owned(),
            pixels: PixelBox::new(10.0, 20.0, 30.0, 4.5).unwrap(),
            confidence: None,
            tags: vec!["occluded".to_owned()],
        };
        let boxes = [drawn];
        check(
            WorkerAnswer::Boxes { boxes: &boxes, size: (640, 480), changed: None },
            r#"{"boundingBox":{"boundingBoxes":[{"height":4.5,"label":"traffic \"light\"","left":10,"top":20,"width":30}],"inputImageProperties":{"height":480,"width":640}}}"#,
        );
        check(
            WorkerAnswer::Boxes { boxes: &[], size: (640, 480), changed: Some(true) },
            r#"{"boundingBox":{"boundingBoxes":[],"initialValueModified":true,"inputImageProperties":{"height":480,"width":640}}}"#,
        );
    }

    #[test]
    fn verdict_of_a_worker() {
        let mut verdict = Verdict { is_good: false, comment: Some("too wide".to_owned()) };
        check(
            WorkerAnswer::Verdict(&verdict),
            r#"{"verdict":{"label":"bad"},"comment":"too wide"}"#,
        );
        verdict = Verdict { is_good: true, comment: None };
        check(WorkerAnswer::Verdict(&verdict), r#"{"verdict":{"label":"good"}}"#);
    }

    #[test]
    fn what_was_made_of_them() {
        let line = |text: &str| Line::parse(text).unwrap();
        let done = line(r#"{"source-ref":"s3://b/0.png","av":{"a": 1.50},"av-metadata":{},"x":1}"#);
        let not = line(r#"{"source-ref":"s3://b/1.png","x":1}"#);
        let text = write_consolidated([(0, &done), (1, &not)], "av").unwrap();
        let expected = r#"[{"datasetObjectId":"0","consolidatedAnnotation":{"content":{"av":{"a": 1.50},"av-metadata":{}}}}]"#;
        assert_eq!(text, expected);
    }
}
