//! Labelling jobs as people meet them: made, worked on, reviewed, given out, taken back.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::main_job::small_bag;
use crate::studio::{Answer, Open};
use crate::studio_people::{User, invited};
use crate::workspace::Workspace;

/// A workspace with some anonymised frames of one camera, 32 by 24 pixels.
pub(crate) fn with_copies(frames: u32) -> Workspace {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, frames);
    workspace.ok(&["run", &bag.display().to_string(), "--stages", "extract,anonymize"]);
    workspace
}

pub(crate) fn boxes(boxes: &[(&str, [u32; 4])]) -> Value {
    let drawn = boxes.iter().map(|(label, [left, top, width, height])| {
        json!({"label": label, "left": left, "top": top, "width": width, "height": height,
            "confidence": null, "tags": []})
    });
    drawn.collect()
}

#[track_caller]
fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

struct Team {
    workspace: Workspace,
    studio: Open,
    reviewer: User,
    people: Vec<User>,
}

/// Three who label, and one who reviews.
fn team(frames: u32) -> Team {
    let workspace = with_copies(frames);
    workspace.ok(&["users", "invite", "--role", "admin"]);
    let studio = Open::start(&workspace, &["--login"]);
    let reviewer = invited(&workspace, &studio, "reviewer", "rita");
    let people = ["ann", "bob", "cid"];
    let people = people.map(|name| invited(&workspace, &studio, "worker", name)).into();
    Team { workspace, studio, reviewer, people }
}

impl Team {
    #[track_caller]
    fn next(&self, person: usize, job: &str) -> Value {
        let path = format!("/api/v1/work/{job}/next");
        ok(&self.people[person].send(&self.studio, "POST", &path, &json!({})))
    }

    #[track_caller]
    fn answer(&self, person: usize, assignment: &Value, answer: &Value) -> Value {
        let path = format!("/api/v1/work/assignments/{}/answer", assignment["id"]);
        ok(&self.people[person].send(&self.studio, "POST", &path, answer))
    }

    #[track_caller]
    fn draws(&self, person: usize, job: &str, drawn: &[(&str, [u32; 4])]) -> Value {
        let assignment = self.next(person, job);
        let answer = json!({"boxes": boxes(drawn), "seconds": 12.5});
        let done = self.answer(person, &assignment, &answer);
        assert_eq!(done["outcome"], "counted", "{done}");
        assignment
    }

    #[track_caller]
    fn task(&self, job: &str, number: u64) -> Value {
        ok(&self.reviewer.get(&self.studio, &format!("/api/v1/jobs/{job}/tasks/{number}")))
    }

