//! `runs`: what was trained, how it went, and the same again.

use anyhow::Result;
use clap::Subcommand;
use roadloop_engine::stages::runs::{self, Run};
use roadloop_engine::stages::{models, train};
use roadloop_engine::training::{MetricRow, RunState, now_ms};
use serde_json::json;

use super::output::name_skips;
use super::train::learn;
use crate::cli::Outcome;
use crate::command::{command, typed};
use crate::render::{self, counted};
use crate::session::Session;

/// Look at runs of training: how they stand, what they measured, how two differ
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop runs list
  roadloop runs show cars-yolox-nano-3
  roadloop runs compare cars-yolox-nano-2 cars-yolox-nano-3
  roadloop runs reproduce cars-yolox-nano-3        the same data, settings, seed and weights
  roadloop runs show cars-yolox-nano-3 --json | jq '.metrics[].values.\"val:mAP\" // empty'")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(ListArgs),
    Show(ShowArgs),
    Compare(CompareArgs),
    Reproduce(ReproduceArgs),
}

/// List runs, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop runs list --json | jq -r .card.name")]
struct ListArgs {
    /// Print them as JSON lines
    #[arg(long)]
    json: bool,
}

/// Show a run: what it follows from, how it stands, its curves
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop runs show cars-yolox-nano-3
  roadloop runs show cars-yolox-nano-3 --json | jq .card.settings")]
struct ShowArgs {
    #[arg(value_name = "RUN")]
    run: String,
    /// Print it as JSON, all its metrics included
    #[arg(long)]
    json: bool,
}

