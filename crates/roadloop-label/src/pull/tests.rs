//! Who gets which task when.

use super::*;
use crate::testing::{
    Desk, at, cars, check_counts, drawn, gold, job, new_job, settings, street, task, words,
};
use crate::{Ruling, Submitted, TaskState};

#[test]
fn tasks_come_by_number_and_once() {
    let desk = Desk::of(3, 2);
    for number in 1..=3 {
        assert_eq!(desk.answer("ann", &cars(&[]), 1).number, number);
    }
    assert_eq!(desk.next_number("ann", 1), 0);
    for number in 1..=3 {
        assert_eq!(desk.answer("bob", &cars(&[]), 1).number, number);
    }
    assert_eq!(desk.next_number("eve", 1), 0, "two were asked, and answered");
    check_counts(&desk.labels);
}

#[test]
fn a_task_is_held_by_no_more_than_asked() {
    let desk = Desk::of(2, 2);
    let numbers: Vec<u64> =
        ["ann", "bob", "eve", "joe", "kim"].map(|worker| desk.next_number(worker, 1)).into();
    assert_eq!(numbers, [1, 1, 2, 2, 0]);
    check_counts(&desk.labels);
}

#[test]
fn what_is_held_comes_again() {
    let desk = Desk::of(3, 1);
    let first = desk.next("ann", 1).unwrap();
    let again = desk.next("ann", 200).unwrap();
    assert_eq!((first.id, first.deadline), (again.id, again.deadline));
    assert_eq!(first.deadline, at(301));
    assert_eq!(desk.labels.assignment(first.id, "ann").unwrap(), again);
    let words = words(desk.labels.assignment(first.id, "bob"));
    assert!(words.contains("no assignment 1 of this worker"), "{words}");
}

#[test]
fn a_lease_that_ran_out_is_another_ones() {
    let desk = Desk::of(1, 1);
    let mine = desk.next("ann", 0).unwrap();
    desk.labels.save_draft(mine.id, "ann", 0, &cars(&[1.0])).unwrap();
    assert_eq!(desk.next_number("bob", 299), 0);
    let theirs = desk.next("bob", 300).unwrap();
    assert_eq!((theirs.number, theirs.draft), (1, None));
    assert_eq!(desk.next_number("ann", 301), 0);
    // Theirs ran out as well, and the first one's draft is still there.
    let mine_again = desk.next("ann", 601).unwrap();
    assert_eq!((mine_again.id, mine_again.draft), (mine.id, Some(cars(&[1.0]))));
    assert_eq!((mine_again.revision, mine_again.deadline), (1, at(901)));
    check_counts(&desk.labels);
}

#[test]
fn expire_ends_what_is_over() {
    let desk = Desk::of(5, 1);
    for worker in ["ann", "bob", "eve"] {
        desk.next(worker, 0).unwrap();
    }
    desk.next("joe", 100).unwrap();
    assert_eq!(desk.labels.expire(at(299)).unwrap(), 0);
    assert_eq!(desk.labels.expire(at(300)).unwrap(), 3);
    assert_eq!(desk.labels.expire(at(300)).unwrap(), 0);
    assert_eq!(desk.labels.job(&street(), at(300)).unwrap().progress.leased, 1);
    let expired: Vec<u64> =
        desk.labels.statistics(&street()).unwrap().iter().map(|it| it.expired).collect();
    assert_eq!(expired, [1, 1, 1, 0]);
    check_counts(&desk.labels);
}

#[test]
fn seats_that_came_free_go_first() {
    let desk = Desk::of(9, 1);
    let first = desk.next("ann", 0).unwrap();
    assert_eq!(desk.answer("bob", &cars(&[]), 0).number, 2);
    desk.labels.release(first.id, "ann", at(1)).unwrap();
    assert_eq!(desk.answer("bob", &cars(&[]), 2).number, 1);
    assert_eq!(desk.answer("bob", &cars(&[]), 2).number, 3);
    assert_eq!(desk.next_number("ann", 3), 4);
    check_counts(&desk.labels);
}

