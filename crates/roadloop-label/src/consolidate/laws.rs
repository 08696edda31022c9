//! What holds for any answers.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Few places and sizes, so that boxes meet, tie, and are the same.
fn drawn() -> impl Strategy<Value = DrawnBox> {
    let coarse = (0..6u32, 0..3u32, 2..6u32, 2..5u32)
        .prop_map(|(left, top, width, height)| [left * 3, top * 3, width * 3, height * 3]);
    let fine = (0..60u32, 0..40u32, 4..60u32, 4..40u32)
        .prop_map(|(left, top, width, height)| [left, top, width, height]);
    let thirds =
        (coarse.clone(), 1..3u32).prop_map(|(sides, third)| (sides, f64::from(third) / 3.0));
    let sides = prop_oneof![
        4 => coarse.prop_map(|sides| (sides, 0.0)),
        2 => fine.prop_map(|sides| (sides, 0.0)),
        1 => thirds,
    ];
    (sides, prop_oneof!["car", "van"]).prop_map(|((sides, more), label)| {
        let [left, top, width, height] = sides.map(f64::from);
        let pixels = PixelBox::new(left + more, top + more, width, height);
        DrawnBox { label, pixels: pixels.unwrap(), confidence: None, tags: Vec::new() }
    })
}

fn answers() -> impl Strategy<Value = Vec<Vec<DrawnBox>>> {
    proptest::collection::vec(proptest::collection::vec(drawn(), 0..8), 0..6)
}

fn settings() -> impl Strategy<Value = Consolidation> {
    let iou = prop_oneof![Just(0.5), 0.05..1.0f64];
    let quorum = proptest::option::of(1..4u32);
    let position = prop_oneof![Just(Middle::Mean), Just(Middle::Median)];
    (iou, quorum, any::<bool>(), position).prop_map(|(iou, quorum, class_aware, position)| {
        Consolidation { iou, quorum, class_aware, position }
    })
}

fn merged(answers: &[Vec<DrawnBox>], settings: &Consolidation) -> Consolidated {
    let answers: Vec<&[DrawnBox]> = answers.iter().map(Vec::as_slice).collect();
    consolidate(&answers, (64, 48), settings)
}

/// Clusters with all pairs at once and no short cut.
fn plain_clusters(answers: &[&[DrawnBox]], settings: &Consolidation) -> Vec<BTreeSet<[usize; 2]>> {
    let mut clusters = cluster::same_boxes(answers);
    let mut pairs = Vec::new();
    for one in 0..clusters.len() {
        for other in one + 1..clusters.len() {
            let [a, b] = [clusters[one][0].drawn, clusters[other][0].drawn];
            let overlap = iou(a.pixels, b.pixels);
            let is_named_alike = !settings.class_aware || a.label == b.label;
            if is_named_alike && overlap > 0.0 && overlap >= settings.iou {
                pairs.push((overlap, one, other));
            }
        }
    }
    // Stable: those that are as alike stay in their order.
    pairs.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut home: Vec<usize> = (0..clusters.len()).collect();
    for (_, one, other) in pairs {
        let [one, other] = [home[one].min(home[other]), home[one].max(home[other])];
        let all_fit = clusters[one].iter().all(|a| {
            let fits = |b: &cluster::Voter<'_>| {
                a.answer != b.answer && iou(a.drawn.pixels, b.drawn.pixels) >= settings.iou
            };
            clusters[other].iter().all(fits)
        });
        if one != other && all_fit {
            let moved = std::mem::take(&mut clusters[other]);
            clusters[one].extend(moved);
            home.iter_mut().filter(|place| **place == other).for_each(|place| *place = one);
        }
    }
    clusters.retain(|cluster| !cluster.is_empty());
    names(&clusters)
}

fn names(clusters: &[Vec<cluster::Voter<'_>>]) -> Vec<BTreeSet<[usize; 2]>> {
    let names = |cluster: &Vec<cluster::Voter<'_>>| {
        cluster.iter().map(|voter| [voter.answer, voter.place]).collect()
    };
    clusters.iter().map(names).collect()
}

/// How many are matched, without a short cut.
fn matched(found: &[DrawnBox], truth: &[DrawnBox], threshold: f64) -> u64 {
    let mut pairs = Vec::new();
    for drawn in found.iter().enumerate() {
        for real in truth.iter().enumerate().filter(|(_, real)| real.label == drawn.1.label) {
            pairs.push((iou(drawn.1.pixels, real.1.pixels), drawn, real));
        }
    }
    pairs.retain(|(overlap, ..)| *overlap > 0.0 && *overlap >= threshold);
    pairs.sort_by(|(one, a, b), (other, c, d)| {
        let by_overlap = other.total_cmp(one);
        by_overlap
            .then_with(|| overlap::by_content(a.1, c.1))
            .then_with(|| overlap::by_content(b.1, d.1))
    });
    let [mut is_found, mut is_there] = [BTreeSet::new(), BTreeSet::new()];
    for (_, (place, _), (there, _)) in pairs {
        if !is_found.contains(&place) && !is_there.contains(&there) {
            is_found.insert(place);
            is_there.insert(there);
        }
    }
    is_found.len() as u64
}

