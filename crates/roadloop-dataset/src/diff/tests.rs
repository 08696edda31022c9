//! Two versions, and what is between them.

use proptest::prelude::*;

use super::*;
use crate::testing::{a_box, any_samples, classes, content, sample, with_boxes};

fn between(old: &[Sample], new: &[Sample]) -> Diff {
    let names = classes(&["car", "person", "bus", "tram"]);
    let (old, new) = (old.iter().cloned().map(Ok), new.iter().cloned().map(Ok));
    Diff::between((&names, old), (&names, new)).unwrap()
}

/// Boxes that stay, move, come and go.
#[track_caller]
fn check(old: &[(u32, [f64; 4])], new: &[(u32, [f64; 4])], expected: [u64; 4]) {
    let one = |boxes: &[(u32, [f64; 4])]| [with_boxes("a.png", "d", boxes)];
    let diff = between(&one(old), &one(new));
    let BoxChanges { same, moved, added, removed } = diff.boxes;
    assert_eq!([same, moved, added, removed], expected);
    let is_changed = moved + added + removed > 0;
    assert_eq!(diff.images_relabelled.count, u64::from(is_changed));
    assert_eq!(diff.images_unchanged, u64::from(!is_changed));
}

#[test]
fn boxes_are_found_again() {
    let (here, near) = ([10.0, 10.0, 40.0, 40.0], [12.0, 9.0, 40.0, 40.0]);
    let far = [300.0, 10.0, 40.0, 40.0];
    check(&[(0, here)], &[(0, here)], [1, 0, 0, 0]);
    check(&[(0, here), (1, far)], &[(1, far), (0, here)], [2, 0, 0, 0]);
    check(&[(0, here)], &[(0, near)], [0, 1, 0, 0]);
    check(&[(0, near)], &[(0, here)], [0, 1, 0, 0]);
    check(&[(0, here)], &[(1, here)], [0, 0, 1, 1]);
    check(&[(0, here)], &[(0, far)], [0, 0, 1, 1]);
    check(&[(0, here)], &[(0, here), (0, here)], [1, 0, 1, 0]);
    check(&[(0, here), (0, near)], &[(0, near)], [1, 0, 0, 1]);
    check(&[], &[], [0; 4]);
    check(&[(0, [5.0, 5.0, 0.0, 0.0])], &[(0, [5.0, 5.0, 0.0, 0.0])], [1, 0, 0, 0]);
}

#[test]
fn a_confidence_is_a_change() {
    let old = with_boxes("a.png", "d", &[(0, [1.0, 1.0, 5.0, 5.0])]);
    let mut new = old.clone();
    new.boxes.as_mut().unwrap()[0].confidence = Some(0.5);
    assert_eq!(between(&[old], &[new]).boxes, BoxChanges { moved: 1, ..Default::default() });
}

#[test]
fn images_come_go_and_move() {
    let of = |name: &str, split: Split, number: u64| {
        let mut one = sample(name, "d");
        (one.split, one.image.content) = (split, Some(content(number, 0)));
        one
    };
    let old =
        [of("a.png", Split::Train, 1), of("b.png", Split::Train, 2), of("c.png", Split::Val, 3)];
    let mut looked_at = of("c.png", Split::Val, 4);
    looked_at.boxes = Some(vec![]);
    let diff = between(&old, &[looked_at, of("b.png", Split::Test, 2), of("d.png", Split::Val, 5)]);
    assert_eq!(diff.images_added.examples[0].as_str(), "d.png");
    assert_eq!(diff.images_removed.examples[0].as_str(), "a.png");
    let moved = &diff.images_moved.examples[0];
    assert_eq!((moved.image.as_str(), moved.from, moved.to), ("b.png", Split::Train, Split::Test));
    assert_eq!(
        (diff.images_replaced.count, diff.images_replaced.examples[0].as_str()),
        (1, "c.png")
    );
    assert_eq!(diff.images_relabelled.examples[0].is_labelled_now, Some(true));
    assert_eq!(diff.images_unchanged, 0);
}

#[test]
fn classes_are_the_same_by_name() {
    let (old, new) = (classes(&["car", "van", "bus"]), classes(&["bus", "tram", "car"]));
    let area = [1.0, 1.0, 5.0, 5.0];
    let before = with_boxes("a.png", "d", &[(0, area), (1, area)]);
    let now = with_boxes("a.png", "d", &[(2, area), (1, area)]);
    let diff = Diff::between((&old, [Ok(before)]), (&new, [Ok(now)])).unwrap();
    assert_eq!(diff.boxes, BoxChanges { same: 1, moved: 0, added: 1, removed: 1 });
    assert_eq!((diff.classes.added, diff.classes.removed), (classes(&["tram"]), classes(&["van"])));
    assert!(diff.classes.is_reordered);
    assert_eq!(
        diff.classes.boxes,
        BTreeMap::from([("tram".to_owned(), 1), ("van".to_owned(), -1)])
    );
}

#[test]
fn a_name_that_is_there_twice_is_an_error() {
    let rows = || [Ok(sample("a.png", "d")), Ok(sample("a.png", "d"))];
    assert!(Diff::between((&[], rows()), (&[], [])).is_err());
    assert!(Diff::between((&[], []), (&[], rows())).is_err());
    let once = [Ok(sample("a.png", "d"))];
    assert!(Diff::between((&[], once), (&[], rows())).is_err());
}

#[test]
fn examples_end_and_counts_go_on() {
    let new = (0..9).map(|number| Ok(sample(&format!("{number}.png"), "d")));
    let diff = Diff::with_examples((&[], []), (&[], new), 3).unwrap();
    assert_eq!((diff.images_added.count, diff.images_added.examples.len()), (9, 3));
}

#[test]
fn thousands_of_boxes_at_one_place_end() {
    let boxes = |at: f64| vec![a_box(0, [at, 1.0, 500.0, 500.0]); 2_000];
    let [old, new] = [1.0, 2.0].map(|at| Sample { boxes: Some(boxes(at)), ..sample("a.png", "d") });
    let changes = between(&[old], &[new]).boxes;
    assert_eq!(changes.moved + changes.added, 2_000);
    let same = [Sample { boxes: Some(boxes(1.0)), ..sample("a.png", "d") }];
    assert_eq!(between(&same, &same).boxes.same, 2_000);
}

proptest! {
    #[test]
    fn nothing_is_between_a_version_and_itself(samples in any_samples(30)) {
        let diff = between(&samples, &samples);
        prop_assert_eq!(diff.images_unchanged, samples.len() as u64);
        prop_assert_eq!(diff.boxes.moved + diff.boxes.added + diff.boxes.removed, 0);
    }

    #[test]
    fn there_and_back_are_opposites(old in any_samples(30), new in any_samples(30)) {
        let (there, back) = (between(&old, &new), between(&new, &old));
        prop_assert_eq!(there.images_added, back.images_removed);
        prop_assert_eq!(there.images_moved.count, back.images_moved.count);
        prop_assert_eq!(there.boxes.added, back.boxes.removed);
        prop_assert_eq!(there.boxes.same, back.boxes.same);
        let in_both = old.len().min(new.len());
        let count = |samples: &[Sample]| -> u64 {
            samples.iter().take(in_both).flat_map(|sample| &sample.boxes).map(|boxes| boxes.len() as u64).sum()
        };
        prop_assert_eq!(there.boxes.same + there.boxes.moved + there.boxes.removed, count(&old));
        prop_assert_eq!(there.boxes.same + there.boxes.moved + there.boxes.added, count(&new));
    }
}
