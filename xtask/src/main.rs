//! The project's chores, as commands: the same ones people run and CI runs.
//!
//! It depends on none of the crates it checks, so it is there within seconds
//! and says something useful when one of them does not compile.

mod ci;
#[cfg(test)]
mod house;
mod outside;
mod pictures;
mod runtime;
mod site;
#[cfg(test)]
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's chores")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything that must be green: format, house rules, lints, tests
    Ci,
    /// Print how many packages Cargo.lock names
    Packages,
    /// Fetch ONNX Runtime into the target folder, and print where it lies
    Runtime,
    /// Make what is committed of the studio's site: needs Node, and the program built
    Site,
    /// Make the pictures of the documentation from the demo recording
    Pictures,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let workspace = Workspace::find()?;
    match cli.command {
        Command::Ci => ci::run(&workspace),
        Command::Site => site::build(&workspace),
        Command::Packages => {
            println!("{}", workspace.package_count()?);
            Ok(())
        }
        Command::Runtime => {
            workspace.cargo(&["build", "--package", "roadloop-app"])?;
            println!("{}", runtime::fetch(&workspace, &workspace.binary("debug"))?.display());
            Ok(())
        }
        Command::Pictures => pictures::make(&workspace),
    }
}
