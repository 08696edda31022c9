//! `enrich`: what others know of the frames, joined to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use roadloop_base::Skip;
use roadloop_engine::catalog::{
    AttachError, Attached, Attachment, Joining, Key, On, Source, SourceColumn, SourceName,
    SourceSettings,
};
use roadloop_engine::stages::attach::{self, SourceRun};
use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;

/// After so many, skipped rows are only counted.
const SHOWN_SKIPS: usize = 20;

/// Join a file's rows to the frames: weather, places, reviews, anything
///
/// The file is CSV with a header, Parquet, or JSON lines, of at most 256 MiB and ten
/// million rows. Each frame takes the row that is nearest in time or position, or has
/// the same keys. What it says becomes the table attrs_NAME, columns of frames_joined,
/// and words of filters: NAME.column.
///
/// `run` joins frames that come later. The same file again changes nothing;
/// another one takes the place of the first.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true)
    .args(["file", "list", "show", "refresh", "drop"]))]
#[command(after_help = "\
Joined on:
  time              nearest in time; the column time, timestamp, t, stamp, taken_at, …
                    as ISO text (UTC unless it says otherwise), or s, ms, µs or ns since
                    1970, told by its size
  position          nearest by the columns latitude (lat) and longitude (lon, lng)
  recording, camera, sequence, image, topic, date
                    the same; beside time or position, or alone

Examples:
  roadloop enrich weather.csv --on time,recording --within 10min --as weather
  roadloop enrich zones.parquet --on position --within 250m --as zone
  roadloop enrich review.jsonl --on recording,camera,sequence --as review
  roadloop enrich obs.csv --on time --within 1h --as obs --time-column valid \\
      --columns 'tmpc=temperature,wxcodes'
  roadloop enrich --list
  roadloop enrich --refresh                frames that came by other ways than run
  roadloop enrich --drop weather --dry-run")]
pub(crate) struct Args {
    /// The file, here or at s3://, gs://, az:// or https://
    #[arg(value_name = "FILE", requires = "as_name", requires = "on")]
    file: Option<PathBuf>,
    /// What rows and frames have in common, see below
    #[arg(long, value_delimiter = ',', value_name = "KEY", requires = "file")]
    on: Vec<String>,
    /// How near in time or position is near enough: 10min, 250m
    #[arg(long, value_name = "DISTANCE", requires = "file")]
    within: Option<String>,
    /// What it is called
    #[arg(long = "as", value_name = "NAME", requires = "file")]
    as_name: Option<String>,
    /// Columns to attach, and what to call them [default: all others]
    #[arg(long, value_delimiter = ',', value_name = "COLUMN[=NAME]", requires = "file")]
    columns: Vec<String>,
    /// List what is attached
    #[arg(long)]
    list: bool,
    /// Show how a source was read and joined
    #[arg(long, value_name = "NAME")]
    show: Option<String>,
    /// Join frames that are not joined yet, to one source or to all
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    refresh: Option<String>,
    /// Take a source back
    #[arg(long, value_name = "NAME")]
    drop: Option<String>,
    /// Only say what would be done, with FILE or --drop
    #[arg(long, conflicts_with_all = ["list", "show", "refresh"])]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: NamedColumns,
}

/// Columns that are not called as usual.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Where columns are called otherwise")]
struct NamedColumns {
    /// When
    #[arg(long, value_name = "COLUMN", requires = "file")]
    time_column: Option<String>,
    /// How far north, in degrees
    #[arg(long, value_name = "COLUMN", requires = "file")]
    latitude_column: Option<String>,
    /// How far east, in degrees
    #[arg(long, value_name = "COLUMN", requires = "file")]
    longitude_column: Option<String>,
    /// The recording's name
    #[arg(long, value_name = "COLUMN", requires = "file")]
    recording_column: Option<String>,
    /// The camera's name
    #[arg(long, value_name = "COLUMN", requires = "file")]
    camera_column: Option<String>,
    /// The frame's number in its camera
    #[arg(long, value_name = "COLUMN", requires = "file")]
    sequence_column: Option<String>,
    /// The image's file
    #[arg(long, value_name = "COLUMN", requires = "file")]
    image_column: Option<String>,
    /// The camera's topic
    #[arg(long, value_name = "COLUMN", requires = "file")]
    topic_column: Option<String>,
    /// The day, in UTC
    #[arg(long, value_name = "COLUMN", requires = "file")]
    date_column: Option<String>,
}

