//! Models against people: on frames that people looked at, what both say, and what only
//! one of them says.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use roadloop_base::FrameId;
use roadloop_engine::catalog::Hit;
use roadloop_engine::compare::{JudgedBox, Measure, Verdict, compare};
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::filters::parsed;
use super::guard::Caller;
use super::model::{FrameName, Tagged, image_file};
use crate::server::problem::Problem;

/// Frames that are compared, at most: the earliest.
const MOST_FRAMES: usize = 20_000;

/// Frames that are read together.
const PIECE: usize = 500;

/// Boxes that are listed, of each verdict.
const MOST_PATCHES: usize = 300;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EvaluationAsked {
    /// Which frames; all where it is empty. Only those count that people looked at.
    #[serde(default)]
    filter: String,
    /// How much two boxes overlap that are the same, as intersection over union; 0.5 where
    /// nothing is said.
    #[param(minimum = 0, maximum = 1)]
    iou: Option<f32>,
    /// What models are less sure of does not count; 0.35 where nothing is said.
    #[param(minimum = 0, maximum = 1)]
    confidence: Option<f32>,
}

/// A box and how it came out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct JudgedItem {
    /// `agreed`: both say so; `extra`: only the model; `missed`: only the person.
    verdict: String,
    label: String,
    /// Left, top, right, bottom as fractions.
    #[schema(min_items = 4, max_items = 4)]
    bbox: [f32; 4],
    /// The model's.
    confidence: Option<f32>,
}

impl JudgedItem {
    fn of(judged: &JudgedBox) -> JudgedItem {
        let bbox = judged.bbox;
        JudgedItem {
            verdict: judged.verdict.name().to_owned(),
            label: judged.label.clone(),
            bbox: [bbox.left(), bbox.top(), bbox.right(), bbox.bottom()],
            confidence: judged.confidence,
        }
    }
}

/// A box and the frame it is on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Patch {
    #[serde(flatten)]
    judged: JudgedItem,
    frame: FrameName,
    image: String,
    width: u32,
    height: u32,
    anonymized: bool,
}

/// How one label came out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LabelScore {
    label: String,
    agreed: u64,
    extra: u64,
    missed: u64,
    /// Of what models say, the share that is right; nothing where they say nothing.
    precision: Option<f64>,
    /// Of what is there, the share that models say; nothing where nothing is there.
    recall: Option<f64>,
}

/// Models against people.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Evaluation {
    /// Frames that match and that people looked at.
    annotated: u64,
    /// Those of them that were compared: the earliest 20000.
    compared: u64,
    iou: f32,
    confidence: f32,
    /// The most frequent first.
    labels: Vec<LabelScore>,
    /// Boxes on which they disagree: what models are surest of and is not there, and the
    /// largest that they missed.
    patches: Vec<Patch>,
    /// Of which so many are not listed.
    more_patches: u64,
}

/// Models against people
#[utoipa::path(get, operation_id = "evaluation", path = "/api/v1/evaluation", tag = "filters",
    params(EvaluationAsked), responses((status = 200, body = Evaluation)))]
pub(super) async fn evaluation(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<EvaluationAsked>, QueryRejection>,
) -> Result<Tagged<Json<Evaluation>>, Problem> {
    caller.must(Permission::See)?;
    let Query(EvaluationAsked { filter, iou, confidence }) = asked?;
    let measure = Measure {
        iou: iou.unwrap_or(USUAL.iou),
        confidence: confidence.unwrap_or(USUAL.confidence),
    };
    if ![measure.iou, measure.confidence].iter().all(|share| (0.0..=1.0).contains(share)) {
        return Err(Problem::invalid("iou and confidence are between 0 and 1"));
    }
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let annotated = catalog.annotated(&parsed(&filter)?).await?;
    let compared = &annotated[..annotated.len().min(MOST_FRAMES)];
    let mut scores = BTreeMap::<String, [u64; 3]>::new();
    let mut patches: [Vec<(f32, Patch)>; 2] = Default::default();
    let mut more_patches = 0;
    for ids in compared.chunks(PIECE) {
        let hits = catalog.frames_named(ids).await?;
        let said = catalog.annotations(ids).await?;
        for hit in &hits {
            let Some(said) = said.get(&hit.frame.id) else { continue };
            let size = (hit.frame.width, hit.frame.height);
            for judged in compare(&hit.detections, &said.boxes, size, measure) {
                let score = scores.entry(judged.label.clone()).or_default();
                score[judged.verdict as usize] += 1;
                let (list, weight) = match judged.verdict {
                    Verdict::Agreed => continue,
                    Verdict::Extra => (0, judged.confidence.unwrap_or(0.0)),
                    Verdict::Missed => (1, judged.bbox.area()),
                };
                patches[list].push((weight, patch(hit, &judged)));
            }
        }
        for list in &mut patches {
            list.sort_by(|(a, _), (b, _)| b.total_cmp(a));
            more_patches += list.len().saturating_sub(MOST_PATCHES) as u64;
            list.truncate(MOST_PATCHES);
        }
    }
    let mut labels: Vec<LabelScore> = scores.into_iter().map(score).collect();
    labels.sort_by_key(|score| std::cmp::Reverse(score.agreed + score.extra + score.missed));
    let answer = Evaluation {
        annotated: annotated.len() as u64,
        compared: compared.len() as u64,
        iou: measure.iou,
        confidence: measure.confidence,
        labels,
        patches: patches.into_iter().flatten().map(|(_, patch)| patch).collect(),
        more_patches,
    };
    Ok(Tagged {
        tag: format!("{state}-{}-{}", measure.iou, measure.confidence),
        answer: Json(answer),
    })
}

/// Where nobody says what is enough.
const USUAL: Measure = Measure { iou: 0.5, confidence: 0.35 };

fn patch(hit: &Hit, judged: &JudgedBox) -> Patch {
    Patch {
        judged: JudgedItem::of(judged),
        frame: FrameName::of(&hit.frame.id),
        image: image_file(&hit.frame),
        width: hit.frame.width,
        height: hit.frame.height,
        anonymized: hit.anonymized,
    }
}

fn score((label, [agreed, extra, missed]): (String, [u64; 3])) -> LabelScore {
    let share = |of: u64| (of > 0).then(|| agreed as f64 / of as f64);
    LabelScore {
        label,
        agreed,
        extra,
        missed,
        precision: share(agreed + extra),
        recall: share(agreed + missed),
    }
}

impl Studio {
    /// How the boxes of one frame came out, where a person looked at it.
    pub(super) async fn judged(&self, hit: &Hit) -> Result<Option<Vec<JudgedItem>>, Problem> {
        let id: &FrameId = &hit.frame.id;
        let said = self.ctx.catalog.annotations(std::slice::from_ref(id)).await?.remove(id);
        let Some(said) = said else { return Ok(None) };
        let size = (hit.frame.width, hit.frame.height);
        let judged = compare(&hit.detections, &said.boxes, size, USUAL);
        Ok(Some(judged.iter().map(JudgedItem::of).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_nothing_are_nothing() {
        let some = score(("car".to_owned(), [3, 1, 0]));
        assert_eq!((some.precision, some.recall), (Some(0.75), Some(1.0)));
        let none = score(("bus".to_owned(), [0, 0, 2]));
        assert_eq!((none.precision, none.recall), (None, Some(0.0)));
    }
}
