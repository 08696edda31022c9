//! Whose a folder of extracted files is, and which images are in it: so that an
//! extraction that was killed goes on where it stopped, one that is asked for
//! again has little to do, and the index speaks of the images of all of them.
//!
//! A file of JSON lines beside the images: the recording, then one for each
//! image, written just before it becomes visible. Lines say by a hash how their
//! image was made. What cannot be read is not believed, nor what is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use roadloop_base::{Nanos, RecordingId};

use super::index::Entry;
use crate::EngineError;

const NAME: &str = ".extracted.jsonl";

/// What an extraction writes besides images.
const RESULTS: [&str; 4] = ["index.csv", "index.parquet", "tables", "videos"];

/// A longer line is none of ours.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// The recording a folder is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Owner {
    pub(super) recording: RecordingId,
    /// Where it came from.
    pub(super) source: PathBuf,
}

/// An image as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(flatten)]
    pub(super) entry: Entry,
    pub(super) bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Line<T> {
    /// How it was made.
    made: u64,
    #[serde(flatten)]
    kept: T,
}

#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    /// Locked as long as it is open.
    file: File,
    is_new_folder: bool,
    /// Nothing but its owner is written.
    is_bare: bool,
    /// Images of earlier extractions that still are as they were written, by their
    /// files, and how each was made.
    kept: BTreeMap<String, (u64, Kept)>,
    /// Those the index does not have yet, in the order they were taken.
    unlisted: BTreeSet<(Nanos, String)>,
}

impl Journal {
    /// Takes the folder, made when missing, for a recording. One that holds files of
    /// another recording is refused.
    pub(super) fn open(folder: &Path, owner: &Owner) -> Result<Journal, EngineError> {
        let failed = EngineError::in_folder(folder);
        let is_new_folder = !folder.exists();
        fs::create_dir_all(folder).map_err(&failed)?;
        let path = folder.join(NAME);
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(&failed)?;
        // Not every file system has locks.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(EngineError::FolderInUse { folder: folder.to_owned() });
        }
        let mut journal = Journal {
            folder: folder.to_owned(),
            file,
            is_new_folder,
            is_bare: false,
            kept: BTreeMap::new(),
            unlisted: BTreeSet::new(),
        };
        match journal.read() {
            Some(known) if known.is_same(owner) => {
                // A line that was cut off ends here, not in the middle of the next.
                journal.file.write_all(b"\n").map_err(&failed)?;
            }
            _ if !journal.holds_something() => journal.begin(owner).map_err(&failed)?,
            known => {
                let what = match known {
                    Some(known) => {
                        format!("what was extracted from {}", known.source.display())
                    }
                    None => {
                        "an index, tables or videos, and nothing says of which recording".to_owned()
                    }
                };
                return Err(EngineError::FolderTaken {
                    folder: folder.to_owned(),
                    what,
                    free: folder.join(owner.recording.as_str()),
                });
            }
        }
        Ok(journal)
    }

    fn begin(&mut self, owner: &Owner) -> io::Result<()> {
        self.is_bare = true;
        self.file.set_len(0)?;
        let mut line = serde_json::to_vec(owner)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_all()
    }

    fn read(&mut self) -> Option<Owner> {
        let mut owner = None;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        while let Ok(1..) = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
            if let Ok(Line { made, kept }) = serde_json::from_slice::<Line<Kept>>(&line) {
                self.kept.insert(kept.entry.file.clone(), (made, kept));
            } else if let Ok(found) = serde_json::from_slice(&line) {
                owner = Some(found);
            }
            line.clear();
        }
        self.kept.retain(|file, (_, kept)| {
            let found = fs::symlink_metadata(self.folder.join(file));
            found.is_ok_and(|found| found.is_file() && found.len() == kept.bytes)
        });
        let entries = self.kept.values().map(|(_, kept)| &kept.entry);
        self.unlisted = entries.map(|entry| (entry.taken_at, entry.file.clone())).collect();
        owner
    }

    fn holds_something(&self) -> bool {
        !self.kept.is_empty() || RESULTS.iter().any(|name| self.folder.join(name).exists())
    }

    /// The image called so that was made like this, whatever its form.
    pub(super) fn find(&self, file: &str, made: u64) -> Option<Entry> {
        let stem = stem(file);
        let from_there = self.kept.range(stem.to_owned()..);
        let mut forms = from_there.take_while(|(file, _)| file.starts_with(stem));
        let found = forms.find(|(file, (how, _))| *how == made && self::stem(file) == stem);
        found.map(|(_, (_, kept))| kept.entry.clone())
    }

    /// Of images that are about to be there.
    pub(super) fn add(&mut self, kept: &[Kept], made: u64) -> Result<(), EngineError> {
        self.is_bare &= kept.is_empty();
        let mut lines = Vec::new();
        for kept in kept {
            serde_json::to_writer(&mut lines, &Line { made, kept })
                .map_err(|error| EngineError::writing(&self.folder)(error.into()))?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines).map_err(EngineError::writing(&self.folder.join(NAME)))
    }

    /// An image of earlier extractions that was taken before this time and that the
    /// index does not have yet; it has it then.
    pub(super) fn take_before(&mut self, time: Nanos) -> Option<Entry> {
        self.unlisted.first().filter(|(taken_at, _)| *taken_at < time)?;
        self.take()
    }

    /// As [`Journal::take_before`], taken at any time.
    pub(super) fn take(&mut self) -> Option<Entry> {
        let (_, file) = self.unlisted.pop_first()?;
        self.kept.get(&file).map(|(_, kept)| kept.entry.clone())
    }

    /// Whether the index does not have this image yet; it has it then.
    pub(super) fn list(&mut self, entry: &Entry) -> bool {
        self.unlisted.remove(&(entry.taken_at, entry.file.clone()))
            || !self.kept.contains_key(&entry.file)
    }
}

