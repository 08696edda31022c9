//! Attached data: what others know of frames, joined to them.
//!
//! A file (CSV, Parquet, JSON lines) is read once, as a [`Source`]. Its rows are
//! kept in the store, `attached/<name>/source-<hash>.parquet`, and joined to the
//! frames as a [`Joining`] says: every frame takes at most one row, by key or
//! the nearest in time or place. What comes of it is a Delta table of its own,
//! `attrs_<name>`: a row for each frame that the source says something of. A
//! frame without one is not known to it.
//!
//! A recording is joined as a whole: one application transaction, its version
//! a hash over what is attached and the recording's frames. So frames that
//! came later are joined by asking again ([`Joiner`]), what is joined already
//! is left alone, and other data takes the place of the old, recording by
//! recording. `frames` is never touched.
//!
//! What is attached by a name is said by a property of its table (`card.rs`).

mod card;
mod error;
mod instant;
mod join;
mod joining;
mod kinds;
mod matcher;
mod name;
mod nearest;
mod on;
mod sheet;
mod source;
mod tags;
mod unmatched;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use deltalake::logstore::object_store::path::Path;
use deltalake::logstore::object_store::{self, ObjectStore, ObjectStoreExt};
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::WriterProperties;
use futures::TryStreamExt;

use crate::deliver::deliver;
use crate::files::Statistics;
use crate::schema::{attached_schema, frames_schema};
use crate::session::{ATTACHED, TAGS};
use crate::table::{Layout, Table, View};
use crate::{Catalog, CatalogError};
use card::{Card, Claim, folder};

pub use error::AttachError;
pub use join::{JoinGroup, Joined, Joiner, Waiting};
pub use joining::{Joining, Key, Nearest};
pub use kinds::ValueType;
pub use name::{SourceName, Tag};
pub use on::On;
pub use sheet::MAX_FILE_BYTES;
pub use source::{Source, SourceColumn, SourceSettings};
pub use tags::{TagCount, Tagged, Tagging};

pub(crate) use view::AttachedSchema;
use view::joined_column;

/// A source as it is attached.
#[derive(Clone, Debug, PartialEq)]
pub struct Attached {
    pub name: SourceName,
    /// The file it came from, as it was named.
    pub file: String,
    pub joining: Joining,
    pub columns: Vec<SourceColumn>,
    /// Rows of the file that are joined, and those that could not be read.
    pub rows: u64,
    pub skipped: u64,
    /// Frames that have a row.
    pub frames: u64,
    /// How the file was read.
    pub notes: Vec<String>,
    /// UTC, ISO.
    pub attached_at: String,
}

/// Whether attaching changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// These very rows are attached already, joined the same way.
    Already,
    New,
    /// Other rows, or another way to join, were attached before.
    Replaced,
}

impl Catalog {
    /// Attaches a source, in place of what had its name. Its rows are joined by
    /// a [`Joiner`] then.
    pub async fn attach(
        &self,
        name: &SourceName,
        source: &Source,
    ) -> Result<Attachment, CatalogError> {
        let rows = encoded(source).await?;
        let card = Card::new(name.as_str(), source, &rows)?;
        self.check_joined_columns(name, source.columns()).await?;
        let table = self.attached_table(name).await?;
        let last = Card::of(&table.newest().await?)?;
        // The rows first: a table never speaks of ones that are not there.
        let object = Path::from(card.object.as_str());
        let put = self.store().put(&object, rows.into()).await;
        put.map_err(|source| CatalogError::object("write", object.to_string(), source))?;
        deliver(&table, &Claim(&card)).await?;
        if let Some(last) = last.as_ref().filter(|last| last.object != card.object) {
            self.delete(&Path::from(last.object.as_str())).await?;
        }
        Ok(match last {
            Some(last) if last.is_same(&card) => Attachment::Already,
            Some(_) => Attachment::Replaced,
            None => Attachment::New,
        })
    }

    /// Takes back what is attached: the table loses its rows, the store the
    /// source's. Files of the table go when it is vacuumed.
    pub async fn detach(&self, name: &SourceName) -> Result<Attached, CatalogError> {
        let attached = self.attached_as(name).await?;
        let (table, _, card) = self.find_attached(name).await?;
        let card = Card { dropped: true, columns: Vec::new(), ..card };
        deliver(&table, &Claim(&card)).await?;
        let prefix = Path::from(folder(name.as_str()));
        let failed = |source| CatalogError::object("list", prefix.to_string(), source);
        let objects: Vec<_> =
            self.store().list(Some(&prefix)).try_collect().await.map_err(failed)?;
        for object in objects {
            self.delete(&object.location).await?;
        }
        Ok(attached)
    }

