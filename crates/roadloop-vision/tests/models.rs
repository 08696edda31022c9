//! The shipped models against Python: `testdata/reference/make.py` ran the same
//! files on the same pictures with code of its own.
//!
//! These tests need libonnxruntime, found as the program finds it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use roadloop_base::{Detection, ErrorKind, Kind};
use roadloop_vision::{
    Detector, DetectorOptions, FinderOptions, ModelError, ModelSource, Pixels, ReaderOptions,
    SessionOptions, TextLine, decode_bytes, open_detector, open_face_finder, open_plate_finder,
    open_tagger, open_text_finder, open_text_reader, runtime,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    label: String,
    score: f32,
    #[serde(rename = "box")]
    sides: [f32; 4],
}

fn load_runtime() {
    let loaded = runtime::locate(None, &[]).and_then(|path| runtime::load(&path));
    if let Err(error) = loaded {
        panic!("{error}\nor set ORT_DYLIB_PATH");
    }
}

fn model(stem: &str) -> ModelSource {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    ModelSource::File(models.join(format!("{stem}.onnx")))
}

fn reference(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/reference").join(file)
}

fn picture(name: &str) -> Pixels {
    let bytes = fs::read(reference(&format!("{name}.png"))).expect("a picture of the references");
    decode_bytes(&bytes).expect("a picture that can be decoded")
}

fn close(found: &Detection, expected: &Expected) -> bool {
    let bbox = found.bbox.expect("a box");
    let sides = [bbox.left(), bbox.top(), bbox.right(), bbox.bottom()];
    let apart = sides.iter().zip(expected.sides).map(|(a, b)| (a - b).abs());
    found.label == expected.label
        && (found.confidence - expected.score).abs() < 1e-3
        && apart.fold(0.0, f32::max) < 1e-3
}

#[track_caller]
fn check(stem: &str, kind: Kind, detector: &dyn Detector) {
    let text = fs::read_to_string(reference("expected.json")).expect("the references");
    let all: BTreeMap<String, BTreeMap<String, Vec<Expected>>> =
        serde_json::from_str(&text).expect("references that can be read");
    let mut boxes = 0;
    for (name, by_model) in &all {
        let found = detector.detect(&picture(name)).expect("it runs");
        let expected = &by_model[stem];
        assert_eq!(found.len(), expected.len(), "{stem} on {name}: {found:?}");
        for expected in expected {
            let hit = found.iter().find(|one| close(one, expected));
            let hit = hit.unwrap_or_else(|| {
                panic!("{stem} on {name}: no {} {:?} in {found:?}", expected.label, expected.sides)
            });
            assert_eq!((hit.kind, &hit.model), (kind, detector.model()));
            boxes += 1;
        }
        assert!(found.is_sorted_by(|a, b| a.confidence >= b.confidence));
    }
    assert!(boxes > 0, "the references hold nothing for {stem}");
}

#[test]
fn objects_are_where_python_finds_them() {
    load_runtime();
    let stem = "nanodet_g_coco_416";
    let detector = open_detector(&model(stem), &DetectorOptions::default()).expect("it opens");
    check(stem, Kind::Object, detector.as_ref());
}

#[test]
fn faces_are_where_python_finds_them() {
    load_runtime();
    let stem = "centerface_dyn";
    let finder = open_face_finder(&model(stem), &FinderOptions::default()).expect("it opens");
    check(stem, Kind::Face, finder.as_ref());
}

#[test]
fn plates_are_where_python_finds_them() {
    load_runtime();
    let stem = "clp_det";
    let finder = open_plate_finder(&model(stem), &FinderOptions::default()).expect("it opens");
    check(stem, Kind::Plate, finder.as_ref());
}

#[test]
fn text_is_where_python_finds_it() {
    load_runtime();
    let stem = "ch_PP-OCRv4_det_infer";
    let finder = open_text_finder(&model(stem), &FinderOptions::default()).expect("it opens");
    check(stem, Kind::Text, finder.as_ref());
}

/// The left and right of words, in pixels, as `testdata/reference/signs.py` drew them.
const DRAWN: [[f32; 2]; 3] = [[33.0, 165.0], [174.0, 212.0], [221.0, 267.0]];

#[test]
fn signs_are_read_at_any_angle() {
    load_runtime();
    let (finder, recogniser) = (model("ch_PP-OCRv4_det_infer"), model("ch_PP-OCRv4_rec_infer"));
    let options = ReaderOptions::default();
    let reader = open_text_reader(&finder, &recogniser, &options).expect("it opens");
    let image = picture("signs");
    let lines = reader.read(&image).expect("it runs");
    let words = |line: &TextLine| {
        line.words.iter().map(|word| word.text.clone()).collect::<Vec<_>>().join("|")
    };
    let found: Vec<_> = lines.iter().map(|line| (line.text.clone(), words(line))).collect();
    let expected = [
        ("Ausfahrt 42 km", "Ausfahrt|42|km"),
        ("Gate 7B", "Gate|7B"),
        ("SPEED LIMIT 55", "SPEED|LIMIT|55"),
    ];
    let expected = expected.map(|(text, words)| (text.to_owned(), words.to_owned()));
    assert_eq!(found, expected);
    assert!(lines.iter().all(|line| line.confidence > 0.9), "{lines:?}");

    // Degrees from lying, clockwise.
    let angle = |line: &TextLine| {
        let [from, to, ..] = line.corners;
        let (x, y) = (384.0 * (to[0] - from[0]), 240.0 * (to[1] - from[1]));
        y.atan2(x).to_degrees()
    };
    for (line, degrees) in lines.iter().zip([0.0, 90.0, 15.0]) {
        assert!((angle(line) - degrees).abs() < 2.0, "{line:?}");
    }
    for (word, [left, right]) in lines[0].words.iter().zip(DRAWN) {
        let off =
            (384.0 * word.bbox.left() - left).abs().max((384.0 * word.bbox.right() - right).abs());
        assert!(off < 5.0, "{off} pixels off: {word:?}");
    }

    let id = reader.model().as_str();
    let stems = "ch_PP-OCRv4_det_infer.ch_PP-OCRv4_rec_infer-";
    assert!(id.starts_with(stems) && id.len() == stems.len() + 8, "{id}");
    // From several threads, the same.
    thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(|| reader.read(&image))).collect();
        for worker in workers {
            assert_eq!(worker.join().expect("no worker panicked").expect("it runs"), lines);
        }
    });
    let twice = open_text_reader(&finder, &finder, &options).expect_err("no recogniser");
    assert!(twice.to_string().contains("det_infer.onnx is no text recogniser"), "{twice}");
    let objects = open_text_reader(&model("nanodet_g_coco_416"), &recogniser, &options);
    let objects = objects.expect_err("no finder");
    assert!(objects.to_string().contains("coco_416.onnx is no text finder"), "{objects}");
}

