//! Statistics as pictures: panels with bars, rows and heat maps on a grid, under a header.
//!
//! Draws whatever numbers it is given: what is no number, or below 0, is nothing. Knows not
//! what the numbers are about.

mod body;
mod scale;

use crate::Pixels;
use crate::draw::{Canvas, Color, Font};
use crate::sheet::fitting;

/// More panels are left out, and the picture says so.
pub const MAX_PANELS: usize = 24;

const MARGIN: u32 = 20;
const GAP: u32 = 16;
/// Of a panel, and of what is inside its padding, in pixels.
const PANEL: u32 = 640;
const PADDING: u32 = 16;
const INNER: u32 = PANEL - 2 * PADDING;

const GROUND: Color = Color([24, 26, 30]);
const CARD: Color = Color([32, 35, 40]);
const SOFT: Color = Color([190, 196, 204]);
const LINE: Color = Color([62, 67, 75]);

/// Of series in their order. Told apart in grey as well; the first three are those of train,
/// val and test on all pages.
const SERIES: [Color; 8] = [
    Color([86, 156, 214]),
    Color([240, 178, 77]),
    Color([122, 204, 132]),
    Color([214, 125, 190]),
    Color([229, 229, 130]),
    Color([120, 220, 222]),
    Color([232, 116, 97]),
    Color([168, 172, 180]),
];

/// A picture within the picture.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Cut where the panel ends.
    pub title: String,
    pub body: PanelBody,
}

#[derive(Clone, Debug)]
pub enum PanelBody {
    /// Upright bars, one for each label. Of several series they are stacked; where the scale
    /// is logarithmic they stand beside each other, for there a part of a bar says nothing.
    /// Labels are left out where they would overlap.
    Bars {
        labels: Vec<String>,
        series: Vec<Series>,
        /// By the logarithm of one more than the value, so that 0 has a place too.
        log: bool,
    },
    /// Lying bars, one for each label, the parts of several series stacked, with the sum
    /// behind them: for names, as those of classes.
    Rows { labels: Vec<String>, series: Vec<Series> },
    /// Numbers on a grid of so many columns and rows, row by row from the top left: dark is
    /// 0, bright the largest of them, which is written beside it.
    Heat { width: usize, height: usize, values: Vec<f64> },
}

/// Numbers of one colour, one for each label; those that are missing are 0.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    pub values: Vec<f64>,
}

impl Series {
    fn at(&self, place: usize) -> f64 {
        scale::clean(self.values.get(place).copied().unwrap_or(0.0))
    }
}

/// Panels on a grid of so many columns, 1 to 4, under a header line.
pub fn panels(header: &str, panels: &[Panel], columns: u32) -> Pixels {
    let shown = &panels[..panels.len().min(MAX_PANELS)];
    let columns = columns.clamp(1, 4).min(shown.len().max(1) as u32);
    let heights: Vec<u32> = shown.iter().map(height_of).collect();
    // Neighbours are as high as the highest of them.
    let rows: Vec<u32> = heights
        .chunks(columns as usize)
        .map(|row| row.iter().copied().max().unwrap_or(0))
        .collect();
    let width = 2 * MARGIN + columns * (PANEL + GAP) - GAP;
    let head = MARGIN + Font::LARGE.height() + GAP;
    let height = head + rows.iter().map(|row| row + GAP).sum::<u32>() + MARGIN - GAP;
    let mut canvas = Canvas::new(width, height, GROUND);

    let mut header = header.to_owned();
    if shown.len() < panels.len() {
        header += &format!(" (the first {} of {})", shown.len(), panels.len());
    }
    let header = fitting(&header, Font::LARGE, width - 2 * MARGIN);
    canvas.text((MARGIN.into(), MARGIN.into()), &header, Font::LARGE, Color::WHITE);

    let mut top = head;
    for (row, row_height) in shown.chunks(columns as usize).zip(rows) {
        for (column, panel) in row.iter().enumerate() {
            let left = MARGIN + column as u32 * (PANEL + GAP);
            let (x, y) = (i64::from(left), i64::from(top));
            let (right, bottom) = (x + i64::from(PANEL), y + i64::from(row_height));
            canvas.fill((x, y, right, bottom), CARD, 255);
            draw_panel(&mut canvas, (left + PADDING, top + PADDING), panel);
        }
        top += row_height + GAP;
    }
    canvas.into_pixels()
}

fn height_of(panel: &Panel) -> u32 {
    2 * PADDING + head_height(&panel.body) + body::height(&panel.body)
}

fn head_height(body: &PanelBody) -> u32 {
    let line = Font::SMALL.height() + 8;
    if legend(body).is_empty() { line } else { 2 * line }
}

fn draw_panel(canvas: &mut Canvas, at: (u32, u32), panel: &Panel) {
    let (x, y) = (i64::from(at.0), i64::from(at.1));
    let title = fitting(&panel.title, Font::SMALL, INNER);
    canvas.text((x, y), &title, Font::SMALL, Color::WHITE);
    draw_legend(canvas, (x, y + i64::from(Font::SMALL.height()) + 8), legend(&panel.body));
    body::draw(canvas, (at.0, at.1 + head_height(&panel.body)), &panel.body);
}

/// What is told apart by colours: nothing where there is one series.
fn legend(body: &PanelBody) -> &[Series] {
    match body {
        PanelBody::Bars { series, .. } | PanelBody::Rows { series, .. } if series.len() > 1 => {
            &series[..series.len().min(SERIES.len())]
        }
        _ => &[],
    }
}

fn draw_legend(canvas: &mut Canvas, at: (i64, i64), series: &[Series]) {
    const SWATCH: i64 = 12;
    let (mut x, y) = at;
    // Each has its share of the line, and none more: all of them are there.
    let most = INNER / series.len().max(1) as u32;
    for (one, color) in series.iter().zip(SERIES) {
        let name = fitting(&one.name, Font::SMALL, most.saturating_sub(SWATCH as u32 + 24));
        canvas.fill((x, y + 2, x + SWATCH, y + 2 + SWATCH), color, 255);
        canvas.text((x + SWATCH + 6, y), &name, Font::SMALL, SOFT);
        x += SWATCH + 6 + i64::from(Font::SMALL.width(&name)) + 18;
    }
}

#[cfg(test)]
mod tests;
