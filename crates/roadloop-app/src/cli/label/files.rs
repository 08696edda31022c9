//! `label export`, `import`, `refs`: manifests as SageMaker Ground Truth writes them.

use std::fs::File;
use std::io::{BufReader, BufWriter, IntoInnerError, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use roadloop_engine::NewFile;
use roadloop_engine::labels::JobName;
use roadloop_engine::stages::label::refs::Switch;
use roadloop_engine::stages::label::{self, Imported, Lines};
use roadloop_engine::stages::search::Shown;
use serde_json::json;

use super::{having, open, operator};
use crate::cli::Outcome;
use crate::cli::output::name_skips;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::{renames, usage};

/// Which image a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ImagesName {
    Raw,
    Anonymized,
}

impl ImagesName {
    fn shown(self) -> Shown {
        match self {
            ImagesName::Raw => Shown::Raw,
            ImagesName::Anonymized => Shown::Anonymized,
        }
    }
}

/// How references are written.
#[derive(Debug, clap::Args)]
struct References {
    /// Lead to the raw images, as training takes them, or to the anonymised ones
    /// [default: as they are]
    #[arg(long, value_enum, value_name = "WHICH")]
    images: Option<ImagesName>,
    /// Other beginnings of references, as other buckets
    #[arg(long = "map", value_name = "OLD=NEW")]
    renames: Vec<String>,
}

impl References {
    fn switch(&self) -> Result<Switch> {
        let renames = renames("--map", "s3://blurred/=s3://raw/", &self.renames)?;
        Ok(Switch { images: self.images.map(ImagesName::shown), renames })
    }
}

/// Write a job's results as an augmented manifest
///
/// A line for each task. One without a final result has no label; one on which people found
/// nothing has the label without a box. All other keys of a line pass through.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop label export av --out output.manifest
  roadloop label export av --images raw --out train.manifest
  roadloop label export av --out train.manifest --images raw --map /data/=s3://bucket/
  roadloop label export av --layout --out delivery      all files, as the service lays them out")]
pub(super) struct ExportArgs {
    #[arg(value_name = "JOB")]
    job: JobName,
    /// The file; with --layout the folder
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write all files below a folder: the input and output manifests, what each worker
    /// answered, what became of it, the label categories and the settings
    #[arg(long)]
    layout: bool,
    #[command(flatten)]
    references: References,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

/// Take a manifest of a job that was done elsewhere as a job of this workspace
///
/// Each line is kept as its text: what is exported is equal to it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop label import output.manifest --as delivered
  roadloop label import chained.manifest --as adjusted --attribute adjusted-cars
  roadloop label import output.manifest --as delivered --map s3://theirs/=s3://ours/")]
pub(super) struct ImportArgs {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the job is called here
    #[arg(long = "as", value_name = "NAME")]
    name: JobName,
    /// Which label of boxes, where lines have several
    #[arg(long, value_name = "ATTRIBUTE")]
    attribute: Option<String>,
    /// Other beginnings of references, as other buckets
    #[arg(long = "map", value_name = "OLD=NEW")]
    renames: Vec<String>,
    /// Print what was read as JSON
    #[arg(long)]
    json: bool,
}

/// Copy a manifest with references to the raw images, or to the anonymised ones
///
/// Nothing else in its lines is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop label refs output.manifest --images raw --out train.manifest
  roadloop label refs train.manifest --images anonymized --out back.manifest
  roadloop label refs output.manifest --map s3://blurred/=s3://raw/ --out train.manifest")]
pub(super) struct RefsArgs {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    references: References,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn export(session: &Session, args: ExportArgs) -> Result<Outcome> {
    let labels = having(session, &args.job)?;
    let switch = args.references.switch()?;
    let ctx = session.reader().await?;
    let (path, done) = match args.layout {
        true => label::write_layout(&ctx, &labels, &args.job, &args.out, &switch).await?,
        false => {
            let done = label::write_manifest(&ctx, &labels, &args.job, &args.out, &switch).await?;
            (args.out, done)
        }
    };
    let Lines { lines, labelled, empty, boxes, strange } = done;
    if args.json {
        render::print_json(&json!({"path": path, "lines": lines, "labelled": labelled,
            "empty": empty, "boxes": boxes}))?;
    } else {
        let (lines, boxes) = (counted(lines, "line"), counted(boxes, "box"));
        render::print(&format!("{}: {lines}, {labelled} labelled, {boxes}", path.display()))?;
    }
    if strange > 0 {
        note_strange(session, strange);
    }
    if labelled < done.lines {
        let open = done.lines - labelled;
        session.note(&format!("{open} have no final result yet, and no label in the manifest"));
    }
    Ok(Outcome::Done)
}

pub(super) async fn import(session: &Session, args: ImportArgs) -> Result<Outcome> {
    let renames = References { images: None, renames: args.renames }.switch()?.renames;
    let labels = open(session)?;
    let ctx = session.reader().await?;
    let ImportArgs { file, name, attribute, .. } = args;
    let wanted = Imported { file, name, attribute, renames, by: operator() };
    let (job, report) = label::import(&ctx, &labels, wanted).await?;
    let tasks = job.progress.tasks;
    if args.json {
        render::print_json(&json!({"job": job.name.as_str(), "tasks": tasks,
            "labelled": job.progress.is_final(), "skipped": report.skipped.len()}))?;
    } else {
        let tasks = counted(tasks, "line");
        let labelled = job.progress.is_final();
        let attribute = &job.settings.attribute;
        render::print(&format!("{}: {tasks}, {labelled} labelled as {attribute}", job.name))?;
    }
    Ok(name_skips(session, &report.skipped))
}

pub(super) fn refs(session: &Session, args: RefsArgs) -> Result<Outcome> {
    let switch = args.references.switch()?;
    if switch.images.is_none() && switch.renames.is_empty() {
        return Err(usage(
            "nothing is to be changed; give --images raw|anonymized or --map OLD=NEW",
        ));
    }
    let failed = |path: &PathBuf| format!("cannot read a file\npath: {}", path.display());
    let from = File::open(&args.file).with_context(|| failed(&args.file))?;
    let cannot = || format!("cannot write a file\npath: {}", args.out.display());
    let mut to = BufWriter::new(NewFile::create(&args.out).with_context(cannot)?);
    let done = switch.copy(BufReader::new(from), &mut to)?;
    to.flush().with_context(cannot)?;
    let file = to.into_inner().map_err(IntoInnerError::into_error).with_context(cannot)?;
    file.publish().with_context(cannot)?;
    let (lines, changed) = (counted(done.lines, "line"), done.changed);
    render::print(&format!("{}: {lines}, {changed} changed", args.out.display()))?;
    if done.strange > 0 {
        note_strange(session, done.strange);
    }
    Ok(name_skips(session, &done.skipped))
}

fn note_strange(session: &Session, lines: u64) {
    session.note(&format!(
        "{lines} lead to no folder anonymized/ or images/ and were left as they are; --map \
         OLD=NEW changes any beginning"
    ));
}
