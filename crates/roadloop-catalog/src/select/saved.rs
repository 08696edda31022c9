//! Saved selections: a card and a file of rows for each version.
//!
//! ```text
//! selections/<name>/1.json                     the card of version 1
//! selections/<name>/frames-<hash>.parquet      its rows, all columns of `frames`
//! ```
//!
//! Rows first, named after their content; then the card, where none is yet, so a
//! version is there whole or not at all and never changes. Saving again makes the
//! next version, unless it would say the same as the newest.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use deltalake::arrow::array::RecordBatch;
use deltalake::logstore::object_store::path::Path;
use deltalake::logstore::object_store::{
    Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
};
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use roadloop_base::{FrameRow, nearest};

use super::{SelectionCard, SelectionName, SelectionRef};
use crate::rows::frame_rows;
use crate::{Catalog, CatalogError};

const FOLDER: &str = "selections";

/// No card is as large: its strata are bounded.
const MAX_CARD_BYTES: u64 = 8 << 20;

/// Others may save under the same name at the same time.
const MAX_OUTRUN: u32 = 20;

/// Saved selections of a store.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    store: Arc<dyn ObjectStore>,
}

/// What is in a selection's folder.
#[derive(Debug, Default)]
struct Folder {
    /// In rising order.
    versions: Vec<u32>,
    objects: Vec<Path>,
}

impl Shelf {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Shelf {
        Shelf { store }
    }

    /// The names, in order, of what has at least a folder.
    pub(super) async fn names(&self) -> Result<Vec<SelectionName>, CatalogError> {
        let listed = self.store.list_with_delimiter(Some(&Path::from(FOLDER))).await;
        let listed = listed.map_err(|source| CatalogError::object("list", FOLDER, source))?;
        let name = |path: &Path| SelectionName::new(path.filename()?).ok();
        let mut names: Vec<_> = listed.common_prefixes.iter().filter_map(name).collect();
        names.sort();
        Ok(names)
    }

    /// All objects there are, in order: what is saved is never changed.
    pub(crate) async fn listed(&self) -> Result<Vec<Path>, CatalogError> {
        let prefix = Path::from(FOLDER);
        let listed: Result<Vec<ObjectMeta>, _> = self.store.list(Some(&prefix)).try_collect().await;
        let listed = listed.map_err(|source| CatalogError::object("list", FOLDER, source))?;
        let mut paths: Vec<Path> = listed.into_iter().map(|meta| meta.location).collect();
        paths.sort();
        Ok(paths)
    }

    async fn folder(&self, name: &SelectionName) -> Result<Folder, CatalogError> {
        let prefix = Path::from(format!("{FOLDER}/{name}"));
        let listed: Result<Vec<ObjectMeta>, _> = self.store.list(Some(&prefix)).try_collect().await;
        let listed =
            listed.map_err(|source| CatalogError::object("list", prefix.as_ref(), source))?;
        let mut folder = Folder::default();
        for ObjectMeta { location, .. } in listed {
            let version = location.filename().and_then(|file| file.strip_suffix(".json"));
            folder.versions.extend(version.and_then(|digits| digits.parse::<u32>().ok()));
            folder.objects.push(location);
        }
        folder.versions.sort_unstable();
        Ok(folder)
    }

    /// The card of the newest version, or of the one asked for; `None` where it
    /// is not there.
    pub(crate) async fn find(
        &self,
        SelectionRef { name, version }: &SelectionRef,
    ) -> Result<Option<SelectionCard>, CatalogError> {
        let newest = async || Ok::<_, CatalogError>(self.folder(name).await?.versions.pop());
        let version = match version {
            Some(version) => Some(*version),
            None => newest().await?,
        };
        match version {
            Some(version) => self.card(name, version).await,
            None => Ok(None),
        }
    }

    async fn card(
        &self,
        name: &SelectionName,
        version: u32,
    ) -> Result<Option<SelectionCard>, CatalogError> {
        let key = card_key(name, version);
        let Some(bytes) = self.read(&key, Some(MAX_CARD_BYTES)).await? else { return Ok(None) };
        let card: SelectionCard = serde_json::from_slice(&bytes)
            .map_err(|source| CatalogError::damaged(key.as_ref(), source))?;
        if card.format > SelectionCard::FORMAT {
            return Err(CatalogError::NewerSelection {
                name: name.to_string(),
                found: card.format,
                known: SelectionCard::FORMAT,
            });
        }
        if card.name != *name || card.version != version || !is_rows_file(&card.rows) {
            let what = format!("the card {key} is of another selection, or names no rows");
            return Err(CatalogError::DamagedRows { what });
        }
        Ok(Some(card))
    }

