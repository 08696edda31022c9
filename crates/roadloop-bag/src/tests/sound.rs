//! Sound recordings of every kind give every frame, bytes and all.

use super::*;
use crate::{Format, find_recordings};

#[test]
fn every_kind_of_file() {
    for (name, writer) in writers() {
        let scene = Scene::new();
        let path = scene.file("drive", &fill(writer, 21).finish());
        let outcome = read_all(&path);
        assert_eq!(outcome.frames, expected(21), "{name}");
        // A bag without an index was not closed; for MCAP that is allowed.
        let is_open_bag = name.starts_with("bag") && name.ends_with("unindexed");
        assert_eq!(outcome.skips.len(), usize::from(is_open_bag), "{name} {:?}", outcome.skips);
    }
}

#[test]
fn topics_are_known_with_and_without_an_index() {
    for (name, writer) in writers() {
        let scene = Scene::new();
        let path = scene.file("drive", &fill(writer, 21).finish());
        let recording = open(&path).unwrap();
        let topics: Vec<_> = recording.topics().iter().map(|t| (&*t.name, t.messages)).collect();
        let expected = [(FRONT, Some(21)), ("/gps", Some(21)), (REAR, Some(11))];
        assert_eq!(topics, expected, "{name}");
        let cameras: Vec<_> = recording.topics().iter().map(|t| t.camera.is_some()).collect();
        assert_eq!(cameras, [true, false, true], "{name}");
        let is_bag = name.starts_with("bag");
        assert_eq!(recording.format(), if is_bag { Format::Ros1Bag } else { Format::Mcap });
    }
}

/// Each part in a file of its own, as rosbag2's compression mode FILE does.
#[test]
fn rosbag2_folders_compressed_file_by_file() {
    for (suffix, is_listed) in [("zstd", true), ("zst", false)] {
        let scene = Scene::new();
        let folder = scene.path("drive");
        let writer = fill(DriveWriter::db3(), 21);
        if is_listed { writer } else { writer.without_index() }.write_folder(&folder, 3);
        for part in 0..3 {
            let path = folder.join(format!("drive_{part}.db3"));
            let compressed = zstd::encode_all(std::fs::File::open(&path).unwrap(), 0).unwrap();
            std::fs::remove_file(&path).unwrap();
            std::fs::write(path.with_added_extension(suffix), compressed).unwrap();
        }
        let outcome = read_all(&folder);
        assert_eq!(outcome.frames, expected(21));
        assert_eq!(outcome.skips, Vec::<String>::new());
        assert_eq!(find_recordings(&folder).unwrap(), std::slice::from_ref(&folder));
    }
}

#[test]
fn rosbag2_folders_compressed_message_by_message() {
    let scene = Scene::new();
    let folder = scene.path("drive");
    fill(DriveWriter::db3().compression(Compression::Zstd), 21).write_folder(&folder, 2);
    let outcome = read_all(&folder);
    assert_eq!(outcome.frames, expected(21));
    assert_eq!(outcome.skips, Vec::<String>::new());
}

/// The same content has the same name, compressed or not.
#[test]
fn recordings_compressed_as_a_whole() {
    for (name, writer) in [("drive.bag", DriveWriter::bag()), ("drive.mcap", DriveWriter::mcap())] {
        let scene = Scene::new();
        let drive = fill(writer, 21).finish();
        let plain = scene.file(name, &drive);
        let id = open(&plain).unwrap().id().clone();
        let compressed = zstd::encode_all(&drive[..], 0).unwrap();
        let path = scene.file(&format!("{name}.zst"), &compressed);
        let outcome = read_all(&path);
        assert_eq!(outcome.frames, expected(21), "{name}");
        assert_eq!(outcome.skips, Vec::<String>::new());
        assert_eq!(*open(&path).unwrap().id(), id);
        std::fs::remove_file(plain).unwrap();
        assert_eq!(find_recordings(&scene.path("")).unwrap(), [path]);
    }
}

