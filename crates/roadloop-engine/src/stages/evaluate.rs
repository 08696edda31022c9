//! Evaluation: what a detector finds on the images of a dataset, against what is said of them.
//!
//! Images are prepared, looked at and suppressed as in detection, by the same code; what is
//! found is kept down to the least score, as average precision asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use roadloop_base::{BBox, FrameId, ModelId, Report, Skip};
use roadloop_catalog::Filter;
use roadloop_dataset::{Attribute, Card, Sample, SampleBox, Split};
use roadloop_evaluate::{
    CompareSettings, Comparison, Corners, Evaluation, Found, Image, Report as EvaluationReport,
    Settings as EvaluationSettings, Truth, compare, html,
};
use roadloop_vision::{
    Detector, DetectorOptions, ModelSource, SessionOptions, Suppression, decode_bytes, encode_jpeg,
    thumbnail,
};

use super::dataset::{image_bytes, samples};
use crate::{Ctx, EngineError, JobStart, Unit};

/// Of pictures in a report, pixels and quality.
const PICTURE_SIDE: u32 = 480;
const PICTURE_QUALITY: u8 = 80;

/// How much of what a detector says counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluateSettings {
    /// What it is less sure of is left out, 0 to 1.
    pub least: f32,
    /// Finds of a class that overlap more are one.
    pub overlap: f32,
}

impl Default for EvaluateSettings {
    /// Those of YOLOX's evaluation (`test_conf` 0.01 there; COCO's own is lower, and so is this).
    fn default() -> EvaluateSettings {
        EvaluateSettings { least: 0.001, overlap: 0.65 }
    }
}

/// A detector held against a dataset.
#[derive(Debug)]
pub struct Evaluated {
    pub evaluation: Evaluation,
    /// The samples its images are, in the order of the evaluation's.
    pub samples: Vec<Sample>,
    pub model: ModelId,
    /// Classes of the dataset that the model does not know.
    pub unknown: Vec<String>,
    /// Images that could not be looked at.
    pub report: Report,
    /// Images nobody labelled.
    pub unlabelled: u64,
}

/// Opens a model as it is evaluated.
pub fn judge_of(
    ctx: &Ctx,
    source: &ModelSource,
    settings: EvaluateSettings,
) -> Result<Arc<dyn Detector>, EngineError> {
    let options = DetectorOptions {
        confidence: settings.least,
        suppression: Suppression { iou: settings.overlap, ..Suppression::default() },
        session: SessionOptions { threads: 1, at_once: ctx.cpu.jobs(), keeps_memory: true },
    };
    Ok(ctx.models.open(source, &options)?)
}

/// Holds a detector against some splits of a dataset; against all of it where none is named.
pub async fn evaluate(
    ctx: &Ctx,
    detector: Arc<dyn Detector>,
    card: &Card,
    splits: &[Split],
) -> Result<Evaluated, EngineError> {
    let mut chosen = samples(ctx, card).await?;
    chosen.retain(|sample| splits.is_empty() || splits.contains(&sample.split));
    let all = chosen.len();
    chosen.retain(|sample| sample.boxes.is_some());
    let unlabelled = (all - chosen.len()) as u64;
    let times = times_of_day(ctx, &chosen).await?;
    look(ctx, detector, card, chosen, &times, unlabelled).await
}

/// The same with samples at hand, which must be labelled.
async fn look(
    ctx: &Ctx,
    detector: Arc<dyn Detector>,
    card: &Card,
    chosen: Vec<Sample>,
    times: &BTreeMap<FrameId, &'static str>,
    unlabelled: u64,
) -> Result<Evaluated, EngineError> {
    let (recording, unit, bytes) = (None, Unit::Images, None);
    let units = Some(chosen.len() as u64);
    let meter = ctx.progress.start(JobStart { job: "evaluate", recording, unit, units, bytes });
    let places: BTreeMap<&str, u32> =
        (0..).zip(&card.classes).map(|(at, name)| (name.as_str(), at)).collect();
    let looks = stream::iter(chosen)
        .map(|sample| look_at(ctx, Arc::clone(&detector), sample))
        .buffered(2 * ctx.cpu.jobs());
    let mut looks = std::pin::pin!(looks);
    let (mut images, mut truths, mut finds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut kept, mut labels) = (Vec::new(), BTreeSet::new());
    let mut report = Report::default();
    while let Some((sample, seen)) = looks.try_next().await? {
        meter.advance(1, 0);
        let Seen { size, found } = match seen {
            Ok(seen) => seen,
            Err(skip) => {
                meter.skipped(&skip);
                report.skipped.push(skip);
                continue;
            }
        };
        report.done += 1;
        let at = images.len() as u32;
        images.push(image_of(&sample, size, times));
        truths.extend(sample.boxes.iter().flatten().map(|said| truth_of(at, said)));
        for (label, score, bbox) in found {
            match places.get(label.as_str()) {
                Some(class) => finds.push(find_of(at, *class, score, bbox, size)),
                None => continue,
            }
            labels.insert(label);
        }
        kept.push(sample);
    }
    meter.finish(&report);
    let known = detector_knows(detector.as_ref(), &labels);
    let unknown = card.classes.iter().filter(|class| !known(class)).cloned().collect();
    let evaluation = Evaluation::new(card.classes.clone(), images, truths, finds)?;
    Ok(Evaluated {
        evaluation,
        samples: kept,
        model: detector.model().clone(),
        unknown,
        report,
        unlabelled,
    })
}

/// Whether a class is one a detector can say; one that lists none may say what it said.
fn detector_knows<'a>(
    detector: &'a dyn Detector,
    said: &'a BTreeSet<String>,
) -> impl Fn(&str) -> bool + 'a {
    move |class| said.contains(class) || detector.labels().iter().any(|label| label == class)
}

