//! `dataset diff`: what became of a version.

use anyhow::Result;
use roadloop_engine::datasets::{BoxChanges, DatasetRef, Diff, SampleName};
use roadloop_engine::stages::dataset;

use super::named;
use crate::cli::Outcome;
use crate::render;
use crate::session::Session;

/// Of each change, as people are shown them; JSON has more.
const EXAMPLES: usize = 5;

/// Say what changed from one version to another: images, splits, boxes, classes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop dataset diff cars@2 cars@3
  roadloop dataset diff cars@2 cars@3 --json | jq .images_added.count")]
pub(super) struct Args {
    #[arg(value_name = "OLD")]
    old: DatasetRef,
    #[arg(value_name = "NEW")]
    new: DatasetRef,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let old = dataset::card(&ctx, &args.old).await?;
    let new = dataset::card(&ctx, &args.new).await?;
    let diff = dataset::diff(&ctx, &old, &new).await?;
    if args.json {
        render::print_json(&diff)?;
        return Ok(Outcome::Done);
    }
    render::print(&format!("{} → {}\n{}", named(&old), named(&new), in_words(&diff)))?;
    Ok(Outcome::Done)
}

fn in_words(diff: &Diff) -> String {
    let mut text = String::new();
    let mut line = |count: u64, what: &str, examples: Vec<String>| {
        if count == 0 {
            return;
        }
        text += &format!("{count:>8} {what}\n");
        for example in examples.iter().take(EXAMPLES) {
            text += &format!("           {example}\n");
        }
        if count > EXAMPLES as u64 && !examples.is_empty() {
            text += "           …\n";
        }
    };
    let names = |names: &[SampleName]| names.iter().map(SampleName::to_string).collect();
    line(diff.images_unchanged, "images as they were", Vec::new());
    line(diff.images_added.count, "images added", names(&diff.images_added.examples));
    line(diff.images_removed.count, "images removed", names(&diff.images_removed.examples));
    let moved = diff.images_moved.examples.iter();
    let moved = moved.map(|moved| format!("{}: {} → {}", moved.image, moved.from, moved.to));
    line(diff.images_moved.count, "images in another split", moved.collect());
    let replaced = names(&diff.images_replaced.examples);
    line(diff.images_replaced.count, "images with other content", replaced);
    let relabelled = diff.images_relabelled.examples.iter().map(|relabelled| {
        let changes = boxes_in_words(&relabelled.boxes);
        match relabelled.is_labelled_now {
            Some(true) => format!("{}: labelled now; {changes}", relabelled.image),
            Some(false) => format!("{}: not labelled any more; {changes}", relabelled.image),
            None => format!("{}: {changes}", relabelled.image),
        }
    });
    line(diff.images_relabelled.count, "images with other boxes", relabelled.collect());
    text += &format!("   boxes {}\n", boxes_in_words(&diff.boxes));
    let classes = &diff.classes;
    for (what, names) in [("added", &classes.added), ("removed", &classes.removed)] {
        if !names.is_empty() {
            text += &format!(" classes {what}: {}\n", names.join(", "));
        }
    }
    if classes.is_reordered {
        text += " classes stand in another order: their numbers are others\n";
    }
    for (class, boxes) in classes.boxes.iter().filter(|(_, boxes)| **boxes != 0) {
        text += &format!("{boxes:>+8} boxes of {class}\n");
    }
    text
}

fn boxes_in_words(boxes: &BoxChanges) -> String {
    let BoxChanges { same, moved, added, removed } = boxes;
    format!("{same} the same, {moved} moved, {added} added, {removed} removed")
}
