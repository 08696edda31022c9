//! What an earlier writer left, cut to what is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Cursor};
use std::path::Path;

use super::{Files, partial};
use crate::DatasetError;
use crate::records::FileBytes;
use crate::records::index::{whole_entries, whole_lines};
use crate::records::reader::id_at;
use crate::records::recordio::Frames;

/// What is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) next_id: u64,
}

/// Keeps records that are whole and that index and list have too, and cuts the files off
/// behind them. Only headers are read: a process that is killed leaves no holes.
pub(super) fn keep_whole(files: &Files) -> Result<Kept, DatasetError> {
    // It may have been killed between giving the names: records get theirs last.
    for path in [&files.index, &files.list] {
        if path.exists() && !partial(path).exists() {
            fs::rename(path, partial(path)).map_err(DatasetError::write(path))?;
        }
    }
    let records = partial(&files.records);
    let entries = whole_entries(opened(&partial(&files.index))?, &files.index);
    let lines = whole_lines(opened(&partial(&files.list))?, &files.list);
    let bytes = FileBytes::open(&records)?;
    let frames = Frames { bytes: &bytes, path: &records };
    let mut kept = Kept::default();
    let (mut index_bytes, mut list_bytes) = (0, 0);
    for ((entry, index_end), (listed, list_end)) in entries.into_iter().zip(lines) {
        let is_next = entry.offset == kept.bytes && entry.id == listed && listed >= kept.next_id;
        let found = if is_next { id_at(frames, kept.bytes).ok() } else { None };
        let Some((_, next)) = found.filter(|(id, _)| *id == listed) else { break };
        let Some(next_id) = listed.checked_add(1) else { break };
        kept = Kept { records: kept.records + 1, bytes: next, next_id };
        (index_bytes, list_bytes) = (index_end, list_end);
    }
    let ends = [kept.bytes, index_bytes, list_bytes];
    for (path, end) in files.each().into_iter().zip(ends) {
        let path = partial(path);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        file.and_then(|file| file.set_len(end)).map_err(DatasetError::write(&path))?;
    }
    Ok(kept)
}

/// What is not there is empty.
fn opened(path: &Path) -> Result<Box<dyn BufRead>, DatasetError> {
    match File::open(path) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Box::new(Cursor::new([]))),
        Err(source) => Err(DatasetError::Read { path: path.to_owned(), source }),
    }
}
