//! Files that others damaged, or made to do harm: an error that names file and place, fast,
//! and nothing else.

use std::fs::File;
use std::path::Path;

use super::suite::{Made, TextImages, of_manifest, write_by_seam};
use super::*;

fn lay(folder: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// What is read of such a folder: an error, or notes and samples.
#[track_caller]
fn check(format: Format, files: &[(&str, &str)], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path(), files);
    let got = match read(format, folder.path(), &TextImages) {
        Ok(read) => format!("ok {:?} {:?}", read.notes, read.samples),
        Err(error) => error.to_string(),
    };
    let got = got.replace(&folder.path().display().to_string(), "IN");
    assert!(got.contains(expected), "{got}");
}

fn coco(images: &str, annotations: &str) -> String {
    format!(
        "{{\"categories\":[{{\"id\":1,\"name\":\"car\"}}],\n\"images\":[{images}],\n\
         \"annotations\":[{annotations}]}}"
    )
}

const IMAGE: &str = r#"{"id":7,"file_name":"a.png","width":10,"height":10}"#;

#[track_caller]
fn check_annotation(annotation: &str, expected: &str) {
    let text = coco(IMAGE, &format!("\n{annotation}"));
    check(Format::Coco, &[("annotations/instances_train.json", &text)], expected);
}

