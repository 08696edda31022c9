//! `extract`: a recording taken apart into files, without a catalog.

use std::fs;

use crate::main_job::{small_bag, small_drive};
use crate::recordings::{cut_bag, json};
use crate::workspace::{Workspace, files_below};

/// Lines of a CSV file, split; no value here has a comma.
fn csv(workspace: &Workspace, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(workspace.path(name)).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn extract_writes_images_and_their_index() {
    let workspace = Workspace::new();
    small_bag(&workspace, 7);
    let text = workspace.ok(&["extract", "drive.bag", "--out", "out"]);
    assert!(text.contains("7 images in out"), "{text}");
    let rows = csv(&workspace, "out/index.csv");
    assert_eq!(rows.len(), 8);
    assert_eq!(rows[0][..5].join(","), "file,camera,topic,sequence,stamp_ns");
    let row = &rows[3];
    assert_eq!(row[0], "camera__rear/camera__rear-2026-05-04T09_30_00.200000000Z-000002.png");
    assert_eq!(row[2..4].join(","), "/camera/rear/image_raw,2");
    assert_eq!(
        row[6..].join(","),
        "1777887000200000000,2026-05-04T09:30:00.200000000Z,32,24,rgb8,,,"
    );

    // The same bytes as the catalog's.
    workspace.ok(&["run", "drive.bag", "--stages", "extract"]);
    let content = workspace.content();
    for row in &rows[1..] {
        let file = fs::read(workspace.path("out").join(&row[0])).unwrap();
        let same = content.iter().find(|(name, _)| name.ends_with(&row[0])).unwrap();
        assert_eq!(file, *same.1);
    }
    let names = fs::read_dir(workspace.path("out")).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(names, [".extracted.jsonl", "camera__rear", "index.csv", "index.parquet"]);
}

#[test]
fn an_extraction_goes_on_where_it_stopped() {
    let workspace = Workspace::new();
    small_bag(&workspace, 400);
    let extract = |args: &[&str]| {
        let all = [&["extract", "drive.bag", "--json", "--out"], args].concat();
        let done = json(&workspace.ok(&all));
        (done["images"].as_u64().unwrap(), done["already_done"].as_u64().unwrap())
    };
    let mut killed = workspace
        .command(&["extract", "drive.bag", "--out", "out"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while files_below(&workspace.path("out/camera__rear")).is_empty() {
        assert_eq!(killed.try_wait().unwrap(), None, "it ended before it was killed");
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Whatever is asked for next, the index lists all that is there.
    assert_eq!(extract(&["out", "--every", "150"]).0, 3);
    let there = files_below(&workspace.path("out/camera__rear")).len();
    assert_eq!(csv(&workspace, "out/index.csv").len(), 1 + there);
    let (images, already) = extract(&["out"]);
    assert!(images == 400 && (1..400).contains(&already), "{images} {already}");
    assert_eq!(extract(&["undisturbed"]), (400, 0));
    let content = |folder: &str| {
        let mut files = files_below(&workspace.path(folder));
        files.retain(|file| !file.ends_with(".extracted.jsonl"));
        let read = |file: &std::path::PathBuf| {
            let name = file.strip_prefix(workspace.path(folder)).unwrap();
            (name.to_owned(), fs::read(file).unwrap())
        };
        files.iter().map(read).collect::<std::collections::BTreeMap<_, _>>()
    };
    assert!(content("out") == content("undisturbed"));

    // What is gone or was made otherwise is made anew.
    let file = csv(&workspace, "out/index.csv")[3][0].clone();
    fs::remove_file(workspace.path("out").join(file)).unwrap();
    assert_eq!(extract(&["out"]), (400, 399));
    assert_eq!(extract(&["out", "--format", "jpeg", "--every", "150"]), (3, 0));
    assert_eq!(extract(&["out", "--every", "150"]), (3, 3));
    assert_eq!(csv(&workspace, "out/index.csv").len(), 1 + 400 + 3);
}

#[test]
fn the_index_lists_every_image_of_the_folder() {
    let workspace = Workspace::new();
    small_bag(&workspace, 20);
    let extract = |args: &[&str]| {
        let done =
            workspace.ok(&[&["extract", "drive.bag", "--out", "out", "--json"], args].concat());
        assert_eq!(done.lines().count(), 1, "{done}");
        let done = json(&done);
        ["images", "already_done", "also_listed"].map(|key| done[key].as_u64().unwrap())
    };
    assert_eq!(extract(&["--every", "4"]), [5, 0, 0]);
    assert_eq!(extract(&["--from", "2026-05-04T09:30:01"]), [10, 2, 3]);
    assert_eq!(extract(&["--format", "jpeg", "--every", "10"]), [2, 0, 13]);
    let listed = csv(&workspace, "out/index.csv");
    let times: Vec<&str> = listed[1..].iter().map(|row| &*row[6]).collect();
    assert!(times.is_sorted(), "{times:?}");
    let mut files: Vec<String> = listed[1..].iter().map(|row| row[0].clone()).collect();
    files.sort();
    let there = files_below(&workspace.path("out/camera__rear"));
    let there: Vec<String> = there
        .iter()
        .map(|file| format!("camera__rear/{}", file.file_name().unwrap().to_string_lossy()))
        .collect();
    assert_eq!(files, there);

    // All of them: the same rows as at once, where they are of one form.
    for jpeg in there.iter().filter(|file| file.ends_with(".jpg")) {
        fs::remove_file(workspace.path("out").join(jpeg)).unwrap();
    }
    assert_eq!(extract(&[]), [20, 13, 0]);
    workspace.ok(&["extract", "drive.bag", "--out", "once"]);
    for index in ["index.csv", "index.parquet"] {
        let read = |folder: &str| fs::read(workspace.path(folder).join(index)).unwrap();
        assert!(read("out") == read("once"), "{index}");
    }
    let text = workspace.ok(&["extract", "drive.bag", "--out", "out", "--every", "10"]);
    assert!(text.contains("2 images in out (2 were there already)"), "{text}");
    assert!(text.contains("with 18 that were extracted before"), "{text}");
}

#[test]
fn a_folder_of_another_recording_is_refused() {
    let workspace = Workspace::new();
    small_bag(&workspace, 3);
    small_drive(&workspace, 4);
    let extract = |recording: &str, args: &[&str]| {
        workspace.run(&[&["extract", recording, "--out"], args].concat())
    };
    assert_eq!(extract("drive.bag", &["out"]).code, 0);
    let content = || {
        let files = files_below(&workspace.path("out"));
        files.iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect::<Vec<_>>()
    };
    let before = content();
    for args in [&["out"][..], &["out", "--video", "--no-images"]] {
        let ran = extract("drive.mcap", args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("extracted from drive.bag"), "{}", ran.stderr);
        assert!(ran.stderr.contains("such as out/drive-"), "{}", ran.stderr);
    }
    assert!(content() == before);
    // By its content it is the same, whatever it is called.
    fs::rename(workspace.path("drive.bag"), workspace.path("renamed.bag")).unwrap();
    let ran = extract("renamed.bag", &["out"]);
    assert!(ran.stdout.contains("3 were there already"), "{ran:?}");

    // Videos and tables are of a recording too.
    assert_eq!(extract("renamed.bag", &["videos", "--video", "--no-images"]).code, 0);
    assert_eq!(extract("drive.mcap", &["videos"]).code, 2);
    // Nobody's index is replaced; and what failed claims nothing.
    workspace.write("mine/index.csv", b"mine");
    let ran = extract("drive.mcap", &["mine"]);
    assert!(ran.code == 2 && ran.stderr.contains("of which recording"), "{ran:?}");
    assert_eq!(files_below(&workspace.path("mine")), [workspace.path("mine/index.csv")]);
    assert_eq!(fs::read(workspace.path("mine/index.csv")).unwrap(), b"mine");
    assert_eq!(extract("renamed.bag", &["new", "--topics", "/x"]).code, 2);
    assert!(!workspace.path("new").exists());
    let ran = extract("drive.mcap", &["renamed.bag/below"]);
    assert!(ran.code == 1 && ran.stderr.contains("cannot write to the folder: "), "{ran:?}");
}

#[test]
fn a_folder_of_several_recordings_is_no_recording() {
    let workspace = Workspace::new();
    small_bag(&workspace, 3);
    fs::create_dir(workspace.path("drives")).unwrap();
    fs::rename(workspace.path("drive.bag"), workspace.path("drives/drive.bag")).unwrap();
    assert!(workspace.ok(&["extract", "drives", "--out", "one"]).contains("3 images in one"));
    small_bag(&workspace, 4);
    fs::rename(workspace.path("drive.bag"), workspace.path("drives/night.bag")).unwrap();
    for args in [&["bag", "cat", "drives"][..], &["extract", "drives", "--out", "out"]] {
        let ran = workspace.run(args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let expected = "holds 2 recordings; name one of them, such as drives/drive.bag";
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
    assert!(!workspace.path("out").exists());
}

#[test]
fn extract_takes_what_was_selected_in_the_form_that_was_asked_for() {
    let workspace = Workspace::new();
    small_bag(&workspace, 20);
    let select = ["extract", "drive.bag", "--every", "2", "--format", "jpeg", "--out", "out"];
    let done =
        json(&workspace.ok(&[&select[..], &["--from", "2026-05-04T09:30:01", "--json"]].concat()));
    assert_eq!(done["images"], 5);
    let rows = csv(&workspace, "out/index.csv");
    let sequences: Vec<&str> = rows[1..].iter().map(|row| &*row[3]).collect();
    assert_eq!(sequences, ["10", "12", "14", "16", "18"]);
    for row in &rows[1..] {
        assert!(row[0].ends_with(".jpg") && row[10] == "rgb8", "{row:?}");
        let file = fs::read(workspace.path("out").join(&row[0])).unwrap();
        assert!(file.starts_with(b"\xff\xd8\xff"));
    }
    let ran = workspace.run(&["extract", "drive.bag", "--out", "drive.bag"]);
    assert_eq!((ran.code, ran.stderr.contains("names a file")), (2, true));
}

#[test]
fn extract_writes_webp_and_small_png() {
    let workspace = Workspace::new();
    small_bag(&workspace, 3);
    let extracted = |args: &[&str], out: &str| {
        workspace.ok(&[&["extract", "drive.bag", "--out", out], args].concat());
        let rows = csv(&workspace, &format!("{out}/index.csv"));
        assert_eq!(rows.len(), 4);
        fs::read(workspace.path(out).join(&rows[1][0])).unwrap()
    };
    let [webp, small] = [
        extracted(&["--format", "webp"], "webp"),
        extracted(&["--format", "png", "--png-level", "small"], "small"),
    ];
    assert_eq!((&webp[..4], &webp[8..12]), (&b"RIFF"[..], &b"WEBP"[..]));
    let fast = extracted(&[], "fast");
    assert!(small.starts_with(b"\x89PNG") && small != fast);
}

#[test]
fn extract_names_what_is_damaged() {
    let workspace = Workspace::new();
    cut_bag(&workspace, 30);
    let ran = workspace.run(&["extract", "drive.bag", "--out", "out", "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let done = json(&ran.stdout);
    let images = done["images"].as_u64().unwrap();
    assert!((15..30).contains(&images));
    assert_eq!(csv(&workspace, "out/index.csv").len() as u64, images + 1);
    assert_eq!(done["skipped"].as_array().unwrap().len(), 2);
}

#[test]
fn cameras_become_videos() {
    let workspace = Workspace::new();
    small_bag(&workspace, 7);
    let done = json(&workspace.ok(&[
        "extract",
        "drive.bag",
        "--out",
        "out",
        "--video",
        "--no-images",
        "--json",
    ]));
    let video = &done["videos"][0];
    assert_eq!((&video["frames"], &done["skipped"]), (&json("7"), &json("[]")));
    let file = fs::read(workspace.path("out").join(video["file"].as_str().unwrap())).unwrap();
    assert_eq!(&file[4..12], b"ftypisom");
    let has = |name: &[u8]| file.windows(4).any(|bytes| bytes == name);
    assert!(has(b"moov") && has(b"avcC"));
    let left = fs::read_dir(workspace.path("out/videos")).unwrap().count();
    assert_eq!(left, 1, "nothing half written is left");
}

#[test]
fn without_cameras_there_are_tables() {
    let workspace = Workspace::new();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/demo/demo.mcap");
    workspace.ok(&["bag", "filter", demo, "--topics", "/gps/fix", "--out", "gps.mcap"]);
    let extract = |args: &[&str]| workspace.run(&[&["extract", "--out", "out"], args].concat());
    for args in [&["gps.mcap"][..], &[demo, "--topics", "/gps/fix"]] {
        let ran = extract(args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("--csv or --parquet"), "{}", ran.stderr);
    }
    assert!(!workspace.path("out").exists());
}
