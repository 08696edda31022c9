//! An object store of a test's own, on this machine: what of Amazon's S3 a
//! client here asks for, kept in memory.
//!
//! Puts on condition are decided under one lock, so that of two at once one
//! wins; parts that are too small are refused. Signatures are not looked at.

mod http;
mod s3;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path as Key;

use crate::Store;

/// A server, which answers as long as the process lives. Clones are the same one.
#[derive(Clone, Debug)]
pub struct S3 {
    address: String,
    state: Arc<State>,
}

/// How a server behaves that is not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    #[default]
    Good,
    /// Whatever is asked, by whomever.
    Refuses,
    /// Puts over what is there whatever the request says.
    IgnoresConditions,
    /// Gives nothing but whole objects.
    GivesNoParts,
    /// One request in so many is refused: it is asked too much, or something broke.
    BreaksOneIn(u32),
}

#[derive(Debug)]
struct State {
    kept: Mutex<Kept>,
    requests: Mutex<Vec<String>>,
    habit: Mutex<Habit>,
    /// So many requests are answered yet.
    answers_left: AtomicUsize,
    /// Before each answer, as a network and a store far away have it.
    delay: Duration,
}

#[derive(Debug, Default)]
struct Kept {
    buckets: BTreeSet<String>,
    /// By bucket and key, with a `/` between them.
    objects: BTreeMap<String, Object>,
    /// Begun, not completed: where to, and the parts by their numbers.
    uploads: BTreeMap<String, (String, BTreeMap<u32, Bytes>)>,
    /// Of versions and uploads.
    last_number: u64,
}

#[derive(Clone, Debug)]
struct Object {
    bytes: Bytes,
    tag: String,
    put_at: SystemTime,
}

impl S3 {
    /// A server with these buckets, empty.
    pub fn start(buckets: &[&str]) -> S3 {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        S3::listen(free, buckets, Duration::ZERO)
    }

    /// The same at a given place, with answers that take their time.
    pub fn listen(listener: TcpListener, buckets: &[&str], delay: Duration) -> S3 {
        let address = listener.local_addr().expect("it is bound");
        let buckets = buckets.iter().map(|bucket| (*bucket).to_owned()).collect();
        let state = Arc::new(State {
            kept: Mutex::new(Kept { buckets, ..Kept::default() }),
            requests: Mutex::default(),
            habit: Mutex::default(),
            answers_left: AtomicUsize::new(usize::MAX),
            delay,
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || state.serve(&stream));
            }
        });
        S3 { address: format!("http://{address}"), state }
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What a process needs in its environment to work with this server.
    pub fn environment(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", &self.address),
            ("AWS_ACCESS_KEY_ID", "someone"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
        ]
    }

    /// Puts an object; the path begins with the bucket.
    pub fn put(&self, path: &str, bytes: Vec<u8>) {
        self.state.kept().put(path, Bytes::from(bytes));
    }

    /// Removes an object.
    pub fn remove(&self, path: &str) {
        self.state.kept().objects.remove(path);
    }

    /// The paths of all objects.
    pub fn paths(&self) -> Vec<String> {
        self.state.kept().objects.keys().cloned().collect()
    }

    /// The bytes of an object.
    pub fn get(&self, path: &str) -> Option<Bytes> {
        self.state.kept().objects.get(path).map(|object| object.bytes.clone())
    }

    pub fn set(&self, habit: Habit) {
        *lock(&self.state.habit) = habit;
    }

    /// Answers so many requests, and then no more.
    pub fn stop_after(&self, answers: usize) {
        self.state.answers_left.store(answers, Ordering::SeqCst);
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        lock(&self.state.requests).len()
    }

    /// Their first lines.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.state.requests).clone()
    }

    /// A store below a prefix of a bucket here.
    pub fn store(&self, bucket: &str, prefix: &str) -> Store {
        let client = AmazonS3Builder::new()
            .with_endpoint(&self.address)
            .with_allow_http(true)
            .with_access_key_id("someone")
            .with_secret_access_key("secret")
            .with_bucket_name(bucket)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
            .expect("nothing is missing");
        Store::below(Arc::new(client), Key::from(prefix), &format!("s3://{bucket}/{prefix}"))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    /// The answer of a server that is overloaded or broken just now. Which requests
    /// that are follows from their number, in no order a client could fall in with.
    fn breaks(&self, habit: Habit) -> Option<http::Answer> {
        let Habit::BreaksOneIn(many) = habit else { return None };
        let number = lock(&self.requests).len() as u64;
        let dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        dice.is_multiple_of(u64::from(many.max(1))).then(|| match dice & (1 << 20) {
            0 => s3::error("503 Service Unavailable", "SlowDown"),
            _ => s3::error("500 Internal Server Error", "InternalError"),
        })
    }

    /// Answers what comes over a connection until its end.
    fn serve(&self, mut stream: &TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        while let Some(request) = http::Request::read(&mut reader) {
            let take = |left: usize| left.checked_sub(1);
            if self.answers_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
                return;
            }
            lock(&self.requests).push(request.line.clone());
            thread::sleep(self.delay);
            let habit = *lock(&self.habit);
            let answer = match self.breaks(habit) {
                Some(broken) => broken,
                None => s3::answer(&mut self.kept(), &request, habit),
            };
            if answer.write(&mut stream, &request.method).is_none() {
                return;
            }
        }
    }
}
