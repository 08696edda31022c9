//! COCO's detection results, and the images and categories they speak of.
//!
//! Results are one list: `image_id`, `category_id`, `bbox` as left, top, width and
//! height in pixels, `score` from 0 to 1. What is on the whole image has no box
//! there and is left out. The companion has the form of COCO's annotation files,
//! without annotations: `images` and `categories`, numbered from 1 on, in the order
//! of the hits and of the labels. Frames nobody looked at stand in a list of their
//! own, `not_looked_at`: among `images` they would count as empty.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};

use roadloop_base::BBox;

use super::plain;
use crate::{CatalogError, Hit};

pub(super) fn write_results(hits: &[Hit], out: &mut dyn Write) -> Result<(), CatalogError> {
    let categories = categories(hits);
    let mut before = "[";
    for (image_id, hit) in looked_at(hits) {
        for found in &hit.detections {
            let Some(bbox) = found.bbox else { continue };
            let result = json!({
                "image_id": image_id,
                "category_id": categories.get(found.label.as_str()),
                "bbox": in_pixels(bbox, hit.frame.width, hit.frame.height),
                "score": plain(found.confidence),
            });
            write!(out, "{before}\n{result}")?;
            before = ",";
        }
    }
    let end = if before == "[" { "[]\n" } else { "\n]\n" };
    Ok(out.write_all(end.as_bytes())?)
}

pub(super) fn write_companion(hits: &[Hit], out: &mut dyn Write) -> Result<(), CatalogError> {
    let image = |(image_id, hit): (usize, &Hit)| {
        let mut image = named(hit);
        image["id"] = json!(image_id);
        image
    };
    let category = |(name, id): (&str, usize)| json!({"id": id, "name": name});
    let companion = json!({
        "info": {"description": "roadloop: what the results' numbers stand for"},
        "images": looked_at(hits).map(image).collect::<Vec<Value>>(),
        "categories": categories(hits).into_iter().map(category).collect::<Vec<Value>>(),
        "annotations": [],
        "not_looked_at": hits.iter().filter(|hit| !hit.looked_at).map(named).collect::<Vec<Value>>(),
    });
    writeln!(out, "{companion}")?;
    Ok(())
}

fn looked_at(hits: &[Hit]) -> impl Iterator<Item = (usize, &Hit)> {
    hits.iter().filter(|hit| hit.looked_at).enumerate().map(|(place, hit)| (place + 1, hit))
}

/// Labels that have a box somewhere, with their numbers.
fn categories(hits: &[Hit]) -> BTreeMap<&str, usize> {
    let boxed = looked_at(hits).flat_map(|(_, hit)| &hit.detections).filter(|d| d.bbox.is_some());
    let mut categories: BTreeMap<&str, usize> =
        boxed.map(|found| (found.label.as_str(), 0)).collect();
    for (place, id) in categories.values_mut().enumerate() {
        *id = place + 1;
    }
    categories
}

fn named(hit: &Hit) -> Value {
    json!({
        "file_name": hit.frame.image,
        "width": hit.frame.width,
        "height": hit.frame.height,
        "date_captured": hit.frame.taken_at.iso(),
        "recording": hit.frame.id.recording,
        "camera": hit.frame.id.camera,
        "sequence": hit.frame.id.sequence,
    })
}

fn in_pixels(bbox: BBox, width: u32, height: u32) -> [f64; 4] {
    let (width, height) = (f64::from(width), f64::from(height));
    let (left, top) = (f64::from(bbox.left()), f64::from(bbox.top()));
    let (right, bottom) = (f64::from(bbox.right()), f64::from(bbox.bottom()));
    [left * width, top * height, (right - left) * width, (bottom - top) * height]
}

#[cfg(test)]
mod tests {
    use super::super::testing::hits;
    use super::*;

    fn parsed(
        write: impl Fn(&[Hit], &mut dyn Write) -> Result<(), CatalogError>,
        hits: &[Hit],
    ) -> Value {
        let mut bytes = Vec::new();
        write(hits, &mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn results_are_boxes_in_pixels() {
        let results = parsed(write_results, &hits());
        let expected = json!([
            {"image_id": 1, "category_id": 1, "bbox": [160.0, 180.0, 320.0, 360.0], "score": 0.5},
            {"image_id": 1, "category_id": 1, "bbox": [640.0, 180.0, 320.0, 360.0],
             "score": 0.7},
        ]);
        assert_eq!(results, expected);
        assert_eq!(parsed(write_results, &hits()[1..]), json!([]));
        assert_eq!(parsed(write_results, &[]), json!([]));
    }

    #[test]
    fn the_companion_says_what_numbers_mean() {
        let companion = parsed(write_companion, &hits());
        assert_eq!(companion["categories"], json!([{"id": 1, "name": "car"}]));
        let images = companion["images"].as_array().unwrap();
        assert_eq!((images.len(), &images[1]["id"]), (2, &json!(2)));
        assert_eq!(images[0]["file_name"], hits()[0].frame.image);
        assert_eq!(companion["not_looked_at"][0]["sequence"], 2);
        assert_eq!(companion["annotations"], json!([]));
    }
}
