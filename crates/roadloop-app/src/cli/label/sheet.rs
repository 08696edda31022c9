//! `label sheet`: some labelled images on one picture.

use std::path::PathBuf;

use anyhow::Result;
use roadloop_engine::labels::JobName;
use roadloop_engine::stages::label::{self, Images, SheetSettings};
use roadloop_engine::vision::MAX_TILES;

use super::having;
use crate::cli::Outcome;
use crate::cli::output::PictureForm;
use crate::render::counted;
use crate::session::Session;

/// Draw some labelled images with their boxes, names and confidences on one picture
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Images are the anonymised ones. Of a job that was imported, images of this machine are shown
too, as its manifest names them.

Examples:
  roadloop label sheet av --sample 10 --out sheet.png
  roadloop label sheet av --sample 24 --seed 2 --out others.jpg")]
pub(super) struct Args {
    #[arg(value_name = "JOB")]
    job: JobName,
    /// So many images
    #[arg(long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=MAX_TILES as u64))]
    sample: u64,
    /// Another seed shows others
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Where to write it: .png or .jpg
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let form = PictureForm::of_file(&args.out)?;
    let labels = having(session, &args.job)?;
    let ctx = session.reader().await?;
    let settings = SheetSettings {
        sample: args.sample as usize,
        seed: args.seed,
        images: Images::AnonymizedOrNamed,
    };
    let (pixels, of) = label::sheet(&ctx, &labels, &args.job, settings).await?;
    let (shown, of) = (of.min(args.sample), counted(of, "labelled image"));
    form.write(session, &pixels, &args.out, &format!("{shown} of {of}"))?;
    Ok(Outcome::Done)
}