#[test]
fn who_skips_is_not_asked_again() {
    let desk = Desk::of(2, 1);
    let first = desk.next("ann", 0).unwrap();
    desk.labels.skip(first.id, "ann", "too dark", at(1)).unwrap();
    assert_eq!(desk.answer("ann", &cars(&[]), 1).number, 2);
    assert_eq!(desk.next_number("ann", 1), 0);
    assert_eq!(desk.state(1), TaskState::Failed, "one was asked, and one skipped");
    assert_eq!(desk.next_number("bob", 1), 0);
    check_counts(&desk.labels);
}

#[test]
fn gold_ones_come_in_between_and_to_everybody() {
    let desk = Desk::new();
    let mut settings = settings();
    settings.gold_every = 3;
    let tasks = [task(1), gold(2), task(3), task(4), gold(5), task(6), task(7), task(8)];
    desk.open_job("street", Purpose::Draw, settings, &tasks);
    let mut numbers = Vec::new();
    while let Some(assignment) = desk.next("ann", 1) {
        numbers.push(assignment.number);
        desk.submit(assignment.id, "ann", &cars(&[10.0]), 2).unwrap();
    }
    assert_eq!(numbers, [1, 3, 2, 4, 6, 5, 7, 8]);
    assert_eq!(desk.next_number("bob", 3), 0, "no gold without a task");
    let one = &desk.labels.statistics(&street()).unwrap()[0];
    assert_eq!((one.answers, one.gold_answers, one.gold_score), (6, 2, Some(1.0)));
    let progress = desk.labels.job(&street(), at(3)).unwrap().progress;
    assert_eq!((progress.tasks, progress.gold, progress.answers), (6, 2, 6));
    assert_eq!(desk.labels.results(&street(), 0, 100).unwrap().len(), 6);
    check_counts(&desk.labels);
}

/// A whole job of one worker, who sees nothing but that there is one less each time.
#[track_caller]
fn check_counting_down(tasks: u64, gold_ones: &[u64], gold_every: u32, given: usize) {
    let desk = Desk::new();
    let mut settings = settings();
    settings.gold_every = gold_every;
    let new = |number| if gold_ones.contains(&number) { gold(number) } else { task(number) };
    let tasks: Vec<_> = (1..=tasks).map(new).collect();
    desk.open_job("street", Purpose::Draw, settings, &tasks);
    let left = || desk.labels.work("ann", at(1)).unwrap()[0].left_for_me;
    let before = left();
    let mut counted = Vec::new();
    while let Some(assignment) = desk.next("ann", 1) {
        counted.push(assignment.left_for_me);
        assert_eq!(left(), assignment.left_for_me);
        desk.submit(assignment.id, "ann", &cars(&[]), 2).unwrap();
    }
    let expected: Vec<u64> = (0..before).rev().collect();
    assert_eq!((counted, before, left()), (expected, given as u64, 0));
    check_counts(&desk.labels);
}

#[test]
fn what_is_left_does_not_tell_which_are_gold() {
    check_counting_down(8, &[2, 5], 3, 8);
    // The second one would come after two more.
    check_counting_down(5, &[2, 5], 3, 4);
    check_counting_down(8, &[2, 5], 4, 8);
    check_counting_down(9, &[1, 2, 3, 4], 2, 9);
    check_counting_down(9, &[1, 2, 3, 4, 5, 6], 2, 6);
    check_counting_down(6, &[4, 5, 6], 1, 6);
    check_counting_down(6, &[4, 5, 6], 0, 3);
    check_counting_down(6, &[4, 5, 6], 9, 3);
    check_counting_down(12, &[], 2, 12);
    check_counting_down(3, &[1, 2, 3], 2, 0);
}

#[test]
fn a_gold_one_that_ran_out_comes_again() {
    let desk = Desk::new();
    let mut settings = settings();
    settings.gold_every = 1;
    desk.open_job("street", Purpose::Draw, settings, &[gold(1), gold(2), task(3)]);
    assert_eq!(desk.next_number("ann", 0), 1);
    assert_eq!(desk.next_number("bob", 0), 1, "everybody gets it");
    assert_eq!(desk.next_number("ann", 300), 1);
    desk.labels.release(desk.next("ann", 300).unwrap().id, "ann", at(301)).unwrap();
    assert_eq!(desk.answer("ann", &cars(&[]), 302).number, 1);
    assert_eq!(desk.answer("ann", &cars(&[]), 302).number, 2);
    assert_eq!(desk.answer("ann", &cars(&[]), 302).number, 3);
    check_counts(&desk.labels);
}

