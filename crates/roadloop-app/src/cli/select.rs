//! `select`: a sample of the frames that match a filter, kept under a name or
//! copied somewhere; and what is kept already.

mod show;

use std::path::PathBuf;

use anyhow::Result;
use roadloop_base::{FrameRow, PictureHash, Report};
use roadloop_engine::Ctx;
use roadloop_engine::catalog::{Filter, Sampling, SelectionName, SelectionRef};
use roadloop_engine::stages::copy::{self, Place};
use roadloop_engine::stages::search::Shown;
use roadloop_engine::stages::select;
use serde_json::{Map, Value, json};

use crate::cli::Outcome;
use crate::cli::hits::{HitFormName, choose_form, export_hits};
use crate::cli::search::remark;
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Choose frames: keep a sample of those that match a filter, or copy their images
///
/// A saved selection keeps its frames whatever is added to the catalog later.
/// Saving again under the same name makes its next version; NAME@2 is the second one,
/// NAME the newest. The same frames, filter and seed always give the same sample.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Samples:
  --sample 1000                 at random, by --seed
  --sample 1000 --by camera     as many frames of each camera; what one cannot give,
                                the others do
  --spread                      no near-duplicates: any two frames differ in at least 10 of
                                the 64 bits of their picture hash. The next frames of a
                                camera that stands still differ in 0 to 7; --spread=16
                                keeps about one frame of each scene

Examples:
  roadloop select 'has(person)' --sample 500 --by camera,hour --spread --save crowds
  roadloop select 'count(car) >= 3' --save traffic --dry-run
  roadloop select --list
  roadloop select --show crowds
  roadloop select --saved crowds --copy-to for-labelling --manifest
  roadloop select --saved crowds --export crowds.json --format coco
  roadloop select --drop crowds")]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Args {
    /// Which frames; '' is all of them
    #[arg(value_name = "FILTER", group = "what")]
    filter: Option<String>,
    /// The frames of a saved selection instead
    #[arg(long, value_name = "NAME", group = "what")]
    saved: Option<SelectionRef>,
    /// At most so many frames [default: all that match]
    #[arg(long, value_name = "N", requires = "filter")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    sample: Option<u64>,
    /// As many frames for each value of these: columns of frames, or hour
    #[arg(long, value_delimiter = ',', value_name = "WORDS", requires = "sample")]
    by: Vec<String>,
    /// No two frames that look alike
    #[arg(long, value_name = "BITS", requires = "filter")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = DEFAULT_SPREAD)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=32))]
    spread: Option<u32>,
    /// Another seed gives another sample
    #[arg(long, value_name = "SEED", requires = "filter", default_value_t = 0)]
    seed: u64,
    /// Keep the frames under a name: letters, digits, _ and -
    #[arg(long, value_name = "NAME", requires = "filter")]
    save: Option<SelectionName>,
    /// Copy their images to a folder or a store; anonymised copies, unless --raw
    #[arg(long, value_name = "URI")]
    copy_to: Option<String>,
    /// Write input.manifest there: a line {"source-ref": …} for each image, as
    /// SageMaker Ground Truth takes it
    #[arg(long, requires = "copy_to")]
    manifest: bool,
    /// Copy images as they were recorded
    #[arg(long, requires = "copy_to")]
    raw: bool,
    /// Write the frames with what is known of them now to a file: .parquet, .csv,
    /// .jsonl, or any with --format
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Form of the export [default: what the file's name says]
    #[arg(long, value_enum, value_name = "FORM", requires = "export")]
    format: Option<HitFormName>,
    /// What is saved
    #[arg(long, group = "what")]
    list: bool,
    /// What a saved selection is, and where it is from
    #[arg(long, value_name = "NAME", group = "what")]
    show: Option<SelectionRef>,
    /// Forget a saved selection, all its versions; its frames stay in the catalog
    #[arg(long, value_name = "NAME", group = "what")]
    drop: Option<SelectionName>,
    /// Say what would be kept, copied or forgotten, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// [`PictureHash::NEAR`], as it is typed.
const DEFAULT_SPREAD: &str = "10";
const _: () = assert!(PictureHash::NEAR == 10);

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    if args.list {
        return show::list(session, args.json).await;
    }
    if let Some(wanted) = &args.show {
        return show::one(session, wanted, args.json).await;
    }
    if let Some(name) = &args.drop {
        return forget(session, name, &args).await;
    }
    if args.save.is_none() && args.copy_to.is_none() && args.export.is_none() && !args.dry_run {
        return Err(usage(
            "nothing is to be done with the frames; add --save NAME, --copy-to URI, \
             --export FILE or --dry-run",
        ));
    }
    if let Some(path) = &args.export {
        choose_form(args.format, false, Some(path))?;
    }
    let ctx = session.reader().await?;
    match (&args.filter, &args.saved) {
        (Some(filter), _) => draw(session, &ctx, filter, &args).await,
        (None, Some(saved)) => hand_out_saved(session, &ctx, saved, &args).await,
        (None, None) => Err(usage("say which frames: a filter, or --saved NAME")),
    }
}

