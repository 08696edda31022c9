//! Bytes by position, from a file or from a decompressed chunk. Knows no
//! format. Files are read, not mapped: a mapped recording counts as memory
//! in use, and a file that shrinks under a map kills the process.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;

/// How much is read ahead for the small records between the large ones.
const WINDOW: usize = 64 * 1024;

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

/// A file behind a small read-ahead window.
#[derive(Debug)]
pub(crate) struct FileSource {
    file: File,
    len: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl FileSource {
    pub(crate) fn open(path: &Path) -> io::Result<FileSource> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(FileSource { file, len, window: Vec::new(), window_at: 0 })
    }

    fn read_into(&mut self, at: u64, count: u64, into: &mut Vec<u8>) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        let read = (&mut self.file).take(count).read_to_end(into)?;
        if (read as u64) < count {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
        }
        Ok(())
    }
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
        let window_end = self.window_at + self.window.len() as u64;
        if at < self.window_at || at + count as u64 > window_end {
            let mut window = std::mem::take(&mut self.window);
            window.clear();
            let wanted = (count.max(WINDOW) as u64).min(there);
            self.read_into(at, wanted, &mut window)?;
            self.window = window;
            self.window_at = at;
        }
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
        if count <= WINDOW as u64 {
            return self.peek(at, count as usize).map(Bytes::copy_from_slice);
        }
        let mut bytes = Vec::with_capacity(count as usize);
        self.read_into(at, count, &mut bytes)?;
        Ok(Bytes::from(bytes))
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
    fn files_stretches_and_chunks_read_alike() {
        let content: Vec<u8> = (0..100_000u32).map(|i| ((i * 31) >> 3) as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("content");
        std::fs::write(&path, [b"abc", &content[..], b"xyz"].concat()).unwrap();
        let mut file = FileSource::open(&path).unwrap();
        check(&mut Stretch { source: &mut file, start: 3, len: 100_000 }, &content);
        std::fs::write(&path, &content).unwrap();
        check(&mut FileSource::open(&path).unwrap(), &content);
        check(&mut Bytes::from(content.clone()), &content);
    }
}
