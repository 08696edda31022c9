//! How long an image takes to be packed for records:
//! `cargo run --release -p roadloop-vision --example pack -- ROUNDS IMAGE...`
//!
//! One thread, and a sum of all bytes written, so that two builds can be told to write the
//! same. For instructions rather than time: `valgrind --tool=callgrind`, one round.

use std::time::Instant;

use roadloop_vision::{PackSettings, pack};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let rounds: u32 = words.next().ok_or("how many rounds?")?.parse()?;
    let files = words.map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let settings = PackSettings::default();
    let (mut best_ms, mut bytes, mut sum) = (f64::MAX, 0, 0_u32);
    for _ in 0..rounds {
        let start = Instant::now();
        (bytes, sum) = (0, 0);
        for file in &files {
            let packed = pack(file, &settings)?;
            bytes += packed.bytes.len();
            sum = packed
                .bytes
                .iter()
                .fold(sum, |sum, &byte| sum.wrapping_mul(16_777_619).wrapping_add(byte.into()));
        }
        best_ms = best_ms.min(start.elapsed().as_secs_f64() * 1e3 / files.len() as f64);
    }
    println!("{best_ms:.3} ms an image, {} bytes each, sum {sum:08x}", bytes / files.len());
    Ok(())
}
