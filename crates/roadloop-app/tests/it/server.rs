//! A worker as it is seen from outside: health, metrics, progress, logs and traces.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use roadloop_store::testing::Habit;
use serde_json::Value;

use crate::bucket::InBucket;
use crate::main_job::small_bag;
use crate::workspace::Workspace;

const QUEUE: &str = "roadloop/queue.db";

/// No answer takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stages that need no models.
const STAGES: &str = "extract,tables";

/// A worker that answers, ended with the test.
struct Seen {
    child: Child,
    address: String,
    lines: Receiver<Value>,
}

impl Drop for Seen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Seen {
    /// Starts it with `--listen`, and waits until it says where.
    fn start(mut command: Command) -> Seen {
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let line =
                    serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let address = loop {
            let line: Value = lines.recv_timeout(PATIENCE).unwrap();
            if line["event"] == "listening" {
                break line["address"].as_str().unwrap().to_owned();
            }
        };
        Seen { child, address, lines }
    }

    fn connect(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let asked = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes()).unwrap();
        stream
    }

    /// Status, headers and body.
    fn ask(&self, path: &str) -> (u16, String, String) {
        let mut answer = String::new();
        self.connect(path).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    #[track_caller]
    fn json(&self, path: &str, expected: u16) -> Value {
        let (status, head, body) = self.ask(path);
        assert_eq!(status, expected, "{path}: {body}");
        assert!(head.contains("json"), "{head}");
        serde_json::from_str(&body).unwrap()
    }

    /// The samples of a scrape by their names with labels.
    #[track_caller]
    fn metrics(&self) -> BTreeMap<String, f64> {
        let (status, head, body) = self.ask("/metrics");
        assert!(status == 200 && head.contains("text/plain; version=0.0.4"), "{head}");
        let (mut samples, mut family) = (BTreeMap::new(), String::new());
        for line in body.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split_once(' ').unwrap().0.to_owned();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, family);
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            } else {
                assert!(line.starts_with(&family), "{line} is below {family}");
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(
                    samples.insert(name.to_owned(), value.parse().unwrap()).is_none(),
                    "{line}"
                );
            }
        }
        samples
    }

    /// The events of a stream to its end, with their data.
    fn events(&self, path: &str) -> Vec<(String, Value)> {
        let (mut events, mut name) = (Vec::new(), String::new());
        for line in BufReader::new(self.connect(path)).lines().map_while(Result::ok) {
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                events.push((name.clone(), serde_json::from_str(data).unwrap()));
            }
        }
        events
    }

    /// Tells it to stop, and waits for it to do so.
    fn stop(mut self) -> Vec<Value> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let told = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(told.elapsed() < PATIENCE, "it does not stop");
            sleep(Duration::from_millis(20));
        }
        assert!(self.child.wait().unwrap().success());
        self.lines.iter().collect()
    }
}

fn order(workspace: &Workspace, path: &str) -> String {
    let run = ["run", path, "--queue", QUEUE, "--stages", STAGES, "--detach", "--json"];
    let given: Value = serde_json::from_str(&workspace.ok(&run)).unwrap();
    given["order"].as_str().unwrap().to_owned()
}

fn worker(workspace: &Workspace) -> Command {
    workspace.command(&["worker", "--roles", STAGES, "--name", "one"])
}

