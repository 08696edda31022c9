//! A job made of frames, or of what people said in an earlier one.

use std::collections::{HashMap, HashSet};

use roadloop_base::{Annotation, DrawnBox, FrameId, FrameRow, Kind, Report, Skip};
use roadloop_catalog::{Filter, Hit};
use roadloop_label::{
    Job, JobName, JobSettings, LabelClass, Labels, NewJob, NewTask, PreLabel, Purpose,
};
use roadloop_manifest::check_attribute;

use super::deliver::{is_final, line_of};
use super::refs::Switch;
use super::{PAGE, now, on_file, refs, whole_pixels};
use crate::stages::redact;
use crate::{Ctx, EngineError, JobStart, Unit};

/// More are several jobs: nobody reads through the progress of so many.
pub const MOST_TASKS: usize = 1_000_000;

/// What people are asked about.
#[derive(Clone, Debug)]
pub enum Tasks {
    /// These frames, as far as they are anonymised.
    Of(Vec<FrameRow>),
    /// Those of the job that the new one verifies or adjusts.
    OfEarlier,
}

/// What would become of frames: so many tasks, and those that cannot be shown to anybody.
pub async fn plan(ctx: &Ctx, frames: Vec<FrameRow>) -> Result<Report, EngineError> {
    let mut report = Report::default();
    for rows in frames.chunks(PAGE as usize) {
        for hit in ctx.catalog.describe(rows.to_vec()).await?.hits {
            match hit.anonymized {
                true => report.done += 1,
                false => report.skipped.push(not_anonymized(&hit)),
            }
        }
    }
    Ok(report)
}

/// Makes a job; nobody is given a task before all of them are there. Where it cannot be made
/// to the end, nothing is left of it.
///
/// `gold` says which frames people's work is measured at: those of them that have boxes of
/// people in the catalog.
pub async fn create(
    ctx: &Ctx,
    labels: &Labels,
    job: NewJob,
    tasks: Tasks,
    gold: Option<&Filter>,
) -> Result<(Job, Report), EngineError> {
    check_attribute(&job.settings.attribute)?;
    let name = job.name.clone();
    let (purpose, settings) = (job.purpose.clone(), job.settings.clone());
    on_file(labels, move |labels| labels.create(&job, now())).await?;
    let mut filling = Filling { ctx, labels, name: &name, settings: &settings, added: 0, gold: 0 };
    let filled = match (tasks, purpose.of()) {
        (Tasks::Of(frames), _) => filling.with_frames(frames, gold).await,
        (Tasks::OfEarlier, Some(of)) => filling.with_earlier(of).await,
        (Tasks::OfEarlier, None) => Err(EngineError::NoEarlierJob),
    };
    let name = name.clone();
    match filled {
        Ok(report) => {
            let job = on_file(labels, move |labels| {
                labels.seal(&name, now())?;
                labels.job(&name, now())
            });
            Ok((job.await?, report))
        }
        Err(error) => {
            // What stands in the way of this is what went wrong before.
            let _ = on_file(labels, move |labels| labels.delete_filling(&name)).await;
            Err(error)
        }
    }
}

struct Filling<'a> {
    ctx: &'a Ctx,
    labels: &'a Labels,
    name: &'a JobName,
    settings: &'a JobSettings,
    /// Tasks that are there, and how many of them are gold.
    added: u64,
    gold: u64,
}

