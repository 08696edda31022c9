//! The catalog's answers against the plain meaning of a filter.

use std::collections::BTreeMap;

use deltalake::arrow::array::{Int64Array, TimestampMicrosecondArray};
use deltalake::datafusion::common::TableReference;
use deltalake::datafusion::prelude::SessionContext;
use deltalake::kernel::Action;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

use roadloop_base::{Kind, ModelId, SHARD_FRAMES, ShardId, Stage};

use super::*;
use crate::files;
use crate::filter::{SELECTIONS, Seen, Weather, any_expr, any_frames, may};
use crate::rows::{Columns, frame_batches};
use crate::schema::frame_number;
use crate::testing::{
    Flaky, detection, detection_shard, frame, frame_shard, make_older, open, run, store, text,
};
use crate::{CatalogOptions, DetectionShard, FrameShard, LookedAt, Revision};

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

/// What people attached to the frames, tagged and selected.
fn attach(context: &SessionContext, frames: &[Seen]) {
    let number = |seen: &&Seen| frame_number(&seen.frame.id);
    let register = |name: &str, columns: Vec<(&str, ArrayRef)>| {
        let name = TableReference::bare(name);
        context.deregister_table(name.clone()).unwrap();
        context.register_batch(name, RecordBatch::try_from_iter(columns).unwrap()).unwrap();
    };
    let with = frames.iter().filter(|seen| seen.weather.is_some());
    let weather: Vec<&Weather> = frames.iter().filter_map(|seen| seen.weather.as_ref()).collect();
    let measured = weather.iter().map(|weather| weather.measured);
    let measured: TimestampMicrosecondArray = measured.collect();
    register(
        "attrs_weather",
        vec![
            ("frame", Arc::new(with.map(|seen| number(&seen)).collect::<Int64Array>())),
            ("condition", Arc::new(weather.iter().map(|w| w.condition).collect::<StringArray>())),
            (
                "temperature",
                Arc::new(weather.iter().map(|w| w.temperature).collect::<Float64Array>()),
            ),
            ("wet", Arc::new(weather.iter().map(|w| w.wet).collect::<BooleanArray>())),
            ("measured", Arc::new(measured.with_timezone("UTC"))),
        ],
    );
    let with = || frames.iter().filter(|seen| seen.limit.is_some());
    register(
        "attrs_speed limit",
        vec![
            ("frame", Arc::new(with().map(|seen| number(&seen)).collect::<Int64Array>())),
            ("camera", Arc::new(with().map(|_| Some("front")).collect::<StringArray>())),
            ("kmh", Arc::new(with().map(|seen| seen.limit).collect::<Int64Array>())),
        ],
    );
    let of_names = |name: &str, pairs: Vec<(i64, &str)>| -> Vec<(&str, ArrayRef)> {
        let frames = pairs.iter().map(|(frame, _)| *frame).collect::<Int64Array>();
        let names = StringArray::from_iter_values(pairs.iter().map(|(_, name)| *name));
        vec![
            ("frame", Arc::new(frames)),
            (if name == "tag" { "tag" } else { "name" }, Arc::new(names)),
        ]
    };
    let mut tags = Vec::new();
    // Each selection there is, also of frames that are gone.
    let mut selected = SELECTIONS.map(|name| (-1, name)).to_vec();
    for seen in frames {
        tags.extend(seen.tags.iter().map(|tag| (number(&seen), *tag)));
        selected.extend(seen.selections.iter().map(|name| (number(&seen), *name)));
    }
    register("attrs_tags", of_names("tag", tags));
    register("selections", of_names("name", selected));
}

async fn check(catalog: &Catalog, context: &SessionContext, frames: &[Seen], filter: &Filter) {
    let expr = filter.expr().unwrap();
    let of = |certainty| {
        let may_hold = |seen: &&Seen| may(expr, seen, certainty).0;
        frames.iter().filter(may_hold).map(|seen| seen.frame.id.clone()).collect::<BTreeSet<_>>()
    };
    let [known, looked, possible] =
        [Certainty::Known, Certainty::Looked, Certainty::Possible].map(of);
    let question = Question::new(catalog, context, filter, None).await.unwrap();
    let got = catalog.ids_of(&question).await.unwrap();
    assert_eq!(got, known, "{filter}\n{frames:#?}");
    let Count { total, not_looked_at, without_values, .. } = question.count(None).await.unwrap();
    assert_eq!(
        [total, total + not_looked_at, total + not_looked_at + without_values],
        [known, looked, possible].map(|ids| ids.len() as u64),
        "{filter}\n{frames:#?}"
    );
}

