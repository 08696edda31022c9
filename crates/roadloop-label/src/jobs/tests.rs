//! Jobs from the first task to the last change.

use super::*;
use crate::testing::{
    Desk, at, cars, check_counts, gold, job, new_job, settings, street, task, words,
};
use crate::{Outcome, ResultBox, ReviewRule, Ruling, TaskState};

#[test]
fn what_was_made_is_there_again() {
    let desk = Desk::new();
    let picture = Picture::new("good.png", b"\x89PNG\r\n\x1a\n".to_vec()).unwrap();
    let pictures = vec![picture.clone()];
    let new = NewJob { pictures, ..new_job("street", Purpose::Draw, settings()) };
    let made = desk.labels.create(&new, at(7)).unwrap();
    assert_eq!(
        (made.state, made.created_at, &made.settings),
        (JobState::Filling, at(7), &settings())
    );
    let other = desk.other();
    assert_eq!(other.job(&street(), at(7)).unwrap(), made);
    assert_eq!(other.jobs(at(7)).unwrap(), [made]);
    assert_eq!(other.instructions(&street()).unwrap(), new.instructions);
    assert_eq!(other.picture_names(&street()).unwrap(), ["good.png"]);
    assert_eq!(other.picture(&street(), "good.png").unwrap(), picture);
    assert!(other.picture(&street(), "' OR 1=1").is_err());
}

#[test]
fn names_are_given_once() {
    let desk = Desk::new();
    let create = |name| words(desk.labels.create(&new_job(name, Purpose::Draw, settings()), at(0)));
    assert_eq!(create("street"), "ok");
    assert_eq!(create("Street"), "there is a labelling job street already: take another name");
    let chained = new_job("check", Purpose::Verify { of: job("nowhere") }, settings());
    let words = words(desk.labels.create(&chained, at(0)));
    assert_eq!(words, "there is no labelling job nowhere: look at the list of them");
}

#[test]
fn filling_that_was_cut_off_goes_on() {
    let desk = Desk::new();
    let labels = &desk.labels;
    labels.create(&new_job("street", Purpose::Draw, settings()), at(0)).unwrap();
    assert!(words(labels.seal(&street(), at(0))).contains("at least one task"));
    labels.add_tasks(&street(), 1, &[task(1), gold(2)]).unwrap();
    labels.add_tasks(&street(), 1, &[task(1), gold(2), task(3)]).unwrap();
    let gap = words(labels.add_tasks(&street(), 5, &[task(5)]));
    assert!(gap.contains("5 does not follow on 3"), "{gap}");
    labels.add_tasks(&street(), 4, &[task(4)]).unwrap();
    let job = labels.seal(&street(), at(1)).unwrap();
    assert_eq!((job.progress.tasks, job.progress.gold), (3, 1));
    assert_eq!(labels.seal(&street(), at(1)).unwrap().state, JobState::Open);
    assert!(words(labels.add_tasks(&street(), 5, &[task(5)])).contains("before it is opened"));
    assert!(words(labels.delete_filling(&street())).contains("is not deleted"));
    check_counts(labels);
}

#[test]
fn what_was_never_opened_can_be_taken_away() {
    let desk = Desk::new();
    let new = new_job("street", Purpose::Draw, settings());
    desk.labels.create(&new, at(0)).unwrap();
    desk.labels.add_tasks(&street(), 1, &[task(1)]).unwrap();
    desk.labels.delete_filling(&street()).unwrap();
    assert_eq!(desk.labels.jobs(at(0)).unwrap(), []);
    let job = desk.labels.create(&new, at(1)).unwrap();
    assert_eq!(job.progress.tasks, 0);
}

#[track_caller]
fn check_task(change: impl FnOnce(&mut NewTask), expected: &str) {
    let desk = Desk::new();
    desk.labels.create(&new_job("street", Purpose::Draw, settings()), at(0)).unwrap();
    let mut bad = task(2);
    change(&mut bad);
    let alone = crate::testing::words(bad.check(&Purpose::Draw, &settings()));
    let words = words(desk.labels.add_tasks(&street(), 1, &[task(1), bad]));
    assert!(words.contains(expected), "{words}");
    assert_eq!(alone, words, "asked before");
    let tasks = if words == "ok" { 2 } else { 0 };
    assert_eq!(desk.labels.job(&street(), at(0)).unwrap().progress.tasks, tasks);
}

#[test]
fn tasks_are_checked_and_a_batch_is_all_or_nothing() {
    check_task(|_| {}, "ok");
    check_task(|it| it.width = 0, "1 to 65536 pixels");
    let given = |count| {
        let pixels = roadloop_base::PixelBox::new(0.0, 0.0, 1.0, 1.0).unwrap();
        Some(vec![ResultBox { label: "tram".into(), pixels, confidence: None }; count])
    };
    check_task(|it| it.given = given(10_000), "ok");
    check_task(|it| it.given = given(10_001), "at most 10000 boxes");
    let many = |count| vec![crate::testing::drawn("tram", 1.0); count];
    check_task(|it| it.initial = many(1001), "at most 1000 boxes, not 1001");
    check_task(|it| it.line = Some(" ".repeat((16 << 20) + 1)), "at most 16 MiB");
    check_task(|it| it.source = "x".repeat(5000), "1 to 4096 characters");
    check_task(|it| it.initial[0].label = "tram".into(), "ok");
    check_task(|it| it.gold = Some(vec![crate::testing::drawn("tram", 1.0)]), "no label");
    check_task(|it| (it.gold, it.image_key) = (Some(Vec::new()), None), "to be shown");
}

