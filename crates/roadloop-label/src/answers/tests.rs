//! What becomes of answers, in time and late, twice and wrong.

use super::*;
use crate::testing::{Desk, at, cars, check_counts, drawn, street, verdict, words};
use crate::{MOST_BOXES, NewTask, Purpose, ReviewRule, Ruling, TaskResult, TaskState};

#[test]
fn the_last_answer_makes_them_one() {
    let desk = Desk::of(1, 3);
    desk.answer("ann", &cars(&[10.0, 70.0]), 1);
    desk.answer("bob", &cars(&[12.0]), 2);
    assert_eq!(desk.state(1), TaskState::Waiting);
    assert_eq!(desk.task(1).outcome, None);
    desk.answer("eve", &cars(&[14.0]), 3);
    let task = desk.task(1);
    assert_eq!((task.row.state, task.row.answers, task.row.boxes), (TaskState::Done, 3, Some(1)));
    let Some(crate::Outcome::Boxes(consolidated)) = task.outcome else { panic!("no boxes") };
    assert_eq!(consolidated.boxes[0].pixels.left(), 12.0);
    assert_eq!(consolidated.left_out.len(), 1);
    let results: Vec<TaskResult> = desk.labels.results(&street(), 0, 10).unwrap();
    assert_eq!(results[0].boxes.as_ref().unwrap()[0].pixels.left(), 12.0);
    assert_eq!(results[0].answers.len(), 3);
    let statistics = desk.labels.statistics(&street()).unwrap();
    assert!(statistics[0].agreement.unwrap() < 1.0, "one box too many");
    assert_eq!(statistics[1].agreement, Some(1.0));
    check_counts(&desk.labels);
}

#[test]
fn the_same_again_is_counted_once() {
    let desk = Desk::of(1, 2);
    let mine = desk.answer("ann", &cars(&[1.0]), 1);
    let again = desk.submit(mine.id, "ann", &cars(&[1.0]), 2).unwrap();
    assert_eq!(again, Submitted::AlreadyCounted);
    let other = desk.submit(mine.id, "ann", &cars(&[2.0]), 2).unwrap();
    assert_eq!(other, Submitted::KeptAsDraft { reason: KeptReason::AnsweredBefore });
    assert_eq!(desk.task(1).answers[0].answer, cars(&[1.0]));
    check_counts(&desk.labels);
}

#[test]
fn a_late_answer_is_a_draft() {
    let desk = Desk::of(1, 1);
    let mine = desk.next("ann", 0).unwrap();
    let late = Submitted::KeptAsDraft { reason: KeptReason::LeaseOver };
    assert_eq!(desk.submit(mine.id, "ann", &cars(&[1.0]), 300).unwrap(), late);
    assert_eq!(desk.submit(mine.id, "ann", &cars(&[2.0]), 301).unwrap(), late);
    assert_eq!(desk.task(1).answers, []);
    // Nobody else took it: it comes again with what was drawn.
    let again = desk.next("ann", 302).unwrap();
    assert_eq!((again.id, again.draft.clone()), (mine.id, Some(cars(&[2.0]))));
    let counted = desk.submit(mine.id, "ann", &cars(&[2.0]), 303).unwrap();
    assert_eq!(counted, Submitted::Counted);
    check_counts(&desk.labels);
}

#[test]
fn a_seat_that_another_one_took_is_not_answered_twice() {
    let desk = Desk::of(1, 1);
    let mine = desk.next("ann", 0).unwrap();
    desk.answer("bob", &cars(&[]), 300);
    let late = desk.submit(mine.id, "ann", &cars(&[1.0]), 301).unwrap();
    assert_eq!(late, Submitted::KeptAsDraft { reason: KeptReason::LeaseOver });
    assert_eq!(desk.task(1).answers.len(), 1);
    check_counts(&desk.labels);
}

#[test]
fn drafts_of_two_windows_are_told_apart() {
    let desk = Desk::of(1, 1);
    let id = desk.next("ann", 0).unwrap().id;
    let save = |base, answer: &Answer| desk.labels.save_draft(id, "ann", base, answer);
    assert_eq!(save(0, &cars(&[1.0])).unwrap(), 1);
    assert_eq!(save(1, &cars(&[2.0])).unwrap(), 2);
    let Err(LabelError::DraftChanged { revision, draft }) = save(1, &cars(&[3.0])) else {
        panic!("the draft was overwritten")
    };
    assert_eq!((revision, draft), (2, Some(cars(&[2.0]))));
    assert_eq!(save(1, &cars(&[2.0])).unwrap(), 2, "saved already");
    assert_eq!(desk.labels.assignment(id, "ann").unwrap().draft, Some(cars(&[2.0])));
    desk.submit(id, "ann", &cars(&[2.0]), 2).unwrap();
    assert!(matches!(save(2, &cars(&[3.0])), Err(LabelError::Answered { .. })));
}

