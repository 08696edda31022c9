//! Recordings that lie elsewhere give what they give here, and what cannot be
//! fetched is no damage.

use std::fs;
use std::io::{self, Cursor};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::*;
use crate::{RemoteFile, find_remote_recordings, open_remote, open_remote_folder};

/// What a store has, and what was read of it.
#[derive(Debug)]
struct Stored {
    content: Bytes,
    has_ranges: bool,
    reads: Mutex<Vec<(u64, u64)>>,
    /// So many reads go well.
    reads_left: AtomicUsize,
}

impl Stored {
    fn new(content: Vec<u8>) -> Stored {
        let reads_left = AtomicUsize::new(usize::MAX);
        Stored { content: content.into(), has_ranges: true, reads: Mutex::default(), reads_left }
    }

    fn bytes_read(&self) -> u64 {
        self.reads.lock().unwrap().iter().map(|(_, count)| count).sum()
    }
}

impl RemoteFile for Stored {
    fn size(&self) -> Option<u64> {
        self.has_ranges.then_some(self.content.len() as u64)
    }

    fn read(&self, from: u64, count: u64) -> io::Result<Bytes> {
        assert!(self.has_ranges);
        self.reads.lock().unwrap().push((from, count));
        let take = |left: usize| left.checked_sub(1);
        if self.reads_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
            return Err(io::Error::other("the connection was cut"));
        }
        Ok(self.content.slice(from as usize..(from + count) as usize))
    }

    fn stream(&self) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(Cursor::new(self.content.clone())))
    }
}

fn opened(name: &str, stored: &Arc<Stored>) -> Result<Recording, BagError> {
    open_remote(Path::new(name), Arc::clone(stored) as Arc<dyn RemoteFile>)
}

/// Frames of 1.2 MB each.
fn large(mut writer: DriveWriter, frames: u64) -> Vec<u8> {
    for number in 0..frames {
        let pixels = pixels(number).into_iter().cycle().take(800 * 500 * 3).collect();
        writer.push(FRONT, START + number * 100 * MS, Picture::rgb8(800, 500, pixels));
    }
    writer.finish()
}

#[test]
fn every_kind_reads_as_it_does_here() {
    let scene = Scene::new();
    let all = Selection { chunks_ahead: 2, ..Selection::default() };
    for (name, writer) in writers() {
        for content in [fill(writer.clone(), 9).finish(), large(writer.clone(), 12)] {
            let path = scene.file(name, &content);
            let here = open(&path).unwrap();
            for has_ranges in [true, false] {
                let stored = Stored { has_ranges, ..Stored::new(content.clone()) };
                let there = opened(&format!("s3://drives/{name}"), &Arc::new(stored)).unwrap();
                assert_eq!(there.id(), here.id(), "{name}");
                assert_eq!(there.topics(), here.topics(), "{name}");
                let (here, there) = (read_from(&here, &all), read_from(&there, &all));
                assert_eq!(there.unwrap(), here.unwrap(), "{name}");
            }
        }
    }
}

#[test]
fn the_index_comes_first_and_nothing_twice() {
    let content = large(DriveWriter::mcap().compression(Compression::Lz4), 60);
    let whole = content.len() as u64;
    let stored = Arc::new(Stored::new(content));
    let recording = opened("s3://drives/drive.mcap", &stored).unwrap();
    assert_eq!(recording.topics()[0].messages, Some(60));
    let for_index = stored.bytes_read();
    assert!(for_index <= 1 << 20, "{for_index} of {whole}");
    read_from(&recording, &Selection::default()).unwrap();
    let for_frames = stored.bytes_read() - for_index;
    assert!(for_frames <= whole, "{for_frames} of {whole}");
    let reads = stored.reads.lock().unwrap();
    let large = reads.iter().filter(|(_, count)| *count >= 4 << 20).count();
    assert!(reads.iter().all(|(_, count)| *count <= 8 << 20), "{reads:?}");
    assert!(large as u64 >= whole / (10 << 20), "{reads:?}");
}