/// What a command did, to be printed at its end as JSON.
type Done = Map<String, Value>;

async fn draw(session: &Session, ctx: &Ctx, filter: &str, args: &Args) -> Result<Outcome> {
    let filter = Filter::parse(filter)?;
    let sampling =
        Sampling { frames: args.sample, by: args.by.clone(), spread: args.spread, seed: args.seed };
    let (draw, mut report) = select::draw(ctx, &filter, sampling).await?;
    remark(session, &filter, &draw.count().warnings, draw.count().not_looked_at);
    let mut done = Done::new();
    done.insert("frames".to_owned(), json!(draw.frames()));
    done.insert("matched".to_owned(), json!(draw.count().total));
    done.insert("not_looked_at".to_owned(), json!(draw.count().not_looked_at));
    done.insert("too_alike".to_owned(), json!(draw.too_alike()));
    done.insert("strata".to_owned(), show::strata_as_json(&args.by, &draw.strata()));
    if !args.json {
        render::print(&show::drawn(&draw))?;
    }
    if args.sample.is_some_and(|wanted| draw.frames() < wanted && args.spread.is_some()) {
        session.note("note: no other frame differs enough; a smaller --spread=BITS gives more");
    }
    if draw.frames() == 0 && !args.dry_run {
        session.note("no frame to keep or copy: nothing was done");
        return finish(args, done, report);
    }
    if let Some(name) = &args.save {
        if args.dry_run {
            session.note(&format!("dry run: nothing was saved as {name}"));
        } else {
            let saved = ctx.catalog.save(name, &draw).await?;
            let version = format!("{name}@{}", saved.card.version);
            let how = if saved.is_new { "saved as" } else { "the same is saved already, as" };
            if !args.json {
                render::print(&format!("{how} {version}"))?;
            }
            done.insert("saved".to_owned(), json!({"is_new": saved.is_new, "card": saved.card}));
        }
    }
    if args.copy_to.is_some() || args.export.is_some() {
        let rows = draw.rows(&ctx.catalog).await?;
        hand_out(session, ctx, rows, args, &mut done, &mut report).await?;
    }
    finish(args, done, report)
}

async fn hand_out_saved(
    session: &Session,
    ctx: &Ctx,
    saved: &SelectionRef,
    args: &Args,
) -> Result<Outcome> {
    if args.copy_to.is_none() && args.export.is_none() {
        return Err(usage("say where they go, with --copy-to URI or --export FILE"));
    }
    let card = ctx.catalog.selection(saved).await?;
    let rows = ctx.catalog.selected(&card).await?;
    let (mut done, mut report) = (Done::new(), Report::default());
    done.insert("selection".to_owned(), json!(format!("{}@{}", card.name, card.version)));
    done.insert("frames".to_owned(), json!(card.frames));
    hand_out(session, ctx, rows, args, &mut done, &mut report).await?;
    finish(args, done, report)
}

