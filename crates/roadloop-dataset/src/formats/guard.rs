//! What stands between a file of others and its parser, so that no file makes a parser hold
//! more than it should: parsers of JSON keep the string they are in, those of XML the text
//! or tag they are in, and both would keep two gigabytes of it. Counts lines, so that errors
//! name one.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::DatasetError;

/// Of one string of JSON, in bytes as they are written.
pub(super) const LONGEST_STRING: u64 = 16 << 20;
/// Of a number or word of JSON: a number of 64 bits with all its digits has a thousand.
const LONGEST_WORD: u64 = 4096;
/// Lists and objects of JSON within each other. `serde_json` refuses 128 of those that are
/// read, but keeps a byte for each of those that are passed over.
const MOST_DEPTH: u64 = 1024;
/// Without a `<` or `>`.
pub(super) const LONGEST_TEXT: u64 = 1 << 20;
/// What reads lines of a manifest refuses such a line too, but reads on to its end.
const LONGEST_LINE: u64 = roadloop_manifest::LONGEST_LINE as u64;
/// A file that is read as a whole: labels of one image, a list of names.
pub(super) const LONGEST_SMALL: u64 = 16 << 20;

/// Why a guard lets nothing more through. It travels within an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(super) struct Refused {
    /// From 1 on.
    pub(super) line: u64,
    pub(super) reason: String,
}

impl Refused {
    fn error(&self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, self.clone())
    }
}

/// What a guard looks at, byte by byte.
trait Watch {
    /// Says why no more may come.
    fn see(&mut self, byte: u8) -> Option<String>;
}

#[derive(Debug, Default)]
struct Json {
    in_string: bool,
    escaped: bool,
    /// Bytes of the string, or of the number or word, so far.
    length: u64,
    depth: u64,
}

impl Watch for Json {
    fn see(&mut self, byte: u8) -> Option<String> {
        if self.in_string {
            self.length += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => (self.in_string, self.length) = (false, 0),
                _ => {}
            }
            let is_over = self.length > LONGEST_STRING;
            return is_over.then(|| format!("a string is longer than {LONGEST_STRING} bytes"));
        }
        match byte {
            b'"' => (self.in_string, self.length) = (true, 0),
            b'[' | b'{' => (self.depth, self.length) = (self.depth + 1, 0),
            b']' | b'}' => (self.depth, self.length) = (self.depth.saturating_sub(1), 0),
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => self.length = 0,
            _ => self.length += 1,
        }
        if self.length > LONGEST_WORD {
            return Some(format!("a number or word is longer than {LONGEST_WORD} bytes"));
        }
        let is_deep = self.depth > MOST_DEPTH;
        is_deep.then(|| format!("more than {MOST_DEPTH} lists and objects within each other"))
    }
}

#[derive(Debug, Default)]
struct Xml {
    length: u64,
}

impl Watch for Xml {
    fn see(&mut self, byte: u8) -> Option<String> {
        self.length = if matches!(byte, b'<' | b'>') { 0 } else { self.length + 1 };
        let is_over = self.length > LONGEST_TEXT;
        is_over.then(|| format!("a text or tag is longer than {LONGEST_TEXT} bytes"))
    }
}

#[derive(Debug, Default)]
struct Lines {
    length: u64,
}

impl Watch for Lines {
    fn see(&mut self, byte: u8) -> Option<String> {
        self.length = if byte == b'\n' { 0 } else { self.length + 1 };
        let is_over = self.length > LONGEST_LINE;
        is_over.then(|| format!("longer than {LONGEST_LINE} bytes"))
    }
}

#[derive(Debug)]
struct Guard<R, W> {
    inner: R,
    seen: Seen<W>,
}

#[derive(Debug)]
struct Seen<W> {
    watch: W,
    /// The line that the next byte is in, from 1 on.
    line: u64,
    refused: Option<Refused>,
}

impl<W: Watch> Seen<W> {
    fn see(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.refused.is_some() {
                return;
            }
            if let Some(reason) = self.watch.see(byte) {
                self.refused = Some(Refused { line: self.line, reason });
            }
            self.line += u64::from(byte == b'\n');
        }
    }
}

impl<R: BufRead, W: Watch> Guard<R, W> {
    fn new(inner: R, watch: W) -> Guard<R, W> {
        Guard { inner, seen: Seen { watch, line: 1, refused: None } }
    }

    fn check(&self) -> io::Result<()> {
        self.seen.refused.as_ref().map_or(Ok(()), |refused| Err(refused.error()))
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let count = self.inner.read(into)?;
        self.seen.see(into.get(..count).unwrap_or_default());
        self.check()?;
        Ok(count)
    }

