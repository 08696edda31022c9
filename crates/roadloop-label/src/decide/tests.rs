//! What reviewers decide, and what comes of it.

use super::*;
use crate::testing::{Desk, at, cars, check_counts, gold, settings, street, task, verdict, words};
use crate::{KeptReason, Outcome, Purpose, Submitted};

fn send_back(worker: &str) -> Ruling {
    Ruling::SendBack { worker: worker.into() }
}

#[test]
fn a_task_goes_back_to_the_same_person_and_comes_to_review() {
    let desk = Desk::of(2, 2);
    let mine = desk.answer("ann", &cars(&[10.0]), 1);
    desk.answer("bob", &cars(&[10.0]), 1);
    desk.answer("bob", &cars(&[]), 1);
    desk.decide(1, send_back("ann"), 2).unwrap();
    let task = desk.task(1);
    assert_eq!(task.row.state, TaskState::SentBack);
    let states: Vec<&str> = task.answers.iter().map(|answer| answer.state.name()).collect();
    assert_eq!(states, ["sent_back", "submitted"]);
    assert!(task.outcome.is_some(), "what it came to is shown until there is another");
    assert_eq!(desk.labels.results(&street(), 0, 9).unwrap()[0].boxes, None);
    // Nobody else gets the seat, and the person gets it before all others.
    assert_eq!(desk.next_number("eve", 3), 2);
    let again = desk.next("ann", 3).unwrap();
    let sent_back = again.sent_back.unwrap();
    assert_eq!((sent_back.by.as_str(), sent_back.comment.as_str()), ("rita", "look at the left"));
    assert_eq!((again.id, again.draft), (mine.id, Some(cars(&[10.0]))));
    desk.submit(again.id, "ann", &cars(&[12.0]), 4).unwrap();
    let task = desk.task(1);
    assert_eq!((task.row.state, task.row.answers), (TaskState::InReview, 2));
    let Some(Outcome::Boxes(consolidated)) = task.outcome else { panic!("no boxes") };
    assert_eq!(consolidated.boxes[0].pixels.left(), 11.0);
    desk.decide(1, Ruling::Approve, 5).unwrap();
    assert_eq!(desk.state(1), TaskState::Approved);
    assert_eq!(desk.labels.statistics(&street()).unwrap()[0].sent_back, 1);
    check_counts(&desk.labels);
}

#[test]
fn what_was_sent_back_stays_theirs() {
    let desk = Desk::of(1, 1);
    let id = desk.answer("ann", &cars(&[10.0]), 1).id;
    desk.decide(1, send_back("ann"), 2).unwrap();
    // A lost acknowledgement of the first time.
    assert_eq!(desk.submit(id, "ann", &cars(&[10.0]), 3).unwrap(), Submitted::AlreadyCounted);
    let kept = desk.submit(id, "ann", &cars(&[11.0]), 3).unwrap();
    assert_eq!(kept, Submitted::KeptAsDraft { reason: KeptReason::SentBack });
    for seconds in [4, 400] {
        assert_eq!(desk.next_number("ann", seconds), 1);
        assert_eq!(desk.next_number("bob", seconds + 300), 0);
    }
    assert_eq!(desk.next_number("ann", 800), 1);
    desk.labels.release(id, "ann", at(801)).unwrap();
    assert_eq!(desk.next_number("bob", 802), 0);
    // Who will not look again leaves the seat to others.
    assert_eq!(desk.next_number("ann", 803), 1);
    desk.labels.skip(id, "ann", "no", at(804)).unwrap();
    assert_eq!(desk.state(1), TaskState::Failed);
    assert_eq!((desk.task(1).answers.len(), desk.task(1).outcome), (0, None));
    check_counts(&desk.labels);
}

#[test]
fn a_skipped_return_frees_the_seat() {
    let desk = Desk::of(1, 2);
    let mine = desk.answer("ann", &cars(&[10.0]), 1);
    desk.answer("bob", &cars(&[10.0]), 1);
    desk.decide(1, send_back("ann"), 2).unwrap();
    let skip = || desk.labels.skip(mine.id, "ann", "no", at(3));
    assert!(matches!(skip(), Err(LabelError::NotHeld { .. })), "not taken up again yet");
    assert_eq!(desk.next_number("ann", 3), 1);
    skip().unwrap();
    let task = desk.task(1);
    assert_eq!((task.row.state, task.outcome), (TaskState::Waiting, None));
    assert_eq!(desk.answer("eve", &cars(&[10.0]), 4).number, 1);
    assert_eq!(desk.state(1), TaskState::InReview);
    check_counts(&desk.labels);
}

