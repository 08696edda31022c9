//! Tables in shape, and not a row lost over it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path as FilePath;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use deltalake::arrow::array::AsArray;
use deltalake::arrow::datatypes::{Int32Type, Int64Type};
use deltalake::logstore::object_store::ObjectStore;
use futures::TryStreamExt;
use tempfile::TempDir;

use roadloop_base::{Kind, Nanos, RecordingId, SHARD_FRAMES, Stage};

use super::compact::{commit, small_by_date};
use super::merge::merge;
use super::*;
use crate::table::Table;
use crate::testing::{Flaky, detection, detection_shard, frame, number, open, run, store};
use crate::{Catalog, CatalogError, CatalogOptions, Delivery, FrameShard, Revision, files, rows};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A shard of a camera, on a day after the first.
fn shard(camera: &str, index: u32, day: i64, revision: i64) -> FrameShard {
    let rows: Vec<_> = (index * SHARD_FRAMES..(index + 1) * SHARD_FRAMES)
        .map(|sequence| {
            let mut row = frame("drive-1", camera, sequence);
            row.taken_at = Nanos(row.taken_at.0 + day * 86_400_000_000_000);
            row
        })
        .collect();
    FrameShard { id: rows[0].id.shard(), revision: Revision(revision), rows }
}

/// Delivers frames and what was found on them, in a commit each.
async fn deliver(catalog: &Catalog, shard: &FrameShard, label: &str) {
    catalog.put_frames(std::slice::from_ref(shard)).await.unwrap();
    let found = |sequence| match sequence % 3 {
        0 => vec![],
        1 => vec![detection(Kind::Object, label, 0.5)],
        _ => vec![detection(Kind::Object, label, 0.5), detection(Kind::Object, "car", 0.25)],
    };
    let found = detection_shard(shard, shard.revision.0, found);
    catalog.put_detections(Stage::Detect, &[found]).await.unwrap();
}

/// Twelve shards on two days, in two dozen commits.
async fn drive(catalog: &Catalog) {
    for index in 0..6 {
        deliver(catalog, &shard("front", index, 0, 1), "bus").await;
        deliver(catalog, &shard("rear", index, i64::from(index % 2), 1), "zebra").await;
    }
}

/// All rows of a catalog, in an order of their own.
async fn content(catalog: &Catalog) -> Vec<String> {
    let mut content = Vec::new();
    for query in [
        "select * from frames order by frame",
        "select * from detection_rows order by frame, stage, number",
    ] {
        let rows = catalog.sql(query, &crate::SqlLimits::default()).await.unwrap();
        content.push(crate::testing::text(&rows, crate::Format::Csv));
    }
    content
}

async fn compact(catalog: &Catalog) -> Vec<Compaction> {
    catalog.compact(&CompactOptions::default(), &|_| {}).await.unwrap()
}

/// The files of each date.
async fn files_of(table: &Table) -> BTreeMap<String, Vec<files::DataFile>> {
    let view = table.newest().await.unwrap();
    let mut by_date = BTreeMap::<String, Vec<_>>::new();
    for file in files::active(table, &view).await.unwrap() {
        by_date.entry(file.date.clone()).or_default().push(file);
    }
    by_date
}

/// (label, frame, number) of each row of a file.
async fn keys_of(table: &Table, file: &files::DataFile) -> Vec<(String, i64, i32)> {
    let schema = table.schema(&table.newest().await.unwrap()).unwrap();
    let mut keys = Vec::new();
    let mut batches = pin!(files::rows_of(table, file, &schema, 7).await.unwrap());
    while let Some(batch) = batches.try_next().await.unwrap() {
        let labels = batch.column_by_name("label").unwrap().as_string::<i32>();
        let frames = batch.column_by_name("frame").unwrap().as_primitive::<Int64Type>();
        let numbers = batch.column_by_name("number").unwrap().as_primitive::<Int32Type>();
        for row in 0..batch.num_rows() {
            keys.push((labels.value(row).to_owned(), frames.value(row), numbers.value(row)));
        }
    }
    keys
}

/// Makes every file below a folder look so much older.
fn age(folder: &FilePath, by: Duration) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age(&path, by);
        } else {
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(SystemTime::now() - by)
                .unwrap();
        }
    }
}

