//! The main job by way of a queue: workers that come and go, are killed, stopped and
//! told things, leave what an undisturbed run leaves.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bucket::InBucket;
use crate::main_job::{small_bag, small_drive};
use crate::workspace::{Ran, Workspace};

const QUEUE: &str = "roadloop/queue.db";

/// No case takes as long.
const PATIENCE: Duration = Duration::from_secs(240);

/// A program that is ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// As a machine is switched off.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn terminate(&self) {
        let ended = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(ended.unwrap().success());
    }
}

fn start(mut command: Command) -> Running {
    Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn order(workspace: &Workspace, path: &str) -> String {
    let given = workspace.ok(&["run", path, "--queue", QUEUE, "--detach", "--json"]);
    let given: Value = serde_json::from_str(&given).unwrap();
    given["order"].as_str().unwrap().to_owned()
}

fn status(workspace: &Workspace, order: &str) -> Value {
    let shown = workspace.ok(&["queue", "status", order, "--parts", "--json"]);
    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    shown[0].take()
}

#[track_caller]
fn assert_same(workspace: &Workspace, undisturbed: &Workspace) {
    let (content, expected) = (workspace.content(), undisturbed.content());
    for (name, bytes) in &expected {
        assert!(content.get(name) == Some(bytes), "{name} differs");
    }
    assert_eq!(content.len(), expected.len());
}

#[test]
fn workers_leave_what_a_run_leaves() {
    let alone = Workspace::new();
    let drive = small_drive(&alone, 80);
    alone.ok(&["run", drive.to_str().unwrap()]);

    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 80);
    let workers = [(); 2].map(|()| start(workspace.command(&["worker"])));
    let ran = workspace.run(&["run", drive.to_str().unwrap(), "--queue", QUEUE]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("done\n"), "{ran:?}");
    for worker in workers {
        worker.terminate();
    }
    assert_same(&workspace, &alone);

    // Once more finds everything done, and does nothing twice.
    let again = order(&workspace, drive.to_str().unwrap());
    workspace.ok(&["worker", "--until-idle"]);
    let state = status(&workspace, &again);
    assert_eq!(state["is_done"], true, "{state}");
    for stage in state["stages"].as_array().unwrap() {
        assert_eq!(stage["frames"], 0, "{stage}");
    }
    let detect = &state["stages"][3];
    assert_eq!((&detect["stage"], &detect["frames_before"]), (&"detect".into(), &80.into()));
    assert_same(&workspace, &alone);
}

#[test]
fn killed_workers_lose_nothing() {
    let undisturbed = Workspace::new();
    let drive = small_drive(&undisturbed, 100);
    undisturbed.ok(&["run", drive.to_str().unwrap()]);

    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 100);
    let id = order(&workspace, drive.to_str().unwrap());
    let worker = || {
        let mut command = workspace.command(&["worker"]);
        command.env("ROADLOOP_QUEUE_HOLD_SECS", "1").env("ROADLOOP_QUEUE_ATTEMPTS", "1000");
        // Small jobs, so that there are many to be killed in.
        command.env("ROADLOOP_QUEUE_FRAMES_PER_JOB", "16");
        start(command)
    };
    let mut workers = [worker(), worker()];
    let (started, mut kills) = (Instant::now(), 0);
    for number in 0.. {
        assert!(started.elapsed() < PATIENCE, "it does not end");
        sleep(Duration::from_millis(300 + number * 379 % 1700));
        if status(&workspace, &id)["is_over"] == true {
            break;
        }
        std::mem::replace(&mut workers[number as usize % 2], worker()).kill();
        kills += 1;
    }
    assert!(kills >= 2, "nothing was killed");
    drop(workers);
    let state = status(&workspace, &id);
    assert_eq!(state["is_done"], true, "{state}");
    assert_eq!(workspace.ok(&["queue", "dead", "list", "--json"]).trim(), "[]");
    assert_same(&workspace, &undisturbed);
}

