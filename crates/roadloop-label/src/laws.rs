//! Any sequence of what people do, against a model that looks at everything each time:
//! nobody gets what they should not, nobody is sent away while there is something for
//! them, nothing is lost or counted twice, and what is kept as counts is what there is.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::testing::{Desk, at, cars, check_counts, gold, settings, street, task};
use crate::{Answer, AssignmentId, KeptReason, LabelError, Purpose, Ruling, Submitted, TaskState};

const WORKERS: [&str; 4] = ["ann", "bob", "eve", "joe"];

#[derive(Clone, Debug)]
enum Step {
    Next {
        worker: usize,
    },
    /// One of what they were ever given, the last ones more often.
    Submit {
        worker: usize,
        back: usize,
        left: u8,
    },
    Draft {
        worker: usize,
        back: usize,
        left: u8,
    },
    Skip {
        worker: usize,
        back: usize,
    },
    Release {
        worker: usize,
        back: usize,
    },
    Flag {
        worker: usize,
        back: usize,
    },
    Wait {
        seconds: i64,
    },
    Expire,
    Approve {
        number: u64,
    },
    Correct {
        number: u64,
    },
    SendBack {
        number: u64,
        worker: usize,
    },
    SettleFlag {
        number: u64,
    },
    Loosen,
}

fn step(tasks: u64) -> impl Strategy<Value = Step> {
    let (worker, back) = (0..WORKERS.len(), prop_oneof![9 => Just(0usize), 2 => 1..4usize]);
    let (number, left) = (1..=tasks, 0..3u8);
    prop_oneof![
        12 => worker.clone().prop_map(|worker| Step::Next { worker }),
        9 => (worker.clone(), back.clone(), left.clone())
            .prop_map(|(worker, back, left)| Step::Submit { worker, back, left }),
        2 => (worker.clone(), back.clone(), left)
            .prop_map(|(worker, back, left)| Step::Draft { worker, back, left }),
        3 => (worker.clone(), back.clone()).prop_map(|(worker, back)| Step::Skip { worker, back }),
        2 => (worker.clone(), back.clone())
            .prop_map(|(worker, back)| Step::Release { worker, back }),
        1 => (worker.clone(), back).prop_map(|(worker, back)| Step::Flag { worker, back }),
        3 => prop_oneof![1..100i64, 200..400i64].prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Expire),
        1 => number.clone().prop_map(|number| Step::Approve { number }),
        1 => number.clone().prop_map(|number| Step::Correct { number }),
        3 => (number.clone(), worker).prop_map(|(number, worker)| Step::SendBack { number, worker }),
        1 => number.prop_map(|number| Step::SettleFlag { number }),
        1 => Just(Step::Loosen),
    ]
}

/// What one worker has to do with one task.
#[derive(Clone, Debug, PartialEq)]
enum Seat {
    Leased {
        until: i64,
    },
    Submitted,
    SentBack,
    Skipped,
    /// Expired or released.
    Left,
}

#[derive(Clone, Debug)]
struct Sitter {
    id: AssignmentId,
    seat: Seat,
    is_returned: bool,
    answer: Option<u8>,
}

#[derive(Clone, Debug, Default)]
struct ModelTask {
    is_gold: bool,
    is_decided: bool,
    is_corrected: bool,
    sitters: BTreeMap<usize, Sitter>,
}

impl ModelTask {
    fn count(&self, is: impl Fn(&Sitter) -> bool) -> usize {
        self.sitters.values().filter(|sitter| is(sitter)).count()
    }

    fn answers(&self) -> usize {
        self.count(|sitter| sitter.seat == Seat::Submitted)
    }

    fn has_failed(&self, wanted: usize) -> bool {
        let skips = self.count(|sitter| sitter.seat == Seat::Skipped);
        !self.is_decided
            && self.answers() < wanted
            && skips >= wanted
            && self.count(|sitter| sitter.is_returned) == 0
    }

    fn taken(&self) -> usize {
        self.count(|it| !matches!(it.seat, Seat::Skipped | Seat::Left))
    }

    fn is_waiting(&self, wanted: usize) -> bool {
        let skips = self.count(|sitter| sitter.seat == Seat::Skipped);
        !self.is_decided
            && self.answers() < wanted
            && skips < wanted
            && self.count(|sitter| sitter.is_returned) == 0
    }

    fn is_for(&self, worker: usize, wanted: usize) -> bool {
        let is_new = self.sitters.get(&worker).is_none_or(|sitter| sitter.seat == Seat::Left);
        is_new && (self.is_gold || (self.is_waiting(wanted) && self.taken() < wanted))
    }
}

struct World {
    desk: Desk,
    wanted: usize,
    gold_every: u32,
    now: i64,
    /// By number, from 1.
    tasks: BTreeMap<u64, ModelTask>,
    since_gold: [u32; WORKERS.len()],
    /// What each was given, in that order.
    given: [Vec<(AssignmentId, u64)>; WORKERS.len()],
}

