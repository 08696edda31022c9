//! Detections drawn where they are, for people to look at.
//!
//! What is drawn here is never measured, stored in the catalog or trained on.

mod canvas;
mod colors;

use roadloop_base::{BBox, Detection};

pub(crate) use canvas::{Canvas, Color, Font};

use crate::Pixels;

/// A copy of the picture in RGB with a box around each detection and a plate
/// that says what it is: `person 0.87`. What is said about the whole image is
/// listed in its top left corner.
pub fn draw_boxes(pixels: &Pixels, detections: &[Detection]) -> Pixels {
    draw_boxes_with(pixels, detections, PlateText::LabelAndConfidence)
}

/// The same, with what boxes say of themselves.
pub fn draw_boxes_with(pixels: &Pixels, detections: &[Detection], text: PlateText) -> Pixels {
    let mut canvas = Canvas::from_pixels(pixels);
    draw_detections(&mut canvas, detections, Plates::All, text);
    canvas.into_pixels()
}

/// What is written on plates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlateText {
    /// `person 0.87`
    LabelAndConfidence,
    /// `person`: of boxes that people drew, of which nobody asks how sure they are.
    Label,
}

/// Which boxes get a plate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plates {
    All,
    /// Those with room for it: on a thumbnail the others would hide each other.
    WhereTheyFit,
}

pub(crate) fn draw_detections(
    canvas: &mut Canvas,
    detections: &[Detection],
    plates: Plates,
    text: PlateText,
) {
    let shorter = canvas.width().min(canvas.height());
    let font = Font::for_height(shorter / 34);
    let line = (shorter / 220).clamp(2, 8);

    // The surest last, so that it lies on top.
    let mut sorted: Vec<&Detection> = detections.iter().collect();
    sorted.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let boxes = || sorted.iter().filter_map(|d| d.bbox.map(|bbox| (*d, bbox)));
    for (detection, bbox) in boxes() {
        outline(canvas, bbox, line, colors::of_label(&detection.label));
    }
    // Plates after all the outlines, so that no line crosses a word.
    for (detection, bbox) in boxes() {
        draw_plate(canvas, detection, bbox, line, font, (plates, text));
    }

    let mut y = line;
    for detection in sorted.iter().rev().filter(|detection| detection.bbox.is_none()) {
        let caption = caption(detection, text);
        plate(canvas, (line, y), &caption, font, colors::of_label(&detection.label));
        y += font.plate_height() + 1;
    }
}

fn caption(detection: &Detection, text: PlateText) -> String {
    match text {
        PlateText::LabelAndConfidence => {
            format!("{} {:.2}", detection.label, detection.confidence)
        }
        PlateText::Label => detection.label.clone(),
    }
}

/// A frame of `line` pixels around the box, with a dark hair line on both
/// sides so that it shows on any ground.
fn outline(canvas: &mut Canvas, bbox: BBox, line: u32, color: Color) {
    let (x, y, width, height) = bbox.pixels(canvas.width(), canvas.height());
    let (x, y) = (i64::from(x), i64::from(y));
    let (right, bottom) = (x + i64::from(width), y + i64::from(height));
    let line = i64::from(line);
    let dark = Color([0, 0, 0]);
    canvas.frame((x - 1, y - 1, right + 1, bottom + 1), 1, dark, 110);
    canvas.frame((x + line, y + line, right - line, bottom - line), 1, dark, 110);
    canvas.frame((x, y, right, bottom), line, color, 255);
}

fn draw_plate(
    canvas: &mut Canvas,
    detection: &Detection,
    bbox: BBox,
    line: u32,
    font: Font,
    (plates, text): (Plates, PlateText),
) {
    let (x, y, width, _) = bbox.pixels(canvas.width(), canvas.height());
    let mut text = caption(detection, text);
    if plates == Plates::WhereTheyFit && font.plate_width(&text) > width + 2 * line {
        text.clone_from(&detection.label);
        if font.plate_width(&text) > width * 3 / 2 {
            return;
        }
    }
    let (plate_width, plate_height) = (font.plate_width(&text), font.plate_height());
    let x = x.min(canvas.width().saturating_sub(plate_width));
    // Above the box; inside it where the image ends.
    let y = y.checked_sub(plate_height).unwrap_or(y);
    plate(canvas, (x, y), &text, font, colors::of_label(&detection.label));
}

fn plate(canvas: &mut Canvas, at: (u32, u32), text: &str, font: Font, color: Color) {
    let (x, y) = (i64::from(at.0), i64::from(at.1));
    let (width, height) = (font.plate_width(text), font.plate_height());
    canvas.fill((x, y, x + i64::from(width), y + i64::from(height)), color, 255);
    canvas.text((x + i64::from(font.margin()), y + 1), text, font, color.ink());
}

#[cfg(test)]
mod tests;
