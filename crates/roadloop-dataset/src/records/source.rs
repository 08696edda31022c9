//! Bytes that are read in any order: a file here, an object of a bucket by ranges elsewhere.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::DatasetError;
use crate::formats::open_regular;

/// What records are read from, by many threads at once.
///
/// Readers ask for a whole record at once where they know its length, so that an
/// implementation over a network is asked as seldom as can be.
pub trait Bytes: Send + Sync {
    /// How many there are.
    fn len(&self) -> u64;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `into` with those from `at` on, all of it or an error.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
}

/// Those of a file, as many as it had when it was opened.
#[derive(Debug)]
pub struct FileBytes {
    file: File,
    length: u64,
}

impl FileBytes {
    pub fn open(path: &Path) -> Result<FileBytes, DatasetError> {
        let file = open_regular(path)?;
        let length = file.metadata().map_err(DatasetError::read(path))?.len();
        Ok(FileBytes { file, length })
    }
}

impl Bytes for FileBytes {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, at)
    }
}

/// Those in memory.
impl Bytes for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(at).ok();
        let range = from.and_then(|from| Some(from..from.checked_add(into.len())?));
        let found = range.and_then(|range| self.get(range));
        into.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}