impl World {
    fn new(count: u64, wanted: u32, gold_every: u32) -> World {
        let mut desk = Desk::new();
        desk.labels = desk.labels.without_sync();
        let mut settings = settings();
        (settings.workers, settings.gold_every) = (wanted, gold_every);
        let is_gold = |number: u64| number % 4 == 2 && gold_every > 0;
        let new = |number| if is_gold(number) { gold(number) } else { task(number) };
        let tasks: Vec<_> = (1..=count).map(new).collect();
        desk.open_job("street", Purpose::Draw, settings, &tasks);
        let model = |number| ModelTask { is_gold: is_gold(number), ..ModelTask::default() };
        World {
            desk,
            wanted: wanted as usize,
            gold_every,
            now: 0,
            tasks: (1..=count).map(|number| (number, model(number))).collect(),
            since_gold: [0; WORKERS.len()],
            given: [const { Vec::new() }; WORKERS.len()],
        }
    }

    fn expire(&mut self) {
        for sitter in self.tasks.values_mut().flat_map(|task| task.sitters.values_mut()) {
            if matches!(sitter.seat, Seat::Leased { until } if until <= self.now) {
                leave(sitter);
            }
        }
    }

    /// What comes to them if nobody else does anything, one after the other.
    fn left_for(&self, worker: usize) -> usize {
        let count = |is_gold| {
            let is_there = |task: &&ModelTask| task.is_gold == is_gold;
            let tasks = self.tasks.values().filter(is_there);
            tasks.filter(|task| task.is_for(worker, self.wanted)).count()
        };
        let (mut left, mut golden, mut since) =
            (count(false), count(true), self.since_gold[worker]);
        let mut given = 0;
        loop {
            if self.gold_every > 0 && since + 1 >= self.gold_every && golden > 0 {
                (golden, since) = (golden - 1, 0);
            } else if left > 0 {
                (left, since) = (left - 1, since + 1);
            } else {
                return given;
            }
            given += 1;
        }
    }

    /// What the next task of a worker may be.
    fn allowed(&self, worker: usize) -> Vec<u64> {
        let mine = |is: fn(&Seat) -> bool| {
            let sits = |task: &ModelTask| task.sitters.get(&worker).is_some_and(|it| is(&it.seat));
            let ids = self.tasks.iter().filter(move |(_, task)| sits(task));
            let ids = ids.map(move |(number, task)| (task.sitters[&worker].id, *number));
            ids.min().map(|(_, number)| number)
        };
        if let Some(number) = mine(|seat| matches!(seat, Seat::Leased { .. })) {
            return vec![number];
        }
        if let Some(number) = mine(|seat| *seat == Seat::SentBack) {
            return vec![number];
        }
        let fit = |is_gold| {
            let fits =
                |task: &ModelTask| task.is_gold == is_gold && task.is_for(worker, self.wanted);
            let fitting = self.tasks.iter().filter(move |(_, task)| fits(task));
            fitting.map(|(number, _)| *number).collect::<Vec<u64>>()
        };
        let golden = fit(true);
        if self.gold_every > 0
            && self.since_gold[worker] + 1 >= self.gold_every
            && !golden.is_empty()
        {
            return golden;
        }
        fit(false)
    }

    fn next(&mut self, worker: usize) {
        self.expire();
        let allowed = self.allowed(worker);
        let Some(assignment) = self.desk.next(WORKERS[worker], self.now) else {
            assert!(allowed.is_empty(), "{} is sent away from {allowed:?}", WORKERS[worker]);
            return;
        };
        let number = assignment.number;
        assert!(allowed.contains(&number), "{number} is none of {allowed:?}");
        let until = self.now + 300;
        let task = self.tasks.get_mut(&number).unwrap();
        let is_new = !task.sitters.contains_key(&worker);
        let sitter = task.sitters.entry(worker).or_insert(Sitter {
            id: assignment.id,
            seat: Seat::Left,
            is_returned: false,
            answer: None,
        });
        if sitter.seat == Seat::Left {
            self.since_gold[worker] = if task.is_gold { 0 } else { self.since_gold[worker] + 1 };
        }
        if !matches!(sitter.seat, Seat::Leased { .. }) {
            sitter.seat = Seat::Leased { until };
        }
        let Seat::Leased { until } = sitter.seat else { unreachable!() };
        assert_eq!((assignment.id, assignment.deadline), (sitter.id, at(until)));
        assert_eq!(assignment.sent_back.is_some(), sitter.is_returned);
        if is_new {
            self.given[worker].push((assignment.id, number));
        }
        let returned = self.tasks.values().filter(|task| {
            task.sitters.get(&worker).is_some_and(|it| it.is_returned && it.id != assignment.id)
        });
        let left = self.left_for(worker) + returned.count();
        assert_eq!(assignment.left_for_me, left as u64, "left for {}", WORKERS[worker]);
    }

