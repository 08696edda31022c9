//! `label review`, `consolidate`, `close`, `reopen`: what is decided about a job.

use anyhow::{Result, bail};
use clap::ValueEnum;
use roadloop_engine::labels::{
    JobName, Labels, Middle, Review, Ruling, TaskOrder, TaskQuery, TaskRow, TaskState,
};
use serde_json::json;

use super::{having, now, operator};
use crate::cli::Outcome;
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Show where people disagree, and decide
///
/// Boxes are best looked at in the studio: Jobs, the job, Review.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop label review av                           the twenty tasks that agree least
  roadloop label review av --approve 3,8
  roadloop label review av --approve all             all that wait for a review
  roadloop label review av --settle 7                its flag is talked about
  roadloop label review av --send-back 5 --to ann --comment 'the van is missing'")]
pub(super) struct Args {
    #[arg(value_name = "JOB")]
    job: JobName,
    /// So many tasks are listed
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// Accept results: numbers of tasks, or all that wait for it
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', conflicts_with = "send_back")]
    approve: Vec<String>,
    /// Give a task back to who answered it
    #[arg(long, value_name = "NUMBER", requires_all = ["to", "comment"])]
    send_back: Option<u64>,
    /// Who it goes back to
    #[arg(long, value_name = "WORKER", requires = "send_back")]
    to: Option<String>,
    /// What is wrong with it
    #[arg(long, value_name = "TEXT", requires = "send_back")]
    comment: Option<String>,
    /// What was flagged is talked about: numbers of tasks
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    #[arg(conflicts_with_all = ["send_back", "approve"])]
    settle: Vec<u64>,
    /// Print the list as JSON lines
    #[arg(long)]
    json: bool,
}

