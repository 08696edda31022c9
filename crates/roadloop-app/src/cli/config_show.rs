//! `config show`: the settings in force, and where each came from.

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use crate::cli::{Global, Outcome};
use crate::config::Overrides;
use crate::render;
use crate::session::Session;

/// Settings: what is in force, and where each value came from
///
/// Flags go over the environment (ROADLOOP_DETECT_CONFIDENCE for
/// detect.confidence), that over roadloop.toml in the workspace, that over
/// the defaults.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop config show
  roadloop config show --json")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print every setting with its value and origin
    #[command(after_help = "Example:\n  roadloop config show --json")]
    Show {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(global: &Global, args: Args) -> Result<Outcome> {
    let Command::Show { json } = args.command;
    let session = Session::open(global, Overrides::new())?;
    let shown = session.config.shown();
    if json {
        let settings = shown.map(|(setting, value, origin)| {
            let fields = json!({"value": value, "origin": origin.to_string(),
                "help": setting.help});
            (setting.key.to_owned(), fields)
        });
        render::print_json(&settings.collect::<serde_json::Map<_, _>>())?;
        return Ok(Outcome::Done);
    }
    let workspace = session.config.workspace().display();
    let mut text = format!("# workspace: {workspace}\n");
    for (setting, value, origin) in shown {
        let assignment = format!("{} = {value:?}", setting.key);
        text += &format!("{assignment:<34} # {origin}; {}\n", setting.help);
    }
    render::print(&text)?;
    Ok(Outcome::Done)
}
