//! Tables as other engines leave them, read as they mean it.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use roadloop_base::{Kind, Stage};

use crate::session::Versions;
use crate::testing::{detection, detection_shard, frame_shard, number, open, run};
use crate::{Catalog, Filter};

/// Two files of frames, one of each camera, and what was found on them.
async fn filled(folder: &TempDir) -> Catalog {
    let catalog = open(folder).await;
    for camera in ["front", "rear"] {
        let shard = frame_shard(camera, 4, 1);
        let looked = detection_shard(&shard, 1, |_| vec![detection(Kind::Object, "car", 0.7)]);
        catalog.put_frames(&[shard]).await.unwrap();
        catalog.put_detections(Stage::Detect, &[looked]).await.unwrap();
    }
    catalog
}

/// Changes each action of a table's log.
fn rewrite(folder: &TempDir, table: &str, change: impl Fn(&mut Value)) {
    let log = folder.path().join(format!("tables/{table}/_delta_log"));
    for entry in fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mut lines = String::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let mut action = serde_json::from_str(line).unwrap();
            change(&mut action);
            lines += &format!("{action}\n");
        }
        fs::write(&path, lines).unwrap();
    }
}

async fn plan_of(catalog: &Catalog, query: &str) -> String {
    let context = catalog.session(None).await.unwrap();
    let mut plan = String::new();
    for batch in catalog.query(&context, &format!("EXPLAIN {query}")).await.unwrap() {
        plan.extend(crate::rows::Columns(&batch).texts("plan").unwrap().iter().flatten());
    }
    plan
}

async fn check_answers(catalog: &Catalog) {
    for (filter, total) in [
        ("has(car)", 8),
        ("camera = rear", 4),
        ("has(car) and camera = front and time >= 2020-11-19T22:00:00.1", 3),
        ("latitude > 49", 0),
    ] {
        let count = catalog.count(&Filter::parse(filter).unwrap(), None).await.unwrap();
        assert_eq!(count.total, total, "{filter}");
    }
    assert_eq!(number(catalog, "SELECT count(DISTINCT image) FROM frames").await, 8);
    assert_eq!(number(catalog, "SELECT max(sequence) FROM frames").await, 3);
    let all = Versions::of(&catalog.session(None).await.unwrap());
    assert!(all.of_frames_and_detections().is_some());
}

#[test]
fn tables_with_features_for_readers_are_left_to_delta() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = filled(&folder).await;
        let plan = plan_of(&catalog, "SELECT * FROM frames").await;
        assert!(!plan.contains("DeltaScan"), "{plan}");
        check_answers(&catalog).await;
        for table in ["frames", "detections"] {
            rewrite(&folder, table, |action| {
                if let Some(protocol) = action.get_mut("protocol") {
                    *protocol = json!({
                        "minReaderVersion": 3, "minWriterVersion": 7,
                        "readerFeatures": ["deletionVectors"],
                        "writerFeatures": ["deletionVectors"],
                    });
                }
            });
        }
        let catalog = open(&folder).await;
        let plan = plan_of(&catalog, "SELECT * FROM frames").await;
        assert!(plan.contains("DeltaScan"), "{plan}");
        check_answers(&catalog).await;
    });
}

#[test]
fn files_of_which_the_log_says_nothing_are_read() {
    run(async {
        let folder = TempDir::new().unwrap();
        filled(&folder).await;
        for table in ["frames", "detections"] {
            rewrite(&folder, table, |action| {
                if let Some(add) = action.get_mut("add") {
                    add["stats"] = Value::Null;
                }
            });
        }
        check_answers(&open(&folder).await).await;
    });
}

/// Other engines cut texts and times, and say nothing of some columns.
#[test]
fn statistics_that_were_cut_spare_no_file_they_should_not() {
    run(async {
        let folder = TempDir::new().unwrap();
        filled(&folder).await;
        rewrite(&folder, "frames", |action| {
            let Some(add) = action.get_mut("add") else { return };
            let mut stats: Value = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
            let is_rear = stats["minValues"]["camera"] == "rear";
            // As Delta Lake's protocol has it: what is least is cut, what is greatest
            // ends in a character above all.
            stats["minValues"]["camera"] = json!(if is_rear { "re" } else { "fr" });
            stats["maxValues"]["camera"] =
                json!(if is_rear { "re\u{10ffff}" } else { "fr\u{10ffff}" });
            stats["maxValues"]["taken_at"] = json!("2020-11-19T22:00:00.300Z");
            stats["minValues"].as_object_mut().unwrap().remove("latitude");
            add["stats"] = json!(stats.to_string());
        });
        let catalog = open(&folder).await;
        check_answers(&catalog).await;
        let late =
            "SELECT count(*) FROM frames WHERE taken_at > TIMESTAMP '2020-11-19T22:00:00.300Z'";
        let times = number(&catalog, late).await;
        let exact = "SELECT count(*) FROM frames WHERE taken_at_ns % 1000000000 / 1000 > 300000";
        assert_eq!(times, number(&catalog, exact).await);
        assert_eq!(number(&catalog, "SELECT count(*) FROM frames WHERE camera > 'rea'").await, 4);
        // The least and the greatest text are asked of the files themselves.
        let greatest =
            "SELECT count(*) FROM frames WHERE camera = (SELECT max(camera) FROM frames)";
        assert_eq!(number(&catalog, greatest).await, 4);
    });
}
