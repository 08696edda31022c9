//! Recordings that other programs wrote, cut at 200 places and with 200 bytes
//! changed: reading ends, takes no more memory than they have bytes for, and
//! gives at least what a reader gives that stops at the first error.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use roadloop_bag::{Decoders, ReadMessage, Selection, open};

/// Counts what is allocated, for the one test of this program.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const TRIES: usize = 200;

/// Beside twice the file: buffers of fixed size, decompressors.
const FIXED_BYTES: usize = 12 << 20;

/// A hang, not a slow machine: reading takes milliseconds.
const LONGEST: Duration = Duration::from_secs(120);

/// xorshift64*, so that every run damages the same places.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}

/// All there is, read the way it is read when every core helps.
fn selection() -> Selection {
    Selection { chunks_ahead: 2, ..Selection::default() }
}

/// How far the file was read when each message came.
fn positions(path: &Path) -> Vec<u64> {
    let recording = open(path).unwrap();
    let mut messages = recording.messages(&selection()).unwrap();
    let mut positions = Vec::new();
    while let Some(read) = messages.next() {
        if matches!(read, ReadMessage::Message(_)) {
            positions.push(messages.bytes_read());
        }
    }
    positions
}

/// Messages that can be read, all of them decoded, each as a hash of what it is.
fn messages(path: &Path) -> Vec<u64> {
    let Ok(recording) = open(path) else { return Vec::new() };
    let Ok(messages) = recording.messages(&selection()) else { return Vec::new() };
    let mut decoders = Decoders::default();
    let mut found = Vec::new();
    for read in messages {
        if let ReadMessage::Message(message) = read {
            drop(decoders.decode(&message));
            let mut hasher = DefaultHasher::new();
            (&*message.topic, message.logged_at, &message.data).hash(&mut hasher);
            found.push(hasher.finish());
        }
    }
    if let Ok(frames) = recording.frames(&selection()) {
        frames.for_each(drop);
    }
    found
}

/// Files of a folder and of those in it.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            files(&path, found);
        } else if extension.is_some_and(|e| ["bag", "mcap", "db3"].contains(&e)) {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn damage_costs_only_what_it_hits() {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"), &mut found);
    assert!(found.len() >= 9, "{found:?}");
    let folder = tempfile::tempdir().unwrap();
    let as_a_whole = folder.path().join("as-a-whole.bag.zst");
    let largest = found.iter().max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    fs::write(&as_a_whole, zstd::encode_all(&*fs::read(largest).unwrap(), 3).unwrap()).unwrap();
    found.push(as_a_whole);
    let mut random = Random(7);
    let mut compared = 0;
    for sound in found {
        let bytes = fs::read(&sound).unwrap();
        let (positions, whole) = (positions(&sound), messages(&sound));
        let path = folder.path().join("damaged").with_extension(sound.extension().unwrap());
        // A database's pages do not lie in the order of its rows, and a file that
        // is compressed as a whole is read somewhere else.
        let is_in_order =
            sound.extension().is_some_and(|extension| extension == "bag" || extension == "mcap");
        for number in 0..2 * TRIES {
            let at = random.below(bytes.len());
            let mut damaged = bytes.clone();
            if number < TRIES {
                damaged.truncate(at);
            } else {
                damaged[at] ^= 1 + random.below(255) as u8;
            }
            fs::write(&path, &damaged).unwrap();

            let what = format!("{} {number}: byte {at}", sound.display());
            ALLOCATED.reset_peak_usage();
            let (before, started) = (ALLOCATED.current_usage(), Instant::now());
            let found = messages(&path);
            let allocated = ALLOCATED.peak_usage() - before;
            assert!(started.elapsed() < LONGEST, "{what}: {:?}", started.elapsed());
            assert!(allocated < 2 * bytes.len() + FIXED_BYTES, "{what}: {allocated} bytes");
            let strict = positions.iter().filter(|end| **end <= at as u64).count();
            if is_in_order {
                // Those of before the damage are what they were, one by one.
                let start = found.get(..strict);
                assert_eq!(start, whole.get(..strict), "{what}: {} messages", found.len());
            }
            compared += strict.min(1);
        }
    }
    assert!(compared > 1000, "{compared} of them had messages before the damage");
}
