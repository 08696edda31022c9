//! The catalog's tables looked at and kept in shape.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::main_job::small_bag;
use crate::workspace::{Workspace, files_below};

/// A catalog of some recordings, each in commits of its own.
fn some_drives(recordings: usize) -> Workspace {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 20);
    for number in 0..recordings {
        let name = format!("drive-{number}");
        let args = ["run", bag.to_str().unwrap(), "--stages", "extract", "--name", &name];
        workspace.ok(&args);
    }
    workspace
}

#[track_caller]
fn json(workspace: &Workspace, args: &[&str]) -> Value {
    let text = workspace.ok(&[args, &["--json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn age(folder: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
    for path in files_below(folder) {
        File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    }
}

#[test]
fn tables_are_compacted_and_vacuumed() {
    let workspace = some_drives(3);
    let rows = "select * from frames order by frame";
    let before = workspace.ok(&["sql", rows, "--json"]);
    let stats = json(&workspace, &["catalog", "stats"]);
    assert_eq!((&stats["recordings"], &stats["labels"]), (&3.into(), &0.into()), "{stats}");
    let frames = &stats["tables"][0];
    assert_eq!((&frames["table"], &frames["rows"]), (&"frames".into(), &60.into()), "{stats}");
    let small = frames["small_files"].as_u64().unwrap();
    assert!(small >= 3 && frames["files"] == frames["small_files"], "{stats}");
    let text = workspace.ok(&["catalog", "stats"]);
    assert!(text.contains(&format!("catalog compact would make 1 file of {small}")), "{text}");

    let planned = json(&workspace, &["catalog", "compact", "--dry-run"]);
    assert_eq!(planned[0]["files_before"], frames["small_files"]);
    assert_eq!(json(&workspace, &["catalog", "stats"]), stats, "a dry run changes nothing");
    let done = workspace.run(&["catalog", "compact"]);
    assert!(done.stdout.contains("small files of 1 date became 1, 60 rows"), "{done:?}");
    assert!(done.stdout.contains("detections: nothing to do"), "{done:?}");
    assert!(done.stderr.contains("compact: 60 rows"), "{done:?}");
    let again = workspace.run(&["catalog", "compact"]);
    assert_eq!(again.stdout, "frames: nothing to do\ndetections: nothing to do\n");
    assert_eq!(workspace.ok(&["sql", rows, "--json"]), before);

    let history = json(&workspace, &["catalog", "history", "--limit", "1"]);
    let newest = &history[0]["versions"][0];
    assert_eq!((&newest["operation"], &newest["rows_added"]), (&"compact".into(), &60.into()));
    assert!(workspace.ok(&["catalog", "history"]).contains("  compact "));

    let nothing = workspace.ok(&["catalog", "vacuum"]);
    assert_eq!(nothing, "frames: nothing to do\ndetections: nothing to do\n");
    let planned = json(&workspace, &["catalog", "vacuum", "--keep", "0", "--dry-run"]);
    assert_eq!(planned[0]["files"], small);
    let folder = workspace.path("roadloop/tables/frames");
    assert_eq!(json(&workspace, &["catalog", "vacuum", "--keep", "0"]), planned);
    let data = |path: &&std::path::PathBuf| path.extension().is_some_and(|it| it == "parquet");
    assert_eq!(files_below(&folder).iter().filter(data).count(), 1);
    age(&folder, 40);
    assert!(workspace.ok(&["catalog", "vacuum"]).contains("log files"));
    assert_eq!(workspace.ok(&["sql", rows, "--json"]), before);

    let ran = workspace.run(&["catalog", "vacuum", "--keep-transactions", "6"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn where_nothing_is_nothing_is_made() {
    let workspace = Workspace::new();
    for command in ["stats", "compact", "vacuum", "history"] {
        let ran = workspace.run(&["catalog", command]);
        assert!(ran.code == 0 && ran.stderr.contains("nothing is stored"), "{ran:?}");
    }
    assert!(!workspace.path("roadloop").exists());
}

#[test]
fn one_process_does_it_at_a_time_and_a_crash_lets_go() {
    let workspace = some_drives(2);
    let lock = workspace.path("roadloop/.upkeep.lock");
    let held = File::create(&lock).unwrap();
    held.lock().unwrap();
    std::fs::write(&lock, "process 7 on elsewhere").unwrap();
    let ran = workspace.run(&["catalog", "compact"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("process 7 on elsewhere is at it already"), "{ran:?}");
    workspace.ok(&["catalog", "vacuum", "--dry-run"]);
    drop(held);

    let before = workspace.ok(&["sql", "select * from frames order by frame", "--json"]);
    for millis in [20, 80, 160] {
        let mut child = workspace
            .command(&["catalog", "compact"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
        workspace.ok(&["search", "has(car)", "--count"]);
    }
    workspace.ok(&["catalog", "compact"]);
    let after = workspace.ok(&["sql", "select * from frames order by frame", "--json"]);
    assert_eq!(after, before);
    let stats = json(&workspace, &["catalog", "stats"]);
    assert_eq!(stats["tables"][0]["files"], 1, "{stats}");
}
