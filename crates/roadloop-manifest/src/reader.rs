//! Lines out of a stream of bytes, which may be of anything.

use std::io::{self, BufRead};

use crate::{Line, ManifestError};

/// An image with many thousand boxes is far below it.
pub const LONGEST_LINE: usize = 16 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a manifest with their numbers, from 1 on. Blank ones are left out; a
/// damaged one is an error that names it, and the next one follows. A line that is too
/// long is passed over without being kept.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    number: u64,
    line: Vec<u8>,
    is_over: bool,
}

enum Found {
    Line,
    TooLong,
    End,
}

impl<R: BufRead> Reader<R> {
    pub fn new(input: R) -> Reader<R> {
        Reader { input, number: 0, line: Vec::new(), is_over: false }
    }

    /// The next line into `self.line`, without its end.
    fn read_line(&mut self) -> io::Result<Found> {
        self.line.clear();
        let mut is_too_long = false;
        let mut has_any = false;
        loop {
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let used = part.len() + usize::from(end.is_some());
            has_any |= used > 0;
            if self.line.len() + part.len() > LONGEST_LINE {
                is_too_long = true;
                self.line = Vec::new();
            }
            if !is_too_long {
                self.line.extend_from_slice(part);
            }
            self.input.consume(used);
            if end.is_none() && used > 0 {
                continue;
            }
            return Ok(match (has_any, is_too_long) {
                (false, _) => Found::End,
                (true, true) => Found::TooLong,
                (true, false) => Found::Line,
            });
        }
    }

    /// The line just read; `None` where it is blank.
    fn parse(&self) -> Option<Result<Line, ManifestError>> {
        let mut bytes = self.line.as_slice();
        if self.number == 1 {
            bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        }
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => Line::parse(text),
            Err(error) => Err(ManifestError::NotText { at: error.valid_up_to() }),
        })
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = (u64, Result<Line, ManifestError>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            self.number += 1;
            let found = match self.read_line() {
                Ok(Found::Line) => self.parse(),
                Ok(Found::TooLong) => Some(Err(ManifestError::TooLong { most: LONGEST_LINE })),
                Ok(Found::End) => {
                    self.is_over = true;
                    None
                }
                Err(source) => {
                    self.is_over = true;
                    Some(Err(ManifestError::Read { source }))
                }
            };
            if let Some(line) = found {
                return Some((self.number, line.map_err(|error| error.at_line(self.number))));
            }
        }
        None
    }
}