impl NamedColumns {
    fn named(&self) -> BTreeMap<On, String> {
        let all = [
            (On::Time, &self.time_column),
            (On::Latitude, &self.latitude_column),
            (On::Longitude, &self.longitude_column),
            (On::Key(Key::Recording), &self.recording_column),
            (On::Key(Key::Camera), &self.camera_column),
            (On::Key(Key::Sequence), &self.sequence_column),
            (On::Key(Key::Image), &self.image_column),
            (On::Key(Key::Topic), &self.topic_column),
            (On::Key(Key::Date), &self.date_column),
        ];
        let named = all.into_iter().filter_map(|(on, column)| Some((on, column.clone()?)));
        named.collect()
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    if let Some(file) = &args.file {
        return enrich(session, file, &args).await;
    }
    if args.list {
        return list(session, args.json).await;
    }
    if let Some(name) = &args.show {
        return show(session, &SourceName::new(name).map_err(of_catalog)?, args.json).await;
    }
    if let Some(name) = &args.drop {
        let name = SourceName::new(name).map_err(of_catalog)?;
        return drop_source(session, &name, &args).await;
    }
    refresh(session, args.refresh.as_deref().unwrap_or_default(), args.json).await
}

fn of_catalog(error: AttachError) -> anyhow::Error {
    roadloop_engine::catalog::CatalogError::from(error).into()
}

async fn enrich(session: &Session, file: &Path, args: &Args) -> Result<Outcome> {
    let name = SourceName::new(args.as_name.as_deref().unwrap_or_default()).map_err(of_catalog)?;
    let joining = Joining::parse(&args.on, args.within.as_deref()).map_err(of_catalog)?;
    let mut columns = Vec::new();
    for column in &args.columns {
        columns.push(match column.rsplit_once('=') {
            Some((column, name)) => (column.to_owned(), Some(name.to_owned())),
            None => (column.clone(), None),
        });
    }
    let settings = SourceSettings { joining, named: args.named.named(), columns };
    let ctx = match args.dry_run {
        true => session.reader().await?,
        false => session.engine().await?,
    };
    let source = attach::read(&ctx, file, &settings).await?;
    let run = match args.dry_run {
        true => None,
        false => Some(attach::attach(&ctx, &name, &source).await?),
    };
    if args.json {
        let mut value = source_as_json(&name, file, &settings.joining, &source);
        if let Some((attachment, run)) = &run {
            value["already"] = json!(*attachment == Attachment::Already);
            value["replaced"] = json!(*attachment == Attachment::Replaced);
            value["joined"] = run_as_json(run);
        }
        render::print_json(&value)?;
    } else {
        render::print(&source_as_text(&name, file, &settings.joining, &source))?;
        if let Some((attachment, run)) = &run {
            render::print(&run_as_text(run, Some(*attachment)))?;
        }
    }
    match &run {
        Some((_, run)) => explain(session, run, source.columns()),
        None => session.note("dry run: nothing was written"),
    }
    Ok(if source.num_skipped() == 0 { Outcome::Done } else { Outcome::DoneWithSkips })
}

async fn refresh(session: &Session, name: &str, json: bool) -> Result<Outcome> {
    let names = match name {
        "" => {
            let attached = session.reader().await?.catalog.attached().await?;
            attached.into_iter().map(|attached| attached.name).collect()
        }
        name => vec![SourceName::new(name).map_err(of_catalog)?],
    };
    let ctx = session.reader().await?;
    let mut runs = Vec::new();
    for name in &names {
        runs.push(attach::refresh(&ctx, name).await?);
    }
    if json {
        render::print_json(&runs.iter().map(run_as_json).collect::<Vec<_>>())?;
    } else {
        for run in &runs {
            render::print(&format!("{}\n{}", run.name, run_as_text(run, None)))?;
        }
    }
    if names.is_empty() {
        session.note("nothing is attached");
    }
    Ok(Outcome::Done)
}

async fn list(session: &Session, json: bool) -> Result<Outcome> {
    let attached = session.reader().await?.catalog.attached().await?;
    if json {
        render::print_json(&attached.iter().map(attached_as_json).collect::<Vec<_>>())?;
        return Ok(Outcome::Done);
    }
    if attached.is_empty() {
        session.note("nothing is attached");
        return Ok(Outcome::Done);
    }
    for attached in &attached {
        let columns: Vec<&str> =
            attached.columns.iter().map(|column| column.name.as_str()).collect();
        render::print(&format!(
            "{:<16} {:>9} of {}; {}; {}",
            attached.name.to_string(),
            counted(attached.frames, "frame"),
            attached.file,
            attached.joining,
            columns.join(", "),
        ))?;
    }
    Ok(Outcome::Done)
}

async fn show(session: &Session, name: &SourceName, json: bool) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let attached = ctx.catalog.attached_as(name).await?;
    let waiting = ctx.catalog.joiner(name).await?.waiting(None).await?;
    if json {
        let mut value = attached_as_json(&attached);
        value["frames_waiting"] = json!(waiting.frames);
        render::print_json(&value)?;
        return Ok(Outcome::Done);
    }
    let Attached { name, file, joining, columns, rows, skipped, frames, notes, attached_at } =
        attached;
    let mut text = format!("{name}: {} of {file}, {joining}\n", counted(rows, "row"));
    for note in notes {
        text += &format!("  {note}\n");
    }
    text += &format!("  columns: {}\n", columns_in_words(&columns));
    text += &format!("  attached {attached_at}; {} have a row\n", counted(frames, "frame"));
    if skipped > 0 {
        text += &format!("  {} could not be used\n", counted(skipped, "row"));
    }
    if waiting.frames > 0 {
        let frames = counted(waiting.frames, "frame");
        let command = command();
        text += &format!("  {frames} not joined yet: {command} enrich --refresh {name}\n");
    }
    render::print(&text)?;
    Ok(Outcome::Done)
}

