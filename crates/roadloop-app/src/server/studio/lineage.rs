//! Where all that is known of a frame came from, from the recording on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use roadloop_base::{FrameId, Kind, Stage};
use roadloop_engine::Card;
use roadloop_engine::catalog::Hit;
use roadloop_users::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use super::guard::Caller;
use super::model::{FrameName, Tagged, word_of};
use super::{Studio, datasets};
use crate::render::counted;
use crate::server::problem::Problem;

/// One thing that happened to a frame.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Step {
    /// `recording`, `extract`, `detect`, `anonymize`, `attach`, `tag`, `annotate`, `label`,
    /// `select`, `dataset`.
    step: String,
    /// In a few words.
    title: String,
    /// What is known of it, by name.
    facts: BTreeMap<String, String>,
    /// It has not happened.
    missing: bool,
}

impl Step {
    fn new(step: &str, title: impl Into<String>) -> Step {
        Step { step: step.to_owned(), title: title.into(), facts: BTreeMap::new(), missing: false }
    }

    fn missing(step: &str, title: &str) -> Step {
        Step { missing: true, ..Step::new(step, title) }
    }

    fn fact(mut self, name: &str, value: impl ToString) -> Step {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Where a frame and what is known of it came from
#[utoipa::path(get, operation_id = "lineage", path = "/api/v1/frames/{recording}/{camera}/{sequence}/lineage",
    tag = "frames",
    params(("recording" = String, Path), ("camera" = String, Path),
        ("sequence" = u32, Path, minimum = 0)),
    responses((status = 200, body = Vec<Step>), (status = 404, description = "no such frame")))]
pub(super) async fn of_frame(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    name: Result<Path<FrameName>, PathRejection>,
) -> Result<Tagged<Json<Vec<Step>>>, Problem> {
    caller.must(Permission::See)?;
    let id = name?.0.id()?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let hit = studio.hit(&id).await?;
    let mut steps = vec![recorded(&studio, &hit).await?, extracted(&studio, &hit).await?];
    steps.push(looked_at(&studio, &hit, Stage::Detect).await?);
    steps.push(looked_at(&studio, &hit, Stage::Anonymize).await?);
    let ids = std::slice::from_ref(&id);
    let attached = catalog.attached_to(&id).await?;
    if !attached.is_empty() {
        let mut step = Step::new("attach", counted(attached.len() as u64, "attached value"));
        for (name, value) in attached {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            step = step.fact(&name, text);
        }
        steps.push(step);
    }
    if let Some(tags) = catalog.tags_on(ids).await?.remove(&id) {
        steps.push(Step::new("tag", format!("tagged {}", tags.join(", "))));
    }
    if let Some(said) = catalog.annotations(ids).await?.remove(&id) {
        let boxes = counted(said.boxes.len() as u64, "box");
        steps.push(
            Step::new("annotate", format!("{boxes} by {}", said.author))
                .fact("saved at", said.saved_at.iso())
                .fact("revision", said.revision),
        );
    }
    steps.extend(labelled(&studio, &id).await?);
    for name in catalog.selections_with(&id).await? {
        steps.push(Step::new("select", format!("in the selection {name}")));
    }
    steps.extend(learned_from(&studio, &id).await?);
    let about = serde_json::to_vec(&steps).unwrap_or_default();
    Ok(Tagged { tag: format!("{state}-{}", word_of(&about)), answer: Json(steps) })
}

/// Jobs in which people were asked about it, and what came of that.
async fn labelled(studio: &Arc<Studio>, id: &FrameId) -> Result<Vec<Step>, Problem> {
    let id = id.clone();
    let tasks = studio.labels(move |labels| labels.tasks_about(&id)).await?;
    let steps = tasks.into_iter().map(|(job, task)| {
        let title = match (task.is_gold, task.boxes) {
            (true, _) => format!("gold frame of the labelling job {job}"),
            (false, Some(boxes)) => {
                format!("{} agreed on in the labelling job {job}", counted(boxes, "box"))
            }
            (false, None) => format!("in the labelling job {job}"),
        };
        let step = Step::new("label", title)
            .fact("task", task.number)
            .fact("answers", format!("{} of {}", task.answers, task.wanted))
            .fact("state", task.state.name().replace('_', " "))
            .fact("since", task.changed_at.iso());
        match task.agreement {
            Some(agreement) => step.fact("agreement", format!("{agreement:.2}")),
            None => step,
        }
    });
    Ok(steps.collect())
}

/// Datasets it is in, by their newest versions.
async fn learned_from(studio: &Studio, id: &FrameId) -> Result<Vec<Step>, Problem> {
    let found = datasets::with_frame(studio, id).await?;
    let steps = found.into_iter().map(|(card, split, boxes)| {
        let title = format!("in the dataset {}@{}, for {split}", card.name, card.version);
        let step = Step::new("dataset", title).fact("id", card.id).fact("made at", card.made_at);
        match boxes {
            Some(boxes) => step.fact("boxes", boxes),
            None => step.fact("boxes", "not labelled"),
        }
    });
    Ok(steps.collect())
}

async fn recorded(studio: &Studio, hit: &Hit) -> Result<Step, Problem> {
    let recording = &hit.frame.id.recording;
    let step = Step::new("recording", recording.to_string());
    let Some(card) = Card::load(&studio.ctx.store, recording).await? else { return Ok(step) };
    Ok(step
        .fact("read from", card.source)
        .fact("format", card.kind)
        .fact("bytes", card.size_bytes)
        .fact("content", card.content))
}

async fn extracted(studio: &Studio, hit: &Hit) -> Result<Step, Problem> {
    let row = &hit.frame;
    let mut step = Step::new("extract", format!("image {} of {}", row.id.sequence, row.topic))
        .fact("taken at", row.taken_at.iso())
        .fact("stamp of its header", row.stamp.iso())
        .fact("encoding", &row.encoding)
        .fact("image", &row.image);
    if let Some(revision) = revision(studio, &row.id, Stage::Extract).await? {
        step = step.fact("revision", revision);
    }
    Ok(step)
}

async fn looked_at(studio: &Studio, hit: &Hit, stage: Stage) -> Result<Step, Problem> {
    let (is_done, name, missing) = match stage {
        Stage::Anonymize => (hit.anonymized, "anonymize", "no anonymised copy yet"),
        _ => (hit.looked_at, "detect", "no detector has looked yet"),
    };
    if !is_done {
        return Ok(Step::missing(name, missing));
    }
    let is_of = |kind: Kind| kind.is_private() == (stage == Stage::Anonymize);
    let found: Vec<_> = hit.detections.iter().filter(|found| is_of(found.kind)).collect();
    let what = if stage == Stage::Anonymize { "hidden thing" } else { "detection" };
    let models: BTreeSet<String> = found.iter().map(|found| found.model.to_string()).collect();
    let mut step = Step::new(name, counted(found.len() as u64, what));
    if !models.is_empty() {
        step = step.fact("models", models.into_iter().collect::<Vec<_>>().join(", "));
    }
    if let Some(revision) = revision(studio, &hit.frame.id, stage).await? {
        step = step.fact("revision", revision);
    }
    Ok(step)
}

/// What the frames of its shard, and the settings, were then: a hash of them.
async fn revision(studio: &Studio, id: &FrameId, stage: Stage) -> Result<Option<String>, Problem> {
    let delivered = studio.ctx.catalog.delivered(stage, &id.recording).await?;
    Ok(delivered.get(&id.shard()).map(|revision| format!("{:016x}", revision.0)))
}