#[test]
fn only_open_jobs_hand_out() {
    let desk = Desk::new();
    let labels = &desk.labels;
    labels.create(&new_job("street", Purpose::Draw, settings()), at(0)).unwrap();
    labels.add_tasks(&street(), 1, &[task(1), task(2), task(3)]).unwrap();
    assert_eq!(desk.next_number("ann", 0), 0);
    labels.seal(&street(), at(0)).unwrap();
    let held = desk.next("ann", 0).unwrap();
    labels.close(&street(), "rita", at(1)).unwrap();
    assert_eq!(desk.next_number("bob", 1), 0);
    // Who holds one may still answer it.
    assert_eq!(desk.next_number("ann", 1), 1);
    assert_eq!(desk.submit(held.id, "ann", &cars(&[]), 2).unwrap(), Submitted::Counted);
    assert_eq!(desk.next_number("ann", 2), 0);
    labels.reopen(&street(), "rita", at(3)).unwrap();
    assert_eq!(desk.next_number("bob", 3), 2);
    let month = 30 * 24 * 3600;
    assert_eq!(desk.next_number("eve", month), 0, "its lifetime is over");
    labels.reopen(&street(), "rita", at(month)).unwrap();
    assert_eq!(desk.next_number("eve", month), 2);
}

#[test]
fn what_was_labelled_elsewhere_is_not_handed_out() {
    let desk = Desk::new();
    let elsewhere = crate::NewTask { image_key: None, ..task(1) };
    let given = crate::NewTask { given: Some(Vec::new()), ..task(2) };
    desk.open_job("street", Purpose::Draw, settings(), &[elsewhere, given, task(3)]);
    assert_eq!(desk.next_number("ann", 0), 3);
    assert_eq!([desk.state(1), desk.state(2)], [TaskState::Waiting, TaskState::Done]);
    assert_eq!(desk.labels.job(&street(), at(0)).unwrap().progress.answers_wanted, 1);
    check_counts(&desk.labels);
}

#[test]
fn the_frame_before_is_shown_as_this_worker_drew_it() {
    let desk = Desk::of(3, 2);
    assert_eq!(desk.answer("ann", &cars(&[33.0]), 0).previous, None);
    let second = desk.next("ann", 0).unwrap();
    assert_eq!(second.previous, Some(vec![drawn("car", 33.0)]));
    desk.labels.skip(second.id, "ann", "fog", at(0)).unwrap();
    assert_eq!(desk.next("ann", 0).unwrap().previous, Some(vec![drawn("car", 0.0)]));
    // The other one did not draw anything there, and sees nobody else's boxes.
    let second = desk.next("bob", 0).unwrap();
    assert_eq!((second.number, second.previous), (2, Some(vec![drawn("car", 0.0)])));
}

#[test]
fn images_are_shown_to_whom_they_were_given() {
    let desk = Desk::of(2, 1);
    desk.next("ann", 0).unwrap();
    let image = |number, worker| match desk.labels.image(&street(), number, worker) {
        Ok(key) => key.unwrap(),
        Err(error) => error.to_string(),
    };
    assert_eq!(image(1, Some("ann")), "anonymized/1.jpg");
    assert_eq!(image(2, None), "anonymized/2.jpg");
    for (number, worker) in [(2, "ann"), (1, "bob"), (99, "ann"), (u64::MAX, "ann")] {
        assert_eq!(image(number, Some(worker)), format!("there is no task {number} in job street"));
    }
}

