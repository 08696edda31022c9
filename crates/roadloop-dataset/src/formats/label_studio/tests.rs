//! Label Studio's tasks as we and it write them, and as nobody should.

use std::io::{BufReader, Read};
use std::path::Path;

use proptest::prelude::*;

use super::super::Format;
use super::super::guard::JsonGuard;
use super::super::trials::{
    Nothing, check, check_folder, come_back, cut_everywhere, datasets, sample, write,
};
use super::read::read_from;
use crate::{Area, SampleBox, Split};

const FORM: Format = Format::LabelStudio;
const FILE: &str = "tasks.json";

fn task(image: &str, annotations: &str) -> String {
    format!(
        "[\n{{\"id\": 7, \"data\": {{\"image\": \"{image}\"}}, \"annotations\": [{annotations}]}}]"
    )
}

fn region(kind: &str, value: &str) -> String {
    let result = format!(
        "{{\"result\": [{{\"type\": \"{kind}\", \"original_width\": 200, \"original_height\": 100, \
         \"value\": {{{value}}}}}]}}"
    );
    task("a.png", &result)
}

const SIDES: &str = "\"x\": 10, \"y\": 20, \"width\": 30, \"height\": 40";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read((classes, samples) in datasets()) {
        come_back(FORM, &classes, samples)?;
    }
}

#[test]
fn as_label_studio_writes_it() {
    let of_car = format!("{SIDES}, \"rectanglelabels\": [\"car\"]");
    check(
        FORM,
        FILE,
        region("rectanglelabels", &of_car),
        "left: 20.0, top: 20.0, width: 60.0, height: 40.0",
    );
    let two = format!("{SIDES}, \"rectanglelabels\": [\"car\", \"van\"]");
    check(FORM, "project-1.json", region("rectanglelabels", &two), "[\"car\", \"van\"]");
    let turned = format!("{of_car}, \"rotation\": 5");
    check(FORM, FILE, region("rectanglelabels", &turned), "boxes that are turned, left out: 1");
    let polygon = "\"points\": [[1, 2]], \"polygonlabels\": [\"car\"]";
    check(FORM, FILE, region("polygonlabels", polygon), "polygons, left out: 1");
    for kind in ["polygonlabels", "brushlabels", "keypointlabels"] {
        check(FORM, FILE, region(kind, polygon), "boxes: None");
    }
    check(FORM, FILE, region("rectanglelabels", &turned), "boxes: None");
    let outline = "{\"type\": \"polygonlabels\"}, {\"type\": \"rectanglelabels\"";
    let both = region("rectanglelabels", &of_car);
    let both = both.replace("{\"type\": \"rectanglelabels\"", outline);
    check(FORM, FILE, both.clone(), "other labels of theirs are left out: 1");
    check(FORM, FILE, both, "boxes: Some([SampleBox");
    check(FORM, FILE, task("a.png", ""), "boxes: None");
    check(FORM, FILE, task("a.png", "{\"result\": []}"), "boxes: Some([])");
    let cancelled = "{\"result\": [], \"was_cancelled\": true}";
    check(FORM, FILE, task("a.png", cancelled), "boxes: None");
    check(FORM, FILE, task("a.png", "{\"result\": []}, {\"result\": []}"), "several annotations");
}

#[test]
fn images_as_label_studio_names_them() {
    let at = |image: &str, expected: &str| check(FORM, FILE, task(image, ""), expected);
    at("/data/upload/1/ab12cd34-b%20c.png", "path: \"b c.png\", image: Uri(\"/data/upload/1/");
    at("/data/local-files/?d=x/b%20c.png", "path: \"x/b c.png\", image: File(");
    at("s3://bucket/a/b.png", "path: \"bucket/a/b.png\", image: Uri(\"s3://");
    at("https://host/a.png?x=y", "path: \"host/a.png\", image: Uri(\"https://");
    at("/data/local-files/?d=../../etc/passwd", "task 1 (id 7): \"../../etc/passwd\" leads out");
    at("/data/local-files/?d=%2e%2e%2fa", "leads out of the folder");
    at("../a.png", "leads out of the folder");
    at("/data/local-files/?d=%ff", "is no address");
    at("/data/local-files/?d=%00", "\\u{0}\" has characters of control");
}

#[test]
fn hostile_files_say_where() {
    let with = |value: &str| region("rectanglelabels", value);
    check(FORM, FILE, with(SIDES), "line 2, byte");
    check(FORM, FILE, with(SIDES), "task 1 (id 7): region 1: it has no label");
    let bad = format!("{SIDES}, \"rectanglelabels\": [\"a\"]");
    check(FORM, FILE, with(&bad.replace("30", "-1")), "its width and height not below zero");
    check(FORM, FILE, with(&bad.replace("30", "1e999")), "task 1: number out of range");
    check(FORM, FILE, with(&bad.replace("30", "NaN")), "task 1: ");
    check(FORM, FILE, with(&bad.replace("30", "null")), "expected x, y, width and height");
    check(FORM, FILE, with(&bad).replace("200", "0"), "expected original_width");
    check(FORM, FILE, "{\"a\": 1}", "a list of tasks");
    check(FORM, FILE, "[{\"id\": 1}]", "task 1: missing field `data`");
    check(FORM, FILE, "[{\"data\": {}}]", "task 1: its data names no image");
    check(FORM, FILE, "[".repeat(100_000), "line 1");
    check(FORM, FILE, b"\xff\xfe[\0", "line 1");
    let nested = format!("[{{\"data\": {{\"image\": \"a\"}}, \"x\": {}", "[".repeat(100_000));
    check(FORM, FILE, nested, "lists and objects within each other");
}

#[test]
fn unknown_classes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = "<View><RectangleLabels name=\"l\" toName=\"i\"><Label value=\"bus\"/>\
        </RectangleLabels><PolygonLabels><Label value=\"van\"/></PolygonLabels></View>";
    std::fs::write(folder.path().join("label_config.xml"), config).unwrap();
    let van = region("rectanglelabels", &format!("{SIDES}, \"rectanglelabels\": [\"van\"]"));
    std::fs::write(folder.path().join(FILE), van).unwrap();
    let expected = "task 1 (id 7): region 1: the class \"van\" is not in the list of classes";
    check_folder(FORM, folder.path(), expected);
    let bomb = "<!DOCTYPE a [<!ENTITY a \"ha\">]><View/>";
    std::fs::write(folder.path().join("label_config.xml"), bomb).unwrap();
    check_folder(FORM, folder.path(), "line 1: a document type");
}

#[test]
fn cut_off_at_any_byte() {
    let folder = tempfile::tempdir().unwrap();
    let area = Area::new(1.0, 1.0, 3.5, 2.0).unwrap();
    let found = SampleBox { class: 0, area, confidence: Some(0.5), attributes: Default::default() };
    let samples =
        [sample("a.png", Split::Val, Some(vec![found])), sample("b.png", Split::Test, None)];
    write(FORM, folder.path(), &["c<r".to_owned()], &samples).unwrap();
    cut_everywhere(FORM, folder.path(), FILE);
    cut_everywhere(FORM, folder.path(), "label_config.xml");
}

#[test]
fn two_gigabytes_of_text_cost_nothing() {
    let start = "[{\"data\": {\"image\": \"";
    let endless = std::io::Cursor::new(start).chain(std::io::repeat(b'x').take(2 << 30));
    let guard = JsonGuard::new(BufReader::new(endless));
    let error = read_from(Path::new("a.json"), guard, &Nothing).unwrap_err();
    assert!(error.to_string().contains("line 1: a string is longer"), "{error}");
}
