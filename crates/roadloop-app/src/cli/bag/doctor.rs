//! `bag doctor`: reads a recording to its end and says what is wrong with it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use roadloop_engine::bag::Recording;
use roadloop_engine::{Survey, survey};
use serde_json::json;

use crate::cli::Outcome;
use crate::command::{command, quoted};
use crate::render::{self, counted};
use crate::session::Session;

/// Read recordings to their end and name what is damaged
///
/// Exit code 3 where something is, 1 where a recording cannot be read at all, 0 where
/// all is sound.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop bag doctor drive.bag
  roadloop bag doctor recordings/ --json")]
pub(super) struct Args {
    /// Recordings (.bag, .mcap, rosbag2 folders), or folders of them, here or at s3://, gs://, az:// or https://
    #[arg(value_name = "RECORDING", required = true)]
    recordings: Vec<PathBuf>,
    /// Print the result as JSON, a line for each recording
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &Args) -> Result<Outcome> {
    super::for_each(&args.recordings, args.json, |recording| {
        let survey = survey(&recording, &*session.progress())?;
        if args.json {
            let found = json!({
                "recording": recording.id(),
                "source": recording.path(),
                "messages": survey.messages,
                "is_sound": survey.skipped.is_empty(),
                "damage": survey.skipped,
            });
            render::print_json(&found)?;
        } else {
            render::print(&as_text(&recording, &survey))?;
        }
        let is_sound = survey.skipped.is_empty();
        Ok(if is_sound { Outcome::Done } else { Outcome::DoneWithSkips })
    })
}

fn as_text(recording: &Recording, survey: &Survey) -> String {
    let path = recording.path().display().to_string();
    let read = counted(survey.messages, "message");
    if survey.skipped.is_empty() {
        return format!("{path}: sound, {read}\n");
    }
    let places = counted(survey.skipped.len() as u64, "damaged place");
    let mut text = format!("{path}: {places}, {read} can be read\n");
    for skip in &survey.skipped {
        text += &format!("  {}: {}\n", skip.place, skip.reason);
    }
    // Of one that lies elsewhere, the copy is to lie here.
    let beside = match path.contains("://") {
        true => Path::new(recording.path().file_name().unwrap_or_default()),
        false => recording.path(),
    };
    let copy = beside.with_extension("recovered.mcap");
    text + &format!(
        "what can be read, as a sound recording: {} bag recover {} --out {}\n",
        command(),
        quoted(&path),
        quoted(&copy.display().to_string()),
    )
}
