//! Pixels to PNG and JPEG files.

mod bits;
mod filter;
mod huffman;
mod symbols;
mod zlib;

use jpeg_encoder::ColorType;
use png::{BitDepth, Encoder};

use crate::{Channels, Pixels, VisionError};

/// Writes a PNG, without loss, in the least time that keeps the file no
/// larger than other writers' default.
///
/// Nearly all of an extraction is this call, and nearly all of it would be a
/// search for repeats that camera pictures, with their noise, do not have. So
/// there is none: rows are filtered, runs of zeros counted, and what is left
/// gets a Huffman code of its own every few rows.
pub fn encode_png(pixels: &Pixels) -> Result<Vec<u8>, VisionError> {
    let failed =
        |err: png::EncodingError| VisionError::Encode { format: "PNG", reason: err.to_string() };
    let row_bytes = pixels.width() as usize * pixels.channels().count();
    let compressed = zlib::append_rows(
        Vec::with_capacity(pixels.data().len() / 2),
        pixels.data(),
        row_bytes,
        pixels.channels().count(),
    );

    let mut file = Vec::with_capacity(compressed.len() + 128);
    let mut encoder = Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_depth(BitDepth::Eight);
    encoder.set_color(match pixels.channels() {
        Channels::Gray => png::ColorType::Grayscale,
        Channels::Rgb => png::ColorType::Rgb,
        Channels::Rgba => png::ColorType::Rgba,
    });
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_chunk(png::chunk::IDAT, &compressed).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// Writes a JPEG. `quality` goes from 1 to 100 as everywhere; opacity is left out.
pub fn encode_jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, VisionError> {
    let (width, height) = (pixels.width(), pixels.height());
    let (Ok(short_width), Ok(short_height)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(VisionError::TooLargeForJpeg { width, height });
    };
    let color = match pixels.channels() {
        Channels::Gray => ColorType::Luma,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    };
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, quality.clamp(1, 100))
        .encode(pixels.data(), short_width, short_height, color)
        .map_err(|err| VisionError::Encode { format: "JPEG", reason: err.to_string() })?;
    Ok(file)
}

#[cfg(test)]
mod tests;