/// All of it that does not name an answer, bit by bit.
fn without_names(all: &Consolidated) -> Vec<String> {
    let mut lines = vec![format!("{:?}", all.agreement)];
    for merged in &all.boxes {
        let mut members: Vec<String> =
            merged.members.iter().map(|member| format!("{:?}", member.iou)).collect();
        members.sort();
        let MergedBox { label, pixels, confidence, is_tied, .. } = merged;
        lines.push(format!("{label} {pixels:?} {confidence:?} {is_tied} {members:?}"));
    }
    let mut out: Vec<String> = all
        .left_out
        .iter()
        .map(|left| format!("{} {} {:?}", left.votes, left.needed, left.nearest_iou))
        .collect();
    out.sort();
    lines.extend(out);
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whose_answer_comes_first_does_not_matter(
        answers in answers(),
        settings in settings(),
        moves in proptest::collection::vec((any::<Index>(), any::<Index>()), 0..8),
    ) {
        let mut shuffled = answers.clone();
        for (from, to) in moves {
            if !answers.is_empty() {
                shuffled.swap(from.index(answers.len()), to.index(answers.len()));
            }
        }
        let [one, other] = [merged(&answers, &settings), merged(&shuffled, &settings)];
        prop_assert_eq!(without_names(&one), without_names(&other));
    }

    #[test]
    fn order_within_an_answer_does_not_matter(answers in answers(), settings in settings()) {
        let mut turned = answers.clone();
        turned.iter_mut().for_each(|answer| answer.reverse());
        let [one, other] = [merged(&answers, &settings), merged(&turned, &settings)];
        // One answer keeps its order.
        let in_order = |all: &Consolidated| {
            let mut lines = without_names(all);
            if answers.len() == 1 {
                lines.sort();
            }
            lines
        };
        prop_assert_eq!(in_order(&one), in_order(&other));
    }

    #[test]
    fn the_same_answers_merge_to_themselves(
        answer in proptest::collection::vec(drawn(), 0..12),
        people in 2..6usize,
        settings in settings(),
    ) {
        let whole = |drawn: &DrawnBox| {
            let pixels = drawn.pixels;
            let sides = [pixels.left(), pixels.top(), pixels.width(), pixels.height()];
            sides.iter().all(|side| side.fract() == 0.0) && pixels.is_within(64, 48)
        };
        let answer: Vec<DrawnBox> = answer.into_iter().filter(whole).collect();
        let got = merged(&vec![answer.clone(); people], &settings);
        prop_assert!(got.left_out.is_empty());
        prop_assert_eq!(got.agreement, 1.0);
        let line = |label: &str, pixels: PixelBox| format!("{label} {pixels:?}");
        let mut expected: Vec<String> =
            answer.iter().map(|drawn| line(&drawn.label, drawn.pixels)).collect();
        let mut found: Vec<String> =
            got.boxes.iter().map(|merged| line(&merged.label, merged.pixels)).collect();
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
        for merged in &got.boxes {
            prop_assert!(!merged.is_tied && merged.members.len() == people);
            prop_assert_eq!(merged.confidence, 1.0);
        }
    }

    #[test]
    fn every_box_has_one_place(answers in answers(), settings in settings()) {
        let got = merged(&answers, &settings);
        prop_assert!((0.0..=1.0).contains(&got.agreement));
        let mut seen = BTreeSet::new();
        let needed = settings.needed(answers.len());
        for merged in &got.boxes {
            prop_assert!((0.0..=1.0).contains(&merged.confidence));
            prop_assert_eq!(merged.confidence, two_digits(merged.confidence));
            prop_assert!(merged.pixels.is_within(64, 48));
            prop_assert!(merged.pixels.width() >= 1.0 && merged.pixels.height() >= 1.0);
            prop_assert!(merged.members.len() >= needed as usize || answers.len() == 1);
            let people: BTreeSet<usize> =
                merged.members.iter().map(|member| member.answer).collect();
            prop_assert_eq!(people.len(), merged.members.len());
            for one in &merged.members {
                prop_assert!(seen.insert((one.answer, one.place)));
                let a = &answers[one.answer][one.place];
                prop_assert_eq!(one.iou, iou(merged.pixels, a.pixels));
                prop_assert!(!settings.class_aware || a.label == merged.label);
                for other in &merged.members {
                    let b = &answers[other.answer][other.place];
                    prop_assert!(iou(a.pixels, b.pixels) >= settings.iou);
                }
            }
        }
        for left in &got.left_out {
            prop_assert!(seen.insert((left.answer, left.place)));
            prop_assert!(left.votes < left.needed && (0.0..=1.0).contains(&left.nearest_iou));
        }
        prop_assert_eq!(seen.len(), answers.iter().map(Vec::len).sum::<usize>());
    }

    #[test]
    fn no_pair_is_overlooked(
        answers in answers(),
        settings in settings(),
        at_once in prop_oneof![1..5usize, Just(1000)],
    ) {
        let answers: Vec<&[DrawnBox]> = answers.iter().map(Vec::as_slice).collect();
        let same = cluster::same_boxes(&answers);
        let got = cluster::join(same, answers.len(), &settings, at_once);
        prop_assert_eq!(names(&got), plain_clusters(&answers, &settings));
    }

    #[test]
    fn a_score_overlooks_nothing(
        found in proptest::collection::vec(drawn(), 0..12),
        truth in proptest::collection::vec(drawn(), 0..12),
        iou in prop_oneof![Just(0.5), 0.05..1.0f64],
    ) {
        prop_assert_eq!(score(&found, &truth, iou).matched, matched(&found, &truth, iou));
    }

    #[test]
    fn overlap_has_no_direction(a in drawn(), b in drawn()) {
        let [one, other] = [iou(a.pixels, b.pixels), iou(b.pixels, a.pixels)];
        prop_assert_eq!(one, other);
        prop_assert!((0.0..=1.0).contains(&one));
        prop_assert_eq!(one == 1.0, a.pixels == b.pixels);
    }
}
