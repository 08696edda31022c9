//! Recordings that lie in an object store or on a web server, here a small one
//! of this test's own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::main_job::{small_bag, small_drive};
use crate::workspace::{Ran, Workspace, files_below};

/// Answers HEAD and GET, with ranges, and S3's way of listing a bucket.
struct Server {
    address: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    /// Whether it gives parts of what it has.
    has_ranges: bool,
    /// So many requests are answered.
    answers_left: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

impl Server {
    /// Objects by their paths, which for S3 begin with the bucket.
    fn start(objects: &[(&str, Vec<u8>)], has_ranges: bool, answers: usize) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let objects = objects.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.clone()));
        let state = Arc::new(State {
            objects: objects.collect(),
            has_ranges,
            answers_left: AtomicUsize::new(answers),
            requests: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || while state.answer(stream.as_ref().unwrap()).is_some() {});
            }
        });
        Server { address, state }
    }

    fn requests(&self) -> usize {
        self.state.requests.lock().unwrap().len()
    }
}

impl State {
    /// `None` where the connection is at its end.
    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let request = lines.next()?;
        let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let take = |left: usize| left.checked_sub(1);
        self.answers_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).ok()?;
        self.requests.lock().unwrap().push(request.clone());
        let mut words = request.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let range = headers.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let value = name.eq_ignore_ascii_case("range").then_some(value)?;
            let (from, to) = value.strip_prefix("bytes=")?.split_once('-')?;
            Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?))
        });
        let (status, extra, body) = match (self.objects.get(&path[1..]), range) {
            _ if query.contains("list-type=2") => ("200 OK", String::new(), self.list(path, query)),
            (None, _) => ("404 Not Found", String::new(), Vec::new()),
            (Some(object), Some((from, to))) if self.has_ranges => {
                let to = to.min(object.len() - 1);
                let extra = format!("Content-Range: bytes {from}-{to}/{}\r\n", object.len());
                ("206 Partial Content", extra, object[from..=to].to_vec())
            }
            (Some(object), _) => ("200 OK", String::new(), object.clone()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"1\"\r\n\
             Last-Modified: Mon, 04 May 2026 09:30:00 GMT\r\n{extra}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        if method == "GET" {
            stream.write_all(&body).ok()?;
        }
        Some(())
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
    fn list(&self, path: &str, query: &str) -> Vec<u8> {
        let bucket = format!("{}/", path.trim_matches('/'));
        let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
        let prefix = prefix.unwrap_or_default().replace("%2F", "/");
        let mut xml = String::from("<ListBucketResult>");
        for (path, object) in &self.objects {
            let Some(key) = path.strip_prefix(&bucket).filter(|key| key.starts_with(&prefix))
            else {
                continue;
            };
            xml += &format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><ETag>\"1\"</ETag>\
                 <LastModified>2026-05-04T09:30:00Z</LastModified></Contents>",
                object.len()
            );
        }
        (xml + "<IsTruncated>false</IsTruncated></ListBucketResult>").into_bytes()
    }
}

/// The binary, with a server in place of Amazon's.
fn command(workspace: &Workspace, server: &Server, args: &[&str]) -> Command {
    let mut command = workspace.command(args);
    command
        .env("AWS_ENDPOINT_URL", &server.address)
        .env("AWS_ACCESS_KEY_ID", "someone")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "eu-central-1");
    command
}

fn run(workspace: &Workspace, server: &Server, args: &[&str]) -> Ran {
    Ran::from(command(workspace, server, args).output().unwrap())
}

fn drive(workspace: &Workspace) -> Vec<u8> {
    fs::read(small_drive(workspace, 8)).unwrap()
}

