//! H.264 to pixels, by OpenH264.

use std::collections::BTreeSet;

use bytes::Bytes;
use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource;

use roadloop_base::{PixelEncoding, RawImage, VideoCodec};

use super::codec::{UnitKind, Units};
use super::remux::units;
use super::sps::Sps;
use crate::VisionError;
use crate::decode::MAX_PIXELS;

/// Decodes one video of H.264, 4:2:0 of 8 bits, a picture for each access unit, in
/// the order they come.
pub struct VideoDecoder {
    decoder: Decoder,
    sets: BTreeSet<u8>,
    /// A picture that needs no other was decoded, and all after it.
    is_started: bool,
}

impl std::fmt::Debug for VideoDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VideoDecoder(is_started: {})", self.is_started)
    }
}

impl VideoDecoder {
    pub fn new() -> Result<VideoDecoder, VisionError> {
        let config = DecoderConfig::new().flush_after_decode(Flush::Flush);
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), config);
        let decoder = decoder.map_err(|error| bad(&error.to_string()))?;
        Ok(VideoDecoder { decoder, sets: BTreeSet::new(), is_started: false })
    }

    /// Whether a picture can be decoded without those before it.
    pub fn is_key(access_unit: &[u8]) -> bool {
        units(access_unit).any(|unit| VideoCodec::H264.kind(unit) == UnitKind::Key)
    }

    /// Decodes an access unit in Annex B's form; `None` while what it needs was
    /// not given. After an error, and after a picture that is missing
    /// ([`VideoDecoder::interrupt`]), it goes on with the next that needs no other.
    pub fn decode(&mut self, access_unit: &[u8]) -> Result<Option<RawImage>, VisionError> {
        let (mut has_slice, mut is_key) = (false, false);
        for unit in units(access_unit) {
            match VideoCodec::H264.kind(unit) {
                UnitKind::Key => (has_slice, is_key) = (true, true),
                UnitKind::Slice => has_slice = true,
                UnitKind::Set(kind) => {
                    if kind == VideoCodec::H264.sequence_set() {
                        self.check_size(unit)?;
                    }
                    self.sets.insert(kind);
                }
                UnitKind::Other => {}
            }
        }
        let has_sets = VideoCodec::H264.sets().iter().all(|kind| self.sets.contains(kind));
        if has_slice && !(self.is_started || (is_key && has_sets)) {
            return Ok(None);
        }
        self.is_started |= has_slice;
        let decoded = match self.decoder.decode(access_unit) {
            Ok(Some(picture)) => picture_of(&picture),
            Ok(None) if has_slice => Err(bad("the decoder gave no picture")),
            Ok(None) => return Ok(None),
            Err(error) => Err(bad(&error.to_string())),
        };
        if decoded.is_err() {
            self.interrupt();
        }
        decoded.map(Some)
    }

    /// Says that the next picture is not the one after the last.
    pub fn interrupt(&mut self) {
        self.is_started = false;
    }

    /// Before anything of its size is allocated.
    fn check_size(&mut self, unit: &[u8]) -> Result<(), VisionError> {
        let sps = Sps::parse(unit).ok_or_else(|| bad("its parameters cannot be read"))?;
        let pixels = u64::from(sps.width) * u64::from(sps.height);
        if sps.chroma != 1 || sps.luma_bits != 8 || sps.chroma_bits != 8 {
            return Err(bad("only 4:2:0 of 8 bits is decoded"));
        }
        if pixels > MAX_PIXELS {
            let (width, height) = (u64::from(sps.width), u64::from(sps.height));
            return Err(VisionError::TooManyPixels { width, height });
        }
        Ok(())
    }
}

fn bad(reason: &str) -> VisionError {
    VisionError::Undecoded { reason: reason.to_owned() }
}

