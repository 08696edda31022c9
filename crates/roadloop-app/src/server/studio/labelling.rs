//! Labelling jobs: those who make and review them ask [`jobs`] and [`tasks`], those who draw
//! ask [`work`], where nothing is shown that others answered.

pub(super) mod jobs;
pub(super) mod making;
pub(super) mod model;
pub(super) mod results;
pub(super) mod task_model;
pub(super) mod tasks;
pub(super) mod work;
pub(super) mod work_model;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_engine::EngineError;
use roadloop_engine::labels::{JobName, LabelError, Labels};
use roadloop_engine::pictures::{self, Fetched, THUMBNAIL_SIDES, Which};
use roadloop_users::Permission;

use super::Studio;
use super::guard::{Caller, blocking, now};
use super::model::{quoted, tags_in};
use crate::server::problem::Problem;

/// How long a browser shows an image of a task without asking whether it is the same.
const FRESH: HeaderValue = HeaderValue::from_static("private, max-age=300");

/// How often leases that ran out are ended, so that lists are right; who asks for a task ends
/// those they come upon.
const EVERY: Duration = Duration::from_secs(15);

/// Ends leases that ran out, for as long as there is a studio.
pub(super) async fn end_leases(labels: Labels) {
    loop {
        tokio::time::sleep(EVERY).await;
        let labels = labels.clone();
        if let Ok(Err(error)) = blocking(move || labels.expire(now())).await {
            tracing::warn!("leases of labelling tasks were not ended: {error}");
        }
    }
}

impl From<LabelError> for Problem {
    fn from(error: LabelError) -> Problem {
        EngineError::from(error).into()
    }
}

impl Studio {
    /// Asks the file of jobs.
    pub(super) async fn labels<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Labels) -> Result<T, LabelError> + Send + 'static,
    ) -> Result<T, Problem> {
        let studio = Arc::clone(self);
        Ok(blocking(move || work(&studio.labels)).await??)
    }

    /// What a job is about is for who sees the catalog, and for who has something to do in it
    /// or did.
    async fn must_see_or_work_on(
        self: &Arc<Self>,
        caller: &Caller,
        job: &JobName,
    ) -> Result<(), Problem> {
        if caller.may(Permission::See) {
            return Ok(());
        }
        caller.must(Permission::Label)?;
        let worker = caller.name().to_owned();
        let items = self.labels(move |labels| labels.work(&worker, now())).await?;
        match items.iter().any(|item| item.job == *job) {
            true => Ok(()),
            false => Err(Problem::not_found(format!("there is nothing for you in {job}"))),
        }
    }

    /// The anonymised image with that key, whole or as a thumbnail: there is no other way to
    /// an image of a task, and no way from here to a raw one.
    async fn task_image(
        &self,
        key: &str,
        side: Option<u32>,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        if side
            .is_some_and(|side| !(1..=THUMBNAIL_SIDES[THUMBNAIL_SIDES.len() - 1]).contains(&side))
        {
            return Err(Problem::invalid("a side of a thumbnail has 1 to 960 pixels"));
        }
        let missing = || Problem::not_found("there is no anonymised copy of this image any more");
        let name = pictures::anonymized_named(key).ok_or_else(missing)?;
        let known = tags_in(headers, header::IF_NONE_MATCH);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let which = Which::Anonymized;
        let fetched = match side {
            Some(side) => self.thumbnails.get(&self.ctx, &name, which, side, &known).await,
            None => pictures::image(&self.ctx, &name, which, &known).await,
        };
        match fetched {
            Ok(Fetched::Same) => {
                Ok((StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, FRESH)]).into_response())
            }
            Ok(Fetched::New(picture)) => {
                let headers = [
                    (header::CONTENT_TYPE, picture.media_type.to_owned()),
                    (header::ETAG, quoted(&picture.tag)),
                ];
                Ok((headers, [(header::CACHE_CONTROL, FRESH)], picture.bytes).into_response())
            }
            Err(error) if pictures::is_missing(&error) => Err(missing()),
            Err(EngineError::Vision(error)) => {
                Err(Problem::unprocessable(format!("the image cannot be decoded: {error}")))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn job_named(name: &str) -> Result<JobName, Problem> {
    name.parse().map_err(|_| Problem::not_found(format!("no job is called {name:?}")))
}

/// A file that a browser keeps under a name.
fn file(name: String, media_type: &'static str, bytes: impl Into<Bytes>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, bytes.into()).into_response()
}
