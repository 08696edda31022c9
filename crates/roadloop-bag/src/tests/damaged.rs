//! Damaged recordings give what can be read, name what cannot, and never take
//! the program with them.

use super::*;
use crate::find_recordings;
use proptest::prelude::*;

#[track_caller]
fn check_no_recording(name: &str, content: &[u8], expected: &str) {
    let scene = Scene::new();
    let error = open(&scene.file(name, content)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(expected) && text.contains(name), "{text}");
    assert_eq!(error.kind(), roadloop_base::ErrorKind::Invalid);
}

#[test]
fn text_file_named_bag() {
    check_no_recording(
        "drive.bag",
        b"this is no bag, but a text",
        "found text that begins with \"this is no bag, but a text\"; expected a ROS 1 bag",
    );
}

#[test]
fn zero_byte_file() {
    check_no_recording("drive.mcap", b"", "the file is empty (0 bytes); expected a ROS 1 bag");
}

#[test]
fn other_sqlite_database() {
    let scene = Scene::new();
    let path = scene.path("state.db3");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE jobs (id INTEGER)").unwrap();
    drop(db);
    let error = open(&path).unwrap_err().to_string();
    assert!(error.contains("an SQLite database without the tables topics and messages"), "{error}");
}

#[test]
fn empty_folder() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("empty")).unwrap();
    scene.file("notes/todo.txt", b"nothing");
    for (folder, files) in [("empty", "0 files"), ("notes", "1 files")] {
        let error = find_recordings(&scene.path(folder)).unwrap_err().to_string();
        assert!(error.contains("no recordings in this folder") && error.contains(files), "{error}");
        assert!(error.contains("rosbag2 folder") && error.contains(folder), "{error}");
        assert!(open(&scene.path(folder)).is_err());
    }
    let error = find_recordings(&scene.path("absent")).unwrap_err();
    assert_eq!(error.kind(), roadloop_base::ErrorKind::NotFound);
}

#[test]
fn rosbag2_folder_in_unknown_compression_is_refused_by_name() {
    let scene = Scene::new();
    let text = "rosbag2_bagfile_information:\n  compression_format: fake_comp\n  \
                compression_mode: FILE\n";
    scene.file("drive/metadata.yaml", text.as_bytes());
    scene.file("drive/drive_0.db3", b"SQLite format 3\0");
    let error = open(&scene.path("drive")).unwrap_err().to_string();
    assert!(error.contains("in \"fake_comp\" compression cannot be read yet"), "{error}");
}

#[test]
fn a_compressed_recording_cut_in_half() {
    let scene = Scene::new();
    let drive = fill(DriveWriter::bag().without_index(), 21).finish();
    // In several frames, for of a block that is cut off nothing comes out.
    let whole: Vec<u8> =
        drive.chunks(1000).flat_map(|piece| zstd::encode_all(piece, 0).unwrap()).collect();
    let path = scene.file("drive.bag.zst", &whole[..whole.len() / 2]);
    let outcome = read_all(&path);
    let frames = outcome.frames.len();
    assert!(frames > 0 && outcome.frames[..] == expected(21)[..frames], "{frames} frames");
    assert!(outcome.skips[0].contains("zstd data does not decompress"), "{:?}", outcome.skips);
}

/// Frames that lie wholly before a byte.
fn frames_before(picture_ends: &[usize], at: usize) -> usize {
    picture_ends.iter().filter(|end| **end <= at).count()
}

/// Where each picture of `fill` ends in the bytes of a recording without compression.
fn picture_ends(drive: &[u8], frames: u64) -> Vec<usize> {
    let mut ends = Vec::new();
    for (_, _, data) in expected(frames) {
        let from = ends.last().copied().unwrap_or(0);
        let at = drive[from..].windows(data.len()).position(|window| window == data).unwrap();
        ends.push(from + at + data.len());
    }
    ends
}

/// Cuts a recording at every so many bytes: every frame before the cut is
/// there, and the cut is named.
#[track_caller]
fn check_cut(writer: DriveWriter, is_compressed: bool) {
    let drive = fill(writer, 9).finish();
    let scene = Scene::new();
    let ends = if is_compressed { vec![] } else { picture_ends(&drive, 9) };
    for cut in (16..drive.len()).step_by(37) {
        let path = scene.file("drive", &drive[..cut]);
        let outcome = match read(&path, &Selection::default()) {
            Ok(outcome) => outcome,
            // Cut before the first description of a camera.
            Err(BagError::NoCameras { .. } | BagError::NothingReadable { .. }) => {
                Outcome::default()
            }
            Err(error) => panic!("cut at {cut}: {error}"),
        };
        let before = frames_before(&ends, cut);
        assert!(
            outcome.frames.len() >= before,
            "cut at {cut}: {} < {before}",
            outcome.frames.len()
        );
        let sound = expected(9);
        assert_eq!(outcome.frames[..], sound[..outcome.frames.len()], "cut at {cut}");
        if !outcome.frames.is_empty() && outcome.frames.len() < sound.len() {
            assert!(!outcome.skips.is_empty(), "cut at {cut}: nothing is named");
        }
    }
}

