//! Chunks that hold nothing wanted are passed over, and nobody sees it by what
//! is read.

use super::*;
use crate::{Message, ReadMessage};

/// Topic, sequence, time and data of each message, and what is damaged.
type Content = (Vec<(String, u64, i64, Vec<u8>)>, Vec<String>);

fn content(recording: &Recording, selection: &Selection) -> Content {
    let mut content = Content::default();
    for read in recording.messages(selection).unwrap() {
        match read {
            ReadMessage::Message(Message { topic, sequence, logged_at, data, .. }) => {
                content.0.push((topic.to_string(), sequence, logged_at.0, data.to_vec()));
            }
            ReadMessage::Skipped(skip) => {
                content.1.push(format!("{}: {}", skip.place, skip.reason));
            }
            other => panic!("{other:?}"),
        }
    }
    content
}

/// Every selection of topics gives what reading everything, which passes over
/// nothing, has of them.
#[track_caller]
pub(super) fn check(path: &Path) {
    let recording = open(path).unwrap();
    let (all, damage) = content(&recording, &Selection::default());
    let names: Vec<String> = recording.topics().iter().map(|topic| topic.name.clone()).collect();
    for wanted in 1u32..1 << names.len().min(5) {
        let is_wanted = |(number, _): &(usize, &String)| wanted & 1 << number != 0;
        let topics: Vec<String> =
            names.iter().enumerate().filter(is_wanted).map(|(_, name)| name.clone()).collect();
        let expected = all.iter().filter(|(topic, ..)| topics.contains(topic)).cloned().collect();
        let expected = (expected, damage.clone());
        for chunks_ahead in [0, 2] {
            let topics = topics.clone();
            let selection = Selection { topics, chunks_ahead, ..Selection::default() };
            let found = content(&recording, &selection);
            assert_eq!(found, expected, "{} {selection:?}", path.display());
        }
    }
}

/// Chunks of a message each, of a few, and of many.
const CHUNK_BYTES: [usize; 3] = [1, 700, 3000];

#[test]
fn selected_topics_are_read_as_if_all_were() {
    let scene = Scene::new();
    for (name, writer) in writers() {
        for bytes in CHUNK_BYTES {
            let is_chunked = !name.starts_with("mcap-unchunked");
            let writer =
                if is_chunked { writer.clone().chunk_bytes(bytes) } else { writer.clone() };
            check(&scene.file(name, &fill(writer, 12).finish()));
        }
    }
    for path in crate::find_recordings(&real::testdata("")).unwrap() {
        check(&path);
    }
}

/// Chunks of a message each; those with GPS are no records any more, but for the
/// first.
fn without_gps_chunks(writer: DriveWriter) -> Vec<u8> {
    let mut drive = fill(writer.chunk_bytes(1), 9).finish();
    let is_gps = |at: &usize| {
        (1..9).any(|number| drive[*at..].starts_with(&[number; 40]) && drive[at - 1] != number)
    };
    let gps: Vec<usize> = (1..drive.len()).filter(is_gps).collect();
    assert_eq!(gps.len(), 8);
    for at in gps {
        drive[at - 40..at + 40].fill(0xee);
    }
    drive
}

#[test]
fn what_nobody_wants_is_not_looked_at() {
    let scene = Scene::new();
    for writer in [DriveWriter::bag(), DriveWriter::mcap()] {
        let path = scene.file("drive", &without_gps_chunks(writer));
        let outcome = read_all(&path);
        assert_eq!((outcome.frames, outcome.skips), (expected(9), vec![]));
        // It is named for those who do.
        let gps = Selection { topics: vec!["/gps".to_owned()], ..Selection::default() };
        let (messages, damage) = content(&open(&path).unwrap(), &gps);
        assert_eq!((messages.len(), damage.len()), (1, 8), "{damage:?}");
    }
}

/// Where the summary's records of an operation have their bodies.
fn summary_bodies(drive: &[u8], wanted: u8) -> Vec<usize> {
    let footer = drive.len() - 8 - 20;
    let mut at = u64::from_le_bytes(drive[footer..footer + 8].try_into().unwrap()) as usize;
    let mut bodies = Vec::new();
    while at < footer - 9 {
        if drive[at] == wanted {
            bodies.push(at + 9);
        }
        at += 9 + u64::from_le_bytes(drive[at + 1..at + 9].try_into().unwrap()) as usize;
    }
    bodies
}

