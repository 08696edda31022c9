//! Uncompressed rows, as `sensor_msgs/Image` carries them.

use std::borrow::Cow;

use roadloop_base::{PixelEncoding, RawImage};

use super::{bayer, checked_pixels, deep, yuv};
use crate::picture::PairPixels;
use crate::{Channels, Picture, Pixels, VisionError};

pub(super) fn decode(image: &RawImage) -> Result<Picture, VisionError> {
    let &RawImage { width, height, encoding, step, .. } = image;
    let pixels = checked_pixels(width.into(), height.into())?;
    let row_bytes = u64::from(width) * u64::from(encoding.bytes_per_pixel());
    if row_bytes > u64::from(step) {
        return Err(VisionError::StepTooShort {
            width,
            encoding: encoding.name(),
            row_bytes,
            step,
        });
    }
    // The padding of the last row may be missing: nobody reads it.
    let expected = (encoding.rows(height) - 1) * u64::from(step) + row_bytes;
    let found = image.data.len();
    if (found as u64) < expected || !encoding.fits(width, height) {
        return Err(VisionError::RawTooShort { height, step, expected, found });
    }
    let rows = Rows { image, row_bytes: row_bytes as usize };
    if encoding.is_deep() {
        return Ok(Picture::Deep(deep::decode(&rows)));
    }
    let red = |red| bayer::decode(&packed(&rows), [rows.width(), rows.height()], red);
    let (channels, data) = match encoding {
        PixelEncoding::U8C2 => {
            return Ok(Picture::Pair(PairPixels {
                width,
                height,
                data: packed(&rows).into_owned(),
            }));
        }
        PixelEncoding::Rgb8 | PixelEncoding::Rgba8 | PixelEncoding::Mono8 | PixelEncoding::U8C1
            if row_bytes == u64::from(step) =>
        {
            let data = image.data.slice(..expected as usize);
            let channels = channels(encoding);
            let pixels = Pixels::shared(width, height, channels, data);
            return Ok(Picture::Flat(pixels.expect("rows without padding")));
        }
        PixelEncoding::BayerRggb8 => (Channels::Rgb, red([0, 0])),
        PixelEncoding::BayerGrbg8 => (Channels::Rgb, red([1, 0])),
        PixelEncoding::BayerGbrg8 => (Channels::Rgb, red([0, 1])),
        PixelEncoding::BayerBggr8 => (Channels::Rgb, red([1, 1])),
        PixelEncoding::Yuv422
        | PixelEncoding::Yuv422Yuy2
        | PixelEncoding::Nv12
        | PixelEncoding::Nv21
        | PixelEncoding::Nv24 => (Channels::Rgb, yuv::decode(&rows)),
        _ => (channels(encoding), in_order(&rows, pixels)),
    };
    let pixels = Pixels::new(width, height, channels, data);
    Ok(Picture::Flat(pixels.expect("height rows of width pixels")))
}

/// The rows of an image that was found to have them all.
pub(super) struct Rows<'a> {
    pub(super) image: &'a RawImage,
    row_bytes: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn width(&self) -> usize {
        self.image.width as usize
    }

    pub(super) fn height(&self) -> usize {
        self.image.height as usize
    }

    /// Of the first plane, without padding.
    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        self.bytes(y * self.image.step as usize, self.row_bytes)
    }

    pub(super) fn bytes(&self, at: usize, len: usize) -> &'a [u8] {
        &self.image.data[at..at + len]
    }
}

/// All rows without padding.
fn packed<'a>(rows: &Rows<'a>) -> Cow<'a, [u8]> {
    let step = rows.image.step as usize;
    if rows.row_bytes == step {
        return Cow::Borrowed(rows.bytes(0, rows.height() * step));
    }
    Cow::Owned((0..rows.height()).flat_map(|y| rows.row(y)).copied().collect())
}

fn in_order(rows: &Rows<'_>, pixels: usize) -> Vec<u8> {
    use PixelEncoding as E;
    let encoding = rows.image.encoding;
    let mut data = Vec::with_capacity(pixels * channels(encoding).count());
    for y in 0..rows.height() {
        data.extend_from_slice(rows.row(y));
    }
    match encoding {
        E::Bgr8 | E::U8C3 => data.as_chunks_mut::<3>().0.iter_mut().for_each(|p| p.swap(0, 2)),
        E::Bgra8 | E::U8C4 => data.as_chunks_mut::<4>().0.iter_mut().for_each(|p| p.swap(0, 2)),
        _ => {}
    }
    data
}

/// Of layouts whose samples lie pixel by pixel.
fn channels(encoding: PixelEncoding) -> Channels {
    match encoding.bytes_per_pixel() {
        4 => Channels::Rgba,
        3 => Channels::Rgb,
        _ => Channels::Gray,
    }
}
