//! Which images of an extraction are there, so that one that was killed goes on
//! where it stopped and one that is asked for again has little to do.
//!
//! A file of JSON lines beside the images, one for each, written after the image
//! is durable. Lines say by a hash what they were made from and how: several
//! extractions may write to one folder. What cannot be read is not believed.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::EngineError;

const NAME: &str = ".extracted.jsonl";

/// A longer line is none of ours.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// An image that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Below the folder.
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) width: u32,
    pub(super) height: u32,
}

#[derive(Serialize, Deserialize)]
struct Line<T> {
    /// What it was made from and how.
    made: u64,
    #[serde(flatten)]
    kept: T,
}

#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    made: u64,
    file: File,
    /// By the file's name without what its form ends it with.
    kept: HashMap<String, Kept>,
}

impl Journal {
    pub(super) fn open(folder: &Path, made: u64) -> Result<Journal, EngineError> {
        let path = folder.join(NAME);
        fs::create_dir_all(folder).map_err(EngineError::writing(folder))?;
        let open = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = open.map_err(EngineError::writing(&path))?;
        let mut journal = Journal { folder: folder.to_owned(), made, file, kept: HashMap::new() };
        journal.read();
        // A line that was cut off ends here, not in the middle of the next.
        journal.file.write_all(b"\n").map_err(EngineError::writing(&path))?;
        Ok(journal)
    }

    fn read(&mut self) {
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        while let Ok(1..) = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
            if let Ok(Line { made, kept }) = serde_json::from_slice::<Line<Kept>>(&line)
                && made == self.made
            {
                self.kept.insert(stem(&kept.file).to_owned(), kept);
            }
            line.clear();
        }
    }

    /// The image called so, whatever its form, where it still is as it was written.
    pub(super) fn find(&self, file: &str) -> Option<Kept> {
        let kept = self.kept.get(stem(file))?;
        let found = fs::symlink_metadata(self.folder.join(&kept.file)).ok()?;
        (found.is_file() && found.len() == kept.bytes).then(|| kept.clone())
    }

    /// Of images that are durable by now.
    pub(super) fn add(&mut self, kept: &[Kept]) -> Result<(), EngineError> {
        let mut lines = Vec::new();
        for kept in kept {
            serde_json::to_writer(&mut lines, &Line { made: self.made, kept })
                .map_err(|error| EngineError::writing(&self.folder)(error.into()))?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines).map_err(EngineError::writing(&self.folder.join(NAME)))
    }
}

fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(file: &str) -> Kept {
        Kept { file: file.to_owned(), bytes: 3, width: 4, height: 5 }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::write(path.join("a.1.webp"), b"abc").unwrap();
        fs::write(path.join("b.png"), b"too long").unwrap();
        let mut journal = Journal::open(path, 7).unwrap();
        assert_eq!(journal.find("a.1.png"), None);
        journal.add(&[kept("a.1.webp"), kept("b.png"), kept("gone.png")]).unwrap();
        // Cut off, then damaged.
        journal.file.write_all(b"{\"made\":7,\"file\":\"c.p").unwrap();
        let mut journal = Journal::open(path, 7).unwrap();
        journal.file.write_all(b"\xff\n{}\n[]\n").unwrap();
        for (made, file, expected) in [
            (7, "a.1.png", Some(kept("a.1.webp"))),
            (7, "b.png", None),
            (7, "gone.png", None),
            (7, "c.png", None),
            (8, "a.1.png", None),
        ] {
            assert_eq!(Journal::open(path, made).unwrap().find(file), expected, "{file}");
        }
    }
}
