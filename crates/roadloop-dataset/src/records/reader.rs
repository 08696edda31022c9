//! Reads records in any order.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::index::{Entry, read_index};
use super::recordio::Frames;
use super::{Bytes, CLASSES_FILE, FileBytes, Record, RecordLabel, header};
use crate::DatasetError;
use crate::formats::{MOST_CLASSES, MOST_IMAGES, is_there, open_regular};

/// In bytes; names of classes are short.
const LONGEST_CLASSES_FILE: u64 = 16 << 20;

/// Records of one file, by their place in the index. Threads may share it.
pub struct RecordReader {
    bytes: Box<dyn Bytes>,
    path: PathBuf,
    entries: Vec<Entry>,
    /// Of each entry, where the record behind it begins.
    ends: Vec<u64>,
    classes: Option<usize>,
}

impl std::fmt::Debug for RecordReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("RecordReader");
        shown.field("path", &self.path).field("records", &self.len()).finish_non_exhaustive()
    }
}

impl RecordReader {
    /// Of a `.rec`, with the `.idx` beside it. Without one, the file is gone through.
    pub fn open(path: &Path) -> Result<RecordReader, DatasetError> {
        let bytes = Box::new(FileBytes::open(path)?);
        let index = path.with_extension("idx");
        if !is_there(&index)? {
            return RecordReader::scan(bytes, path);
        }
        let file = open_regular(&index)?;
        RecordReader::with_index(bytes, path, BufReader::new(file), &index)
    }

    /// Of anything. Paths are what errors name.
    pub fn with_index(
        bytes: Box<dyn Bytes>,
        path: &Path,
        index: impl BufRead,
        index_path: &Path,
    ) -> Result<RecordReader, DatasetError> {
        let entries = read_index(index, index_path)?;
        let length = bytes.len();
        for (place, entry) in entries.iter().enumerate() {
            if entry.offset >= length || entry.offset % 4 != 0 {
                let reason = format!(
                    "no record begins at byte {} of a file of {length} bytes",
                    entry.offset
                );
                return Err(DatasetError::damaged(index_path, format!("entry {place}"), reason));
            }
        }
        Ok(RecordReader::of(bytes, path, entries))
    }

    /// Goes from record to record, reading the header of each: for files without an index.
    pub fn scan(bytes: Box<dyn Bytes>, path: &Path) -> Result<RecordReader, DatasetError> {
        let mut entries = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            if entries.len() as u64 >= MOST_IMAGES {
                return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "records" });
            }
            let frames = Frames { bytes: &*bytes, path };
            let (id, next) = id_at(frames, at)?;
            entries.push(Entry { id, offset: at });
            at = next;
        }
        Ok(RecordReader::of(bytes, path, entries))
    }

    fn of(bytes: Box<dyn Bytes>, path: &Path, entries: Vec<Entry>) -> RecordReader {
        let mut offsets: Vec<u64> = entries.iter().map(|entry| entry.offset).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let end_of = |entry: &Entry| {
            let behind = offsets.partition_point(|offset| *offset <= entry.offset);
            offsets.get(behind).copied().unwrap_or(bytes.len())
        };
        let ends = entries.iter().map(end_of).collect();
        RecordReader { path: path.to_owned(), entries, ends, bytes, classes: None }
    }

    /// Refuses records with a class that is not below it.
    #[must_use]
    pub fn with_classes(self, count: usize) -> RecordReader {
        RecordReader { classes: Some(count), ..self }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the record of a place begins, in bytes.
    pub fn offset(&self, place: usize) -> Option<u64> {
        self.entries.get(place).map(|entry| entry.offset)
    }

    /// All of the record of a place, 0 to [`len`](RecordReader::len).
    pub fn get(&self, place: usize) -> Result<Record, DatasetError> {
        let (entry, end) = self.entry(place)?;
        let frames = self.frames();
        let (mut payload, _) = frames.payload(entry.offset, Some(end))?;
        let parsed = header::parse(&payload).map_err(|reason| self.bad(entry, reason));
        let (id, label, image_at) = parsed?;
        self.check_classes(entry, &label)?;
        payload.drain(..image_at);
        Ok(Record { id, label, image: payload })
    }

    fn frames(&self) -> Frames<'_> {
        Frames { bytes: &*self.bytes, path: &self.path }
    }

    fn entry(&self, place: usize) -> Result<(Entry, u64), DatasetError> {
        let found = self.entries.get(place).copied().zip(self.ends.get(place).copied());
        found.ok_or_else(|| {
            let reason = format!("there are {} records", self.len());
            DatasetError::damaged(&self.path, format!("record {place}"), reason)
        })
    }

    fn check_classes(&self, entry: Entry, label: &RecordLabel) -> Result<(), DatasetError> {
        let Some(count) = self.classes else { return Ok(()) };
        match label.boxes.iter().find(|found| found.class as usize >= count) {
            Some(found) => {
                Err(self.bad(entry, format!("class {}, where there are {count}", found.class)))
            }
            None => Ok(()),
        }
    }

    fn bad(&self, entry: Entry, reason: String) -> DatasetError {
        let place = format!("record {} at byte {}", entry.id, entry.offset);
        DatasetError::damaged(&self.path, place, reason)
    }
}

/// The id of the record at a byte, and where the next one begins.
pub(super) fn id_at(frames: Frames<'_>, at: u64) -> Result<(u64, u64), DatasetError> {
    let (mut begun, next) = frames.beginning(at, header::HEADER_BYTES)?;
    if begun.len() < header::HEADER_BYTES {
        (begun, _) = frames.payload(at, Some(next))?;
    }
    let (id, _) = header::id_and_count(&begun).map_err(|reason| frames.damaged(at, reason))?;
    Ok((id, next))
}

/// The image of the record that begins at a byte of a file, as
/// [`ReadImage::Record`](crate::formats::ReadImage::Record) has it.
pub fn record_image(file: &Path, offset: u64) -> Result<Vec<u8>, DatasetError> {
    let bytes = FileBytes::open(file)?;
    let frames = Frames { bytes: &bytes, path: file };
    let (mut payload, _) = frames.payload(offset, None)?;
    let counted = header::id_and_count(&payload).and_then(|(_, count)| {
        let image_at = header::HEADER_BYTES + count * 4;
        if image_at <= payload.len() { Ok(image_at) } else { Err("its label is cut".to_owned()) }
    });
    let image_at = counted.map_err(|reason| frames.damaged(offset, reason))?;
    payload.drain(..image_at);
    Ok(payload)
}

/// The classes named beside records; `None` where nobody did.
pub fn read_classes(folder: &Path) -> Result<Option<Vec<String>>, DatasetError> {
    let path = folder.join(CLASSES_FILE);
    if !is_there(&path)? {
        return Ok(None);
    }
    let file = open_regular(&path)?;
    let mut text = String::new();
    file.take(LONGEST_CLASSES_FILE).read_to_string(&mut text).map_err(DatasetError::read(&path))?;
    let classes: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    if classes.len() > MOST_CLASSES {
        return Err(DatasetError::TooMany { most: MOST_CLASSES as u64, what: "classes" });
    }
    Ok(Some(classes))
}
