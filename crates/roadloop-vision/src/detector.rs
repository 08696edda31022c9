//! Object detectors: any ONNX file whose outputs one of the decoders reads.
//!
//! Which decoder it is follows from the shapes of the outputs, or is named in
//! a settings file beside the model. What the labels mean is not known here.

mod coco;
mod detr;
mod nanodet;
mod noted;
mod settings;
mod yolov8;
mod yolox;

use std::fmt;
use std::path::Path;

use roadloop_base::{Detection, Kind, ModelId};
use sha2::{Digest, Sha256};

use crate::letterbox::{ColorOrder, Fit, Layout, Normalize, prepare};
use crate::model::{
    Element, Model, ModelSource, Port, Session, SessionOptions, Tensor, Values, describe,
    read_source,
};
use crate::nms::{Candidate, Suppression, suppress};
use crate::{ModelError, Pixels};

pub use settings::DecoderKind;
pub(crate) use settings::{Activation, Settings};

/// Finds things in pictures.
///
/// Promises: the same picture gives the same detections, best first; a box is
/// in fractions of the picture it was given; any number of threads may call.
pub trait Detector: Send + Sync + fmt::Debug {
    fn model(&self) -> &ModelId;
    /// What it may find, where that is known; an empty label is a class that does not exist.
    fn labels(&self) -> &[String] {
        &[]
    }
    fn detect(&self, image: &Pixels) -> Result<Vec<Detection>, ModelError>;
}

/// What is found, and how the model is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorOptions {
    /// Detections with a lower score are left out.
    pub confidence: f32,
    pub suppression: Suppression,
    pub session: SessionOptions,
}

impl Default for DetectorOptions {
    /// 0.3 keeps what a search may still want; a filter can ask for more, but
    /// never for less.
    fn default() -> DetectorOptions {
        DetectorOptions {
            confidence: 0.3,
            suppression: Suppression::default(),
            session: SessionOptions::default(),
        }
    }
}

/// Opens a model file as a detector.
///
/// Settings and labels are looked for beside a file, as `<stem>.toml` and
/// `<stem>.labels.txt`; labels and size that the exporter noted in the file come
/// second.
pub fn open_detector(
    source: &ModelSource,
    options: &DetectorOptions,
) -> Result<Box<dyn Detector>, ModelError> {
    let opened = Opened::open(source, options.session)?;
    let detector = ModelDetector::new(opened.model, opened.id, &opened.settings, options)?;
    Ok(Box::new(detector))
}

/// A model that is ready to run, what its settings file says, and its name.
pub(crate) struct Opened {
    pub(crate) model: Box<dyn Model>,
    pub(crate) id: ModelId,
    pub(crate) settings: Settings,
}

impl Opened {
    pub(crate) fn open(
        source: &ModelSource,
        options: SessionOptions,
    ) -> Result<Opened, ModelError> {
        Opened::open_with(source, options, Ok)
    }

    /// As [`Opened::open`], with a last word on the settings.
    pub(crate) fn open_with(
        source: &ModelSource,
        options: SessionOptions,
        complete: impl FnOnce(Settings) -> Result<Settings, ModelError>,
    ) -> Result<Opened, ModelError> {
        let bytes = read_source(source)?;
        let (stem, name, folder, settings) = match source {
            ModelSource::Bytes { name, .. } => {
                (name.clone(), name.to_string(), None, Settings::default())
            }
            ModelSource::File(path) => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                (stem, path.display().to_string(), path.parent(), Settings::beside(path)?)
            }
        };
        let settings = complete(settings)?;
        // Settings change what a model answers, so they are part of its name.
        let mut hasher = Sha256::new();
        hasher.update(&bytes);
        hasher.update(settings.as_read());
        let hash = hasher.finalize();
        let id = ModelId::from_content(&stem, [hash[0], hash[1], hash[2], hash[3]]);
        // An empty folder name is the current one.
        let folder = folder
            .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let model = Box::new(Session::open(&name, bytes, folder, options)?);
        let settings = settings.noting(model.as_ref());
        Ok(Opened { model, id, settings })
    }
}

/// Reads a model's outputs.
#[derive(Clone, Debug, PartialEq)]
enum Decoder {
    NanoDet(nanodet::NanoDet),
    YoloX(yolox::YoloX),
    YoloV8(yolov8::YoloV8),
    Detr(detr::Detr),
}

