//! What a damaged stretch of a file held, so that the counts of messages can
//! be put right behind it.

use std::collections::{BTreeSet, HashMap};

use crate::tally::{Tally, TopicNumber};

/// Messages by topic since a place in the file: counted by the reader, and
/// announced by index records that lie behind each chunk.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Where the stretch begins.
    pub(crate) from: u64,
    pub(crate) is_damaged: bool,
    counted: HashMap<TopicNumber, u64>,
    announced: HashMap<TopicNumber, u64>,
}

impl Ledger {
    pub(crate) fn begin(from: u64) -> Ledger {
        Ledger { from, ..Ledger::default() }
    }

    pub(crate) fn count(&mut self, topic: TopicNumber) {
        *self.counted.entry(topic).or_default() += 1;
    }

    pub(crate) fn announce(&mut self, topic: TopicNumber, messages: u64) {
        *self.announced.entry(topic).or_default() += messages;
    }

    /// Moves a topic's count forward to what it is at some place, by an index.
    /// It never moves back: an index may be wrong, two frames may not share a
    /// sequence.
    pub(crate) fn advance(&mut self, topic: TopicNumber, to: u64, tally: &mut Tally) {
        let counted = self.counted.entry(topic).or_default();
        if to > *counted {
            tally.lost(topic, to - *counted);
            *counted = to;
        }
    }

    /// Whether a stretch that was read without damage holds other messages
    /// than `indexed` says, or else the announcements: then some of its bytes,
    /// or the index's, are not what they were.
    pub(crate) fn contradiction<'a>(
        &self,
        indexed: &HashMap<TopicNumber, u64>,
        name_of: impl Fn(TopicNumber) -> &'a str,
    ) -> Option<String> {
        let held = if indexed.is_empty() { &self.announced } else { indexed };
        if self.is_damaged || held.is_empty() {
            return None;
        }
        let of =
            |counts: &HashMap<TopicNumber, u64>, topic| counts.get(topic).copied().unwrap_or(0);
        let topics: BTreeSet<&TopicNumber> = held.keys().chain(self.counted.keys()).collect();
        let topic = topics.into_iter().find(|topic| of(held, topic) != of(&self.counted, topic))?;
        let (found, said) = (of(&self.counted, topic), of(held, topic));
        let name = name_of(*topic);
        Some(format!("damaged: {found} messages of {name} where the index has {said}"))
    }

    /// At the end of a stretch: if it was damaged, counts what it held. The
    /// index at the end of the file knows best, unless what was counted is
    /// exactly what was announced; the announcements else.
    pub(crate) fn settle(mut self, indexed: HashMap<TopicNumber, u64>, tally: &mut Tally) {
        if !self.is_damaged {
            return;
        }
        let announced = std::mem::take(&mut self.announced);
        let agrees = |topic: &TopicNumber, counted: &HashMap<_, u64>| {
            announced.contains_key(topic) && announced.get(topic) == counted.get(topic)
        };
        for (topic, messages) in if indexed.is_empty() { &announced } else { &indexed } {
            if !agrees(topic, &self.counted) {
                self.advance(*topic, *messages, tally);
            }
        }
    }
}
