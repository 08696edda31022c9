//! Runs that were begun: what each was told, how it stands, what it measured.
//!
//! ```text
//! runs/<name>/run.json          what it follows from; kept before the first step, never changed
//! runs/<name>/status.json       how it stands
//! runs/<name>/metrics.jsonl     what was measured, a row a line
//! runs/<name>/log.txt           the lines it printed
//! runs/<name>/last.ckpt         everything the next step needs
//! runs/<name>/best.safetensors  weights of the epoch with the best val mAP
//! runs/<name>/events/…          the same numbers, as TensorBoard reads them
//! ```

use std::io;

use bytes::Bytes;
use roadloop_base::{Skip, is_plain_name, nearest};
use roadloop_store::{Store, StoreError};
use roadloop_train::{MetricRow, RunCard, RunFiles, RunStatus};
use tokio::runtime::Handle;

use crate::{Ctx, EngineError};

const FOLDER: &str = "runs";
/// No card, status or file of metrics is as large.
const MAX_BYTES: u64 = 256 << 20;
/// Others may begin one of the same name at the same time.
const MAX_OUTRUN: u32 = 20;

/// A run, and how it stands; a run that was killed before it said anything has no status.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub card: RunCard,
    pub status: Option<RunStatus>,
}

/// All runs, the newest first, and those that cannot be read.
pub async fn list(ctx: &Ctx) -> Result<(Vec<Run>, Vec<Skip>), EngineError> {
    let (mut runs, mut skipped) = (Vec::new(), Vec::new());
    for name in names(ctx).await? {
        match open(ctx, &name).await {
            Ok(run) => runs.push(run),
            Err(EngineError::Store(error)) if error.is_of_the_store() => return Err(error.into()),
            Err(error) => skipped.push(Skip::new(format!("run {name}"), error.to_string())),
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.card.made_at_ms));
    Ok((runs, skipped))
}

/// One of them, by its name.
pub async fn open(ctx: &Ctx, name: &str) -> Result<Run, EngineError> {
    if !is_plain_name(name) {
        return Err(no_such(ctx, name).await?);
    }
    let key = key(name, "run.json");
    let Some(bytes) = small(&ctx.store, &key).await? else {
        return Err(no_such(ctx, name).await?);
    };
    let damaged = |reason: String| EngineError::DamagedRun { key: key.clone(), reason };
    let card: RunCard =
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if card.format > RunCard::FORMAT {
        let reason = format!("its form is {}, newer than this program", card.format);
        return Err(damaged(reason));
    }
    if card.name != name {
        return Err(damaged("the card is of another run".to_owned()));
    }
    let key = self::key(name, "status.json");
    let status = match small(&ctx.store, &key).await? {
        Some(bytes) => Some(serde_json::from_slice(&bytes).map_err(|error| {
            EngineError::DamagedRun { key: key.clone(), reason: error.to_string() }
        })?),
        None => None,
    };
    Ok(Run { card, status })
}

/// What a run measured so far, in the order of its steps.
pub async fn metrics(ctx: &Ctx, name: &str) -> Result<Vec<MetricRow>, EngineError> {
    let key = key(name, "metrics.jsonl");
    let Some(bytes) = small(&ctx.store, &key).await? else { return Ok(Vec::new()) };
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let rows = lines.enumerate().map(|(at, line)| {
        serde_json::from_slice(line).map_err(|error| EngineError::DamagedRun {
            key: key.clone(),
            reason: format!("line {}: {error}", at + 1),
        })
    });
    rows.collect()
}

/// Keeps the card of a new run under the first free name, `<stem>-1`, `<stem>-2`, …, or the one
/// it was given.
pub(super) async fn begin(
    ctx: &Ctx,
    mut card: RunCard,
    given: Option<&str>,
) -> Result<RunCard, EngineError> {
    let stem = card.name.clone();
    for _ in 0..MAX_OUTRUN {
        card.name = match given {
            Some(name) => name.to_owned(),
            None => {
                let numbers = names(ctx).await?.into_iter().filter_map(|name| {
                    name.strip_prefix(&stem)?.strip_prefix('-')?.parse::<u32>().ok()
                });
                format!("{stem}-{}", numbers.max().unwrap_or(0).saturating_add(1))
            }
        };
        let key = key(&card.name, "run.json");
        let text = serde_json::to_vec_pretty(&card).map_err(|error| EngineError::DamagedRun {
            key: key.clone(),
            reason: error.to_string(),
        })?;
        match ctx.store.put_new(&key, text.into()).await {
            Ok(()) => return Ok(card),
            Err(StoreError::AlreadyExists { .. }) if given.is_some() => {
                return Err(EngineError::RunExists { name: card.name });
            }
            Err(StoreError::AlreadyExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(EngineError::RunExists { name: card.name })
}

/// The files of a run, for who works outside of async code.
pub(super) fn files(ctx: &Ctx, name: &str) -> impl RunFiles + use<> {
    Files {
        store: ctx.store.clone(),
        folder: format!("{FOLDER}/{name}"),
        handle: Handle::current(),
    }
}

fn key(name: &str, file: &str) -> String {
    format!("{FOLDER}/{name}/{file}")
}

/// Names of all runs, in their order.
async fn names(ctx: &Ctx) -> Result<Vec<String>, EngineError> {
    let listed = ctx.store.list(FOLDER).await?;
    let cards = listed.iter().filter_map(|object| {
        let mut parts = object.key.split('/').skip(1);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some("run.json"), None) if is_plain_name(name) => Some(name.to_owned()),
            _ => None,
        }
    });
    let mut names: Vec<String> = cards.collect();
    names.sort_unstable();
    Ok(names)
}

async fn no_such(ctx: &Ctx, wanted: &str) -> Result<EngineError, EngineError> {
    let known = names(ctx).await?;
    let suggestion = nearest(wanted, known.iter().map(String::as_str)).map(str::to_owned);
    Ok(EngineError::NoSuchRun { wanted: wanted.to_owned(), suggestion })
}

/// An object that is held as a whole; `None` where there is none.
async fn small(store: &Store, key: &str) -> Result<Option<Bytes>, EngineError> {
    let bytes = match store.glance(key).await {
        Ok(glance) => glance.bytes,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if bytes > MAX_BYTES {
        let reason = format!("a file of {bytes} bytes");
        return Err(EngineError::DamagedRun { key: key.to_owned(), reason });
    }
    match store.get(key).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

struct Files {
    store: Store,
    folder: String,
    handle: Handle,
}

impl RunFiles for Files {
    fn put(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        let key = format!("{}/{name}", self.folder);
        self.handle.block_on(self.store.put(&key, bytes.into())).map_err(io::Error::other)
    }

    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let key = format!("{}/{name}", self.folder);
        match self.handle.block_on(self.store.get(&key)) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