#[test]
fn rosbag2_folders() {
    for (parts, has_metadata) in [(1, true), (3, true), (1, false), (12, false)] {
        let scene = Scene::new();
        let mut writer = fill(DriveWriter::db3(), 21);
        if !has_metadata {
            writer = writer.without_index();
        }
        let folder = scene.path("my drive?#%");
        writer.write_folder(&folder, parts);
        let outcome = read_all(&folder);
        assert_eq!(outcome.frames, expected(21), "{parts} parts");
        assert_eq!(outcome.skips, Vec::<String>::new());
        let recording = open(&folder).unwrap();
        assert!(recording.id().as_str().starts_with("my_drive___-"), "{}", recording.id());
        assert_eq!(recording.topics()[0].messages, Some(21));
        assert_eq!(recording.format(), Format::Db3);
        assert_eq!(find_recordings(&folder).unwrap(), std::slice::from_ref(&folder));
        // Nothing was written beside them.
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, parts + usize::from(has_metadata));
        // A part alone is a recording too.
        let alone = read_all(&folder.join("drive_0.db3"));
        assert!(alone.frames.len() <= 32 && alone.frames[..] == expected(21)[..alone.frames.len()]);
    }
}

#[test]
fn a_folder_of_mcap_parts_has_one_count() {
    let scene = Scene::new();
    let all = expected(21);
    for part in 0..3 {
        let mut writer = DriveWriter::mcap();
        for number in part * 7..part * 7 + 7 {
            let time = START + number * 100 * MS;
            writer.push(FRONT, time, Picture::rgb8(16, 12, pixels(number)));
        }
        scene.file(&format!("drive/x_{part}.mcap"), &writer.finish());
    }
    let outcome = read_all(&scene.path("drive"));
    let front: Vec<_> = all.into_iter().filter(|(camera, ..)| camera == "front").collect();
    assert_eq!((outcome.frames, outcome.skips), (front, vec![]));
}

#[test]
fn rows_are_read_in_order_of_time() {
    let scene = Scene::new();
    let mut writer = DriveWriter::db3();
    for number in [2, 0, 3, 1] {
        writer.push(FRONT, START + number * MS, Picture::rgb8(16, 12, pixels(number)));
    }
    writer.write_folder(&scene.path("drive"), 1);
    let outcome = read_all(&scene.path("drive"));
    let by_time: Vec<_> = (0..4).map(|n| ("front".to_owned(), n as u32, pixels(n))).collect();
    assert_eq!(outcome.frames, by_time);
}

#[test]
fn ids_follow_from_content() {
    let scene = Scene::new();
    let drive = fill(DriveWriter::bag(), 5).finish();
    let mut other = drive.clone();
    *other.last_mut().unwrap() ^= 1;
    let id =
        |name: &str, content: &[u8]| open(&scene.file(name, content)).unwrap().id().to_string();
    let first = id("a/drive.bag", &drive);
    assert_eq!(first, id("b/drive.bag", &drive));
    assert_ne!(first, id("c/drive.bag", &other));
    assert!(first.starts_with("drive-") && first.len() == "drive-".len() + 8, "{first}");
    assert_eq!(first, id("d/drive.bag.active", &drive));
    assert_eq!(first.replace("drive", "2020.11.19"), id("2020.11.19.bag", &drive));
}

#[test]
fn frames_can_be_read_on_another_thread() {
    let scene = Scene::new();
    let path = scene.file("drive.bag", &fill(DriveWriter::bag(), 5).finish());
    let folder = scene.path("drive");
    fill(DriveWriter::db3(), 5).write_folder(&folder, 2);
    for path in [path, folder] {
        let frames = open(&path).unwrap().frames(&Selection::default()).unwrap();
        assert_eq!(std::thread::spawn(|| frames.count()).join().unwrap(), 8);
    }
}

#[test]
fn recordings_are_found_below_a_folder() {
    let scene = Scene::new();
    let bag = fill(DriveWriter::bag(), 1).finish();
    let mcap = fill(DriveWriter::mcap(), 1).finish();
    for file in ["b.bag", "a/x.bag", "a/without-extension", ".hidden/y.bag"] {
        scene.file(file, &bag);
    }
    scene.file("a/notes.txt", b"notes");
    scene.file("monday/cam_front.mcap", &mcap);
    scene.file("monday/cam_rear.mcap", &mcap);
    fill(DriveWriter::db3(), 4).write_folder(&scene.path("drives/one"), 2);
    #[cfg(unix)]
    std::os::unix::fs::symlink(scene.folder.path(), scene.path("a/loop")).unwrap();
    let found = find_recordings(scene.folder.path()).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|path| path.strip_prefix(scene.folder.path()).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        found,
        [
            "a/without-extension",
            "a/x.bag",
            "b.bag",
            "drives/one",
            "monday/cam_front.mcap",
            "monday/cam_rear.mcap"
        ]
    );
    let one = scene.path("b.bag");
    assert_eq!(find_recordings(&one).unwrap(), [one]);
}
