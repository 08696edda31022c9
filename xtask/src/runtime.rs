//! `runtime`: ONNX Runtime for tests and benchmarks.
//!
//! Which version, from where, and its hash are known to `roadloop doctor --fix`
//! alone; here it is only told which folder to use.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Makes sure that the library is in `$ROADLOOP_RUNTIME`, or else in the target
/// folder, and returns its path. `binary` is `roadloop`, already built.
pub(crate) fn fetch(workspace: &Workspace, binary: &Path) -> Result<PathBuf> {
    let folder = match env::var_os("ROADLOOP_RUNTIME").filter(|path| !path.is_empty()) {
        Some(path) => workspace.root.join(path),
        None => workspace.target.join("roadloop-runtime"),
    };
    fetch_into(&folder, workspace, binary)
}

fn fetch_into(folder: &Path, workspace: &Workspace, binary: &Path) -> Result<PathBuf> {
    // A workspace of roadloop keeps its library in the folder `runtime`.
    let libraries = folder.join("runtime");
    if let Some(library) = library_in(&libraries) {
        return Ok(library);
    }
    let mut doctor = Command::new(binary);
    doctor.arg("--workspace").arg(folder).args(["doctor", "--fix"]).env_remove("ORT_DYLIB_PATH");
    let outcome = workspace.run(&mut doctor);
    if let Some(library) = library_in(&libraries) {
        return Ok(library); // whatever else the doctor found, this is what it was asked for
    }
    outcome?;
    None.with_context(|| {
        format!("roadloop doctor --fix left no ONNX Runtime\npath: {}", libraries.display())
    })
}

fn library_in(folder: &Path) -> Option<PathBuf> {
    let is_library = |name: &OsStr| name.to_string_lossy().starts_with("libonnxruntime.");
    let entries = fs::read_dir(folder).ok()?;
    let paths = entries.filter_map(Result::ok).filter(|entry| is_library(&entry.file_name()));
    paths.map(|entry| entry.path()).filter(|path| path.is_file()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], expected: Option<&str>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            fs::write(folder.path().join(file), b"x").expect("a file");
        }
        let found = library_in(folder.path());
        let name = found.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
        assert_eq!(name, expected);
    }

    /// Fetches with a `roadloop` that is this script; its folder is `$2`.
    #[cfg(unix)]
    fn fetch_with(script: &str) -> Result<PathBuf> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let binary = folder.path().join("roadloop");
        // Written by a process of its own: a file that any fork of this one still
        // holds open for writing cannot be started ("text file busy").
        let written = Command::new("sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod +x "$1""#, "sh"])
            .arg(&binary)
            .arg(script)
            .status();
        assert!(written.expect("a shell").success());
        let workspace = Workspace::find().expect("inside a workspace");
        fetch_into(&folder.path().join("of its own"), &workspace, &binary)
    }

    #[cfg(unix)]
    #[test]
    fn a_library_counts_whatever_else_the_doctor_finds_and_none_is_an_error() {
        let fetched = r#"mkdir -p "$2/runtime" && touch "$2/runtime/libonnxruntime.so.1""#;
        let library = fetch_with(fetched).expect("fetched");
        assert!(library.ends_with("of its own/runtime/libonnxruntime.so.1"));
        fetch_with(&format!("{fetched}; exit 1")).expect("fetched, though something else is bad");

        let error = fetch_with("exit 1").expect_err("not fetched");
        assert!(error.to_string().contains("doctor --fix"), "{error}");
        let error = fetch_with("exit 0").expect_err("not fetched");
        assert!(error.to_string().starts_with("roadloop doctor --fix left no"), "{error}");
    }

    #[test]
    fn the_newest_library_is_found_and_half_fetched_ones_are_not() {
        check(&[], None);
        check(&["libonnxruntime_providers_shared.so", ".libonnxruntime.part"], None);
        check(
            &["libonnxruntime.so.1.24.0", "libonnxruntime.so.1.32.0"],
            Some("libonnxruntime.so.1.32.0"),
        );
    }
}
