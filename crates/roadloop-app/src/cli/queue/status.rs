//! `queue status`: how much waits where, and how far recordings are.

use anyhow::Result;
use roadloop_base::Stage;
use roadloop_engine::queue::Depth;
use roadloop_engine::work::{Board, JobRecord, JobState, OrderState, StageState, depth};
use serde_json::{Value, json};

use super::{named, paused_as_json, time};
use crate::cli::Outcome;
use crate::progress::duration;
use crate::render::{self, columns, counted};
use crate::session::Session;

/// How much waits in each stage, and how far recordings are
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop queue status
  roadloop queue status drive.bag             one recording, stage by stage
  roadloop queue status drive.bag --parts     every job: frames, who had it, when, why it failed
  roadloop queue status --json")]
pub(super) struct Args {
    /// A recording or an order by name
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Every job, with the frames it is about and who had it
    #[arg(long, requires = "name")]
    parts: bool,
    /// Orders shown, the latest ones
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, board: &Board, args: &Args) -> Result<Outcome> {
    match &args.name {
        Some(name) => of_one(board, name, args).await,
        None => of_all(session, board, args).await,
    }
}

async fn of_one(board: &Board, name: &str, args: &Args) -> Result<Outcome> {
    let mut states = Vec::new();
    for order in named(board, name).await? {
        states.push(OrderState::load(board, order).await?);
    }
    if args.json {
        let states = states.iter().map(|state| {
            let mut value = order_as_json(state);
            if args.parts {
                value["jobs"] = json!(state.records());
            }
            value
        });
        render::print_json(&states.collect::<Vec<_>>())?;
        return Ok(Outcome::Done);
    }
    let cancelled = board.control().await?.cancelled;
    for state in &states {
        let order = &state.order;
        let is_cancelled = cancelled.contains(&order.id);
        let recording = state.recording().map_or("not opened yet".to_owned(), ToString::to_string);
        let mut text = format!(
            "{recording}  {}\n  order {}, given {}: {}\n\n",
            order.place(),
            order.id,
            time(order.ordered_at_ms),
            in_a_word(state, is_cancelled),
        );
        text += &stages_as_text(&state.stages());
        if args.parts {
            text.push('\n');
            text += &jobs_as_text(&state.records());
        }
        for record in state.records().into_iter().filter(|record| !record.error.is_empty()) {
            let error = record.error.join(", caused by: ").replace('\n', ", ");
            text += &format!("  {} {}: {error}\n", record.state.name(), record.job);
        }
        render::print(&text)?;
    }
    Ok(Outcome::Done)
}

