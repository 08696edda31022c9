//! A job's files, laid out as SageMaker Ground Truth lays out its output:
//!
//! ```text
//! <job>/manifests/input/input.manifest
//! <job>/manifests/output/output.manifest
//! <job>/annotations/worker-response/iteration-1/<n>/<time>.json
//! <job>/annotations/consolidated-annotation/consolidation-response/iteration-1/<time>.json
//! <job>/annotation-tool/data.json            the label categories
//! <job>/job.json                             the settings, with those of consolidation
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use roadloop_label::{
    Answer, GivenAnswer, Job, JobName, Labels, Purpose, TaskResult, WorkerAnswer, WorkerResponse,
    write_consolidated, write_responses,
};
use roadloop_manifest::{Line, write_categories};

use super::deliver::{Lines, is_final, line_of, write_manifest};
use super::refs::Switch;
use super::{PAGE, now, on_file};
use crate::{Ctx, EngineError, NewFile};

/// Writes all files of a job below a folder; the output manifest last, so that where it is
/// all others are.
pub async fn write_layout(
    ctx: &Ctx,
    labels: &Labels,
    name: &JobName,
    folder: &Path,
    switch: &Switch,
) -> Result<(PathBuf, Lines), EngineError> {
    let wanted = name.clone();
    let job = on_file(labels, move |labels| labels.job(&wanted, now())).await?;
    let root = folder.join(name.as_str());
    let classes = job.settings.labels.iter().map(|class| class.name.as_str());
    put(&root.join("annotation-tool/data.json"), &write_categories(classes)?)?;
    put(&root.join("job.json"), &settings_of(&job))?;
    let time = job.created_at.iso();
    let response = format!(
        "annotations/consolidated-annotation/consolidation-response/iteration-1/{}.json",
        &time[..19]
    );
    let (mut inputs, mut consolidated, mut after) = (String::new(), Vec::new(), 0);
    loop {
        let wanted = name.clone();
        let results = on_file(labels, move |labels| labels.results(&wanted, after, PAGE)).await?;
        let Some(last) = results.last() else { break };
        after = last.number;
        for result in &results {
            inputs += &input_of(result, switch)?;
            for answer in &result.answers {
                let time = answer.submitted_at.iso().replace(':', "-");
                let file = format!(
                    "annotations/worker-response/iteration-1/{}/{}-{}.json",
                    result.number,
                    &time[..19],
                    answer.assignment
                );
                put(&root.join(file), &response_of(&job, result, answer)?)?;
            }
            if is_final(result) {
                consolidated.push((result.number, line_of(&job, result, switch)?));
            }
        }
    }
    let lines = consolidated.iter().map(|(number, line)| (*number, line));
    put(&root.join(response), &write_consolidated(lines, &job.settings.attribute)?)?;
    put(&root.join("manifests/input/input.manifest"), &inputs)?;
    let output = root.join("manifests/output/output.manifest");
    make_folder(&output)?;
    let done = write_manifest(ctx, labels, name, &output, switch).await?;
    Ok((output, done))
}

/// What somebody answered, as the service writes it.
fn response_of(
    job: &Job,
    result: &TaskResult,
    answer: &GivenAnswer,
) -> Result<String, EngineError> {
    let changed = matches!(job.purpose, Purpose::Adjust { .. });
    let response = WorkerResponse {
        worker: &answer.worker,
        accepted_at: answer.leased_at,
        submitted_at: answer.submitted_at,
        seconds: answer.seconds,
        answer: match &answer.answer {
            Answer::Boxes(boxes) => WorkerAnswer::Boxes {
                boxes,
                size: (result.width, result.height),
                changed: changed.then(|| *boxes != result.initial),
            },
            Answer::Verdict(verdict) => WorkerAnswer::Verdict(verdict),
        },
    };
    Ok(write_responses(&[response], "roadloop")?)
}

/// A task's line as it came in.
fn input_of(result: &TaskResult, switch: &Switch) -> Result<String, EngineError> {
    let mut line = match &result.line {
        Some(line) => Line::parse(line)?,
        None => Line::for_source(&result.source)?,
    };
    line.set_source_ref(&switch.apply(&result.source))?;
    Ok(format!("{line}\n"))
}

fn settings_of(job: &Job) -> String {
    let settings = &job.settings;
    let text = json!({
        "name": job.name.as_str(),
        "label_attribute": settings.attribute,
        "created_at": job.created_at.iso(),
        "created_by": job.created_by,
        "workers": settings.workers,
        "task_time_limit_seconds": settings.task_seconds,
        "consolidation": settings.consolidation,
        "purpose": job.purpose.name(),
        "of": job.purpose.of().map(JobName::as_str),
        "pre_label": settings.pre_label,
    });
    format!("{text:#}\n")
}

fn make_folder(path: &Path) -> Result<(), EngineError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(EngineError::in_folder(folder))
}

fn put(path: &Path, text: &str) -> Result<(), EngineError> {
    use std::io::Write as _;
    make_folder(path)?;
    let mut file = NewFile::create(path).map_err(EngineError::writing(path))?;
    file.write_all(text.as_bytes()).map_err(EngineError::writing(path))?;
    file.publish().map(drop).map_err(EngineError::writing(path))
}
