//! A process that is killed while several people answer at once: what it acknowledged
//! is there, once, and nothing is half done.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::testing::{Desk, at, cars, check_counts, street};
use crate::{AssignmentId, Labels, Submitted};

const WORKERS: u64 = 6;
const ASKED: u32 = 2;

/// Set for the process that is killed: its file, and what time it is.
const FILE: &str = "ROADLOOP_LABEL_KILL_FILE";
const NOW: &str = "ROADLOOP_LABEL_KILL_NOW";

/// Not a test of its own: what the process does that is killed.
#[test]
#[ignore = "started by the others here"]
fn answers_until_it_is_killed() {
    let (Ok(file), Ok(now)) = (std::env::var(FILE), std::env::var(NOW)) else { return };
    let now: i64 = now.parse().unwrap();
    std::thread::scope(|scope| {
        for n in 0..WORKERS {
            let labels = Labels::open(Path::new(&file)).unwrap();
            scope.spawn(move || work(&labels, &format!("worker-{n}"), now, say));
        }
    });
}

/// Answers all there is, and tells of each answer that was counted.
fn work(labels: &Labels, worker: &str, now: i64, mut tell: impl FnMut(AssignmentId, u64, &str)) {
    while let Some(task) = labels.next(&street(), worker, at(now)).unwrap() {
        let answer = cars(&[task.number as f64 / 200.0]);
        labels.save_draft(task.id, worker, task.revision, &answer).unwrap();
        let submitted = labels.submit(task.id, worker, &answer, 1.0, at(now)).unwrap();
        assert_eq!(submitted, Submitted::Counted);
        tell(task.id, task.number, worker);
    }
}

fn say(id: AssignmentId, number: u64, worker: &str) {
    let line = format!("counted {id} {number} {worker}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn start(path: &Path, now: i64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "file::kill::answers_until_it_is_killed", "--ignored", "--nocapture"]);
    command.env(FILE, path).env(NOW, now.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// What was acknowledged before it was killed, by assignment.
fn killed_round(path: &Path, now: i64) -> HashMap<i64, (u64, String)> {
    let mut child = start(path, now);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // From the first answer on, at any moment.
    let mut text = String::new();
    while !text.contains("counted") && output.read_line(&mut text).unwrap() > 0 {}
    let chance = RandomState::new().hash_one(now) % 150_000;
    std::thread::sleep(Duration::from_micros(chance));
    child.kill().unwrap();
    output.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    // A line that was cut off was never read by anybody.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut counted = HashMap::new();
    for line in whole.lines() {
        let Some((_, line)) = line.split_once("counted ") else { continue };
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        let (id, number, worker) = (word(), word(), word());
        let before =
            counted.insert(id.parse().unwrap(), (number.parse().unwrap(), worker.to_owned()));
        assert_eq!(before, None, "{id} was counted twice");
    }
    counted
}

fn check_kills(rounds: u32, tasks: u64) {
    let mut desk = Desk::of(tasks, ASKED);
    let mut acknowledged: HashMap<i64, (u64, String)> = HashMap::new();
    let mut killed_at_work = 0;
    for round in 0..rounds {
        let now = 1000 * i64::from(round);
        let counted = killed_round(&desk.path(), now);
        killed_at_work += u32::from(!counted.is_empty());
        for (id, of) in counted {
            assert_eq!(acknowledged.insert(id, of), None, "{id} was counted twice");
        }
        check_counts(&desk.labels);
        if round % 5 == 4 {
            check_acknowledged(&desk, &acknowledged, tasks);
        }
    }
    assert!(killed_at_work > rounds / 2, "only {killed_at_work} of {rounds} had begun");
    // The rest is answered by others, who get what the killed ones held, and no more.
    let mut rest = 0;
    desk.labels = desk.labels.without_sync();
    for n in 0..WORKERS {
        let now = 1000 * i64::from(rounds);
        work(&desk.labels, &format!("worker-{n}"), now, |_, _, _| rest += 1);
    }
    check_counts(&desk.labels);
    check_acknowledged(&desk, &acknowledged, tasks);
    let progress = desk.labels.job(&street(), at(0)).unwrap().progress;
    assert_eq!((progress.done, progress.answers), (tasks, tasks * u64::from(ASKED)));
    assert!(rest > 0, "all was answered before the last kill: more tasks are needed");
}

fn check_acknowledged(desk: &Desk, acknowledged: &HashMap<i64, (u64, String)>, tasks: u64) {
    let results = desk.labels.results(&street(), 0, 1000).unwrap();
    let mut more = results;
    while let Some(last) = more.last().filter(|last| last.number < tasks) {
        let next = desk.labels.results(&street(), last.number, 1000).unwrap();
        assert!(!next.is_empty(), "tasks after {} are lost", last.number);
        more.extend(next);
    }
    assert_eq!(more.len() as u64, tasks);
    let mut kept = BTreeMap::new();
    for task in &more {
        assert!(task.answers.len() <= ASKED as usize, "task {}", task.number);
        for answer in &task.answers {
            assert_eq!(answer.answer, cars(&[task.number as f64 / 200.0]));
            kept.insert(answer.assignment.0, (task.number, answer.worker.clone()));
        }
    }
    for (id, of) in acknowledged {
        assert_eq!(kept.get(id), Some(of), "answer {id} was acknowledged");
    }
}

#[test]
fn five_kills_lose_nothing() {
    check_kills(5, 1000);
}

#[test]
#[ignore = "takes minutes: cargo test -p roadloop-label fifty_kills -- --ignored"]
fn fifty_kills_lose_nothing() {
    check_kills(50, 4000);
}