async fn of_all(session: &Session, board: &Board, args: &Args) -> Result<Outcome> {
    let queue = session.queue_to_look_at().await?;
    let mut depths = Vec::new();
    for stage in Stage::ALL {
        depths.push((
            stage,
            match &queue {
                Some(queue) => depth(&**queue, stage).await?,
                None => Depth::default(),
            },
        ));
    }
    let control = board.control().await?;
    let dead = board.dead_count().await?;
    let mut orders = board.orders().await?;
    let hidden = orders.len().saturating_sub(args.limit);
    orders.drain(..hidden);
    let mut states = Vec::new();
    for order in orders {
        states.push(OrderState::load(board, order).await?);
    }
    if args.json {
        let stages = depths.iter().map(|(stage, depth)| {
            json!({"stage": stage, "waiting": depth.waiting, "in_flight": depth.in_flight,
                "oldest_s": depth.oldest.map(|age| age.as_secs_f64())})
        });
        render::print_json(&json!({
            "queue": session.queue_address()?.to_string(),
            "stages": stages.collect::<Vec<_>>(),
            "paused": paused_as_json(&control),
            "dead": dead,
            "orders": states.iter().map(order_as_json).collect::<Vec<_>>(),
        }))?;
        return Ok(Outcome::Done);
    }
    let heading = ["stage", "waiting", "in flight", "oldest", ""].map(str::to_owned).to_vec();
    let mut rows = vec![heading];
    for (stage, depth) in &depths {
        let oldest = depth.oldest.map_or(String::new(), |age| duration(age.as_secs()));
        let paused = if control.paused.contains(stage) { "paused" } else { "" };
        let (waiting, in_flight) = (depth.waiting.to_string(), depth.in_flight.to_string());
        rows.push(vec![stage.to_string(), waiting, in_flight, oldest, paused.to_owned()]);
    }
    let is_there = if queue.is_some() { "" } else { " (there is no queue yet)" };
    let mut text = format!("{}{is_there}\n\n{}\n", session.queue_address()?, columns(&rows));
    let heading = ["recording", "given", "extract", "detect", "anonymize", "is", "order"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for state in &states {
        let stages = state.stages();
        let of = |wanted: Stage| {
            let found = stages.iter().find(|state| state.stage == wanted);
            found.map_or("-".to_owned(), |state| format!("{}/{}", state.done, state.jobs))
        };
        let place = state.order.place();
        let source = place.rsplit('/').next().unwrap_or_default();
        rows.push(vec![
            state.recording().map_or(source.to_owned(), ToString::to_string),
            time(state.order.ordered_at_ms),
            of(Stage::Extract),
            of(Stage::Detect),
            of(Stage::Anonymize),
            in_a_word(state, control.cancelled.contains(&state.order.id)),
            state.order.id.to_string(),
        ]);
    }
    if states.is_empty() {
        text += "no orders yet; give one with: roadloop run RECORDING --queue URI\n";
    } else {
        text += &columns(&rows);
    }
    if hidden > 0 {
        text += &format!("  and {hidden} before; a larger --limit shows them\n");
    }
    if dead > 0 {
        let letters = counted(dead as u64, "dead job");
        text += &format!("\n{letters}: roadloop queue dead list says why\n");
    }
    render::print(&text)?;
    Ok(Outcome::Done)
}

/// How far an order is, in a word.
pub(crate) fn in_a_word(state: &OrderState, is_cancelled: bool) -> String {
    let stages = state.stages();
    let any = |what: fn(&StageState) -> u64| stages.iter().any(|stage| what(stage) > 0);
    let word = if state.is_done() {
        if any(|stage| stage.skips) { "done with skips" } else { "done" }
    } else if is_cancelled || any(|stage| stage.cancelled) {
        "cancelled"
    } else if state.is_over() {
        "failed"
    } else if any(|stage| stage.running) {
        "in work"
    } else {
        "waiting"
    };
    word.to_owned()
}

pub(crate) fn stages_as_text(stages: &[StageState]) -> String {
    let heading =
        ["stage", "jobs", "done", "running", "dead", "frames", "before", "skipped", "time"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for state in stages {
        let numbers = [
            state.jobs,
            state.done,
            state.running,
            state.dead,
            state.frames,
            state.frames_before,
            state.skips,
        ];
        let mut row = vec![state.stage.to_string()];
        row.extend(numbers.map(|number| number.to_string()));
        row.push(format!("{:.1} s", state.seconds));
        rows.push(row);
    }
    columns(&rows)
}

fn jobs_as_text(records: &[&JobRecord]) -> String {
    let heading = ["stage", "of", "is", "attempts", "worker", "when", "time"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for record in records {
        let part = record.part.as_ref().and_then(|part| part.shards.as_ref());
        let of = part.map_or("the recording".to_owned(), |run| {
            let (from, before) = run.sequences();
            format!("{} {from}-{}", run.camera, before.saturating_sub(1))
        });
        let took = match (record.state, record.seconds) {
            (JobState::Running, _) | (_, None) => String::new(),
            (_, Some(seconds)) => format!("{seconds:.1} s"),
        };
        rows.push(vec![
            record.stage.to_string(),
            of,
            record.state.name().to_owned(),
            record.attempts.to_string(),
            record.worker.clone(),
            time(record.at_ms),
            took,
        ]);
    }
    columns(&rows)
}

pub(crate) fn order_as_json(state: &OrderState) -> Value {
    let stages = state.stages();
    let stages = stages.iter().map(|stage| {
        json!({"stage": stage.stage, "jobs": stage.jobs, "done": stage.done,
            "running": stage.running, "dead": stage.dead, "cancelled": stage.cancelled,
            "frames": stage.frames, "frames_before": stage.frames_before,
            "skipped": stage.skips, "seconds": stage.seconds})
    });
    json!({
        "order": state.order.id,
        "source": state.order.place(),
        "recording": state.recording(),
        "ordered_at_ms": state.order.ordered_at_ms,
        "is_over": state.is_over(),
        "is_done": state.is_done(),
        "stages": stages.collect::<Vec<_>>(),
    })
}
