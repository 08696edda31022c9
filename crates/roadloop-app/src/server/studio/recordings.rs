//! Recordings: where they came from, how far each stage is, what was damaged, what
//! happens when, and at which anonymised frames somebody should look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use roadloop_base::{RecordingId, Skip, Stage};
use roadloop_engine::Card;
use roadloop_engine::catalog::RecordingSummary;
use roadloop_engine::risk;
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::guard::Caller;
use super::model::{FrameItem, Tagged, recording, word_of};
use crate::server::problem::Problem;

/// Damaged places that are listed; the rest is counted.
const MOST_SKIPS: usize = 500;

/// Frames to be looked at, at most.
const MOST_RISKS: usize = 500;
const USUAL_RISKS: usize = 100;

/// Steps of a recording's activity, at most.
const MOST_STEPS: usize = 5000;

/// A camera and its frames.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraCount {
    camera: String,
    frames: u64,
}

/// A recording as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingItem {
    recording: String,
    cameras: Vec<CameraCount>,
    frames: u64,
    /// Frames a detector looked at.
    looked_at: u64,
    /// Frames with an anonymised copy.
    anonymized: u64,
    first_taken_at: String,
    last_taken_at: String,
    seconds: f64,
}

impl RecordingItem {
    fn of(summary: &RecordingSummary) -> RecordingItem {
        let cameras = summary.cameras.iter();
        let nanos = summary.last_taken_at.0.saturating_sub(summary.first_taken_at.0);
        RecordingItem {
            recording: summary.id.to_string(),
            cameras: cameras
                .map(|(camera, frames)| CameraCount { camera: camera.to_string(), frames: *frames })
                .collect(),
            frames: summary.frames,
            looked_at: summary.looked,
            anonymized: summary.anonymized,
            first_taken_at: summary.first_taken_at.iso(),
            last_taken_at: summary.last_taken_at.iso(),
            seconds: nanos as f64 / 1e9,
        }
    }
}

/// Recordings with at least one frame
#[utoipa::path(get, operation_id = "recordings", path = "/api/v1/recordings", tag = "recordings",
    responses((status = 200, body = Vec<RecordingItem>)))]
pub(super) async fn all(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Tagged<Json<Vec<RecordingItem>>>, Problem> {
    caller.must(Permission::See)?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let recordings = catalog.recordings().await?;
    let recordings = recordings.iter().map(RecordingItem::of).collect();
    Ok(Tagged { tag: state, answer: Json(recordings) })
}

/// A topic of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TopicItem {
    topic: String,
    /// As ROS names it: `sensor_msgs/Image`.
    message_type: String,
    messages: Option<u64>,
    /// What its images are called, where it carries any.
    camera: Option<String>,
}

/// Something that could not be read, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Damage {
    stage: String,
    place: String,
    reason: String,
}

/// What a stage made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StageProgress {
    /// `extract`, `tables`, `video`, `detect`, `anonymize`.
    stage: String,
    /// Frames, or rows of tables.
    done: u64,
    /// Of so many, where that is known.
    of: Option<u64>,
    skipped: u64,
    files: Vec<String>,
}

/// A recording with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingDetail {
    #[serde(flatten)]
    item: RecordingItem,
    /// Where it was last read from.
    source: Option<String>,
    /// `bag`, `mcap`, `rosbag2`.
    kind: Option<String>,
    size_bytes: Option<u64>,
    topics: Vec<TopicItem>,
    stages: Vec<StageProgress>,
    damage: Vec<Damage>,
    /// Of which so many are not listed.
    more_damage: u64,
    /// Cameras with a film.
    films: Vec<String>,
}

/// One recording
#[utoipa::path(get, operation_id = "recording", path = "/api/v1/recordings/{recording}", tag = "recordings",
    params(("recording" = String, Path)),
    responses((status = 200, body = RecordingDetail), (status = 404, description = "no such recording")))]
