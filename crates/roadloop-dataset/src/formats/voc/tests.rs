//! Pascal VOC as we and others write it, and as nobody should.

use proptest::prelude::*;

use super::super::trials::{
    check, check_folder, come_back, cut_everywhere, datasets, huge, sample, write,
};
use super::super::{Format, read};
use crate::{Area, SampleBox, Split};

const FORM: Format = Format::Voc;
const FILE: &str = "Annotations/a.xml";

fn document(object: &str) -> String {
    format!(
        "<annotation>\n<filename>a.png</filename>\n<size><width>8</width><height>6</height></size>\n\
         <object>{object}</object></annotation>"
    )
}

fn with_box(name: &str, corners: [&str; 4]) -> String {
    let [left, top, right, bottom] = corners;
    document(&format!(
        "<name>{name}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax>\
         <ymax>{bottom}</ymax></bndbox>"
    ))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read((classes, samples) in datasets()) {
        come_back(FORM, &classes, samples)?;
    }
}

#[test]
fn corners_are_rounded_each() {
    let folder = tempfile::tempdir().unwrap();
    let area = Area::new(-0.2, 1.5, 3.4, 2.2).unwrap();
    let found = SampleBox { class: 0, area, confidence: None, attributes: Default::default() };
    let samples = [sample("a.png", Split::Val, Some(vec![found]))];
    write(FORM, folder.path(), &["car".to_owned()], &samples).unwrap();
    let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
    let corners: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with(['<']) && line.contains("m"))
        .collect();
    assert!(corners.contains(&"<xmin>0</xmin>"), "{text}");
    assert!(corners.contains(&"<ymin>2</ymin>") && corners.contains(&"<xmax>3</xmax>"), "{text}");
    assert_eq!(
        std::fs::read_to_string(folder.path().join("ImageSets/Main/val.txt")).unwrap(),
        "a\n"
    );
    cut_everywhere(FORM, folder.path(), FILE);
}

#[test]
fn as_others_lay_it() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let one = with_box("car", ["1.5", "2", "3", "2"]);
    put("VOCdevkit/VOC2012/Annotations/a.xml", &one);
    put("VOCdevkit/VOC2012/ImageSets/Main/val.txt", "a  1\nb -1\n");
    let got = read(FORM, folder.path(), &super::super::trials::Nothing).unwrap();
    assert_eq!(got.classes, ["car"]);
    let samples: Vec<_> = got.samples.iter().map(|s| (s.path.as_str(), s.split)).collect();
    assert_eq!(samples, [("a.png", Some(Split::Val)), ("b.jpg", Some(Split::Val))]);
    assert_eq!(got.samples[1].boxes, None, "listed, but nobody looked");
    assert_eq!(got.samples[0].boxes.as_ref().unwrap()[0].area.left(), 1.5);
    assert_eq!(got.samples[0].boxes.as_ref().unwrap()[0].area.size(), 0.0, "nothing inside stays");

    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("valid")).unwrap();
    std::fs::write(folder.path().join("valid/a.xml"), one).unwrap();
    check_folder(FORM, folder.path(), "split: Some(Val)");
}

#[test]
fn what_is_no_box_is_noted() {
    check(
        FORM,
        FILE,
        document("<name>a</name><polygon/>"),
        "objects without a bndbox, left out: 1",
    );
    check(FORM, FILE, document("<name>a</name><polygon/>"), "boxes: None");
    check(FORM, FILE, document("").replace("<object></object>", ""), "boxes: Some([])");
    let both = with_box("car", ["1", "1", "2", "2"]);
    let both = both.replace("<object>", "<object><name>a</name></object><object>");
    check(FORM, FILE, both.clone(), "other labels of theirs are left out: 1");
    check(FORM, FILE, both, "boxes: Some([SampleBox");
    let part = "<name>a</name><part><name>hand</name><bndbox/></part>";
    check(FORM, FILE, document(part), "parts of objects, left out: 1");
    let attributes =
        "<attributes><attribute><name>n</name><value>4</value></attribute></attributes>";
    let text =
        with_box("car", ["1", "1", "2", "2"]).replace("<bndbox>", &format!("{attributes}<bndbox>"));
    check(FORM, FILE, text, "{\"n\": Number(4.0)}");
}

#[test]
fn hostile_files_say_where() {
    let corners = ["1", "1", "2", "2"];
    let escape = |name: &str| with_box("car", corners).replace("a.png", name);
    check(FORM, FILE, escape("../../etc/passwd"), "leads out of the folder");
    check(FORM, FILE, escape("/etc/passwd"), "filename: \"/etc/passwd\" leads out");
    check(FORM, FILE, escape("..\\..\\a"), "leads out of the folder");
    check(FORM, FILE, escape("a&#9;b"), "filename: \"a\\u{9}b\" has characters of control");
    let bomb = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>\n";
    check(FORM, FILE, format!("{bomb}{}", with_box("&b;", corners)), "line 1: a document type");
    let external = "\n<!DOCTYPE a [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>";
    check(FORM, FILE, format!("{external}{}", with_box("&a;", corners)), "line 2: a document type");
    check(FORM, FILE, with_box("&a;", corners), "line 4: the entity &a; is not known");
    for bad in ["NaN", "inf", "1e999", "", "x"] {
        check(FORM, FILE, with_box("car", [bad, "1", "2", "2"]), "line 4: xmin is");
    }
    check(FORM, FILE, with_box("car", ["3", "1", "2", "2"]), "line 4: object 1: its max is below");
    check(FORM, FILE, "<a>".repeat(100_000), "expected <annotation>");
    check(FORM, FILE, document(&"<a>".repeat(100_000)), "more than 64 elements");
    check(FORM, FILE, b"\xff\xfe<\0a\0", "line 1: in UTF-16; expected UTF-8");
    check(FORM, FILE, b"<annotation><filename>\xff</filename></annotation>", "not text in UTF-8");
    check(FORM, "nothing.txt", "", "this is no dataset in the form voc");
}

#[test]
fn unknown_classes_and_long_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Annotations")).unwrap();
    std::fs::write(folder.path().join("labels.txt"), "bus\ncar\n").unwrap();
    std::fs::write(folder.path().join(FILE), with_box("van", ["1", "1", "2", "2"])).unwrap();
    check_folder(FORM, folder.path(), "line 4: object 1: the class \"van\" is not in the list");
    huge(&folder.path().join(FILE), "<annotation>");
    check_folder(FORM, folder.path(), "longer than 16777216 bytes");
}
