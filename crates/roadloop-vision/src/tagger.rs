//! Taggers: image classifiers, which say words about a whole picture.

use roadloop_base::{Detection, Kind, ModelId};

use crate::detector::{
    Activation, Detector, DetectorOptions, Opened, image_size, settled_outputs, sigmoid,
};
use crate::letterbox::{ColorOrder, Fit, Layout, Normalize, prepare};
use crate::model::{Model, ModelSource, describe};
use crate::{ModelError, Pixels};

/// What classifiers are fed unless their settings say otherwise: ImageNet's
/// means and deviations, times 255.
pub(crate) const IMAGENET: Normalize = Normalize {
    order: ColorOrder::Rgb,
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375],
    fill: 0,
};

/// The most words that are said about one picture.
const MOST: usize = 5;

/// An image classifier. Its detections have no box.
#[derive(Debug)]
pub(crate) struct Tagger {
    model: Box<dyn Model>,
    id: ModelId,
    fit: Fit,
    normalize: Normalize,
    width: usize,
    height: usize,
    activation: Option<Activation>,
    labels: Vec<String>,
    confidence: f32,
}

/// Opens an image classifier: of its labels, the best five over the threshold
/// are given, without a box. They lie beside the file, in `<stem>.toml`,
/// `<stem>.labels.txt` or `labels.txt`.
pub fn open_tagger(
    source: &ModelSource,
    options: &DetectorOptions,
) -> Result<Box<dyn Detector>, ModelError> {
    let opened = Opened::open_with(source, options.session, |settings| match source {
        ModelSource::File(path) => settings.or_folder_labels(path),
        ModelSource::Bytes { .. } => Ok(settings),
    })?;
    Ok(Box::new(Tagger::new(opened, options)?))
}

impl Tagger {
    pub(crate) fn new(opened: Opened, options: &DetectorOptions) -> Result<Tagger, ModelError> {
        let Opened { model, id, settings } = opened;
        let wrong = |model: &dyn Model| ModelError::WrongModel {
            model: model.name().to_owned(),
            wanted: "tagger",
            found: describe(model),
            understood: "classifiers: a picture f32 [1, 3, height, width] in, [1, classes] out",
        };
        // 224 is what classifiers that take any size were trained with.
        let mut sized = settings.clone();
        sized.size.get_or_insert(sized.noted_size.unwrap_or([224, 224]));
        let Some((width, height)) = image_size(model.as_ref(), &sized) else {
            return Err(wrong(model.as_ref()));
        };
        let Some(outputs) = settled_outputs(model.as_ref(), width, height)? else {
            return Err(wrong(model.as_ref()));
        };
        let sides: Vec<usize> = match &outputs[..] {
            [output] => output.shape.iter().map(|side| side.unwrap_or(0)).collect(),
            _ => return Err(wrong(model.as_ref())),
        };
        let classes: usize = match sides[..] {
            [1, classes] | [1, classes, 1, 1] if classes > 0 => classes,
            _ => return Err(wrong(model.as_ref())),
        };
        let noted = settings.noted_labels.as_ref().filter(|labels| labels.len() == classes);
        let Some(labels) = settings.labels.as_ref().or(noted).cloned() else {
            return Err(settings.no_labels(model.name(), classes));
        };
        if labels.len() != classes {
            let model = model.name().to_owned();
            return Err(ModelError::LabelCount { model, classes, labels: labels.len() });
        }
        Ok(Tagger {
            model,
            id,
            fit: settings.fit.unwrap_or(Fit::Stretch),
            normalize: settings.normalize_or(IMAGENET),
            width,
            height,
            activation: settings.activation,
            labels,
            confidence: settings.confidence.unwrap_or(options.confidence),
        })
    }
}

