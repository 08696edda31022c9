//! Answers of a search in other programs' shapes, as counts and on a map.

use std::fs;

use serde_json::Value;

use crate::main_job::{small_bag, small_drive};
use crate::workspace::Workspace;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

/// Three frames of a street looked at, two of another recording not.
fn looked_at() -> Workspace {
    let workspace = Workspace::new();
    let (drive, bag) = (small_drive(&workspace, 3), small_bag(&workspace, 2));
    workspace.ok(&["run", drive.to_str().unwrap(), "--stages", "extract,detect"]);
    workspace.ok(&["run", bag.to_str().unwrap(), "--stages", "extract"]);
    workspace
}

#[test]
fn hits_are_exported_in_other_programs_shapes() {
    let workspace = looked_at();
    let export = |file: &str, form: &str| {
        let ran = workspace.run(&["search", "", "--export", file, "--format", form]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        (fs::read_to_string(workspace.path(file)).unwrap(), ran.stderr)
    };
    let (text, said) = export("labels.jsonl", "detect-labels");
    assert!(said.contains("2 frames of them, not looked at yet, have no line"), "{said}");
    let lines: Vec<Value> = text.lines().map(json).collect();
    assert_eq!(lines.len(), 3);
    let labels = lines[0]["Labels"].as_array().unwrap();
    let person = labels.iter().find(|label| label["Name"] == "Person").unwrap();
    let sure = person["Confidence"].as_f64().unwrap();
    assert!((35.0..=100.0).contains(&sure), "{person}");
    let instance = &person["Instances"][0];
    assert_eq!(instance["Confidence"], person["Confidence"], "the surest comes first");
    assert!(instance["BoundingBox"]["Width"].as_f64().unwrap() < 1.0, "{instance}");

    let (text, _) = export("items.jsonl", "dynamodb");
    let items: Vec<Value> = text.lines().map(|line| json(line)["Item"].clone()).collect();
    let with_counts = items.iter().filter(|item| item.get("counts").is_some()).count();
    assert_eq!((items.len(), with_counts), (5, 3));
    let confidence = |item: &Value| {
        item["confidences"]["M"]["person"]["N"].as_str().map(|n| n.parse::<f64>().unwrap())
    };
    assert!(items.iter().filter_map(confidence).all(|number| number == sure), "{items:?}");

    let (text, said) = export("coco.json", "coco");
    assert!(said.contains("images and categories: coco.images.json"), "{said}");
    let results = json(&text);
    let companion = json(&fs::read_to_string(workspace.path("coco.images.json")).unwrap());
    let ids = |list: &Value| -> Vec<u64> {
        list.as_array().unwrap().iter().map(|of| of["id"].as_u64().unwrap()).collect()
    };
    let (images, categories) = (ids(&companion["images"]), ids(&companion["categories"]));
    assert_eq!((images.len(), companion["not_looked_at"].as_array().unwrap().len()), (3, 2));
    for result in results.as_array().unwrap() {
        assert!(images.contains(&result["image_id"].as_u64().unwrap()), "{result}");
        assert!(categories.contains(&result["category_id"].as_u64().unwrap()), "{result}");
    }
    let printed = workspace.ok(&["search", "has(person)", "--format", "detect-labels"]);
    assert_eq!(printed.lines().count(), 3);
    let ran = workspace.run(&["search", "has(person)", "--format", "coco"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--export FILE"), "{}", ran.stderr);

    workspace.ok(&["select", "has(person)", "--save", "people"]);
    let args = ["select", "--saved", "people", "--export", "people.json", "--format", "coco"];
    workspace.ok(&args);
    let people = json(&fs::read_to_string(workspace.path("people.json")).unwrap());
    assert_eq!(people, results);
}

#[test]
fn what_is_there_is_counted() {
    let workspace = looked_at();
    let counts = workspace.ok(&["search", "", "--histogram", "camera"]);
    let rear = counts.lines().find(|line| line.contains("camera__rear")).unwrap();
    assert!(rear.contains('2') && rear.contains('█'), "{counts}");
    let args = ["search", "has(person)", "--histogram", "label,hour", "--json"];
    let rows: Vec<Value> = workspace.ok(&args).lines().map(json).collect();
    let person = rows.iter().find(|row| row["label"] == "person").unwrap();
    assert_eq!((&person["hour"], &person["frames"]), (&"09".into(), &3.into()), "{person}");
    let boxes = "select count(*) as n from detections where label = 'person'";
    let boxes = workspace.ok(&["sql", boxes, "--format", "csv"]);
    let number = person["detections"].to_string();
    assert_eq!(Some(number.as_str()), boxes.lines().last());
    workspace.ok(&["search", "", "--histogram", "recording,date", "--export", "counts.csv"]);
    let csv = fs::read_to_string(workspace.path("counts.csv")).unwrap();
    assert!(csv.starts_with("recording,date,frames\n"), "{csv}");
    for (args, expected) in [
        (&["search", "", "--histogram", "colour"][..], "no column is called colour"),
        (&["search", "", "--histogram", "hour,hour"], "hour is there twice"),
        (&["search", "", "--histogram", "hour", "--count"], "cannot be used"),
        (&["search", "", "--histogram", "hour", "--format", "coco"], "--export FILE"),
        (&["search", "", "--raw"], "--contact-sheet"),
    ] {
        let ran = workspace.run(args);
        assert_eq!(ran.code, 2, "{args:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}\n{}", ran.stderr);
    }
}

#[test]
fn what_is_attached_groups_frames_too() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 12);
    workspace.ok(&["run", bag.to_str().unwrap(), "--stages", "extract"]);
    let csv = "time,condition\n2026-05-04T09:30:00.2Z,rain\n2026-05-04T09:30:00.8Z,snow\n";
    workspace.write("weather.csv", csv.as_bytes());
    workspace.ok(&[
        "enrich",
        "weather.csv",
        "--on",
        "time",
        "--within",
        "250ms",
        "--as",
        "weather",
    ]);
    let csv = workspace.ok(&["search", "", "--histogram", "weather", "--format", "csv"]);
    assert_eq!(csv, "weather,frames\nrain,5\nsnow,5\nunknown,2\n");
    let args = ["select", "", "--sample", "6", "--by", "weather.condition", "--save", "mixed"];
    let said = workspace.ok(&args);
    for line in ["rain                    2   5", "unknown                 2   2"] {
        assert!(said.contains(line), "{said}");
    }
    let card = workspace.ok(&["select", "--show", "mixed"]);
    assert!(card.contains("attrs_weather"), "the version of what it was drawn by: {card}");
}

#[test]
fn without_gps_a_map_says_so() {
    let workspace = looked_at();
    let ran = workspace.run(&["search", "has(person)", "--map", "people.html"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("no GPS in their recordings"), "{}", ran.stderr);
    let html = fs::read_to_string(workspace.path("people.html")).unwrap();
    assert!(html.contains("No place is known of any of these frames"), "{html}");
    assert!(html.contains("<h1>has(person)</h1>"), "{html}");
}
