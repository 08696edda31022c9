//! What is attached is joined once, whole, whatever happens meanwhile.

use std::collections::BTreeMap;

use tempfile::TempDir;

use roadloop_base::RecordingId;

use super::*;
use crate::testing::{frame, frame_shard, number, open, run, text};
use crate::{Filter, Format, FrameShard, Revision, SqlLimits};

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
        let count = async |filter: &str| {
            let filter = Filter::parse(filter).unwrap();
            let count = catalog.count(&filter, None).await.unwrap();
            (count.total, count.without_values)
        };
        assert_eq!(count("weather.condition = fog").await, (2, 1));
        assert_eq!(count("temp > 4 and camera = front").await, (2, 1));
        assert_eq!(count("not condition = fog").await, (5, 1));
        let wrong = Filter::parse("weather.conditon = fog").unwrap();
        let error = catalog.count(&wrong, None).await.unwrap_err().to_string();
        assert!(error.contains("did you mean weather.condition?"), "{error}");

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

#[test]
fn sources_stand_side_by_side() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        catalog.put_frames(&[frame_shard("front", 3, 1), frame_shard("rear", 3, 1)]).await.unwrap();
        let by_key = "recording,camera,sequence,ok,by\ndrive-1,front,1,true,anna\ndrive-1,rear,2,false,ben\n\
                      drive-1,rear,9,true,ben\n";
        let review = SourceName::new("review").unwrap();
        catalog.attach(&review, &csv(by_key, "recording,camera,sequence", None)).await.unwrap();
        assert_eq!(join(&catalog, &review).await.0, Joined { frames: 6, matched: 2 });
        // Frames of the tests go north from 48.1, 11.1 m each.
        let zones = "lat,lon,name\n48.1,11.5,start\n48.1002,11.5,end\n";
        let zone = SourceName::new("zone").unwrap();
        catalog.attach(&zone, &csv(zones, "position", Some("5m"))).await.unwrap();
        assert_eq!(join(&catalog, &zone).await.0, Joined { frames: 6, matched: 4 });
        let query = "select camera, sequence, review_ok, review_by, zone_name from frames_joined \
                     order by camera, sequence";
        let expected = "camera,sequence,review_ok,review_by,zone_name\n\
                        front,0,,,start\nfront,1,true,anna,\nfront,2,,,end\n\
                        rear,0,,,start\nrear,1,,,\nrear,2,false,ben,end\n";
        assert_eq!(rows(&catalog, query).await, expected);
        let names: Vec<String> =
            catalog.attached().await.unwrap().iter().map(|one| one.name.to_string()).collect();
        assert_eq!(names, ["review", "zone"]);
        let tables = rows(
            &catalog,
            "select table_name from information_schema.tables where \
                                     table_schema = 'public' order by 1",
        )
        .await;
        assert_eq!(
            tables,
            "table_name\nannotations\nanonymized\nattrs_review\nattrs_tags\nattrs_zone\ndetection_rows\n\
             detections\nframes\nframes_joined\nlooked\nselections\ntags\n"
        );
    });
}

#[test]
fn joined_columns_have_names_of_their_own() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let refused = async |name: &str, column: &str| {
            let source = csv(&format!("time,{column}\n2020-11-19,1\n"), "time", Some("1s"));
            let name = SourceName::new(name).unwrap();
            match catalog.attach(&name, &source).await {
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            }
        };
        let error = refused("taken", "at").await;
        assert!(error.contains("column at of taken would be taken_at among the joined columns, and frames has it already"), "{error}");
        assert_eq!(refused("a_b", "c").await, "");
        let error = refused("a", "b_c").await;
        assert!(
            error.contains("would be a_b_c among the joined columns, and a_b has it already"),
            "{error}"
        );
        assert_eq!(refused("a", "b").await, "");
    });
}

