//! `queue follow`, and the end of `run --queue`: orders looked at until they are over.

mod quiet;
mod shows;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use roadloop_base::Stage;
use roadloop_engine::work::{Board, JobState, OrderState, depth};

use self::quiet::{Quiet, Seen, Word};
use self::shows::Shows;
use super::named;
use super::status::{in_a_word, order_as_json, stages_as_text};
use crate::cli::Outcome;
use crate::command::{command, goes_on_without_us};
use crate::progress::duration;
use crate::render::{self, counted};
use crate::session::Session;

/// How often the board is asked.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Look at orders until they are over
///
/// As `run --queue` does it, for orders that were given before, by whomever: the same
/// progress, and the same exit code. Interrupted, it leaves the work as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop queue follow drive-1a2b3c4d
  roadloop queue follow drive.bag other.bag --json")]
pub(super) struct Args {
    /// Recordings or orders by name
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Print as JSON what came of them
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, board: &Board, args: &Args) -> Result<Outcome> {
    let mut states: Vec<OrderState> = Vec::new();
    for name in &args.names {
        for order in named(board, name).await? {
            if states.iter().all(|state| state.order.id != order.id) {
                states.push(OrderState::new(order));
            }
        }
    }
    follow(session, board, states, args.json).await
}

/// Looks at orders until they are over, and says what came of them.
pub(crate) async fn follow(
    session: &Session,
    board: &Board,
    mut states: Vec<OrderState>,
    is_json: bool,
) -> Result<Outcome> {
    let ids: Vec<&str> = states.iter().map(|state| state.order.id.as_str()).collect();
    let (command, ids) = (command(), ids.join(" "));
    goes_on_without_us(format!(
        "no longer looked at; the work goes on. Look again: {command} queue follow {ids}, or drop \
         it: {command} queue cancel {ids}"
    ));
    look(session, board, &mut states).await?;
    if is_json {
        render::print_json(&states.iter().map(order_as_json).collect::<Vec<_>>())?;
    } else {
        for state in &states {
            render::print(&as_text(state))?;
        }
    }
    Ok(outcome(&states))
}

