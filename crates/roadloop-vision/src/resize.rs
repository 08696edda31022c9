//! Pixels brought to another size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::{Channels, Pixels};

/// The same picture with so many pixels across and down, neither of them 0. Where there is
/// opacity, what is not seen has no part in its neighbours.
pub(crate) fn resized(pixels: &Pixels, (width, height): (u32, u32), how: ResizeAlg) -> Pixels {
    let pixel_type = match pixels.channels() {
        Channels::Gray => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba => PixelType::U8x4,
    };
    let source = ImageRef::new(pixels.width(), pixels.height(), pixels.data(), pixel_type)
        .expect("as long as its size says");
    let mut target = Image::new(width, height, pixel_type);
    let options =
        ResizeOptions::new().resize_alg(how).use_alpha(pixels.channels() == Channels::Rgba);
    Resizer::new().resize(&source, &mut target, &options).expect("both pictures are of one type");
    Pixels::new(width, height, pixels.channels(), target.into_vec()).expect("the size asked for")
}
