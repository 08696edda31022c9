//! What is to be said to a follower when nothing happens.

use std::time::{Duration, Instant};

use roadloop_base::Stage;

/// Without any news for so long, and each time again, it is looked at why.
const AFTER: Duration = Duration::from_secs(15);

/// Nothing in the queue for so long is no matter of counting roughly.
const LOST_AFTER: Duration = Duration::from_secs(60);

/// What is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Paused(Stage),
    /// Jobs wait, and nobody took one for so long.
    Nobody {
        secs: u64,
        jobs: u64,
    },
    /// Nothing is in the queue, and the orders are not over.
    Lost,
}

/// What there is besides the records of the orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Jobs in the queue, of all orders.
    pub(super) waiting: u64,
    pub(super) in_flight: u64,
    /// Of the stages that are wanted.
    pub(super) paused: Vec<Stage>,
}

/// Since when nothing happens, and what was said about it.
#[derive(Debug)]
pub(super) struct Quiet {
    since: Instant,
    looked_at: Instant,
    /// Since when the queue holds nothing.
    empty_since: Option<Instant>,
    paused: Vec<Stage>,
    has_said_nobody: bool,
}

impl Quiet {
    pub(super) fn new(now: Instant) -> Quiet {
        let (paused, has_said_nobody) = (Vec::new(), false);
        Quiet { since: now, looked_at: now, empty_since: None, paused, has_said_nobody }
    }

    /// Something happened.
    pub(super) fn news(&mut self, now: Instant) {
        *self = Quiet { has_said_nobody: self.has_said_nobody, ..Quiet::new(now) };
    }

    pub(super) fn wants_a_look(&self, now: Instant) -> bool {
        now.duration_since(self.looked_at) >= AFTER
    }

    /// What is to be said now, each thing once.
    pub(super) fn heard(&mut self, now: Instant, seen: &Seen) -> Vec<Word> {
        self.looked_at = now;
        let known = std::mem::replace(&mut self.paused, seen.paused.clone());
        let new = seen.paused.iter().filter(|stage| !known.contains(stage));
        let mut words: Vec<Word> = new.map(|stage| Word::Paused(*stage)).collect();
        if seen.in_flight > 0 {
            self.empty_since = None;
            return words;
        }
        if seen.waiting == 0 {
            let since = *self.empty_since.get_or_insert(now);
            if now.duration_since(since) >= LOST_AFTER {
                words.push(Word::Lost);
            }
            return words;
        }
        self.empty_since = None;
        // Whose stage is paused, waits for that.
        if seen.paused.is_empty() && !std::mem::replace(&mut self.has_said_nobody, true) {
            let secs = now.duration_since(self.since).as_secs();
            words.push(Word::Nobody { secs, jobs: seen.waiting });
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_said_once() {
        let start = Instant::now();
        let at = |secs: u64| start + Duration::from_secs(secs);
        let mut quiet = Quiet::new(start);
        assert!(!quiet.wants_a_look(at(14)) && quiet.wants_a_look(at(15)));
        let seen = |waiting, in_flight| Seen { waiting, in_flight, paused: Vec::new() };
        let nobody = Word::Nobody { secs: 15, jobs: 2 };
        assert_eq!(quiet.heard(at(15), &seen(2, 0)), [nobody]);
        assert!(!quiet.wants_a_look(at(16)));
        assert_eq!(quiet.heard(at(30), &seen(2, 0)), []);
        assert_eq!(quiet.heard(at(45), &seen(1, 1)), []);
        let paused = Seen { paused: vec![Stage::Detect], ..seen(1, 0) };
        assert_eq!(quiet.heard(at(60), &paused), [Word::Paused(Stage::Detect)]);
        assert_eq!(quiet.heard(at(75), &paused), []);
    }

    #[test]
    fn an_empty_queue_is_lost_after_a_while() {
        let start = Instant::now();
        let at = |secs: u64| start + Duration::from_secs(secs);
        let mut quiet = Quiet::new(start);
        let nothing = Seen::default();
        assert_eq!(quiet.heard(at(15), &nothing), []);
        assert_eq!(quiet.heard(at(60), &nothing), []);
        // A job came back.
        assert_eq!(quiet.heard(at(70), &Seen { in_flight: 1, ..Seen::default() }), []);
        assert_eq!(quiet.heard(at(80), &nothing), []);
        quiet.news(at(100));
        assert_eq!(quiet.heard(at(115), &nothing), []);
        assert_eq!(quiet.heard(at(175), &nothing), [Word::Lost]);
    }
}
