//! What a person or a program meets on the command line besides the main job:
//! exit codes, JSON on stderr, formats and files, hints.

use std::fs;

use roadloop_bag::testing::{DriveWriter, Picture};
use serde_json::Value;

use crate::main_job::{picture, small_bag, small_drive};
use crate::workspace::{Ran, Workspace};

/// Runs and insists on the exit code; gives what was said.
#[track_caller]
fn ends_with(workspace: &Workspace, args: &[&str], code: i32) -> Ran {
    let ran = workspace.run(args);
    assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
    ran
}

/// Every line of stderr as the JSON object it has to be.
#[track_caller]
fn events(ran: &Ran) -> Vec<Value> {
    let lines = ran.stderr.lines();
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// An empty catalog but for frames that were extracted.
fn extracted(frames: u32) -> Workspace {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, frames);
    workspace.ok(&["run", bag.to_str().unwrap(), "--stages", "extract"]);
    workspace
}

#[test]
fn what_is_typed_wrongly_exits_with_2() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 2);
    let drive = drive.to_str().unwrap();
    for (args, expected) in [
        (&["run", drive, "--rate", "0"][..], "--rate is \"0\", but must be a number above 0"),
        (&["run", drive, "--confidence", "2"], "--confidence is \"2\""),
        (&["run", drive, "--every", "0"], "--every is \"0\""),
        (&["run", drive, "--stages", "paint"], "possible values"),
        (&["run", drive, "--topics", "/x", "--stages", "extract"], "/x"),
        (&["run", drive, "--only", "time in 2026-02-01..2026-01-01"], "ends before it starts"),
        (&["run", drive, "--name", "../x"], "cannot be a name"),
        (&["search", "has(car)", "--limit", "0"], "--limit is \"0\""),
        (&["search", "has(car)", "--contact-sheet", "cars.gif"], ".png"),
        (&["detect", "nobody"], "nobody"),
        (&["sql", "selec 1"], "error:"),
    ] {
        let ran = ends_with(&workspace, args, 2);
        assert!(ran.stderr.contains(expected), "{args:?}\n{}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    }
}

#[test]
fn a_renamed_recording_is_told_from_a_new_one() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 2);
    let renamed = workspace.path("monday.bag");
    let run = |path: &std::path::Path| {
        let args = ["run", path.to_str().unwrap(), "--stages", "extract"];
        ends_with(&workspace, &args, 0).stderr
    };
    assert!(!run(&bag).contains("is known as"));
    fs::rename(&bag, &renamed).unwrap();
    let said = run(&renamed);
    assert!(said.contains("monday.bag is known as drive-"), "{said}");
}

#[test]
fn a_dry_run_says_how_much_it_would_be() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 12);
    let drive = drive.to_str().unwrap();
    let args = ["run", drive, "--every", "2", "--dry-run"];
    let plan = workspace.ok(&args);
    assert!(plan.contains("would write about 6 images and 6 anonymised copies, "), "{plan}");
    assert!(plan.contains("would take about "), "{plan}");
    let plan = workspace.ok(&[&args[..], &["--json"]].concat());
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let estimate = &plan[0]["estimate"];
    assert_eq!((&estimate["images"], &estimate["frames_tried"]), (&6.into(), &1.into()), "{plan}");
    let image_bytes = fs::metadata(drive).unwrap().len() / 12;
    assert!(estimate["bytes"].as_u64().unwrap() > 6 * image_bytes, "{plan}");
    assert!(estimate["seconds"].as_f64().unwrap() > 0.0, "{plan}");

    workspace.ok(&["run", drive, "--stages", "extract,detect"]);
    let plan = workspace.ok(&["run", drive, "--stages", "extract,detect", "--dry-run"]);
    assert!(plan.contains("nothing is left to do"), "{plan}");
}

#[test]
fn the_hint_can_be_typed() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 1);
    let bag = bag.to_str().unwrap();
    let args = ["run", bag, "--stages", "detect", "--workspace", "my drives"];
    let said = ends_with(&workspace, &args, 0).stderr;
    let program = env!("CARGO_BIN_EXE_roadloop");
    let hint = format!("{program} --workspace 'my drives' run {bag} does all of it");
    assert!(said.contains(&hint), "{said}");

    let folder = std::path::Path::new(program).parent().unwrap();
    let mut command = workspace.command(&["search", "has(car)"]);
    let output = command.env("PATH", folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("start with: roadloop run RECORDING"), "{said}");
}

