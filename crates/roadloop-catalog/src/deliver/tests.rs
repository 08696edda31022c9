//! A shard is there once, whole, whatever happens while it is delivered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use deltalake::logstore::object_store::ObjectStore;

use tempfile::TempDir;

use roadloop_base::{ErrorKind, Kind, Part, RecordingId, SHARD_FRAMES, ShardId, Stage};

use super::*;
use crate::testing::{
    Flaky, detection, detection_shard, frame, frame_shard, make_older, number, open, run, store,
};
use crate::{CatalogOptions, Filter, SearchOptions};

fn drive() -> RecordingId {
    RecordingId::new("drive-1").unwrap()
}

const DONE: Delivery = Delivery { written: 1, already: 0 };
const ALREADY: Delivery = Delivery { written: 0, already: 1 };

#[test]
fn what_goes_in_comes_out() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let (front, rear) = (frame_shard("front", 3, 7), frame_shard("rear", 2, 7));
        let both = [rear.clone(), front.clone()];
        let delivery = catalog.put_frames(&both).await.unwrap();
        assert_eq!(delivery, Delivery { written: 2, already: 0 });

        let mut expected = front.rows.clone();
        expected.extend(rear.rows.clone());
        assert_eq!(catalog.frames(&Part::whole(drive())).await.unwrap(), expected);
        // Another process sees the same.
        assert_eq!(open(&folder).await.frames(&Part::whole(drive())).await.unwrap(), expected);

        let found = detection_shard(&front, 1, |sequence| match sequence {
            0 => vec![detection(Kind::Object, "car", 0.7), detection(Kind::Scene, "street", 0.9)],
            _ => vec![],
        });
        catalog.put_detections(Stage::Detect, std::slice::from_ref(&found)).await.unwrap();
        let everything = Filter::EVERYTHING;
        let answer = catalog.search(&everything, &SearchOptions::default()).await.unwrap();
        assert_eq!(answer.total, 5);
        let hit = answer.hits.iter().find(|hit| hit.frame.id == found.looked[0].id).unwrap();
        assert_eq!(hit.detections, found.looked[0].detections);
        assert!(!hit.anonymized);

        let recordings = catalog.recordings().await.unwrap();
        assert_eq!(recordings.len(), 1);
        let summary = &recordings[0];
        assert_eq!((summary.frames, summary.looked, summary.anonymized), (5, 3, 0));
        assert_eq!(summary.cameras.len(), 2);
        assert_eq!(summary.first_taken_at, front.rows[0].taken_at);
        assert_eq!(summary.last_taken_at, front.rows[2].taken_at);
    });
}

#[test]
fn a_second_delivery_changes_nothing() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let shard = frame_shard("front", 3, 7);
        assert_eq!(catalog.put_frames(std::slice::from_ref(&shard)).await.unwrap(), DONE);
        assert_eq!(catalog.put_frames(std::slice::from_ref(&shard)).await.unwrap(), ALREADY);
        // Nor does one by another process, or with news beside it.
        let other = open(&folder).await;
        assert_eq!(other.put_frames(std::slice::from_ref(&shard)).await.unwrap(), ALREADY);
        let delivery = other.put_frames(&[shard.clone(), frame_shard("rear", 1, 7)]).await.unwrap();
        assert_eq!(delivery, Delivery { written: 1, already: 1 });
        assert_eq!(number(&catalog, "select count(*) from frames").await, 4);
        let delivered = catalog.delivered(Stage::Extract, &drive()).await.unwrap();
        assert_eq!(delivered.get(&shard.id), Some(&Revision(7)));
        assert_eq!(delivered.len(), 2);
        assert!(catalog.delivered(Stage::Detect, &drive()).await.unwrap().is_empty());
    });
}

