//! Cases computed by hand.

use super::*;

/// `car 0 0 10 10; truck 5 5 20 20 | car 1 0 10 10`: answers between bars.
pub(super) fn answers(text: &str) -> Vec<Vec<DrawnBox>> {
    let one = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let side = |at: usize| words[at].parse().unwrap();
        DrawnBox {
            label: words[0].to_owned(),
            pixels: PixelBox::new(side(1), side(2), side(3), side(4)).unwrap(),
            confidence: None,
            tags: Vec::new(),
        }
    };
    let answer = |text: &str| -> Vec<DrawnBox> {
        text.split(';').filter(|text| !text.trim().is_empty()).map(one).collect()
    };
    text.split('|').map(answer).collect()
}

pub(super) fn merged(answers: &[Vec<DrawnBox>], settings: &Consolidation) -> Consolidated {
    let answers: Vec<&[DrawnBox]> = answers.iter().map(Vec::as_slice).collect();
    consolidate(&answers, (100, 80), settings)
}

/// Boxes as `car 0 0 10 10 0.88 by 0.0 1.0`, `?` where the name is tied; then who was
/// left out, `out 2.0 1/2 0.54`; then the agreement.
#[track_caller]
fn check_as(settings: Consolidation, text: &str, expected: &str) {
    let Consolidated { boxes, left_out, agreement } = merged(&answers(text), &settings);
    let mut got: Vec<String> = Vec::new();
    for merged in boxes {
        let pixels = merged.pixels;
        let sides = [pixels.left(), pixels.top(), pixels.width(), pixels.height()];
        let sides = sides.map(|side| side.to_string()).join(" ");
        let tied = if merged.is_tied { "?" } else { "" };
        let members: Vec<String> = merged
            .members
            .iter()
            .map(|member| format!("{}.{}", member.answer, member.place))
            .collect();
        let by = members.join(" ");
        got.push(format!("{}{tied} {sides} {:?} by {by}", merged.label, merged.confidence));
    }
    for LeftOut { answer, place, votes, needed, nearest_iou } in left_out {
        got.push(format!("out {answer}.{place} {votes}/{needed} {nearest_iou:.2}"));
    }
    got.push(format!("agree {agreement:.2}"));
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(got, expected);
}

#[track_caller]
fn check(text: &str, expected: &str) {
    check_as(Consolidation::default(), text, expected);
}

#[test]
fn three_see_one_thing() {
    // Edges: left (0+1+0)/3 = 0.33, right (10+11+10)/3 = 10.33, top and bottom likewise:
    // 0 0 10 10. Overlaps with it: 1, and twice 90/110 = 0.818. Mean 0.879, by 3/3.
    check(
        "car 0 0 10 10 | car 1 0 10 10 | car 0 1 10 10",
        "car 0 0 10 10 0.88 by 0.0 1.0 2.0
         agree 1.00",
    );
}

#[test]
fn two_of_three_are_enough() {
    // Left (20+22)/2 = 21, right (30+32)/2 = 31. Each overlaps by 90/110 = 0.818; by
    // 2/3: 0.545. Agreement: 1, 1, and of who drew nothing 0.
    check(
        "car 20 0 10 10 | car 22 0 10 10 |",
        "car 21 0 10 10 0.55 by 0.0 1.0
         agree 0.67",
    );
    // Who is alone is left out: 1 of 2; the nearest is 40/160 = 0.25. F1: 1, 1, 0.
    check(
        "car 0 0 10 10 | car 0 0 10 10 | car 6 0 10 10",
        "car 0 0 10 10 0.67 by 0.0 1.0
         out 2.0 1/2 0.25
         agree 0.67",
    );
}

#[test]
fn everyone_must_overlap_everyone() {
    // 0, 3 and 6: neighbours overlap by 70/130 = 0.54, the outer two by 40/160. Both
    // pairs are equally alike; the one further left is first, whoever drew it.
    // Middle 1.5..11.5 rounds to 2..12: overlaps 80/120 = 0.667 and 90/110 = 0.818;
    // mean 0.742, by 2/3: 0.495.
    let expected = |members: &str, out: &str| {
        format!("car 2 0 10 10 0.49 by {members}\nout {out} 1/2 0.54\nagree 0.67")
    };
    check("car 0 0 10 10 | car 3 0 10 10 | car 6 0 10 10", &expected("0.0 1.0", "2.0"));
    check("car 6 0 10 10 | car 3 0 10 10 | car 0 0 10 10", &expected("1.0 2.0", "0.0"));
}

