//! Small rules of style that a reader should not have to check, as tests.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::Workspace;

/// Lines a file may have before its tests begin.
const MOST_LINES: usize = 700;

/// Spelled so that this file does not contain what it forbids.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("XX", "X:")];
const PLACES_OF_ONE_MACHINE: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// Folders and files that people read; everything else is built or data.
const READ_BY_PEOPLE: [&str; 11] = [
    "crates",
    "xtask",
    "docs",
    "models",
    "testdata",
    "bench",
    "deploy",
    ".ci",
    ".cargo",
    "studio/src",
    "studio/e2e",
];

/// What is wrong with a Rust file, one line each.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_tests = path.ends_with("tests.rs") || path.contains("/tests/");
    let before_tests = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
    if !is_tests && before_tests > MOST_LINES {
        found.push(format!("{before_tests} lines before its tests, more than {MOST_LINES}"));
    }
    if !is_tests && !text.starts_with("//!") {
        found.push("does not begin with //!".to_owned());
    }
    if path.ends_with("src/lib.rs") {
        found.extend(more_than_a_list(text).map(|line| format!("lib.rs holds code: {line}")));
    }
    found
}

/// What is wrong with any text, one line each.
fn leftovers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
            found.push(format!("line {number}: {word}"));
        }
        for place in PLACES_OF_ONE_MACHINE.iter().filter(|place| names_place(line, place)) {
            found.push(format!("line {number}: a path of one machine, {place}"));
        }
    }
    found
}

/// Is the place at the beginning of a path, and not inside a longer one or an address, nor
/// a page or a question of the studio?
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let behind = &line[at + place.len()..];
        let is_route = ["$", "{", "assignments/"].iter().any(|part| behind.starts_with(part));
        !is_route && !before.is_some_and(|c| c.is_alphanumeric() || "._-/}>*".contains(c))
    })
}

/// The first line of a `lib.rs` that is no documentation, module or re-export.
fn more_than_a_list(text: &str) -> Option<&str> {
    let mut inside_statement = false;
    for line in text.lines() {
        let code = line.trim();
        if code.is_empty() || code.starts_with("//") || code.starts_with("#") {
            continue;
        }
        let starts_well = ["mod ", "pub mod ", "pub use ", "pub(crate) mod ", "pub(crate) use "]
            .iter()
            .any(|start| code.starts_with(start));
        if !inside_statement && !starts_well {
            return Some(line);
        }
        inside_statement = !code.ends_with(';');
    }
    None
}

/// Text files below a folder, build outputs and data left out.
fn texts_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "__pycache__" {
            texts_below(&path, found);
        } else if is_text(&name) {
            found.push(path);
        }
    }
}

fn is_text(name: &str) -> bool {
    let Some((_, extension)) = name.rsplit_once('.') else {
        return name == "Makefile" || name == "run";
    };
    ["rs", "md", "toml", "py", "sh", "html", "css", "yml", "yaml", "ts", "tsx", "mjs"]
        .contains(&extension)
}

fn all_texts() -> (PathBuf, Vec<PathBuf>) {
    let root = Workspace::find().expect("inside a workspace").root;
    let mut found = Vec::new();
    for folder in READ_BY_PEOPLE {
        texts_below(&root.join(folder), &mut found);
    }
    let entries = fs::read_dir(&root).expect("the workspace's root");
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    found.extend(files.filter(|path| {
        path.is_file() && path.file_name().is_some_and(|name| is_text(&name.to_string_lossy()))
    }));
    found.sort();
    (root, found)
}

#[test]
fn this_workspace_is_tidy() {
    let (root, texts) = all_texts();
    assert!(texts.len() > 20, "found only {} files to look at", texts.len());
    let mut found = Vec::new();
    for path in texts {
        let shown = path.strip_prefix(&root).expect("below the root").display().to_string();
        let text = fs::read_to_string(&path).expect("a text file in UTF-8");
        let is_source = shown.ends_with(".rs") && shown.contains("/src/");
        let faults = if is_source { faults(&shown, &text) } else { Vec::new() };
        found.extend(
            faults.into_iter().chain(leftovers(&text)).map(|fault| format!("{shown}: {fault}")),
        );
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    assert_eq!(faults(path, text), expected);
}

#[test]
fn a_module_says_what_it_is_for() {
    check("a/src/b.rs", "//! B.\nfn b() {}\n", &[]);
    check("a/src/b.rs", "fn b() {}\n", &["does not begin with //!"]);
    check("a/src/b/tests.rs", "fn b() {}\n", &[]);
}

#[test]
fn a_long_file_is_found_and_its_tests_may_be_long() {
    let lines = "fn b() {}\n".repeat(MOST_LINES);
    check(
        "a/src/b.rs",
        &format!("//! B.\n{lines}"),
        &["701 lines before its tests, more than 700"],
    );
    check("a/src/b.rs", &format!("//! B.\n#[cfg(test)]\n{lines}"), &[]);
}

#[test]
fn a_library_root_is_a_list() {
    check("a/src/lib.rs", "//! A.\n\nmod b;\n#[cfg(unix)]\npub use b::{\n    C,\n};\n", &[]);
    check("a/src/lib.rs", "//! A.\nmod b;\npub fn c() {}\n", &["lib.rs holds code: pub fn c() {}"]);
}

#[test]
fn leftovers_are_found() {
    let later = format!("a\n// {}: later\n", UNFINISHED[0]);
    assert_eq!(leftovers(&later), [format!("line 2: {}", UNFINISHED[0])]);
    let place = PLACES_OF_ONE_MACHINE[1];
    assert_eq!(leftovers(&format!("see {place}me/x")).len(), 1);
    assert_eq!(leftovers(&format!("https://example.org{place}x")), Vec::<String>::new());
}