    fn fill(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // Whoever takes bytes has just looked at them: they are in the buffer.
        if let Ok(bytes) = self.inner.fill_buf() {
            self.seen.see(bytes.get(..count).unwrap_or(bytes));
        }
        self.inner.consume(count);
    }
}

macro_rules! guard {
    ($(#[$doc:meta])* $name:ident, $watch:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name<R>(Guard<R, $watch>);

        impl<R: BufRead> $name<R> {
            pub(super) fn new(inner: R) -> $name<R> {
                $name(Guard::new(inner, $watch::default()))
            }

            /// The line that the next byte is in, from 1 on.
            #[allow(dead_code, reason = "JSON's parser counts lines itself")]
            pub(super) fn line(&self) -> u64 {
                self.0.seen.line
            }
        }

        impl<R: BufRead> Read for $name<R> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0.read(into)
            }
        }

        impl<R: BufRead> BufRead for $name<R> {
            fn fill_buf(&mut self) -> io::Result<&[u8]> {
                self.0.fill()
            }

            fn consume(&mut self, count: usize) {
                self.0.consume(count);
            }
        }
    };
}

guard! {
    /// Passes JSON on; an error where a string, a number or the depth is beyond all reason.
    JsonGuard, Json
}
guard! {
    /// Passes XML on; an error where a text or a tag is beyond all reason.
    XmlGuard, Xml
}
guard! {
    /// Passes lines on; an error where one is beyond all reason.
    LineGuard, Lines
}

/// A file of JSON, its guard before it. A mark of byte order is passed over.
pub(super) fn open_json(path: &Path) -> Result<JsonGuard<BufReader<File>>, DatasetError> {
    Ok(JsonGuard::new(open(path)?))
}

/// The same of XML.
pub(super) fn open_xml(path: &Path) -> Result<XmlGuard<BufReader<File>>, DatasetError> {
    Ok(XmlGuard::new(open(path)?))
}

/// The same of lines.
pub(super) fn open_lines(path: &Path) -> Result<LineGuard<BufReader<File>>, DatasetError> {
    Ok(LineGuard::new(open(path)?))
}

/// A file that a dataset has or names. What is no regular file is refused before it is
/// opened: opening a pipe waits for who writes to it, and a device has no end.
pub(crate) fn open_regular(path: &Path) -> Result<File, DatasetError> {
    let found = std::fs::metadata(path).map_err(DatasetError::read(path))?;
    check_regular(path, &found, "the file")?;
    File::open(path).map_err(DatasetError::read(path))
}

/// Whether there is a file of that name, which need not be. What is there and is no regular
/// file, or is a link to nothing, is an error: it was meant to be one.
pub(crate) fn is_there(path: &Path) -> Result<bool, DatasetError> {
    use io::ErrorKind::{NotADirectory, NotFound};
    let is_absent = |error: &io::Error| matches!(error.kind(), NotFound | NotADirectory);
    match std::fs::metadata(path) {
        Ok(found) => check_regular(path, &found, "the file").map(|()| true),
        Err(error) if is_absent(&error) && path.is_symlink() => {
            Err(DatasetError::damaged(path, "the file", "a link to a file that is not there"))
        }
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(DatasetError::read(path)(error)),
    }
}

pub(super) fn check_regular(
    path: &Path,
    found: &Metadata,
    place: &str,
) -> Result<(), DatasetError> {
    if found.is_file() {
        return Ok(());
    }
    let what = if found.is_dir() { "a folder" } else { "a pipe, device or socket" };
    Err(DatasetError::damaged(path, place, format!("{what}; expected a regular file")))
}

fn open(path: &Path) -> Result<BufReader<File>, DatasetError> {
    let file = open_regular(path)?;
    let mut from = BufReader::new(file);
    let start = from.fill_buf().map_err(DatasetError::read(path))?;
    if start.starts_with(b"\xef\xbb\xbf") {
        from.consume(3);
    }
    Ok(from)
}

/// A file as a whole, not longer than [`LONGEST_SMALL`].
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    let file = open_regular(path)?;
    let mut limited = file.take(LONGEST_SMALL + 1);
    limited.read_to_end(&mut bytes).map_err(DatasetError::read(path))?;
    if bytes.len() as u64 > LONGEST_SMALL {
        let reason = format!("longer than {LONGEST_SMALL} bytes, which no such file is");
        return Err(DatasetError::damaged(path, "the file", reason));
    }
    Ok(bytes)
}

