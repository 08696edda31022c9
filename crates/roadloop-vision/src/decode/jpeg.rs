//! JPEG, baseline and progressive, upright as its EXIF says.
//!
//! The decoder underneath fills what a cut file lacks with grey and calls it
//! a success. Here every row must have been decoded, and the file must end as
//! it should, with an end marker after its last scan. Some cameras leave that
//! marker out; see [`decode_without_end`].

mod codes;
mod scan;
mod strips;

use std::ops::Range;

pub(crate) use strips::{Strip, Strips};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::checked_pixels;
use crate::exif::Orientation;
use crate::{Channels, Pixels, VisionError};

/// What the decoder fills missing rows with.
const FILL: u8 = 128;

pub(super) fn decode(bytes: &[u8]) -> Result<Pixels, VisionError> {
    decode_in(ColorSpace::RGB, bytes)
}

/// A picture of three channels whose samples are luma and two of chroma, as they are
/// stored; of one channel where it is gray. `None` where it is stored in other colours.
pub(crate) fn decode_as_ycbcr(bytes: &[u8]) -> Option<Result<Pixels, VisionError>> {
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return None;
    }
    let mut headers = decoder(bytes, ColorSpace::YCbCr);
    headers.decode_headers().ok()?;
    let is_stored_so =
        matches!(headers.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
    is_stored_so.then(|| decode_in(ColorSpace::YCbCr, bytes))
}

/// Whether any decoder reads it the same: baseline, of one or three components of eight
/// bits, with an end, and not to be turned.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    let is_baseline = segments(bytes).find_map(|(marker, frame)| {
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        is_frame.then(|| {
            let is_small = frame.first() == Some(&8);
            matches!(marker, 0xc0 | 0xc1) && is_small && matches!(frame.get(5), Some(1 | 3))
        })
    });
    let is_upright = Orientation::of_jpeg(bytes).is_none_or(Orientation::is_upright);
    is_baseline == Some(true) && is_upright && has_end(bytes)
}

/// Width and height as it is seen, of a file that may be cut behind its frame header.
pub(crate) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (_, frame) = segments(bytes).find(|(marker, _)| {
        matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
    })?;
    let side = |at: usize| Some(u32::from(u16::from_be_bytes(*frame.get(at..)?.first_chunk()?)));
    let (height, width) = (side(1)?, side(3)?);
    let lies = Orientation::of_jpeg(bytes).is_some_and(Orientation::swaps_sides);
    Some(if lies { (height, width) } else { (width, height) })
}

fn decode_in(space: ColorSpace, bytes: &[u8]) -> Result<Pixels, VisionError> {
    let found = bytes.len();
    let bad = |reason: String| VisionError::BadJpeg { found, reason };

    let mut decoder = decoder(bytes, space);
    decoder.decode_headers().map_err(|err| bad(err.to_string()))?;
    let info = decoder.info().ok_or_else(|| bad("it has no frame header".to_owned()))?;
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    let pixels = checked_pixels(width, height)?;
    // A block of 8x8 takes a bit at the very least, so a short file that
    // claims to be large is not worth an allocation.
    if (found as u64) * 8 < width.div_ceil(8) * height.div_ceil(8) {
        return Err(VisionError::TooFewBytes { format: "JPEG", width, height, found });
    }

    let channels = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => Channels::Gray,
        _ => Channels::Rgb,
    };
    if channels == Channels::Gray {
        decoder.set_options(options(ColorSpace::Luma));
    }
    let cut_short = || VisionError::JpegCutShort {
        rows_read: rows_read(bytes, width as usize),
        height: height as u32,
        found,
    };
    if !has_end(bytes) {
        return decode_without_end(space, bytes).ok_or_else(cut_short);
    }
    let mut data = vec![FILL; pixels * channels.count()];
    decoder.decode_into(&mut data).map_err(|err| bad(err.to_string()))?;
    let last_row = &data[data.len() - width as usize * channels.count()..];
    let may_be_filled = last_row.iter().all(|&sample| sample == FILL);
    if may_be_filled && u64::from(rows_read(bytes, width as usize)) < height {
        return Err(cut_short());
    }
    let stored = Pixels::new(info.width.into(), info.height.into(), channels, data)
        .ok_or_else(|| bad("its size changes on the way".to_owned()))?;
    Ok(match Orientation::of_jpeg(bytes) {
        Some(orientation) => orientation.upright(stored),
        None => stored,
    })
}

/// A picture whose file has no end marker, if it lacks nothing else.
fn decode_without_end(space: ColorSpace, bytes: &[u8]) -> Option<Pixels> {
    if !scan::is_whole(bytes) {
        return None;
    }
    let ended = [bytes, &[0xff, 0xd9]].concat();
    // A segment may claim to go on behind it.
    if has_end(&ended) { decode_in(space, &ended).ok() } else { None }
}

fn options(colorspace: ColorSpace) -> DecoderOptions {
    // Sides are bound by the format; their product is checked by the caller.
    DecoderOptions::default()
        .set_max_width(u16::MAX.into())
        .set_max_height(u16::MAX.into())
        .jpeg_set_max_scans(64)
        .jpeg_set_out_colorspace(colorspace)
}

fn decoder(bytes: &[u8], colorspace: ColorSpace) -> JpegDecoder<ZCursor<&[u8]>> {
    JpegDecoder::new_with_options(ZCursor::new(bytes), options(colorspace))
}

/// Rows that were decoded rather than filled in. The decoder does not say;
/// but asked for RGBA it writes 255 as the opacity of what it decoded, and
/// 0 or [`FILL`] elsewhere.
fn rows_read(bytes: &[u8], width: usize) -> u32 {
    let mut decoder = decoder(bytes, ColorSpace::RGBA);
    if decoder.decode_headers().is_err() {
        return 0;
    }
    let mut data = vec![0; decoder.output_buffer_size().unwrap_or(0)];
    // An error is what we are here for: the rows before it count.
    let _ = decoder.decode_into(&mut data);
    let is_decoded = |row: &&[u8]| row.chunks_exact(4).all(|pixel| pixel[3] == u8::MAX);
    data.chunks_exact(width * 4).take_while(is_decoded).count() as u32
}

/// Whether an end marker follows the last scan.
fn has_end(bytes: &[u8]) -> bool {
    segments(bytes).any(|(marker, _)| marker == 0xd9)
}

/// The markers of segments, each with what is in it, and that of the end.
pub(crate) fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    ranges(bytes).map(|(marker, range)| (marker, bytes.get(range).unwrap_or_default()))
}

/// The markers of segments, each with where its content lies, cut where the
/// bytes end. A thumbnail inside of a segment has markers too, so they are
/// walked (ITU T.81, annex B).
fn ranges(bytes: &[u8]) -> impl Iterator<Item = (u8, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(skipped) = bytes.get(at..)?.iter().position(|&byte| byte == 0xff) {
            at += skipped + 1;
            match *bytes.get(at)? {
                // A fill byte: the marker is still to come.
                0xff => {}
                // A stuffed zero, a restart or a start: nothing belongs to it.
                0x00 | 0x01 | 0xd0..=0xd8 => at += 1,
                0xd9 => {
                    at = bytes.len();
                    return Some((0xd9, at..at));
                }
                // Segments tell their length. A scan's data follows its header
                // and hides no marker, so it is searched like everything else.
                marker => {
                    let from = at + 1;
                    let &length = bytes.get(from..)?.first_chunk::<2>()?;
                    at = from + usize::from(u16::from_be_bytes(length));
                    return Some((marker, from + 2..at.min(bytes.len())));
                }
            }
        }
        None
    })
}