/// Compare two runs: which settings differ, and what came of it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop runs compare cars-yolox-nano-2 cars-yolox-nano-3")]
struct CompareArgs {
    #[arg(value_name = "RUN")]
    first: String,
    #[arg(value_name = "RUN")]
    second: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Train again from what a run followed from: its dataset, settings, seed and first weights
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop runs reproduce cars-yolox-nano-3")]
struct ReproduceArgs {
    #[arg(value_name = "RUN")]
    run: String,
    /// Print how it ended as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Whether it ends its own way, as training does.
    pub(crate) fn trains(&self) -> bool {
        matches!(self.command, Command::Reproduce(_))
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    match args.command {
        Command::List(args) => list(session, &args).await,
        Command::Show(args) => show(session, &args).await,
        Command::Compare(args) => compare(session, &args).await,
        Command::Reproduce(args) => {
            let ctx = session.engine().await?;
            let earlier = runs::open(&ctx, &args.run).await?;
            let run = train::reproduce(&ctx, &earlier, typed()).await?;
            session.note(&format!("the run is called {}", run.name));
            learn(session, &ctx, run, args.json).await
        }
    }
}

async fn list(session: &Session, args: &ListArgs) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let (runs, skipped) = runs::list(&ctx).await?;
    let outcome = name_skips(session, &skipped);
    if args.json {
        for Run { card, status } in &runs {
            render::print_json(&json!({"card": card, "status": status}))?;
        }
        return Ok(outcome);
    }
    if runs.is_empty() && skipped.is_empty() {
        session.note(&format!("there are no runs; begin one with: {} train DATASET", command()));
        return Ok(outcome);
    }
    let head = ["run", "dataset", "network", "state", "epochs", "val mAP", "took", "begun"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for run in &runs {
        let Run { card, status } = run;
        let best = status.as_ref().and_then(|status| status.best);
        rows.push(vec![
            card.name.clone(),
            card.dataset.reference.clone(),
            card.settings.network.to_string(),
            state(run),
            format!("{}/{}", status.as_ref().map_or(0, |s| s.epochs_done), card.settings.epochs),
            best.map_or_else(String::new, |best| format!("{:.4}", best.map)),
            status.as_ref().map_or_else(String::new, |status| took(status.seconds)),
            when(card.made_at_ms),
        ]);
    }
    render::print(&render::columns(&rows))?;
    Ok(outcome)
}

async fn show(session: &Session, args: &ShowArgs) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let run = runs::open(&ctx, &args.run).await?;
    let rows = runs::metrics(&ctx, &args.run).await?;
    let made = models::of_run(&ctx, &args.run).await?;
    if args.json {
        let Run { card, status } = &run;
        render::print_json(
            &json!({"card": card, "status": status, "metrics": rows, "models": made}),
        )?;
        return Ok(Outcome::Done);
    }
    let mut text = about(&run);
    for model in &made {
        text += &format!("  {:<12} {}\n", "model", model.reference());
    }
    text += &curves(&rows);
    render::print(&text)?;
    if state(&run) != "done" {
        session.note(&format!("go on with it: {} train --resume {}", command(), args.run));
    }
    Ok(Outcome::Done)
}

/// What it follows from, and how it stands.
fn about(run: &Run) -> String {
    let Run { card, status } = run;
    let mut text = format!("{}  {}\n", card.name, state(run));
    let mut line = |what: &str, value: String| {
        if !value.is_empty() {
            text += &format!("  {what:<12} {value}\n");
        }
    };
    let settings = &card.settings;
    line("network", format!("{} at {} pixels", settings.network, settings.data_shape));
    let images = |count: u64| counted(count, "image");
    line(
        "dataset",
        format!(
            "{}: {} to learn from, {} to be judged by",
            card.dataset.reference,
            images(card.dataset.train_images),
            images(card.dataset.val_images)
        ),
    );
    line("begins with", init(run));
    line("repeats", card.reproduces.clone().unwrap_or_default());
    line(
        "settings",
        format!(
            "{} epochs, batch {}, lr {}, seed {}",
            settings.epochs, settings.batch_size, settings.lr, settings.seed
        ),
    );
    line("begun", format!("{} by {}", when(card.made_at_ms), card.program));
    line("command", card.command.clone());
    if let Some(status) = status {
        line("epochs", format!("{} of {}", status.epochs_done, settings.epochs));
        line("took", took(status.seconds));
        if let Some(best) = status.best {
            line("best", format!("val mAP {:.4} in epoch {}", best.map, best.epoch));
        }
        line("because", status.reason.clone().unwrap_or_default());
        if status.skipped > 0 {
            line("skipped", counted(status.skipped, "image"));
        }
    }
    text
}

fn init(run: &Run) -> String {
    use roadloop_engine::training::Init;
    match &run.card.init {
        Init::Random => "weights drawn by lot".to_owned(),
        Init::File { file, loaded, reshaped, missing, .. } => {
            let mut words = format!("{file}: {}", counted(u64::from(*loaded), "array"));
            if !reshaped.is_empty() {
                words += &format!(", {} made to fit other classes", reshaped.len());
            }
            if !missing.is_empty() {
                words += &format!(", {} missing", missing.len());
            }
            words
        }
    }
}

/// Curves of the most telling numbers, a line each.
fn curves(rows: &[MetricRow]) -> String {
    let mut text = String::new();
    for name in ["loss", "lr", "val:mAP", "val:AP"] {
        let values: Vec<f64> =
            rows.iter().filter_map(|row| row.values.get(name).copied()).collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
        let (least, most) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
        text += &format!(
            "  {name:<12} {}  {first:.4} … {last:.4} (from {least:.4} to {most:.4})\n",
            render::spark(&values, 40)
        );
    }
    text
}

async fn compare(session: &Session, args: &CompareArgs) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let first = runs::open(&ctx, &args.first).await?;
    let second = runs::open(&ctx, &args.second).await?;
    let settings = [&first, &second].map(|run| flat(&json!(run.card.settings)));
    let names: std::collections::BTreeSet<&String> =
        settings.iter().flat_map(|of| of.iter().map(|(name, _)| name)).collect();
    let value = |at: usize, name: &str| {
        settings[at].iter().find(|(of, _)| of == name).map_or("", |(_, value)| value).to_owned()
    };
    let mut differ: Vec<[String; 3]> = Vec::new();
    for name in names {
        let values = [value(0, name), value(1, name)];
        if values[0] != values[1] {
            let [one, other] = values;
            differ.push([name.clone(), one, other]);
        }
    }
    let about =
        |what: &str, of: &dyn Fn(&Run) -> String| [what.to_owned(), of(&first), of(&second)];
    let mut both = vec![
        about("dataset", &|run| run.card.dataset.reference.clone()),
        about("begins with", &init),
        about("state", &state),
    ];
    let metrics =
        [runs::metrics(&ctx, &args.first).await?, runs::metrics(&ctx, &args.second).await?];
    let best = [&first, &second].map(|run| run.status.as_ref().and_then(|status| status.best));
    let at_best = |at: usize| {
        let epoch = best[at]?.epoch;
        metrics[at].iter().rfind(|row| row.epoch == epoch && row.values.contains_key("val:mAP"))
    };
    let measured: std::collections::BTreeSet<String> =
        [0, 1].into_iter().filter_map(at_best).flat_map(|row| row.values.keys().cloned()).collect();
    for name in measured {
        let of = |at: usize| at_best(at).and_then(|row| row.values.get(&name).copied());
        let shown = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.4}"));
        both.push([name.clone(), shown(of(0)), shown(of(1))]);
    }
    let time = |run: &Run| run.status.as_ref().map_or_else(String::new, |s| took(s.seconds));
    both.push(about("took", &time));
    if args.json {
        let rows = |rows: &[[String; 3]]| {
            rows.iter()
                .map(|[name, a, b]| json!({"name": name, "first": a, "second": b}))
                .collect::<Vec<_>>()
        };
        render::print_json(&json!({"first": args.first, "second": args.second,
            "settings": rows(&differ), "results": rows(&both)}))?;
        return Ok(Outcome::Done);
    }
    let head = [String::new(), args.first.clone(), args.second.clone()];
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(both).chain(differ).map(|row| row.to_vec()).collect();
    render::print(&render::columns(&rows))?;
    Ok(Outcome::Done)
}