#[test]
fn truncated_bag() {
    check_cut(DriveWriter::bag().chunk_bytes(3000), false);
    check_cut(DriveWriter::bag().chunk_bytes(3000).without_index(), false);
    check_cut(DriveWriter::bag().chunk_bytes(3000).compression(Compression::Lz4), true);
    check_cut(DriveWriter::bag().chunk_bytes(3000).compression(Compression::Bz2), true);
}

#[test]
fn truncated_mcap() {
    check_cut(DriveWriter::mcap().chunk_bytes(3000), false);
    check_cut(DriveWriter::mcap().chunk_bytes(0), false);
    check_cut(DriveWriter::mcap().chunk_bytes(3000).without_index(), false);
    check_cut(DriveWriter::mcap().chunk_bytes(3000).compression(Compression::Zstd), true);
    check_cut(DriveWriter::mcap().chunk_bytes(3000).compression(Compression::Lz4), true);
}

#[test]
fn a_cut_is_named_with_its_place() {
    let scene = Scene::new();
    for (name, writer) in writers() {
        let drive = fill(writer, 21).finish();
        let outcome = read_all(&scene.file(name, &drive[..drive.len() * 3 / 5]));
        assert!(!outcome.frames.is_empty(), "{name}");
        let is_named = outcome.has("the file ends") && outcome.has(name);
        assert!(is_named, "{name}: {:?}", outcome.skips);
    }
}

/// Damages bytes of a recording in the middle and compares what is left with
/// what was there: frames outside of the damaged chunk keep their sequences.
#[track_caller]
fn check_chunk_lost(name: &str, writer: DriveWriter, expected_reason: &str) {
    let mut drive = fill(writer, 21).finish();
    let middle = drive.len() / 2;
    for byte in &mut drive[middle..middle + 40] {
        *byte ^= 0x5a;
    }
    let scene = Scene::new();
    let outcome = read_all(&scene.file("drive", &drive));
    assert!(outcome.has(expected_reason), "{name}: {:?}", outcome.skips);
    let sound = expected(21);
    let lost = sound.len() - outcome.frames.len();
    assert!((1..9).contains(&lost), "{name}: {lost} frames lost, {:?}", outcome.skips);
    for frame in &outcome.frames {
        assert!(sound.contains(frame), "{name}: {} {} is not as it was", frame.0, frame.1);
    }
    assert_eq!(outcome.frames.last(), sound.last(), "{name}");
}

#[test]
fn a_damaged_chunk_costs_itself_and_sequences_stay() {
    use Compression::{Bz2, Lz4, Zstd};
    let bag = || DriveWriter::bag().chunk_bytes(3000);
    let mcap = || DriveWriter::mcap().chunk_bytes(3000);
    check_chunk_lost("lz4", bag().compression(Lz4), "does not decompress");
    check_chunk_lost("bz2", bag().compression(Bz2), "bz2 data de");
    check_chunk_lost("lz4 open", bag().compression(Lz4).without_index(), "does not decompress");
    check_chunk_lost("mcap", mcap(), "checksum is wrong");
    check_chunk_lost("mcap open", mcap().without_index(), "checksum is wrong");
    check_chunk_lost("mcap zstd", mcap().compression(Zstd), "drive bytes");
    check_chunk_lost("mcap lz4", mcap().compression(Lz4), "drive bytes");
}

#[test]
fn damaged_records_in_a_chunk_cost_themselves() {
    for writer in [DriveWriter::bag(), DriveWriter::bag().without_index()] {
        // One chunk; the header of front message 4 is overwritten.
        let mut drive = fill(writer, 9).finish();
        let ends = picture_ends(&drive, 9);
        let picture =
            expected(9).iter().position(|(camera, n, _)| camera == "front" && *n == 4).unwrap();
        let header = ends[picture] - pixels(0).len() - 100;
        drive[header..header + 60].fill(0xee);
        let scene = Scene::new();
        let outcome = read_all(&scene.file("drive", &drive));
        let mut sound = expected(9);
        sound.remove(picture);
        let names = |frames: &[(String, u32, Vec<u8>)]| -> Vec<String> {
            frames.iter().map(|(camera, n, _)| format!("{camera} {n}")).collect()
        };
        assert_eq!(outcome.names(), names(&sound));
        assert!(outcome.has("damaged: a record"), "{:?}", outcome.skips);
    }
}

