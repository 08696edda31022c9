//! Frames: a page of those that match a filter, and one with all that is known of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use chrono::DateTime;
use roadloop_base::FrameId;
use roadloop_engine::catalog::{Hit, Matches};
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::evaluation::JudgedItem;
use super::filters::parsed;
use super::guard::Caller;
use super::model::{FrameItem, FrameName, Tagged, image_file};
use crate::server::problem::Problem;

/// Frames of a page, at most.
const MOST: usize = 200;

const USUAL: usize = 60;

/// Frames before and after one, as a strip shows them.
const NEIGHBOURS: usize = 6;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageAsked {
    /// Which frames; all where it is empty.
    #[serde(default)]
    filter: String,
    /// Frames of the answer that come before the page.
    #[serde(default)]
    offset: usize,
    /// In the place of an offset: the page begins with the first frame at this time (ISO,
    /// UTC) or after it.
    at: Option<String>,
    /// Frames of the page, at most 200.
    #[param(minimum = 0, maximum = 200)]
    limit: Option<usize>,
}

/// Some of the frames that match, by time, then recording, camera and sequence.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FramePage {
    /// Frames that match.
    total: u64,
    /// Those of them that can be looked at by pages: the earliest two million.
    reachable: usize,
    /// Frames that might match, but no model has looked at them.
    not_looked_at: u64,
    /// Frames that might match, but lack a value the filter asks for.
    without_values: u64,
    warnings: Vec<String>,
    offset: usize,
    frames: Vec<FrameItem>,
    /// Names the state of the catalog that this is of.
    state: String,
}

/// Frames that match a filter
#[utoipa::path(get, operation_id = "frames", path = "/api/v1/frames", tag = "frames", params(PageAsked),
    responses((status = 200, body = FramePage), (status = 400, description = "the filter is wrong")))]
pub(super) async fn page(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<PageAsked>, QueryRejection>,
) -> Result<Tagged<Json<FramePage>>, Problem> {
    caller.must(Permission::See)?;
    let Query(PageAsked { filter, offset, at, limit }) = asked?;
    let limit = limit.unwrap_or(USUAL);
    if limit > MOST {
        return Err(Problem::invalid(format!("at most {MOST} frames are given at once")));
    }
    let catalog = &studio.ctx.catalog;
    let (matches, state) = studio.views.get(catalog, &parsed(&filter)?).await?;
    let offset = match at {
        Some(at) => place_of(&matches, &at)?,
        None => offset,
    };
    let hits = catalog.page(&matches, offset..offset.saturating_add(limit)).await?;
    let frames = studio.items(&hits).await?;
    let count = matches.count();
    let page = FramePage {
        total: count.total,
        reachable: matches.len(),
        not_looked_at: count.not_looked_at,
        without_values: count.without_values,
        warnings: count.warnings.clone(),
        offset,
        frames,
        state: state.clone(),
    };
    Ok(Tagged { tag: format!("{state}-{offset}-{limit}"), answer: Json(page) })
}

/// The first frame that was taken at a time or after it.
fn place_of(matches: &Matches, at: &str) -> Result<usize, Problem> {
    let time = DateTime::parse_from_rfc3339(at).ok().and_then(|time| time.timestamp_nanos_opt());
    let time = time.ok_or_else(|| {
        Problem::invalid(format!("{at:?} is no time such as 2020-11-19T22:00:00Z"))
    })?;
    Ok(matches.times().partition_point(|taken_at| taken_at.0 < time))
}

impl Studio {
    /// Hits with what people know of them.
    pub(super) async fn items(&self, hits: &[Hit]) -> Result<Vec<FrameItem>, Problem> {
        let ids: Vec<FrameId> = hits.iter().map(|hit| hit.frame.id.clone()).collect();
        let catalog = &self.ctx.catalog;
        let (mut tags, annotations) =
            futures::try_join!(catalog.tags_on(&ids), catalog.annotations(&ids))?;
        let item = |hit: &Hit| {
            let id = &hit.frame.id;
            FrameItem::new(hit, tags.remove(id).unwrap_or_default(), annotations.get(id))
        };
        Ok(hits.iter().map(item).collect())
    }

