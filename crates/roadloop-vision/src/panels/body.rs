//! What is in a panel: bars, rows or a heat map, in a place of a fixed width.

use super::scale::{Scale, clean, short};
use super::{INNER, LINE, PanelBody, SERIES, SOFT, Series};
use crate::draw::{Canvas, Color, Font};
use crate::sheet::fitting;

/// Of bars and heat maps, in pixels.
const PLOT: u32 = 240;
/// Left of bars, for the numbers of their axis: five letters and some air.
const AXIS: u32 = 56;
/// More bars than this are less than two pixels each.
const MAX_BARS: usize = 256;
/// More rows are left out, and the panel says how many.
const MAX_ROWS: usize = 30;
const ROW: u32 = 24;
/// Letters of a row's name and of its number.
const NAME_LETTERS: u32 = 18;
const NUMBER_LETTERS: u32 = 6;
/// Cells of a heat map in a line; there are no more pixels.
const MAX_CELLS: usize = 512;
const TEXT: u32 = 16;

/// "Inferno" of matplotlib (CC0), each ninth: its steps look equally large, to people who see
/// no colours as well.
const HEAT: [[u8; 3]; 10] = [
    [0, 0, 4],
    [27, 12, 65],
    [74, 12, 107],
    [120, 28, 109],
    [165, 44, 96],
    [207, 68, 70],
    [237, 105, 37],
    [251, 155, 6],
    [247, 209, 61],
    [252, 255, 164],
];

pub(super) fn height(body: &PanelBody) -> u32 {
    match body {
        PanelBody::Bars { .. } => PLOT + TEXT + 12,
        PanelBody::Rows { labels, .. } => {
            let lines = labels.len().clamp(1, MAX_ROWS) + usize::from(labels.len() > MAX_ROWS);
            ROW * lines as u32
        }
        PanelBody::Heat { .. } => PLOT,
    }
}

pub(super) fn draw(canvas: &mut Canvas, at: (u32, u32), body: &PanelBody) {
    let at = (i64::from(at.0), i64::from(at.1));
    match body {
        PanelBody::Bars { labels, series, log } => draw_bars(canvas, at, labels, series, *log),
        PanelBody::Rows { labels, series } => draw_rows(canvas, at, labels, series),
        PanelBody::Heat { width, height, values } => {
            draw_heat(canvas, at, (*width, *height), values);
        }
    }
}

fn draw_bars(canvas: &mut Canvas, at: (i64, i64), labels: &[String], series: &[Series], log: bool) {
    let labels = &labels[..labels.len().min(MAX_BARS)];
    let series = &series[..series.len().min(SERIES.len())];
    let (left, foot) = (at.0 + i64::from(AXIS), at.1 + i64::from(PLOT));
    let width = i64::from(INNER - AXIS);
    let sum = |place: usize| series.iter().map(|one| one.at(place)).sum::<f64>();
    let highest = |place: usize| match log {
        true => series.iter().map(|one| one.at(place)).fold(0.0, f64::max),
        false => sum(place),
    };
    let most = (0..labels.len()).map(highest).fold(0.0, f64::max);
    if most <= 0.0 {
        nothing(canvas, at);
        return;
    }
    let scale = Scale::new(most, log);
    // Half a line of text is kept free above the highest bar, for the number beside it.
    let high = f64::from(PLOT - TEXT / 2);
    let height_of = |value: f64| (scale.share(value) * high).round() as i64;
    for tick in scale.ticks() {
        let y = foot - height_of(tick);
        canvas.fill((left, y, left + width, y + 1), LINE, 255);
        right_text(canvas, (left - 8, y - i64::from(TEXT / 2)), &short(tick));
    }
    right_text(canvas, (left - 8, foot - i64::from(TEXT / 2)), "0");

    let edge = |place: usize| left + width * place as i64 / labels.len().max(1) as i64;
    for place in 0..labels.len() {
        let (from, to) = (edge(place), edge(place + 1));
        let air = ((to - from) / 8).min(6);
        let (from, to) = (from + air, (to - air).max(from + air + 1));
        let mut bottom = 0.0;
        for (number, (one, color)) in series.iter().zip(SERIES).enumerate() {
            let value = one.at(place);
            if value <= 0.0 {
                continue;
            }
            let (from, to, low) = match log {
                true => {
                    let part = |number: usize| {
                        from + (to - from) * number as i64 / series.len().max(1) as i64
                    };
                    (part(number), part(number + 1).max(part(number) + 1), 0)
                }
                false => (from, to, height_of(bottom)),
            };
            bottom += value;
            // Something is never drawn as nothing.
            let top = height_of(if log { value } else { bottom }).max(low + 1);
            canvas.fill((from, foot - top, to, foot - low), color, 255);
        }
    }
    canvas.fill((left, foot, left + width, foot + 1), SOFT, 255);
    draw_labels(canvas, (left, foot + 6), width, labels);
}

