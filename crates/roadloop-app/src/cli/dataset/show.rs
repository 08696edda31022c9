//! `dataset list`, `show`, `drop`: what there is, where it is from, what is in it.

use std::path::PathBuf;

use anyhow::Result;
use roadloop_engine::datasets::{Card, DatasetName, DatasetRef, Histogram, Split, Statistics};
use roadloop_engine::stages::dataset;
use serde_json::json;

use super::{named, short};
use crate::cli::Outcome;
use crate::cli::output::{PictureForm, name_skips};
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;

/// List datasets, the newest version of each
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop dataset list --json | jq -r '.name'")]
pub(super) struct ListArgs {
    /// Print their cards as JSON lines
    #[arg(long)]
    json: bool,
}

/// Show a dataset: where it is from, how it is split, what is in it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop dataset show cars
  roadloop dataset show cars@3 --stats
  roadloop dataset show cars@3 --stats --picture cars.png
  roadloop dataset show cars --json | jq .counts")]
pub(super) struct ShowArgs {
    #[arg(value_name = "NAME[@V]")]
    dataset: DatasetRef,
    /// Also sizes, places and numbers of boxes
    #[arg(long)]
    stats: bool,
    /// Draw them: .png or .jpg
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Forget a dataset, all its versions; frames and labels stay
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop dataset drop cars --dry-run
  roadloop dataset drop cars")]
pub(super) struct DropArgs {
    #[arg(value_name = "NAME")]
    name: DatasetName,
    /// Say what would be forgotten, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn list(session: &Session, args: &ListArgs) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let (listed, skipped) = dataset::list(&ctx).await?;
    let cards: Vec<Card> = listed.into_iter().map(|listed| listed.newest).collect();
    let outcome = name_skips(session, &skipped);
    if args.json {
        for card in &cards {
            render::print_json(card)?;
        }
        return Ok(outcome);
    }
    if cards.is_empty() && skipped.is_empty() {
        session.note(&format!("there are no datasets; make one with: {} dataset build", command()));
        return Ok(outcome);
    }
    let head = ["dataset", "id", "images", "train/val/test", "boxes", "classes", "made"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for card in &cards {
        let images = |split: Split| card.counts.splits.get(&split).map_or(0, |split| split.images);
        let splits = Split::ALL.map(|split| images(split).to_string()).join("/");
        rows.push(vec![
            named(card).to_string(),
            short(&card.id).to_owned(),
            card.counts.images.to_string(),
            splits,
            card.counts.boxes.to_string(),
            card.classes.len().to_string(),
            card.made_at.get(..16).unwrap_or(&card.made_at).replace('T', " "),
        ]);
    }
    render::print(&render::columns(&rows))?;
    Ok(outcome)
}

pub(super) async fn one(session: &Session, args: &ShowArgs) -> Result<Outcome> {
    let form = args.picture.as_deref().map(PictureForm::of_file).transpose()?;
    let ctx = session.reader().await?;
    let card = dataset::card(&ctx, &args.dataset).await?;
    let versions = dataset::versions(&ctx, &card.name).await?;
    let statistics = match args.stats || args.picture.is_some() {
        true => Some(dataset::statistics(&ctx, &card).await?),
        false => None,
    };
    if args.json {
        let mut shown = json!(card);
        shown["versions"] = json!(versions);
        if let Some(statistics) = &statistics {
            shown["statistics"] = json!(statistics);
        }
        render::print_json(&shown)?;
    } else {
        let mut text = about(&card, &versions);
        text += &counts(&card);
        if let Some(statistics) = statistics.as_ref().filter(|_| args.stats) {
            text += &numbers(statistics);
        }
        render::print(&text)?;
    }
    for warning in &card.warnings {
        session.note(&format!("warning: {warning}"));
    }
    if let (Some(path), Some(form), Some(statistics)) = (&args.picture, form, statistics) {
        let pixels = dataset::statistics_picture(&ctx, &card, statistics).await?;
        form.write(session, &pixels, path, "its numbers")?;
    }
    Ok(Outcome::Done)
}

/// What a card says besides counts.
fn about(card: &Card, versions: &[u32]) -> String {
    let tables: Vec<String> =
        card.tables.iter().map(|(table, version)| format!("{table} {version}")).collect();
    let split = &card.split;
    let ratios = split.ratios.map(|part| part.to_string()).join("/");
    let by = json!(split.by).as_str().unwrap_or_default().to_owned();
    let group = json!(split.group).as_str().unwrap_or_default().to_owned();
    let stratified = if split.stratify { ", stratified by class" } else { "" };
    let how = match by.as_str() {
        "given" => "as given".to_owned(),
        by => format!("{ratios} {by}, by {group}{stratified}, seed {}", split.seed),
    };
    let mut text = format!("{}  {}\n", named(card), counted(card.counts.images, "image"));
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            text += &format!("  {what:<12} {value}\n");
        }
    };
    line("id", &card.id);
    line("made", &format!("{} by {}", card.made_at, card.made_by));
    line("description", card.description.as_deref().unwrap_or_default());
    line("license", card.license.as_deref().unwrap_or("not said"));
    line("split", &how);
    line("tables", &tables.join(", "));
    line("again by", &card.command);
    if versions.len() > 1 {
        let all: Vec<String> = versions.iter().map(u32::to_string).collect();
        line("versions", &all.join(", "));
    }
    for origin in &card.origins {
        let kind = json!(origin.kind).as_str().unwrap_or_default().to_owned();
        let of = format!(
            "{} {}: {}, {}",
            kind,
            origin.name,
            counted(origin.images, "image"),
            counted(origin.boxes, "box")
        );
        line("from", &of);
        for (reason, count) in &origin.left_out {
            line("", &format!("{} left out: {reason}", counted(*count, "image")));
        }
    }
    text
}