#[test]
fn nobody_votes_twice() {
    // The two cars of the first overlap by 90/110, more than any with the second's
    // (0 and 2: 80/120 = 0.67; 1 and 2: 0.82). The nearer one has the vote.
    // Middle of 1 and 2: 1.5 rounds to 2: overlaps 0.818 and 1: 0.909, by 2/2.
    // F1 of the first: 2 of 3.
    check(
        "car 0 0 10 10; car 1 0 10 10 | car 2 0 10 10",
        "car 2 0 10 10 0.91 by 0.1 1.0
         out 0.0 1/2 0.67
         agree 0.83",
    );
}

#[test]
fn copies_of_a_box_find_each_other() {
    // Taken pair by pair, 0.0 with 1.0, 0.1 with 2.0 and 1.1 with 2.1 would be stuck.
    check(
        "car 0 0 9 9; car 0 0 9 9 | car 0 0 9 9; car 0 0 9 9 | car 0 0 9 9; car 0 0 9 9",
        "car 0 0 9 9 1.0 by 0.0 1.0 2.0
         car 0 0 9 9 1.0 by 0.1 1.1 2.1
         agree 1.00",
    );
    check(
        "car 0 0 9 9 | car 0 0 9 9; car 0 0 9 9 | car 0 0 9 9; car 0 0 9 9",
        "car 0 0 9 9 1.0 by 0.0 1.0 2.0
         car 0 0 9 9 0.67 by 1.1 2.1
         agree 0.89",
    );
}

#[test]
fn quorum_is_settable() {
    let quorum = |quorum| Consolidation { quorum: Some(quorum), ..Consolidation::default() };
    let text = "car 0 0 10 10 | car 0 0 10 10 | bus 50 0 10 10";
    let one = "car 0 0 10 10 0.67 by 0.0 1.0\nbus 50 0 10 10 0.33 by 2.0\nagree 0.67";
    check_as(quorum(1), text, one);
    check_as(quorum(0), text, one);
    // F1 of each against nothing is 0.
    let all = "out 0.0 2/3 1.00\nout 1.0 2/3 1.00\nout 2.0 1/3 0.00\nagree 0.00";
    check_as(quorum(3), text, all);
    check_as(quorum(9), text, all);
}

#[test]
fn names_by_vote() {
    let vote = || Consolidation { class_aware: false, ..Consolidation::default() };
    let text = "car 0 0 10 10 | van 0 0 10 10 | van 0 0 10 10";
    // Who said car does not agree with a van.
    check_as(vote(), text, "van 0 0 10 10 1.0 by 0.0 1.0 2.0\nagree 0.67");
    check(text, "van 0 0 10 10 0.67 by 1.0 2.0\nout 0.0 1/2 1.00\nagree 0.67");
    check_as(vote(), "van 0 0 10 10 | car 0 0 10 10", "car? 0 0 10 10 1.0 by 0.0 1.0\nagree 0.50");
}

#[test]
fn a_median_is_not_moved_by_one() {
    // Widths 10, 10 and 19: the mean right edge is 13, the median one 10.
    // Mean: 100/130 twice, 130/190: (0.769 + 0.769 + 0.684)/3 = 0.741.
    let text = "car 0 0 10 10 | car 0 0 10 10 | car 0 0 19 10";
    check(text, "car 0 0 13 10 0.74 by 0.0 1.0 2.0\nagree 1.00");
    let median = || Consolidation { position: Middle::Median, ..Consolidation::default() };
    // 1, 1 and 100/190 = 0.526: 0.842. The third overlaps the median by more than half.
    check_as(median(), text, "car 0 0 10 10 0.84 by 0.0 1.0 2.0\nagree 1.00");
    // Of two, it is the mean: right edges 10 and 12.
    check_as(
        median(),
        "car 0 0 10 10 | car 0 0 12 10",
        "car 0 0 11 10 0.91 by 0.0 1.0\nagree 1.00",
    );
}

