//! The versions of a table, and what each changed.

use deltalake::kernel::Version;
use deltalake::logstore::LogStore;
use serde_json::Value;

use super::iso;
use crate::table::Table;
use crate::{Catalog, CatalogError};

/// The versions of a table that its log still tells of, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct TableHistory {
    pub table: String,
    pub changes: Vec<Change>,
}

/// What a version changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub version: u64,
    /// ISO, UTC.
    pub at: Option<String>,
    /// `create`, `deliver`, `replace`, `compact`, `vacuum`, or in the words of
    /// another engine.
    pub operation: String,
    pub files_added: u64,
    pub files_removed: u64,
    pub rows_added: u64,
    /// Not known of versions of before it was noted.
    pub rows_removed: Option<u64>,
    /// Shards that were delivered.
    pub shards: u64,
}

impl Catalog {
    /// The history of each table, at most so many versions of each.
    pub async fn history(&self, limit: usize) -> Result<Vec<TableHistory>, CatalogError> {
        let mut histories = Vec::new();
        for table in self.tables().await? {
            let newest = table.newest().await?.version();
            let mut changes = Vec::new();
            for version in (0..=newest).rev().take(limit) {
                // Where the log was cleaned, the history begins.
                let Some(change) = change(&table, version).await? else { break };
                changes.push(change);
            }
            histories.push(TableHistory { table: table.name().to_owned(), changes });
        }
        Ok(histories)
    }
}

async fn change(table: &Table, version: Version) -> Result<Option<Change>, CatalogError> {
    let failed = |source| CatalogError::table("read", table.name(), source);
    let commit = table.log().read_commit_entry(version).await.map_err(failed)?;
    Ok(commit.map(|commit| parse(version, &commit)))
}

fn parse(version: Version, commit: &[u8]) -> Change {
    let mut change = Change {
        version,
        at: None,
        operation: String::new(),
        files_added: 0,
        files_removed: 0,
        rows_added: 0,
        rows_removed: None,
        shards: 0,
    };
    for line in commit.split(|byte| *byte == b'\n') {
        let Ok(action) = serde_json::from_slice::<Value>(line) else { continue };
        if let Some(add) = action.get("add") {
            change.files_added += 1;
            let stats = add["stats"].as_str().unwrap_or_default();
            let stats: Value = serde_json::from_str(stats).unwrap_or_default();
            change.rows_added += stats["numRecords"].as_u64().unwrap_or(0);
        } else if action.get("remove").is_some() {
            change.files_removed += 1;
        } else if let Some(txn) = action.get("txn") {
            // Notes that a stream has begun come without a time.
            change.shards += u64::from(txn["lastUpdated"].is_i64());
        } else if let Some(info) = action.get("commitInfo") {
            change.at = info["timestamp"].as_i64().map(iso);
            change.operation = info["operation"].as_str().unwrap_or_default().to_owned();
            change.rows_removed = info["operationMetrics"]["numRemovedRows"].as_u64();
        }
    }
    if change.files_removed == 0 {
        change.rows_removed = Some(0);
    }
    change.operation = match change.operation.as_str() {
        "WRITE" if change.files_removed > 0 => "replace".to_owned(),
        "WRITE" => "deliver".to_owned(),
        "OPTIMIZE" => "compact".to_owned(),
        "CREATE TABLE" => "create".to_owned(),
        "VACUUM END" => "vacuum".to_owned(),
        "SET TBLPROPERTIES" => "set properties".to_owned(),
        other => other.to_lowercase(),
    };
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_commit_is_told_as_far_as_it_goes() {
        let change = parse(
            7,
            b"{\"commitInfo\":{\"operation\":\"FSCK\"}}\n{\"add\":{\"stats\":\"{\"}}\n{\"rem",
        );
        assert_eq!((change.version, change.operation.as_str()), (7, "fsck"));
        assert_eq!((change.files_added, change.rows_added), (1, 0));
        assert_eq!(change.at, None);
    }
}