#[test]
fn a_recording_in_a_bucket_is_as_one_here() {
    let workspace = Workspace::new();
    let drive = drive(&workspace);
    let objects = [("fleet/2026/drive.mcap", drive), ("fleet/2026/notes.txt", Vec::new())];
    let server = Server::start(&objects, true, usize::MAX);
    workspace.ok(&["extract", "drive.mcap", "--out", "here"]);
    let address = "s3://fleet/2026/drive.mcap";
    let ran = run(&workspace, &server, &["extract", address, "--out", "there"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (here, there) = (workspace.path("here"), workspace.path("there"));
    let mut files = files_below(&here);
    // It says where the recording lies.
    files.retain(|file| !file.ends_with(".extracted.jsonl"));
    assert_eq!(files.len(), 10);
    for file in files {
        let name = file.strip_prefix(&here).unwrap();
        assert_eq!(fs::read(&file).unwrap(), fs::read(there.join(name)).unwrap(), "{name:?}");
    }

    // What lies below a prefix is found, kept under the address, and not done twice.
    let stages = ["--stages", "extract,tables", "--json"];
    let ran = run(&workspace, &server, &[&["run", "s3://fleet/2026/"], &stages[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("drive-"), "{ran:?}");
    let before = server.requests();
    let ran = run(&workspace, &server, &[&["run", address], &stages[..]].concat());
    assert!(ran.code == 0 && ran.stdout.contains("\"already_done\":8"), "{ran:?}");
    assert!(server.requests() < before + 8, "{}", server.requests() - before);
    let frames = workspace.ok(&["sql", "select count(*) as n from frames", "--json"]);
    assert!(frames.contains("8"), "{frames}");
}

#[test]
fn web_servers_with_and_without_ranges() {
    let workspace = Workspace::new();
    let drive = drive(&workspace);
    for has_ranges in [true, false] {
        let objects = [("drives/drive.mcap", drive.clone())];
        let server = Server::start(&objects, has_ranges, usize::MAX);
        let address = format!("{}/drives/drive.mcap?signature=secret", server.address);
        let ran = run(&workspace, &server, &["bag", "info", &address]);
        assert!(ran.code == 0 && ran.stdout.contains("8 on 1 topic"), "{ran:?}");
        assert!(!ran.stdout.contains("secret"), "{ran:?}");
        let all_signed = server.state.requests.lock().unwrap();
        assert!(all_signed.iter().all(|line| line.contains("?signature=secret")), "{all_signed:?}");
    }
}

#[test]
fn a_prefix_is_the_recording_below_it_where_there_is_one() {
    let workspace = Workspace::new();
    let bag = fs::read(small_bag(&workspace, 3)).unwrap();
    let objects = [("fleet/a/drive.bag", bag), ("fleet/b/drive.mcap", drive(&workspace))];
    let server = Server::start(&objects, true, usize::MAX);
    let extract = |address| run(&workspace, &server, &["extract", address, "--out", "out"]);
    let ran = extract("s3://fleet/a/");
    assert!(ran.stdout.contains("3 images in out"), "{ran:?}");
    let ran = extract("s3://fleet/");
    assert_eq!(ran.code, 2, "{ran:?}");
    let expected = "holds 2 recordings; name one of them, such as s3://fleet/a/drive.bag";
    assert!(ran.stderr.contains(expected), "{ran:?}");
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let workspace = Workspace::new();
    let objects = [("fleet/drive.mcap", drive(&workspace))];
    let server = Server::start(&objects, true, usize::MAX);
    let ran = run(&workspace, &server, &["bag", "info", "s3://fleet/none.bag"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("no such file or folder\npath: s3://fleet/none.bag"), "{ran:?}");
    let ran = run(&workspace, &server, &["bag", "info", "ftp://host/none.bag"]);
    assert!(ran.stderr.contains("nothing is read from ftp: addresses"), "{ran:?}");
    let mut without = command(&workspace, &server, &["bag", "info", "s3://fleet/drive.mcap"]);
    let ran = Ran::from(without.env_remove("AWS_ACCESS_KEY_ID").output().unwrap());
    assert!(ran.stderr.contains("AWS_SKIP_SIGNATURE=true reads a public bucket"), "{ran:?}");

    // A server that goes away while a recording is read has not damaged it.
    let server = Server::start(&objects, true, 2);
    let ran = run(&workspace, &server, &["run", "s3://fleet/drive.mcap", "--stages", "extract"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("s3://fleet/drive.mcap"), "{ran:?}");
    assert!(!ran.stderr.contains("skipped"), "{ran:?}");
}
