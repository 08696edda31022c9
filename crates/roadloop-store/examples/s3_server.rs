//! An S3 server for trials, in memory, whose answers may fail or take their time:
//!
//! ```text
//! cargo run -p roadloop-store --features testing --example s3_server -- \
//!     --bucket lake --bucket ingest [--host 127.0.0.1] \
//!     [--breaks-one-in 20] [--delay-ms 5]
//! ```
//!
//! Says where it listens on stdout and answers until it is killed.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use roadloop_store::testing::{Habit, S3};

fn main() {
    let (mut buckets, mut habit, mut delay) = (Vec::new(), Habit::Good, 0);
    let mut host = "127.0.0.1".to_owned();
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value = args.next().unwrap_or_else(|| panic!("{flag} wants a value"));
        match flag.as_str() {
            "--bucket" => buckets.push(value),
            "--breaks-one-in" => habit = Habit::BreaksOneIn(value.parse().expect("a number")),
            "--host" => host = value,
            "--delay-ms" => delay = value.parse().expect("a number"),
            _ => panic!("there is no {flag}"),
        }
    }
    let listener = TcpListener::bind((host.as_str(), 0)).expect("a port of this machine");
    let buckets: Vec<&str> = buckets.iter().map(String::as_str).collect();
    let server = S3::listen(listener, &buckets, Duration::from_millis(delay));
    server.set(habit);
    println!("{}", server.address());
    loop {
        thread::park();
    }
}
