//! Images of chosen frames, copied to a place outside the store: for labelling,
//! for other programs. Anonymised copies, unless raw frames are asked for.
//!
//! `<recording>/<camera>/<file>`, and last, when all of them are there, an input
//! manifest as SageMaker Ground Truth takes it: `{"source-ref": "…"}` a line, in
//! the order of the frames. What is there with the same size is left alone, so a
//! copy that was stopped goes on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::json;

use roadloop_base::{FrameId, FrameRow, Part, RecordingId, Report, Skip, anonymized_of, images_of};
use roadloop_store::{Staged, Store, StoreError};

use super::redact;
use super::search::Shown;
use crate::{Ctx, EngineError, JobStart, Unit};

/// The manifest's name in the place.
pub const MANIFEST: &str = "input.manifest";

/// Files made visible together: each time, folders are synced.
const PUBLISH_FILES: usize = 64;

/// A place outside, by its URI: a folder or what stores there are.
#[derive(Clone, Debug)]
pub struct Place {
    uri: String,
    /// Absent while nothing is there and nothing is to be made.
    store: Option<Store>,
}

impl Place {
    /// Opens a place; a folder is made when missing.
    pub async fn open(uri: &str) -> Result<Place, EngineError> {
        let store = roadloop_store::open(uri)?;
        store.reach().await?;
        let store = Some(store);
        Ok(Place { uri: uri.trim_end_matches('/').to_owned(), store })
    }

    /// To be looked at only: a folder that is not there is not made.
    pub async fn look_at(uri: &str) -> Result<Place, EngineError> {
        if roadloop_store::folder_of(uri).is_some_and(|folder| !folder.exists()) {
            return Ok(Place { uri: uri.trim_end_matches('/').to_owned(), store: None });
        }
        Place::open(uri).await
    }

    /// What a manifest calls an object of this place: its path on this machine,
    /// its URI elsewhere.
    fn source_ref(&self, key: &str) -> String {
        match self.store.as_ref().and_then(|store| store.local_path(key)) {
            Some(path) => path.display().to_string(),
            None => format!("{}/{key}", self.uri),
        }
    }

    async fn sizes(&self, recording: &RecordingId) -> Result<HashMap<String, u64>, EngineError> {
        match &self.store {
            Some(store) => sizes(store, recording.as_str()).await,
            None => Ok(HashMap::new()),
        }
    }
}

/// What is to be done, image by image.
#[derive(Debug)]
pub struct Plan {
    /// In the order of the frames.
    images: Vec<Planned>,
    pub skipped: Vec<Skip>,
    shown: Shown,
}

#[derive(Debug)]
struct Planned {
    row: FrameRow,
    bytes: u64,
    key: String,
    is_there: bool,
}

impl Plan {
    /// Images that are to be copied.
    pub fn images(&self) -> u64 {
        self.left().count() as u64
    }

    /// Their bytes.
    pub fn bytes(&self) -> u64 {
        self.left().map(|image| image.bytes).sum()
    }

    pub fn already_there(&self) -> u64 {
        self.images.iter().filter(|image| image.is_there).count() as u64
    }

