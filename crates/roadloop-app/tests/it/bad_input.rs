//! What bad input gets: the damaged part named, the rest done, nothing stored
//! lost, and one clear error where nothing can be done.

use std::fs;
use std::process::Command;

use crate::main_job::{picture, small_bag, small_drive};
use crate::workspace::{Workspace, files_below};

/// Runs on a path and gives exit code and stderr.
#[track_caller]
fn check(workspace: &Workspace, args: &[&str], code: i32, expected: &[&str]) {
    let ran = workspace.run(args);
    assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for words in expected {
        assert!(said.contains(words), "{words:?} is not said:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_truncated_recording_gives_what_is_there() {
    for (name, make) in [
        ("cut.mcap", small_drive as fn(&Workspace, u32) -> std::path::PathBuf),
        ("cut.bag", small_bag),
    ] {
        let workspace = Workspace::new();
        let bytes = fs::read(make(&workspace, 12)).unwrap();
        let cut = workspace.write(name, &bytes[..bytes.len() * 6 / 10]);
        let cut = cut.to_str().unwrap();
        check(&workspace, &["run", cut, "--stages", "extract"], 3, &["skipped"]);
        let count = workspace.ok(&["search", "not camera = nowhere", "--count"]);
        let frames: u32 = count.trim().parse().unwrap();
        assert!((4..12).contains(&frames), "{name}: {frames} frames of 12");
        // The skips are remembered: the second run says the same.
        check(&workspace, &["run", cut, "--stages", "extract"], 3, &["already done", "skipped"]);
    }
}

#[test]
fn a_text_file_named_bag_is_no_recording() {
    let workspace = Workspace::new();
    let path = workspace.write("notes.bag", b"dear diary, today I drove to work\n");
    check(&workspace, &["run", path.to_str().unwrap()], 1, &["notes.bag", "recording"]);
    let empty = workspace.write("empty.mcap", b"");
    check(&workspace, &["run", empty.to_str().unwrap()], 1, &["empty.mcap"]);
}

#[test]
fn an_empty_folder_and_a_missing_file_are_named() {
    let workspace = Workspace::new();
    let folder = workspace.path("nothing-here");
    fs::create_dir(&folder).unwrap();
    check(&workspace, &["run", folder.to_str().unwrap()], 1, &["nothing-here", ".bag"]);
    check(&workspace, &["run", "gone.bag"], 1, &["gone.bag"]);
}

#[test]
fn a_bad_recording_among_good_ones_does_not_stop_them() {
    let workspace = Workspace::new();
    let good = small_drive(&workspace, 4);
    let bad = workspace.write("bad.bag", b"#ROSBAG V2.0\nand then nothing that makes sense");
    let args = ["run", bad.to_str().unwrap(), good.to_str().unwrap(), "--stages", "extract"];
    check(&workspace, &args, 3, &["bad.bag"]);
    assert_eq!(workspace.ok(&["search", "not camera = nowhere", "--count"]).trim(), "4");
}

#[test]
fn a_name_stays_with_its_content() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 3);
    let bag = small_bag(&workspace, 3);
    let run = |path: &std::path::Path| {
        workspace.run(&["run", path.to_str().unwrap(), "--name", "monday", "--stages", "extract"])
    };
    assert_eq!(run(&drive).code, 0);
    let refused = run(&bag);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("monday") && refused.stderr.contains("drive.mcap"));
    assert_eq!(run(&drive).code, 0, "the same content again is welcome");
}

#[test]
fn a_workspace_nobody_may_write_in_can_be_read() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 3);
    workspace.ok(&["run", drive.to_str().unwrap(), "--stages", "extract"]);
    let staging = workspace.path("roadloop/.staging");
    assert!(!staging.exists(), "writing leaves nothing behind");
    assert_eq!(workspace.ok(&["search", "camera = camera__front", "--count"]).trim(), "3");
    assert!(!staging.exists(), "reading makes nothing");
}

#[test]
fn a_pipe_and_a_file_in_the_workspace_s_place_are_named() {
    let workspace = Workspace::new();
    let made = Command::new("mkfifo").arg(workspace.path("pipe.mcap")).status();
    if made.is_ok_and(|status| status.success()) {
        check(&workspace, &["run", "pipe.mcap"], 1, &["pipe.mcap"]);
    }
    workspace.write("file", b"x");
    check(&workspace, &["--workspace", "file", "search", "has(car)"], 2, &["--workspace DIR"]);
}

#[test]
fn a_topic_that_is_not_there_is_answered_with_those_that_are() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 2);
    let args = ["run", drive.to_str().unwrap(), "--topics", "/camera/back"];
    check(&workspace, &args, 2, &["/camera/back", "/camera/front/image_raw/compressed"]);
}

