//! CVAT's XML as we and others write it, and as nobody should.

use std::io::{BufReader, Read};
use std::path::Path;

use proptest::prelude::*;

use super::super::Format;
use super::super::guard::XmlGuard;
use super::super::trials::{
    Nothing, check, check_folder, come_back, cut_everywhere, datasets, huge, sample, write,
};
use super::read::read_from;
use crate::{Area, SampleBox, Split};

const FORM: Format = Format::Cvat;
const FILE: &str = "annotations.xml";

fn document(name: &str, inner: &str) -> String {
    format!(
        "<annotations><meta><task><labels><label><name>car</name></label></labels></task></meta>\n\
         <image id=\"0\" name=\"{name}\" width=\"8\" height=\"6\">\n{inner}</image></annotations>"
    )
}

fn a_box(label: &str, more: &str, left: &str) -> String {
    let inner =
        format!("<box label=\"{label}\" xtl=\"{left}\" ytl=\"1\" xbr=\"3\" ybr=\"2.5\"{more}/>");
    document("cam/1.png", &inner)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read((classes, samples) in datasets()) {
        come_back(FORM, &classes, samples)?;
    }
}

#[test]
fn as_cvat_writes_it() {
    check(FORM, FILE, a_box("car", " occluded=\"1\" z_order=\"0\"", "1.25"), "\"cam/1.png\"");
    check(FORM, FILE, a_box("car", " occluded=\"1\"", "1.25"), "{\"occluded\": Flag(true)}");
    check(FORM, "export.xml", a_box("car", "", "3"), "width: 0.0, height: 1.5");
    check(FORM, FILE, a_box("car", " rotation=\"30\"", "1"), "boxes that are turned, left out: 1");
    let inner =
        "<polygon label=\"a\" points=\"1,2\"/><tag label=\"x\"/><skeleton><points/></skeleton>";
    let notes =
        "[\"polygons, left out: 1\", \"skeletons, left out: 1\", \"tags of images, left out: 1\"";
    check(FORM, FILE, document("a.png", inner), notes);
    check(FORM, FILE, document("a.png", ""), "boxes: Some([])");
    let is_nobody = "width: 8, height: 6, split: None, boxes: None";
    for kind in ["polygon", "polyline", "points", "mask"] {
        check(FORM, FILE, document("a.png", &format!("<{kind} label=\"car\"/>")), is_nobody);
    }
    check(FORM, FILE, a_box("car", " rotation=\"30\"", "1"), "boxes: None");
    let a_polygon = "<polygon label=\"car\"/></image>";
    let both = a_box("car", "", "1").replace("</image>", a_polygon);
    check(FORM, FILE, both.clone(), "other labels of theirs are left out: 1");
    check(FORM, FILE, both, "boxes: Some([SampleBox");
    let track = "<annotations>\n<track id=\"0\" label=\"car\"><box/></track></annotations>";
    check(FORM, FILE, track, "line 2: CVAT for video; export the task as");
}

#[test]
fn hostile_files_say_where() {
    for name in ["../../a.png", "/etc/passwd", "..\\a.png", "", "a&#0;.png"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), document(name, "")).unwrap();
        check_folder(FORM, folder.path(), "line 2");
    }
    let bomb = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>\n";
    check(FORM, FILE, format!("{bomb}{}", a_box("&b;", "", "1")), "line 1: a document type");
    let external = "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">\n";
    check(FORM, FILE, format!("{external}{}", a_box("car", "", "1")), "line 1: a document type");
    check(FORM, FILE, a_box("&b;", "", "1"), "line 3");
    check(FORM, FILE, a_box("van", "", "1"), "line 3: the class \"van\" is not in the list");
    check(FORM, FILE, document("a&#9;b.png", ""), "\\u{9}b.png\" has characters of control");
    for bad in ["NaN", "inf", "1e999", "", "x"] {
        check(FORM, FILE, a_box("car", "", bad), "line 3: a box: xtl is");
    }
    check(FORM, FILE, a_box("car", "", "4"), "line 3: a box: xbr or ybr is below");
    check(FORM, FILE, document("a", &"<a>".repeat(100_000)), "more than 64 elements");
    check(FORM, FILE, b"\xfe\xff\0<\0a", "line 1: in UTF-16; expected UTF-8");
    check(FORM, FILE, "<annotation/>", "line 1: <annotation>; expected <annotations>");
}

#[test]
fn cut_off_at_any_byte() {
    let folder = tempfile::tempdir().unwrap();
    let area = Area::new(1.0, 1.0, 3.5, 2.0).unwrap();
    let found = SampleBox { class: 0, area, confidence: Some(0.5), attributes: Default::default() };
    let samples = [sample("a.png", Split::Val, Some(vec![found]))];
    write(FORM, folder.path(), &["c<r".to_owned()], &samples).unwrap();
    cut_everywhere(FORM, folder.path(), FILE);
}

#[test]
fn two_gigabytes_of_text_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    huge(&folder.path().join(FILE), "<annotations><version>");
    check_folder(FORM, folder.path(), "a text or tag is longer than 1048576 bytes");
    for start in
        ["<annotations><image name=\"", "<annotations><!--", "<annotations><version><![CDATA["]
    {
        let endless = std::io::Cursor::new(start).chain(std::io::repeat(b'x').take(2 << 30));
        let error = read_from(Path::new("a.xml"), XmlGuard::new(BufReader::new(endless)), &Nothing)
            .unwrap_err();
        assert!(error.to_string().starts_with("line 1: a text or tag is longer"), "{error}");
    }
}

#[test]
fn a_hundred_thousand_images_are_read() {
    let image = "<image id=\"0\" name=\"a.png\" width=\"8\" height=\"6\"></image>\n".repeat(1000);
    let parts = (0..100).map(|_| image.clone().into_bytes());
    let text =
        [b"<annotations>".to_vec()].into_iter().chain(parts).chain([b"</annotations>".to_vec()]);
    let text: Vec<u8> = text.flatten().collect();
    let read = read_from(Path::new("in/a.xml"), XmlGuard::new(text.as_slice()), &Nothing).unwrap();
    assert_eq!(read.samples.len(), 100_000);
}