/// Settings by the names that `--set` takes.
fn flat(value: &serde_json::Value) -> Vec<(String, String)> {
    let Some(table) = value.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in table {
        match value.as_object() {
            Some(_) => {
                let inner = flat(value).into_iter();
                found.extend(inner.map(|(below, value)| (format!("{name}.{below}"), value)));
            }
            None => found.push((name.clone(), value.to_string().replace('"', ""))),
        }
    }
    found
}

/// A run that has not said anything for a while is not running.
fn state(run: &Run) -> String {
    const SILENT_MS: i64 = 10 * 60 * 1000;
    let Some(status) = &run.status else { return "not begun".to_owned() };
    match status.state {
        RunState::Running if now_ms() - status.at_ms > SILENT_MS => "no word".to_owned(),
        RunState::Running => "running".to_owned(),
        RunState::Done => "done".to_owned(),
        RunState::Stopped => "stopped".to_owned(),
        RunState::Failed => "failed".to_owned(),
    }
}

fn when(ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(ms);
    at.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M").to_string())
}

fn took(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_flat_by_the_names_that_set_takes() {
        let value = json!({"lr": 0.1, "freeze": "backbone", "augment": {"degrees": 5}});
        let found = flat(&value);
        let expected = [("augment.degrees", "5"), ("freeze", "backbone"), ("lr", "0.1")]
            .map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(found.into_iter().collect::<std::collections::BTreeSet<_>>(), expected.into());
    }

    #[test]
    fn times_are_told_in_the_unit_people_take() {
        assert_eq!([took(59.6), took(600.0), took(9000.0)], ["60 s", "10 min", "2.5 h"]);
    }
}
