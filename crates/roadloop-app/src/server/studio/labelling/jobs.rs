//! Jobs for who makes them and looks after them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use roadloop_engine::labels::LabelError;
use roadloop_users::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use super::job_named;
use super::model::{ConsolidationItem, JobDetail, JobItem};
use crate::server::problem::Problem;
use crate::server::studio::Studio;
use crate::server::studio::guard::{Caller, now};

/// Labelling jobs, the newest first
#[utoipa::path(get, operation_id = "jobs", path = "/api/v1/jobs", tag = "labelling",
    responses((status = 200, body = Vec<JobItem>)))]
pub(in crate::server::studio) async fn all(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<Vec<JobItem>>, Problem> {
    caller.must(Permission::See)?;
    let mut jobs = studio.labels(|labels| labels.jobs(now())).await?;
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
    Ok(Json(jobs.iter().map(JobItem::of).collect()))
}

/// A labelling job
#[utoipa::path(get, operation_id = "job", path = "/api/v1/jobs/{job}", tag = "labelling",
    params(("job" = String, Path)),
    responses((status = 200, body = JobDetail), (status = 404, description = "there is no such job")))]
pub(in crate::server::studio) async fn one(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<JobDetail>, Problem> {
    caller.must(Permission::See)?;
    let name = job_named(&name?.0)?;
    let detail = studio.labels(move |labels| {
        let job = labels.job(&name, now())?;
        Ok(JobDetail::new(&job, labels.instructions(&name)?, labels.picture_names(&name)?))
    });
    Ok(Json(detail.await?))
}

/// A picture of a job's instructions
#[utoipa::path(get, operation_id = "job_picture", path = "/api/v1/jobs/{job}/pictures/{name}", tag = "labelling",
    params(("job" = String, Path), ("name" = String, Path)),
    responses((status = 200, content_type = "image/png", body = String),
        (status = 404, description = "there is no such picture")))]
pub(in crate::server::studio) async fn picture(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    names: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((job, name)) = names?;
    let job = job_named(&job)?;
    studio.must_see_or_work_on(&caller, &job).await?;
    let picture = studio.labels(move |labels| labels.picture(&job, &name)).await?;
    let headers = [
        (header::CONTENT_TYPE, picture.media_type),
        (header::CACHE_CONTROL, "private, max-age=3600".to_owned()),
    ];
    Ok((headers, picture.bytes).into_response())
}

/// Whether people are given tasks.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NextState {
    Open,
    Closed,
}

/// What a job is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct StateChange {
    #[schema(inline)]
    state: NextState,
}

/// Closes a job, or lets it go on
#[utoipa::path(post, operation_id = "set_job_state", path = "/api/v1/jobs/{job}/state", tag = "labelling",
    params(("job" = String, Path)), request_body = StateChange,
    responses((status = 200, body = JobItem), (status = 404, description = "there is no such job")))]
pub(in crate::server::studio) async fn set_state(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    change: Result<Json<StateChange>, JsonRejection>,
) -> Result<Json<JobItem>, Problem> {
    caller.must(Permission::Edit)?;
    let (name, Json(StateChange { state })) = (job_named(&name?.0)?, change?);
    let work = async move {
        let (by, of) = (caller.name().to_owned(), name.clone());
        let changed = studio.labels(move |labels| {
            match state {
                NextState::Open => labels.reopen(&of, &by, now())?,
                NextState::Closed => labels.close(&of, &by, now())?,
            };
            labels.job(&of, now())
        });
        let job = changed.await?;
        let action = match state {
            NextState::Open => "reopen job",
            NextState::Closed => "close job",
        };
        studio.note(&caller, action, name.to_string()).await;
        Ok(JobItem::of(&job))
    };
    Studio::to_the_end(work).await.map(Json)
}

/// Puts people's boxes together by other settings
///
/// What a reviewer decided stays as it is.
#[utoipa::path(put, operation_id = "set_consolidation", path = "/api/v1/jobs/{job}/consolidation", tag = "labelling",
    params(("job" = String, Path)), request_body = ConsolidationItem,
    responses((status = 200, body = JobItem), (status = 404, description = "there is no such job")))]
pub(in crate::server::studio) async fn set_consolidation(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    settings: Result<Json<ConsolidationItem>, JsonRejection>,
) -> Result<Json<JobItem>, Problem> {
    caller.must(Permission::Edit)?;
    let (name, Json(settings)) = (job_named(&name?.0)?, settings?);
    let work = async move {
        let of = name.clone();
        let changed = studio.labels(move |labels| -> Result<_, LabelError> {
            labels.set_consolidation(&of, &settings.settings(), now())?;
            labels.job(&of, now())
        });
        let job = changed.await?;
        studio.note(&caller, "set consolidation", name.to_string()).await;
        Ok(JobItem::of(&job))
    };
    Studio::to_the_end(work).await.map(Json)
}