/// The same as text in UTF-8, without a mark of byte order.
pub(super) fn read_small_text(path: &Path) -> Result<String, DatasetError> {
    let bytes = read_small(path)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            Err(DatasetError::damaged(path, format!("line {line}"), "not text in UTF-8"))
        }
    }
}

/// What went wrong while a file was read: a guard's refusal names its line.
pub(super) fn io_error(path: &Path, error: io::Error) -> DatasetError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
        Some(refused) => {
            DatasetError::damaged(path, format!("line {}", refused.line), refused.reason.as_str())
        }
        None if error.kind() == io::ErrorKind::InvalidData => {
            DatasetError::damaged(path, "the file", error.to_string())
        }
        None => DatasetError::read(path)(error),
    }
}

/// What JSON's parser says of a file, with the line it says it of.
pub(super) fn json_error(path: &Path, error: serde_json::Error) -> DatasetError {
    if error.is_io() {
        return io_error(path, error.into());
    }
    let text = error.to_string();
    let [line, byte] = [error.line(), error.column()];
    let reason = text.strip_suffix(&format!(" at line {line} column {byte}")).unwrap_or(&text);
    DatasetError::Damaged {
        path: path.to_owned(),
        place: format!("line {line}, byte {byte}"),
        reason: short(reason),
    }
}

/// A reason may quote a value of the file, and says what was expected after it: it is cut
/// less than quoted values are.
fn short(reason: &str) -> String {
    let plain = reason.chars().take(300);
    plain.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    #[track_caller]
    fn check(from: impl Read, expected: &str) {
        let guard = JsonGuard::new(BufReader::new(from));
        let got = match serde_json::from_reader::<_, IgnoredAny>(guard) {
            Ok(_) => "ok".to_owned(),
            Err(error) => json_error(Path::new("a.json"), error).to_string(),
        };
        assert!(got.contains(expected), "{got}");
    }

    fn endless(start: &str, byte: u8) -> impl Read {
        io::Cursor::new(start.as_bytes().to_vec()).chain(io::repeat(byte).take(2 << 30))
    }

    #[test]
    fn json_without_end_costs_nothing() {
        check(endless("{\n\"a\": \"", b'x'), "line 2: a string is longer than 16777216 bytes");
        check(endless("{\"a\": \"", b'\\'), "line 1: a string is longer");
        check(endless("[\n\n1", b'1'), "line 3: a number or word is longer");
        check(endless("", b'['), "line 1: more than 1024 lists");
        check(&b"[\n\n{\"a\": 1, ]"[..], "line 3, byte");
    }

    #[test]
    fn quotes_within_strings_do_not_end_them() {
        check(&br#"{"a": "\"[[[[", "b\\": ["\\\"", 1.5e300, null]}"#[..], "ok");
        // Two strings are not one.
        let long = format!("[\"{}\", \"{}\"]", "x".repeat(10 << 20), "\\\"".repeat(7 << 20));
        io::copy(&mut JsonGuard::new(long.as_bytes()), &mut io::sink()).unwrap();
    }

    #[test]
    fn xml_without_end_costs_nothing() {
        for start in ["<a>\n", "<a ", "<!-- "] {
            let mut guard = XmlGuard::new(BufReader::new(endless(start, b'x')));
            let error = io::copy(&mut guard, &mut io::sink()).unwrap_err();
            let error = io_error(Path::new("a.xml"), error).to_string();
            assert!(error.contains("a text or tag is longer than 1048576 bytes"), "{error}");
        }
        let mut guard = XmlGuard::new(&b"<a>\n</a>\n<b/>"[..]);
        guard.consume(5);
        assert_eq!(guard.line(), 2);
        guard.consume(4);
        assert_eq!(guard.line(), 3);
    }

    #[test]
    fn consumed_bytes_are_watched_as_read_ones_are() {
        let mut guard = JsonGuard::new(BufReader::new(endless("[\"", b'x')));
        let error = loop {
            match guard.fill_buf().map(<[u8]>::len) {
                Ok(count) => guard.consume(count),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("line 1: a string is longer"));
    }

    proptest! {
        #[test]
        fn what_is_small_passes_unchanged(bytes in proptest::collection::vec(any::<u8>(), 0..999)) {
            let (mut json, mut xml) = (Vec::new(), Vec::new());
            JsonGuard::new(&bytes[..]).read_to_end(&mut json).unwrap();
            XmlGuard::new(&bytes[..]).read_to_end(&mut xml).unwrap();
            prop_assert_eq!(&json, &bytes);
            prop_assert_eq!(&xml, &bytes);
        }
    }
}
