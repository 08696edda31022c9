//! What the tables hold, and in what shape they are.

use std::collections::BTreeSet;

use deltalake::logstore::object_store::ObjectStore;
use futures::TryStreamExt;

use super::{CompactOptions, Compaction, log_files};
use crate::files;
use crate::rows::Columns;
use crate::table::Table;
use crate::{Catalog, CatalogError};

/// The catalog in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogStats {
    pub recordings: u64,
    pub cameras: u64,
    pub labels: u64,
    pub tables: Vec<TableStats>,
}

/// A table in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct TableStats {
    pub table: String,
    /// Where another engine wrote files without statistics, those it can tell.
    pub rows: u64,
    pub dates: u64,
    pub files: u64,
    pub bytes: u64,
    /// Data files that are not in the newest version: of older ones, or left
    /// over.
    pub old_files: u64,
    pub old_bytes: u64,
    pub log_files: u64,
    pub log_bytes: u64,
    pub newest_version: u64,
    /// The oldest one the log can tell of.
    pub oldest_version: u64,
    /// Shards whose delivery is remembered.
    pub shards: u64,
    /// What a compaction would bring.
    pub compaction: Compaction,
}

impl Catalog {
    pub async fn stats(&self, options: &CompactOptions) -> Result<CatalogStats, CatalogError> {
        let plans = self.plan_compaction(options).await?;
        let mut tables = Vec::new();
        for (table, compaction) in self.tables().await?.into_iter().zip(plans) {
            tables.push(stats_of(&table, compaction).await?);
        }
        let context = self.session(None).await?;
        let count = async |query: &str| -> Result<u64, CatalogError> {
            let batches = self.query(&context, query).await?;
            let Some(batch) = batches.first() else { return Ok(0) };
            Ok(Columns(batch).longs("n")?.value(0).max(0) as u64)
        };
        // Two levels: a distinct count does not spill.
        let distinct = |column: &str, table: &str| {
            format!("SELECT count(*) AS n FROM (SELECT {column} FROM {table} GROUP BY {column})")
        };
        Ok(CatalogStats {
            recordings: count(&distinct("recording", "frames")).await?,
            cameras: count(&distinct("camera", "frames")).await?,
            labels: count(&distinct("label", "detections")).await?,
            tables,
        })
    }
}

async fn stats_of(table: &Table, compaction: Compaction) -> Result<TableStats, CatalogError> {
    let view = table.newest().await?;
    let active = files::active(table, &view).await?;
    let dates: BTreeSet<&str> = active.iter().map(|file| file.date.as_str()).collect();
    let failed = |source| CatalogError::object("list", "", source);
    let (mut files, mut bytes) = (0, 0);
    let mut listed = table.store().list(None);
    while let Some(file) = listed.try_next().await.map_err(failed)? {
        if !file.location.as_ref().starts_with(['_', '.']) {
            files += 1;
            bytes += file.size;
        }
    }
    let log = log_files::list(table).await?;
    let active_bytes = active.iter().map(|file| file.bytes).sum();
    Ok(TableStats {
        table: table.name().to_owned(),
        rows: active.iter().filter_map(files::DataFile::rows).sum(),
        dates: dates.len() as u64,
        files: active.len() as u64,
        bytes: active_bytes,
        old_files: u64::saturating_sub(files, active.len() as u64),
        old_bytes: u64::saturating_sub(bytes, active_bytes),
        log_files: log.len() as u64,
        log_bytes: log.iter().map(|file| file.bytes).sum(),
        newest_version: view.version(),
        oldest_version: log_files::oldest(&log),
        shards: view.transactions.len(),
        compaction,
    })
}
