//! Small files into large ones.
//!
//! Every delivery adds a file to each date it has rows of, so a drive leaves
//! hundreds of small files, and a query opens every one of them. Here those of a
//! date become one, or as many as the target size makes of them, sorted as each
//! of them was. All dates are treated alike: a date is the day frames were taken
//! on, and recordings of it may arrive weeks later, so none is ever closed.
//! Files that are large already are left alone.
//!
//! A merge is committed if its files are all in the table still. Where a writer
//! replaced a shard in one of them meanwhile, the writer wins: the merge is given
//! up, and the next compaction finds what there is then.

use std::collections::{BTreeMap, HashSet};

use deltalake::kernel::{Action, Add};
use deltalake::protocol::DeltaOperation;

use super::merge::merge;
use crate::files::{self, DataFile};
use crate::table::{Commit, Step, Table, back_off};
use crate::{Catalog, CatalogError};

/// Large enough that a query spends its time on rows and not on opening files,
/// small enough that two cores share a date and a replaced shard's file is
/// rewritten in about a second.
const TARGET_BYTES: u64 = 128 << 20;

/// Of one merge. Each file has a piece of it in memory: the first page of each
/// column, of up to [`PAGE_ROWS`] rows, and a footer.
const MOST_FILES: usize = 1000;
const MOST_WAITING_ROWS: u64 = 500_000;
const PAGE_ROWS: u64 = 20_000;
/// Of a file without statistics: a row takes at least so much.
const LEAST_ROW_BYTES: u64 = 8;

/// Times a merge's commit may fail or be late before it is given up.
const MAX_OUTRUN: u32 = 100;
const MAX_FAILED: u32 = 5;

/// How files are merged.
#[derive(Clone, Debug)]
pub struct CompactOptions {
    /// The size of a file that is large. Those of half of it and more are left
    /// alone.
    pub target_bytes: u64,
}

impl Default for CompactOptions {
    fn default() -> CompactOptions {
        CompactOptions { target_bytes: TARGET_BYTES }
    }
}

/// What was merged in one table, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    pub table: String,
    pub dates: u64,
    pub rows: u64,
    /// Small files before, and what became of them.
    pub files_before: u64,
    pub files_after: u64,
    pub bytes_before: u64,
    /// Known when it is done.
    pub bytes_after: Option<u64>,
    /// Merges that gave way to a writer.
    pub given_up: u64,
}

impl Catalog {
    /// What [`compact`](Catalog::compact) would find to do, by table. Sizes are
    /// those before: merged files are smaller.
    pub async fn plan_compaction(
        &self,
        options: &CompactOptions,
    ) -> Result<Vec<Compaction>, CatalogError> {
        let mut compactions = Vec::new();
        for table in self.tables().await? {
            let view = table.newest().await?;
            let files = files::active(&table, &view).await?;
            compactions.push(plan(&table, files, options));
        }
        Ok(compactions)
    }

