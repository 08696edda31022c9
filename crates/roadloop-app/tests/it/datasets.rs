//! Datasets as people meet them: made, checked, looked at, handed on and taken in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use roadloop_engine::vision::{Channels, Pixels, encode_png};
use serde_json::{Value, json};

use crate::bucket::InBucket;
use crate::labelling::{boxes, with_copies};
use crate::main_job::small_bag;
use crate::studio::{Answer, Open};
use crate::studio_people::invited;
use crate::workspace::{Workspace, files_below};

/// Forms that are read as well as written.
const FORMS: [&str; 7] = ["coco", "yolo", "voc", "cvat", "labelstudio", "groundtruth", "recordio"];

/// What a difference counts of images.
const UNCHANGED: [&str; 5] =
    ["images_added", "images_removed", "images_moved", "images_replaced", "images_relabelled"];

/// A picture of its own for each number: no two look alike.
fn picture(number: u32, width: u32, height: u32) -> Vec<u8> {
    let mut state = number.wrapping_mul(2_654_435_761).max(1);
    let mut patches = Vec::new();
    for _ in 0..16 * 16 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        patches.push(state as u8);
    }
    let patch = |x: u32, y: u32| patches[((y * 16 / height) * 16 + x * 16 / width) as usize];
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let data = places.flat_map(|(x, y)| [patch(x, y); 3]).collect();
    encode_png(&Pixels::new(width, height, Channels::Rgb, data).unwrap()).unwrap()
}

