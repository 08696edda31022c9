//! `bag`: recordings looked into, checked, mended and cut down; messages printed.

use std::fs;

use roadloop_bag::testing::{DriveWriter, Picture};
use serde_json::Value;

use crate::main_job::{small_bag, small_drive};
use crate::workspace::{Ran, Workspace, files_below};

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

/// Cut so that the index and the last frames are gone.
pub(crate) fn cut_bag(workspace: &Workspace, frames: u32) {
    let bag = small_bag(workspace, frames);
    let whole = fs::read(&bag).unwrap();
    fs::write(&bag, &whole[..whole.len() * 2 / 3]).unwrap();
}

#[test]
fn info_tells_what_is_in_a_recording() {
    let workspace = Workspace::new();
    small_drive(&workspace, 6);
    let text = workspace.ok(&["bag", "info", "drive.mcap"]);
    for expected in [
        "MCAP, ",
        "chunks: none",
        "2026-05-04T09:30:00.000000000Z to 2026-05-04T09:30:00.500000000Z, 0.5 s",
        "6 on 1 topic",
        "10.0 Hz",
        "camera camera__front 320x240 jpeg",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let info = json(&workspace.ok(&["bag", "info", "drive.mcap", "--full", "--json"]));
    let topic = &info["topics"][0];
    assert_eq!(topic["messages"], 6);
    assert_eq!(topic["rate_hz"], 10.0);
    assert_eq!((&topic["width"], &topic["height"]), (&Value::from(320), &Value::from(240)));
    assert_eq!(topic["gaps"], Value::Array(Vec::new()));
    assert_eq!(info["damage"], Value::Array(Vec::new()));
    assert!(!workspace.path("roadloop").exists(), "looking makes no workspace");
}

/// 25 pictures of a video, ten a second, in the messages that drivers have for images.
fn video_drive(workspace: &Workspace) {
    let stream =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../roadloop-vision/testdata/video/testsrc.h264");
    let stream = fs::read(stream).unwrap();
    // Each picture begins with a delimiter.
    let starts: Vec<usize> = (0..stream.len())
        .filter(|at| stream[*at..].starts_with(&[0, 0, 0, 1, 9]))
        .chain([stream.len()])
        .collect();
    let mut writer = DriveWriter::mcap();
    for (number, pair) in starts.windows(2).enumerate() {
        let picture = Picture::compressed("h264", stream[pair[0]..pair[1]].to_vec());
        let time = 1_605_823_200_000_000_000 + number as u64 * 100_000_000;
        writer.push("/camera/h264", time, picture);
    }
    fs::write(workspace.path("video.mcap"), writer.finish()).unwrap();
}

#[test]
fn videos_in_compressed_images_are_videos() {
    let workspace = Workspace::new();
    video_drive(&workspace);
    let text = workspace.ok(&["bag", "info", "video.mcap"]);
    assert!(text.contains(" 64x48 h264"), "{text}");
    let info = json(&workspace.ok(&["bag", "info", "video.mcap", "--json"]));
    assert_eq!(info["topics"][0]["width"], 64, "{info}");
    let all = workspace.ok(&["extract", "video.mcap", "--out", "all", "--video"]);
    assert!(all.contains("25 images in all"), "{all}");
    let videos = files_below(&workspace.path("all/videos"));
    assert_eq!(videos.len(), 1, "{videos:?}");
    let some = workspace.ok(&["extract", "video.mcap", "--out", "some", "--every", "4"]);
    assert!(some.contains("7 images in some"), "{some}");
}

#[test]
fn what_the_doctor_names_recover_leaves_out() {
    let workspace = Workspace::new();
    cut_bag(&workspace, 40);
    let ran = workspace.run(&["bag", "doctor", "drive.bag", "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let found = json(&ran.stdout);
    let readable = found["messages"].as_u64().unwrap();
    assert!((20..40).contains(&readable), "{readable}");
    let damage = found["damage"].to_string();
    assert!(damage.contains("no sound index") && damage.contains("the file ends"), "{damage}");

    let ran = workspace.run(&["bag", "doctor", "drive.bag"]);
    assert!(ran.stdout.contains("bag recover drive.bag --out drive.recovered.mcap"), "{ran:?}");
    let recovered = ["bag", "recover", "drive.bag", "--out", "drive.recovered.mcap", "--json"];
    let ran = workspace.run(&recovered);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(json(&ran.stdout)["messages"], readable);
    let text = workspace.ok(&["bag", "doctor", "drive.recovered.mcap"]);
    assert!(text.contains(&format!("sound, {readable} messages")), "{text}");
    let none = fs::read_dir(workspace.path(""))
        .unwrap()
        .all(|entry| !entry.unwrap().file_name().to_string_lossy().ends_with(".partial"));
    assert!(none);

    // The copy gives the frames the damaged one gives, under another name.
    for file in ["drive.bag", "drive.recovered.mcap"] {
        let ran = workspace.run(&["run", file, "--stages", "extract"]);
        assert!([0, 3].contains(&ran.code), "{}", ran.stderr);
    }
    let query = "select count(distinct recording) as recordings, count(*) as frames, \
                 count(distinct taken_at) as times from frames";
    let counts = json(&workspace.ok(&["sql", query, "--json"]));
    assert_eq!(counts["recordings"], 2);
    assert_eq!(counts["frames"], 2 * readable);
    assert_eq!(counts["times"], readable);
}

#[test]
fn filter_copies_a_stretch_of_time() {
    let workspace = Workspace::new();
    small_bag(&workspace, 20);
    workspace.ok(&[
        "bag",
        "filter",
        "drive.bag",
        "--from",
        "2026-05-04T09:30:00.5",
        "--to",
        "2026-05-04T09:30:01.5",
        "--every",
        "2",
        "--out",
        "part.mcap",
    ]);
    let info = json(&workspace.ok(&["bag", "info", "part.mcap", "--json"]));
    assert_eq!(info["topics"][0]["messages"], 5);
    assert_eq!(info["first"]["iso"], "2026-05-04T09:30:00.600000000Z");
    assert_eq!(info["last"]["iso"], "2026-05-04T09:30:01.400000000Z");
    assert_eq!(info["compression"][0], "zstd");
}

#[test]
fn mistakes_are_told() {
    let workspace = Workspace::new();
    small_bag(&workspace, 3);
    for (args, code, expected) in [
        (&["filter", "drive.bag", "--out", "part.bag"][..], 2, "must end in .mcap"),
        (&["filter", "drive.bag", "--topics", "/x", "--out", "p.mcap"], 2, "/camera/rear/image"),
        (
            &["filter", "drive.bag", "--from", "noon", "--out", "p.mcap"],
            2,
            "a time like 2026-05-04",
        ),
        (
            &["filter", "drive.bag", "--from", "2027", "--to", "2026", "--out", "p.mcap"],
            2,
            "--from 2027-01-01T00:00:00.000000000Z is not before --to 2026-01-01",
        ),
        (&["cat", "drive.bag", "--from", "2026-05-04T10", "--to", "2026-05-04T09"], 2, "--to 2026"),
        (&["recover", "gone.bag", "--out", "p.mcap"], 1, "gone.bag"),
        (&["recover", "drive.bag", "--out", "gone/p.mcap"], 1, "gone/p.mcap"),
        (&["info", "gone.bag"], 1, "gone.bag"),
    ] {
        let ran = workspace.run(&[&["bag"], args].concat());
        assert_eq!(ran.code, code, "{args:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}\n{}", ran.stderr);
    }
    assert!(!workspace.path("p.mcap").exists());
}

#[test]
fn one_bad_recording_among_good_ones_is_named() {
    let workspace = Workspace::new();
    small_bag(&workspace, 3);
    workspace.write("empty.bag", b"");
    let ran = workspace.run(&["bag", "doctor", "."]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("drive.bag: sound, 3 messages"), "{}", ran.stdout);
    assert!(ran.stderr.contains("the file is empty") && ran.stderr.contains("empty.bag"));
    let ran = workspace.run(&["bag", "doctor", ".", "--json"]);
    let lines: Vec<Value> = ran.stdout.lines().map(json).collect();
    assert_eq!((ran.code, lines.len()), (1, 2), "{ran:?}");
    let unread = lines.iter().find(|line| line.get("error").is_some()).unwrap();
    assert!(unread["source"].as_str().unwrap().ends_with("empty.bag"), "{unread}");
    assert!(unread["error"].as_str().unwrap().contains("the file is empty"), "{unread}");
}

#[test]
fn what_lies_in_the_workspaces_place_is_in_nobodys_way() {
    let workspace = Workspace::new();
    small_bag(&workspace, 3);
    workspace.write("roadloop", b"a file");
    workspace.ok(&["bag", "info", "drive.bag"]);
    workspace.ok(&["extract", "drive.bag", "--out", "out"]);
    assert_eq!(fs::read(workspace.path("roadloop")).unwrap(), b"a file");
    let named = workspace.run(&["--workspace", "roadloop", "bag", "info", "drive.bag"]);
    assert!(named.code == 2 && named.stderr.contains("--workspace DIR"), "{named:?}");
    assert_eq!(workspace.run(&["search", "has(car)"]).code, 2);
}

#[test]
fn messages_are_printed_and_become_tables() {
    let workspace = Workspace::new();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/demo/demo.mcap");
    let text = workspace.ok(&["bag", "cat", demo, "--topics", "/gps/fix", "--limit", "3"]);
    let lines: Vec<Value> = text.lines().map(json).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[2]["topic"], &lines[2]["sequence"]), (&json("\"/gps/fix\""), &json("2")));
    let latitude = lines[2]["message"]["latitude"].as_f64().unwrap();
    assert!((48.1..48.2).contains(&latitude), "{latitude}");

    let tables = ["extract", demo, "--out", "out", "--csv", "--parquet", "--no-images", "--json"];
    let done = json(&workspace.ok(&tables));
    assert_eq!(done["tables"][0]["rows"], 25);
    let csv = fs::read_to_string(workspace.path("out/tables/gps__fix.csv")).unwrap();
    assert_eq!(csv.lines().count(), 26);
    assert!(csv.lines().nth(3).unwrap().contains(&format!(",{latitude},")), "{csv}");
    assert!(workspace.path("out/tables/imu__data.parquet").exists());
    assert!(!workspace.path("out/index.csv").exists());

    let both = ["extract", demo, "--out", "both", "--csv", "--every", "8"];
    let text = workspace.ok(&both);
    let index = fs::read_to_string(workspace.path("both/index.csv")).unwrap();
    let header: Vec<&str> = index.lines().next().unwrap().split(',').collect();
    let at = header.iter().position(|name| *name == "latitude").unwrap();
    let frame: f64 = index.lines().nth(1).unwrap().split(',').nth(at).unwrap().parse().unwrap();
    assert!((frame - latitude).abs() < 1e-3, "{frame} {latitude}");
    assert!(text.contains("12 images in both") && text.contains("2 tables with "), "{text}");
    let nothing = workspace.run(&["extract", demo, "--out", "out", "--no-images"]);
    assert_eq!(nothing.code, 2, "{}", nothing.stderr);
}

#[test]
fn a_run_keeps_videos_and_tables() {
    let workspace = Workspace::new();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/demo/demo.mcap");
    let stages = ["run", demo, "--stages", "tables,video", "--every", "8", "--json"];
    let plan = workspace.ok(&["run", demo, "--dry-run", "--stages", "video,tables"]);
    assert!(plan.contains("video      files to be written"), "{plan}");
    let report = |text: &str, number: usize| json(text)[0]["stages"][number].clone();
    let first = workspace.ok(&stages);
    let (tables, video) = (report(&first, 0), report(&first, 1));
    assert_eq!((&tables["stage"], &video["stage"]), (&json("\"tables\""), &json("\"video\"")));
    assert!(tables["done"].as_u64().unwrap() > 100, "{first}");
    assert_eq!(video["done"], 12, "{first}");
    let below = |folder: &str| files_below(&workspace.path("roadloop").join(folder));
    let (videos, topics) = (below("video"), below("topics"));
    assert!(fs::read(&videos[0]).unwrap()[4..].starts_with(b"ftyp"));
    let names: Vec<String> = topics
        .iter()
        .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["gps__fix.csv", "gps__fix.parquet", "imu__data.csv", "imu__data.parquet"]);

    // Once more: nothing to do; and again what is gone, or made of other frames.
    let whole = workspace.content();
    let again = workspace.ok(&stages);
    assert_eq!(
        (&report(&again, 0)["done"], &report(&again, 1)["already_done"]),
        (&json("0"), &json("12"))
    );
    fs::remove_file(&topics[1]).unwrap();
    fs::remove_file(&videos[0]).unwrap();
    assert_eq!(report(&workspace.ok(&stages), 1)["done"], 12);
    assert!(workspace.content() == whole, "as if nothing had been gone");
    let fewer = ["run", demo, "--stages", "tables,video", "--every", "16", "--json"];
    let fewer = workspace.ok(&fewer);
    assert_eq!((&report(&fewer, 0)["done"], &report(&fewer, 1)["done"]), (&json("0"), &json("6")));
}

