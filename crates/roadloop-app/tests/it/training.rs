//! Training as people meet it: a run that is killed and goes on, a model, and how good it is.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use roadloop_engine::vision::{Channels, Pixels, encode_png};
use serde_json::{Value, json};

use crate::workspace::Workspace;

/// White squares on gray, elsewhere on each image, as a COCO folder with two splits.
fn squares(workspace: &Workspace, images: u32) -> PathBuf {
    let folder = workspace.path("squares");
    fs::create_dir_all(folder.join("annotations")).unwrap();
    for split in ["train", "val"] {
        let (mut listed, mut annotations) = (Vec::new(), Vec::new());
        fs::create_dir_all(folder.join(split)).unwrap();
        for number in 0..images {
            let at = number + if split == "val" { 100 } else { 0 };
            let (left, top) = (4 + 7 * (at % 5), 6 + 5 * (at % 7));
            let is_inside = |x: u32, y: u32| x >= left && x < left + 20 && y >= top && y < top + 20;
            let places = (0..64).flat_map(|y| (0..64).map(move |x| (x, y)));
            // Noise of its own, so that no two images are the same.
            let gray = |x: u32, y: u32| 90 + ((x * 7 + y * 13 + at * 29) % 31) as u8;
            let data = places
                .flat_map(|(x, y)| [if is_inside(x, y) { 255 } else { gray(x, y) }; 3])
                .collect();
            let pixels = Pixels::new(64, 64, Channels::Rgb, data).unwrap();
            let file = format!("{split}-{number}.png");
            fs::write(folder.join(split).join(&file), encode_png(&pixels).unwrap()).unwrap();
            listed.push(json!({"id": number, "file_name": file, "width": 64, "height": 64}));
            annotations.push(json!({"id": number, "image_id": number, "category_id": 1,
                "bbox": [left, top, 20, 20], "area": 400, "iscrowd": 0}));
        }
        let text = json!({"images": listed, "annotations": annotations,
            "categories": [{"id": 1, "name": "square"}]});
        let file = folder.join(format!("annotations/instances_{split}.json"));
        fs::write(file, text.to_string()).unwrap();
    }
    folder
}

