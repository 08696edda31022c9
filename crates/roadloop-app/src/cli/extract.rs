//! `extract`: a recording's images as files, with an index of them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;
use roadloop_base::Skip;
use roadloop_engine::bag::{Recording, Selection};
use roadloop_engine::catalog::Period;
use roadloop_engine::store::is_remote;
use roadloop_engine::{
    ExtractFolder, ExtractSettings, Extracted, ImageForm, PngLevel, TableFiles, TableSettings,
    VideoFile, extract, extract_tables, extract_videos, has_videos, open_recording,
};
use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::{stretch, usage};

/// Write a recording's images and tables to a folder
///
/// One folder for each camera, and index.csv and index.parquet with a row for
/// each image: file, camera, topic, sequence, the header's stamp and the time
/// it was recorded (both in nanoseconds since 1970 and as ISO, UTC), width,
/// height, encoding, and the position by the recording's GPS. Needs no workspace.
///
/// A folder is of one recording; another one is refused. Extracted again, interrupted
/// or with other topics, times or formats, a recording adds the images that are
/// missing, and the index lists all that are there; tables and videos are written anew.
///
/// --video adds an MP4 for each camera, below videos/; topics that carry H.264 or H.265
/// go into theirs as they are.
///
/// --csv and --parquet add a table for each other topic, below tables/: its
/// messages' sequence and times as above, and all fields, nested ones with dots
/// (pose.position.x). Lists are lists in Parquet and JSON in CSV; point clouds
/// and other long sequences of bytes are left out without --bulk.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop extract drive.bag --out images
  roadloop extract drive.mcap --out front --topics /camera/front/image_raw --rate 2
  roadloop extract drive.bag --out minute --from 2026-05-04T09:30 --to 2026-05-04T09:31
  roadloop extract drive.bag --out small --format jpeg
  roadloop extract s3://fleet/drive.mcap --out images
  roadloop extract drive.bag --out all --csv --parquet --video
  roadloop extract drive.bag --out gps --csv --no-images --topics /gps/fix")]
