//! The main job: a recording through its stages, one after the other.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use roadloop_bag::{Recording, Selection};
use roadloop_base::{Camera, Part, RecordingId, Report, Skip, Stage};
use roadloop_catalog::Filter;

use crate::stages::redact::RedactSettings;
use crate::stages::{attach, detect, files, ingest, redact};
use crate::{Card, Ctx, EngineError, open_recording};

/// What is to be done with a recording.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Stages to run, in the order of the job whatever the order here.
    pub stages: Vec<Stage>,
    pub selection: Selection,
    /// Anonymise frames that match; all of them when absent.
    pub only: Option<Filter>,
    pub redact: RedactSettings,
    /// The recording's name, when it is not to follow from its content.
    pub name: Option<RecordingId>,
}

/// What was done with a recording.
#[derive(Clone, Debug)]
pub struct RecordingRun {
    pub recording: RecordingId,
    /// The name its file and its content would give it.
    pub content: RecordingId,
    pub source: PathBuf,
    pub stages: Vec<StageRun>,
}

/// What one stage did, and how long it took.
#[derive(Clone, Debug)]
pub struct StageRun {
    pub stage: Stage,
    pub report: Report,
    pub elapsed: Duration,
}

impl RecordingRun {
    pub fn has_skips(&self) -> bool {
        self.stages.iter().any(|run| !run.report.skipped.is_empty())
    }
}

/// Takes one recording (a file, or a rosbag2 folder) through the stages.
pub async fn run(
    ctx: &Ctx,
    path: &Path,
    settings: &RunSettings,
) -> Result<RecordingRun, EngineError> {
    let (recording, content) = open(ctx, path, settings.name.clone()).await?;
    let id = recording.id().clone();
    // Not after an hour of extraction.
    let wants = |stage| settings.stages.contains(&stage);
    let whole = Part::whole(id.clone());
    if let Some(only) = settings.only.as_ref().filter(|_| wants(Stage::Anonymize)) {
        ctx.catalog.check(only).await?;
    }
    ctx.models.look_for(wants(Stage::Detect), wants(Stage::Anonymize)).await?;
    let recording = Arc::new(recording);
    let mut run = RecordingRun {
        recording: id.clone(),
        content: content.clone(),
        source: path.to_owned(),
        stages: Vec::new(),
    };
    for stage in Stage::ALL {
        if !settings.stages.contains(&stage) {
            continue;
        }
        let started = Instant::now();
        let selection = &settings.selection;
        let mut report = match stage {
            Stage::Extract => {
                ingest::run(ctx, &recording, content.clone(), selection, None).await?
            }
            Stage::Tables => files::tables(ctx, &recording, &content).await?,
            Stage::Video => files::video(ctx, &recording, &content, selection).await?,
            Stage::Detect => detect::run(ctx, &whole).await?,
            Stage::Anonymize => {
                redact::run(ctx, &whole, settings.only.as_ref(), settings.redact).await?
            }
            Stage::Attach => match attach::run(ctx, &id).await? {
                Some(report) => report,
                // Where nothing is attached, nothing is said.
                None => continue,
            },
        };
        // Each reads the recording again, and meets the damage in it again.
        let named: HashSet<&Skip> =
            run.stages.iter().flat_map(|earlier| &earlier.report.skipped).collect();
        report.skipped.retain(|skip| !named.contains(skip));
        run.stages.push(StageRun { stage, report, elapsed: started.elapsed() });
    }
    Ok(run)
}

/// A recording under the name it is to have, and the one its content gives it.
/// A name that belongs to other content is refused: their frames would mix. A
/// recording that was only moved or renamed keeps the name it had.
pub(crate) async fn open(
    ctx: &Ctx,
    path: &Path,
    name: Option<RecordingId>,
) -> Result<(Recording, RecordingId), EngineError> {
    let mut recording = open_recording(path).await?;
    let content = recording.id().clone();
    let is_named = name.is_some();
    if let Some(name) = name {
        recording.set_id(name);
    }
    match Card::load(&ctx.store, recording.id()).await? {
        Some(card) if !card.is_of(&content, recording.size_bytes()) => {
            return Err(EngineError::NameTaken {
                name: card.id.to_string(),
                source_path: card.source,
            });
        }
        None if !is_named => {
            let size_bytes = recording.size_bytes();
            if let Some(known) = Card::find(&ctx.store, &content, size_bytes).await? {
                recording.set_id(known.id);
            }
        }
        _ => {}
    }
    Ok((recording, content))
}

