//! What came of a job: files, pictures, who did what.

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use roadloop_engine::EngineError;
use roadloop_engine::catalog::Format;
use roadloop_engine::labels::Job;
use roadloop_engine::stages::label::refs::Switch;
use roadloop_engine::stages::label::{
    self, Images, SheetSettings, statistics_picture, statistics_rows,
};
use roadloop_engine::stages::search::Shown;
use roadloop_engine::vision::{MAX_TILES, encode_png};
use roadloop_users::Permission;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::model::WorkerItem;
use super::{file, job_named};
use crate::render::in_words;
use crate::server::problem::Problem;
use crate::server::studio::Studio;
use crate::server::studio::guard::{Caller, blocking, now};

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum StatisticsForm {
    #[default]
    Json,
    Csv,
    /// A picture.
    Png,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::server::studio) struct StatisticsAsked {
    #[serde(default)]
    #[param(inline)]
    format: StatisticsForm,
}

/// Who labelled how much, how fast and how well
#[utoipa::path(get, operation_id = "job_statistics", path = "/api/v1/jobs/{job}/statistics", tag = "labelling",
    params(("job" = String, Path), StatisticsAsked),
    responses((status = 200, content((Vec<WorkerItem> = "application/json"), (String = "text/csv"),
            (String = "image/png"))),
        (status = 404, description = "there is no such job")))]
pub(in crate::server::studio) async fn statistics(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    asked: Result<Query<StatisticsAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    caller.must(Permission::See)?;
    let (name, Query(StatisticsAsked { format })) = (job_named(&name?.0)?, asked?);
    let of = name.clone();
    let people = studio.labels(move |labels| labels.statistics(&of)).await?;
    match format {
        StatisticsForm::Json => {
            let people: Vec<WorkerItem> = people.into_iter().map(WorkerItem::of).collect();
            Ok(Json(people).into_response())
        }
        StatisticsForm::Csv => {
            let mut bytes = Vec::new();
            statistics_rows(&people)?.write(Format::Csv, &mut bytes)?;
            Ok(file(format!("{name}-workers.csv"), "text/csv; charset=utf-8", bytes))
        }
        StatisticsForm::Png => {
            let title = name.to_string();
            let drawing = move || encode_png(&statistics_picture(&title, &people));
            let bytes = blocking(drawing).await?.map_err(EngineError::from)?;
            Ok(([(header::CONTENT_TYPE, "image/png")], bytes).into_response())
        }
    }
}

/// Which image references lead to.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum References {
    #[default]
    Anonymized,
    Raw,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::server::studio) struct ManifestAsked {
    /// Which images the lines lead to: `raw` is what training takes.
    #[serde(default)]
    #[param(inline)]
    images: References,
}

/// A job's results as an augmented manifest
#[utoipa::path(get, operation_id = "job_manifest", path = "/api/v1/jobs/{job}/export", tag = "labelling",
    params(("job" = String, Path), ManifestAsked),
    responses((status = 200, content_type = "application/x-ndjson", body = String),
        (status = 404, description = "there is no such job")))]
pub(in crate::server::studio) async fn manifest(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    asked: Result<Query<ManifestAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    caller.must(Permission::Export)?;
    let (name, Query(ManifestAsked { images })) = (job_named(&name?.0)?, asked?);
    let images = match images {
        References::Anonymized => None,
        References::Raw => {
            caller.must(Permission::SeeRaw)?;
            Some(Shown::Raw)
        }
    };
    let switch = Switch { images, renames: Vec::new() };
    let job = studio.labels(move |labels| labels.job(&name, now())).await?;
    studio.note(&caller, "export job", job.name.to_string()).await;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.manifest\"", job.name)),
    ];
    let body = Body::from_stream(pieces(studio, Arc::new(job), Arc::new(switch)));
    Ok((headers, body).into_response())
}

fn pieces(
    studio: Arc<Studio>,
    job: Arc<Job>,
    switch: Arc<Switch>,
) -> impl futures::Stream<Item = Result<Bytes, io::Error>> + Send {
    stream::try_unfold(0, move |after| {
        let (studio, job, switch) = (Arc::clone(&studio), Arc::clone(&job), Arc::clone(&switch));
        async move {
            let lines = label::lines(&studio.labels, &job, after, &switch).await;
            // The connection breaks off: who asked does not take half for the whole.
            let lines = lines.map_err(|error| io::Error::other(in_words(&error)))?;
            Ok(lines.map(|(text, last, _)| (Bytes::from(text), last)))
        }
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::server::studio) struct SheetAsked {
    /// So many images, at most 60.
    #[param(minimum = 1, maximum = 60)]
    sample: Option<usize>,
    /// Another seed shows others.
    #[serde(default)]
    seed: u64,
}

/// Some labelled images on one picture
#[utoipa::path(get, operation_id = "job_sheet", path = "/api/v1/jobs/{job}/sheet", tag = "labelling",
    params(("job" = String, Path), SheetAsked),
    responses((status = 200, content_type = "image/png", body = String),
        (status = 404, description = "there is no such job, or nothing is labelled yet")))]
pub(in crate::server::studio) async fn sheet(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    asked: Result<Query<SheetAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    caller.must(Permission::See)?;
    let (name, Query(SheetAsked { sample, seed })) = (job_named(&name?.0)?, asked?);
    let sample = sample.unwrap_or(10);
    if !(1..=MAX_TILES).contains(&sample) {
        return Err(Problem::invalid(format!("a sheet shows 1 to {MAX_TILES} images")));
    }
    let settings = SheetSettings { sample, seed, images: Images::Anonymized };
    let (pixels, _) = label::sheet(&studio.ctx, &studio.labels, &name, settings).await?;
    let encoding = move || encode_png(&pixels);
    let bytes = blocking(encoding).await?.map_err(EngineError::from)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], bytes).into_response())
}
