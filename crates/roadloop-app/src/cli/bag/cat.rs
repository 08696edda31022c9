//! `bag cat`: messages as JSON, a line for each.

use std::path::PathBuf;

use anyhow::Result;
use roadloop_engine::bag::{Decoders, Message, ReadMessage, Selection, Value};
use roadloop_engine::catalog::Period;
use serde::Serialize;

use crate::cli::Outcome;
use crate::render;
use crate::session::Session;
use crate::usage::stretch;

/// Print messages as JSON, a line for each
///
/// Of any type whose definition the recording carries, in ROS 1, CDR, Protocol
/// Buffers, JSON or FlatBuffers. Bytes are base64, times sec and nanosec. A
/// message that cannot be decoded is named on stderr and costs exit code 3.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop bag cat drive.bag --topics /gps/fix
  roadloop bag cat drive.mcap --topics /imu --from 2026-05-04T09:30 --limit 10
  roadloop bag cat drive.bag --topics /gps/fix | jq .message.latitude")]
pub(super) struct Args {
    /// A recording (.bag, .mcap, rosbag2 folder), here or at s3://, gs://, az:// or https://; - is stdin
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,
    /// Topics to print [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TOPIC")]
    topics: Vec<String>,
    /// Print what was recorded at this time or later: ISO, UTC
    #[arg(long, value_name = "TIME")]
    from: Option<Period>,
    /// Print what was recorded before this time, or until the end of this day
    #[arg(long, value_name = "TIME")]
    to: Option<Period>,
    /// Print every n-th message of each topic
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// Stop after so many messages
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// As with the other commands; there is no other form
    #[arg(long, hide = true)]
    json: bool,
}

/// Lines are printed together: a drive has millions.
const PRINT_BYTES: usize = 1 << 16;

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    topic: &'a str,
    #[serde(rename = "type")]
    message_type: &'a str,
    sequence: u64,
    time_ns: i64,
    time: String,
    message: &'a Value,
}

impl Line<'_> {
    fn of<'a>(message: &'a Message, value: &'a Value) -> Line<'a> {
        Line {
            topic: &message.topic,
            message_type: message.channel.message_type(),
            sequence: message.sequence,
            time_ns: message.logged_at.0,
            time: message.logged_at.iso(),
            message: value,
        }
    }
}

pub(super) fn run(session: &Session, args: &Args) -> Result<Outcome> {
    let (from, to) = stretch(args.from, args.to)?;
    let recording = super::open(&args.recording)?;
    let selection = Selection {
        topics: args.topics.clone(),
        from,
        to,
        every: args.every,
        rate_hz: None,
        chunks_ahead: session.cpu().jobs(),
    };
    let mut outcome = Outcome::Done;
    let mut skip = |skip: &roadloop_base::Skip| {
        render::note(&format!("skipped {}: {}", skip.place, skip.reason));
        outcome = Outcome::DoneWithSkips;
    };
    recording.damage().iter().for_each(&mut skip);
    let mut decoders = Decoders::default();
    let mut lines = String::new();
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut messages = recording.messages(&selection)?;
    while left > 0 {
        match messages.next() {
            Some(ReadMessage::Message(message)) => match decoders.decode(&message) {
                Some(Ok((_, value))) => {
                    lines += &serde_json::to_string(&Line::of(&message, &value))?;
                    lines.push('\n');
                    left -= 1;
                    if lines.len() >= PRINT_BYTES {
                        render::print(&std::mem::take(&mut lines))?;
                    }
                }
                Some(Err(damage)) => skip(&damage),
                None => {}
            },
            Some(ReadMessage::Skipped(damage)) => skip(&damage),
            Some(ReadMessage::Failed(error)) => return Err(error.into()),
            Some(ReadMessage::Attachment(_) | ReadMessage::Metadata(_)) => {}
            None => break,
        }
    }
    if !lines.is_empty() {
        render::print(&lines)?;
    }
    while let Some(left_out) = decoders.take_left_out() {
        skip(&left_out);
    }
    Ok(outcome)
}