#[test]
fn small_files_become_one_a_date_in_order() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        drive(&catalog).await;
        let before = content(&catalog).await;
        let planned = catalog.plan_compaction(&CompactOptions::default()).await.unwrap();
        let told = AtomicU32::new(0);
        let on_rows = |rows: u64| {
            told.fetch_add(rows as u32, Ordering::SeqCst);
        };
        let done = catalog.compact(&CompactOptions::default(), &on_rows).await.unwrap();
        assert_eq!(planned.iter().map(|plan| plan.rows).sum::<u64>(), u64::from(told.into_inner()));
        for (planned, done) in planned.iter().zip(&done) {
            assert_eq!((done.dates, done.files_before, done.files_after), (2, 12, 2), "{done:?}");
            assert!(done.bytes_after.unwrap() < done.bytes_before, "{done:?}");
            assert_eq!(Compaction { bytes_after: None, ..done.clone() }, *planned);
        }
        assert_eq!(done[0].rows, 12 * 16);
        assert_eq!(content(&catalog).await, before);
        assert_eq!(content(&open(&folder).await).await, before);
        for files in files_of(catalog.detections_table()).await.into_values() {
            assert_eq!(files.len(), 1);
            let keys = keys_of(catalog.detections_table(), &files[0]).await;
            assert!(keys.is_sorted() && keys.len() as u64 == files[0].rows().unwrap());
        }

        // Nothing is left to do, so nothing is committed.
        let history = catalog.history(3).await.unwrap();
        for (done, again) in done.iter().zip(compact(&catalog).await) {
            assert_eq!((again.dates, again.files_before, again.rows), (0, 0, 0), "{done:?}");
        }
        assert_eq!(catalog.history(3).await.unwrap(), history);
        let newest = &history[0].changes[0];
        assert_eq!((newest.operation.as_str(), newest.files_removed), ("compact", 3));
        assert_eq!((newest.rows_added, newest.rows_removed), (48, Some(48)));

        // What is delivered is known as before, and replaced as before.
        let same = shard("front", 2, 0, 1);
        let already = Delivery { written: 0, already: 1 };
        assert_eq!(catalog.put_frames(std::slice::from_ref(&same)).await.unwrap(), already);
        let other = shard("rear", 3, 1, 2);
        deliver(&catalog, &other, "tram").await;
        assert_eq!(number(&catalog, "select count(*) from frames").await, 12 * 16);
        assert_eq!(number(&catalog, "select count(*) from looked").await, 12 * 16);
        let trams = "select count(*) from detections where label = 'tram'";
        assert_eq!(number(&catalog, trams).await, 10);
        // The rest of the file it was in is in order still.
        for file in files_of(catalog.detections_table()).await.into_values().flatten() {
            assert!(keys_of(catalog.detections_table(), &file).await.is_sorted());
        }
    });
}

#[test]
fn what_is_too_much_for_one_file_is_several_that_do_not_overlap() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        for index in 0..8 {
            deliver(&catalog, &shard("front", index, 0, 1), &format!("label-{}", index % 4)).await;
        }
        let before = content(&catalog).await;
        let table = catalog.detections_table();
        let files = files_of(table).await.into_values().next().unwrap();
        // Any batch fills a file of this size.
        let added = merge(table, &table.newest().await.unwrap(), &files, 1, &|_| {}).await.unwrap();
        let options = CompactOptions { target_bytes: 1 };
        assert!(commit(table, &files, added, &options).await.unwrap());
        assert_eq!(content(&catalog).await, before);
        let mut last = None;
        for file in files_of(table).await.into_values().flatten() {
            let keys = keys_of(table, &file).await;
            assert!(last.is_none_or(|last| last < keys[0]));
            last = keys.last().cloned();
        }
        // Large files are left alone.
        let done = catalog.compact(&options, &|_| {}).await.unwrap();
        assert_eq!(done[1].files_before, 0, "{done:?}");
    });
}