impl Drop for Journal {
    /// A folder that nothing was written to is left as it was.
    fn drop(&mut self) {
        let is_empty = self.file.metadata().is_ok_and(|file| file.len() == 0);
        if is_empty || (self.is_bare && !self.holds_something()) {
            let _ = fs::remove_file(self.folder.join(NAME));
            if self.is_new_folder {
                let _ = fs::remove_dir(&self.folder);
            }
        }
    }
}

impl Owner {
    fn is_same(&self, other: &Owner) -> bool {
        self.recording == other.recording || self.recording.has_content_of(&other.recording)
    }
}

fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(file: &str, bytes: u64) -> Kept {
        let entry =
            Entry { file: file.to_owned(), taken_at: Nanos(bytes as i64), ..Entry::default() };
        Kept { entry, bytes }
    }

    fn owner(id: &str) -> Owner {
        Owner { recording: RecordingId::new(id).unwrap(), source: format!("{id}.bag").into() }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let drive = owner("drive");
        fs::write(path.join("a.1.webp"), b"abc").unwrap();
        fs::write(path.join("b.png"), b"too long").unwrap();
        let mut journal = Journal::open(path, &drive).unwrap();
        assert_eq!(journal.find("a.1.png", 7), None);
        journal.add(&[kept("a.1.webp", 3), kept("b.png", 3), kept("gone.png", 3)], 7).unwrap();
        // Cut off, then damaged.
        journal.file.write_all(b"{\"made\":7,\"file\":\"c.p").unwrap();
        drop(journal);
        let mut journal = Journal::open(path, &drive).unwrap();
        journal.file.write_all(b"\xff\n{}\n[]\n").unwrap();
        drop(journal);
        let journal = Journal::open(path, &drive).unwrap();
        for (made, file, expected) in [
            (7, "a.1.png", Some(kept("a.1.webp", 3).entry)),
            (7, "a.png", None),
            (7, "b.png", None),
            (7, "gone.png", None),
            (7, "c.png", None),
            (8, "a.1.png", None),
        ] {
            assert_eq!(journal.find(file, made), expected, "{file}");
        }
    }

    #[test]
    fn each_image_is_listed_once_and_in_the_order_of_time() {
        let folder = tempfile::tempdir().unwrap();
        let images =
            ["a.png", "b.png", "c.png"].map(|file| kept(file, u64::from(file.as_bytes()[0])));
        for image in &images {
            fs::write(folder.path().join(&image.entry.file), vec![0; image.bytes as usize])
                .unwrap();
        }
        Journal::open(folder.path(), &owner("drive")).unwrap().add(&images, 7).unwrap();
        let mut journal = Journal::open(folder.path(), &owner("drive")).unwrap();
        let [a, b, c] = images.map(|image| image.entry);
        assert!(journal.list(&b) && journal.list(&kept("new.png", 1).entry));
        assert_eq!(journal.take_before(c.taken_at), Some(a.clone()));
        assert_eq!(journal.take_before(c.taken_at), None);
        assert!(!journal.list(&a), "it is listed already");
        assert_eq!((journal.take(), journal.take()), (Some(c), None));
    }

    #[test]
    fn a_folder_is_of_one_recording() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("out");
        let open = |id: &str| Journal::open(&folder, &owner(id)).map(drop);
        // Nothing was written: nothing is left.
        open("night").unwrap();
        assert!(!folder.exists());
        let journal = Journal::open(&folder, &owner("day-00000001")).unwrap();
        assert!(matches!(open("day-00000001"), Err(EngineError::FolderInUse { .. })));
        fs::write(folder.join("index.csv"), b"").unwrap();
        drop(journal);
        open("renamed-00000001").unwrap();
        let error = open("night").unwrap_err().to_string();
        assert!(error.contains("day-00000001.bag") && error.contains("out/night"), "{error}");
        fs::remove_file(folder.join(NAME)).unwrap();
        let error = open("night").unwrap_err().to_string();
        assert!(error.contains("of which recording"), "{error}");
        assert!(!folder.join(NAME).exists());
        fs::remove_file(folder.join("index.csv")).unwrap();
        open("night").unwrap();
    }
}