#[test]
fn another_revision_takes_the_place_of_the_first() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let (front, rear) = (frame_shard("front", 3, 7), frame_shard("rear", 3, 7));
        let both = [front.clone(), rear.clone()];
        catalog.put_frames(&both).await.unwrap();
        let cars = |_| vec![detection(Kind::Object, "car", 0.5)];
        let faces = |_| vec![detection(Kind::Face, "face", 0.5)];
        // One file holds both cameras, the other stage's rows are a second.
        let shards = both.clone().map(|shard| detection_shard(&shard, 1, cars));
        catalog.put_detections(Stage::Detect, &shards).await.unwrap();
        let shard = detection_shard(&front, 1, faces);
        catalog.put_detections(Stage::Anonymize, &[shard]).await.unwrap();

        let buses =
            |_| vec![detection(Kind::Object, "bus", 0.5), detection(Kind::Object, "bus", 0.6)];
        let again = detection_shard(&front, 2, buses);
        let delivery = catalog.put_detections(Stage::Detect, &[again]).await.unwrap();
        assert_eq!(delivery, DONE);
        let count =
            async |rows: &str| number(&catalog, &format!("select count(*) from {rows}")).await;
        assert_eq!(count("detections where label = 'car' and camera = 'front'").await, 0);
        assert_eq!(count("detections where label = 'car' and camera = 'rear'").await, 3);
        assert_eq!(count("detections where label = 'bus'").await, 6);
        assert_eq!(count("detections where label = 'face'").await, 3);
        assert_eq!(count("looked").await, 6);
        assert_eq!(count("anonymized").await, 3);

        // Frames too, and back to the first revision.
        catalog.put_frames(&[frame_shard("front", 2, 8)]).await.unwrap();
        assert_eq!(count("frames").await, 5);
        catalog.put_frames(&[front]).await.unwrap();
        assert_eq!(count("frames").await, 6);
        let shards = both.map(|shard| detection_shard(&shard, 1, cars));
        let delivery = catalog.put_detections(Stage::Detect, &shards).await.unwrap();
        assert_eq!(delivery, Delivery { written: 1, already: 1 });
        assert_eq!(count("detections where label = 'car'").await, 6);
    });
}

#[test]
fn nothing_found_is_told_from_not_looked_at() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let (front, rear) = (frame_shard("front", 4, 7), frame_shard("rear", 3, 7));
        catalog.put_frames(&[front.clone(), rear]).await.unwrap();
        let found = detection_shard(&front, 1, |sequence| match sequence {
            0 => vec![detection(Kind::Object, "bus", 0.9)],
            _ => vec![],
        });
        catalog.put_detections(Stage::Detect, &[found]).await.unwrap();
        let filter = Filter::parse("not has(bus)").unwrap();
        let found = catalog.search(&filter, &SearchOptions::default()).await.unwrap();
        assert_eq!((found.total, found.not_looked_at), (3, 3));
        let filter = Filter::parse("not has(bus) and camera = front").unwrap();
        let found = catalog.count(&filter, None).await.unwrap();
        assert_eq!((found.total, found.not_looked_at), (3, 0));
        // The anonymiser looks for faces; the detector does not.
        let filter = Filter::parse("not has(face)").unwrap();
        let found = catalog.count(&filter, None).await.unwrap();
        assert_eq!((found.total, found.not_looked_at), (0, 7));

        // A shard of which no frame could be looked at is delivered all the same.
        let empty = DetectionShard { looked: vec![], ..detection_shard(&front, 5, |_| vec![]) };
        catalog.put_detections(Stage::Anonymize, std::slice::from_ref(&empty)).await.unwrap();
        let again = catalog.put_detections(Stage::Anonymize, &[empty]).await.unwrap();
        assert_eq!(again, ALREADY);
        assert!(catalog.anonymized(&Part::whole(drive())).await.unwrap().is_empty());
        let shard = detection_shard(&front, 6, |_| vec![]);
        catalog.put_detections(Stage::Anonymize, &[shard]).await.unwrap();
        assert_eq!(catalog.anonymized(&Part::whole(drive())).await.unwrap().len(), 4);
    });
}