impl Filling<'_> {
    async fn with_frames(
        &mut self,
        mut frames: Vec<FrameRow>,
        gold: Option<&Filter>,
    ) -> Result<Report, EngineError> {
        let golden: HashSet<FrameId> = match gold {
            Some(filter) => self.ctx.catalog.annotated(filter).await?.into_iter().collect(),
            None => HashSet::new(),
        };
        if gold.is_some() && golden.is_empty() {
            return Err(EngineError::NoGold);
        }
        frames.retain(|frame| !golden.contains(&frame.id));
        let ids: Vec<FrameId> = golden.iter().cloned().collect();
        for ids in ids.chunks(PAGE as usize) {
            let hits = self.ctx.catalog.frames_named(ids).await?;
            frames.extend(hits.into_iter().map(|hit| hit.frame));
        }
        if frames.len() > MOST_TASKS {
            return Err(EngineError::TooManyTasks { tasks: frames.len(), most: MOST_TASKS });
        }
        // One camera after the other, so that boxes can be taken over from the frame before;
        // gold ones among the others, so that no number tells them apart.
        frames.sort_by(|a, b| a.id.cmp(&b.id));
        let mut report = Report::default();
        let (recording, bytes) = (None, None);
        let (unit, units) = (Unit::Frames, Some(frames.len() as u64));
        let meter =
            self.ctx.progress.start(JobStart { job: "label", recording, unit, units, bytes });
        for rows in frames.chunks(PAGE as usize) {
            let ids: Vec<FrameId> = rows.iter().map(|row| row.id.clone()).collect();
            let said = match self.settings.pre_label.is_some() || !golden.is_empty() {
                true => self.ctx.catalog.annotations(&ids).await?,
                false => HashMap::new(),
            };
            let hits = self.ctx.catalog.describe(rows.to_vec()).await?.hits;
            self.add(hits, &said, &golden, &mut report).await?;
            meter.advance(rows.len() as u64, 0);
        }
        for skip in &report.skipped {
            meter.skipped(skip);
        }
        meter.finish(&report);
        match (report.done, report.skipped.len() as u64) {
            (0, 0) => Err(EngineError::NothingToLabel),
            (0, skipped) => Err(EngineError::NothingAnonymized { skipped }),
            _ if self.gold == self.added => Err(EngineError::OnlyGold),
            _ => Ok(report),
        }
    }

    /// `said` is what people said of some of the frames.
    async fn add(
        &mut self,
        hits: Vec<Hit>,
        said: &HashMap<FrameId, Annotation>,
        golden: &HashSet<FrameId>,
        report: &mut Report,
    ) -> Result<(), EngineError> {
        let mut tasks = Vec::new();
        for hit in hits {
            if !hit.anonymized {
                report.skipped.push(not_anonymized(&hit));
                continue;
            }
            let key = redact::redacted_key(&hit.frame);
            let said = said.get(&hit.frame.id).map(|said| self.asked_for(&said.boxes));
            let gold = said.clone().filter(|_| golden.contains(&hit.frame.id));
            // What a person said holds in the place of what models say; of a gold frame it
            // is the answer.
            let initial = match (said, &gold, &self.settings.pre_label) {
                (_, _, None) => Vec::new(),
                (Some(said), None, _) => said,
                (_, _, Some(_)) => found_boxes(&hit, self.settings),
            };
            tasks.push(NewTask {
                source: refs::source_ref(&self.ctx.store, &key),
                image_key: Some(key),
                width: hit.frame.width,
                height: hit.frame.height,
                initial,
                gold,
                frame: Some(hit.frame.id),
                line: None,
                given: None,
            });
        }
        report.done += tasks.len() as u64;
        self.gold += tasks.iter().filter(|task| task.gold.is_some()).count() as u64;
        self.put(tasks).await
    }

    /// Boxes of labels that the job is about.
    fn asked_for(&self, boxes: &[DrawnBox]) -> Vec<DrawnBox> {
        let is_asked = |drawn: &&DrawnBox| is_label_of(self.settings, &drawn.label);
        boxes.iter().filter(is_asked).cloned().collect()
    }

    async fn put(&mut self, tasks: Vec<NewTask>) -> Result<(), EngineError> {
        let (name, first) = (self.name.clone(), self.added + 1);
        self.added += tasks.len() as u64;
        on_file(self.labels, move |labels| labels.add_tasks(&name, first, &tasks)).await
    }

    /// The earlier job's results, each with its line as the new one's input.
    async fn with_earlier(&mut self, of: &JobName) -> Result<Report, EngineError> {
        let name = of.clone();
        let earlier = on_file(self.labels, move |labels| labels.job(&name, now())).await?;
        if matches!(earlier.purpose, Purpose::Verify { .. }) {
            return Err(EngineError::NothingToVerify { job: of.to_string() });
        }
        if earlier.settings.attribute == self.settings.attribute {
            return Err(EngineError::SameAttribute { attribute: earlier.settings.attribute });
        }
        let asked = &self.settings.labels;
        let is_asked = |class: &&LabelClass| asked.iter().any(|one| one.name == class.name);
        if let Some(class) = earlier.settings.labels.iter().find(|class| !is_asked(class)) {
            let missing = class.name.clone();
            return Err(EngineError::MissingLabel { job: of.to_string(), missing });
        }
        let mut report = Report::default();
        let mut without_image = 0;
        let mut after = 0;
        let switch = Switch::default();
        loop {
            let name = of.clone();
            let results =
                on_file(self.labels, move |labels| labels.results(&name, after, PAGE)).await?;
            let Some(last) = results.last() else { break };
            after = last.number;
            let mut tasks = Vec::new();
            for result in &results {
                let (true, Some(boxes)) = (is_final(result), &result.boxes) else {
                    let reason = "it has no result that is final in the earlier job";
                    report.skipped.push(Skip::new(format!("task {}", result.number), reason));
                    continue;
                };
                if result.image_key.is_none() {
                    without_image += 1;
                    let reason = "its image is not among the anonymised frames here";
                    report.skipped.push(Skip::new(format!("task {}", result.number), reason));
                    continue;
                }
                let initial = boxes.iter().map(|merged| DrawnBox {
                    label: merged.label.clone(),
                    pixels: merged.pixels,
                    confidence: None,
                    tags: Vec::new(),
                });
                tasks.push(NewTask {
                    initial: initial.collect(),
                    source: result.source.clone(),
                    image_key: result.image_key.clone(),
                    frame: result.frame.clone(),
                    width: result.width,
                    height: result.height,
                    gold: None,
                    line: Some(line_of(&earlier, result, &switch)?.to_string()),
                    given: None,
                });
            }
            report.done += tasks.len() as u64;
            self.put(tasks).await?;
        }
        match (report.done, without_image) {
            (0, 0) => Err(EngineError::NothingToVerify { job: of.to_string() }),
            (0, _) => Err(EngineError::NoImages { job: of.to_string() }),
            _ => Ok(report),
        }
    }
}

