//! Measures writing to the catalog: detections a second, shards replaced, and
//! processes that write at once. In a folder or in a bucket.
//!
//! ```sh
//! cargo run --release -p roadloop-app -p roadloop-engine --example writers -- DIR
//! cargo run --release -p roadloop-app -p roadloop-engine --example writers -- s3://BUCKET/PREFIX
//! cargo run --release -p roadloop-app -p roadloop-engine --example writers -- here --delay-ms 20
//! ```
//!
//! `here` is an S3 server of its own, in this process: what a bucket costs
//! without Amazon's network, of which `--delay-ms` gives each request a share.
//! The place must be new: what is there already would not be written again.
//!
//! Each measurement is a process of its own, as a run is; several where several
//! write. `--child` is how they are started.

mod counting;
mod made_up;

use std::error::Error;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use roadloop_base::{RecordingId, Stage};
use roadloop_catalog::{Catalog, CatalogOptions};
use roadloop_store::testing::S3;
use serde_json::{Value, json};

use crate::counting::Counting;
use crate::made_up::{FRAMES_OF_SHARD, Made, made};

/// As many shards a commit as extraction gathers.
const SHARDS_OF_COMMIT: u32 = 16;

const DETECTIONS_OF_FRAME: u32 = 10;
const WRITERS: u32 = 4;
const SHARDS_OF_WRITER: u32 = 50;
const COMMITS: u32 = 1000;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--child", uri, work, number] => {
            let (uri, work, number) = (uri.to_owned(), work.to_owned(), number.parse()?);
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .thread_stack_size(8 << 20)
                .build()?;
            let told = runtime.block_on(runtime.spawn(child(uri, work, number)))??;
            println!("{told}");
            Ok(())
        }
        [uri] if uri != "here" => measure(uri, None),
        ["here"] => measure("s3://fleet/lake", Some(served(0)?)),
        ["here", "--delay-ms", delay] => measure("s3://fleet/lake", Some(served(delay.parse()?)?)),
        _ => Err("writers DIR | s3://BUCKET/PREFIX | here [--delay-ms N]".into()),
    }
}

fn served(delay_ms: u64) -> Result<S3, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(S3::listen(listener, &["fleet"], Duration::from_millis(delay_ms)))
}

fn measure(uri: &str, server: Option<S3>) -> Result<(), Failure> {
    let start = |place: &str, work: &str, number: u32| -> Result<Child, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--child", &format!("{uri}/{place}"), work, &number.to_string()]);
        if let Some(server) = &server {
            command.envs(server.environment());
        }
        Ok(command.stdout(Stdio::piped()).spawn()?)
    };
    let alone = |place: &str, work: &str| told(start(place, work, 0)?);

    let written = alone("much", "write")?;
    println!("detections written, {SHARDS_OF_COMMIT} shards a commit: {written}");
    let replaced = alone("much", "replace")?;
    println!("10,000 frames replaced by another revision: {replaced}");
    let again = alone("much", "again")?;
    println!("the same once more, nothing to do: {again}");

    // Made before anybody writes: making it is not what is measured.
    alone("many", "open")?;
    let started = Instant::now();
    let writers: Result<Vec<Child>, Failure> =
        (0..WRITERS).map(|number| start("many", "compete", number)).collect();
    let writers: Result<Vec<Value>, Failure> = writers?.into_iter().map(told).collect();
    let (writers, seconds) = (writers?, started.elapsed().as_secs_f64());
    let sum = |name: &str| writers.iter().filter_map(|told| told[name].as_u64()).sum::<u64>();
    let shards = WRITERS * SHARDS_OF_WRITER;
    println!(
        "{WRITERS} processes, {SHARDS_OF_WRITER} shards each, one a commit: {:.1} commits/s, \
         {} commits tried, {} outrun, {seconds:.1} s with their start",
        f64::from(shards) / seconds,
        sum("tried"),
        sum("outrun"),
    );
    let found = alone("many", "count")?;
    if found["shards"] != shards || found["frames"] != shards * FRAMES_OF_SHARD {
        return Err(format!("{shards} shards were written, and there are {found}").into());
    }

    println!("{COMMITS} commits, one after the other: {}", alone("long", "commit")?);
    println!("and the table opened after them: {}", alone("long", "open")?);
    Ok(())
}

