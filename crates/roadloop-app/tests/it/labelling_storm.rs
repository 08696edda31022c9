//! The studio is killed again and again while twenty people label: what was acknowledged is
//! there once, no task is lost, and none is answered by more people than were asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::labelling::{boxes, with_copies};
use crate::studio::{Answer, Open, try_ask};
use crate::studio_people::invited;
use crate::workspace::Workspace;

const PEOPLE: usize = 20;
const WORKERS: usize = 5;

/// Between two things somebody does, so that kills fall between all of them.
const THINKING: Duration = Duration::from_millis(15);

/// Answers that were acknowledged: by assignment, where its box is.
type Acknowledged = Arc<Mutex<BTreeMap<i64, u32>>>;

/// Somebody who goes on whatever happens to the studio.
struct Person {
    address: String,
    token: String,
    acknowledged: Acknowledged,
    is_over: Arc<AtomicBool>,
}

impl Person {
    /// Asks until there is an answer.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let authorization = format!("Bearer {}", self.token);
        let headers =
            [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        while !self.is_over.load(Ordering::Relaxed) {
            thread::sleep(THINKING);
            let body = body.to_string();
            if let Ok(answer) = try_ask(&self.address, method, path, &headers, body.as_bytes()) {
                return Some(answer);
            }
        }
        None
    }

    fn work(&self, seed: u64) {
        let mut dice = seed;
        loop {
            let Some(next) = self.ask("POST", "/api/v1/work/storm/next", &json!({})) else {
                return;
            };
            if next.status == 204 {
                // Somebody may give a task back, or lose it.
                thread::sleep(Duration::from_millis(100));
                continue;
            }
            assert_eq!(next.status, 200, "{}", next.text());
            let given = next.json();
            let (id, revision) = (given["id"].as_i64().unwrap(), &given["revision"]);
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let left = (dice >> 40) as u32 % 20;
            let drawn = boxes(&[("car", [left, 2, 5, 5])]);
            let path = |what: &str| format!("/api/v1/work/assignments/{id}/{what}");
            let draft = json!({"base": revision, "boxes": drawn});
            let Some(_) = self.ask("PUT", &path("draft"), &draft) else { return };
            if dice >> 61 == 0 {
                let Some(_) = self.ask("POST", &path("release"), &json!({})) else { return };
                continue;
            }
            let answer = json!({"boxes": drawn, "seconds": 1.0});
            let Some(done) = self.ask("POST", &path("answer"), &answer) else { return };
            assert_eq!(done.status, 200, "{}", done.text());
            let outcome = done.json()["outcome"].clone();
            assert_ne!(outcome, "kept_as_draft", "nothing expires here: {}", done.text());
            let before = self.acknowledged.lock().unwrap().insert(id, left);
            assert_eq!(before, None, "nobody gets a task twice");
        }
    }
}

fn storm(tasks: u32, kills: u32) {
    let workspace = with_copies(tasks);
    let workers = WORKERS.to_string();
    workspace.ok(&[
        "label",
        "create",
        "storm",
        "--filter",
        "",
        "--labels",
        "car",
        "--workers",
        &workers,
    ]);
    workspace.ok(&["users", "invite", "--role", "admin"]);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let studio = Open::start_at(&workspace, &address, &["--login"]);
    let reviewer = token(&workspace, &studio, "reviewer", "rita", "read");
    let acknowledged = Acknowledged::default();
    let is_over = Arc::new(AtomicBool::new(false));
    let people: Vec<Person> = (0..PEOPLE)
        .map(|number| Person {
            address: address.clone(),
            token: token(&workspace, &studio, "worker", &format!("p{number}"), "label"),
            acknowledged: Arc::clone(&acknowledged),
            is_over: Arc::clone(&is_over),
        })
        .collect();
    let working: Vec<_> =
        (1..).zip(people).map(|(seed, person)| thread::spawn(move || person.work(seed))).collect();
    let mut studio = Some(studio);
    for kill in 0..kills {
        thread::sleep(Duration::from_millis(150 + u64::from(kill * 37 % 200)));
        // SIGKILL, and its end is waited for.
        drop(studio.take());
        studio = Some(Open::start_at(&workspace, &address, &["--login"]));
    }
    let studio = studio.unwrap();
    let wanted = tasks as usize * WORKERS;
    let deadline = Instant::now() + Duration::from_secs(300);
    let is_working = || working.iter().all(|person| !person.is_finished());
    while acknowledged.lock().unwrap().len() < wanted && is_working() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(100));
    }
    is_over.store(true, Ordering::Relaxed);
    for person in working {
        person.join().unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap();
    let mut kept = BTreeMap::new();
    for number in 1..=tasks {
        let authorization = format!("Bearer {reviewer}");
        let path = format!("/api/v1/jobs/storm/tasks/{number}");
        let task = studio.ask("GET", &path, &[("Authorization", &authorization)], b"").json();
        let answers = task["answers"].as_array().unwrap();
        assert_eq!(answers.len(), WORKERS, "as many as were asked: {task}");
        let names: BTreeSet<&str> =
            answers.iter().map(|answer| answer["worker"].as_str().unwrap()).collect();
        assert_eq!(names.len(), WORKERS, "each of another person: {task}");
        for answer in answers {
            let left = answer["boxes"][0]["left"].as_u64().unwrap() as u32;
            kept.insert(answer["assignment"].as_i64().unwrap(), left);
        }
        assert_eq!(task["task"]["state"], "done", "{task}");
    }
    assert_eq!(kept.len(), wanted);
    assert_eq!(kept, *acknowledged, "what was acknowledged is what is there");
}

fn token(workspace: &Workspace, studio: &Open, role: &str, name: &str, scope: &str) -> String {
    invited(workspace, studio, role, name);
    let token = workspace.ok(&["users", "token", name, "--name", "test", "--scopes", scope]);
    token.trim().to_owned()
}

#[test]
fn nothing_acknowledged_is_lost() {
    storm(6, 5);
}

#[test]
#[ignore = "minutes: cargo test -p roadloop-app --test it fifty_kills -- --ignored --nocapture"]
fn fifty_kills() {
    storm(120, 50);
}