/// Random filters over random rows: three catalogs, thirty questions each.
#[test]
fn answers_are_what_filters_mean() {
    let mut runner = TestRunner::default();
    for _ in 0..3 {
        let frames = any_frames().new_tree(&mut runner).unwrap().current();
        let exprs = proptest::collection::vec(any_expr(), 30);
        let exprs = exprs.new_tree(&mut runner).unwrap().current();
        run(async move {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            fill(&catalog, &frames).await;
            let context = catalog.session(None).await.unwrap();
            attach(&context, &frames);
            for expr in exprs {
                let filter = Filter::parse(&expr.to_string()).unwrap();
                check(&catalog, &context, &frames, &filter).await;
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

/// Whatever the limit: the first hits of all that there are, with all that is
/// known of them.
#[test]
fn a_page_is_the_beginning_of_all_hits() {
    let mut runner = TestRunner::default();
    let frames = any_frames().new_tree(&mut runner).unwrap().current();
    run(async move {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        fill(&catalog, &frames).await;
        let options = |limit| SearchOptions { limit, recording: None };
        let all = catalog.search(&Filter::EVERYTHING, &options(None)).await.unwrap();
        let mut expected: Vec<&Seen> = frames.iter().collect();
        expected.sort_by_key(|seen| {
            let id = &seen.frame.id;
            (seen.frame.taken_at, id.recording.as_str(), id.camera.as_str(), id.sequence)
        });
        assert_eq!(all.hits.len(), frames.len());
        for (hit, seen) in all.hits.iter().zip(expected) {
            assert_eq!(hit.frame.id, seen.frame.id);
            assert_eq!((hit.looked_at, hit.anonymized), (seen.looked, seen.anonymized));
            let is_seen = |detection: &&Detection| match detection.kind {
                Kind::Face => seen.anonymized,
                _ => seen.looked,
            };
            let seen = seen.detections.iter().filter(is_seen).count();
            assert_eq!(hit.detections.len(), seen, "{}", hit.frame.id);
        }
        for limit in [0, 1, 7, frames.len(), frames.len() + 1] {
            let page = catalog.search(&Filter::EVERYTHING, &options(Some(limit))).await.unwrap();
            assert_eq!(page.total, all.total);
            assert_eq!(page.hits, all.hits[..limit.min(frames.len())]);
        }
    });
}

/// Where hits are too many to be named one by one.
#[test]
fn many_hits_are_described_as_few_are() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let shards: Vec<FrameShard> = (0..40)
            .map(|number| frame_shard(&format!("camera-{number}"), SHARD_FRAMES, 1))
            .collect();
        catalog.put_frames(&shards).await.unwrap();
        let found = |sequence| vec![detection(Kind::Object, "car", 0.7); sequence as usize % 3];
        let looked: Vec<DetectionShard> =
            shards.iter().map(|shard| detection_shard(shard, 1, found)).collect();
        catalog.put_detections(Stage::Detect, &looked).await.unwrap();
        let options = SearchOptions { limit: None, recording: None };
        let all = catalog.search(&Filter::EVERYTHING, &options).await.unwrap();
        assert!(all.hits.len() > 500, "{}", all.hits.len());
        for hit in &all.hits {
            assert!(hit.looked_at && !hit.anonymized);
            assert_eq!(hit.detections.len(), hit.frame.id.sequence as usize % 3);
        }
        let options = SearchOptions { limit: Some(all.hits.len() - 1), recording: None };
        let page = catalog.search(&Filter::EVERYTHING, &options).await.unwrap();
        assert_eq!(page.total, all.total);
        assert_eq!(page.hits, all.hits[..all.hits.len() - 1]);
    });
}

/// What was found of the tables as a whole holds until they change.
#[test]
fn answers_follow_the_tables() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let shard = frame_shard("front", 4, 1);
        catalog.put_frames(std::slice::from_ref(&shard)).await.unwrap();
        let filter = Filter::parse("has(car)").unwrap();
        for _ in 0..2 {
            let count = catalog.count(&filter, None).await.unwrap();
            assert_eq!((count.total, count.not_looked_at), (0, 4));
            assert_eq!(count.warnings, ["no label car in the catalog"]);
        }
        let car = |_| vec![detection(Kind::Object, "car", 0.7)];
        catalog.put_detections(Stage::Detect, &[detection_shard(&shard, 1, car)]).await.unwrap();
        for _ in 0..2 {
            let count = catalog.count(&filter, None).await.unwrap();
            assert_eq!((count.total, count.not_looked_at), (4, 0));
            assert_eq!(count.warnings, Vec::<String>::new());
        }
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

/// Rows of a time when there was no such column.
#[test]
fn the_sun_of_older_rows_is_computed() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let mut shard = frame_shard("front", 3, 1);
        shard.rows[2].position = None;
        let (table, view) =
            (catalog.frames_table(), catalog.frames_table().newest().await.unwrap());
        for (date, mut rows) in frame_batches(&[&shard]).unwrap() {
            rows.remove_column(rows.schema().index_of("sun_elevation").unwrap());
            let add = Action::Add(files::write(table, &date, rows).await.unwrap());
            table.commit(&view, vec![add], Vec::new()).await;
        }
        for (filter, total) in [
            ("tod = night", 2),
            ("not tod = night", 0),
            ("tod in (day, night)", 2),
            ("sun_elevation < -6", 2),
            ("sun_elevation in (-6, 0)", 0),
            ("not sun_elevation > 3.5", 2),
        ] {
            let count = catalog.count(&Filter::parse(filter).unwrap(), None).await.unwrap();
            assert_eq!((count.total, count.without_values), (total, 1), "{filter}");
            assert_eq!(count.warnings, ["1 frame has no position and cannot match"]);
        }
    });
}

