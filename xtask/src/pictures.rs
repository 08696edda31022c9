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
    let studio = |script: &str| {
        let mut node = Command::new("node");
        node.args([script, "docs/pictures"]);
        workspace.run(node.env("ROADLOOP", &binary).env("WORKSPACE", &folder))
    };
    studio("studio/e2e/pictures.mjs")?;
    studio("studio/e2e/pictures.labelling.mjs")?;

    // Datasets come last: what is saved for them is to be seen in the catalog. Images of one
    // drive are split one by one, so that the checks have something to find.
    let of_models = ["--labels", "models", "--split", "60/20/20", "--group", "none"];
    let build = |name: &str, selection: &str| {
        let arguments = ["dataset", "build", name, "--from-selection", selection, "--seed", "7"];
        roadloop(&[&arguments[..], &of_models[..]].concat())
    };
    roadloop(&["select", "", "--save", "all"])?;
    build("crossing", "all")?;
    roadloop(&[
        "dataset",
        "show",
        "crossing",
        "--stats",
        "--picture",
        "docs/pictures/dataset-numbers.jpg",
    ])?;
    // A sheet shows raw frames, and this one is for everybody to see.
    roadloop(&["select", "not has(face) and not has(license_plate)", "--save", "street"])?;
    build("street", "street")?;
    let sheet = "docs/pictures/dataset-sheet.jpg";
    roadloop(&["dataset", "sheet", "street", "--sample", "6", "--out", sheet])?;
    studio("studio/e2e/pictures.datasets.mjs")
}
