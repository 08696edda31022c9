//! What the weights of an epoch come to on the validation split, and the model of the best.

use roadloop_dataset::{Card, Split};
use roadloop_evaluate::{Corners, Settings as EvaluationSettings};
use roadloop_train::{NetworkLearner, RunCard, RunFiles, RunStatus, Scores, TrainError, now_ms};
use roadloop_vision::{Layout, ModelSource, Values, prepare};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::kept;
use crate::stages::dataset::{Loader, LoaderSettings};
use crate::stages::evaluate::{EvaluateSettings, Evaluated, evaluate, judge_of};
use crate::stages::models::{self, ModelCard};
use crate::stages::runs;
use crate::{Ctx, EngineError};

/// Images whose finds are kept for each epoch.
const SAMPLES: usize = 12;
/// What is less sure is not shown.
const SHOWN: f32 = 0.1;
/// The weights of the best epoch.
const BEST: &str = "best.safetensors";
/// Images on which both runtimes must agree, and how closely: relative to 1, a pixel or a
/// probability.
const CHECKED: usize = 4;
const AGREE: f64 = 1e-3;

pub(super) struct Judge<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) card: &'a Card,
    pub(super) run: &'a RunCard,
    pub(super) files: &'a dyn RunFiles,
    pub(super) handle: &'a Handle,
}

/// What was found on an image after an epoch, for people to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleFinds {
    /// Name of the sample.
    pub name: String,
    pub width: u32,
    pub height: u32,
    /// Surest first.
    pub found: Vec<ShownBox>,
    pub truth: Vec<ShownBox>,
}

/// A box in pixels of its image: left, top, right, bottom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownBox {
    /// Place in the dataset's classes.
    pub class: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    pub ltrb: [f64; 4],
}

/// File of an epoch's finds.
pub(in crate::stages) fn samples_file(epoch: u32) -> String {
    format!("samples/epoch-{epoch:06}.json")
}