#[test]
fn one_answer_passes_through() {
    // Rounded by edges: 1.4..5.9 is 1..6. Its own order, whatever the quorum.
    let settings = Consolidation { quorum: Some(3), ..Consolidation::default() };
    check_as(
        settings,
        "van 30 0 10 10; car 1.4 2.5 4.5 4",
        "van 30 0 10 10 0.0 by 0.0\ncar 1 3 5 4 0.0 by 0.1\nagree 1.00",
    );
}

#[test]
fn boxes_stay_inside_and_have_an_inside() {
    check(
        "car -5 -5 10 10; car 95 75 20 20; car 50 50 0.2 0.2; car 300 300 5 5",
        "car 0 0 5 5 0.0 by 0.0
         car 95 75 5 5 0.0 by 0.1
         car 50 50 1 1 0.0 by 0.2
         car 99 79 1 1 0.0 by 0.3
         agree 1.00",
    );
}

#[test]
fn nothing_is_an_answer() {
    check("||", "agree 1.00");
    check("", "agree 1.00");
    check("car 0 0 5 5 ||", "out 0.0 1/2 0.00\nagree 0.67");
    let nobody = consolidate(&[], (0, 0), &Consolidation::default());
    assert_eq!(nobody, Consolidated { boxes: vec![], left_out: vec![], agreement: 1.0 });
}

#[test]
fn numbers_that_are_nobodys_pixels() {
    let far = "car -1e308 -1e308 1.7e308 1.7e308";
    let text = format!("{far} | {far} | car 1e308 0 1e308 1e308");
    let got = merged(&answers(&text), &Consolidation::default());
    assert_eq!((got.boxes.len(), got.left_out.len()), (1, 1));
    assert!(got.boxes[0].pixels.is_within(100, 80));
    let none = consolidate(&[&answers(far)[0]], (0, 0), &Consolidation::default());
    assert!(none.boxes[0].pixels.is_within(1, 1));
}

#[test]
fn settings_are_words() {
    let json = serde_json::to_string(&Consolidation::default()).unwrap();
    assert_eq!(json, r#"{"iou":0.5,"quorum":null,"class_aware":true,"position":"mean"}"#);
    let read = |text: &str| serde_json::from_str::<Consolidation>(text);
    assert_eq!(read("{}").unwrap(), Consolidation::default());
    assert_eq!(read(r#"{"position":"median"}"#).unwrap().position, Middle::Median);
    assert!(read(r#"{"threshold":0.5}"#).is_err());
}

#[track_caller]
fn check_score(found: &str, truth: &str, expected: [u64; 3]) {
    let Score { matched, extra, missed } = score(&answers(found)[0], &answers(truth)[0], 0.5);
    assert_eq!([matched, extra, missed], expected);
}

#[test]
fn scores() {
    check_score("", "", [0, 0, 0]);
    check_score("car 0 0 10 10", "car 0 0 10 10", [1, 0, 0]);
    check_score("van 0 0 10 10", "car 0 0 10 10", [0, 1, 1]);
    check_score("car 0 0 10 10; car 1 0 10 10", "car 1 0 10 10", [1, 1, 0]);
    let half = Score { matched: 1, extra: 1, missed: 3 };
    assert_eq!((half.precision(), half.recall()), (0.5, 0.25));
    assert_eq!(half.f1(), 2.0 / 6.0);
    let nothing = Score::default();
    assert_eq!((nothing.precision(), nothing.recall(), nothing.f1()), (1.0, 1.0, 1.0));
}

#[test]
fn one_answer_is_what_it_is_however_full() {
    let mut piled = answers("car 0 0 10 10; car 0 0 10 10; car 1 0 10 10; truck 0 0 10 10");
    piled[0] = piled[0].iter().cycle().take(1000).cloned().collect();
    let all = merged(&piled, &Consolidation::default());
    let places: Vec<usize> = all.boxes.iter().map(|merged| merged.members[0].place).collect();
    assert_eq!(places, (0..1000).collect::<Vec<_>>());
    assert_eq!((all.left_out.len(), all.agreement), (0, 1.0));
}