pub(super) async fn one(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
) -> Result<Tagged<Json<RecordingDetail>>, Problem> {
    caller.must(Permission::See)?;
    let id = recording(&name?.0)?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let summary = studio.summary(&id).await?;
    let card = Card::load(&studio.ctx.store, &id).await?;
    // The catalog does not know the card: what it says is of the tag as well.
    let about = serde_json::to_vec(&card).unwrap_or_default();
    let tag = format!("{state}-{}", word_of(&about));
    Ok(Tagged { tag, answer: Json(detail(&summary, card)) })
}

impl Studio {
    async fn summary(&self, id: &RecordingId) -> Result<RecordingSummary, Problem> {
        let recordings = self.ctx.catalog.recordings().await?;
        let summary = recordings.into_iter().find(|summary| summary.id == *id);
        summary.ok_or_else(|| Problem::not_found(format!("no recording is called {id}")))
    }
}

fn detail(summary: &RecordingSummary, card: Option<Card>) -> RecordingDetail {
    let frames = summary.frames;
    let stage = |stage: Stage, done, of, skipped, files| StageProgress {
        stage: stage.name().to_owned(),
        done,
        of,
        skipped,
        files,
    };
    let mut detail = RecordingDetail {
        item: RecordingItem::of(summary),
        source: None,
        kind: None,
        size_bytes: None,
        topics: Vec::new(),
        stages: Vec::new(),
        damage: Vec::new(),
        more_damage: 0,
        films: Vec::new(),
    };
    let mut skips: Vec<(Stage, Skip)> = Vec::new();
    if let Some(card) = card {
        detail.source = Some(card.source);
        detail.kind = Some(card.kind);
        detail.size_bytes = Some(card.size_bytes);
        for topic in card.topics {
            detail.topics.push(TopicItem {
                topic: topic.name,
                message_type: topic.message_type,
                messages: topic.messages,
                camera: topic.camera.map(String::from),
            });
        }
        let last = card.extractions.into_iter().last();
        let skipped = last.as_ref().map_or(0, |last| last.skipped.len() as u64);
        detail.stages.push(stage(Stage::Extract, frames, None, skipped, Vec::new()));
        skips.extend(
            last.into_iter().flat_map(|last| last.skipped).map(|skip| (Stage::Extract, skip)),
        );
        for files in card.files {
            if files.stage == Stage::Video {
                let films = files.files.iter().filter_map(|file| file.strip_suffix(".mp4"));
                detail.films = films.map(str::to_owned).collect();
            }
            let skipped = files.skipped.len() as u64;
            detail.stages.push(stage(files.stage, files.done, None, skipped, files.files));
            skips.extend(files.skipped.into_iter().map(|skip| (files.stage, skip)));
        }
    }
    detail.stages.push(stage(Stage::Detect, summary.looked, Some(frames), 0, Vec::new()));
    detail.stages.push(stage(Stage::Anonymize, summary.anonymized, Some(frames), 0, Vec::new()));
    detail.more_damage = skips.len().saturating_sub(MOST_SKIPS) as u64;
    skips.truncate(MOST_SKIPS);
    let damage = |(stage, Skip { place, reason }): (Stage, Skip)| Damage {
        stage: stage.name().to_owned(),
        place,
        reason,
    };
    detail.damage = skips.into_iter().map(damage).collect();
    detail
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActivityAsked {
    /// Seconds of each step; a minute where nothing is said, longer where there would be
    /// more than 5000 steps.
    #[param(minimum = 1)]
    step_seconds: Option<u32>,
}

/// How much happens in one step of time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivityStep {
    from: String,
    frames: u64,
    detections: u64,
    labels: BTreeMap<String, u64>,
}

/// How much happens when: steps without any frame are left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivityAnswer {
    step_seconds: u64,
    steps: Vec<ActivityStep>,
}

/// Frames and detections of a recording over time
#[utoipa::path(get, operation_id = "activity", path = "/api/v1/recordings/{recording}/activity", tag = "recordings",
    params(("recording" = String, Path), ActivityAsked),
    responses((status = 200, body = ActivityAnswer)))]
