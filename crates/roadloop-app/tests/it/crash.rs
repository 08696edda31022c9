//! kill -9 at any instant, then again: the same result as if nothing happened.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::main_job::small_drive;
use crate::workspace::{Workspace, files_below};

#[test]
fn killed_and_run_again_gives_the_same() {
    let undisturbed = Workspace::new();
    let drive = small_drive(&undisturbed, 80);
    let started = Instant::now();
    undisturbed.ok(&["run", drive.to_str().unwrap()]);
    let whole = started.elapsed();
    let expected = undisturbed.content();
    assert!(expected.len() > 160, "images of both kinds are there");

    let disturbed = Workspace::new();
    let drive = small_drive(&disturbed, 80);
    // Later and later, so that every stage is hit.
    for share in [0.1, 0.25, 0.5, 0.6, 0.75, 0.9] {
        let mut child = disturbed
            .command(&["run", drive.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
        child.kill().unwrap();
        child.wait().unwrap();
        // Whatever is there already is readable and whole.
        disturbed.ok(&["search", "has(person)", "--count"]);
    }
    let last = disturbed.ok(&["run", drive.to_str().unwrap(), "--json"]);
    assert!(!last.contains("\"already_done\":0,\"done\":80"), "{last}");
    let content = disturbed.content();
    for (name, bytes) in &expected {
        assert!(content.get(name) == Some(bytes), "{name} differs");
    }
    assert_eq!(content.len(), expected.len());
    let leftovers = files_below(&disturbed.path("roadloop/.staging"));
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn two_at_once_leave_one_copy() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 12);
    let start = || {
        workspace
            .command(&["run", drive.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let (first, second) = (start(), start());
    for child in [first, second] {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{stderr}");
    }
    let count = |query: &str| workspace.ok(&["sql", query, "--format", "csv"]);
    let doubled = "select count(*) as n from (select frame from frames group by frame \
                   having count(*) > 1)";
    assert_eq!(count(doubled).lines().last(), Some("0"));
    assert_eq!(count("select count(*) as n from frames").lines().last(), Some("12"));
    let markers = "select count(*) as n from detection_rows where label = ''";
    assert_eq!(count(markers).lines().last(), Some("24"), "one marker a frame and stage");
}
