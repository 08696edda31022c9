//! Milliseconds a picture takes, for each step of augmentation and for whole recipes, on one
//! thread, from pictures of 1280x720 that are decoded already.
//!
//!     cargo run --release -p roadloop-train --example augment_speed -- [ROUNDS]
//!
//! Prints a line for each, `SIDE NAME MILLISECONDS`, which `bench/train/augment.py` sets beside
//! the same steps in OpenCV and NumPy. Steps are switched on alone by a recipe that has nothing
//! else. Pictures are shared, as decoded ones are handed over: a step that writes into the one
//! it was given copies it first.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use roadloop_base::{Items, Skip};
use roadloop_train::{
    Augment, Example, Input, LabelBox, Lot, YOLOV3_INPUT, YOLOX_INPUT, YoloxSize, augmented,
};
use roadloop_vision::{
    Channels, Fit, Layout, Normalize, Pixels, Resampling, prepare_into, resize_part,
};

/// Examples that lie in memory.
struct Memory(Vec<Example>);

impl Items for Memory {
    type Item = Example;
    type Error = Skip;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, place: usize) -> Result<Example, Skip> {
        self.0.get(place).cloned().ok_or_else(|| Skip::new(format!("{place}"), "there is none"))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(60), |text| text.parse::<u64>())?.max(1);
    let cameras = Memory((0..8).map(|number| street(1280, 720, number)).collect());
    for side in [416, 640] {
        let report = |name: &str, ms: f64| println!("{side} {name} {ms:.2}");
        let squares = Memory((0..8).map(|number| street(side, side, number)).collect());
        let nothing = Augment::none();
        let hsv = Augment { hsv_probability: 1.0, hsv_gains: [5.0, 30.0, 30.0], ..nothing.clone() };
        let affine =
            Augment { mosaic_probability: 0.0, mixup_probability: 0.0, ..Augment::default() };
        let affine = Augment {
            affine_probability: 1.0,
            hsv_probability: 0.0,
            flip_probability: 0.0,
            ..affine
        };
        let mosaic = Augment { mosaic_probability: 1.0, affine_probability: 0.0, ..affine.clone() };
        let mixed = Augment { mixup_probability: 1.0, ..mosaic.clone() };
        let flip = Augment { flip_probability: 1.0, ..nothing.clone() };
        let distort = Augment {
            distort_probability: 1.0,
            ..Augment {
                expand_probability: 0.0,
                crop_probability: 0.0,
                flip_probability: 0.0,
                random_resampling_probability: 0.0,
                ..Augment::yolov3_reference()
            }
        };
        for (name, source, augment) in [
            ("copy", &squares, &nothing),
            ("affine", &squares, &affine),
            ("hsv", &squares, &hsv),
            ("distort", &squares, &distort),
            ("flip", &squares, &flip),
            ("mosaic+affine", &cameras, &mosaic),
            ("mosaic+affine+mixup", &cameras, &mixed),
        ] {
            report(name, changed(source, augment, side, rounds)?);
        }
        report(
            "resize",
            timed(rounds, |round| {
                let example = &cameras.0[round as usize % 8];
                let layout =
                    Layout::fit(Fit::TopLeft, &example.pixels, side as usize, side as usize);
                let size = (layout.resized_width as u32, layout.resized_height as u32);
                let whole = [0.0, 0.0, 1280.0, 720.0];
                black_box(resize_part(&example.pixels, whole, size, Resampling::Linear));
            }),
        );
        for (name, source) in [("letterbox", &cameras), ("tensor", &squares)] {
            let mut planes = vec![0.0; 3 * (side * side) as usize];
            report(
                name,
                timed(rounds, |round| {
                    let example = &source.0[round as usize % 8];
                    tensor(example, Fit::TopLeft, side, &YOLOX_INPUT, &mut planes);
                }),
            );
        }
        for (name, augment, fit, normalize) in [
            ("recipe-yolox", Augment::default(), Fit::TopLeft, YOLOX_INPUT),
            ("recipe-yolox-tiny", Augment::yolox(YoloxSize::Tiny), Fit::TopLeft, YOLOX_INPUT),
            ("recipe-yolox-nano", Augment::yolox(YoloxSize::Nano), Fit::TopLeft, YOLOX_INPUT),
            ("recipe-yolox-closing", Augment::default().closing(), Fit::TopLeft, YOLOX_INPUT),
            ("recipe-yolov3", Augment::yolov3_reference(), Fit::Stretch, YOLOV3_INPUT),
        ] {
            report(name, whole(&cameras, &augment, Input { side, fit }, &normalize, rounds)?);
        }
    }
    Ok(())
}

