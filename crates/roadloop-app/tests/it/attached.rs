//! Data of others beside the frames, and tags on them.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::main_job::{small_bag, small_drive};
use crate::workspace::Workspace;

/// Frames of the drives are a tenth of a second apart, from 09:30.
const WEATHER: &str = "time,condition,Temp (C)\n\
                       2026-05-04T09:30:00Z,rain,4.5\n\
                       2026-05-04T09:30:00.3Z,fog,5\n\
                       yesterday,sun,6\n";

fn extracted(frames: u32) -> Workspace {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, frames);
    workspace.ok(&["run", drive.to_str().unwrap(), "--stages", "extract"]);
    workspace
}

fn csv(workspace: &Workspace, query: &str) -> String {
    workspace.ok(&["sql", query, "--format", "csv"])
}

#[test]
fn a_file_is_joined_listed_and_dropped() {
    let workspace = extracted(6);
    workspace.write("weather.csv", WEATHER.as_bytes());
    let enrich = ["enrich", "weather.csv", "--on", "time", "--within", "150ms", "--as", "weather"];

    let dry = workspace.run(&[&enrich[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 3, "{}", dry.stderr);
    assert!(dry.stdout.contains("columns: condition (text), temp_c (number)"), "{}", dry.stdout);
    assert!(!workspace.path("roadloop/attached").exists());

    let first = workspace.run(&enrich);
    assert_eq!(first.code, 3, "{}", first.stderr);
    for said in [
        "weather: 2 rows of weather.csv, nearest in time within 150ms",
        "time: column \"time\", ISO, UTC where it names no zone",
        "column \"Temp (C)\" is called temp_c",
        "skipped line 4: the time \"yesterday\" is not an ISO time",
        "5 of 6 frames in 1 recording found a row",
    ] {
        assert!(first.stdout.contains(said), "{said}\n{}", first.stdout);
    }
    let second = workspace.run(&enrich);
    assert!(
        second.stdout.contains("nothing to do: 1 recording joined like this already"),
        "{}",
        second.stdout
    );

    let joined = "select sequence, weather_condition, weather_temp_c from frames_joined order by 1";
    assert_eq!(
        csv(&workspace, joined),
        "sequence,weather_condition,weather_temp_c\n\
         0,rain,4.5\n1,rain,4.5\n2,fog,5.0\n3,fog,5.0\n4,fog,5.0\n5,,\n"
    );
    let found = workspace.ok(&["search", "weather.condition = fog and temp_c >= 5", "--count"]);
    assert_eq!(found.trim(), "3");
    let list: Value = serde_json::from_str(&workspace.ok(&["enrich", "--list", "--json"])).unwrap();
    assert_eq!(list[0]["name"], "weather");
    assert_eq!(list[0]["frames"], 5);
    assert_eq!(list[0]["on"], serde_json::json!(["time"]));
    let show = workspace.ok(&["enrich", "--show", "weather"]);
    assert!(show.contains("1 row could not be used"), "{show}");

    let dry = workspace.run(&["enrich", "--drop", "weather", "--dry-run"]);
    assert!(dry.stdout.contains("5 frames lose what weather.csv says"), "{}", dry.stdout);
    assert!(workspace.ok(&["enrich", "--list"]).contains("weather"));
    workspace.ok(&["enrich", "--drop", "weather"]);
    assert_eq!(workspace.ok(&["enrich", "--list"]), "");
    let gone = workspace.run(&["enrich", "--show", "weather"]);
    assert_eq!(gone.code, 2);
    assert!(gone.stderr.contains("nothing is attached as weather"), "{}", gone.stderr);
    let gone = workspace.run(&["sql", "select * from attrs_weather"]);
    assert!(gone.stderr.contains("no table is called attrs_weather"), "{}", gone.stderr);
    assert_eq!(csv(&workspace, "select count(*) as n from frames_joined"), "n\n6\n");
}

#[test]
fn json_lines_and_parquet_are_joined_by_key() {
    let workspace = extracted(4);
    workspace.write(
        "review.jsonl",
        b"{\"camera\":\"camera__front\",\"seq\":1,\"ok\":true,\"boxes\":[1,2]}\n{\"camera\":\"camera__front\",\"seq\":3,\"ok\":false}\n",
    );
    workspace.ok(&["enrich", "review.jsonl", "--on", "camera,sequence", "--as", "review"]);
    let query = "select sequence, review_ok, review_boxes from frames_joined \
                 where review_ok is not null order by 1";
    let expected = "sequence,review_ok,review_boxes\n1,true,\"[1,2]\"\n3,false,\n";
    assert_eq!(csv(&workspace, query), expected);

    // What one query says is attached again, by the image's name.
    let query = "select image, sequence * 10 as score from frames where sequence < 3";
    workspace.ok(&["sql", query, "--out", "scores.parquet"]);
    workspace.ok(&["enrich", "scores.parquet", "--on", "image", "--as", "score"]);
    let query =
        "select sum(score_score) as n, count(score_score) as m, count(*) as k from frames_joined";
    assert_eq!(csv(&workspace, query), "n,m,k\n30,3,4\n");
}

#[test]
fn a_run_joins_what_it_extracts() {
    let workspace = extracted(3);
    // Nothing is attached, and nothing is said of it.
    let bag = small_bag(&workspace, 5);
    let run = ["run", bag.to_str().unwrap(), "--stages", "extract,attach"];
    let nothing = workspace.run(&run);
    assert_eq!(nothing.code, 0, "{}", nothing.stderr);
    assert!(!nothing.stdout.contains("attach"), "{}", nothing.stdout);

    workspace.write("weather.csv", WEATHER.replace("yesterday", "2026-05-05").as_bytes());
    workspace.ok(&["enrich", "weather.csv", "--on", "time", "--within", "1s", "--as", "weather"]);
    assert_eq!(csv(&workspace, "select count(*) as n from attrs_weather"), "n\n8\n");
    let named =
        ["run", bag.to_str().unwrap(), "--name", "again", "--stages", "extract,attach", "--json"];
    let first: Value = serde_json::from_str(&workspace.ok(&named)).unwrap();
    assert_eq!(first[0]["stages"][1]["stage"], "attach");
    assert_eq!(first[0]["stages"][1]["done"], 5);
    let second: Value = serde_json::from_str(&workspace.ok(&named)).unwrap();
    assert_eq!(second[0]["stages"][1]["done"], 0);
    assert_eq!(second[0]["stages"][1]["already_done"], 5);
    assert_eq!(csv(&workspace, "select count(*) as n from attrs_weather"), "n\n13\n");

    // Frames that came without it are joined when they are asked for.
    workspace.ok(&["run", bag.to_str().unwrap(), "--name", "third", "--stages", "extract"]);
    let show = workspace.ok(&["enrich", "--show", "weather"]);
    assert!(show.contains("5 frames not joined yet"), "{show}");
    let refresh = workspace.ok(&["enrich", "--refresh"]);
    assert!(
        refresh.contains("5 of 5 frames in 1 recording found a row; 3 recordings joined already"),
        "{refresh}"
    );
}

#[test]
fn what_is_wrong_is_said() {
    let workspace = extracted(2);
    workspace.write("weather.csv", WEATHER.as_bytes());
    workspace.write("late.csv", b"time,x\n2031-01-01,1\n");
    workspace.write("broken.parquet", b"PAR1 and nothing more");
    let check = |args: &str, code: i32, said: &str| {
        let words: Vec<&str> = args.split_whitespace().collect();
        let ran = workspace.run(&words);
        assert_eq!(ran.code, code, "{args}\n{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(said), "{args}\n{}", ran.stderr);
    };
    check("enrich weather.csv --on time --as weather", 2, "say how near in time: --within 10min");
    check(
        "enrich weather.csv --on time --within 1m --as weather",
        2,
        "is in metres; minutes are written 1min",
    );
    check(
        "enrich weather.csv --on time --within 1s --as frames",
        2,
        "\"frames\" cannot be the name of a source",
    );
    check(
        "enrich weather.csv --on position --within 1m --as w",
        2,
        "the file has no column of latitude: it has time, condition, Temp (C); name it with --latitude-column",
    );
    check(
        "enrich weather.csv --on time --within 1s --as w --columns x",
        2,
        "no column is called \"x\"",
    );
    check("enrich gone.csv --on time --within 1s --as w", 1, "cannot read a file");
    check("enrich broken.parquet --on time --within 1s --as w", 1, "cannot read the file");
    check("enrich . --on time --within 1s --as w", 1, "cannot read a file");
    check(
        "enrich late.csv --on time --within 1s --as late",
        0,
        "no frame found a row: the file's times are 2031-01-01T00:00:00Z to 2031-01-01T00:00:00Z, the frames' 2026-05-04T09:30:00Z",
    );
    check("tag has(bus) --add a,b", 2, "cannot be a tag");
    check("tag has(bus --add a", 2, "has(bus");
    check("enrich --drop nothing", 2, "nothing is attached as nothing; known are late");
}

#[test]
fn tags_are_put_on_listed_and_taken_off() {
    let workspace = extracted(5);
    let late = "time >= 2026-05-04T09:30:00.2";
    let dry = workspace.run(&["tag", late, "--add", "late", "--dry-run"]);
    assert_eq!((dry.code, dry.stdout.trim()), (0, "late: 3 frames match"), "{}", dry.stderr);
    let first = workspace.ok(&["tag", late, "--add", "late"]);
    assert_eq!(first.trim(), "late: 3 frames match, 3 tagged now, 0 had the tag");
    let second = workspace.ok(&["tag", "camera = camera__front", "--add", "late", "--json"]);
    let second: Value = serde_json::from_str(&second).unwrap();
    assert_eq!(second, serde_json::json!({"tag": "late", "matched": 5, "tagged": 2}));
    workspace.ok(&["tag", late, "--add", "b"]);
    let list: Value = serde_json::from_str(&workspace.ok(&["tag", "--list", "--json"])).unwrap();
    assert_eq!(list[1], serde_json::json!({"tag": "late", "frames": 5, "recordings": 1}));
    assert_eq!(workspace.ok(&["search", "tag = b and tag = late", "--count"]).trim(), "3");
    let removed = workspace.ok(&["tag", late, "--remove", "late"]);
    assert_eq!(removed.trim(), "late: 3 frames match, 3 lost the tag");
    let query = "select tags, count(*) as n from frames_joined group by 1 order by 1";
    assert_eq!(csv(&workspace, query), "tags,n\nb,3\nlate,2\n");
}

/// kill -9 at any instant, then again.
#[test]
fn killed_and_attached_again_gives_the_same() {
    let workspace = extracted(40);
    let bag = small_bag(&workspace, 40);
    for name in ["one", "two", "three"] {
        workspace.ok(&["run", bag.to_str().unwrap(), "--name", name, "--stages", "extract"]);
    }
    let content = |word: &str| {
        let rows = (0..20_000)
            .map(|row| format!("{}.{:03},{word}-{row}\n", 1_777_887_000 + row / 1000, row % 1000));
        format!("time,what\n{}", rows.collect::<String>())
    };
    workspace.write("a.csv", content("a").as_bytes());
    workspace.write("b.csv", content("b").as_bytes());
    let enrich = |file| ["enrich", file, "--on", "time", "--within", "1s", "--as", "x"];
    let all = "select frame, what from attrs_x order by frame";
    let started = Instant::now();
    workspace.ok(&enrich("a.csv"));
    let whole = started.elapsed();
    let expected = csv(&workspace, all);
    assert_eq!(expected.lines().count(), 161);
    for share in [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0] {
        let mut child = workspace
            .command(&enrich("b.csv"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
        let _ = child.kill();
        child.wait().unwrap();
        let now = csv(&workspace, all);
        assert!(now == expected || now == expected.replace(",a-", ",b-"), "{now}");
        workspace.ok(&enrich("a.csv"));
        assert_eq!(csv(&workspace, all), expected);
    }
    workspace.ok(&enrich("b.csv"));
    assert_eq!(csv(&workspace, all), expected.replace(",a-", ",b-"));
}
