//! Training: a frozen dataset to a detector, as a run that is kept from before its first step.
//!
//! [`begin`] settles everything a run follows from; [`train`] goes through its epochs, from the
//! last checkpoint on where it was stopped. The weights of each epoch are judged as ONNX, by the
//! code that serves: the best of them become a model.

mod judge;
mod source;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roadloop_base::Skip;
use roadloop_dataset::{Card, DatasetRef, Split};
use roadloop_train::{
    DatasetUsed, Losses, NetworkLearner, RunCard, RunFiles, RunState, RunStatus, TrainError,
    TrainSettings, Training, Watcher, first_weights, now_ms,
};
use tokio::runtime::Handle;

use super::dataset::{self, Loader, LoaderSettings};
use super::models::ModelCard;
use super::runs::{self, Run};
use crate::{Ctx, EngineError, JobStart, Meter, Unit};

pub use judge::{SampleFinds, ShownBox};

use source::Examples;

/// The weights a run begins with, so that it can be repeated.
const INIT: &str = "init.safetensors";
/// Of a picture of batches.
const SHOWN_EXAMPLES: usize = 24;
/// From which folded norms are measured again.
const MEASURED_EXAMPLES: usize = 64;

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct TrainOrder {
    pub dataset: DatasetRef,
    pub settings: TrainSettings,
    /// Weights to begin with; drawn by lot where there are none.
    pub init: Option<PathBuf>,
    /// Name of the run; numbered where there is none.
    pub name: Option<String>,
    /// As it was typed.
    pub command: String,
}

/// What became of a run.
#[derive(Debug)]
pub struct Trained {
    pub run: RunCard,
    pub status: RunStatus,
    /// Of its best epoch, where it is done.
    pub model: Option<ModelCard>,
}

