//! PNG of any colour type and depth, as eight bits a sample.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::checked_pixels;
use crate::picture::DeepPixels;
use crate::{Channels, Pixels, VisionError};

/// Deflate makes at most 1032 bytes of one: 258 for each quarter of a byte.
const MAX_INFLATION: u64 = 1032;

/// What the decoder may hold besides the picture: rows and colour profiles.
const DECODER_BYTES: usize = 64 << 20;

pub(super) fn decode(bytes: &[u8]) -> Result<Pixels, VisionError> {
    let Samples { width, height, color, data } = samples(bytes, Transformations::STRIP_16)?;
    let found = bytes.len();
    let (channels, data) = match color {
        ColorType::Grayscale => (Channels::Gray, data),
        ColorType::Rgb => (Channels::Rgb, data),
        ColorType::Rgba => (Channels::Rgba, data),
        ColorType::GrayscaleAlpha => (Channels::Rgba, rgba_from_gray_alpha(&data)),
        ColorType::Indexed => {
            let reason = "its palette could not be expanded".to_owned();
            return Err(VisionError::BadPng { found, reason });
        }
    };
    Ok(Pixels::new(width, height, channels, data).expect("the header's size"))
}

/// Width and height, which come first of all (PNG, 11.2.2).
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(12..)?.strip_prefix(b"IHDR")?;
    let side = |at: usize| Some(u32::from_be_bytes(*header.get(at..)?.first_chunk()?));
    Some((side(0)?, side(4)?))
}

/// One channel of up to sixteen bits, which stay as they are.
pub(super) fn decode_deep(bytes: &[u8]) -> Result<DeepPixels, VisionError> {
    let Samples { width, height, color, data } = samples(bytes, Transformations::IDENTITY)?;
    let samples: Vec<u16> = match (color, data.len() / (width as usize * height as usize)) {
        (ColorType::Grayscale, 1) => data.into_iter().map(u16::from).collect(),
        (ColorType::Grayscale, 2) => {
            data.as_chunks::<2>().0.iter().map(|&bytes| u16::from_be_bytes(bytes)).collect()
        }
        _ => {
            let reason = format!("depth is one channel, not {color:?}");
            return Err(VisionError::BadPng { found: bytes.len(), reason });
        }
    };
    Ok(DeepPixels { width, height, channels: Channels::Gray, data: samples })
}

struct Samples {
    width: u32,
    height: u32,
    color: ColorType,
    data: Vec<u8>,
}

fn samples(bytes: &[u8], transformations: Transformations) -> Result<Samples, VisionError> {
    let found = bytes.len();
    let bad = |err: png::DecodingError| VisionError::BadPng { found, reason: err.to_string() };

    let limits = Limits { bytes: DECODER_BYTES };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | transformations);
    let header = decoder.read_header_info().map_err(bad)?;
    let (width, height) = (header.width, header.height);
    let pixels = checked_pixels(width.into(), height.into())?;
    let packed = header.raw_bytes() as u64;
    if (found as u64).saturating_mul(MAX_INFLATION) < packed {
        let (width, height) = (width.into(), height.into());
        return Err(VisionError::TooFewBytes { format: "PNG", width, height, found });
    }

    let mut reader = decoder.read_info().map_err(bad)?;
    let (color, depth) = reader.output_color_type();
    let sample_bytes = if depth == BitDepth::Sixteen { 2 } else { 1 };
    let mut data = vec![0; pixels * color.samples() * sample_bytes];
    reader.next_frame(&mut data).map_err(bad)?;
    Ok(Samples { width, height, color, data })
}

fn rgba_from_gray_alpha(data: &[u8]) -> Vec<u8> {
    let mut rgba = Vec::with_capacity(data.len() * 2);
    for &[gray, alpha] in data.as_chunks::<2>().0 {
        rgba.extend_from_slice(&[gray, gray, gray, alpha]);
    }
    rgba
}
