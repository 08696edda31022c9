//! The one binary: parse, open, dispatch, and turn the outcome into an exit
//! code. A command is a file in `cli/`; the work itself is in the engine.

mod assets;
mod cli;
mod config;
mod memory;
mod page;
mod progress;
mod render;
mod session;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Outcome};

/// The query engine's deep plans overflow the usual 2 MiB in builds without
/// optimisation.
const STACK_BYTES: usize = 8 << 20;

fn main() -> ExitCode {
    memory::give_back_large_blocks();
    let cli = Cli::parse();
    cli.global.start_logging();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("roadloop")
        .thread_stack_size(STACK_BYTES)
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(until_interrupted(cli)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Ok(Outcome::DoneWithSkips) => ExitCode::from(3),
        Ok(Outcome::Interrupted) => {
            render::note("interrupted; run the same command again and it goes on from here");
            // Threads may be in the middle of a frame. Nothing they hold is
            // visible yet: the frames of unfinished shards are done again.
            std::process::exit(130)
        }
        // What was typed is wrong, though the shell of it is right.
        Err(error) if render::is_usage(&error) => {
            render::error(&error);
            ExitCode::from(2)
        }
        // The reader of our output left: `| head` is not a failure.
        Err(error) if render::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            render::error(&error);
            ExitCode::from(1)
        }
    }
}

async fn until_interrupted(cli: Cli) -> anyhow::Result<Outcome> {
    tokio::select! {
        outcome = cli::dispatch(cli) => outcome,
        _ = tokio::signal::ctrl_c() => Ok(Outcome::Interrupted),
    }
}
