//! `run --queue`: the main job given to workers, and followed to its end.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use roadloop_engine::flow::RunSettings;
use roadloop_engine::work::{Order, OrderId, OrderState, submit};

use crate::cli::Outcome;
use crate::cli::queue::follow::follow;
use crate::cli::queue::status::order_as_json;
use crate::render;
use crate::session::Session;

/// Gives an order for each recording, and follows them unless told otherwise.
pub(super) async fn run(
    session: &Session,
    found: &[PathBuf],
    settings: &RunSettings,
    how: &How,
) -> Result<Outcome> {
    let (board, queue) = (session.board()?, session.queue().await?);
    session.make_store().await?;
    let mut states = Vec::new();
    for path in found {
        let mut order = order(path, settings)?;
        order.is_urgent = how.is_urgent;
        submit(&board, &*queue, &order).await?;
        states.push(OrderState::new(order));
    }
    if !how.follows {
        for state in &states {
            match how.is_json {
                true => render::print_json(&order_as_json(state))?,
                false => render::print(&format!("{}  {}", state.order.id, state.order.place()))?,
            }
        }
        session.note("roadloop queue status says how far they are");
        return Ok(Outcome::Done);
    }
    follow(session, &board, states, how.is_json).await
}

/// What a person wants besides the settings of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) is_urgent: bool,
    pub(super) follows: bool,
    pub(super) is_json: bool,
}

/// An order of its own each time: who says `run` wants it done now, whatever was
/// done before.
fn order(path: &Path, settings: &RunSettings) -> Result<Order> {
    let source = where_anybody_finds_it(path)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = now.as_millis() as u64;
    let nonce = format!("{}-{}", now.as_nanos(), std::process::id());
    let id = OrderId::from_content(&source, &[&source, &nonce]);
    Ok(Order::new(id, source, now_ms, settings))
}

/// Workers have folders of their own to look from.
fn where_anybody_finds_it(path: &Path) -> Result<String> {
    let text = path.to_str().context("the path is not text, and cannot be sent")?;
    if text.contains("://") {
        return Ok(text.to_owned());
    }
    let absolute = std::fs::canonicalize(path)
        .with_context(|| format!("cannot find the recording\npath: {text}"))?;
    Ok(absolute.to_str().context("the path is not text, and cannot be sent")?.to_owned())
}
