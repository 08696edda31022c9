//! `train`: a frozen dataset to a detector.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use clap::ValueEnum;
use roadloop_engine::datasets::DatasetRef;
use roadloop_engine::stages::runs;
use roadloop_engine::stages::train::{self, TrainOrder, Trained};
use roadloop_engine::training::{Network, RunCard, RunState, TrainSettings};
use roadloop_engine::{Ctx, EngineError};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::output::write_file;
use crate::cli::Outcome;
use crate::command::{command, typed};
use crate::render;
use crate::session::Session;
use crate::usage::usage;

/// Train a detector from a frozen dataset, as a run that can be stopped, gone on with, and
/// repeated
///
/// Every setting has a name, as `lr` or `no_mixup_epochs`: the usual ones follow from the
/// network, then come those of --config, then the flags, then --set. All of them are kept with
/// the run, with its seed, its dataset and the weights it began with. Lines on stdout are those of
/// the usual scripts: `val:mAP=0.812,`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop train cars@3 --model yolox-nano --init yolox_nano.pth --epochs 40 --batch 8 --size 416
  roadloop train cars --model yolox-nano --dry-run          which settings would it have?
  roadloop train cars --show-batches batches.png            what does augmentation do to it?
  roadloop train cars --config recipe.toml --set lr=0.002 --set freeze=backbone
  roadloop train --resume cars-yolox-nano-3                 go on where it was stopped
  roadloop runs show cars-yolox-nano-3                      how did it go?")]
pub(crate) struct Args {
    #[arg(value_name = "NAME[@V]", required_unless_present = "resume")]
    dataset: Option<DatasetRef>,
    /// The network: yolox-nano, -tiny, -s, -m, -l, -x, -darknet53, or yolov3
    #[arg(long, value_name = "NETWORK", default_value = "yolox-nano")]
    model: Network,
    /// Weights to begin with: .pth, .onnx, .weights or .safetensors [default: drawn by lot]
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    #[arg(long, value_name = "N")]
    epochs: Option<u32>,
    /// Images of a step
    #[arg(long, value_name = "N")]
    batch: Option<u32>,
    /// Side of the images the network sees, in pixels
    #[arg(long, value_name = "PIXELS")]
    size: Option<u32>,
    /// Learning rate of a step
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,
    /// Another seed gives another run
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Settings by their names, from a TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting by its name, as lr=0.002; as often as is wanted
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Name of the run [default: dataset, network and a number]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where tensors are computed
    #[arg(long, value_enum, value_name = "DEVICE", default_value_t = Device::Cpu)]
    device: Device,
    /// Go on with a run from its last checkpoint
    #[arg(long, value_name = "RUN")]
    #[arg(conflicts_with_all = ["dataset", "init", "epochs", "batch", "size", "lr", "seed",
        "config", "set", "name", "show_batches", "dry_run"])]
    resume: Option<String>,
    /// Draw what it would learn from, and do not train: .png
    #[arg(long, value_name = "FILE")]
    show_batches: Option<PathBuf>,
    /// Print the settings as JSON, and do not train
    #[arg(long)]
    dry_run: bool,
    /// Print how it ended as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Device {
    Cpu,
    Gpu,
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    if args.device == Device::Gpu {
        return Err(usage(
            "this roadloop was built without the feature vulkan: build it with cargo build \
             --features vulkan, or train with --device cpu",
        ));
    }
    if let Some(name) = &args.resume {
        let ctx = session.engine().await?;
        let run = runs::open(&ctx, name).await?;
        session.note(&format!("going on with {name}"));
        return learn(session, &ctx, run.card, args.json).await;
    }
    let settings = settings_of(&args)?;
    settings.check().map_err(EngineError::from)?;
    let Some(dataset) = args.dataset else { return Err(usage("name a dataset, as cars@3")) };
    let order =
        TrainOrder { dataset, settings, init: args.init, name: args.name, command: typed() };
    if let Some(path) = &args.show_batches {
        if path.extension().is_none_or(|end| !end.eq_ignore_ascii_case("png")) {
            let path = path.display();
            return Err(usage(format!("the picture's name must end in .png\npath: {path}")));
        }
        let ctx = session.reader().await?;
        let png = train::batches_picture(&ctx, &order).await?;
        let replaced = write_file(path, &png)?;
        session.note(&format!("batches: {}{}", path.display(), replaced.in_words()));
        return Ok(Outcome::Done);
    }
    if args.dry_run {
        render::print_json(&order.settings)?;
        return Ok(Outcome::Done);
    }
    let ctx = session.engine().await?;
    let run = train::begin(&ctx, order).await?;
    session.note(&format!("the run is called {}", run.name));
    learn(session, &ctx, run, args.json).await
}