#[track_caller]
fn check_refused(answer: &Answer, expected: &str) {
    let desk = Desk::of(1, 1);
    let id = desk.next("ann", 0).unwrap().id;
    let words = words(desk.submit(id, "ann", answer, 1));
    assert!(words.contains(expected), "{words}");
    assert_eq!(desk.task(1).answers.len(), usize::from(words == "ok"));
}

#[test]
fn wrong_answers_are_refused() {
    let boxed = |label: &str, left| Answer::Boxes(vec![drawn(label, left)]);
    check_refused(&boxed("car", 80.0), "ok");
    check_refused(&boxed("car", 80.5), "out of the image of 100x100 pixels");
    check_refused(&boxed("car", -1.0), "out of the image");
    check_refused(&boxed("tram", 0.0), "no label \"tram\"");
    check_refused(&boxed("", 0.0), "no label \"\"");
    check_refused(&Answer::Boxes(vec![drawn("car", 0.0); MOST_BOXES]), "ok");
    check_refused(
        &Answer::Boxes(vec![drawn("car", 0.0); MOST_BOXES + 1]),
        "1001 are more than 1000",
    );
    check_refused(&verdict(true), "not a verdict");
    let mut tagged = drawn("car", 0.0);
    tagged.tags = vec!["x".into(); 21];
    check_refused(&Answer::Boxes(vec![tagged]), "more than 20 tags");
    let mut sure = drawn("car", 0.0);
    sure.confidence = Some(f32::NAN);
    check_refused(&Answer::Boxes(vec![sure]), "between 0 and 1");
    // JSON does not ask the constructor of a box.
    let flat = r#"{"boxes": [{"label": "car", "pixels": {"left": 1, "top": 1, "width": 0,
        "height": 4}, "confidence": null, "tags": []}]}"#;
    check_refused(&serde_json::from_str(flat).unwrap(), "no inside");
}

#[test]
fn seconds_are_those_that_passed() {
    let desk = Desk::of(9, 1);
    let check = |seconds: f64, expected: f64| {
        let task = desk.next("ann", 10).unwrap();
        desk.labels.submit(task.id, "ann", &cars(&[]), seconds, at(19)).unwrap();
        assert_eq!(desk.task(task.number).answers[0].seconds, expected);
    };
    check(7.5, 7.5);
    check(1e300, 9.0);
    check(f64::INFINITY, 9.0);
    check(-1.0, 0.0);
    check(f64::NAN, 0.0);
}

#[test]
fn flags_bring_a_task_to_review() {
    let desk = Desk::with(2, |settings| settings.workers = 1);
    let first = desk.next("ann", 0).unwrap();
    desk.labels.flag(first.id, "ann", "a car on a truck?", at(1)).unwrap();
    desk.submit(first.id, "ann", &cars(&[]), 2).unwrap();
    assert_eq!(desk.state(1), TaskState::InReview);
    let second = desk.answer("ann", &cars(&[]), 3);
    assert_eq!(desk.state(2), TaskState::Done);
    desk.labels.flag(second.id, "ann", "I am not sure", at(4)).unwrap();
    assert_eq!(desk.state(2), TaskState::InReview);
    assert_eq!(desk.labels.job(&street(), at(5)).unwrap().progress.flagged, 2);
    desk.decide(2, Ruling::SettleFlag, 6).unwrap();
    assert_eq!(desk.state(2), TaskState::Done);
    let kinds: Vec<&str> = desk.task(2).notes.iter().map(|note| note.kind.name()).collect();
    assert_eq!(kinds, ["flag", "settled"]);
    check_counts(&desk.labels);
}

