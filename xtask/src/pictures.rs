//! `pictures`: what the documentation shows, made by the program itself from
//! the demo recording, so that it cannot lie.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{runtime, site};

const PROFILE: &str = "demo";

pub(crate) fn make(workspace: &Workspace) -> Result<()> {
    workspace.cargo(&["build", "--profile", PROFILE, "--package", "roadloop-app"])?;
    let binary = workspace.binary(PROFILE);
    let library = runtime::fetch(workspace, &binary)?;

    let folder = workspace.target.join("pictures");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty a folder\npath: {}", folder.display()))?;
    }
    let pictures = workspace.root.join("docs").join("pictures");
    fs::create_dir_all(&pictures)
        .with_context(|| format!("cannot make a folder\npath: {}", pictures.display()))?;
    let roadloop = |arguments: &[&str]| {
        let mut command = Command::new(&binary);
        command.arg("--workspace").arg(&folder).args(arguments).env("ORT_DYLIB_PATH", &library);
        workspace.run(&mut command)
    };

    roadloop(&["run", "testdata/demo/demo.mcap"])?;
    // Two seconds in which both cameras see the car, its plate and the passer-by.
    let hits = "has(face) and has(license_plate) and time in 2026-05-04T09:30:02..09:30:04";
    roadloop(&["search", hits, "--limit", "12", "--contact-sheet", "docs/pictures/hits.jpg"])?;
    site::packages(workspace)?;
    for script in ["studio/e2e/pictures.mjs", "studio/e2e/pictures.labelling.mjs"] {
        let mut studio = Command::new("node");
        studio.args([script, "docs/pictures"]);
        workspace.run(studio.env("ROADLOOP", &binary).env("WORKSPACE", &folder))?;
    }
    Ok(())
}