#[test]
fn work_says_what_is_left_for_whom() {
    let desk = Desk::of(4, 2);
    let work = |worker: &str| {
        let items = desk.labels.work(worker, at(10)).unwrap();
        items.iter().map(|it| (it.mine_done, it.left_for_me, it.sent_back)).collect::<Vec<_>>()
    };
    assert_eq!(work("ann"), [(0, 4, 0)]);
    desk.answer("ann", &cars(&[]), 1);
    let held = desk.next("ann", 1).unwrap();
    assert_eq!((held.mine_done, held.left_for_me), (1, 2));
    assert_eq!(work("ann"), [(1, 2, 0)]);
    assert_eq!(work("bob"), [(0, 4, 0)]);
    for worker in ["bob", "eve"] {
        desk.answer(worker, &cars(&[]), 2);
    }
    assert_eq!(work("ann"), [(1, 2, 0)], "the first two are full, and were mine");
    assert_eq!(work("joe"), [(0, 2, 0)]);
    desk.decide(1, Ruling::SendBack { worker: "ann".into() }, 3).unwrap();
    assert_eq!(work("ann"), [(0, 3, 1)]);
    desk.labels.release(held.id, "ann", at(4)).unwrap();
    let sent_back = desk.next("ann", 4).unwrap();
    assert_eq!((sent_back.number, sent_back.left_for_me), (1, 3));
    desk.labels.close(&street(), "rita", at(5)).unwrap();
    assert_eq!(work("joe"), [], "closed, and not theirs");
    assert_eq!(work("bob"), [(1, 0, 0)]);
    check_counts(&desk.labels);
}

#[test]
fn short_instructions_and_names_of_jobs_come_with_the_work() {
    let desk = Desk::of(1, 1);
    desk.labels.create(&new_job("filling", Purpose::Draw, settings()), at(0)).unwrap();
    let items = desk.labels.work("ann", at(1)).unwrap();
    assert_eq!(items.len(), 1, "what is being filled is nobody's work yet");
    assert_eq!(items[0].short_instructions, "Draw cars.");
    assert_eq!((&items[0].job, items[0].state), (&job("street"), JobState::Open));
}

#[test]
fn names_of_workers_are_checked() {
    let desk = Desk::of(1, 1);
    for name in ["", "a\0b", "a\nb", &"x".repeat(201)] {
        assert!(desk.labels.next(&street(), name, at(0)).is_err(), "{name:?}");
    }
    assert!(desk.next("Zoë O'Neil'; DROP TABLE tasks; --", 0).is_some());
}

#[test]
fn who_went_past_a_task_finds_it_open_again() {
    let desk = Desk::of(2, 2);
    desk.answer("ann", &cars(&[]), 0);
    desk.decide(1, Ruling::SendBack { worker: "ann".into() }, 1).unwrap();
    assert_eq!(desk.answer("bob", &cars(&[]), 2).number, 2, "nobody is asked about it now");
    desk.answer("ann", &cars(&[]), 3);
    assert_eq!(desk.next_number("bob", 4), 1);
    check_counts(&desk.labels);
}

#[test]
fn what_one_had_keeps_nobody_looking() {
    const MANY: u64 = 2 * STEPS as u64 + 50;
    let mut desk = Desk::of(MANY + 1, 2);
    desk.labels = desk.labels.without_sync();
    for number in 1..=MANY {
        assert_eq!(desk.answer("bob", &cars(&[]), 0).number, number);
    }
    for _ in 1..=MANY {
        let skipped = desk.next("ann", 0).unwrap();
        desk.labels.skip(skipped.id, "ann", "fog", at(0)).unwrap();
    }
    // All those seats came free, and were Bob's: he goes on by number, and sees the rest
    // of them later.
    assert_eq!(desk.answer("bob", &cars(&[]), 0).number, MANY + 1);
    let behind = "SELECT freed_up_to < freed FROM workers JOIN counts USING (job) \
                  WHERE worker = 'bob'";
    let is_behind = || -> bool {
        desk.labels.read(|on| Ok(on.query_row(behind, [], |row| row.get(0))?)).unwrap()
    };
    assert!(is_behind(), "not all of them in one call");
    assert_eq!(desk.next_number("bob", 0), 0);
    assert!(!is_behind());
    assert_eq!(desk.next_number("eve", 0), 1);
    check_counts(&desk.labels);
}