/// Settles what a run follows from and keeps it.
pub async fn begin(ctx: &Ctx, order: TrainOrder) -> Result<RunCard, EngineError> {
    let TrainOrder { dataset, settings, init, name, command } = order;
    settings.check()?;
    let card = dataset::card(ctx, &dataset).await?;
    settings.weights_of(&card.classes)?;
    let counts = |split: Split| card.counts.splits.get(&split).map_or(0, |counts| counts.images);
    let (train_images, val_images) = (counts(Split::Train), counts(Split::Val));
    let reference = format!("{}@{}", card.name, card.version);
    for (split, images) in [(Split::Train, train_images), (Split::Val, val_images)] {
        if images == 0 {
            return Err(EngineError::EmptySplit { dataset: reference, split: split.name() });
        }
    }
    let (for_weights, classes) = (settings.clone(), card.classes.clone());
    let learned = learned_from(ctx, &card).await?;
    let first = tokio::task::spawn_blocking(move || {
        let pictures = || Examples::new(learned, &for_weights).first(MEASURED_EXAMPLES);
        first_weights(&for_weights, &classes, init.as_deref(), pictures)
    });
    let (weights, init) = first.await.map_err(EngineError::stopped)??;
    let stem = format!("{}-{}", card.name, settings.network);
    let card = RunCard {
        format: RunCard::FORMAT,
        name: stem,
        made_at_ms: now_ms(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        command,
        settings,
        dataset: DatasetUsed {
            reference,
            id: card.id.clone(),
            classes: card.classes.clone(),
            train_images,
            val_images,
        },
        init,
        threads: roadloop_train::threads(),
        device: "flex".to_owned(),
        reproduces: None,
    };
    keep(ctx, card, name.as_deref(), weights).await
}

/// What a run would learn from first, drawn: its batches with their boxes.
pub async fn batches_picture(ctx: &Ctx, order: &TrainOrder) -> Result<Vec<u8>, EngineError> {
    let settings = order.settings.clone();
    settings.check()?;
    let card = dataset::card(ctx, &order.dataset).await?;
    let loader = learned_from(ctx, &card).await?;
    let drawn = tokio::task::spawn_blocking(move || {
        let batches = Examples::new(loader, &settings).first(SHOWN_EXAMPLES)?;
        let title = format!("{}@{} as {} learns it", card.name, card.version, settings.network);
        let normalize = settings.network.normalize();
        Ok(roadloop_train::batch_sheet(&title, &batches, &card.classes, &normalize)?)
    });
    drawn.await.map_err(EngineError::stopped)?
}

/// Begins a run again from what another one followed from.
pub async fn reproduce(ctx: &Ctx, earlier: &Run, command: String) -> Result<RunCard, EngineError> {
    let files = runs::files(ctx, &earlier.card.name);
    let weights = tokio::task::spawn_blocking(move || files.get(INIT));
    let weights = weights.await.map_err(EngineError::stopped)?;
    let lost = |reason: String| EngineError::DamagedRun { key: INIT.to_owned(), reason };
    let weights = weights
        .map_err(|error| lost(error.to_string()))?
        .ok_or_else(|| lost("the weights it began with are gone".to_owned()))?;
    let card = RunCard {
        name: format!("{}-again", earlier.card.name),
        made_at_ms: now_ms(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        command,
        reproduces: Some(earlier.card.name.clone()),
        ..earlier.card.clone()
    };
    keep(ctx, card, None, weights).await
}

/// The weights last: a run without them was never begun, and says so.
async fn keep(
    ctx: &Ctx,
    card: RunCard,
    name: Option<&str>,
    weights: Vec<u8>,
) -> Result<RunCard, EngineError> {
    let card = runs::begin(ctx, card, name).await?;
    let files = runs::files(ctx, &card.name);
    let put = tokio::task::spawn_blocking(move || files.put(INIT, weights));
    put.await
        .map_err(EngineError::stopped)?
        .map_err(|source| TrainError::Keep { name: INIT.to_owned(), source })?;
    Ok(card)
}

/// Trains a run to its end, or until it is told to stop; in both cases it can be asked again.
pub async fn train(ctx: &Ctx, run: RunCard, stop: Arc<AtomicBool>) -> Result<Trained, EngineError> {
    let card = dataset_of(ctx, &run).await?;
    let learned = learned_from(ctx, &card).await?;
    if learned.is_empty() {
        let split = Split::Train.name();
        return Err(EngineError::EmptySplit { dataset: run.dataset.reference, split });
    }
    let files = runs::files(ctx, &run.name);
    let (inner, handle) = (ctx.clone(), Handle::current());
    // Not one of the slots for work on frames: those judge its epochs meanwhile.
    let done = tokio::task::spawn_blocking(move || {
        let ctx = inner;
        let weights = files.get(INIT).map_err(|source| kept(INIT, source))?;
        let weights = weights.ok_or_else(|| EngineError::DamagedRun {
            key: INIT.to_owned(),
            reason: "the weights it begins with were never kept: begin it again".to_owned(),
        })?;
        let mut learner = NetworkLearner::open(&run.settings, &run.dataset.classes, &weights)?;
        let epochs = Examples::new(learned, &run.settings);
        let judge =
            judge::Judge { ctx: &ctx, card: &card, run: &run, files: &files, handle: &handle };
        let watcher = Told::new(&ctx, &run, &stop);
        let mut evaluate = |epoch: u32, onnx: Vec<u8>| judge.epoch(epoch, onnx);
        let status = roadloop_train::train(Training {
            card: &run,
            learner: &mut learner,
            batches: &epochs,
            evaluate: &mut evaluate,
            files: &files,
            watcher: &watcher,
        });
        watcher.finish();
        let status = status?;
        let model = match status.state {
            RunState::Done => Some(judge.model(&mut learner, &status)?),
            _ => None,
        };
        Ok(Trained { run, status, model })
    });
    done.await.map_err(EngineError::stopped)?
}

async fn learned_from(ctx: &Ctx, card: &Card) -> Result<Loader, EngineError> {
    let settings = LoaderSettings { splits: vec![Split::Train], ..LoaderSettings::default() };
    Loader::open(ctx, card, settings).await
}

/// The dataset a run learns from, which must be the one it was begun with.
async fn dataset_of(ctx: &Ctx, run: &RunCard) -> Result<Card, EngineError> {
    let damaged = |reason: &str| EngineError::DamagedRun {
        key: format!("runs/{}/run.json", run.name),
        reason: reason.to_owned(),
    };
    let reference: DatasetRef =
        run.dataset.reference.parse().map_err(|_| damaged("it names no dataset"))?;
    let card = dataset::card(ctx, &reference).await?;
    match card.id == run.dataset.id {
        true => Ok(card),
        false => Err(damaged("its dataset is another one than when it was begun")),
    }
}

fn kept(name: &str, source: std::io::Error) -> EngineError {
    TrainError::Keep { name: name.to_owned(), source }.into()
}

/// Passes on what the loop says.
struct Told<'a> {
    meter: Box<dyn Meter>,
    stop: &'a AtomicBool,
    skipped: std::cell::RefCell<Vec<Skip>>,
    done: std::cell::Cell<u64>,
}

impl<'a> Told<'a> {
    fn new(ctx: &Ctx, run: &RunCard, stop: &'a AtomicBool) -> Told<'a> {
        let per_epoch = run.dataset.train_images.div_ceil(u64::from(run.settings.batch_size));
        let units = Some(per_epoch * u64::from(run.settings.epochs));
        let start =
            JobStart { job: "train", recording: None, unit: Unit::Steps, units, bytes: None };
        Told {
            meter: ctx.progress.start(start),
            stop,
            skipped: std::cell::RefCell::default(),
            done: std::cell::Cell::default(),
        }
    }

    fn finish(&self) {
        let report = roadloop_base::Report {
            done: self.done.get(),
            skipped: self.skipped.take(),
            ..roadloop_base::Report::default()
        };
        self.meter.finish(&report);
    }
}

impl Watcher for Told<'_> {
    fn line(&self, line: &str) {
        self.meter.say(line);
    }

    fn step(&self, status: &RunStatus, _: f64, _: &Losses) {
        // The first step of a run that goes on counts those before it.
        let before = self.done.replace(status.steps_done);
        self.meter.advance(status.steps_done - before, 0);
    }

    fn skipped(&self, skip: &Skip) {
        self.meter.skipped(skip);
        let mut skipped = self.skipped.borrow_mut();
        // The same image comes again each epoch.
        if !skipped.contains(skip) {
            skipped.push(skip.clone());
        }
    }

    fn is_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
