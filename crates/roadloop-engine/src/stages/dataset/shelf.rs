//! Datasets that were made: a card for each version, and frozen rows.
//!
//! ```text
//! datasets/<name>/1.json                        the card of version 1
//! datasets/<name>/samples-<id>.jsonl.zst        its rows, a sample a line
//! imported/<2 digits>/<sha256>.<end>            images that came with a dataset of others
//! ```
//!
//! Rows first, named after their content; then the card, where none is yet: a version is
//! there whole or not at all, and never changes.

use std::collections::BTreeMap;
use std::io::Cursor;

use bytes::Bytes;
use roadloop_base::{Skip, nearest};
use roadloop_dataset::{Card, DatasetName, DatasetRef, RowReader, RowWriter, Sample};
use roadloop_store::StoreError;

use crate::versions::{self, put_version};
use crate::{Ctx, EngineError};

const FOLDER: &str = "datasets";
/// No card is as large.
const MAX_CARD_BYTES: u64 = 32 << 20;
/// Others may make one of the same name at the same time.
const MAX_OUTRUN: u32 = 20;

/// What became of making one.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub card: Card,
    /// Otherwise the newest version of that name held the same already.
    pub is_new: bool,
}

/// Rows on their way, and the id that follows from them.
pub(super) struct Frozen {
    pub(super) id: String,
    rows: Bytes,
}

/// Samples, which must be in their order, as they are kept.
pub(super) fn freeze(classes: &[String], samples: &[Sample]) -> Result<Frozen, EngineError> {
    let failed = |source| EngineError::Table { source: Box::new(source) };
    let mut rows = RowWriter::new(Vec::new(), classes).map_err(failed)?;
    for sample in samples {
        rows.write(sample).map_err(failed)?;
    }
    let (rows, id) = rows.finish().map_err(failed)?;
    Ok(Frozen { id, rows: rows.into() })
}

fn card_key(name: &DatasetName, version: u32) -> String {
    versions::card_key(FOLDER, name.as_str(), version)
}

fn rows_key(card: &Card) -> String {
    let digits: String = card.id.chars().take(16).collect();
    format!("{FOLDER}/{}/samples-{digits}.jsonl.zst", card.name)
}

/// Keeps a dataset; its card gets its version here.
pub(super) async fn save(ctx: &Ctx, mut card: Card, frozen: Frozen) -> Result<Made, EngineError> {
    card.id.clone_from(&frozen.id);
    for _ in 0..MAX_OUTRUN {
        let newest = versions(ctx, &card.name).await?.last().copied();
        // A card that cannot be read any more is no reason not to make the next one.
        let there = match newest {
            Some(version) => read(ctx, &card.name, version).await.ok(),
            None => None,
        };
        let same = there.filter(|there| says_the_same(&card, there));
        if !has_rows(ctx, &card, &frozen).await? {
            ctx.store.put(&rows_key(&card), frozen.rows.clone()).await?;
        }
        if let Some(card) = same {
            return Ok(Made { card, is_new: false });
        }
        card.version = newest.unwrap_or(0).saturating_add(1);
        let key = card_key(&card.name, card.version);
        let text = serde_json::to_vec_pretty(&card)
            .map_err(|source| EngineError::DatasetCard { key: key.clone(), source })?;
        if put_version(&ctx.store, &key, text).await? {
            return Ok(Made { card, is_new: true });
        }
    }
    Err(EngineError::DatasetOutrun { name: card.name.to_string() })
}

