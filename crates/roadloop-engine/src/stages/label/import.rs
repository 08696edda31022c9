//! A manifest of a labelling job that was done elsewhere, as a job of this one.
//!
//! Nothing of it is lost: each line is kept as its text, and what the job's export writes
//! is that text again, as long as nobody corrects a task.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use roadloop_base::{FrameId, Report};
use serde::Deserialize;
use serde_json::value::RawValue;

use roadloop_label::{
    Job, JobName, JobSettings, LabelClass, Labels, NewJob, NewTask, Purpose, ResultBox,
};
use roadloop_manifest::{LabelKind, Line, Reader};

use super::refs::{Switch, frame_of};
use super::{MOST_TASKS, PAGE, left_out, now, on_file};
use crate::{Ctx, EngineError};

/// Of a job that was done elsewhere by nobody knows how many.
const WORKERS: u32 = 1;

/// What is to be imported, and as what.
#[derive(Clone, Debug)]
pub struct Imported {
    pub file: PathBuf,
    pub name: JobName,
    /// The label's name in the lines; the only one of boxes where it is absent.
    pub attribute: Option<String>,
    /// Beginnings of references, and what stands in their place.
    pub renames: Vec<(String, String)>,
    pub by: String,
}

/// What a first look at a manifest says.
#[derive(Debug, Default)]
struct Survey {
    /// Of labels of boxes, in the order they were met.
    attributes: Vec<String>,
    classes: Vec<String>,
    lines: usize,
    /// Why the first line that could not be read was not.
    trouble: Option<String>,
}

/// Reads a manifest and keeps it as a job that is closed.
pub async fn import(
    ctx: &Ctx,
    labels: &Labels,
    wanted: Imported,
) -> Result<(Job, Report), EngineError> {
    let Imported { file, name, attribute, renames, by } = wanted;
    let survey = {
        let (file, attribute) = (file.clone(), attribute.clone());
        let looking = move || survey(&file, attribute.as_deref());
        tokio::task::spawn_blocking(looking).await.map_err(EngineError::stopped)??
    };
    let attribute = chosen(&file, attribute, &survey)?;
    let settings = JobSettings {
        workers: WORKERS,
        attribute: attribute.clone(),
        ..JobSettings::new(survey.classes.into_iter().map(LabelClass::new).collect())
    };
    let purpose = Purpose::Draw;
    let job = NewJob {
        name: name.clone(),
        purpose,
        settings: settings.clone(),
        instructions: String::new(),
        pictures: Vec::new(),
        created_by: by.clone(),
    };
    on_file(labels, move |labels| labels.create(&job, now())).await?;
    let switch = Switch { images: None, renames };
    let (settings, attribute) = (&settings, attribute.as_str());
    let filling = Filling { ctx, labels, name: &name, attribute, settings, switch };
    let filled = filling.fill(&file).await;
    match filled {
        Ok(report) => {
            let job = on_file(labels, move |labels| {
                labels.seal(&name, now())?;
                labels.close(&name, &by, now())?;
                labels.job(&name, now())
            });
            Ok((job.await?, report))
        }
        Err(error) => {
            let _ = on_file(labels, move |labels| labels.delete_filling(&name)).await;
            Err(error)
        }
    }
}

fn open(file: &Path) -> Result<Reader<BufReader<File>>, EngineError> {
    let opened = File::open(file);
    let opened = opened.map_err(|source| EngineError::Read { path: file.to_owned(), source })?;
    Ok(Reader::new(BufReader::new(opened)))
}

fn survey(file: &Path, wanted: Option<&str>) -> Result<Survey, EngineError> {
    let mut survey = Survey::default();
    let mut classes: Vec<(u64, String)> = Vec::new();
    for (_, line) in open(file)? {
        survey.lines += 1;
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                survey.trouble.get_or_insert_with(|| error.to_string());
                continue;
            }
        };
        for (attribute, kind) in line.labels() {
            if kind != LabelKind::Boxes {
                continue;
            }
            if !survey.attributes.contains(&attribute) {
                survey.attributes.push(attribute.clone());
            }
            if wanted.is_some_and(|wanted| wanted != attribute) {
                continue;
            }
            for (id, class) in class_map(&line, &attribute) {
                if !classes.iter().any(|(_, known)| *known == class) {
                    classes.push((id, class));
                }
            }
        }
    }
    classes.sort();
    survey.classes = classes.into_iter().map(|(_, class)| class).collect();
    Ok(survey)
}

