//! `run`: the main job, a recording in, a searchable, anonymised catalog out.

mod plan;
mod queued;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use roadloop_base::{RecordingId, Report, Stage};
use roadloop_engine::flow::{self, RecordingRun, RunSettings, StageRun};
use roadloop_engine::{Ctx, EngineError, find_recordings};
use serde_json::json;

use crate::cli::Outcome;
use crate::command::{command, quoted};
use crate::config::Overrides;
use crate::render;
use crate::session::Session;
use crate::usage::{is_usage_of_engine, usage};

/// Take recordings through extraction, detection and anonymisation
///
/// Topics that are no cameras become tables, cameras videos as well.
///
/// Whatever an earlier run finished is left as it is, so an interrupted run
/// goes on where it stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop run drive.bag
  roadloop run ./2026-05-04 --rate 2               every recording in a folder, 2 frames/s
  roadloop run s3://fleet/2026-05-04/ --suffix .bag    recordings in a bucket
  roadloop run --list keys.txt --queue nats://n1   many recordings, by workers
  roadloop run drive.mcap --topics /camera/front/image_raw/compressed
  roadloop run drive.bag --detector yolox_s.onnx   with your own detector
  roadloop run drive.bag --only 'has(person)'      anonymise only frames with people
  roadloop run drive.bag --stages extract,detect   no anonymised copies
  roadloop run drive.bag --dry-run                 what would be done
  roadloop run ./drives --queue jobs.db            give the work to roadloop worker, and follow it")]
pub(crate) struct Args {
    /// Recordings (.bag, .mcap, rosbag2 folders), or folders of them, here or at s3://, gs://, az:// or https://
    #[arg(required_unless_present = "list", value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    /// A file that names recordings, one a line; `-` reads them from stdin
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Of folders and prefixes, only what ends so
    #[arg(long, value_delimiter = ',', value_name = "ENDING")]
    suffix: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    detector: super::detect::DetectorArgs,
    #[command(flatten)]
    redact: super::anonymize::RedactArgs,
    #[command(flatten)]
    finder: super::anonymize::FinderArgs,
    /// Stages to run
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STAGE")]
    #[arg(default_values_t = StageName::ALL)]
    stages: Vec<StageName>,
    /// Name of the recording, instead of one made from its content
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    queue: super::queue::QueueArgs,
    /// With a queue: before everything that waits
    #[arg(long)]
    urgent: bool,
    /// With a queue: do not wait for the end
    #[arg(long)]
    detach: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Which frames of a recording are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// Camera topics to keep [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TOPIC")]
    topics: Vec<String>,
    /// Keep every n-th frame of each camera
    #[arg(long, value_name = "N")]
    every: Option<u32>,
    /// Keep at most so many frames per second and camera
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
}

impl Selection {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::new();
        let Selection { topics, every, rate } = self;
        if !topics.is_empty() {
            overrides.push(("extract.topics", topics.join(",")));
        }
        overrides.extend(every.map(|every| ("extract.every", every.to_string())));
        overrides.extend(rate.map(|rate| ("extract.rate_hz", rate.to_string())));
        overrides
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageName {
    Extract,
    /// CSV and Parquet of the topics that are no cameras
    Tables,
    /// An MP4 of each camera
    Video,
    Detect,
    Anonymize,
    /// Data attached with `enrich`, joined to the frames
    Attach,
}

impl StageName {
    pub(crate) const ALL: [StageName; 6] = [
        StageName::Extract,
        StageName::Tables,
        StageName::Video,
        StageName::Detect,
        StageName::Anonymize,
        StageName::Attach,
    ];

