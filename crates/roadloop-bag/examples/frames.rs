//! Prints what recordings hold: topics, frames, and every damaged place.
//!
//! `cargo run -p roadloop-bag --example frames -- RECORDING…`

use std::path::Path;

use roadloop_bag::{BagError, Read, Selection, find_recordings, open};
use roadloop_base::EncodedImage;

fn main() {
    for argument in std::env::args().skip(1) {
        if let Err(error) = show_all(Path::new(&argument)) {
            println!("error: {error}");
        }
    }
}

fn show_all(path: &Path) -> Result<(), BagError> {
    for path in find_recordings(path)? {
        if let Err(error) = show(&path) {
            println!("error: {error}");
        }
    }
    Ok(())
}

fn show(path: &Path) -> Result<(), BagError> {
    let recording = open(path)?;
    println!("{} ({}, {} bytes)", recording.id(), recording.format(), recording.size_bytes());
    for topic in recording.topics() {
        let messages = topic.messages.map_or("?".to_owned(), |messages| messages.to_string());
        println!("  topic {} {} x{messages}", topic.name, topic.message_type);
    }
    for skip in recording.damage() {
        println!("  damage {}: {}", skip.place, skip.reason);
    }
    for read in recording.frames(&Selection::default())? {
        match read {
            Read::Frame(frame) => {
                let image = match &frame.image {
                    EncodedImage::Raw(raw) => {
                        format!("{}x{} {}", raw.width, raw.height, raw.encoding.name())
                    }
                    EncodedImage::Jpeg(bytes) => format!("jpeg of {} bytes", bytes.len()),
                    EncodedImage::Png(bytes) => format!("png of {} bytes", bytes.len()),
                    EncodedImage::WebP(bytes) => format!("webp of {} bytes", bytes.len()),
                    EncodedImage::Depth(depth) => format!("depth of {} bytes", depth.data.len()),
                    EncodedImage::Video(picture) => {
                        format!("{} of {} bytes", picture.codec.name(), picture.data.len())
                    }
                };
                println!("  {} {} {image}", frame.taken_at, frame.id);
            }
            Read::Unselected(frame) => println!("  {} is there for others", frame.id),
            Read::Skipped(skip) => println!("  skipped {}: {}", skip.place, skip.reason),
            Read::Failed(error) => return Err(error),
        }
    }
    Ok(())
}