#[test]
fn image_data_shorter_than_its_header_says() {
    let mut writer = DriveWriter::mcap();
    for number in 0..3 {
        let picture = Picture::rgb8(16, 12, pixels(number));
        let cut = if number == 1 { 100 } else { usize::MAX };
        writer.push(FRONT, START + number * MS, picture.with_data_cut_to(cut));
    }
    let scene = Scene::new();
    let outcome = read_all(&scene.file("drive.mcap", &writer.finish()));
    assert_eq!(outcome.names(), ["front 0", "front 2"]);
    let reason =
        "topic /front/image_raw message 1: 100 bytes of data where 12 rows of 48 bytes need 576";
    assert_eq!(outcome.skips, [reason]);
}

#[test]
fn jpeg_cut_in_half_is_passed_on() {
    let mut writer = DriveWriter::bag();
    let half = jpeg(1)[..100].to_vec();
    writer.push(REAR, START, Picture::jpeg(half.clone()));
    let scene = Scene::new();
    let outcome = read_all(&scene.file("drive.bag", &writer.finish()));
    assert_eq!(outcome.frames, [("rear".to_owned(), 0, half)]);
    assert_eq!(outcome.skips, Vec::<String>::new());
}

#[test]
fn an_unknown_encoding_is_named_once_and_counted() {
    let mut writer = DriveWriter::bag();
    for number in 0..5 {
        writer.push(FRONT, START + number, Picture::raw(4, 4, "8SC1", vec![0; 32]));
        writer.push(REAR, START + number, Picture::jpeg(jpeg(number)));
    }
    let scene = Scene::new();
    let outcome = read_all(&scene.file("drive.bag", &writer.finish()));
    assert_eq!(outcome.frames.len(), 5);
    assert_eq!(outcome.skips.len(), 2);
    assert!(outcome.skips[0].starts_with("topic /front/image_raw message 0: pixels in \"8SC1\""));
    assert!(outcome.skips[1].starts_with("topic /front/image_raw: 4 more messages: pixels in"));
}

#[test]
fn a_bad_part_costs_itself() {
    let scene = Scene::new();
    let folder = scene.path("drive");
    fill(DriveWriter::db3(), 20).write_folder(&folder, 4);
    std::fs::write(folder.join("drive_1.db3"), b"").unwrap();
    std::fs::remove_file(folder.join("drive_2.db3")).unwrap();
    let outcome = read_all(&folder);
    assert!(outcome.has("drive_1.db3: the file is empty"), "{:?}", outcome.skips);
    assert!(outcome.has("part \"drive_2.db3\": the file is missing"), "{:?}", outcome.skips);
    assert_eq!(outcome.frames.first(), expected(20).first());
    let last = outcome.frames.last().unwrap();
    assert_eq!(last.2, expected(20).last().unwrap().2);
}

/// Cuts a database at every page, and overwrites every page in turn: what can
/// be read is as it was, the rest is named.
#[test]
fn damaged_database() {
    let scene = Scene::new();
    fill(DriveWriter::db3(), 60).write_folder(&scene.path("whole"), 1);
    let drive = std::fs::read(scene.path("whole/drive_0.db3")).unwrap();
    let sound = expected(60);
    let mut most = 0;
    for page in 1..drive.len() / 4096 {
        let mut overwritten = drive.clone();
        overwritten[page * 4096..(page + 1) * 4096].fill(0xee);
        for damaged in [&drive[..page * 4096], &overwritten[..]] {
            let Ok(outcome) = read(&scene.file("drive.db3", damaged), &Selection::default()) else {
                continue;
            };
            assert!(!outcome.skips.is_empty(), "page {page}: nothing is named");
            assert!(outcome.frames.iter().all(|frame| sound.iter().any(|f| f.2 == frame.2)));
            most = most.max(outcome.frames.len());
        }
    }
    assert!(most > sound.len() / 2, "{most} of {}", sound.len());
}

/// A recording with some bytes changed: at worst an error, never fewer frames
/// than lie before the first damage, never one that is not of a camera.
fn check_flips(name: &str, drive: &[u8], ends: &[usize], flips: &[(usize, u8)]) {
    let mut damaged = drive.to_vec();
    for (at, mask) in flips {
        damaged[at % drive.len()] ^= mask;
    }
    let first = flips.iter().map(|(at, _)| at % drive.len()).min().unwrap();
    let scene = Scene::new();
    let before = frames_before(ends, first);
    match read(&scene.file("drive", &damaged), &Selection::default()) {
        Ok(outcome) => {
            let kept = outcome.frames.len();
            assert!(kept >= before, "{name} {flips:?}: {kept} frames, {before} before the damage");
            assert!(kept <= 2 * expected(9).len());
            let mut names = outcome.names();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), kept, "{name} {flips:?}: two frames share a sequence");
        }
        Err(error) => assert_eq!(before, 0, "{name} {flips:?}: {error}"),
    }
}

