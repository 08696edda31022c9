//! Two numbers that tell a usable frame from a dark or blurred one.

use crate::vector::on_wide_vectors;
use crate::{Channels, Pixels};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Mean luma, 0 (black) to 255 (white).
    pub brightness: f32,
    /// Variance of the Laplacian of the luma; low means blurred or empty.
    pub sharpness: f32,
}

on_wide_vectors! {
    /// Measures the luma (ITU-R BT.601) and its 3x3 Laplacian, with the border
    /// mirrored around the outermost pixels. The same numbers as OpenCV's
    /// `cvtColor` and `Laplacian`, so thresholds can be compared.
    pub fn measure(pixels: &Pixels) -> Quality {
        let (width, height) = (pixels.width() as usize, pixels.height() as usize);
        let row_bytes = width * pixels.channels().count();
        let row = |y: usize| &pixels.data()[y * row_bytes..][..row_bytes];

        // Three rows of luma, each with a mirrored pixel at both ends; row y lies in y % 3.
        let mut luma = [vec![0i16; width + 2], vec![0; width + 2], vec![0; width + 2]];
        let mirrored = |y: usize| if y < height { y } else { height.saturating_sub(2) };
        fill_luma(&mut luma[0], row(0), pixels.channels());
        let (mut sum, mut laplacian_sum, mut laplacian_squares) = (0i64, 0i64, 0i64);
        for y in 0..height {
            fill_luma(&mut luma[(y + 1) % 3], row(mirrored(y + 1)), pixels.channels());
            let below = &luma[(y + 1) % 3];
            let above = if y == 0 { below } else { &luma[(y + 2) % 3] };
            let this = &luma[y % 3];
            // A row's sums fit: 2^31 / 1020^2 is 2064 pixels, so add up in steps of 1024.
            let mut x = 1;
            while x <= width {
                let end = (x + 1024).min(width + 1);
                let (left, right) = (&this[x - 1..end - 1], &this[x + 1..end + 1]);
                let (up, down, here) = (&above[x..end], &below[x..end], &this[x..end]);
                let (mut here_sum, mut l_sum, mut l_squares) = (0i32, 0i32, 0i32);
                for i in 0..here.len() {
                    let laplacian = left[i] + right[i] + up[i] + down[i] - 4 * here[i];
                    here_sum += i32::from(here[i]);
                    l_sum += i32::from(laplacian);
                    l_squares += i32::from(laplacian) * i32::from(laplacian);
                }
                sum += i64::from(here_sum);
                laplacian_sum += i64::from(l_sum);
                laplacian_squares += i64::from(l_squares);
                x = end;
            }
        }
        let count = (width * height) as f64;
        let mean = laplacian_sum as f64 / count;
        Quality {
            brightness: (sum as f64 / count) as f32,
            sharpness: (laplacian_squares as f64 / count - mean * mean).max(0.0) as f32,
        }
    }
}

/// Fills `luma[1..=width]` and mirrors one pixel at each end.
#[inline(always)]
fn fill_luma(luma: &mut [i16], row: &[u8], channels: Channels) {
    let width = luma.len() - 2;
    let inner = &mut luma[1..=width];
    match channels {
        Channels::Gray => inner.iter_mut().zip(row).for_each(|(y, &gray)| *y = gray.into()),
        Channels::Rgb => {
            inner
                .iter_mut()
                .zip(row.as_chunks::<3>().0)
                .for_each(|(y, &[r, g, b])| *y = luma_of(r, g, b));
        }
        Channels::Rgba => {
            inner
                .iter_mut()
                .zip(row.as_chunks::<4>().0)
                .for_each(|(y, &[r, g, b, _])| *y = luma_of(r, g, b));
        }
    }
    luma[0] = luma[2.min(width)];
    luma[width + 1] = luma[(width - 1).max(1)];
}

/// 0.299 R + 0.587 G + 0.114 B in 15 bits of fraction, rounded, as OpenCV does.
#[inline(always)]
fn luma_of(red: u8, green: u8, blue: u8) -> i16 {
    let luma = 9798 * u32::from(red) + 19235 * u32::from(green) + 3735 * u32::from(blue);
    ((luma + (1 << 14)) >> 15) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode_bytes;

    #[track_caller]
    fn check(width: u32, channels: Channels, data: &[u8], brightness: f32, sharpness: f32) {
        let height = data.len() as u32 / channels.count() as u32 / width;
        let pixels = Pixels::new(width, height, channels, data.to_vec()).unwrap();
        assert_eq!(measure(&pixels), Quality { brightness, sharpness });
    }

    #[test]
    fn flat_pictures_are_not_sharp() {
        check(1, Channels::Gray, &[7], 7.0, 0.0);
        check(2, Channels::Rgb, &[255; 12], 255.0, 0.0);
        check(3, Channels::Rgba, &[0; 36], 0.0, 0.0);
    }

    #[test]
    fn one_bright_pixel() {
        // The Laplacian is -36 in the middle, 9 above and below (18 where the
        // border mirrors the middle), 0 in the corners: 1 row, 1 column each way.
        check(3, Channels::Gray, &[0, 0, 0, 0, 9, 0, 0, 0, 0], 1.0, 272.0);
    }

    #[test]
    fn as_opencv_measures() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pictures/face.png");
        let quality = measure(&decode_bytes(&std::fs::read(path).unwrap()).unwrap());
        // Printed by testdata/pictures/make.py.
        assert!((quality.brightness - 138.189_78).abs() < 1e-3, "{quality:?}");
        assert!((quality.sharpness - 1_410.983_2).abs() < 1e-2, "{quality:?}");
    }
}
