//! Tags: words that people put on frames, and take off.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use roadloop_engine::catalog::{Filter, Tag, Tagging};
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Studio;
use super::filters::parsed;
use super::guard::Caller;
use super::model::FrameName;
use crate::server::problem::Problem;

/// Frames that can be named one by one.
const MOST_FRAMES: usize = 500;

/// Put on or taken off.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TagAction {
    Add,
    Remove,
}

/// Frames that one filter names: filters are of some length.
const FILTER_FRAMES: usize = 100;

/// A tag for the frames of a filter, or for some that are named.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TagChange {
    /// Letters, digits, `_`, `-` and `.`.
    #[schema(min_length = 1, max_length = 100)]
    tag: String,
    action: TagAction,
    /// All frames of a filter; an empty one is every frame.
    filter: Option<String>,
    /// At most 500, in the place of a filter.
    #[schema(max_items = 500)]
    frames: Option<Vec<FrameName>>,
}

/// What became of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct TagDone {
    /// Frames it was about.
    matched: u64,
    /// Those of them on which it changed something.
    changed: u64,
}

/// Tags frames, or takes a tag off them
#[utoipa::path(post, operation_id = "change_tag", path = "/api/v1/tags", tag = "tags", request_body = TagChange,
    responses((status = 200, body = TagDone)))]
pub(super) async fn change(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    change: Result<Json<TagChange>, JsonRejection>,
) -> Result<Json<TagDone>, Problem> {
    caller.must(Permission::Edit)?;
    let Json(TagChange { tag, action, filter, frames }) = change?;
    let tag = Tag::new(&tag).map_err(|error| Problem::invalid(error.to_string()))?;
    let tagging = match action {
        TagAction::Add => Tagging::Add,
        TagAction::Remove => Tagging::Remove,
    };
    let filters = match (filter, frames) {
        (Some(filter), None) => vec![parsed(&filter)?],
        (None, Some(frames)) => filters_of(&frames)?,
        _ => return Err(Problem::invalid("name either a filter or frames")),
    };
    let work = async move {
        let mut done = TagDone::default();
        for filter in filters {
            let tagged = studio.ctx.catalog.tag(&filter, &tag, tagging).await?;
            done.matched += tagged.matched;
            done.changed += tagged.changed;
        }
        studio.views.changed().await;
        let action = match tagging {
            Tagging::Add => "tag",
            Tagging::Remove => "untag",
        };
        studio.note(&caller, action, format!("{tag}, {} frames", done.changed)).await;
        Ok(done)
    };
    Ok(Json(Studio::to_the_end(work).await?))
}

/// Filters that find just these frames: some for each camera.
fn filters_of(frames: &[FrameName]) -> Result<Vec<Filter>, Problem> {
    if frames.len() > MOST_FRAMES {
        return Err(Problem::invalid(format!("at most {MOST_FRAMES} frames can be named")));
    }
    let mut cameras = BTreeMap::<(String, String), Vec<String>>::new();
    for frame in frames {
        let id = frame.id()?;
        let camera = (id.recording.to_string(), id.camera.to_string());
        cameras.entry(camera).or_default().push(id.sequence.to_string());
    }
    let mut filters = Vec::new();
    for ((recording, camera), sequences) in cameras {
        for some in sequences.chunks(FILTER_FRAMES) {
            filters.push(parsed(&format!(
                "recording = \"{recording}\" and camera = \"{camera}\" and sequence in ({})",
                some.join(", ")
            ))?);
        }
    }
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(camera: &str, sequence: u32) -> FrameName {
        FrameName { recording: "d-1".to_owned(), camera: camera.to_owned(), sequence }
    }

    #[test]
    fn named_frames_are_filters() {
        let filters = filters_of(&[frame("a", 1), frame("b", 7), frame("a", 3)]).unwrap();
        let texts: Vec<String> = filters.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("sequence in (1, 3)"), "{texts:?}");
        assert!(filters_of(&[frame("a\" or \"b", 1)]).is_err());
        let many: Vec<FrameName> = (0..500).map(|sequence| frame("a", sequence * 16_000)).collect();
        assert_eq!(filters_of(&many).unwrap().len(), 5);
        assert!(filters_of(&vec![frame("a", 1); 501]).is_err());
    }
}
