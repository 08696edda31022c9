//! `label list`, `show`, `stats`: how far jobs are, and who did what.

use std::path::PathBuf;

use anyhow::Result;
use roadloop_engine::catalog::Format;
use roadloop_engine::labels::{Consolidation, Job, JobName, Middle, Progress, ReviewRule};
use roadloop_engine::stages::label::{statistics_picture, statistics_rows};
use roadloop_engine::vision::encode_png;
use serde_json::{Value, json};

use super::{having, look, now};
use crate::cli::Outcome;
use crate::cli::output::{choose_format, export, write_file};
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// List labelling jobs and how far they are
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop label list --json | jq -r 'select(.state == \"open\") | .job'")]
pub(super) struct ListArgs {
    /// Print them as JSON lines
    #[arg(long)]
    json: bool,
}

/// Show a labelling job: its settings, how far it is, who did what
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop label show av
  roadloop label show av --json | jq .progress")]
pub(super) struct ShowArgs {
    #[arg(value_name = "JOB")]
    job: JobName,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Say who labelled how much, how fast and how well
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Agreement is the mean F1 of somebody's boxes against those that all agreed on; the gold score
the same against boxes that are known to be right.

Examples:
  roadloop label stats av
  roadloop label stats av --out workers.csv
  roadloop label stats av --out workers.png")]
pub(super) struct StatsArgs {
    #[arg(value_name = "JOB")]
    job: JobName,
    /// Write it to a file: .csv, .parquet, .jsonl, or a picture, .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print it as JSON lines
    #[arg(long)]
    json: bool,
}

pub(super) fn list(session: &Session, args: &ListArgs) -> Result<Outcome> {
    let jobs = match look(session)? {
        Some(labels) => labels.jobs(now())?,
        None => Vec::new(),
    };
    if args.json {
        for job in &jobs {
            render::print_json(&as_json(job))?;
        }
        return Ok(Outcome::Done);
    }
    if jobs.is_empty() {
        session.note(&format!("there are no jobs; make one with: {} label create", command()));
        return Ok(Outcome::Done);
    }
    let mut rows = vec![
        ["job", "state", "tasks", "done", "to review", "flagged", "left"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for job in &jobs {
        let Progress { tasks, in_review, flagged, .. } = job.progress;
        rows.push(vec![
            job.name.to_string(),
            job.state.name().to_owned(),
            tasks.to_string(),
            job.progress.is_final().to_string(),
            in_review.to_string(),
            flagged.to_string(),
            left(&job.progress),
        ]);
    }
    render::print(&render::columns(&rows))?;
    Ok(Outcome::Done)
}

/// The time that is left, as far as it can be told.
fn left(progress: &Progress) -> String {
    match progress.seconds_left {
        Some(seconds) if seconds > 0.0 => duration(seconds),
        _ => "–".to_owned(),
    }
}

fn duration(seconds: f64) -> String {
    let seconds = seconds.min(1e9) as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn as_json(job: &Job) -> Value {
    let settings = &job.settings;
    let names: Vec<&str> = settings.labels.iter().map(|class| class.name.as_str()).collect();
    json!({
        "job": job.name.as_str(),
        "purpose": job.purpose.name(),
        "of": job.purpose.of().map(JobName::as_str),
        "state": job.state.name(),
        "labels": names,
        "workers": settings.workers,
        "attribute": settings.attribute,
        "task_seconds": settings.task_seconds,
        "consolidation": settings.consolidation,
        "review": settings.review,
        "pre_label": settings.pre_label,
        "created_at": job.created_at.iso(),
        "created_by": job.created_by,
        "expires_at": job.expires_at.iso(),
        "progress": job.progress,
    })
}

pub(super) fn one(session: &Session, args: &ShowArgs) -> Result<Outcome> {
    let labels = having(session, &args.job)?;
    let job = labels.job(&args.job, now())?;
    if args.json {
        render::print_json(&as_json(&job))?;
        return Ok(Outcome::Done);
    }
    let settings = &job.settings;
    let names: Vec<&str> = settings.labels.iter().map(|class| class.name.as_str()).collect();
    let Progress { tasks, in_review, approved, corrected, sent_back, flagged, failed, .. } =
        job.progress;
    let purpose = match job.purpose.of() {
        Some(of) => format!("{} {of}", job.purpose.name()),
        None => job.purpose.name().to_owned(),
    };
    let mut lines = vec![
        format!("{}: {purpose}, {}", job.name, job.state.name()),
        format!("  labels     {}", names.join(", ")),
        format!("  workers    {} a task, {} s each", settings.workers, settings.task_seconds),
        format!("  until      {}", &job.expires_at.iso()[..16]),
        format!("  manifest   {}", settings.attribute),
        format!("  boxes      {}", together(&settings.consolidation)),
        format!("  reviewed   {}", rule(&settings.review)),
        format!(
            "  done       {} of {tasks} ({} of {} answers)",
            job.progress.is_final(),
            job.progress.answers,
            job.progress.answers_wanted
        ),
        format!(
            "  review     {in_review} waiting, {approved} approved, {corrected} corrected, {sent_back} sent back"
        ),
    ];
    if flagged + failed > 0 {
        lines.push(format!("  trouble    {flagged} flagged, {failed} skipped by everybody"));
    }
    if let Some(seconds) = job.progress.median_seconds {
        let left = left(&job.progress);
        lines.push(format!("  pace       {seconds:.0} s an answer, {left} left"));
    }
    render::print(&lines.join("\n"))?;
    let people = labels.statistics(&args.job)?;
    if !people.is_empty() {
        render::print("")?;
        render::print_rows(&statistics_rows(&people)?, Format::Table)?;
    }
    Ok(Outcome::Done)
}

/// How boxes are put together, in words.
fn together(settings: &Consolidation) -> String {
    let quorum = match settings.quorum {
        Some(quorum) => format!("{quorum} votes"),
        None => "the majority".to_owned(),
    };
    let labels = if settings.class_aware { "of one label" } else { "of any label" };
    let middle = match settings.position {
        Middle::Mean => "mean",
        Middle::Median => "median",
    };
    format!("{labels} from IoU {} on, {quorum}, {middle}", settings.iou)
}

fn rule(review: &ReviewRule) -> String {
    match review {
        ReviewRule::None => "what is flagged".to_owned(),
        ReviewRule::All => "all".to_owned(),
        ReviewRule::Below(below) => format!("what agrees less than {below}, and what is flagged"),
    }
}

pub(super) fn statistics(session: &Session, args: &StatsArgs) -> Result<Outcome> {
    let labels = having(session, &args.job)?;
    let people = labels.statistics(&args.job)?;
    if let Some(path) = &args.out {
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        if !["csv", "parquet", "jsonl", "png"].contains(&end) {
            return Err(usage("the file's name must end in .csv, .parquet, .jsonl or .png"));
        }
    }
    let is_picture =
        args.out.as_ref().filter(|path| path.extension().is_some_and(|end| end == "png"));
    if let Some(path) = is_picture {
        let title = format!("{}: {}", args.job, counted(people.len() as u64, "worker"));
        let replaced = write_file(path, &encode_png(&statistics_picture(&title, &people))?)?;
        session.note(&format!("{}{}", path.display(), replaced.in_words()));
        return Ok(Outcome::Done);
    }
    let rows = statistics_rows(&people)?;
    let format = choose_format(None, args.json, args.out.as_deref())?;
    match &args.out {
        Some(path) => export(session, &rows, format, path, "worker")?,
        None if people.is_empty() => session.note("nobody has answered a task yet"),
        None => render::print_rows(&rows, format)?,
    }
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_at_a_glance() {
        assert_eq!(duration(59.9), "59 s");
        assert_eq!(duration(3599.0), "59 min");
        assert_eq!(duration(7260.0), "2 h 1 min");
        assert_eq!(duration(f64::INFINITY), "11574 days");
    }
}
