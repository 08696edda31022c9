//! A rosbag2 folder with any `metadata.yaml`.

#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use roadloop_bag::open;
use tempfile::TempDir;

thread_local!(static FOLDER: OnceCell<TempDir> = const { OnceCell::new() });

const PART: &[u8] = include_bytes!("../../testdata/mcap-zstd.mcap");

fuzz_target!(|yaml: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| {
            let folder = TempDir::new().expect("a folder");
            std::fs::write(folder.path().join("drive_0.mcap"), PART).expect("a file");
            folder
        });
        std::fs::write(folder.path().join("metadata.yaml"), yaml).expect("a file");
        drop(open(folder.path()));
    });
});
