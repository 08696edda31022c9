//! Numbers of several people or things as bars: a row for each, a column for each measure.

use crate::Pixels;
use crate::draw::{Canvas, Color, Font};

/// More rows are left out, and the picture says so.
const MAX_ROWS: usize = 60;

const MARGIN: u32 = 20;
const GAP: u32 = 16;
const BAR: u32 = 140;
const ROW: u32 = 26;
/// Letters of a name and of a number; longer ones are cut.
const NAME_LETTERS: usize = 20;
const NUMBER_LETTERS: usize = 8;

const GROUND: Color = Color([24, 26, 30]);
const STRIPE: Color = Color([32, 35, 40]);
const HEAD: Color = Color([190, 196, 204]);
const BAR_COLOR: Color = Color([86, 156, 214]);

/// A measure, and how its numbers are written.
#[derive(Clone, Debug)]
pub struct Measure {
    pub name: String,
    /// Digits after the point.
    pub digits: usize,
    /// What a bar of full length is; the largest number where it is absent.
    pub full: Option<f64>,
}

/// A row: its name and a number for each measure, where there is one.
#[derive(Clone, Debug)]
pub struct BarRow {
    pub name: String,
    pub numbers: Vec<Option<f64>>,
}

/// Bars beside each other, under a header line.
pub fn bar_chart(header: &str, measures: &[Measure], rows: &[BarRow]) -> Pixels {
    let shown = &rows[..rows.len().min(MAX_ROWS)];
    let letter = Font::SMALL.width(" ");
    let name_width = letter * NAME_LETTERS as u32;
    let column = BAR + GAP + letter * NUMBER_LETTERS as u32;
    let head = MARGIN + Font::LARGE.height() + GAP;
    let width = 2 * MARGIN + name_width + (column + GAP) * measures.len() as u32;
    let height = head + ROW * (shown.len() as u32 + 1) + MARGIN;
    let mut canvas = Canvas::new(width, height, GROUND);
    let mut header = header.to_owned();
    if shown.len() < rows.len() {
        header += &format!(" (the first {} of {})", shown.len(), rows.len());
    }
    canvas.text((MARGIN.into(), MARGIN.into()), &header, Font::LARGE, Color::WHITE);
    let left_of = |place: usize| MARGIN + name_width + GAP + (column + GAP) * place as u32;
    for (place, measure) in measures.iter().enumerate() {
        let at = (left_of(place).into(), head.into());
        canvas.text(at, &cut(&measure.name, (column / letter) as usize), Font::SMALL, HEAD);
    }
    for (number, row) in shown.iter().enumerate() {
        let top = i64::from(head + ROW * (number as u32 + 1));
        if number % 2 == 0 {
            canvas.fill((0, top, width.into(), top + i64::from(ROW)), STRIPE, 255);
        }
        let text_top = top + i64::from((ROW - Font::SMALL.height()) / 2);
        let name = cut(&row.name, NAME_LETTERS);
        canvas.text((MARGIN.into(), text_top), &name, Font::SMALL, Color::WHITE);
        for (place, measure) in measures.iter().enumerate() {
            let Some(value) = row.numbers.get(place).copied().flatten() else { continue };
            let most = measure.full.unwrap_or_else(|| largest(shown, place));
            let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
            let left = i64::from(left_of(place));
            // Something is never drawn as nothing.
            let long = (share * f64::from(BAR)).round().max(f64::from(u8::from(value > 0.0)));
            let bar = (left, top + 5, left + long as i64, top + i64::from(ROW) - 5);
            canvas.fill(bar, BAR_COLOR, 255);
            let text = format!("{value:.*}", measure.digits);
            let at = (left + i64::from(BAR + GAP / 2), text_top);
            canvas.text(at, &cut(&text, NUMBER_LETTERS), Font::SMALL, HEAD);
        }
    }
    canvas.into_pixels()
}

fn largest(rows: &[BarRow], place: usize) -> f64 {
    let values = rows.iter().filter_map(|row| row.numbers.get(place).copied().flatten());
    values.fold(0.0, f64::max)
}

fn cut(text: &str, letters: usize) -> String {
    match text.chars().count() > letters {
        true => text.chars().take(letters.saturating_sub(2)).chain("..".chars()).collect(),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(full: Option<f64>) -> Measure {
        Measure { name: "boxes".to_owned(), digits: 1, full }
    }

    /// Pixels of bars in the row of that number.
    fn blue(chart: &Pixels, row: u32) -> usize {
        let y = MARGIN + Font::LARGE.height() + GAP + ROW * (row + 1) + ROW / 2;
        let width = chart.width() as usize * 3;
        let line = &chart.data()[y as usize * width..][..width];
        line.as_chunks::<3>().0.iter().filter(|pixel| **pixel == BAR_COLOR.0).count()
    }

    #[test]
    fn bars_are_as_long_as_numbers_are_large() {
        let row = |number| BarRow { name: "ann".to_owned(), numbers: vec![number] };
        let rows = [row(Some(4.0)), row(Some(2.0)), row(None), row(Some(0.001)), row(Some(0.0))];
        let chart = bar_chart("people", &[measure(None)], &rows);
        let long: Vec<usize> = (0..5).map(|number| blue(&chart, number)).collect();
        assert_eq!(long, [BAR as usize, BAR as usize / 2, 0, 1, 0]);
        let chart = bar_chart("people", &[measure(Some(8.0))], &rows);
        assert_eq!(blue(&chart, 0), BAR as usize / 2);
    }

    #[test]
    fn any_numbers_and_names_are_drawn() {
        let odd = [f64::NAN, f64::INFINITY, -1.0, 1e300].map(Some).to_vec();
        let rows = vec![BarRow { name: "ж".repeat(300), numbers: odd }; MAX_ROWS + 5];
        let measures = vec![measure(None); 6];
        let chart = bar_chart(&"x".repeat(500), &measures, &rows);
        assert!(chart.height() < 2000 && chart.width() < 3000);
        assert!(bar_chart("", &[], &[]).height() > 0);
    }
}
