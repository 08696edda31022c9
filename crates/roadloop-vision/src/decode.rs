//! Encoded pictures to pixels: raw rows, JPEG, PNG, WebP, compressed depth.
//!
//! What comes in may be damaged or hostile. A picture is measured against
//! [`MAX_PIXELS`] and against its own length before anything its size is
//! allocated, and a picture that is not all there is an error that says how
//! far it came, never a half grey one.

mod bayer;
mod deep;
mod depth;
mod jpeg;
mod png;
mod raw;
mod webp;
mod yuv;

pub(crate) use jpeg::decode_as_ycbcr as decode_jpeg_as_ycbcr;
pub(crate) use jpeg::is_plain as is_plain_jpeg;
pub(crate) use jpeg::segments as jpeg_segments;
pub(crate) use jpeg::{Strip as JpegStrip, Strips as JpegStrips};

use roadloop_base::{EncodedImage, VideoPicture};

use crate::{Picture, Pixels, VisionError};

/// The most pixels a picture may have: 100 megapixels, 300 MB as RGB. Twelve
/// times a 4K frame, and more than any camera on a car.
pub const MAX_PIXELS: u64 = 100_000_000;

/// Decodes a frame as it was recorded: raw images and compressed depth with all
/// sixteen bits, PNG files with the upper eight. Grey stays
/// [`Gray`](crate::Channels::Gray); colour comes out as RGB, with opacity as RGBA.
pub fn decode_whole(image: &EncodedImage) -> Result<Picture, VisionError> {
    match image {
        EncodedImage::Raw(image) => raw::decode(image),
        EncodedImage::Jpeg(bytes) => jpeg::decode(bytes).map(Picture::Flat),
        EncodedImage::Png(bytes) => png::decode(bytes).map(Picture::Flat),
        EncodedImage::WebP(bytes) => webp::decode(bytes).map(Picture::Flat),
        EncodedImage::Depth(depth) => depth::decode(depth).map(Picture::Deep),
        EncodedImage::Video(VideoPicture { decoded: Some(pixels), .. }) => raw::decode(pixels),
        EncodedImage::Video(_) => Err(VisionError::NotDecoded),
    }
}

/// Decodes a frame for looking at it, as [`Picture::look`] has it.
pub fn decode(image: &EncodedImage) -> Result<Pixels, VisionError> {
    decode_whole(image).map(Picture::into_look)
}

/// Decodes a JPEG, PNG or WebP, told apart by their first bytes.
pub fn decode_bytes(bytes: &[u8]) -> Result<Pixels, VisionError> {
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return jpeg::decode(bytes);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return png::decode(bytes);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return webp::decode(bytes);
    }
    let start = match bytes.get(..8).unwrap_or(bytes) {
        [] => "nothing".to_owned(),
        start => start.escape_ascii().to_string(),
    };
    Err(VisionError::NotAPicture { start })
}

/// Width and height of a JPEG, PNG or WebP as [`decode_bytes`] gives it, upright, from its
/// headers alone. A picture that has a size may still be damaged.
pub fn image_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, height) = if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        jpeg::size(bytes)?
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png::size(bytes)?
    } else {
        webp::size(bytes)?
    };
    checked_pixels(width.into(), height.into()).ok()?;
    Some((width, height))
}

/// The number of pixels, when it is one that is read.
fn checked_pixels(width: u64, height: u64) -> Result<usize, VisionError> {
    match width.checked_mul(height) {
        Some(0) => Err(VisionError::NoPixels { width, height }),
        Some(pixels) if pixels <= MAX_PIXELS => Ok(pixels as usize),
        _ => Err(VisionError::TooManyPixels { width, height }),
    }
}

/// As [`checked_pixels`], of a format in which any number of equal pixels takes
/// a few bytes: no more than a 4K frame, or than the bytes speak for.
fn earned_pixels(
    format: &'static str,
    (width, height): (u64, u64),
    found: usize,
) -> Result<usize, VisionError> {
    const FREE_PIXELS: usize = 1 << 23;
    const PIXELS_PER_BYTE: usize = 1024;
    let pixels = checked_pixels(width, height)?;
    if pixels > FREE_PIXELS.max(found.saturating_mul(PIXELS_PER_BYTE)) {
        return Err(VisionError::TooFewBytes { format, width, height, found });
    }
    Ok(pixels)
}

#[cfg(test)]
mod tests;
