//! What a recording really holds: every message is read, and counted by topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadloop_bag::{BagError, Message, ReadMessage, Recording, Selection};
use roadloop_base::{Nanos, Report, Skip};

use crate::{JobStart, Progress, Unit};

/// Times kept of one topic, 8 bytes each; beyond them gaps are not looked for.
const MAX_TIMES: usize = 4_000_000;

/// A pause is a gap when it is so many times longer than those before and
/// after usually are, and not a matter of milliseconds.
const GAP_FACTOR: i64 = 5;
const MIN_GAP_NS: i64 = 100_000_000;

#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub topics: BTreeMap<Arc<str>, TopicSurvey>,
    /// What is damaged; what is wrong with the index as well.
    pub skipped: Vec<Skip>,
    pub messages: u64,
}

#[derive(Clone, Debug, Default)]
pub struct TopicSurvey {
    pub messages: u64,
    /// Of the messages, decompressed.
    pub bytes: u64,
    /// Messages that lie in the file behind ones recorded later.
    pub out_of_order: u64,
    times: Vec<Nanos>,
}

/// Time without messages on a topic that usually has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Of the last message before it.
    pub from: Nanos,
    pub to: Nanos,
}

/// Reads a whole recording.
pub fn survey(recording: &Recording, progress: &dyn Progress) -> Result<Survey, BagError> {
    let mut survey = Survey { skipped: recording.damage().to_vec(), ..Survey::default() };
    let meter = progress.start(JobStart {
        job: "read",
        recording: Some(recording.id().clone()),
        unit: Unit::Messages,
        units: None,
        bytes: Some(recording.size_bytes()),
    });
    for skip in &survey.skipped {
        meter.skipped(skip);
    }
    let mut messages = recording.messages(&Selection::default())?;
    while let Some(read) = messages.next() {
        match read {
            ReadMessage::Message(message) => {
                survey.count(&message);
                meter.advance(1, messages.bytes_read());
            }
            ReadMessage::Skipped(skip) => {
                meter.skipped(&skip);
                survey.skipped.push(skip);
            }
            ReadMessage::Failed(error) => return Err(error),
            ReadMessage::Attachment(_) | ReadMessage::Metadata(_) => {}
        }
    }
    let skipped = survey.skipped.clone();
    meter.finish(&Report { done: survey.messages, already_done: 0, skipped });
    for topic in survey.topics.values_mut() {
        topic.times.sort_unstable();
    }
    Ok(survey)
}

impl Survey {
    fn count(&mut self, message: &Message) {
        let topic = self.topics.entry(Arc::clone(&message.topic)).or_default();
        self.messages += 1;
        topic.messages += 1;
        topic.bytes += message.data.len() as u64;
        if topic.times.last().is_some_and(|last| message.logged_at < *last) {
            topic.out_of_order += 1;
        }
        if topic.times.len() < MAX_TIMES {
            topic.times.push(message.logged_at);
        }
    }
}

impl TopicSurvey {
    pub fn span(&self) -> Option<(Nanos, Nanos)> {
        Some((*self.times.first()?, *self.times.last()?))
    }

    /// Messages a second between the first and the last.
    pub fn rate_hz(&self) -> Option<f64> {
        let (first, last) = self.span()?;
        let seconds = last.0.saturating_sub(first.0) as f64 / 1e9;
        (seconds > 0.0).then(|| (self.times.len() - 1) as f64 / seconds)
    }

    /// Pauses much longer than the median one, in order of time.
    pub fn gaps(&self) -> Vec<Gap> {
        let pauses = || self.times.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0));
        let mut sorted: Vec<i64> = pauses().collect();
        if sorted.len() < 2 {
            return Vec::new();
        }
        let middle = sorted.len() / 2;
        let (_, median, _) = sorted.select_nth_unstable(middle);
        let limit = median.saturating_mul(GAP_FACTOR).max(MIN_GAP_NS);
        let gaps = self.times.windows(2).zip(pauses()).filter(|(_, pause)| *pause > limit);
        gaps.map(|(pair, _)| Gap { from: pair[0], to: pair[1] }).collect()
    }
}

impl Gap {
    pub fn seconds(&self) -> f64 {
        self.to.0.saturating_sub(self.from.0) as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use roadloop_bag::testing::{DriveWriter, Picture};

    use super::*;
    use crate::Silent;

    const MS: u64 = 1_000_000;

    fn surveyed(times_ms: &[u64]) -> Survey {
        let mut drive = DriveWriter::mcap();
        for (number, ms) in times_ms.iter().enumerate() {
            drive.push("/front", ms * MS, Picture::rgb8(2, 2, vec![number as u8; 12]));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.mcap");
        std::fs::write(&path, drive.finish()).unwrap();
        survey(&roadloop_bag::open(&path).unwrap(), &Silent).unwrap()
    }

    #[test]
    fn gaps_rates_and_order() {
        let survey = surveyed(&[1000, 1100, 1200, 1300, 2300, 2250, 2400, 2500]);
        let front = &survey.topics["/front"];
        assert_eq!((survey.messages, front.messages, front.out_of_order), (8, 8, 1));
        assert_eq!(front.rate_hz(), Some(7.0 / 1.5));
        let gap = Gap { from: Nanos(1300 * MS as i64), to: Nanos(2250 * MS as i64) };
        assert_eq!(front.gaps(), [gap]);
        assert_eq!(gap.seconds(), 0.95);
        assert_eq!(survey.skipped, []);
    }

    #[test]
    fn one_message_has_no_rate() {
        let survey = surveyed(&[1000]);
        let front = &survey.topics["/front"];
        assert_eq!(front.rate_hz(), None);
        assert_eq!(front.gaps(), []);
    }
}
