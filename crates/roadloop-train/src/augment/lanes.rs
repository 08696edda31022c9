//! Colours by the row: a few pixels at a time taken apart into red, green and blue, so that
//! the compiler computes four of them at once.

use roadloop_vision::Pixels;

use super::paste::Area;

/// Pixels at a time: all three rows lie in the first cache together with what is computed.
pub(crate) const LANES: usize = 64;

/// One channel of so many neighbours, 0 to 255.
pub(crate) type Lane = [f32; LANES];

/// Changes the pixels of an area of a picture with three channels. Lanes that stand for no
/// pixel hold whatever was there before.
pub(crate) fn each_lane(
    pixels: &mut Pixels,
    (columns, rows): &Area,
    mut change: impl FnMut(&mut [Lane; 3]),
) {
    let row_bytes = 3 * pixels.width() as usize;
    let lines = pixels.data_mut().chunks_exact_mut(row_bytes).skip(rows.start).take(rows.len());
    let mut lanes = [[0.0; LANES]; 3];
    for line in lines {
        let line = &mut line[3 * columns.start..3 * columns.end];
        for piece in line.as_chunks_mut::<3>().0.chunks_mut(LANES) {
            let [red, green, blue] = &mut lanes;
            for (((pixel, red), green), blue) in piece.iter().zip(red).zip(green).zip(blue) {
                *red = f32::from(pixel[0]);
                *green = f32::from(pixel[1]);
                *blue = f32::from(pixel[2]);
            }
            change(&mut lanes);
            let [red, green, blue] = &lanes;
            for (((pixel, red), green), blue) in piece.iter_mut().zip(red).zip(green).zip(blue) {
                *pixel = [to_byte(*red), to_byte(*green), to_byte(*blue)];
            }
        }
    }
}

/// The whole picture.
pub(crate) fn all_of(pixels: &Pixels) -> Area {
    (0..pixels.width() as usize, 0..pixels.height() as usize)
}

/// Rounded, of 0 to 255. Numbers from 2^23 on have no bits behind the point, so adding it
/// leaves the whole number in the lowest bits; a cast would not be done four at a time.
fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8
}