/// A COCO folder of others: so many images of three drives, the last of which has nothing
/// on it, in one split.
fn coco(workspace: &Workspace, name: &str, images: u32) -> PathBuf {
    let folder = workspace.path(name);
    let (mut listed, mut annotations) = (Vec::new(), Vec::new());
    for number in 0..images {
        let file = format!("drive{}/{number:06}.png", number % 3);
        let path = folder.join("images").join(&file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, picture(number + 1, 96, 64)).unwrap();
        listed.push(json!({"id": number + 1, "file_name": file, "width": 96, "height": 64}));
        let found = if number + 1 == images { 0 } else { 1 + number % 2 };
        for place in 0..found {
            let side = 10.5 + f64::from(number % 7) + f64::from(place) * 20.0;
            annotations.push(json!({"id": annotations.len() + 1, "image_id": number + 1,
                "category_id": 1 + 4 * (place % 2), "bbox": [side, 5.25, 12.5, 20.0],
                "area": 250.0, "iscrowd": 0}));
        }
    }
    let text = json!({"images": listed, "annotations": annotations,
        "categories": [{"id": 1, "name": "car"}, {"id": 5, "name": "traffic light"}]});
    fs::create_dir_all(folder.join("annotations")).unwrap();
    fs::write(folder.join("annotations/instances.json"), text.to_string()).unwrap();
    folder
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_dataset_of_others_goes_through_every_form_and_back() {
    let workspace = Workspace::new();
    let folder = coco(&workspace, "theirs", 12);
    let args = ["dataset", "import", &shown(&folder), "--as", "theirs", "--split", "50/25/25"];
    let dry =
        json_of(&workspace.ok(&[&args[..], &["--seed", "3", "--dry-run", "--json"]].concat()));
    assert!(files_below(&workspace.path("roadloop")).is_empty(), "nothing is kept");
    let made = workspace.ok(&[&args[..], &["--seed", "3", "--json"]].concat());
    let card = json_of(&made)["card"].clone();
    assert_eq!(card["counts"]["images"], 12, "{card}");
    assert_eq!(dry["card"]["id"], card["id"]);
    assert_eq!(card["counts"]["empty"], 1);
    assert_eq!(card["classes"], json!(["car", "traffic light"]));
    let splits = card["counts"]["splits"].as_object().unwrap();
    assert_eq!(splits.len(), 3, "three drives, three splits: {splits:?}");
    assert!(splits.values().all(|split| split["groups"] == 1), "{splits:?}");

    // The same again is nothing new, in another order of folders too.
    let again = workspace.ok(&[&args[..], &["--seed", "3", "--json"]].concat());
    assert_eq!(json_of(&again)["is_new"], false);
    assert_eq!(json_of(&again)["card"]["id"], card["id"]);

    for form in FORMS {
        let out = shown(&workspace.path(&format!("out-{form}")));
        workspace.ok(&["dataset", "export", "theirs", "--to", form, "--out", &out]);
        let whole = fs::read_to_string(Path::new(&out).join("dataset.json")).unwrap();
        assert_eq!(json_of(&whole)["dataset"]["id"], card["id"], "{form}");
        let left: Vec<_> = files_below(Path::new(&out))
            .into_iter()
            .filter(|path| shown(path).contains("partial") || shown(path).ends_with(".part"))
            .collect();
        assert!(left.is_empty(), "{form}: {left:?}");
        let back =
            workspace.ok(&["dataset", "import", &out, "--as", &format!("b-{form}"), "--json"]);
        let back = json_of(&back)["card"].clone();
        assert_eq!(back["counts"]["images"], 12, "{form}: {back}");
        assert_eq!(back["counts"]["boxes"], card["counts"]["boxes"], "{form}");
        assert_eq!(back["counts"]["empty"], 1, "{form}");
        assert_eq!(back["classes"], card["classes"], "{form}");
        for split in ["train", "val", "test"] {
            let (was, is) = (&card["counts"]["splits"][split], &back["counts"]["splits"][split]);
            assert_eq!(was["images"], is["images"], "{form} {split}");
            assert_eq!(was["classes"], is["classes"], "{form} {split}");
        }
    }
    for form in ["fiftyone", "openlabel"] {
        let out = shown(&workspace.path(&format!("out-{form}")));
        workspace.ok(&["dataset", "export", "theirs", "--to", form, "--out", &out]);
    }
    // A manifest's name says the split.
    let manifest = |split: &str| format!("out-groundtruth/manifests/{split}.manifest");
    let (train, val) = (manifest("train"), manifest("val"));
    let build = ["dataset", "build", "m", "--from-manifest", &train, "--from-manifest", &val];
    let built = json_of(&workspace.ok(&[&build[..], &["--json"]].concat()))["card"].clone();
    for split in ["train", "val"] {
        let images = |card: &Value| card["counts"]["splits"][split]["images"].clone();
        assert_eq!(images(&built), images(&card), "{split}");
    }
    // What came back from forms that keep everything is the same dataset but for its groups.
    for form in ["coco", "groundtruth"] {
        let name = format!("b-{form}");
        let diff = workspace.ok(&["dataset", "diff", "theirs", &name, "--json"]);
        let diff = json_of(&diff);
        for what in UNCHANGED {
            assert_eq!(diff[what]["count"], 0, "{form} {what}: {diff}");
        }
    }
}

#[test]
fn an_export_goes_on_and_is_not_written_over_another() {
    let workspace = Workspace::new();
    let folder = coco(&workspace, "theirs", 9);
    workspace.ok(&["dataset", "import", &shown(&folder), "--as", "theirs"]);
    let out = shown(&workspace.path("out"));
    let export =
        |to: &str| workspace.run(&["dataset", "export", "theirs", "--to", to, "--out", &out]);
    assert_eq!(export("yolo").code, 0);
    // Some of it is gone.
    let images = files_below(&Path::new(&out).join("images"));
    for image in &images[..4] {
        fs::remove_file(image).unwrap();
    }
    let other = export("coco");
    assert_eq!(other.code, 2, "{}", other.stderr);
    assert!(other.stderr.contains("choose another --out"), "{}", other.stderr);
    let again = export("yolo");
    assert!(again.stdout.contains("9 images") && again.stdout.contains("5 there already"));
    assert_eq!(files_below(&Path::new(&out).join("images")), images);
    // Into a folder of other things nothing is written.
    workspace.write("taken/letter.txt", b"dear");
    let taken = workspace.run(&["dataset", "export", "theirs", "--to", "yolo", "--out", "taken"]);
    assert_eq!(taken.code, 2, "{}", taken.stderr);
    assert_eq!(fs::read_dir(workspace.path("taken")).unwrap().count(), 1);
}

/// Starts an export, and kills it after a while.
fn killed(workspace: &Workspace, form: &str, out: &str, after: Duration) -> bool {
    let args = ["dataset", "export", "theirs", "--to", form, "--out", out, "--quiet"];
    let mut child: Child = workspace.command(&args).spawn().unwrap();
    let began = Instant::now();
    while began.elapsed() < after {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |path: PathBuf| {
        let name = path.strip_prefix(folder).unwrap().display().to_string();
        (name, fs::read(path).unwrap())
    };
    files_below(folder).into_iter().map(read).collect()
}

#[test]
fn exports_that_are_killed_end_up_the_same() {
    let workspace = Workspace::new();
    let folder = coco(&workspace, "theirs", 60);
    workspace.ok(&["dataset", "import", &shown(&folder), "--as", "theirs"]);
    for form in ["recordio", "coco", "voc"] {
        let (sound, hurt) = (format!("sound-{form}"), format!("hurt-{form}"));
        workspace.ok(&["dataset", "export", "theirs", "--to", form, "--out", &sound]);
        let began = Instant::now();
        let probe = format!("probe-{form}");
        workspace.ok(&["dataset", "export", "theirs", "--to", form, "--out", &probe]);
        let whole = began.elapsed();
        for part in 1..6 {
            killed(&workspace, form, &hurt, whole * part / 6);
        }
        workspace.ok(&["dataset", "export", "theirs", "--to", form, "--out", &hurt]);
        let (sound, hurt) = (content(&workspace.path(&sound)), content(&workspace.path(&hurt)));
        let names = |of: &[(String, Vec<u8>)]| -> Vec<String> {
            of.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&sound), names(&hurt), "{form}");
        assert!(sound == hurt, "{form}: the bytes of some file are others");
    }
}

#[test]
fn what_is_wrong_is_found() {
    let workspace = Workspace::new();
    let folder = coco(&workspace, "theirs", 9);
    let labels = folder.join("annotations/instances.json");
    let mut text = json_of(&fs::read_to_string(&labels).unwrap());
    let annotations = text["annotations"].as_array_mut().unwrap();
    let twice = annotations[0].clone();
    let number = annotations.len() + 1;
    annotations.push(twice);
    annotations[number - 1]["id"] = json!(number);
    annotations[1]["bbox"] = json!([500.0, 500.0, 10.0, 10.0]);
    annotations[2]["bbox"] = json!([5.0, 5.0, 0.0, 10.0]);
    fs::write(&labels, text.to_string()).unwrap();
    // Two drives have the same image.
    fs::copy(folder.join("images/drive0/000000.png"), folder.join("images/drive1/000004.png"))
        .unwrap();
    workspace.ok(&["dataset", "import", &shown(&folder), "--as", "theirs"]);
    let images = files_below(&workspace.path("roadloop/imported"));
    assert_eq!(images.len(), 8, "one that comes twice is kept once");
    fs::remove_file(&images[0]).unwrap();
    let mut bytes = fs::read(&images[1]).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&images[1], bytes).unwrap();

    let ran = workspace.run(&["dataset", "check", "theirs", "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let findings = json_of(&ran.stdout)["findings"].clone();
    let kinds: Vec<&str> =
        findings.as_array().unwrap().iter().map(|found| found["kind"].as_str().unwrap()).collect();
    for kind in [
        "image-missing",
        "image-changed",
        "box-outside-image",
        "box-without-area",
        "duplicate-boxes",
        "duplicate-images",
        "rare-class",
        "empty-images",
    ] {
        assert!(kinds.contains(&kind), "{kind} of {kinds:?}");
    }
    let sizes = workspace.run(&["dataset", "check", "theirs", "--images", "sizes", "--json"]);
    assert!(sizes.stdout.contains("image-missing"), "{}", sizes.stdout);
    assert!(!sizes.stdout.contains("image-changed"), "as many bytes: {}", sizes.stdout);
    // What is missing or another one is named, and the rest is written.
    let out = workspace.run(&["dataset", "export", "theirs", "--to", "coco", "--out", "out"]);
    assert_eq!(out.code, 3, "{}", out.stderr);
}

#[test]
fn hostile_files_leave_nothing() {
    let workspace = Workspace::new();
    let entities = "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;&l;\">]>";
    let cvat = format!(
        "<?xml version=\"1.0\"?>{entities}<annotations><version>1.1</version><image id=\"0\" \
         name=\"&m;.png\" width=\"1\" height=\"1\"></image></annotations>"
    );
    let coco = |file: &str, bbox: &str, category: &str| {
        format!(
            "{{\"images\":[{{\"id\":1,\"file_name\":\"{file}\",\"width\":9,\"height\":9}}],\n\
             \"categories\":[{{\"id\":1,\"name\":\"car\"}}],\n\
             \"annotations\":[{{\"id\":1,\"image_id\":1,\"category_id\":{category},\
             \"bbox\":{bbox}}}]}}"
        )
    };
    let cases = [
        ("zip-slip.json", "coco", coco("../../etc/passwd", "[1,1,2,2]", "1")),
        ("nan.json", "coco", coco("a.png", "[NaN,1,2,2]", "1")),
        ("null.json", "coco", coco("a.png", "[null,1,2,2]", "1")),
        ("negative.json", "coco", coco("a.png", "[1,1,2,2]", "-1")),
        ("unknown.json", "coco", coco("a.png", "[1,1,2,2]", "7")),
        ("laughs/annotations.xml", "cvat", cvat),
        ("cut.json", "coco", "{\"images\":[{\"id\":1".to_owned()),
        ("m.manifest", "groundtruth", "{\"source-ref\":\"a.png\"}\nnonsense\n".to_owned()),
    ];
    for (name, form, text) in cases {
        let path = workspace.write(name, text.as_bytes());
        let ran = workspace.run(&["dataset", "import", &shown(&path), "--from", form, "--as", "x"]);
        assert_eq!(ran.code, 1, "{name}: {}", ran.stderr);
        let file = name.rsplit('/').next().unwrap();
        assert!(ran.stderr.contains(file), "{name}: {}", ran.stderr);
        assert!(ran.stderr.lines().count() < 8, "{name}: {}", ran.stderr);
    }
    assert!(files_below(&workspace.path("roadloop/datasets")).is_empty());
    // What leads out of the folder is not read, in a manifest neither, wherever it is run.
    workspace.write("outside.png", &picture(1, 32, 32));
    let line = "{\"source-ref\":\"../outside.png\"}\n";
    let path = workspace.write("sub/out.manifest", line.as_bytes());
    let ran = workspace.run(&["dataset", "import", &shown(&path), "--as", "x"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(files_below(&workspace.path("roadloop/imported")).is_empty(), "{}", ran.stderr);
    assert!(files_below(&workspace.path("roadloop/imported")).is_empty());
}

/// A line of two gigabytes costs neither memory nor time.
#[test]
fn a_line_of_two_gigabytes_is_refused() {
    let workspace = Workspace::new();
    for (name, form) in [("long.manifest", "groundtruth"), ("long.json", "coco")] {
        let path = workspace.write(name, b"{\"images\":[{\"file_name\":\"");
        fs::File::options().write(true).open(&path).unwrap().set_len(2 << 30).unwrap();
        let ran = workspace.run(&["dataset", "import", &shown(&path), "--from", form, "--as", "x"]);
        assert_eq!(ran.code, 1, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
}

#[track_caller]
fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn labels_on_copies_become_a_dataset_of_raw_frames() {
    let workspace = with_copies(6);
    workspace.ok(&["users", "invite", "--role", "admin"]);
    let studio = Open::start(&workspace, &["--login"]);
    let reviewer = invited(&workspace, &studio, "reviewer", "rita");
    let worker = invited(&workspace, &studio, "worker", "ann");
    let viewer = invited(&workspace, &studio, "viewer", "vic");
    workspace.ok(&["label", "create", "cars", "--filter", "", "--labels", "car", "--workers", "1"]);
    for number in 0..5 {
        let task = ok(&worker.send(&studio, "POST", "/api/v1/work/cars/next", &json!({})));
        let drawn = if number == 0 { boxes(&[]) } else { boxes(&[("car", [2, 3, 10, 8])]) };
        let path = format!("/api/v1/work/assignments/{}/answer", task["id"]);
        ok(&worker.send(&studio, "POST", &path, &json!({"boxes": drawn, "seconds": 2.0})));
    }
    let build = ["dataset", "build", "cars", "--from-job", "cars"];
    let dry = workspace.ok(&[&build[..], &["--dry-run", "--json"]].concat());
    assert_eq!(json_of(&dry)["card"]["counts"]["images"], 5);
    assert_eq!(workspace.ok(&["dataset", "list", "--json"]), "\n".trim_start());
    let made = json_of(&workspace.ok(&[&build[..], &["--license", "ours", "--json"]].concat()));
    let card = &made["card"];
    assert_eq!((&card["counts"]["images"], &card["counts"]["empty"]), (&json!(5), &json!(1)));
    assert_eq!(card["origins"][0]["left_out"]["nobody has labelled it"], 1, "{card}");
    assert!(card["tables"]["frames"].is_u64(), "pinned to a state of the catalog: {card}");
    assert_eq!(json_of(&dry)["card"]["id"], card["id"]);

    // Images are the raw ones, byte for byte.
    workspace.ok(&["dataset", "export", "cars", "--to", "yolo", "--out", "yolo"]);
    let images = files_below(&workspace.path("yolo/images"));
    assert_eq!(images.len(), 5);
    for image in &images {
        let name = image.file_name().unwrap().to_string_lossy().into_owned();
        let (_, frame) = name.split_once("__").unwrap();
        let raw = files_below(&workspace.path("roadloop/images"))
            .into_iter()
            .find(|path| path.ends_with(frame))
            .unwrap();
        assert!(fs::read(image).unwrap() == fs::read(raw).unwrap(), "{name}");
    }
    // A manifest of the same job gives the same samples.
    workspace.ok(&["label", "export", "cars", "--out", "output.manifest"]);
    let of_manifest =
        workspace.ok(&["dataset", "build", "m", "--from-manifest", "output.manifest"]);
    assert!(of_manifest.contains("images"), "{of_manifest}");
    let diff = workspace.ok(&["dataset", "diff", "cars", "m", "--json"]);
    for what in UNCHANGED {
        assert_eq!(json_of(&diff)[what]["count"], 0, "{what}: {diff}");
    }

    // In the studio: numbers for who sees, raw images only for who may.
    let list = ok(&viewer.get(&studio, "/api/v1/datasets"));
    assert_eq!(list["datasets"].as_array().unwrap().len(), 2, "{list}");
    let samples = ok(&viewer.get(&studio, "/api/v1/datasets/cars/1/samples?class=car&limit=2"));
    assert_eq!((&samples["total"], samples["samples"].as_array().unwrap().len()), (&json!(4), 2));
    let name = samples["samples"][0]["name"].as_str().unwrap();
    let image = format!("/api/v1/datasets/cars/1/images/{name}?side=160");
    assert_eq!(viewer.get(&studio, &image).status, 403);
    assert_eq!(reviewer.get(&studio, &image).status, 200);
    assert_eq!(worker.get(&studio, "/api/v1/datasets").status, 403);
    for path in ["statistics", "checks", "diff?from=1"] {
        ok(&viewer.get(&studio, &format!("/api/v1/datasets/cars/1/{path}")));
    }
    assert_eq!(viewer.get(&studio, "/api/v1/datasets/cars/2").status, 404);
    assert_eq!(viewer.get(&studio, "/api/v1/datasets/..%2Fcars/1").status, 404);
    // A frame's lineage has it.
    let frame = &samples["samples"][0]["frame"];
    let text = |name: &str| frame[name].to_string().trim_matches('"').to_owned();
    let (recording, camera) = (text("recording"), text("camera"));
    let path = format!("/api/v1/frames/{recording}/{camera}/{}/lineage", text("sequence"));
    let steps = ok(&viewer.get(&studio, &path));
    let steps = steps.as_array().unwrap();
    assert!(steps.iter().any(|step| step["step"] == "dataset"), "{steps:?}");
}

#[test]
fn a_dataset_is_read_as_training_reads_it() {
    let workspace = Workspace::new();
    let folder = coco(&workspace, "theirs", 20);
    workspace.ok(&["dataset", "import", &shown(&folder), "--as", "theirs"]);
    workspace.ok(&["dataset", "export", "theirs", "--to", "recordio", "--out", "rec"]);
    for records in [&[][..], &["--records", "rec"][..]] {
        let args =
            [&["dataset", "load", "theirs", "--epochs", "2", "--json"][..], records].concat();
        let read = workspace.ok(&args);
        let epochs: Vec<Value> = read.lines().map(json_of).collect();
        assert_eq!(epochs.len(), 2);
        for epoch in epochs {
            assert_eq!((&epoch["images"], &epoch["boxes"]), (&json!(20), &json!(28)), "{epoch}");
        }
    }
    let sheet = workspace.run(&["dataset", "sheet", "theirs", "--class", "car", "--out", "s.png"]);
    assert_eq!(sheet.code, 0, "{}", sheet.stderr);
    let picture = ["dataset", "show", "theirs", "--stats", "--picture", "n.png"];
    assert!(workspace.ok(&picture).contains("traffic light"));
    assert!(fs::metadata(workspace.path("n.png")).unwrap().len() > 1000);
    let unknown = workspace.run(&["dataset", "show", "thiers"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean theirs?"), "{}", unknown.stderr);
}

/// Labels from a manifest in a bucket on frames in a bucket, and records read from one.
#[test]
fn all_of_it_may_lie_in_a_bucket() {
    let there = InBucket::new();
    let bag = small_bag(&there.workspace, 4);
    there.ok(&["run", &shown(&bag), "--stages", "extract", "--name", "drive"]);
    let mut keys: Vec<String> = there.server.paths();
    keys.retain(|path| path.starts_with("fleet/lake/images/"));
    assert_eq!(keys.len(), 4);
    let mut manifest = String::new();
    for (number, key) in keys.iter().enumerate() {
        let source = format!("s3://{}", key.replace("/images/", "/anonymized/"));
        let mut line = json!({"source-ref": source});
        if number < 3 {
            line["boxes"] = json!({"image_size": [{"width": 32, "height": 24, "depth": 3}],
                "annotations": [{"class_id": 0, "left": 1.5, "top": 2, "width": 9, "height": 7}]});
            line["boxes-metadata"] = json!({"objects": [{"confidence": 0.0}],
                "class-map": {"0": "car"}, "type": "groundtruth/object-detection",
                "human-annotated": "yes", "creation-date": "2026-01-02T03:04:05.678901",
                "job-name": "labeling-job/cars"});
        }
        manifest += &format!("{line}\n");
    }
    there.server.put("fleet/jobs/output.manifest", manifest.into_bytes());
    let address = "s3://fleet/jobs/output.manifest";
    let made = there.ok(&["dataset", "build", "cars", "--from-manifest", address, "--json"]);
    let card = json_of(&made)["card"].clone();
    assert_eq!((&card["counts"]["images"], &card["counts"]["boxes"]), (&json!(3), &json!(3)));
    let check = there.run(&["dataset", "check", "cars", "--json"]);
    let findings = json_of(&check.stdout)["findings"].clone();
    assert!(!findings.to_string().contains("image-"), "no image is missing: {findings}");

    let out = there.workspace.path("rec");
    there.ok(&["dataset", "export", "cars", "--to", "recordio", "--out", &shown(&out)]);
    let load = |records: &[&str]| {
        let args = [&["dataset", "load", "cars", "--json"][..], records].concat();
        let read = json_of(&there.ok(&args));
        (read["images"].clone(), read["boxes"].clone())
    };
    assert_eq!(load(&[]), (json!(3), json!(3)));
    for file in files_below(&out) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        there.server.put(&format!("fleet/rec/{name}"), fs::read(file).unwrap());
    }
    assert_eq!(load(&["--records", "s3://fleet/rec"]), (json!(3), json!(3)));
    let missing = "s3://fleet/jobs/none.manifest";
    let missing = there.run(&["dataset", "build", "x", "--from-manifest", missing]);
    assert_eq!(missing.code, 1, "{}", missing.stderr);
    assert!(missing.stderr.contains("none.manifest"), "{}", missing.stderr);
}
