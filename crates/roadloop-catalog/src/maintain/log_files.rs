//! The files of a table's log: which there are, and which no version that is
//! kept needs.

use std::collections::BTreeMap;

use deltalake::kernel::Version;
use deltalake::logstore::object_store::ObjectStore;
use deltalake::logstore::object_store::path::Path;
use futures::TryStreamExt;

use crate::CatalogError;
use crate::table::Table;
use crate::transactions::parse_checkpoint;

#[derive(Clone, Debug)]
pub(super) struct LogFile {
    pub(super) key: Path,
    pub(super) bytes: u64,
    /// In ms since 1970.
    pub(super) modified: i64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Commit(Version),
    Checkpoint(Version, u64),
    /// Beside a version: checksums and the like.
    Beside(Version),
    /// The pointer to the newest checkpoint, unfinished commits, …
    Other,
}

pub(super) async fn list(table: &Table) -> Result<Vec<LogFile>, CatalogError> {
    let folder = Path::from("_delta_log");
    let failed = |source| CatalogError::object("list", folder.to_string(), source);
    let metas: Vec<_> = table.store().list(Some(&folder)).try_collect().await.map_err(failed)?;
    let file = |meta: deltalake::ObjectMeta| LogFile {
        kind: kind_of(meta.location.filename().unwrap_or_default()),
        bytes: meta.size,
        modified: meta.last_modified.timestamp_millis(),
        key: meta.location,
    };
    Ok(metas.into_iter().map(file).collect())
}

fn kind_of(name: &str) -> Kind {
    if let Some((version, parts)) = parse_checkpoint(name) {
        return Kind::Checkpoint(version, parts);
    }
    let Some((version, extension)) = name.split_once('.') else { return Kind::Other };
    let is_version = version.len() == 20;
    match version.parse() {
        Ok(version) if is_version && extension == "json" => Kind::Commit(version),
        Ok(version) if is_version => Kind::Beside(version),
        _ => Kind::Other,
    }
}

/// The versions that have a checkpoint, whole.
pub(super) fn checkpoints(files: &[LogFile]) -> Vec<Version> {
    let mut parts = BTreeMap::<(Version, u64), u64>::new();
    for file in files {
        if let Kind::Checkpoint(version, of) = file.kind {
            *parts.entry((version, of)).or_default() += 1;
        }
    }
    let whole = parts.into_iter().filter(|((_, of), found)| of == found);
    whole.map(|((version, _), _)| version).collect()
}

/// The oldest version that can be read.
pub(super) fn oldest(files: &[LogFile]) -> Version {
    let commits = files.iter().filter_map(|file| match file.kind {
        Kind::Commit(version) => Some(version),
        _ => None,
    });
    match commits.min() {
        Some(0) => 0,
        _ => checkpoints(files).first().copied().unwrap_or_default(),
    }
}

/// The oldest version that has to be read again: the one that was the newest at
/// a time, in ms since 1970.
pub(super) fn needed_since(files: &[LogFile], newest: Version, time: i64) -> Version {
    let later = files.iter().filter_map(|file| match file.kind {
        Kind::Commit(version) if file.modified >= time => Some(version.saturating_sub(1)),
        _ => None,
    });
    later.min().unwrap_or(newest)
}

/// The commits made since a time.
pub(super) fn commits_since(files: &[LogFile], time: i64) -> Vec<Version> {
    let commits = files.iter().filter_map(|file| match file.kind {
        Kind::Commit(version) if file.modified >= time => Some(version),
        _ => None,
    });
    commits.collect()
}

/// The files that only versions before `needed` are read with: all before the
/// newest checkpoint that `needed` can be read from.
pub(super) fn expendable(files: &[LogFile], needed: Version, time: i64) -> Vec<LogFile> {
    let checkpoint = checkpoints(files).into_iter().rfind(|version| *version <= needed);
    before_version(files, checkpoint.unwrap_or_default(), time)
}

/// The files of earlier versions and unfinished commits, where they are older
/// than a time.
pub(super) fn before_version(files: &[LogFile], first: Version, time: i64) -> Vec<LogFile> {
    let is_before = |file: &&LogFile| match file.kind {
        Kind::Commit(version) | Kind::Checkpoint(version, _) | Kind::Beside(version) => {
            version < first
        }
        Kind::Other => file.key.filename().is_some_and(|name| name.ends_with(".tmp")),
    };
    files.iter().filter(is_before).filter(|file| file.modified < time).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files are given as `name@time`; the answer has the names that may go.
    #[track_caller]
    fn check(files: &[&str], newest: Version, time: i64, expected: &[&str]) {
        let file = |text: &&str| {
            let (name, modified) = text.split_once('@').unwrap();
            let name = match name.split_once('.') {
                Some((version, rest)) => format!("{version:0>20}.{rest}"),
                None => name.to_owned(),
            };
            let key = Path::from(format!("_delta_log/{name}"));
            LogFile { kind: kind_of(&name), key, bytes: 1, modified: modified.parse().unwrap() }
        };
        let files: Vec<_> = files.iter().map(file).collect();
        let needed = needed_since(&files, newest, time);
        let found: Vec<_> = expendable(&files, needed, time)
            .iter()
            .map(|file| file.key.filename().unwrap().trim_start_matches('0'))
            .map(|name| if name.starts_with('.') { format!("0{name}") } else { name.to_owned() })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_kept_versions_need_stays() {
        let log = [
            "0.json@0",
            "1.json@10",
            "1.checkpoint.parquet@11",
            "2.json@20",
            "2.crc@20",
            "3.json@30",
            "3.checkpoint.parquet@31",
            "4.json@40",
            "_last_checkpoint@31",
        ];
        // At time 35 version 3 was the newest; it can be read from its checkpoint.
        let before_3 = ["0.json", "1.json", "1.checkpoint.parquet", "2.json", "2.crc"];
        check(&log, 4, 35, &before_3);
        // At 25 it was version 2, which needs the checkpoint of 1.
        check(&log, 4, 25, &["0.json"]);
        check(&log, 4, 5, &[]);
        // Nothing came lately: only the newest version is needed.
        check(&log, 4, 100, &before_3);
    }

    #[test]
    fn without_a_whole_checkpoint_nothing_goes() {
        check(&["0.json@0", "1.json@1"], 1, 100, &[]);
        let half = "1.checkpoint.0000000001.0000000002.parquet@1";
        check(&["0.json@0", "1.json@1", half], 1, 100, &[]);
    }
}
