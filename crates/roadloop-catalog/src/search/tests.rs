//! The catalog's answers against the plain meaning of a filter.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

use roadloop_base::{Kind, ModelId, ShardId, Stage};

use super::*;
use crate::filter::{Seen, any_expr, any_frames, holds};
use crate::testing::{detection, detection_shard, frame_shard, open, run, text};
use crate::{DetectionShard, FrameShard, LookedAt, Revision};

async fn fill(catalog: &Catalog, frames: &[Seen]) {
    let mut shards = BTreeMap::<ShardId, Vec<&Seen>>::new();
    for seen in frames {
        shards.entry(seen.frame.id.shard()).or_default().push(seen);
    }
    let mut kept = Vec::new();
    let mut by_stage = [(Stage::Detect, Vec::new()), (Stage::Anonymize, Vec::new())];
    for (id, all) in shards {
        let rows = all.iter().map(|seen| seen.frame.clone()).collect();
        kept.push(FrameShard { id: id.clone(), revision: Revision(1), rows });
        for (stage, shards) in &mut by_stage {
            let is_theirs = |d: &Detection| (d.kind == Kind::Face) == (*stage == Stage::Anonymize);
            let mut looked = Vec::new();
            for seen in &all {
                if !(if *stage == Stage::Anonymize { seen.anonymized } else { seen.looked }) {
                    continue;
                }
                looked.push(LookedAt {
                    id: seen.frame.id.clone(),
                    taken_at: seen.frame.taken_at,
                    model: ModelId::new("m").unwrap(),
                    detections: seen.detections.iter().filter(|d| is_theirs(d)).cloned().collect(),
                });
            }
            shards.push(DetectionShard { id: id.clone(), revision: Revision(1), looked });
        }
    }
    catalog.put_frames(&kept).await.unwrap();
    for (stage, shards) in &by_stage {
        catalog.put_detections(*stage, shards).await.unwrap();
    }
}

async fn check(catalog: &Catalog, frames: &[Seen], filter: &Filter) {
    let expr = filter.expr().unwrap();
    let mut expected = BTreeSet::new();
    let mut unknown = 0;
    for seen in frames {
        match holds(expr, seen) {
            Some(true) => drop(expected.insert(seen.frame.id.clone())),
            Some(false) => {}
            None => unknown += 1,
        }
    }
    let got = catalog.matching(filter, None).await.unwrap();
    assert_eq!(got, expected, "{filter}\n{frames:#?}");
    let count = catalog.count(filter, None).await.unwrap();
    assert_eq!((count.total, count.not_looked_at), (expected.len() as u64, unknown), "{filter}");
}

/// Random filters over random rows: three catalogs, fifteen questions each.
#[test]
fn answers_are_what_filters_mean() {
    let mut runner = TestRunner::default();
    for _ in 0..3 {
        let frames = any_frames().new_tree(&mut runner).unwrap().current();
        let exprs = proptest::collection::vec(any_expr(), 15);
        let exprs = exprs.new_tree(&mut runner).unwrap().current();
        run(async move {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            fill(&catalog, &frames).await;
            for expr in exprs {
                check(&catalog, &frames, &Filter::from_expr(expr)).await;
            }
        });
    }
}

async fn two_cameras(folder: &TempDir) -> Catalog {
    let catalog = open(folder).await;
    let (front, rear) = (frame_shard("front", 4, 1), frame_shard("rear", 4, 1));
    catalog.put_frames(&[front.clone(), rear.clone()]).await.unwrap();
    let found = |sequence: u32| {
        let car = detection(Kind::Object, "car", 0.7);
        let mut found = vec![car; sequence as usize];
        found.push(detection(Kind::Scene, "street", 0.5));
        found
    };
    let shards = [front, rear].map(|shard| detection_shard(&shard, 1, found));
    catalog.put_detections(Stage::Detect, &shards).await.unwrap();
    catalog
}

#[test]
fn hits_come_by_time_up_to_the_limit() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = two_cameras(&folder).await;
        let filter = Filter::parse("count(car, conf >= 0.7) >= 1 and has(street)").unwrap();
        let options = SearchOptions { limit: Some(3), recording: None };
        let found = catalog.search(&filter, &options).await.unwrap();
        assert_eq!((found.total, found.hits.len(), found.not_looked_at), (6, 3, 0));
        let ids: Vec<String> = found.hits.iter().map(|hit| hit.frame.id.to_string()).collect();
        assert_eq!(ids, ["drive-1/front/000001", "drive-1/rear/000001", "drive-1/front/000002"]);
        assert_eq!(found.hits[2].detections.len(), 3);
        let rows = found.rows(Format::Csv).unwrap();
        assert!(rows.truncated());
        assert_eq!(
            text(&rows, Format::Csv).lines().nth(3).unwrap(),
            "drive-1,front,2,2020-11-19T22:00:00.200000007Z,\"2 car, 1 street\",\
             images/drive-1/front/front-2020-11-19T22_00_00.200000007Z-000002.jpg,\
             1280,720,100.5,12.25,48.1002,11.5,,false"
        );
        let rows = found.rows(Format::JsonLines).unwrap();
        let line = text(&rows, Format::JsonLines).lines().next().unwrap().to_owned();
        let hit: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(hit["detections"][0]["label"], "car");
        assert_eq!(hit["detections"][1]["left"], serde_json::Value::Null);
        assert_eq!(hit["anonymized"], false);

        let other = RecordingId::new("other").unwrap();
        let options = SearchOptions { limit: None, recording: Some(other) };
        let found = catalog.search(&filter, &options).await.unwrap();
        assert_eq!((found.total, found.hits.len()), (0, 0));
        let rows = found.rows(Format::Table).unwrap();
        assert!(text(&rows, Format::Table).contains("| recording |"));
    });
}

#[test]
fn unknown_names_are_a_warning() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = two_cameras(&folder).await;
        let filter = Filter::parse("has(caar) or camera = raer").unwrap();
        let found = catalog.search(&filter, &SearchOptions::default()).await.unwrap();
        assert_eq!(found.total, 0);
        assert_eq!(
            found.warnings,
            [
                "no label caar in the catalog: did you mean car?",
                "no camera raer in the catalog: did you mean rear?"
            ]
        );
    });
}

/// As many joins as a filter may have, as deep as it may nest: the planner's
/// recursion stays within the stack.
#[test]
fn the_largest_filters_are_answered() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = two_cameras(&folder).await;
        let parts: Vec<String> = (0..64).map(|number| format!("not has(x{number})")).collect();
        let filter = Filter::parse(&parts.join(" and ")).unwrap();
        assert_eq!(catalog.matching(&filter, None).await.unwrap().len(), 8);
        let mut nested = "has(car)".to_owned();
        for number in 0..15 {
            let word = if number % 2 == 0 { "and" } else { "or" };
            nested = format!("not ({nested} {word} count(car) >= {number})");
        }
        let filter = Filter::parse(&nested).unwrap();
        catalog.count(&filter, None).await.unwrap();
    });
}