/// Below the middle of their bars, as many as do not touch.
fn draw_labels(canvas: &mut Canvas, at: (i64, i64), width: i64, labels: &[String]) {
    let letter = Font::SMALL.width(" ");
    let written: Vec<String> =
        labels.iter().map(|label| fitting(label, Font::SMALL, 14 * letter)).collect();
    let widest = written.iter().map(|text| Font::SMALL.width(text)).max().unwrap_or(0);
    let room = (f64::from(widest + letter) * labels.len() as f64 / width as f64).ceil();
    let step = (room as usize).max(1);
    let mut free_from = at.0 - i64::from(AXIS);
    for (place, text) in written.iter().enumerate().step_by(step) {
        let middle = at.0 + width * (2 * place as i64 + 1) / (2 * labels.len().max(1) as i64);
        let long = i64::from(Font::SMALL.width(text));
        // The last may stand out: it is moved in where that leaves the one before alone.
        let x = (middle - long / 2).clamp(at.0 - i64::from(AXIS), at.0 + width - long);
        if x < free_from {
            continue;
        }
        canvas.text((x, at.1), text, Font::SMALL, SOFT);
        free_from = x + long + i64::from(letter);
    }
}

fn draw_rows(canvas: &mut Canvas, at: (i64, i64), labels: &[String], series: &[Series]) {
    let letter = Font::SMALL.width(" ");
    let series = &series[..series.len().min(SERIES.len())];
    let shown = &labels[..labels.len().min(MAX_ROWS)];
    let sum = |place: usize| series.iter().map(|one| one.at(place)).sum::<f64>();
    let most = (0..shown.len()).map(sum).fold(0.0, f64::max);
    if shown.is_empty() {
        nothing(canvas, at);
    }
    let left = at.0 + i64::from(letter * NAME_LETTERS) + 8;
    let width = i64::from(INNER) - (left - at.0) - i64::from(letter * NUMBER_LETTERS);
    let scale = Scale::new(most, false);
    let long = |value: f64| (scale.share(value) * width as f64).round() as i64;
    for (place, label) in shown.iter().enumerate() {
        let top = at.1 + i64::from(ROW) * place as i64;
        let text_top = top + i64::from((ROW - TEXT) / 2);
        let name = fitting(label, Font::SMALL, letter * NAME_LETTERS);
        canvas.text((at.0, text_top), &name, Font::SMALL, Color::WHITE);
        let mut begin = 0.0;
        for (one, color) in series.iter().zip(SERIES) {
            let value = one.at(place);
            if value <= 0.0 {
                continue;
            }
            let from = left + long(begin);
            begin += value;
            let to = (left + long(begin)).max(from + 1);
            canvas.fill((from, top + 4, to, top + i64::from(ROW) - 4), color, 255);
        }
        let x = left + long(begin) + 8;
        canvas.text((x, text_top), &short(sum(place)), Font::SMALL, SOFT);
    }
    if shown.len() < labels.len() {
        let top = at.1 + i64::from(ROW) * shown.len() as i64 + 4;
        let rest = format!("and {} more", labels.len() - shown.len());
        canvas.text((at.0, top), &rest, Font::SMALL, SOFT);
    }
}

fn draw_heat(canvas: &mut Canvas, at: (i64, i64), size: (usize, usize), values: &[f64]) {
    let (columns, rows) = size;
    let value = |place: usize| clean(values.get(place).copied().unwrap_or(0.0));
    let is_map = (1..=MAX_CELLS).contains(&columns) && (1..=MAX_CELLS).contains(&rows);
    let cells = if is_map { columns * rows } else { 0 };
    let most = (0..cells).map(value).fold(0.0, f64::max);
    if most <= 0.0 {
        nothing(canvas, at);
        return;
    }
    // Road images are wide: so is the map, whatever the shape of its cells.
    let (width, height) = (i64::from(INNER) - 140, i64::from(PLOT));
    for row in 0..rows {
        let top = at.1 + height * row as i64 / rows as i64;
        let bottom = at.1 + height * (row as i64 + 1) / rows as i64;
        for column in 0..columns {
            let left = at.0 + width * column as i64 / columns as i64;
            let right = at.0 + width * (column as i64 + 1) / columns as i64;
            let color = heat(value(row * columns + column) / most);
            canvas.fill((left, top, right, bottom), color, 255);
        }
    }
    canvas.frame((at.0, at.1, at.0 + width, at.1 + height), 1, LINE, 255);

    let left = at.0 + width + 24;
    for y in 0..height {
        let color = heat(1.0 - y as f64 / (height - 1) as f64);
        canvas.fill((left, at.1 + y, left + 18, at.1 + y + 1), color, 255);
    }
    canvas.frame((left, at.1, left + 18, at.1 + height), 1, LINE, 255);
    canvas.text((left + 28, at.1), &short(most), Font::SMALL, SOFT);
    canvas.text((left + 28, at.1 + height - i64::from(TEXT)), "0", Font::SMALL, SOFT);
}

/// Of a share from 0 to 1.
fn heat(share: f64) -> Color {
    let place = share.clamp(0.0, 1.0) * (HEAT.len() - 1) as f64;
    let below = (place as usize).min(HEAT.len() - 2);
    let part = place - below as f64;
    let mix = |at: usize| {
        let (dark, bright) = (f64::from(HEAT[below][at]), f64::from(HEAT[below + 1][at]));
        (dark + (bright - dark) * part).round() as u8
    };
    Color([mix(0), mix(1), mix(2)])
}

fn nothing(canvas: &mut Canvas, at: (i64, i64)) {
    canvas.text((at.0, at.1 + 4), "nothing to show", Font::SMALL, SOFT);
}

/// Text that ends there.
fn right_text(canvas: &mut Canvas, at: (i64, i64), text: &str) {
    let x = at.0 - i64::from(Font::SMALL.width(text));
    canvas.text((x, at.1), text, Font::SMALL, SOFT);
}
