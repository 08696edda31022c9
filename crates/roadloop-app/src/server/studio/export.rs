//! Hits as a file, in the forms that `search --export` writes.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use roadloop_base::FrameId;
use roadloop_engine::catalog::{Catalog, CatalogError, ExportShape, Format, Found, Hit, Matches};
use roadloop_users::Permission;
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::filters::parsed;
use super::guard::Caller;
use super::model::SavedAnnotation;
use crate::render::in_words;
use crate::server::problem::Problem;

/// Hits that are read and written at once, where a form is written line by line.
const PIECE: usize = 500;

/// Hits of a form that is written as one; more are for `roadloop search --export`.
const MOST_WHOLE: usize = 50_000;

/// A form of hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Jsonl,
    Csv,
    Parquet,
    /// A line for each image: what people say is on it; `null` where nobody looked, which is
    /// not the same as no box.
    Annotations,
    /// A line for each image, as Amazon Rekognition answers.
    DetectLabels,
    /// A line for each image: an item, as DynamoDB imports it.
    Dynamodb,
    /// COCO's detection results.
    Coco,
    /// The images and categories that the numbers of `coco` stand for.
    CocoImages,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportAsked {
    /// Which frames; all where it is empty.
    #[serde(default)]
    filter: String,
    #[param(inline)]
    form: Form,
}

impl Form {
    fn file(self) -> &'static str {
        match self {
            Form::Jsonl => "hits.jsonl",
            Form::Csv => "hits.csv",
            Form::Parquet => "hits.parquet",
            Form::Annotations => "hits.annotations.jsonl",
            Form::DetectLabels => "hits.detect-labels.jsonl",
            Form::Dynamodb => "hits.dynamodb.jsonl",
            Form::Coco => "hits.coco.json",
            Form::CocoImages => "hits.coco.images.json",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Form::Jsonl | Form::Annotations | Form::DetectLabels | Form::Dynamodb => {
                "application/x-ndjson"
            }
            Form::Csv => "text/csv; charset=utf-8",
            Form::Parquet => "application/vnd.apache.parquet",
            Form::Coco | Form::CocoImages => "application/json",
        }
    }

    /// Whether pieces of it, one behind the other, are the whole.
    fn is_lines(self) -> bool {
        matches!(
            self,
            Form::Jsonl | Form::Csv | Form::Annotations | Form::DetectLabels | Form::Dynamodb
        )
    }

    /// The bytes of some hits; the first piece begins with what stands above all lines.
    fn write(self, hits: Vec<Hit>, is_first: bool) -> Result<Vec<u8>, CatalogError> {
        let total = hits.len() as u64;
        let found =
            Found { hits, total, not_looked_at: 0, without_values: 0, warnings: Vec::new() };
        let mut bytes = Vec::new();
        match self {
            Form::Jsonl => found.rows(Format::JsonLines)?.write(Format::JsonLines, &mut bytes)?,
            Form::Csv => found.rows(Format::Csv)?.write(Format::Csv, &mut bytes)?,
            Form::Parquet => found.rows(Format::Parquet)?.write(Format::Parquet, &mut bytes)?,
            Form::Annotations => {}
            Form::DetectLabels => found.write_as(ExportShape::DetectLabels, &mut bytes)?,
            Form::Dynamodb => found.write_as(ExportShape::DynamoDb, &mut bytes)?,
            Form::Coco => found.write_as(ExportShape::Coco, &mut bytes)?,
            Form::CocoImages => found.write_companion(&mut bytes)?,
        }
        if self == Form::Csv && !is_first {
            let header = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            bytes.drain(..header);
        }
        Ok(bytes)
    }
}

/// Hits as a file
#[utoipa::path(get, operation_id = "export", path = "/api/v1/export", tag = "filters", params(ExportAsked),
    responses((status = 200, content_type = "application/octet-stream", body = String)))]
pub(super) async fn export(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<ExportAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    caller.must(Permission::Export)?;
    let Query(ExportAsked { filter, form }) = asked?;
    let (matches, _) = studio.views.get(&studio.ctx.catalog, &parsed(&filter)?).await?;
    let matches_len = matches.len();
    let body = match form.is_lines() {
        true => Body::from_stream(pieces(Arc::clone(&studio), matches, form)),
        false if matches.len() > MOST_WHOLE => {
            return Err(Problem::invalid(format!(
                "a file of this form holds at most {MOST_WHOLE} frames; write more with: \
                 roadloop search FILTER --export FILE"
            )));
        }
        false => {
            let hits = studio.ctx.catalog.page(&matches, 0..matches.len()).await?;
            let write = tokio::task::spawn_blocking(move || form.write(hits, true));
            let bytes = write.await.map_err(|_| Problem::busy("the work was stopped"))??;
            Body::from(bytes)
        }
    };
    let about = format!("{}, {} frames: {filter}", form.file(), matches_len);
    studio.note(&caller, "export", about).await;
    let headers = [
        (header::CONTENT_TYPE, form.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", form.file())),
    ];
    Ok((headers, body).into_response())
}

/// A line for each hit, with what people say of it.
async fn annotated(catalog: &Catalog, hits: &[Hit]) -> Result<Vec<u8>, CatalogError> {
    let ids: Vec<FrameId> = hits.iter().map(|hit| hit.frame.id.clone()).collect();
    let said = catalog.annotations(&ids).await?;
    let mut lines = Vec::new();
    for hit in hits {
        let frame = &hit.frame;
        let line = json!({
            "recording": frame.id.recording, "camera": frame.id.camera,
            "sequence": frame.id.sequence, "taken_at": frame.taken_at.iso(),
            "image": frame.image, "width": frame.width, "height": frame.height,
            "annotation": said.get(&frame.id).map(SavedAnnotation::of),
        });
        lines.extend_from_slice(line.to_string().as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

fn pieces(
    studio: Arc<Studio>,
    matches: Arc<Matches>,
    form: Form,
) -> impl futures::Stream<Item = Result<Bytes, io::Error>> + Send {
    stream::unfold(0, move |from| {
        let (studio, matches) = (Arc::clone(&studio), Arc::clone(&matches));
        async move {
            // No hit at all is a file too: with its header.
            if from > 0 && from >= matches.len() {
                return None;
            }
            let catalog = studio.ctx.catalog.clone();
            // The connection breaks off: who asked does not take half for the whole.
            let piece = async {
                let hits = catalog.page(&matches, from..from + PIECE).await?;
                match form {
                    Form::Annotations => annotated(&catalog, &hits).await,
                    form => form.write(hits, from == 0),
                }
            };
            let piece = piece.await.map(Bytes::from);
            let piece = piece.map_err(|error| io::Error::other(in_words(&error)));
            Some((piece, from + PIECE))
        }
    })
}