/// Whether these very rows are kept already: what was lost or damaged is put back.
async fn has_rows(ctx: &Ctx, card: &Card, frozen: &Frozen) -> Result<bool, EngineError> {
    match ctx.store.get(&rows_key(card)).await {
        Ok(there) => Ok(there == frozen.rows),
        Err(StoreError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether a new version would say nothing new.
fn says_the_same(card: &Card, newest: &Card) -> bool {
    card.id == newest.id && card.license == newest.license && card.description == newest.description
}

/// Versions of a name, rising; none where there is no such dataset.
pub async fn versions(ctx: &Ctx, name: &DatasetName) -> Result<Vec<u32>, EngineError> {
    versions::versions(&ctx.store, FOLDER, name.as_str()).await
}

/// All names there are, with their versions, rising.
async fn names(ctx: &Ctx) -> Result<BTreeMap<DatasetName, Vec<u32>>, EngineError> {
    let names = versions::names(&ctx.store, FOLDER).await?.into_iter();
    Ok(names
        .filter_map(|(name, versions)| Some((DatasetName::new(name).ok()?, versions)))
        .collect())
}

/// The newest card of a dataset, and all its versions, rising.
#[derive(Clone, Debug)]
pub struct Listed {
    pub newest: Card,
    pub versions: Vec<u32>,
}

/// All datasets, by name, and cards that cannot be read.
pub async fn list(ctx: &Ctx) -> Result<(Vec<Listed>, Vec<Skip>), EngineError> {
    let (mut listed, mut skipped) = (Vec::new(), Vec::new());
    for (name, versions) in names(ctx).await? {
        let version = versions.last().copied().unwrap_or_default();
        match read(ctx, &name, version).await {
            Ok(newest) => listed.push(Listed { newest, versions }),
            Err(EngineError::Store(error)) if error.is_of_the_store() => return Err(error.into()),
            Err(error) => {
                let place = format!("dataset {name}@{version}");
                skipped.push(Skip::new(place, error.to_string()));
            }
        }
    }
    Ok((listed, skipped))
}

/// The card of a dataset, or what there is in its place.
pub async fn card(ctx: &Ctx, wanted: &DatasetRef) -> Result<Card, EngineError> {
    let versions = versions(ctx, &wanted.name).await?;
    let version = match (wanted.version, versions.last()) {
        (Some(version), Some(_)) if versions.contains(&version) => version,
        (None, Some(newest)) => *newest,
        (Some(_), Some(_)) => {
            return Err(EngineError::NoSuchDatasetVersion { wanted: wanted.to_string(), versions });
        }
        (_, None) => {
            let known = names(ctx).await?;
            let suggestion = nearest(wanted.name.as_str(), known.keys().map(DatasetName::as_str));
            return Err(EngineError::NoSuchDataset {
                wanted: wanted.to_string(),
                suggestion: suggestion.map(str::to_owned),
            });
        }
    };
    read(ctx, &wanted.name, version).await
}

async fn read(ctx: &Ctx, name: &DatasetName, version: u32) -> Result<Card, EngineError> {
    let key = card_key(name, version);
    let damaged = |reason: String| EngineError::DamagedDataset { key: key.clone(), reason };
    let bytes = ctx.store.glance(&key).await?.bytes;
    if bytes > MAX_CARD_BYTES {
        return Err(damaged(format!("a card of {bytes} bytes")));
    }
    let card: Card = serde_json::from_slice(&ctx.store.get(&key).await?)
        .map_err(|source| EngineError::DatasetCard { key: key.clone(), source })?;
    if card.format > Card::FORMAT {
        return Err(EngineError::NewerDataset { key, found: card.format, known: Card::FORMAT });
    }
    let is_hash = card.id.len() == 64 && card.id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if card.name != *name || card.version != version || !is_hash {
        return Err(damaged("the card is of another dataset".to_owned()));
    }
    Ok(card)
}

/// The frozen rows, one after the other. Reading them blocks.
pub async fn rows(ctx: &Ctx, card: &Card) -> Result<Rows, EngineError> {
    let key = rows_key(card);
    let rows = match ctx.store.get(&key).await {
        Ok(rows) => rows,
        Err(StoreError::NotFound { .. }) => return Err(EngineError::LostRows { key }),
        Err(error) => return Err(error.into()),
    };
    Ok(RowReader::verifying(Cursor::new(rows), &card.classes, &card.id)?)
}

/// Samples of a dataset, in their order.
pub type Rows = RowReader<Cursor<Bytes>>;

/// All rows at once, for what looks at them more than once.
pub async fn samples(ctx: &Ctx, card: &Card) -> Result<Vec<Sample>, EngineError> {
    let rows = rows(ctx, card).await?;
    let all = ctx.cpu.run(move || rows.collect::<Result<Vec<_>, _>>()).await?;
    Ok(all?)
}

/// Forgets a dataset, all its versions; images it was imported with stay, as others may
/// have them too.
pub async fn forget(ctx: &Ctx, name: &DatasetName) -> Result<u64, EngineError> {
    let wanted = DatasetRef { name: name.clone(), version: None };
    card(ctx, &wanted).await?;
    let mut listed = ctx.store.list(&format!("{FOLDER}/{name}")).await?;
    // Cards first: rows without one are nobody's.
    listed.sort_by_key(|object| !object.key.ends_with(".json"));
    let cards = listed.iter().filter(|object| object.key.ends_with(".json")).count();
    for object in &listed {
        ctx.store.remove(&object.key).await?;
    }
    Ok(cards as u64)
}
