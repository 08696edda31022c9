//! Asks a catalog the same questions several times in one process and says
//! what each answer took, as a server that keeps its catalog open would.
//!
//! ```sh
//! cargo run --release -p roadloop-catalog --example ask -- DIR --rounds 5 < questions.jsonl
//! ```
//!
//! A question is a line like `{"name": "cars", "ask": "page", "text": "has(car)"}`;
//! `ask` is one of `page` (the first 50 frames, and how many there are), `count`,
//! `export` (all frames as Parquet, to `to`) and `sql`. Each gets a line of JSON:
//! the answer, and the wall and CPU time of every round, in milliseconds.
//! `bench/catalog` puts the questions and compares the answers.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deltalake::logstore::object_store::local::LocalFileSystem;
use roadloop_catalog::{Catalog, CatalogOptions, Filter, Format, SearchOptions, SqlLimits};
use serde_json::{Value, json};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let folder = words.next().ok_or("ask DIR [--rounds N] [--threads N] [--memory-mb N]")?;
    let mut numbers = HashMap::from([("rounds", 5), ("threads", 2), ("memory-mb", 512)]);
    while let (Some(flag), Some(value)) = (words.next(), words.next()) {
        let name = flag.strip_prefix("--").unwrap_or(&flag);
        *numbers.get_mut(name).ok_or_else(|| format!("there is no {flag}"))? = value.parse()?;
    }
    let threads = numbers["threads"];
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(threads)
        .thread_stack_size(8 << 20)
        .build()?;
    let options = CatalogOptions {
        memory_limit_bytes: numbers["memory-mb"] << 20,
        spill_folder: None,
        threads: Some(threads),
    };
    runtime.block_on(runtime.spawn(ask_all(folder, options, numbers["rounds"])))?
}

async fn ask_all(folder: String, options: CatalogOptions, rounds: usize) -> Result<(), Failure> {
    let store = Arc::new(LocalFileSystem::new_with_prefix(&folder)?);
    let memory_limit_bytes = options.memory_limit_bytes;
    let catalog = Catalog::open(store, options).await?;
    for line in io::read_to_string(io::stdin())?.lines() {
        let question: Value = serde_json::from_str(line)?;
        let (mut wall, mut used) = (Vec::new(), Vec::new());
        let mut answer = Value::Null;
        for _ in 0..rounds {
            let (start, used_before) = (Instant::now(), cpu());
            answer = ask(&catalog, &question, memory_limit_bytes).await?;
            wall.push(millis(start.elapsed()));
            used.push(millis(cpu().saturating_sub(used_before)));
        }
        let name = &question["name"];
        println!("{}", json!({"name": name, "answer": answer, "wall_ms": wall, "cpu_ms": used}));
    }
    Ok(())
}

async fn ask(
    catalog: &Catalog,
    question: &Value,
    max_memory_bytes: usize,
) -> Result<Value, Failure> {
    let text = question["text"].as_str().ok_or("a question has no text")?;
    match question["ask"].as_str() {
        Some("count") => {
            let count = catalog.count(&Filter::parse(text)?, None).await?;
            Ok(json!([[count.total]]))
        }
        Some("page") => {
            let found = catalog.search(&Filter::parse(text)?, &SearchOptions::default()).await?;
            let rows = found.hits.iter().map(|hit| {
                let id = &hit.frame.id;
                json!([
                    id.recording.as_str(),
                    id.camera.as_str(),
                    id.sequence,
                    hit.detections.len()
                ])
            });
            Ok(json!([[found.total], rows.collect::<Vec<_>>()]))
        }
        Some("export") => {
            let options = SearchOptions { limit: None, recording: None };
            let found = catalog.search(&Filter::parse(text)?, &options).await?;
            let mut file = File::create(question["to"].as_str().ok_or("no file to export to")?)?;
            found.rows(Format::Parquet)?.write(Format::Parquet, &mut file)?;
            Ok(json!([[found.total]]))
        }
        Some("sql") => {
            let max_time = Duration::from_secs(600);
            let limits = SqlLimits { max_rows: 1_000_000, max_time, max_memory_bytes };
            let rows = catalog.sql(text, &limits).await?;
            let mut lines = Vec::new();
            rows.write(Format::JsonLines, &mut lines)?;
            let mut answer = Vec::new();
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let row: Value = serde_json::from_slice(line)?;
                answer.push(rows.columns().iter().map(|name| row[name].clone()).collect::<Value>());
            }
            Ok(Value::Array(answer))
        }
        other => Err(format!("nothing can be asked by {other:?}").into()),
    }
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// What all threads of this process have computed so far, those that ended too.
#[expect(unsafe_code, reason = "the standard library has no such clock")]
fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes into the place it is given, and nowhere else.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "the clock of a process");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