/// All there is to say of it.
pub fn report(
    evaluated: &Evaluated,
    confidence: Option<f32>,
    title: String,
) -> Result<EvaluationReport, EngineError> {
    let settings = EvaluationSettings { confidence, ..EvaluationSettings::default() };
    Ok(EvaluationReport { title, ..evaluated.evaluation.report(&settings)? })
}

/// The second model held against the first, image by image, by their names.
pub fn comparison(
    first: &Evaluated,
    second: &Evaluated,
    names: [String; 2],
) -> Result<Comparison, EngineError> {
    let settings = CompareSettings { names, ..CompareSettings::default() };
    Ok(compare(&first.evaluation, &second.evaluation, &settings)?)
}

/// The report as one page, with the pictures it speaks of.
pub async fn page(
    ctx: &Ctx,
    evaluated: &Evaluated,
    report: &EvaluationReport,
) -> Result<String, EngineError> {
    let mut pictures: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for image in shown(report) {
        let Some(sample) = evaluated.samples.get(image as usize) else { continue };
        if let Ok(bytes) = image_bytes(ctx, sample).await? {
            let small = ctx.cpu.run(move || picture(&bytes)).await?;
            // A picture that is not there is left out of the page, and not its numbers.
            if let Some(small) = small {
                pictures.insert(image, small);
            }
        }
    }
    Ok(html::report(report, &|image| pictures.get(&image).cloned()))
}

/// The images a page shows.
fn shown(report: &EvaluationReport) -> BTreeSet<u32> {
    let compared = report.comparison.iter().flat_map(|comparison| {
        comparison.better.iter().chain(&comparison.worse).map(|compared| &compared.first)
    });
    report.worst.iter().chain(&report.examples).chain(compared).map(|image| image.image).collect()
}

/// Small enough for a page of many.
fn picture(bytes: &[u8]) -> Option<Vec<u8>> {
    let pixels = decode_bytes(bytes).ok()?;
    encode_jpeg(&thumbnail(&pixels, PICTURE_SIDE), PICTURE_QUALITY).ok()
}

struct Seen {
    /// Pixels.
    size: (u32, u32),
    found: Vec<(String, f32, BBox)>,
}

async fn look_at(
    ctx: &Ctx,
    detector: Arc<dyn Detector>,
    sample: Sample,
) -> Result<(Sample, Result<Seen, Skip>), EngineError> {
    let bytes = match image_bytes(ctx, &sample).await? {
        Ok(bytes) => bytes,
        Err(skip) => return Ok((sample, Err(skip))),
    };
    let seen = ctx.cpu.run(move || {
        let pixels = decode_bytes(&bytes).map_err(|error| error.to_string())?;
        let found = detector.detect(&pixels).map_err(|error| error.to_string())?;
        let found =
            found.into_iter().filter_map(|one| Some((one.label, one.confidence, one.bbox?)));
        let size = (pixels.width(), pixels.height());
        Ok(Seen { size, found: found.collect() })
    });
    let seen =
        seen.await?.map_err(|reason: String| Skip::new(format!("image {}", sample.name), reason));
    Ok((sample, seen))
}

fn image_of(
    sample: &Sample,
    (width, height): (u32, u32),
    times: &BTreeMap<FrameId, &'static str>,
) -> Image {
    let mut facets = Vec::new();
    if let Some(frame) = &sample.frame {
        facets.push(("camera".to_owned(), frame.camera.to_string()));
        if let Some(time) = times.get(frame) {
            facets.push(("tod".to_owned(), (*time).to_owned()));
        }
    }
    Image {
        name: sample.name.to_string(),
        width,
        height,
        group: sample.group.clone(),
        taken_at: sample.taken_at,
        facets,
    }
}

fn truth_of(image: u32, said: &SampleBox) -> Truth {
    let [left, top, right, bottom] = said.area.ltrb();
    // As COCO and Pascal VOC call what need not be found.
    let is_crowd = ["iscrowd", "difficult"].iter().any(|name| {
        matches!(said.attributes.get(*name), Some(Attribute::Flag(true)))
            || matches!(said.attributes.get(*name), Some(Attribute::Number(one)) if *one == 1.0)
    });
    Truth {
        image,
        class: said.class,
        corners: Corners { left, top, right, bottom },
        crowd: is_crowd,
    }
}

fn find_of(image: u32, class: u32, score: f32, bbox: BBox, (width, height): (u32, u32)) -> Found {
    let x = |fraction: f32| f64::from(fraction) * f64::from(width);
    let y = |fraction: f32| f64::from(fraction) * f64::from(height);
    let corners = Corners {
        left: x(bbox.left()),
        top: y(bbox.top()),
        right: x(bbox.right()),
        bottom: y(bbox.bottom()),
    };
    Found { image, class, score, corners }
}

/// By day, dusk or night, where the sun's height is known of a frame.
async fn times_of_day(
    ctx: &Ctx,
    samples: &[Sample],
) -> Result<BTreeMap<FrameId, &'static str>, EngineError> {
    let mut times = BTreeMap::new();
    if samples.iter().all(|sample| sample.frame.is_none()) {
        return Ok(times);
    }
    for time in ["day", "dusk", "night"] {
        let filter = Filter::parse(&format!("tod = {time}"))
            .map_err(roadloop_catalog::CatalogError::from)?;
        // Where nobody attached the sun's height, nothing can be asked of it.
        if ctx.catalog.check(&filter).await.is_err() {
            return Ok(times);
        }
        for frame in ctx.catalog.matching(&filter, None).await? {
            times.insert(frame, time);
        }
    }
    Ok(times)
}
