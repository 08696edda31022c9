//! The frame around a record: RecordIO of dmlc-core, as MXNet 1.9.1 reads and writes it.
//!
//! A record is one part or several. Each part is the magic number, a word whose upper three
//! bits say which part it is (0: the only one, 1: the first, 2: one in the middle, 3: the
//! last) and whose other bits are its length, and so many bytes, filled up with zeros to
//! four. A magic number inside of a record, where a part could begin, would mislead who
//! looks for records from the middle of a file: the writer ends a part before it and leaves
//! it out, and the reader puts it back between two parts. All numbers little endian.

use std::path::{Path, PathBuf};

use super::Bytes;
use crate::DatasetError;

const MAGIC: [u8; 4] = 0xced7_230a_u32.to_le_bytes();
/// Of a part, in bytes: 29 bits.
pub(super) const LONGEST: usize = (1 << 29) - 1;
pub(super) const HEAD_BYTES: usize = 8;
/// What is asked of a source at once, in bytes, because an index says so: an index may be
/// of another file.
const LONGEST_SPAN: u64 = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Only,
    First,
    Middle,
    Last,
}

/// Puts a payload of at most [`LONGEST`] bytes, in as many parts as it takes, behind what is
/// there.
pub(super) fn append(to: &mut Vec<u8>, payload: &[u8]) {
    let mut rest = payload;
    let mut is_torn = false;
    while let Some(word) = rest.as_chunks::<4>().0.iter().position(|word| *word == MAGIC) {
        let (part, behind) = rest.split_at(word * 4);
        append_part(to, if is_torn { Part::Middle } else { Part::First }, part);
        rest = behind.get(MAGIC.len()..).unwrap_or_default();
        is_torn = true;
    }
    append_part(to, if is_torn { Part::Last } else { Part::Only }, rest);
}

fn append_part(to: &mut Vec<u8>, part: Part, bytes: &[u8]) {
    let kind = part as u32;
    to.extend_from_slice(&MAGIC);
    to.extend_from_slice(&(kind << 29 | bytes.len() as u32).to_le_bytes());
    to.extend_from_slice(bytes);
    to.resize(to.len() + padding(bytes.len()), 0);
}

fn padding(length: usize) -> usize {
    length.next_multiple_of(4) - length
}

/// Records of a source, by where they begin. What is wrong with one names the file and the
/// byte.
#[derive(Clone, Copy)]
pub(super) struct Frames<'a> {
    pub(super) bytes: &'a dyn Bytes,
    pub(super) path: &'a Path,
}

impl Frames<'_> {
    /// The payload of the record at a byte, and where the next one begins. `end` is where
    /// the next one is said to begin: with it, the record is read at once.
    pub(super) fn payload(
        &self,
        at: u64,
        end: Option<u64>,
    ) -> Result<(Vec<u8>, u64), DatasetError> {
        let span = end.unwrap_or(0).min(self.bytes.len()).saturating_sub(at);
        if !(HEAD_BYTES as u64..=LONGEST_SPAN).contains(&span) {
            return self.joined(at);
        }
        let mut read = self.read(at, at, span as usize)?;
        let (part, length) = self.head(at, &read)?;
        let next = at + (HEAD_BYTES + length + padding(length)) as u64;
        if part != Part::Only || next > at + span {
            return self.joined(at);
        }
        read.truncate(HEAD_BYTES + length);
        read.drain(..HEAD_BYTES);
        Ok((read, next))
    }

    /// Part by part.
    fn joined(&self, record: u64) -> Result<(Vec<u8>, u64), DatasetError> {
        let mut payload = Vec::new();
        let next = self.walk(record, |at, length, is_torn| {
            payload.extend_from_slice(&self.read(record, at, length)?);
            if is_torn {
                payload.extend_from_slice(&MAGIC);
            }
            Ok(())
        })?;
        Ok((payload, next))
    }

    /// The first bytes of a record's payload, all of them or `most`, or fewer where the
    /// first part ends before; and where the next record begins.
    pub(super) fn beginning(&self, at: u64, most: usize) -> Result<(Vec<u8>, u64), DatasetError> {
        let mut begun = None;
        let next = self.walk(at, |part_at, length, _| {
            if begun.is_none() {
                begun = Some(self.read(at, part_at, length.min(most))?);
            }
            Ok(())
        })?;
        Ok((begun.unwrap_or_default(), next))
    }

    /// Goes over the parts of a record: where the bytes of each lie, how many they are, and
    /// whether another part follows. Gives where the next record begins.
    fn walk(
        &self,
        record: u64,
        mut with: impl FnMut(u64, usize, bool) -> Result<(), DatasetError>,
    ) -> Result<u64, DatasetError> {
        let mut at = record;
        let mut is_first = true;
        loop {
            let head = self.read(record, at, HEAD_BYTES)?;
            let (part, length) = self.head(record, &head)?;
            let is_in_place = match part {
                Part::Only | Part::First => is_first,
                Part::Middle | Part::Last => !is_first,
            };
            if !is_in_place {
                let reason = format!("at byte {at} is a part that does not belong there");
                return Err(self.damaged(record, reason));
            }
            let next = at + (HEAD_BYTES + length + padding(length)) as u64;
            if next > self.bytes.len() {
                return Err(self.cut(record));
            }
            let is_torn = matches!(part, Part::First | Part::Middle);
            with(at + HEAD_BYTES as u64, length, is_torn)?;
            if !is_torn {
                return Ok(next);
            }
            (at, is_first) = (next, false);
        }
    }

    fn head(&self, record: u64, bytes: &[u8]) -> Result<(Part, usize), DatasetError> {
        let (magic, word) = match bytes.first_chunk::<HEAD_BYTES>() {
            Some(&[a, b, c, d, rest @ ..]) => ([a, b, c, d], u32::from_le_bytes(rest)),
            None => return Err(self.cut(record)),
        };
        if magic != MAGIC {
            let found = u32::from_le_bytes(magic);
            let reason = format!("{found:#010x} instead of 0xced7230a: no record begins here");
            return Err(self.damaged(record, reason));
        }
        let part = match word >> 29 {
            0 => Part::Only,
            1 => Part::First,
            2 => Part::Middle,
            3 => Part::Last,
            kind => {
                return Err(self.damaged(record, format!("parts are of kind 0 to 3, not {kind}")));
            }
        };
        Ok((part, word as usize & LONGEST))
    }

    /// Checked against the length of the source before anything is allocated.
    fn read(&self, record: u64, at: u64, length: usize) -> Result<Vec<u8>, DatasetError> {
        let end = at.checked_add(length as u64);
        if end.is_none_or(|end| end > self.bytes.len()) {
            return Err(self.cut(record));
        }
        let mut bytes = vec![0; length];
        self.bytes.read_at(at, &mut bytes).map_err(DatasetError::read(self.path))?;
        Ok(bytes)
    }

    fn cut(&self, record: u64) -> DatasetError {
        self.damaged(record, format!("the file ends within it, after {} bytes", self.bytes.len()))
    }

    pub(super) fn damaged(&self, record: u64, reason: impl Into<String>) -> DatasetError {
        DatasetError::damaged(self.path, format!("the record at byte {record}"), reason)
    }
}