/// What a child said on its one line.
fn told(child: Child) -> Result<Value, Failure> {
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("a measurement failed".into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

async fn child(uri: String, work: String, number: u32) -> Result<Value, Failure> {
    let started = Instant::now();
    let store = roadloop_store::open(&uri)?;
    store.ready().await?;
    let counting = Arc::new(Counting::of(store.object_store()));
    let counted = Arc::clone(&counting);
    // As the engine opens it.
    let threads = store.is_far().then_some(16);
    let options = CatalogOptions { threads, ..CatalogOptions::default() };
    let catalog = Catalog::open(counting, options).await?;
    let opened = started.elapsed();
    let started = Instant::now();
    let per_second = |count: u32| (f64::from(count) / started.elapsed().as_secs_f64()).round();
    Ok(match work.as_str() {
        "write" => {
            let frames = 20_000;
            let shards = frames / FRAMES_OF_SHARD;
            for first in (0..shards).step_by(SHARDS_OF_COMMIT as usize) {
                let last = shards.min(first + SHARDS_OF_COMMIT);
                let Made { detections, .. } = made("drive", first..last, 1, DETECTIONS_OF_FRAME)?;
                catalog.put_detections(Stage::Detect, &detections).await?;
            }
            json!({
                "detections_per_second": per_second(frames * DETECTIONS_OF_FRAME),
                "frames": frames,
                "commits_per_second": per_second(shards.div_ceil(SHARDS_OF_COMMIT)),
            })
        }
        "replace" | "again" => {
            let shards = 0..10_000 / FRAMES_OF_SHARD;
            let Made { detections, .. } = made("drive", shards, 2, DETECTIONS_OF_FRAME)?;
            let started = Instant::now();
            let done = catalog.put_detections(Stage::Detect, &detections).await?;
            json!({"seconds": seconds(started.elapsed()), "shards_written": done.written})
        }
        "compete" => {
            for shard in 0..SHARDS_OF_WRITER {
                let drive = format!("drive-{number}");
                let Made { frames, .. } = made(&drive, shard..shard + 1, 1, 0)?;
                catalog.put_frames(&frames).await?;
            }
            json!({"tried": counted.tried(), "outrun": counted.outrun()})
        }
        "commit" => {
            let mut hundredth = Instant::now();
            let mut last_hundred = Duration::ZERO;
            for shard in 0..COMMITS {
                let Made { frames, .. } = made("drive", shard..shard + 1, 1, 0)?;
                catalog.put_frames(&frames).await?;
                if shard % 100 == 99 {
                    last_hundred = hundredth.elapsed();
                    hundredth = Instant::now();
                }
            }
            json!({
                "ms_per_commit": seconds(started.elapsed() * 1000 / COMMITS),
                "of_the_last_hundred": seconds(last_hundred * 10),
            })
        }
        // Its first question reads what the log says of the files.
        "open" => {
            let frames: u64 = catalog.recordings().await?.iter().map(|one| one.frames).sum();
            json!({
                "open_seconds": seconds(opened),
                "first_question_seconds": seconds(started.elapsed()),
                "frames": frames,
            })
        }
        "count" => {
            let frames: u64 = catalog.recordings().await?.iter().map(|one| one.frames).sum();
            let mut shards = 0;
            for number in 0..WRITERS {
                let drive = RecordingId::new(format!("drive-{number}"))?;
                shards += catalog.delivered(Stage::Extract, &drive).await?.len();
            }
            json!({"shards": shards, "frames": frames})
        }
        _ => return Err(format!("nothing is called {work}").into()),
    })
}

fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1e4).round() / 1e4
}