#[test]
fn work_is_seen_while_it_is_done_and_after() {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 10);
    let seen = Seen::start(worker(&workspace));
    let health = seen.json("/healthz", 200);
    assert_eq!(health["name"], "one");
    assert_eq!(health["roles"], serde_json::json!(["extract", "tables"]));
    assert_eq!(seen.json("/readyz", 200)["ready"], true);
    let done = "roadloop_jobs_total{stage=\"extract\",state=\"done\"}";
    let before = seen.metrics();
    assert_eq!(before[done], 0.0);
    assert_eq!(before["roadloop_queue_up"], 1.0);
    assert_eq!(before["roadloop_jobs_waiting{stage=\"detect\"}"], 0.0);
    assert!(before["process_resident_memory_bytes"] > 1e6);
    assert!(before["process_start_time_seconds"] > 1.7e9);

    let id = order(&workspace, bag.to_str().unwrap());
    let events = seen.events(&format!("/api/orders/{id}/events"));
    let (name, last) = events.last().unwrap();
    assert!(events.len() >= 2 && name == "over", "{events:?}");
    assert!(events[..events.len() - 1].iter().all(|(name, _)| name == "progress"), "{events:?}");
    assert_eq!((&last["order"], &last["is_done"]), (&id.as_str().into(), &true.into()));
    // One that was over before is told of as well.
    let again = seen.events(&format!("/api/orders/{id}/events"));
    assert_eq!(again.last().unwrap().0, "over");

    let orders = seen.json("/api/orders", 200);
    let shown = workspace.ok(&["queue", "status", "--json"]);
    assert_eq!(orders["orders"], serde_json::from_str::<Value>(&shown).unwrap()["orders"]);
    assert_eq!(seen.json("/api/orders?limit=0", 200)["before"], 1);
    let one = seen.json(&format!("/api/orders/{id}"), 200);
    assert_eq!(one["jobs"].as_array().unwrap().len(), 2, "{one}");

    let after = seen.metrics();
    assert_eq!(after[done], 1.0);
    assert_eq!(after["roadloop_jobs_total{stage=\"tables\",state=\"done\"}"], 1.0);
    assert_eq!(after["roadloop_jobs_total{stage=\"extract\",state=\"failed\"}"], 0.0);
    assert_eq!(after["roadloop_job_attempts_total{stage=\"extract\"}"], 1.0);
    assert_eq!(after["roadloop_frames_total{stage=\"extract\"}"], 10.0);
    assert_eq!(after["roadloop_job_duration_seconds_count{stage=\"extract\"}"], 1.0);
    let longest = "roadloop_job_duration_seconds_bucket{stage=\"extract\",le=\"3600\"}";
    assert_eq!(after[longest], 1.0);
    assert_eq!(after["roadloop_dead_jobs{stage=\"extract\"}"], 0.0);

    let lines = seen.stop();
    let jobs: Vec<&Value> = lines.iter().filter(|line| line["event"] == "job").collect();
    assert_eq!(jobs.len(), 4, "{lines:?}");
    for line in jobs {
        assert_eq!((&line["order"], &line["worker"]), (&id.as_str().into(), &"one".into()));
        let job = format!("{id}/{}", line["stage"].as_str().unwrap());
        assert_eq!((&line["job"], &line["attempts"]), (&job.into(), &1.into()));
        if line["state"] == "done" {
            assert_eq!(
                (&line["recording"], &line["outcome"]),
                (&last["recording"], &"done".into())
            );
            assert!(line["seconds"].is_number(), "{line}");
        }
    }
}

#[test]
fn who_asks_wrongly_or_too_much_is_told() {
    let workspace = Workspace::new();
    let seen = Seen::start(worker(&workspace));
    for (path, status) in [
        ("/", 404),
        ("/api/orders/nobody", 404),
        ("/api/orders/.%2e%2F", 404),
        ("/api/orders/nobody/events", 404),
        ("/api/orders?limit=many", 400),
        ("/api/orders?limit=501", 400),
    ] {
        let problem = seen.json(path, status);
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
    }
    // So many listen, and then there is no place until one goes.
    let listens = |_| {
        let mut stream = seen.connect("/api/events");
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head, *b"HTTP/1.1 200");
        stream
    };
    let mut listeners: Vec<TcpStream> = (0..64).map(listens).collect();
    seen.json("/api/events", 503);
    listeners.pop();
    let freed = Instant::now();
    while !seen.ask_head("/api/events").starts_with("HTTP/1.1 200") {
        assert!(freed.elapsed() < PATIENCE, "no place is free");
        sleep(Duration::from_millis(50));
    }
    // What is given meanwhile is told of, and a worker that stops keeps nobody waiting.
    let bag = small_bag(&workspace, 3);
    let id = order(&workspace, bag.to_str().unwrap());
    let listener = BufReader::new(listeners.pop().unwrap());
    let mut told = listener.lines().map_while(Result::ok);
    assert!(told.any(|line| line.contains(&id)), "nothing was told");
    let stopped = Instant::now();
    seen.stop();
    assert!(stopped.elapsed() < Duration::from_secs(20), "it stopped slowly");
    assert_eq!(told.last().as_deref(), Some(""), "the stream did not end whole");
}

impl Seen {
    /// The first line of an answer that may have no end.
    fn ask_head(&self, path: &str) -> String {
        let mut line = String::new();
        BufReader::new(self.connect(path)).read_line(&mut line).unwrap();
        line
    }