#[test]
fn files_of_before_a_column_get_it() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let table = catalog.frames_table();
        let older = shard("front", 0, 0, 1);
        for (date, batch) in rows::frame_batches(&[&older]).unwrap() {
            let kept: Vec<usize> = (0..batch.num_columns())
                .filter(|column| !batch.schema().field(*column).name().ends_with("itude"))
                .collect();
            let add = files::write(table, &date, batch.project(&kept).unwrap()).await.unwrap();
            let view = table.newest().await.unwrap();
            let actions = vec![deltalake::kernel::Action::Add(add)];
            assert!(matches!(
                table.commit(&view, actions, Vec::new()).await,
                crate::table::Commit::Done
            ));
        }
        catalog.put_frames(&[shard("front", 1, 0, 1)]).await.unwrap();
        let done = compact(&catalog).await;
        assert_eq!((done[0].files_before, done[0].files_after), (2, 1));
        assert_eq!(number(&catalog, "select count(*) from frames").await, 32);
        assert_eq!(number(&catalog, "select count(latitude) from frames").await, 16);
    });
}

#[test]
fn a_merge_gives_way_to_a_writer() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        drive(&catalog).await;
        let table = catalog.frames_table();
        let options = CompactOptions::default();
        let view = table.newest().await.unwrap();
        let all = files::active(table, &view).await.unwrap();
        let group = small_by_date(all, &options).into_values().next().unwrap();
        let added = merge(table, &view, &group, options.target_bytes, &|_| {}).await.unwrap();
        let merged = folder.path().join("tables/frames").join(&added[0].path);
        assert!(merged.exists());
        // Another process replaces a shard in the middle of it.
        let replaced =
            FrameShard { revision: Revision(2), rows: vec![], ..shard("front", 1, 0, 1) };
        open(&folder).await.put_frames(&[replaced]).await.unwrap();
        let before = content(&catalog).await;
        assert!(!commit(table, &group, added, &options).await.unwrap());
        assert!(!merged.exists());
        assert_eq!(content(&catalog).await, before);
        // One that only adds is no reason to give up.
        let view = table.newest().await.unwrap();
        let all = files::active(table, &view).await.unwrap();
        let group = small_by_date(all, &options).into_values().next().unwrap();
        let added = merge(table, &view, &group, options.target_bytes, &|_| {}).await.unwrap();
        open(&folder).await.put_frames(&[shard("left", 0, 0, 1)]).await.unwrap();
        assert!(commit(table, &group, added, &options).await.unwrap());
        assert_eq!(number(&catalog, "select count(*) from frames").await, 12 * 16);
    });
}

#[test]
fn commits_of_merges_that_fail_are_looked_at_again() {
    run(async {
        let folder = TempDir::new().unwrap();
        drive(&open(&folder).await).await;
        let flaky = Arc::new(Flaky {
            inner: store(folder.path()),
            fail_before: AtomicU32::new(1),
            fail_after: AtomicU32::new(1),
        });
        let store = Arc::clone(&flaky) as Arc<dyn ObjectStore>;
        let catalog = Catalog::open(store, CatalogOptions::default()).await.unwrap();
        let before = content(&catalog).await;
        let done = compact(&catalog).await;
        assert_eq!((done[0].files_after, done[0].given_up), (2, 0), "{done:?}");
        assert_eq!(content(&catalog).await, before);
    });
}

