//! Smaller copies, for people to look at.

use fast_image_resize::{FilterType, ResizeAlg};

use crate::Pixels;
use crate::resize::resized;

/// A copy whose longer side is at most `max_side` (at least 1), with the same
/// proportions and channels. A picture that is small enough comes back as it is.
pub fn thumbnail(pixels: &Pixels, max_side: u32) -> Pixels {
    let (width, height) = (pixels.width(), pixels.height());
    let longer = width.max(height);
    let max_side = max_side.max(1);
    if longer <= max_side {
        return pixels.clone();
    }
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(max_side);
        ((side + u64::from(longer) / 2) / u64::from(longer)).max(1) as u32
    };
    let (width, height) = (scaled(width), scaled(height));
    resized(pixels, (width, height), ResizeAlg::Convolution(FilterType::CatmullRom))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;

    #[track_caller]
    fn check(size: (u32, u32), max_side: u32, expected: (u32, u32)) {
        let channels = [Channels::Gray, Channels::Rgb, Channels::Rgba];
        for channels in channels {
            let count = size.0 as usize * size.1 as usize * channels.count();
            let pixels = Pixels::new(size.0, size.1, channels, vec![200; count]).unwrap();
            let small = thumbnail(&pixels, max_side);
            assert_eq!(
                (small.width(), small.height(), small.channels()),
                (expected.0, expected.1, channels)
            );
            assert!(small.data().iter().all(|&sample| sample == 200));
        }
    }

    #[test]
    fn sizes() {
        check((1280, 720), 320, (320, 180));
        check((720, 1280), 320, (180, 320));
        check((100, 80), 320, (100, 80));
        check((5000, 1), 320, (320, 1));
        check((3, 2), 0, (1, 1));
    }
}
