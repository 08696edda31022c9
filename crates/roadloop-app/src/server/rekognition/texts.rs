//! `DetectText`: which words are wanted of what was read, and how they are answered.

use roadloop_base::BBox;
use roadloop_engine::catalog::export::{bounding_box, percent};
use roadloop_engine::vision::TextLine;
use serde::Deserialize;
use serde_json::{Value, json};

use super::question;

/// `MinConfidence` where it is not said: what is less sure is more often wrong than right.
const WORDS_FROM: f64 = 50.0;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filters {
    #[serde(default)]
    word_filter: WordFilter,
    #[serde(default)]
    regions_of_interest: Vec<Region>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WordFilter {
    min_confidence: Option<f64>,
    min_bounding_box_height: Option<f32>,
    min_bounding_box_width: Option<f32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Region {
    bounding_box: Option<Sides>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Sides {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

/// Which words are wanted.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    /// 0 to 1.
    confidence: f64,
    height: f32,
    width: f32,
    /// All of the image where none is named.
    regions: Vec<BBox>,
}

impl Filters {
    pub(super) fn wanted(&self) -> Result<Wanted, String> {
        let Filters { word_filter, regions_of_interest } = self;
        let regions = regions_of_interest.iter().map(|region| {
            let sides = region.bounding_box.as_ref();
            let sides = sides.ok_or("regions of interest are boxes here, not polygons")?;
            let Sides { left, top, width, height } = *sides;
            BBox::clamped(left, top, left + width, top + height)
                .ok_or("a region of interest lies outside of the image")
        });
        Ok(Wanted {
            confidence: question::percent(word_filter.min_confidence, WORDS_FROM)?,
            height: word_filter.min_bounding_box_height.unwrap_or(0.0),
            width: word_filter.min_bounding_box_width.unwrap_or(0.0),
            regions: regions.collect::<Result<_, _>>()?,
        })
    }
}

impl Wanted {
    /// A word is in a region when half of it is.
    fn has(&self, bbox: BBox, confidence: f32) -> bool {
        let is_in = |region: &BBox| {
            let width = bbox.right().min(region.right()) - bbox.left().max(region.left());
            let height = bbox.bottom().min(region.bottom()) - bbox.top().max(region.top());
            width > 0.0 && height > 0.0 && width * height >= bbox.area() / 2.0
        };
        f64::from(confidence) >= self.confidence
            && bbox.height() >= self.height
            && bbox.width() >= self.width
            && (self.regions.is_empty() || self.regions.iter().any(is_in))
    }
}

/// Lines first, then words, which name their lines, as Rekognition has them. A line is
/// there where one of its words is wanted.
pub(super) fn answer(lines: &[TextLine], wanted: &Wanted, model: &str) -> Value {
    let (mut of_lines, mut of_words) = (Vec::new(), Vec::new());
    for line in lines {
        let words: Vec<_> =
            line.words.iter().filter(|word| wanted.has(word.bbox, word.confidence)).collect();
        if words.is_empty() {
            continue;
        }
        for word in words {
            let detection =
                detection("WORD", &word.text, word.confidence, word.bbox, &word.corners);
            of_words.push((of_lines.len(), detection));
        }
        of_lines.push(detection("LINE", &line.text, line.confidence, line.bbox, &line.corners));
    }
    let of_words = of_words.into_iter().map(|(line, mut word)| {
        word["ParentId"] = json!(line);
        word
    });
    let mut detections: Vec<Value> = of_lines.into_iter().chain(of_words).collect();
    for (id, detection) in detections.iter_mut().enumerate() {
        detection["Id"] = json!(id);
    }
    json!({"TextDetections": detections, "TextModelVersion": model})
}

fn detection(
    kind: &str,
    text: &str,
    confidence: f32,
    bbox: BBox,
    corners: &[[f32; 2]; 4],
) -> Value {
    let corners = corners.map(|[x, y]| json!({"X": x, "Y": y}));
    json!({
        "DetectedText": text,
        "Type": kind,
        "Confidence": percent(confidence),
        "Geometry": {"BoundingBox": bounding_box(bbox), "Polygon": corners},
    })
}

#[cfg(test)]
mod tests {
    use roadloop_engine::vision::TextWord;

    use super::*;

    fn wanted(filters: Value) -> Result<Wanted, String> {
        serde_json::from_value::<Filters>(filters).unwrap().wanted()
    }

    #[test]
    fn words_that_are_wanted() {
        let asked = wanted(json!({
            "WordFilter": {"MinConfidence": 80, "MinBoundingBoxHeight": 0.1},
            "RegionsOfInterest": [{"BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 0.5, "Height": 1.0}}],
        }));
        let asked = asked.unwrap();
        let at =
            |left: f32, height: f32| BBox::from_ltrb(left, 0.5, left + 0.25, 0.5 + height).unwrap();
        assert!(asked.has(at(0.25, 0.25), 0.8));
        assert!(asked.has(at(0.375, 0.25), 0.8), "half of it is in the region");
        assert!(!asked.has(at(0.5, 0.25), 0.8) && !asked.has(at(0.25, 0.0625), 0.8));
        assert!(!asked.has(at(0.25, 0.25), 0.75));
        let polygon = json!({"RegionsOfInterest": [{"Polygon": [{"X": 0.0, "Y": 0.0}]}]});
        assert!(wanted(polygon).unwrap_err().contains("polygons"));
    }

    #[test]
    fn lines_and_their_words_are_answered() {
        let bbox = BBox::from_ltrb(0.25, 0.25, 0.5, 0.5).unwrap();
        let corners = [[0.25, 0.25], [0.5, 0.25], [0.5, 0.5], [0.25, 0.5]];
        let word =
            |text: &str, confidence| TextWord { text: text.to_owned(), confidence, corners, bbox };
        let line = |text: &str, words| TextLine {
            text: text.to_owned(),
            confidence: 0.75,
            corners,
            bbox,
            words,
        };
        let lines = [
            line("dim", vec![word("dim", 0.25)]),
            line("M AB", vec![word("M", 0.5), word("AB", 1.0), word("x", 0.25)]),
        ];
        let answer = answer(&lines, &wanted(json!({})).unwrap(), "reader-1");
        let detections = answer["TextDetections"].as_array().unwrap();
        let told: Vec<_> = detections
            .iter()
            .map(|one| {
                (
                    one["Id"].clone(),
                    one["Type"].clone(),
                    one["DetectedText"].clone(),
                    one["ParentId"].clone(),
                )
            })
            .collect();
        let expected = [
            (json!(0), json!("LINE"), json!("M AB"), Value::Null),
            (json!(1), json!("WORD"), json!("M"), json!(0)),
            (json!(2), json!("WORD"), json!("AB"), json!(0)),
        ];
        assert_eq!(told, expected);
        let geometry = json!({
            "BoundingBox": {"Left": 0.25, "Top": 0.25, "Width": 0.25, "Height": 0.25},
            "Polygon": [{"X": 0.25, "Y": 0.25}, {"X": 0.5, "Y": 0.25}, {"X": 0.5, "Y": 0.5}, {"X": 0.25, "Y": 0.5}],
        });
        assert_eq!(detections[0]["Geometry"], geometry);
        assert_eq!(
            (&detections[0]["Confidence"], &answer["TextModelVersion"]),
            (&json!(75.0), &json!("reader-1"))
        );
    }
}