/// Classes of a label, with their numbers.
fn class_map(line: &Line, attribute: &str) -> Vec<(u64, String)> {
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(rename = "class-map")]
        classes: HashMap<String, String>,
    }
    let metadata = line.get(&format!("{attribute}-metadata")).map(RawValue::get);
    let metadata: Option<Metadata> = metadata.and_then(|text| serde_json::from_str(text).ok());
    let classes = metadata.into_iter().flat_map(|metadata| metadata.classes);
    classes.filter_map(|(id, class)| Some((id.parse().ok()?, class))).collect()
}

fn chosen(file: &Path, wanted: Option<String>, survey: &Survey) -> Result<String, EngineError> {
    let failed = |reason: String| EngineError::Manifest { path: file.to_owned(), reason };
    if survey.lines > MOST_TASKS {
        return Err(EngineError::TooManyTasks { tasks: survey.lines, most: MOST_TASKS });
    }
    let known = survey.attributes.join(", ");
    match (wanted, survey.attributes.as_slice()) {
        (Some(wanted), known) if known.contains(&wanted) => Ok(wanted),
        (None, [only]) => Ok(only.clone()),
        (_, []) => Err(failed(match &survey.trouble {
            Some(trouble) => format!("no line has a label of boxes; {trouble}"),
            None => "no line has a label of boxes".to_owned(),
        })),
        (Some(wanted), _) => {
            Err(failed(format!("no label of boxes is called {wanted}; there are {known}")))
        }
        (None, _) => Err(failed(format!(
            "it has several labels of boxes; name one with --attribute: {known}"
        ))),
    }
}

struct Filling<'a> {
    ctx: &'a Ctx,
    labels: &'a Labels,
    name: &'a JobName,
    attribute: &'a str,
    settings: &'a JobSettings,
    switch: Switch,
}

impl Filling<'_> {
    async fn fill(&self, file: &Path) -> Result<Report, EngineError> {
        let mut report = Report::default();
        let mut reader = open(file)?;
        loop {
            let page: Vec<_> = reader.by_ref().take(PAGE as usize).collect();
            if page.is_empty() {
                break;
            }
            let mut tasks = Vec::new();
            for (number, line) in page {
                match line.map_err(EngineError::from).and_then(|line| self.task(line)) {
                    Ok(task) => tasks.push(task),
                    Err(error) => report.skipped.push(left_out(number, &error)),
                }
            }
            self.find(&mut tasks).await?;
            let (name, first) = (self.name.clone(), report.done + 1);
            report.done += tasks.len() as u64;
            on_file(self.labels, move |labels| labels.add_tasks(&name, first, &tasks)).await?;
        }
        match (report.done, report.skipped.first()) {
            (0, Some(first)) => Err(EngineError::Manifest {
                path: file.to_owned(),
                reason: format!("no line can be kept; {}: {}", first.place, first.reason),
            }),
            (0, None) => Err(EngineError::NothingToLabel),
            _ => Ok(report),
        }
    }

    fn task(&self, mut line: Line) -> Result<NewTask, EngineError> {
        let source =
            line.source_ref().ok_or_else(|| EngineError::BadLine("it has no source-ref"))?;
        let label = line.boxes(self.attribute)?;
        let renamed = self.switch.apply(&source);
        if renamed != source {
            line.set_source_ref(&renamed)?;
        }
        let (width, height) = label.as_ref().map_or((0, 0), |label| (label.width, label.height));
        let given = label.map(|label| {
            let boxes = label.boxes.into_iter().map(|labelled| ResultBox {
                label: labelled.class,
                pixels: labelled.pixels,
                confidence: labelled.confidence,
            });
            boxes.collect()
        });
        let task = NewTask {
            frame: None,
            source: renamed,
            image_key: None,
            width,
            height,
            initial: Vec::new(),
            gold: None,
            line: Some(line.to_string()),
            given,
        };
        task.check(&Purpose::Draw, self.settings)?;
        Ok(task)
    }

    /// Which of the tasks are about frames of this catalog.
    async fn find(&self, tasks: &mut [NewTask]) -> Result<(), EngineError> {
        let named: Vec<Option<FrameId>> = tasks.iter().map(|task| frame_of(&task.source)).collect();
        let ids: Vec<FrameId> = named.iter().flatten().cloned().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let hits = self.ctx.catalog.frames_named(&ids).await?;
        for (task, id) in tasks.iter_mut().zip(named) {
            let Some(hit) = hits.iter().find(|hit| Some(&hit.frame.id) == id.as_ref()) else {
                continue;
            };
            if hit.anonymized {
                task.image_key = Some(crate::stages::redact::redacted_key(&hit.frame));
            }
            if task.width == 0 {
                (task.width, task.height) = (hit.frame.width, hit.frame.height);
            }
            task.frame = id;
        }
        Ok(())
    }
}
