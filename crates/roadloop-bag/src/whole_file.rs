//! Recordings that were compressed as a whole, like `drive.bag.zst`, and those
//! that come on stdin: they are written into a temporary folder first, for their
//! indexes lie at the end. The folder goes with the last part that reads from it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::BagError;
use crate::compression::Codec;

/// Camera data shrinks to a half or a tenth; what grows by more than this is
/// made to fill the disk.
const MAX_GROWTH: u64 = 200;

/// Small files may well be all zeros.
const MIN_LIMIT: u64 = 64 << 20;

/// Names what comes on stdin.
const STDIN: &str = "-";

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// A file of a recording, as it is read.
#[derive(Clone, Debug)]
pub(crate) struct WholeFile {
    pub(crate) path: PathBuf,
    /// Why it may be shorter than it was.
    pub(crate) damage: Option<String>,
    /// Kept as long as it is read from.
    _folder: Option<Arc<TempDir>>,
}

/// The file itself where it is not compressed, told by its first bytes.
pub(crate) fn open(path: &Path) -> Result<WholeFile, BagError> {
    if is_stdin(path) {
        return from_stream(io::stdin().lock());
    }
    let mut start = Vec::new();
    let mut file = File::open(path).map_err(BagError::at(path))?;
    (&mut file).take(4).read_to_end(&mut start).map_err(BagError::at(path))?;
    let Some(codec) = Codec::of_file(&start) else {
        return Ok(WholeFile { path: path.to_owned(), damage: None, _folder: None });
    };
    let failed = |source: io::Error| BagError::Decompress {
        path: path.to_owned(),
        folder: std::env::temp_dir(),
        source,
    };
    let len = file.metadata().map_err(BagError::at(path))?.len();
    let limit = len.saturating_mul(MAX_GROWTH).max(MIN_LIMIT);
    let folder = tempfile::Builder::new().prefix("roadloop-").tempdir().map_err(failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let decompressed = folder.path().join(strip_suffix(&name));
    let source = BufReader::new(File::open(path).map_err(BagError::at(path))?);
    let out = File::create(&decompressed).map_err(failed)?;
    let reader = codec.reader(source).map_err(failed)?;
    let damage = match copy(reader, out, limit) {
        Ok(()) => None,
        // What came out before the damage is read.
        Err(error) if decompressed.metadata().is_ok_and(|metadata| metadata.len() > 0) => {
            Some(codec.say(&error))
        }
        Err(error) => return Err(failed(error)),
    };
    Ok(WholeFile { path: decompressed, damage, _folder: Some(Arc::new(folder)) })
}

/// What a stream brings, to its end.
fn from_stream(mut stream: impl Read) -> Result<WholeFile, BagError> {
    let failed = |source: io::Error| BagError::Spool { folder: std::env::temp_dir(), source };
    let folder = tempfile::Builder::new().prefix("roadloop-").tempdir().map_err(failed)?;
    let path = folder.path().join("stdin");
    let mut file = File::create(&path).map_err(failed)?;
    io::copy(&mut stream, &mut file).map_err(failed)?;
    let file = open(&path)?;
    let is_as_it_came = file.path == path;
    Ok(WholeFile {
        _folder: if is_as_it_came { Some(Arc::new(folder)) } else { file._folder },
        ..file
    })
}

fn copy(mut from: impl Read, mut to: File, limit: u64) -> io::Result<()> {
    let mut piece = vec![0; 1 << 20];
    let mut written = 0;
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        written += count as u64;
        if written > limit {
            to.set_len(0)?;
            let reason = format!("it decompresses to more than {MAX_GROWTH} times its size");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        // A full disk is not damage.
        if let Err(error) = to.write_all(&piece[..count]) {
            to.set_len(0)?;
            return Err(error);
        }
    }
}

/// A file's name without what a compressor adds to it.
pub(crate) fn strip_suffix(name: &str) -> &str {
    let suffixes = [".zst", ".zstd", ".lz4", ".bz2"];
    suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_read_to_their_end() {
        let packed = zstd::encode_all(&b"recording"[..], 0).unwrap();
        for stream in [b"recording", &packed[..]] {
            let file = from_stream(stream).unwrap();
            assert_eq!(std::fs::read(&file.path).unwrap(), b"recording");
            let folder = file.path.parent().unwrap().to_owned();
            drop(file);
            assert!(!folder.exists());
        }
    }

    #[track_caller]
    fn check(name: &str, content: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let got = match open(&path) {
            Ok(file) => {
                let bytes = std::fs::read(&file.path).unwrap();
                let name = file.path.file_name().unwrap().to_string_lossy().into_owned();
                format!("{name}: {} bytes", bytes.len())
            }
            Err(error) => error.to_string(),
        };
        assert!(got.starts_with(expected), "{got}");
    }

    #[test]
    fn compressed_files_become_what_they_were() {
        check("drive.bag", b"#ROSBAG", "drive.bag: 7 bytes");
        let zstd = zstd::encode_all(&b"#ROSBAG V2.0\n"[..], 3).unwrap();
        check("drive.bag.zst", &zstd, "drive.bag: 13 bytes");
        check("drive.bag", &zstd, "drive.bag: 13 bytes");
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(b"#ROSBAG V2.0\n").unwrap();
        check("drive.mcap.lz4", &lz4.finish().unwrap(), "drive.mcap: 13 bytes");
    }

    #[test]
    fn damage_keeps_what_came_before_it() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let noise: Vec<u8> = (0..400_000).map(|_| next()).collect();
        let zstd = zstd::encode_all(&noise[..], 1).unwrap();
        check("a.bag.zst", &zstd[..zstd.len() / 2], "a.bag: ");
        check("a.bag.zst", &zstd[..6], "cannot decompress the recording");
    }

    #[test]
    fn bombs_are_refused() {
        let zeros = std::io::repeat(0).take(80 << 20);
        let bomb = zstd::encode_all(zeros, 1).unwrap();
        check("a.bag.zst", &bomb, "cannot decompress the recording");
    }

    #[test]
    fn the_temporary_folder_goes_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.bag.zst");
        std::fs::write(&path, zstd::encode_all(&b"content"[..], 3).unwrap()).unwrap();
        let file = open(&path).unwrap();
        let copy = file.clone();
        let decompressed = file.path.clone();
        drop(file);
        assert!(decompressed.is_file());
        drop(copy);
        assert!(!decompressed.exists());
    }
}
