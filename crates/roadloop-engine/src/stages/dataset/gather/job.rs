//! Samples of a labelling job: what people agreed on, on the raw frames.

use std::collections::BTreeMap;

use roadloop_dataset::{OriginKind, SampleBox};
use roadloop_label::{Job, JobName, Labels, Purpose, ResultBox, TaskResult};

use super::{Gathered, Said, frames};
use crate::stages::label::refs::Switch;
use crate::stages::label::{PAGE, is_final, line_of, now, on_file};
use crate::{Ctx, EngineError};

pub(super) async fn gather(
    ctx: &Ctx,
    labels: &Labels,
    name: &JobName,
    switch: &Switch,
) -> Result<Gathered, EngineError> {
    let wanted = name.clone();
    let job = on_file(labels, move |labels| labels.job(&wanted, now())).await?;
    if matches!(job.purpose, Purpose::Verify { .. }) {
        return Err(EngineError::NoBoxesInJob { job: name.to_string() });
    }
    let mut gathered = Gathered::new(OriginKind::Job, name.to_string());
    gathered.origin.detail = Some(format!("{} as {}", job.state, job.settings.attribute));
    gathered.classes = job.settings.labels.iter().map(|class| class.name.clone()).collect();
    let mut after = 0;
    loop {
        let wanted = name.clone();
        let page = on_file(labels, move |labels| labels.results(&wanted, after, PAGE)).await?;
        let Some(last) = page.last().map(|result| result.number) else { break };
        after = last;
        let rows = frames(ctx, page.iter().filter_map(|result| result.frame.clone())).await?;
        for result in page {
            match result.frame.as_ref().map(|id| rows.get(id)) {
                Some(Some(row)) => {
                    let said = said(&mut gathered, &job, &result, switch)?;
                    gathered.push_frame(row, said);
                }
                Some(None) => gathered.leave_out("its frame is not in the catalog any more"),
                None => {
                    let said = said(&mut gathered, &job, &result, switch)?;
                    gathered.push_other(&switch.apply(&result.source), said);
                }
            }
        }
    }
    Ok(gathered)
}

/// The boxes of a task that is done, and the line it came with, as it is now.
fn said(
    gathered: &mut Gathered,
    job: &Job,
    result: &TaskResult,
    switch: &Switch,
) -> Result<Said, EngineError> {
    let boxes = result.boxes.as_ref().filter(|_| is_final(result));
    let boxes =
        boxes.map(|boxes| boxes.iter().map(|merged| sample_box(gathered, merged)).collect());
    let line = match result.line {
        Some(_) => Some(line_of(job, result, switch)?.to_string()),
        None => None,
    };
    Ok(Said { size: (result.width, result.height), boxes, line, split: None })
}

fn sample_box(gathered: &mut Gathered, merged: &ResultBox) -> SampleBox {
    SampleBox {
        class: gathered.class(&merged.label),
        area: merged.pixels.into(),
        confidence: merged.confidence,
        attributes: BTreeMap::new(),
    }
}
