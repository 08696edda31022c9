//! Makes the catalog of a fleet, for benchmarks: so many frames and detections
//! of so many drives, and the weather of their days, always the same for the same
//! seed.
//!
//! ```sh
//! cargo run --release -p roadloop-catalog --example fleet -- \
//!     --frames 1000000 --detections 10000000 --recordings 100 --seed 7 --out DIR
//! ```
//!
//! The tables are written as every run writes them, through the catalog's own
//! door, but many shards a commit: the files come out as large as compaction
//! makes them. A second call with the same numbers finds everything there.

mod dice;
mod drive;
mod labels;
mod track;
mod weather;

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use deltalake::logstore::object_store::local::LocalFileSystem;
use roadloop_base::Stage;
use roadloop_catalog::{Catalog, CatalogOptions, DetectionShard, FrameShard};
use tokio::task::JoinHandle;

use crate::drive::{Drive, Fleet, Shard};

/// Rows of `detections` after which a file is closed, the date's last excepted.
const FILE_ROWS: usize = 1_000_000;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let (fleet, out) = arguments()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build()?;
    runtime.block_on(runtime.spawn(write(fleet, out)))?
}

fn arguments() -> Result<(Fleet, PathBuf), Failure> {
    let usage = "fleet --frames N --detections N --recordings N [--seed N] --out DIR";
    let mut given = HashMap::new();
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| format!("{flag} wants a value\n{usage}"))?;
        given.insert(flag, value);
    }
    let mut take = |flag: &str| given.remove(flag);
    let out = take("--out").ok_or(usage)?;
    let mut number = |flag: &str, otherwise: Option<u64>| match (take(flag), otherwise) {
        (Some(text), _) => text.parse::<u64>().map_err(|error| format!("{flag} {text}: {error}")),
        (None, Some(otherwise)) => Ok(otherwise),
        (None, None) => Err(format!("{flag} is missing\n{usage}")),
    };
    let fleet = Fleet {
        frames: number("--frames", None)?,
        detections: number("--detections", None)?,
        recordings: number("--recordings", None)?.max(1),
        seed: number("--seed", Some(7))?,
    };
    match given.keys().next() {
        Some(flag) => Err(format!("there is no {flag}\n{usage}").into()),
        None => Ok((fleet, PathBuf::from(out))),
    }
}

async fn write(fleet: Fleet, out: PathBuf) -> Result<(), Failure> {
    std::fs::create_dir_all(&out)?;
    let store = Arc::new(LocalFileSystem::new_with_prefix(&out)?);
    let mut writer = Writer::new(Catalog::open(store, CatalogOptions::default()).await?);
    for recording in 0..fleet.recordings {
        if recording > 0 && Drive::day(recording) != Drive::day(recording - 1) {
            writer.close_date().await?;
        }
        for shard in Drive::new(&fleet, recording)?.shards()? {
            writer.push(shard).await?;
        }
    }
    writer.close_date().await?;
    writer.wait().await?;
    let Writer { catalog, frames_written, rows_written, started, .. } = writer;
    weather::attach(&catalog, &fleet).await?;
    println!(
        "{frames_written} frames, {} detections in {:.0} s: {}",
        rows_written - frames_written,
        started.elapsed().as_secs_f64(),
        out.display()
    );
    Ok(())
}

/// Gathers shards into large commits. One commit is written while the shards
/// of the next are made: memory holds two of them.
struct Writer {
    catalog: Catalog,
    frames: Vec<FrameShard>,
    detections: Vec<DetectionShard>,
    /// Of the detections gathered, each frame's own mark included.
    rows: usize,
    under_way: Option<JoinHandle<Result<(), Failure>>>,
    frames_written: u64,
    rows_written: u64,
    started: Instant,
}

impl Writer {
    fn new(catalog: Catalog) -> Writer {
        Writer {
            catalog,
            frames: Vec::new(),
            detections: Vec::new(),
            rows: 0,
            under_way: None,
            frames_written: 0,
            rows_written: 0,
            started: Instant::now(),
        }
    }

    async fn push(&mut self, shard: Shard) -> Result<(), Failure> {
        let Shard { frames, detections } = shard;
        self.frames_written += frames.rows.len() as u64;
        self.frames.push(frames);
        self.rows +=
            detections.looked.iter().map(|looked| 1 + looked.detections.len()).sum::<usize>();
        self.detections.push(detections);
        if self.rows >= FILE_ROWS {
            self.commit_detections().await?;
        }
        Ok(())
    }

    async fn close_date(&mut self) -> Result<(), Failure> {
        self.commit_detections().await?;
        self.wait().await?;
        let (catalog, shards) = (self.catalog.clone(), std::mem::take(&mut self.frames));
        self.under_way = Some(tokio::spawn(async move {
            catalog.put_frames(&shards).await?;
            Ok(())
        }));
        Ok(())
    }

    async fn commit_detections(&mut self) -> Result<(), Failure> {
        self.wait().await?;
        let (catalog, shards) = (self.catalog.clone(), std::mem::take(&mut self.detections));
        self.rows_written += std::mem::take(&mut self.rows) as u64;
        self.under_way = Some(tokio::spawn(async move {
            catalog.put_detections(Stage::Detect, &shards).await?;
            Ok(())
        }));
        Ok(())
    }

    async fn wait(&mut self) -> Result<(), Failure> {
        match self.under_way.take() {
            Some(commit) => commit.await?,
            None => Ok(()),
        }
    }
}