    pub(super) async fn hit(&self, id: &FrameId) -> Result<Hit, Problem> {
        let hit = self.ctx.catalog.frame(id).await?;
        hit.ok_or_else(|| Problem::not_found(format!("no frame is called {id}")))
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FrameAsked {
    /// A filter among whose frames this one stands, for those before and after it there.
    filter: Option<String>,
}

/// A neighbour of a frame, as much as a strip of thumbnails needs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Neighbour {
    #[serde(flatten)]
    name: FrameName,
    taken_at: String,
    image: String,
    anonymized: bool,
}

/// Where on earth a frame was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Place {
    latitude: f64,
    longitude: f64,
    altitude: Option<f64>,
}

/// Where a frame stands among those that match a filter.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InView {
    /// From 0.
    place: usize,
    total: u64,
    previous: Option<FrameName>,
    next: Option<FrameName>,
}

/// A frame with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FrameDetail {
    #[serde(flatten)]
    frame: FrameItem,
    topic: String,
    /// The header's own time, which may be nothing.
    stamp: String,
    encoding: String,
    /// 0 to 255.
    brightness: f32,
    /// The variance of its Laplacian: the higher, the sharper.
    sharpness: f32,
    position: Option<Place>,
    /// Columns of attached tables, by their joined names.
    attached: Map<String, Value>,
    /// The frames of its camera before it, the nearest last.
    before: Vec<Neighbour>,
    /// And after it, the nearest first.
    after: Vec<Neighbour>,
    in_view: Option<InView>,
    /// The models' objects against the person's boxes, where a person looked at it: at a
    /// confidence of 0.35 and an overlap of 0.5.
    judged: Option<Vec<JudgedItem>>,
}

/// One frame
#[utoipa::path(get, operation_id = "frame", path = "/api/v1/frames/{recording}/{camera}/{sequence}", tag = "frames",
    params(
        ("recording" = String, Path), ("camera" = String, Path),
        ("sequence" = u32, Path, minimum = 0), FrameAsked),
    responses((status = 200, body = FrameDetail), (status = 404, description = "no such frame")))]
pub(super) async fn one(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<FrameName>, PathRejection>,
    asked: Result<Query<FrameAsked>, QueryRejection>,
) -> Result<Tagged<Json<FrameDetail>>, Problem> {
    caller.must(Permission::See)?;
    let (Path(name), Query(asked)) = (name?, asked?);
    let id = name.id()?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let hit = studio.hit(&id).await?;
    let (attached, (before, after)) =
        futures::try_join!(catalog.attached_to(&id), catalog.neighbours(&id, NEIGHBOURS))?;
    let in_view = match asked.filter {
        Some(filter) => studio.in_view(&filter, &hit).await?,
        None => None,
    };
    let Some(item) = studio.items(std::slice::from_ref(&hit)).await?.pop() else {
        return Err(Problem::not_found(format!("no frame is called {id}")));
    };
    let judged = studio.judged(&hit).await?;
    let neighbours = |hits: Vec<Hit>| hits.iter().map(Neighbour::of).collect();
    let row = hit.frame;
    let detail = FrameDetail {
        topic: row.topic,
        stamp: row.stamp.iso(),
        encoding: row.encoding,
        brightness: row.brightness,
        sharpness: row.sharpness,
        position: row.position.map(|position| Place {
            latitude: position.latitude(),
            longitude: position.longitude(),
            altitude: position.altitude(),
        }),
        attached,
        before: neighbours(before),
        after: neighbours(after),
        in_view,
        judged,
        frame: item,
    };
    Ok(Tagged { tag: state, answer: Json(detail) })
}

impl Neighbour {
    fn of(hit: &Hit) -> Neighbour {
        Neighbour {
            name: FrameName::of(&hit.frame.id),
            taken_at: hit.frame.taken_at.iso(),
            image: image_file(&hit.frame),
            anonymized: hit.anonymized,
        }
    }
}

impl Studio {
    async fn in_view(&self, filter: &str, hit: &Hit) -> Result<Option<InView>, Problem> {
        let catalog = &self.ctx.catalog;
        let (matches, _) = self.views.get(catalog, &parsed(filter)?).await?;
        let Some(place) = matches.place_of(&hit.frame.id, hit.frame.taken_at) else {
            return Ok(None);
        };
        let first = place.saturating_sub(1);
        let around = catalog.page(&matches, first..place + 2).await?;
        let at = around.iter().position(|other| other.frame.id == hit.frame.id);
        let name = |at: Option<usize>| Some(FrameName::of(&around.get(at?)?.frame.id));
        Ok(Some(InView {
            place,
            total: matches.count().total,
            previous: name(at.and_then(|at| at.checked_sub(1))),
            next: name(at.map(|at| at + 1)),
        }))
    }
}
