//! What is written in pictures, one JSON object a line of text.
//!
//!     cargo run --release -p roadloop-vision --example read -- \
//!         models/ch_PP-OCRv4_det_infer.onnx models/ch_PP-OCRv4_rec_infer.onnx PICTURE...
//!
//! `models/read_peer.py` compares it with its peer in Python.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use roadloop_vision::{ModelSource, ReaderOptions, decode_bytes, open_text_reader, runtime};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [finder, recogniser, pictures @ ..] = &arguments[..] else {
        return Err("usage: read FINDER RECOGNISER PICTURE...".into());
    };
    runtime::load(&runtime::locate(None, &[])?)?;
    let file = |path: &String| ModelSource::File(PathBuf::from(path));
    let reader = open_text_reader(&file(finder), &file(recogniser), &ReaderOptions::default())?;
    for picture in pictures {
        let image = decode_bytes(&fs::read(picture)?)?;
        let start = Instant::now();
        let lines = reader.read(&image)?;
        let milliseconds = 1000.0 * start.elapsed().as_secs_f64();
        for line in lines {
            let words: Vec<_> = line
                .words
                .iter()
                .map(|word| {
                    json!({
                        "text": word.text,
                        "confidence": word.confidence,
                        "corners": word.corners,
                    })
                })
                .collect();
            let line = json!({
                "picture": picture,
                "picture_ms": milliseconds,
                "text": line.text,
                "confidence": line.confidence,
                "corners": line.corners,
                "words": words,
            });
            println!("{line}");
        }
    }
    Ok(())
}