async fn look(session: &Session, board: &Board, states: &mut [OrderState]) -> Result<()> {
    let shows = Shows::new(session);
    let (started, mut last, mut first) = (Instant::now(), String::new(), None);
    let mut quiet = Quiet::new(started);
    loop {
        for state in states.iter_mut().filter(|state| !state.is_over()) {
            state.refresh(board).await?;
        }
        let sum = Sum::of(states);
        let first = first.get_or_insert_with(|| Sum::of(states));
        let (words, pace) = (sum.words(), sum.pace(first, started.elapsed()));
        shows.say(&format!("{words}{pace}"), started.elapsed());
        if words != last {
            last = words;
            quiet.news(Instant::now());
        }
        if states.iter().all(OrderState::is_over) {
            shows.end();
            return Ok(());
        }
        // What does not answer for a moment is no reason to end: the work goes on.
        if quiet.wants_a_look(Instant::now())
            && let Ok(seen) = seen(session, board, states).await
        {
            let address = session.queue_address()?;
            let command = command();
            for word in quiet.heard(Instant::now(), &seen) {
                match word {
                    Word::Paused(stage) => shows.note(session, &format!(
                        "note: {stage} is paused; {command} queue resume {stage} goes on"
                    )),
                    Word::Nobody { secs, jobs } => shows.note(session, &format!(
                        "note: no worker has taken a job for {secs} s, with {} to do; start one \
                         with: {command} worker --queue {address}",
                        counted(jobs, "job"),
                    )),
                    Word::Lost => {
                        shows.end();
                        bail!(
                            "the queue holds no job any more, and {} not over: it was lost, or \
                             replaced by another; give the order again, with the options it had: {command} run \
                             {} --queue {address}; what is done is not done twice\nqueue: {address}",
                            unfinished(states),
                            places(states),
                        );
                    }
                }
            }
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// What there is besides the records of the orders.
async fn seen(session: &Session, board: &Board, states: &[OrderState]) -> Result<Seen> {
    let mut seen = Seen::default();
    // Opened each time: the file may be another one by now.
    if let Some(queue) = session.queue_to_look_at().await? {
        for stage in Stage::ALL {
            let depth = depth(&*queue, stage).await?;
            seen.waiting += depth.waiting;
            seen.in_flight += depth.in_flight;
        }
    }
    let is_wanted = |stage: &Stage| {
        let wants = |state: &&OrderState| *stage == Stage::Extract || state.order.wants(*stage);
        states.iter().filter(|state| !state.is_over()).any(|state| wants(&state))
    };
    seen.paused = board.control().await?.paused.into_iter().filter(is_wanted).collect();
    Ok(seen)
}

fn unfinished(states: &[OrderState]) -> String {
    let ids = states.iter().filter(|state| !state.is_over()).map(|state| state.order.id.as_str());
    let ids: Vec<&str> = ids.collect();
    let is = if ids.len() == 1 { "is" } else { "are" };
    format!("{} {is}", ids.join(", "))
}

fn places(states: &[OrderState]) -> String {
    let places = states.iter().filter(|state| !state.is_over()).map(|state| state.order.place());
    places.map(|place| crate::command::quoted(&place)).collect::<Vec<_>>().join(" ")
}

/// How far all orders are together.
#[derive(Debug, Default)]
struct Sum {
    /// By stage: its jobs that ended, all of them, and the frames of those that are done.
    stages: Vec<(Stage, u64, u64, u64)>,
    ended: u64,
    jobs: u64,
    frames: u64,
}

impl Sum {
    fn of(states: &[OrderState]) -> Sum {
        let mut sum = Sum::default();
        for stage in states.iter().flat_map(OrderState::stages) {
            let ended = stage.done + stage.dead + stage.cancelled;
            let has_frames =
                matches!(stage.stage, Stage::Extract | Stage::Detect | Stage::Anonymize);
            let frames = if has_frames { stage.frames + stage.frames_before } else { 0 };
            sum.ended += ended;
            sum.jobs += stage.jobs;
            sum.frames += frames;
            match sum.stages.iter_mut().find(|(known, ..)| *known == stage.stage) {
                Some((_, done, jobs, of)) => {
                    (*done, *jobs, *of) = (*done + ended, *jobs + stage.jobs, *of + frames);
                }
                None => sum.stages.push((stage.stage, ended, stage.jobs, frames)),
            }
        }
        sum
    }

    /// `extract 1/1 (384 frames)  detect 3/6 (192 frames)  anonymize 1/6`.
    fn words(&self) -> String {
        let words = self.stages.iter().map(|(stage, done, jobs, frames)| match frames {
            0 => format!("{stage} {done}/{jobs}"),
            frames => format!("{stage} {done}/{jobs} ({})", counted(*frames, "frame")),
        });
        words.collect::<Vec<_>>().join("  ")
    }

    /// How fast it went since the first look, and so how long it will take.
    fn pace(&self, first: &Sum, elapsed: Duration) -> String {
        let mut text = String::new();
        let (frames, secs) = (self.frames.saturating_sub(first.frames), elapsed.as_secs_f64());
        if frames > 0 && secs >= 1.0 {
            // Each stage looks at a frame once.
            text += &format!("  {:.0} frames/s in all stages", frames as f64 / secs);
        }
        // Jobs are alike enough for a guess, once the recordings are read.
        let is_read = self.stages.first().is_some_and(|(_, done, jobs, _)| done == jobs);
        let ended = self.ended.saturating_sub(first.ended);
        if is_read && ended > 0 && self.ended < self.jobs {
            let left = elapsed.mul_f64((self.jobs - self.ended) as f64 / ended as f64);
            text += &format!("  about {} left", duration(left.as_secs()));
        }
        text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_since_the_first_look() {
        let sum = |detected: u64| Sum {
            stages: vec![(Stage::Extract, 1, 1, 384), (Stage::Detect, detected, 6, 64 * detected)],
            ended: 1 + detected,
            jobs: 7,
            frames: 384 + 64 * detected,
        };
        let (first, now) = (sum(1), sum(3));
        assert_eq!(now.words(), "extract 1/1 (384 frames)  detect 3/6 (192 frames)");
        assert_eq!(first.pace(&first, Duration::from_secs(4)), "");
        let pace = now.pace(&first, Duration::from_secs(4));
        assert_eq!(pace, "  32 frames/s in all stages  about 6 s left");
    }
}
