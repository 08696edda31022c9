//! What reviewers see.

use super::*;
use crate::ReviewRule;
use crate::testing::{Desk, at, cars, check_counts, street};

#[test]
fn disagreements_come_worst_first() {
    let desk = Desk::with(5, |settings| {
        settings.workers = 2;
        settings.review = ReviewRule::Below(0.9);
    });
    let lefts = [[10.0, 10.0], [10.0, 70.0], [10.0, 12.0], [40.0, 0.0]];
    for [ann, bob] in lefts {
        desk.answer("ann", &cars(&[ann, 80.0]), 1);
        desk.answer("bob", &cars(&[bob, 80.0]), 1);
    }
    let list = |states: &[TaskState], order, offset, limit| {
        let flagged = Flagged::Any;
        let query = TaskQuery { states: states.to_vec(), flagged, order, offset, limit };
        let page = desk.labels.tasks(&street(), &query).unwrap();
        let numbers: Vec<u64> = page.tasks.iter().map(|task| task.number).collect();
        (page.total, numbers)
    };
    let worst = TaskOrder::WorstFirst;
    assert_eq!(list(&[], worst, 0, 9), (5, vec![2, 4, 1, 3, 5]));
    assert_eq!(list(&[TaskState::InReview], worst, 0, 9), (2, vec![2, 4]));
    assert_eq!(list(&[TaskState::InReview], worst, 1, 9), (2, vec![4]));
    assert_eq!(list(&[], TaskOrder::Number, 1, 2), (5, vec![2, 3]));
    let states = [TaskState::Done, TaskState::Waiting];
    assert_eq!(list(&states, TaskOrder::Number, 0, 9), (3, vec![1, 3, 5]));
    assert_eq!(list(&[], TaskOrder::Number, u64::MAX, u32::MAX), (5, vec![]));
    let id = desk.next("ann", 2).unwrap().id;
    desk.labels.flag(id, "ann", "?", at(2)).unwrap();
    let query = TaskQuery { flagged: Flagged::Only, limit: 9, ..TaskQuery::default() };
    let page = desk.labels.tasks(&street(), &query).unwrap();
    assert_eq!((page.total, page.tasks[0].number), (1, 5));
    check_counts(&desk.labels);
}

#[test]
fn a_damaged_cell_names_its_task() {
    let desk = Desk::of(2, 1);
    desk.answer("ann", &cars(&[]), 1);
    desk.labels
        .write(|on| Ok(on.execute("UPDATE contents SET outcome = '{' WHERE task = 1", [])?))
        .unwrap();
    let error = desk.labels.task(&street(), 1).unwrap_err();
    let words = error.to_string();
    assert!(words.contains("the result of task 1 of job street is damaged"), "{words}");
    assert!(desk.labels.task(&street(), 2).is_ok());
}
