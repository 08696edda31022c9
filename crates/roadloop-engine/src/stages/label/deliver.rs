//! What a job's people said, as an augmented manifest: a line for each task, in their order.
//!
//! A task that has no final result yet is written as it came in: without the label. One that
//! people looked at and found nothing on has the label with no box. All else that stood in
//! a line passes through untouched.

use std::io::Write;
use std::path::Path;

use roadloop_base::{DrawnBox, PixelBox};
use roadloop_label::{Job, JobName, Labels, Purpose, ResultBox, TaskResult, TaskState, whole};
use roadloop_manifest::{BoxOutput, Line, VerificationOutput, creation_date};

use super::refs::Switch;
use super::{PAGE, now, on_file};
use crate::{Ctx, EngineError, JobStart, NewFile, Unit};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    pub lines: u64,
    /// With a final result.
    pub labelled: u64,
    /// Of those, with nothing on them.
    pub empty: u64,
    /// Boxes of all of them.
    pub boxes: u64,
    /// References to neither folder, where those of the other one were asked for.
    pub strange: u64,
}

/// Whether nobody is to say anything more about a task.
pub(in crate::stages) fn is_final(result: &TaskResult) -> bool {
    matches!(result.state, TaskState::Done | TaskState::Approved | TaskState::Corrected)
}

/// A task's line.
pub(in crate::stages) fn line_of(
    job: &Job,
    result: &TaskResult,
    switch: &Switch,
) -> Result<Line, EngineError> {
    let mut line = match &result.line {
        Some(line) => Line::parse(line)?,
        None => Line::for_source(&result.source)?,
    };
    let source = line.source_ref().unwrap_or_else(|| result.source.clone());
    let written = switch.apply(&source);
    if written != source {
        line.set_source_ref(&written)?;
    }
    if !is_final(result) || result.is_as_given {
        return Ok(line);
    }
    let (created, attribute) = (creation_date(result.changed_at), &job.settings.attribute);
    if let Some(judged) = &result.verdict {
        line.put_verification(&VerificationOutput {
            attribute,
            is_good: judged.is_good,
            confidence: judged.confidence,
            comments: &judged.comments,
            creation_date: &created,
            job: job.name.as_str(),
        })?;
    } else if let Some(boxes) = &result.boxes {
        let classes: Vec<String> =
            job.settings.labels.iter().map(|class| class.name.clone()).collect();
        let (boxes, is_adjusted) = exact(boxes, result);
        let is_adjustment = matches!(job.purpose, Purpose::Adjust { .. });
        line.put_boxes(&BoxOutput {
            attribute,
            size: (result.width, result.height, 3),
            classes: &classes,
            boxes: &boxes,
            creation_date: &created,
            job: job.name.as_str(),
            adjusted: is_adjustment.then_some(is_adjusted),
        })?;
    }
    Ok(line)
}

/// Boxes with their labels and confidences, and whether any is another one than those people
/// were given. What they were given in parts of pixels was shown in whole ones: where nobody
/// changed it, it is what it was.
fn exact(boxes: &[ResultBox], result: &TaskResult) -> (Vec<(String, PixelBox, f64)>, bool) {
    let size = (result.width, result.height);
    let mut left: Vec<&DrawnBox> = result.initial.iter().collect();
    let mut is_adjusted = false;
    let exact = boxes.iter().map(|agreed| {
        let is_it = |given: &&DrawnBox| {
            given.label == agreed.label && whole(given.pixels, size) == Some(agreed.pixels)
        };
        let pixels = match left.iter().position(is_it) {
            Some(place) => left.swap_remove(place).pixels,
            None => {
                is_adjusted = true;
                agreed.pixels
            }
        };
        (agreed.label.clone(), pixels, agreed.confidence.unwrap_or(0.0))
    });
    let exact = exact.collect();
    (exact, is_adjusted || !left.is_empty())
}

/// The lines of the tasks after a number, at most some hundred, and the number of the last;
/// `None` where there are no more.
pub async fn lines(
    labels: &Labels,
    job: &Job,
    after: u64,
    switch: &Switch,
) -> Result<Option<(String, u64, Lines)>, EngineError> {
    let name = job.name.clone();
    let results = on_file(labels, move |labels| labels.results(&name, after, PAGE)).await?;
    let Some(last) = results.last().map(|result| result.number) else { return Ok(None) };
    let (mut text, mut done) = (String::new(), Lines::default());
    for result in &results {
        text += &line_of(job, result, switch)?.to_string();
        text.push('\n');
        done.count(result, switch);
    }
    Ok(Some((text, last, done)))
}

impl Lines {
    pub(super) fn count(&mut self, result: &TaskResult, switch: &Switch) {
        self.lines += 1;
        let written = switch.apply(&result.source);
        self.strange += u64::from(switch.is_strange(&result.source, &written));
        if is_final(result) && (result.boxes.is_some() || result.verdict.is_some()) {
            self.labelled += 1;
            let boxes = result.boxes.as_ref().map_or(0, Vec::len) as u64;
            self.boxes += boxes;
            self.empty += u64::from(boxes == 0 && result.verdict.is_none());
        }
    }

    pub(super) fn add(&mut self, other: &Lines) {
        self.lines += other.lines;
        self.labelled += other.labelled;
        self.empty += other.empty;
        self.boxes += other.boxes;
        self.strange += other.strange;
    }
}

/// Writes a job's manifest to a file, which is there once it is whole.
pub async fn write_manifest(
    ctx: &Ctx,
    labels: &Labels,
    job: &JobName,
    path: &Path,
    switch: &Switch,
) -> Result<Lines, EngineError> {
    let name = job.clone();
    let job = on_file(labels, move |labels| labels.job(&name, now())).await?;
    let mut file = NewFile::create(path).map_err(EngineError::writing(path))?;
    let mut done = Lines::default();
    let (recording, unit, bytes) = (None, Unit::Frames, None);
    let units = Some(job.progress.tasks);
    let meter = ctx.progress.start(JobStart { job: "export", recording, unit, units, bytes });
    let mut after = 0;
    while let Some((text, last, page)) = lines(labels, &job, after, switch).await? {
        file.write_all(text.as_bytes()).map_err(EngineError::writing(path))?;
        meter.advance(page.lines, 0);
        done.add(&page);
        after = last;
    }
    file.publish().map_err(EngineError::writing(path))?;
    meter.finish(&roadloop_base::Report { done: done.lines, ..Default::default() });
    Ok(done)
}
