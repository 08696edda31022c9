//! Pictures of videos, decoded on the reader's thread: each needs those before it.
//! Other frames pass as they are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roadloop_bag::{BagError, Frames, Read};
use roadloop_base::{Camera, EncodedImage, Frame, Skip, VideoCodec, VideoPicture};
use roadloop_vision::VideoDecoder;

/// Pictures that nobody may ever ask for are kept in order not to be decoded; so
/// many bytes of a camera's at most, with what is known of each.
const KEPT: usize = 32 << 20;

/// A frame that can be looked at, or why there is none; an error ends them all.
pub(crate) type Shown = Result<Result<Frame, Skip>, BagError>;

/// Reads a recording's selected frames, those of videos with their pixels.
#[derive(Debug)]
pub(crate) struct Films {
    frames: Frames,
    by_camera: HashMap<Camera, Film>,
    /// Why frames of a topic have no picture, and how many.
    left_out: BTreeMap<(Arc<str>, String), u64>,
}

/// One camera's video.
#[derive(Debug, Default)]
struct Film {
    decoder: Option<VideoDecoder>,
    /// The last picture's place.
    sequence: Option<u32>,
    /// From the last picture that needs no other on, and not yet decoded.
    waiting: Vec<VideoPicture>,
    /// What these take in memory.
    waiting_bytes: usize,
}

impl Films {
    pub(crate) fn new(frames: Frames) -> Films {
        Films { frames, by_camera: HashMap::new(), left_out: BTreeMap::new() }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.frames.bytes_read()
    }

    fn take(&mut self, mut frame: Frame, is_selected: bool) -> Option<Frame> {
        let EncodedImage::Video(picture) = &mut frame.image else { return Some(frame) };
        let film = self.by_camera.entry(frame.id.camera.clone()).or_default();
        let decoded = film.add(picture, frame.id.sequence, is_selected);
        match decoded {
            Ok(()) if is_selected => Some(frame),
            Ok(()) => None,
            Err(reason) if is_selected => {
                *self.left_out.entry((Arc::clone(&frame.topic), reason)).or_default() += 1;
                None
            }
            // Whoever needs it will say so.
            Err(_) => None,
        }
    }
}

