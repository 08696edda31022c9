//! The program from outside: tables that earlier versions wrote, the examples that
//! read today's from Python, datasets beside the programs they are for, queues on the
//! servers they are for, and what it is deployed with. Each check is a script or a test
//! beside what it checks.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, cargo};

const RECORDING: &str = "testdata/demo/demo.mcap";

/// Kept tables, Python examples and datasets.
pub(crate) fn check(workspace: &Workspace, library: &Path) -> Result<()> {
    let binary = workspace.binary("debug");
    let packages = packages(workspace, "examples", "examples/python/requirements.txt")?;
    let script = |path: &str, arguments: &[&Path]| {
        let mut script = Command::new("bash");
        script.arg(path).args(arguments).env("ORT_DYLIB_PATH", library);
        script.env("PYTHONPATH", &packages);
        workspace.run(&mut script)
    };
    let recording = Path::new(RECORDING);
    script("testdata/formats/check.sh", &[&binary, recording])?;
    script("examples/python/check.sh", &[&binary, Path::new("python3"), recording])?;
    check_datasets(workspace, &binary)
}

/// Datasets in the forms of others, read by their programs.
fn check_datasets(workspace: &Workspace, binary: &Path) -> Result<()> {
    // Two lists: what reads labels and what reads records need another NumPy each.
    for what in ["labels", "records"] {
        let list = format!("bench/datasets/requirements-{what}.txt");
        let packages = packages(workspace, &format!("datasets-{what}"), &list)?;
        let mut datasets = Command::new("python3");
        datasets.arg("bench/datasets/check.py").arg(what).arg(binary);
        workspace.run(datasets.env("PYTHONPATH", &packages))?;
    }
    Ok(())
}

/// Queues on NATS and on what speaks as Amazon does, a studio that is killed while people
/// label, programs that ask Amazon, and the files of deployments.
pub(crate) fn check_servers(workspace: &Workspace, library: &Path) -> Result<()> {
    let packages = packages(workspace, "deploy", "deploy/requirements.txt")?;
    let programs = packages.join("bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(programs.clone()).chain(env::split_paths(&path)))?;
    let run = |command: &mut Command| {
        command.env("PYTHONPATH", &packages).env("PATH", &path);
        command.env("ORT_DYLIB_PATH", library);
        command.env("ROADLOOP_NATS_SERVER", programs.join("nats-server"));
        command.env("ROADLOOP_MOTO_SERVER", programs.join("moto_server"));
        workspace.run(command)
    };
    let mut tests = Command::new(cargo());
    // Both, so that what is built for one is what was built before.
    tests.args(["test", "--quiet", "-p", "roadloop-app", "-p", "roadloop-queue", "--lib"]);
    run(tests.args(["--", "--ignored"]))?;
    let mut storm = Command::new(cargo());
    storm.args(["test", "--quiet", "-p", "roadloop-app", "--test", "it", "fifty_kills"]);
    run(storm.args(["--", "--ignored"]))?;
    let mut asking = Command::new("python3");
    asking.arg("examples/rekognition/check.py").arg(workspace.binary("debug")).arg(RECORDING);
    run(&mut asking)?;
    run(Command::new("python3").arg("deploy/check.py"))
}

/// A folder of the Python packages of a list; it is kept for as long as the list is the
/// same.
fn packages(workspace: &Workspace, name: &str, requirements: &str) -> Result<PathBuf> {
    let folder = workspace.target.join(format!("python-{name}"));
    let done = folder.join("requirements.txt");
    let wanted = fs::read(workspace.root.join(requirements)).context(requirements.to_owned())?;
    if fs::read(&done).is_ok_and(|there| there == wanted) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--no-compile", "--requirement", requirements, "--target"]).arg(&folder);
    workspace.run(&mut install)?;
    fs::write(&done, wanted).with_context(|| done.display().to_string())?;
    Ok(folder)
}