/// Luma, and behind it chroma in pairs.
fn picture_of(picture: &DecodedYUV<'_>) -> Result<RawImage, VisionError> {
    let (width, height) = picture.dimensions();
    let (luma_step, blue_step, red_step) = picture.strides();
    let rows = |plane: &'static str, data: &[u8], step: usize, count: usize| {
        let is_there = data.len() >= step * count && step > 0;
        is_there.then_some(()).ok_or_else(|| bad(&format!("its {plane} is not all there")))
    };
    if width == 0 || height == 0 || width % 2 != 0 || height % 2 != 0 {
        return Err(bad("a picture of an odd size"));
    }
    rows("luma", picture.y(), luma_step, height)?;
    rows("chroma", picture.u(), blue_step, height / 2)?;
    rows("chroma", picture.v(), red_step, height / 2)?;
    let mut data = Vec::with_capacity(width * height * 3 / 2);
    for row in picture.y().chunks_exact(luma_step).take(height) {
        data.extend_from_slice(&row[..width]);
    }
    let blue = picture.u().chunks_exact(blue_step).take(height / 2);
    for (blue, red) in blue.zip(picture.v().chunks_exact(red_step)) {
        let pairs = blue[..width / 2].iter().zip(&red[..width / 2]);
        data.extend(pairs.flat_map(|(blue, red)| [*blue, *red]));
    }
    Ok(RawImage {
        width: width as u32,
        height: height as u32,
        encoding: PixelEncoding::Nv12,
        step: width as u32,
        is_bigendian: false,
        data: Bytes::from(data),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roadloop_base::{EncodedImage, VideoPicture};

    use super::super::tests::{picture, stream};
    use super::*;

    /// How far a picture is from the one that was encoded, a sample on average.
    fn distance(raw: RawImage, number: u32) -> f64 {
        let (width, height) = (raw.width, raw.height);
        let data = Bytes::new();
        let codec = VideoCodec::H264;
        let image = EncodedImage::Video(VideoPicture { codec, data, decoded: Some(raw) });
        let got = crate::decode(&image).unwrap();
        let expected = picture(width, height, number);
        let both = got.data().iter().zip(expected.data());
        let sum: u64 = both.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / got.data().len() as f64
    }

    #[test]
    fn pictures_come_out_as_they_went_in() {
        let mut decoder = VideoDecoder::new().unwrap();
        for (unit, number) in stream(128, 62, 35).iter().zip(0..) {
            let raw = decoder.decode(unit).unwrap().unwrap();
            assert_eq!((raw.width, raw.height, raw.data.len()), (128, 62, 128 * 62 * 3 / 2));
            let distance = distance(raw, number);
            assert!(distance < 12.0, "{number}: {distance}");
        }
    }

    #[test]
    fn it_waits_for_a_picture_that_needs_no_other() {
        let frames = stream(64, 48, 65);
        let keys: Vec<bool> = frames.iter().map(|frame| VideoDecoder::is_key(frame)).collect();
        let is_key = |at: usize| at.is_multiple_of(30);
        assert!(keys.iter().enumerate().all(|(at, key)| *key == is_key(at)), "{keys:?}");
        let mut decoder = VideoDecoder::new().unwrap();
        let mut shown = Vec::new();
        for (number, frame) in frames.iter().enumerate().skip(1) {
            // One is missing.
            match number {
                40 => continue,
                41 => decoder.interrupt(),
                _ => {}
            }
            if decoder.decode(frame).unwrap().is_some() {
                shown.push(number);
            }
        }
        assert_eq!(shown, [(30..40).collect::<Vec<_>>(), (60..65).collect()].concat());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_change_is_survived(
            changes in proptest::collection::vec((0usize..6, 0usize..4000, any::<u8>()), 1..20)
        ) {
            let mut frames = stream(64, 48, 6);
            for (frame, at, byte) in changes {
                let len = frames[frame].len();
                frames[frame][at % len] = byte;
            }
            let mut decoder = VideoDecoder::new().unwrap();
            for frame in &frames {
                if let Ok(Some(raw)) = decoder.decode(frame) {
                    prop_assert_eq!(raw.data.len(), (raw.width * raw.height * 3 / 2) as usize);
                }
            }
        }
    }
}