pub(crate) struct Args {
    /// A recording (.bag, .mcap, rosbag2 folder), here or at s3://, gs://, az:// or https://; - is stdin
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,
    /// The folder, made when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Topics to keep [default: all]
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
    /// How hard PNG files are compressed
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LevelName::Fast)]
    png_level: LevelName,
    /// Write each camera and each H.264 or H.265 topic as an MP4, frames shown when they
    /// were recorded
    #[arg(long)]
    video: bool,
    /// Write each topic that is no camera as CSV
    #[arg(long)]
    csv: bool,
    /// Write each topic that is no camera as Parquet
    #[arg(long)]
    parquet: bool,
    /// Point clouds and other long sequences of bytes too
    #[arg(long)]
    bulk: bool,
    /// No images: tables and videos only
    #[arg(long)]
    no_images: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormName {
    /// JPEG, PNG and WebP byte for byte, other images as PNG
    Keep,
    Png,
    Jpeg,
    /// Without loss; what has sixteen bits becomes PNG
    Webp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LevelName {
    /// A few milliseconds a frame
    Fast,
    /// A few per cent smaller, in many times the time
    Small,
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let out = args.out;
    if let Some(elsewhere) = out.to_str().filter(|out| is_remote(out)) {
        return Err(usage(format!(
            "--out is a folder of this machine; {} --store {elsewhere} run RECORDING keeps its \
             images there\npath: {elsewhere}",
            command(),
        )));
    }
    if out.exists() && !out.is_dir() {
        return Err(usage(format!("--out names a file, not a folder\npath: {}", out.display())));
    }
    let wants_tables = args.csv || args.parquet;
    if args.no_images && !wants_tables && !args.video {
        return Err(usage("--no-images leaves nothing to write; add --csv, --parquet or --video"));
    }
    let (from, to) = stretch(args.from, args.to)?;
    let selection = Selection {
        topics: args.topics,
        from,
        to,
        every: args.every,
        rate_hz: args.rate,
        chunks_ahead: session.cpu().jobs(),
    };
    let recording = open_recording(&args.recording).await?;
    let (cameras, others) = split(&recording, &selection);
    if cameras.is_none() && others.is_some() && !wants_tables && !args.video {
        return Err(usage(format!(
            "no topic that is asked for is a camera, so there are no images; \
             --csv or --parquet writes tables\npath: {}",
            recording.path().display()
        )));
    }
    let folder = ExtractFolder::open(&out, &recording)?;
    let cpu = session.cpu();
    let mut done = json!({
        "recording": recording.id(),
        "source": recording.path(),
        "out": out,
    });
    let mut skipped = recording.damage().to_vec();
    let mut lines = String::new();
    // Without others to write, what is wrong with the cameras is an error; so it is
    // where no topic can be read at all.
    let is_unreadable = cameras.is_none() && others.is_none();
    let has_images = cameras.is_some() || !(wants_tables || args.video);
    if is_unreadable || (!args.no_images && has_images) {
        let settings = ExtractSettings {
            selection: cameras.unwrap_or_else(|| selection.clone()),
            form: match args.format {
                FormName::Keep => ImageForm::Keep,
                FormName::Png => ImageForm::Png,
                FormName::Jpeg => ImageForm::Jpeg,
                FormName::Webp => ImageForm::WebP,
            },
            png_level: match args.png_level {
                LevelName::Fast => PngLevel::Fast,
                LevelName::Small => PngLevel::Small,
            },
        };
        let extracted = extract(&cpu, &*session.progress(), &recording, &folder, &settings).await?;
        let Extracted { report, others } = extracted;
        let (count, out) = (report.done + report.already_done, out.display());
        let already = match report.already_done {
            0 => String::new(),
            there => format!(" ({there} were there already)"),
        };
        let with_others = match others {
            0 => String::new(),
            others => format!(" with {others} that were extracted before"),
        };
        let images = counted(count, "image");
        lines += &format!(
            "{images} in {out}{already}, listed in {out}/index.csv and .parquet{with_others}\n"
        );
        done["images"] = json!(count);
        done["already_done"] = json!(report.already_done);
        done["also_listed"] = json!(others);
        add_new(&mut skipped, report.skipped);
    }
    if args.video && (has_videos(&recording, &selection) || !wants_tables) {
        let progress = session.progress();
        let (report, videos) =
            extract_videos(&cpu, &*progress, &recording, &out.join("videos"), &selection).await?;
        let (files, frames) =
            (counted(videos.len() as u64, "video"), counted(report.done, "frame"));
        lines += &format!("{files} with {frames} in {}/videos\n", out.display());
        done["videos"] = videos.iter().map(video_as_json).collect();
        add_new(&mut skipped, report.skipped);
    }
    if let Some(selection) = others.filter(|_| wants_tables) {
        let settings = TableSettings {
            selection,
            csv: args.csv,
            parquet: args.parquet,
            takes_bulk: args.bulk,
        };
        let (progress, folder) = (session.progress(), out.join("tables"));
        let tables = tokio::task::spawn_blocking(move || {
            extract_tables(&*progress, &recording, &folder, &settings)
        });
        let (report, tables) = tables.await??;
        lines += &describe(&tables, &out);
        done["tables"] = tables.iter().map(as_json).collect();
        add_new(&mut skipped, report.skipped);
    }
    let outcome = if skipped.is_empty() { Outcome::Done } else { Outcome::DoneWithSkips };
    if args.json {
        done["skipped"] = json!(skipped);
        render::print_json(&done)?;
    } else {
        render::print(&lines)?;
    }
    Ok(outcome)
}

/// What is selected of the cameras, and of the other topics; `None` where that
/// is nothing.
fn split(recording: &Recording, selection: &Selection) -> (Option<Selection>, Option<Selection>) {
    let of_kind = |is_camera: bool| {
        let all = recording.topics().iter().filter(|topic| topic.camera.is_some() == is_camera);
        let mut names: Vec<String> = all.map(|topic| topic.name.clone()).collect();
        if selection.topics.is_empty() {
            return (!names.is_empty()).then(|| selection.clone());
        }
        // A name that is not there goes to the cameras, who will say so.
        let other = |name: &String| recording.topics().iter().all(|topic| topic.name != *name);
        names.retain(|name| selection.topics.contains(name));
        if is_camera {
            names.extend(selection.topics.iter().filter(|name| other(name)).cloned());
        }
        (!names.is_empty()).then(|| Selection { topics: names, ..selection.clone() })
    };
    (of_kind(true), of_kind(false))
}

fn describe(tables: &[TableFiles], out: &Path) -> String {
    let rows = tables.iter().map(|table| table.rows).sum();
    let (topics, rows) = (counted(tables.len() as u64, "table"), counted(rows, "row"));
    let mut text = format!("{topics} with {rows} in {}/tables\n", out.display());
    for table in tables.iter().filter(|table| !table.left_out.is_empty()) {
        let left_out = table.left_out.join(", ");
        text += &format!("  {}: without {left_out} (--bulk keeps it)\n", table.topic);
    }
    text
}

/// Damage between messages is met by images, videos and tables alike.
fn add_new(skipped: &mut Vec<Skip>, more: Vec<Skip>) {
    for skip in more {
        if !skipped.contains(&skip) {
            skipped.push(skip);
        }
    }
}

fn video_as_json(video: &VideoFile) -> Value {
    json!({
        "topic": video.topic,
        "file": format!("videos/{}", video.file),
        "frames": video.frames,
    })
}

fn as_json(table: &TableFiles) -> Value {
    let files = table.files.iter().map(|file| format!("tables/{file}"));
    json!({
        "topic": table.topic,
        "files": files.collect::<Vec<_>>(),
        "rows": table.rows,
        "left_out": table.left_out,
    })
}
