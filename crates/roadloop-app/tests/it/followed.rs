//! Orders that are looked at, and queues that several stores share by mistake.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::main_job::small_bag;
use crate::workspace::{Ran, Workspace};

const QUEUE: &str = "roadloop/queue.db";

fn order(workspace: &Workspace, path: &str) -> String {
    let given = ["run", path, "--queue", QUEUE, "--detach", "--json", "--stages", "extract,detect"];
    let given: Value = serde_json::from_str(&workspace.ok(&given)).unwrap();
    given["order"].as_str().unwrap().to_owned()
}

#[test]
fn a_worker_of_another_store_leaves_the_jobs() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 5);
    let id = order(&workspace, bag.to_str().unwrap());
    let stranger = workspace.run(&["worker", "--store", "other", "--queue", QUEUE, "--until-idle"]);
    assert_eq!(stranger.code, 3, "{stranger:?}");
    assert_eq!(stranger.stderr.matches("not done").count(), 1, "{stranger:?}");
    for said in [id.as_str(), "--store", "roadloop/queue.db", "/other"] {
        assert!(stranger.stderr.contains(said), "{said}: {stranger:?}");
    }
    assert!(!workspace.path("other/images").exists());
    // Whose jobs they are has them at once, with all their attempts.
    workspace.ok(&["worker", "--queue", QUEUE, "--until-idle"]);
    let shown = workspace.ok(&["queue", "status", &id, "--parts", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0]["is_done"], true, "{shown}");
    for job in shown[0]["jobs"].as_array().unwrap() {
        assert_eq!(job["attempts"], 1, "{job}");
    }
}

#[test]
fn an_order_is_followed_again() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 5);
    let id = order(&workspace, bag.to_str().unwrap());
    // Interrupted, it says that the work goes on.
    let mut command: Command = workspace.command(&["queue", "follow", &id]);
    let following = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    sleep(Duration::from_secs(1));
    let told = Command::new("kill").args(["-INT", &following.id().to_string()]).status();
    assert!(told.unwrap().success());
    let ran = Ran::from(following.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{ran:?}");
    assert!(ran.stderr.contains(&format!("queue follow {id}")), "{ran:?}");
    assert!(ran.stderr.contains("the work goes on"), "{ran:?}");

    assert_eq!(
        workspace.ok(&["queue", "pause", "detect", "--json"]),
        "{\"paused\":[\"detect\"]}\n"
    );
    let ran = workspace.run(&["worker", "--until-idle"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("detect is paused, with 1 job to do"), "{ran:?}");
    workspace.ok(&["queue", "resume"]);
    workspace.ok(&["worker", "--until-idle"]);
    for name in [id.as_str(), "drive.bag"] {
        let shown = workspace.ok(&["queue", "follow", name]);
        assert!(shown.contains("done\n"), "{shown}");
    }
    assert_eq!(workspace.run(&["queue", "follow", "nobody"]).code, 2);
}

#[test]
fn what_died_is_told_by_the_exit_code() {
    let workspace = Workspace::new();
    let path = workspace.write("bad.bag", b"no bag at all");
    let id = order(&workspace, path.to_str().unwrap());
    assert_eq!(workspace.run(&["worker", "--until-idle"]).code, 1);
    assert_eq!(workspace.run(&["queue", "follow", &id]).code, 1);
    let again = workspace.ok(&["queue", "redrive", "--json"]);
    assert_eq!(again, format!("{{\"failed\":[],\"put_back\":[\"{id}/extract\"]}}\n"));
}

#[test]
fn who_looks_makes_nothing() {
    let workspace = Workspace::new();
    let shown = workspace.ok(&["queue", "status"]);
    assert!(shown.contains("there is no queue yet"), "{shown}");
    assert!(!workspace.path(QUEUE).exists());
    let garbage = workspace.write("jobs.db", &b"garbage".repeat(1000));
    let ran = workspace.run(&["queue", "status", "--queue", garbage.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("jobs.db") && ran.stderr.contains("move it away"), "{ran:?}");
    for typed in [&["worker", "--store", "foo://x"][..], &["watch", "https://host/in", "--once"]] {
        assert_eq!(workspace.run(typed).code, 2, "{typed:?}");
    }
}
