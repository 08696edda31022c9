//! Videos and tables: what of a recording is for players and spreadsheets, as
//! files in the store. `video/<recording>/<camera>.mp4`, and
//! `topics/<recording>/<topic>.csv` and `.parquet`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use roadloop_bag::{Recording, Selection};
use roadloop_base::{RecordingId, Report, Stage};

use super::ingest;
use crate::card::Files;
use crate::tables::has_tables;
use crate::{
    Card, Ctx, EngineError, JobStart, TableSettings, Unit, extract_tables, extract_videos,
    has_videos,
};

/// Changes when files come out otherwise than before.
const FORMAT: u32 = 1;

/// Writes a video of each camera and video topic, of the selected frames.
pub async fn video(
    ctx: &Ctx,
    recording: &Arc<Recording>,
    content: &RecordingId,
    selection: &Selection,
) -> Result<Report, EngineError> {
    if !has_videos(recording, selection) {
        return Ok(Report::default());
    }
    let made_of = video_words(selection);
    if let Some(report) = finished(ctx, recording, Stage::Video, &made_of).await? {
        return Ok(report);
    }
    let folder = Folder::of(ctx, Stage::Video, recording.id())?;
    let (report, videos) =
        extract_videos(&ctx.cpu, &*ctx.progress, recording, folder.path(), selection).await?;
    let files = videos.into_iter().map(|video| video.file).collect();
    folder.keep(ctx, recording, content, made_of, (report, files)).await
}

/// Writes a table of each topic that is no camera, whatever frames are selected.
pub async fn tables(
    ctx: &Ctx,
    recording: &Arc<Recording>,
    content: &RecordingId,
) -> Result<Report, EngineError> {
    if !has_tables(recording) {
        return Ok(Report::default());
    }
    let made_of = tables_words();
    if let Some(report) = finished(ctx, recording, Stage::Tables, &made_of).await? {
        return Ok(report);
    }
    let folder = Folder::of(ctx, Stage::Tables, recording.id())?;
    let selection = Selection { chunks_ahead: ctx.cpu.jobs(), ..Selection::default() };
    let settings = TableSettings { selection, csv: true, parquet: true, takes_bulk: false };
    let (progress, source) = (Arc::clone(&ctx.progress), Arc::clone(recording));
    let path = folder.path().to_owned();
    let work = move || extract_tables(&*progress, &source, &path, &settings);
    let (report, tables) = spawn_blocking(work).await.map_err(EngineError::stopped)??;
    let files = tables.into_iter().flat_map(|table| table.files).collect();
    folder.keep(ctx, recording, content, made_of, (report, files)).await
}

/// What a stage's files are made of, in words: equal words, equal files.
pub(crate) fn words(stage: Stage, selection: &Selection) -> Option<String> {
    match stage {
        Stage::Video => Some(video_words(selection)),
        Stage::Tables => Some(tables_words()),
        Stage::Extract | Stage::Detect | Stage::Anonymize | Stage::Attach => None,
    }
}

fn video_words(selection: &Selection) -> String {
    format!("format={FORMAT} {}", ingest::describe(selection))
}

fn tables_words() -> String {
    format!("format={FORMAT} csv parquet")
}

/// What was done before, where all its files are still there.
async fn finished(
    ctx: &Ctx,
    recording: &Recording,
    stage: Stage,
    made_of: &str,
) -> Result<Option<Report>, EngineError> {
    let Some(card) = Card::load(&ctx.store, recording.id()).await? else { return Ok(None) };
    let Some(files) = card.files_of(stage, made_of) else { return Ok(None) };
    let folder = key(stage, recording.id());
    let listed = ctx.store.list(&folder).await?;
    let there: HashSet<&str> = listed.iter().map(|listed| listed.key.as_str()).collect();
    if !files.files.iter().all(|file| there.contains(format!("{folder}/{file}").as_str())) {
        return Ok(None);
    }
    let report = Report { done: 0, already_done: files.done, skipped: files.skipped.clone() };
    let unit = if stage == Stage::Tables { Unit::Messages } else { Unit::Frames };
    let meter = ctx.progress.start(JobStart {
        job: stage.name(),
        recording: Some(recording.id().clone()),
        unit,
        units: None,
        bytes: None,
    });
    meter.finish(&report);
    Ok(Some(report))
}

/// The folder of a stage's files of a recording, in the store.
pub(crate) fn key(stage: Stage, recording: &RecordingId) -> String {
    let folder = if stage == Stage::Tables { "topics" } else { "video" };
    format!("{folder}/{recording}")
}

/// Where files are written: the store's own folder, or a temporary one where
/// the store has none.
struct Folder {
    stage: Stage,
    key: String,
    local: Option<PathBuf>,
    temporary: Option<tempfile::TempDir>,
}

impl Folder {
    fn of(ctx: &Ctx, stage: Stage, recording: &RecordingId) -> Result<Folder, EngineError> {
        let key = key(stage, recording);
        let local = ctx.store.local_path(&key);
        let temporary = match &local {
            Some(_) => None,
            None => {
                let made = tempfile::Builder::new().prefix("roadloop-").tempdir();
                Some(made.map_err(EngineError::writing(&std::env::temp_dir()))?)
            }
        };
        Ok(Folder { stage, key, local, temporary })
    }

    fn path(&self) -> &Path {
        let temporary = self.temporary.as_ref().map(tempfile::TempDir::path);
        self.local.as_deref().or(temporary).expect("one of them is there")
    }

    /// Puts the files where they belong, then notes that they are there.
    async fn keep(
        self,
        ctx: &Ctx,
        recording: &Recording,
        content: &RecordingId,
        made_of: String,
        (report, files): (Report, Vec<String>),
    ) -> Result<Report, EngineError> {
        if self.local.is_none() {
            for file in &files {
                let path = self.path().join(file);
                ctx.store.put_file(&format!("{}/{file}", self.key), &path).await?;
            }
        }
        let (stage, done) = (self.stage, report.done);
        Card::change(&ctx.store, recording, content, |card| {
            card.files.retain(|files| files.stage != stage);
            let (made_of, files) = (made_of.clone(), files.clone());
            card.files.push(Files { stage, made_of, files, done, skipped: report.skipped.clone() });
        })
        .await?;
        Ok(report)
    }
}
