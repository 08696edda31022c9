//! The loop with a learner whose answers can be worked out, and files in memory.

use std::cell::{Cell, RefCell};
use std::io;

use super::*;
use crate::card::{DatasetUsed, Init};
use crate::settings::{Network, TrainSettings};

/// Batches are numbers that follow from epoch and place.
struct Numbers {
    per_epoch: u64,
    /// One of them comes with an image missing.
    damaged: Option<(u32, u64)>,
}

impl Epochs<u64> for Numbers {
    fn per_epoch(&self) -> u64 {
        self.per_epoch
    }

    fn from(&self, epoch: u32, batch: u64) -> Result<EpochBatches<'_, u64>, TrainError> {
        Ok(Box::new((batch..self.per_epoch).map(move |at| {
            let skips = match self.damaged == Some((epoch, at)) {
                true => vec![Skip::new("image a.png", "damaged")],
                false => Vec::new(),
            };
            (u64::from(epoch) * 100 + at, skips)
        })))
    }

    fn images(&self, _: &u64) -> u64 {
        2
    }
}

/// Its weight is a sum that depends on the order of all batches.
#[derive(Clone, Default)]
struct Sum {
    weight: f64,
    waiting: f64,
    diverges_at: Option<u64>,
}

impl Learner<u64> for Sum {
    fn learn(&mut self, batch: &u64, step: &Step) -> Result<Losses, TrainError> {
        self.waiting += *batch as f64 + step.lr;
        if step.updates {
            self.weight = self.weight * 0.9 + self.waiting;
            self.waiting = 0.0;
        }
        let total = if self.diverges_at == Some(*batch) { f64::NAN } else { self.weight };
        Ok(Losses { total, parts: vec![("ObjLoss", total / 2.0)] })
    }

    fn save(&self) -> Result<Vec<u8>, TrainError> {
        assert_eq!(self.waiting, 0.0, "a checkpoint between two batches of a step");
        Ok(self.weight.to_le_bytes().to_vec())
    }

    fn load(&mut self, state: &[u8]) -> Result<(), TrainError> {
        let state = state.try_into().map_err(|_| TrainError::DamagedCheckpoint)?;
        self.weight = f64::from_le_bytes(state);
        Ok(())
    }

    fn weights(&self) -> Result<Vec<u8>, TrainError> {
        self.save()
    }

    fn onnx(&self) -> Result<Vec<u8>, TrainError> {
        self.save()
    }
}

#[derive(Default)]
struct Memory {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Bytes that still fit.
    room: Cell<Option<usize>>,
}

// The loop runs on this thread alone.
struct Shared<'a>(&'a Memory);

impl RunFiles for Shared<'_> {
    fn put(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        if let Some(room) = self.0.room.get() {
            let left = room.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            self.0.room.set(Some(left));
        }
        self.0.files.borrow_mut().insert(name.to_owned(), bytes);
        Ok(())
    }

    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.files.borrow().get(name).cloned())
    }
}

#[derive(Default)]
struct Looker {
    lines: RefCell<Vec<String>>,
    skips: Cell<u64>,
    stops_after: Option<u64>,
    steps: Cell<u64>,
}

impl Watcher for Looker {
    fn line(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }

    fn step(&self, _: &RunStatus, _: f64, _: &Losses) {
        self.steps.set(self.steps.get() + 1);
    }

    fn skipped(&self, _: &Skip) {
        self.skips.set(self.skips.get() + 1);
    }

    fn is_to_stop(&self) -> bool {
        self.stops_after.is_some_and(|steps| self.steps.get() >= steps)
    }
}

fn card(change: impl FnOnce(&mut TrainSettings)) -> RunCard {
    let mut settings = TrainSettings { epochs: 4, ..TrainSettings::of(Network::YoloxNano) };
    change(&mut settings);
    RunCard {
        format: RunCard::FORMAT,
        name: "cars-yolox-nano-1".to_owned(),
        made_at_ms: 0,
        program: "0.0.0".to_owned(),
        command: "train cars".to_owned(),
        settings,
        dataset: DatasetUsed {
            reference: "cars@1".to_owned(),
            id: "0".repeat(64),
            classes: vec!["car".to_owned()],
            train_images: 10,
            val_images: 2,
        },
        init: Init::Random,
        threads: 1,
        device: "flex".to_owned(),
        reproduces: None,
    }
}

/// Everything a run is tried with.
struct Try {
    card: RunCard,
    numbers: Numbers,
    memory: Memory,
    looker: Looker,
    learner: Sum,
    /// The mAP of each epoch.
    maps: Vec<f64>,
}

impl Try {
    fn new(change: impl FnOnce(&mut TrainSettings)) -> Try {
        Try {
            card: card(change),
            numbers: Numbers { per_epoch: 5, damaged: None },
            memory: Memory::default(),
            looker: Looker::default(),
            learner: Sum::default(),
            maps: vec![0.1, 0.3, 0.2, 0.25, 0.2, 0.2],
        }
    }

