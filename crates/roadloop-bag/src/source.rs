//! Bytes by position, from a file here or elsewhere or from a decompressed
//! chunk. Knows no format.
//!
//! A file is mapped, a window at a time, so that large images are never copied
//! and memory in use does not grow with the recording; what cannot be mapped is
//! read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use memmap2::{Advice, MmapOptions};

use crate::input::{Input, Place};
use crate::passed::Passed;
use crate::remote::Parts;

/// What is mapped at once: a few frames, and far more than any small record.
const MAPPED: u64 = 16 << 20;

/// Windows begin at multiples of this, which all systems take.
const MAP_ALIGN: u64 = 64 * 1024;

/// How much is read ahead for the small records between the large ones, where
/// a file cannot be mapped. Smaller pieces are copied: they may be kept for long.
const READ: u64 = 64 * 1024;

/// No image and no chunk is near this; a length beyond it is damage.
pub(crate) const MAX_PIECE: u64 = 1 << 30;

/// Something of a known length that can be read anywhere.
pub(crate) trait ReadAt {
    fn len(&self) -> u64;

    /// Up to `count` bytes from `at`; fewer only where the end is near.
    fn peek(&mut self, at: u64, count: usize) -> io::Result<&[u8]>;

    /// Exactly the bytes asked for, or an error; nothing is allocated for
    /// bytes that are not there.
    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Bytes>;
}

/// A file behind a window.
#[derive(Debug)]
pub(crate) struct FileSource {
    backing: Backing,
    len: u64,
    window: Bytes,
    window_at: u64,
    /// No window goes on into these.
    gaps: Passed,
}

#[derive(Debug)]
enum Backing {
    Mapped(File),
    Read(File),
    Remote(Arc<Parts>),
}

impl FileSource {
    pub(crate) fn open(input: &Input) -> io::Result<FileSource> {
        let (backing, len) = match input.place() {
            Place::Elsewhere(parts) => (Backing::Remote(Arc::clone(parts)), parts.len()),
            Place::Here(path) => {
                let file = File::open(path)?;
                let len = file.metadata()?.len();
                (Backing::Mapped(file), len)
            }
            Place::Stream(_) => return Err(io::Error::other("it is read from its start only")),
        };
        Ok(FileSource { backing, len, window: Bytes::new(), window_at: 0, gaps: Passed::default() })
    }

    /// Says what will not be read, so that nobody brings it here ahead of time.
    pub(crate) fn leave_out(&mut self, gaps: &Passed) {
        self.gaps.clone_from(gaps);
        if let Backing::Remote(parts) = &self.backing {
            parts.leave_out(gaps);
        }
    }

    /// Moves the window over bytes that are there.
    fn show(&mut self, at: u64, count: u64) -> io::Result<()> {
        let window_end = self.window_at + self.window.len() as u64;
        if at >= self.window_at && at + count <= window_end {
            return Ok(());
        }
        (self.window_at, self.window) = match &mut self.backing {
            Backing::Mapped(file) => {
                let start = at - at % MAP_ALIGN;
                let gap = self.gaps.next_behind(at).unwrap_or(self.len).max(at + count);
                let len = (at + count - start).max(MAPPED).min(self.len.min(gap) - start);
                let follows_at = self.gaps.behind(window_end) + MAP_ALIGN;
                let is_next =
                    !self.window.is_empty() && (self.window_at..=follows_at).contains(&at);
                match map(file, start, len, is_next) {
                    Ok(window) => (start, window),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        return Err(error);
                    }
                    Err(_) => {
                        self.backing = Backing::Read(file.try_clone()?);
                        return self.show(at, count);
                    }
                }
            }
            Backing::Read(file) => (at, read(file, at, count.max(READ).min(self.len - at))?),
            Backing::Remote(parts) => parts.get(at, count)?,
        };
        Ok(())
    }
}

/// Maps a part of a file; one that is read in order is asked for ahead.
fn map(file: &File, at: u64, len: u64, is_next: bool) -> io::Result<Bytes> {
    // What a file lacks that became shorter must not be touched.
    if file.metadata()?.len() < at + len {
        return Err(became_shorter());
    }
    // SAFETY: the bytes are those of a file that others may write to. Recordings
    // are written once; where one is changed all the same, every parser takes any
    // bytes, and no value is read twice and believed to be the same.
    #[expect(unsafe_code, reason = "files can only be mapped so")]
    let map = unsafe { MmapOptions::new().offset(at).len(len as usize).map(file)? };
    if is_next {
        // No more than a hint.
        let _ = map.advise(Advice::WillNeed);
    }
    Ok(Bytes::from_owner(map))
}