    pub(crate) fn stage(self) -> Stage {
        match self {
            StageName::Extract => Stage::Extract,
            StageName::Tables => Stage::Tables,
            StageName::Video => Stage::Video,
            StageName::Detect => Stage::Detect,
            StageName::Anonymize => Stage::Anonymize,
            StageName::Attach => Stage::Attach,
        }
    }
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = self.selection.overrides();
        overrides.extend(self.detector.overrides());
        overrides.extend(self.redact.overrides());
        overrides.extend(self.finder.overrides());
        overrides.extend(self.queue.overrides());
        overrides
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let stages: Vec<Stage> = args.stages.iter().map(|name| name.stage()).collect();
    let name = args.name.map(RecordingId::new).transpose()?;
    let settings = session.run_settings(&stages, name)?;
    let mut named = args.recordings.clone();
    if let Some(list) = &args.list {
        named.extend(listed(list)?);
    }
    let mut found = Vec::new();
    for path in &named {
        match find_recordings(path).await {
            // What was named itself is meant, whatever it ends in.
            Ok(recordings) => found.extend(recordings.into_iter().filter(|recording| {
                let text = recording.to_string_lossy();
                recording == path
                    || args.suffix.is_empty()
                    || args.suffix.iter().any(|suffix| text.ends_with(suffix.as_str()))
            })),
            Err(error) => {
                if args.json {
                    render::print_json(&[failure_as_json(path, &render::in_words(&error))])?;
                }
                return Err(error.into());
            }
        }
    }
    if found.is_empty() {
        let endings = args.suffix.join(", ");
        return Err(usage(match named.is_empty() {
            true => "the list names no recording".to_owned(),
            false => format!("no recording there ends in {endings}"),
        }));
    }
    if settings.name.is_some() && found.len() > 1 {
        let found = found.len();
        return Err(usage(format!("--name is for one recording, and {found} were found")));
    }
    if args.dry_run {
        return plan::show(session, &session.reader().await?, &found, &settings, args.json).await;
    }
    if session.has_queue() {
        if !args.detector.overrides().is_empty() || !args.finder.overrides().is_empty() {
            return Err(usage(
                "--detector, --tagger, --confidence, --dynamodb and --finder are those of the \
                 workers; give them to roadloop worker, or set detect.model and the like there",
            ));
        }
        let how = queued::How { is_urgent: args.urgent, follows: !args.detach, is_json: args.json };
        return queued::run(session, &found, &settings, &how).await;
    }
    if args.urgent || args.detach {
        return Err(usage("--urgent and --detach are for jobs of a queue; name one with --queue"));
    }
    let ctx = session.engine().await?;
    let many = found.len() > 1;
    let mut tried = Vec::new();
    for (number, path) in found.iter().enumerate() {
        if many {
            session.note(&format!("[{}/{}] {}", number + 1, found.len(), path.display()));
        }
        let ran = flow::run(&ctx, path, &settings).await;
        // One bad recording among many must not keep the others waiting; what
        // is wrong with the disk or the runtime is wrong for all of them.
        let is_over = ran.as_ref().is_err_and(|error| !matches!(error, EngineError::Bag(_)));
        if let (Err(error), true, false) = (&ran, many, is_over) {
            render::error_of(error);
        }
        tried.push((path.as_path(), ran));
        if is_over {
            break;
        }
    }
    if args.json {
        render::print_json(&tried.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        for run in tried.iter().filter_map(|(_, ran)| ran.as_ref().ok()) {
            render::print(&as_text(run))?;
        }
    }
    let (runs, errors) = parted(tried);
    explain(session, &ctx, &settings, &runs).await?;
    conclude(&runs, errors, many)
}

/// The recordings a file names; empty lines and those that begin with # are none.
fn listed(list: &Path) -> Result<Vec<PathBuf>> {
    let read = match list.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(list),
    };
    let text = read.map_err(|error| {
        usage(format!("cannot read the list: {error}\npath: {}", list.display()))
    })?;
    let lines = text.lines().map(str::trim);
    let names = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(names.map(PathBuf::from).collect())
}

/// What was done, and what went wrong.
fn parted(
    tried: Vec<(&Path, Result<RecordingRun, EngineError>)>,
) -> (Vec<RecordingRun>, Vec<EngineError>) {
    let (mut runs, mut errors) = (Vec::new(), Vec::new());
    for (_, ran) in tried {
        match ran {
            Ok(run) => runs.push(run),
            Err(error) => errors.push(error),
        }
    }
    (runs, errors)
}

/// How it all ended. An error that stopped everything is passed on; those of
/// single recordings were told when they came.
fn conclude(runs: &[RecordingRun], mut errors: Vec<EngineError>, many: bool) -> Result<Outcome> {
    if let Some(last) = errors.pop_if(|last| !many || !matches!(last, EngineError::Bag(_))) {
        return Err(last.into());
    }
    if !runs.is_empty() {
        let is_whole = errors.is_empty() && !runs.iter().any(RecordingRun::has_skips);
        return Ok(if is_whole { Outcome::Done } else { Outcome::DoneWithSkips });
    }
    Ok(match errors.iter().all(is_usage_of_engine) {
        _ if errors.is_empty() => Outcome::Done,
        true => Outcome::Usage,
        false => Outcome::Failed,
    })
}

/// What the counts alone do not say: why nothing was done, and what to do next.
async fn explain(
    session: &Session,
    ctx: &Ctx,
    settings: &RunSettings,
    runs: &[RecordingRun],
) -> Result<()> {
    if runs.is_empty() || session.is_quiet {
        return Ok(());
    }
    for run in runs {
        let is_read_before = |stage: &StageRun| {
            let Report { done, already_done, skipped } = &stage.report;
            stage.stage == Stage::Extract && *done == 0 && *already_done > 0 && !skipped.is_empty()
        };
        if run.stages.iter().any(is_read_before) {
            session.note(&format!(
                "note: what was skipped of {} was skipped when it was first read; a sounder copy \
                 of it is read with --name NEW-NAME",
                run.recording
            ));
        }
        if settings.name.is_none() && run.recording != run.content {
            let source = run.source.display();
            session.note(&format!("note: the content of {source} is known as {}", run.recording));
        }
    }
    if !settings.stages.contains(&Stage::Extract) {
        let known = ctx.catalog.recordings().await?;
        for run in runs {
            if !known.iter().any(|summary| summary.id == run.recording) {
                session.note(&format!(
                    "note: no frames of {} were extracted yet, so there was nothing to do; \
                     {} run {} does all of it",
                    run.recording,
                    command(),
                    quoted(&run.source.display().to_string()),
                ));
            }
        }
    }
    if settings.stages.contains(&Stage::Anonymize)
        && let Some(only) = &settings.only
    {
        let ids: Vec<RecordingId> = runs.iter().map(|run| run.recording.clone()).collect();
        super::anonymize::remark_on_filter(session, ctx, only, &ids).await?;
    }
    for run in runs {
        for files in flow::files(ctx, run).await? {
            let folder = files.display();
            session.note(&format!("files: {folder}"));
        }
    }
    if settings.stages.contains(&Stage::Detect) {
        session
            .note(&format!("next: {} search 'has(person)' --contact-sheet people.png", command()));
        session.note(&format!("or see it in a browser: {} studio", command()));
    }
    Ok(())
}

fn as_text(run: &RecordingRun) -> String {
    let mut text = format!("{}\n", run.recording);
    for stage in &run.stages {
        let report = &stage.report;
        text += &format!(
            "  {:<10} {:>7} {:<6} now, {:>7} already done, {:>4} skipped, {}\n",
            stage.stage.to_string(),
            report.done,
            if stage.stage == Stage::Tables { "rows" } else { "frames" },
            report.already_done,
            report.skipped.len(),
            seconds(stage.elapsed),
        );
    }
    for stage in &run.stages {
        for skip in stage.report.skipped.iter().take(20) {
            text += &format!("  skipped {}: {}\n", skip.place, skip.reason);
        }
        if stage.report.skipped.len() > 20 {
            text += &format!("  and {} more; see --json\n", stage.report.skipped.len() - 20);
        }
    }
    text
}

pub(crate) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

fn as_json((path, ran): &(&Path, Result<RecordingRun, EngineError>)) -> serde_json::Value {
    let run = match ran {
        Ok(run) => run,
        Err(error) => return failure_as_json(path, &render::in_words(error)),
    };
    let stages = run.stages.iter().map(|stage| {
        json!({
            "stage": stage.stage,
            "done": stage.report.done,
            "already_done": stage.report.already_done,
            "skipped": stage.report.skipped,
            "seconds": stage.elapsed.as_secs_f64(),
        })
    });
    json!({
        "recording": run.recording,
        "source": run.source,
        "stages": stages.collect::<Vec<_>>(),
    })
}

/// A recording of which nothing, or not all, was done.
fn failure_as_json(path: &Path, error: &str) -> serde_json::Value {
    json!({"recording": null, "source": path, "error": error})
}