#[test]
fn a_job_that_kills_its_workers_dies_alone() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 20);
    let bag = small_bag(&workspace, 20);
    let bad = order(&workspace, drive.to_str().unwrap());
    let good = order(&workspace, bag.to_str().unwrap());
    let started = Instant::now();
    let mut kills = 0;
    loop {
        assert!(started.elapsed() < PATIENCE, "it does not end");
        let mut command = workspace.command(&["worker", "--log-format", "json", "--until-idle"]);
        command.env("ROADLOOP_QUEUE_HOLD_SECS", "1").env("ROADLOOP_QUEUE_ATTEMPTS", "3");
        let mut worker =
            Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        let mut is_killed = false;
        for line in BufReader::new(worker.0.stderr.take().unwrap()).lines() {
            let Ok(event) = serde_json::from_str::<Value>(&line.unwrap()) else { continue };
            let record = &event;
            if record["state"] == "running"
                && record["stage"] == "detect"
                && record["order"] == bad.as_str()
            {
                is_killed = true;
                break;
            }
        }
        if !is_killed {
            break;
        }
        worker.kill();
        kills += 1;
    }
    assert_eq!(kills, 3);
    assert_eq!(status(&workspace, &good)["is_done"], true);
    let state = status(&workspace, &bad);
    assert_eq!((&state["is_over"], &state["is_done"]), (&true.into(), &false.into()), "{state}");
    let letters = workspace.ok(&["queue", "dead", "list", "--json"]);
    let letters: Vec<Value> = serde_json::from_str(&letters).unwrap();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter["attempts"], 3);
    assert!(letter["error"][0].as_str().unwrap().contains("without a word, 3 times"), "{letter}");
    let shown = workspace.ok(&["queue", "dead", "show", letter["job"].as_str().unwrap()]);
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), *letter);

    // Put back, it is done like any other.
    assert_eq!(workspace.ok(&["queue", "redrive", "--stage", "anonymize"]), "put back: 0 jobs\n");
    assert_eq!(workspace.ok(&["queue", "redrive", "--stage", "detect"]), "put back: 1 job\n");
    workspace.ok(&["worker", "--until-idle"]);
    assert_eq!(status(&workspace, &bad)["is_done"], true);
    assert_eq!(workspace.ok(&["queue", "dead", "list", "--json"]).trim(), "[]");
}

#[test]
fn who_is_told_to_stop_hands_back() {
    let workspace = Workspace::new();
    let drive = small_drive(&workspace, 60);
    let id = order(&workspace, drive.to_str().unwrap());
    let mut worker = start(workspace.command(&["worker", "--grace", "0"]));
    let started = Instant::now();
    let is_at = |stage: &str| {
        let state = status(&workspace, &id);
        let jobs = state["jobs"].as_array().unwrap().clone();
        jobs.into_iter().find(|job| job["stage"] == stage && job["state"] == "running")
    };
    while is_at("anonymize").is_none() {
        assert!(started.elapsed() < PATIENCE, "it does not begin");
        sleep(Duration::from_millis(50));
    }
    let stopped = Instant::now();
    worker.terminate();
    while worker.is_running() {
        assert!(stopped.elapsed() < Duration::from_secs(15), "it does not stop");
        sleep(Duration::from_millis(50));
    }
    let state = status(&workspace, &id);
    let jobs = state["jobs"].as_array().unwrap();
    let waiting = jobs.iter().find(|job| job["stage"] == "anonymize").unwrap();
    assert_eq!(waiting["state"], "waiting", "{waiting}");
    // At once, not when the hold is over; and as a first attempt.
    let again = Instant::now();
    workspace.ok(&["worker", "--until-idle"]);
    assert!(again.elapsed() < Duration::from_secs(55), "it waited for the hold to end");
    let state = status(&workspace, &id);
    assert_eq!(state["is_done"], true, "{state}");
    assert!(state["jobs"].as_array().unwrap().iter().all(|job| job["attempts"] == 1), "{state}");
}