impl Judge<'_> {
    pub(super) fn epoch(&self, epoch: u32, onnx: Vec<u8>) -> Result<Scores, TrainError> {
        self.scores(epoch, onnx).map_err(|error| match error {
            EngineError::Train(error) => error,
            error => TrainError::Evaluation(error.to_string()),
        })
    }

    fn scores(&self, epoch: u32, onnx: Vec<u8>) -> Result<Scores, EngineError> {
        let name = format!("{}-epoch-{epoch}", self.run.name);
        let source = ModelSource::Bytes { name: name.into(), bytes: onnx.into() };
        let detector = judge_of(self.ctx, &source, EvaluateSettings::default())?;
        let judged = evaluate(self.ctx, detector, self.card, &[Split::Val]);
        let judged = self.handle.block_on(judged)?;
        let report = judged.evaluation.report(&EvaluationSettings::default())?;
        self.keep_samples(epoch, &judged)?;
        let classes = report.of_classes.iter().map(|class| (class.name.clone(), class.voc07));
        let coco = &report.coco;
        let numbers = [
            ("val:AP", coco.ap),
            ("val:AP50", coco.ap50),
            ("val:AP75", coco.ap75),
            ("val:AP_small", coco.ap_small),
            ("val:AP_medium", coco.ap_medium),
            ("val:AP_large", coco.ap_large),
        ];
        let values =
            numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok(Scores {
            map: report.voc.map07.unwrap_or_default(),
            classes: classes.collect(),
            values: values.collect(),
        })
    }

    /// Finds on the same images after each epoch, evenly spread over the split.
    fn keep_samples(&self, epoch: u32, judged: &Evaluated) -> Result<(), EngineError> {
        let images = judged.evaluation.images();
        let step = images.len().div_ceil(SAMPLES).max(1);
        let chosen: Vec<usize> = (0..images.len()).step_by(step).collect();
        let boxes = |of: &mut dyn Iterator<Item = (u32, u32, Option<f32>, Corners)>| {
            let mut by_image = vec![Vec::new(); chosen.len()];
            for (image, class, score, at) in of {
                if let Ok(place) = chosen.binary_search(&(image as usize)) {
                    let ltrb = [at.left, at.top, at.right, at.bottom];
                    by_image[place].push(ShownBox { class, score, ltrb });
                }
            }
            by_image
        };
        let finds = judged.evaluation.found().iter().filter(|one| one.score >= SHOWN);
        let mut found =
            boxes(&mut finds.map(|one| (one.image, one.class, Some(one.score), one.corners)));
        let truths = judged.evaluation.truths().iter();
        let mut truth = boxes(&mut truths.map(|one| (one.image, one.class, None, one.corners)));
        let samples = chosen.iter().enumerate().map(|(place, image)| {
            let image = &images[*image];
            let mut found = std::mem::take(&mut found[place]);
            found.sort_by(|a, b| b.score.unwrap_or(0.0).total_cmp(&a.score.unwrap_or(0.0)));
            SampleFinds {
                name: image.name.clone(),
                width: image.width,
                height: image.height,
                found,
                truth: std::mem::take(&mut truth[place]),
            }
        });
        let samples: Vec<SampleFinds> = samples.collect();
        let text = serde_json::to_vec(&samples).map_err(TrainError::Text)?;
        let name = samples_file(epoch);
        self.files.put(&name, text).map_err(|source| kept(&name, source))
    }

    /// The model of the best epoch, checked and kept.
    pub(super) fn model(
        &self,
        learner: &mut NetworkLearner,
        status: &RunStatus,
    ) -> Result<ModelCard, EngineError> {
        let best = self.files.get(BEST).map_err(|source| kept(BEST, source))?;
        let best = best.ok_or_else(|| EngineError::NoModelYet { run: self.run.name.clone() })?;
        let onnx = learner.onnx_of(&best)?;
        let epoch = status.best.map_or(0, |best| best.epoch);
        let existing = self.handle.block_on(models::of_run(self.ctx, &self.run.name))?;
        // A run that is done and asked again has its model already.
        if let Some(card) = existing.into_iter().find(|card| card.epoch == epoch) {
            return Ok(card);
        }
        let agreement = self.agreement(learner, &best, &onnx)?;
        let rows = self.handle.block_on(runs::metrics(self.ctx, &self.run.name))?;
        let row =
            rows.into_iter().rfind(|row| row.epoch == epoch && row.values.contains_key("val:mAP"));
        let dataset = &self.run.dataset;
        let card = ModelCard {
            format: ModelCard::FORMAT,
            name: self.card.name.to_string(),
            version: 0,
            made_at_ms: now_ms(),
            sha256: String::new(),
            bytes: 0,
            network: self.run.settings.network.to_string(),
            data_shape: self.run.settings.data_shape,
            classes: dataset.classes.clone(),
            run: self.run.name.clone(),
            epoch,
            dataset: dataset.reference.clone(),
            dataset_id: dataset.id.clone(),
            metrics: row.map(|row| row.values).unwrap_or_default(),
            agreement,
        };
        self.handle.block_on(models::save(self.ctx, card, onnx))
    }

    /// The largest difference between what ONNX Runtime and the trainer say of some images of
    /// the validation split, a pixel or a probability.
    fn agreement(
        &self,
        learner: &NetworkLearner,
        weights: &[u8],
        onnx: &[u8],
    ) -> Result<f64, EngineError> {
        let name =
            ModelSource::Bytes { name: self.run.name.clone().into(), bytes: onnx.to_vec().into() };
        let model = self.ctx.models.open_graph(&name)?;
        let settings = LoaderSettings { splits: vec![Split::Val], ..LoaderSettings::default() };
        let images = self.handle.block_on(Loader::open(self.ctx, self.card, settings))?;
        let network = self.run.settings.network;
        let side = self.run.settings.data_shape as usize;
        let mut largest = 0.0f64;
        for place in 0..images.len().min(CHECKED) {
            let Ok(loaded) = images.get(place) else { continue };
            let layout = Layout::fit(network.fit(), &loaded.pixels, side, side);
            let input = prepare(&loaded.pixels, &layout, &network.normalize());
            let Values::F32(values) = input.values() else { continue };
            let ours = learner.answer(weights, values, side)?;
            let theirs = model.run(vec![input])?;
            let [theirs] = theirs.as_slice() else { continue };
            let Values::F32(theirs) = theirs.values() else { continue };
            for (ours, theirs) in ours.iter().zip(theirs) {
                largest = largest.max(f64::from((ours - theirs).abs() / theirs.abs().max(1.0)));
            }
        }
        if largest > AGREE {
            return Err(EngineError::OtherAnswers { run: self.run.name.clone(), largest });
        }
        Ok(largest)
    }
}