impl std::fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frames").field("path", &PathBuf::from(self.path)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads it at once, part by part and by a wrong index.
    #[track_caller]
    fn check(file: &[u8], expected: Result<(&[u8], u64), &str>) {
        let bytes = file.to_vec();
        let frames = Frames { bytes: &bytes, path: Path::new("a.rec") };
        let all = file.len() as u64;
        for end in [None, Some(all), Some(all / 2), Some(0), Some(u64::MAX)] {
            let got = frames.payload(0, end).map_err(|error| error.to_string());
            match (&got, expected) {
                (Ok((payload, next)), Ok(expected)) => {
                    assert_eq!((&payload[..], *next), expected, "{end:?}");
                }
                (Err(error), Err(part)) => assert!(error.contains(part), "{end:?}: {error}"),
                _ => panic!("{end:?}: {got:?} instead of {expected:?}"),
            }
        }
    }

    fn part(kind: u32, length: u32, bytes: &[u8]) -> Vec<u8> {
        [&MAGIC, &(kind << 29 | length).to_le_bytes()[..], bytes].concat()
    }

    #[test]
    fn one_part_and_several() {
        check(&part(0, 3, b"abc\0"), Ok((b"abc", 12)));
        check(&part(0, 0, b""), Ok((b"", 8)));
        let torn = [part(1, 4, b"abcd"), part(2, 0, b""), part(3, 1, b"e\0\0\0")].concat();
        let whole = [b"abcd", &MAGIC[..], &MAGIC, b"e"].concat();
        check(&torn, Ok((&whole, 32)));
        let mut written = Vec::new();
        append(&mut written, &whole);
        assert_eq!(written, torn);
        // Not where a part could begin: left as it is.
        let beside = [b"a", &MAGIC[..]].concat();
        written.clear();
        append(&mut written, &beside);
        check(&written, Ok((&beside, 16)));
        assert_eq!(written[4..8], 5u32.to_le_bytes());
    }

    #[test]
    fn damage_is_named() {
        check(b"", Err("the record at byte 0: the file ends within it, after 0 bytes"));
        check(b"RIFF1234", Err("0x46464952 instead of 0xced7230a"));
        check(&part(0, 500_000_000, b"abc"), Err("ends within it"));
        check(&part(0, 3, b"abc"), Err("ends within it"));
        check(&part(7, 0, b""), Err("kind 0 to 3, not 7"));
        check(&part(2, 0, b""), Err("at byte 0 is a part that does not belong there"));
        check(&[part(1, 0, b""), part(0, 0, b"")].concat(), Err("at byte 8 is a part"));
        check(&part(1, 0, b""), Err("ends within it"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            words in prop::collection::vec(prop_oneof![Just(MAGIC), any::<[u8; 4]>()], 0..12),
            rest in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            let payload = [words.concat(), rest].concat();
            let mut file = Vec::new();
            append(&mut file, &payload);
            prop_assert_eq!(file.len() % 4, 0);
            check(&file, Ok((&payload, file.len() as u64)));
        }

        #[test]
        fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..80), at in 0u64..90) {
            let bytes = [part(1, 4, b"abcd"), bytes].concat();
            let frames = Frames { bytes: &bytes, path: Path::new("a.rec") };
            if let Ok((payload, next)) = frames.payload(at, None) {
                prop_assert!(payload.len() < bytes.len() && next as usize <= bytes.len());
            }
        }
    }
}
