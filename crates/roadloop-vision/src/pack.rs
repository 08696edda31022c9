//! Pictures made ready for files of records: as small as training wants them, and fast.
//!
//! The sizes and settings are those of MXNet's `im2rec.py`: `--resize 512 --quality 95`, the
//! shorter side brought to so many pixels, the other one cut to whole pixels, two samples
//! mixed for each (OpenCV's `INTER_LINEAR`), JPEG with chroma of half the size. In one thing
//! this differs: a picture that is smaller is not enlarged, since that adds bytes and
//! nothing to see. What needs no work is not touched: no picture is coded twice for nothing.
//!
//! A JPEG stays in luma and chroma from one file to the other. The mix of two samples is the
//! same in any linear space, and so two conversions of each pixel are not done.

mod blocks;
mod jpeg;
mod planes;
mod shrink;
mod straight;

use fast_image_resize::{FilterType, ResizeAlg};

use self::planes::Space;
use crate::decode::{decode_jpeg_as_ycbcr, is_plain_jpeg};
use crate::resize::resized;
use crate::{Channels, Pixels, VisionError, decode_bytes, encode_png, image_size};

/// What becomes of each picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackSettings {
    /// Pixels of the shorter side; a smaller picture stays as it is, and without it all do.
    pub short_side: Option<u32>,
    /// Of a JPEG, 1 to 100.
    pub quality: u8,
    pub form: PackForm,
}

impl Default for PackSettings {
    fn default() -> PackSettings {
        PackSettings { short_side: Some(512), quality: 95, form: PackForm::Jpeg }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackForm {
    Jpeg,
    /// Without loss.
    Png,
}

impl PackForm {
    /// How names of such files end.
    pub fn end(self) -> &'static str {
        match self {
            PackForm::Jpeg => "jpg",
            PackForm::Png => "png",
        }
    }
}

/// A picture's file, and its size in pixels, upright.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

/// Packs a JPEG, PNG or WebP. Opacity is dropped, gray stays gray.
pub fn pack(bytes: &[u8], settings: &PackSettings) -> Result<Packed, VisionError> {
    if let Some((width, height)) = image_size(bytes)
        && target(width, height, settings.short_side).is_none()
        && is_of_form(bytes, settings.form)
    {
        return Ok(Packed { bytes: bytes.to_vec(), width, height });
    }
    let wants_jpeg = settings.form == PackForm::Jpeg;
    if wants_jpeg && let Some(packed) = straight::pack(bytes, settings) {
        return Ok(packed);
    }
    let (pixels, space) = match decode_jpeg_as_ycbcr(bytes).filter(|_| wants_jpeg) {
        Some(decoded) => (decoded?, Space::YCbCr),
        None => (without_opacity(decode_bytes(bytes)?), Space::Rgb),
    };
    let pixels = match target(pixels.width(), pixels.height(), settings.short_side) {
        Some(size) => resized(&pixels, size, ResizeAlg::Interpolation(FilterType::Bilinear)),
        None => pixels,
    };
    let (width, height) = (pixels.width(), pixels.height());
    let bytes = match settings.form {
        PackForm::Jpeg => jpeg::encode(&pixels, space, settings.quality)?,
        PackForm::Png => encode_png(&pixels)?,
    };
    Ok(Packed { bytes, width, height })
}

/// Whether it may be passed on: of the form that is asked for, whole as far as its end
/// tells, and stored upright.
fn is_of_form(bytes: &[u8], form: PackForm) -> bool {
    match form {
        PackForm::Jpeg => is_plain_jpeg(bytes),
        // Each PNG ends with the same chunk.
        PackForm::Png => {
            bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xae\x42\x60\x82")
        }
    }
}

/// The size to bring a picture to, `None` where it stays as it is.
fn target(width: u32, height: u32, short_side: Option<u32>) -> Option<(u32, u32)> {
    let short_side = short_side?.max(1);
    let (shorter, longer) = (width.min(height), width.max(height));
    if shorter <= short_side {
        return None;
    }
    let scaled = u64::from(longer) * u64::from(short_side) / u64::from(shorter);
    let scaled = u32::try_from(scaled).unwrap_or(longer);
    Some(if height > width { (short_side, scaled) } else { (scaled, short_side) })
}

fn without_opacity(pixels: Pixels) -> Pixels {
    if pixels.channels() != Channels::Rgba {
        return pixels;
    }
    let (width, height) = (pixels.width(), pixels.height());
    let mut data = Vec::with_capacity(pixels.data().len() / 4 * 3);
    for &[red, green, blue, _] in pixels.data().as_chunks::<4>().0 {
        data.extend_from_slice(&[red, green, blue]);
    }
    Pixels::new(width, height, Channels::Rgb, data).expect("as many pixels as before")
}

#[cfg(test)]
mod tests;