/// Without the tensor.
fn changed(source: &Memory, augment: &Augment, side: u32, rounds: u64) -> Result<f64, String> {
    let input = Input { side, fit: Fit::TopLeft };
    tried(rounds, |round| {
        let lot = Lot { seed: 1, epoch: round };
        black_box(augmented(source, round as usize % 8, lot, input, augment)?);
        Ok(())
    })
}

/// With it.
fn whole(
    source: &Memory,
    augment: &Augment,
    input: Input,
    normalize: &Normalize,
    rounds: u64,
) -> Result<f64, String> {
    let mut planes = vec![0.0; 3 * (input.side * input.side) as usize];
    tried(rounds, |round| {
        let lot = Lot { seed: 1, epoch: round };
        let made = augmented(source, round as usize % 8, lot, input, augment)?;
        tensor(&made.example, input.fit, input.side, normalize, &mut planes);
        Ok(())
    })
}

fn tensor(example: &Example, fit: Fit, side: u32, normalize: &Normalize, planes: &mut [f32]) {
    let layout = Layout::fit(fit, &example.pixels, side as usize, side as usize);
    prepare_into(&example.pixels, &layout, normalize, planes);
    black_box(planes);
}

/// The mean of the faster half, in milliseconds: the machine has others to serve.
fn timed(rounds: u64, mut work: impl FnMut(u64)) -> f64 {
    let once = |round| {
        let start = Instant::now();
        work(round);
        1000.0 * start.elapsed().as_secs_f64()
    };
    let mut times: Vec<f64> = (0..rounds).map(once).collect();
    times.sort_by(f64::total_cmp);
    times.truncate(times.len().div_ceil(2));
    times.iter().sum::<f64>() / times.len() as f64
}

fn tried(rounds: u64, mut work: impl FnMut(u64) -> Result<(), Skip>) -> Result<f64, String> {
    let mut failed = Ok(());
    let ms = timed(rounds, |round| {
        if failed.is_ok() {
            failed = work(round);
        }
    });
    failed.map(|()| ms).map_err(|skip| skip.reason)
}

/// Smooth slopes with noise, and twelve boxes.
fn street(width: u32, height: u32, number: u32) -> Example {
    let mut noise = number.wrapping_mul(0x9e37_79b9) | 1;
    let mut data = Vec::with_capacity(3 * (width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            for channel in 1..4 {
                // Marsaglia's xorshift: what noise it is does not matter.
                noise ^= noise << 13;
                noise ^= noise >> 17;
                noise ^= noise << 5;
                let slope = (x * channel + y * (4 - channel) + 40 * number) / 16;
                data.push((slope + noise % 8) as u8);
            }
        }
    }
    let pixels = Pixels::shared(width, height, Channels::Rgb, Bytes::from(data))
        .expect("three bytes a pixel");
    let boxes = (0..12).map(|place| {
        let (left, top) = (width as f32 * place as f32 / 14.0, height as f32 * place as f32 / 16.0);
        let (right, bottom) = (left + width as f32 / 8.0, top + height as f32 / 8.0);
        LabelBox { class: place % 5, left, top, right, bottom }
    });
    Example { name: format!("street {number}"), pixels, boxes: boxes.collect() }
}