/// Changes every byte of a bag in turn: no frame before it is missing, and none
/// is missing or of another camera without a word about it. A picture's own
/// bytes have no checksum in this format; where the change is in them, that one
/// frame differs.
#[track_caller]
fn check_every_byte(writer: DriveWriter, mask: u8) {
    let drive = fill(writer, 9).finish();
    let ends = picture_ends(&drive, 9);
    let sound = expected(9);
    let pictures: Vec<_> =
        sound.iter().zip(&ends).map(|((_, _, data), end)| end - data.len()..*end).collect();
    // The header's padding, and most of what is in pictures, says nothing new.
    let says_nothing = |at: usize| {
        (200..4000).contains(&at)
            || (!at.is_multiple_of(61) && pictures.iter().any(|p| p.contains(&at)))
    };
    let scene = Scene::new();
    let mut silent = Vec::new();
    for at in (13..drive.len()).filter(|at| !says_nothing(*at)) {
        let mut damaged = drive.clone();
        damaged[at] ^= mask;
        let Ok(outcome) = read(&scene.file("drive", &damaged), &Selection::default()) else {
            continue;
        };
        let has_names = outcome.names().iter().eq(sound
            .iter()
            .map(|(camera, number, _)| format!("{camera} {number}"))
            .collect::<Vec<_>>()
            .iter());
        let differ = outcome.frames.iter().zip(&sound).filter(|(a, b)| a != b).count();
        let (kept, before) = (outcome.frames.len(), frames_before(&ends, at));
        assert!(kept >= before, "byte {at}: {kept} of {before}: {:?}", outcome.skips);
        if outcome.skips.is_empty() && (!has_names || differ > 1) {
            silent.push((at, outcome.names().len(), differ));
        }
    }
    assert_eq!(silent, []);
}

#[test]
fn nothing_is_lost_in_silence() {
    check_every_byte(DriveWriter::bag().chunk_bytes(3000), 0x01);
    check_every_byte(DriveWriter::bag().chunk_bytes(3000), 0x80);
    check_every_byte(DriveWriter::bag().chunk_bytes(3000).without_index(), 0x04);
    // Where most chunks of the topics nobody wants are passed over.
    check_every_byte(DriveWriter::bag().chunk_bytes(1), 0x01);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_bytes_are_survived(
        kind in 0usize..15,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
    ) {
        let (name, writer) = writers().swap_remove(kind);
        let drive = fill(writer, 9).finish();
        // In a compressed recording, or one with checksums, whole chunks go.
        let ends = match name {
            "bag" | "bag-unindexed" | "mcap-unchunked" | "mcap-unchunked-unindexed"
            | "bag-of-small-chunks" => picture_ends(&drive, 9),
            _ => vec![],
        };
        let flips: Vec<_> = flips.iter().map(|(at, mask)| (at.index(drive.len()), *mask)).collect();
        check_flips(name, &drive, &ends, &flips);
    }

    /// With checksums and an index, what is left is exactly what it was.
    #[test]
    fn frames_of_a_damaged_mcap_keep_their_sequences(
        kind in 0usize..3,
        chunk_bytes in prop::sample::select(vec![1, 1500]),
        at in any::<prop::sample::Index>(),
        mask in 1u8..,
    ) {
        let compression = [Compression::None, Compression::Lz4, Compression::Zstd][kind];
        let writer = DriveWriter::mcap().chunk_bytes(chunk_bytes).compression(compression);
        let mut drive = fill(writer, 15).finish();
        // Behind the magic, without which it is no recording at all.
        let at = 8 + at.index(drive.len() - 8);
        drive[at] ^= mask;
        let scene = Scene::new();
        let outcome = read_all(&scene.file("drive", &drive));
        let sound = expected(15);
        prop_assert!(outcome.frames.len() + 5 >= sound.len(), "{:?}", outcome.skips);
        for frame in &outcome.frames {
            prop_assert!(sound.contains(frame), "{} {} {:?}", frame.0, frame.1, outcome.skips);
        }
        let is_whole = outcome.frames.len() == sound.len();
        prop_assert!(is_whole || !outcome.skips.is_empty());
    }

    #[test]
    fn a_changed_database_is_survived(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let scene = Scene::new();
        fill(DriveWriter::db3(), 9).write_folder(&scene.path("drive"), 1);
        let path = scene.path("drive/drive_0.db3");
        let mut drive = std::fs::read(&path).unwrap();
        for (at, mask) in &flips {
            let at = at.index(drive.len());
            drive[at] ^= mask;
        }
        std::fs::write(&path, &drive).unwrap();
        if let Ok(outcome) = read(&scene.path("drive"), &Selection::default()) {
            prop_assert!(outcome.frames.len() <= 28);
        }
    }
}