#[test]
fn a_recording_comes_on_stdin() {
    let workspace = Workspace::new();
    small_bag(&workspace, 7);
    let piped = |args: &[&str]| {
        let file = fs::File::open(workspace.path("drive.bag")).unwrap();
        let temporary = workspace.path("temporary");
        fs::create_dir_all(&temporary).unwrap();
        let mut command = workspace.command(args);
        let ran = Ran::from(command.stdin(file).env("TMPDIR", &temporary).output().unwrap());
        let left = fs::read_dir(&temporary).unwrap().count();
        assert_eq!((ran.code, left), (0, 0), "{args:?}\n{}", ran.stderr);
        ran.stdout
    };
    fs::write(workspace.path("junk"), "no recording").unwrap();
    let junk = fs::File::open(workspace.path("junk")).unwrap();
    let mut command = workspace.command(&["bag", "info", "-"]);
    let ran = Ran::from(command.stdin(junk).output().unwrap());
    assert!(ran.code == 1 && ran.stderr.trim_end().ends_with("path: -"), "{}", ran.stderr);
    let info = json(&piped(&["bag", "info", "-", "--json"]));
    let of_file = json(&workspace.ok(&["bag", "info", "drive.bag", "--json"]));
    assert_eq!(info["topics"], of_file["topics"]);
    assert!(piped(&["extract", "-", "--out", "out"]).contains("7 images in out"));
    piped(&["run", "-", "--stages", "extract"]);
    let again = workspace.ok(&["run", "drive.bag", "--stages", "extract"]);
    assert!(again.contains("7 already done"), "known by its content: {again}");
}