/// The frames as a file, and their images.
async fn hand_out(
    session: &Session,
    ctx: &Ctx,
    rows: Vec<FrameRow>,
    args: &Args,
    done: &mut Done,
    report: &mut Report,
) -> Result<()> {
    if let Some(path) = &args.export {
        let form = choose_form(args.format, false, Some(path))?;
        if args.dry_run {
            session.note("dry run: nothing was exported");
        } else {
            let found = ctx.catalog.describe(rows.clone()).await?;
            export_hits(session, &found, form, path)?;
            done.insert("exported".to_owned(), json!(path));
        }
    }
    match &args.copy_to {
        Some(uri) => copy(session, ctx, rows, uri, args, done, report).await,
        None => Ok(()),
    }
}

async fn copy(
    session: &Session,
    ctx: &Ctx,
    rows: Vec<FrameRow>,
    uri: &str,
    args: &Args,
    done: &mut Done,
    report: &mut Report,
) -> Result<()> {
    let shown = if args.raw { Shown::Raw } else { Shown::Anonymized };
    let place = if args.dry_run { Place::look_at(uri).await? } else { Place::open(uri).await? };
    let plan = copy::plan(ctx, rows, &place, shown).await?;
    let (images, bytes, there) = (plan.images(), plan.bytes(), plan.already_there());
    let bare = plan.skipped.len() as u64;
    if args.dry_run {
        if !args.json {
            let bytes = render::bytes(bytes);
            render::print(&format!(
                "would copy {} ({bytes}) to {uri}; {there} there already, {bare} to be left out",
                counted(images, "image")
            ))?;
        }
        let plan = json!({"images": images, "bytes": bytes, "already_there": there,
            "left_out": bare});
        done.insert("would_copy".to_owned(), plan);
        session.note("dry run: nothing was copied");
        return Ok(());
    }
    let copied = copy::run(ctx, plan, &place, args.manifest).await?;
    let mut text = format!("{} copied to {uri}", counted(copied.report.done, "image"));
    if there > 0 {
        text += &format!(", {there} there already");
    }
    let mut result = json!({"to": uri, "copied": copied.report.done, "already_there": there});
    if let Some((manifest, lines)) = copied.manifest {
        text += &format!("\n{manifest}: {}", counted(lines, "line"));
        result["manifest"] = json!(manifest);
        result["lines"] = json!(lines);
    }
    if !args.json {
        render::print(&text)?;
    }
    if bare > 0 && !args.raw {
        let frames = counted(bare, "frame");
        session.note(&format!(
            "note: {frames} without an anonymised copy left out; make them with {} anonymize",
            command()
        ));
    }
    done.insert("copy".to_owned(), result);
    report.merge(copied.report);
    Ok(())
}

fn finish(args: &Args, mut done: Done, report: Report) -> Result<Outcome> {
    let outcome = if report.skipped.is_empty() { Outcome::Done } else { Outcome::DoneWithSkips };
    if args.json {
        done.insert("skipped".to_owned(), json!(report.skipped));
        render::print_json(&done)?;
    }
    Ok(outcome)
}

async fn forget(session: &Session, name: &SelectionName, args: &Args) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let versions = ctx.catalog.selection_versions(name).await?;
    if !args.dry_run {
        ctx.catalog.drop_selection(name).await?;
    }
    if args.json {
        render::print_json(&json!({"dropped": !args.dry_run, "name": name, "versions": versions}))?;
    } else {
        let would = if args.dry_run { "would forget" } else { "forgot" };
        let versions = counted(versions.len() as u64, "version");
        render::print(&format!("{would} {name}, {versions}; its frames stay in the catalog"))?;
    }
    Ok(Outcome::Done)
}
