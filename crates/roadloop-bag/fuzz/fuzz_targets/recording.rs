//! A file with any content: ROS 1 bag, MCAP, SQLite, or one of them compressed.

#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use roadloop_bag::{Decoders, ReadMessage, Selection, open};
use tempfile::TempDir;

thread_local!(static FOLDER: OnceCell<TempDir> = const { OnceCell::new() });

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| TempDir::new().expect("a folder"));
        let path = folder.path().join("recording");
        std::fs::write(&path, bytes).expect("a file");
        let Ok(recording) = open(&path) else { return };
        if let Ok(frames) = recording.frames(&Selection::default()) {
            frames.for_each(drop);
        }
        let mut decoders = Decoders::default();
        for read in recording.messages(&Selection::default()).into_iter().flatten() {
            if let ReadMessage::Message(message) = read {
                drop(decoders.decode(&message));
            }
        }
    });
});
