//! Where the files of a run are kept: what the loop asks of whoever keeps them.

use std::io;

/// The files of one run, by name: `last.ckpt`, `metrics.jsonl`.
///
/// Promises: a file that was put is there whole, with the new bytes or with those before, at
/// whatever instant the process is killed; one that was put is there after a power failure.
pub trait RunFiles {
    fn put(&self, name: &str, bytes: Vec<u8>) -> io::Result<()>;
    /// `None` where there is none.
    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>>;
}
