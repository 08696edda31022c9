//! Augmented examples on one picture, for `--show-batches`: what a network sees, with the
//! boxes that it is to find, drawn from the very tensor that it is given.

use roadloop_base::{BBox, Detection, Kind, ModelId};
use roadloop_vision::{
    Channels, ColorOrder, MAX_TILES, Normalize, Pixels, PlateText, Tile, VisionError,
    contact_sheet_with, encode_png,
};

use crate::batch::{Batch, ModelBox};

/// Examples of these batches in their order, as many as there is room for, as a PNG. Boxes have
/// the names of their classes, or their numbers where there are no names.
pub fn batch_sheet(
    header: &str,
    batches: &[Batch],
    classes: &[String],
    normalize: &Normalize,
) -> Result<Vec<u8>, VisionError> {
    let tiles: Vec<Tile> = batches
        .iter()
        .flat_map(|batch| (0..batch.pictures.len()).map(move |index| (batch, index)))
        .filter_map(|(batch, index)| tile(batch, index, classes, normalize))
        .take(MAX_TILES)
        .collect();
    encode_png(&contact_sheet_with(header, &tiles, PlateText::Label))
}

fn tile(batch: &Batch, index: usize, classes: &[String], normalize: &Normalize) -> Option<Tile> {
    let planes = batch.images.chunks_exact(3 * batch.side * batch.side).nth(index)?;
    let picture = batch.pictures.get(index)?;
    let detections = picture.boxes.iter().filter_map(|found| drawn(found, batch.side, classes));
    Some(Tile {
        pixels: pixels(planes, batch.side, normalize)?,
        detections: detections.collect(),
        caption: format!("{}  {} px", picture.name, batch.side),
    })
}

/// The way back from the tensor.
fn pixels(planes: &[f32], side: usize, normalize: &Normalize) -> Option<Pixels> {
    let plane = side * side;
    let mut data = vec![0; 3 * plane];
    for (channel, values) in planes.chunks_exact(plane).enumerate() {
        let (mean, std) = (normalize.mean[channel], normalize.std[channel]);
        let sample = match normalize.order {
            ColorOrder::Rgb => channel,
            ColorOrder::Bgr => 2 - channel,
        };
        for (pixel, value) in data.chunks_exact_mut(3).zip(values) {
            pixel[sample] = (value * std + mean).round() as u8;
        }
    }
    Pixels::new(side as u32, side as u32, Channels::Rgb, data)
}

fn drawn(found: &ModelBox, side: usize, classes: &[String]) -> Option<Detection> {
    let side = side as f32;
    let bbox = BBox::from_center_size(
        found.center_x / side,
        found.center_y / side,
        found.width / side,
        found.height / side,
    )?;
    let label = classes.get(found.class as usize);
    Some(Detection {
        kind: Kind::Object,
        label: label.map_or_else(|| format!("class {}", found.class), Clone::clone),
        confidence: 1.0,
        bbox: Some(bbox),
        model: ModelId::new("labels").ok()?,
    })
}

#[cfg(test)]
mod tests {
    use roadloop_vision::decode_bytes;

    use super::*;
    use crate::batch::{BatchPicture, YOLOV3_INPUT, YOLOX_INPUT};

    fn batch(normalize: &Normalize, pictures: usize) -> Batch {
        let color = [200.0, 100.0, 50.0];
        let mut images = Vec::new();
        for _ in 0..pictures {
            for channel in 0..3 {
                let sample = match normalize.order {
                    ColorOrder::Rgb => color[channel],
                    ColorOrder::Bgr => color[2 - channel],
                };
                let value = (sample - normalize.mean[channel]) / normalize.std[channel];
                images.extend(vec![value; 64 * 64]);
            }
        }
        let found =
            ModelBox { class: 7, center_x: 32.0, center_y: 32.0, width: 20.0, height: 20.0 };
        let name = "front 12".to_owned();
        let picture = BatchPicture { place: 0, name, boxes: vec![found], layout: None };
        let pictures = vec![picture; pictures];
        Batch { step: 0, side: 64, images, pictures, skipped: Vec::new() }
    }

    /// How many pixels of the sheet have the colour of its pictures.
    #[track_caller]
    fn check(batches: &[Batch], normalize: &Normalize, expected: std::ops::Range<usize>) {
        let png = batch_sheet("batches", batches, &[], normalize).unwrap();
        let sheet = decode_bytes(&png).unwrap();
        let colored = sheet.data().chunks(3).filter(|pixel| *pixel == [200, 100, 50]).count();
        assert!(expected.contains(&colored), "{colored}");
    }

    #[test]
    fn pictures_are_what_the_tensor_says() {
        // 64 x 64 less the box's frame and its plate.
        for normalize in [YOLOX_INPUT, YOLOV3_INPUT] {
            check(&[batch(&normalize, 1)], &normalize, 2500..4096);
            check(&[batch(&normalize, 2), batch(&normalize, 1)], &normalize, 7500..12288);
            check(&[], &normalize, 0..1);
        }
    }

    #[test]
    fn boxes_without_a_name_have_their_number() {
        let found = ModelBox { class: 1, center_x: 5.0, center_y: 5.0, width: 4.0, height: 4.0 };
        let label = |classes: &[String]| drawn(&found, 10, classes).unwrap().label;
        assert_eq!(label(&["car".into(), "dog".into()]), "dog");
        assert_eq!(label(&["car".into()]), "class 1");
    }
}
