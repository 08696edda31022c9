//! The main job: a recording in, a searchable, anonymised catalog out.

use std::fs;
use std::path::PathBuf;

use roadloop_bag::testing::{DriveWriter, Picture};

use crate::workspace::{Workspace, files_below};

/// A picture of the repository's test data.
pub(crate) fn picture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pictures");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

/// An MCAP drive of one JPEG camera.
pub(crate) fn small_drive(workspace: &Workspace, frames: u32) -> PathBuf {
    let jpeg = picture("street.jpg");
    let mut writer = DriveWriter::mcap();
    for number in 0..frames {
        let time = START + u64::from(number) * 100_000_000;
        let topic = "/camera/front/image_raw/compressed";
        writer.push(topic, time, Picture::jpeg(jpeg.clone()));
    }
    workspace.write("drive.mcap", &writer.finish())
}

/// A ROS 1 bag of one raw camera; no two frames are alike.
pub(crate) fn small_bag(workspace: &Workspace, frames: u32) -> PathBuf {
    let mut writer = DriveWriter::bag();
    for number in 0..frames {
        let time = START + u64::from(number) * 100_000_000;
        writer.push("/camera/rear/image_raw", time, Picture::rgb8(32, 24, raw_pixels(number)));
    }
    workspace.write("drive.bag", &writer.finish())
}

fn raw_pixels(number: u32) -> Vec<u8> {
    (0..32 * 24 * 3).map(|i| (i * 7 + number * 31) as u8).collect()
}

/// 2026-05-04T09:30:00Z
const START: u64 = 1_777_887_000_000_000_000;

#[test]
fn a_drive_becomes_a_searchable_anonymised_catalog() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 6);
    let drive = drive.to_str().unwrap();
    let first = workspace.ok(&["run", drive, "--json"]);
    assert_eq!(first.matches("\"done\":6").count(), 4, "{first}");

    // JPEG is kept byte for byte; its anonymised copy is another picture.
    let images = files_below(&workspace.path("roadloop/images"));
    let copies = files_below(&workspace.path("roadloop/anonymized"));
    assert_eq!((images.len(), copies.len()), (6, 6));
    let name = images[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("camera__front-2026-05-04T09_30_00.000000000Z-000000"), "{name}");
    assert!(images.iter().all(|image| fs::read(image).unwrap() == picture("street.jpg")));
    assert!(copies.iter().all(|copy| fs::read(copy).unwrap() != picture("street.jpg")));

    let count = |filter: &str| workspace.ok(&["search", filter, "--count"]).trim().to_owned();
    assert_eq!(count("has(person)"), "6");
    assert_eq!(count("has(face)"), "6");
    assert_eq!(count("has(elephant)"), "0");
    assert_eq!(count("not has(elephant) and camera = camera__front"), "6");
    assert_eq!(count("time in 2026-05-04T09:30:00.1..2026-05-04T09:30:00.3"), "2");

    let hits = workspace.ok(&["search", "has(person)", "--json", "--limit", "2"]);
    assert_eq!(hits.lines().count(), 2);
    let hit: serde_json::Value = serde_json::from_str(hits.lines().next().unwrap()).unwrap();
    assert_eq!(hit["sequence"], 0);
    let detections = hit["detections"].as_array().unwrap();
    assert!(detections.iter().any(|found| found["label"] == "person"), "{hit}");

    for (file, magic) in [
        ("hits.csv", b"reco".as_slice()),
        ("hits.parquet", b"PAR1"),
        ("hits.jsonl", b"{\"re"),
        ("hits.png", b"\x89PNG"),
        ("hits.jpg", b"\xff\xd8\xff"),
    ] {
        let flag = match file.rsplit_once('.').unwrap().1 {
            "png" | "jpg" => "--contact-sheet",
            _ => "--export",
        };
        workspace.ok(&["search", "has(person)", flag, file]);
        assert!(fs::read(workspace.path(file)).unwrap().starts_with(magic), "{file}");
    }
    let labels = workspace
        .ok(&["sql", "select label, count(*) as n from detections group by label order by 2 desc"]);
    assert!(labels.contains("person") && labels.contains("face"), "{labels}");

    // A second run finds everything done.
    let second = workspace.ok(&["run", drive, "--json"]);
    assert_eq!(second.matches("\"already_done\":6").count(), 4, "{second}");
}

#[test]
fn raw_frames_become_identical_pngs() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 5);
    workspace.ok(&["run", bag.to_str().unwrap(), "--stages", "extract"]);
    let images = files_below(&workspace.path("roadloop/images"));
    assert_eq!(images.len(), 5);
    for (number, image) in images.iter().enumerate() {
        let decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(image).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (32, 24));
        assert_eq!(pixels, raw_pixels(number as u32));
    }
}

#[test]
fn only_what_matches_is_anonymised_and_more_can_follow() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 6);
    let drive = drive.to_str().unwrap();
    let only = "time < 2026-05-04T09:30:00.3 and has(person)";
    workspace.ok(&["run", drive, "--only", only]);
    let copies = || files_below(&workspace.path("roadloop/anonymized")).len();
    assert_eq!(copies(), 3);
    workspace.ok(&["anonymize"]);
    assert_eq!(copies(), 6);
    // A narrower wish takes nothing back.
    workspace.ok(&["anonymize", "--only", only]);
    let markers = "select count(*) as n from anonymized";
    assert_eq!(workspace.ok(&["sql", markers, "--format", "csv"]).lines().last(), Some("6"));
}

#[test]
fn a_wider_selection_adds_and_a_narrower_one_takes_nothing_back() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 9);
    let drive = drive.to_str().unwrap();
    let run = |every: &str| {
        workspace.ok(&["run", drive, "--stages", "extract", "--every", every]);
        workspace.ok(&["search", "camera = camera__front", "--count"]).trim().to_owned()
    };
    assert_eq!(run("4"), "3");
    assert_eq!(run("1"), "9");
    assert_eq!(run("4"), "9");
}

#[test]
fn another_threshold_replaces_detections() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 3);
    let drive = drive.to_str().unwrap();
    let boxes = || {
        let query = "select count(*) as n from detections where kind = 'object'";
        let count = workspace.ok(&["sql", query, "--format", "csv"]);
        count.lines().last().unwrap().parse::<u32>().unwrap()
    };
    workspace.ok(&["run", drive, "--stages", "extract,detect", "--confidence", "0.3"]);
    let many = boxes();
    workspace.ok(&["detect", "--confidence", "0.9"]);
    let few = boxes();
    workspace.ok(&["detect", "--confidence", "0.3"]);
    assert!(few < many && boxes() == many, "{few} {many}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 3);
    let plan = workspace.ok(&["run", drive.to_str().unwrap(), "--dry-run"]);
    assert!(plan.contains("camera__front: 3 messages"), "{plan}");
    assert!(files_below(&workspace.path("roadloop")).is_empty(), "{plan}");
}