impl Detector for Tagger {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn detect(&self, image: &Pixels) -> Result<Vec<Detection>, ModelError> {
        let layout = Layout::fit(self.fit, image, self.width, self.height);
        let outputs = self.model.run(vec![prepare(image, &layout, &self.normalize)])?;
        let scores = outputs
            .first()
            .and_then(|tensor| tensor.as_f32())
            .filter(|scores| scores.len() == self.labels.len())
            .ok_or_else(|| ModelError::Output {
                model: self.model.name().to_owned(),
                found: outputs.first().map_or_else(String::new, |t| format!("{:?}", t.shape())),
                expected: format!("{} scores", self.labels.len()),
            })?;
        let scores = probabilities(scores, self.activation);
        let mut order: Vec<usize> = (0..scores.len())
            .filter(|class| scores[*class] >= self.confidence)
            .filter(|class| !self.labels[*class].is_empty())
            .collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        order.truncate(MOST);
        let detections = order.into_iter().map(|class| Detection {
            kind: Kind::Scene,
            label: self.labels[class].clone(),
            confidence: scores[class].min(1.0),
            bbox: None,
            model: self.id.clone(),
        });
        Ok(detections.collect())
    }
}

/// Scores as probabilities. Unless the settings say what they are, numbers
/// that all lie in 0 to 1 are taken for probabilities, others for logits.
fn probabilities(scores: &[f32], activation: Option<Activation>) -> Vec<f32> {
    let activation = activation.unwrap_or_else(|| {
        let done = scores.iter().all(|score| (0.0..=1.0).contains(score));
        if done { Activation::None } else { Activation::Softmax }
    });
    match activation {
        Activation::None => scores.to_vec(),
        Activation::Sigmoid => scores.iter().map(|score| sigmoid(*score)).collect(),
        Activation::Softmax => {
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let weights: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
            let sum: f32 = weights.iter().sum();
            weights.iter().map(|weight| weight / sum).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;
    use crate::detector::Settings;
    use crate::model::fake::{FakeModel, tensor};

    fn open(scores: &[f32], labels: &[&str], text: &str) -> Result<Tagger, ModelError> {
        let output = tensor(&[1, scores.len()], scores.to_vec());
        let mut settings: Settings = toml::from_str(text).expect("settings");
        if !labels.is_empty() {
            settings.labels = Some(labels.iter().map(|label| (*label).to_owned()).collect());
        }
        let opened = Opened {
            model: Box::new(FakeModel::fixed(&[1, 3, 8, 8], vec![("scores", output)])),
            id: ModelId::from_content("fake", [0; 4]),
            settings,
        };
        Tagger::new(opened, &DetectorOptions { confidence: 0.2, ..DetectorOptions::default() })
    }

    #[track_caller]
    fn check(scores: &[f32], text: &str, expected: &str) {
        let tagger = open(scores, &["rain", "snow", "sun"], text).expect("a tagger");
        let image = Pixels::new(2, 2, Channels::Gray, vec![0; 4]).expect("a picture");
        let words: Vec<String> = tagger
            .detect(&image)
            .expect("it runs")
            .iter()
            .map(|one| {
                assert_eq!((one.kind, one.bbox), (Kind::Scene, None));
                format!("{} {:.3}", one.label, one.confidence)
            })
            .collect();
        assert_eq!(words.join(", "), expected);
    }

    #[test]
    fn logits_and_probabilities_are_told_apart() {
        check(&[0.1, 0.3, 0.6], "", "sun 0.600, snow 0.300");
        // exp: 1, 3, 6 of 10.
        check(&[5.0, 5.0 + 3.0f32.ln(), 5.0 + 6.0f32.ln()], "", "sun 0.600, snow 0.300");
        check(&[0.0, -9.0, -9.0], "activation = 'sigmoid'", "rain 0.500");
        check(&[0.0, 0.0, 0.0], "activation = 'softmax'", "rain 0.333, snow 0.333, sun 0.333");
        check(&[f32::NAN, 1.0, 2.0], "", "");
    }

    #[track_caller]
    fn check_refused(labels: &[&str], expected: &str) {
        let error = open(&[0.1, 0.2, 0.3], labels, "").expect_err("labels do not fit");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn labels_are_needed_one_per_class() {
        check_refused(&["rain"], "has 3 classes, but there are 1 labels");
        check_refused(&[], "has 3 classes and no labels");
    }
}
