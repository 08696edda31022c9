//! Recordings that were compressed as a whole, like `drive.bag.zst`, those that
//! come on stdin, and those elsewhere that cannot be read in parts: they are
//! written into a temporary folder first, for their indexes lie at the end. The
//! folder goes with the last part that reads from it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use crate::BagError;
use crate::compression::Codec;
use crate::format::SQLITE_MAGIC;
use crate::input::{Input, Place};

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
    pub(crate) input: Input,
    /// Why it may be shorter than it was.
    pub(crate) damage: Option<String>,
    /// Kept as long as it is read from.
    _folder: Option<Arc<TempDir>>,
}

/// The file itself where it can be read as it is: told by its first bytes.
pub(crate) fn open(input: &Input) -> Result<WholeFile, BagError> {
    match input.place() {
        Place::Here(file) if is_stdin(file) => return keep(io::stdin().lock(), input, "stdin"),
        Place::Stream(_) => return fetch(input),
        Place::Here(_) | Place::Elsewhere(_) => {}
    }
    let path = &*input.path;
    let start = input.start(SQLITE_MAGIC.len() as u64).map_err(BagError::at(path))?;
    let codec = Codec::of_file(&start);
    let is_here = matches!(input.place(), Place::Here(_));
    match codec {
        Some(codec) if is_here => return decompress(input, codec),
        // SQLite reads files of this machine only.
        codec if !is_here && (codec.is_some() || start.starts_with(SQLITE_MAGIC)) => {
            return fetch(input);
        }
        _ => {}
    }
    Ok(WholeFile { input: input.clone(), damage: None, _folder: None })
}

/// A copy on this machine of what lies elsewhere, read once from start to end.
pub(crate) fn fetch(input: &Input) -> Result<WholeFile, BagError> {
    let stream = input.stream().map_err(BagError::at(&input.path))?;
    keep(stream, input, if input.path.file_name().is_some() { &input.name } else { "recording" })
}

fn decompress(input: &Input, codec: Codec) -> Result<WholeFile, BagError> {
    let path = &*input.path;
    let failed = |source: io::Error| BagError::Decompress {
        path: path.to_owned(),
        folder: std::env::temp_dir(),
        source,
    };
    let len = input.len().map_err(BagError::at(path))?;
    let limit = len.saturating_mul(MAX_GROWTH).max(MIN_LIMIT);
    let folder = temporary_folder().map_err(failed)?;
    let name = strip_suffix(&input.name);
    let decompressed = folder.path().join(name);
    let source = BufReader::new(input.stream().map_err(BagError::at(path))?);
    let out = File::create(&decompressed).map_err(failed)?;
    let reader = codec.reader(source).map_err(BagError::at(path))?;
    let damage = match copy(reader, out, limit) {
        Ok(()) => None,
        // What came out before the damage is read.
        Err(Stopped::From(error))
            if decompressed.metadata().is_ok_and(|metadata| metadata.len() > 0) =>
        {
            Some(codec.say(&error))
        }
        Err(Stopped::From(error)) => {
            let reason = codec.say(&error);
            return Err(BagError::Compressed { path: path.to_owned(), reason });
        }
        Err(Stopped::To(error)) => return Err(failed(error)),
    };
    let input = input.kept_in(decompressed, name);
    Ok(WholeFile { input, damage, _folder: Some(Arc::new(folder)) })
}

/// What a stream brings, to its end, in a file of that name.
fn keep(mut stream: impl Read, source: &Input, name: &str) -> Result<WholeFile, BagError> {
    let temporary = std::env::temp_dir();
    let failed = |error| BagError::Spool {
        path: source.path.clone(),
        folder: temporary.clone(),
        source: error,
    };
    let folder = temporary_folder().map_err(failed)?;
    let path = folder.path().join(name);
    let mut file = File::create(&path).map_err(failed)?;
    let mut piece = vec![0; 1 << 20];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => file.write_all(&piece[..count]).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(BagError::at(&source.path)(error)),
        }
    }
    let file = open(&source.kept_in(path.clone(), name))?;
    let is_as_it_came = file.input.file() == Some(&path);
    Ok(WholeFile {
        _folder: if is_as_it_came { Some(Arc::new(folder)) } else { file._folder },
        ..file
    })
}

fn temporary_folder() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("roadloop-").tempdir()
}

/// Whose fault it is that a copy ends early.
enum Stopped {
    From(io::Error),
    To(io::Error),
}

fn copy(mut from: impl Read, mut to: File, limit: u64) -> Result<(), Stopped> {
    let mut piece = vec![0; 1 << 20];
    let mut written = 0;
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stopped::From(error)),
        };
        written += count as u64;
        if written > limit {
            to.set_len(0).map_err(Stopped::To)?;
            let reason = format!("it decompresses to more than {MAX_GROWTH} times its size");
            return Err(Stopped::From(io::Error::new(io::ErrorKind::InvalidData, reason)));
        }
        // A full disk is not damage.
        to.write_all(&piece[..count]).map_err(Stopped::To)?;
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
    use crate::format::sniff;

    #[test]
    fn streams_are_read_to_their_end() {
        let packed = zstd::encode_all(&b"recording"[..], 0).unwrap();
        for stream in [b"recording", &packed[..]] {
            let file = keep(stream, &Path::new(STDIN).into(), "stdin").unwrap();
            assert_eq!((file.input.path.as_os_str(), &*file.input.name), (STDIN.as_ref(), "stdin"));
            let path = file.input.file().unwrap().to_owned();
            assert_eq!(std::fs::read(&path).unwrap(), b"recording");
            let folder = path.parent().unwrap().to_owned();
            drop(file);
            assert!(!folder.exists());
        }
    }

    /// Errors name what people gave, not the copy of it.
    #[test]
    fn copies_keep_their_names() {
        let file = keep(&b"no recording"[..], &Path::new(STDIN).into(), "stdin").unwrap();
        let error = sniff(&file.input).unwrap_err().to_string();
        assert!(error.ends_with("path: -"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.bag.zst");
        std::fs::write(&path, zstd::encode_all(&b"no recording"[..], 0).unwrap()).unwrap();
        let error = crate::open(&path).unwrap_err().to_string();
        let end = format!("path: {}", path.display());
        assert!(error.starts_with("not a recording") && error.ends_with(&end), "{error}");
    }

    #[track_caller]
    fn check(name: &str, content: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let got = match open(&(&*path).into()) {
            Ok(file) => {
                assert_eq!(file.input.path, path);
                let kept_in = file.input.file().unwrap();
                assert!(kept_in.ends_with(&file.input.name));
                format!("{}: {} bytes", file.input.name, std::fs::read(kept_in).unwrap().len())
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
        check("a.bag.zst", &zstd[..6], "cannot decompress the recording: ");
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&noise).unwrap();
        check("a.bag.lz4", &lz4.finish().unwrap()[..5000], "cannot decompress the recording: ");
    }

    #[test]
    fn bombs_are_refused() {
        let zeros = std::io::repeat(0).take(80 << 20);
        let bomb = zstd::encode_all(zeros, 1).unwrap();
        check("a.bag.zst", &bomb, "cannot decompress the recording: ");
    }

    #[test]
    fn the_temporary_folder_goes_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.bag.zst");
        std::fs::write(&path, zstd::encode_all(&b"content"[..], 3).unwrap()).unwrap();
        let file = open(&(&*path).into()).unwrap();
        let copy = file.clone();
        let decompressed = file.input.file().unwrap().to_owned();
        drop(file);
        assert!(decompressed.is_file());
        drop(copy);
        assert!(!decompressed.exists());
    }
}
