//! The catalog from outside: tables that earlier versions wrote, and the examples
//! that read today's from Python. Each check is a script beside what it checks.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

const RECORDING: &str = "testdata/demo/demo.mcap";
const REQUIREMENTS: &str = "examples/python/requirements.txt";

pub(crate) fn check(workspace: &Workspace, library: &Path) -> Result<()> {
    let binary = workspace.binary("debug");
    let packages = packages(workspace)?;
    let script = |path: &str, arguments: &[&Path]| {
        let mut script = Command::new("bash");
        script.arg(path).args(arguments).env("ORT_DYLIB_PATH", library);
        script.env("PYTHONPATH", &packages);
        workspace.run(&mut script)
    };
    let recording = Path::new(RECORDING);
    script("testdata/formats/check.sh", &[&binary, recording])?;
    script("examples/python/check.sh", &[&binary, Path::new("python3"), recording])
}

/// The folder of the Python packages that the examples need; it is kept for as long
/// as they need the same.
fn packages(workspace: &Workspace) -> Result<OsString> {
    let folder = workspace.target.join("python-examples");
    let done = folder.join("requirements.txt");
    let wanted = fs::read(workspace.root.join(REQUIREMENTS)).context(REQUIREMENTS)?;
    if fs::read(&done).is_ok_and(|there| there == wanted) {
        return Ok(folder.into());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--no-compile", "--requirement", REQUIREMENTS, "--target"]).arg(&folder);
    workspace.run(&mut install)?;
    fs::write(&done, wanted).with_context(|| done.display().to_string())?;
    Ok(folder.into())
}