/// Writers, deliveries that come twice, others that replace, compaction and
/// vacuum, all at once, each as if a process of its own.
#[test]
fn writers_and_maintenance_at_once_lose_nothing() {
    run(async {
        let folder = TempDir::new().unwrap();
        open(&folder).await;
        let writing = Arc::new(AtomicBool::new(true));
        let mut maintainers = Vec::new();
        for keep in [Duration::ZERO, DAY] {
            let (catalog, writing) = (open(&folder).await, Arc::clone(&writing));
            maintainers.push(tokio::spawn(async move {
                let options = VacuumOptions { keep, ..VacuumOptions::default() };
                let mut merged = 0;
                while writing.load(Ordering::SeqCst) {
                    let done = compact(&catalog).await;
                    merged += done.iter().map(|done| done.files_before).sum::<u64>();
                    if keep > Duration::ZERO {
                        catalog.vacuum(&options).await.unwrap();
                    }
                }
                merged
            }));
        }
        let mut writers = Vec::new();
        for writer in 0..3 {
            let catalog = open(&folder).await;
            writers.push(tokio::spawn(async move {
                for index in 0..4 {
                    // One of its own, one that all deliver, one that each replaces.
                    deliver(&catalog, &shard(&format!("own-{writer}"), index, 0, 1), "bus").await;
                    deliver(&catalog, &shard("shared", index, 0, 7), "zebra").await;
                    deliver(&catalog, &shard("fought-over", 0, 1, writer), "tram").await;
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        writing.store(false, Ordering::SeqCst);
        for maintainer in maintainers {
            assert!(maintainer.await.unwrap() > 0);
        }
        let alone = TempDir::new().unwrap();
        let expected = open(&alone).await;
        for index in 0..4 {
            for writer in 0..3 {
                deliver(&expected, &shard(&format!("own-{writer}"), index, 0, 1), "bus").await;
            }
            deliver(&expected, &shard("shared", index, 0, 7), "zebra").await;
        }
        deliver(&expected, &shard("fought-over", 0, 1, 0), "tram").await;
        let catalog = open(&folder).await;
        assert_eq!(content(&catalog).await, content(&expected).await);
        let rows = number(&catalog, "select count(*) from frames").await;
        assert_eq!(rows, (3 * 4 + 4 + 1) * 16);
    });
}

#[test]
fn maintenance_stopped_at_any_instant_loses_nothing() {
    run(async {
        let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let catalog = open(&elsewhere).await;
        drive(&catalog).await;
        let start = Instant::now();
        compact(&catalog).await;
        let undisturbed = start.elapsed();
        drive(&open(&folder).await).await;
        let before = content(&open(&folder).await).await;
        let mut stopped = 0;
        for step in 0..16 {
            let catalog = open(&folder).await;
            let options = VacuumOptions { keep: Duration::ZERO, ..VacuumOptions::default() };
            let work = async {
                compact(&catalog).await;
                catalog.vacuum(&options).await.unwrap();
            };
            let limit = undisturbed.mul_f64(f64::from(step) / 8.0);
            stopped += u32::from(tokio::time::timeout(limit, work).await.is_err());
            assert_eq!(content(&open(&folder).await).await, before, "step {step}");
        }
        assert!(stopped > 0);
        // A next one goes on where they stopped, and takes what they left.
        let catalog = open(&folder).await;
        compact(&catalog).await;
        age(&folder.path().join("tables"), 2 * DAY);
        let options = VacuumOptions { keep: Duration::ZERO, ..VacuumOptions::default() };
        catalog.vacuum(&options).await.unwrap();
        assert_eq!(content(&catalog).await, before);
        let stats = catalog.stats(&CompactOptions::default()).await.unwrap();
        for table in stats.tables {
            assert_eq!((table.files, table.old_files), (2, 0), "{table:?}");
        }
    });
}

/// Files below a table's folder that are no log.
fn data_files(folder: &TempDir, table: &str) -> usize {
    let dates = std::fs::read_dir(folder.path().join("tables").join(table)).unwrap();
    let dates = dates.map(|entry| entry.unwrap().path()).filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("date="))
    });
    dates.map(|date| std::fs::read_dir(date).unwrap().count()).sum()
}

#[test]
fn what_a_kept_version_needs_is_kept() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        drive(&catalog).await;
        let pinned = catalog.frames_table().newest().await.unwrap();
        compact(&catalog).await;
        // A leftover of a killed writer, and a file in the making.
        let shard = shard("left", 0, 0, 1);
        for (date, rows) in rows::frame_batches(&[&shard]).unwrap() {
            files::write(catalog.frames_table(), &date, rows).await.unwrap();
        }
        assert_eq!(data_files(&folder, "frames"), 12 + 2 + 1);

        let mut options = VacuumOptions::default();
        for done in catalog.vacuum(&options).await.unwrap() {
            let nothing = Vacuumed { table: done.table.clone(), ..Vacuumed::default() };
            assert_eq!(done, nothing);
        }
        let rows_of_pinned = async || {
            let mut rows = 0;
            let table = catalog.frames_table();
            for file in files::active(table, &pinned).await.unwrap() {
                let mut batches =
                    pin!(files::rows_of(table, &file, &table.schema(&pinned)?, 100).await?);
                while let Some(batch) = batches.try_next().await? {
                    rows += batch.num_rows();
                }
            }
            Ok::<_, CatalogError>(rows)
        };
        assert_eq!(rows_of_pinned().await.unwrap(), 12 * 16);

        // Without a retention the merged files go; what may be in the making stays.
        options.keep = Duration::ZERO;
        options.dry_run = true;
        let planned = catalog.vacuum(&options).await.unwrap();
        assert_eq!((planned[0].files, planned[0].leftovers), (12, 0));
        assert_eq!(data_files(&folder, "frames"), 12 + 2 + 1);
        options.dry_run = false;
        assert_eq!(catalog.vacuum(&options).await.unwrap(), planned);
        assert_eq!(data_files(&folder, "frames"), 2 + 1);
        assert!(rows_of_pinned().await.unwrap_err().is_of_a_missing_file());
        let history = catalog.history(1).await.unwrap();
        assert_eq!(history[0].changes[0].operation, "vacuum");
        age(&folder.path().join("tables/frames"), 2 * DAY);
        let done = catalog.vacuum(&options).await.unwrap();
        assert_eq!((done[0].files, done[0].leftovers), (0, 1));
        assert!(done[0].leftover_bytes > 0);
        assert_eq!(number(&catalog, "select count(*) from frames").await, 12 * 16);
        assert_eq!(catalog.vacuum(&options).await.unwrap()[0].leftovers, 0);
    });
}

