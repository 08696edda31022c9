//! What Prometheus scrapes: what waits, what this worker did, and what it takes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use roadloop_base::Stage;
use roadloop_engine::EngineError;
use roadloop_engine::queue::Depth;
use roadloop_engine::work::{Board, Task};
use tokio::time::timeout;

use super::text::{CONTENT_TYPE, Kind, Text};
use super::{Node, process};
use roadloop_engine::work::depth;

/// How long the queue and the store may take; without their answer the rest is said.
const ANSWER: Duration = Duration::from_secs(5);

/// What the queue and the board say, where they do.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    depths: Option<Vec<(Stage, Depth)>>,
    /// Dead jobs by the stage their ids speak of.
    dead: Option<BTreeMap<&'static str, u64>>,
}

pub(super) async fn metrics(State(node): State<Arc<Node>>) -> Response {
    let waiting = node.waiting.get(ask(&node)).await;
    let mut text = Text::default();
    write_waiting(&mut text, &waiting);
    node.about.counts.write(&mut text);
    if let Some(spans) = &node.about.spans {
        let help = "Spans of traces that were sent, or dropped since nobody took them.";
        let mut family = text.family("roadloop_trace_spans_total", Kind::Counter, help);
        let (sent, dropped) = spans.get();
        family.count(&[("state", "sent")], sent);
        family.count(&[("state", "dropped")], dropped);
    }
    let help = "Who answers here: always 1.";
    let labels = [("name", node.about.name.as_str()), ("version", env!("CARGO_PKG_VERSION"))];
    text.family("roadloop_worker_info", Kind::Gauge, help).count(&labels, 1);
    process::write(&mut text, node.about.started_at);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.into_string()).into_response()
}

async fn ask(node: &Node) -> Waiting {
    let depths = async {
        let mut depths = Vec::new();
        for stage in Stage::ALL {
            depths.push((stage, depth(&*node.about.queue, stage).await?));
        }
        anyhow::Ok(depths)
    };
    let (depths, dead) =
        tokio::join!(timeout(ANSWER, depths), timeout(ANSWER, dead_jobs(&node.board)));
    Waiting { depths: depths.ok().and_then(Result::ok), dead: dead.ok().and_then(Result::ok) }
}

async fn dead_jobs(board: &Board) -> Result<BTreeMap<&'static str, u64>, EngineError> {
    let mut dead: BTreeMap<_, _> = Stage::ALL.iter().map(|stage| (stage.name(), 0)).collect();
    for job in board.dead_jobs().await? {
        let stage = Task::stage_of(&job).map_or("unknown", Stage::name);
        *dead.entry(stage).or_default() += 1;
    }
    Ok(dead)
}

fn write_waiting(text: &mut Text, waiting: &Waiting) {
    let Waiting { depths, dead } = waiting;
    let help = "Whether the queue answers: 1, or 0 and no jobs are counted below.";
    text.family("roadloop_queue_up", Kind::Gauge, help).count(&[], depths.is_some().into());
    if let Some(depths) = depths {
        let mut of_each = |name, help, value: fn(&Depth) -> Option<f64>| {
            let mut family = text.family(name, Kind::Gauge, help);
            for (stage, depth) in depths {
                if let Some(value) = value(depth) {
                    family.sample(&[("stage", stage.name())], value);
                }
            }
        };
        let help = "Jobs that wait in the queue.";
        of_each("roadloop_jobs_waiting", help, |depth| Some(depth.waiting as f64));
        let help = "Jobs that some worker holds.";
        of_each("roadloop_jobs_in_flight", help, |depth| Some(depth.in_flight as f64));
        let help = "How long the first of the jobs that wait has waited.";
        of_each("roadloop_oldest_job_seconds", help, |depth| match depth.waiting {
            0 => Some(0.0),
            // Engines that do not say it are left out.
            _ => depth.oldest.map(|oldest| oldest.as_secs_f64()),
        });
    }
    let help = "Whether the store answers: 1, or 0 and no dead jobs are counted below.";
    text.family("roadloop_store_up", Kind::Gauge, help).count(&[], dead.is_some().into());
    if let Some(dead) = dead {
        let help = "Jobs that failed for the last time and lie among the dead.";
        let mut family = text.family("roadloop_dead_jobs", Kind::Gauge, help);
        for (stage, count) in dead {
            family.count(&[("stage", stage)], *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_said() {
        let mut text = Text::default();
        write_waiting(&mut text, &Waiting::default());
        let text = text.into_string();
        assert!(text.contains("roadloop_queue_up 0\n") && text.contains("roadloop_store_up 0\n"));
        assert!(!text.contains("stage="), "{text}");

        let oldest = Some(Duration::from_millis(1500));
        let some = Depth { waiting: 3, in_flight: 1, oldest };
        let rough = Depth { waiting: 1, in_flight: 0, oldest: None };
        let depths =
            vec![(Stage::Detect, some), (Stage::Video, rough), (Stage::Tables, Depth::default())];
        let dead = Some([("detect", 2)].into());
        let mut text = Text::default();
        write_waiting(&mut text, &Waiting { depths: Some(depths), dead });
        let text = text.into_string();
        let has = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        has("roadloop_queue_up 1");
        has("roadloop_jobs_waiting{stage=\"detect\"} 3");
        has("roadloop_jobs_in_flight{stage=\"detect\"} 1");
        has("roadloop_oldest_job_seconds{stage=\"detect\"} 1.5");
        has("roadloop_oldest_job_seconds{stage=\"tables\"} 0");
        assert!(!text.contains("roadloop_oldest_job_seconds{stage=\"video\"}"), "{text}");
        has("roadloop_dead_jobs{stage=\"detect\"} 2");
    }
}
