//! `dataset sheet`: some images with their boxes on one picture.

use std::path::PathBuf;

use anyhow::Result;
use roadloop_engine::datasets::DatasetRef;
use roadloop_engine::stages::dataset::{self, SheetSettings};
use roadloop_engine::vision::MAX_TILES;

use super::splits;
use crate::cli::Outcome;
use crate::cli::output::PictureForm;
use crate::render::counted;
use crate::session::Session;

/// Draw some images with their boxes and names on one picture
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Images are raw ones, as training reads them.

Examples:
  roadloop dataset sheet cars@3 --out sheet.png
  roadloop dataset sheet cars --split val --class bicycle --sample 24 --out bicycles.jpg")]
pub(super) struct SheetArgs {
    #[arg(value_name = "NAME[@V]")]
    dataset: DatasetRef,
    /// So many images
    #[arg(long, value_name = "N", default_value_t = 12)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=MAX_TILES as u64))]
    sample: u64,
    /// Of these splits only
    #[arg(long, value_delimiter = ',', value_name = "SPLITS")]
    split: Vec<String>,
    /// With a box of that class
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Another seed shows others
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Where to write it: .png or .jpg
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn sheet(session: &Session, args: SheetArgs) -> Result<Outcome> {
    let form = PictureForm::of_file(&args.out)?;
    let settings = SheetSettings {
        sample: args.sample as usize,
        splits: splits(&args.split)?,
        class: args.class,
        seed: args.seed,
    };
    let ctx = session.reader().await?;
    let card = dataset::card(&ctx, &args.dataset).await?;
    let (pixels, of) = dataset::sheet(&ctx, &card, &settings).await?;
    let (shown, of) = (of.min(args.sample), counted(of, "image"));
    form.write(session, &pixels, &args.out, &format!("{shown} of {of}"))?;
    Ok(Outcome::Done)
}