#[test]
fn what_is_no_recording_is_a_dead_letter_until_it_is_one() {
    let workspace = Workspace::new();
    let path = workspace.write("drive.mcap", b"not yet");
    let id = order(&workspace, path.to_str().unwrap());
    assert_eq!(workspace.run(&["worker", "--until-idle"]).code, 1);
    let letters = workspace.ok(&["queue", "dead", "list"]);
    assert!(letters.contains("not a recording"), "{letters}");
    for unknown in [&["dead", "show", "nobody"][..], &["redrive", "nobody"], &["redrive", "../x"]] {
        let unknown = workspace.run(&[&["queue"], unknown].concat());
        assert_eq!(unknown.code, 2, "{unknown:?}");
    }
    // What people said is damaged: then they said nothing.
    workspace.write("roadloop/board/control.json", b"garbage{");
    small_drive(&workspace, 4);
    assert_eq!(workspace.ok(&["queue", "redrive"]), "put back: 1 job\n");
    workspace.ok(&["worker", "--until-idle"]);
    assert_eq!(status(&workspace, &id)["is_done"], true);
    assert_eq!(workspace.ok(&["search", "camera = camera__front", "--count"]).trim(), "4");
}

#[test]
fn stages_are_paused_and_orders_cancelled() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 10);
    let id = order(&workspace, bag.to_str().unwrap());
    assert_eq!(workspace.ok(&["queue", "pause", "detect"]), "paused: detect\n");
    let worker = start(workspace.command(&["worker"]));
    let started = Instant::now();
    let of = |stage: usize, what: &str| status(&workspace, &id)["stages"][stage][what].clone();
    while of(0, "done") == 0 {
        assert!(started.elapsed() < PATIENCE, "nothing is extracted");
        sleep(Duration::from_millis(50));
    }
    sleep(Duration::from_secs(2));
    assert_eq!(of(3, "running"), 0, "a paused stage works");
    assert!(workspace.ok(&["queue", "status"]).contains("paused"));
    assert_eq!(workspace.ok(&["queue", "cancel", "drive.bag"]), "cancelled: 1 order\n");
    assert_eq!(workspace.ok(&["queue", "resume"]), "nothing is paused\n");
    while status(&workspace, &id)["is_over"] != true {
        assert!(started.elapsed() < PATIENCE, "it does not end");
        sleep(Duration::from_millis(100));
    }
    assert_eq!(of(3, "cancelled"), 1);
    assert_eq!(
        workspace.ok(&["sql", "select count(*) n from looked", "--format", "csv"]),
        "n\n0\n"
    );
    let again = workspace.ok(&["queue", "cancel", "drive.bag"]);
    assert_eq!(again, "nothing to cancel: all of it is over\n");
    let unknown = workspace.run(&["queue", "cancel", "nobody"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    drop(worker);
}

#[test]
fn who_follows_learns_how_it_ended() {
    let workspace = Workspace::new();
    let path = workspace.write("bad.bag", b"no bag at all");
    let worker = start(workspace.command(&["worker"]));
    let ran = workspace.run(&["run", path.to_str().unwrap(), "--queue", QUEUE]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("died after 1 attempt: not a recording"), "{ran:?}");
    drop(worker);
    let ran = workspace.run(&["run", path.to_str().unwrap(), "--urgent"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let ran = workspace.run(&["run", path.to_str().unwrap(), "--queue", "ftp://there"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_bucket_is_worked_on_too() {
    let alone = Workspace::new();
    let drive = small_drive(&alone, 20);
    alone.ok(&["run", drive.to_str().unwrap()]);

    let there = InBucket::new();
    let drive = small_drive(&there.workspace, 20);
    there.server.put("fleet/in/drive.mcap", std::fs::read(drive).unwrap());
    let worker = start(there.command(&["worker"]));
    let ran = there.command(&["run", "s3://fleet/in/drive.mcap", "--queue", QUEUE]).output();
    let ran = Ran::from(ran.unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    drop(worker);
    for rows in [
        "select * from frames order by recording, camera, sequence",
        "select * from detection_rows order by frame, kind, label, number",
    ] {
        let found = Ran::from(there.command(&["sql", rows, "--json"]).output().unwrap());
        assert_eq!(found.stdout, alone.ok(&["sql", rows, "--json"]));
    }
}

#[test]
fn what_is_dropped_into_a_folder_is_processed() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("incoming")).unwrap();
    let args = ["watch", "incoming", "--settle", "1", "--stages", "extract"];
    let watching = || start(workspace.command(&args));
    let watcher = watching();
    let bag = small_bag(&workspace, 5);
    let bytes = std::fs::read(bag).unwrap();
    // As a copy comes: half of it first, under a name that says it is one.
    let target = workspace.path("incoming/drive.bag");
    std::fs::write(&target, &bytes[..bytes.len() / 2]).unwrap();
    sleep(Duration::from_millis(700));
    std::fs::write(&target, &bytes).unwrap();
    std::fs::write(workspace.path("incoming/notes.txt"), "no recording").unwrap();
    let frames = || {
        let rows = workspace.run(&["sql", "select count(*) n from frames", "--format", "csv"]);
        rows.stdout.lines().nth(1).map(str::to_owned)
    };
    let dropped = Instant::now();
    while frames().as_deref() != Some("5") {
        assert!(dropped.elapsed() < Duration::from_secs(60), "{:?}", frames());
        sleep(Duration::from_millis(200));
    }
    let orders = || {
        let status = workspace.ok(&["queue", "status", "--json"]);
        serde_json::from_str::<Value>(&status).unwrap()["orders"].as_array().unwrap().len()
    };
    assert_eq!(orders(), 1, "what was half there was taken for a recording");
    watcher.terminate();
    // Started again it knows what it did; two at once give one order.
    let watchers = [watching(), watching()];
    small_drive(&workspace, 3);
    std::fs::rename(workspace.path("drive.mcap"), workspace.path("incoming/b.mcap")).unwrap();
    while frames().as_deref() != Some("8") {
        assert!(dropped.elapsed() < Duration::from_secs(120), "{:?}", frames());
        sleep(Duration::from_millis(200));
    }
    assert_eq!(orders(), 2);
    drop(watchers);
    assert_eq!(workspace.run(&["watch", "nowhere"]).code, 2);
}

#[test]
fn a_bucket_is_listed_and_a_list_is_read() {
    let there = InBucket::new();
    let bag = std::fs::read(small_bag(&there.workspace, 4)).unwrap();
    there.server.put("fleet/in/a #1.bag", bag.clone());
    there.server.put("fleet/in/deep/b.bag", bag);
    there.server.put("fleet/in/c.mcap", b"no mcap".to_vec());
    let watch = ["watch", "s3://fleet/in/", "--once", "--settle", "0", "--suffix", ".bag"];
    let watch = [&watch[..], &["--stages", "extract"]].concat();
    for given in ["2 orders given", "0 orders given"] {
        let ran = Ran::from(there.command(&watch).output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stderr.contains(given), "{ran:?}");
    }
    let rows = there.command(&["sql", "select count(*) n from frames", "--format", "csv"]).output();
    // They are the same drive, under the name it had first.
    assert_eq!(Ran::from(rows.unwrap()).stdout, "n\n4\n");

    let list = there
        .workspace
        .write("keys.txt", b"# two\ns3://fleet/in/a%20%231.bag\n\n s3://fleet/in/deep/ \n");
    let run = ["run", "--list", list.to_str().unwrap(), "--stages", "extract", "--json"];
    let ran = Ran::from(there.command(&run).output().unwrap());
    assert_eq!((ran.code, ran.stdout.matches("\"already_done\":4").count()), (0, 2), "{ran:?}");
    let ran =
        Ran::from(there.command(&["run", "s3://fleet/in/", "--suffix", ".db3"]).output().unwrap());
    assert_eq!(ran.code, 2, "{ran:?}");
}