#[test]
fn a_task_that_so_many_skipped_is_for_a_reviewer() {
    let desk = Desk::of(1, 2);
    desk.answer("ann", &cars(&[10.0]), 1);
    for worker in ["bob", "eve"] {
        let id = desk.next(worker, 2).unwrap().id;
        desk.labels.skip(id, worker, "fog", at(2)).unwrap();
        desk.labels.skip(id, worker, "fog", at(2)).unwrap();
    }
    let task = desk.task(1);
    assert_eq!((task.row.state, task.row.boxes), (TaskState::Failed, Some(1)));
    assert_eq!(task.notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["fog"; 2]);
    assert_eq!(desk.next_number("joe", 3), 0);
    assert_eq!(desk.labels.results(&street(), 0, 9).unwrap()[0].boxes, None);
    let progress = desk.labels.job(&street(), at(3)).unwrap().progress;
    assert_eq!((progress.failed, progress.skipped), (1, 2));
    desk.decide(1, Ruling::Correct(cars(&[11.0])), 4).unwrap();
    assert_eq!(desk.state(1), TaskState::Corrected);
    check_counts(&desk.labels);
}

#[test]
fn one_who_holds_a_failed_task_may_still_answer() {
    let desk = Desk::of(1, 2);
    let mine = desk.next("ann", 0).unwrap();
    for worker in ["bob", "eve"] {
        let id = desk.next(worker, 2).unwrap().id;
        desk.labels.skip(id, worker, "fog", at(2)).unwrap();
    }
    assert_eq!(desk.state(1), TaskState::Failed);
    assert_eq!(desk.submit(mine.id, "ann", &cars(&[1.0]), 3).unwrap(), Submitted::Counted);
    assert_eq!((desk.state(1), desk.task(1).row.boxes), (TaskState::Failed, Some(1)));
    desk.decide(1, Ruling::Approve, 4).unwrap();
    assert_eq!(desk.labels.results(&street(), 0, 9).unwrap()[0].boxes.as_ref().unwrap().len(), 1);
    check_counts(&desk.labels);
}

#[test]
fn release_gives_the_seat_back() {
    let desk = Desk::of(1, 1);
    let mine = desk.next("ann", 0).unwrap();
    assert_eq!(desk.next_number("bob", 1), 0);
    desk.labels.release(mine.id, "ann", at(1)).unwrap();
    desk.labels.release(mine.id, "ann", at(1)).unwrap();
    assert_eq!(desk.next_number("bob", 1), 1);
    let kept = desk.submit(mine.id, "ann", &cars(&[1.0]), 2).unwrap();
    assert_eq!(kept, Submitted::KeptAsDraft { reason: KeptReason::LeaseOver });
    check_counts(&desk.labels);
}

#[test]
fn verdicts_are_judged() {
    let desk = Desk::of(1, 1);
    desk.answer("ann", &cars(&[1.0]), 1);
    let mut settings = crate::testing::settings();
    settings.workers = 3;
    settings.review = ReviewRule::Below(0.9);
    let tasks: Vec<NewTask> = (1..=2).map(crate::testing::task).collect();
    desk.open_job("check", Purpose::Verify { of: street() }, settings, &tasks);
    let check = crate::testing::job("check");
    for (worker, is_good) in [("bob", true), ("eve", true), ("joe", true)] {
        let id = desk.labels.next(&check, worker, at(2)).unwrap().unwrap().id;
        assert!(desk.submit(id, worker, &cars(&[]), 3).is_err(), "a verdict is asked");
        desk.submit(id, worker, &verdict(is_good), 3).unwrap();
    }
    for (worker, is_good) in [("bob", true), ("eve", false), ("joe", false)] {
        let id = desk.labels.next(&check, worker, at(2)).unwrap().unwrap().id;
        desk.submit(id, worker, &verdict(is_good), 3).unwrap();
    }
    let results = desk.labels.results(&check, 0, 9).unwrap();
    let got: Vec<(TaskState, bool)> =
        results.iter().map(|it| (it.state, it.verdict.as_ref().unwrap().is_good)).collect();
    assert_eq!(got, [(TaskState::Done, true), (TaskState::InReview, false)]);
    let statistics = desk.labels.statistics(&check).unwrap();
    let agreement: Vec<f64> = statistics.iter().filter_map(|it| it.agreement).collect();
    assert_eq!(agreement, [0.5, 1.0, 1.0]);
    check_counts(&desk.labels);
}

#[test]
fn texts_are_bounded() {
    let desk = Desk::of(1, 1);
    let id = desk.next("ann", 0).unwrap().id;
    let long = "x".repeat(LONGEST_COMMENT + 1);
    assert!(desk.labels.flag(id, "ann", &long, at(1)).is_err());
    assert!(desk.labels.flag(id, "ann", "", at(1)).is_err());
    assert!(desk.labels.skip(id, "ann", &long, at(1)).is_err());
    assert!(desk.labels.skip(id, "ann", "a\0b", at(1)).is_err());
    assert!(desk.labels.flag(id, "ann", &long[1..], at(1)).is_ok());
}
