//! Contact sheets: many frames on one picture.

use roadloop_base::Detection;

use crate::draw::{Canvas, Color, Font, PlateText, Plates, draw_detections};
use crate::{Pixels, thumbnail};

/// The longer side of a picture on a contact sheet, in pixels. Thumbnails of
/// this size can be handed over in place of the frames, to hold less memory.
pub const TILE_SIDE: u32 = 320;

/// The most tiles on one sheet; the rest is left out, and the sheet says so.
pub const MAX_TILES: usize = 60;

const GAP: u32 = 12;
const MARGIN: u32 = 20;
const GROUND: Color = Color([24, 26, 30]);
const TILE_GROUND: Color = Color([38, 41, 47]);
const CAPTION: Color = Color([190, 196, 204]);

/// One picture of a contact sheet.
#[derive(Clone, Debug)]
pub struct Tile {
    pub pixels: Pixels,
    pub detections: Vec<Detection>,
    /// Below the picture, cut where the tile ends: `front 22:00:01.250 #17`.
    pub caption: String,
}

/// Thumbnails with their boxes and captions on a grid, under a header line.
pub fn contact_sheet(header: &str, tiles: &[Tile]) -> Pixels {
    contact_sheet_with(header, tiles, PlateText::LabelAndConfidence)
}

/// The same, with what boxes say of themselves.
pub fn contact_sheet_with(header: &str, tiles: &[Tile], text: PlateText) -> Pixels {
    let shown = &tiles[..tiles.len().min(MAX_TILES)];
    let pictures: Vec<Canvas> = shown.iter().map(|tile| draw_tile(tile, text)).collect();
    let columns = columns(shown.len());
    let rows = (shown.len() as u32).div_ceil(columns);
    let picture_height = pictures.iter().map(Canvas::height).max().unwrap_or(0);
    let caption_height = Font::SMALL.height() + 8;
    let tile_height = picture_height + caption_height;

    let width = 2 * MARGIN + columns * TILE_SIDE + (columns - 1) * GAP;
    let header_height = Font::LARGE.height() + MARGIN;
    let height = 2 * MARGIN + header_height + rows * (tile_height + GAP) - GAP.min(rows * GAP);
    let mut sheet = Canvas::new(width, height, GROUND);

    let mut header = header.to_owned();
    if shown.len() < tiles.len() {
        header.push_str(&format!(" (the first {} of {})", shown.len(), tiles.len()));
    }
    let header = fitting(&header, Font::LARGE, width - 2 * MARGIN);
    sheet.text((MARGIN.into(), MARGIN.into()), &header, Font::LARGE, Color::WHITE);

    for (number, (tile, picture)) in shown.iter().zip(&pictures).enumerate() {
        let (column, row) = (number as u32 % columns, number as u32 / columns);
        let x = MARGIN + column * (TILE_SIDE + GAP);
        let y = MARGIN + header_height + row * (tile_height + GAP);
        let (left, top) = (i64::from(x), i64::from(y));
        let (right, bottom) = (left + i64::from(TILE_SIDE), top + i64::from(tile_height));
        sheet.fill((left, top, right, bottom), TILE_GROUND, 255);
        let inset_x = (TILE_SIDE - picture.width()) / 2;
        let inset_y = (picture_height - picture.height()) / 2;
        sheet.paste((x + inset_x, y + inset_y), picture);
        let caption = fitting(&tile.caption, Font::SMALL, TILE_SIDE - 12);
        let caption_top = top + i64::from(picture_height) + 4;
        sheet.text((left + 6, caption_top), &caption, Font::SMALL, CAPTION);
    }
    sheet.into_pixels()
}

fn draw_tile(tile: &Tile, text: PlateText) -> Canvas {
    let mut picture = Canvas::from_pixels(&thumbnail(&tile.pixels, TILE_SIDE));
    draw_detections(&mut picture, &tile.detections, Plates::WhereTheyFit, text);
    picture
}

/// About as many columns as make the sheet 4:3 from 16:9 pictures, from 2 to 6.
fn columns(tiles: usize) -> u32 {
    (1..=6).find(|&columns| columns * columns >= tiles).unwrap_or(6).max(2) as u32
}

/// The text, or its beginning and `..` where it is too long.
pub(crate) fn fitting(text: &str, font: Font, width: u32) -> String {
    if font.width(text) <= width {
        return text.to_owned();
    }
    let letters = (width / font.width(" ")).saturating_sub(2) as usize;
    text.chars().take(letters).chain("..".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;

    fn tile(width: u32, height: u32) -> Tile {
        let count = width as usize * height as usize;
        let pixels = Pixels::new(width, height, Channels::Gray, vec![200; count]).unwrap();
        Tile { pixels, detections: Vec::new(), caption: "front ".repeat(20) }
    }

    #[track_caller]
    fn check(tiles: usize, expected_columns: u32, expected_rows: u32) {
        let sheet = contact_sheet("hits", &vec![tile(640, 360); tiles]);
        let width = 2 * MARGIN + expected_columns * (TILE_SIDE + GAP) - GAP;
        assert_eq!(sheet.width(), width);
        let row = 180 + Font::SMALL.height() + 8 + GAP;
        let empty = contact_sheet("hits", &[]).height();
        assert_eq!(sheet.height(), empty + (expected_rows * row).saturating_sub(GAP));
    }

    #[test]
    fn grids() {
        check(0, 2, 0);
        check(1, 2, 1);
        check(5, 3, 2);
        check(36, 6, 6);
        check(37, 6, 7);
        check(MAX_TILES + 40, 6, 10);
    }

    #[test]
    fn pictures_of_all_shapes_share_a_sheet() {
        let sheet = contact_sheet("", &[tile(4000, 10), tile(10, 4000), tile(1, 1)]);
        assert!(sheet.data().iter().filter(|&&sample| sample == 200).count() > 3);
    }

    #[test]
    fn plates_of_labels_alone_are_shorter() {
        let mut one = tile(640, 360);
        let model = roadloop_base::ModelId::new("test").unwrap();
        let kind = roadloop_base::Kind::Object;
        let bbox = roadloop_base::BBox::from_ltrb(0.1, 0.3, 0.9, 0.9);
        let label = "car".to_owned();
        one.detections.push(Detection { kind, label, confidence: 0.5, bbox, model });
        let grounds = |text| {
            let sheet = contact_sheet_with("", &[one.clone()], text);
            sheet.data().iter().filter(|&&sample| sample == 200).count()
        };
        assert!(grounds(PlateText::Label) > grounds(PlateText::LabelAndConfidence));
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(fitting("front camera", Font::SMALL, 1000), "front camera");
        let cut = fitting("front camera", Font::SMALL, Font::SMALL.width("front ca"));
        assert_eq!(cut, "front ..");
    }
}