fn not_anonymized(hit: &Hit) -> Skip {
    Skip::new(format!("frame {}", hit.frame.id), "it has no anonymised copy")
}

fn is_label_of(settings: &JobSettings, label: &str) -> bool {
    settings.labels.iter().any(|class| class.name == label)
}

/// What a model found, as a proposal for who labels.
fn found_boxes(hit: &Hit, settings: &JobSettings) -> Vec<DrawnBox> {
    let Some(PreLabel { min_confidence, .. }) = &settings.pre_label else { return Vec::new() };
    let (width, height) = (hit.frame.width, hit.frame.height);
    let found = hit.detections.iter().filter(|found| {
        found.kind == Kind::Object
            && found.confidence >= *min_confidence
            && is_label_of(settings, &found.label)
    });
    let drawn = found.filter_map(|found| {
        let bbox = found.bbox?;
        let [across, down] = [width, height].map(f64::from);
        let sides = [
            f64::from(bbox.left()) * across,
            f64::from(bbox.top()) * down,
            f64::from(bbox.right()) * across,
            f64::from(bbox.bottom()) * down,
        ];
        let pixels = whole_pixels(sides, width, height)?;
        let (label, confidence) = (found.label.clone(), Some(found.confidence));
        Some(DrawnBox { label, pixels, confidence, tags: Vec::new() })
    });
    drawn.collect()
}
