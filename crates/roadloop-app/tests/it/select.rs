//! Selections: drawn, saved, shown, copied, forgotten.

use std::fs;

use serde_json::Value;

use crate::main_job::{small_bag, small_drive};
use crate::workspace::{Ran, Workspace, files_below};

fn extracted(frames: u32) -> Workspace {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, frames);
    workspace.ok(&["run", bag.to_str().unwrap(), "--stages", "extract"]);
    workspace
}

#[track_caller]
fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}\n{}", ran.stdout, ran.stderr))
}

#[test]
fn a_saved_sample_stays_the_same() {
    let workspace = extracted(12);
    let save = ["select", "", "--sample", "4", "--by", "camera", "--seed", "7", "--save", "few"];
    let said = workspace.ok(&save);
    assert!(said.contains("4 of 12 frames\n"), "{said}");
    assert!(said.contains("camera__rear       4  12") && said.contains("saved as few@1"), "{said}");
    let said = workspace.ok(&save);
    assert!(said.contains("the same is saved already, as few@1"), "{said}");
    let images = |name: &str| {
        let shown = workspace.run(&["select", "--show", name, "--json"]);
        json(&shown)["images"].as_array().unwrap().clone()
    };
    let first = images("few");
    assert_eq!(first.len(), 4);

    let other = workspace.run(&["select", "", "--sample", "3", "--save", "few", "--json"]);
    assert_eq!(json(&other)["saved"]["card"]["version"], 2);
    assert_eq!((images("few@1"), images("few").len()), (first, 3));
    let listed = workspace.ok(&["select", "--list"]);
    assert!(listed.contains("few@2       3  20") && listed.contains("every frame"), "{listed}");
    let shown = workspace.ok(&["select", "--show", "few@1"]);
    assert!(shown.contains("at most 4 frames, by camera, seed 7"), "{shown}");
    assert!(shown.contains("versions   1, 2"), "{shown}");

    let count = "select count(*) as n from selections where name = 'few@1'";
    assert_eq!(workspace.ok(&["sql", count, "--format", "csv"]), "n\n4\n");

    let found = |filter: &str| workspace.ok(&["search", filter, "--count"]).trim().to_owned();
    assert_eq!(found("selection = few"), "3");
    assert_eq!(found("selection = \"few@1\""), "4");
    let either = found("selection in (few, \"few@1\")").parse::<u32>().unwrap();
    let both = found("selection = few and selection = \"few@1\"").parse::<u32>().unwrap();
    let one = found("selection = few and not selection = \"few@1\"").parse::<u32>().unwrap();
    assert_eq!((either, one), (7 - both, 3 - both));
    let ran = workspace.run(&["search", "selection = fwe", "--count"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean few?"), "{}", ran.stderr);

    let would = workspace.ok(&["select", "--drop", "few", "--dry-run"]);
    assert!(would.contains("would forget few, 2 versions"), "{would}");
    assert_eq!(images("few").len(), 3);
    workspace.ok(&["select", "--drop", "few"]);
    assert_eq!(workspace.ok(&["select", "--list", "--json"]).trim(), "[]");
    assert!(files_below(&workspace.path("roadloop/selections")).is_empty());
}

#[test]
fn what_cannot_be_meant_exits_with_2() {
    let workspace = extracted(2);
    for (args, expected) in [
        (&["select"][..], "required"),
        (&["select", ""], "add --save NAME, --copy-to URI, --export FILE or --dry-run"),
        (&["select", "", "--save", "a/b"], "cannot name a selection"),
        (&["select", "", "--save", "a@1"], "cannot name a selection"),
        (&["select", "", "--by", "camera", "--save", "x"], "--sample"),
        (&["select", "", "--sample", "0", "--save", "x"], "1..=100000000"),
        (&["select", "", "--sample", "2", "--by", "camra", "--dry-run"], "did you mean camera?"),
        (&["select", "", "--spread=40", "--dry-run"], "1..=32"),
        (&["select", "has(", "--dry-run"], "has("),
        (&["select", "", "--list"], "cannot be used"),
        (&["select", "--saved", "few"], "add --save NAME, --copy-to URI, --export FILE"),
        (&["select", "--saved", "few", "--dry-run"], "--copy-to URI or --export FILE"),
        (&["select", "--show", "few"], "no selection is saved as few"),
        (&["select", "--drop", "few"], "no selection is saved as few"),
        (&["select", "", "--save", "x", "--raw"], "--copy-to"),
    ] {
        let ran = workspace.run(args);
        assert_eq!(ran.code, 2, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}\n{}", ran.stderr);
    }
    assert!(!workspace.path("roadloop/selections").exists());
}

#[test]
fn frames_that_look_alike_are_taken_once() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 5);
    workspace.ok(&["run", drive.to_str().unwrap(), "--stages", "extract"]);
    let ran = workspace.run(&["select", "", "--sample", "3", "--spread", "--dry-run", "--json"]);
    let drawn = json(&ran);
    assert_eq!((&drawn["frames"], &drawn["too_alike"]), (&1.into(), &4.into()), "{drawn}");
    assert!(ran.stderr.contains("a smaller --spread=BITS gives more"), "{}", ran.stderr);
    assert!(!workspace.path("roadloop/selections").exists());
}

#[test]
fn copies_are_anonymised_and_go_on_where_they_stopped() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 3);
    workspace.ok(&["run", drive.to_str().unwrap(), "--stages", "extract"]);
    workspace.ok(&["select", "", "--save", "all"]);
    let copy = ["select", "--saved", "all", "--copy-to", "out", "--manifest"];

    let would = workspace.ok(&[&copy[..], &["--dry-run"]].concat());
    assert!(would.contains("would copy 0 images (0 B) to out; 0 there already, 3 to be left out"));
    assert!(!workspace.path("out").exists());
    let bare = workspace.run(&copy);
    assert_eq!(bare.code, 3, "{}", bare.stderr);
    assert!(bare.stderr.contains("it has no anonymised copy"), "{}", bare.stderr);
    assert!(bare.stderr.contains("roadloop anonymize"), "{}", bare.stderr);

    workspace.ok(&["anonymize"]);
    let said = workspace.ok(&copy);
    assert!(said.contains("3 images copied to out") && said.contains(": 3 lines"), "{said}");
    let manifest = fs::read_to_string(workspace.path("out/input.manifest")).unwrap();
    let copies = files_below(&workspace.path("roadloop/anonymized"));
    for (line, copy) in manifest.lines().zip(&copies) {
        let line: Value = serde_json::from_str(line).unwrap();
        let copied = line["source-ref"].as_str().unwrap();
        assert_eq!(fs::read(copied).unwrap(), fs::read(copy).unwrap());
    }
    assert_eq!(manifest.lines().count(), 3);
    let out = files_below(&workspace.path("out"));
    assert_eq!(out.len(), 4, "{out:?}");

    fs::remove_file(&out[1]).unwrap();
    let again = json(&workspace.run(&[&copy[..], &["--json"]].concat()));
    assert_eq!(again["copy"]["copied"], 1, "{again}");
    assert_eq!(again["copy"]["already_there"], 2, "{again}");
    let raw = ["select", "", "--sample", "1", "--copy-to", "raw", "--raw", "--json"];
    assert_eq!(json(&workspace.run(&raw))["copy"]["copied"], 1);
    let raw = files_below(&workspace.path("raw"));
    let images = files_below(&workspace.path("roadloop/images"));
    assert_eq!(fs::read(&raw[0]).unwrap(), fs::read(&images[0]).unwrap());
}
