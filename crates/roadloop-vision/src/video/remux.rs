//! H.264 and H.265 as cameras send them, into an MP4 as it is: nothing is decoded.

use std::collections::BTreeSet;
use std::io::{Seek, Write};

use roadloop_base::{Nanos, VideoCodec};

use super::codec::{UnitKind, Units};
use super::mp4::{Mp4Writer, Sample, Track};
use super::sps::Sps;
use super::{Clock, failed};
use crate::VisionError;

/// An MP4 says how long a parameter set is in two bytes.
const MAX_SET: usize = u16::MAX as usize;

/// Writes one video from access units in Annex B's form, with start codes.
pub struct VideoRemuxer<W: Write + Seek> {
    mp4: Mp4Writer<W>,
    clock: Clock,
    codec: VideoCodec,
    sps: Option<(Vec<u8>, Sps)>,
    /// Types of the parameter sets that came.
    sets: BTreeSet<u8>,
}

impl<W: Write + Seek> std::fmt::Debug for VideoRemuxer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VideoRemuxer({} frames)", self.mp4.samples())
    }
}

impl<W: Write + Seek> VideoRemuxer<W> {
    pub fn new(into: W, codec: VideoCodec) -> Result<VideoRemuxer<W>, VisionError> {
        let mp4 = Mp4Writer::new(into, codec).map_err(failed)?;
        let (clock, sets) = (Clock::default(), BTreeSet::new());
        Ok(VideoRemuxer { mp4, clock, codec, sps: None, sets })
    }

    /// Adds one frame. `false` where none can be shown yet: before the first one
    /// that needs no others, with its parameter sets. A stream whose parameters
    /// change cannot go on in the same video.
    pub fn add(&mut self, access_unit: &[u8], taken_at: Nanos) -> Result<bool, VisionError> {
        let bad = |reason: &str| VisionError::BadVideo { reason: reason.to_owned() };
        let (mut has_slice, mut is_key) = (false, false);
        let mut sample = Vec::new();
        for unit in units(access_unit) {
            match self.codec.kind(unit) {
                UnitKind::Key => (has_slice, is_key) = (true, true),
                UnitKind::Slice => has_slice = true,
                UnitKind::Set(_) if unit.len() > MAX_SET => {
                    return Err(bad("its parameters are too long"));
                }
                UnitKind::Set(kind) => {
                    if kind == self.codec.sequence_set() {
                        self.check_sequence(unit)?;
                    }
                    self.sets.insert(kind);
                }
                UnitKind::Other => {}
            }
            self.mp4.add_unit(unit, &mut sample);
        }
        if !has_slice {
            return if sample.is_empty() { Ok(false) } else { Err(bad("it has no slices")) };
        }
        let has_sets = self.codec.sets().iter().all(|kind| self.sets.contains(kind));
        let can_start = is_key && has_sets;
        if self.mp4.samples() == 0 && !can_start {
            return Ok(false);
        }
        let tick = self.clock.tick(taken_at);
        self.mp4.add(&sample, Sample { tick, is_key, len: 0 }).map_err(failed)?;
        Ok(true)
    }

    /// The first parameters of sequences hold for all of the video.
    fn check_sequence(&mut self, unit: &[u8]) -> Result<(), VisionError> {
        let bad = |reason: &str| VisionError::BadVideo { reason: reason.to_owned() };
        match &self.sps {
            Some((known, _)) if *known != unit => Err(bad("its parameters change in between")),
            Some(_) => Ok(()),
            None => {
                let sps = Sps::of(self.codec, unit);
                let sps = sps.ok_or_else(|| bad("its parameters cannot be read"))?;
                self.sps = Some((unit.to_vec(), sps));
                Ok(())
            }
        }
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.mp4.samples()
    }

    pub fn finish(self) -> Result<W, VisionError> {
        let (codec, sps) = (self.codec, self.sps.map(|(_, sps)| sps));
        let (width, height) = sps.map_or((0, 0), |sps| (sps.width, sps.height));
        self.mp4.finish(Track { codec, width, height, sps, has_color: false }).map_err(failed)
    }
}

/// What lies between start codes: three bytes, 0, 0 and 1, and zeros before them.
pub(super) fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = behind_start_code(stream);
    std::iter::from_fn(move || {
        let from = rest?;
        let end = from.windows(3).position(|window| window == [0, 0, 1]);
        rest = end.map(|end| &from[end + 3..]);
        let unit = &from[..end.unwrap_or(from.len())];
        let len = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(&unit[..len])
    })
    .filter(|unit| !unit.is_empty())
}

