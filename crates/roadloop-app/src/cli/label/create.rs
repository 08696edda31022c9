//! `label create`: a job of frames, or of an earlier job.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use roadloop_base::FrameRow;
use roadloop_engine::Ctx;
use roadloop_engine::catalog::{Filter, Sampling, SelectionRef};
use roadloop_engine::labels::{
    Consolidation, JobName, JobSettings, LARGEST_PICTURE, LabelClass, Middle, NewJob, Picture,
    PreLabel, Purpose, ReviewRule,
};
use roadloop_engine::manifest::read_categories;
use roadloop_engine::stages::label::{self, Tasks};
use roadloop_engine::stages::select;
use serde_json::json;

use super::{now, open, operator};
use crate::cli::Outcome;
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Make a labelling job
///
/// Of frames: only those that have an anonymised copy are in it, and nothing else is ever
/// shown. Of an earlier job: --verify asks whether its boxes are right, --adjust has them
/// corrected; both write beside the earlier label in the same lines.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("frames").required(true))]
#[command(after_help = "\
Instructions are Markdown. What stands above a line --- is always visible, the rest on demand;
pictures beside the file are taken along: ![good: the whole car](good.png), ![bad: …](bad.png).

Examples:
  roadloop label create av --from crowds --labels car,person --workers 3 --pre-label
  roadloop label create av --filter 'count(car) >= 2' --labels car --instructions guide.md
  roadloop label create av --from crowds --label-file categories.json --review 0.8
  roadloop label create av --from crowds --labels car --gold 'tag = gold' --gold-every 10
  roadloop label create av-checked --verify av
  roadloop label create av --from crowds --labels car --dry-run")]
