//! What Amazon Rekognition answers, answered by our models: `DetectLabels`,
//! `DetectFaces` and `DetectText`, as a POST of JSON with the operation in the header
//! `X-Amz-Target`.
//!
//! A program that asks Amazon asks here instead when its endpoint is this one. Nobody's
//! signature is looked at. What only Amazon knows (who somebody is, how old, in what
//! mood) is not answered, and neither are its other operations.

mod answer;
mod counts;
mod question;
mod texts;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use roadloop_base::ErrorKind;
use roadloop_engine::look::{LookError, Looking, read_image};
use roadloop_engine::store::address;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::text::{CONTENT_TYPE, Text};
use super::{problem, process};
use crate::render::in_words;
use counts::Counts;
use question::{Image, Question, S3Object};

/// Amazon's: bytes of an image in a question, and of one in a bucket.
const MOST_BYTES: usize = 5 << 20;
const MOST_BYTES_IN_BUCKET: u64 = 15 << 20;

/// Bytes of a question: its image in base64, and room for the rest.
const QUESTION_BYTES: usize = MOST_BYTES / 3 * 4 + (64 << 10);

/// Questions that wait for a core; those beyond are told to come back.
const WAITING: usize = 16;

const TARGET: &str = "RekognitionService.";

/// What is said where something is wrong: a code programs know, and words.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

/// Who answers.
#[derive(Debug)]
pub(crate) struct Rekognition {
    looking: Looking,
    /// Buckets whose objects may be looked at; any where none is named.
    buckets: Vec<String>,
    places: Semaphore,
    counts: Counts,
    started_at: SystemTime,
}

impl Rekognition {
    /// On so many cores.
    pub(crate) fn new(looking: Looking, buckets: Vec<String>, cores: usize) -> Rekognition {
        Rekognition {
            looking,
            buckets,
            places: Semaphore::new(cores + WAITING),
            counts: Counts::default(),
            started_at: SystemTime::now(),
        }
    }

    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/", post(asked))
            .route("/healthz", get(alive))
            .route("/readyz", get(alive))
            .route("/metrics", get(metrics))
            .with_state(Arc::new(self))
    }
}

/// The models are open before anybody is answered: who lives is ready.
async fn alive(State(served): State<Arc<Rekognition>>) -> Response {
    let uptime = served.started_at.elapsed().unwrap_or_default();
    let models: Vec<&str> = served.looking.models().collect();
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({"version": version, "uptime_s": uptime.as_secs_f64(), "models": models}))
        .into_response()
}

async fn metrics(State(served): State<Arc<Rekognition>>) -> Response {
    let mut text = Text::default();
    served.counts.write(&mut text);
    process::write(&mut text, served.started_at);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.into_string()).into_response()
}

async fn asked(State(served): State<Arc<Rekognition>>, headers: HeaderMap, body: Body) -> Response {
    let started = Instant::now();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix(TARGET)).and_then(operation);
    let answered = match operation {
        Some(operation) => served.answer(operation, body).await,
        None => Err(Refusal::of(
            "UnknownOperationException",
            "only DetectLabels, DetectFaces and DetectText are answered here",
        )),
    };
    let code = answered.as_ref().map_or_else(|refusal| refusal.code, |_| "");
    served.counts.answered(operation.unwrap_or(""), code, started.elapsed());
    let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
    match answered {
        Ok(answer) => (kind, answer.to_string()).into_response(),
        Err(Refusal { status, code, message }) => {
            (status, kind, json!({"__type": code, "Message": message}).to_string()).into_response()
        }
    }
}

/// What a bucket of Amazon may be called: nothing an address would be taken for.
fn is_bucket(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !name.is_empty() && name.len() <= 255 && name.bytes().all(is_plain)
}

/// The operations that are answered.
fn operation(name: &str) -> Option<&'static str> {
    ["DetectLabels", "DetectFaces", "DetectText"].into_iter().find(|known| *known == name)
}

impl Rekognition {
    async fn answer(&self, operation: &str, body: Body) -> Result<Value, Refusal> {
        // Before the question is read: what waits for a core holds its image.
        let Ok(_place) = self.places.try_acquire() else {
            let words = "more is asked than can be answered; ask again in a moment";
            return Err(Refusal::of("ThrottlingException", words));
        };
        let body = to_bytes(body, QUESTION_BYTES).await.map_err(|_| Refusal::too_large())?;
        let mut question = Question::read(&body).map_err(Refusal::invalid)?;
        drop(body);
        let image = self.image(std::mem::take(&mut question.image)).await?;
        match operation {
            "DetectLabels" => {
                let asked = question.labels().map_err(Refusal::invalid)?;
                let found = self.looking.labels(image).await?;
                let model = self.looking.models().next().unwrap_or_default();
                Ok(answer::labels(&found, &asked, model))
            }
            "DetectFaces" => Ok(answer::faces(&self.looking.faces(image).await?)),
            _ => {
                let wanted = question.filters.wanted().map_err(Refusal::invalid)?;
                let lines = self.looking.texts(image).await?;
                Ok(texts::answer(&lines, &wanted, self.looking.reader()))
            }
        }
    }

    async fn image(&self, image: Image) -> Result<Bytes, Refusal> {
        match image {
            Image { bytes: Some(text), s3_object: None } => {
                let bytes = BASE64_STANDARD.decode(text).map_err(|error| {
                    Refusal::invalid(format!("Image.Bytes is not base64: {error}"))
                })?;
                if bytes.len() > MOST_BYTES {
                    return Err(Refusal::too_large());
                }
                Ok(bytes.into())
            }
            Image { bytes: None, s3_object: Some(object) } => self.fetch(&object).await,
            _ => Err(Refusal::invalid("Image must have one of Bytes and S3Object")),
        }
    }

    async fn fetch(&self, object: &S3Object) -> Result<Bytes, Refusal> {
        let S3Object { bucket, name, version } = object;
        if version.is_some() {
            return Err(Refusal::invalid("S3Object.Version is not looked at here"));
        }
        if !self.buckets.is_empty() && !self.buckets.contains(bucket) {
            let words = format!("objects of the bucket {bucket} are not looked at here");
            return Err(Refusal::of("AccessDeniedException", words));
        }
        if !is_bucket(bucket) {
            return Err(Refusal::of("InvalidS3ObjectException", "no bucket is called that"));
        }
        match read_image(&address("s3", bucket, name), MOST_BYTES_IN_BUCKET).await {
            Ok(Some(image)) => Ok(image),
            Ok(None) => Err(Refusal::too_large()),
            Err(error) => Err(Refusal::of("InvalidS3ObjectException", in_words(&error))),
        }
    }
}

impl Refusal {
    fn of(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::of("InvalidParameterException", message)
    }

    fn too_large() -> Refusal {
        Refusal::of("ImageTooLargeException", "an image may have 5 MiB, in a bucket 15 MiB")
    }
}

impl From<LookError> for Refusal {
    fn from(error: LookError) -> Refusal {
        match error {
            LookError::Image(reason) => Refusal::of("InvalidImageFormatException", reason),
            LookError::Engine(error) => Refusal {
                status: problem::status_of(ErrorKind::Internal),
                code: "InternalServerError",
                message: in_words(&error),
            },
        }
    }
}