fn behind_start_code(stream: &[u8]) -> Option<&[u8]> {
    let at = stream.windows(3).position(|window| window == [0, 0, 1])?;
    Some(&stream[at + 3..])
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::tests::{numbers, stream, table};
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn a_stream_is_kept_as_it_is() {
        // From its second frame on: what comes before the next key frame cannot
        // be shown.
        let frames = stream(100, 62, 40);
        let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new()), VideoCodec::H264).unwrap();
        for (frame, number) in frames[1..].iter().zip(1..) {
            let is_shown = remuxer.add(frame, Nanos(number * 40 * MS)).unwrap();
            assert_eq!(is_shown, number >= 30, "{number}");
        }
        assert_eq!(remuxer.frames(), 10);
        let file = remuxer.finish().unwrap().into_inner();
        assert_eq!(numbers(&table(&file, b"stts")[4..]), [1, 10, 3600]);
        assert_eq!(numbers(&table(&file, b"stss")[4..]), [1, 1]);
        let size = &table(&file, b"stsd")[8 + 8 + 24..][..4];
        assert_eq!(size, [0, 100, 0, 62]);
        let sizes = numbers(&table(&file, b"stsz")[12..]);
        let last: usize = units(&frames[39]).map(|unit| unit.len() + 4).sum();
        assert_eq!(sizes[9] as usize, last);
    }

    /// What x265 wrote, `testdata/video/README.md`; from its second frame on.
    #[test]
    fn h265_is_kept_too() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/video/testsrc.h265");
        let stream = std::fs::read(path).unwrap();
        // Each frame begins with a delimiter.
        let starts: Vec<usize> = (0..stream.len() - 5)
            .filter(|at| stream[*at..].starts_with(&[0, 0, 0, 1, 0x46, 1]))
            .chain([stream.len()])
            .collect();
        let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new()), VideoCodec::H265).unwrap();
        let frames = starts.windows(2).map(|pair| &stream[pair[0]..pair[1]]);
        let shown: Vec<bool> = frames
            .zip(0i64..)
            .skip(1)
            .map(|(frame, number)| remuxer.add(frame, Nanos(number * 100 * MS)).unwrap())
            .collect();
        assert_eq!(shown, [false, false, false, true, true, true, true]);
        let file = remuxer.finish().unwrap().into_inner();
        let entry = &table(&file, b"stsd")[8..];
        assert_eq!((&entry[4..8], &entry[32..36]), (&b"hvc1"[..], &[0, 96, 0, 64][..]));
        // Main profile, 4:2:0 of 8 bits, three parameter sets.
        let config = &entry[86 + 8..];
        assert_eq!((&entry[86 + 4..86 + 8], config[1] & 31), (&b"hvcC"[..], 1));
        assert_eq!((&config[16..19], config[22]), (&[0xfd, 0xf8, 0xf8][..], 3));
        assert_eq!(numbers(&table(&file, b"stss")[4..]), [1, 1]);
    }

    #[test]
    fn other_parameters_are_refused() {
        let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new()), VideoCodec::H264).unwrap();
        assert!(remuxer.add(&stream(64, 48, 1)[0], Nanos(0)).unwrap());
        let error = remuxer.add(&stream(96, 48, 1)[0], Nanos(1)).unwrap_err();
        assert_eq!(error.to_string(), "cannot keep the video: its parameters change in between");
    }

    #[test]
    fn parameters_that_cannot_be_kept_are_none() {
        let first = &stream(64, 48, 1)[0];
        let with_sps = |sps: &[u8]| {
            let others = units(first).filter(|unit| unit[0] & 31 != 7);
            let all = std::iter::once(sps).chain(others);
            all.flat_map(|unit| [&[0, 0, 1][..], unit].concat()).collect::<Vec<u8>>()
        };
        let sps = units(first).find(|unit| unit[0] & 31 == 7).unwrap();
        let long = [sps, &[1; MAX_SET][..]].concat();
        for (sps, reason) in [(&sps[..2], "cannot be read"), (&long[..], "are too long")] {
            let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new()), VideoCodec::H264).unwrap();
            let error = remuxer.add(&with_sps(sps), Nanos(0)).unwrap_err().to_string();
            assert!(error.ends_with(&format!("its parameters {reason}")), "{error}");
            // What comes behind it cannot be shown without them.
            let (_, rest) = first.split_at(4 + units(first).next().unwrap().len());
            assert!(!remuxer.add(rest, Nanos(1)).unwrap());
            assert!(remuxer.add(first, Nanos(2)).unwrap());
        }
    }

    #[test]
    fn units_lie_between_start_codes() {
        let found: Vec<&[u8]> =
            units(&[9, 0, 0, 1, 7, 1, 0, 0, 0, 1, 8, 0, 0, 1, 5, 2, 0]).collect();
        assert_eq!(found, [&[7, 1][..], &[8], &[5, 2]]);
        assert_eq!(units(&[1, 2, 3]).count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            pieces in proptest::collection::vec(proptest::collection::vec(0u8..9, 0..40), 0..8)
        ) {
            for codec in [VideoCodec::H264, VideoCodec::H265] {
                let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new()), codec).unwrap();
                for piece in &pieces {
                    let _ = remuxer.add(piece, Nanos(0));
                }
                remuxer.finish().unwrap();
            }
        }
    }
}
