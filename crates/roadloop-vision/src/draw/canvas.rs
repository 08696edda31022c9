//! An RGB picture that can be painted on. Everything outside of it is cut off.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::{Channels, Pixels};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color(pub(crate) [u8; 3]);

impl Color {
    pub(crate) const WHITE: Color = Color([255, 255, 255]);
    pub(crate) const BLACK: Color = Color([16, 16, 16]);

    /// Black or white, whichever is read more easily on this colour.
    pub(crate) fn ink(self) -> Color {
        let [r, g, b] = self.0.map(u32::from);
        if 299 * r + 587 * g + 114 * b > 110_000 { Color::BLACK } else { Color::WHITE }
    }
}

/// A size of the one font there is: Noto Sans Mono, bold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Font(RasterHeight);

impl Font {
    pub(crate) const SMALL: Font = Font(RasterHeight::Size16);
    pub(crate) const LARGE: Font = Font(RasterHeight::Size24);

    /// The size nearest to the wanted height in pixels.
    pub(crate) fn for_height(pixels: u32) -> Font {
        Font(match pixels {
            0..18 => RasterHeight::Size16,
            18..22 => RasterHeight::Size20,
            22..28 => RasterHeight::Size24,
            _ => RasterHeight::Size32,
        })
    }

    pub(crate) fn height(self) -> u32 {
        self.0.val() as u32
    }

    pub(crate) fn width(self, text: &str) -> u32 {
        (get_raster_width(FontWeight::Bold, self.0) * text.chars().count()) as u32
    }

    /// Empty pixels left and right of a word on a plate.
    pub(crate) fn margin(self) -> u32 {
        self.height() / 4
    }

    pub(crate) fn plate_width(self, text: &str) -> u32 {
        self.width(text) + 2 * self.margin()
    }

    pub(crate) fn plate_height(self) -> u32 {
        self.height() + 2
    }
}

/// Left, top, right, bottom in pixels; right and bottom are just outside.
pub(crate) type Rect = (i64, i64, i64, i64);

pub(crate) struct Canvas {
    width: u32,
    height: u32,
    data: Vec<u8>,
}

impl Canvas {
    /// Neither side may be 0.
    pub(crate) fn new(width: u32, height: u32, color: Color) -> Canvas {
        let data = color.0.repeat(width as usize * height as usize);
        Canvas { width, height, data }
    }

    /// A copy in RGB; what is not opaque lies on black.
    pub(crate) fn from_pixels(pixels: &Pixels) -> Canvas {
        let data = match pixels.channels() {
            Channels::Rgb => pixels.data().to_vec(),
            Channels::Gray => pixels.data().iter().flat_map(|&gray| [gray; 3]).collect(),
            Channels::Rgba => {
                let over = |sample: u8, opacity: u8| {
                    ((u32::from(sample) * u32::from(opacity) + 127) / 255) as u8
                };
                let (rgba, _) = pixels.data().as_chunks::<4>();
                rgba.iter().flat_map(|&[r, g, b, a]| [over(r, a), over(g, a), over(b, a)]).collect()
            }
        };
        Canvas { width: pixels.width(), height: pixels.height(), data }
    }

    pub(crate) fn into_pixels(self) -> Pixels {
        Pixels::new(self.width, self.height, Channels::Rgb, self.data).expect("an RGB picture")
    }

    pub(crate) fn width(&self) -> u32 {
        self.width
    }

    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    /// Paints a rectangle; `opacity` 255 covers what was there.
    pub(crate) fn fill(&mut self, rect: Rect, color: Color, opacity: u8) {
        let (left, right) = (inside(rect.0, self.width), inside(rect.2, self.width));
        let (top, bottom) = (inside(rect.1, self.height), inside(rect.3, self.height));
        if left >= right {
            return;
        }
        for y in top..bottom {
            let start = y * self.width as usize;
            let row = &mut self.data[(start + left) * 3..(start + right) * 3];
            for pixel in row.as_chunks_mut::<3>().0 {
                blend(pixel, color, opacity);
            }
        }
    }

    /// Paints the inner edge of a rectangle, `line` pixels wide.
    pub(crate) fn frame(&mut self, rect: Rect, line: i64, color: Color, opacity: u8) {
        let (left, top, right, bottom) = rect;
        if left >= right || top >= bottom {
            return;
        }
        let line_x = line.min((right - left + 1) / 2);
        let line_y = line.min((bottom - top + 1) / 2);
        self.fill((left, top, right, top + line_y), color, opacity);
        self.fill((left, bottom - line_y, right, bottom), color, opacity);
        self.fill((left, top + line_y, left + line_x, bottom - line_y), color, opacity);
        self.fill((right - line_x, top + line_y, right, bottom - line_y), color, opacity);
    }

    /// Writes one line; what the font lacks becomes `?`.
    pub(crate) fn text(&mut self, at: (i64, i64), text: &str, font: Font, color: Color) {
        let (mut x, y) = at;
        for letter in text.chars() {
            let glyph = get_raster(letter, FontWeight::Bold, font.0)
                .or_else(|| get_raster('?', FontWeight::Bold, font.0));
            let Some(glyph) = glyph else { return };
            for (dy, row) in glyph.rows().enumerate() {
                for (dx, &opacity) in row.iter().enumerate() {
                    let (px, py) = (x + dx as i64, y + dy as i64);
                    if opacity > 0 {
                        self.fill((px, py, px + 1, py + 1), color, opacity);
                    }
                }
            }
            x += glyph.width() as i64;
        }
    }

    /// Copies an RGB picture here, cut off at the edges.
    pub(crate) fn paste(&mut self, at: (u32, u32), picture: &Canvas) {
        let width = picture.width.min(self.width.saturating_sub(at.0)) as usize;
        let height = picture.height.min(self.height.saturating_sub(at.1)) as usize;
        for y in 0..height {
            let from = y * picture.width as usize * 3;
            let to = ((at.1 as usize + y) * self.width as usize + at.0 as usize) * 3;
            self.data[to..to + width * 3].copy_from_slice(&picture.data[from..from + width * 3]);
        }
    }
}

fn inside(place: i64, side: u32) -> usize {
    place.clamp(0, side.into()) as usize
}

fn blend(pixel: &mut [u8; 3], color: Color, opacity: u8) {
    let opacity = u32::from(opacity);
    for (sample, ink) in pixel.iter_mut().zip(color.0) {
        let mixed = u32::from(*sample) * (255 - opacity) + u32::from(ink) * opacity;
        *sample = ((mixed + 127) / 255) as u8;
    }
}
