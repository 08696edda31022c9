//! `ci`: everything that must be green, cheapest first, each step timed.

use std::env;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::workspace::{Workspace, cargo};
use crate::{outside, runtime, site};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let packages = workspace.package_count()?;
    let is_cold = is_cold(workspace);
    println!("{packages} packages in Cargo.lock");
    println!(
        "target folder: {}{}",
        workspace.target.display(),
        if is_cold { ", cold" } else { "" }
    );

    let mut steps = Steps::default();
    steps.time("format", || workspace.cargo(&["fmt", "--all", "--check"]))?;
    // The rules of the house are tests of this package: dependency directions, tidiness.
    steps.time("house", || workspace.cargo(&["test", "--quiet", "--package", "xtask"]))?;
    // Before what takes long: a page that does not compile is known at once.
    steps.time("site", || site::check(workspace))?;
    let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    steps.time("lints", || workspace.cargo(&lints))?;
    steps.time("build", || workspace.cargo(&["test", "--workspace", "--no-run"]))?;
    let library = steps.time("runtime", || {
        // The library somebody already has is the one they want tested.
        match env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
            Some(path) => Ok(path.into()),
            None => runtime::fetch(workspace, &workspace.binary("debug")),
        }
    })?;
    steps.time("tests", || {
        let mut tests = Command::new(cargo());
        tests.args(["test", "--workspace"]).env("ORT_DYLIB_PATH", &library);
        workspace.run(&mut tests)
    })?;
    steps.time("outside", || outside::check(workspace, &library))?;
    steps.time("servers", || outside::check_servers(workspace, &library))?;
    steps.time("pages", || site::check_pages(workspace, &library))?;

    println!("\nall green");
    for (name, took) in &steps.done {
        println!("  {name:<8} {:>7.1} s", took.as_secs_f64());
    }
    println!("  packages {packages:>5}");
    if is_cold {
        let build: Duration = ["lints", "build"].iter().map(|name| steps.took(name)).sum();
        println!(
            "  cold build {:.1} s: lints and the dev build of everything",
            build.as_secs_f64()
        );
    }
    Ok(())
}

/// Has nothing heavy been built here yet? This program itself has been.
fn is_cold(workspace: &Workspace) -> bool {
    let Ok(built) = fs::read_dir(workspace.target.join("debug").join("deps")) else {
        return true;
    };
    !built
        .filter_map(Result::ok)
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libdatafusion"))
}

#[derive(Debug, Default)]
struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    fn time<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = step().with_context(|| anyhow!("step `{name}` is red"));
        let took = start.elapsed();
        println!("== {name}: {:.1} s", took.as_secs_f64());
        self.done.push((name, took));
        outcome
    }

    fn took(&self, name: &str) -> Duration {
        self.done.iter().find(|(done, _)| *done == name).map_or(Duration::ZERO, |(_, took)| *took)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_red_step_is_named_and_the_cause_kept() {
        let mut steps = Steps::default();
        steps.time("format", || Ok(())).expect("green");
        let error = steps.time("tests", || -> Result<()> { bail!("2 failed") }).expect_err("red");
        assert_eq!(format!("{error:#}"), "step `tests` is red: 2 failed");
        assert_eq!(steps.done.len(), 2);
    }
}
