//! Uncompressed rows, as `sensor_msgs/Image` carries them.

use roadloop_base::{PixelEncoding, RawImage};

use super::{bayer, checked_pixels, yuv};
use crate::{Channels, Pixels, VisionError};

pub(super) fn decode(image: &RawImage) -> Result<Pixels, VisionError> {
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
    let (channels, data) = match encoding {
        PixelEncoding::Rgb8 | PixelEncoding::Rgba8 | PixelEncoding::Mono8 | PixelEncoding::U8C1
            if row_bytes == u64::from(step) =>
        {
            let data = image.data.slice(..expected as usize);
            let channels = channels(encoding);
            return Ok(Pixels::shared(width, height, channels, data).expect("rows without padding"));
        }
        PixelEncoding::BayerRggb8 => (Channels::Rgb, bayer::decode(&rows, [0, 0])),
        PixelEncoding::BayerGrbg8 => (Channels::Rgb, bayer::decode(&rows, [1, 0])),
        PixelEncoding::BayerGbrg8 => (Channels::Rgb, bayer::decode(&rows, [0, 1])),
        PixelEncoding::BayerBggr8 => (Channels::Rgb, bayer::decode(&rows, [1, 1])),
        PixelEncoding::Yuv422
        | PixelEncoding::Yuv422Yuy2
        | PixelEncoding::Nv12
        | PixelEncoding::Nv21
        | PixelEncoding::Nv24 => (Channels::Rgb, yuv::decode(&rows)),
        _ => (channels(encoding), in_order(&rows, pixels)),
    };
    Ok(Pixels::new(width, height, channels, data).expect("height rows of width pixels"))
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
