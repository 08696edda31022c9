//! How many questions were answered, and how long that took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::server::text::{Histogram, Kind, Text};

/// Seconds: a small image is looked at in some hundredths, writing in a large one in seconds.
const SECONDS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<&'static str, Sums>>);

#[derive(Clone, Debug)]
struct Sums {
    /// By code; none where it was answered.
    codes: BTreeMap<&'static str, u64>,
    seconds: Histogram,
}

impl Counts {
    pub(super) fn answered(&self, operation: &'static str, code: &'static str, took: Duration) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Sums { codes: BTreeMap::new(), seconds: Histogram::new(SECONDS) };
        let sums = sums.entry(operation).or_insert_with(new);
        *sums.codes.entry(code).or_default() += 1;
        sums.seconds.observe(took.as_secs_f64());
    }

    pub(super) fn write(&self, text: &mut Text) {
        let sums = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let help = "Questions that came, by what was said; code is empty where it was the answer.";
        let mut questions = text.family("roadloop_rekognition_total", Kind::Counter, help);
        for (operation, sums) in &sums {
            for (code, count) in &sums.codes {
                questions.count(&[("operation", operation), ("code", code)], *count);
            }
        }
        let help = "From a question to its answer.";
        let mut seconds = text.histograms("roadloop_rekognition_duration_seconds", help);
        for (operation, sums) in &sums {
            seconds.histogram(&[("operation", operation)], &sums.seconds);
        }
    }
}
