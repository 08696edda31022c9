//! The studio's site: its sources checked, what was built of them compared with what is
//! committed, and its pages used in a browser.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// What is committed beside the sources, so that nobody needs Node to build the program.
const BUILT: &str = "studio/dist";
const DESCRIPTION: &str = "studio/openapi.json";
const TYPES: &str = "studio/src/api/schema.d.ts";

/// What is looked at in a browser: the parts alone, then the pages. Frame times are for a
/// quiet machine, and left out here.
const SCRIPTS: [&[&str]; 6] = [
    &["studio/e2e/boxeditor.mjs"],
    &["studio/e2e/parts.mjs", "grid", "million", "filter", "charts", "shell", "policy"],
    &["studio/e2e/studio.mjs"],
    &["studio/e2e/people.mjs"],
    &["studio/e2e/jobs.mjs"],
    &["studio/e2e/datasets.mjs"],
];

const RECORDING: &str = "testdata/demo/demo.mcap";

/// Types, unit tests, and whether the committed files are those of the sources.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    packages(workspace)?;
    npx(workspace, &["tsc", "--noEmit"])?;
    npx(workspace, &["vitest", "run", "--reporter=dot"])?;
    let made = fresh(workspace, "studio-site")?;
    let types = made.join("schema.d.ts");
    npx(workspace, &["openapi-typescript", "openapi.json", "--output", &text(&types)])?;
    same(&workspace.root.join(TYPES), &types)?;
    let built = made.join("dist");
    let out = text(&built);
    npx(workspace, &["vite", "build", "--logLevel", "warn", "--outDir", &out, "--emptyOutDir"])?;
    let (committed, built) = (files(&workspace.root.join(BUILT))?, files(&built)?);
    if committed != built {
        let differ = |name: &&String| committed.get(*name) != built.get(*name);
        let names: Vec<&String> = committed.keys().chain(built.keys()).filter(differ).collect();
        bail!("the committed site is not that of its sources: {names:?}; run: cargo xtask site");
    }
    Ok(())
}

/// Makes what is committed: the API's description, its types, and the site.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    packages(workspace)?;
    let printed = Command::new(workspace.binary("debug")).arg("openapi").output();
    let printed = printed.context("build the program first: cargo build")?;
    fs::write(workspace.root.join(DESCRIPTION), printed.stdout)?;
    npx(workspace, &["openapi-typescript", "openapi.json", "--output", "src/api/schema.d.ts"])?;
    npx(workspace, &["tsc", "--noEmit"])?;
    npx(workspace, &["vite", "build", "--logLevel", "warn"])
}

/// The pages in a browser, on what the program makes of the demo recording.
pub(crate) fn check_pages(workspace: &Workspace, library: &Path) -> Result<()> {
    if chromium().is_none() {
        // Whoever changes no page can do without; CI cannot.
        if env::var_os("CI_NEEDS_ALL").is_some() {
            bail!("there is no Chromium: apt-get install chromium, or name one with CHROMIUM");
        }
        println!("no Chromium here, so no page was looked at: apt-get install chromium");
        return Ok(());
    }
    let binary = workspace.binary("debug");
    let looked_at = fresh(workspace, "studio-pages")?;
    let mut run = Command::new(&binary);
    run.arg("--workspace").arg(&looked_at).args(["--progress", "none", "run", RECORDING]);
    workspace.run(run.env("ORT_DYLIB_PATH", library))?;
    for script in SCRIPTS {
        let mut pages = Command::new("node");
        pages.args(script).env("ROADLOOP", &binary).env("WORKSPACE", &looked_at);
        workspace.run(&mut pages)?;
    }
    Ok(())
}

fn chromium() -> Option<PathBuf> {
    let named = env::var_os("CHROMIUM").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from("/usr/bin/chromium"))).filter(|path| path.exists())
}

/// An empty folder below the target folder.
fn fresh(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let folder = workspace.target.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| text(&folder))?;
    }
    fs::create_dir_all(&folder).with_context(|| text(&folder))?;
    Ok(folder)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// What the sources need, as their lock file names it; fetched once.
pub(crate) fn packages(workspace: &Workspace) -> Result<()> {
    let studio = workspace.root.join("studio");
    let (lock, done) = (studio.join("package-lock.json"), studio.join("node_modules/.lock"));
    let wanted = fs::read(&lock).with_context(|| text(&lock))?;
    if fs::read(&done).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--prefix", "studio", "--no-audit", "--no-fund", "--loglevel=error"]);
    workspace.run(&mut install)?;
    fs::write(&done, wanted).with_context(|| text(&done))
}

fn npx(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    // A program of the site's own packages, run in its folder.
    let (program, rest) = arguments.split_first().context("no program")?;
    let mut command = Command::new("bash");
    command.args(["-c", "cd studio && exec node_modules/.bin/\"$0\" \"$@\"", program]).args(rest);
    // Whose output is not a terminal's has no colours, whatever the program thinks.
    command.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    workspace.run(&mut command)
}

fn same(committed: &Path, made: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| text(path));
    if read(committed)? != read(made)? {
        bail!("{} is not that of the API's description; run: cargo xtask site", text(committed));
    }
    Ok(())
}

/// All files below a folder, by their names there.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| text(&next))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = text(path.strip_prefix(folder)?);
            found.insert(name, fs::read(&path).with_context(|| text(&path))?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_place() {
        let found = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
        assert!(found.contains_key("site.rs") && found.contains_key("main.rs"));
        assert!(files(Path::new("no/such/folder")).is_err());
    }
}