    fn decide(&self, job: &str, number: u64, decision: &Value) -> Answer {
        let path = format!("/api/v1/jobs/{job}/tasks/{number}/decision");
        self.reviewer.send(&self.studio, "POST", &path, decision)
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_job_goes_from_frames_to_a_checked_manifest() {
    let team = team(3);
    let Team { workspace, studio, reviewer, people } = &team;
    let made = workspace.ok(&[
        "label",
        "create",
        "cars",
        "--filter",
        "",
        "--labels",
        "car,person",
        "--workers",
        "3",
        "--review",
        "0.9",
        "--json",
    ]);
    assert_eq!(serde_json::from_str::<Value>(&made).unwrap()["tasks"], 3, "{made}");

    // Who labels sees their tasks, and nothing else of the house.
    for path in [
        "/api/v1/jobs",
        "/api/v1/jobs/cars/tasks",
        "/api/v1/jobs/cars/tasks/1",
        "/api/v1/jobs/cars/export",
        "/api/v1/jobs/cars/statistics",
        "/api/v1/jobs/cars",
        "/api/v1/jobs/cars/tasks/1/image",
        "/api/v1/frames",
    ] {
        assert_eq!(people[0].get(studio, path).status, 403, "{path}");
    }
    assert_eq!(people[0].get(studio, "/api/v1/work/cars").status, 200, "the instructions");
    assert_eq!(people[0].get(studio, "/api/v1/work/nobody").status, 404);
    let work = ok(&people[0].get(studio, "/api/v1/work"));
    assert_eq!((&work[0]["job"], &work[0]["left_for_me"]), (&json!("cars"), &json!(3)), "{work}");

    // Task 1: all agree, to some pixels. Task 2: nothing is there. Task 3: they do not agree.
    let first = team.draws(0, "cars", &[("car", [4, 4, 10, 10])]);
    let image = people[0].get(studio, first["image"].as_str().unwrap());
    assert_eq!((image.status, first["number"].as_u64()), (200, Some(1)));
    assert_eq!(
        people[1].get(studio, first["image"].as_str().unwrap()).status,
        404,
        "another person's"
    );
    let theirs = format!("/api/v1/work/assignments/{}", first["id"]);
    assert_eq!(people[1].get(studio, &theirs).status, 404, "of another person");
    team.draws(1, "cars", &[("car", [4, 4, 10, 12])]);
    team.draws(2, "cars", &[("car", [4, 4, 10, 11])]);
    for person in 0..3 {
        team.draws(person, "cars", &[]);
    }
    let lone = ("person", [20, 10, 6, 8]);
    team.draws(0, "cars", &[("car", [4, 4, 10, 10]), lone]);
    team.draws(1, "cars", &[("car", [4, 4, 10, 10])]);
    let last = team.draws(2, "cars", &[("car", [15, 12, 10, 10])]);
    for person in people {
        let next = person.send(studio, "POST", "/api/v1/work/cars/next", &json!({}));
        assert_eq!(next.status, 204, "all is done");
    }

    // The mean of heights 10, 11 and 12 is 11; overlaps are 10/11, 11/12 and 1.
    let one = team.task("cars", 1);
    let merged = &one["result"]["boxes"][0];
    assert_eq!(
        [&merged["left"], &merged["top"], &merged["width"], &merged["height"]],
        [&json!(4.0), &json!(4.0), &json!(10.0), &json!(11.0)],
        "{one}"
    );
    assert_eq!((&merged["confidence"], &one["task"]["state"]), (&json!(0.94), &json!("done")));
    assert_eq!(team.task("cars", 2)["result"]["boxes"], json!([]));
    let three = team.task("cars", 3);
    assert_eq!(three["task"]["state"], "in_review", "{three}");
    assert_eq!(three["result"]["left_out"].as_array().unwrap().len(), 2, "{three}");
    let worst = ok(&reviewer.get(studio, "/api/v1/jobs/cars/tasks?order=worst&limit=1"));
    assert_eq!(worst["tasks"][0]["number"], 3, "{worst}");

    // It goes back to who was off, who does it again, and is approved.
    let back = json!({"decision": "send_back", "revision": three["revision"], "worker": "cid",
        "comment": "the car is on the left"});
    ok(&team.decide("cars", 3, &back));
    assert_eq!(team.decide("cars", 3, &back).status, 409, "it is not as it was");
    let again = team.next(2, "cars");
    assert_eq!(
        (&again["id"], &again["sent_back"]["comment"]),
        (&last["id"], &json!("the car is on the left")),
        "{again}"
    );
    let better = json!({"boxes": boxes(&[("car", [4, 4, 10, 10])]), "seconds": 5.0});
    assert_eq!(team.answer(2, &again, &better)["outcome"], "counted");
    assert_eq!(team.answer(2, &again, &better)["outcome"], "already_counted");
    let three = team.task("cars", 3);
    assert_eq!(three["answers"].as_array().unwrap().len(), 3, "{three}");
    let approve = json!({"decision": "approve", "revision": three["revision"]});
    assert_eq!(ok(&team.decide("cars", 3, &approve))["task"]["state"], "approved");

    let frame = &three["task"]["frame"];
    let [recording, camera] = ["recording", "camera"].map(|part| frame[part].as_str().unwrap());
    let path = format!("/api/v1/frames/{recording}/{camera}/{}/lineage", frame["sequence"]);
    let lineage = ok(&reviewer.get(studio, &path));
    let step = lineage.as_array().unwrap().iter().find(|step| step["step"] == "label").unwrap();
    assert_eq!(step["title"], "1 box agreed on in the labelling job cars", "{lineage}");

    // A chained job: others say whether it is right.
    workspace.ok(&["label", "create", "checked", "--verify", "cars", "--workers", "1"]);
    for number in 1..=3 {
        let given = team.next(0, "checked");
        assert_eq!(given["boxes"].as_array().unwrap().len(), usize::from(number != 2), "{given}");
        let verdict = json!({"is_good": number != 3, "comment": (number == 3).then_some("cut")});
        team.answer(0, &given, &json!({"verdict": verdict, "seconds": 2.0}));
    }
    let manifest = workspace.path("checked.manifest");
    let path = manifest.to_str().unwrap();
    workspace.ok(&["label", "export", "checked", "--images", "raw", "--out", path]);
    let exported = lines(&manifest);
    check_lines(&exported);
    let streamed = reviewer.get(studio, "/api/v1/jobs/checked/export?images=raw");
    assert_eq!(streamed.body, fs::read(&manifest).unwrap());

    // There and back, with a line that nobody labelled and one that cannot be read.
    let text = fs::read_to_string(&manifest).unwrap();
    let odd = "{\"source-ref\": \"s3://b/new.png\", \"weather\":  1.50}\n";
    let mixed = workspace.write("mixed.manifest", format!("{odd}{text}nonsense\n").as_bytes());
    let mixed = mixed.to_str().unwrap();
    let ran = workspace.run(&["label", "import", mixed, "--as", "mixed", "--attribute", "cars"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("left out: line 5: "), "{}", ran.stderr);
    let again = workspace.path("again.manifest");
    workspace.ok(&["label", "export", "mixed", "--out", again.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&again).unwrap(), format!("{odd}{text}"));
    workspace.ok(&["label", "import", path, "--as", "back"]);
    let copy = workspace.path("back.manifest");
    workspace.ok(&["label", "export", "back", "--out", copy.to_str().unwrap()]);
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&manifest).unwrap());
    let anonymized = workspace.path("anonymized.manifest");
    let to = anonymized.to_str().unwrap();
    workspace.ok(&["label", "refs", path, "--images", "anonymized", "--out", to]);
    let source = lines(&anonymized)[0]["source-ref"].as_str().unwrap().to_owned();
    assert!(source.contains("/anonymized/") && Path::new(&source).is_file(), "{source}");

    // Others adjust boxes in parts of pixels: what nobody changes is written as it came.
    let parts = text.replacen("\"left\":4,", "\"left\":4.25,", 1);
    assert_ne!(parts, text);
    let file = workspace.write("parts.manifest", parts.as_bytes());
    workspace.ok(&[
        "label",
        "import",
        file.to_str().unwrap(),
        "--as",
        "parts",
        "--attribute",
        "cars",
    ]);
    workspace.ok(&["label", "create", "better", "--adjust", "parts"]);
    for number in 1..=3 {
        let given = team.next(1, "better");
        let mut drawn = given["boxes"].clone();
        if number == 3 {
            drawn[0]["left"] = json!(7);
        }
        team.answer(1, &given, &json!({"boxes": drawn, "seconds": 1.0}));
    }
    let adjusted = workspace.path("better.manifest");
    workspace.ok(&["label", "export", "better", "--out", adjusted.to_str().unwrap()]);
    let adjusted = lines(&adjusted);
    let lefts = adjusted.iter().map(|line| line["better"]["annotations"][0]["left"].clone());
    assert_eq!(lefts.collect::<Vec<_>>(), [json!(4.25), json!(null), json!(7)]);
    let said = adjusted.iter().map(|line| line["better-metadata"]["adjustment-status"].clone());
    assert_eq!(said.collect::<Vec<_>>(), ["unadjusted", "unadjusted", "adjusted"]);
    assert_eq!(adjusted[0]["cars"]["annotations"][0]["left"], 4.25, "the earlier label stays");

    // As the service lays its files out.
    let folder = workspace.path("delivery");
    workspace.ok(&["label", "export", "cars", "--layout", "--out", folder.to_str().unwrap()]);
    let responses = crate::workspace::files_below(&folder.join("cars/annotations/worker-response"));
    assert_eq!(responses.len(), 9);
    let response: Value = serde_json::from_slice(&fs::read(&responses[0]).unwrap()).unwrap();
    assert_eq!(response["answers"][0]["workerId"], "ann", "{response}");
    assert_eq!(lines(&folder.join("cars/manifests/output/output.manifest")).len(), 3);

    // Who did what, and the picture of it.
    let people = ok(&reviewer.get(studio, "/api/v1/jobs/cars/statistics"));
    let cid = people.as_array().unwrap().iter().find(|row| row["worker"] == "cid").unwrap();
    assert_eq!((&cid["answers"], &cid["sent_back"]), (&json!(3), &json!(1)), "{people}");
    for (out, begins) in
        [("sheet.png", b"\x89PNG"), ("workers.png", b"\x89PNG"), ("workers.csv", b"work")]
    {
        let command = if out == "sheet.png" { "sheet" } else { "stats" };
        let file = workspace.path(out);
        workspace.ok(&["label", command, "cars", "--out", file.to_str().unwrap()]);
        assert!(fs::read(&file).unwrap().starts_with(begins), "{out}");
    }
}

/// Field by field, after `cars` and `checked`.
#[track_caller]
fn check_lines(lines: &[Value]) {
    assert_eq!(lines.len(), 3);
    for (line, (drawn, confidence)) in lines.iter().zip([(11, 0.94), (0, 0.0), (10, 1.0)]) {
        let source = line["source-ref"].as_str().unwrap();
        assert!(source.contains("/images/") && Path::new(source).is_file(), "raw: {source}");
        let (label, metadata) = (&line["cars"], &line["cars-metadata"]);
        assert_eq!(label["image_size"], json!([{"width": 32, "height": 24, "depth": 3}]));
        let (annotations, objects, classes) = match drawn {
            0 => (json!([]), json!([]), json!({})),
            height => (
                json!([{"class_id": 0, "left": 4, "top": 4, "width": 10, "height": height}]),
                json!([{"confidence": confidence}]),
                json!({"0": "car"}),
            ),
        };
        assert_eq!(label["annotations"], annotations, "{line}");
        assert_eq!((&metadata["objects"], &metadata["class-map"]), (&objects, &classes), "{line}");
        assert_eq!(metadata["type"], "groundtruth/object-detection");
        assert_eq!(
            (&metadata["human-annotated"], &metadata["job-name"]),
            (&json!("yes"), &json!("labeling-job/cars"))
        );
        let created = metadata["creation-date"].as_str().unwrap();
        assert!(created.len() == 26 && created.as_bytes()[10] == b'T', "{created}");
        assert_eq!(line["checked-metadata"]["type"], "groundtruth/label-verification");
    }
    let words = |line: &Value| line["checked-metadata"]["class-name"].clone();
    assert_eq!([words(&lines[0]), words(&lines[2])], [json!("good"), json!("bad")]);
    let feedback = &lines[2]["checked-metadata"]["worker-feedback"];
    assert_eq!(feedback[0]["comment"], "cut", "{}", lines[2]);
    assert!(lines[0]["checked-metadata"].get("worker-feedback").is_none());
}

#[test]
fn drafts_are_kept_and_conflicts_told() {
    let team = team(1);
    let Team { workspace, studio, people, .. } = &team;
    workspace.ok(&["label", "create", "one", "--filter", "", "--labels", "car"]);
    let given = team.next(0, "one");
    let path = format!("/api/v1/work/assignments/{}/draft", given["id"]);
    let draft = |base: u64, drawn: &[(&str, [u32; 4])]| {
        let draft = json!({"base": base, "boxes": boxes(drawn)});
        people[0].send(studio, "PUT", &path, &draft)
    };
    let saved = ok(&draft(0, &[("car", [1, 1, 5, 5])]));
    let revision = saved["revision"].as_u64().unwrap();
    let late = draft(0, &[("car", [2, 2, 5, 5])]);
    assert_eq!(late.status, 409, "{}", late.text());
    assert_eq!(late.json()["boxes"][0]["left"], 1, "what is there is told: {}", late.text());
    assert_eq!(late.json()["revision"], revision);
    ok(&draft(revision, &[("car", [3, 3, 5, 5])]));
    let again = team.next(0, "one");
    assert_eq!((&again["id"], &again["draft"]["boxes"][0]["left"]), (&given["id"], &json!(3)));
    // What cannot be an answer is refused, and costs nothing.
    for drawn in [("bus", [1, 1, 5, 5]), ("car", [30, 1, 5, 5])] {
        let answer = json!({"boxes": boxes(&[drawn]), "seconds": 1.0});
        let path = format!("/api/v1/work/assignments/{}/answer", given["id"]);
        assert_eq!(people[0].send(studio, "POST", &path, &answer).status, 400, "{drawn:?}");
    }
    let path = format!("/api/v1/work/assignments/{}/skip", given["id"]);
    let skip = people[0].send(studio, "POST", &path, &json!({"reason": "too dark"}));
    assert_eq!(skip.status, 204, "{}", skip.text());
    assert_eq!(team.task("one", 1)["notes"][0]["text"], "too dark");
}

#[test]
fn what_is_said_wrong_is_told() {
    let workspace = with_copies(1);
    workspace.ok(&["label", "create", "one", "--filter", "", "--labels", "car"]);
    let check = |args: &[&str], expected: &str| {
        let ran = workspace.run(&[&["label"], args].concat());
        assert!(ran.code == 1 || ran.code == 2, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    };
    check(&["create", "one", "--filter", "", "--labels", "car"], "one");
    check(&["create", "x-", "--filter", "", "--labels", "car"], "letters, digits");
    check(
        &["create", "two", "--filter", "camera = nobody", "--labels", "car"],
        "nothing to be labelled",
    );
    check(&["create", "two", "--verify", "one"], "no boxes that could be verified");
    check(&["create", "two", "--filter", "", "--labels", "car", "--gold", ""], "no gold frame");
    check(&["show", "nobody"], "nobody");
    check(&["sheet", "one", "--out", "x.png"], "no task of the job one has a result");
    check(&["import", "nothing.manifest", "--as", "x"], "nothing.manifest");
    let text = workspace.write("text.manifest", b"{\"source-ref\":\"a\"}\nhello\n");
    check(&["import", text.to_str().unwrap(), "--as", "x"], "no line has a label of boxes");
    // Nothing is left of what could not be made.
    let jobs = workspace.ok(&["label", "list", "--json"]);
    assert_eq!(jobs.lines().count(), 1, "{jobs}");
}
