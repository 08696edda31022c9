//! `anonymize`: copies of stored frames without faces, plates and texts.

use anyhow::Result;
use clap::ValueEnum;
use roadloop_base::{Part, RecordingId, Report};
use roadloop_engine::catalog::Filter;
use roadloop_engine::stages::redact;
use roadloop_engine::{Ctx, EngineError};
use serde_json::json;

use crate::cli::Outcome;
use crate::command::command;
use crate::config::Overrides;
use crate::render::{self, counted};
use crate::session::Session;

/// Hide faces, licence plates and texts in copies of stored frames
///
/// Copies lie under anonymized/, beside images/. Raw frames stay untouched.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop anonymize                               every frame of every recording
  roadloop anonymize --only 'has(person) or has(car)'
  roadloop anonymize drive-1a2b3c4d --style solid
  roadloop anonymize --finder rekognition          let Amazon find faces and texts")]
pub(crate) struct Args {
    /// Recordings by name [default: all]
    #[arg(value_name = "NAME")]
    recordings: Vec<String>,
    #[command(flatten)]
    redact: RedactArgs,
    #[command(flatten)]
    finder: FinderArgs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Who finds what is hidden.
#[derive(Debug, clap::Args)]
pub(crate) struct FinderArgs {
    /// Who finds faces and texts: Amazon, paid by the frame [default: the built-in models]
    #[arg(long, value_enum, value_name = "SERVICE")]
    finder: Option<Finder>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Finder {
    Rekognition,
}

impl FinderArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        let finder = self.finder.map(|Finder::Rekognition| "rekognition".to_owned());
        finder.map(|finder| ("anonymize.finder", finder)).into_iter().collect()
    }
}

/// What is hidden, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct RedactArgs {
    /// Anonymise only frames that match this filter [default: all]
    #[arg(long, value_name = "FILTER")]
    only: Option<String>,
    /// How boxes are hidden [default: blur]
    #[arg(long, value_enum)]
    style: Option<Style>,
    /// Grow each box on every side by this share of its size [default: 0.15]
    #[arg(long, value_name = "SHARE")]
    margin: Option<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Style {
    /// So coarse that nothing can be told apart
    Blur,
    /// One flat colour
    Solid,
}

impl RedactArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        let style = self.style.map(|style| match style {
            Style::Blur => "blur",
            Style::Solid => "solid",
        });
        let mut overrides = Overrides::new();
        overrides.extend(self.only.clone().map(|filter| ("anonymize.only", filter)));
        overrides.extend(style.map(|style| ("anonymize.style", style.to_owned())));
        overrides.extend(self.margin.map(|share| ("anonymize.margin", share.to_string())));
        overrides
    }
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = self.redact.overrides();
        overrides.extend(self.finder.overrides());
        overrides
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let only = session.only()?;
    let ctx = session.reader().await?;
    let mut results = Vec::new();
    for recording in named_recordings(&ctx, &args.recordings).await? {
        let settings = session.redact_settings();
        let report =
            redact::run(&ctx, &Part::whole(recording.clone()), only.as_ref(), settings).await?;
        results.push((recording, report));
    }
    if let Some(only) = &only {
        let recordings: Vec<RecordingId> = results.iter().map(|(id, _)| id.clone()).collect();
        remark_on_filter(session, &ctx, only, &recordings).await?;
    }
    show_reports(session, &results, args.json).await
}

/// Says so when a filter chose no frame to anonymise, and why that may be.
pub(super) async fn remark_on_filter(
    session: &Session,
    ctx: &Ctx,
    only: &Filter,
    recordings: &[RecordingId],
) -> Result<()> {
    let mut not_looked_at = 0;
    let mut warnings = Vec::new();
    for recording in recordings {
        let count = ctx.catalog.count(only, Some(recording)).await?;
        if count.total > 0 {
            return Ok(());
        }
        not_looked_at += count.not_looked_at;
        warnings = count.warnings;
    }
    if !recordings.is_empty() {
        session.note(&format!("note: no frame matches {only}; none was anonymised for it"));
        super::search::remark(session, only, &warnings, not_looked_at);
    }
    Ok(())
}

/// The recordings a person named, or all there are.
pub(super) async fn named_recordings(ctx: &Ctx, names: &[String]) -> Result<Vec<RecordingId>> {
    let known: Vec<RecordingId> =
        ctx.catalog.recordings().await?.into_iter().map(|summary| summary.id).collect();
    if names.is_empty() {
        return Ok(known);
    }
    let mut wanted = Vec::new();
    for name in names {
        let Some(found) = known.iter().find(|id| id.as_str() == name) else {
            let known: Vec<&str> = known.iter().map(RecordingId::as_str).collect();
            let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
            return Err(EngineError::NoSuchRecording { name: name.clone(), known }.into());
        };
        wanted.push(found.clone());
    }
    Ok(wanted)
}

/// Prints what a stage did with each recording.
pub(super) async fn show_reports(
    session: &Session,
    results: &[(RecordingId, Report)],
    json: bool,
) -> Result<Outcome> {
    if json {
        let results = results.iter().map(|(recording, report)| {
            json!({"recording": recording, "done": report.done,
                "already_done": report.already_done, "skipped": report.skipped})
        });
        render::print_json(&results.collect::<Vec<_>>())?;
    } else {
        for (recording, report) in results {
            render::print(&format!(
                "{recording}: {} now, {} already done, {} skipped",
                counted(report.done, "frame"),
                report.already_done,
                report.skipped.len()
            ))?;
        }
    }
    if results.is_empty() && !session.has_nothing().await? {
        session.note(&format!("the catalog is empty; start with: {} run RECORDING", command()));
    }
    let has_skips = results.iter().any(|(_, report)| !report.skipped.is_empty());
    Ok(if has_skips { Outcome::DoneWithSkips } else { Outcome::Done })
}
