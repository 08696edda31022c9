//! `bag recover` and `bag filter`: messages of a recording, written to an MCAP
//! file with an index.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use roadloop_base::{Report, Skip};
use roadloop_engine::bag::{McapCompression, McapWriter, ReadMessage, Recording, Selection};
use roadloop_engine::catalog::Period;
use roadloop_engine::{JobStart, NewFile, Unit};
use serde_json::json;

use crate::cli::Outcome;
use crate::render::{self, bytes, counted};
use crate::session::Session;
use crate::usage::{stretch, usage};

/// Write what can be read of a damaged recording to a sound one
///
/// Every message of every topic, with attachments and metadata of MCAP files,
/// as MCAP with an index. Exit code 3 where something could not be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop bag recover drive.bag.active --out drive.mcap
  roadloop bag recover broken.mcap --out whole.mcap --compression lz4")]
pub(super) struct RecoverArgs {
    /// A recording (.bag, .mcap, rosbag2 folder), here or at s3://, gs://, az:// or https://; - is stdin
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// Copy topics or a stretch of time to a new recording
///
/// The copy is MCAP with an index, whatever the original is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop bag filter drive.bag --topics /gps/fix,/imu --out small.mcap
  roadloop bag filter drive.mcap --from 2026-05-04T09:30 --to 2026-05-04T09:31 --out minute.mcap
  roadloop bag filter drive.bag --every 10 --out thin.mcap")]
pub(super) struct FilterArgs {
    /// A recording (.bag, .mcap, rosbag2 folder), here or at s3://, gs://, az:// or https://; - is stdin
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,
    /// Topics to keep [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TOPIC")]
    topics: Vec<String>,
    /// Keep what was recorded at this time or later: ISO, UTC
    #[arg(long, value_name = "TIME")]
    from: Option<Period>,
    /// Keep what was recorded before this time, or until the end of this day
    #[arg(long, value_name = "TIME")]
    to: Option<Period>,
    /// Keep every n-th message of each topic
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: u32,
    #[command(flatten)]
    target: Target,
}

/// Where to, and how.
#[derive(Debug, clap::Args)]
struct Target {
    /// The new recording (.mcap)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How chunks are compressed
    #[arg(long, value_enum, value_name = "NAME", default_value_t = CompressionName::Zstd)]
    compression: CompressionName,
    /// Replace a file of that name, once the new one is whole
    #[arg(long)]
    force: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CompressionName {
    None,
    Lz4,
    Zstd,
}

impl CompressionName {
    fn codec(self) -> McapCompression {
        match self {
            CompressionName::None => McapCompression::None,
            CompressionName::Lz4 => McapCompression::Lz4,
            CompressionName::Zstd => McapCompression::Zstd,
        }
    }
}

/// A copy takes the place of another file only when it is told to, and never that of
/// what it is a copy of, nor of a part of that.
fn check_target(recording: &Path, target: &Target) -> Result<()> {
    let out = &target.out;
    if let (Ok(recording), Ok(out)) = (recording.canonicalize(), out.canonicalize())
        && out.starts_with(&recording)
    {
        return Err(usage(format!(
            "--out names the recording itself; give the copy another name\npath: {}",
            target.out.display()
        )));
    }
    if !target.force && out.symlink_metadata().is_ok() {
        return Err(usage(format!(
            "this file is there already; choose another --out, or replace it with --force\n\
             path: {}",
            out.display()
        )));
    }
    Ok(())
}

pub(super) fn recover(session: &Session, args: &RecoverArgs) -> Result<Outcome> {
    check_target(&args.recording, &args.target)?;
    let recording = super::open(&args.recording)?;
    copy(session, "recover", &recording, &Selection::default(), &args.target)
}

pub(super) fn filter(session: &Session, args: &FilterArgs) -> Result<Outcome> {
    let (from, to) = stretch(args.from, args.to)?;
    check_target(&args.recording, &args.target)?;
    let recording = super::open(&args.recording)?;
    let selection = Selection {
        topics: args.topics.clone(),
        from,
        to,
        every: args.every,
        rate_hz: None,
        chunks_ahead: session.cpu().jobs(),
    };
    copy(session, "filter", &recording, &selection, &args.target)
}

fn copy(
    session: &Session,
    job: &'static str,
    recording: &Recording,
    selection: &Selection,
    target: &Target,
) -> Result<Outcome> {
    let failed = || format!("cannot write a recording\npath: {}", target.out.display());
    if target.out.extension().is_none_or(|extension| extension != "mcap") {
        return Err(usage(format!(
            "the new recording's name must end in .mcap\npath: {}",
            target.out.display()
        )));
    }
    let mut file = NewFile::create(&target.out).with_context(failed)?;
    let report = write(session, job, recording, selection, target, &mut file)?;
    let size_bytes = file.publish().with_context(failed)?;
    if target.json {
        let done = json!({
            "recording": recording.id(),
            "source": recording.path(),
            "out": target.out,
            "messages": report.done,
            "size_bytes": size_bytes,
            "skipped": report.skipped,
        });
        render::print_json(&done)?;
    } else {
        let messages = counted(report.done, "message");
        let size = bytes(size_bytes);
        render::print(&format!("{}: {messages}, {size}\n", target.out.display()))?;
    }
    Ok(if report.skipped.is_empty() { Outcome::Done } else { Outcome::DoneWithSkips })
}

fn write(
    session: &Session,
    job: &'static str,
    recording: &Recording,
    selection: &Selection,
    target: &Target,
    file: &mut NewFile,
) -> Result<Report> {
    let failed = || format!("cannot write a recording\npath: {}", target.out.display());
    let mut report = Report { skipped: recording.damage().to_vec(), ..Report::default() };
    let meter = session.progress().start(JobStart {
        job,
        recording: Some(recording.id().clone()),
        unit: Unit::Messages,
        units: None,
        bytes: Some(recording.size_bytes()),
    });
    let skip = |skip: Skip, report: &mut Report| {
        meter.skipped(&skip);
        report.skipped.push(skip);
    };
    recording.damage().iter().for_each(|damage| meter.skipped(damage));
    let profile = profile(recording);
    let into = BufWriter::with_capacity(1 << 20, file);
    let mut writer =
        McapWriter::new(into, profile, target.compression.codec()).with_context(failed)?;
    let mut messages = recording.messages(selection)?.with_extras();
    while let Some(read) = messages.next() {
        match read {
            ReadMessage::Message(message) => {
                writer.message(&message).with_context(failed)?;
                report.done += 1;
                meter.advance(1, messages.bytes_read());
            }
            ReadMessage::Attachment(attachment) => {
                writer.attachment(&attachment).with_context(failed)?;
            }
            ReadMessage::Metadata(metadata) => writer.metadata(&metadata).with_context(failed)?,
            ReadMessage::Skipped(damage) => skip(damage, &mut report),
            ReadMessage::Failed(error) => return Err(error.into()),
        }
    }
    writer.finish().with_context(failed)?;
    meter.finish(&report);
    Ok(report)
}

/// The conventions messages follow, by MCAP's names.
fn profile(recording: &Recording) -> &'static str {
    let all = |encoding: &str| recording.topics().iter().all(|topic| topic.encoding == encoding);
    match (all("ros1"), all("cdr")) {
        (true, _) => "ros1",
        (_, true) => "ros2",
        _ => "",
    }
}