/// What is wanted lies in chunks between those of a larger topic that is not.
#[test]
fn what_nobody_wants_is_not_fetched() {
    for writer in [DriveWriter::bag(), DriveWriter::mcap()] {
        let mut writer = writer.chunk_bytes(1);
        for number in 0..30 {
            let time = START + number * 100 * MS;
            for part in 0..3 {
                let points = vec![number as u8; 2_000_000];
                writer.push("/lidar", time + part, Picture::other("PointCloud2", points));
            }
            let pixels = pixels(number).into_iter().cycle().take(400 * 500 * 3).collect();
            writer.push(FRONT, time, Picture::rgb8(400, 500, pixels));
        }
        let content = writer.finish();
        let whole = content.len() as u64;
        let scene = Scene::new();
        let here = open(&scene.file("drive", &content)).unwrap();
        let stored = Arc::new(Stored::new(content));
        let there = opened("s3://drives/drive", &stored).unwrap();
        for chunks_ahead in [0, 2] {
            let selection = Selection { chunks_ahead, ..Selection::default() };
            let before = stored.bytes_read();
            let frames = read_from(&there, &selection).unwrap();
            let read = stored.bytes_read() - before;
            assert_eq!(frames, read_from(&here, &selection).unwrap());
            assert_eq!(frames.frames.len(), 30);
            assert!(read < whole / 5, "{read} of {whole}");
        }
        let reads = stored.reads.lock().unwrap().len();
        assert!(reads < 300, "{reads}");
    }
}

#[test]
fn a_cut_connection_is_no_damage() {
    for writer in [DriveWriter::bag(), DriveWriter::mcap()] {
        let stored = Arc::new(Stored::new(large(writer, 40)));
        let recording = opened("s3://drives/drive", &stored).unwrap();
        stored.reads_left.store(6, Ordering::SeqCst);
        let mut frames = 0;
        let mut failures = Vec::new();
        for read in recording.frames(&Selection::default()).unwrap() {
            match read {
                Read::Frame(_) => frames += 1,
                Read::Failed(error) => failures.push(error.to_string()),
                other => panic!("{other:?}"),
            }
        }
        assert!((1..40).contains(&frames), "{frames}");
        let expected = "cannot read the recording: the connection was cut\n\
                        path: s3://drives/drive";
        assert_eq!(failures, [expected]);
        let error = opened("s3://drives/drive", &stored).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn compressed_files_and_databases_are_fetched() {
    let bag = fill(DriveWriter::bag(), 5).finish();
    let stored = Stored::new(zstd::encode_all(&bag[..], 1).unwrap());
    let recording = opened("s3://drives/drive.bag.zst", &Arc::new(stored)).unwrap();
    assert_eq!(recording.id().as_str().rsplit_once('-').unwrap().0, "drive");
    assert_eq!(read_from(&recording, &Selection::default()).unwrap().frames.len(), 8);
}

#[test]
fn folders_are_recordings() {
    let scene = Scene::new();
    let folder = scene.path("drive");
    fill(DriveWriter::db3(), 9).write_folder(&folder, 2);
    let mut files: Vec<(PathBuf, Arc<dyn RemoteFile>)> = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let name = Path::new("s3://drives/2026/drive").join(entry.file_name());
        files.push((name, Arc::new(Stored::new(fs::read(entry.path()).unwrap()))));
    }
    let mut names: Vec<PathBuf> = files.iter().map(|(name, _)| name.clone()).collect();
    for other in ["2026/a.bag.zst", "2026/notes.txt", "2026/.hidden.bag", "2026/x/b_1.mcap"] {
        names.push(Path::new("s3://drives").join(other));
    }
    let found = find_remote_recordings(&names);
    let expected = ["2026/a.bag.zst", "2026/drive", "2026/x/b_1.mcap"];
    assert_eq!(found, expected.map(|name| Path::new("s3://drives").join(name)));

    let here = open(&folder).unwrap();
    let there = open_remote_folder(Path::new("s3://drives/2026/drive"), files).unwrap();
    assert_eq!((there.id(), there.parts()), (here.id(), 2));
    let all = Selection::default();
    assert_eq!(read_from(&there, &all).unwrap(), read_from(&here, &all).unwrap());
}