    /// One of what a worker was given, counted from the last.
    fn pick(&mut self, worker: usize, back: usize) -> Option<(AssignmentId, u64)> {
        let given = &self.given[worker];
        given.len().checked_sub(back + 1).map(|place| given[place])
    }

    fn submit(&mut self, worker: usize, back: usize, left: u8) {
        let Some((id, number)) = self.pick(worker, back) else { return };
        let now = self.now;
        let task = self.tasks.get_mut(&number).unwrap();
        let is_decided = task.is_decided;
        let sitter = task.sitters.get_mut(&worker).unwrap();
        let kept = |reason| Submitted::KeptAsDraft { reason };
        let expected = match sitter.seat {
            Seat::Leased { until } if until <= now => {
                leave(sitter);
                kept(KeptReason::LeaseOver)
            }
            Seat::Leased { .. } if is_decided => {
                leave(sitter);
                kept(KeptReason::Decided)
            }
            Seat::Leased { .. } => {
                (sitter.seat, sitter.is_returned) = (Seat::Submitted, false);
                sitter.answer = Some(left);
                Submitted::Counted
            }
            Seat::Submitted | Seat::SentBack if sitter.answer == Some(left) => {
                Submitted::AlreadyCounted
            }
            Seat::Submitted => kept(KeptReason::AnsweredBefore),
            Seat::SentBack => kept(KeptReason::SentBack),
            Seat::Skipped => kept(KeptReason::SkippedBefore),
            Seat::Left => kept(KeptReason::LeaseOver),
        };
        let got = self.desk.submit(id, WORKERS[worker], &answer(left), now).unwrap();
        assert_eq!(got, expected);
    }

    fn skip(&mut self, worker: usize, back: usize) {
        let Some((id, number)) = self.pick(worker, back) else { return };
        let sitter = self.tasks.get_mut(&number).unwrap().sitters.get_mut(&worker).unwrap();
        let done = self.desk.labels.skip(id, WORKERS[worker], "fog", at(self.now));
        match sitter.seat {
            Seat::Submitted => assert!(matches!(done, Err(LabelError::Answered { .. }))),
            Seat::Skipped => done.unwrap(),
            Seat::Leased { until } if self.now < until => {
                done.unwrap();
                (sitter.seat, sitter.is_returned, sitter.answer) = (Seat::Skipped, false, None);
            }
            _ => assert!(matches!(done, Err(LabelError::NotHeld { .. }))),
        }
    }

    fn flag(&mut self, worker: usize, back: usize) {
        let Some((id, number)) = self.pick(worker, back) else { return };
        let task = &self.tasks[&number];
        let is_held =
            matches!(task.sitters[&worker].seat, Seat::Leased { until } if self.now < until);
        match self.desk.labels.flag(id, WORKERS[worker], "?", at(self.now)) {
            Ok(()) => assert!(is_held && !task.is_decided),
            Err(LabelError::NotHeld { .. }) => assert!(!is_held || task.is_decided),
            // So often by one.
            Err(error) => assert!(matches!(error, LabelError::Bad { .. }), "{error}"),
        }
    }

    fn release(&mut self, worker: usize, back: usize) {
        let Some((id, number)) = self.pick(worker, back) else { return };
        self.desk.labels.release(id, WORKERS[worker], at(self.now)).unwrap();
        let sitter = self.tasks.get_mut(&number).unwrap().sitters.get_mut(&worker).unwrap();
        if matches!(sitter.seat, Seat::Leased { .. }) {
            leave(sitter);
        }
    }

    fn decide(&mut self, number: u64, ruling: Ruling) {
        let is_approval = ruling == Ruling::Approve;
        let done = self.desk.decide(number, ruling, self.now);
        let (task, wanted) = (self.tasks.get_mut(&number).unwrap(), self.wanted);
        if task.is_gold || (!is_approval && task.is_waiting(wanted)) {
            assert!(done.is_err());
            return;
        }
        if is_approval && task.is_corrected {
            assert!(done.is_err());
            return;
        }
        match done {
            // Only where nothing was ever complete.
            Err(error) => {
                assert!(is_approval, "{error}");
                assert!(task.answers() < wanted, "{error}");
            }
            Ok(_) => {
                (task.is_decided, task.is_corrected) = (true, !is_approval);
                for sitter in task.sitters.values_mut().filter(|sitter| sitter.is_returned) {
                    sitter.seat =
                        if sitter.answer.is_some() { Seat::Submitted } else { Seat::Skipped };
                    sitter.is_returned = false;
                }
            }
        }
    }

