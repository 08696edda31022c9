//! A real manifest comes back as it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

type Texts = BTreeMap<String, Box<RawValue>>;

/// What is compared with: the texts of numbers, found without our own reading.
#[derive(Deserialize)]
struct Label {
    annotations: Vec<Texts>,
}

#[derive(Deserialize)]
struct Metadata {
    objects: Vec<Texts>,
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap()
}

/// Every line written is the line that was read, every number the one that is written
/// there, and a label taken out and put in again is the same label. Gives lines, boxes
/// and numbers with a fraction.
fn check(path: &str) -> [usize; 3] {
    let text = std::fs::read_to_string(path).unwrap();
    let mut originals = text.lines();
    let [mut lines, mut boxes, mut fractions] = [0; 3];
    for (number, line) in Reader::new(BufReader::new(File::open(path).unwrap())) {
        let original = originals.next().unwrap();
        let mut line = line.unwrap();
        lines += 1;
        assert_eq!(number, lines as u64);
        assert_eq!(line.to_string(), original);
        let before: Value = parse(original);

        let [(attribute, LabelKind::Boxes)] = &line.labels()[..] else { panic!("line {number}") };
        let label = line.boxes(attribute).unwrap().unwrap();
        let texts: Label = parse(line.get(attribute).unwrap().get());
        let about = format!("{attribute}-metadata");
        let scores: Metadata = parse(line.get(&about).unwrap().get());
        assert_eq!(texts.annotations.len(), label.boxes.len());
        for (place, found) in label.boxes.iter().enumerate() {
            let pixels = found.pixels;
            let sides = [
                ("left", pixels.left()),
                ("top", pixels.top()),
                ("width", pixels.width()),
                ("height", pixels.height()),
            ];
            for (side, value) in sides {
                assert_eq!(texts.annotations[place][side].get(), value.to_string());
                fractions += usize::from(value.fract() != 0.0);
            }
            let score = found.confidence.unwrap().to_string();
            assert_eq!(scores.objects[place]["confidence"].get(), score);
        }
        boxes += label.boxes.len();

        // Touched elsewhere, its values are still the same bytes.
        line.set("roadloop", "here").unwrap();
        let written = line.to_string();
        let again: Texts = parse(&written);
        let first: Texts = parse(original);
        assert_eq!(again.len(), first.len() + 1);
        first.iter().for_each(|(key, value)| assert_eq!(again[key].get(), value.get()));
        line.remove("roadloop");
        assert_eq!(parse::<Value>(&line.to_string()), before);

        let found: Vec<_> = label
            .boxes
            .iter()
            .map(|found| (found.class.clone(), found.pixels, found.confidence.unwrap()))
            .collect();
        let output = BoxOutput {
            attribute,
            size: (label.width, label.height, label.depth),
            classes: &["car".to_owned()],
            boxes: &found,
            creation_date: label.created.as_deref().unwrap(),
            job: label.job.as_deref().unwrap(),
            adjusted: label.adjusted,
        };
        line.put_boxes(&output).unwrap();
        assert_eq!(parse::<Value>(&line.to_string()), before);
    }
    assert_eq!(originals.next(), None);
    [lines, boxes, fractions]
}

#[test]
fn an_excerpt_comes_back_as_it_was() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/manifest/output.manifest");
    assert_eq!(check(path), [8, 43, 83]);
}

/// `MANIFEST=… cargo test -p roadloop-label -- --ignored --nocapture whole_manifest`
#[test]
#[ignore = "needs a manifest of your own"]
fn a_whole_manifest_comes_back_as_it_was() {
    let path = std::env::var("MANIFEST").unwrap();
    let [lines, boxes, fractions] = check(&path);
    println!("{lines} lines, {boxes} boxes, {fractions} numbers with a fraction");
    assert!(lines > 0);
}