#[test]
fn damaged_images_cost_themselves_only() {
    use roadloop_bag::testing::{DriveWriter, Picture};
    let workspace = Workspace::new();
    let jpeg = picture("street.jpg");
    let mut writer = DriveWriter::mcap();
    for number in 0..6u8 {
        let bytes = match number {
            2 => jpeg[..jpeg.len() / 2].to_vec(),
            4 => b"no picture at all".to_vec(),
            _ => jpeg.clone(),
        };
        writer.push("/front/compressed", u64::from(number) * 100_000_000, Picture::jpeg(bytes));
    }
    let raw = Picture::rgb8(8, 8, vec![9; 8 * 8 * 3]);
    writer.push("/rear/image_raw", 0, raw.clone());
    writer.push("/rear/image_raw", 1, raw.with_data_cut_to(100));
    let drive = workspace.write("damaged.mcap", &writer.finish());
    let args = ["run", drive.to_str().unwrap(), "--stages", "extract"];
    check(&workspace, &args, 3, &["/front/compressed", "/rear/image_raw"]);
    let count = |filter| workspace.ok(&["search", filter, "--count"]);
    assert_eq!(count("camera = front").trim(), "4");
    assert_eq!(count("camera = rear").trim(), "1");
}

#[test]
fn a_model_that_is_no_detector_is_refused() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 2);
    let drive = drive.to_str().unwrap();
    let text = workspace.write("model.onnx", b"this is not a model");
    let args = ["run", drive, "--detector", text.to_str().unwrap()];
    check(&workspace, &args, 1, &["model.onnx"]);
    // A model of another kind: it finds text, its output is a map.
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/ch_PP-OCRv4_det_infer.onnx");
    check(&workspace, &["run", drive, "--detector", other], 1, &["ch_PP-OCRv4_det_infer"]);
    // Frames extracted before are there still.
    assert_eq!(workspace.ok(&["search", "camera = camera__front", "--count"]).trim(), "2");
}

#[test]
fn a_filter_with_a_typo_points_at_it() {
    let workspace = Workspace::new();
    let ran = workspace.run(&["search", "has(car) adn has(bus)"]);
    assert_eq!(ran.code, 2);
    let caret = ran.stderr.lines().find(|line| line.trim() == "^^^").unwrap_or_default();
    let text = ran.stderr.lines().find(|line| line.contains("adn has")).unwrap_or_default();
    assert_eq!(caret.find('^'), text.find("adn"), "{}", ran.stderr);
    check(&workspace, &["search", "widht = 640"], 2, &["did you mean width?", "  ^^^^^"]);
    // Before anything is done.
    let drive = small_drive(&workspace, 2);
    let only = ["run", drive.to_str().unwrap(), "--only", "has(car) and widht = 640"];
    check(&workspace, &only, 2, &["did you mean width?", "               ^^^^^"]);
    assert!(!workspace.path("roadloop/images").exists());
}

#[test]
fn sql_cannot_write() {
    let workspace = Workspace::new();
    for query in [
        "drop table frames",
        "insert into frames values (1)",
        "create external table t stored as csv location '/etc/passwd'",
        "copy (select 1) to 'out.csv'",
        "select 1; select 2",
    ] {
        check(&workspace, &["sql", query], 2, &["error:"]);
    }
    assert!(!workspace.path("out.csv").exists());
}

/// A small file system of its own, filled by the run. Needs the right to make
/// one, which a sandbox may lack: then it says so and checks nothing.
#[test]
fn a_full_disk_loses_nothing_that_was_stored() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 70);
    let mount = workspace.path("small");
    fs::create_dir(&mount).unwrap();
    let script = "mount -t tmpfs -o size=900k tmpfs small || exit 77
        \"$0\" run \"$1\" --store small/store --stages extract
        code=$?
        \"$0\" sql 'select count(*) as n from frames' --store small/store --format csv
        echo \"images $(find small/store/images -type f 2>/dev/null | wc -l)\"
        echo \"staged $(find small/store/.staging -type f 2>/dev/null | wc -l)\"
        exit $code";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .args([env!("CARGO_BIN_EXE_roadloop"), drive.to_str().unwrap()])
        .current_dir(workspace.path("."))
        .output();
    let Ok(output) = output else { return println!("not checked: no unshare here") };
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(77) || stderr.contains("unshare") {
        return println!("not checked: no right to mount here");
    }
    assert_eq!(output.status.code(), Some(1), "{stdout}\n{stderr}");
    assert!(stderr.contains("disk is full"), "{stderr}");
    assert!(stdout.contains("staged 0"), "{stdout}");
    // With room, the same command finishes.
    workspace.ok(&["run", drive.to_str().unwrap(), "--stages", "extract"]);
    assert_eq!(files_below(&workspace.path("roadloop/images")).len(), 70);
}