#[test]
fn old_log_entries_go_and_everybody_reads_on() {
    run(async {
        let folder = TempDir::new().unwrap();
        let idle = open(&folder).await;
        let catalog = open(&folder).await;
        drive(&catalog).await;
        let before = content(&catalog).await;
        let log = folder.path().join("tables/frames/_delta_log");
        let entries = || std::fs::read_dir(&log).unwrap().count();
        let options = VacuumOptions::default();
        catalog.vacuum(&options).await.unwrap();
        let all = entries();
        assert_eq!(all, 13);
        age(&log, 40 * DAY);
        let dry = VacuumOptions { dry_run: true, ..options.clone() };
        let planned = catalog.vacuum(&dry).await.unwrap();
        assert_eq!((planned[0].log_files, planned[1].log_files), (12, 0));
        assert_eq!(entries(), all);
        assert_eq!(catalog.vacuum(&options).await.unwrap(), planned);
        // The newest commit, its checkpoint and the pointer to it.
        assert_eq!(entries(), 3);
        for catalog in [&idle, &catalog, &open(&folder).await] {
            assert_eq!(content(catalog).await, before);
            deliver(catalog, &shard("front", 0, 0, 1), "bus").await;
            assert_eq!(content(catalog).await, before);
        }
        let history = catalog.history(100).await.unwrap();
        assert_eq!(history[0].changes.len(), 1);
        let stats = catalog.stats(&CompactOptions::default()).await.unwrap();
        assert_eq!((stats.tables[0].oldest_version, stats.tables[0].newest_version), (12, 12));
    });
}

/// Makes a table's log tell of deliveries of 100 days ago.
fn age_transactions(log: &FilePath, are_streams_noted: bool) {
    let then = chrono::Utc::now().timestamp_millis() - 100 * 86_400_000;
    for entry in std::fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = Vec::new();
        for line in text.lines() {
            let mut action: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(txn) = action.get_mut("txn") {
                if txn.get("lastUpdated").is_some_and(serde_json::Value::is_i64) {
                    txn["lastUpdated"] = then.into();
                } else if are_streams_noted {
                    txn["version"] = then.into();
                } else {
                    continue;
                }
            }
            lines.push(action.to_string());
        }
        std::fs::write(&path, lines.join("\n")).unwrap();
    }
}

