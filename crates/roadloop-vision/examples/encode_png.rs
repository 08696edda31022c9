//! How long a PNG takes to write, and how large it gets:
//! `cargo run --release -p roadloop-vision --example encode_png -- PICTURE...`

use std::time::Instant;

use roadloop_vision::{decode_bytes, encode_png};

const ROUNDS: u32 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:>9} {:>10} {:>10} {:>8}", "size", "raw bytes", "png bytes", "ms");
    for path in std::env::args().skip(1) {
        let pixels = decode_bytes(&std::fs::read(&path)?)?;
        let mut best_ms = f64::MAX;
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            bytes = encode_png(&pixels)?.len();
            best_ms = best_ms.min(start.elapsed().as_secs_f64() * 1e3);
        }
        let size = format!("{}x{}", pixels.width(), pixels.height());
        println!("{size:>9} {:>10} {bytes:>10} {best_ms:>8.2}  {path}", pixels.data().len());
    }
    Ok(())
}
