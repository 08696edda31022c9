//! `completions` and `man`: what shells and manual readers want.

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, Outcome};
use crate::render;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop completions bash > /etc/bash_completion.d/roadloop
  roadloop completions zsh > ~/.zfunc/_roadloop
  roadloop completions fish > ~/.config/fish/completions/roadloop.fish")]
pub(crate) struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop man > /usr/local/share/man/man1/roadloop.1")]
pub(crate) struct ManArgs {}

pub(crate) fn run(args: Args) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "roadloop", &mut script);
    render::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}

pub(crate) fn man(_: ManArgs) -> Result<Outcome> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    render::print(&String::from_utf8_lossy(&page))?;
    Ok(Outcome::Done)
}
