//! Recordings that other programs wrote (`testdata/README.md`).

use roadloop_base::{Frame, Nanos, PixelEncoding};

use super::*;

pub(super) fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn frames(name: &str) -> Vec<Frame> {
    let recording = open(&testdata(name)).unwrap();
    assert_eq!(recording.damage(), []);
    let frames = recording.frames(&Selection::default()).unwrap();
    let frames = frames.map(|read| match read {
        Read::Frame(frame) => frame,
        other => panic!("{name}: {other:?}"),
    });
    frames.collect()
}

/// The pixels of drawn image `number`, rows padded with zeros to `step` bytes.
fn drawn(number: u32, channels: u32, step: u32) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..30 {
        for x in 0..step {
            let block = number..number + 8;
            pixels.push(match x / channels {
                40.. => 0,
                column if block.contains(&column) && block.contains(&y) => 255 - number as u8,
                _ => 20 * number as u8,
            });
        }
    }
    pixels
}

/// What other writers write contradicts itself nowhere.
#[test]
fn nothing_is_damaged() {
    let names =
        ["example-unsorted-chunks.bag", "no-messages.bag", "rosbags-bz2.bag", "rosbags-lz4.bag"];
    for name in names {
        let recording = open(&testdata(name)).unwrap();
        assert_eq!(recording.damage(), [], "{name}");
        assert_eq!(recording.scanned_damage(), [], "{name}");
    }
}

#[test]
fn drawn_frames() {
    for name in [
        "rosbags-bz2.bag",
        "rosbags-lz4.bag",
        "rosbags-sqlite3",
        "rosbags-mcap",
        "mcap-lz4.mcap",
        "mcap-zstd.mcap",
    ] {
        let frames = frames(name);
        assert_eq!(frames.len(), 18, "{name}");
        for (place, frame) in frames.iter().enumerate() {
            let number = place as u32 / 3;
            let logged_at = 1_605_823_200_000_000_000 + i64::from(number) * 100_000_000;
            assert_eq!(frame.taken_at, Nanos(logged_at + place as i64 % 3), "{name} {place}");
            assert_eq!(frame.stamp, Nanos(1_605_823_199_000_000_000 + i64::from(number)));
            assert_eq!(frame.id.sequence, number);
            let camera = ["front", "rear", "left"][place % 3];
            assert_eq!(frame.id.camera.as_str(), camera);
            match (&frame.image, camera) {
                (EncodedImage::Raw(raw), "front") => {
                    assert_eq!((raw.width, raw.height, raw.step), (40, 30, 120));
                    assert_eq!(raw.encoding, PixelEncoding::Bgr8);
                    assert_eq!(&raw.data[..], drawn(number, 3, 120), "{name} {place}");
                }
                (EncodedImage::Raw(raw), "rear") => {
                    assert_eq!((raw.width, raw.height, raw.step), (40, 30, 44));
                    assert_eq!(raw.encoding, PixelEncoding::Mono8);
                    assert_eq!(&raw.data[..], drawn(number, 1, 44), "{name} {place}");
                }
                (EncodedImage::Jpeg(bytes), "left") => {
                    assert_eq!(number % 2, 0);
                    assert!(bytes.ends_with(b"\xff\xd9"), "{name} {place}");
                }
                (EncodedImage::Png(bytes), "left") => {
                    assert_eq!(number % 2, 1);
                    assert!(bytes.ends_with(b"IEND\xaeB\x60\x82"), "{name} {place}");
                }
                (image, camera) => panic!("{name}: {camera} is {image:?}"),
            }
        }
    }
}

#[track_caller]
fn check_topics(name: &str, expected: &[&str]) {
    let recording = open(&testdata(name)).unwrap();
    assert_eq!(recording.damage(), [], "{name}");
    let topics: Vec<String> = recording
        .topics()
        .iter()
        .map(|topic| format!("{} {} {:?}", topic.name, topic.message_type, topic.messages))
        .collect();
    assert_eq!(topics, expected, "{name}");
    let refused = recording.frames(&Selection::default());
    assert!(matches!(refused, Err(BagError::NoCameras { .. })), "{name}");
}

#[test]
fn recordings_without_cameras() {
    check_topics("no-messages.bag", &[]);
    check_topics("example-unsorted-chunks.bag", &["foo std_msgs/String Some(3)"]);
    let converted =
        ["a_empty test_msgs/msg/Empty Some(100)", "b_basictypes test_msgs/msg/BasicTypes Some(50)"];
    check_topics("rosbag2-sqlite3", &converted);
    check_topics("rosbag2-mcap", &converted);
}

/// What an index says is what reading everything finds.
#[test]
fn indexes_count_what_is_there() {
    let recordings = crate::find_recordings(&testdata("")).unwrap();
    assert!(recordings.len() >= 10);
    for path in recordings {
        let recording = open(&path).unwrap();
        let scanned = recording.scanned_counts();
        for topic in recording.topics() {
            let scanned = scanned.get(&topic.name).copied().unwrap_or(0);
            assert_eq!(topic.messages, Some(scanned), "{} {}", path.display(), topic.name);
        }
    }
}