/// Those of the network, then of a file, then of flags.
fn settings_of(args: &Args) -> Result<TrainSettings> {
    let mut table = match toml::Table::try_from(TrainSettings::of(args.model)) {
        Ok(table) => table,
        Err(error) => return Err(anyhow::Error::new(error).context("settings as TOML")),
    };
    if let Some(path) = &args.config {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the settings\npath: {}", path.display()))?;
        let given: toml::Table =
            text.parse().map_err(|error| usage(format!("{error}\npath: {}", path.display())))?;
        merge(&mut table, given);
    }
    let mut flag = |name: &str, value: Option<toml::Value>| {
        if let Some(value) = value {
            table.insert(name.to_owned(), value);
        }
    };
    let whole = |number: Option<u32>| number.map(|number| i64::from(number).into());
    flag("epochs", whole(args.epochs));
    flag("batch_size", whole(args.batch));
    flag("data_shape", whole(args.size));
    flag("lr", args.lr.map(Into::into));
    flag("seed", args.seed.map(|seed| i64::try_from(seed).unwrap_or(i64::MAX).into()));
    for text in &args.set {
        let given = set(text)?;
        merge(&mut table, given);
    }
    let settings = table.try_into();
    settings.map_err(|error: toml::de::Error| usage(error.message().to_owned()))
}

/// `lr=0.002`, `augment.degrees=5`, as TOML; a word needs no quotes.
fn set(text: &str) -> Result<toml::Table> {
    let wrong = || usage(format!("--set is NAME=VALUE, as lr=0.002, and not {text:?}"));
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let as_is = format!("{name} = {value}").parse();
    as_is.or_else(|_| format!("{name} = {value:?}").parse()).map_err(|_| wrong())
}

/// What is given goes over what is there; tables are gone into.
fn merge(table: &mut toml::Table, given: toml::Table) {
    for (name, value) in given {
        match (table.get_mut(&name), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(given)) => merge(inner, given),
            (_, value) => drop(table.insert(name, value)),
        }
    }
}

/// Trains until the end, or until a signal: then what is earned is kept.
pub(super) async fn learn(
    session: &Session,
    ctx: &Ctx,
    run: RunCard,
    json: bool,
) -> Result<Outcome> {
    let stop = Arc::new(AtomicBool::new(false));
    let name = run.name.clone();
    let asked = Arc::clone(&stop);
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut training = std::pin::pin!(train::train(ctx, run, stop));
    let trained = loop {
        tokio::select! {
            trained = &mut training => break trained?,
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // The second signal is obeyed at once: the last checkpoint is whole.
        if asked.swap(true, Ordering::Relaxed) {
            return Ok(Outcome::Interrupted);
        }
        session.note("stopping after this step; once more to stop at once");
    };
    let Trained { run, status, model } = trained;
    let skipped = status.skipped;
    if json {
        render::print_json(&json!({"run": run, "status": status, "model": model}))?;
    } else if let Some(model) = &model {
        let best = status.best.map_or(0.0, |best| best.map);
        render::print(&format!(
            "{name}: val mAP {best:.4} in epoch {} of {}; the model {}\n",
            model.epoch,
            status.epochs_done,
            model.reference()
        ))?;
        session.note(&format!(
            "look at it with: {} eval {} {} --report report.html",
            command(),
            model.reference(),
            run.dataset.reference
        ));
    }
    match status.state {
        RunState::Stopped => {
            session.note(&format!("stopped; go on with: {} train --resume {name}", command()));
            Ok(Outcome::Interrupted)
        }
        _ if skipped > 0 => Ok(Outcome::DoneWithSkips),
        _ => Ok(Outcome::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[track_caller]
    fn check(line: &str, expected: Result<fn(&TrainSettings) -> bool, &str>) {
        let line = Line::try_parse_from(format!("train {line}").split(' ')).unwrap();
        match (settings_of(&line.args), expected) {
            (Ok(settings), Ok(is_so)) => assert!(is_so(&settings), "{settings:?}"),
            (Err(error), Err(words)) => {
                assert!(error.to_string().contains(words), "{error}");
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn flags_go_over_the_networks_own_settings_and_set_over_all() {
        check("cars", Ok(|settings| *settings == TrainSettings::of(Network::YoloxNano)));
        check("cars --model yolov3 --size 512", Ok(|settings| settings.data_shape == 512));
        check("cars --lr 0.1 --set lr=0.2", Ok(|settings| settings.lr == 0.2));
        check(
            "cars --set freeze=backbone",
            Ok(|settings| settings.freeze == roadloop_engine::training::Freeze::Backbone),
        );
        check(
            "cars --set class_weights.car=2.0",
            Ok(|settings| settings.class_weights["car"] == 2.0),
        );
        check("cars --set learning=0.2", Err("unknown field `learning`"));
        check("cars --set lr", Err("--set is NAME=VALUE"));
    }
}
