//! The loop: epochs of batches, an evaluation, what is kept; then the next.
//!
//! Everything the next step depends on is in `last.ckpt`, put whole at the end of each epoch and
//! every few minutes between. A run that was killed goes on from there: batches are drawn by
//! (seed, epoch, place), so the rest of the epoch is the same as it would have been.

mod kept;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use roadloop_base::Skip;

use crate::card::{Best, MetricRow, RunCard, RunState, RunStatus, now_ms};
use crate::events::EventFile;
use crate::learner::{Learner, Losses, Step};
use crate::lines::{epoch_line, step_line, validation_line};
use crate::{RunFiles, Schedule, TrainError};

use kept::{Checkpoint, Kept};

/// Steps of a row of metrics.
const STEPS_OF_A_ROW: u64 = 10;
/// The longest that is lost when the process is killed.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(300);
/// The longest that others wait for news.
const WORD_EVERY: Duration = Duration::from_secs(5);

/// Batches of an epoch, each with what it is missing.
pub type EpochBatches<'a, B> = Box<dyn Iterator<Item = (B, Vec<Skip>)> + 'a>;

/// What the loop learns from, put together ahead of it.
pub trait Epochs<B> {
    /// Batches of an epoch; the last one may be smaller.
    fn per_epoch(&self) -> u64;
    /// Those of an epoch from one of its batches on, in their order. An image that cannot be
    /// read is a skip beside the batch it is missing from.
    fn from(&self, epoch: u32, batch: u64) -> Result<EpochBatches<'_, B>, TrainError>;
    /// Images of a batch.
    fn images(&self, batch: &B) -> u64;
}

/// What the weights of an epoch came to on the validation split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// VOC07 mAP at an overlap of 0.5, 0 to 1: what "best" means.
    pub map: f64,
    /// Average precision by class; none for a class nobody drew.
    pub classes: Vec<(String, Option<f64>)>,
    /// Other numbers, by name: `val:AP`, `val:AP50`.
    pub values: BTreeMap<String, f64>,
}

/// Who looks on, and may say that it is enough.
pub trait Watcher {
    /// A line, as the reference's script prints it.
    fn line(&self, line: &str);
    /// After each step.
    fn step(&self, status: &RunStatus, lr: f64, losses: &Losses);
    fn skipped(&self, skip: &Skip);
    /// Asked after each step.
    fn is_to_stop(&self) -> bool;
}

/// Judges the weights of an epoch, given as ONNX.
pub type Evaluate<'a> = dyn FnMut(u32, Vec<u8>) -> Result<Scores, TrainError> + 'a;

/// A run with everything it needs.
pub struct Training<'a, B> {
    pub card: &'a RunCard,
    pub learner: &'a mut dyn Learner<B>,
    pub batches: &'a dyn Epochs<B>,
    pub evaluate: &'a mut Evaluate<'a>,
    pub files: &'a dyn RunFiles,
    pub watcher: &'a dyn Watcher,
}

impl<B> std::fmt::Debug for Training<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Training").field("run", &self.card.name).finish_non_exhaustive()
    }
}

/// Trains to the end, from the last checkpoint on where there is one.
pub fn train<B>(training: Training<'_, B>) -> Result<RunStatus, TrainError> {
    let mut run = Running::open(training)?;
    match run.epochs() {
        Ok(()) => {}
        Err(error) => {
            run.status.state = RunState::Failed;
            run.status.reason = Some(error.to_string());
            // What the run failed of may be that nothing can be kept.
            let _ = run.say();
            return Err(error);
        }
    }
    run.say()?;
    Ok(run.status)
}

struct Running<'a, B> {
    training: Training<'a, B>,
    kept: Kept<'a>,
    status: RunStatus,
    /// When this sitting began, and the seconds of those before.
    started: Instant,
    before: f64,
    /// Means since the last row.
    sums: BTreeMap<String, f64>,
    steps: u64,
    images: u64,
    waited: Duration,
    since_row: Instant,
    since_word: Instant,
    since_checkpoint: Instant,
    /// Sums of the epoch's rows, for its own line.
    epoch_sums: BTreeMap<String, f64>,
    epoch_steps: u64,
}