    fn run(&mut self) -> Result<RunStatus, TrainError> {
        let maps = self.maps.clone();
        let mut evaluate = |epoch: u32, _: Vec<u8>| {
            let map = maps[epoch as usize];
            Ok(Scores { map, classes: vec![("car".to_owned(), Some(map))], ..Scores::default() })
        };
        train(Training {
            card: &self.card,
            learner: &mut self.learner,
            batches: &self.numbers,
            evaluate: &mut evaluate,
            files: &Shared(&self.memory),
            watcher: &self.looker,
        })
    }

    fn file(&self, name: &str) -> Vec<u8> {
        self.memory.files.borrow().get(name).cloned().unwrap_or_default()
    }

    fn rows(&self) -> Vec<MetricRow> {
        let text = String::from_utf8(self.file("metrics.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn all_epochs_are_run_and_the_best_is_kept() {
    let mut run = Try::new(|_| ());
    let status = run.run().unwrap();
    assert_eq!((status.state, status.epochs_done, status.steps_done), (RunState::Done, 4, 20));
    assert_eq!(status.best, Some(Best { epoch: 1, map: 0.3 }));
    // The weights after epoch 1, and not those of the end.
    assert_ne!(run.file("best.safetensors"), run.learner.save().unwrap());
    let lines = run.looker.lines.borrow();
    assert!(
        lines.iter().any(|line| line == "[Epoch 1] Validation: car=0.300000,val:mAP=0.300000,")
    );
    let log = String::from_utf8(run.file("log.txt")).unwrap();
    assert_eq!(log.lines().collect::<Vec<_>>(), *lines);
    let maps: Vec<f64> =
        run.rows().iter().filter_map(|row| row.values.get("val:mAP").copied()).collect();
    assert_eq!(maps, [0.1, 0.3, 0.2, 0.25]);
}

#[test]
fn a_stopped_run_goes_on_to_the_same_end() {
    for accumulate in [1, 2, 3] {
        let mut whole = Try::new(|settings| settings.accumulate = accumulate);
        whole.run().unwrap();
        for stops_after in 1..20 {
            let mut run = Try::new(|settings| settings.accumulate = accumulate);
            run.looker.stops_after = Some(stops_after);
            let mut status = run.run().unwrap();
            while status.state == RunState::Stopped {
                // Another process: nothing is left but the files.
                run.learner = Sum::default();
                run.looker = Looker::default();
                status = run.run().unwrap();
            }
            assert_eq!(run.learner.weight.to_bits(), whole.learner.weight.to_bits());
            assert_eq!(run.file("best.safetensors"), whole.file("best.safetensors"));
            let steps = |run: &Try| run.rows().last().map(|row| row.step);
            assert_eq!(steps(&run), steps(&whole));
            assert_eq!(status.best, Some(Best { epoch: 1, map: 0.3 }));
        }
    }
}

#[test]
fn nothing_better_ends_a_run_and_it_stays_ended() {
    let mut run = Try::new(|settings| {
        settings.epochs = 6;
        settings.patience = 2;
    });
    let status = run.run().unwrap();
    assert_eq!((status.state, status.epochs_done), (RunState::Done, 4));
    assert_eq!(status.reason.as_deref(), Some("no better val mAP for 2 epochs"));
    let again = run.run().unwrap();
    assert_eq!((again.state, again.epochs_done), (RunState::Done, 4));
}

#[test]
fn a_full_disk_costs_nothing_that_was_earned() {
    let mut run = Try::new(|_| ());
    run.looker.stops_after = Some(8);
    run.run().unwrap();
    let kept = run.file("last.ckpt");
    run.looker.stops_after = None;
    run.memory.room.set(Some(600));
    let error = run.run().unwrap_err().to_string();
    assert!(error.contains("make room, and go on with --resume"), "{error}");
    assert_eq!(run.file("last.ckpt"), kept);
    run.memory.room.set(None);
    run.learner = Sum::default();
    assert_eq!(run.run().unwrap().state, RunState::Done);
    let mut whole = Try::new(|_| ());
    whole.run().unwrap();
    assert_eq!(run.learner.weight.to_bits(), whole.learner.weight.to_bits());
}

#[test]
fn a_broken_image_is_named_and_passed_over() {
    let mut run = Try::new(|_| ());
    run.numbers.damaged = Some((1, 3));
    let status = run.run().unwrap();
    assert_eq!((status.state, status.skipped, run.looker.skips.get()), (RunState::Done, 1, 1));
}

#[test]
fn a_loss_that_is_no_number_ends_a_run_in_words() {
    let mut run = Try::new(|_| ());
    run.learner.diverges_at = Some(102);
    let error = run.run().unwrap_err().to_string();
    assert!(error.starts_with("the loss is no number any more (epoch 1, step 7, "), "{error}");
    let status: RunStatus = serde_json::from_slice(&run.file("status.json")).unwrap();
    assert_eq!(status.state, RunState::Failed);
}

#[test]
fn a_damaged_checkpoint_is_an_error_at_every_length() {
    let mut run = Try::new(|settings| settings.epochs = 1);
    run.run().unwrap();
    let whole = run.file("last.ckpt");
    for length in 0..whole.len() {
        run.memory.files.borrow_mut().insert("last.ckpt".to_owned(), whole[..length].to_vec());
        assert!(matches!(run.run(), Err(TrainError::DamagedCheckpoint)), "{length} bytes");
    }
}