/// What a decoder sees of the model it reads: sizes that are settled.
pub(crate) struct Graph<'m> {
    model: &'m dyn Model,
    /// With every side known.
    outputs: Vec<Port>,
    width: usize,
    height: usize,
    /// How many labels there are, when that was said.
    labels: Option<usize>,
    settings: &'m Settings,
}

#[derive(Debug)]
pub(crate) struct ModelDetector {
    model: Box<dyn Model>,
    id: ModelId,
    decoder: Decoder,
    fit: Fit,
    normalize: Normalize,
    width: usize,
    height: usize,
    /// An empty label is a class that does not exist.
    labels: Vec<String>,
    options: DetectorOptions,
}

/// What a decoder's family expects, unless the settings say otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Family {
    fit: Fit,
    normalize: Normalize,
}

const UNDERSTOOD: &str = "NanoDet (three [1, n, classes] and three [1, n, 4 * bins]), \
    YOLOX ([1, n, 5 + classes]), YOLOv5 ([1, 3n, 5 + classes]), YOLOv8 ([1, 4 + classes, n]), \
    DETR (logits [1, q, classes] and boxes [1, q, 4], or labels, boxes and scores)";

impl ModelDetector {
    pub(crate) fn new(
        model: Box<dyn Model>,
        id: ModelId,
        settings: &Settings,
        options: &DetectorOptions,
    ) -> Result<ModelDetector, ModelError> {
        let wrong = |model: &dyn Model| ModelError::WrongModel {
            model: model.name().to_owned(),
            wanted: "detector",
            found: describe(model),
            understood: UNDERSTOOD,
        };
        let Some((width, height)) = image_size(model.as_ref(), settings) else {
            return Err(wrong(model.as_ref()));
        };
        let Some(outputs) = settled_outputs(model.as_ref(), width, height)? else {
            return Err(wrong(model.as_ref()));
        };
        let labels = settings.labels.as_ref().or(settings.noted_labels.as_ref()).map(Vec::len);
        let graph = Graph { model: model.as_ref(), outputs, width, height, labels, settings };
        let Some((decoder, family, classes)) = recognise(&graph) else {
            return Err(wrong(model.as_ref()));
        };
        let labels = settings.labels_for(model.name(), classes)?;
        let mut options = *options;
        if let Some(confidence) = settings.confidence {
            options.confidence = confidence;
        }
        let normalize = settings.normalize_or(family.normalize);
        let fit = settings.fit.unwrap_or(family.fit);
        Ok(ModelDetector { model, id, decoder, fit, normalize, width, height, labels, options })
    }

    fn decode(&self, outputs: &[Tensor], layout: &Layout) -> Result<Vec<Candidate>, ModelError> {
        let (model, least) = (self.model.as_ref(), self.options.confidence);
        match &self.decoder {
            Decoder::NanoDet(decoder) => decoder.decode(model, outputs, layout, least),
            Decoder::YoloX(decoder) => decoder.decode(model, outputs, layout, least),
            Decoder::YoloV8(decoder) => decoder.decode(model, outputs, layout, least),
            Decoder::Detr(decoder) => decoder.decode(model, outputs, layout, least),
        }
    }
}

impl Detector for ModelDetector {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn detect(&self, image: &Pixels) -> Result<Vec<Detection>, ModelError> {
        let layout = Layout::fit(self.fit, image, self.width, self.height);
        let mut inputs = vec![prepare(image, &layout, &self.normalize)];
        if self.model.inputs().len() == 2 {
            inputs.push(size_tensor(self.width, self.height));
        }
        let outputs = self.model.run(inputs)?;
        let mut candidates = self.decode(&outputs, &layout)?;
        candidates.retain(|one| self.labels.get(one.class).is_some_and(|label| !label.is_empty()));
        let kept = suppress(candidates, &self.options.suppression);
        let detections = kept.into_iter().map(|one| Detection {
            kind: Kind::Object,
            label: self.labels[one.class].clone(),
            confidence: one.score.min(1.0),
            bbox: Some(one.bbox),
            model: self.id.clone(),
        });
        Ok(detections.collect())
    }
}

