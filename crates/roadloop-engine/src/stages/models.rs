//! Models that were trained: an ONNX file and a card that says where each comes from.
//!
//! ```text
//! models/<name>/1.json                  the card of version 1
//! models/<name>/<sha256>.onnx           its network, named after its content
//! ```
//!
//! The file first, then the card, where none is yet: a version is there whole or not at all.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use roadloop_base::{Skip, is_plain_name, nearest, split_version};
use roadloop_vision::ModelSource;
use serde::{Deserialize, Serialize};

use super::dataset::sha256;
use super::runs;
use crate::versions::{self, card_key, put_version};
use crate::{Ctx, EngineError};

const FOLDER: &str = "models";
/// Others may make one of the same name at the same time.
const MAX_OUTRUN: u32 = 20;
/// No card is as large.
const MAX_CARD_BYTES: u64 = 32 << 20;

/// Where a model comes from and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Version of this form.
    pub format: u32,
    pub name: String,
    pub version: u32,
    /// Milliseconds since 1970, UTC.
    pub made_at_ms: i64,
    /// SHA-256 of its file, and the file's length.
    pub sha256: String,
    pub bytes: u64,
    /// The architecture: `yolox-nano`.
    pub network: String,
    /// Side of the images it takes, pixels.
    pub data_shape: u32,
    pub classes: Vec<String>,
    /// The run it is of, and the epoch, counted from 0.
    pub run: String,
    pub epoch: u32,
    /// `cars@3`, and the dataset's own SHA-256.
    pub dataset: String,
    pub dataset_id: String,
    /// What it came to on the validation split: `val:mAP`, …
    pub metrics: BTreeMap<String, f64>,
    /// The largest difference between what ONNX Runtime and the trainer say of the same image.
    pub agreement: f64,
}

impl ModelCard {
    pub const FORMAT: u32 = 1;

    /// `cars@3`.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn file_key(&self) -> String {
        format!("{FOLDER}/{}/{}.onnx", self.name, self.sha256)
    }
}

/// A detector that can be evaluated, and where it comes from.
#[derive(Clone, Debug)]
pub struct NamedModel {
    pub source: ModelSource,
    /// As it is shown.
    pub name: String,
    pub card: Option<ModelCard>,
}

/// Keeps a model; its card gets its version and the hash of its file here.
pub(super) async fn save(
    ctx: &Ctx,
    mut card: ModelCard,
    onnx: Vec<u8>,
) -> Result<ModelCard, EngineError> {
    card.sha256 = sha256(&onnx);
    card.bytes = onnx.len() as u64;
    ctx.store.put(&card.file_key(), onnx.into()).await?;
    for _ in 0..MAX_OUTRUN {
        let newest = versions::versions(&ctx.store, FOLDER, &card.name).await?.last().copied();
        card.version = newest.unwrap_or(0).saturating_add(1);
        let key = card_key(FOLDER, &card.name, card.version);
        let text = serde_json::to_vec_pretty(&card).map_err(|error| EngineError::DamagedModel {
            key: key.clone(),
            reason: error.to_string(),
        })?;
        if put_version(&ctx.store, &key, text).await? {
            return Ok(card);
        }
    }
    Err(EngineError::ModelOutrun { name: card.name })
}

/// All models, the newest version of each, and cards that cannot be read.
pub async fn list(ctx: &Ctx) -> Result<(Vec<ModelCard>, Vec<Skip>), EngineError> {
    let (mut cards, mut skipped) = (Vec::new(), Vec::new());
    for (name, versions) in versions::names(&ctx.store, FOLDER).await? {
        let version = versions.last().copied().unwrap_or_default();
        match read(ctx, &name, version).await {
            Ok(card) => cards.push(card),
            Err(EngineError::Store(error)) if error.is_of_the_store() => return Err(error.into()),
            Err(error) => {
                skipped.push(Skip::new(format!("model {name}@{version}"), error.to_string()));
            }
        }
    }
    Ok((cards, skipped))
}

/// Models of a run, oldest first.
pub async fn of_run(ctx: &Ctx, run: &str) -> Result<Vec<ModelCard>, EngineError> {
    let mut cards = Vec::new();
    for (name, versions) in versions::names(&ctx.store, FOLDER).await? {
        for version in versions {
            if let Ok(card) = read(ctx, &name, version).await
                && card.run == run
            {
                cards.push(card);
            }
        }
    }
    Ok(cards)
}

/// A model as people name it: `cars`, `cars@3`, a run (the model of its best epoch), or a file.
pub async fn find(ctx: &Ctx, wanted: &str) -> Result<NamedModel, EngineError> {
    // What has an end or a folder is a file; so is what lies there.
    let path = PathBuf::from(wanted);
    if wanted.contains(['/', '\\']) || path.extension().is_some() || path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(NamedModel { source: ModelSource::File(path), name, card: None });
    }
    let (name, version) = split_version(wanted)
        .map_err(|_| EngineError::NoSuchModel { wanted: wanted.to_owned(), suggestion: None })?;
    let names = versions::names(&ctx.store, FOLDER).await?;
    let found = match (names.get(name), version) {
        (Some(versions), Some(version)) if versions.contains(&version) => Some(version),
        (Some(versions), None) => versions.last().copied(),
        _ => None,
    };
    let card = match found {
        Some(version) => read(ctx, name, version).await?,
        None if is_plain_name(name) && runs::open(ctx, name).await.is_ok() => {
            let cards = of_run(ctx, name).await?;
            cards
                .into_iter()
                .next_back()
                .ok_or_else(|| EngineError::NoModelYet { run: name.to_owned() })?
        }
        None => {
            let suggestion = nearest(name, names.keys().map(String::as_str)).map(str::to_owned);
            return Err(EngineError::NoSuchModel { wanted: wanted.to_owned(), suggestion });
        }
    };
    let bytes = ctx.store.get(&card.file_key()).await?;
    if sha256(&bytes) != card.sha256 {
        let reason = "its file is another one than when it was made".to_owned();
        return Err(EngineError::DamagedModel { key: card.file_key(), reason });
    }
    let name = card.reference();
    let source = ModelSource::Bytes { name: card.name.clone().into(), bytes };
    Ok(NamedModel { source, name, card: Some(card) })
}

/// The file of a model.
pub async fn file(ctx: &Ctx, card: &ModelCard) -> Result<Bytes, EngineError> {
    Ok(ctx.store.get(&card.file_key()).await?)
}

async fn read(ctx: &Ctx, name: &str, version: u32) -> Result<ModelCard, EngineError> {
    let key = card_key(FOLDER, name, version);
    let damaged = |reason: String| EngineError::DamagedModel { key: key.clone(), reason };
    let bytes = ctx.store.glance(&key).await?.bytes;
    if bytes > MAX_CARD_BYTES {
        return Err(damaged(format!("a card of {bytes} bytes")));
    }
    let card: ModelCard = serde_json::from_slice(&ctx.store.get(&key).await?)
        .map_err(|error| damaged(error.to_string()))?;
    if card.format > ModelCard::FORMAT {
        return Err(damaged(format!("its form is {}, newer than this program", card.format)));
    }
    let is_hash =
        card.sha256.len() == 64 && card.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    if card.name != name || card.version != version || !is_hash {
        return Err(damaged("the card is of another model".to_owned()));
    }
    Ok(card)
}
