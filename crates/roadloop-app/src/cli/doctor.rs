//! `doctor`: is everything here that is needed, and how to mend what is not.

use anyhow::{Context, Result};
use roadloop_engine::vision::runtime;
use roadloop_engine::{Health, examine};
use serde_json::json;

use crate::cli::{Global, Outcome};
use crate::command::with_command;
use crate::config::Overrides;
use crate::render;
use crate::session::Session;

/// Check runtime library, models, disk and write access
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop doctor
  roadloop doctor --fix      fetch ONNX Runtime into the workspace, with pip")]
pub(crate) struct Args {
    /// Fetch what is missing: ONNX Runtime, from the Python package index
    #[arg(long)]
    fix: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<Outcome> {
    let session = Session::open(global, Overrides::new())?;
    if args.fix {
        install_runtime(&session).await?;
    }
    let checks = examine(&session.engine_settings()).await;
    let is_well = checks.iter().all(|check| check.health != Health::Bad);
    if args.json {
        let checks = checks.iter().map(|check| {
            json!({"name": check.name, "health": word(check.health), "found": with_command(&check.found),
                "mend": check.mend.as_deref().map(with_command)})
        });
        render::print_json(&checks.collect::<Vec<_>>())?;
    } else {
        for check in &checks {
            render::print(&format!(
                "{:<5} {:<13} {}",
                word(check.health),
                check.name,
                with_command(&check.found).replace('\n', ", ")
            ))?;
            if let Some(mend) = &check.mend {
                render::print(&format!("      {:<13} -> {}", "", with_command(mend)))?;
            }
        }
    }
    Ok(if is_well { Outcome::Done } else { Outcome::Failed })
}

/// Fetches ONNX Runtime unless a library is found already. One that was named
/// and is not there is no reason to: the named one would still be looked for.
pub(super) async fn install_runtime(session: &Session) -> Result<()> {
    let settings = session.engine_settings();
    let folder = settings.workspace.join("runtime");
    let named = settings.models.runtime.as_deref();
    let is_named =
        named.is_some() || std::env::var_os("ORT_DYLIB_PATH").is_some_and(|path| !path.is_empty());
    match runtime::locate(named, std::slice::from_ref(&folder)) {
        // What an interrupted disk or a hand left there is fetched anew.
        Ok(path) if !is_named && path.starts_with(&folder) && runtime::load(&path).is_err() => {
            std::fs::remove_file(&path).with_context(|| {
                format!("cannot delete the damaged library\npath: {}", path.display())
            })?;
        }
        Ok(_) => return Ok(()),
        Err(_) if is_named => return Ok(()),
        Err(_) => {}
    }
    session.note("fetching ONNX Runtime with pip (28 MB) ...");
    let installed = tokio::task::spawn_blocking(move || runtime::install(&folder)).await??;
    session.note(&format!("ONNX Runtime: {}", installed.display()));
    Ok(())
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Good => "ok",
        Health::Warning => "warn",
        Health::Bad => "BAD",
    }
}
