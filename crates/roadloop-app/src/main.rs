//! The one binary: parse, open, dispatch, and turn the outcome into an exit
//! code. A command is a file in `cli/`; the work itself is in the engine.

mod assets;
mod cli;
mod command;
mod config;
mod deploy;
mod map_page;
mod memory;
mod page;
mod progress;
mod render;
mod server;
mod session;
mod shown;
mod telemetry;
mod traces;
mod usage;
mod work_log;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::json;

use crate::cli::{Cli, Outcome};
use crate::render::Voice;

/// The query engine's deep plans overflow the usual 2 MiB in builds without
/// optimisation.
const STACK_BYTES: usize = 8 << 20;

const CLEARING_UP: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    memory::give_back_large_blocks();
    telemetry::switch_off();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error),
    };
    render::speak(cli.global.voice());
    command::repeat_with(&cli.global.flags_to_repeat());
    cli.global.start_logging();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("roadloop")
        .thread_stack_size(STACK_BYTES)
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(until_interrupted(cli));
            // What still runs was given up: staged files are cleared away, but a
            // computation that never pauses is not waited for.
            runtime.shutdown_timeout(CLEARING_UP);
            outcome
        }
        Err(error) => Err(error.into()),
    };
    let outcome = outcome.unwrap_or_else(|error| match &error {
        // The reader of our output left: `| head` is not a failure.
        error if render::is_broken_pipe(error) => Outcome::Done,
        // What was typed is wrong, though the shell of it is right.
        error if usage::is_usage(error) => {
            render::error(error);
            Outcome::Usage
        }
        error => {
            render::error(error);
            Outcome::Failed
        }
    });
    if outcome == Outcome::Interrupted {
        render::note(command::interrupted());
    }
    if render::voice() == Voice::JsonLines {
        let fields = json!({"outcome": outcome.name(), "exit_code": outcome.exit_code()});
        render::event("summary", fields);
    }
    if outcome == Outcome::Interrupted {
        // Threads may be in the middle of a frame. Nothing they hold is
        // visible yet: the frames of unfinished shards are done again.
        std::process::exit(i32::from(outcome.exit_code()));
    }
    ExitCode::from(outcome.exit_code())
}

/// Help and version, or what is wrong with the command line.
fn not_parsed(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && cli::wants_json_lines(std::env::args_os().skip(1)) {
        render::speak(Voice::JsonLines);
        let message = error.render().to_string();
        let message = message.trim().trim_start_matches("error: ").to_owned();
        render::error(&usage::usage(message));
        let outcome = Outcome::Usage;
        let fields = json!({"outcome": outcome.name(), "exit_code": outcome.exit_code()});
        render::event("summary", fields);
        return ExitCode::from(outcome.exit_code());
    }
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

async fn until_interrupted(cli: Cli) -> anyhow::Result<Outcome> {
    if cli.ends_its_own_way() {
        return cli::dispatch(cli).await;
    }
    tokio::select! {
        outcome = cli::dispatch(cli) => outcome,
        _ = tokio::signal::ctrl_c() => Ok(Outcome::Interrupted),
    }
}