    /// `None` where nothing has the key.
    async fn read(&self, key: &Path, most: Option<u64>) -> Result<Option<Bytes>, CatalogError> {
        let failed = |source| CatalogError::object("read", key.as_ref(), source);
        let object = match self.store.get(key).await {
            Ok(object) => object,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if most.is_some_and(|most| object.meta.size > most) {
            let what = format!("{key} is too large, with {} bytes", object.meta.size);
            return Err(CatalogError::DamagedRows { what });
        }
        Ok(Some(object.bytes().await.map_err(failed)?))
    }

    /// The rows of a selection, of these columns or of all.
    pub(crate) async fn rows(
        &self,
        card: &SelectionCard,
        columns: Option<&[&str]>,
    ) -> Result<Vec<RecordBatch>, CatalogError> {
        let key = Path::from(format!("{FOLDER}/{}/{}", card.name, card.rows));
        let Some(bytes) = self.read(&key, None).await? else {
            let what = format!("the rows of selection {} are gone: {key}", card.name);
            return Err(CatalogError::DamagedRows { what });
        };
        let columns: Option<Vec<String>> =
            columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let read = move || -> Result<Vec<RecordBatch>, CatalogError> {
            let damaged = |source| CatalogError::damaged(key.as_ref(), source);
            let mut builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(damaged)?;
            if let Some(columns) = columns {
                let names = columns.iter().map(String::as_str);
                let mask = ProjectionMask::columns(builder.parquet_schema(), names);
                builder = builder.with_projection(mask);
            }
            let batches: Result<Vec<_>, _> = builder.build().map_err(damaged)?.collect();
            batches.map_err(|source| CatalogError::damaged(key.as_ref(), source))
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| CatalogError::Stopped)?
    }

    /// Saves a version, or finds that the newest says the same already. The card
    /// gets its version, its time and the name of its rows here.
    pub(super) async fn save(
        &self,
        mut card: SelectionCard,
        rows: Bytes,
    ) -> Result<Saved, CatalogError> {
        let hash = Sha256::digest(&rows);
        let digits: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        card.rows = format!("frames-{digits}.parquet");
        let rows_key = Path::from(format!("{FOLDER}/{}/{}", card.name, card.rows));
        for _ in 0..MAX_OUTRUN {
            let newest = SelectionRef { name: card.name.clone(), version: None };
            let newest = self.find(&newest).await?;
            if let Some(newest) = newest.as_ref().filter(|newest| card.says_the_same_as(newest)) {
                return Ok(Saved { card: newest.clone(), is_new: false });
            }
            let put = self.store.put(&rows_key, rows.clone().into()).await;
            put.map_err(|source| CatalogError::object("write", rows_key.as_ref(), source))?;
            card.version = newest.map_or(0, |newest| newest.version).saturating_add(1);
            card.saved_at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
            let key = card_key(&card.name, card.version);
            let text = serde_json::to_vec_pretty(&card)
                .map_err(|source| CatalogError::damaged(key.as_ref(), source))?;
            let where_none_is = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match self.store.put_opts(&key, text.into(), where_none_is).await {
                Ok(_) => return Ok(Saved { card, is_new: true }),
                Err(Error::AlreadyExists { .. }) => {}
                Err(source) => return Err(CatalogError::object("write", key.as_ref(), source)),
            }
        }
        Err(CatalogError::Contended { attempts: MAX_OUTRUN })
    }
}

/// What became of saving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub card: SelectionCard,
    /// Otherwise the newest version said the same already.
    pub is_new: bool,
}

fn card_key(name: &SelectionName, version: u32) -> Path {
    Path::from(format!("{FOLDER}/{name}/{version}.json"))
}

/// A card comes from outside: its rows lie beside it and nowhere else.
fn is_rows_file(file: &str) -> bool {
    let digits = file.strip_prefix("frames-").and_then(|rest| rest.strip_suffix(".parquet"));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Catalog {
    /// The newest version of each saved selection, by name.
    pub async fn selections(&self) -> Result<Vec<SelectionCard>, CatalogError> {
        let mut cards = Vec::new();
        for name in self.shelf().names().await? {
            cards.extend(self.shelf().find(&SelectionRef { name, version: None }).await?);
        }
        Ok(cards)
    }

    /// The names of saved selections.
    pub async fn selection_names(&self) -> Result<Vec<SelectionName>, CatalogError> {
        self.shelf().names().await
    }

    /// A saved selection's card.
    pub async fn selection(&self, wanted: &SelectionRef) -> Result<SelectionCard, CatalogError> {
        if let Some(card) = self.shelf().find(wanted).await? {
            return Ok(card);
        }
        let versions = self.shelf().folder(&wanted.name).await?.versions;
        if !versions.is_empty() {
            return Err(CatalogError::NoSuchVersion { wanted: wanted.to_string(), versions });
        }
        let names = self.shelf().names().await?;
        let suggestion = nearest(wanted.name.as_str(), names.iter().map(SelectionName::as_str));
        Err(CatalogError::NoSuchSelection {
            wanted: wanted.to_string(),
            suggestion: suggestion.map(str::to_owned),
        })
    }

    /// A saved selection's frames, as they were when it was saved: by time, then
    /// recording, camera and sequence.
    pub async fn selected(&self, card: &SelectionCard) -> Result<Vec<FrameRow>, CatalogError> {
        let mut rows = Vec::new();
        for batch in self.shelf().rows(card, None).await? {
            rows.extend(frame_rows(&batch)?);
        }
        Ok(rows)
    }

    /// The versions of a saved selection, in order.
    pub async fn selection_versions(&self, name: &SelectionName) -> Result<Vec<u32>, CatalogError> {
        self.selection(&SelectionRef { name: name.clone(), version: None }).await?;
        Ok(self.shelf().folder(name).await?.versions)
    }

    /// Forgets a saved selection, all its versions. Its frames stay in the catalog.
    pub async fn drop_selection(&self, name: &SelectionName) -> Result<(), CatalogError> {
        let mut objects = self.shelf().folder(name).await?.objects;
        // Cards first: what has none is not there any more.
        objects.sort_by_key(|path| !path.as_ref().ends_with(".json"));
        for path in objects {
            match self.shelf().store.delete(&path).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(source) => return Err(CatalogError::object("delete", path.as_ref(), source)),
            }
        }
        Ok(())
    }
}
