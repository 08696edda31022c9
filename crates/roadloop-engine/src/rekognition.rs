//! Amazon Rekognition as the one who looks at frames: `DetectLabels` says what is on
//! one, `DetectFaces` and `DetectText` what must not be seen.
//!
//! An image is sent as it lies in the store where Amazon takes that, a PNG or JPEG of up
//! to 5 MiB; any other is sent as a JPEG. Labels are kept in lower case, as models have
//! them. Who is asked too much slows down ([`Pace`]) and waits; what it was asked for is
//! not lost, and counts as no failure.

mod answers;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use roadloop_base::{Detection, ModelId};
use roadloop_queue::aws::{AwsClient, AwsError, AwsService};
use roadloop_vision::{decode_bytes, encode_jpeg};

use crate::pace::Pace;
use crate::stages::FrameError;
use crate::{Cpu, EngineError};

/// What Amazon takes in one call, before base64 (its guidelines and quotas).
const MOST_BYTES: usize = 5 << 20;

/// Calls on their way at once: an answer takes some tenths of a second, and small
/// accounts are granted five a second, large ones fifty.
pub(crate) const AT_ONCE: usize = 16;

/// JPEGs made for sending, the second where the first is too large.
const QUALITIES: [u8; 2] = [92, 75];

#[derive(Debug)]
pub(crate) struct Rekognition {
    client: AwsClient,
    pace: Pace,
    model: ModelId,
}

impl Rekognition {
    /// As the environment says. Fails where no credentials are found.
    pub(crate) async fn open() -> Result<Rekognition, EngineError> {
        let client = AwsClient::new(AwsService::REKOGNITION).await;
        Ok(Rekognition::of(client.map_err(EngineError::Rekognition)?))
    }

    fn of(client: AwsClient) -> Rekognition {
        // The version of the interface, 2016-06-27. What Amazon has behind it changes
        // without a word.
        let model = ModelId::from_content("rekognition", [0x20, 0x16, 0x06, 0x27]);
        Rekognition { client, pace: Pace::new(), model }
    }

    pub(crate) fn model(&self) -> &ModelId {
        &self.model
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.client.endpoint()
    }

    /// What is on an image, found at least so surely (0 to 1): things with their boxes,
    /// and words about the whole image.
    pub(crate) async fn labels(
        &self,
        cpu: &Cpu,
        image: &Bytes,
        confidence: f32,
    ) -> Result<Vec<Detection>, FrameError> {
        let mut question = self.question(cpu, image).await?;
        question["MinConfidence"] = json!(f64::from(confidence) * 100.0);
        let answer = self.ask("DetectLabels", &question).await?;
        answers::labels(answer, confidence, &self.model).map_err(unreadable)
    }

    /// Faces and writing, number plates among it.
    pub(crate) async fn private(
        &self,
        cpu: &Cpu,
        image: &Bytes,
    ) -> Result<Vec<Detection>, FrameError> {
        let question = self.question(cpu, image).await?;
        let (faces, texts) = tokio::try_join!(
            self.ask("DetectFaces", &question),
            self.ask("DetectText", &question)
        )?;
        let mut found = answers::faces(faces, &self.model).map_err(unreadable)?;
        found.extend(answers::texts(texts, &self.model).map_err(unreadable)?);
        Ok(found)
    }

    async fn question(&self, cpu: &Cpu, image: &Bytes) -> Result<Value, FrameError> {
        let image = match is_taken(image) {
            true => image.clone(),
            false => {
                let image = image.clone();
                cpu.run(move || as_jpeg(&image)).await.map_err(FrameError::Broken)??
            }
        };
        Ok(json!({"Image": {"Bytes": BASE64_STANDARD.encode(&image)}}))
    }

    /// Asks until it is answered or refused for good.
    async fn ask(&self, operation: &str, question: &Value) -> Result<Value, FrameError> {
        let call = async || self.client.call_once(operation, question).await;
        self.pace.until_granted(call).await.map_err(failed)
    }
}

/// An image Amazon will not have is damaged; with anything else no image will be had.
fn failed(error: AwsError) -> FrameError {
    let of_image = ["InvalidImageFormatException", "ImageTooLargeException"];
    match error.is_code(&of_image) {
        true => FrameError::Damaged(format!("Amazon Rekognition: {error}")),
        false => FrameError::Broken(EngineError::Rekognition(error)),
    }
}

fn unreadable(source: serde_json::Error) -> FrameError {
    let source = AwsError::Unreadable { source: source.into() };
    FrameError::Broken(EngineError::Rekognition(source))
}

fn is_taken(image: &[u8]) -> bool {
    let is_png = image.starts_with(b"\x89PNG\r\n\x1a\n");
    let is_jpeg = image.starts_with(b"\xff\xd8\xff");
    (is_png || is_jpeg) && image.len() <= MOST_BYTES
}

fn as_jpeg(image: &Bytes) -> Result<Bytes, FrameError> {
    let damaged = |error: roadloop_vision::VisionError| FrameError::Damaged(error.to_string());
    let pixels = decode_bytes(image).map_err(damaged)?;
    for quality in QUALITIES {
        let jpeg = encode_jpeg(&pixels, quality).map_err(damaged)?;
        if jpeg.len() <= MOST_BYTES {
            return Ok(jpeg.into());
        }
    }
    Err(FrameError::Damaged("it is larger than the 5 MiB that Amazon Rekognition takes".to_owned()))
}

#[cfg(test)]
mod tests;
