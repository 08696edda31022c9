//! H.264 as cameras send it, into an MP4 as it is: nothing is decoded.

use std::io::{Seek, Write};

use roadloop_base::Nanos;

use super::mp4::{Mp4Writer, Sample, Track};
use super::sps::Sps;
use super::{Clock, failed};
use crate::VisionError;

/// H.264's types of units (Table 7-1).
const KEY_SLICE: u8 = 5;
const SLICES: std::ops::RangeInclusive<u8> = 1..=5;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// Writes one video from access units in Annex B's form, with start codes.
pub struct VideoRemuxer<W: Write + Seek> {
    mp4: Mp4Writer<W>,
    clock: Clock,
    sps: Option<(Vec<u8>, Sps)>,
    has_pps: bool,
}

impl<W: Write + Seek> std::fmt::Debug for VideoRemuxer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VideoRemuxer({} frames)", self.mp4.samples())
    }
}

impl<W: Write + Seek> VideoRemuxer<W> {
    pub fn new(into: W) -> Result<VideoRemuxer<W>, VisionError> {
        let mp4 = Mp4Writer::new(into).map_err(failed)?;
        Ok(VideoRemuxer { mp4, clock: Clock::default(), sps: None, has_pps: false })
    }

    /// Adds one frame. `false` where none can be shown yet: before the first one
    /// that needs no others, with its parameter sets. A stream whose parameters
    /// change cannot go on in the same video.
    pub fn add(&mut self, access_unit: &[u8], taken_at: Nanos) -> Result<bool, VisionError> {
        let bad = |reason: &str| VisionError::BadVideo { reason: reason.to_owned() };
        let (mut has_slice, mut is_key) = (false, false);
        let mut sample = Vec::new();
        for unit in units(access_unit) {
            let kind = unit.first().map_or(0, |first| first & 31);
            has_slice |= SLICES.contains(&kind);
            is_key |= kind == KEY_SLICE;
            match (kind, &self.sps) {
                (SPS, None) => {
                    let sps = Sps::parse(unit);
                    let sps = sps.ok_or_else(|| bad("its parameters cannot be read"))?;
                    self.sps = Some((unit.to_vec(), sps));
                }
                (SPS, Some((known, _))) if *known != unit => {
                    return Err(bad("its parameters change in between"));
                }
                (PPS, _) => self.has_pps = true,
                _ => {}
            }
            self.mp4.add_unit(unit, &mut sample);
        }
        if !has_slice {
            return if sample.is_empty() { Ok(false) } else { Err(bad("it has no slices")) };
        }
        let can_start = is_key && self.has_pps && self.sps.is_some();
        if self.mp4.samples() == 0 && !can_start {
            return Ok(false);
        }
        let tick = self.clock.tick(taken_at);
        self.mp4.add(&sample, Sample { tick, is_key, len: 0 }).map_err(failed)?;
        Ok(true)
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.mp4.samples()
    }

    pub fn finish(self) -> Result<W, VisionError> {
        let sps = self.sps.map(|(_, sps)| sps);
        let (width, height) = sps.map_or((0, 0), |sps| (sps.width, sps.height));
        self.mp4.finish(Track { width, height, sps, has_color: false }).map_err(failed)
    }
}

/// What lies between start codes: three bytes, 0, 0 and 1, and zeros before them.
fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
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
        let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new())).unwrap();
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

    #[test]
    fn other_parameters_are_refused() {
        let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new())).unwrap();
        assert!(remuxer.add(&stream(64, 48, 1)[0], Nanos(0)).unwrap());
        let error = remuxer.add(&stream(96, 48, 1)[0], Nanos(1)).unwrap_err();
        assert_eq!(error.to_string(), "cannot keep the video: its parameters change in between");
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
            let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new())).unwrap();
            for piece in pieces {
                let _ = remuxer.add(&piece, Nanos(0));
            }
            remuxer.finish().unwrap();
        }
    }
}