    fn left(&self) -> impl Iterator<Item = &Planned> {
        self.images.iter().filter(|image| !image.is_there)
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Copied {
    pub report: Report,
    /// Where the manifest is, and its lines.
    pub manifest: Option<(String, u64)>,
}

/// Looks which images there are, here and there.
pub async fn plan(
    ctx: &Ctx,
    rows: Vec<FrameRow>,
    place: &Place,
    shown: Shown,
) -> Result<Plan, EngineError> {
    let recordings: BTreeSet<RecordingId> =
        rows.iter().map(|row| row.id.recording.clone()).collect();
    let mut here = BTreeMap::new();
    for recording in recordings {
        here.insert(recording.clone(), Here::look(ctx, &recording, place, shown).await?);
    }
    let mut plan = Plan { images: Vec::new(), skipped: Vec::new(), shown };
    for row in rows {
        let Some(here) = here.get(&row.id.recording) else { continue };
        let source = match shown {
            Shown::Anonymized => redact::redacted_key(&row),
            Shown::Raw => row.image.clone(),
        };
        let is_known = here.anonymized.as_ref().is_none_or(|ids| ids.contains(&row.id));
        let bytes = here.sizes.get(&source).copied().filter(|bytes| is_known && *bytes > 0);
        let name = source.split_once('/').map(|(_, name)| name.to_owned());
        let (Some(bytes), Some(key)) = (bytes, name) else {
            let reason = match shown {
                Shown::Anonymized => "it has no anonymised copy",
                Shown::Raw => "its image is not in the store",
            };
            plan.skipped.push(Skip::new(format!("frame {}", row.id), reason));
            continue;
        };
        let is_there = here.there.get(&key) == Some(&bytes);
        plan.images.push(Planned { row, bytes, key, is_there });
    }
    Ok(plan)
}

/// What is known of a recording's images.
struct Here {
    /// By key, in the store.
    sizes: HashMap<String, u64>,
    /// By key, in the place.
    there: HashMap<String, u64>,
    /// Frames whose copies are whole, where those are wanted.
    anonymized: Option<BTreeSet<FrameId>>,
}

impl Here {
    async fn look(
        ctx: &Ctx,
        recording: &RecordingId,
        place: &Place,
        shown: Shown,
    ) -> Result<Here, EngineError> {
        let (prefix, anonymized) = match shown {
            Shown::Anonymized => (
                anonymized_of(recording),
                Some(ctx.catalog.anonymized(&Part::whole(recording.clone())).await?),
            ),
            Shown::Raw => (images_of(recording), None),
        };
        let sizes = sizes(&ctx.store, &prefix).await?;
        Ok(Here { sizes, there: place.sizes(recording).await?, anonymized })
    }
}

async fn sizes(store: &Store, prefix: &str) -> Result<HashMap<String, u64>, EngineError> {
    let listed = store.list(prefix).await?;
    Ok(listed.into_iter().map(|object| (object.key, object.bytes)).collect())
}

/// Copies what is left of a plan, and puts the manifest where it is wanted.
pub async fn run(
    ctx: &Ctx,
    plan: Plan,
    place: &Place,
    manifest: bool,
) -> Result<Copied, EngineError> {
    let (already_done, units) = (plan.already_there(), Some(plan.images()));
    let Plan { images, skipped, shown } = plan;
    let mut report = Report { done: 0, already_done, skipped };
    let (recording, unit, bytes) = (None, Unit::Frames, None);
    let meter = ctx.progress.start(JobStart { job: "copy", recording, unit, units, bytes });
    for skip in &report.skipped {
        meter.skipped(skip);
    }
    let Some(store) = &place.store else {
        let key = place.uri.clone();
        return Err(StoreError::NotFound { key }.into());
    };
    let mut keys = Vec::new();
    if manifest {
        keys.extend(images.iter().map(|image| image.key.clone()));
    }
    let mut lost = BTreeSet::new();
    let mut staged = Vec::new();
    let left = images.into_iter().filter(|image| !image.is_there);
    let copies = stream::iter(left).map(|image| stage(ctx, store, image, shown));
    let mut copies = copies.buffered(2 * ctx.cpu.jobs());
    while let Some(copied) = copies.next().await {
        match copied? {
            Ok(image) => {
                staged.push(image);
                report.done += 1;
            }
            Err((key, skip)) => {
                meter.skipped(&skip);
                report.skipped.push(skip);
                lost.insert(key);
            }
        }
        meter.advance(1, 0);
        if staged.len() >= PUBLISH_FILES {
            store.publish(std::mem::take(&mut staged)).await?;
        }
    }
    store.publish(staged).await?;
    meter.finish(&report);
    if !manifest {
        return Ok(Copied { report, manifest: None });
    }
    keys.retain(|key| !lost.contains(key));
    let mut text = String::new();
    for key in &keys {
        text += &json!({"source-ref": place.source_ref(key)}).to_string();
        text.push('\n');
    }
    store.put(MANIFEST, Bytes::from(text)).await?;
    let manifest = Some((place.source_ref(MANIFEST), keys.len() as u64));
    Ok(Copied { report, manifest })
}

/// An image on its way, or the key it would have had and why it has none.
async fn stage(
    ctx: &Ctx,
    store: &Store,
    image: Planned,
    shown: Shown,
) -> Result<Result<Staged, (String, Skip)>, EngineError> {
    let read = match shown {
        Shown::Anonymized => redact::load(ctx, &image.row).await.map(|redacted| redacted.image),
        Shown::Raw => ctx.store.get(&image.row.image).await.map_err(EngineError::from),
    };
    match read {
        Ok(bytes) => Ok(Ok(store.stage(&image.key, bytes).await?)),
        // It was there a moment ago.
        Err(EngineError::Store(error @ StoreError::NotFound { .. })) => {
            let reason = error.to_string();
            Ok(Err((image.key, Skip::new(format!("frame {}", image.row.id), reason))))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
