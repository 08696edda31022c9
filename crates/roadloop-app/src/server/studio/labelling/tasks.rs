//! Tasks for who reviews them: everybody's answers, what they come to, what is decided.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use roadloop_engine::labels::{Answer, Flagged, Review, Ruling, TaskOrder, TaskQuery, TaskState};
use roadloop_users::Permission;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::job_named;
use super::task_model::{TaskDetailItem, TaskItem, TaskList, drawn};
use crate::server::problem::Problem;
use crate::server::studio::Studio;
use crate::server::studio::guard::{Caller, now};
use crate::server::studio::model::PersonsBox;

/// Tasks of a page, at most.
const MOST: u32 = 200;

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Number,
    /// Those whose answers agree least first.
    Worst,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::server::studio) struct TasksAsked {
    /// `waiting`, `done`, `in_review`, `approved`, `corrected`, `sent_back`, `failed`; all
    /// where nothing is said.
    state: Option<String>,
    /// Only those that somebody wants to be talked about.
    #[serde(default)]
    flagged: bool,
    #[serde(default)]
    #[param(inline)]
    order: Order,
    #[serde(default)]
    offset: u64,
    #[param(minimum = 0, maximum = 200)]
    limit: Option<u32>,
}

/// Tasks of a job
#[utoipa::path(get, operation_id = "job_tasks", path = "/api/v1/jobs/{job}/tasks", tag = "labelling",
    params(("job" = String, Path), TasksAsked),
    responses((status = 200, body = TaskList), (status = 404, description = "there is no such job")))]
pub(in crate::server::studio) async fn all(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    asked: Result<Query<TasksAsked>, QueryRejection>,
) -> Result<Json<TaskList>, Problem> {
    caller.must(Permission::See)?;
    let (name, Query(asked)) = (job_named(&name?.0)?, asked?);
    let states = match &asked.state {
        None => Vec::new(),
        Some(state) => vec![
            TaskState::named(state)
                .ok_or_else(|| Problem::invalid(format!("tasks are never {state:?}")))?,
        ],
    };
    let query = TaskQuery {
        states,
        flagged: if asked.flagged { Flagged::Only } else { Flagged::Any },
        order: match asked.order {
            Order::Number => TaskOrder::Number,
            Order::Worst => TaskOrder::WorstFirst,
        },
        offset: asked.offset,
        limit: asked.limit.unwrap_or(60).min(MOST),
    };
    let page = studio.labels(move |labels| labels.tasks(&name, &query)).await?;
    Ok(Json(TaskList { total: page.total, tasks: page.tasks.iter().map(TaskItem::of).collect() }))
}

/// A task with everybody's answers
#[utoipa::path(get, operation_id = "job_task", path = "/api/v1/jobs/{job}/tasks/{number}", tag = "labelling",
    params(("job" = String, Path), ("number" = u64, Path, minimum = 0)),
    responses((status = 200, body = TaskDetailItem),
        (status = 404, description = "there is no such task")))]
pub(in crate::server::studio) async fn one(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    names: Result<Path<(String, u64)>, PathRejection>,
) -> Result<Json<TaskDetailItem>, Problem> {
    caller.must(Permission::See)?;
    let Path((name, number)) = names?;
    let name = job_named(&name)?;
    let detail = studio.labels(move |labels| labels.task(&name, number)).await?;
    Ok(Json(TaskDetailItem::of(&detail)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::server::studio) struct TaskImageAsked {
    /// Pixels of the longer side, rounded up to 160, 320, 480 or 960: a thumbnail. The whole
    /// image where nothing is said.
    #[param(minimum = 1, maximum = 960)]
    side: Option<u32>,
}

/// The anonymised image of a task
#[utoipa::path(get, operation_id = "task_image", path = "/api/v1/jobs/{job}/tasks/{number}/image", tag = "labelling",
    params(("job" = String, Path), ("number" = u64, Path, minimum = 0), TaskImageAsked),
    responses((status = 200, content_type = "image/jpeg", body = String),
        (status = 304, description = "the one with that entity tag"),
        (status = 404, description = "there is no such task, or no image of it here")))]