    /// Waits until it can work no more, and says what is missing.
    #[track_caller]
    fn missing(&self) -> String {
        let started = Instant::now();
        loop {
            let (status, _, body) = self.ask("/readyz");
            if status == 503 {
                assert_eq!(self.ask("/healthz").0, 200);
                return body;
            }
            assert!(started.elapsed() < PATIENCE, "it stays ready");
            sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_worker_without_its_store_is_not_ready() {
    let workspace = Workspace::new();
    let mut command = worker(&workspace);
    command.args(["--store", "lake"]);
    let seen = Seen::start(command);
    seen.json("/readyz", 200);
    // One that finds its store gone when it begins ends with an error.
    sleep(Duration::from_secs(1));
    std::fs::rename(workspace.path("lake"), workspace.path("elsewhere")).unwrap();
    let missing = seen.missing();
    assert!(missing.contains("\"store\"") && !missing.contains("\"queue\""), "{missing}");

    let there = InBucket::new();
    let seen = Seen::start(there.command(&["worker", "--roles", STAGES]));
    seen.json("/readyz", 200);
    // Or closed.
    sleep(Duration::from_secs(1));
    there.server.set(Habit::Refuses);
    let missing = seen.missing();
    assert!(missing.contains("AWS_ACCESS_KEY_ID"), "{missing}");
    assert_eq!(seen.metrics()["roadloop_store_up"], 0.0);
}

#[test]
fn who_watches_a_folder_is_seen_too() {
    let workspace = Workspace::new();
    let incoming = workspace.path("incoming");
    std::fs::create_dir(&incoming).unwrap();
    let watch = ["watch", "incoming", "--settle", "1", "--stages", STAGES, "--roles", STAGES];
    let seen = Seen::start(workspace.command(&watch));
    assert_eq!(seen.json("/api/orders", 200)["orders"], serde_json::json!([]));
    let bag = small_bag(&workspace, 2);
    std::fs::rename(bag, incoming.join("drive.bag")).unwrap();
    let dropped = Instant::now();
    let is_done = |orders: &Value| orders["orders"][0]["is_done"] == true;
    while !is_done(&seen.json("/api/orders", 200)) {
        assert!(dropped.elapsed() < PATIENCE, "it is not done");
        sleep(Duration::from_millis(100));
    }
    let metrics = seen.metrics();
    assert_eq!(metrics["roadloop_orders_found_total"], 1.0);
    assert_eq!(metrics["roadloop_frames_total{stage=\"extract\"}"], 2.0);
    seen.stop();
}

#[test]
fn an_address_that_is_taken_is_said() {
    let workspace = Workspace::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = workspace.run(&["worker", "--listen", &address]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains(&format!("cannot listen on {address}")), "{ran:?}");
}

#[test]
fn messages_come_over_http() {
    let there = InBucket::new();
    let args = ["watch", "s3://fleet/in/", "--every-secs", "600", "--stages", "extract"];
    let mut command = there.command(&args);
    command.env("ROADLOOP_EVENTS_TOKEN", "sesame");
    let seen = Seen::start(command);
    let post = |headers: &str, body: &str| {
        let mut stream = TcpStream::connect(&seen.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let asked = format!(
            "POST /events HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(asked.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse::<u16>().unwrap(), body.to_owned())
    };
    let token = "Authorization: Bearer sesame\r\n";
    let put = |key: &str| {
        let s3 = serde_json::json!({"bucket": {"name": "fleet"}, "object": {"key": key}});
        serde_json::json!({"Records": [{"eventName": "s3:ObjectCreated:Put", "s3": s3}]})
            .to_string()
    };
    let bag = std::fs::read(small_bag(&there.workspace, 4)).unwrap();
    there.server.put("fleet/in/a b.bag", bag.clone());
    there.server.put("fleet/elsewhere/a.bag", bag);
    assert_eq!(post("", &put("in/a+b.bag")).0, 401);
    assert_eq!(post("Authorization: Bearer other\r\n", &put("in/a+b.bag")).0, 401);
    assert_eq!(post(token, "hello").0, 400);
    assert_eq!(post(token, "{}").0, 400);
    // What is not there, no recording, or in no place that is watched is no order.
    for key in ["in/missing.bag", "in/notes.txt", "elsewhere/a.bag"] {
        assert_eq!(post(token, &put(key)), (202, "{\"orders\":[]}".to_owned()), "{key}");
    }
    let (status, body) = post(token, &put("in/a+b.bag"));
    assert!(status == 202 && body.contains("s3://fleet/in/a b.bag"), "{status} {body}");
    let event = r#"{"s3":{"bucket":{"name":"fleet"},"object":{"key":"in/a%20b.bag"}},"eventName":"ObjectCreated:Put"}"#;
    let headers = format!("{token}ce-type: com.amazonaws.s3\r\nce-subject: a\r\n");
    assert_eq!(post(&headers, event), (202, "{\"orders\":[]}".to_owned()), "ordered twice");
    let started = Instant::now();
    while seen.json("/api/orders", 200)["orders"][0]["is_done"] != true {
        assert!(started.elapsed() < PATIENCE, "it is not worked on");
        sleep(Duration::from_millis(100));
    }
}