/// The decoder for a graph: the one its settings name, else the first whose
/// shapes fit.
fn recognise(graph: &Graph<'_>) -> Option<(Decoder, Family, usize)> {
    let named = graph.settings.decoder;
    let may_be = |kind: DecoderKind| named.is_none() || named == Some(kind);
    if may_be(DecoderKind::Nanodet)
        && let Some((decoder, classes)) = nanodet::NanoDet::recognise(graph)
    {
        return Some((Decoder::NanoDet(decoder), nanodet::FAMILY, classes));
    }
    if may_be(DecoderKind::Yolox)
        && let Some((decoder, classes)) = yolox::YoloX::recognise(graph)
    {
        return Some((Decoder::YoloX(decoder), yolox::FAMILY, classes));
    }
    if (may_be(DecoderKind::Yolov8) || may_be(DecoderKind::Yolov5))
        && let Some((decoder, classes)) = yolov8::YoloV8::recognise(graph)
    {
        return Some((Decoder::YoloV8(decoder), yolov8::FAMILY, classes));
    }
    if may_be(DecoderKind::Detr)
        && let Some((decoder, family, classes)) = detr::Detr::recognise(graph)
    {
        return Some((Decoder::Detr(decoder), family, classes));
    }
    None
}

/// Width and height of the picture a model takes; 640, what most are exported
/// with, where it takes any and no settings say. `None` when it takes no
/// picture as we feed them.
pub(crate) fn image_size(model: &dyn Model, settings: &Settings) -> Option<(usize, usize)> {
    let (image, rest) = model.inputs().split_first()?;
    let sizes_only = rest.len() <= 1 && rest.iter().all(|port| port.element == Element::I64);
    let [batch, channels, height, width] = image.shape[..] else {
        return None;
    };
    let one_picture = batch.is_none_or(|batch| batch == 1) && channels.is_none_or(|c| c == 3);
    if image.element != Element::F32 || !sizes_only || !one_picture {
        return None;
    }
    let [any_width, any_height] = settings.size.or(settings.noted_size).unwrap_or([640, 640]);
    let (width, height) = (width.unwrap_or(any_width), height.unwrap_or(any_height));
    // A side beyond 8192 is a hostile file, not a model.
    let sane = 1..=8192;
    (sane.contains(&width) && sane.contains(&height)).then_some((width, height))
}

/// The outputs with every side known. A graph that leaves some open is run
/// once on an empty picture. `None` when an output is no tensor we read.
pub(crate) fn settled_outputs(
    model: &dyn Model,
    width: usize,
    height: usize,
) -> Result<Option<Vec<Port>>, ModelError> {
    if model.outputs().iter().any(|port| port.element == Element::Other) {
        return Ok(None);
    }
    if model.outputs().iter().all(|port| port.shape.iter().all(Option::is_some)) {
        return Ok(Some(model.outputs().to_vec()));
    }
    let empty = Tensor::new(vec![1, 3, height, width], Values::F32(vec![0.0; 3 * height * width]));
    let mut inputs: Vec<Tensor> = empty.into_iter().collect();
    if model.inputs().len() == 2 {
        inputs.push(size_tensor(width, height));
    }
    let tensors = model.run(inputs)?;
    let settled = model.outputs().iter().zip(&tensors).map(|(port, tensor)| Port {
        shape: tensor.shape().iter().copied().map(Some).collect(),
        ..port.clone()
    });
    Ok(Some(settled.collect()))
}

/// `orig_target_sizes`: asks for boxes in the model's own pixels, from where
/// the layout leads back.
fn size_tensor(width: usize, height: usize) -> Tensor {
    let sides = vec![width as i64, height as i64];
    Tensor::new(vec![1, 2], Values::I64(sides)).expect("two values")
}

impl Graph<'_> {
    fn shape(&self, index: usize) -> Vec<usize> {
        self.outputs[index].shape.iter().map(|side| side.unwrap_or(0)).collect()
    }

    /// How many cells the grids of some strides have together.
    fn cells(&self, strides: &[usize]) -> usize {
        strides
            .iter()
            .map(|stride| self.width.div_ceil(*stride) * self.height.div_ceil(*stride))
            .sum()
    }
}

/// Plain RGB in 0 to 1, what most exports take.
const UNIT_RGB: Normalize =
    Normalize { order: ColorOrder::Rgb, mean: [0.0; 3], std: [255.0; 3], fill: 114 };

/// The best class of a row of scores, and its score. NaN is never the best.
pub(crate) fn best(scores: impl IntoIterator<Item = f32>) -> (usize, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, score) in scores.into_iter().enumerate() {
        if score > best.1 {
            best = (class, score);
        }
    }
    best
}

pub(crate) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests;