#[test]
fn writers_at_once_leave_one_copy() {
    run(async {
        let folder = TempDir::new().unwrap();
        // Opened at once too: one of them makes the tables.
        let opened = futures::future::join_all((0..4).map(|_| open(&folder))).await;
        let mut writers = Vec::new();
        for (number, catalog) in opened.into_iter().enumerate() {
            writers.push(tokio::spawn(async move {
                let own = frame_shard(&format!("camera-{number}"), 2, 1);
                for shard in [frame_shard("front", 5, 7), own, frame_shard("rear", 5, 7)] {
                    catalog.put_frames(std::slice::from_ref(&shard)).await.unwrap();
                    let found = |_| vec![detection(Kind::Object, "car", 0.5)];
                    let found = detection_shard(&shard, 1, found);
                    catalog.put_detections(Stage::Detect, &[found]).await.unwrap();
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let catalog = open(&folder).await;
        assert_eq!(number(&catalog, "select count(*) from frames").await, 10 + 4 * 2);
        assert_eq!(number(&catalog, "select count(*) from detections").await, 10 + 4 * 2);
        assert_eq!(number(&catalog, "select count(distinct frame) from frames").await, 18);
    });
}

#[test]
fn a_writer_stopped_at_any_instant_leaves_no_half_shard() {
    run(async {
        let folder = TempDir::new().unwrap();
        let reader = open(&folder).await;
        let shards =
            |revision| [frame_shard("front", 15, revision), frame_shard("rear", 15, revision)];
        let elsewhere = TempDir::new().unwrap();
        let catalog = open(&elsewhere).await;
        let start = Instant::now();
        catalog.put_frames(&shards(0)).await.unwrap();
        let undisturbed = start.elapsed();
        // In steps of a sixteenth, up to where most deliveries finish; ones
        // after the first that was there replace its rows.
        let mut stopped = 0;
        let mut were_there = false;
        for step in 0..24 {
            let catalog = open(&folder).await;
            let shards = shards(step);
            let delivery = catalog.put_frames(&shards);
            let limit = undisturbed.mul_f64(step as f64 / 16.0);
            let finished = tokio::time::timeout(limit, delivery).await.is_ok();
            stopped += u32::from(!finished);
            let rows = reader.frames(&Part::whole(drive())).await.unwrap().len();
            were_there |= rows > 0;
            assert_eq!(rows, if were_there { 30 } else { 0 }, "step {step}");
            assert!(were_there || !finished);
        }
        assert!(stopped > 0);
        let shards = shards(99);
        let catalog = open(&folder).await;
        catalog.put_frames(&shards).await.unwrap();
        assert_eq!(catalog.frames(&Part::whole(drive())).await.unwrap().len(), 30);
    });
}

/// The store says a commit failed: it may have happened all the same.
#[test]
fn commits_that_fail_are_looked_at_again() {
    run(async {
        let folder = TempDir::new().unwrap();
        open(&folder).await;
        let flaky = Arc::new(Flaky {
            inner: store(folder.path()),
            fail_before: AtomicU32::new(2),
            fail_after: AtomicU32::new(1),
        });
        let store = Arc::clone(&flaky) as Arc<dyn ObjectStore>;
        let catalog = Catalog::open(store, CatalogOptions::default()).await.unwrap();
        let delivery = catalog.put_frames(&[frame_shard("front", 3, 7)]).await.unwrap();
        assert_eq!(delivery, DONE);
        assert_eq!(flaky.fail_after.load(Ordering::SeqCst), 0);
        assert_eq!(number(&catalog, "select count(*) from frames").await, 3);
        // Every one of the catalog's writes goes through the store it was given,
        // and one that never succeeds is given up.
        flaky.fail_before.store(u32::MAX, Ordering::SeqCst);
        let error = catalog.put_frames(&[frame_shard("rear", 3, 7)]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(number(&catalog, "select count(*) from frames").await, 3);
    });
}

#[test]
fn files_without_a_commit_are_not_there() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let shard = frame_shard("front", 3, 7);
        for (date, rows) in rows::frame_batches(&[&shard]).unwrap() {
            files::write(catalog.frames_table(), &date, rows).await.unwrap();
        }
        assert_eq!(number(&catalog, "select count(*) from frames").await, 0);
        catalog.put_frames(&[shard]).await.unwrap();
        assert_eq!(number(&catalog, "select count(*) from frames").await, 3);
    });
}

/// Past a checkpoint the transactions lie in Parquet, and handles are new.
#[test]
fn deliveries_are_remembered_across_checkpoints() {
    run(async {
        let folder = TempDir::new().unwrap();
        open(&folder).await;
        // A hundred versions take a while; ten do as well.
        let log = folder.path().join("tables/frames/_delta_log");
        let made = std::fs::read_to_string(log.join("00000000000000000000.json")).unwrap();
        let made = made.replace("Interval\":\"100\"", "Interval\":\"10\"");
        std::fs::write(log.join("00000000000000000000.json"), made).unwrap();
        let catalog = open(&folder).await;
        let shard = |index: u32| {
            let rows = vec![frame("drive-1", "front", index * SHARD_FRAMES)];
            FrameShard { id: rows[0].id.shard(), revision: Revision(i64::from(index)), rows }
        };
        for index in 0..13 {
            catalog.put_frames(&[shard(index)]).await.unwrap();
        }
        assert!(log.join("00000000000000000009.checkpoint.parquet").exists());
        // Commits that a checkpoint holds may be cleaned up.
        for version in 0..9 {
            std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
        }
        for catalog in [catalog, open(&folder).await] {
            assert_eq!(number(&catalog, "select count(*) from frames").await, 13);
            let delivered = catalog.delivered(Stage::Extract, &drive()).await.unwrap();
            assert_eq!(delivered.len(), 13);
            assert_eq!(catalog.put_frames(&[shard(3)]).await.unwrap(), ALREADY);
            assert_eq!(catalog.put_frames(&[shard(12)]).await.unwrap(), ALREADY);
        }
    });
}

#[test]
fn shards_that_are_none_are_refused() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let good = frame_shard("front", 3, 7);
        let refused = async |shards: &[FrameShard]| {
            let error = catalog.put_frames(shards).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            error.to_string()
        };
        let foreign = FrameShard { id: ShardId { index: 1, ..good.id.clone() }, ..good.clone() };
        assert!(
            refused(&[foreign]).await.ends_with("frame drive-1/front/000000 is not one of its")
        );
        let mut twice = good.clone();
        twice.rows.push(good.rows[0].clone());
        assert!(refused(&[twice]).await.ends_with("frame drive-1/front/000000 is there twice"));
        assert!(refused(&[good.clone(), good.clone()]).await.contains("twice in one delivery"));
        let far = frame("drive-1", "front", MAX_SEQUENCE + 1);
        let far = FrameShard { id: far.id.shard(), revision: Revision(1), rows: vec![far] };
        assert!(refused(&[far]).await.contains("beyond the last sequence"));
        let wild = detection_shard(&good, 1, |_| vec![detection(Kind::Object, "car", f32::NAN)]);
        let error = catalog.put_detections(Stage::Detect, &[wild]).await.unwrap_err();
        assert!(error.to_string().contains("a confidence of NaN"), "{error}");
        assert_eq!(number(&catalog, "select count(*) from frames").await, 0);
    });
}