fn with_squares() -> Workspace {
    let workspace = Workspace::new();
    let folder = squares(&workspace, 8).display().to_string();
    let made = workspace.run(&["dataset", "import", &folder, "--from", "coco", "--as", "squares"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    workspace
}

/// Settings of runs that take seconds.
const SMALL: [&str; 14] = [
    "train",
    "squares",
    "--size",
    "64",
    "--batch",
    "4",
    "--epochs",
    "3",
    "--set",
    "random_shape=false",
    "--set",
    "warmup_epochs=0",
    "--lr",
    "0.01",
];

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn bytes(workspace: &Workspace, file: &str) -> Vec<u8> {
    let path = workspace.path("roadloop").join(file);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_killed_run_goes_on_to_the_same_model() {
    let workspace = with_squares();
    let whole = workspace.run(&[&SMALL[..], &["--name", "whole"]].concat());
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let lines: Vec<&str> = whole.stdout.lines().collect();
    let maps = lines.iter().filter(|line| line.contains("val:mAP=") && line.ends_with(','));
    assert_eq!(maps.count(), 3, "{}", whole.stdout);
    assert!(whole.stdout.contains("iou_loss="), "{}", whole.stdout);
    assert!(whole.stdout.contains("the model squares@1"), "{}", whole.stdout);

    // Killed as soon as an epoch is kept, and gone on with.
    let mut child = workspace
        .command(&[&SMALL[..], &["--name", "killed"]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = workspace.path("roadloop/runs/killed/last.ckpt");
    let begun = Instant::now();
    while !checkpoint.exists() && begun.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = workspace.run(&["train", "--resume", "killed"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    for file in ["init.safetensors", "best.safetensors"] {
        let both = ["whole", "killed"].map(|run| bytes(&workspace, &format!("runs/{run}/{file}")));
        assert!(both[0] == both[1], "{file} differs");
    }
    // What is done stays done, with the model it has.
    let again = workspace.run(&["train", "--resume", "killed"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stdout.contains("the model squares@2"), "{}", again.stdout);

    let shown = json_of(&workspace.run(&["runs", "show", "killed", "--json"]).stdout);
    assert_eq!(shown["status"]["state"], "done");
    assert_eq!(shown["status"]["epochs_done"], 3);
    assert_eq!(shown["card"]["dataset"]["reference"], "squares@1");
    let steps: Vec<&Value> =
        shown["metrics"].as_array().unwrap().iter().map(|row| &row["step"]).collect();
    assert_eq!(*steps.last().unwrap(), 6, "{steps:?}");
    let events = workspace.path("roadloop/runs/killed/events");
    assert_eq!(fs::read_dir(events).unwrap().count(), 3);

    let listed = workspace.run(&["runs", "list"]);
    assert!(listed.stdout.contains("whole") && listed.stdout.contains("killed"));
    let compared = workspace.run(&["runs", "compare", "whole", "killed"]);
    assert!(compared.stdout.contains("val:mAP"), "{}", compared.stdout);
    let again = workspace.run(&["runs", "reproduce", "whole"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let file = "runs/whole-again-1/best.safetensors";
    assert!(bytes(&workspace, file) == bytes(&workspace, "runs/whole/best.safetensors"));
}

#[test]
fn a_model_is_held_against_a_dataset() {
    let workspace = with_squares();
    let trained = workspace.run(&[&SMALL[..], &["--json"]].concat());
    assert_eq!(trained.code, 0, "{}", trained.stderr);
    let ended = json_of(trained.stdout.lines().last().unwrap());
    assert!(ended["model"]["agreement"].as_f64().unwrap() < 1e-3, "{ended}");

    let report = workspace.path("report.html").display().to_string();
    let judged = workspace.run(&[
        "eval",
        "squares",
        "squares@1:val",
        "--by",
        "size,class,recording,tod",
        "--report",
        &report,
        "--against",
        "squares-yolox-nano-1",
    ]);
    assert_eq!(judged.code, 0, "{}", judged.stderr);
    assert!(judged.stdout.contains("squares@1 on squares@1:val: 8 images, 8 boxes"));
    assert!(judged.stdout.contains("tod: not known of these images"), "{}", judged.stdout);
    let page = fs::read_to_string(&report).unwrap();
    assert!(page.contains("squares@1 on squares@1:val") && page.contains("data:image/jpeg"));
    assert!(!page.contains("http://") && !page.contains("https://"), "it asks nobody");

    let found = json_of(&workspace.run(&["eval", "squares", "squares:val", "--json"]).stdout);
    let kept = &ended["model"]["metrics"]["val:AP50"];
    assert!((found["coco"]["ap50"].as_f64().unwrap() - kept.as_f64().unwrap()).abs() < 1e-9);
}

#[test]
fn what_is_said_wrong_about_training_is_told() {
    let workspace = with_squares();
    for (args, code, words) in [
        (vec!["train", "square"], 2, "did you mean squares?"),
        (vec!["train", "squares", "--set", "learning=1"], 2, "unknown field `learning`"),
        (
            vec!["train", "squares", "--size", "100"],
            2,
            "data_shape is 100, which must be a multiple",
        ),
        (vec!["train", "squares", "--model", "yolov9"], 2, "no network is called"),
        (vec!["train", "squares", "--device", "gpu"], 2, "without the feature vulkan"),
        (vec!["train", "--resume", "nobody"], 2, "there is no run nobody"),
        (vec!["eval", "squares", "squares:val"], 2, "there is no model squares"),
        (vec!["eval", "squares", "squares:all"], 2, "there are train, val and test"),
        (vec!["runs", "show", "../x"], 2, "there is no run ../x"),
    ] {
        let told = workspace.run(&args);
        assert!(told.stderr.contains(words), "{args:?}: {}", told.stderr);
        assert_eq!(told.code, code, "{args:?}: {}", told.stderr);
    }
    let path = workspace.path("weights.pth");
    fs::write(&path, b"no weights").unwrap();
    let shown = path.display().to_string();
    let told = workspace.run(&["train", "squares", "--init", &shown]);
    assert_eq!(told.code, 1, "{}", told.stderr);
    assert!(told.stderr.contains("weights.pth"), "{}", told.stderr);
    assert!(workspace.run(&["runs", "list"]).stderr.contains("there are no runs"));
    let picture = workspace.path("batches.png").display().to_string();
    let drawn = workspace.run(&["train", "squares", "--size", "64", "--show-batches", &picture]);
    assert_eq!(drawn.code, 0, "{}", drawn.stderr);
    assert!(fs::metadata(&picture).unwrap().len() > 1000);
}
