//! What lies in a folder or below a prefix of a bucket, as sightings.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use roadloop_bag::{self as bag, BagError, Found};
use roadloop_store::{Remote, RemoteObject, is_remote};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::{Hint, Sighting};
use crate::EngineError;

/// Lists one place again and again, and says what has come to rest there: a file that
/// still grows is none yet.
#[derive(Debug)]
pub struct Lister {
    place: String,
    settles_in: Duration,
    /// What was seen last, and since when it is so.
    seen: HashMap<String, (String, Instant)>,
    /// What could not be looked into the last time.
    unreadable: HashSet<String>,
    /// And was not told yet.
    untold: Vec<EngineError>,
}

impl Lister {
    /// What is unchanged for so long has come to rest.
    pub fn new(place: &str, settles_in: Duration) -> Lister {
        Lister {
            place: place.to_owned(),
            settles_in,
            seen: HashMap::new(),
            unreadable: HashSet::new(),
            untold: Vec::new(),
        }
    }

    /// Folders that cannot be looked into, each once until it can be again.
    pub fn unreadable(&mut self) -> Vec<EngineError> {
        std::mem::take(&mut self.untold)
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// The recordings that lie there and rest, by their names.
    pub async fn list(&mut self) -> Result<Vec<Sighting>, EngineError> {
        let found = match is_remote(&self.place) {
            true => listed_far(&Remote::new(&self.place)?).await?,
            false => {
                let folder = PathBuf::from(&self.place);
                let listed = spawn_blocking(move || listed_here(&folder)).await;
                let (found, unreadable) = listed.map_err(EngineError::stopped)??;
                self.remember(unreadable);
                found
            }
        };
        let now = Instant::now();
        let mut seen = HashMap::with_capacity(found.len());
        let mut rests = Vec::new();
        for sighting in found {
            let since = match self.seen.get(&sighting.source) {
                Some((version, since)) if *version == sighting.version => *since,
                _ => now,
            };
            seen.insert(sighting.source.clone(), (sighting.version.clone(), since));
            if now.duration_since(since) >= self.settles_in {
                rests.push(sighting);
            }
        }
        self.seen = seen;
        Ok(rests)
    }

    fn remember(&mut self, unreadable: Vec<BagError>) {
        let known = std::mem::take(&mut self.unreadable);
        for error in unreadable {
            let words = error.to_string();
            if !known.contains(&words) {
                self.untold.push(error.into());
            }
            self.unreadable.insert(words);
        }
    }
}

/// The recording a hint speaks of, if it is there and is one: of a file in a rosbag2
/// folder that is the folder.
pub(super) async fn resolve(hint: &Hint) -> Result<Option<Sighting>, EngineError> {
    let Hint { address, tag, .. } = hint;
    if bag::is_unfinished(Path::new(address)) {
        return Ok(None);
    }
    if !is_remote(address) {
        let path = PathBuf::from(address);
        let look = move || {
            let path = path.canonicalize().ok()?;
            let folder = path.parent().map(Path::to_owned)?;
            let is_one =
                |path: &Path| bag::find_recordings(path).is_ok_and(|found| found == [path]);
            [folder, path]
                .into_iter()
                .find(|path| is_one(path))
                .and_then(|path| sighted_here(&path))
        };
        return spawn_blocking(look).await.map_err(EngineError::stopped);
    }
    let Some((folder, name)) = address.rsplit_once('/') else { return Ok(None) };
    let is_in_folder =
        name == METADATA || Remote::new(&format!("{folder}/{METADATA}"))?.object().await?.is_some();
    if is_in_folder {
        let found = listed_far(&Remote::new(folder)?).await?;
        return Ok(found.into_iter().find(|sighting| sighting.source == folder));
    }
    let name = PathBuf::from(address);
    // A database may be the first file of a folder whose others are on their way.
    if bag::find_remote_recordings(std::slice::from_ref(&name)).is_empty()
        || address.contains(".db3")
    {
        return Ok(None);
    }
    let version = match tag {
        // Elsewhere messages and listings have tags of different kinds.
        Some(tag) if address.starts_with("s3") => tag.clone(),
        _ => match Remote::new(address)?.object().await? {
            Some(object) => version_of(&object),
            None => return Ok(None),
        },
    };
    Ok(Some(Sighting { source: address.clone(), version }))
}

/// What makes files of a folder a rosbag2 recording.
const METADATA: &str = "metadata.yaml";

async fn listed_far(place: &Remote) -> Result<Vec<Sighting>, EngineError> {
    let objects = place.objects().await?;
    let files: Vec<PathBuf> = objects.iter().map(|(address, _)| address.into()).collect();
    let versions: Vec<(&str, String)> =
        objects.iter().map(|(address, object)| (address.as_str(), version_of(object))).collect();
    let sighting = |path: PathBuf| {
        let source = path.to_str()?.to_owned();
        let below = format!("{source}/");
        let parts = versions
            .iter()
            .filter(|(address, _)| *address == source || address.starts_with(&below));
        let parts: Vec<&str> = parts.map(|(_, version)| version.as_str()).collect();
        Some(Sighting { source, version: parts.join(" ") })
    };
    Ok(bag::find_remote_recordings(&files).into_iter().filter_map(sighting).collect())
}

fn version_of(object: &RemoteObject) -> String {
    match (object.tag(), object.size()) {
        (Some(tag), _) => tag.trim_matches('"').to_owned(),
        (None, size) => format!("{} bytes", size.unwrap_or(0)),
    }
}

fn listed_here(folder: &Path) -> Result<(Vec<Sighting>, Vec<BagError>), EngineError> {
    let folder = folder
        .canonicalize()
        .map_err(|source| EngineError::Read { path: folder.to_owned(), source })?;
    let Found { recordings, unreadable, .. } = bag::look_for_recordings(&folder)?;
    // Some programs record into a file of this name, and give it another at its end.
    let is_over = |path: &PathBuf| !path.to_string_lossy().ends_with(".active");
    let whole = recordings.iter().filter(|path| is_over(path));
    Ok((whole.filter_map(|path| sighted_here(path)).collect(), unreadable))
}

/// A file that went meanwhile was not seen.
fn sighted_here(path: &Path) -> Option<Sighting> {
    let version = |metadata: &Metadata| {
        let changed =
            metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        format!("{} {}", metadata.len(), changed.unwrap_or_default().as_nanos())
    };
    let metadata = path.metadata().ok()?;
    let mut versions = Vec::new();
    if metadata.is_dir() {
        for entry in path.read_dir().ok()? {
            let entry = entry.ok()?;
            versions.push(format!("{:?} {}", entry.file_name(), version(&entry.metadata().ok()?)));
        }
        versions.sort();
    } else {
        versions.push(version(&metadata));
    }
    Some(Sighting { source: path.to_str()?.to_owned(), version: versions.join(" ") })
}
