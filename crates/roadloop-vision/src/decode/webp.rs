//! WebP, lossy and lossless, without animation.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::earned_pixels;
use crate::{Channels, Pixels, VisionError};

/// What the decoder may hold of the file at once.
const DECODER_BYTES: usize = 64 << 20;

pub(super) fn decode(bytes: &[u8]) -> Result<Pixels, VisionError> {
    let found = bytes.len();
    let bad = |err: DecodingError| VisionError::BadWebP { found, reason: err.to_string() };

    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(bad)?;
    decoder.set_memory_limit(DECODER_BYTES);
    let (width, height) = decoder.dimensions();
    let pixels = earned_pixels("WebP", (width.into(), height.into()), found)?;
    let channels = if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let mut data = vec![0; pixels * channels.count()];
    decoder.read_image(&mut data).map_err(bad)?;
    Ok(Pixels::new(width, height, channels, data).expect("the header's size"))
}

pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let decoder = WebPDecoder::new(Cursor::new(bytes)).ok()?;
    Some(decoder.dimensions())
}
