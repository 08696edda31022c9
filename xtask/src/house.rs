//! Which crate may use which: the table of `ARCHITECTURE.md` ("The house") as a test.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::workspace::metadata;

/// A crate, what it may use, and what its tests may use besides.
const HOUSE: [(&str, &[&str], &[&str]); 17] = [
    ("roadloop-base", &[], &[]),
    ("roadloop-bag", &["base"], &[]),
    ("roadloop-vision", &["base"], &[]),
    ("roadloop-store", &["base"], &[]),
    ("roadloop-catalog", &["base"], &[]),
    ("roadloop-queue", &["base"], &[]),
    ("roadloop-sqlite", &[], &[]),
    ("roadloop-manifest", &["base"], &[]),
    ("roadloop-label", &["base", "manifest", "sqlite"], &[]),
    // Its example packs images.
    ("roadloop-dataset", &["base", "manifest"], &["vision"]),
    ("roadloop-users", &["base", "sqlite"], &[]),
    ("roadloop-evaluate", &["base"], &[]),
    ("roadloop-nets", &["base"], &[]),
    // A picture is prepared by the same function in training and in serving.
    ("roadloop-train", &["base", "vision", "nets"], &[]),
    (
        "roadloop-engine",
        &[
            "base", "bag", "vision", "store", "catalog", "queue", "label", "manifest", "dataset",
            "evaluate", "train",
        ],
        &["bag", "queue", "store"],
    ),
    // Its tests write recordings with `roadloop_bag::testing`, and store them with
    // `roadloop_store::testing`.
    ("roadloop-app", &["base", "engine", "users"], &["bag", "store"]),
    ("xtask", &[], &[]),
];

/// Uses that the house does not allow, one line each.
fn trespasses(metadata: &Value) -> Vec<String> {
    let empty = Vec::new();
    let packages = metadata["packages"].as_array().unwrap_or(&empty);
    let names: BTreeSet<&str> =
        packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let house: BTreeMap<_, _> =
        HOUSE.iter().map(|(name, uses, in_tests)| (*name, (*uses, *in_tests))).collect();

    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((uses, in_tests)) = house.get(name) else {
            found.push(format!("{name} is not in the table of the house"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap_or(&empty) {
            let used = dependency["name"].as_str().unwrap_or_default();
            if !names.contains(used) {
                continue; // not ours
            }
            let short = used.trim_start_matches("roadloop-");
            let is_for_tests = dependency["kind"] == "dev";
            let is_allowed = uses.contains(&short) || (is_for_tests && in_tests.contains(&short));
            if !is_allowed {
                let place = if is_for_tests { " in its tests" } else { "" };
                found.push(format!("{name} uses {used}{place}"));
            }
        }
    }
    found.sort();
    found
}

/// What a crate in a test depends on, with the kind cargo gives (`dev`, or none).
type Uses = &'static [(&'static str, Option<&'static str>)];

#[track_caller]
fn check(packages: &[(&str, Uses)], expected: &[&str]) {
    let packages: Vec<Value> = packages
        .iter()
        .map(|(name, dependencies)| {
            let dependencies: Vec<Value> = dependencies
                .iter()
                .map(|(name, kind)| serde_json::json!({ "name": name, "kind": kind }))
                .collect();
            serde_json::json!({ "name": name, "dependencies": dependencies })
        })
        .collect();
    assert_eq!(trespasses(&serde_json::json!({ "packages": packages })), expected);
}

#[test]
fn this_workspace_keeps_to_the_table() {
    let metadata = metadata().expect("inside a workspace");
    assert_eq!(trespasses(&metadata), Vec::<String>::new());
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), HOUSE.len(), "the table names crates that are gone");
}

#[test]
fn a_use_sideways_or_upwards_is_found() {
    let bag: (_, Uses) = ("roadloop-bag", &[("roadloop-vision", None), ("bytes", None)]);
    let vision: (_, Uses) = ("roadloop-vision", &[("roadloop-base", None)]);
    let base: (_, Uses) = ("roadloop-base", &[("roadloop-vision", None)]);
    check(
        &[bag, vision, base],
        &["roadloop-bag uses roadloop-vision", "roadloop-base uses roadloop-vision"],
    );
}

#[test]
fn tests_may_reach_only_as_far_as_the_table_says() {
    let bag: (_, Uses) = ("roadloop-bag", &[]);
    check(&[bag, ("roadloop-app", &[("roadloop-bag", Some("dev"))])], &[]);
    check(&[bag, ("roadloop-app", &[("roadloop-bag", None)])], &["roadloop-app uses roadloop-bag"]);
    check(
        &[bag, ("roadloop-store", &[("roadloop-bag", Some("dev"))])],
        &["roadloop-store uses roadloop-bag in its tests"],
    );
}

#[test]
fn a_new_crate_must_be_put_into_the_table() {
    check(&[("roadloop-common", &[])], &["roadloop-common is not in the table of the house"]);
}