/// Put people's boxes together again, by other settings
///
/// Settings that are not named stay as they are, and so does what a reviewer approved or
/// corrected.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop label consolidate av --iou 0.6 --quorum 2 --position median")]
pub(super) struct ConsolidateArgs {
    #[arg(value_name = "JOB")]
    job: JobName,
    /// Overlap from which boxes of several people are one
    #[arg(long, value_name = "IOU")]
    iou: Option<f64>,
    /// People who must have drawn a box: a number, or majority
    #[arg(long, value_name = "N")]
    quorum: Option<String>,
    /// Whether only boxes of one label are put together, or of any; then the label is voted for
    #[arg(long, value_enum, value_name = "WHICH")]
    labels: Option<Together>,
    /// Of the boxes of several people the mean, or the median
    #[arg(long, value_enum, value_name = "WHICH")]
    position: Option<Position>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Together {
    Same,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Position {
    Mean,
    Median,
}

/// End a job: nobody is given a task of it any more
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop label close av")]
pub(super) struct CloseArgs {
    #[arg(value_name = "JOB")]
    job: JobName,
}

/// Drop a job that was never made to the end, as its making was stopped
///
/// Others are never dropped: people may have worked on them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop label drop av")]
pub(super) struct DropArgs {
    #[arg(value_name = "JOB")]
    job: JobName,
}

/// Let a job that was closed or is over go on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop label reopen av")]
pub(super) struct ReopenArgs {
    #[arg(value_name = "JOB")]
    job: JobName,
}

pub(super) fn run(session: &Session, args: Args) -> Result<Outcome> {
    let labels = having(session, &args.job)?;
    if let (Some(number), Some(to), Some(comment)) = (args.send_back, &args.to, &args.comment) {
        let revision = labels.task(&args.job, number)?.row.revision;
        let ruling = Ruling::SendBack { worker: to.clone() };
        let comment = Some(comment.clone());
        let review = Review { by: operator(), revision, ruling, comment };
        labels.decide(&args.job, number, &review, now())?;
        session.note(&format!("task {number} is {to}'s again"));
        return Ok(Outcome::Done);
    }
    for number in &args.settle {
        decide(&labels, &args.job, *number, Ruling::SettleFlag)?;
    }
    if !args.settle.is_empty() {
        session.note(&format!("settled: {}", counted(args.settle.len() as u64, "flag")));
        return Ok(Outcome::Done);
    }
    if !args.approve.is_empty() {
        return approve(session, &labels, &args);
    }
    let query =
        TaskQuery { order: TaskOrder::WorstFirst, limit: args.limit, ..TaskQuery::default() };
    let page = labels.tasks(&args.job, &query)?;
    if args.json {
        for row in &page.tasks {
            let frame = row.frame.as_ref().map(ToString::to_string);
            render::print_json(&json!({"task": row.number, "state": row.state.name(),
                "agreement": row.agreement, "boxes": row.boxes, "answers": row.answers,
                "flagged": row.is_flagged, "frame": frame}))?;
        }
        return Ok(Outcome::Done);
    }
    let mut rows = vec![
        ["task", "agreement", "state", "answers", "boxes", "frame"].map(str::to_owned).to_vec(),
    ];
    rows.extend(page.tasks.iter().map(as_row));
    render::print(&render::columns(&rows))?;
    session.note(&format!(
        "the worst of {}; look at them in the studio: {} studio, /jobs/{}",
        counted(page.total, "task"),
        command(),
        args.job
    ));
    Ok(Outcome::Done)
}

fn as_row(row: &TaskRow) -> Vec<String> {
    let agreement = row.agreement.map_or("–".to_owned(), |agreement| format!("{agreement:.2}"));
    let state = if row.is_gold { "gold" } else { row.state.name() };
    let state = if row.is_flagged { format!("{state}, flagged") } else { state.to_owned() };
    vec![
        row.number.to_string(),
        agreement,
        state,
        format!("{}/{}", row.answers, row.wanted),
        row.boxes.map_or("–".to_owned(), |boxes| boxes.to_string()),
        row.frame.as_ref().map_or("–".to_owned(), ToString::to_string),
    ]
}

fn approve(session: &Session, labels: &Labels, args: &Args) -> Result<Outcome> {
    let mut numbers = Vec::new();
    for text in &args.approve {
        match text.as_str() {
            "all" => numbers.extend(waiting(labels, &args.job)?),
            number => numbers.push(number.parse::<u64>().map_err(|_| {
                usage(format!("--approve takes numbers of tasks or all, and not {number:?}"))
            })?),
        }
    }
    let mut done = 0;
    for number in numbers {
        decide(labels, &args.job, number, Ruling::Approve)?;
        done += 1;
    }
    session.note(&format!("approved: {}", counted(done, "task")));
    Ok(Outcome::Done)
}

/// About the task as it is now.
fn decide(labels: &Labels, job: &JobName, number: u64, ruling: Ruling) -> Result<()> {
    let revision = labels.task(job, number)?.row.revision;
    let review = Review { by: operator(), revision, ruling, comment: None };
    labels.decide(job, number, &review, now())?;
    Ok(())
}

/// Tasks whose results wait for a reviewer, those that agree least first.
fn waiting(labels: &Labels, job: &JobName) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    loop {
        let query = TaskQuery {
            states: vec![TaskState::InReview],
            offset: numbers.len() as u64,
            limit: 500,
            ..TaskQuery::default()
        };
        let page = labels.tasks(job, &query)?;
        if page.tasks.is_empty() {
            return Ok(numbers);
        }
        numbers.extend(page.tasks.iter().map(|row| row.number));
    }
}

pub(super) fn consolidate(session: &Session, args: &ConsolidateArgs) -> Result<Outcome> {
    let labels = having(session, &args.job)?;
    // What is not said stays as it is.
    let mut settings = labels.job(&args.job, now())?.settings.consolidation;
    settings.iou = args.iou.unwrap_or(settings.iou);
    settings.quorum =
        match args.quorum.as_deref() {
            None => settings.quorum,
            Some("majority") => None,
            Some(number) => Some(number.parse().map_err(|_| {
                usage(format!("--quorum is a number or majority, and not {number:?}"))
            })?),
        };
    settings.class_aware =
        args.labels.map_or(settings.class_aware, |which| which == Together::Same);
    settings.position = match args.position {
        None => settings.position,
        Some(Position::Mean) => Middle::Mean,
        Some(Position::Median) => Middle::Median,
    };
    labels.set_consolidation(&args.job, &settings, now())?;
    session.note("boxes were put together again, but for tasks that a reviewer decided");
    Ok(Outcome::Done)
}

pub(super) fn close(session: &Session, args: &CloseArgs) -> Result<Outcome> {
    let labels = having(session, &args.job)?;
    labels.close(&args.job, &operator(), now())?;
    let progress = labels.job(&args.job, now())?.progress;
    let is_final = progress.is_final();
    session
        .note(&format!("{} is closed with {is_final} of {} tasks done", args.job, progress.tasks));
    Ok(Outcome::Done)
}

pub(super) fn drop_half_made(session: &Session, args: &DropArgs) -> Result<Outcome> {
    having(session, &args.job)?.delete_filling(&args.job)?;
    session.note(&format!("{} is dropped; its name is free again", args.job));
    Ok(Outcome::Done)
}

pub(super) fn reopen(session: &Session, args: &ReopenArgs) -> Result<Outcome> {
    let labels = having(session, &args.job)?;
    labels.reopen(&args.job, &operator(), now())?;
    let job = labels.job(&args.job, now())?;
    if job.state.name() != "open" {
        bail!("{} cannot go on: it is {}", args.job, job.state.name());
    }
    session.note(&format!("{} goes on until {}", args.job, &job.expires_at.iso()[..16]));
    Ok(Outcome::Done)
}