/// Folders with the videos and tables of a run's recording, where it wrote any
/// and they are on this machine.
pub async fn files(ctx: &Ctx, run: &RecordingRun) -> Result<Vec<PathBuf>, EngineError> {
    let Some(card) = Card::load(&ctx.store, &run.recording).await? else { return Ok(Vec::new()) };
    let is_of_run = |stage: Stage| run.stages.iter().any(|ran| ran.stage == stage);
    let kept = card.files.iter().filter(|kept| is_of_run(kept.stage) && !kept.files.is_empty());
    let folder = |stage| ctx.store.local_path(&files::key(stage, &run.recording));
    Ok(kept.filter_map(|kept| folder(kept.stage)).collect())
}

/// What a run would do, without doing it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub recording: RecordingId,
    pub source: PathBuf,
    pub size_bytes: u64,
    pub cameras: Vec<PlannedCamera>,
    /// Frames the catalog has of it.
    pub extracted: u64,
    /// Of them, those looked at and anonymised with these settings; with any
    /// settings, where the models cannot be opened.
    pub detected: u64,
    pub anonymized: u64,
    /// This selection was extracted to its end before.
    pub is_extracted: bool,
    /// Stages that write files and have written them, of this selection.
    pub filed: Vec<Stage>,
}

/// A camera of a recording that is to be read.
#[derive(Clone, Debug)]
pub struct PlannedCamera {
    pub topic: String,
    pub camera: Camera,
    /// Known when the recording has an index.
    pub messages: Option<u64>,
    /// Frames the catalog has of it.
    pub extracted: u64,
    pub is_selected: bool,
}

/// Looks at a recording and the catalog and says what a run would find to do.
pub async fn plan(ctx: &Ctx, path: &Path, settings: &RunSettings) -> Result<Plan, EngineError> {
    let (recording, _) = open(ctx, path, settings.name.clone()).await?;
    let id = recording.id().clone();
    let wanted = &settings.selection.topics;
    let summaries = ctx.catalog.recordings().await?;
    let summary = summaries.iter().find(|summary| summary.id == id);
    let cameras = recording.topics().iter().filter_map(|topic| {
        let camera = topic.camera.clone()?;
        let extracted = summary.and_then(|summary| summary.cameras.get(&camera));
        Some(PlannedCamera {
            topic: topic.name.clone(),
            extracted: extracted.copied().unwrap_or(0),
            camera,
            messages: topic.messages,
            is_selected: wanted.is_empty() || wanted.contains(&topic.name),
        })
    });
    let card = Card::load(&ctx.store, &id).await?;
    let in_words = ingest::describe(&settings.selection);
    let is_filed = |stage: &Stage| {
        let made_of = files::words(*stage, &settings.selection);
        let files =
            made_of.zip(card.as_ref()).map(|(made_of, card)| card.files_of(*stage, &made_of));
        files.flatten().is_some()
    };
    let whole = Part::whole(id.clone());
    let (mut detected, mut anonymized) = summary.map_or((0, 0), |s| (s.looked, s.anonymized));
    if detected > 0 && settings.stages.contains(&Stage::Detect) {
        detected = detect::already_done(ctx, &whole).await.unwrap_or(detected);
    }
    if anonymized > 0 && settings.stages.contains(&Stage::Anonymize) {
        let done = redact::already_done(ctx, &whole, settings.only.as_ref(), settings.redact).await;
        anonymized = done.unwrap_or(anonymized);
    }
    Ok(Plan {
        source: path.to_owned(),
        size_bytes: recording.size_bytes(),
        cameras: cameras.collect(),
        extracted: summary.map_or(0, |summary| summary.frames),
        detected,
        anonymized,
        is_extracted: card.as_ref().is_some_and(|card| card.finished(&in_words).is_some()),
        filed: Stage::ALL.into_iter().filter(is_filed).collect(),
        recording: id,
    })
}