    /// Merges the small files of each date, beside readers and writers. Told how
    /// many rows were written, some at a time; rows of a date that has very many
    /// files are written more than once.
    pub async fn compact(
        &self,
        options: &CompactOptions,
        on_rows: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<Compaction>, CatalogError> {
        let mut compactions = Vec::new();
        for table in self.tables().await? {
            compactions.push(compact(&table, options, on_rows).await?);
        }
        Ok(compactions)
    }
}

fn plan(table: &Table, files: Vec<DataFile>, options: &CompactOptions) -> Compaction {
    let mut compaction = Compaction { table: table.name().to_owned(), ..Compaction::default() };
    for files in small_by_date(files, options).into_values() {
        compaction.dates += 1;
        compaction.files_before += files.len() as u64;
        compaction.rows += files.iter().filter_map(DataFile::rows).sum::<u64>();
        let bytes = files.iter().map(|file| file.bytes).sum::<u64>();
        compaction.bytes_before += bytes;
        compaction.files_after += bytes.div_ceil(options.target_bytes).max(1);
    }
    compaction
}

/// The small files of each date that has several, the smallest first.
pub(super) fn small_by_date(
    files: Vec<DataFile>,
    options: &CompactOptions,
) -> BTreeMap<String, Vec<DataFile>> {
    let mut by_date = BTreeMap::<String, Vec<DataFile>>::new();
    for file in files {
        if file.bytes < options.target_bytes / 2 {
            by_date.entry(file.date.clone()).or_default().push(file);
        }
    }
    by_date.retain(|_, files| files.len() > 1);
    for files in by_date.values_mut() {
        files.sort_by(|a, b| (a.bytes, &a.path).cmp(&(b.bytes, &b.path)));
    }
    by_date
}

/// Cuts files into merges whose waiting rows fit into memory. One file alone is
/// no merge.
fn groups(files: Vec<DataFile>) -> Vec<Vec<DataFile>> {
    let mut groups: Vec<Vec<DataFile>> = Vec::new();
    let mut waiting = 0;
    for file in files {
        let rows = file.rows().unwrap_or(file.bytes / LEAST_ROW_BYTES).min(PAGE_ROWS);
        match groups.last_mut() {
            Some(group)
                if group.len() < 2
                    || (group.len() < MOST_FILES && waiting + rows <= MOST_WAITING_ROWS) =>
            {
                waiting += rows;
                group.push(file);
            }
            _ => {
                waiting = rows;
                groups.push(vec![file]);
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

async fn compact(
    table: &Table,
    options: &CompactOptions,
    on_rows: &(dyn Fn(u64) + Send + Sync),
) -> Result<Compaction, CatalogError> {
    let view = table.newest().await?;
    let files = files::active(table, &view).await?;
    // What writers add from now on is for the next time, or this might never end.
    let mut ours: HashSet<_> = files.iter().map(|file| file.path.clone()).collect();
    let mut done = Compaction { bytes_after: Some(0), ..plan(table, files, options) };
    done.files_after = done.files_before;
    let mut bytes_after = done.bytes_before;
    loop {
        let view = table.newest().await?;
        let mut files = files::active(table, &view).await?;
        files.retain(|file| ours.contains(&file.path));
        let mut has_merged = false;
        for group in small_by_date(files, options).into_values().flat_map(groups) {
            let added = match merge(table, &view, &group, options.target_bytes, on_rows).await {
                Ok(added) => added,
                // Vacuumed, so it was out of the table before.
                Err(error) if error.is_of_a_missing_file() => {
                    done.given_up += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let sizes = |added: &[Add]| added.iter().map(|add| add.size as u64).sum::<u64>();
            let keys: Vec<_> = added.iter().map(|add| add.path.as_str().into()).collect();
            let (count, bytes) = (added.len() as u64, sizes(&added));
            if count >= group.len() as u64 {
                files::delete_uncommitted(table, &added).await;
                continue;
            }
            if commit(table, &group, added, options).await? {
                has_merged = true;
                ours.extend(keys);
                done.files_after = done.files_after + count - group.len() as u64;
                bytes_after =
                    bytes_after + bytes - group.iter().map(|file| file.bytes).sum::<u64>();
            } else {
                done.given_up += 1;
            }
        }
        if !has_merged {
            done.bytes_after = Some(bytes_after);
            return Ok(done);
        }
    }
}

/// Puts merged files in the place of theirs; says whether it was done.
pub(super) async fn commit(
    table: &Table,
    merged: &[DataFile],
    added: Vec<Add>,
    options: &CompactOptions,
) -> Result<bool, CatalogError> {
    let _turn = table.turn_to_write().await;
    let (mut outrun, mut failed) = (0, 0);
    loop {
        let view = table.newest().await?;
        let active: HashSet<_> =
            files::active(table, &view).await?.into_iter().map(|file| file.path).collect();
        if failed > 0 && added.iter().any(|add| active.contains(&add.path.as_str().into())) {
            return Ok(true); // It happened, whatever was said.
        }
        if outrun > MAX_OUTRUN || !merged.iter().all(|file| active.contains(&file.path)) {
            // Where a commit may have happened, versions may need the files.
            if failed == 0 {
                files::delete_uncommitted(table, &added).await;
            }
            return Ok(false);
        }
        let mut actions: Vec<Action> = merged.iter().map(DataFile::replace).collect();
        actions.extend(added.iter().cloned().map(Action::Add));
        let target_size = options.target_bytes as i64;
        let operation = DeltaOperation::Optimize { predicate: None, target_size };
        let step = Step { operation, actions, transactions: Vec::new(), notes: Vec::new() };
        match table.commit_as(&view, step).await {
            Commit::Done => return Ok(true),
            Commit::Outrun => outrun += 1,
            Commit::Unknown(error) => {
                failed += 1;
                if failed > MAX_FAILED || matches!(error, CatalogError::Full { .. }) {
                    return Err(error);
                }
            }
        }
        back_off(outrun + failed).await;
    }
}