const CHUNK_INDEX: u8 = 8;
const STATISTICS: u8 = 11;

/// Reads a drive whose summary was changed, and whose checksum is right.
fn read_changed(change: impl Fn(&mut [u8], &[usize], usize)) -> Outcome {
    let mut drive = fill(DriveWriter::mcap().chunk_bytes(1), 9).finish();
    let (chunks, statistics) =
        (summary_bodies(&drive, CHUNK_INDEX), summary_bodies(&drive, STATISTICS)[0]);
    change(&mut drive, &chunks, statistics);
    let footer = drive.len() - 8 - 20;
    let at = u64::from_le_bytes(drive[footer..footer + 8].try_into().unwrap()) as usize;
    let crc = crc32fast::hash(&drive[at..footer + 16]);
    drive[footer + 16..footer + 20].copy_from_slice(&crc.to_le_bytes());
    let scene = Scene::new();
    read_all(&scene.file("drive.mcap", &drive))
}

/// Where a chunk index has the channels of its message indexes and their places,
/// behind how long that is.
const INDEXES: usize = 32;

#[test]
fn a_summary_that_does_not_add_up_is_not_believed() {
    // Every front frame's chunk is one of another channel, and the channel's
    // count is of that too.
    let gps = |drive: &mut [u8], chunks: &[usize]| {
        for (number, chunk) in chunks.iter().enumerate() {
            let channel = &mut drive[chunk + INDEXES + 4..][..2];
            if channel == [1, 0] && number > 5 {
                channel[0] = 2;
            }
        }
    };
    // A lie that nothing in the summary shows: named when all is read.
    let outcome = read_changed(|drive, chunks, _| gps(drive, chunks));
    let front = outcome.frames.iter().filter(|(camera, ..)| camera == "front").count();
    let reason = format!("drive.mcap: damaged: {front} messages of {FRONT} where the index has 9");
    assert!(front < 9, "{front}");
    assert_eq!(outcome.skips, [reason]);
    // What the statistics say contradicts itself, or the places of indexes are
    // elsewhere, or there are more chunks: all is read.
    let is_whole = |outcome: Outcome| assert_eq!(outcome.frames, expected(9));
    is_whole(read_changed(|drive, chunks, statistics| {
        gps(drive, chunks);
        drive[statistics] += 1;
    }));
    is_whole(read_changed(|drive, chunks, statistics| {
        gps(drive, chunks);
        drive[statistics + 22] += 1;
    }));
    is_whole(read_changed(|drive, chunks, _| {
        gps(drive, chunks);
        chunks.iter().for_each(|chunk| drive[chunk + INDEXES + 6..][..8].fill(0));
    }));
    is_whole(read_changed(|drive, chunks, _| {
        gps(drive, chunks);
        // Chunks of other lengths.
        chunks.iter().for_each(|chunk| drive[chunk + 24] ^= 0x80);
    }));
}

#[test]
fn chunks_without_message_indexes_are_read() {
    let scene = Scene::new();
    let writer = DriveWriter::mcap().chunk_bytes(1).without_message_indexes();
    let path = scene.file("drive.mcap", &fill(writer, 9).finish());
    check(&path);
    let outcome = read_all(&path);
    assert_eq!((outcome.frames, outcome.skips), (expected(9), vec![]));
}

/// In a bag an index record behind each chunk says what the index says.
#[test]
fn a_changed_index_of_a_bag_is_named() {
    let drive = fill(DriveWriter::bag().chunk_bytes(1), 9).finish();
    let scene = Scene::new();
    // A chunk info's data: a connection and its messages.
    let info = b"ver=\x01\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0";
    let infos = (0..drive.len()).filter(|at| drive[*at..].starts_with(info));
    let infos: Vec<usize> = infos.collect();
    assert_eq!(infos.len(), 9);
    for at in infos {
        let mut changed = drive.clone();
        changed[at + 12] = 1;
        let outcome = read_all(&scene.file("drive", &changed));
        assert_eq!(outcome.frames, expected(9));
        let reason = format!("damaged: 1 messages of {FRONT} where the index has 0");
        assert!(outcome.has(&reason), "{:?}", outcome.skips);
    }
}
