//! Pixels brought to another size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::{Channels, Pixels};

/// How samples between those of a picture are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resampling {
    /// The nearest one.
    Nearest,
    /// Of the nearest two on each axis, without smoothing where the picture becomes smaller:
    /// what models are served with ([`prepare`](crate::prepare)), within a level.
    Linear,
    /// Of the nearest four on each axis: Catmull and Rom.
    Cubic,
    /// The mean of all that are covered.
    Area,
    /// Of the nearest six on each axis.
    Lanczos,
}

impl Resampling {
    fn algorithm(self) -> ResizeAlg {
        match self {
            Resampling::Nearest => ResizeAlg::Nearest,
            Resampling::Linear => ResizeAlg::Interpolation(FilterType::Bilinear),
            Resampling::Cubic => ResizeAlg::Interpolation(FilterType::CatmullRom),
            Resampling::Area => ResizeAlg::Convolution(FilterType::Box),
            Resampling::Lanczos => ResizeAlg::Interpolation(FilterType::Lanczos3),
        }
    }
}

/// A part of the picture, brought to so many pixels across and down, neither of them 0.
///
/// `part` is left, top, right, bottom in pixels of the picture, fractions of them too; it is
/// cut to the picture, and of a part without an inside there is nothing.
pub fn resize_part(
    pixels: &Pixels,
    part: [f64; 4],
    size: (u32, u32),
    how: Resampling,
) -> Option<Pixels> {
    let (across, down) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let [left, top] = [part[0].max(0.0), part[1].max(0.0)];
    let [right, bottom] = [part[2].min(across), part[3].min(down)];
    // What is thinner than this is a line by the error of a division, and no part. What is
    // no number would be taken for the picture's edge by the cuts above.
    let thin = 1e-6;
    let is_line = right - left <= thin || bottom - top <= thin;
    if is_line || part.iter().any(|side| side.is_nan()) || size.0 == 0 || size.1 == 0 {
        return None;
    }
    let options = options(pixels, how.algorithm());
    // The end is looked at again, by adding: it may come to lie behind that of the picture.
    let length = |start: f64, end: f64, side: f64| {
        let length = end - start;
        if start + length > side { length - 1e-9 } else { length }
    };
    let (width, height) = (length(left, right, across), length(top, bottom, down));
    Some(resized_by(pixels, size, &options.crop(left, top, width, height)))
}

/// The same picture with so many pixels across and down, neither of them 0. Where there is
/// opacity, what is not seen has no part in its neighbours.
pub(crate) fn resized(pixels: &Pixels, size: (u32, u32), how: ResizeAlg) -> Pixels {
    resized_by(pixels, size, &options(pixels, how))
}

fn options(pixels: &Pixels, how: ResizeAlg) -> ResizeOptions {
    ResizeOptions::new().resize_alg(how).use_alpha(pixels.channels() == Channels::Rgba)
}

fn resized_by(pixels: &Pixels, (width, height): (u32, u32), options: &ResizeOptions) -> Pixels {
    let pixel_type = match pixels.channels() {
        Channels::Gray => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba => PixelType::U8x4,
    };
    let source = ImageRef::new(pixels.width(), pixels.height(), pixels.data(), pixel_type)
        .expect("as long as its size says");
    let mut target = Image::new(width, height, pixel_type);
    Resizer::new()
        .resize(&source, &mut target, options)
        .expect("both pictures are of one type, and a part lies inside");
    Pixels::new(width, height, pixels.channels(), target.into_vec()).expect("the size asked for")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Resampling; 5] = [
        Resampling::Nearest,
        Resampling::Linear,
        Resampling::Cubic,
        Resampling::Area,
        Resampling::Lanczos,
    ];

    fn ramp(width: u32, height: u32) -> Pixels {
        let data = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 7]));
        Pixels::new(width, height, Channels::Rgb, data.collect()).unwrap()
    }

    /// The middle of what comes of that part of a picture whose samples say where they are.
    #[track_caller]
    fn check(part: [f64; 4], size: (u32, u32), expected: Option<[u8; 2]>) {
        for how in ALL {
            let got = resize_part(&ramp(200, 100), part, size, how).map(|picture| {
                assert_eq!((picture.width(), picture.height()), size);
                let middle = (size.1 / 2 * size.0 + size.0 / 2) as usize * 3;
                [picture.data()[middle], picture.data()[middle + 1]]
            });
            match (got, expected) {
                (Some(got), Some(expected)) => {
                    let far = got.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
                    assert!(far <= Some(2), "{how:?} {got:?}");
                }
                (got, expected) => assert_eq!(got, expected, "{how:?}"),
            }
        }
    }

    #[test]
    fn parts_are_where_they_are_said_to_be() {
        check([0.0, 0.0, 200.0, 100.0], (200, 100), Some([100, 50]));
        check([0.0, 0.0, 200.0, 100.0], (101, 51), Some([100, 50]));
        check([100.0, 50.0, 120.0, 60.0], (101, 51), Some([110, 55]));
        check([99.5, 20.25, 120.5, 80.75], (41, 41), Some([110, 50]));
        // What lies outside is cut off.
        check([-50.0, -50.0, 20.0, 1e9], (21, 41), Some([10, 50]));
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        check([10.0, 10.0, 10.0, 20.0], (5, 5), None);
        check([20.0, 10.0, 10.0, 20.0], (5, 5), None);
        check([200.0, 0.0, 300.0, 20.0], (5, 5), None);
        check([f64::NAN, 0.0, f64::NAN, 20.0], (5, 5), None);
        check([0.0, 0.0, 5.0, 5.0], (0, 5), None);
    }

    proptest! {
        #[test]
        fn no_part_is_too_odd(
            width in 1u32..40, height in 1u32..40, part in prop::array::uniform4(-9.0f64..50.0),
            size in (1u32..50, 1u32..50), how in 0usize..5,
        ) {
            if let Some(picture) = resize_part(&ramp(width, height), part, size, ALL[how]) {
                prop_assert_eq!((picture.width(), picture.height()), size);
                // The third sample is the same everywhere: nothing of the outside came in.
                prop_assert!(picture.data().iter().skip(2).step_by(3).all(|&sample| sample == 7));
            }
        }
    }
}