fn read(file: &mut File, at: u64, count: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(count as usize);
    file.seek(SeekFrom::Start(at))?;
    let read = file.take(count).read_to_end(&mut bytes)?;
    if (read as u64) < count { Err(became_shorter()) } else { Ok(Bytes::from(bytes)) }
}

fn became_shorter() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter")
}

impl ReadAt for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn peek(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let there = self.len.saturating_sub(at);
        let count = count.min(usize::try_from(there).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(&[]);
        }
        self.show(at, count as u64)?;
        let start = (at - self.window_at) as usize;
        Ok(&self.window[start..start + count])
    }

    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Bytes> {
        if count > self.len.saturating_sub(at) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if count > MAX_PIECE {
            let reason =
                format!("{count} bytes in one piece, more than the {MAX_PIECE} that are read");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        if count <= READ {
            return self.peek(at, count as usize).map(Bytes::copy_from_slice);
        }
        if let Backing::Read(file) = &mut self.backing {
            return read(file, at, count);
        }
        self.show(at, count)?;
        let start = (at - self.window_at) as usize;
        Ok(self.window.slice(start..start + count as usize))
    }
}

/// A stretch of a file, addressed from its own start.
#[derive(Debug)]
pub(crate) struct Stretch<'a> {
    pub(crate) source: &'a mut FileSource,
    pub(crate) start: u64,
    pub(crate) len: u64,
}

impl ReadAt for Stretch<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn peek(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let there = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        self.source.peek(self.start + at.min(self.len), count.min(there))
    }

    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Bytes> {
        if count > self.len.saturating_sub(at) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.source.bytes(self.start + at, count)
    }
}

impl ReadAt for Bytes {
    fn len(&self) -> u64 {
        Bytes::len(self) as u64
    }

    fn peek(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let start = usize::try_from(at).unwrap_or(usize::MAX).min(Bytes::len(self));
        let end = start.saturating_add(count).min(Bytes::len(self));
        Ok(&self[start..end])
    }

    /// Shares the chunk where the part is a good part of it, else copies: a
    /// small image must not keep a large chunk in memory.
    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Bytes> {
        if count > ReadAt::len(self).saturating_sub(at) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (start, end) = (at as usize, (at + count) as usize);
        if Bytes::len(self) / 4 <= end - start {
            return Ok(self.slice(start..end));
        }
        Ok(Bytes::copy_from_slice(&self[start..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &mut impl ReadAt, content: &[u8]) {
        assert_eq!(source.len(), content.len() as u64);
        for (at, count) in [(0, 10), (5, 70_000), (90_000, 20_000), (99_999, 1), (100_000, 0)] {
            let end = (at + count).min(content.len());
            assert_eq!(source.peek(at as u64, count).unwrap(), &content[at.min(end)..end]);
            let bytes = source.bytes(at as u64, count as u64);
            assert_eq!(bytes.ok().as_deref(), content.get(at..at + count), "{at} {count}");
        }
        assert!(source.bytes(0, u64::MAX).is_err());
        assert!(source.peek(u64::MAX, 10).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("content");
        std::fs::write(&path, vec![7; 3 * MAPPED as usize]).unwrap();
        let mut source = FileSource::open(&(&*path).into()).unwrap();
        assert_eq!(source.peek(MAPPED - 2, 4).unwrap(), [7; 4]);
        File::options().write(true).open(&path).unwrap().set_len(2 * MAPPED).unwrap();
        assert_eq!(source.bytes(MAPPED + 5, 200_000).unwrap().len(), 200_000);
        let error = source.bytes(2 * MAPPED + 5, 200_000).unwrap_err();
        assert_eq!(error.to_string(), "the file became shorter");
    }

    #[test]
    fn files_stretches_and_chunks_read_alike() {
        let content: Vec<u8> = (0..100_000u32).map(|i| ((i * 31) >> 3) as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("content");
        std::fs::write(&path, [b"abc", &content[..], b"xyz"].concat()).unwrap();
        let input = Input::from(&*path);
        let mut file = FileSource::open(&input).unwrap();
        check(&mut Stretch { source: &mut file, start: 3, len: 100_000 }, &content);
        std::fs::write(&path, &content).unwrap();
        check(&mut FileSource::open(&input).unwrap(), &content);
        let backing = Backing::Read(File::open(&path).unwrap());
        let mut unmapped = FileSource { backing, ..FileSource::open(&input).unwrap() };
        check(&mut unmapped, &content);
        check(&mut Bytes::from(content.clone()), &content);
    }
}
