//! Boxes that people draw on frames.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_base::AnnotationRevision;
use roadloop_users::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Studio;
use super::guard::Caller;
use super::model::{FrameName, PersonsBox, SavedAnnotation, quoted, tags_in};
use crate::server::problem::Problem;

/// All that a person says is on a frame.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAnnotation {
    /// None at all says that there is nothing.
    #[schema(max_items = 2000)]
    boxes: Vec<PersonsBox>,
}

/// Keeps what is on a frame
///
/// `If-Match` names the revision that is changed; `If-None-Match: *` says that there was
/// none. Who comes second is told so, and nothing is lost.
#[utoipa::path(put, operation_id = "save_annotation", path = "/api/v1/frames/{recording}/{camera}/{sequence}/annotation",
    tag = "frames", request_body = NewAnnotation,
    params(("recording" = String, Path), ("camera" = String, Path),
        ("sequence" = u32, Path, minimum = 0),
        ("If-Match" = Option<String>, Header), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = SavedAnnotation),
        (status = 409, description = "somebody else saved meanwhile"),
        (status = 428, description = "say what is changed")))]
pub(super) async fn save(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<FrameName>, PathRejection>,
    headers: HeaderMap,
    annotation: Result<Json<NewAnnotation>, JsonRejection>,
) -> Result<Response, Problem> {
    caller.must(Permission::Edit)?;
    let (Path(name), Json(NewAnnotation { boxes })) = (name?, annotation?);
    let base = base_of(&headers)?;
    let hit = studio.hit(&name.id()?).await?;
    let boxes = boxes.into_iter().map(PersonsBox::drawn).collect::<Result<Vec<_>, _>>()?;
    let work = async move {
        let catalog = &studio.ctx.catalog;
        let saved = catalog.annotate(&hit.frame, boxes, caller.name(), base.as_ref()).await?;
        studio.views.changed().await;
        studio.note(&caller, "save boxes", hit.frame.id.to_string()).await;
        Ok(saved)
    };
    let saved = Studio::to_the_end(work).await?;
    let tag = quoted(saved.revision.as_str());
    Ok(([(header::ETAG, tag)], Json(SavedAnnotation::of(&saved))).into_response())
}

/// Takes back what people said of a frame
///
/// What models say holds again.
#[utoipa::path(delete, operation_id = "take_back_annotation", path = "/api/v1/frames/{recording}/{camera}/{sequence}/annotation",
    tag = "frames",
    params(("recording" = String, Path), ("camera" = String, Path),
        ("sequence" = u32, Path, minimum = 0), ("If-Match" = String, Header)),
    responses((status = 204), (status = 409, description = "somebody else saved meanwhile"),
        (status = 428, description = "say what is taken back")))]
pub(super) async fn take_back(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<FrameName>, PathRejection>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.must(Permission::Edit)?;
    let Path(name) = name?;
    let base = base_of(&headers)?.ok_or_else(Problem::needs_condition)?;
    let hit = studio.hit(&name.id()?).await?;
    let work = async move {
        studio.ctx.catalog.take_back(&hit.frame, &base).await?;
        studio.views.changed().await;
        studio.note(&caller, "take back boxes", hit.frame.id.to_string()).await;
        Ok(())
    };
    Studio::to_the_end(work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The revision that is changed; `None` where there was none.
fn base_of(headers: &HeaderMap) -> Result<Option<AnnotationRevision>, Problem> {
    let is_new = headers.get(header::IF_NONE_MATCH) == Some(&HeaderValue::from_static("*"));
    let mut named = tags_in(headers, header::IF_MATCH).into_iter();
    match (is_new, named.next(), named.next()) {
        (true, None, None) => Ok(None),
        (false, Some(tag), None) => match AnnotationRevision::new(&tag) {
            Some(revision) => Ok(Some(revision)),
            None => Err(Problem::invalid(format!("{tag:?} is no revision of an annotation"))),
        },
        _ => Err(Problem::needs_condition()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(header::HeaderName, &'static str)], expected: Option<Option<&str>>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        let base = base_of(&map).ok();
        let base = base.map(|base| base.map(|revision| revision.to_string()));
        assert_eq!(base, expected.map(|base| base.map(str::to_owned)));
    }

    #[test]
    fn what_is_changed_must_be_said() {
        check(&[(header::IF_MATCH, "\"a1\"")], Some(Some("a1")));
        check(&[(header::IF_NONE_MATCH, "*")], Some(None));
        check(&[], None);
        check(&[(header::IF_MATCH, "*")], None);
        check(&[(header::IF_MATCH, "\"a\", \"b\"")], None);
        check(&[(header::IF_MATCH, "\"a\""), (header::IF_NONE_MATCH, "*")], None);
    }
}
