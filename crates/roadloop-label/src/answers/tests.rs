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
        "at most 1000 boxes, not 1001",
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
    let desk = Desk::of(2, 1);
    let first = desk.next("ann", 0).unwrap();
    desk.labels.flag(first.id, "ann", " a car on a truck?\n", at(1)).unwrap();
    desk.submit(first.id, "ann", &cars(&[]), 2).unwrap();
    assert_eq!(desk.state(1), TaskState::InReview);
    assert_eq!(desk.labels.job(&street(), at(5)).unwrap().progress.flagged, 1);
    desk.decide(1, Ruling::SettleFlag, 6).unwrap();
    assert_eq!(desk.state(1), TaskState::Done);
    let notes = desk.task(1).notes;
    let kinds: Vec<&str> = notes.iter().map(|note| note.kind.name()).collect();
    assert_eq!(
        (kinds.as_slice(), notes[0].text.as_str()),
        (&["flag", "settled"][..], "a car on a truck?")
    );
    // What was sent back can be flagged once it is taken up again.
    let send_back = Ruling::SendBack { worker: "ann".into() };
    desk.decide(1, send_back, 7).unwrap();
    let flag = |seconds| desk.labels.flag(first.id, "ann", "again?", at(seconds));
    assert!(matches!(flag(8), Err(LabelError::NotHeld { .. })));
    assert_eq!(desk.next_number("ann", 8), 1);
    flag(9).unwrap();
    assert!(desk.task(1).row.is_flagged);
    check_counts(&desk.labels);
}

#[test]
fn what_is_not_in_hand_is_not_flagged() {
    let desk = Desk::of(3, 1);
    let flag = |id, seconds| words(desk.labels.flag(id, "ann", "hm", at(seconds)));
    let refused = |id| format!("assignment {id} is not in your hands any more: take the next task");
    let answered = desk.answer("ann", &cars(&[]), 1).id;
    let before = desk.labels.results(&street(), 0, 9).unwrap();
    assert_eq!(flag(answered, 2), refused(answered));
    desk.labels.close(&street(), "rita", at(3)).unwrap();
    assert_eq!(flag(answered, 4), refused(answered));
    assert_eq!(desk.labels.results(&street(), 0, 9).unwrap(), before);
    desk.labels.reopen(&street(), "rita", at(5)).unwrap();
    let skipped = desk.next("ann", 6).unwrap().id;
    desk.labels.skip(skipped, "ann", "fog", at(7)).unwrap();
    assert_eq!(flag(skipped, 8), refused(skipped));
    let late = desk.next("ann", 10).unwrap().id;
    assert_eq!(flag(late, 310), refused(late));
    assert_eq!(flag(late, 309), "ok");
    desk.labels.release(late, "ann", at(309)).unwrap();
    assert_eq!(flag(late, 309), refused(late));
    let flagged = [1, 2, 3].map(|number| desk.task(number).row.is_flagged);
    assert_eq!(flagged, [false, false, true]);
    check_counts(&desk.labels);
}

#[test]
fn what_a_reviewer_decided_is_not_flagged() {
    let desk = Desk::of(1, 2);
    let held = desk.next("ann", 0).unwrap();
    for worker in ["bob", "eve"] {
        let id = desk.next(worker, 1).unwrap().id;
        desk.labels.skip(id, worker, "fog", at(1)).unwrap();
    }
    desk.decide(1, Ruling::Correct(cars(&[])), 2).unwrap();
    let before = desk.task(1);
    let flagged = desk.labels.flag(held.id, "ann", "hm", at(3));
    assert!(matches!(flagged, Err(LabelError::NotHeld { .. })));
    assert_eq!(desk.task(1), before);
}

#[test]
fn a_task_is_flagged_five_times_at_most_by_one() {
    let desk = Desk::of(1, 2);
    for worker in ["ann", "bob"] {
        let id = desk.next(worker, 0).unwrap().id;
        let flag = || words(desk.labels.flag(id, worker, "hm", at(1)));
        assert_eq!([(); 5].map(|()| flag()), ["ok"; 5]);
        assert!(flag().contains("flagged this task 5 times already"));
    }
    assert_eq!(desk.task(1).notes.len(), 10);
}

#[test]
fn a_late_skip_is_refused_and_takes_nothing() {
    let desk = Desk::of(1, 1);
    let mine = desk.next("ann", 0).unwrap();
    desk.labels.save_draft(mine.id, "ann", 0, &cars(&[1.0])).unwrap();
    let skip = |seconds| desk.labels.skip(mine.id, "ann", "fog", at(seconds));
    // It ran out; was ended; somebody else holds it.
    assert!(matches!(skip(300), Err(LabelError::NotHeld { .. })));
    desk.labels.expire(at(300)).unwrap();
    assert!(matches!(skip(301), Err(LabelError::NotHeld { .. })));
    let theirs = desk.next("bob", 302).unwrap();
    assert!(matches!(skip(303), Err(LabelError::NotHeld { .. })));
    assert_eq!((desk.state(1), desk.task(1).notes), (TaskState::Waiting, Vec::new()));
    desk.labels.release(theirs.id, "bob", at(304)).unwrap();
    let again = desk.next("ann", 305).unwrap();
    assert_eq!((again.id, again.draft), (mine.id, Some(cars(&[1.0]))));
    skip(306).unwrap();
    skip(900).unwrap();
    assert_eq!(desk.state(1), TaskState::Failed);
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
    for blank in ["", " \n\t "] {
        assert!(desk.labels.flag(id, "ann", blank, at(1)).is_err());
        assert!(desk.labels.skip(id, "ann", blank, at(1)).is_err());
    }
    assert!(desk.labels.skip(id, "ann", &long, at(1)).is_err());
    assert!(desk.labels.skip(id, "ann", "a\0b", at(1)).is_err());
    assert!(desk.labels.flag(id, "ann", &format!(" {}\n", &long[1..]), at(1)).is_ok());
}