pub(super) struct Args {
    /// Letters, digits and -, at most 63
    #[arg(value_name = "NAME")]
    name: JobName,
    /// Frames of a saved selection
    #[arg(long, value_name = "SELECTION", group = "frames")]
    from: Option<SelectionRef>,
    /// Frames that match a filter
    #[arg(long, value_name = "FILTER", group = "frames")]
    filter: Option<String>,
    /// Ask of the results of an earlier job whether they are right
    #[arg(long, value_name = "JOB", group = "frames")]
    verify: Option<JobName>,
    /// Have the results of an earlier job corrected
    #[arg(long, value_name = "JOB", group = "frames")]
    adjust: Option<JobName>,
    /// What is to be found, at most 50; of an earlier job its own [default: those]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    labels: Vec<String>,
    /// The same from a label category file of SageMaker Ground Truth
    #[arg(long, value_name = "FILE", conflicts_with = "labels")]
    label_file: Option<PathBuf>,
    /// People who label each frame, 1 to 9
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=9))]
    workers: u32,
    /// Markdown for who labels, with the pictures it names
    #[arg(long, value_name = "FILE")]
    instructions: Option<PathBuf>,
    /// Propose what models found, from this confidence on
    #[arg(long, value_name = "CONFIDENCE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "0.3")]
    pre_label: Option<f32>,
    /// Which results a reviewer must look at: none, all, or those of less agreement
    #[arg(long, value_name = "none|all|0..1", default_value = "none")]
    review: String,
    /// Seconds somebody has for a task, 30 to 28800; then it goes to others
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u32).range(30..=28_800))]
    time_limit: u32,
    /// Days the job goes on, at most 365
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=365))]
    lifetime: u64,
    /// Overlap from which boxes of several people are one
    #[arg(long, value_name = "IOU", default_value_t = 0.5)]
    iou: f64,
    /// People who must have drawn a box [default: the majority]
    #[arg(long, value_name = "N")]
    quorum: Option<u32>,
    /// Put boxes of several labels together too; the label is voted for
    #[arg(long)]
    any_label: bool,
    /// Of the boxes of several people the median, not the mean
    #[arg(long)]
    median: bool,
    /// What the label is called in the manifest [default: NAME]
    #[arg(long, value_name = "ATTRIBUTE")]
    attribute: Option<String>,
    /// Frames at which people's work is measured: those of them that have boxes of people
    #[arg(long, value_name = "FILTER", conflicts_with_all = ["verify", "adjust"])]
    gold: Option<String>,
    /// Each so many tasks of somebody, one of them is gold
    #[arg(long, value_name = "N", default_value_t = 10, requires = "gold")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    gold_every: u32,
    /// Say how many tasks there would be, and make none
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let labels = open(session)?;
    let purpose = match (&args.verify, &args.adjust) {
        (Some(of), _) => Purpose::Verify { of: of.clone() },
        (_, Some(of)) => Purpose::Adjust { of: of.clone() },
        (None, None) => Purpose::Draw,
    };
    let classes = match purpose.of() {
        Some(of) if args.labels.is_empty() && args.label_file.is_none() => {
            labels.job(of, now())?.settings.labels
        }
        _ => classes(&args)?,
    };
    let (instructions, pictures) = match &args.instructions {
        Some(file) => guide(file)?,
        None => (String::new(), Vec::new()),
    };
    let gold = args.gold.as_deref().map(Filter::parse).transpose()?;
    let settings = JobSettings {
        labels: classes,
        workers: args.workers,
        task_seconds: args.time_limit,
        lifetime_seconds: args.lifetime * 24 * 3600,
        consolidation: Consolidation {
            iou: args.iou,
            quorum: args.quorum,
            class_aware: !args.any_label,
            position: if args.median { Middle::Median } else { Middle::Mean },
        },
        review: rule(&args.review)?,
        attribute: args.attribute.clone().unwrap_or_else(|| args.name.to_string()),
        gold_every: if gold.is_some() { args.gold_every } else { 0 },
        pre_label: args.pre_label.map(|min_confidence| PreLabel { min_confidence }),
    };
    let ctx = session.reader().await?;
    let tasks = match purpose.of() {
        Some(_) => Tasks::OfEarlier,
        None => Tasks::Of(frames(&ctx, &args).await?),
    };
    let job = NewJob {
        name: args.name.clone(),
        purpose,
        settings,
        instructions,
        pictures,
        created_by: operator(),
    };
    job.check()?;
    if args.dry_run {
        return dry_run(session, &ctx, &labels, &job, tasks, args.json).await;
    }
    let (job, report) = label::create(&ctx, &labels, job, tasks, gold.as_ref()).await?;
    if args.json {
        let done = json!({"job": job.name.as_str(), "tasks": job.progress.tasks,
            "skipped": report.skipped.len()});
        render::print_json(&done)?;
    } else {
        let tasks = counted(job.progress.tasks, "task");
        let answers = counted(job.progress.answers_wanted, "answer");
        render::print(&format!("{}: {tasks}, {answers} wanted", job.name))?;
    }
    for skip in report.skipped.iter().take(5) {
        session.note(&format!("left out: {}: {}", skip.place, skip.reason));
    }
    if report.skipped.len() > 5 {
        session.note(&format!("and {} more", report.skipped.len() - 5));
    }
    session.note(&format!(
        "people find it in the studio, under Work: {} studio; how far it is: {} label show {}",
        command(),
        command(),
        job.name
    ));
    Ok(if report.skipped.is_empty() { Outcome::Done } else { Outcome::DoneWithSkips })
}

async fn frames(ctx: &Ctx, args: &Args) -> Result<Vec<FrameRow>> {
    if let Some(saved) = &args.from {
        let card = ctx.catalog.selection(saved).await?;
        return Ok(ctx.catalog.selected(&card).await?);
    }
    let filter = Filter::parse(args.filter.as_deref().unwrap_or_default())?;
    let (draw, _) = select::draw(ctx, &filter, Sampling::default()).await?;
    Ok(draw.rows(&ctx.catalog).await?)
}

