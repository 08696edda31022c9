//! `dataset load`: reads a dataset as a trainer does, and says how fast that is.

use std::time::Instant;

use anyhow::{Result, bail};
use roadloop_engine::datasets::DatasetRef;
use roadloop_engine::stages::dataset::{self, Loader, LoaderSettings};
use serde_json::json;

use super::{named, splits};
use crate::cli::Outcome;
use crate::cli::output::name_skips;
use crate::render::{self, counted};
use crate::session::Session;

/// Read a dataset as training does, and say how fast: decoded ahead, in random order
///
/// Images come from where they lie, or from records that were written by dataset export --to
/// recordio, on this machine's disk or in a bucket.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop dataset load cars --split train
  roadloop dataset load cars --split train --records cars-rec --epochs 3
  roadloop dataset load cars --records s3://bucket/cars-rec --ahead 64")]
pub(super) struct Args {
    #[arg(value_name = "NAME[@V]")]
    dataset: DatasetRef,
    /// This split only
    #[arg(long, value_name = "SPLIT", default_value = "train")]
    split: String,
    /// Records that were exported: a folder, or its address
    #[arg(long, value_name = "URI")]
    records: Option<String>,
    /// Images decoded ahead of who reads
    #[arg(long, value_name = "N", default_value_t = 32)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=4096))]
    ahead: u64,
    /// How often all are read
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1000))]
    epochs: u64,
    /// Another seed gives another order
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Print it as JSON lines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let splits = splits(std::slice::from_ref(&args.split))?;
    let ctx = session.reader().await?;
    let card = dataset::card(&ctx, &args.dataset).await?;
    let settings = LoaderSettings {
        splits,
        records: args.records.clone(),
        ahead: args.ahead as usize,
        seed: args.seed,
    };
    let loader = Loader::open(&ctx, &card, settings).await?;
    let mut outcome = Outcome::Done;
    if loader.left_out() > 0 {
        session.note(&format!(
            "{} cannot be learned from: not labelled, or the image could not be read when the \
             dataset was made",
            counted(loader.left_out(), "sample")
        ));
        outcome = Outcome::DoneWithSkips;
    }
    if loader.is_empty() {
        bail!("there is nothing to read in {} of {}", args.split, named(&card));
    }
    for epoch in 0..args.epochs {
        let (started, loader) = (Instant::now(), loader.clone());
        let read = tokio::task::spawn_blocking(move || {
            let (mut images, mut boxes, mut pixels) = (0u64, 0u64, 0u64);
            let mut skipped = Vec::new();
            for loaded in loader.epoch(epoch) {
                match loaded {
                    Ok(loaded) => {
                        images += 1;
                        boxes += loaded.boxes.len() as u64;
                        pixels += u64::from(loaded.pixels.width() * loaded.pixels.height());
                    }
                    Err(skip) => skipped.push(skip),
                }
            }
            (images, boxes, pixels, skipped)
        });
        let (images, boxes, pixels, skipped) = read.await?;
        let seconds = started.elapsed().as_secs_f64();
        let rate = images as f64 / seconds.max(1e-9);
        if args.json {
            render::print_json(&json!({"dataset": named(&card).to_string(), "epoch": epoch,
                "images": images, "boxes": boxes, "megapixels": pixels / 1_000_000,
                "seconds": seconds, "images_per_second": rate, "skipped": skipped}))?;
        } else {
            render::print(&format!(
                "epoch {epoch}: {}, {}, {} megapixels in {seconds:.1} s: {rate:.0} images/s",
                counted(images, "image"),
                counted(boxes, "box"),
                pixels / 1_000_000
            ))?;
        }
        if name_skips(session, &skipped) == Outcome::DoneWithSkips {
            outcome = Outcome::DoneWithSkips;
        }
    }
    Ok(outcome)
}
