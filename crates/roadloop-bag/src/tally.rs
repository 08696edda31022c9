//! Counts messages by topic and decides which of them are wanted.
//!
//! A message's sequence is its ordinal in its topic, counted over all parts of
//! a recording and over messages nobody wants or can read, so that one frame
//! has one sequence whatever is selected. Where an index tells how many
//! messages a damaged place held, the counts move on by them.

use std::collections::{HashMap, HashSet};

use roadloop_base::Nanos;

use crate::channel::Channel;
use crate::part::union;

/// Which messages are to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Empty means all: every camera where frames are read.
    pub topics: Vec<String>,
    /// Recorded at this time or later.
    pub from: Option<Nanos>,
    /// Recorded before this time.
    pub to: Option<Nanos>,
    /// Every so many messages of a topic, by sequence; 0 and 1 mean all.
    pub every: u32,
    /// At most so many frames per second and camera: time is cut into slots
    /// of `1 / rate_hz`, and the first frame of each slot is kept.
    pub rate_hz: Option<f64>,
    /// Compressed chunks, of at most 16 MB each, that are decompressed ahead of
    /// the reader, each on a thread; it changes nothing in what is read.
    pub chunks_ahead: usize,
}

impl Default for Selection {
    fn default() -> Selection {
        Selection {
            topics: Vec::new(),
            from: None,
            to: None,
            every: 1,
            rate_hz: None,
            chunks_ahead: 0,
        }
    }
}

/// A topic's place in the list of topics.
pub(crate) type TopicNumber = usize;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    topics: HashMap<String, TopicNumber>,
    channels: Vec<Channel>,
    counters: Vec<Counter>,
    from: Option<Nanos>,
    to: Option<Nanos>,
    every: u64,
    slot: Option<i64>,
    learns: bool,
    /// Of what a learning tally met.
    span: Option<(Nanos, Nanos)>,
    /// Whether what travels with the messages is wanted as well.
    pub(crate) wants_extras: bool,
    /// As [`Selection::chunks_ahead`].
    pub(crate) chunks_ahead: usize,
}

/// A message that is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) sequence: u64,
    /// Not so where it is there for the sake of those after it only.
    pub(crate) is_selected: bool,
}

/// What is given of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wanted {
    #[default]
    Nothing,
    Selected,
    /// What is selected, and all before it.
    WithThoseBefore,
}

#[derive(Debug, Default)]
struct Counter {
    seen: u64,
    wanted: Wanted,
    slots_taken: HashSet<i64>,
}

#[derive(Debug)]
pub(crate) struct Learned {
    /// Each topic's first channel, and the messages on the topic.
    pub(crate) channels: Vec<(Channel, u64)>,
    /// When the first and the last message were recorded.
    pub(crate) span: Option<(Nanos, Nanos)>,
}

impl Tally {
    /// Wants nothing, and learns every topic it meets: for finding out what a
    /// recording without an index holds.
    pub(crate) fn learning() -> Tally {
        Tally { learns: true, every: 1, ..Tally::default() }
    }

    /// Wants the given ones of the topics.
    pub(crate) fn new(
        topics: impl IntoIterator<Item = (String, Wanted)>,
        selection: &Selection,
    ) -> Tally {
        let mut tally = Tally {
            from: selection.from,
            to: selection.to,
            every: u64::from(selection.every.max(1)),
            chunks_ahead: selection.chunks_ahead,
            slot: selection.rate_hz.map(|rate_hz| ((1e9 / rate_hz) as i64).max(1)),
            ..Tally::default()
        };
        for (name, wanted) in topics {
            tally.topics.insert(name, tally.counters.len());
            tally.counters.push(Counter { wanted, ..Counter::default() });
        }
        tally
    }

    /// The topic a channel's messages belong to, if anyone may want them.
    pub(crate) fn topic(&mut self, channel: &Channel) -> Option<TopicNumber> {
        if let Some(&number) = self.topics.get(&channel.topic) {
            return Some(number);
        }
        if !self.learns {
            return None;
        }
        let number = self.counters.len();
        self.topics.insert(channel.topic.clone(), number);
        self.counters.push(Counter::default());
        self.channels.push(channel.clone());
        Some(number)
    }

    /// The name of a topic, for people.
    pub(crate) fn name(&self, topic: TopicNumber) -> &str {
        let named = self.topics.iter().find(|(_, number)| **number == topic);
        named.map_or("", |(name, _)| name)
    }

    /// Whether anyone asks for a topic's count or messages; where they need
    /// not be passed, others need not be looked up.
    pub(crate) fn counts(&self, topic: TopicNumber) -> bool {
        self.learns || self.counters[topic].wanted != Wanted::Nothing
    }