#[test]
fn what_cannot_be_read_is_no_success() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 10);
    let whole = fs::read(&bag).unwrap();
    fs::write(&bag, &whole[..100]).unwrap();
    for args in [&["--csv"][..], &["--parquet", "--no-images"], &["--video"], &[]] {
        let ran = workspace.run(&[&["extract", "drive.bag", "--out", "out"], args].concat());
        assert!(ran.code == 1 && ran.stderr.contains("drive.bag"), "{args:?} {ran:?}");
    }
    for look in ["info", "doctor"] {
        let ran = workspace.run(&["bag", look, "drive.bag"]);
        assert!(ran.code == 1 && ran.stderr.contains("can be read"), "{look} {ran:?}");
    }
}

#[test]
fn a_copy_never_replaces_its_original() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 4);
    let before = fs::read(&drive).unwrap();
    for copy in ["filter", "recover"] {
        let ran = workspace.run(&["bag", copy, "drive.mcap", "--out", "./drive.mcap"]);
        assert!(ran.code == 2 && ran.stderr.contains("the recording itself"), "{ran:?}");
    }
    assert!(fs::read(&drive).unwrap() == before);
    let copy = ["bag", "filter", "drive.mcap", "--out", "copy.mcap", "--every", "2"];
    workspace.ok(&copy);
    let first = fs::read(workspace.path("copy.mcap")).unwrap();
    let recover = ["bag", "recover", "drive.mcap", "--out", "copy.mcap"];
    for args in [&copy[..], &recover] {
        let ran = workspace.run(args);
        assert!(ran.code == 2 && ran.stderr.contains("--force"), "{ran:?}");
    }
    let failing = [&copy[..], &["--force", "--topics", "/x"]].concat();
    assert_eq!(workspace.run(&failing).code, 2);
    assert!(fs::read(workspace.path("copy.mcap")).unwrap() == first);
    let done = workspace.ok(&[&recover[..], &["--force", "--json"]].concat());
    assert!(done.lines().count() == 1 && json(&done)["messages"] == 4, "{done}");
}
