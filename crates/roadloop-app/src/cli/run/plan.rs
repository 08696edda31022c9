//! What a run would do, for `run --dry-run`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use roadloop_base::Stage;
use roadloop_engine::flow::{self, Plan, RunSettings};
use roadloop_engine::{Ctx, Estimate, estimate};
use serde_json::json;

use crate::cli::Outcome;
use crate::command::with_command;
use crate::progress::duration;
use crate::render::{self, counted};
use crate::session::Session;

pub(super) async fn show(
    session: &Session,
    ctx: &Ctx,
    found: &[PathBuf],
    settings: &RunSettings,
    json: bool,
) -> Result<Outcome> {
    let mut plans = Vec::new();
    for path in found {
        let plan = flow::plan(ctx, path, settings).await?;
        let estimate = estimate(ctx, &plan, settings).await?;
        plans.push((plan, estimate));
    }
    if json {
        render::print_json(&plans.iter().map(plan_as_json).collect::<Vec<_>>())?;
    } else {
        for plan in &plans {
            render::print(&plan_as_text(plan, settings))?;
        }
        session.note("dry run: nothing was written");
    }
    Ok(Outcome::Done)
}

type Planned = (Plan, Option<Estimate>);

fn plan_as_text((plan, estimate): &Planned, settings: &RunSettings) -> String {
    let size = render::bytes(plan.size_bytes);
    let mut text = format!("{}  ({}, {size})\n", plan.recording, plan.source.display());
    for camera in &plan.cameras {
        let messages = camera.messages.map_or("unknown".to_owned(), |n| n.to_string());
        let left_out = if camera.is_selected { "" } else { "  (left out)" };
        text += &format!(
            "  camera {}: {messages} messages on {}{left_out}\n",
            camera.camera, camera.topic
        );
    }
    let has_no_new = estimate.as_ref().is_some_and(|estimate| estimate.images == 0);
    let is_extracted = plan.extracted > 0 && (plan.is_extracted || has_no_new);
    for stage in &settings.stages {
        let done = match stage {
            Stage::Tables | Stage::Video => {
                let is_done = plan.filed.contains(stage);
                let files = if is_done { "files written" } else { "files to be written" };
                text += &format!("  {:<10} {files}\n", stage.to_string());
                continue;
            }
            // Cheap, and only where something is attached.
            Stage::Attach => continue,
            Stage::Extract => plan.extracted,
            Stage::Detect => plan.detected,
            Stage::Anonymize => plan.anonymized,
        };
        let rest = match stage {
            _ if is_extracted && done >= plan.extracted => "complete",
            Stage::Extract => "to be completed",
            _ => "the rest to be done",
        };
        text += &format!("  {:<10} {done} frames done, {rest}\n", stage.to_string());
    }
    text += &match estimate {
        Some(estimate) => estimate_as_text(estimate),
        None => {
            "  how much that is, nobody can say before: the recording has no index\n".to_owned()
        }
    };
    text
}

fn estimate_as_text(estimate: &Estimate) -> String {
    if estimate.images == 0 && estimate.copies == 0 && estimate.elapsed == Ok(Duration::ZERO) {
        return "  nothing is left to do\n".to_owned();
    }
    let about = if estimate.is_at_most { "at most" } else { "about" };
    let mut files = Vec::new();
    if estimate.images > 0 {
        files.push(counted(estimate.images, "image"));
    }
    match estimate.copies {
        0 => {}
        1 => files.push("1 anonymised copy".to_owned()),
        copies => files.push(format!("{copies} anonymised copies")),
    }
    let mut text = String::new();
    if !files.is_empty() {
        let bytes = render::bytes(estimate.bytes);
        text += &format!("  would write {about} {}, {bytes}\n", files.join(" and "));
    }
    let tried = counted(u64::from(estimate.frames_tried), "frame");
    let time = match &estimate.elapsed {
        Ok(elapsed) => {
            let seconds = elapsed.as_secs_f64().ceil() as u64;
            format!("{about} {}, after {tried} tried on this machine", duration(seconds))
        }
        Err(reason) => format!("unknown: {}", with_command(&reason.replace('\n', ", "))),
    };
    if estimate.calls > 0 {
        let calls = counted(estimate.calls, "time");
        text += &format!("  would ask Amazon Rekognition {about} {calls}, and that is paid for\n");
    }
    text + &format!("  would take {time}\n")
}

fn plan_as_json((plan, estimate): &Planned) -> serde_json::Value {
    let cameras = plan.cameras.iter().map(|camera| {
        json!({"camera": camera.camera, "topic": camera.topic, "messages": camera.messages,
            "selected": camera.is_selected})
    });
    json!({
        "recording": plan.recording,
        "source": plan.source,
        "size_bytes": plan.size_bytes,
        "cameras": cameras.collect::<Vec<_>>(),
        "extracted": plan.extracted,
        "extraction_complete": plan.is_extracted,
        "detected": plan.detected,
        "anonymized": plan.anonymized,
        "files_written": plan.filed,
        "estimate": estimate.as_ref().map(estimate_as_json),
    })
}

fn estimate_as_json(estimate: &Estimate) -> serde_json::Value {
    json!({
        "images": estimate.images,
        "copies": estimate.copies,
        "bytes": estimate.bytes,
        "seconds": estimate.elapsed.as_ref().ok().map(Duration::as_secs_f64),
        "at_most": estimate.is_at_most,
        "frames_tried": estimate.frames_tried,
        "rekognition_calls": estimate.calls,
    })
}
