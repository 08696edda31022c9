//! Boxes that several people drew on one image, made into one set, and why.
//!
//! Two boxes of two people are of one thing where they overlap by a threshold or more
//! (intersection over union). Pairs are taken from the most alike down; two clusters
//! join where *every* box of one overlaps every box of the other enough, and nobody is
//! in both. A cluster with enough votes becomes one box in the middle of its members;
//! the others are left out, and say by how much.
//!
//! Nothing depends on the order of answers: what is equally alike is told apart by
//! where the boxes lie and what they are called, never by whose they are.

mod cluster;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod laws;
mod middle;
mod overlap;
#[cfg(test)]
mod tests;

use roadloop_base::{DrawnBox, PixelBox};
use serde::{Deserialize, Serialize};

pub(crate) use middle::two_digits;
pub use middle::whole;
pub use overlap::{Score, iou, score};

/// How boxes of several people become one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consolidation {
    /// From which overlap on two boxes are of one thing. Where people are hasty and many,
    /// less than a half is better: one box that is far off splits a cluster.
    pub iou: f64,
    /// How many people must have drawn it; absent: more than half of them. Never more
    /// than there are answers.
    pub quorum: Option<u32>,
    /// Whether a car and a truck at one place are two things, or one with two names,
    /// of which the more frequent is taken.
    pub class_aware: bool,
    pub position: Middle,
}

impl Default for Consolidation {
    fn default() -> Consolidation {
        Consolidation { iou: 0.5, quorum: None, class_aware: true, position: Middle::Mean }
    }
}

impl Consolidation {
    /// How many of so many answers must agree.
    pub fn needed(&self, answers: usize) -> u32 {
        let answers = u32::try_from(answers).unwrap_or(u32::MAX);
        let majority = answers / 2 + 1;
        self.quorum.unwrap_or(majority).min(answers).max(1)
    }
}

/// What the middle of several edges is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Middle {
    #[default]
    Mean,
    /// One who is far off moves nothing.
    Median,
}

/// A box that enough people drew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergedBox {
    pub label: String,
    /// Whole pixels, rounded once, inside the image, at least one wide and high.
    pub pixels: PixelBox,
    /// Share of the people who drew it, times the mean overlap of it with what they
    /// drew, to two digits. Zero where one person was asked: that says nothing.
    pub confidence: f64,
    /// By answer.
    pub members: Vec<Member>,
    /// Whether two names had equally many votes; the first by alphabet was taken.
    pub is_tied: bool,
}

/// A box of a person that went into a merged one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub answer: usize,
    /// Which of the boxes in that answer.
    pub place: usize,
    /// Overlap with the merged box.
    pub iou: f64,
}

/// A box of a person that too few others drew as well.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    pub answer: usize,
    pub place: usize,
    /// How many drew it, this person included.
    pub votes: u32,
    pub needed: u32,
    /// How near any box of another person came, whatever it is called.
    pub nearest_iou: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consolidated {
    /// The surest first; those of a single answer in its order.
    pub boxes: Vec<MergedBox>,
    /// By answer, then by place.
    pub left_out: Vec<LeftOut>,
    /// How well answers fit what came out, 0 to 1: the mean of their F1 against it. 1
    /// where all say that there is nothing, and where one was asked.
    pub agreement: f64,
}

/// One set of boxes out of the answers of several people about one image of that size.
pub fn consolidate(
    answers: &[&[DrawnBox]],
    size: (u32, u32),
    settings: &Consolidation,
) -> Consolidated {
    let needed = settings.needed(answers.len());
    let mut clusters = cluster::clusters(answers, settings);
    let mut boxes = Vec::new();
    let mut left_out = Vec::new();
    if answers.len() == 1 {
        clusters.sort_by_key(|cluster| cluster.first().map(|member| member.place));
    }
    for cluster in clusters {
        let votes = u32::try_from(cluster.len()).unwrap_or(u32::MAX);
        if votes >= needed {
            boxes.push(middle::merge(&cluster, answers.len(), size, settings.position));
            continue;
        }
        left_out.extend(cluster.iter().map(|member| LeftOut {
            answer: member.answer,
            place: member.place,
            votes,
            needed,
            nearest_iou: overlap::nearest(answers, member.answer, member.drawn.pixels),
        }));
    }
    // Stable: what is equally sure stays in the order of clusters, which is by content.
    boxes.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
    left_out.sort_by_key(|left| (left.answer, left.place));
    let agreement = agreement(answers, &boxes, settings.iou);
    Consolidated { boxes, left_out, agreement }
}

fn agreement(answers: &[&[DrawnBox]], boxes: &[MergedBox], iou: f64) -> f64 {
    if answers.len() < 2 {
        return 1.0;
    }
    let merged: Vec<DrawnBox> = boxes
        .iter()
        .map(|merged| DrawnBox {
            label: merged.label.clone(),
            pixels: merged.pixels,
            confidence: None,
            tags: Vec::new(),
        })
        .collect();
    let mut scores: Vec<f64> =
        answers.iter().map(|answer| score(answer, &merged, iou).f1()).collect();
    // Sums of floats depend on their order, and that of answers must not matter.
    scores.sort_by(f64::total_cmp);
    scores.iter().sum::<f64>() / scores.len() as f64
}