#[test]
fn what_an_import_brings_is_done() {
    let desk = Desk::new();
    let pixels = roadloop_base::PixelBox::new(0.25, 1.125, 10.5, 20.0).unwrap();
    let given = vec![ResultBox { label: "tram".into(), pixels, confidence: None }];
    let line = Some("{\"source-ref\":\"a\"}".to_owned());
    let imported = NewTask { given: Some(given.clone()), image_key: None, line, ..task(1) };
    desk.open_job("street", Purpose::Draw, settings(), std::slice::from_ref(&imported));
    let result = &desk.labels.results(&street(), 0, 9).unwrap()[0];
    assert_eq!((result.state, &result.boxes), (TaskState::Done, &Some(given)));
    assert_eq!((&result.line, &result.source), (&imported.line, &imported.source));
    desk.decide(1, Ruling::Approve, 1).unwrap();
    assert_eq!(desk.state(1), TaskState::Approved);
    check_counts(&desk.labels);
}

#[test]
fn other_settings_of_consolidation_are_for_what_is_undecided() {
    let desk = Desk::with(3, |settings| {
        settings.workers = 2;
        settings.review = ReviewRule::Below(0.9);
    });
    for _ in 0..2 {
        desk.answer("ann", &cars(&[10.0]), 1);
        desk.answer("bob", &cars(&[18.0]), 1);
    }
    desk.decide(2, Ruling::Approve, 2).unwrap();
    let boxes = |number| match desk.task(number).outcome {
        Some(Outcome::Boxes(consolidated)) => consolidated.boxes.len(),
        _ => panic!("no boxes"),
    };
    assert_eq!((boxes(1), desk.state(1)), (0, TaskState::InReview));
    let looser = Consolidation { iou: 0.3, ..Consolidation::default() };
    let job = desk.labels.set_consolidation(&street(), &looser, at(3)).unwrap();
    assert_eq!(job.settings.consolidation, looser);
    assert_eq!((boxes(1), desk.state(1)), (1, TaskState::Done));
    assert_eq!((boxes(2), desk.state(2)), (0, TaskState::Approved));
    let bad = Consolidation { iou: 0.0, ..Consolidation::default() };
    assert!(desk.labels.set_consolidation(&street(), &bad, at(3)).is_err());
    check_counts(&desk.labels);
}

#[test]
fn a_change_of_settings_that_was_cut_off_is_finished() {
    let desk = Desk::of(500, 1);
    for _ in 0..450 {
        desk.answer("ann", &cars(&[10.0]), 1);
    }
    let revision = desk.task(450).row.revision;
    let stale = "UPDATE jobs SET merged_up_to = 100";
    desk.labels.write(|on| Ok(on.execute(stale, [])?)).unwrap();
    desk.labels.expire(at(2)).unwrap();
    assert_eq!(desk.task(100).row.revision, revision);
    for number in [101, 450] {
        assert_eq!(desk.task(number).row.revision, revision + 1);
    }
    let left = "SELECT count(*) FROM jobs WHERE merged_up_to IS NOT NULL";
    let left: i64 = desk.labels.read(|on| Ok(on.query_row(left, [], |row| row.get(0))?)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn progress_tells_when_it_will_be_over() {
    let desk = Desk::of(10, 2);
    let progress = |seconds| desk.labels.job(&street(), at(seconds)).unwrap().progress;
    assert_eq!((progress(0).median_seconds, progress(0).seconds_left), (None, None));
    for (worker, seconds) in [("ann", 4.0), ("bob", 6.0), ("ann", 9.0), ("bob", 7.0)] {
        let id = desk.next(worker, 0).unwrap().id;
        desk.labels.submit(id, worker, &cars(&[]), seconds, at(100)).unwrap();
    }
    let now = progress(100);
    assert_eq!((now.answers, now.answers_wanted, now.done), (4, 20, 2));
    assert_eq!(now.median_seconds, Some(6.5));
    assert_eq!(now.seconds_left, Some(16.0 * 6.5 / 2.0));
    assert_eq!(progress(100 + 3601).seconds_left, None, "nobody works on it");
}

#[test]
fn closing_says_by_whom() {
    let desk = Desk::of(1, 1);
    let closed = desk.labels.close(&street(), "rita", at(5)).unwrap();
    assert_eq!((closed.state, closed.changed_by.as_str()), (JobState::Closed, "rita"));
    assert_eq!(closed.changed_at, at(5));
}

#[test]
fn what_was_not_made_to_the_end_is_made_again() {
    let desk = Desk::new();
    let labels = &desk.labels;
    labels.create(&new_job("street", Purpose::Draw, settings()), at(0)).unwrap();
    labels.add_tasks(&street(), 1, &[task(1)]).unwrap();
    let refused = "job street is filling: it was never made to the end: drop it and make it again";
    assert_eq!(words(labels.close(&street(), "rita", at(5))), refused);
    assert_eq!(words(labels.reopen(&street(), "rita", at(5))), refused);
    assert_eq!(words(labels.results(&street(), 0, 9)), refused);
    labels.seal(&street(), at(6)).unwrap();
    assert_eq!(labels.results(&street(), 0, 9).unwrap().len(), 1);
}