/// An older table that nobody may write to is read as it is.
#[test]
fn columns_that_a_table_does_not_have_are_empty() {
    run(async {
        let folder = TempDir::new().unwrap();
        open(&folder).await.put_frames(&[frame_shard("front", 3, 1)]).await.unwrap();
        make_older(&folder);
        let read_only = Flaky {
            inner: store(folder.path()),
            fail_before: u32::MAX.into(),
            fail_after: 0.into(),
        };
        let catalog = Catalog::open(Arc::new(read_only), CatalogOptions::default()).await.unwrap();
        let filter = Filter::parse("within(48.1, 11.5, 2km) or tod = night").unwrap();
        let count = catalog.count(&filter, None).await.unwrap();
        assert_eq!((count.total, count.without_values), (0, 3));
        assert_eq!(catalog.matching(&Filter::EVERYTHING, None).await.unwrap().len(), 3);
    });
}

#[test]
fn what_nothing_is_called_is_an_error_at_its_place() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = two_cameras(&folder).await;
        for (filter, expected) in [
            (
                "has(car) and brigtness < 40",
                "no column is called brigtness; did you mean brightness?\n  \
                 has(car) and brigtness < 40\n               ^^^^^^^^^",
            ),
            (
                "not selection = x",
                "no selection is called x\n  not selection = x\n                  ^",
            ),
        ] {
            let filter = Filter::parse(filter).unwrap();
            let error = catalog.search(&filter, &SearchOptions::default()).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(matches!(error, CatalogError::Filter(_)));
        }
        let filter = Filter::parse("tag = x or camera = front").unwrap();
        let count = catalog.count(&filter, None).await.unwrap();
        assert_eq!((count.total, count.without_values), (4, 0));
        assert_eq!(count.warnings, ["no tag x in the catalog"]);
    });
}

