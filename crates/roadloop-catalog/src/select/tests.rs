//! Selections drawn from small catalogs, saved and asked for.

use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::logstore::object_store::path::Path;
use tempfile::TempDir;

use roadloop_base::{Kind, Stage};

use super::*;
use crate::testing::{detection, detection_shard, frame_shard, number, open, run, store, text};
use crate::{Format, FrameShard, Revision, SqlLimits};

fn name(text: &str) -> SelectionName {
    SelectionName::new(text).unwrap()
}

fn newest(text: &str) -> SelectionRef {
    text.parse().unwrap()
}

/// Twelve frames in front, four at the rear; every second one shows a car.
async fn fill(catalog: &Catalog) {
    let shards = [frame_shard("front", 12, 1), frame_shard("rear", 4, 1)];
    catalog.put_frames(&shards).await.unwrap();
    let found = |sequence: u32| {
        let cars = if sequence.is_multiple_of(2) { 1 } else { 0 };
        vec![detection(Kind::Object, "car", 0.7); cars]
    };
    let looked = shards.map(|shard| detection_shard(&shard, 1, found));
    catalog.put_detections(Stage::Detect, &looked).await.unwrap();
}

async fn draw(catalog: &Catalog, filter: &str, sampling: Sampling) -> Draw {
    let mut draw = catalog.draw(&Filter::parse(filter).unwrap(), sampling).await.unwrap();
    assert_eq!(draw.go_on(catalog).await.unwrap(), []);
    draw
}

fn cars(frames: u64) -> Sampling {
    Sampling { frames: Some(frames), by: vec!["camera".to_owned()], spread: None, seed: 3 }
}

#[test]
fn a_sample_is_the_same_however_files_lie() {
    run(async {
        let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let (one, two) = (open(&one).await, open(&two).await);
        fill(&one).await;
        // The same frames in another order and in more files.
        for shard in [frame_shard("rear", 4, 1), frame_shard("front", 12, 1)] {
            two.put_frames(&[shard]).await.unwrap();
        }
        let sampling = Sampling { frames: Some(6), seed: 11, ..Sampling::default() };
        let from_one = draw(&one, "", sampling.clone()).await;
        let from_two = draw(&two, "", sampling).await;
        let rows = from_one.rows(&one).await.unwrap();
        assert_eq!((rows.len(), from_one.count().total), (6, 16));
        assert_eq!(rows, from_two.rows(&two).await.unwrap());
    });
}

#[test]
fn strata_share_what_is_wanted() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        fill(&catalog).await;
        let draw = draw(&catalog, "has(car)", cars(5)).await;
        let strata = draw.strata();
        let shares: Vec<_> =
            strata.iter().map(|s| (s.is[0].as_str(), s.matched, s.taken)).collect();
        assert_eq!(shares, [("front", 6, 3), ("rear", 2, 2)]);
        assert_eq!(draw.count().not_looked_at, 0);

        let hours = Sampling { by: vec!["hour".into(), "date".into()], ..cars(5) };
        let strata = self::draw(&catalog, "", hours).await.strata();
        assert_eq!(strata[0].is, ["22", "2020-11-19"]);

        let bad = Sampling { by: vec!["camara".to_owned()], ..cars(5) };
        let error = catalog.draw(&Filter::EVERYTHING, bad).await.unwrap_err().to_string();
        assert!(error.contains("did you mean camera?"), "{error}");
        let twice = Sampling { by: vec!["hour".into(), "hour".into()], ..cars(5) };
        assert!(catalog.draw(&Filter::EVERYTHING, twice).await.is_err());
    });
}

#[test]
fn looks_are_asked_for_where_the_catalog_has_none() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        let mut shard = frame_shard("front", 12, 1);
        for row in &mut shard.rows[6..] {
            row.look = None;
        }
        catalog.put_frames(&[shard]).await.unwrap();
        let sampling = Sampling { spread: Some(64), ..Sampling::default() };
        let mut draw = catalog.draw(&Filter::EVERYTHING, sampling).await.unwrap();
        let unseen = draw.go_on(&catalog).await.unwrap();
        let sequences: Vec<u32> = unseen.iter().map(|row| row.id.sequence).collect();
        assert_eq!(sequences, [6, 7, 8, 9, 10, 11]);
        // One is the opposite of all others, one cannot be looked at.
        draw.see(unseen.into_iter().map(|row| {
            let look = match row.id.sequence {
                6 => Some(PictureHash(!0)),
                7 => None,
                _ => Some(PictureHash(1)),
            };
            (row, look)
        }));
        assert_eq!(draw.go_on(&catalog).await.unwrap(), []);
        assert!(draw.frames() <= 2 && draw.frames() + draw.too_alike() == 11, "{draw:?}");
    });
}