impl<'a, B> Running<'a, B> {
    fn open(training: Training<'a, B>) -> Result<Running<'a, B>, TrainError> {
        let kept = Kept::open(training.files)?;
        let steps_per_epoch = training.batches.per_epoch();
        let now = Instant::now();
        let mut status = RunStatus {
            state: RunState::Running,
            at_ms: 0,
            epochs_done: 0,
            steps_done: 0,
            steps_per_epoch,
            seconds: 0.0,
            best: None,
            reason: None,
            skipped: 0,
        };
        let mut running_sums = (BTreeMap::new(), 0);
        if let Some(checkpoint) = Checkpoint::read(training.files)? {
            training.learner.load(&checkpoint.state)?;
            status = RunStatus { state: RunState::Running, reason: None, ..checkpoint.status };
            running_sums = (checkpoint.epoch_sums, checkpoint.epoch_steps);
            if status.steps_per_epoch != steps_per_epoch {
                return Err(TrainError::OtherBatches {
                    then: status.steps_per_epoch,
                    now: steps_per_epoch,
                });
            }
        }
        let before = status.seconds;
        let mut run = Running {
            training,
            kept,
            status,
            started: now,
            before,
            sums: BTreeMap::new(),
            steps: 0,
            images: 0,
            waited: Duration::ZERO,
            since_row: now,
            since_word: now,
            since_checkpoint: now,
            epoch_sums: running_sums.0,
            epoch_steps: running_sums.1,
        };
        run.kept.forget_after(run.status.steps_done);
        run.say()?;
        Ok(run)
    }

    fn epochs(&mut self) -> Result<(), TrainError> {
        let settings = &self.training.card.settings;
        while self.status.epochs_done < settings.epochs {
            let epoch = self.status.epochs_done;
            if self.is_no_better(epoch) {
                let reason = format!("no better val mAP for {} epochs", settings.patience);
                self.line(&format!("[Epoch {epoch}] not begun: {reason}"));
                self.status.reason = Some(reason);
                break;
            }
            if !self.epoch(epoch)? {
                self.status.state = RunState::Stopped;
                self.status.reason = Some("stopped by a person".to_owned());
                return self.checkpoint();
            }
            self.end_of(epoch)?;
        }
        self.status.state = RunState::Done;
        Ok(())
    }

    /// The batches of an epoch that are left; `false` where it is enough.
    fn epoch(&mut self, epoch: u32) -> Result<bool, TrainError> {
        let settings = &self.training.card.settings;
        let per_epoch = self.status.steps_per_epoch;
        let schedule = Schedule::new(settings, per_epoch);
        let batches = self.training.batches;
        let first = self.status.steps_done - u64::from(epoch) * per_epoch;
        let mut rest = batches.from(epoch, first)?;
        self.since_row = Instant::now();
        loop {
            let asked = Instant::now();
            let Some((batch, skipped)) = rest.next() else { return Ok(true) };
            self.waited += asked.elapsed();
            for skip in &skipped {
                self.status.skipped += 1;
                self.training.watcher.skipped(skip);
            }
            let at = self.status.steps_done;
            let in_epoch = at - u64::from(epoch) * per_epoch + 1;
            let is_last = in_epoch == per_epoch;
            let step = Step {
                lr: schedule.lr(at),
                updates: is_last || in_epoch.is_multiple_of(u64::from(settings.accumulate)),
                freeze: settings.frozen_in(epoch),
                is_plain: settings.is_plain(epoch),
            };
            let images = batches.images(&batch);
            let losses = match images {
                // None of its images could be read.
                0 => Losses { total: 0.0, parts: Vec::new() },
                _ => self.training.learner.learn(&batch, &step)?,
            };
            if !losses.total.is_finite() {
                return Err(TrainError::Diverged { epoch, step: at, lr: step.lr });
            }
            self.status.steps_done += 1;
            self.note(images, step.lr, &losses);
            self.training.watcher.step(&self.status, step.lr, &losses);
            if is_last || self.steps >= STEPS_OF_A_ROW {
                self.row(epoch);
            }
            if self.since_word.elapsed() >= WORD_EVERY {
                self.say()?;
            }
            // Gradients that wait for the next batch are in no checkpoint.
            if step.updates && !is_last {
                if self.training.watcher.is_to_stop() {
                    return Ok(false);
                }
                if self.since_checkpoint.elapsed() >= CHECKPOINT_EVERY {
                    self.checkpoint()?;
                }
            }
        }
    }

    /// An epoch is over: is it the best, and what is kept of it?
    fn end_of(&mut self, epoch: u32) -> Result<(), TrainError> {
        let settings = &self.training.card.settings;
        let means = mean(&self.epoch_sums, self.epoch_steps);
        let mut row = self.row_of(epoch, means);
        self.line(&epoch_line(&row, self.status.seconds));
        let is_end = epoch + 1 == settings.epochs;
        let mut is_best = false;
        row.values.clear();
        if is_end || (epoch + 1).is_multiple_of(settings.val_interval) {
            let scores = (self.training.evaluate)(epoch, self.training.learner.onnx()?)?;
            self.line(&validation_line(epoch, &scores.classes, scores.map));
            row.values.insert("val:mAP".to_owned(), scores.map);
            row.values.extend(scores.values);
            is_best = self.status.best.is_none_or(|best| scores.map > best.map);
            if is_best {
                self.status.best = Some(Best { epoch, map: scores.map });
            }
            row.seconds = self.seconds();
            self.kept.row(row);
        }
        self.events(epoch)?;
        if is_best {
            self.training.files_put("best.safetensors", self.training.learner.weights()?)?;
        }
        self.status.epochs_done += 1;
        (self.epoch_sums, self.epoch_steps) = (BTreeMap::new(), 0);
        self.checkpoint()?;
        Ok(())
    }

    /// Whether an epoch need not begin, as the last ones were no better than one before.
    fn is_no_better(&self, epoch: u32) -> bool {
        let patience = self.training.card.settings.patience;
        patience > 0 && self.status.best.is_some_and(|best| epoch - best.epoch > patience)
    }

    fn note(&mut self, images: u64, lr: f64, losses: &Losses) {
        let parts = losses.parts.iter().map(|(name, value)| (*name, *value));
        for (name, value) in parts.chain([("loss", losses.total), ("lr", lr)]) {
            *self.sums.entry(name.to_owned()).or_default() += value;
            *self.epoch_sums.entry(name.to_owned()).or_default() += value;
        }
        self.steps += 1;
        self.epoch_steps += 1;
        self.images += images;
    }

    /// The steps since the last row, as one.
    fn row(&mut self, epoch: u32) {
        let seconds = self.since_row.elapsed().as_secs_f64().max(1e-9);
        let mut means = mean(&self.sums, self.steps);
        means.insert("images_per_second".to_owned(), self.images as f64 / seconds);
        means.insert("waited_seconds".to_owned(), self.waited.as_secs_f64());
        let row = self.row_of(epoch, means);
        self.line(&step_line(&row));
        self.kept.row(row);
        (self.sums, self.steps, self.images) = (BTreeMap::new(), 0, 0);
        (self.waited, self.since_row) = (Duration::ZERO, Instant::now());
    }

    fn row_of(&mut self, epoch: u32, values: BTreeMap<String, f64>) -> MetricRow {
        self.status.seconds = self.seconds();
        MetricRow {
            epoch,
            step: self.status.steps_done,
            at_ms: now_ms(),
            seconds: self.status.seconds,
            values,
        }
    }

    fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    fn line(&mut self, line: &str) {
        self.training.watcher.line(line);
        self.kept.line(line);
    }

    /// The numbers of an epoch, as TensorBoard reads them.
    fn events(&self, epoch: u32) -> Result<(), TrainError> {
        let mut file = EventFile::new(now_ms() as f64 / 1e3);
        for row in self.kept.rows_of(epoch) {
            // `val:mAP` is `val/mAP` there: a group of its own.
            let tags: Vec<(String, f64)> = row
                .values
                .iter()
                .map(|(name, value)| match name.strip_prefix("val:") {
                    Some(name) => (format!("val/{name}"), *value),
                    None => (format!("train/{name}"), *value),
                })
                .collect();
            let scalars = tags.iter().map(|(tag, value)| (tag.as_str(), *value));
            file.scalars(row.at_ms as f64 / 1e3, row.step, scalars);
        }
        // TensorBoard takes the files of a folder in the order of their names.
        let name = format!("events/events.out.tfevents.{epoch:06}.roadloop");
        self.training.files_put(&name, file.into_bytes())
    }

    /// Tells others how the run stands.
    fn say(&mut self) -> Result<(), TrainError> {
        self.since_word = Instant::now();
        self.status.seconds = self.seconds();
        self.status.at_ms = now_ms();
        self.kept.put(&self.status)
    }

    fn checkpoint(&mut self) -> Result<(), TrainError> {
        if self.steps > 0 {
            self.row(self.status.epochs_done);
        }
        self.say()?;
        let checkpoint = Checkpoint {
            status: self.status.clone(),
            epoch_sums: self.epoch_sums.clone(),
            epoch_steps: self.epoch_steps,
            state: self.training.learner.save()?,
        };
        self.since_checkpoint = Instant::now();
        self.training.files_put(Checkpoint::NAME, checkpoint.into_bytes()?)
    }
}

impl<B> Training<'_, B> {
    fn files_put(&self, name: &str, bytes: Vec<u8>) -> Result<(), TrainError> {
        self.files
            .put(name, bytes)
            .map_err(|source| TrainError::Keep { name: name.to_owned(), source })
    }
}

fn mean(sums: &BTreeMap<String, f64>, steps: u64) -> BTreeMap<String, f64> {
    let steps = steps.max(1) as f64;
    sums.iter().map(|(name, sum)| (name.clone(), sum / steps)).collect()
}
