//! Is everything here that the main job needs? Each check says what was found
//! and, where something is wrong, how to mend it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use roadloop_base::counted;
use roadloop_catalog::{Catalog, CatalogOptions};
use roadloop_store::public_part;

use crate::{Cpu, Models, Settings};

/// Below this much free disk a long recording will not fit.
const LOW_DISK_BYTES: u64 = 2_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    /// Works, but worth knowing.
    Warning,
    /// The main job will fail.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: &'static str,
    pub health: Health,
    pub found: String,
    /// What to do about it.
    pub mend: Option<String>,
}

impl Check {
    pub(crate) fn good(name: &'static str, found: impl Into<String>) -> Check {
        Check { name, health: Health::Good, found: found.into(), mend: None }
    }

    pub(crate) fn wrong(
        name: &'static str,
        health: Health,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Check {
        Check { name, health, found: found.into(), mend: Some(mend.into()) }
    }
}

/// Looks at everything. Never fails: what is broken is an answer.
pub async fn examine(settings: &Settings) -> Vec<Check> {
    let jobs = Cpu::new(settings.jobs).jobs();
    let mut checks = vec![Check::good("cores", worked_on(jobs))];
    match roadloop_store::folder_of(&settings.store) {
        Some(folder) => {
            checks.push(write_access(&folder));
            checks.push(free_disk(&folder));
            checks.push(catalog(settings).await);
        }
        None => {
            checks.push(bucket(&settings.store).await);
            // In one that cannot be worked with there is no catalog.
            if checks.iter().all(|check| check.health != Health::Bad) {
                checks.push(catalog(settings).await);
            }
        }
    }
    let models = Arc::new(Models::new(settings.models.clone(), &settings.workspace, jobs));
    checks.extend(models.examine().await);
    checks
}

fn write_access(folder: &Path) -> Check {
    let probe = folder.join(".write-probe");
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, b"roadloop"))
        .and_then(|()| fs::remove_file(&probe));
    match written {
        Ok(()) => Check::good("write access", folder.display().to_string()),
        Err(error) => Check::wrong(
            "write access",
            Health::Bad,
            format!("{}: {error}", folder.display()),
            "choose a folder of your own with --workspace DIR or --store DIR",
        ),
    }
}

async fn bucket(uri: &str) -> Check {
    let tried = async {
        let store = roadloop_store::open(uri)?;
        store.reach().await?;
        store.try_writing().await
    };
    match tried.await {
        Ok(()) => Check::good("store", public_part(uri)),
        Err(error) => {
            let mut found = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                found += &format!(": {cause}");
                source = cause.source();
            }
            let mend = "see the message; docs/stores.md tells which variables are read";
            Check::wrong("store", Health::Bad, found.replace('\n', ", "), mend)
        }
    }
}

fn free_disk(folder: &Path) -> Check {
    match rustix::fs::statvfs(folder) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let found = format!("{:.1} GB free", free as f64 / 1e9);
            if free >= LOW_DISK_BYTES {
                return Check::good("disk", found);
            }
            let mend = "free some space, or put the images elsewhere with --store DIR";
            Check::wrong("disk", Health::Warning, found, mend)
        }
        Err(error) => Check::wrong(
            "disk",
            Health::Warning,
            format!("{}: {error}", folder.display()),
            "make the folder, or choose another with --store DIR",
        ),
    }
}

fn worked_on(jobs: usize) -> String {
    match jobs {
        1 => "1 frame is worked on at a time".to_owned(),
        _ => format!("{jobs} frames are worked on at once"),
    }
}

async fn catalog(settings: &Settings) -> Check {
    let opened = async {
        let store = roadloop_store::open(&settings.store).map_err(|error| error.to_string())?;
        let options = CatalogOptions::default();
        let catalog = Catalog::open(store.object_store(), options).await;
        let catalog = catalog.map_err(|error| error.to_string())?;
        catalog.recordings().await.map_err(|error| error.to_string())
    };
    match opened.await {
        Ok(recordings) => {
            let frames: u64 = recordings.iter().map(|recording| recording.frames).sum();
            let recordings = counted(recordings.len() as u64, "recording");
            Check::good("catalog", format!("{recordings}, {}", counted(frames, "frame")))
        }
        Err(error) => Check::wrong(
            "catalog",
            Health::Bad,
            error.replace('\n', ", "),
            "see the message; the tables lie under tables/ in the store",
        ),
    }
}
