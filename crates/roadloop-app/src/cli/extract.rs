//! `extract`: a recording's images as files, with an index of them.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use roadloop_engine::bag::{self, Selection};
use roadloop_engine::catalog::Period;
use roadloop_engine::{Cpu, ExtractSettings, ImageForm, extract};
use serde_json::json;

use crate::cli::Outcome;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Write a recording's images to a folder, with an index
///
/// One folder for each camera, and index.csv and index.parquet with a row for
/// each image: file, camera, topic, sequence, the header's stamp and the time
/// it was recorded (both in nanoseconds since 1970 and as ISO, UTC), width,
/// height, encoding. Needs no workspace.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop extract drive.bag --out images
  roadloop extract drive.mcap --out front --topics /camera/front/image_raw --rate 2
  roadloop extract drive.bag --out minute --from 2026-05-04T09:30 --to 2026-05-04T09:31
  roadloop extract drive.bag --out small --format jpeg")]
pub(crate) struct Args {
    /// A recording (.bag, .mcap, rosbag2 folder)
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,
    /// The folder, made when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Camera topics to keep [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TOPIC")]
    topics: Vec<String>,
    /// Keep what was recorded at this time or later: ISO, UTC
    #[arg(long, value_name = "TIME")]
    from: Option<Period>,
    /// Keep what was recorded before this time, or until the end of this day
    #[arg(long, value_name = "TIME")]
    to: Option<Period>,
    /// Keep every n-th frame of each camera
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// Keep at most so many frames per second and camera
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// What images become
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormName::Keep)]
    format: FormName,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormName {
    /// JPEG and PNG byte for byte, uncompressed images as PNG
    Keep,
    Png,
    Jpeg,
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let out = args.out;
    if out.exists() && !out.is_dir() {
        return Err(usage(format!("--out names a file, not a folder\npath: {}", out.display())));
    }
    let settings = ExtractSettings {
        selection: Selection {
            topics: args.topics,
            from: args.from.map(Period::start),
            to: args.to.map(Period::end_of_range),
            every: args.every,
            rate_hz: args.rate,
        },
        form: match args.format {
            FormName::Keep => ImageForm::Keep,
            FormName::Png => ImageForm::Png,
            FormName::Jpeg => ImageForm::Jpeg,
        },
    };
    let recording = tokio::task::spawn_blocking(move || bag::open(&args.recording)).await??;
    let cpu = Cpu::new(session.config.number("jobs").unwrap_or(0));
    let report = extract(&cpu, &*session.progress(), &recording, &out, &settings).await?;
    if args.json {
        let done = json!({
            "recording": recording.id(),
            "source": recording.path(),
            "out": out,
            "images": report.done,
            "skipped": report.skipped,
        });
        render::print_json(&done)?;
    } else {
        let images = counted(report.done, "image");
        let out = out.display();
        render::print(&format!("{images} in {out}, listed in {out}/index.csv and .parquet\n"))?;
    }
    Ok(if report.skipped.is_empty() { Outcome::Done } else { Outcome::DoneWithSkips })
}