#[test]
fn decisions_are_about_what_was_seen() {
    let desk = Desk::of(1, 2);
    desk.answer("ann", &cars(&[10.0]), 1);
    let seen = desk.task(1).row.revision;
    desk.answer("bob", &cars(&[10.0]), 1);
    let review =
        Review { by: "rita".into(), revision: seen, ruling: Ruling::Approve, comment: None };
    let error = desk.labels.decide(&street(), 1, &review, at(2)).unwrap_err();
    assert_eq!(error.kind(), roadloop_base::ErrorKind::Conflict);
    assert!(matches!(error, LabelError::TaskChanged { revision, .. } if revision > seen));
    assert_eq!(desk.state(1), TaskState::Done);
}

#[track_caller]
fn check_refused(desk: &Desk, number: u64, ruling: Ruling, expected: &str) {
    let words = words(desk.decide(number, ruling, 9));
    assert!(words.contains(expected), "{words}");
}

#[test]
fn not_everything_can_be_decided() {
    let desk = Desk::new();
    desk.open_job("street", Purpose::Draw, settings(), &[task(1), gold(2), task(3)]);
    check_refused(&desk, 1, Ruling::Approve, "no result to approve yet");
    check_refused(&desk, 1, Ruling::Correct(cars(&[])), "not all there yet");
    check_refused(&desk, 1, Ruling::SettleFlag, "not flagged");
    check_refused(&desk, 1, send_back("ann"), "no answer of this worker");
    check_refused(&desk, 2, Ruling::Correct(cars(&[])), "answers are not all there");
    desk.answer("ann", &cars(&[]), 1);
    check_refused(&desk, 1, send_back("bob"), "no answer of this worker");
    check_refused(&desk, 1, Ruling::Correct(cars(&[99.0])), "out of the image");
    check_refused(&desk, 1, Ruling::Correct(verdict(true)), "not a verdict");
    let review = Review { by: "rita".into(), revision: 2, ruling: send_back("ann"), comment: None };
    let silent = words(desk.labels.decide(&street(), 1, &review, at(2)));
    assert!(silent.contains("say what to look at again"), "{silent}");
    let missing = words(desk.labels.task(&street(), 4));
    assert_eq!(missing, "there is no task 4 in job street");
    check_counts(&desk.labels);
}

#[test]
fn corrections_are_kept_beside_what_the_answers_came_to() {
    let desk = Desk::of(1, 1);
    desk.answer("ann", &cars(&[10.0]), 1);
    let task = desk.decide(1, Ruling::Correct(cars(&[10.0, 50.0])), 2).unwrap();
    assert_eq!((task.row.state, task.row.boxes), (TaskState::Corrected, Some(2)));
    let Some(Outcome::Boxes(consolidated)) = task.outcome else { panic!("no boxes") };
    assert_eq!(consolidated.boxes.len(), 1);
    let decision = task.decision.unwrap();
    assert_eq!((decision.by.as_str(), decision.at), ("rita", at(2)));
    let result = &desk.labels.results(&street(), 0, 9).unwrap()[0];
    let boxes = result.boxes.as_ref().unwrap();
    assert_eq!((boxes.len(), boxes[1].confidence), (2, Some(0.0)));
    // Approving would lose the correction; another one takes its place.
    check_refused(&desk, 1, Ruling::Approve, "correct it again, or send it back");
    let boxes = || desk.labels.results(&street(), 0, 9).unwrap()[0].boxes.clone().unwrap().len();
    assert_eq!((desk.state(1), boxes()), (TaskState::Corrected, 2));
    desk.decide(1, Ruling::Correct(cars(&[10.0, 30.0, 50.0])), 3).unwrap();
    assert_eq!((desk.state(1), boxes()), (TaskState::Corrected, 3));
    desk.decide(1, send_back("ann"), 4).unwrap();
    desk.decide(1, Ruling::Approve, 5).unwrap();
    assert_eq!((desk.state(1), boxes()), (TaskState::Approved, 1));
}