    fn send_back(&mut self, number: u64, worker: usize) {
        let ruling = Ruling::SendBack { worker: WORKERS[worker].into() };
        let done = self.desk.decide(number, ruling, self.now);
        let task = self.tasks.get_mut(&number).unwrap();
        let is_gold = task.is_gold;
        let is_for_skippers = task.has_failed(self.wanted) && task.taken() < self.wanted;
        let may = |seat: &Seat| match seat {
            Seat::Submitted => true,
            Seat::Skipped => is_for_skippers,
            _ => false,
        };
        match task.sitters.get_mut(&worker).filter(|it| !is_gold && may(&it.seat)) {
            Some(sitter) => {
                done.unwrap();
                (sitter.seat, sitter.is_returned) = (Seat::SentBack, true);
                (task.is_decided, task.is_corrected) = (false, false);
            }
            None => assert!(done.is_err()),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Next { worker } => self.next(worker),
            Step::Submit { worker, back, left } => self.submit(worker, back, left),
            Step::Draft { worker, back, left } => {
                let Some((id, _)) = self.pick(worker, back) else { return };
                let base = self.desk.labels.assignment(id, WORKERS[worker]).unwrap().revision;
                let labels = &self.desk.labels;
                match labels.save_draft(id, WORKERS[worker], base, &answer(left)) {
                    Ok(revision) => assert_eq!(revision, base + 1),
                    Err(error) => assert!(matches!(error, LabelError::Answered { .. })),
                }
            }
            Step::Skip { worker, back } => self.skip(worker, back),
            Step::Release { worker, back } => self.release(worker, back),
            Step::Flag { worker, back } => self.flag(worker, back),
            Step::Wait { seconds } => self.now += seconds,
            Step::Expire => {
                self.expire();
                self.desk.labels.expire(at(self.now)).unwrap();
            }
            Step::Approve { number } => self.decide(number, Ruling::Approve),
            Step::Correct { number } => self.decide(number, Ruling::Correct(answer(9))),
            Step::SendBack { number, worker } => self.send_back(number, worker),
            Step::SettleFlag { number } => {
                let is_flagged = self.desk.task(number).row.is_flagged;
                let done = self.desk.decide(number, Ruling::SettleFlag, self.now);
                assert_eq!(done.is_ok(), is_flagged);
            }
            Step::Loosen => {
                let consolidation = crate::Consolidation { iou: 0.2, ..Default::default() };
                let now = at(self.now);
                self.desk.labels.set_consolidation(&street(), &consolidation, now).unwrap();
            }
        }
    }

    /// What the file holds is what the model says, and nothing else.
    fn check(&self) {
        check_counts(&self.desk.labels);
        for (number, model) in &self.tasks {
            let task = self.desk.task(*number);
            let mut answers: Vec<(AssignmentId, &str, Answer)> = model
                .sitters
                .iter()
                .filter_map(|(worker, sitter)| {
                    Some((sitter.id, WORKERS[*worker], answer(sitter.answer?)))
                })
                .collect();
            answers.sort_by_key(|(id, ..)| *id);
            let got: Vec<(AssignmentId, &str, Answer)> = task
                .answers
                .iter()
                .map(|it| (it.assignment, it.worker.as_str(), it.answer.clone()))
                .collect();
            assert_eq!(got, answers, "answers to {number}");
            assert_eq!(task.row.answers as usize, model.answers());
            if !model.is_gold {
                let is_waiting = task.row.state == TaskState::Waiting;
                assert_eq!(is_waiting, model.is_waiting(self.wanted), "{number}");
                assert!(model.answers() <= self.wanted);
            }
        }
        let results = self.desk.labels.results(&street(), 0, 1000).unwrap();
        let golden = self.tasks.values().filter(|task| task.is_gold).count();
        assert_eq!(results.len() + golden, self.tasks.len(), "no task is lost");
    }
}

/// Expired or released; what was sent back stays theirs.
fn leave(sitter: &mut Sitter) {
    sitter.seat = if sitter.is_returned { Seat::SentBack } else { Seat::Left };
}

fn answer(left: u8) -> Answer {
    cars(&[f64::from(left)])
}

fn check_steps(count: u64, wanted: u32, gold_every: u32, steps: Vec<Step>) {
    let mut world = World::new(count, wanted, gold_every);
    for step in steps {
        world.take(step);
        world.check();
    }
    // And in the end everybody finds all there is for them.
    for worker in 0..WORKERS.len() {
        for _ in 0..2 * count {
            world.next(worker);
            world.submit(worker, 0, 1);
            world.now += 1;
        }
    }
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_keeps_the_promises(
        wanted in 1..4u32,
        gold_every in 0..4u32,
        steps in proptest::collection::vec(step(6), 1..60),
    ) {
        check_steps(6, wanted, gold_every, steps);
    }
}