/// Whose times, names or places are others is told so.
#[test]
fn that_nothing_matched_has_a_reason() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let reason = async |content: &str, on: &str, within: Option<&str>| {
            catalog.attach(&weather(), &csv(content, on, within)).await.unwrap();
            assert_eq!(join(&catalog, &weather()).await.0.matched, 0);
            catalog.joiner(&weather()).await.unwrap().unmatched().await.unwrap()
        };
        let none = reason(BY_TIME, "time", Some("1s")).await;
        assert_eq!(none, "there are no frames yet; those that come are joined by themselves");
        catalog.put_frames(&[frame_shard("front", 3, 1)]).await.unwrap();
        let late = BY_TIME.replace("2020", "2021");
        assert_eq!(
            reason(&late, "time", Some("1h")).await,
            "the file's times are 2021-11-19T22:00:00Z to 2021-11-19T22:00:00Z, the frames' \
             2020-11-19T22:00:00Z to 2020-11-19T22:00:00Z"
        );
        let other = "drive,x\ndrive-7,1\ndrive-8,2\n".replace("drive,", "recording,");
        assert_eq!(
            reason(&other, "recording", None).await,
            "the file's recording is drive-7, drive-8, the frames' drive-1"
        );
        let apart = "recording,camera,x\ndrive-1,rear,1\ndrive-2,front,2\n";
        assert_eq!(
            reason(apart, "recording,camera", None).await,
            "each recording, camera is there, but none together in one row"
        );
        let far = "lat,lon,x\n10,20,1\n11,21,2\n";
        assert_eq!(
            reason(far, "position", Some("1km")).await,
            "the file's places are 10.0000 to 11.0000 north and 20.0000 to 21.0000 east, the \
             frames' 48.1000 to 48.1002 and 11.5000 to 11.5000"
        );
        let days = "date,x\n2020-11-20,1\n";
        assert_eq!(
            reason(days, "date", None).await,
            "the file's date is 2020-11-20, the frames' 2020-11-19"
        );
    });
}

/// What the rows of a table are, and whether each recording has all or none.
async fn whole(catalog: &Catalog, frames: i64) -> String {
    let query = "select recording, condition, count(*) as n, count(distinct frame) as d \
                 from attrs_weather group by recording, condition order by 1, 2";
    let content = rows(catalog, query).await;
    let mut seen = BTreeSet::new();
    for line in content.lines().skip(1) {
        let [recording, _, n, distinct] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert!(seen.insert(recording.to_owned()), "two sources in one recording: {content}");
        assert_eq!(
            (n, distinct),
            (frames.to_string().as_str(), frames.to_string().as_str()),
            "{content}"
        );
    }
    content
}

#[test]
fn joining_stopped_at_any_instant_leaves_no_half_recording() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let shards: Vec<FrameShard> =
            (0..9).map(|number| shard(&format!("drive-{number}"), "front", 3, 1)).collect();
        catalog.put_frames(&shards).await.unwrap();
        let content = |step: u32| {
            let condition = format!("time,condition\n2020-11-19T22:00Z,state-{step}\n");
            csv(&condition, "time", Some("10s"))
        };
        let attach = async |catalog: &Catalog, step: u32| {
            catalog.attach(&weather(), &content(step)).await.unwrap();
            join(catalog, &weather()).await;
        };
        let elsewhere = TempDir::new().unwrap();
        let undisturbed = open(&elsewhere).await;
        undisturbed.put_frames(&shards).await.unwrap();
        attach(&undisturbed, 0).await;
        let start = std::time::Instant::now();
        attach(&undisturbed, 1).await;
        let undisturbed = start.elapsed();
        attach(&catalog, 0).await;
        let reader = open(&folder).await;
        let mut stopped = 0;
        for step in 1..24 {
            let catalog = open(&folder).await;
            let limit = undisturbed.mul_f64(f64::from(step) / 16.0);
            let finished = tokio::time::timeout(limit, attach(&catalog, step)).await.is_ok();
            stopped += u32::from(!finished);
            let content = whole(&reader, 3).await;
            assert_eq!(content.lines().count(), 10, "{content}");
            if finished {
                assert_eq!(content.matches(&format!("state-{step},")).count(), 9, "{content}");
            }
        }
        assert!(stopped > 0);
        // The last one again, as a person does.
        attach(&catalog, 23).await;
        let content = whole(&reader, 3).await;
        assert_eq!(content.matches("state-23,").count(), 9, "{content}");
        assert_eq!(join(&open(&folder).await, &weather()).await, (Joined::default(), 9));
    });
}

