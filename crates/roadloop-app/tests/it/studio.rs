//! The studio as a browser meets it: pages, the API, and who is kept out.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::main_job::small_bag;
use crate::workspace::Workspace;

const PATIENCE: Duration = Duration::from_secs(60);

/// A studio that answers, ended with the test.
pub(crate) struct Open {
    child: Child,
    pub(crate) address: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Of the first header with that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

impl Open {
    pub(crate) fn start(workspace: &Workspace, more: &[&str]) -> Open {
        Open::start_at(workspace, "127.0.0.1:0", more)
    }

    pub(crate) fn start_at(workspace: &Workspace, address: &str, more: &[&str]) -> Open {
        let args = [&["studio", "--listen", address, "--log-format", "json"], more].concat();
        let mut command: Command = workspace.command(&args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line: Value = serde_json::from_str(&said.next().unwrap().unwrap()).unwrap();
            if line["event"] == "listening" {
                break line["address"].as_str().unwrap().to_owned();
            }
        };
        // Whoever writes into a pipe that nobody reads stands still at some time.
        std::thread::spawn(move || said.for_each(drop));
        Open { child, address }
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_ask(method, path, headers, body).unwrap()
    }

    /// For who asks a studio that may be killed meanwhile.
    pub(crate) fn try_ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        try_ask(&self.address, method, path, headers, body)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    #[track_caller]
    pub(crate) fn found(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// The word that changes ask for.
    pub(crate) fn word(&self) -> String {
        self.found("/api/v1/me")["csrf"].as_str().unwrap().to_owned()
    }

    /// A change as our own page makes it.
    pub(crate) fn change(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let word = self.word();
        let ours = [("x-roadloop-csrf", word.as_str()), ("Content-Type", "application/json")];
        self.ask(method, path, &[&ours, headers].concat(), body.to_string().as_bytes())
    }
}

pub(crate) fn try_ask(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut asked = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        asked += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        asked += &format!("{name}: {value}\r\n");
    }
    asked += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(asked.as_bytes())?;
    // Who is refused early may be hung up on in the middle.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = answer[end + 4..].to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Ok(Answer { status, head, body })
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let bytes = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if bytes == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + bytes]);
        rest = &rest[end + 2 + bytes + 2..];
    }
}

/// A workspace with frames of one recording, and its name.
pub(crate) fn with_frames() -> (Workspace, String) {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, 6);
    workspace.ok(&["run", &bag.display().to_string(), "--stages", "extract,tables,video"]);
    let rows = workspace.ok(&["sql", "select distinct recording from frames", "--json"]);
    let row: Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
    (workspace, row["recording"].as_str().unwrap().to_owned())
}

