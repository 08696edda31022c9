//! What is attached is joined once, whole, whatever happens meanwhile.

use std::collections::BTreeMap;

use tempfile::TempDir;

use roadloop_base::RecordingId;

use super::*;
use crate::testing::{frame, frame_shard, number, open, run, text};
use crate::{Format, FrameShard, Revision, SqlLimits};

/// Shard 0 of a camera of some recording.
fn shard(recording: &str, camera: &str, frames: u32, revision: i64) -> FrameShard {
    let rows: Vec<_> = (0..frames).map(|sequence| frame(recording, camera, sequence)).collect();
    FrameShard { id: rows[0].id.shard(), revision: Revision(revision), rows }
}

fn settings(on: &str, within: Option<&str>) -> SourceSettings {
    let on: Vec<String> = on.split(',').map(str::to_owned).collect();
    let joining = Joining::parse(&on, within).unwrap();
    SourceSettings { joining, named: BTreeMap::new(), columns: Vec::new() }
}

fn weather() -> SourceName {
    SourceName::new("weather").unwrap()
}

fn csv(content: &str, on: &str, within: Option<&str>) -> Source {
    let bytes = Bytes::copy_from_slice(content.as_bytes());
    Source::read("weather.csv", bytes, &settings(on, within)).unwrap()
}

/// Joins what waits, as a command does.
async fn join(catalog: &Catalog, name: &SourceName) -> (Joined, u64) {
    let joiner = catalog.joiner(name).await.unwrap();
    let waiting = joiner.waiting(None).await.unwrap();
    let mut joined = Joined::default();
    for group in &waiting.groups {
        joined.merge(joiner.join(group).await.unwrap());
    }
    (joined, waiting.already)
}

async fn rows(catalog: &Catalog, query: &str) -> String {
    text(&catalog.sql(query, &SqlLimits::default()).await.unwrap(), Format::Csv)
}

// Frames of a shard are a tenth of a second apart, from 2020-11-19T22:00 and
// seven nanoseconds.
const BY_TIME: &str = "time,condition,temp\n\
                       2020-11-19T22:00:00.100000007Z,rain,4\n\
                       2020-11-19T22:00:00.300000007Z,fog,5\n";

#[test]
fn frames_take_the_row_nearest_in_time() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        catalog.put_frames(&[frame_shard("front", 6, 1), frame_shard("rear", 2, 1)]).await.unwrap();
        let source = csv(BY_TIME, "time", Some("110ms"));
        assert_eq!(catalog.attach(&weather(), &source).await.unwrap(), Attachment::New);
        let (joined, already) = join(&catalog, &weather()).await;
        assert_eq!((joined, already), (Joined { frames: 8, matched: 7 }, 0));
        let query = "select f.sequence, w.condition, w.temp from attrs_weather w \
                     join frames f on f.frame = w.frame where f.camera = 'front' order by 1";
        // Frame 2 is as far from both, and takes the earlier row.
        let expected = "sequence,condition,temp\n0,rain,4\n1,rain,4\n2,rain,4\n3,fog,5\n4,fog,5\n";
        assert_eq!(rows(&catalog, query).await, expected);

        let query = "select sequence, weather_condition, weather_temp, tags from frames_joined \
                     where camera = 'front' and sequence > 3 order by 1";
        let expected = "sequence,weather_condition,weather_temp,tags\n4,fog,5,\n5,,,\n";
        assert_eq!(rows(&catalog, query).await, expected);
        let all = "select count(*) from frames_joined";
        assert_eq!(number(&catalog, all).await, 8);

        let attached = catalog.attached().await.unwrap();
        assert_eq!(attached.len(), 1);
        let Attached { name, rows, frames, columns, joining, .. } = &attached[0];
        assert_eq!((name, *rows, *frames), (&weather(), 2, 7));
        let types = columns.iter().map(|column| (column.name.as_str(), column.value));
        let expected = [("condition", ValueType::Text), ("temp", ValueType::Int64)];
        assert_eq!(types.collect::<Vec<_>>(), expected);
        assert_eq!(joining.to_string(), "nearest in time within 110ms");
    });
}

