//! Where the workspace lies, and running programs in it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The workspace this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo builds, wherever the environment or a setting put it.
    pub(crate) target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let metadata = metadata()?;
        let path = |key: &str| {
            let text = metadata[key].as_str();
            text.map(PathBuf::from).with_context(|| format!("cargo metadata names no {key}"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// The program `roadloop` as built with a profile.
    pub(crate) fn binary(&self, profile_folder: &str) -> PathBuf {
        self.target.join(profile_folder).join(format!("roadloop{}", env::consts::EXE_SUFFIX))
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Result<()> {
        self.run(Command::new(cargo()).args(arguments))
    }

    /// Runs a program in the workspace's root, its output shown as it comes.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        let shown = shown(command);
        // What cargo says to a program it runs is not for another cargo: some
        // build scripts look at it, and all that is above them is built anew.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        let status = command
            .current_dir(&self.root)
            .status()
            .with_context(|| format!("cannot start `{shown}`"))?;
        if !status.success() {
            bail!("`{shown}` failed: {status}");
        }
        Ok(())
    }

    /// How many packages the lock file names, ours included.
    pub(crate) fn package_count(&self) -> Result<usize> {
        let path = self.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path)
            .with_context(|| format!("cannot read the lock file\npath: {}", path.display()))?;
        Ok(lock.lines().filter(|line| *line == "[[package]]").count())
    }
}

/// What `cargo metadata --no-deps` says about this workspace.
pub(crate) fn metadata() -> Result<Value> {
    let output = Command::new(cargo())
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed\n{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata gave no JSON")
}

/// The cargo that runs us, so that one toolchain does everything.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// `cargo test --workspace`: the program's name without its folder.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut shown = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_itself() {
        let workspace = Workspace::find().expect("inside a workspace");
        assert!(workspace.root.join("xtask/Cargo.toml").is_file());
        assert!(workspace.package_count().expect("a lock file") > 8);
    }

    #[test]
    fn a_failure_names_the_command() {
        let workspace = Workspace::find().expect("inside a workspace");
        let error = workspace.cargo(&["no-such-command"]).expect_err("cargo knows no such command");
        assert!(error.to_string().starts_with("`cargo no-such-command` failed"), "{error}");
    }
}
