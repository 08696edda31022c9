//! The same recording once more: what is there stays, what is gone comes back.

use std::fs;

use crate::main_job::{small_bag, small_drive};
use crate::workspace::{Workspace, files_below};

#[test]
fn images_that_are_gone_come_back() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 5);
    let drive = drive.to_str().unwrap();
    workspace.ok(&["run", drive]);
    let whole = workspace.content();
    let image = |folder: &str, number: usize| files_below(&workspace.path(folder))[number].clone();
    fs::remove_file(image("roadloop/images", 1)).unwrap();
    fs::write(image("roadloop/images", 2), b"").unwrap();
    fs::remove_file(image("roadloop/anonymized", 3)).unwrap();

    // Without the recording at hand: what cannot be looked at is named, and
    // the rest of its shard stays.
    let ran = workspace.run(&["anonymize", "--style", "solid", "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(ran.stdout.matches("\"place\":\"frame ").count(), 2, "{}", ran.stdout);

    let again = workspace.ok(&["run", drive, "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&again).unwrap();
    let of_stage = |name: &str, key: &str| {
        let mut stages = runs[0]["stages"].as_array().unwrap().iter();
        stages.find(|stage| stage["stage"] == name).unwrap()[key].as_u64().unwrap()
    };
    assert_eq!((of_stage("extract", "done"), of_stage("extract", "already_done")), (2, 3));
    assert_eq!(of_stage("video", "already_done"), 5, "{again}");
    assert_eq!(of_stage("detect", "already_done"), 5, "{again}");
    assert_eq!(of_stage("anonymize", "done"), 5, "{again}");
    assert!(workspace.content() == whole, "as if nothing had been gone");
    let third = workspace.ok(&["run", drive, "--json"]);
    assert_eq!(third.matches("\"already_done\":5").count(), 4, "{third}");
}

#[test]
fn a_narrower_selection_forgets_no_frame_whose_image_is_gone() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 10);
    let bag = bag.to_str().unwrap();
    workspace.ok(&["run", bag, "--stages", "extract"]);
    let images = files_below(&workspace.path("roadloop/images"));
    fs::remove_file(&images[2]).unwrap();
    fs::remove_file(&images[3]).unwrap();
    // Every second frame: the third image comes back, the fourth is not asked for.
    workspace.ok(&["run", bag, "--stages", "extract", "--every", "2"]);
    assert!(images[2].exists() && !images[3].exists());
    let count = workspace.ok(&["sql", "select count(*) as n from frames", "--format", "csv"]);
    assert_eq!(count.lines().last(), Some("10"));
    workspace.ok(&["run", bag, "--stages", "extract"]);
    assert!(images[3].exists());
}

#[test]
fn a_renamed_recording_is_the_same_recording() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 4);
    workspace.ok(&["run", bag.to_str().unwrap(), "--stages", "extract"]);
    let moved = workspace.path("archive/monday.bag");
    fs::create_dir_all(moved.parent().unwrap()).unwrap();
    fs::rename(&bag, &moved).unwrap();
    let again = workspace.ok(&["run", moved.to_str().unwrap(), "--stages", "extract", "--json"]);
    assert!(again.contains("\"recording\":\"drive-"), "{again}");
    assert!(again.contains("\"already_done\":4"), "{again}");
    // A name of its own makes it another.
    let named = ["run", moved.to_str().unwrap(), "--stages", "extract", "--name", "monday"];
    workspace.ok(&named);
    let count = workspace.ok(&["sql", "select count(*) as n from frames", "--format", "csv"]);
    assert_eq!(count.lines().last(), Some("8"));
}
