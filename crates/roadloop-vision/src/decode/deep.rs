//! Samples of sixteen bits, in either byte order, and depths in metres.

use roadloop_base::PixelEncoding as E;

use super::bayer;
use super::raw::Rows;
use crate::Channels;
use crate::picture::DeepPixels;

/// The rows are of a deep encoding.
pub(super) fn decode(rows: &Rows<'_>) -> DeepPixels {
    let image = rows.image;
    let (width, height) = (rows.width(), rows.height());
    let red = |red| bayer::decode(&samples(rows), [width, height], red);
    let (channels, data) = match image.encoding {
        E::BayerRggb16 => (Channels::Rgb, red([0, 0])),
        E::BayerGrbg16 => (Channels::Rgb, red([1, 0])),
        E::BayerGbrg16 => (Channels::Rgb, red([0, 1])),
        E::BayerBggr16 => (Channels::Rgb, red([1, 1])),
        E::F32C1 => (Channels::Gray, millimetres(rows)),
        encoding => {
            let channels = match encoding.bytes_per_pixel() {
                8 => Channels::Rgba,
                6 => Channels::Rgb,
                _ => Channels::Gray,
            };
            let mut data = samples(rows);
            if matches!(encoding, E::Bgr16 | E::Bgra16) {
                data.chunks_exact_mut(channels.count()).for_each(|pixel| pixel.swap(0, 2));
            }
            (channels, data)
        }
    };
    DeepPixels { width: image.width, height: image.height, channels, data }
}

fn samples(rows: &Rows<'_>) -> Vec<u16> {
    let from_bytes = match rows.image.is_bigendian {
        true => u16::from_be_bytes,
        false => u16::from_le_bytes,
    };
    let bytes = (0..rows.height()).flat_map(|y| rows.row(y).as_chunks::<2>().0);
    bytes.map(|&bytes| from_bytes(bytes)).collect()
}

fn millimetres(rows: &Rows<'_>) -> Vec<u16> {
    let from_bytes = match rows.image.is_bigendian {
        true => f32::from_be_bytes,
        false => f32::from_le_bytes,
    };
    let bytes = (0..rows.height()).flat_map(|y| rows.row(y).as_chunks::<4>().0);
    bytes.map(|&bytes| to_millimetres(from_bytes(bytes))).collect()
}

/// Rounded; 0 (nothing measured, REP 118) for what is no distance or does not
/// fit: NaN, infinities, less than 0 and more than 65.535 m.
pub(super) fn to_millimetres(metres: f32) -> u16 {
    let rounded = (f64::from(metres) * 1000.0).round();
    if (0.0..=65535.0).contains(&rounded) { rounded as u16 } else { 0 }
}
