//! The crate as its users see it: recordings of every kind, sound and
//! damaged, opened and read to their end.

mod conformance;
mod damaged;
mod elsewhere;
mod passed;
mod real;
mod selected;
mod sound;
mod videos;

use std::path::{Path, PathBuf};

use roadloop_base::EncodedImage;
use tempfile::TempDir;

use crate::testing::{Compression, DriveWriter, MessageForm, Picture};
use crate::{BagError, Read, Recording, Selection, open};

/// 2020-11-19T22:00:00Z
const START: u64 = 1_605_823_200_000_000_000;
const MS: u64 = 1_000_000;

const FRONT: &str = "/front/image_raw";
const REAR: &str = "/rear/image_raw/compressed";

/// The pixels of front frame `number`: no two frames are alike.
fn pixels(number: u64) -> Vec<u8> {
    (0..16 * 12 * 3).map(|i: u64| (i * 7 + number * 31 + (i * i) % 251) as u8).collect()
}

fn jpeg(number: u64) -> Vec<u8> {
    [b"\xff\xd8\xff\xe0", &pixels(number)[..200]].concat()
}

/// Front camera raw, every 100 ms; rear camera JPEG, every second one of them;
/// and a topic that is no camera.
fn fill(mut writer: DriveWriter, frames: u64) -> DriveWriter {
    for number in 0..frames {
        let time = START + number * 100 * MS;
        writer.push(FRONT, time, Picture::rgb8(16, 12, pixels(number)));
        writer.push("/gps", time, Picture::other("NavSatFix", vec![number as u8; 40]));
        if number % 2 == 0 {
            writer.push(REAR, time + 5 * MS, Picture::jpeg(jpeg(number)));
        }
    }
    writer
}

/// Every kind of recording the writers make, each of several chunks; where those
/// have a message each, many are passed over.
fn writers() -> Vec<(&'static str, DriveWriter)> {
    use Compression::{Bz2, Lz4, Zstd};
    let bag = || DriveWriter::bag().chunk_bytes(3000);
    let mcap = || DriveWriter::mcap().chunk_bytes(3000);
    vec![
        ("bag", bag()),
        ("bag-lz4", bag().compression(Lz4)),
        ("bag-bz2", bag().compression(Bz2)),
        ("bag-unindexed", bag().without_index()),
        ("bag-lz4-unindexed", bag().compression(Lz4).without_index()),
        ("mcap", mcap()),
        ("mcap-lz4", mcap().compression(Lz4)),
        ("mcap-zstd", mcap().compression(Zstd)),
        ("mcap-zstd-ros1", mcap().compression(Zstd).form(MessageForm::Ros1)),
        ("mcap-big-endian", mcap().form(MessageForm::CdrBigEndian)),
        ("mcap-zstd-unindexed", mcap().compression(Zstd).without_index()),
        ("mcap-unchunked", mcap().chunk_bytes(0)),
        ("mcap-unchunked-unindexed", mcap().chunk_bytes(0).without_index()),
        ("bag-of-small-chunks", bag().chunk_bytes(1)),
        ("mcap-of-small-chunks", mcap().chunk_bytes(1)),
    ]
}

/// A folder that is gone after the test, and a recording in it.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Scene {
        Scene { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// What a recording gives, in words.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// Camera, sequence and first bytes of each frame.
    frames: Vec<(String, u32, Vec<u8>)>,
    /// Of opening and of reading.
    skips: Vec<String>,
}

impl Outcome {
    fn has(&self, what: &str) -> bool {
        self.skips.iter().any(|skip| skip.contains(what))
    }

    /// Camera and sequence of each frame: `front 0`.
    fn names(&self) -> Vec<String> {
        self.frames.iter().map(|(camera, sequence, _)| format!("{camera} {sequence}")).collect()
    }
}

fn read(path: &Path, selection: &Selection) -> Result<Outcome, BagError> {
    read_from(&open(path)?, selection)
}

fn read_from(recording: &Recording, selection: &Selection) -> Result<Outcome, BagError> {
    let mut outcome = Outcome::default();
    let say = |skip: &roadloop_base::Skip| format!("{}: {}", skip.place, skip.reason);
    outcome.skips.extend(recording.damage().iter().map(say));
    let mut frames = recording.frames(selection)?;
    let mut position = 0;
    while let Some(read) = frames.next() {
        assert!(frames.bytes_read() <= frames.size_bytes());
        position = position.max(frames.bytes_read());
        match read {
            Read::Failed(error) => return Err(error),
            Read::Unselected(frame) => panic!("{frame:?}"),
            Read::Skipped(skip) => outcome.skips.push(say(&skip)),
            Read::Frame(frame) => {
                let data = match &frame.image {
                    EncodedImage::Raw(raw) => &raw.data,
                    EncodedImage::Jpeg(bytes)
                    | EncodedImage::Png(bytes)
                    | EncodedImage::WebP(bytes) => bytes,
                    EncodedImage::Depth(depth) => &depth.data,
                    EncodedImage::Video(picture) => &picture.data,
                };
                let camera = frame.id.camera.to_string();
                outcome.frames.push((camera, frame.id.sequence, data.to_vec()));
            }
        }
    }
    assert_eq!(frames.bytes_read(), frames.size_bytes());
    Ok(outcome)
}

fn read_all(path: &Path) -> Outcome {
    read(path, &Selection::default()).unwrap()
}

/// The frames `fill` wrote, in order.
fn expected(frames: u64) -> Vec<(String, u32, Vec<u8>)> {
    let mut all = Vec::new();
    for number in 0..frames {
        all.push(("front".to_owned(), number as u32, pixels(number)));
        if number % 2 == 0 {
            all.push(("rear".to_owned(), number as u32 / 2, jpeg(number)));
        }
    }
    all
}
