//! `dataset check`: what is wrong with it, as people find out by hand.

use anyhow::Result;
use roadloop_engine::datasets::{CheckSettings, DatasetRef, Finding, Severity};
use roadloop_engine::stages::dataset::{self, ImageCheck};
use serde_json::json;

use super::named;
use crate::cli::Outcome;
use crate::render::{self, counted};
use crate::session::Session;

/// Check a dataset: boxes outside, twice or without an inside, images that leak from one
/// split to another, are missing or changed, classes with too few boxes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each image is read, and compared with what it was when the dataset was made. Ends with 1
where an error was found, so that it can stand in a script before training.

Examples:
  roadloop dataset check cars
  roadloop dataset check cars@3 --images sizes        faster: no image is read
  roadloop dataset check cars --min-boxes 100 --json | jq '.findings[].what'")]
pub(super) struct Args {
    #[arg(value_name = "NAME[@V]")]
    dataset: DatasetRef,
    /// Classes with fewer boxes are named
    #[arg(long, value_name = "N", default_value_t = 20)]
    min_boxes: u64,
    /// Examples of each finding
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=1000))]
    examples: u64,
    /// How closely images are looked at
    #[arg(long, value_enum, value_name = "HOW", default_value_t = ImagesName::All)]
    images: ImagesName,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ImagesName {
    /// Read all of them
    All,
    /// Only whether they are there with as many bytes
    Sizes,
    /// Not at all
    None,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let card = dataset::card(&ctx, &args.dataset).await?;
    let settings = CheckSettings {
        min_boxes: args.min_boxes,
        examples: args.examples as usize,
        ..CheckSettings::default()
    };
    let images = match args.images {
        ImagesName::All => ImageCheck::All,
        ImagesName::Sizes => ImageCheck::Sizes,
        ImagesName::None => ImageCheck::None,
    };
    let findings = dataset::check(&ctx, &card, settings, images).await?;
    let errors = findings.iter().any(|finding| finding.severity == Severity::Error);
    if args.json {
        render::print_json(&json!({"dataset": named(&card).to_string(), "findings": findings}))?;
    } else {
        let mut text = String::new();
        for finding in &findings {
            text += &shown(finding);
        }
        if findings.is_empty() {
            text += "nothing to say: all is well\n";
        }
        let images = counted(card.counts.images, "image");
        render::print(&format!("{}  {images}\n{text}", named(&card)))?;
    }
    Ok(if errors { Outcome::Failed } else { Outcome::Done })
}

fn shown(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = format!("{severity:<8} {}\n", finding.what);
    for example in &finding.examples {
        let mut line = example.image.clone();
        if let Some(other) = &example.other {
            line += &format!(" and {other}");
        }
        if let Some(number) = example.box_number {
            line += &format!(", box {number}");
        }
        if !example.detail.is_empty() {
            line += &format!(": {}", example.detail);
        }
        text += &format!("           {line}\n");
    }
    text
}
