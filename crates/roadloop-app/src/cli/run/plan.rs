//! What a run would do, for `run --dry-run`.

use std::path::PathBuf;

use anyhow::Result;
use roadloop_base::Stage;
use roadloop_engine::Ctx;
use roadloop_engine::flow::{self, Plan, RunSettings};
use serde_json::json;

use crate::cli::Outcome;
use crate::render;

pub(super) async fn show(
    ctx: &Ctx,
    found: &[PathBuf],
    settings: &RunSettings,
    json: bool,
) -> Result<Outcome> {
    let mut plans = Vec::new();
    for path in found {
        plans.push(flow::plan(ctx, path, settings).await?);
    }
    if json {
        render::print_json(&plans.iter().map(plan_as_json).collect::<Vec<_>>())?;
    } else {
        for plan in &plans {
            render::print(&plan_as_text(plan, settings))?;
        }
        render::note("dry run: nothing was written");
    }
    Ok(Outcome::Done)
}

fn plan_as_text(plan: &Plan, settings: &RunSettings) -> String {
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
    for stage in &settings.stages {
        let (done, rest) = match stage {
            Stage::Extract if plan.is_extracted => (plan.extracted, "complete"),
            Stage::Extract => (plan.extracted, "to be completed"),
            Stage::Detect => (plan.detected, "the rest to be done"),
            Stage::Anonymize => (plan.anonymized, "the rest to be done"),
        };
        text += &format!("  {:<10} {done} frames done, {rest}\n", stage.to_string());
    }
    text
}

fn plan_as_json(plan: &Plan) -> serde_json::Value {
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
    })
}