    /// Counts a message; `None` where it is not to be given.
    pub(crate) fn count(&mut self, topic: TopicNumber, logged_at: Nanos) -> Option<Counted> {
        let counter = &mut self.counters[topic];
        let sequence = counter.seen;
        counter.seen += 1;
        if self.learns {
            self.span = union(self.span, Some((logged_at, logged_at)));
        }
        if counter.wanted == Wanted::Nothing || self.to.is_some_and(|to| logged_at >= to) {
            return None;
        }
        let is_selected = sequence.is_multiple_of(self.every)
            && self.from.is_none_or(|from| logged_at >= from)
            // A set and not the last slot: chunks may overlap in time.
            && self.slot.is_none_or(|slot| {
                counter.slots_taken.insert(logged_at.0.div_euclid(slot))
            });
        let is_given = is_selected || counter.wanted == Wanted::WithThoseBefore;
        is_given.then_some(Counted { sequence, is_selected })
    }

    /// Counts messages that were lost to damage.
    pub(crate) fn lost(&mut self, topic: TopicNumber, messages: u64) {
        let seen = &mut self.counters[topic].seen;
        *seen = seen.saturating_add(messages);
    }

    /// What a learning tally met.
    pub(crate) fn learned(self) -> Learned {
        let counts = self.counters.into_iter().map(|counter| counter.seen);
        Learned { channels: self.channels.into_iter().zip(counts).collect(), span: self.span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[track_caller]
    fn check(every: u32, rate_hz: Option<f64>, times_ms: &[i64], expected: &[u64]) {
        let selection = Selection { every, rate_hz, ..Selection::default() };
        for wanted in [Wanted::Selected, Wanted::WithThoseBefore] {
            let mut tally = Tally::new([("/front".to_owned(), wanted)], &selection);
            let given = times_ms.iter().filter_map(|ms| tally.count(0, Nanos(ms * MS)));
            let given: Vec<Counted> = given.collect();
            let selected = given.iter().filter(|counted| counted.is_selected);
            assert_eq!(selected.map(|counted| counted.sequence).collect::<Vec<_>>(), expected);
            assert_eq!(
                given.len() == expected.len(),
                wanted == Wanted::Selected || { expected.len() == times_ms.len() }
            );
        }
    }

    #[test]
    fn every_so_many() {
        check(0, None, &[0, 1, 2], &[0, 1, 2]);
        check(1, None, &[0, 1, 2], &[0, 1, 2]);
        check(3, None, &[0, 1, 2, 3, 4, 5, 6], &[0, 3, 6]);
    }

    #[test]
    fn at_most_so_many_a_second() {
        // 30 Hz with jitter, down to 10: slots begin at 0, 100, 200 ms.
        check(1, Some(10.0), &[0, 33, 66, 101, 133, 167, 199, 233], &[0, 3, 7]);
        check(1, Some(1000.0), &[0, 1, 2], &[0, 1, 2]);
        // Out of order, as in overlapping chunks.
        check(1, Some(10.0), &[250, 50, 260, 60, -50], &[0, 1, 4]);
        check(2, Some(10.0), &[0, 50, 60, 110, 120], &[0, 4]);
    }

    #[test]
    fn a_stretch_of_time() {
        let selection = Selection {
            from: Some(Nanos(10)),
            to: Some(Nanos(30)),
            every: 2,
            ..Selection::default()
        };
        let times = [0, 10, 15, 20, 29, 30];
        let mut tally = Tally::new([("/front".to_owned(), Wanted::Selected)], &selection);
        let kept = times.map(|time| tally.count(0, Nanos(time)).map(|counted| counted.sequence));
        assert_eq!(kept, [None, None, Some(2), None, Some(4), None]);
        let mut tally = Tally::new([("/front".to_owned(), Wanted::WithThoseBefore)], &selection);
        let kept = times.map(|time| tally.count(0, Nanos(time)).map(|counted| counted.is_selected));
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(kept, [no, no, yes, no, yes, None]);
    }

    #[test]
    fn unwanted_and_lost_messages_count() {
        let topics =
            [("/front".to_owned(), Wanted::Selected), ("/rear".to_owned(), Wanted::Nothing)];
        let mut tally = Tally::new(topics, &Selection::default());
        assert_eq!(tally.count(1, Nanos(0)), None);
        let given = |sequence| Some(Counted { sequence, is_selected: true });
        assert_eq!(tally.count(0, Nanos(0)), given(0));
        tally.lost(0, 5);
        assert_eq!(tally.count(0, Nanos(0)), given(6));
        tally.lost(0, u64::MAX);
    }
}