impl Film {
    /// Decodes a picture that is selected, and before it those it needs.
    fn add(
        &mut self,
        picture: &mut VideoPicture,
        sequence: u32,
        is_selected: bool,
    ) -> Result<(), String> {
        if picture.codec == VideoCodec::H265 {
            return Err("H.265 is kept in videos, and not decoded".to_owned());
        }
        let is_next = self.sequence.is_none_or(|last| sequence == last.wrapping_add(1));
        self.sequence = Some(sequence);
        if !is_next {
            self.forget();
            self.decoder.iter_mut().for_each(VideoDecoder::interrupt);
        }
        if VideoDecoder::is_key(&picture.data) {
            self.forget();
        }
        if !is_selected && self.waiting_bytes < KEPT {
            self.waiting_bytes += picture.data.len() + size_of::<VideoPicture>();
            self.waiting.push(picture.clone());
            return Ok(());
        }
        self.waiting_bytes = 0;
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => self.decoder.insert(VideoDecoder::new().map_err(|error| error.to_string())?),
        };
        for before in self.waiting.drain(..) {
            // What is wrong with it shows in those after it.
            let _ = decoder.decode(&before.data);
        }
        match decoder.decode(&picture.data) {
            Ok(Some(pixels)) => picture.decoded = Some(pixels),
            Ok(None) => return Err("before the first that needs no others".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Of pictures that wait, none is needed any more.
    fn forget(&mut self) {
        self.waiting.clear();
        self.waiting_bytes = 0;
    }
}

impl Iterator for Films {
    type Item = Shown;

    fn next(&mut self) -> Option<Shown> {
        loop {
            let (frame, is_selected) = match self.frames.next() {
                Some(Read::Frame(frame)) => (frame, true),
                Some(Read::Unselected(frame)) => (frame, false),
                Some(Read::Skipped(skip)) => return Some(Ok(Err(skip))),
                Some(Read::Failed(error)) => return Some(Err(error)),
                None => {
                    let ((topic, reason), count) = self.left_out.pop_first()?;
                    let pictures = if count == 1 { "picture" } else { "pictures" };
                    let reason = format!("{count} {pictures} not decoded: {reason}");
                    return Some(Ok(Err(Skip::new(format!("topic {topic}"), reason))));
                }
            };
            if let Some(frame) = self.take(frame, is_selected) {
                return Some(Ok(Ok(frame)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::BufWriter;

    use roadloop_bag::{Channel, Definition, McapCompression, McapWriter, Message, Selection};
    use roadloop_base::Nanos;
    use roadloop_vision::decode;

    use super::*;

    const TENTH: i64 = 100_000_000;

    /// 25 pictures, ten a second, a key picture every ten; some may be missing.
    fn recorded(is_there: impl Fn(usize) -> bool) -> (tempfile::TempDir, roadloop_bag::Recording) {
        let stream =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../roadloop-vision/testdata/video/testsrc.h264");
        let stream = fs::read(stream).unwrap();
        // Each picture begins with a delimiter.
        let starts: Vec<usize> = (0..stream.len())
            .filter(|at| stream[*at..].starts_with(&[0, 0, 0, 1, 9]))
            .chain([stream.len()])
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.mcap");
        let file = BufWriter::new(File::create(&path).unwrap());
        let mut writer = McapWriter::new(file, "ros1", McapCompression::None).unwrap();
        let channel = Arc::new(Channel {
            topic: "/front/video".to_owned(),
            encoding: "ros1".to_owned(),
            definition: Definition {
                name: "foxglove_msgs/CompressedVideo".to_owned(),
                encoding: "ros1msg".to_owned(),
                data: b"time timestamp\nuint8[] data\nstring format\n"[..].into(),
            },
            metadata: Vec::new(),
        });
        for (number, pair) in starts.windows(2).enumerate().filter(|(number, _)| is_there(*number))
        {
            let data = &stream[pair[0]..pair[1]];
            let len = (data.len() as u32).to_le_bytes();
            let data = [&[0; 8][..], &len, data, &4u32.to_le_bytes(), b"h264"].concat();
            let message = Message {
                topic: "/front/video".into(),
                channel: Arc::clone(&channel),
                sequence: 0,
                is_selected: true,
                logged_at: Nanos(number as i64 * TENTH),
                published_at: None,
                data: data.into(),
            };
            writer.message(&message).unwrap();
        }
        writer.finish().unwrap().into_inner().unwrap();
        let recording = roadloop_bag::open(&path).unwrap();
        (folder, recording)
    }

    /// The tenths of a second pictures were taken at, with them, and what was skipped.
    fn shown(
        recording: &roadloop_bag::Recording,
        selection: &Selection,
    ) -> (Vec<(i64, Vec<u8>)>, Vec<String>) {
        let (mut pictures, mut skips) = (Vec::new(), Vec::new());
        for shown in Films::new(recording.frames(selection).unwrap()) {
            match shown.unwrap() {
                Ok(frame) => {
                    let pixels = decode(&frame.image).unwrap();
                    assert_eq!((pixels.width(), pixels.height()), (64, 48));
                    pictures.push((frame.taken_at.0 / TENTH, pixels.data().to_vec()));
                }
                Err(skip) => skips.push(skip.reason),
            }
        }
        (pictures, skips)
    }

    #[test]
    fn what_is_selected_looks_the_same_whatever_is() {
        let (_folder, recording) = recorded(|_| true);
        assert!(recording.topics()[0].is_video);
        let (all, skips) = shown(&recording, &Selection::default());
        assert_eq!((all.len(), skips.len()), (25, 0));
        assert!(all.windows(2).any(|pair| pair[0].1 != pair[1].1));
        let selections = [
            Selection { every: 4, ..Selection::default() },
            Selection { rate_hz: Some(1.0), ..Selection::default() },
            Selection { from: Some(Nanos(13 * TENTH)), ..Selection::default() },
        ];
        let expected: [Vec<i64>; 3] =
            [vec![0, 4, 8, 12, 16, 20, 24], vec![0, 10, 20], (13..25).collect()];
        for (selection, expected) in selections.iter().zip(expected) {
            let (some, skips) = shown(&recording, selection);
            assert!(skips.is_empty(), "{skips:?}");
            let times: Vec<i64> = some.iter().map(|(time, _)| *time).collect();
            assert_eq!(times, expected);
            assert!(some.iter().all(|picture| all.contains(picture)), "{times:?}");
        }
    }

    /// Each is a slice of three bytes, and the first that needs no others never comes.
    #[test]
    fn any_number_of_small_pictures_is_soon_passed_over() {
        let mut film = Film::default();
        for sequence in 0..500_000 {
            let data = [0, 0, 1, 0x41, 0x9a, 0x22][..].into();
            let mut picture = VideoPicture { codec: VideoCodec::H264, data, decoded: None };
            let _ = film.add(&mut picture, sequence, false);
            assert!(film.waiting.len() * size_of::<VideoPicture>() <= KEPT);
        }
    }

    #[test]
    fn it_begins_where_nothing_before_is_needed() {
        let (_folder, recording) = recorded(|number| number > 2);
        let (pictures, skips) = shown(&recording, &Selection::default());
        let times: Vec<i64> = pictures.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, (10..25).collect::<Vec<_>>());
        assert_eq!(skips, ["7 pictures not decoded: before the first that needs no others"]);
    }
}
