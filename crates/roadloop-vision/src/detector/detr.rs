//! DETR and what grew from it (RT-DETR, D-FINE, RF-DETR): a fixed number of
//! queries, each with class logits and one box.
//!
//! Also the exported form with the last steps inside the graph: labels, boxes
//! in pixels of a size that is a second input, scores.

use super::{Activation, Family, Graph, UNIT_RGB, best, sigmoid};
use crate::ModelError;
use crate::letterbox::{Fit, Layout};
use crate::model::{Element, Model, Tensor, Values, expect_f32};
use crate::nms::{Candidate, passes};

/// RT-DETR and D-FINE.
const PLAIN: Family = Family { fit: Fit::Stretch, normalize: UNIT_RGB };

/// RF-DETR and the first DETR: ImageNet's means and deviations, times 255.
const IMAGENET: Family = Family { fit: Fit::Stretch, normalize: crate::tagger::IMAGENET };

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Detr {
    Logits { logits: usize, boxes: usize, classes: usize, activation: Activation },
    Finished { labels: usize, boxes: usize, scores: usize, classes: usize },
}

impl Detr {
    pub(super) fn recognise(graph: &Graph<'_>) -> Option<(Detr, Family, usize)> {
        match graph.outputs.len() {
            2 => Detr::recognise_logits(graph),
            3 => Detr::recognise_finished(graph),
            _ => None,
        }
    }

    fn recognise_logits(graph: &Graph<'_>) -> Option<(Detr, Family, usize)> {
        let shapes = [graph.shape(0), graph.shape(1)];
        let is_boxes = |index: usize| shapes[index].len() == 3 && shapes[index][2] == 4;
        // With four classes both look alike: then the name decides.
        let named = |index: usize| {
            let name = graph.outputs[index].name.to_lowercase();
            name.contains("box") || name.contains("det")
        };
        let boxes = match (is_boxes(0), is_boxes(1)) {
            (true, false) => 0,
            (false, true) => 1,
            (true, true) if named(0) != named(1) => usize::from(named(1)),
            _ => return None,
        };
        let logits = 1 - boxes;
        let [1, queries, width] = shapes[logits][..] else {
            return None;
        };
        if width == 0 || shapes[boxes] != [1, queries, 4] {
            return None;
        }
        // The first DETR's 92nd logit means "nothing", under a softmax.
        let softmax = match graph.settings.activation {
            Some(activation) => activation == Activation::Softmax,
            None => width == 92,
        };
        let activation = if softmax { Activation::Softmax } else { Activation::Sigmoid };
        let classes = width - usize::from(softmax);
        if classes == 0 {
            return None;
        }
        let family = if classes == 91 { IMAGENET } else { PLAIN };
        Some((Detr::Logits { logits, boxes, classes, activation }, family, classes))
    }

    fn recognise_finished(graph: &Graph<'_>) -> Option<(Detr, Family, usize)> {
        // Without the size as an input the boxes' pixels are unknown.
        if graph.model.inputs().len() != 2 {
            return None;
        }
        let find = |element: Element, rank: usize| {
            graph
                .outputs
                .iter()
                .position(|port| port.element == element && port.shape.len() == rank)
        };
        let labels = find(Element::I64, 2)?;
        let boxes = find(Element::F32, 3)?;
        let scores = find(Element::F32, 2)?;
        let [1, queries, 4] = graph.shape(boxes)[..] else {
            return None;
        };
        if graph.shape(labels) != [1, queries] || graph.shape(scores) != [1, queries] {
            return None;
        }
        // The graph does not say how many classes there are.
        let classes = graph.labels.unwrap_or(80);
        Some((Detr::Finished { labels, boxes, scores, classes }, PLAIN, classes))
    }

    pub(super) fn decode(
        &self,
        model: &dyn Model,
        outputs: &[Tensor],
        layout: &Layout,
        least_score: f32,
    ) -> Result<Vec<Candidate>, ModelError> {
        match *self {
            Detr::Logits { logits, boxes, classes, activation } => {
                let width = classes + usize::from(activation == Activation::Softmax);
                let rows = expect_f32(model, &outputs[logits], &[Some(1), None, Some(width)])?;
                let queries = rows.len() / width;
                let boxes = expect_f32(model, &outputs[boxes], &[Some(1), Some(queries), Some(4)])?;
                let (model_width, model_height) =
                    (layout.model_width as f32, layout.model_height as f32);
                let mut candidates = Vec::new();
                for (row, bbox) in rows.chunks_exact(width).zip(boxes.chunks_exact(4)) {
                    let (class, score) = score_of(row, classes, activation);
                    if !passes(score, least_score) {
                        continue;
                    }
                    let (x, y) = (bbox[0] * model_width, bbox[1] * model_height);
                    let (half_width, half_height) =
                        (bbox[2] * model_width / 2.0, bbox[3] * model_height / 2.0);
                    let bbox = layout.source_from_model(
                        x - half_width,
                        y - half_height,
                        x + half_width,
                        y + half_height,
                    );
                    candidates.extend(bbox.map(|bbox| Candidate { bbox, class, score }));
                }
                Ok(candidates)
            }
            Detr::Finished { labels, boxes, scores, .. } => {
                let scores = expect_f32(model, &outputs[scores], &[Some(1), None])?;
                let boxes =
                    expect_f32(model, &outputs[boxes], &[Some(1), Some(scores.len()), Some(4)])?;
                let labels = match outputs[labels].values() {
                    Values::I64(labels) if labels.len() == scores.len() => labels,
                    _ => {
                        return Err(ModelError::Output {
                            model: model.name().to_owned(),
                            found: format!("labels {:?}", outputs[labels].shape()),
                            expected: format!("{} of them", scores.len()),
                        });
                    }
                };
                let mut candidates = Vec::new();
                for ((label, score), bbox) in labels.iter().zip(scores).zip(boxes.chunks_exact(4)) {
                    let Ok(class) = usize::try_from(*label) else {
                        continue;
                    };
                    if !passes(*score, least_score) {
                        continue;
                    }
                    let bbox = layout.source_from_model(bbox[0], bbox[1], bbox[2], bbox[3]);
                    candidates.extend(bbox.map(|bbox| Candidate { bbox, class, score: *score }));
                }
                Ok(candidates)
            }
        }
    }
}

/// The best class of a query; only the winner's logit is turned into a score.
fn score_of(logits: &[f32], classes: usize, activation: Activation) -> (usize, f32) {
    let (class, logit) = best(logits[..classes].iter().copied());
    if activation != Activation::Softmax {
        return (class, sigmoid(logit));
    }
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
    (class, (logit - highest).exp() / sum)
}
