//! Uncompressed rows, as `sensor_msgs/Image` carries them.

use roadloop_base::{PixelEncoding, RawImage};

use super::checked_pixels;
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
    let expected = u64::from(height - 1) * u64::from(step) + row_bytes;
    let found = image.data.len();
    if (found as u64) < expected {
        return Err(VisionError::RawTooShort { height, step, expected, found });
    }

    let channels = channels(encoding);
    let is_rgb = !matches!(encoding, PixelEncoding::Bgr8 | PixelEncoding::Bgra8);
    if is_rgb && row_bytes == u64::from(step) {
        let data = image.data.slice(..expected as usize);
        return Ok(Pixels::shared(width, height, channels, data).expect("rows without padding"));
    }
    let mut data = Vec::with_capacity(pixels * channels.count());
    for row in image.data.chunks(step as usize).take(height as usize) {
        data.extend_from_slice(&row[..row_bytes as usize]);
    }
    match encoding {
        PixelEncoding::Bgr8 => data.as_chunks_mut::<3>().0.iter_mut().for_each(|p| p.swap(0, 2)),
        PixelEncoding::Bgra8 => data.as_chunks_mut::<4>().0.iter_mut().for_each(|p| p.swap(0, 2)),
        PixelEncoding::Rgb8 | PixelEncoding::Rgba8 | PixelEncoding::Mono8 => {}
    }
    Ok(Pixels::new(width, height, channels, data).expect("height rows of width pixels"))
}

fn channels(encoding: PixelEncoding) -> Channels {
    match encoding {
        PixelEncoding::Mono8 => Channels::Gray,
        PixelEncoding::Rgb8 | PixelEncoding::Bgr8 => Channels::Rgb,
        PixelEncoding::Rgba8 | PixelEncoding::Bgra8 => Channels::Rgba,
    }
}