#[test]
fn tables_of_a_newer_format_are_refused() {
    run(async {
        let folder = TempDir::new().unwrap();
        open(&folder).await;
        let log = folder.path().join("tables/frames/_delta_log/00000000000000000000.json");
        let made = std::fs::read_to_string(&log).unwrap();
        let open = async || {
            let store = store(folder.path());
            Catalog::open(store, CatalogOptions::default()).await.unwrap_err().to_string()
        };
        std::fs::write(
            &log,
            made.replace("\"roadloop.format\":\"1\"", "\"roadloop.format\":\"9\""),
        )
        .unwrap();
        assert!(open().await.contains("has format 9, this program knows up to 1"));
        std::fs::write(&log, made.replace("roadloop.format", "somebody.else")).unwrap();
        assert!(open().await.contains("not make"));
    });
}

/// Of a time when frames had no positions.
#[test]
fn older_tables_get_the_new_columns() {
    run(async {
        let folder = TempDir::new().unwrap();
        open(&folder).await;
        make_older(&folder);
        let log = folder.path().join("tables/frames/_delta_log");
        let logged = |version: u64| {
            std::fs::read_to_string(log.join(format!("{version:020}.json"))).unwrap()
        };

        let catalog = open(&folder).await;
        assert!(
            logged(2).contains("taken_at_ns,latitude,longitude,sun_elevation"),
            "{}",
            logged(2)
        );
        catalog.put_frames(&[frame_shard("front", 3, 1)]).await.unwrap();
        assert_eq!(number(&catalog, "select count(latitude) from frames").await, 3);
        assert_eq!(number(&catalog, "select count(sun_elevation) from frames").await, 3);
        let again = open(&folder).await;
        let frames = again.frames(&Part::whole(drive())).await.unwrap();
        assert_eq!(frames, frame_shard("front", 3, 1).rows);
        assert_eq!(number(&again, "select count(*) from frames").await, 3);
    });
}
