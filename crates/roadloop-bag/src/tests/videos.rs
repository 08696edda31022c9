//! Videos in compressed images: a topic is what its first sound message is.

use super::*;

/// A picture of a stream, as it comes out of an encoder.
fn picture(format: &str, number: u8) -> Picture {
    Picture::compressed(format, vec![0, 0, 0, 1, 0x65, number])
}

/// Sequence and encoding of every third frame, those in brackets that are there for
/// others; then what is skipped.
#[track_caller]
fn check(fill: impl Fn(&mut DriveWriter), is_video: bool, expected: &str) {
    let kinds = [
        DriveWriter::bag().chunk_bytes(1),
        DriveWriter::bag(),
        DriveWriter::mcap().chunk_bytes(1),
        DriveWriter::mcap().chunk_bytes(0),
        DriveWriter::mcap().without_index(),
        DriveWriter::db3(),
    ];
    for (number, mut writer) in kinds.into_iter().enumerate() {
        let scene = Scene::new();
        fill(&mut writer);
        let path = if number == 5 {
            writer.write_folder(&scene.path("drive"), 1);
            scene.path("drive")
        } else {
            scene.file("drive", &writer.finish())
        };
        let recording = open(&path).unwrap();
        let topic = recording.topics().iter().find(|topic| topic.name == REAR).unwrap();
        assert_eq!(topic.is_video, is_video, "{number}");
        let topics = vec![REAR.to_owned()];
        let selection = Selection { topics, every: 3, ..Selection::default() };
        let frames = recording.frames(&selection).unwrap().map(|read| match read {
            Read::Frame(frame) => format!("{} {}", frame.id.sequence, frame.image.encoding()),
            Read::Unselected(frame) => format!("({})", frame.id.sequence),
            Read::Skipped(skip) => format!("{}: {}", skip.place, skip.reason),
            Read::Failed(error) => error.to_string(),
        });
        assert_eq!(frames.collect::<Vec<_>>().join(", "), expected, "{number}");
    }
}

#[test]
fn pictures_come_with_those_before_them() {
    let fill = |writer: &mut DriveWriter| {
        for number in 0..100 {
            // Long before it, and no video.
            writer.push(FRONT, START + number * MS, Picture::jpeg(jpeg(number)));
        }
        for number in 100..105 {
            writer.push(FRONT, START + number * MS, Picture::jpeg(jpeg(number)));
            writer.push(REAR, START + number * MS + 1, picture("h264", number as u8));
        }
    };
    check(fill, true, "0 h264, (1), (2), 3 h264, (4)");
}

#[test]
fn a_damaged_message_decides_nothing() {
    let fill = |writer: &mut DriveWriter| {
        writer.push(REAR, START, Picture::compressed("hevc", vec![1, 2]));
        for number in 1..4 {
            writer.push(REAR, START + number, picture("hevc", 0));
        }
    };
    let damage = "topic /rear/image_raw/compressed message 0: neither JPEG, PNG nor WebP: \
                  2 bytes that begin with [01 02], format \"hevc\"";
    check(fill, true, &format!("{damage}, (1), (2), 3 h265"));
    let fill = |writer: &mut DriveWriter| {
        for number in 0..200 {
            writer.push(REAR, START + number, Picture::compressed("hevc", vec![]));
        }
    };
    let scene = Scene::new();
    let mut writer = DriveWriter::bag();
    fill(&mut writer);
    let recording = open(&scene.file("drive.bag", &writer.finish())).unwrap();
    assert!(!recording.topics()[0].is_video);
}

#[test]
fn images_and_pictures_on_one_topic() {
    let fill = |first: Picture, second: Picture| {
        move |writer: &mut DriveWriter| {
            for (number, picture) in [&first, &second, &first, &second].into_iter().enumerate() {
                writer.push(REAR, START + number as u64, picture.clone());
            }
        }
    };
    let (image, video) = (Picture::jpeg(jpeg(0)), picture("h264", 0));
    let named = "topic /rear/image_raw/compressed message 3: \
                 a picture of a video among images, not read";
    let images_first = fill(image.clone(), video.clone());
    check(images_first, false, &format!("0 jpeg, {named}"));
    check(fill(video, image), true, "0 h264, (2), 3 jpeg");
}
