//! `dataset`: frozen samples to learn from, made, looked at, checked and handed on.

mod build;
mod check;
mod diff;
mod export;
mod import;
mod load;
mod pictures;
mod show;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use roadloop_engine::datasets::{DatasetRef, GroupBy, Split, SplitBy, SplitSettings};
use roadloop_engine::stages::dataset::{About, Built};
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::label::operator;
use crate::cli::output::name_skips;
use crate::command::{command, typed};
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Make datasets to learn from: frozen, versioned, split honestly, in any form
///
/// A dataset is raw frames and the labels people made on their anonymised copies. It never
/// changes: building again makes the next version, cars@2, or finds that nothing is new. Its
/// id follows from its content.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop dataset build cars --from-job av --split 60/20/20 --seed 7
  roadloop dataset list
  roadloop dataset show cars@1 --stats --picture cars.png
  roadloop dataset check cars
  roadloop dataset sheet cars --out sheet.png
  roadloop dataset diff cars@1 cars@2
  roadloop dataset export cars --to coco --out cars-coco
  roadloop dataset import theirs --from yolo --as theirs
  roadloop dataset load cars --split train            how fast can it be read?")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::Args),
    List(show::ListArgs),
    Show(show::ShowArgs),
    Diff(diff::Args),
    Check(check::Args),
    Sheet(pictures::SheetArgs),
    Export(export::Args),
    Import(import::Args),
    Load(load::Args),
    Drop(show::DropArgs),
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    match args.command {
        Command::Build(args) => build::run(session, args).await,
        Command::List(args) => show::list(session, &args).await,
        Command::Show(args) => show::one(session, &args).await,
        Command::Diff(args) => diff::run(session, &args).await,
        Command::Check(args) => check::run(session, &args).await,
        Command::Sheet(args) => pictures::sheet(session, args).await,
        Command::Export(args) => export::run(session, args).await,
        Command::Import(args) => import::run(session, args).await,
        Command::Load(args) => load::run(session, args).await,
        Command::Drop(args) => show::drop(session, &args).await,
    }
}

/// How samples are split.
#[derive(Debug, clap::Args)]
struct SplitArgs {
    /// Parts for training, validation and test [default: as the sources say; what says
    /// nothing is for training]
    #[arg(long, value_name = "T/V/T", value_parser = ratios)]
    split: Option<Ratios>,
    /// How parts are filled
    #[arg(long, value_enum, value_name = "HOW", default_value_t = SplitByName::Random)]
    #[arg(requires = "split")]
    split_by: SplitByName,
    /// What is kept together, so that no neighbour of a training frame is in validation
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = GroupName::Recording)]
    group: GroupName,
    /// Of each class as near the parts as can be, not only of images
    #[arg(long, requires = "split")]
    stratify: bool,
    /// Another seed splits otherwise
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Ratios([f64; 3]);

fn ratios(text: &str) -> Result<Ratios, String> {
    let parts: Vec<Option<f64>> = text.split('/').map(|part| part.trim().parse().ok()).collect();
    let all: Option<Vec<f64>> = parts.into_iter().collect();
    let is_part = |part: &f64| part.is_finite() && *part >= 0.0;
    match all.as_deref() {
        Some([train, val]) if is_part(train) && is_part(val) && train + val > 0.0 => {
            Ok(Ratios([*train, *val, 0.0]))
        }
        Some([train, val, test])
            if [train, val, test].into_iter().all(is_part) && train + val + test > 0.0 =>
        {
            Ok(Ratios([*train, *val, *test]))
        }
        _ => Err("write parts as 60/20/20, or 80/20 for no test".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SplitByName {
    Random,
    /// The earliest for training, the latest for test
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GroupName {
    Recording,
    /// Days, in UTC, over all recordings
    Day,
    /// Each image by itself
    None,
}

impl SplitArgs {
    fn settings(&self) -> SplitSettings {
        SplitSettings {
            ratios: self.split.map_or([1.0, 0.0, 0.0], |ratios| ratios.0),
            by: match (self.split, self.split_by) {
                (None, _) => SplitBy::Given,
                (Some(_), SplitByName::Random) => SplitBy::Random,
                (Some(_), SplitByName::Time) => SplitBy::Time,
            },
            group: match self.group {
                GroupName::Recording => GroupBy::Recording,
                GroupName::Day => GroupBy::Day,
                GroupName::None => GroupBy::None,
            },
            stratify: self.stratify,
            seed: self.seed,
        }
    }
}

/// What is said of a dataset that is made, and how.
#[derive(Debug, clap::Args)]
struct MadeArgs {
    /// Under what its images and labels may be used
    #[arg(long, value_name = "TEXT")]
    license: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Read all of it, say what it would be, and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the card as JSON
    #[arg(long)]
    json: bool,
}

impl MadeArgs {
    fn about(&self) -> About {
        About {
            license: self.license.clone(),
            description: self.description.clone(),
            made_by: operator(),
            command: typed(),
        }
    }

    /// What was made, said to people or to programs.
    fn say(&self, session: &Session, Built { made, report }: &Built) -> Result<Outcome> {
        let (card, dry) = (&made.card, self.dry_run);
        if self.json {
            render::print_json(&json!({"dry_run": dry, "is_new": made.is_new, "card": card,
                "skipped": report.skipped}))?;
        } else {
            let how = match (dry, made.is_new) {
                (true, _) => format!("would make the next version of {}", card.name),
                (false, true) => named(card).to_string(),
                (false, false) => format!("the same is there already: {}", named(card)),
            };
            render::print(&format!("{how}  {}\n{}", short(&card.id), show::counts(card)))?;
        }
        for warning in &card.warnings {
            session.note(&format!("warning: {warning}"));
        }
        for origin in &card.origins {
            for (reason, count) in &origin.left_out {
                let images = counted(*count, "image");
                session.note(&format!("{}: {images} left out: {reason}", origin.name));
            }
        }
        if !dry && !self.json {
            session.note(&format!(
                "look at it: {command} dataset sheet {name} --out sheet.png; check it: {command} \
                 dataset check {name}",
                command = command(),
                name = card.name,
            ));
        }
        Ok(name_skips(session, &report.skipped))
    }
}

/// Eight digits of an id, as people tell them apart.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// `train,val` as splits; none is all of them.
fn splits(names: &[String]) -> Result<Vec<Split>> {
    let parsed =
        names.iter().map(|name| name.parse::<Split>().map_err(|error| usage(error.to_string())));
    let mut splits = parsed.collect::<Result<Vec<_>>>()?;
    splits.sort_unstable();
    splits.dedup();
    Ok(splits)
}

/// A reference as it is shown.
fn named(card: &roadloop_engine::datasets::Card) -> DatasetRef {
    DatasetRef { name: card.name.clone(), version: Some(card.version) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        assert_eq!(ratios("60/20/20"), Ok(Ratios([60.0, 20.0, 20.0])));
        assert_eq!(ratios("0.8/0.2"), Ok(Ratios([0.8, 0.2, 0.0])));
        for bad in ["", "60", "60/-1/41", "0/0/0", "a/b/c", "1/2/3/4", "NaN/1/1"] {
            assert!(ratios(bad).is_err(), "{bad}");
        }
    }
}
