//! A small network on pictures that can be drawn in a line.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::batch::{BatchPicture, ModelBox};

const SIDE: usize = 96;

/// Burn draws from one lot for the whole process, so these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn settings() -> TrainSettings {
    TrainSettings {
        data_shape: SIDE as u32,
        lr: 0.01,
        ema_decay: 0.5,
        // Steps as long as their gradients, so that few of them are enough.
        clip_norm: 0.0,
        ..TrainSettings::of(Network::YoloxNano)
    }
}

fn classes() -> Vec<String> {
    vec!["square".to_owned(), "bar".to_owned()]
}

/// White things on gray: a square and a bar, elsewhere on each of four pictures.
fn batch(number: usize) -> Batch {
    let plane = SIDE * SIDE;
    let mut images = vec![114.0; 4 * 3 * plane];
    let pictures = (0..4).map(|image| {
        let (left, top) = (8 + 9 * image + number % 3, 10 + 7 * ((image + number) % 4));
        let things = [(0, left, top, 24, 24), (1, left, top + 34, 40, 12)];
        let boxes = things.map(|(class, left, top, width, height)| {
            for plane_at in 0..3 {
                for row in top..(top + height).min(SIDE) {
                    let start = (image * 3 + plane_at) * plane + row * SIDE;
                    images[start + left..start + (left + width).min(SIDE)].fill(255.0);
                }
            }
            ModelBox {
                class,
                center_x: left as f32 + width as f32 / 2.0,
                center_y: top as f32 + height as f32 / 2.0,
                width: width as f32,
                height: height as f32,
            }
        });
        let (place, name, layout) = (image as u32, format!("{image}.png"), None);
        BatchPicture { place, name, boxes: boxes.to_vec(), layout }
    });
    let pictures: Vec<BatchPicture> = pictures.collect();
    Batch { step: number as u64, side: SIDE, images, pictures, skipped: Vec::new() }
}

fn step(freeze: Freeze) -> Step {
    Step { lr: 0.01, updates: true, freeze, is_plain: false }
}

fn learner(settings: &TrainSettings) -> NetworkLearner {
    let (weights, init) = first_weights(settings, &classes(), None, || Ok(Vec::new())).unwrap();
    assert_eq!(init, Init::Random);
    NetworkLearner::open(settings, &classes(), &weights).unwrap()
}

#[test]
fn a_seed_decides_the_first_weights() {
    let _turn = alone();
    let weights = |seed: u64| {
        let settings = TrainSettings { seed, ..settings() };
        first_weights(&settings, &classes(), None, || Ok(Vec::new())).unwrap().0
    };
    // Not `assert_eq`: it would print all of them.
    assert!(weights(1) == weights(1));
    assert!(weights(1) != weights(2));
}

#[test]
fn it_learns_and_what_was_saved_goes_on_to_the_same_bits() {
    let _turn = alone();
    let settings = settings();
    let mut whole = learner(&settings);
    let mut first = f64::INFINITY;
    let mut last = f64::INFINITY;
    let mut saved = Vec::new();
    for number in 0..30 {
        let losses = whole.learn(&batch(number), &step(Freeze::Nothing)).unwrap();
        assert!(losses.parts.iter().any(|(name, _)| *name == "iou_loss"));
        if number == 0 {
            first = losses.total;
        }
        if number == 24 {
            saved = whole.save().unwrap();
        }
        last = losses.total;
    }
    // From 11.5 to 9.2 in so few steps.
    assert!(last < first * 0.85, "{first} only fell to {last}");

    // Another process: nothing is left but what was saved.
    let mut resumed = learner(&TrainSettings { seed: 9, ..settings.clone() });
    resumed.load(&saved).unwrap();
    for number in 25..30 {
        resumed.learn(&batch(number), &step(Freeze::Nothing)).unwrap();
    }
    assert!(resumed.save().unwrap() == whole.save().unwrap());
    assert!(resumed.onnx().unwrap() == whole.onnx().unwrap());
    for length in [0, 7, 8, saved.len() / 2, saved.len() - 1] {
        assert!(resumed.load(&saved[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn what_is_frozen_stays_as_it_is() {
    let _turn = alone();
    let settings = TrainSettings { ema_decay: 0.0, ..settings() };
    let mut learner = learner(&settings);
    let of = |learner: &NetworkLearner, part: &str| -> Vec<Vec<f32>> {
        let tensors = weights::decode_safetensors(&learner.weights().unwrap()).unwrap();
        let arrays = tensors.arrays.iter().filter(|(name, _)| name.starts_with(part));
        arrays.map(|(_, array)| array.values().to_vec()).collect()
    };
    let parts = ["backbone.backbone.", "backbone.C3_p4.", "head.cls_preds."];
    for (freeze, moves) in [
        (Freeze::AllButHeads, [false, false, true]),
        (Freeze::Backbone, [false, true, true]),
        (Freeze::Nothing, [true, true, true]),
    ] {
        let before = parts.map(|part| of(&learner, part));
        assert!(before.iter().all(|arrays| !arrays.is_empty()));
        learner.learn(&batch(0), &step(freeze)).unwrap();
        let after = parts.map(|part| of(&learner, part));
        let moved = [0, 1, 2].map(|part| before[part] != after[part]);
        assert_eq!(moved, moves, "{freeze:?}");
    }
}

#[test]
fn frozen_norms_learn_and_keep_what_they_know_of_batches() {
    let _turn = alone();
    let settings = TrainSettings { ema_decay: 0.0, freeze_norms: true, ..settings() };
    let mut learner = learner(&settings);
    let of = |learner: &NetworkLearner, end: &str| -> Vec<Vec<f32>> {
        let tensors = weights::decode_safetensors(&learner.weights().unwrap()).unwrap();
        let arrays = tensors.arrays.iter().filter(|(name, _)| name.ends_with(end));
        arrays.map(|(_, array)| array.values().to_vec()).collect()
    };
    let before = [".running_mean", ".bn.weight"].map(|end| of(&learner, end));
    // A freeze in between changes nothing of it.
    for freeze in [Freeze::Backbone, Freeze::Nothing] {
        learner.learn(&batch(0), &step(freeze)).unwrap();
    }
    let after = [".running_mean", ".bn.weight"].map(|end| of(&learner, end));
    assert!(!before[0].is_empty());
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
}
