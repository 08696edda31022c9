//! Luma and chroma to RGB, by ITU-R BT.601 with luma from 16 to 235, in 20-bit
//! integers: what OpenCV's `COLOR_YUV2RGB_…` gives, pixel for pixel.

use roadloop_base::PixelEncoding;

use super::raw::Rows;

const SHIFT: i32 = 20;
const HALF: i32 = 1 << (SHIFT - 1);

/// BT.601's 1.164, 2.018, -0.391, -0.813 and 1.596, times 2^20.
const LUMA: i32 = 1_220_542;
const BLUE_OF_U: i32 = 2_116_026;
const GREEN_OF_U: i32 = -409_993;
const GREEN_OF_V: i32 = -852_492;
const RED_OF_V: i32 = 1_673_527;

/// The sizes were checked: shared chroma divides the picture.
pub(super) fn decode(rows: &Rows<'_>) -> Vec<u8> {
    let (width, height, step) = (rows.width(), rows.height(), rows.image.step as usize);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        let row = rows.row(y);
        let pairs = row.as_chunks::<4>().0.iter();
        match rows.image.encoding {
            PixelEncoding::Yuv422 => {
                pairs.for_each(|&[u, y0, v, y1]| rgb.extend(Chroma::new(u, v).pixels([y0, y1])));
            }
            PixelEncoding::Yuv422Yuy2 => {
                pairs.for_each(|&[y0, u, y1, v]| rgb.extend(Chroma::new(u, v).pixels([y0, y1])));
            }
            PixelEncoding::Nv24 => {
                let chroma = rows.bytes((height + 2 * y) * step, 2 * width);
                for (&luma, &[u, v]) in row.iter().zip(chroma.as_chunks::<2>().0) {
                    rgb.extend(Chroma::new(u, v).pixel(luma));
                }
            }
            encoding => {
                let chroma = rows.bytes((height + y / 2) * step, width);
                let chroma = chroma.as_chunks::<2>().0;
                for (&lumas, &[first, second]) in row.as_chunks::<2>().0.iter().zip(chroma) {
                    let chroma = match encoding {
                        PixelEncoding::Nv21 => Chroma::new(second, first),
                        _ => Chroma::new(first, second),
                    };
                    rgb.extend(chroma.pixels(lumas));
                }
            }
        }
    }
    rgb
}

/// What chroma adds to each colour.
#[derive(Clone, Copy)]
struct Chroma {
    red: i32,
    green: i32,
    blue: i32,
}

impl Chroma {
    fn new(u: u8, v: u8) -> Chroma {
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        Chroma {
            red: HALF + RED_OF_V * v,
            green: HALF + GREEN_OF_U * u + GREEN_OF_V * v,
            blue: HALF + BLUE_OF_U * u,
        }
    }

    fn pixel(self, luma: u8) -> [u8; 3] {
        let luma = (i32::from(luma) - 16).max(0) * LUMA;
        [self.red, self.green, self.blue].map(|part| ((luma + part) >> SHIFT).clamp(0, 255) as u8)
    }

    fn pixels(self, [first, second]: [u8; 2]) -> [u8; 6] {
        let ([a, b, c], [d, e, f]) = (self.pixel(first), self.pixel(second));
        [a, b, c, d, e, f]
    }
}
