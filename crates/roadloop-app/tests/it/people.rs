//! What people meet around the work: help, exit codes, settings, completions.

use crate::workspace::{Workspace, files_below};

#[test]
fn help_and_version_are_done_usage_is_two() {
    let workspace = Workspace::new();
    assert!(workspace.ok(&["--help"]).contains("Examples:"));
    assert!(workspace.ok(&["run", "--help"]).contains("roadloop run drive.bag"));
    let version = workspace.ok(&["--version"]);
    assert!(version.contains("build:") && version.contains("ONNX Runtime"), "{version}");
    assert_eq!(workspace.run(&["run"]).code, 2);
    assert_eq!(workspace.run(&["no-such-command"]).code, 2);
    assert_eq!(workspace.run(&["run", "x.bag", "--every", "many"]).code, 2);
}

#[test]
fn settings_say_where_they_come_from() {
    let workspace = Workspace::new();
    workspace.write("roadloop/roadloop.toml", b"[detect]\nconfidence = 0.5\n");
    let mut command = workspace.command(&["config", "show", "--jobs", "3"]);
    let output = command.env("ROADLOOP_SEARCH_LIMIT", "7").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let line =
        |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    assert!(line("detect.confidence").contains("file"), "{shown}");
    assert!(line("search.limit").contains("environment ROADLOOP_SEARCH_LIMIT"), "{shown}");
    assert!(line("jobs").contains("# flag"), "{shown}");
    assert!(line("anonymize.style").contains("# default"), "{shown}");
}

#[test]
fn a_misspelt_setting_is_refused() {
    let workspace = Workspace::new();
    workspace.write("roadloop/roadloop.toml", b"[detect]\nconfidense = 0.5\n");
    let ran = workspace.run(&["config", "show"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("detect.confidense") && ran.stderr.contains("roadloop.toml"));
}

#[test]
fn shells_and_readers_are_served() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(workspace.ok(&["completions", shell]).contains("contact-sheet"), "{shell}");
    }
    assert!(workspace.ok(&["man"]).contains(".TH"));
}

#[test]
fn an_empty_catalog_answers() {
    let workspace = Workspace::new();
    assert_eq!(workspace.ok(&["search", "has(car)", "--count"]).trim(), "0");
    assert_eq!(workspace.ok(&["search", "has(car)", "--json"]), "");
    assert!(workspace.ok(&["sql", "select count(*) as n from frames", "--json"]).contains("0"));
}

#[test]
fn the_runtime_keeps_nothing_about_this_machine() {
    let workspace = Workspace::new();
    std::fs::create_dir_all(workspace.path("home")).unwrap();
    let mut command = workspace.command(&["doctor"]);
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, workspace.path("home"));
    }
    let output = command.env_remove("ORT_DISABLE_TELEMETRY").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let left = files_below(&workspace.path("home"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn doctor_names_what_is_missing_and_the_mend() {
    let workspace = Workspace::new();
    let ran = workspace.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let mut command = workspace.command(&["doctor"]);
    let output = command.env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("roadloop doctor --fix"), "{shown}");
}
