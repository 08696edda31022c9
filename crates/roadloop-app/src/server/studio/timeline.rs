//! When frames were taken, and where.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use roadloop_base::Nanos;
use roadloop_engine::catalog::Filter;
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::filters::parsed;
use super::guard::Caller;
use super::model::{FrameName, Tagged};
use crate::server::problem::Problem;

/// Stretches of a timeline, at most, and usually.
const MOST_STEPS: usize = 2000;
const USUAL_STEPS: usize = 240;

/// Points of a map: more are drawn over each other.
const MOST_POINTS: usize = 20_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TimelineAsked {
    /// Which frames; all where it is empty.
    #[serde(default)]
    filter: String,
    /// Frames of which the time is parted: those of this filter are counted beside.
    #[serde(default)]
    within: String,
    /// Stretches of time, at most 2000.
    #[param(minimum = 1, maximum = 2000)]
    steps: Option<usize>,
}

/// Frames by when they were taken, in stretches of the same length. Long times without
/// any frame are there as well.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Timeline {
    /// When the first stretch begins; nothing where there are no frames.
    from: Option<String>,
    /// When the last frame was taken.
    to: Option<String>,
    step_seconds: f64,
    /// Frames of each stretch that match the filter.
    matching: Vec<u64>,
    /// And those of `within`.
    all: Vec<u64>,
}

/// Frames over time
#[utoipa::path(get, operation_id = "timeline", path = "/api/v1/timeline", tag = "filters", params(TimelineAsked),
    responses((status = 200, body = Timeline)))]
pub(super) async fn timeline(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<TimelineAsked>, QueryRejection>,
) -> Result<Tagged<Json<Timeline>>, Problem> {
    caller.must(Permission::See)?;
    let Query(TimelineAsked { filter, within, steps }) = asked?;
    let steps = steps.unwrap_or(USUAL_STEPS);
    if !(1..=MOST_STEPS).contains(&steps) {
        return Err(Problem::invalid(format!("1 to {MOST_STEPS} steps can be asked for")));
    }
    let catalog = &studio.ctx.catalog;
    let within = if within.is_empty() { Filter::EVERYTHING } else { parsed(&within)? };
    let (all, state) = studio.views.get(catalog, &within).await?;
    let (matching, _) = studio.views.get(catalog, &parsed(&filter)?).await?;
    let timeline = parted(all.times(), matching.times(), steps);
    Ok(Tagged { tag: format!("{state}-{steps}"), answer: Json(timeline) })
}

/// Both are in order.
fn parted(all: &[Nanos], matching: &[Nanos], steps: usize) -> Timeline {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return Timeline::default() };
    // One more, so that the last frame is within the last stretch.
    let span = i128::from(last.0) - i128::from(first.0) + 1;
    let steps = (steps as i128).min(span);
    let step = (span + steps - 1) / steps;
    let count = |times: &[Nanos]| {
        let mut counts = vec![0; steps as usize];
        for time in times {
            let place = (i128::from(time.0) - i128::from(first.0)).div_euclid(step);
            if let Some(count) = usize::try_from(place).ok().and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
        counts
    };
    Timeline {
        from: Some(first.iso()),
        to: Some(last.iso()),
        step_seconds: step as f64 / 1e9,
        matching: count(matching),
        all: count(all),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrackAsked {
    /// Which frames; all where it is empty.
    #[serde(default)]
    filter: String,
}

/// The way of one recording.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Way {
    recording: String,
    /// Latitude and longitude of each point, in the order of time.
    points: Vec<[f64; 2]>,
}

/// A frame on the map.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MapPoint {
    #[serde(flatten)]
    name: FrameName,
    taken_at: String,
    latitude: f64,
    longitude: f64,
}

/// Where frames that match were taken, and the ways of their recordings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Track {
    ways: Vec<Way>,
    points: Vec<MapPoint>,
    /// Frames with a position: more than there are points where they were thinned.
    placed: u64,
}

/// Frames on the map
#[utoipa::path(get, operation_id = "track", path = "/api/v1/track", tag = "filters", params(TrackAsked),
    responses((status = 200, body = Track)))]
pub(super) async fn track(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<TrackAsked>, QueryRejection>,
) -> Result<Tagged<Json<Track>>, Problem> {
    caller.must(Permission::See)?;
    let Query(TrackAsked { filter }) = asked?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let places = catalog.places(&parsed(&filter)?, MOST_POINTS).await?;
    let recordings = places.recordings;
    let ways = catalog.trails(&recordings).await?.into_iter().map(|trail| Way {
        recording: trail.recording.to_string(),
        points: trail.points.iter().map(|at| [at.latitude(), at.longitude()]).collect(),
    });
    let points = places.frames.iter().map(|(id, taken_at, at)| MapPoint {
        name: FrameName::of(id),
        taken_at: taken_at.iso(),
        latitude: at.latitude(),
        longitude: at.longitude(),
    });
    let track = Track { ways: ways.collect(), points: points.collect(), placed: places.total };
    Ok(Tagged { tag: state, answer: Json(track) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(all: &[i64], matching: &[i64], steps: usize, expected: (&[u64], &[u64])) {
        let times = |times: &[i64]| times.iter().map(|time| Nanos(*time)).collect::<Vec<_>>();
        let timeline = parted(&times(all), &times(matching), steps);
        assert_eq!((&*timeline.all, &*timeline.matching), expected);
    }

    #[test]
    fn each_frame_is_in_one_stretch() {
        check(&[0, 1, 2, 9], &[1, 9], 2, (&[3, 1], &[1, 1]));
        check(&[5], &[5], 10, (&[1], &[1]));
        check(&[0, 3], &[], 10, (&[1, 0, 0, 1], &[0, 0, 0, 0]));
        check(&[], &[], 10, (&[], &[]));
        check(&[i64::MIN, i64::MAX], &[0], 2, (&[1, 1], &[0, 1]));
        // What matches and is not within.
        check(&[0, 1], &[-5, 7], 2, (&[1, 1], &[0, 0]));
    }
}
