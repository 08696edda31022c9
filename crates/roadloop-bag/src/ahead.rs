//! Chunks that come next are decompressed on threads of their own while the one
//! before is read: decompression is most of what reading costs.

use std::collections::BTreeMap;
use std::thread::{self, JoinHandle};

use crate::compression::{Codec, Decompressed, decompress};
use crate::input::Input;
use crate::passed::Passed;
use crate::source::{FileSource, ReadAt};

/// A chunk that claims more is decompressed when it is its turn. Recorders make
/// chunks of 0.8 to 4 MB, larger only for a message that is.
const MAX_CHUNK: u64 = 16 << 20;

/// Records looked at for a chunk to come, its indexes in between.
const MAX_STEPS: usize = 256;

/// The data of a compressed chunk.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub(crate) codec: Codec,
    /// In the file.
    pub(crate) from: u64,
    pub(crate) len: u64,
    /// Decompressed.
    pub(crate) claimed: u64,
}

/// What is at a place between chunks: where the next record is, and the chunk
/// where it is one. `None` where nothing sound is.
pub(crate) type Next = fn(&mut FileSource, u64) -> Option<(u64, Option<Packed>)>;

#[derive(Debug)]
pub(crate) struct Ahead {
    /// Of its own: the reader's window stays where it is.
    source: Option<FileSource>,
    next: Next,
    passed: Passed,
    chunks: usize,
    /// Where to look for a chunk that was not begun.
    at: u64,
    /// By where their data begins.
    begun: BTreeMap<u64, JoinHandle<Decompressed>>,
}

impl Ahead {
    /// At most so many chunks ahead; none for 0.
    pub(crate) fn new(input: &Input, chunks: usize, next: Next) -> Ahead {
        let source = if chunks > 0 { FileSource::open(input).ok() } else { None };
        let passed = Passed::default();
        Ahead { source, next, passed, chunks, at: 0, begun: BTreeMap::new() }
    }

    /// Looks for no chunk in what the reader passes over.
    pub(crate) fn pass(&mut self, passed: &Passed, gaps: &Passed) {
        self.passed.clone_from(passed);
        if let Some(source) = &mut self.source {
            source.leave_out(gaps);
        }
    }

    /// Decompresses a chunk, or waits for it where that was begun before; goes on
    /// with those that follow it at `follows_at`.
    pub(crate) fn decompress(
        &mut self,
        packed: &Packed,
        data: &[u8],
        follows_at: u64,
    ) -> Decompressed {
        let Packed { codec, from, claimed, .. } = *packed;
        // Those before were passed over.
        self.begun = self.begun.split_off(&from);
        let begun = self.begun.remove(&from);
        self.at = self.at.max(follows_at);
        self.begin_more();
        // A thread that ended otherwise than it should is as one never begun.
        let ahead = begun.and_then(|thread| thread.join().ok());
        ahead.unwrap_or_else(|| decompress(codec, data, claimed))
    }

    fn begin_more(&mut self) {
        let Some(source) = &mut self.source else { return };
        for _ in 0..MAX_STEPS {
            if self.begun.len() >= self.chunks {
                return;
            }
            self.at = self.passed.behind(self.at);
            let Some((next_at, packed)) = (self.next)(source, self.at) else { return };
            if next_at <= self.at {
                return;
            }
            if let Some(packed) = packed.filter(|packed| packed.claimed <= MAX_CHUNK) {
                let Packed { codec, from, len, claimed } = packed;
                let Ok(data) = source.bytes(from, len) else { return };
                let work = move || decompress(codec, &data, claimed);
                let Ok(thread) = thread::Builder::new().name("chunk".to_owned()).spawn(work) else {
                    return;
                };
                self.begun.insert(from, thread);
            }
            self.at = next_at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chunks of a length, in one byte, and that many bytes.
    fn next(source: &mut FileSource, at: u64) -> Option<(u64, Option<Packed>)> {
        let len = u64::from(*source.peek(at, 1).ok()?.first()?);
        let from = at + 1;
        Some((from + len, Some(Packed { codec: Codec::Lz4, from, len, claimed: 100 })))
    }

    #[test]
    fn chunks_come_out_as_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chunks");
        let mut file = Vec::new();
        for number in 0..20u8 {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            std::io::Write::write_all(&mut encoder, &[number; 100]).unwrap();
            let packed = encoder.finish().unwrap();
            file.push(packed.len() as u8);
            file.extend(packed);
        }
        // A damaged one in between, and a cut one at the end.
        let damaged_at = file.len() / 2;
        file[damaged_at..damaged_at + 8].fill(0x55);
        file.push(200);
        std::fs::write(&path, &file).unwrap();
        let input = Input::from(&*path);
        let mut source = FileSource::open(&input).unwrap();
        for chunks in [0, 1, 3] {
            let mut ahead = Ahead::new(&input, chunks, next);
            let (mut at, mut count) = (0, 0);
            while let Some((next_at, Some(packed))) = next(&mut source, at) {
                let Ok(data) = source.bytes(packed.from, packed.len) else { break };
                let got = ahead.decompress(&packed, &data, next_at);
                assert!(ahead.begun.len() <= chunks);
                let expected = decompress(packed.codec, &data, packed.claimed);
                assert_eq!((got.bytes, got.error), (expected.bytes, expected.error));
                (at, count) = (next_at, count + 1);
            }
            assert!(count > 8, "{count}");
        }
    }
}
