//! A fresh workspace per test, and the binary run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with a workspace in it, gone when the test ends.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: TempDir,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workspace {
    pub(crate) fn new() -> Workspace {
        Workspace { folder: tempfile::tempdir().unwrap() }
    }

    /// A path beside the workspace, for recordings and results.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roadloop"));
        command
            .current_dir(self.folder.path())
            .args(args)
            .stdin(Stdio::null())
            .env_remove("ROADLOOP_WORKSPACE")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs to the end, whatever that is.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// Runs and insists on exit code 0; gives stdout.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Everything a run leaves that must not depend on how often it was
    /// interrupted: each image's bytes, and the tables' rows.
    pub(crate) fn content(&self) -> BTreeMap<String, Vec<u8>> {
        let mut content = BTreeMap::new();
        let root = self.path("roadloop");
        for folder in ["images", "anonymized", "video", "topics"] {
            for file in files_below(&root.join(folder)) {
                let name = file.strip_prefix(&root).unwrap().display().to_string();
                content.insert(name, fs::read(&file).unwrap());
            }
        }
        for query in [
            "select * from frames order by recording, camera, sequence",
            "select * from detection_rows order by frame, kind, label, number",
        ] {
            let rows = self.ok(&["sql", query, "--json", "--max-rows", "1000000"]);
            content.insert(query.to_owned(), rows.into_bytes());
        }
        content
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Files below a folder, in order; none when the folder is not there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