#[test]
fn the_catalog_is_asked_page_by_page() {
    let (workspace, recording) = with_frames();
    let studio = Open::start(&workspace, &[]);
    let overview = studio.found("/api/v1/overview");
    assert_eq!(overview["recordings"], 1);
    let all = studio.found("/api/v1/frames?limit=200");
    let total = all["total"].as_u64().unwrap();
    assert!(total > 2, "{all}");
    assert_eq!(overview["frames"], total);
    let frames = all["frames"].as_array().unwrap();
    assert_eq!(frames.len() as u64, total);
    // Pages are parts of the same.
    let second = studio.found("/api/v1/frames?offset=1&limit=1");
    assert_eq!(second["frames"][0], frames[1]);
    let time = frames[1]["taken_at"].as_str().unwrap();
    let at = studio.found(&format!("/api/v1/frames?at={time}&limit=1"));
    assert_eq!(at["frames"][0]["taken_at"], time);
    let camera = frames[0]["camera"].as_str().unwrap();
    let one = studio.found(&format!("/api/v1/frames/{recording}/{camera}/1?filter="));
    assert_eq!(one["sequence"], 1);
    assert_eq!(one["before"].as_array().unwrap().len(), 1);
    assert_eq!(one["in_view"]["total"], total);
    let lineage = studio.found(&format!("/api/v1/frames/{recording}/{camera}/1/lineage"));
    assert_eq!(lineage[0]["step"], "recording");
    assert_eq!(lineage[2]["missing"], true, "{lineage}");
    let detail = studio.found(&format!("/api/v1/recordings/{recording}"));
    assert_eq!(detail["topics"].as_array().unwrap().len(), 1, "{detail}");
    let timeline = studio.found("/api/v1/timeline?steps=5");
    let counted: u64 = timeline["all"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!(counted, total);
    let counts = studio.found("/api/v1/counts?by=camera");
    let counted: u64 = counts["groups"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|group| group["count"].as_u64())
        .sum();
    assert_eq!(counted, total);
    assert!(studio.found("/api/v1/track")["placed"].as_u64().is_some());
    let words = studio.found("/api/v1/vocabulary");
    assert_eq!(words["recordings"][0]["name"], recording.as_str());
    let checked = studio.found("/api/v1/filter?text=has(car%20%26");
    assert_eq!(checked["error"]["from"], 8, "{checked}");
    // What is wrong is said, and is no fault of ours.
    for (path, status) in [
        ("/api/v1/frames?filter=has(", 400),
        ("/api/v1/frames?limit=201", 400),
        ("/api/v1/frames?limit=-1", 400),
        ("/api/v1/frames?nonsense=1", 400),
        ("/api/v1/frames?at=yesterday", 400),
        ("/api/v1/frames?offset=18446744073709551615&limit=200", 200),
        ("/api/v1/counts?by=nothing", 400),
        ("/api/v1/timeline?steps=0", 400),
        ("/api/v1/recordings/nobody", 404),
        ("/api/v1/frames/nobody/front/0", 404),
        ("/api/v1/frames/a/b/99999999999", 400),
        ("/api/v1/export?form=word", 400),
        ("/api/v1/nothing", 404),
    ] {
        let answer = studio.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        if status != 200 {
            let kind = answer.header("content-type").unwrap();
            assert_eq!(kind, "application/problem+json", "{path}");
            assert!(!answer.json()["detail"].as_str().unwrap().is_empty(), "{path}");
        }
    }
}

#[test]
fn boxes_tags_and_selections_are_kept() {
    let (workspace, recording) = with_frames();
    let studio = Open::start(&workspace, &[]);
    let all = studio.found("/api/v1/frames?limit=3");
    let (frame, state) = (&all["frames"][0], all["state"].clone());
    let camera = frame["camera"].as_str().unwrap();
    let path = format!("/api/v1/frames/{recording}/{camera}/{}/annotation", frame["sequence"]);
    let script = "<img src=x onerror=alert(1)>";
    let drawn = json!({"label": script, "left": 1, "top": 2, "width": 3, "height": 4,
        "tags": ["occluded"]});
    let boxes = json!({"boxes": [drawn]});
    assert_eq!(studio.change("PUT", &path, &[], &boxes).status, 428);
    let new = [("If-None-Match", "*")];
    let saved = studio.change("PUT", &path, &new, &boxes);
    assert_eq!(saved.status, 200, "{}", saved.text());
    let tag = saved.header("etag").unwrap().to_owned();
    assert_eq!(saved.json()["boxes"][0]["label"], script);
    let again = studio.found("/api/v1/frames?limit=1");
    assert_eq!(again["frames"][0]["annotation"]["boxes"][0]["tags"][0], "occluded");
    assert_ne!(again["state"], state, "pages know that something changed");
    // Somebody who saw nothing yet comes too late.
    let other = json!({"boxes": []});
    let late = studio.change("PUT", &path, &new, &other);
    assert_eq!(late.status, 409, "{}", late.text());
    let changed = studio.change("PUT", &path, &[("If-Match", &tag)], &other);
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(studio.change("DELETE", &path, &[("If-Match", &tag)], &json!({})).status, 409);
    let tag = changed.header("etag").unwrap().to_owned();
    assert_eq!(studio.change("DELETE", &path, &[("If-Match", &tag)], &json!({})).status, 204);
    for wrong in [
        json!({"boxes": [{"label": "car", "left": 0, "top": 0, "width": 99999, "height": 1}]}),
        json!({"boxes": [{"label": "", "left": 0, "top": 0, "width": 1, "height": 1}]}),
        json!({"boxes": [{"label": "car", "left": 0.5, "top": 0, "width": 1, "height": 1}]}),
        json!({"boxes": [{"label": "car", "left": 0, "top": 0, "width": 0, "height": 1}]}),
        json!({"boxes": "all"}),
    ] {
        let answer = studio.change("PUT", &path, &new, &wrong);
        assert!([400, 422].contains(&answer.status), "{wrong}: {}", answer.text());
    }

    let name = json!({"recording": recording, "camera": camera, "sequence": frame["sequence"]});
    let tag = json!({"tag": "night", "action": "add", "frames": [name]});
    let done = studio.change("POST", "/api/v1/tags", &[], &tag);
    assert_eq!(done.json(), json!({"matched": 1, "changed": 1}));
    let tagged = studio.found("/api/v1/frames?filter=tag%20%3D%20night");
    assert_eq!(
        (tagged["total"].as_u64(), &tagged["frames"][0]["tags"][0]),
        (Some(1), &json!("night"))
    );
    let wrong = json!({"tag": script, "action": "add", "filter": ""});
    assert_eq!(studio.change("POST", "/api/v1/tags", &[], &wrong).status, 400);

    let selection = json!({"name": "nights", "filter": "tag = night"});
    let saved = studio.change("POST", "/api/v1/selections", &[], &selection);
    assert_eq!(saved.json()["selection"]["frames"], 1, "{}", saved.text());
    let chosen = studio.found("/api/v1/frames?filter=selection%20%3D%20nights");
    assert_eq!(chosen["total"], 1);
    let none = json!({"name": "none", "filter": "width = 1"});
    assert_eq!(studio.change("POST", "/api/v1/selections", &[], &none).status, 400);

    let csv = studio.get("/api/v1/export?form=csv");
    assert!(csv.header("content-disposition").unwrap().contains("hits.csv"));
    assert_eq!(csv.text().lines().count() as u64, all["total"].as_u64().unwrap() + 1);
    for form in ["jsonl", "parquet", "coco", "coco-images", "detect-labels", "dynamodb"] {
        let answer = studio.get(&format!("/api/v1/export?form={form}"));
        assert_eq!(answer.status, 200, "{form}: {}", answer.text());
    }
}

#[test]
fn images_are_given_once_and_nothing_else_is() {
    let (workspace, recording) = with_frames();
    let studio = Open::start(&workspace, &[]);
    let frame = &studio.found("/api/v1/frames?limit=1")["frames"][0];
    let (camera, file) = (frame["camera"].as_str().unwrap(), frame["image"].as_str().unwrap());
    let path = format!("/api/v1/images/{recording}/{camera}/{file}");
    // It has no anonymised copy, and that is not the raw one.
    assert_eq!(studio.get(&path).status, 404);
    let raw = studio.get(&format!("{path}?which=raw"));
    assert_eq!(raw.status, 200);
    let small = format!("{path}?which=raw&side=160");
    let thumbnail = studio.get(&small);
    assert_eq!((thumbnail.status, &thumbnail.body[..2]), (200, &b"\xff\xd8"[..]));
    let tag = thumbnail.header("etag").unwrap();
    let same = studio.ask("GET", &small, &[("If-None-Match", tag)], b"");
    assert_eq!((same.status, same.body.len()), (304, 0));
    assert!(workspace.path("roadloop/thumbnails").is_dir());
    for key in [
        format!("/api/v1/images/{recording}/{camera}/..%2F..%2F..%2Frecordings%2F{recording}.json"),
        "/api/v1/images/..%2F..%2F..%2F/etc/passwd".to_owned(),
        format!("/api/v1/images/{recording}/..%2Ftables/{file}"),
        format!("/api/v1/images/{recording}/{camera}/{camera}-..%2F..%2Fx.jpg"),
        format!("/api/v1/images/{recording}/{camera}/{camera}-%00.jpg"),
        format!("/api/v1/images/%2Fetc/{camera}/{file}"),
    ] {
        let answer = studio.ask("GET", &format!("{key}?which=raw"), &[], b"");
        assert!([400, 404].contains(&answer.status), "{key}: {}", answer.status);
    }
    let films = studio.found(&format!("/api/v1/recordings/{recording}"))["films"].clone();
    let film = format!("/api/v1/recordings/{recording}/films/{}", films[0].as_str().unwrap());
    let part = studio.ask("GET", &film, &[("Range", "bytes=4-7")], b"");
    assert_eq!((part.status, part.text().as_str()), (206, "ftyp"));
    assert!(studio.get(&film).body.len() > 100);
    assert_eq!(studio.ask("GET", &film, &[("Range", "bytes=999999999-")], b"").status, 416);
}

#[test]
fn who_does_not_sit_at_this_machine_is_kept_out() {
    let workspace = Workspace::new();
    let studio = Open::start(&workspace, &[]);
    let page = studio.get("/catalog?q=has(car)");
    assert!(page.text().contains("<div id=\"root\">"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && policy.contains("default-src 'none'"));
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    // A name of somebody else's that leads here.
    let rebound = studio.ask("GET", "/api/v1/me", &[("Host", "evil.example")], b"");
    assert_eq!(rebound.status, 403);
    // A page of another site sends what it likes, but does not know the word.
    let tag = br#"{"tag": "x", "action": "add", "filter": ""}"#;
    let json = ("Content-Type", "application/json");
    let evil = ("Origin", "http://evil.example");
    assert_eq!(studio.ask("POST", "/api/v1/tags", &[json, evil], tag).status, 403);
    let guessed = ("x-roadloop-csrf", "0000");
    assert_eq!(studio.ask("POST", "/api/v1/tags", &[json, guessed], tag).status, 403);
    let word = studio.word();
    let word = ("x-roadloop-csrf", word.as_str());
    let plain = ("Content-Type", "text/plain");
    assert_eq!(studio.ask("POST", "/api/v1/tags", &[plain, word], tag).status, 415);
    assert_eq!(studio.ask("POST", "/api/v1/tags", &[json, word], tag).status, 200);
    let large = vec![b' '; 1 << 20];
    assert_eq!(studio.ask("POST", "/api/v1/tags", &[json, word], &large).status, 413);
    assert_eq!(studio.ask("DELETE", "/api/v1/frames", &[word], b"").status, 405);
    // There are no users whom one could be.
    assert_eq!(
        studio
            .ask("POST", "/api/v1/session", &[json, word], b"{\"name\":\"a\",\"password\":\"b\"}")
            .status,
        404
    );
    assert_eq!(studio.get("/healthz").text(), "ok");
    let run = workspace.run(&["studio", "--listen", "0.0.0.0:0"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--tls-cert"), "{}", run.stderr);
}

#[test]
fn the_description_is_the_committed_one() {
    let workspace = Workspace::new();
    let printed = workspace.ok(&["openapi"]);
    let committed = include_str!("../../../../studio/openapi.json");
    assert_eq!(printed.trim(), committed.trim(), "run: roadloop openapi > studio/openapi.json");
    let description: Value = serde_json::from_str(&printed).unwrap();
    let mut ids = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for method in methods.as_object().unwrap().values() {
            ids.push(method["operationId"].as_str().unwrap().to_owned());
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "each has a name of its own");
}