/// Images and boxes, by split and class.
pub(super) fn counts(card: &Card) -> String {
    let counts = &card.counts;
    let splits: Vec<Split> = counts.splits.keys().copied().collect();
    let head = splits.iter().map(|split| split.name().to_owned());
    let mut rows =
        vec![std::iter::once(String::new()).chain(head).chain(["all".to_owned()]).collect()];
    let mut row = |what: &str, of: &dyn Fn(Split) -> u64, all: Option<u64>| {
        let mut row = vec![what.to_owned()];
        row.extend(splits.iter().map(|split| of(*split).to_string()));
        row.push(all.map_or_else(String::new, |all| all.to_string()));
        rows.push(row);
    };
    let of = |split: Split| counts.splits.get(&split).cloned().unwrap_or_default();
    row("images", &|split| of(split).images, Some(counts.images));
    row("  of groups", &|split| of(split).groups, None);
    row("  with nothing on them", &|split| of(split).empty, Some(counts.empty));
    row("boxes", &|split| of(split).boxes, Some(counts.boxes));
    for (place, class) in card.classes.iter().enumerate().take(MOST_CLASSES) {
        let in_split = |split: Split| of(split).classes.get(place).copied().unwrap_or_default();
        row(&format!("  {class}"), &in_split, counts.classes.get(place).copied());
    }
    let mut text = render::columns(&rows);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if card.classes.len() > MOST_CLASSES {
        text += &format!("  and {} more classes\n", card.classes.len() - MOST_CLASSES);
    }
    if counts.unlabelled > 0 {
        text += &format!("{} that nobody labelled\n", counted(counts.unlabelled, "image"));
    }
    text
}

/// Classes a person is shown; JSON has all.
const MOST_CLASSES: usize = 50;

/// Sizes, places and numbers of boxes, as bars of text.
fn numbers(statistics: &Statistics) -> String {
    let mut rows =
        vec![["class", "boxes", "images", "small", "medium", "large"].map(str::to_owned).to_vec()];
    for class in statistics.classes.iter().take(MOST_CLASSES) {
        rows.push(vec![
            class.name.clone(),
            class.boxes.to_string(),
            class.images.to_string(),
            class.small.to_string(),
            class.medium.to_string(),
            class.large.to_string(),
        ]);
    }
    let mut text = format!("\n{}", render::columns(&rows));
    text += "\nsmall: below 32² pixels, medium: below 96² pixels, as COCO has it\n";
    let (plain, share) = (|edge: f64| format!("{edge}"), |edge: f64| format!("{edge:.5}"));
    text += &bars("boxes an image", &statistics.boxes_per_image, plain);
    text += &bars("size of boxes, √area in pixels", &statistics.box_size_pixels, plain);
    text += &bars("share of the image", &statistics.box_size_share, share);
    text += &bars("width / height", &statistics.aspect_ratio, |edge| format!("{edge:.2}"));
    if let Some(confidence) = &statistics.confidence {
        text += &bars("confidence", confidence, |edge| format!("{edge:.2}"));
    }
    let sizes = statistics.image_sizes.iter().take(5);
    let sizes = sizes.map(|size| format!("{}x{} ({})", size.width, size.height, size.images));
    text += &format!("\nsizes of images: {}", sizes.collect::<Vec<_>>().join(", "));
    if statistics.image_sizes_in_all > 5 {
        text += &format!(" and {} more", statistics.image_sizes_in_all - 5);
    }
    text.push('\n');
    text
}

/// The longest bar, in letters.
const LONGEST_BAR: f64 = 40.0;

/// Bins that have anything, from the first to the last.
fn bars(title: &str, histogram: &Histogram, edge: impl Fn(f64) -> String) -> String {
    let counts = &histogram.counts;
    let first = counts.iter().position(|count| *count > 0);
    let last = counts.iter().rposition(|count| *count > 0);
    let (Some(first), Some(last)) = (first, last) else { return String::new() };
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let mut text = format!("\n{title}\n");
    let bins = counts.iter().copied().zip(histogram.edges.iter().copied());
    for (count, from) in bins.take(last + 1).skip(first) {
        let letters = (count as f64 / most * LONGEST_BAR).ceil() as usize;
        text += &format!("  {:>9} {count:>8} {}\n", edge(from), "█".repeat(letters));
    }
    text
}

pub(super) async fn drop(session: &Session, args: &DropArgs) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let wanted = DatasetRef { name: args.name.clone(), version: None };
    let card = dataset::card(&ctx, &wanted).await?;
    let versions = match args.dry_run {
        true => dataset::versions(&ctx, &args.name).await?.len() as u64,
        false => dataset::forget(&ctx, &args.name).await?,
    };
    let would = if args.dry_run { "would forget" } else { "forgot" };
    let versions = counted(versions, "version");
    render::print(&format!("{would} {}, {versions}; its frames and labels stay", card.name))?;
    Ok(Outcome::Done)
}
