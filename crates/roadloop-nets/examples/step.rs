//! How long a step takes: `cargo run --profile demo -p roadloop-nets --example step -- yolox-nano
//! 416 8 5`: network, side, batch and how many steps.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use roadloop_nets::{Yolox, YoloxConfig, YoloxSize};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| given.get(at).map(String::as_str);
    let size = word(0).and_then(YoloxSize::from_name).unwrap_or(YoloxSize::Nano);
    let number = |at: usize, usual: usize| word(at).map_or(Ok(usual), str::parse);
    let (side, batch, steps) = (number(1, 416)?, number(2, 8)?, number(3, 5)?);
    let device = Device::flex().autodiff();
    let network = YoloxConfig { size, classes: 80 }.init(&device)?;
    println!("{} at {side}, batch {batch}, median of {steps}", size.name());
    let valid = network.valid();
    report("forward", batch, &timed(steps, || forward(&valid, side, batch, &Device::flex())));
    report("forward and backward", batch, &timed(steps, || step(&network, side, batch, &device)));
    if let Some(peak) = peak_memory() {
        println!("peak memory {} MB", peak / 1024);
    }
    Ok(())
}

fn images(side: usize, batch: usize, device: &Device) -> Tensor<4> {
    Tensor::random([batch, 3, side, side], Distribution::Uniform(0.0, 255.0), device)
}

fn forward(network: &Yolox, side: usize, batch: usize, device: &Device) -> Duration {
    let images = images(side, batch, device);
    let start = Instant::now();
    let sum: f32 = network.forward(images).flat().sum().into_scalar();
    std::hint::black_box(sum);
    start.elapsed()
}

fn step(network: &Yolox, side: usize, batch: usize, device: &Device) -> Duration {
    let images = images(side, batch, device);
    let start = Instant::now();
    // Any loss will do: what the head's own costs is not asked here.
    let loss = network.forward(images).flat().powi_scalar(2).mean();
    std::hint::black_box(loss.backward());
    start.elapsed()
}

fn timed(steps: usize, step: impl Fn() -> Duration) -> Duration {
    step();
    let mut times: Vec<Duration> = (0..steps.max(1)).map(|_| step()).collect();
    times.sort();
    times[times.len() / 2]
}

fn report(what: &str, batch: usize, time: &Duration) {
    let images = batch as f64 / time.as_secs_f64();
    println!("{what}: {:.0} ms, {images:.2} images/s", time.as_secs_f64() * 1e3);
}

/// The most memory this process has held, in KiB, where the system says so.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