    /// What is attached, by name.
    pub async fn attached(&self) -> Result<Vec<Attached>, CatalogError> {
        let mut all = Vec::new();
        for name in self.attached_names().await? {
            match self.attached_as(&name).await {
                Ok(attached) => all.push(attached),
                Err(CatalogError::Attach(AttachError::NotAttached { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// What is attached by a name.
    pub async fn attached_as(&self, name: &SourceName) -> Result<Attached, CatalogError> {
        let (_, _, card) = self.find_attached(name).await?;
        let context = self.session(None).await?;
        let query = format!("SELECT count(*) AS n FROM {}", name.table());
        let mut frames = 0;
        for batch in self.query(&context, &query).await? {
            let counts = crate::rows::Columns(&batch).longs("n")?;
            frames += counts.values().iter().map(|count| *count as u64).sum::<u64>();
        }
        let Card { file, joining, columns, rows, skipped, notes, attached_at, .. } = card;
        let name = name.clone();
        Ok(Attached { name, file, joining, columns, rows, skipped, frames, notes, attached_at })
    }

    /// Names under which rows lie in the store.
    pub(crate) async fn attached_names(&self) -> Result<BTreeSet<SourceName>, CatalogError> {
        let prefix = Path::from(card::FOLDER);
        let listed = self.store().list_with_delimiter(Some(&prefix)).await;
        let listed = listed.map_err(|source| CatalogError::object("list", card::FOLDER, source))?;
        let names = listed.common_prefixes.iter().filter_map(|folder| folder.filename());
        Ok(names.filter_map(|name| SourceName::new(name).ok()).collect())
    }

    /// The table of a source at its newest version, and what it says.
    pub(crate) async fn find_attached(
        &self,
        name: &SourceName,
    ) -> Result<(Arc<Table>, View, Card), CatalogError> {
        if let Some(table) = self.table_of(&layout(name), Missing::Left).await? {
            let view = table.newest().await?;
            if let Some(card) = Card::of(&view)? {
                return Ok((table, view, card));
            }
        }
        let known: Vec<String> =
            self.attached_names().await?.iter().map(ToString::to_string).collect();
        let known = match known.is_empty() {
            true => "nothing is attached yet".to_owned(),
            false => format!("known are {}", known.join(", ")),
        };
        Err(AttachError::NotAttached { name: name.to_string(), known }.into())
    }

    /// The tables of attached data, by name; those of what was detached too.
    pub(crate) async fn attached_tables(&self) -> Result<Vec<Arc<Table>>, CatalogError> {
        let prefix = Path::from("tables");
        let listed = self.store().list_with_delimiter(Some(&prefix)).await;
        let listed = listed.map_err(|source| CatalogError::object("list", "tables", source))?;
        let mut tables = Vec::new();
        for folder in listed.common_prefixes {
            let Some(name) = folder.filename().and_then(|name| name.strip_prefix(ATTACHED)) else {
                continue;
            };
            let layout = match SourceName::new(name) {
                Ok(name) => layout(&name),
                Err(_) if folder.filename() == Some(TAGS) => tags::layout(),
                Err(_) => continue,
            };
            tables.extend(self.table_of(&layout, Missing::Left).await?);
        }
        Ok(tables)
    }

    async fn attached_table(&self, name: &SourceName) -> Result<Arc<Table>, CatalogError> {
        let layout = layout(name);
        let table = self.table_of(&layout, Missing::Made).await?;
        table.ok_or_else(|| CatalogError::NotOurs { table: layout.name })
    }

    /// In `frames_joined` every column has a name of its own.
    async fn check_joined_columns(
        &self,
        name: &SourceName,
        columns: &[SourceColumn],
    ) -> Result<(), CatalogError> {
        let mut taken: Vec<(String, String)> = Vec::new();
        for field in frames_schema().fields() {
            taken.push((field.name().clone(), "frames has it".to_owned()));
        }
        taken.push(("tags".to_owned(), "it is that of tags".to_owned()));
        for other in self.attached_names().await? {
            if other == *name {
                continue;
            }
            let Ok((_, _, card)) = self.find_attached(&other).await else { continue };
            for column in &card.columns {
                taken.push((joined_column(&other, &column.name), format!("{other} has it")));
            }
        }
        for column in columns {
            let joined = joined_column(name, &column.name);
            if let Some((_, whose)) = taken.iter().find(|(there, _)| *there == joined) {
                let reason = format!(
                    "column {} of {name} would be {joined} among the joined columns, and {whose} \
                     already; choose another name for either",
                    column.name
                );
                return Err(AttachError::BadName { name: name.to_string(), reason }.into());
            }
        }
        Ok(())
    }

    async fn delete(&self, key: &Path) -> Result<(), CatalogError> {
        match self.store().delete(key).await {
            // Somebody else replaced it too.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(CatalogError::object("delete", key.to_string(), source)),
        }
    }
}

/// What is done where a table is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Made,
    Left,
}

fn layout(name: &SourceName) -> Layout {
    Layout { name: name.table(), schema: attached_schema(&[]), statistics: Statistics::First }
}

/// The rows of a source as they are kept.
async fn encoded(source: &Source) -> Result<Bytes, CatalogError> {
    let rows = source.rows.clone();
    let encode = move || -> Result<Bytes, CatalogError> {
        let compression = Compression::ZSTD(ZstdLevel::try_new(1)?);
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties))?;
        writer.write(&rows)?;
        writer.close()?;
        Ok(Bytes::from(bytes))
    };
    tokio::task::spawn_blocking(encode).await.map_err(|_| CatalogError::Stopped)?
}

#[cfg(test)]
mod tests;
