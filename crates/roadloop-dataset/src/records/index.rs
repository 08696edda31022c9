//! The two texts beside a file of records: `.idx` and `.lst`, line by line.

use std::fmt::Write;
use std::io::{BufRead, Read};
use std::path::Path;

use crate::DatasetError;
use crate::error::shown;
use crate::formats::MOST_IMAGES;

/// Of `.idx`: two numbers of twenty digits and what is between.
const LONGEST_INDEX_LINE: u64 = 64;
/// Of `.lst`: hundreds of thousands of boxes.
const LONGEST_LIST_LINE: u64 = 64 << 20;

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) offset: u64,
}

/// A line of a list: what `im2rec.py` reads, `index`, label and path, tabs between.
#[derive(Clone, Debug, PartialEq)]
pub struct ListLine {
    pub id: u64,
    /// From the folder of images on, as it is written.
    pub path: String,
}

/// Lines with their numbers from 1 on and where each ends, in bytes; the last one may lack
/// its end.
struct Lines<'a, R> {
    from: R,
    path: &'a Path,
    longest: u64,
    number: u64,
    at: u64,
    line: Vec<u8>,
}

impl<'a, R: BufRead> Lines<'a, R> {
    fn new(from: R, path: &'a Path, longest: u64) -> Self {
        Lines { from, path, longest, number: 0, at: 0, line: Vec::new() }
    }

    /// The next line without its end, `None` behind the last one.
    fn next(&mut self) -> Result<Option<&str>, DatasetError> {
        self.line.clear();
        self.number += 1;
        let mut limited = (&mut self.from).take(self.longest);
        let read = limited.read_until(b'\n', &mut self.line);
        let read = read.map_err(DatasetError::read(self.path))? as u64;
        if read == 0 {
            return Ok(None);
        }
        if self.number > MOST_IMAGES {
            return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "records" });
        }
        if read == self.longest && !self.line.ends_with(b"\n") {
            return Err(self.damaged(format!("it is longer than {} bytes", self.longest)));
        }
        self.at += read;
        let text = std::str::from_utf8(&self.line).map_err(|_| self.damaged("it is no UTF-8"))?;
        Ok(Some(text.trim_end_matches(['\n', '\r'])))
    }

    fn damaged(&self, reason: impl Into<String>) -> DatasetError {
        DatasetError::damaged(self.path, format!("line {}", self.number), reason)
    }
}

/// All entries of an index, in its order, which need not be that of the records.
pub(super) fn read_index(from: impl BufRead, path: &Path) -> Result<Vec<Entry>, DatasetError> {
    let mut lines = Lines::new(from, path, LONGEST_INDEX_LINE);
    let mut entries = Vec::new();
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let Some(entry) = entry(line) else {
            let reason =
                format!("an id and an offset, a tab between them, not \"{}\"", shown(line));
            return Err(lines.damaged(reason));
        };
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(line: &str) -> Option<Entry> {
    let (id, offset) = line.split_once('\t')?;
    Some(Entry { id: id.trim().parse().ok()?, offset: offset.trim().parse().ok()? })
}

/// Entries and where the line of each ends, as far as they are whole.
pub(super) fn whole_entries(from: impl BufRead, path: &Path) -> Vec<(Entry, u64)> {
    let mut lines = Lines::new(from, path, LONGEST_INDEX_LINE);
    let mut whole = Vec::new();
    while let Ok(Some(line)) = lines.next() {
        let Some(entry) = entry(line).filter(|_| lines.line.ends_with(b"\n")) else { break };
        whole.push((entry, lines.at));
    }
    whole
}

pub(super) fn append_entry(to: &mut String, entry: Entry) {
    to.push_str(&format!("{}\t{}\n", entry.id, entry.offset));
}

/// The lines of a list, without their labels: records have those too.
pub(crate) fn read_list(from: impl BufRead, path: &Path) -> Result<Vec<ListLine>, DatasetError> {
    let mut lines = Lines::new(from, path, LONGEST_LIST_LINE);
    let mut listed = Vec::new();
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let Some(found) = list_line(line) else {
            let reason = "an index, a label and a path, tabs between them, were expected";
            return Err(lines.damaged(reason));
        };
        listed.push(found);
    }
    Ok(listed)
}

fn list_line(line: &str) -> Option<ListLine> {
    let (id, rest) = line.split_once('\t')?;
    let (_, path) = rest.rsplit_once('\t')?;
    Some(ListLine { id: id.trim().parse().ok()?, path: path.trim().to_owned() })
}

/// Ids and where the line of each ends, as far as they are whole.
pub(super) fn whole_lines(from: impl BufRead, path: &Path) -> Vec<(u64, u64)> {
    let mut lines = Lines::new(from, path, LONGEST_LIST_LINE);
    let mut whole = Vec::new();
    while let Ok(Some(line)) = lines.next() {
        let Some(found) = list_line(line).filter(|_| lines.line.ends_with(b"\n")) else { break };
        whole.push((found.id, lines.at));
    }
    whole
}

/// Numbers with as many digits as tell them from any other of four bytes: whoever makes
/// records from the list has the same label as ours.
pub(super) fn append_line(to: &mut String, id: u64, label: &[f32], path: &str) {
    // Writing to a text cannot fail.
    let _ = write!(to, "{id}");
    for number in label {
        let _ = write!(to, "\t{number}");
    }
    let _ = writeln!(to, "\t{path}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[(u64, u64)], &str>) {
        let got = read_index(text.as_bytes(), Path::new("a.idx"));
        let got = got.map(|entries| entries.iter().map(|e| (e.id, e.offset)).collect::<Vec<_>>());
        match (got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn indices() {
        check("3\t0\n1\t96\r\n\n2\t200", Ok(&[(3, 0), (1, 96), (2, 200)]));
        check("", Ok(&[]));
        check("1\t0\n-1\t2\n", Err("line 2: an id and an offset"));
        check("1 0\n", Err("line 1"));
        check(&"1".repeat(100), Err("line 1: it is longer than 64 bytes"));
        assert_eq!(whole_entries("1\t0\n2\t96\n3\t1".as_bytes(), Path::new("")).len(), 2);
    }

    #[test]
    fn lists() {
        let mut text = String::new();
        append_line(&mut text, 4, &[4.0, 5.0, 640.0, 480.0, 0.0, 0.1, 0.25, 1.0, 1e-7], "a/b.jpg");
        assert_eq!(text, "4\t4\t5\t640\t480\t0\t0.1\t0.25\t1\t0.0000001\ta/b.jpg\n");
        let read = read_list(text.as_bytes(), Path::new("a.lst")).unwrap();
        assert_eq!(read, [ListLine { id: 4, path: "a/b.jpg".into() }]);
        assert_eq!(whole_lines(text.as_bytes(), Path::new("a.lst")), [(4, text.len() as u64)]);
        let error = read_list("1\ta.jpg\n".as_bytes(), Path::new("a.lst")).unwrap_err();
        assert!(error.to_string().starts_with("line 1: an index, a label and a path"), "{error}");
    }
}