#[test]
fn of_two_at_once_one_is_attached() {
    run(async {
        let folder = TempDir::new().unwrap();
        let shards: Vec<FrameShard> =
            (0..6).map(|number| shard(&format!("drive-{number}"), "front", 3, 1)).collect();
        open(&folder).await.put_frames(&shards).await.unwrap();
        for round in 0..4 {
            let mut writers = Vec::new();
            for number in 0..3 {
                let catalog = open(&folder).await;
                // Of other columns in every second round.
                let column = if round % 2 == 0 { "condition" } else { &format!("c{number}") };
                let content =
                    format!("time,{column},whose\n2020-11-19T22:00Z,x,{round}-{number}\n");
                writers.push(tokio::spawn(async move {
                    catalog.attach(&weather(), &csv(&content, "time", Some("10s"))).await?;
                    let joiner = catalog.joiner(&weather()).await?;
                    for group in &joiner.waiting(None).await?.groups {
                        joiner.join(group).await?;
                    }
                    Ok::<_, CatalogError>(())
                }));
            }
            for writer in writers {
                match writer.await.unwrap() {
                    Ok(()) => {}
                    Err(CatalogError::Attach(
                        AttachError::Superseded { .. } | AttachError::RowsGone { .. },
                    )) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            let catalog = open(&folder).await;
            let whose = "select whose, count(*) as n, count(distinct frame) as d \
                         from attrs_weather group by 1";
            let content = rows(&catalog, whose).await;
            assert!(content.ends_with(",18,18\n") && content.lines().count() == 2, "{content}");
        }
    });
}

#[test]
fn tags_are_put_on_and_taken_off() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        assert_eq!(catalog.tags().await.unwrap(), []);
        assert_eq!(number(&catalog, "select count(*) from tags").await, 0);
        let (front, rear) = (shard("drive-1", "front", 4, 1), shard("drive-2", "rear", 3, 1));
        catalog.put_frames(&[front, rear]).await.unwrap();
        let tag = async |filter: &str, tag: &str, tagging| {
            let filter = Filter::parse(filter).unwrap();
            let tagged = catalog.tag(&filter, &Tag::new(tag).unwrap(), tagging).await.unwrap();
            (tagged.matched, tagged.changed)
        };
        use Tagging::{Add, Remove};
        assert_eq!(tag("camera = front", "a", Remove).await, (4, 0));
        assert_eq!(tag("camera = front", "a", Add).await, (4, 4));
        assert_eq!(tag("camera = front", "a", Add).await, (4, 0));
        assert_eq!(tag("", "a", Add).await, (7, 3));
        assert_eq!(tag("camera = rear", "b", Add).await, (3, 3));
        assert_eq!(tag("camera = rear", "c", Add).await, (3, 3));
        assert_eq!(tag("camera = rear", "b", Remove).await, (3, 3));
        assert_eq!(tag("camera = rear", "b", Remove).await, (3, 0));
        assert_eq!(tag("camera = side", "b", Add).await, (0, 0));
        let count =
            |tag: &str, frames, recordings| TagCount { tag: tag.to_owned(), frames, recordings };
        let both = Filter::parse("tag = a and not tag = c").unwrap();
        assert_eq!(catalog.count(&both, None).await.unwrap().total, 4);
        let expected = [count("a", 7, 2), count("c", 3, 1)];
        assert_eq!(open(&folder).await.tags().await.unwrap(), expected);
        let tags = "select tags, count(*) as n from frames_joined group by 1 order by 1";
        assert_eq!(rows(&catalog, tags).await, "tags,n\na,4\n\"a,c\",3\n");
    });
}

#[test]
fn tags_of_several_at_once_all_stay() {
    run(async {
        let folder = TempDir::new().unwrap();
        let shards: Vec<FrameShard> =
            (0..3).map(|number| shard(&format!("drive-{number}"), "front", 4, 1)).collect();
        open(&folder).await.put_frames(&shards).await.unwrap();
        let mut writers = Vec::new();
        for number in 0..4 {
            let catalog = open(&folder).await;
            writers.push(tokio::spawn(async move {
                // Two of them give the same tag.
                let tag = Tag::new(&format!("tag-{}", number / 2)).unwrap();
                let tagged = catalog.tag(&Filter::EVERYTHING, &tag, Tagging::Add).await.unwrap();
                tagged.changed
            }));
        }
        let mut changed = 0;
        for writer in writers {
            changed += writer.await.unwrap();
        }
        // What two gave at once was given once.
        assert_eq!(changed, 24);
        let catalog = open(&folder).await;
        assert_eq!(number(&catalog, "select count(*) from tags").await, 24);
        let twice =
            "select count(*) from (select frame, tag from tags group by 1, 2 having count(*) > 1)";
        assert_eq!(number(&catalog, twice).await, 0);
    });
}
