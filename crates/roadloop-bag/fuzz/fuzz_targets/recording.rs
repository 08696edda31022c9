//! A file with any content: ROS 1 bag, MCAP, SQLite, or one of them compressed. It
//! is read whole, and again for the first of its topics, which passes over what an
//! index says holds none of it.

#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use roadloop_bag::{Decoders, ReadMessage, Recording, Selection, open};
use tempfile::TempDir;

thread_local!(static FOLDER: OnceCell<TempDir> = const { OnceCell::new() });

fn read(recording: &Recording, selection: &Selection) {
    if let Ok(frames) = recording.frames(selection) {
        frames.for_each(drop);
    }
    let mut decoders = Decoders::default();
    for read in recording.messages(selection).into_iter().flatten() {
        if let ReadMessage::Message(message) = read {
            drop(decoders.decode(&message));
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| TempDir::new().expect("a folder"));
        let path = folder.path().join("recording");
        std::fs::write(&path, bytes).expect("a file");
        let Ok(recording) = open(&path) else { return };
        read(&recording, &Selection::default());
        let topics: Vec<String> = recording.topics().iter().map(|t| t.name.clone()).collect();
        if topics.len() > 1 {
            read(&recording, &Selection { topics: topics[..1].to_vec(), ..Selection::default() });
        }
    });
});