#[test]
fn a_delivery_after_it_was_forgotten_is_there_once() {
    for are_streams_noted in [true, false] {
        run(async move {
            let folder = TempDir::new().unwrap();
            drive(&open(&folder).await).await;
            for table in ["frames", "detections"] {
                let log = folder.path().join("tables").join(table).join("_delta_log");
                age_transactions(&log, are_streams_noted);
            }
            let catalog = open(&folder).await;
            let before = content(&catalog).await;
            compact(&catalog).await;
            let recording = RecordingId::new("drive-1").unwrap();
            let delivered = async |catalog: &Catalog| {
                catalog.delivered(Stage::Extract, &recording).await.unwrap().len()
            };
            let options =
                VacuumOptions { keep_transactions: 120 * DAY, ..VacuumOptions::default() };
            assert_eq!(catalog.vacuum(&options).await.unwrap()[0].transactions, 0);
            assert_eq!(delivered(&open(&folder).await).await, 12);
            let done = catalog.vacuum(&VacuumOptions::default()).await.unwrap();
            assert_eq!((done[0].transactions, done[1].transactions), (12, 12));
            let catalog = open(&folder).await;
            assert_eq!(delivered(&catalog).await, 0);
            assert_eq!(catalog.vacuum(&VacuumOptions::default()).await.unwrap()[0].transactions, 0);

            // All of it once more: the rows are the same, and remembered again.
            drive(&catalog).await;
            assert_eq!(content(&catalog).await, before);
            assert_eq!(delivered(&open(&folder).await).await, 12);
            deliver(&catalog, &shard("front", 0, 0, 2), "tram").await;
            assert_eq!(number(&catalog, "select count(*) from frames").await, 12 * 16);

            // What is new of an old camera is new, and nothing of it is lost.
            deliver(&catalog, &shard("front", 9, 0, 1), "bus").await;
            deliver(&catalog, &shard("left", 0, 0, 1), "bus").await;
            assert_eq!(number(&catalog, "select count(*) from frames").await, 14 * 16);
            assert_eq!(number(&catalog, "select count(*) from looked").await, 14 * 16);
        });
    }
}

#[test]
fn transactions_of_somebody_else_keep_all_of_them() {
    run(async {
        let folder = TempDir::new().unwrap();
        drive(&open(&folder).await).await;
        let log = folder.path().join("tables/frames/_delta_log");
        age_transactions(&log, true);
        let first = log.join("00000000000000000000.json");
        let text = std::fs::read_to_string(&first).unwrap();
        let theirs = r#"{"txn":{"appId":"a-stream-of-theirs","version":3,"lastUpdated":1}}"#;
        std::fs::write(&first, format!("{text}\n{theirs}")).unwrap();
        let catalog = open(&folder).await;
        let done = catalog.vacuum(&VacuumOptions::default()).await.unwrap();
        assert_eq!(done[0].transactions, 0);
        let recording = RecordingId::new("drive-1").unwrap();
        let known = open(&folder).await.delivered(Stage::Extract, &recording).await.unwrap();
        assert_eq!(known.len(), 12);
    });
}

#[test]
fn the_catalog_in_numbers() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let stats = catalog.stats(&CompactOptions::default()).await.unwrap();
        assert_eq!((stats.recordings, stats.tables[0].rows, stats.tables[0].files), (0, 0, 0));
        drive(&catalog).await;
        let stats = catalog.stats(&CompactOptions::default()).await.unwrap();
        assert_eq!((stats.recordings, stats.cameras, stats.labels), (1, 2, 3));
        let frames = &stats.tables[0];
        assert_eq!((frames.rows, frames.dates, frames.files), (192, 2, 12));
        assert_eq!((frames.old_files, frames.shards, frames.newest_version), (0, 12, 12));
        assert_eq!((frames.compaction.files_before, frames.compaction.files_after), (12, 2));
        compact(&catalog).await;
        let stats = catalog.stats(&CompactOptions::default()).await.unwrap();
        let frames = &stats.tables[0];
        assert_eq!((frames.files, frames.old_files, frames.compaction.dates), (2, 12, 0));
        let history = catalog.history(usize::MAX).await.unwrap();
        assert_eq!(history[0].changes.len(), 15);
        let oldest = history[0].changes.last().unwrap();
        assert_eq!((oldest.version, oldest.operation.as_str()), (0, "create"));
        let first = &history[0].changes[13];
        assert_eq!((first.operation.as_str(), first.rows_added, first.shards), ("deliver", 16, 1));
        assert!(first.at.as_ref().is_some_and(|at| at.ends_with('Z')));
    });
}
