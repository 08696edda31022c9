//! Colour from behind a Bayer filter, by bilinear interpolation: what a pixel
//! lacks is the mean of its nearest neighbours that have it, rounded half up.
//! The outermost pixels take their neighbour's colour. This is what OpenCV's
//! `COLOR_Bayer…2RGB` gives, pixel for pixel.

use super::raw::Rows;

/// `red` is the column and row (0 or 1) of the first red sample.
pub(super) fn decode(rows: &Rows<'_>, red: [usize; 2]) -> Vec<u8> {
    let (width, height) = (rows.width(), rows.height());
    let mut rgb = vec![0; width * height * 3];
    // With fewer there is no pixel that has all its neighbours.
    if width < 3 || height < 3 {
        return rgb;
    }
    for y in 1..height - 1 {
        let out = &mut rgb[y * width * 3..][..width * 3];
        interpolate(rows, y, red, out);
        out.copy_within(3..6, 0);
        out.copy_within((width - 2) * 3..(width - 1) * 3, (width - 1) * 3);
    }
    rgb.copy_within(width * 3..2 * width * 3, 0);
    rgb.copy_within((height - 2) * width * 3..(height - 1) * width * 3, (height - 1) * width * 3);
    rgb
}

/// All pixels of a row but the first and the last.
fn interpolate(rows: &Rows<'_>, y: usize, [red_x, red_y]: [usize; 2], out: &mut [u8]) {
    let (above, row, below) = (rows.row(y - 1), rows.row(y), rows.row(y + 1));
    let mean2 = |a: u8, b: u8| ((u16::from(a) + u16::from(b) + 1) >> 1) as u8;
    let mean4 = |a: u8, b: u8, c: u8, d: u8| {
        ((u16::from(a) + u16::from(b) + u16::from(c) + u16::from(d) + 2) >> 2) as u8
    };
    // A row has green and either red or blue.
    let has_red = y % 2 == red_y;
    let first_own = if has_red { red_x } else { 1 - red_x };
    let neighbours = above.windows(3).zip(row.windows(3)).zip(below.windows(3));
    let pixels = out.as_chunks_mut::<3>().0[1..].iter_mut();
    for (x, (((above, row), below), pixel)) in (1..).zip(neighbours.zip(pixels)) {
        let (own, green, other) = if x % 2 == first_own {
            let diagonal = mean4(above[0], above[2], below[0], below[2]);
            (row[1], mean4(above[1], row[0], row[2], below[1]), diagonal)
        } else {
            (mean2(row[0], row[2]), row[1], mean2(above[1], below[1]))
        };
        *pixel = if has_red { [own, green, other] } else { [other, green, own] };
    }
}