pub(super) async fn activity(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    asked: Result<Query<ActivityAsked>, QueryRejection>,
) -> Result<Tagged<Json<ActivityAnswer>>, Problem> {
    caller.must(Permission::See)?;
    let (Path(name), Query(asked)) = (name?, asked?);
    let id = recording(&name)?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let summary = studio.summary(&id).await?;
    let nanos = summary.last_taken_at.0.abs_diff(summary.first_taken_at.0);
    let least = (nanos / 1_000_000_000).div_ceil(MOST_STEPS as u64);
    let wanted = asked.step_seconds.unwrap_or(60);
    if wanted == 0 {
        return Err(Problem::invalid("a step has at least one second"));
    }
    let step_seconds = u64::from(wanted).max(least);
    let found = catalog.activity(&id, Duration::from_secs(step_seconds)).await?;
    let steps = found.into_iter().map(|(number, activity)| {
        let from = number.saturating_mul(step_seconds as i64).saturating_mul(1_000_000_000);
        ActivityStep {
            from: roadloop_base::Nanos(from).iso(),
            frames: activity.frames,
            detections: activity.labels.values().sum(),
            labels: activity.labels,
        }
    });
    let answer = ActivityAnswer { step_seconds, steps: steps.collect() };
    Ok(Tagged { tag: format!("{state}-{step_seconds}"), answer: Json(answer) })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RisksAsked {
    /// Frames to be listed, at most 500.
    #[param(minimum = 0, maximum = 500)]
    limit: Option<usize>,
}

/// A frame to be looked at, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RiskItem {
    /// The higher, the sooner.
    score: f32,
    reasons: Vec<String>,
    frame: FrameItem,
}

/// Anonymised frames on which something may have been missed, the riskiest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RisksAnswer {
    /// Anonymised frames.
    anonymized: u64,
    /// Those on which nothing was hidden.
    without_any: u64,
    /// Frames with some risk, listed or not.
    risky: u64,
    frames: Vec<RiskItem>,
}

/// Where anonymisation may have missed something
#[utoipa::path(get, operation_id = "risks", path = "/api/v1/recordings/{recording}/risks", tag = "recordings",
    params(("recording" = String, Path), RisksAsked),
    responses((status = 200, body = RisksAnswer)))]
pub(super) async fn risks(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<String>, PathRejection>,
    asked: Result<Query<RisksAsked>, QueryRejection>,
) -> Result<Tagged<Json<RisksAnswer>>, Problem> {
    caller.must(Permission::See)?;
    let (Path(name), Query(asked)) = (name?, asked?);
    let limit = asked.limit.unwrap_or(USUAL_RISKS);
    if limit > MOST_RISKS {
        return Err(Problem::invalid(format!("at most {MOST_RISKS} frames are listed")));
    }
    let id = recording(&name)?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    studio.summary(&id).await?;
    let risks = risk::of_recording(&studio.ctx, &id, limit).await?;
    let ids: Vec<_> = risks.frames.iter().map(|risk| risk.id.clone()).collect();
    let hits = catalog.frames_named(&ids).await?;
    let mut items: BTreeMap<(String, u32), FrameItem> = BTreeMap::new();
    for item in studio.items(&hits).await? {
        items.insert((item.camera.clone(), item.sequence), item);
    }
    let frames = risks.frames.into_iter().filter_map(|risk| {
        let frame = items.remove(&(risk.id.camera.to_string(), risk.id.sequence))?;
        Some(RiskItem { score: risk.score, reasons: risk.reasons, frame })
    });
    let answer = RisksAnswer {
        anonymized: risks.anonymized,
        without_any: risks.without_any,
        risky: risks.risky,
        frames: frames.collect(),
    };
    Ok(Tagged { tag: format!("{state}-{limit}"), answer: Json(answer) })
}
