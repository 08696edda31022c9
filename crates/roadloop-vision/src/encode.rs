//! Pixels to PNG, JPEG and WebP files.

mod bits;
mod filter;
mod huffman;
mod symbols;
mod zlib;

use jpeg_encoder::ColorType;
use png::{BitDepth, Encoder};

use crate::picture::{DeepPixels, PairPixels};
use crate::{Channels, Picture, Pixels, VisionError};

/// Writes a PNG, without loss, in the least time that keeps the file no
/// larger than other writers' default.
///
/// Nearly all of an extraction is this call, and nearly all of it would be a
/// search for repeats that camera pictures, with their noise, do not have. So
/// there is none: rows are filtered, runs of zeros counted, and what is left
/// gets a Huffman code of its own every few rows.
pub fn encode_png(pixels: &Pixels) -> Result<Vec<u8>, VisionError> {
    let form = PngForm {
        size: (pixels.width(), pixels.height()),
        color: color_type(pixels.channels()),
        depth: BitDepth::Eight,
    };
    write_png(form, pixels.channels().count(), pixels.data())
}

/// The same with all a picture has.
pub(crate) fn encode_picture(picture: &Picture) -> Result<Vec<u8>, VisionError> {
    match picture {
        Picture::Flat(flat) => encode_png(flat),
        Picture::Deep(DeepPixels { width, height, channels, data }) => {
            let size = (*width, *height);
            let bytes: Vec<u8> = data.iter().flat_map(|sample| sample.to_be_bytes()).collect();
            let form = PngForm { size, color: color_type(*channels), depth: BitDepth::Sixteen };
            write_png(form, 2 * channels.count(), &bytes)
        }
        Picture::Pair(PairPixels { width, height, data }) => {
            let color = png::ColorType::GrayscaleAlpha;
            let form = PngForm { size: (*width, *height), color, depth: BitDepth::Eight };
            write_png(form, 2, data)
        }
    }
}

struct PngForm {
    size: (u32, u32),
    color: png::ColorType,
    depth: BitDepth,
}

fn color_type(channels: Channels) -> png::ColorType {
    match channels {
        Channels::Gray => png::ColorType::Grayscale,
        Channels::Rgb => png::ColorType::Rgb,
        Channels::Rgba => png::ColorType::Rgba,
    }
}

/// Length, name and CRC of the chunk without content that ends a PNG.
const END_CHUNK_BYTES: usize = 12;

fn write_png(form: PngForm, pixel_bytes: usize, data: &[u8]) -> Result<Vec<u8>, VisionError> {
    let failed =
        |err: png::EncodingError| VisionError::Encode { format: "PNG", reason: err.to_string() };
    let (width, height) = form.size;
    let row_bytes = width as usize * pixel_bytes;
    let mut file = Vec::with_capacity(data.len() / 8 * 5 + 128);
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_depth(form.depth);
    encoder.set_color(form.color);
    encoder.write_header().and_then(png::Writer::finish).map_err(failed)?;

    // Between header and end, written where it is to be: the pixels, as one chunk
    // of length, name, content and CRC.
    let end = file.split_off(file.len() - END_CHUNK_BYTES);
    let chunk_at = file.len();
    file.extend_from_slice(b"\0\0\0\0IDAT");
    let mut file = zlib::append_rows(file, data, row_bytes, pixel_bytes);
    let content = (file.len() - chunk_at - 8) as u32;
    file[chunk_at..chunk_at + 4].copy_from_slice(&content.to_be_bytes());
    let crc = crc32fast::hash(&file[chunk_at + 4..]);
    file.extend_from_slice(&crc.to_be_bytes());
    file.extend_from_slice(&end);
    Ok(file)
}

/// Writes a PNG as small as the `png` crate makes it, in several times the time.
pub fn encode_small_png(picture: &Picture) -> Result<Vec<u8>, VisionError> {
    let failed =
        |err: png::EncodingError| VisionError::Encode { format: "PNG", reason: err.to_string() };
    let bytes: Vec<u8>;
    let (color, depth, data) = match picture {
        Picture::Flat(flat) => (color_type(flat.channels()), BitDepth::Eight, flat.data()),
        Picture::Deep(deep) => {
            bytes = deep.data.iter().flat_map(|sample| sample.to_be_bytes()).collect();
            (color_type(deep.channels), BitDepth::Sixteen, &bytes[..])
        }
        Picture::Pair(pair) => (png::ColorType::GrayscaleAlpha, BitDepth::Eight, &pair.data[..]),
    };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_depth(depth);
    encoder.set_color(color);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// Writes a WebP without loss.
pub fn encode_webp(pixels: &Pixels) -> Result<Vec<u8>, VisionError> {
    const LONGEST_SIDE: u32 = 16383;
    let (width, height) = (pixels.width(), pixels.height());
    if width.max(height) > LONGEST_SIDE {
        return Err(VisionError::TooLargeFor {
            format: "WebP",
            limit: LONGEST_SIDE,
            width,
            height,
        });
    }
    let color = match pixels.channels() {
        Channels::Gray => image_webp::ColorType::L8,
        Channels::Rgb => image_webp::ColorType::Rgb8,
        Channels::Rgba => image_webp::ColorType::Rgba8,
    };
    let mut file = Vec::new();
    image_webp::WebPEncoder::new(&mut file)
        .encode(pixels.data(), width, height, color)
        .map_err(|err| VisionError::Encode { format: "WebP", reason: err.to_string() })?;
    Ok(file)
}

/// Writes a JPEG. `quality` goes from 1 to 100 as everywhere; opacity is left out.
pub fn encode_jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, VisionError> {
    let (width, height) = (pixels.width(), pixels.height());
    let (Ok(short_width), Ok(short_height)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(VisionError::TooLargeFor {
            format: "JPEG",
            limit: u16::MAX.into(),
            width,
            height,
        });
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