async fn dry_run(
    session: &Session,
    ctx: &Ctx,
    labels: &roadloop_engine::labels::Labels,
    job: &NewJob,
    tasks: Tasks,
    json: bool,
) -> Result<Outcome> {
    let (tasks, left_out) = match (tasks, job.purpose.of()) {
        (Tasks::Of(frames), _) => {
            let report = label::plan(ctx, frames).await?;
            (report.done, report.skipped.len() as u64)
        }
        (Tasks::OfEarlier, Some(of)) => {
            let progress = labels.job(of, now())?.progress;
            let is_final = progress.done + progress.approved + progress.corrected;
            (is_final, progress.tasks - is_final.min(progress.tasks))
        }
        (Tasks::OfEarlier, None) => (0, 0),
    };
    let answers = tasks * u64::from(job.settings.workers);
    if json {
        render::print_json(&json!({"job": job.name.as_str(), "tasks": tasks,
            "answers_wanted": answers, "left_out": left_out}))?;
    } else {
        let (tasks, answers) = (counted(tasks, "task"), counted(answers, "answer"));
        render::print(&format!("{}: {tasks}, {answers} wanted", job.name))?;
    }
    session.note(&format!("dry run: no job was made; {left_out} frames would be left out"));
    Ok(Outcome::Done)
}

fn classes(args: &Args) -> Result<Vec<LabelClass>> {
    let mut names = match &args.label_file {
        Some(file) => read_categories(&read(file)?)?,
        None => args.labels.clone(),
    };
    names.retain(|name| !name.trim().is_empty());
    if names.is_empty() {
        return Err(usage("say what is to be found: --labels car,person or --label-file FILE"));
    }
    Ok(names.iter().map(|name| LabelClass::new(name.trim())).collect())
}

fn rule(text: &str) -> Result<ReviewRule> {
    match text {
        "none" => Ok(ReviewRule::None),
        "all" => Ok(ReviewRule::All),
        number => match number.parse::<f64>() {
            Ok(below) if (0.0..=1.0).contains(&below) => Ok(ReviewRule::Below(below)),
            _ => Err(usage(format!(
                "--review is none, all or an agreement from 0 to 1, and not {text:?}"
            ))),
        },
    }
}

/// The bytes of a file, up to what any of them may have and one more.
fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = || format!("cannot read a file\npath: {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(failed)?;
    file.take(LARGEST_PICTURE as u64 + 1).read_to_end(&mut bytes).with_context(failed)?;
    Ok(bytes)
}

/// Instructions and the pictures beside them that they name.
fn guide(file: &Path) -> Result<(String, Vec<Picture>)> {
    let text = String::from_utf8(read(file)?)
        .with_context(|| format!("instructions are text in UTF-8\npath: {}", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut pictures: Vec<Picture> = Vec::new();
    for name in pictures_in(&text) {
        if pictures.iter().any(|picture| picture.name == name) {
            continue;
        }
        let path = folder.join(&name);
        pictures.push(Picture::new(&name, read(&path)?)?);
    }
    Ok((text, pictures))
}

/// Files that Markdown shows as pictures and that lie beside it: no addresses, no folders.
fn pictures_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("![") {
        rest = behind;
        let Some((_, target)) = behind.split_once("](") else { continue };
        let Some((target, _)) = target.split_once(')') else { continue };
        let name = target.split_whitespace().next().unwrap_or_default();
        if !name.is_empty() && !name.contains(['/', '\\', ':']) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_beside_the_guide_are_found() {
        let text = "# Cars\n![good: whole](good.png) ![bad](bad.jpg \"cut\")\n\
                    ![](https://x.example/a.png) ![](../secret.png) ![open](\n";
        assert_eq!(pictures_in(text), ["good.png", "bad.jpg"]);
    }

    #[test]
    fn review_rules() {
        assert_eq!(rule("all").unwrap(), ReviewRule::All);
        assert_eq!(rule("0.8").unwrap(), ReviewRule::Below(0.8));
        for text in ["", "1.5", "NaN", "some"] {
            assert!(rule(text).is_err(), "{text}");
        }
    }
}