pub(in crate::server::studio) async fn image(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    names: Result<Path<(String, u64)>, PathRejection>,
    asked: Result<Query<TaskImageAsked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.must(Permission::See)?;
    let (Path((name, number)), Query(TaskImageAsked { side })) = (names?, asked?);
    let name = job_named(&name)?;
    let key = studio.labels(move |labels| labels.image(&name, number, None)).await?;
    let key = key.ok_or_else(|| {
        Problem::not_found("the image of this task is not among the anonymised frames here")
    })?;
    studio.task_image(&key, side, &headers).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DecisionAsked {
    /// The result is right.
    Approve,
    /// These boxes are right.
    Correct,
    /// Somebody is to do it again.
    SendBack,
    /// What was flagged is talked about.
    SettleFlag,
}

/// What a reviewer says of a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct NewDecision {
    #[schema(inline)]
    decision: DecisionAsked,
    /// Of the task, as it was looked at.
    revision: u64,
    /// What is right, where it is corrected.
    #[schema(max_items = 1000)]
    boxes: Option<Vec<PersonsBox>>,
    /// Who it goes back to.
    worker: Option<String>,
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

impl NewDecision {
    fn review(self, by: &str) -> Result<Review, Problem> {
        let ruling = match (self.decision, self.boxes, self.worker) {
            (DecisionAsked::Approve, None, None) => Ruling::Approve,
            (DecisionAsked::Correct, Some(boxes), None) => {
                Ruling::Correct(Answer::Boxes(drawn(boxes)?))
            }
            (DecisionAsked::SendBack, None, Some(worker)) => Ruling::SendBack { worker },
            (DecisionAsked::SettleFlag, None, None) => Ruling::SettleFlag,
            (DecisionAsked::Correct, None, _) => {
                return Err(Problem::invalid("say which boxes are right"));
            }
            (DecisionAsked::SendBack, _, None) => {
                return Err(Problem::invalid("say who it goes back to"));
            }
            _ => {
                return Err(Problem::invalid(
                    "boxes are for corrections, a worker for sending back",
                ));
            }
        };
        let revision = self.revision;
        Ok(Review { by: by.to_owned(), revision, ruling, comment: self.comment })
    }
}

/// Decides about a task
///
/// Who looked at an older state of it is told so, and nothing is changed.
#[utoipa::path(post, operation_id = "decide_task", path = "/api/v1/jobs/{job}/tasks/{number}/decision", tag = "labelling",
    params(("job" = String, Path), ("number" = u64, Path, minimum = 0)), request_body = NewDecision,
    responses((status = 200, body = TaskDetailItem),
        (status = 404, description = "there is no such task"),
        (status = 409, description = "it is not as it was looked at any more")))]
pub(in crate::server::studio) async fn decide(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    names: Result<Path<(String, u64)>, PathRejection>,
    decision: Result<Json<NewDecision>, JsonRejection>,
) -> Result<Json<TaskDetailItem>, Problem> {
    caller.must(Permission::Edit)?;
    let (Path((name, number)), Json(decision)) = (names?, decision?);
    let name = job_named(&name)?;
    let action = match decision.decision {
        DecisionAsked::Approve => "approve task",
        DecisionAsked::Correct => "correct task",
        DecisionAsked::SendBack => "send task back",
        DecisionAsked::SettleFlag => "settle flag",
    };
    let review = decision.review(caller.name())?;
    let work = async move {
        let of = name.clone();
        let decided =
            studio.labels(move |labels| labels.decide(&of, number, &review, now())).await?;
        studio.note(&caller, action, format!("{name} {number}")).await;
        Ok(TaskDetailItem::of(&decided))
    };
    Studio::to_the_end(work).await.map(Json)
}
