//! What a table says of the data that is attached by it: which file, joined how.
//!
//! The card is a property of the table, so it changes in one commit with it:
//! whoever commits rows sees in the same version whose rows are wanted.

use std::collections::BTreeMap;

use chrono::{SecondsFormat, Utc};
use deltalake::arrow::array::RecordBatch;
use deltalake::kernel::{Metadata, MetadataExt, StructType};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::joining::Joining;
use super::source::{Source, SourceColumn};
use crate::CatalogError;
use crate::deliver::{Change, Left, Outdated};
use crate::schema::{attached_schema, delta_columns};
use crate::table::{Table, View};

const PROPERTY: &str = "roadloop.attached";

/// The version of what this file says.
const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) format: u32,
    /// Counts what was ever attached by this name: what was joined in an
    /// earlier one is joined anew, whether or not it looks the same.
    pub(crate) generation: u64,
    /// Nothing is attached any more.
    #[serde(default)]
    pub(crate) dropped: bool,
    /// The name of the file, as it was given.
    pub(crate) file: String,
    /// Where its rows lie in the store.
    pub(crate) object: String,
    /// A hash of the rows and of all that decides what becomes of them.
    pub(crate) content: String,
    pub(crate) joining: Joining,
    pub(crate) columns: Vec<SourceColumn>,
    pub(crate) notes: Vec<String>,
    pub(crate) rows: u64,
    pub(crate) skipped: u64,
    pub(crate) attached_at: String,
}

impl Card {
    /// `rows` are those of the source, as they are kept.
    pub(crate) fn new(name: &str, source: &Source, rows: &[u8]) -> Result<Card, CatalogError> {
        let mut hash = Sha256::new();
        hash.update(FORMAT.to_le_bytes());
        hash.update(in_json(&source.joining)?);
        hash.update([0]);
        hash.update(rows);
        let digest = hash.finalize();
        let content: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Card {
            format: FORMAT,
            generation: 0,
            dropped: false,
            file: source.file.clone(),
            object: format!("{}/source-{content}.parquet", folder(name)),
            content,
            joining: source.joining.clone(),
            columns: source.columns.clone(),
            notes: source.notes().to_vec(),
            rows: source.num_rows(),
            skipped: source.num_skipped(),
            attached_at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        })
    }

    /// The card of what is attached, or was before it was dropped.
    fn last(view: &View) -> Result<Option<Card>, CatalogError> {
        let Some(text) = view.property(PROPERTY) else { return Ok(None) };
        let damaged = |error: serde_json::Error| CatalogError::DamagedRows {
            what: format!("the property {PROPERTY} of a table says {error}"),
        };
        let card: Card = serde_json::from_str(text).map_err(damaged)?;
        if card.format > FORMAT {
            let table = format!("attached {}", card.file);
            return Err(CatalogError::NewerFormat { table, found: card.format, known: FORMAT });
        }
        Ok(Some(card))
    }

    pub(crate) fn of(view: &View) -> Result<Option<Card>, CatalogError> {
        Ok(Card::last(view)?.filter(|card| !card.dropped))
    }

    /// Whether both are the same rows, joined the same way.
    pub(crate) fn is_same(&self, other: &Card) -> bool {
        self.content == other.content && self.dropped == other.dropped
    }
}

/// Where the rows of a source lie.
pub(crate) fn folder(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

pub(crate) const FOLDER: &str = "attached";

fn in_json(value: &impl Serialize) -> Result<Vec<u8>, CatalogError> {
    serde_json::to_vec(value).map_err(|error| CatalogError::DamagedRows {
        what: format!("a card cannot be written: {error}"),
    })
}

/// The table speaks of other data from now on. Rows of the old stay until they
/// are replaced, unless the columns are others: then they go with them.
pub(crate) struct Claim<'a>(pub(crate) &'a Card);

impl Change for Claim<'_> {
    async fn left(&self, table: &Table, view: &View) -> Result<Left, CatalogError> {
        let last = Card::last(view)?;
        if last.as_ref().is_some_and(|last| last.is_same(self.0)) {
            return Ok(Left::default());
        }
        let generation = last.map_or(0, |last| last.generation) + 1;
        let card = Card { generation, ..self.0.clone() };
        let text = String::from_utf8_lossy(&in_json(&card)?).into_owned();
        let failed = |source| CatalogError::table("change", table.name(), source);
        let in_kernel = |error: deltalake::kernel::Error| failed(error.into());
        let snapshot = view.table.snapshot().map_err(failed)?;
        let mut metadata: Metadata = snapshot.metadata().clone();
        metadata = metadata.add_config_key(PROPERTY.to_owned(), text).map_err(in_kernel)?;
        let mut left = Left::default();
        let schema = attached_schema(&card.columns);
        if card.dropped || table.schema(view)? != schema {
            let columns = StructType::try_new(delta_columns(&schema));
            let columns = columns.map_err(|error| failed(error.into()))?;
            metadata = metadata.with_schema(&columns).map_err(in_kernel)?;
            left.outdated = Some(Outdated::Everything);
        }
        left.metadata = Some(metadata);
        Ok(left)
    }

    fn rows(&self, _: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        Ok(BTreeMap::new())
    }
}