#[test]
fn coco_annotations() {
    let with = |box_: &str| format!(r#"{{"id":3,"image_id":7,"category_id":1,"bbox":{box_}}}"#);
    check_annotation(&with("[1,2,3,4]"), "left: 1.0, top: 2.0, width: 3.0, height: 4.0");
    check_annotation(&with("[1,2,-3,4]"), "annotation 0 (id 3): its bbox is [1.0, 2.0, -3.0, 4.0]");
    check_annotation(&with("[1,2,-3,4]"), "numbers, its width and height not below zero\npath");
    check_annotation(&with("[1,2,-3,4]"), "path: IN/annotations/instances_train.json");
    check_annotation(&with("[NaN,2,3,4]"), "line 4, byte 46: annotation 0: expected value");
    check_annotation(&with("[1e999,2,3,4]"), "annotation 0: number out of range");
    check_annotation(&with("[1,2,3]"), "annotation 0: invalid length 3");
    check_annotation(&with("[1,2,3,4,5]"), "annotation 0: invalid length 5");
    check_annotation(&with("\"x\""), "annotation 0: invalid type");
    check_annotation(&with("[]"), "1 annotations without a bbox are left out");
    check_annotation(
        r#"{"image_id":7,"category_id":1,"segmentation":[[1,2,3]]}"#,
        "1 annotations without",
    );
    check_annotation(&with("[]"), "boxes: None");
    check_annotation("", "boxes: Some([])");
    let both = format!("{},{}", with("[]"), with("[1,2,3,4]"));
    check_annotation(&both, "other labels of theirs are left out: 1");
    check_annotation(&both, "boxes: Some([SampleBox");
    check_annotation(
        r#"{"image_id":8,"category_id":1}"#,
        "annotation 0: there is no image with the id 8",
    );
    check_annotation(r#"{"image_id":7,"category_id":-1}"#, "there is no category with the id -1");
    check_annotation(r#"{"category_id":1}"#, "annotation 0: missing field `image_id`");
    check_annotation("7", "annotation 0: invalid type");
}

#[test]
fn coco_images_and_layouts() {
    let file = "annotations/instances_val2017.json";
    let twice = coco(&format!("{IMAGE},{IMAGE}"), "");
    check(Format::Coco, &[(file, &twice)], "image 1 (id 7): another image has that id");
    let same = coco(&format!("{IMAGE},{}", IMAGE.replace('7', "8")), "");
    let expected = "image 1 (id 8): the image with the id 7 has its file_name \"a.png\" too";
    check(Format::Coco, &[(file, &same)], expected);
    let unknown = coco(&IMAGE.replace("10", "0"), "");
    check(Format::Coco, &[(file, &unknown), ("val/a.png", "3x4")], "width: 3, height: 4");
    let half = coco(&IMAGE.replacen("10", "0", 1), "");
    check(Format::Coco, &[(file, &half)], "width: 0, height: 0");
    let image = |name: &str| coco(&format!(r#"{{"id":7,"file_name":"{name}"}}"#), "");
    check(
        Format::Coco,
        &[(file, &image("../../x.png"))],
        "image 0 (id 7): file_name \"../../x.png\"",
    );
    check(Format::Coco, &[(file, &image("..\\\\..\\\\x.png"))], "leads out of the folder");
    for bad in ["", ".", "./"] {
        let expected = format!("image 0 (id 7): file_name \"{bad}\" names no file");
        check(Format::Coco, &[(file, &image(bad))], &expected);
    }
    check(Format::Coco, &[(file, &image("a\\nb.png"))], "b.png\" has characters of control");
    check(Format::Coco, &[(file, &image("../y/x.png"))], "image: File(\"IN/y/x.png\")");
    check(Format::Coco, &[(file, &image("/etc/passwd"))], "image: Uri(\"/etc/passwd\")");
    check(Format::Coco, &[(file, &image("x.png"))], "image: File(\"IN/val/x.png\"), width: 0");
    check(
        Format::Coco,
        &[(file, &image("x.png")), ("images/val2017/x.png", "3x4")],
        "image: File(\"IN/images/val2017/x.png\"), width: 3, height: 4, split: Some(Val)",
    );
    let bad = r#"{"images":[],"annotations":[],"categories":[{"id":-4,"name":"a"}]}"#;
    check(Format::Coco, &[(file, bad)], "category 0 (id -4): its id is below zero");
    check(Format::Coco, &[(file, "{}")], "it has no lists of \"images\" and \"annotations\"");
    check(Format::Coco, &[(file, "[]")], "line 1");
    check(Format::Coco, &[(file, "")], "line 1, byte 0: EOF");
    check(Format::Coco, &[("readme.txt", "")], "this is no dataset in the form coco");
    let name = "valid/_annotations.coco.json";
    check(
        Format::Coco,
        &[(name, &image("x.png")), ("valid/x.png", "3x4")],
        "File(\"IN/valid/x.png\"), width: 3, height: 4, split: Some(Val)",
    );
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    check(Format::Coco, &[(file, &deep)], "more than 1024 lists and objects");
    let deep = coco(&"[".repeat(500), "");
    check(Format::Coco, &[(file, &deep)], "line 2");
}

const SETTINGS: &str = "train: images/train\nnames: [car, bus]\n";

#[track_caller]
fn check_label(label: &str, expected: &str) {
    let files =
        [("data.yaml", SETTINGS), ("images/train/a.png", "100x50"), ("labels/train/a.txt", label)];
    check(Format::Yolo, &files, expected);
}

#[test]
fn yolo_labels() {
    check_label("1 0.5 0.5 0.5 1\n", "left: 25.0, top: 0.0, width: 50.0, height: 50.0");
    check_label("1 0.5 0.5 0.5 1 0.25\n", "confidence: Some(0.25)");
    check_label("\n\n", "boxes: Some([])");
    check_label("\n-1 0.5 0.5 1 1", "line 2: \"-1\" is none of the 2 classes in data.yaml");
    check_label("2 0.5 0.5 1 1", "line 1: \"2\" is none of the 2 classes");
    check_label("2 0.5 0.5 1 1", "path: IN/labels/train/a.txt");
    check_label("0.5 0.5 0.5 1 1", "none of the 2 classes");
    check_label("1e300 0.5 0.5 1 1", "none of the 2 classes");
    check_label("0 nan 0.5 1 1", "line 1: \"nan\" is no number");
    check_label("0 inf 0.5 1 1", "\"inf\" is no number");
    check_label("0 0.5 0.5 -1 1", "line 1: centre, width and height are fractions");
    check_label("0 0.5 0.5 -0.001 1", "a box is four finite numbers");
    check_label("0 50 20 10 10", "line 1: centre, width and height are fractions");
    check_label("0 0.5 0.5 1", "3 numbers after the class");
    check_label("0 0.1 0.1 0.2 0.1 0.2 0.2", "1 labels are outlines or rotated boxes");
    check_label("0 0.1 0.1 0.2 0.1 0.2 0.2", "boxes: None");
    let both = "0 0.1 0.1 0.2 0.1 0.2 0.2\n0 0.5 0.5 1 1";
    check_label(both, "other labels of theirs are left out: 1");
    check_label(both, "boxes: Some([SampleBox");
    check_label("0 0.1 0.1 0.2 0.1 0.2 0.2 0.7", "7 numbers after the class");
    check_label("0 0.5 0.5 1 1\n\u{0}", "line 2: \"\\u{0}\" is none");
}

#[test]
fn yolo_settings_and_layouts() {
    let at =
        |place: &str| format!("path: /elsewhere/of/another\ntrain: {place}\nnames: {{0: car}}\n");
    let image = ("train/images/a.png", "10x10");
    let found = "path: \"a.png\", image: File(\"IN/train/images/a.png\")";
    check(Format::Yolo, &[("data.yaml", &at("train/images")), image], found);
    check(Format::Yolo, &[("data.yaml", &at("../train/images")), image], found);
    check(Format::Yolo, &[("other.yml", &at("[train/images]")), image], found);
    for bad in ["../../x", "/etc", "a/../../../x"] {
        check(Format::Yolo, &[("data.yaml", &at(bad))], "does not lie in this file's folder");
    }
    let list = [("data.yaml", &*at("train.txt")), image, ("train.txt", "./train/images/a.png\n\n")];
    check(Format::Yolo, &list, "image: File(\"IN/train/images/a.png\")");
    let list = [("data.yaml", &*at("train.txt")), ("train.txt", "\n../../a.png")];
    check(Format::Yolo, &list, "line 2: \"../../a.png\" leads out of the folder");
    check(
        Format::Yolo,
        &[("data.yaml", SETTINGS), ("labels/train/b.txt", ""), ("images/train/c.png", "no image")],
        "left out: a box's pixels are not known without their size: images/train/c.png\", \
         \"1 files of labels have no image, and are left out: labels/train/b.txt",
    );
    check(Format::Yolo, &[("data.yaml", "a: \"")], "line 1");
    check(Format::Yolo, &[("data.yaml", "names: &x [a]\ntrain: *x")], "line 1: an anchor");
    check(Format::Yolo, &[("a.txt", "")], "this is no dataset in the form yolo");
}

#[test]
fn yolo_splits_that_are_not_there() {
    let image = ("images/train/a.png", "10x10");
    let with = |more: &str, expected: &str| {
        let text = format!("{SETTINGS}{more}");
        check(Format::Yolo, &[("data.yaml", &text), image], expected);
    };
    with("val: images/val\ntest:\n", "ok [\"val: \\\"images/val\\\" is not there, and is left out");
    with("test: [images/test]\n", "ok [\"test: \\\"images/test\\\" is not there");
    with("valid: https://x.y/a.zip\n", "key \"valid\": \"https://x.y/a.zip\" is an address");
    with("val: 0.2\n", "key \"val\": \"0.2\" is a number");
    with("test: ../../x\n", "key \"test\": \"../../x\" does not lie in this file's folder");
    with("val: data.yaml\n", "key \"val\": \"data.yaml\" is neither a folder nor a list");
    with("val: \"a\\tb\"\n", "b\" has characters of control");
    with("train: a\n", "line 3: the key \"train\" is there twice");
    let not_there = "key \"train\": \"images/train\" is not there; expected a folder of images\n\
                     path: IN/data.yaml";
    check(Format::Yolo, &[("data.yaml", SETTINGS)], not_there);
    for none in ["names: [car]\n", "train:\nnames: [car]\n", "val: images/val\nnames: [car]\n"] {
        let expected = "none of train, val and test names a folder of images that is there\n\
                        path: IN/data.yaml";
        check(Format::Yolo, &[("data.yaml", none)], expected);
    }
}

#[track_caller]
fn check_line(line: &str, expected: &str) {
    check(Format::GroundTruth, &[("manifests/train.manifest", line)], expected);
}

fn boxes_line(annotation: &str, objects: &str) -> String {
    format!(
        r#"{{"source-ref":"a.png","x":{{"image_size":[{{"width":9,"height":9,"depth":3}}],"annotations":[{annotation}]}},"x-metadata":{{"objects":[{objects}],"class-map":{{"0":"car"}},"type":"groundtruth/object-detection","human-annotated":"yes"}}}}"#
    )
}

#[test]
fn ground_truth_lines() {
    let flat = r#"{"class_id":0,"left":1,"top":2,"width":0,"height":4}"#;
    check_line(&boxes_line(flat, "{}"), "width: 0.0, height: 4.0 }, confidence: None");
    check_line(&boxes_line(flat, r#"{"confidence":0}"#), "confidence: Some(0.0)");
    check_line(&boxes_line(flat, ""), "line 1: the label \"x\" cannot be understood: 1 boxes");
    check_line(
        &format!("\n{}", boxes_line(&flat.replace("4}", "-4}"), "{}")),
        "line 2: box 0: a box is",
    );
    check_line(&boxes_line(&flat.replace("4}", "NaN}"), "{}"), "line 1: not one JSON object");
    check_line(&boxes_line(&flat.replace("4}", "1e999}"), "{}"), "no number, or too large");
    check_line(&boxes_line(&flat.replace(":0,\"left", ":-1,\"left"), "{}"), "invalid value");
    check_line(
        &boxes_line(&flat.replace(":0,\"left", ":3,\"left"), "{}"),
        "its class is not in the class map",
    );
    check_line("{}", "line 1: it has no \"source-ref\"");
    check_line(r#"{"source-ref":"../../x"}"#, "image: Uri(\"../../x\")");
    check_line(r#"{"source-ref":"/etc/passwd"}"#, "image: Uri(\"/etc/passwd\")");
    check_line(
        r#"{"source-ref":"images/x.png"}"#,
        "path: \"x.png\", image: File(\"IN/images/x.png\")",
    );
    check_line(&"[".repeat(100_000), "line 1: not one JSON object");
    check_line("\u{1}", "path: IN/manifests/train.manifest");
    let known = ("annotation-tool/data.json", r#"{"labels":[{"label":"bus"}]}"#);
    let line = boxes_line(flat, "{}");
    let files = [known, ("manifests/output/output.manifest", &line)];
    check(Format::GroundTruth, &files, "line 1: box 0: \"car\" is no class in annotation-tool");
}

#[test]
fn two_gigabytes_without_end_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path(), &[("data.yaml", SETTINGS), ("images/train/a.png", "100x50")]);
    for (format, file, start) in [
        (Format::Coco, "annotations/instances_train.json", "{\"images\":\n["),
        (Format::GroundTruth, "manifests/train.manifest", "{\"source-ref\": \"a\"}\n"),
        (Format::Yolo, "labels/train/a.txt", "0 0.5 0.5 1 1\n"),
        (Format::Yolo, "data.yaml", "names: [a]\n"),
    ] {
        lay(folder.path(), &[(file, start)]);
        let opened = File::options().write(true).open(folder.path().join(file)).unwrap();
        opened.set_len(2 << 30).unwrap();
        let begun = std::time::Instant::now();
        let error = read(format, folder.path(), &TextImages).unwrap_err().to_string();
        assert!(error.contains(file), "{error}");
        assert!(begun.elapsed().as_secs() < 20, "{format}: {:?}", begun.elapsed());
    }
}

#[test]
fn truncated_at_any_byte_is_an_error_or_less() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/manifest/output.manifest");
    let Made { card, mut samples } = of_manifest(Path::new(path));
    samples.truncate(1);
    let made = Made { card, samples };
    for (format, file) in [
        (Format::Coco, "annotations/instances_train.json"),
        (Format::GroundTruth, "manifests/train.manifest"),
        (Format::GroundTruth, "annotation-tool/data.json"),
        (Format::Yolo, "data.yaml"),
        (Format::Yolo, &made.samples[0].name.with_end("txt").to_string()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write_by_seam(format, folder.path(), &made);
        let is_label = format == Format::Yolo && file != "data.yaml";
        let file = if is_label { format!("labels/train/{file}") } else { file.to_owned() };
        let path = folder.path().join(&file);
        let whole = std::fs::read(&path).unwrap();
        let full = read(format, folder.path(), &TextImages).unwrap();
        let count = |read: &Read| read.samples.iter().flat_map(|s| &s.boxes).flatten().count();
        for end in 0..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            if let Ok(read) = read(format, folder.path(), &TextImages) {
                assert!(count(&read) <= count(&full), "{format}: {file} until byte {end}");
            }
        }
    }
}