#[test]
fn a_failed_recording_is_in_the_json_too() {
    let workspace = Workspace::new();
    let good = small_bag(&workspace, 2);
    let bad = workspace.write("bad.bag", b"#ROSBAG V2.0\nand then nothing that makes sense");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let ran = ends_with(&workspace, &["run", bad, good, "--stages", "extract", "--json"], 3);
    let runs: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(runs[0]["error"].as_str().unwrap().contains("bad.bag"), "{runs}");
    assert_eq!(runs[0]["source"], bad);
    assert_eq!(runs[1]["stages"][0]["done"], 2);

    let ran = ends_with(&workspace, &["run", bad, "--json"], 1);
    let runs: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(runs[0]["source"], bad, "a single one as well");
}

#[test]
fn in_json_every_line_of_stderr_is_an_object() {
    let workspace = Workspace::new();
    let good = small_bag(&workspace, 2);
    let bad = workspace.write("bad.bag", b"#ROSBAG V2.0\nand then nothing that makes sense");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    for flag in ["--progress", "--log-format"] {
        let args = ["run", bad, good, "--stages", "extract", flag, "json"];
        let said = events(&ends_with(&workspace, &args, 3));
        let named = |name: &str| said.iter().filter(|event| event["event"] == name).count();
        assert_eq!((named("error"), named("summary")), (1, 1), "{said:?}");
        assert!(named("start") == 2 && named("finish") == 1 && named("note") >= 2, "{said:?}");
        assert_eq!(said.last().unwrap()["exit_code"], 3);
        for args in [
            &["run", good, "--rate", "0", flag, "json"][..],
            &["run", good, "--no-such-flag", flag, "json"],
            &["search", "has(car", flag, "json"],
        ] {
            let said = events(&ends_with(&workspace, args, 2));
            assert_eq!(said.last().unwrap()["exit_code"], 2, "{args:?}");
        }
    }
}

#[test]
fn codes_in_a_topic_do_not_reach_the_terminal() {
    let workspace = Workspace::new();
    let mut writer = DriveWriter::mcap();
    let topic = "/front\u{1b}[2J\u{9b}31m/image_raw/compressed";
    writer.push(topic, 1, Picture::jpeg(picture("street.jpg")));
    writer.push(topic, 2, Picture::jpeg(b"no picture at all".to_vec()));
    let drive = workspace.write("drive.mcap", &writer.finish());
    let drive = drive.to_str().unwrap();
    let said = |args: &[&str]| {
        let ran = workspace.run(args);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    for (args, is_named) in [
        (&["run", drive, "--dry-run"][..], true),
        (&["run", drive, "--stages", "extract"], true),
        (&["run", drive, "--stages", "extract", "--json"], true),
        (&["run", drive, "--topics", "/other"], true),
        (&["sql", "select topic from frames"], true),
        (&["sql", "select topic from frames", "--json"], true),
        (&["search", "not has(x)", "--json"], false),
    ] {
        let said = said(args);
        assert!(!said.contains(['\u{1b}', '\u{9b}']), "{args:?}\n{said}");
        assert!(!is_named || said.contains("/front\\u001b[2J\\u009b31m"), "{args:?}\n{said}");
    }
}

#[test]
fn the_format_is_what_was_said() {
    let workspace = extracted(3);
    let query = "select sequence from frames order by 1";
    let read = |name: &str| fs::read(workspace.path(name)).unwrap();
    workspace.ok(&["sql", query, "--out", "a.csv"]);
    assert_eq!(read("a.csv"), b"sequence\n0\n1\n2\n");
    let ran = ends_with(&workspace, &["sql", query, "--out", "a.csv", "--format", "parquet"], 0);
    assert!(read("a.csv").starts_with(b"PAR1"));
    assert!(ran.stderr.contains("3 rows: a.csv (replaced)"), "{}", ran.stderr);
    workspace.ok(&["sql", query, "--out", "a.txt", "--format", "table"]);
    assert!(read("a.txt").starts_with(b"+---"));
    let everything = "camera = camera__rear";
    workspace.ok(&["search", everything, "--export", "b.txt", "--format", "csv"]);
    assert!(read("b.txt").starts_with(b"recording,camera"));
    let ran = ends_with(&workspace, &["search", everything, "--export", "b.jsonl"], 0);
    assert!(ran.stderr.contains("3 hits: b.jsonl\n"), "{}", ran.stderr);

    for args in [["sql", query, "--out", "c.txt"], ["search", everything, "--export", "c.txt"]] {
        let ran = ends_with(&workspace, &args, 2);
        assert!(ran.stderr.contains(".parquet, .csv, .jsonl"), "{}", ran.stderr);
        assert!(!workspace.path("c.txt").exists());
    }
}