/// The file's own notes give labels and size; labels beside it come before.
#[test]
fn labels_noted_in_a_model_are_read() {
    load_runtime();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("noted.onnx");
    fs::copy(reference("noted.onnx"), &path).expect("a copy");
    let label = || {
        let source = ModelSource::File(path.clone());
        let detector = open_detector(&source, &DetectorOptions::default()).expect("it opens");
        let found = detector.detect(&picture("plate")).expect("it runs");
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].label.clone()
    };
    assert_eq!(label(), "driver's seat");
    fs::write(folder.path().join("noted.labels.txt"), "front\nrear\n").expect("labels");
    assert_eq!(label(), "rear");
}

#[test]
fn workers_share_a_model_and_find_the_same() {
    load_runtime();
    let session = SessionOptions { threads: 1, at_once: 2, keeps_memory: true };
    let options = DetectorOptions { session, ..DetectorOptions::default() };
    let detector = open_detector(&model("nanodet_g_coco_416"), &options).expect("it opens");
    let image = picture("players");
    let alone = detector.detect(&image).expect("it runs");
    // More workers than sessions: some wait for one to come back.
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..3).map(|_| detector.detect(&image)).collect::<Vec<_>>()))
            .collect();
        for worker in workers {
            for found in worker.join().expect("no worker panicked") {
                assert_eq!(found.expect("it runs"), alone);
            }
        }
    });
}

#[track_caller]
fn check_refused(opened: Result<Box<dyn Detector>, ModelError>, expected: &[&str]) {
    let error = opened.expect_err("it is not what was asked for");
    for part in expected {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}

#[test]
fn files_that_are_no_detector_are_named() {
    load_runtime();
    let options = DetectorOptions::default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        ModelSource::File(path)
    };
    let ModelSource::File(whole) = model("clp_det") else { unreachable!("a file") };
    let whole = fs::read(whole).expect("a model");
    let text = write("notes.onnx", b"this is no model\n");
    check_refused(open_detector(&text, &options), &["notes.onnx is not an ONNX model"]);
    let empty = write("empty.onnx", b"");
    check_refused(open_detector(&empty, &options), &["empty.onnx is not an ONNX model"]);
    let half = write("half.onnx", &whole[..whole.len() / 2]);
    check_refused(open_detector(&half, &options), &["half.onnx is not an ONNX model"]);
    let faces = open_detector(&model("centerface_dyn"), &options);
    check_refused(faces, &["centerface_dyn.onnx is no detector", "outputs 537 f32 [1, 1, ?, ?]"]);
    let plates = open_tagger(&model("clp_det"), &options);
    check_refused(plates, &["clp_det.onnx is no tagger", "[1, classes]"]);
    let objects = open_face_finder(&model("nanodet_g_coco_416"), &FinderOptions::default());
    check_refused(objects, &["is no face finder", "CenterFace"]);
}

#[test]
fn settings_beside_a_model_are_part_of_its_id() {
    load_runtime();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mine.onnx");
    let ModelSource::File(original) = model("nanodet_g_coco_416") else { unreachable!("a file") };
    fs::copy(original, &path).expect("a copy");
    let open = || open_detector(&ModelSource::File(path.clone()), &DetectorOptions::default());
    let plain = open().expect("it opens").model().clone();
    assert!(plain.as_str().starts_with("mine-"), "{plain}");
    fs::write(path.with_extension("toml"), "confidence = 0.5\n").expect("a file");
    assert_ne!(*open().expect("it opens").model(), plain);
    fs::write(path.with_extension("toml"), "decoder = 'yolox'\n").expect("a file");
    check_refused(open(), &["mine.onnx is no detector"]);
    fs::write(path.with_extension("toml"), "colour = 'blue'\n").expect("a file");
    check_refused(open(), &["the model's settings cannot be read: unknown field `colour`"]);
    fs::remove_file(path.with_extension("toml")).expect("a file");
    fs::write(path.with_extension("labels.txt"), "car\nbus\n").expect("a file");
    check_refused(open(), &["has 80 classes, but there are 2 labels"]);
}

#[test]
fn a_missing_model_is_not_found() {
    let source = ModelSource::File(PathBuf::from("no/such/model.onnx"));
    let error = open_detector(&source, &DetectorOptions::default()).expect_err("no such file");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
