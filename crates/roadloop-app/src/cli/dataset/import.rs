//! `dataset import`: a dataset of others, images and labels, as one of ours.

use std::path::PathBuf;

use anyhow::{Context, Result};
use roadloop_engine::datasets::formats::guess;
use roadloop_engine::datasets::{DatasetName, Format};
use roadloop_engine::stages::dataset::{self, ImportSettings};

use super::{MadeArgs, SplitArgs};
use crate::cli::Outcome;
use crate::session::Session;
use crate::usage::usage;

/// Forms that are read; fiftyone and openlabel are only written.
const FORMS: [&str; 7] = ["coco", "yolo", "voc", "cvat", "labelstudio", "groundtruth", "recordio"];

/// Take a dataset of others: its images are copied into the store, its labels frozen
///
/// All labels are read before anything is kept; what is wrong with one is named with its
/// file and line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The form is seen from what lies in the folder; --from says so where it cannot be seen.

Examples:
  roadloop dataset import cars-yolo --as theirs
  roadloop dataset import export/instances.json --from coco --as theirs --split 80/20
  roadloop dataset import output.manifest --as delivered
  roadloop dataset build all --from-dataset theirs --from-job av --split 60/20/20")]
pub(super) struct Args {
    /// A folder, or the file of labels
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Its form
    #[arg(long, value_name = "FORM", value_parser = FORMS)]
    from: Option<String>,
    /// What it is called here
    #[arg(long = "as", value_name = "NAME")]
    name: DatasetName,
    #[command(flatten)]
    split: SplitArgs,
    #[command(flatten)]
    made: MadeArgs,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    std::fs::metadata(&args.path)
        .with_context(|| format!("cannot read it\npath: {}", args.path.display()))?;
    let format = match &args.from {
        Some(form) => form.parse::<Format>()?,
        None => guess(&args.path).ok_or_else(|| {
            usage(format!(
                "it cannot be seen what form this has; say so with --from\npath: {}",
                args.path.display()
            ))
        })?,
    };
    if !format.is_read() {
        return Err(usage(format!(
            "this is {format}, which is only written; read one of {}\npath: {}",
            FORMS.join(", "),
            args.path.display()
        )));
    }
    let ctx = match args.made.dry_run {
        true => session.reader().await?,
        false => session.engine().await?,
    };
    let settings = ImportSettings {
        path: args.path,
        format,
        name: args.name,
        split: args.split.settings(),
        about: args.made.about(),
    };
    let built = dataset::import(&ctx, settings, args.made.dry_run).await?;
    args.made.say(session, &built)
}