#[test]
fn a_decision_ends_what_was_sent_back() {
    let desk = Desk::of(1, 1);
    let mine = desk.answer("ann", &cars(&[10.0]), 1);
    desk.decide(1, send_back("ann"), 2).unwrap();
    desk.next("ann", 3).unwrap();
    desk.decide(1, Ruling::Approve, 4).unwrap();
    let kept = desk.submit(mine.id, "ann", &cars(&[12.0]), 5).unwrap();
    assert_eq!(kept, Submitted::KeptAsDraft { reason: KeptReason::AnsweredBefore });
    assert_eq!(desk.task(1).answers[0].answer, cars(&[10.0]));
    assert_eq!(desk.next_number("ann", 6), 0);
    // And from decided it can go back once more.
    desk.decide(1, send_back("ann"), 7).unwrap();
    assert_eq!((desk.state(1), desk.task(1).decision), (TaskState::SentBack, None));
    check_counts(&desk.labels);
}

#[test]
fn an_answer_after_the_decision_is_a_draft() {
    let desk = Desk::of(1, 1);
    let skipped = desk.next("ann", 0).unwrap();
    desk.labels.skip(skipped.id, "ann", "fog", at(1)).unwrap();
    let desk = Desk::of(1, 2);
    let held = desk.next("ann", 0).unwrap();
    for worker in ["bob", "eve"] {
        let id = desk.next(worker, 1).unwrap().id;
        desk.labels.skip(id, worker, "fog", at(1)).unwrap();
    }
    desk.decide(1, Ruling::Correct(cars(&[])), 2).unwrap();
    let kept = desk.submit(held.id, "ann", &cars(&[1.0]), 3).unwrap();
    assert_eq!(kept, Submitted::KeptAsDraft { reason: KeptReason::Decided });
    assert_eq!(desk.labels.job(&street(), at(4)).unwrap().progress.leased, 0);
    check_counts(&desk.labels);
}

/// Of two people, of whom so many answered before it was skipped.
fn failed(answered: usize) -> Desk {
    let desk = Desk::of(1, 2);
    for _ in 0..answered {
        desk.answer("ann", &cars(&[10.0]), 1);
    }
    for worker in ["bob", "eve"] {
        let id = desk.next(worker, 2).unwrap().id;
        desk.labels.skip(id, worker, "fog", at(2)).unwrap();
    }
    assert_eq!(desk.state(1), TaskState::Failed);
    desk
}

#[test]
fn a_failed_task_goes_back_to_one_who_skipped_it() {
    let desk = failed(1);
    desk.decide(1, send_back("bob"), 3).unwrap();
    assert_eq!(desk.state(1), TaskState::SentBack);
    let item = &desk.labels.work("bob", at(4)).unwrap()[0];
    assert_eq!((item.left_for_me, item.sent_back), (1, 1));
    check_counts(&desk.labels);
    let again = desk.next("bob", 4).unwrap();
    assert_eq!((again.number, again.draft), (1, None));
    assert_eq!(again.sent_back.unwrap().comment, "look at the left");
    desk.submit(again.id, "bob", &cars(&[10.0]), 5).unwrap();
    let task = desk.task(1);
    assert_eq!((task.row.state, task.row.answers), (TaskState::InReview, 2));
    let progress = desk.labels.job(&street(), at(6)).unwrap().progress;
    assert_eq!((progress.failed, progress.skipped), (0, 1));
    check_counts(&desk.labels);
}

#[test]
fn with_one_who_looks_again_it_is_for_others_too() {
    let desk = failed(0);
    desk.decide(1, send_back("bob"), 3).unwrap();
    assert_eq!(desk.next_number("ann", 3), 0);
    desk.answer("bob", &cars(&[]), 4);
    assert_eq!(desk.state(1), TaskState::Waiting);
    desk.answer("ann", &cars(&[]), 5);
    assert_eq!(desk.state(1), TaskState::InReview);
    check_counts(&desk.labels);
}

#[test]
fn what_is_skipped_again_has_failed_again() {
    let desk = failed(1);
    desk.decide(1, send_back("bob"), 3).unwrap();
    let id = desk.next("bob", 4).unwrap().id;
    desk.labels.skip(id, "bob", "fog", at(5)).unwrap();
    assert_eq!(desk.state(1), TaskState::Failed);
    // Decided without waiting, it is skipped as it was.
    desk.decide(1, send_back("eve"), 6).unwrap();
    desk.decide(1, Ruling::Correct(cars(&[])), 7).unwrap();
    assert_eq!((desk.state(1), desk.task(1).answers.len()), (TaskState::Corrected, 1));
    assert_eq!(desk.next_number("eve", 8), 0);
    check_refused(&desk, 1, send_back("eve"), "no answer of this worker");
    check_counts(&desk.labels);
}
