//! `run --queue`: the main job given to workers, and followed to its end.

use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget};
use roadloop_engine::flow::RunSettings;
use roadloop_engine::work::{Board, JobState, Order, OrderId, OrderState, submit};
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::queue::status::{in_a_word, order_as_json, stages_as_text};
use crate::progress::duration;
use crate::render::{self, Voice, counted};
use crate::session::Session;

/// How often the board is asked.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Without any news for so long, somebody may have to be told.
const NOBODY_AFTER: Duration = Duration::from_secs(15);

/// Between two lines where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

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
    follow(session, &board, &mut states).await?;
    if how.is_json {
        render::print_json(&states.iter().map(order_as_json).collect::<Vec<_>>())?;
    } else {
        for state in &states {
            render::print(&as_text(state))?;
        }
    }
    Ok(outcome(&states))
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

async fn follow(session: &Session, board: &Board, states: &mut [OrderState]) -> Result<()> {
    let shows = Shows::new(session);
    let (started, mut news_at, mut last) = (Instant::now(), Instant::now(), String::new());
    let mut is_warned = false;
    loop {
        for state in states.iter_mut().filter(|state| !state.is_over()) {
            state.refresh(board).await?;
        }
        let (words, is_over) = in_words(states, started.elapsed());
        if words != last {
            (last, news_at) = (words.clone(), Instant::now());
        }
        shows.say(&words, started.elapsed());
        if is_over {
            shows.end();
            return Ok(());
        }
        if news_at.elapsed() > NOBODY_AFTER && !std::mem::replace(&mut is_warned, true) {
            let has_begun = states.iter().any(|state| !state.records().is_empty());
            if !has_begun {
                let address = session.queue_address()?;
                session.note(&format!(
                    "note: nobody has taken the jobs yet; start a worker with: \
                     roadloop worker --queue {address}"
                ));
            }
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// `extract 1/1  detect 3/6  anonymize 1/6`, over all orders.
fn in_words(states: &[OrderState], elapsed: Duration) -> (String, bool) {
    let mut sums: Vec<(&'static str, u64, u64)> = Vec::new();
    let mut is_over = true;
    for state in states {
        is_over &= state.is_over();
        for stage in state.stages() {
            let ended = stage.done + stage.dead + stage.cancelled;
            match sums.iter_mut().find(|(name, ..)| *name == stage.stage.name()) {
                Some((_, done, jobs)) => (*done, *jobs) = (*done + ended, *jobs + stage.jobs),
                None => sums.push((stage.stage.name(), ended, stage.jobs)),
            }
        }
    }
    let words: Vec<String> =
        sums.iter().map(|(name, done, jobs)| format!("{name} {done}/{jobs}")).collect();
    let (done, jobs) =
        sums.iter().fold((0, 0), |sum, (_, done, jobs)| (sum.0 + done, sum.1 + jobs));
    let mut text = words.join("  ");
    // Jobs are alike enough for a guess, once the recordings are read.
    let is_read = sums.first().is_some_and(|(_, done, jobs)| done == jobs);
    if is_read && done > 0 && done < jobs {
        let left = elapsed.mul_f64((jobs - done) as f64 / done as f64);
        text += &format!("  about {} left", duration(left.as_secs()));
    }
    (text, is_over)
}

/// One line that changes on a terminal, some lines in a pipe, events for programs.
enum Shows {
    Bar(ProgressBar),
    Lines(std::sync::Mutex<(Instant, String)>),
    Events(std::sync::Mutex<String>),
    Nothing,
}

impl Shows {
    fn new(session: &Session) -> Shows {
        if render::voice() == Voice::JsonLines {
            return Shows::Events(std::sync::Mutex::default());
        }
        if session.is_quiet {
            return Shows::Nothing;
        }
        if stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(250));
            return Shows::Bar(bar);
        }
        let long_ago = Instant::now().checked_sub(PLAIN_EVERY).unwrap_or_else(Instant::now);
        Shows::Lines(std::sync::Mutex::new((long_ago, String::new())))
    }

    fn say(&self, words: &str, elapsed: Duration) {
        match self {
            Shows::Bar(bar) => bar.set_message(format!("{words}  {}", duration(elapsed.as_secs()))),
            Shows::Lines(last) => {
                let Ok(mut last) = last.lock() else { return };
                if last.0.elapsed() >= PLAIN_EVERY && last.1 != words {
                    *last = (Instant::now(), words.to_owned());
                    render::line(words);
                }
            }
            Shows::Events(last) => {
                let Ok(mut last) = last.lock() else { return };
                if *last != words {
                    words.clone_into(&mut last);
                    render::event("progress", json!({"stages": words}));
                }
            }
            Shows::Nothing => {}
        }
    }

    fn end(&self) {
        if let Shows::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn as_text(state: &OrderState) -> String {
    let name = state.recording().map_or_else(|| state.order.place(), ToString::to_string);
    let mut text = format!("{name}: {}\n", in_a_word(state, false));
    text += &stages_as_text(&state.stages());
    let skipped = state.skipped();
    for skip in skipped.iter().take(20) {
        text += &format!("  skipped {}: {}\n", skip.place, skip.reason);
    }
    if skipped.len() > 20 {
        text += &format!("  and {} more; see --json\n", skipped.len() - 20);
    }
    let dead = state.records().into_iter().filter(|record| record.state == JobState::Dead);
    for record in dead {
        let error = record.error.join(", caused by: ").replace('\n', ", ");
        let attempts = counted(record.attempts.into(), "attempt");
        text += &format!("  {} died after {attempts}: {error}\n", record.job);
    }
    text
}

fn outcome(states: &[OrderState]) -> Outcome {
    if !states.iter().all(OrderState::is_done) {
        return Outcome::Failed;
    }
    let has_skips = states.iter().any(|state| state.stages().iter().any(|stage| stage.skips > 0));
    if has_skips { Outcome::DoneWithSkips } else { Outcome::Done }
}