#[test]
fn what_is_joined_is_left_alone() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        catalog
            .put_frames(&[shard("drive-1", "front", 3, 1), shard("drive-2", "front", 3, 1)])
            .await
            .unwrap();
        let source = csv(BY_TIME, "time", Some("1s"));
        catalog.attach(&weather(), &source).await.unwrap();
        join(&catalog, &weather()).await;
        let version = async || {
            let table = catalog.find_attached(&weather()).await.unwrap().1;
            table.table.version()
        };
        let before = version().await;
        let again = csv(BY_TIME, "time", Some("1s"));
        assert_eq!(catalog.attach(&weather(), &again).await.unwrap(), Attachment::Already);
        assert_eq!(join(&catalog, &weather()).await, (Joined::default(), 2));
        assert_eq!(version().await, before);

        // A recording that comes later, and one that has other frames now.
        catalog
            .put_frames(&[shard("drive-3", "front", 4, 1), shard("drive-2", "front", 5, 2)])
            .await
            .unwrap();
        let (joined, already) = join(&catalog, &weather()).await;
        assert_eq!((joined, already), (Joined { frames: 9, matched: 9 }, 1));
        assert_eq!(number(&catalog, "select count(*) from attrs_weather").await, 12);
        assert_eq!(number(&catalog, "select count(distinct frame) from attrs_weather").await, 12);
        let joiner = catalog.joiner(&weather()).await.unwrap();
        let one = RecordingId::new("drive-3").unwrap();
        let waiting = joiner.waiting(Some(&one)).await.unwrap();
        assert_eq!((waiting.groups.len(), waiting.already), (0, 1));
    });
}

#[test]
fn other_data_takes_the_place_of_the_old() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        catalog.put_frames(&[frame_shard("front", 4, 1)]).await.unwrap();
        catalog.attach(&weather(), &csv(BY_TIME, "time", Some("1s"))).await.unwrap();
        join(&catalog, &weather()).await;
        let conditions = "select distinct condition from attrs_weather order by 1";

        // The same columns: old rows stay until they are replaced.
        let sunny = BY_TIME.replace("rain", "sun");
        let replaced = catalog.attach(&weather(), &csv(&sunny, "time", Some("1s"))).await;
        assert_eq!(replaced.unwrap(), Attachment::Replaced);
        assert_eq!(rows(&catalog, conditions).await, "condition\nfog\nrain\n");
        join(&catalog, &weather()).await;
        assert_eq!(rows(&catalog, conditions).await, "condition\nfog\nsun\n");

        // Other columns: they go at once, and come by the next joining.
        let wind = "time,wind\n2020-11-19T22:00Z,7.5\n";
        catalog.attach(&weather(), &csv(wind, "time", Some("1s"))).await.unwrap();
        assert_eq!(number(&catalog, "select count(*) from attrs_weather").await, 0);
        join(&catalog, &weather()).await;
        assert_eq!(rows(&catalog, "select distinct wind from attrs_weather").await, "wind\n7.5\n");
        let columns = "describe attrs_weather";
        let columns = rows(&catalog, columns).await;
        assert!(!columns.contains("condition") && columns.contains("wind,Float64"), "{columns}");

        // Back to the first: none of it is taken for joined.
        catalog.attach(&weather(), &csv(BY_TIME, "time", Some("1s"))).await.unwrap();
        let (joined, already) = join(&catalog, &weather()).await;
        assert_eq!((joined.matched, already), (4, 0));
        assert_eq!(rows(&catalog, conditions).await, "condition\nfog\nrain\n");
        // One file of rows is left, and another process sees the same.
        assert_eq!(std::fs::read_dir(folder.path().join("attached/weather")).unwrap().count(), 1);
        assert_eq!(rows(&open(&folder).await, conditions).await, "condition\nfog\nrain\n");
    });
}

#[test]
fn what_was_dropped_can_come_again() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        catalog.put_frames(&[frame_shard("front", 4, 1)]).await.unwrap();
        let source = csv(BY_TIME, "time", Some("1s"));
        let error = catalog.detach(&weather()).await.unwrap_err();
        assert_eq!(error.to_string(), "nothing is attached as weather; nothing is attached yet");
        catalog.attach(&weather(), &source).await.unwrap();
        join(&catalog, &weather()).await;
        assert_eq!(catalog.detach(&weather()).await.unwrap().frames, 4);
        for catalog in [&catalog, &open(&folder).await] {
            assert!(catalog.attached().await.unwrap().is_empty());
            assert!(catalog.joiner(&weather()).await.is_err());
            let error = catalog.sql("select * from attrs_weather", &SqlLimits::default()).await;
            assert!(error.unwrap_err().to_string().contains("no table is called attrs_weather"));
            assert_eq!(number(catalog, "select count(*) from frames_joined").await, 4);
        }
        assert_eq!(catalog.attach(&weather(), &source).await.unwrap(), Attachment::New);
        assert_eq!(join(&catalog, &weather()).await.0.matched, 4);
        assert_eq!(number(&catalog, "select count(*) from attrs_weather").await, 4);
    });
}
