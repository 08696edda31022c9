//! Folders, pipes, devices and links to nothing where a dataset's files are expected: an
//! error that names them, at once. Opening a pipe would wait for ever, and reading a device
//! would fill the memory.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use super::suite::TextImages;
use super::*;

const KINDS: [&str; 4] = ["folder", "pipe", "device", "link"];
const YAML: &str = "train: images/train\nnames: [car]\n";
const LINE: &str = r#"{"source-ref":"images/a.png"}"#;
const VOC: &str = "<annotation><filename>a.png</filename></annotation>";
const CVAT: &str = "<annotations><image id=\"0\" name=\"a.png\"/></annotations>";
const TASKS: &str = r#"[{"data": {"image": "a.png"}}]"#;
const COCO: &str = r#"{"images":[{"id":1,"file_name":"a.png"}],"annotations":[],"categories":[]}"#;

fn lay(kind: &str, path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    match kind {
        "folder" => std::fs::create_dir(path).unwrap(),
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "device" => symlink("/dev/zero", path).unwrap(),
        _ => symlink("nowhere", path).unwrap(),
    }
}

/// What is said of a folder with such a thing in it, before ten seconds are over.
fn said(format: Format, kind: &str, odd: &str, files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    lay(kind, &folder.path().join(odd));
    let root: PathBuf = folder.path().to_owned();
    let (to, from) = mpsc::channel();
    std::thread::spawn(move || {
        let got = match read(format, &root, &TextImages) {
            Ok(read) => format!("ok {:?} {:?}", read.notes, read.samples),
            Err(error) => error.to_string(),
        };
        let _ = to.send(got.replace(&root.display().to_string(), "IN"));
    });
    from.recv_timeout(Duration::from_secs(10)).expect("it waits")
}

#[track_caller]
fn check(format: Format, odd: &str, files: &[(&str, &str)]) {
    for kind in KINDS {
        let got = said(format, kind, odd, files);
        let is_named = got.contains(&format!("IN/{odd}")) && !got.starts_with("ok");
        let says_why = got.contains("expected a regular file") || kind == "link";
        assert!(is_named && says_why, "{format}: {odd} is a {kind}: {got}");
    }
}

#[test]
fn files_of_labels() {
    check(Format::Coco, "annotations/instances_train.json", &[]);
    check(Format::Coco, "train/_annotations.coco.json", &[]);
    check(Format::GroundTruth, "manifests/train.manifest", &[("manifests/val.manifest", LINE)]);
    check(Format::GroundTruth, "annotation-tool/data.json", &[("manifests/train.manifest", LINE)]);
    let image = ("images/train/a.png", "10x10");
    check(Format::Yolo, "data.yaml", &[image]);
    check(Format::Yolo, "labels/train/a.txt", &[("data.yaml", YAML), image]);
    check(Format::Voc, "Annotations/a.xml", &[("JPEGImages/a.png", "10x10")]);
    check(Format::Voc, "labels.txt", &[("Annotations/a.xml", VOC)]);
    check(Format::Voc, "ImageSets/Main/val.txt", &[("Annotations/a.xml", VOC)]);
    check(Format::Cvat, "annotations.xml", &[]);
    check(Format::LabelStudio, "tasks.json", &[]);
    check(Format::LabelStudio, "label_config.xml", &[("tasks.json", TASKS)]);
    check(Format::RecordIo, "train.rec", &[]);
    for beside in ["train.idx", "train.lst", "classes.txt"] {
        check(Format::RecordIo, beside, &[("train.rec", "")]);
    }
}

#[test]
fn a_list_of_images_that_is_none() {
    for kind in ["pipe", "device", "link"] {
        let yaml = YAML.replace("images/train", "train.txt");
        let got = said(Format::Yolo, kind, "train.txt", &[("data.yaml", &yaml)]);
        let expected = "key \"train\": \"train.txt\" is neither a folder nor a list of images";
        assert!(got.starts_with(expected) && got.ends_with("path: IN/data.yaml"), "{kind}: {got}");
    }
}

#[test]
fn images() {
    for kind in ["folder", "pipe", "device"] {
        for (format, odd, file, text) in [
            (Format::Coco, "train/a.png", "annotations/instances_train.json", COCO),
            (Format::GroundTruth, "images/a.png", "manifests/train.manifest", LINE),
            (Format::Voc, "JPEGImages/a.png", "Annotations/a.xml", VOC),
            (Format::Cvat, "images/a.png", "annotations.xml", CVAT),
            (Format::LabelStudio, "images/a.png", "tasks.json", TASKS),
        ] {
            let got = said(format, kind, odd, &[(file, text)]);
            let expected = format!("expected a regular file\npath: IN/{odd}");
            let is_named = got.starts_with("the image: ") && got.ends_with(&expected);
            assert!(is_named, "{format}: {kind}: {got}");
        }
    }
    for kind in ["pipe", "device", "link"] {
        let good = ("images/train/b.png", "10x10");
        let got = said(Format::Yolo, kind, "images/train/a.png", &[("data.yaml", YAML), good]);
        let expected = "ok [\"1 images cannot be read, and are left out";
        assert!(got.starts_with(expected) && got.contains("path: \"b.png\""), "{kind}: {got}");
    }
}
