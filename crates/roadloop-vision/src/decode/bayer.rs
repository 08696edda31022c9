//! Colour from behind a Bayer filter, by bilinear interpolation: what a pixel
//! lacks is the mean of its nearest neighbours that have it, rounded half up.
//! The outermost pixels take their neighbour's colour. This is what OpenCV's
//! `COLOR_Bayer…2RGB` gives, pixel for pixel.

/// A sample of eight or sixteen bits.
pub(super) trait Sample: Copy + Default {
    fn mean2(a: Self, b: Self) -> Self;
    fn mean4(a: Self, b: Self, c: Self, d: Self) -> Self;
}

macro_rules! sample {
    ($narrow:ty, $wide:ty) => {
        impl Sample for $narrow {
            fn mean2(a: Self, b: Self) -> Self {
                ((<$wide>::from(a) + <$wide>::from(b) + 1) >> 1) as $narrow
            }

            fn mean4(a: Self, b: Self, c: Self, d: Self) -> Self {
                let sum = <$wide>::from(a) + <$wide>::from(b) + <$wide>::from(c) + <$wide>::from(d);
                ((sum + 2) >> 2) as $narrow
            }
        }
    };
}

sample!(u8, u16);
sample!(u16, u32);

/// `samples` are rows without padding; `red` is the column and row (0 or 1) of
/// the first red one.
pub(super) fn decode<S: Sample>(
    samples: &[S],
    [width, height]: [usize; 2],
    red: [usize; 2],
) -> Vec<S> {
    let mut rgb = vec![S::default(); width * height * 3];
    // With fewer there is no pixel that has all its neighbours.
    if width < 3 || height < 3 {
        return rgb;
    }
    for y in 1..height - 1 {
        let out = &mut rgb[y * width * 3..][..width * 3];
        let rows = [y - 1, y, y + 1].map(|y| &samples[y * width..][..width]);
        interpolate(rows, y, red, out);
        out.copy_within(3..6, 0);
        out.copy_within((width - 2) * 3..(width - 1) * 3, (width - 1) * 3);
    }
    rgb.copy_within(width * 3..2 * width * 3, 0);
    rgb.copy_within((height - 2) * width * 3..(height - 1) * width * 3, (height - 1) * width * 3);
    rgb
}

/// All pixels of a row but the first and the last.
fn interpolate<S: Sample>(
    [above, row, below]: [&[S]; 3],
    y: usize,
    [red_x, red_y]: [usize; 2],
    out: &mut [S],
) {
    // A row has green and either red or blue.
    let has_red = y % 2 == red_y;
    let first_own = if has_red { red_x } else { 1 - red_x };
    let neighbours = above.windows(3).zip(row.windows(3)).zip(below.windows(3));
    let pixels = out.as_chunks_mut::<3>().0[1..].iter_mut();
    for (x, (((above, row), below), pixel)) in (1..).zip(neighbours.zip(pixels)) {
        let (own, green, other) = if x % 2 == first_own {
            let diagonal = S::mean4(above[0], above[2], below[0], below[2]);
            (row[1], S::mean4(above[1], row[0], row[2], below[1]), diagonal)
        } else {
            (S::mean2(row[0], row[2]), row[1], S::mean2(above[1], below[1]))
        };
        *pixel = if has_red { [own, green, other] } else { [other, green, own] };
    }
}