async fn drop_source(session: &Session, name: &SourceName, args: &Args) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let attached = match args.dry_run {
        true => ctx.catalog.attached_as(name).await?,
        false => ctx.catalog.detach(name).await?,
    };
    if args.json {
        render::print_json(&attached_as_json(&attached))?;
    } else {
        let frames = counted(attached.frames, "frame");
        render::print(&format!("{name}: {frames} lose what {} says", attached.file))?;
    }
    if args.dry_run {
        session.note("dry run: nothing was dropped");
    }
    Ok(Outcome::Done)
}

/// What the counts alone do not say.
fn explain(session: &Session, run: &SourceRun, columns: &[SourceColumn]) {
    if let Some(reason) = &run.unmatched {
        session.note(&format!("note: no frame found a row: {reason}"));
    } else if run.joined.matched > 0
        && let Some(column) = columns.first()
    {
        let query = format!(
            "select {0}_{1}, count(*) from frames_joined group by 1",
            run.name, column.name
        );
        session.note(&format!("next: {} sql '{query}'", command()));
    }
}

fn source_as_text(name: &SourceName, file: &Path, joining: &Joining, source: &Source) -> String {
    let rows = counted(source.num_rows(), "row");
    let mut text = format!("{name}: {rows} of {}, {joining}\n", file.display());
    for note in source.notes() {
        text += &format!("  {note}\n");
    }
    text += &format!("  columns: {}\n", columns_in_words(source.columns()));
    for Skip { place, reason } in source.skipped().iter().take(SHOWN_SKIPS) {
        text += &format!("  skipped {place}: {reason}\n");
    }
    let more = source.num_skipped().saturating_sub(SHOWN_SKIPS as u64);
    if more > 0 {
        text += &format!("  and {more} more; see --json\n");
    }
    text
}

fn columns_in_words(columns: &[SourceColumn]) -> String {
    let words = columns.iter().map(|column| format!("{} ({})", column.name, column.value.name()));
    words.collect::<Vec<_>>().join(", ")
}

fn run_as_text(run: &SourceRun, attachment: Option<Attachment>) -> String {
    let already = counted(run.already, "recording");
    let replaced = match attachment {
        Some(Attachment::Replaced) => ", in place of what was attached before",
        _ => "",
    };
    match (run.recordings, run.already) {
        (0, 0) => "  no frames to join yet\n".to_owned(),
        (0, _) => format!("  nothing to do: {already} joined like this already\n"),
        (recordings, already_joined) => {
            let joined = &run.joined;
            let mut text = format!(
                "  {} of {} in {} found a row{replaced}",
                joined.matched,
                counted(joined.frames, "frame"),
                counted(recordings, "recording"),
            );
            if already_joined > 0 {
                text += &format!("; {already} joined already");
            }
            text + "\n"
        }
    }
}

fn source_as_json(name: &SourceName, file: &Path, joining: &Joining, source: &Source) -> Value {
    json!({
        "name": name.as_str(),
        "file": file,
        "on": joining.on(),
        "within": joining.within(),
        "rows": source.num_rows(),
        "columns": columns_as_json(source.columns()),
        "read_as": source.notes(),
        "rows_skipped": source.num_skipped(),
        "skipped": source.skipped(),
    })
}

fn columns_as_json(columns: &[SourceColumn]) -> Value {
    let columns =
        columns.iter().map(|column| json!({"name": column.name, "type": column.value.name()}));
    columns.collect()
}

fn run_as_json(run: &SourceRun) -> Value {
    json!({
        "name": run.name.as_str(),
        "recordings": run.recordings,
        "recordings_already": run.already,
        "frames": run.joined.frames,
        "matched": run.joined.matched,
        "unmatched_because": run.unmatched,
    })
}

fn attached_as_json(attached: &Attached) -> Value {
    json!({
        "name": attached.name.as_str(),
        "table": attached.name.table(),
        "file": attached.file,
        "on": attached.joining.on(),
        "within": attached.joining.within(),
        "columns": columns_as_json(&attached.columns),
        "rows": attached.rows,
        "skipped": attached.skipped,
        "frames": attached.frames,
        "read_as": attached.notes,
        "attached_at": attached.attached_at,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[track_caller]
    fn check(line: &str, is_meant: bool) {
        let words = std::iter::once("enrich").chain(line.split_whitespace());
        assert_eq!(Line::try_parse_from(words).is_ok(), is_meant, "{line}");
    }

    #[test]
    fn one_thing_at_a_time() {
        check("w.csv --on time --within 1s --as weather", true);
        check("w.csv --on camera --as w --columns a,b=c --time-column t --dry-run --json", true);
        check("--list", true);
        check("--show weather --json", true);
        check("--refresh", true);
        check("--refresh weather", true);
        check("--drop weather --dry-run", true);
        check("", false);
        check("w.csv --on time", false);
        check("w.csv --as weather", false);
        check("--list --drop weather", false);
        check("--list --dry-run", false);
        check("--show weather --on time", false);
    }
}