/// One of three files is read where a condition on frames tells that no other
/// can hold a hit.
#[test]
fn statistics_spare_files() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        for (minutes, recording, latitude, longitude) in
            [(0, "night", 48.1, 11.5), (840, "day", 48.1, 11.6), (1_110, "dusk", -33.0, -179.0)]
        {
            let mut row = frame(recording, "front", 0);
            row.taken_at.0 += minutes * 60_000_000_000;
            row.position = Position::new(latitude, longitude, None);
            row.brightness = minutes as f32;
            let shard = FrameShard { id: row.id.shard(), revision: Revision(1), rows: vec![row] };
            catalog.put_frames(&[shard]).await.unwrap();
        }
        for filter in [
            "within(48.1, 11.5, 2km)",
            "within(-33, 180, 200km)",
            "in_box(48, 11, 49, 11.55)",
            "in_box(-40, 170, -30, -170)",
            "latitude < 0",
            "not latitude >= 0",
            "tod = day",
            "tod = night",
            "sun_elevation > 5",
            "recording = day",
            "recording in (day, dawn)",
            "time in 2020-11-20T12..13",
            "taken_at < 2020-11-20",
            "date = 2020-11-19",
            "has(car) and within(48.1, 11.5, 2km) and not tag = x and brightness < 40",
        ] {
            let context = catalog.session(None).await.unwrap();
            let parsed = Filter::parse(filter).unwrap();
            let question = Question::new(&catalog, &context, &parsed, None).await.unwrap();
            let condition = question.condition(Certainty::Known).unwrap();
            let query = format!("EXPLAIN ANALYZE SELECT f.image FROM frames f WHERE {condition}");
            let mut plan = String::new();
            for batch in catalog.query(&context, &query).await.unwrap() {
                plan.extend(Columns(&batch).texts("plan").unwrap().iter().flatten());
            }
            let scans = plan.split("DataSourceExec: ").skip(1);
            let files = scans.map(|scan| scan.matches("tables/frames/").count());
            assert_eq!(files.max(), Some(1), "{filter}\n{plan}");
        }
    });
}

/// A filter that asks for a time looks for labels on the dates of that time only.
#[test]
fn times_spare_detections_of_other_dates() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        for day in 0..3 {
            let mut shard = frame_shard(&format!("camera-{day}"), 4, 1);
            for row in &mut shard.rows {
                row.taken_at.0 += day * 24 * 3600 * 1_000_000_000;
            }
            let car = |_| vec![detection(Kind::Object, "car", 0.7)];
            let looked = detection_shard(&shard, 1, car);
            catalog.put_frames(&[shard]).await.unwrap();
            catalog.put_detections(Stage::Detect, &[looked]).await.unwrap();
        }
        for (filter, total, files) in [
            ("has(car) and time = 2020-11-20", 4, 1),
            ("time in 2020-11-20..2020-11-21 and count(car) >= 1", 8, 2),
            ("has(car) and time < 2020-11-20", 4, 1),
            ("has(car) and time <= 2020-11-20", 8, 2),
            ("has(car) and time > 2020-11-20", 4, 1),
            ("has(car) and time >= 2020-11-20 and time < 2020-11-21", 4, 1),
            // Frames lie on the other two.
            ("has(car) and not time = 2020-11-20", 8, 2),
            // Of these, none is asked of each frame.
            ("has(car) or time = 2020-11-20", 12, 3),
            ("has(car)", 12, 3),
        ] {
            let context = catalog.session(None).await.unwrap();
            let parsed = Filter::parse(filter).unwrap();
            let question = Question::new(&catalog, &context, &parsed, None).await.unwrap();
            let condition = question.condition(Certainty::Known).unwrap();
            let count = question.count(None).await.unwrap();
            assert_eq!(count.total, total, "{filter}");
            let query = format!("EXPLAIN SELECT f.image FROM frames f WHERE {condition}");
            let mut plan = String::new();
            for batch in catalog.query(&context, &query).await.unwrap() {
                plan.extend(Columns(&batch).texts("plan").unwrap().iter().flatten());
            }
            let scans = plan.split("DataSourceExec: ").skip(1);
            let read = scans.map(|scan| scan.matches("tables/detections/").count());
            assert_eq!(read.max(), Some(files), "{filter}\n{plan}");
        }
    });
}
