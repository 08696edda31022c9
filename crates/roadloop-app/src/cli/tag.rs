//! `tag`: words that people put on frames.

use anyhow::Result;
use roadloop_engine::catalog::{CatalogError, Filter, Tag, Tagging};
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::search::remark;
use crate::render::{self, counted};
use crate::session::Session;

/// Put tags on frames, or take them off
///
/// A frame has any number of tags. They are the table tags, the column tags of
/// frames_joined, and words of filters.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["add", "remove", "list"]))]
#[command(after_help = "\
Examples:
  roadloop tag 'has(bus) and camera = camera__front' --add bus_ahead
  roadloop tag 'time in 2026-05-04T09:30..09:45' --add reviewed
  roadloop tag 'recording = drive-1a2b3c4d' --remove reviewed
  roadloop tag 'has(bus)' --add bus --dry-run      how many frames would it be?
  roadloop tag --list")]
pub(crate) struct Args {
    /// Which frames
    #[arg(value_name = "FILTER", required_unless_present = "list", conflicts_with = "list")]
    filter: Option<String>,
    /// The tag they get: letters, digits, '_', '-' and '.'
    #[arg(long, value_name = "NAME")]
    add: Option<String>,
    /// The tag they lose
    #[arg(long, value_name = "NAME")]
    remove: Option<String>,
    /// List tags and how many frames have them
    #[arg(long)]
    list: bool,
    /// Only say how many frames match
    #[arg(long, conflicts_with = "list")]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let ctx = session.reader().await?;
    if args.list {
        let tags = ctx.catalog.tags().await?;
        if args.json {
            let tags = tags.iter().map(
                |tag| json!({"tag": tag.tag, "frames": tag.frames, "recordings": tag.recordings}),
            );
            render::print_json(&tags.collect::<Vec<_>>())?;
            return Ok(Outcome::Done);
        }
        for tag in &tags {
            let frames = counted(tag.frames, "frame");
            let recordings = counted(tag.recordings, "recording");
            render::print(&format!("{:<24} {frames} of {recordings}", tag.tag))?;
        }
        if tags.is_empty() {
            session.note("no frame has a tag");
        }
        return Ok(Outcome::Done);
    }
    let filter = Filter::parse(args.filter.as_deref().unwrap_or_default())?;
    let (name, tagging) = match (&args.add, &args.remove) {
        (Some(name), _) => (name.as_str(), Tagging::Add),
        (None, name) => (name.as_deref().unwrap_or_default(), Tagging::Remove),
    };
    let tag = Tag::new(name).map_err(CatalogError::from)?;
    let (matched, changed) = if args.dry_run {
        let count = ctx.catalog.count(&filter, None).await?;
        remark(session, &filter, &count.warnings, count.not_looked_at);
        (count.total, None)
    } else {
        let tagged = ctx.catalog.tag(&filter, &tag, tagging).await?;
        remark(session, &filter, &tagged.warnings, tagged.not_looked_at);
        (tagged.matched, Some(tagged.changed))
    };
    if args.json {
        let changed_as = match tagging {
            Tagging::Add => "tagged",
            Tagging::Remove => "untagged",
        };
        let result = json!({"tag": tag.as_str(), "matched": matched, changed_as: changed});
        return render::print_json(&result).map(|()| Outcome::Done);
    }
    let frames = counted(matched, "frame");
    let matches = if matched == 1 { "matches" } else { "match" };
    render::print(&match (changed, tagging) {
        (None, _) => format!("{tag}: {frames} {matches}"),
        (Some(changed), Tagging::Add) => {
            let before = matched.saturating_sub(changed);
            format!("{tag}: {frames} {matches}, {changed} tagged now, {before} had the tag")
        }
        (Some(changed), Tagging::Remove) => {
            format!("{tag}: {frames} {matches}, {changed} lost the tag")
        }
    })?;
    if args.dry_run {
        session.note("dry run: nothing was tagged");
    }
    Ok(Outcome::Done)
}
