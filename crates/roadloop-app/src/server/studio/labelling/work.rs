//! Tasks for who does them: one after the other, and nobody else's answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use roadloop_engine::labels::{AssignmentId, LabelError, Submitted};
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job_named;
use super::task_model::{AnswerItem, VerdictItem};
use super::work_model::{AssignmentItem, WorkDetail, WorkItemItem};
use crate::server::problem::Problem;
use crate::server::studio::Studio;
use crate::server::studio::guard::{Caller, now};
use crate::server::studio::model::PersonsBox;

/// Jobs with something to do for who asks
#[utoipa::path(get, operation_id = "work", path = "/api/v1/work", tag = "labelling",
    responses((status = 200, body = Vec<WorkItemItem>)))]
pub(in crate::server::studio) async fn all(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<Vec<WorkItemItem>>, Problem> {
    caller.must(Permission::Label)?;
    let worker = caller.name().to_owned();
    let items = studio.labels(move |labels| labels.work(&worker, now())).await?;
    Ok(Json(items.iter().map(WorkItemItem::of).collect()))
}

/// What a job is about, for who does its tasks
#[utoipa::path(get, operation_id = "work_on", path = "/api/v1/work/{job}", tag = "labelling",
    params(("job" = String, Path)),
    responses((status = 200, body = WorkDetail),
        (status = 404, description = "there is no such job, or nothing in it for who asks")))]
pub(in crate::server::studio) async fn about(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<WorkDetail>, Problem> {
    caller.must(Permission::Label)?;
    let name = job_named(&name?.0)?;
    studio.must_see_or_work_on(&caller, &name).await?;
    let detail = studio.labels(move |labels| {
        let (instructions, pictures) = (labels.instructions(&name)?, labels.picture_names(&name)?);
        Ok(WorkDetail { job: name.to_string(), instructions, pictures })
    });
    Ok(Json(detail.await?))
}

/// The next task of a job
///
/// The one who asks has in hand already, or one that nobody else is to have; it is theirs
/// until its deadline.
#[utoipa::path(post, operation_id = "next_task", path = "/api/v1/work/{job}/next", tag = "labelling",
    params(("job" = String, Path)),
    responses((status = 200, body = AssignmentItem),
        (status = 204, description = "there is nothing to do for who asks"),
        (status = 404, description = "there is no such job")))]
pub(in crate::server::studio) async fn next(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    caller.must(Permission::Label)?;
    let (name, worker) = (job_named(&name?.0)?, caller.name().to_owned());
    let given = studio.labels(move |labels| {
        let given = labels.next(&name, &worker, now())?;
        given.map(|given| AssignmentItem::of(labels, &given)).transpose()
    });
    Ok(match given.await? {
        Some(item) => Json(item).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// A task that was handed to who asks
#[utoipa::path(get, operation_id = "assignment", path = "/api/v1/work/assignments/{id}", tag = "labelling",
    params(("id" = i64, Path)),
    responses((status = 200, body = AssignmentItem),
        (status = 404, description = "it is not yours, or there is none")))]
pub(in crate::server::studio) async fn one(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<AssignmentItem>, Problem> {
    caller.must(Permission::Label)?;
    let (Path(id), worker) = (id?, caller.name().to_owned());
    let given = studio.labels(move |labels| {
        AssignmentItem::of(labels, &labels.assignment(AssignmentId(id), &worker)?)
    });
    Ok(Json(given.await?))
}

/// The anonymised image of a task that was handed to who asks
#[utoipa::path(get, operation_id = "assignment_image", path = "/api/v1/work/assignments/{id}/image", tag = "labelling",
    params(("id" = i64, Path)),
    responses((status = 200, content_type = "image/jpeg", body = String),
        (status = 304, description = "the one with that entity tag"),
        (status = 404, description = "it is not yours, or there is no image of it here")))]
pub(in crate::server::studio) async fn image(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.must(Permission::Label)?;
    let (Path(id), worker) = (id?, caller.name().to_owned());
    let given = studio.labels(move |labels| labels.assignment(AssignmentId(id), &worker)).await?;
    let key = given.image_key.ok_or_else(|| {
        Problem::not_found("the image of this task is not among the anonymised frames here")
    })?;
    studio.task_image(&key, None, &headers).await
}

/// What somebody did so far.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct NewDraft {
    /// The revision it was made from.
    base: u64,
    /// All that is there so far; none says that there is nothing.
    #[schema(max_items = 1000)]
    boxes: Option<Vec<PersonsBox>>,
    verdict: Option<VerdictItem>,
}

/// A draft that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct KeptDraft {
    revision: u64,
}

/// A draft that was saved from elsewhere meanwhile.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct OtherDraft {
    detail: String,
    revision: u64,
    boxes: Option<Vec<PersonsBox>>,
    verdict: Option<VerdictItem>,
}

/// Keeps what was done so far
#[utoipa::path(put, operation_id = "save_draft", path = "/api/v1/work/assignments/{id}/draft", tag = "labelling",
    params(("id" = i64, Path)), request_body = NewDraft,
    responses((status = 200, body = KeptDraft),
        (status = 404, description = "it is not yours, or there is none"),
        (status = 409, body = OtherDraft, description = "saved from elsewhere meanwhile, or answered")))]
