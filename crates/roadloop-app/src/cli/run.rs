//! `run`: the main job, a recording in, a searchable, anonymised catalog out.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;
use roadloop_base::{RecordingId, Stage};
use roadloop_engine::flow::{self, Plan, RecordingRun, RunSettings};
use roadloop_engine::{Ctx, bag};
use serde_json::json;

use crate::cli::Outcome;
use crate::config::Overrides;
use crate::render;
use crate::session::Session;

/// Take recordings through extraction, detection and anonymisation
///
/// Whatever an earlier run finished is left as it is, so an interrupted run
/// goes on where it stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop run drive.bag
  roadloop run ./2026-05-04 --rate 2               every recording in a folder, 2 frames/s
  roadloop run drive.mcap --topics /camera/front/image_raw/compressed
  roadloop run drive.bag --detector yolox_s.onnx   with your own detector
  roadloop run drive.bag --only 'has(person)'      anonymise only frames with people
  roadloop run drive.bag --stages extract,detect   no anonymised copies
  roadloop run drive.bag --dry-run                 what would be done")]
pub(crate) struct Args {
    /// Recordings (.bag, .mcap, rosbag2 folders), or folders of them
    #[arg(required = true, value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    detector: super::detect::DetectorArgs,
    #[command(flatten)]
    redact: super::anonymize::RedactArgs,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StageName {
    Extract,
    Detect,
    Anonymize,
}

impl StageName {
    const ALL: [StageName; 3] = [StageName::Extract, StageName::Detect, StageName::Anonymize];

    fn stage(self) -> Stage {
        match self {
            StageName::Extract => Stage::Extract,
            StageName::Detect => Stage::Detect,
            StageName::Anonymize => Stage::Anonymize,
        }
    }
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::new();
        let Selection { topics, every, rate } = &self.selection;
        if !topics.is_empty() {
            overrides.push(("extract.topics", topics.join(",")));
        }
        overrides.extend(every.map(|every| ("extract.every", every.to_string())));
        overrides.extend(rate.map(|rate| ("extract.rate_hz", rate.to_string())));
        overrides.extend(self.detector.overrides());
        overrides.extend(self.redact.overrides());
        overrides
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let stages: Vec<Stage> = args.stages.iter().map(|name| name.stage()).collect();
    let name = args.name.map(RecordingId::new).transpose()?;
    let settings = session.run_settings(&stages, name)?;
    let mut found = Vec::new();
    for path in &args.recordings {
        found.extend(bag::find_recordings(path)?);
    }
    if settings.name.is_some() && found.len() > 1 {
        bail!("--name is for one recording, and {} were found", found.len());
    }
    if args.dry_run {
        return dry_run(&session.reader().await?, &found, &settings, args.json).await;
    }
    let ctx = session.engine().await?;
    let many = found.len() > 1;
    let mut runs = Vec::new();
    let mut failed = 0;
    for (number, path) in found.iter().enumerate() {
        if many {
            session.note(&format!("[{}/{}] {}", number + 1, found.len(), path.display()));
        }
        match flow::run(&ctx, path, &settings).await {
            Ok(run) => runs.push(run),
            // One bad recording among many must not keep the others waiting.
            Err(error) if many && is_about_the_recording(&error) => {
                failed += 1;
                render::error(&error.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    if args.json {
        render::print_json(&runs.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        for run in &runs {
            render::print(&as_text(run))?;
        }
    }
    if !runs.is_empty() && stages.contains(&Stage::Detect) {
        session.note(&format!(
            "next: roadloop{} search 'has(person)' --contact-sheet people.png",
            workspace_flag(session)
        ));
    }
    Ok(match (runs.is_empty(), failed, runs.iter().any(RecordingRun::has_skips)) {
        (true, 1.., _) => Outcome::Failed,
        (false, 0, false) | (true, 0, _) => Outcome::Done,
        _ => Outcome::DoneWithSkips,
    })
}

fn is_about_the_recording(error: &roadloop_engine::EngineError) -> bool {
    matches!(error, roadloop_engine::EngineError::Bag(_))
}

/// The flag a person has to repeat, when the workspace is not the usual one.
pub(crate) fn workspace_flag(session: &Session) -> String {
    let workspace = session.config.workspace();
    if workspace == std::path::Path::new("roadloop") {
        return String::new();
    }
    format!(" --workspace {}", workspace.display())
}

fn as_text(run: &RecordingRun) -> String {
    let mut text = format!("{}\n", run.recording);
    for stage in &run.stages {
        let report = &stage.report;
        text += &format!(
            "  {:<10} {:>7} frames now, {:>7} already done, {:>4} skipped, {}\n",
            stage.stage.to_string(),
            report.done,
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

fn as_json(run: &RecordingRun) -> serde_json::Value {
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

async fn dry_run(
    ctx: &Ctx,
    found: &[PathBuf],
    settings: &RunSettings,
    json: bool,
) -> Result<Outcome> {
    let mut plans = Vec::new();
    for path in found {
        plans.push(flow::plan(ctx, path, settings).await?);
    }
    if json {
        render::print_json(&plans.iter().map(plan_as_json).collect::<Vec<_>>())?;
    } else {
        for plan in &plans {
            render::print(&plan_as_text(plan, settings))?;
        }
        render::note("dry run: nothing was written");
    }
    Ok(Outcome::Done)
}

fn plan_as_text(plan: &Plan, settings: &RunSettings) -> String {
    let size = render::bytes(plan.size_bytes);
    let mut text = format!("{}  ({}, {size})\n", plan.recording, plan.source.display());
    for camera in &plan.cameras {
        let messages = camera.messages.map_or("unknown".to_owned(), |n| n.to_string());
        let left_out = if camera.is_selected { "" } else { "  (left out)" };
        text += &format!(
            "  camera {}: {messages} messages on {}{left_out}\n",
            camera.camera, camera.topic
        );
    }
    for stage in &settings.stages {
        let (done, rest) = match stage {
            Stage::Extract if plan.is_extracted => (plan.extracted, "complete"),
            Stage::Extract => (plan.extracted, "to be completed"),
            Stage::Detect => (plan.detected, "the rest to be done"),
            Stage::Anonymize => (plan.anonymized, "the rest to be done"),
        };
        text += &format!("  {:<10} {done} frames done, {rest}\n", stage.to_string());
    }
    text
}

fn plan_as_json(plan: &Plan) -> serde_json::Value {
    let cameras = plan.cameras.iter().map(|camera| {
        json!({"camera": camera.camera, "topic": camera.topic, "messages": camera.messages,
            "selected": camera.is_selected})
    });
    json!({
        "recording": plan.recording,
        "source": plan.source,
        "size_bytes": plan.size_bytes,
        "cameras": cameras.collect::<Vec<_>>(),
        "extracted": plan.extracted,
        "extraction_complete": plan.is_extracted,
        "detected": plan.detected,
        "anonymized": plan.anonymized,
    })
}
