//! Traces: what a collector gets of a recording's way through the stages.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::main_job::small_bag;
use crate::workspace::{Ran, Workspace};

const QUEUE: &str = "roadloop/queue.db";

/// Gives an order for stages that need no models.
fn order(workspace: &Workspace) -> String {
    let bag = small_bag(workspace, 6);
    let run = ["run", bag.to_str().unwrap(), "--queue", QUEUE];
    let how = ["--stages", "extract,tables,video", "--detach", "--json"];
    let given = workspace.ok(&[&run[..], &how].concat());
    serde_json::from_str::<Value>(&given).unwrap()["order"].as_str().unwrap().to_owned()
}

fn worker(workspace: &Workspace, endpoint: &str) -> Command {
    let mut command = workspace.command(&["worker", "--until-idle", "--name", "one"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("NO_PROXY", "127.0.0.1");
    command
}

/// A collector that takes everything: its address, and what was sent to it.
fn collector() -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, sent) = channel();
    spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            spawn(move || take_all(stream, &sender));
        }
    });
    (address, sent)
}

fn take_all(stream: TcpStream, sent: &Sender<(String, Value)>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head += &line;
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if sent.send((head, serde_json::from_slice(&body).unwrap())).is_err() {
            return;
        }
        let answer =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        (&stream).write_all(answer.as_bytes()).unwrap();
    }
}

#[test]
fn one_trace_follows_a_recording_through_all_stages() {
    let workspace = Workspace::new();
    let id = order(&workspace);
    let (address, sent) = collector();
    let mut command = worker(&workspace, &address);
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret%20one");
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");

    let mut spans: Vec<Value> = Vec::new();
    for (head, body) in sent.try_iter() {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: application/json"), "{head}");
        assert!(head.contains("x-key: secret one"), "{head}");
        let [of_one] = body["resourceSpans"].as_array().unwrap().as_slice() else {
            panic!("{body}")
        };
        assert!(of_one["resource"].to_string().contains("roadloop"), "{body}");
        spans.extend(of_one["scopeSpans"][0]["spans"].as_array().unwrap().iter().cloned());
    }
    let of = |name: &str| {
        let mut found = spans.iter().filter(|span| span["name"] == name);
        let span = found.next().unwrap_or_else(|| panic!("no {name} in {spans:?}"));
        assert!(found.next().is_none(), "two of {name}");
        span
    };
    let traces: BTreeSet<&str> = spans.iter().filter_map(|span| span["traceId"].as_str()).collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    assert_eq!(spans.len(), 4, "{spans:?}");
    let root = of("order");
    assert!(root["parentSpanId"].is_null(), "{root}");
    let time = |span: &Value, name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
    for stage in ["extract", "tables", "video"] {
        let span = of(stage);
        assert_eq!(span["parentSpanId"], root["spanId"]);
        assert!(time(span, "startTimeUnixNano") <= time(span, "endTimeUnixNano"), "{span}");
        assert!(time(span, "startTimeUnixNano") >= time(root, "startTimeUnixNano"), "{span}");
        let attribute = |key: &str| {
            let attributes = span["attributes"].as_array().unwrap();
            let found = attributes.iter().find(|found| found["key"] == key);
            found.unwrap_or_else(|| panic!("no {key} in {span}"))["value"].clone()
        };
        assert_eq!(attribute("roadloop.order")["stringValue"], id.as_str());
        assert_eq!(attribute("roadloop.stage")["stringValue"], stage);
        assert_eq!(attribute("roadloop.outcome")["stringValue"], "done");
        assert_eq!(attribute("roadloop.worker")["stringValue"], "one");
        assert_eq!(attribute("roadloop.attempts")["intValue"], "1");
        let recording = attribute("roadloop.recording");
        assert!(recording["stringValue"].as_str().unwrap().starts_with("drive-"), "{recording}");
    }
}

#[test]
fn a_collector_that_is_away_stops_no_work() {
    let workspace = Workspace::new();
    let id = order(&workspace);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let started = Instant::now();
    let ran = Ran::from(worker(&workspace, &format!("http://{gone}")).output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("traces are dropped"), "{ran:?}");
    assert!(started.elapsed() < Duration::from_secs(60));
    let state = workspace.ok(&["queue", "status", &id, "--json"]);
    assert!(state.contains("\"is_done\":true"), "{state}");
    let ran = Ran::from(worker(&workspace, "collector:4318").output().unwrap());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{ran:?}");
}
