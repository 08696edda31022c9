//! What a damaged stretch of a file held, so that the counts of messages can
//! be put right behind it.

use std::collections::HashMap;

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

    /// At the end of a stretch: if it was damaged, counts what it held. The
    /// index at the end of the file knows best, the announcements else.
    pub(crate) fn settle(mut self, indexed: HashMap<TopicNumber, u64>, tally: &mut Tally) {
        if !self.is_damaged {
            return;
        }
        let held = if indexed.is_empty() { std::mem::take(&mut self.announced) } else { indexed };
        for (topic, messages) in held {
            self.advance(topic, messages, tally);
        }
    }
}
