//! Which format a file has, told by its first bytes and never by its name.

use std::fmt;
use std::path::Path;

use crate::BagError;
use crate::input::Input;

/// The format of a recording, or of the parts of a rosbag2 folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Ros1Bag,
    Mcap,
    /// A rosbag2 SQLite database.
    Db3,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Ros1Bag => "ROS 1 bag",
            Format::Mcap => "MCAP",
            Format::Db3 => "rosbag2 SQLite",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub(crate) const ROS1_MAGIC: &[u8] = b"#ROSBAG V2.0\n";
pub(crate) const MCAP_MAGIC: &[u8] = b"\x89MCAP0\r\n";
pub(crate) const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// As much of a file as it takes to tell what it is, and to say what it is not.
const SNIFFED_BYTES: u64 = 32;

/// Tells a file's format, or says in an error what was found instead.
pub(crate) fn sniff(input: &Input) -> Result<Format, BagError> {
    let start = input.start(SNIFFED_BYTES).map_err(BagError::at(&input.path))?;
    if let Some(format) = format_of(&start) {
        return Ok(format);
    }
    let path = input.path.clone();
    if start.is_empty() {
        return Err(BagError::Empty { path });
    }
    if let Some(version) = start.strip_prefix(b"#ROSBAG V") {
        let version = version.iter().take_while(|byte| !byte.is_ascii_whitespace());
        let version = String::from_utf8_lossy(&version.copied().collect::<Vec<_>>()).into_owned();
        return Err(BagError::Unsupported {
            path,
            what: format!("ROS bag version {version:?} (only 2.0)"),
        });
    }
    Err(BagError::NotARecording { path, found: describe(&start) })
}

/// Tells a file's format where it has one; what cannot be read has none.
pub(crate) fn is_recording(path: &Path, formats: &[Format]) -> bool {
    let start = Input::from(path).start(SNIFFED_BYTES).ok();
    let format = start.and_then(|start| format_of(&start));
    format.is_some_and(|format| formats.contains(&format))
}

fn format_of(start: &[u8]) -> Option<Format> {
    let magics =
        [(ROS1_MAGIC, Format::Ros1Bag), (MCAP_MAGIC, Format::Mcap), (SQLITE_MAGIC, Format::Db3)];
    magics.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, format)| format)
}

fn describe(start: &[u8]) -> String {
    let known: [(&[u8], &str); 4] = [
        (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
        (b"\x1f\x8b", "gzip-compressed data (decompress it first)"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"version https://git-lfs", "a Git LFS pointer (the file itself was not fetched)"),
    ];
    for (magic, what) in known {
        if start.starts_with(magic) {
            return what.to_owned();
        }
    }
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    if start.iter().all(is_text) {
        let text = String::from_utf8_lossy(start);
        return format!("text that begins with {:?}", text.trim_end_matches('\u{fffd}'));
    }
    let hex: Vec<String> = start.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("bytes {}", hex.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.bag");
        std::fs::write(&path, content).unwrap();
        let got = match sniff(&(&*path).into()) {
            Ok(format) => format.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(got.contains(expected), "{got:?} lacks {expected:?}");
    }

    #[test]
    fn content_decides() {
        check(b"#ROSBAG V2.0\n and more", "ROS 1 bag");
        check(b"\x89MCAP0\r\n", "MCAP");
        check(b"SQLite format 3\0", "rosbag2 SQLite");
    }

    #[test]
    fn other_files_are_described() {
        check(b"", "the file is empty (0 bytes)");
        check(
            b"hello, this is no bag\n",
            "found text that begins with \"hello, this is no bag\\n\"",
        );
        check(b"\x28\xb5\x2f\xfd\0\0", "found zstd-compressed data");
        check(b"\0\x01\x02", "found bytes 00 01 02");
        check(b"#ROSBAG V1.2\n", "ROS bag version \"1.2\" (only 2.0) cannot be read yet");
        check(b"hello", "drive.bag");
    }
}