#[test]
fn a_selection_stays_what_it_was() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        fill(&catalog).await;
        let drawn = draw(&catalog, "has( car )", cars(5)).await;
        let expected = drawn.rows(&catalog).await.unwrap();
        let Saved { card, is_new } = catalog.save(&name("cars"), &drawn).await.unwrap();
        assert_eq!((card.version, card.frames, card.matched, is_new), (1, 5, 8, true));
        assert_eq!((card.filter.as_str(), card.tables["frames"]), ("has(car)", 1));

        // The same again is no new version; another seed is.
        let again = draw(&catalog, "has(car)", cars(5)).await;
        assert!(!catalog.save(&name("cars"), &again).await.unwrap().is_new);
        let other = draw(&catalog, "has(car)", Sampling { seed: 4, ..cars(3) }).await;
        assert_eq!(catalog.save(&name("cars"), &other).await.unwrap().card.version, 2);

        // Frames come and go; the rows stay, also for who opens the catalog anew.
        let changed = FrameShard { revision: Revision(2), ..frame_shard("front", 1, 2) };
        catalog.put_frames(&[changed, frame_shard("left", 9, 1)]).await.unwrap();
        let catalog = open(&folder).await;
        let first = catalog.selection(&newest("cars@1")).await.unwrap();
        assert_eq!((first.version, first.frames), (1, 5));
        assert_eq!(catalog.selected(&first).await.unwrap(), expected);
        assert_eq!(catalog.selection_versions(&name("cars")).await.unwrap(), [1, 2]);
        let cards = catalog.selections().await.unwrap();
        assert_eq!(cards.iter().map(|card| card.version).collect::<Vec<_>>(), [2]);

        let error = catalog.selection(&newest("cars@3")).await.unwrap_err().to_string();
        assert!(error.contains("saved are versions 1, 2"), "{error}");
        let error = catalog.selection(&newest("carz")).await.unwrap_err().to_string();
        assert!(error.contains("did you mean cars?"), "{error}");

        catalog.drop_selection(&name("cars")).await.unwrap();
        assert!(catalog.selections().await.unwrap().is_empty());
        assert!(catalog.selection(&newest("cars@1")).await.is_err());
    });
}

#[test]
fn queries_see_selections() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        fill(&catalog).await;
        let all = "SELECT count(*) AS n FROM selections";
        assert_eq!(number(&catalog, all).await, 0);
        for frames in [5, 3] {
            let drawn = draw(&catalog, "has(car)", cars(frames)).await;
            catalog.save(&name("cars"), &drawn).await.unwrap();
        }
        let rear = draw(&catalog, "camera = rear", Sampling::default()).await;
        catalog.save(&name("rear"), &rear).await.unwrap();
        assert_eq!(number(&catalog, all).await, 7);
        for (condition, expected) in [
            ("name = 'cars'", 3),
            ("'cars@1' = name", 5),
            ("name IN ('cars@1', 'rear')", 9),
            ("name = 'cars' OR name = 'none'", 3),
            ("name = 'cars' AND name = 'rear'", 0),
            ("name = '../../x'", 0),
            ("name <> 'cars'", 4),
            ("name LIKE 'r%'", 4),
        ] {
            assert_eq!(number(&catalog, &format!("{all} WHERE {condition}")).await, expected);
        }
        let of = |name: &str| {
            format!(
                "EXISTS (SELECT 1 FROM selections s WHERE s.name = '{name}' AND s.frame = f.frame)"
            )
        };
        let query = format!(
            "SELECT count(*) AS n FROM frames f WHERE {} AND NOT {}",
            of("cars@1"),
            of("cars")
        );
        assert_eq!(number(&catalog, &query).await, 2);
        let query = "SELECT DISTINCT name FROM selections ORDER BY 1";
        let rows = catalog.sql(query, &SqlLimits::default()).await.unwrap();
        assert_eq!(text(&rows, Format::Csv), "name\ncars\nrear\n");
    });
}

#[test]
fn hostile_cards_lead_nowhere() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        fill(&catalog).await;
        let drawn = draw(&catalog, "", Sampling::default()).await;
        let Saved { card, .. } = catalog.save(&name("all"), &drawn).await.unwrap();
        let objects = store(folder.path());
        let put = async |key: &str, bytes: Vec<u8>| {
            objects.put(&Path::from(key), bytes.into()).await.unwrap();
        };
        let mut cards = Vec::new();
        for rows in ["../all/x.parquet", "frames-.parquet", "frames-/../x.parquet", ""] {
            let card = SelectionCard { rows: rows.to_owned(), version: 2, ..card.clone() };
            cards.push(serde_json::to_vec(&card).unwrap());
        }
        cards.push(serde_json::to_vec(&SelectionCard { version: 3, ..card.clone() }).unwrap());
        cards.push(serde_json::to_vec(&SelectionCard { format: 99, version: 2, ..card }).unwrap());
        cards.push(b"{\"format\": 1".to_vec());
        cards.push(Vec::new());
        for bytes in cards {
            put("selections/all/2.json", bytes.clone()).await;
            let found = catalog.selection(&newest("all")).await;
            assert!(found.is_err(), "{}", String::from_utf8_lossy(&bytes));
        }
        // Folders and files that are no selection's are passed over.
        put("selections/a b/1.json", b"{}".to_vec()).await;
        put("selections/all/99999999999.json", b"{}".to_vec()).await;
        let first = catalog.selection(&newest("all@1")).await.unwrap();
        put(&format!("selections/all/{}", first.rows), b"PAR1PAR1".to_vec()).await;
        assert!(catalog.selected(&first).await.is_err());
        assert_eq!(catalog.selection_names().await.unwrap(), [name("all")]);
    });
}

#[test]
fn savers_at_once_get_a_version_each() {
    run(async {
        let folder = TempDir::new().unwrap();
        let catalog = open(&folder).await;
        fill(&catalog).await;
        let mut tasks = tokio::task::JoinSet::new();
        for seed in 0..6 {
            let catalog = catalog.clone();
            tasks.spawn(async move {
                let drawn = draw(&catalog, "", Sampling { seed, ..cars(4) }).await;
                catalog.save(&name("many"), &drawn).await.unwrap().card.version
            });
        }
        let mut versions = tasks.join_all().await;
        versions.sort_unstable();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
        assert_eq!(catalog.selection_versions(&name("many")).await.unwrap(), versions);
    });
}
