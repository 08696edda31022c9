//! Non-maximum suppression: of boxes of one class that overlap, the one with
//! the highest score stays.

use roadloop_base::BBox;

/// A box a decoder proposes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub bbox: BBox,
    pub class: usize,
    /// 0 to 1.
    pub score: f32,
}

/// Bounds on what is compared and kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suppression {
    /// Boxes of one class that overlap more than this are one thing.
    pub iou: f32,
    /// Only the best are compared: suppression takes time in their square.
    pub considered: usize,
    pub kept: usize,
}

impl Default for Suppression {
    /// 0.5 is between the usual 0.45 (YOLO) and 0.6 (NanoDet). A street seldom
    /// shows 300 things; 2048 candidates take under a millisecond.
    fn default() -> Suppression {
        Suppression { iou: 0.5, considered: 2048, kept: 300 }
    }
}

/// Whether a score is a number, and high enough.
pub(crate) fn passes(score: f32, least: f32) -> bool {
    score >= least && score.is_finite()
}

/// The survivors, best first; of equal scores the one proposed first.
pub fn suppress(mut candidates: Vec<Candidate>, rules: &Suppression) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(rules.considered);
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if kept.len() == rules.kept {
            break;
        }
        let covered = kept.iter().any(|better| {
            better.class == candidate.class && better.bbox.iou(candidate.bbox) > rules.iou
        });
        if !covered {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(left: f32, right: f32, class: usize, score: f32) -> Candidate {
        Candidate { bbox: BBox::from_ltrb(left, 0.0, right, 1.0).expect("a box"), class, score }
    }

    #[track_caller]
    fn check(candidates: &[Candidate], rules: Suppression, expected: &[usize]) {
        let expected: Vec<Candidate> = expected.iter().map(|index| candidates[*index]).collect();
        assert_eq!(suppress(candidates.to_vec(), &rules), expected);
    }

    #[test]
    fn overlap_counts_only_inside_a_class() {
        let rules = Suppression::default();
        // 0.8 of 1.0 in common: IoU 0.8 / 1.0.
        let (low, high) = (candidate(0.0, 0.8, 0, 0.6), candidate(0.0, 1.0, 0, 0.9));
        check(&[low, high], rules, &[1]);
        check(&[candidate(0.0, 0.8, 1, 0.6), high], rules, &[1, 0]);
    }

    #[test]
    fn overlap_at_the_threshold_is_kept() {
        // Half of the one is the other: IoU is exactly 0.5.
        let pair = [candidate(0.0, 1.0, 0, 0.9), candidate(0.0, 0.5, 0, 0.8)];
        check(&pair, Suppression { iou: 0.5, ..Suppression::default() }, &[0, 1]);
        check(&pair, Suppression { iou: 0.499, ..Suppression::default() }, &[0]);
    }

    #[test]
    fn what_is_suppressed_suppresses_nothing() {
        // A chain: each overlaps its neighbour by 0.6, the ends by 0.33.
        let chain =
            [candidate(0.0, 0.4, 0, 0.9), candidate(0.1, 0.5, 0, 0.8), candidate(0.2, 0.6, 0, 0.7)];
        check(&chain, Suppression { iou: 0.4, ..Suppression::default() }, &[0, 2]);
    }

    #[test]
    fn equal_scores_keep_their_order_and_bounds_hold() {
        let apart =
            [candidate(0.0, 0.1, 0, 0.5), candidate(0.2, 0.3, 0, 0.5), candidate(0.4, 0.5, 0, 0.7)];
        check(&apart, Suppression::default(), &[2, 0, 1]);
        check(&apart, Suppression { kept: 2, ..Suppression::default() }, &[2, 0]);
        check(&apart, Suppression { considered: 1, ..Suppression::default() }, &[2]);
        check(&[], Suppression::default(), &[]);
    }

    fn any_candidate() -> impl Strategy<Value = Candidate> {
        ((0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0), 0..3usize, 0.0f32..1.0).prop_map(
            |((a, b, c, d), class, score)| Candidate {
                bbox: BBox::from_ltrb(a.min(b), c.min(d), a.max(b), c.max(d))
                    .expect("in the image"),
                class,
                score,
            },
        )
    }

    proptest! {
        #[test]
        fn survivors_are_candidates_in_order_and_apart(
            candidates in prop::collection::vec(any_candidate(), 0..60), iou in 0.0f32..1.0,
        ) {
            let kept = suppress(candidates.clone(), &Suppression { iou, ..Suppression::default() });
            for (index, one) in kept.iter().enumerate() {
                prop_assert!(candidates.contains(one));
                for other in &kept[index + 1..] {
                    prop_assert!(one.score >= other.score);
                    prop_assert!(one.class != other.class || one.bbox.iou(other.bbox) <= iou);
                }
            }
            // Everything left out is covered by something better of its class.
            for one in candidates.iter().filter(|one| !kept.contains(one)) {
                let covered = kept.iter().any(|better| {
                    better.class == one.class
                        && better.score >= one.score
                        && better.bbox.iou(one.bbox) > iou
                });
                prop_assert!(covered);
            }
        }
    }
}