pub(in crate::server::studio) async fn draft(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
    draft: Result<Json<NewDraft>, JsonRejection>,
) -> Result<Response, Problem> {
    caller.must(Permission::Label)?;
    let (Path(id), Json(NewDraft { base, boxes, verdict })) = (id?, draft?);
    let answer = AnswerItem { boxes, verdict }.answer()?;
    let worker = caller.name().to_owned();
    let saved = studio.labels(move |labels| {
        match labels.save_draft(AssignmentId(id), &worker, base, &answer) {
            Err(LabelError::DraftChanged { revision, draft }) => Ok(Err((revision, draft))),
            saved => saved.map(Ok),
        }
    });
    Ok(match saved.await? {
        Ok(revision) => Json(KeptDraft { revision }).into_response(),
        Err((revision, draft)) => {
            let detail = "this task was worked on from elsewhere meanwhile".to_owned();
            let AnswerItem { boxes, verdict } =
                draft.as_ref().map(AnswerItem::of).unwrap_or_default();
            let other = OtherDraft { detail, revision, boxes, verdict };
            (StatusCode::CONFLICT, Json(other)).into_response()
        }
    })
}

/// What somebody says of a task, and how long they looked at it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct NewAnswer {
    /// None at all says that there is nothing.
    #[schema(max_items = 1000)]
    boxes: Option<Vec<PersonsBox>>,
    verdict: Option<VerdictItem>,
    #[schema(minimum = 0)]
    seconds: f64,
}

/// What became of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct AnswerDone {
    /// `counted`, `already_counted`, `kept_as_draft`.
    outcome: String,
    /// Why it is not counted.
    detail: Option<String>,
}

/// Answers a task
///
/// The same answer sent again is counted once. One that comes after the deadline is kept as
/// a draft.
#[utoipa::path(post, operation_id = "answer_task", path = "/api/v1/work/assignments/{id}/answer", tag = "labelling",
    params(("id" = i64, Path)), request_body = NewAnswer,
    responses((status = 200, body = AnswerDone),
        (status = 404, description = "it is not yours, or there is none")))]
pub(in crate::server::studio) async fn answer(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
    answer: Result<Json<NewAnswer>, JsonRejection>,
) -> Result<Json<AnswerDone>, Problem> {
    caller.must(Permission::Label)?;
    let (Path(id), Json(NewAnswer { boxes, verdict, seconds })) = (id?, answer?);
    let answer = AnswerItem { boxes, verdict }.answer()?;
    let worker = caller.name().to_owned();
    let submit = move |labels: &roadloop_engine::labels::Labels| {
        labels.submit(AssignmentId(id), &worker, &answer, seconds, now())
    };
    let (outcome, detail) = match studio.labels(submit).await? {
        Submitted::Counted => ("counted", None),
        Submitted::AlreadyCounted => ("already_counted", None),
        Submitted::KeptAsDraft { reason } => ("kept_as_draft", Some(reason.to_string())),
    };
    Ok(Json(AnswerDone { outcome: outcome.to_owned(), detail }))
}

/// Why a task is skipped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct SkipReason {
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// Skips a task: others are asked
#[utoipa::path(post, operation_id = "skip_task", path = "/api/v1/work/assignments/{id}/skip", tag = "labelling",
    params(("id" = i64, Path)), request_body = SkipReason,
    responses((status = 204), (status = 404, description = "it is not yours, or there is none"),
        (status = 409, description = "it is not in your hands any more")))]
pub(in crate::server::studio) async fn skip(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
    skip: Result<Json<SkipReason>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    caller.must(Permission::Label)?;
    let (Path(id), Json(SkipReason { reason })) = (id?, skip?);
    let worker = caller.name().to_owned();
    let skip = studio.labels(move |labels| labels.skip(AssignmentId(id), &worker, &reason, now()));
    skip.await.map(|()| StatusCode::NO_CONTENT)
}

/// What is to be talked about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct FlagComment {
    #[schema(min_length = 1, max_length = 2000)]
    comment: String,
}

/// Asks for a talk about a task
#[utoipa::path(post, operation_id = "flag_task", path = "/api/v1/work/assignments/{id}/flag", tag = "labelling",
    params(("id" = i64, Path)), request_body = FlagComment,
    responses((status = 204), (status = 404, description = "it is not yours, or there is none")))]
pub(in crate::server::studio) async fn flag(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
    flag: Result<Json<FlagComment>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    caller.must(Permission::Label)?;
    let (Path(id), Json(FlagComment { comment })) = (id?, flag?);
    let worker = caller.name().to_owned();
    let flag = studio.labels(move |labels| labels.flag(AssignmentId(id), &worker, &comment, now()));
    flag.await.map(|()| StatusCode::NO_CONTENT)
}

/// Gives a task back, without a word
#[utoipa::path(post, operation_id = "release_task", path = "/api/v1/work/assignments/{id}/release", tag = "labelling",
    params(("id" = i64, Path)),
    responses((status = 204), (status = 404, description = "it is not yours, or there is none"),
        (status = 409, description = "it is not in your hands any more")))]
pub(in crate::server::studio) async fn release(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    caller.must(Permission::Label)?;
    let (Path(id), worker) = (id?, caller.name().to_owned());
    let release = studio.labels(move |labels| labels.release(AssignmentId(id), &worker, now()));
    release.await.map(|()| StatusCode::NO_CONTENT)
}
