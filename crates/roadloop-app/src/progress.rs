//! Progress as people see it: bars on a terminal, plain lines in a pipe, JSON
//! lines for programs. Always on stderr.

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};
use roadloop_base::{Report, Skip};
use roadloop_engine::{JobStart, Meter, Progress};
use serde_json::json;

use crate::render::{self, Voice};

/// Between two plain lines of one job.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// After so many skips of one job, the rest is only counted.
const SHOWN_SKIPS: u64 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressStyle {
    /// Bars on a terminal, plain lines elsewhere
    Auto,
    /// A line every few seconds
    Plain,
    /// One JSON object per event
    Json,
    /// Nothing
    None,
}

impl ProgressStyle {
    pub(crate) fn reporter(self) -> Box<dyn Progress> {
        match self {
            ProgressStyle::None => Box::new(Quiet),
            // One plain line would spoil the rest.
            _ if render::voice() == Voice::JsonLines => Box::new(JsonLines),
            ProgressStyle::Json => Box::new(JsonLines),
            ProgressStyle::Plain => Box::new(PlainLines),
            ProgressStyle::Auto if stderr().is_terminal() => Box::new(Bars),
            ProgressStyle::Auto => Box::new(PlainLines),
        }
    }
}

/// Results only.
#[derive(Clone, Copy, Debug)]
struct Quiet;

impl Progress for Quiet {
    fn start(&self, _: JobStart) -> Box<dyn Meter> {
        Box::new(Quiet)
    }
}

impl Meter for Quiet {
    fn advance(&self, _: u64, _: u64) {}
    fn skipped(&self, _: &Skip) {}
    fn say(&self, line: &str) {
        say(line);
    }
    fn finish(&self, _: &Report) {}
}

#[derive(Debug)]
struct Bars;

impl Progress for Bars {
    fn start(&self, start: JobStart) -> Box<dyn Meter> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_length(start.units.or(start.bytes).unwrap_or(0));
        // The bar takes what the words leave of the line.
        if let Ok(style) = BarStyle::with_template("{prefix:>10} [{wide_bar}] {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(start.job);
        let counts = Counts::new(start);
        bar.set_message(counts.seen().words(&counts.start));
        bar.enable_steady_tick(Duration::from_millis(250));
        Box::new(Bar { bar, counts })
    }
}

struct Bar {
    bar: ProgressBar,
    counts: Counts,
}

impl Meter for Bar {
    fn advance(&self, units: u64, bytes_read: u64) {
        let seen = self.counts.advance(units, bytes_read);
        let is_counted = self.counts.start.units.is_some();
        self.bar.set_position(if is_counted { seen.units } else { bytes_read });
        self.bar.set_message(seen.words(&self.counts.start));
    }

    fn skipped(&self, skip: &Skip) {
        if let Some(line) = self.counts.skipped(skip) {
            self.bar.suspend(|| render::line(&line));
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    fn finish(&self, report: &Report) {
        self.bar.finish_and_clear();
        render::line(&self.counts.summary(report));
    }
}

#[derive(Debug)]
struct PlainLines;

impl Progress for PlainLines {
    fn start(&self, start: JobStart) -> Box<dyn Meter> {
        Box::new(PlainMeter { counts: Counts::new(start), last: Mutex::new(Instant::now()) })
    }
}

struct PlainMeter {
    counts: Counts,
    last: Mutex<Instant>,
}

impl Meter for PlainMeter {
    fn advance(&self, units: u64, bytes_read: u64) {
        let seen = self.counts.advance(units, bytes_read);
        let Ok(mut last) = self.last.lock() else { return };
        if last.elapsed() >= PLAIN_EVERY {
            *last = Instant::now();
            let words = seen.words(&self.counts.start);
            render::line(&format!("{:>10}: {words}", self.counts.start.job));
        }
    }

    fn skipped(&self, skip: &Skip) {
        if let Some(line) = self.counts.skipped(skip) {
            render::line(&line);
        }
    }

    fn say(&self, line: &str) {
        say(line);
    }

    fn finish(&self, report: &Report) {
        render::line(&self.counts.summary(report));
    }
}

#[derive(Debug)]
struct JsonLines;

impl Progress for JsonLines {
    fn start(&self, start: JobStart) -> Box<dyn Meter> {
        let JobStart { job, recording, unit, units, bytes } = &start;
        let fields = json!({"stage": job, "recording": recording, unit.name(): units,
            "bytes": bytes});
        render::event("start", fields);
        Box::new(JsonMeter { counts: Counts::new(start), last: Mutex::new(Instant::now()) })
    }
}

struct JsonMeter {
    counts: Counts,
    last: Mutex<Instant>,
}

impl JsonMeter {
    fn tell(&self, event: &str, mut fields: serde_json::Value) {
        fields["stage"] = json!(self.counts.start.job);
        fields["recording"] = json!(self.counts.start.recording);
        render::event(event, fields);
    }
}

impl Meter for JsonMeter {
    fn advance(&self, units: u64, bytes_read: u64) {
        let seen = self.counts.advance(units, bytes_read);
        let Ok(mut last) = self.last.lock() else { return };
        if last.elapsed() >= Duration::from_secs(1) {
            *last = Instant::now();
            let unit = self.counts.start.unit.name();
            let fields = json!({unit: seen.units, "bytes_read": bytes_read,
                format!("{unit}_per_s"): seen.rate(), "eta_s": seen.eta_secs(&self.counts.start)});
            self.tell("progress", fields);
        }
    }

    fn skipped(&self, skip: &Skip) {
        self.tell("skip", json!({"place": skip.place, "reason": skip.reason}));
    }

    fn say(&self, line: &str) {
        say(line);
    }

    fn finish(&self, report: &Report) {
        let seconds = self.counts.started.elapsed().as_secs_f64();
        let fields = json!({"done": report.done, "already_done": report.already_done,
            "skipped": report.skipped.len(), "seconds": seconds});
        self.tell("finish", fields);
    }
}

/// A result goes to stdout; who does not read it any more is no reason to stop.
fn say(line: &str) {
    let _ = render::print(line);
}

/// What one meter has seen so far.
struct Counts {
    start: JobStart,
    started: Instant,
    seen: Mutex<(u64, u64)>,
    skips: Mutex<u64>,
}

struct Seen {
    units: u64,
    bytes_read: u64,
    elapsed: Duration,
}

impl Counts {
    fn new(start: JobStart) -> Counts {
        Counts { start, started: Instant::now(), seen: Mutex::new((0, 0)), skips: Mutex::new(0) }
    }

    fn seen(&self) -> Seen {
        self.advance(0, 0)
    }

    fn advance(&self, units: u64, bytes_read: u64) -> Seen {
        let elapsed = self.started.elapsed();
        let Ok(mut seen) = self.seen.lock() else {
            return Seen { units, bytes_read, elapsed };
        };
        seen.0 += units;
        seen.1 = bytes_read;
        Seen { units: seen.0, bytes_read, elapsed }
    }

    /// The line for a skip, while there are not too many.
    fn skipped(&self, skip: &Skip) -> Option<String> {
        let mut skips = self.skips.lock().ok()?;
        *skips += 1;
        match *skips {
            n if n < SHOWN_SKIPS => Some(format!("skipped {}: {}", skip.place, skip.reason)),
            SHOWN_SKIPS => Some("more skips follow; they are counted and kept".to_owned()),
            _ => None,
        }
    }

    fn summary(&self, report: &Report) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        let mut line =
            format!("{:>10}: {} {}", self.start.job, report.done, self.start.unit.name());
        if report.already_done > 0 {
            line += &format!(", {} already done", report.already_done);
        }
        if !report.skipped.is_empty() {
            line += &format!(", {} skipped", report.skipped.len());
        }
        line += &format!(", {seconds:.1} s");
        if report.done > 0 && seconds > 0.0 {
            let rate = report.done as f64 / seconds;
            line += &format!(", {rate:.1} {}/s", self.start.unit.name());
        }
        line
    }
}

impl Seen {
    /// Units a second since the start.
    fn rate(&self) -> f64 {
        self.units as f64 / self.elapsed.as_secs_f64().max(1e-3)
    }

    fn eta_secs(&self, start: &JobStart) -> Option<u64> {
        let (done, total) = match (start.units, start.bytes) {
            (Some(units), _) => (self.units, units),
            (None, Some(bytes)) => (self.bytes_read, bytes),
            (None, None) => return None,
        };
        if done == 0 {
            return None;
        }
        let left = total.saturating_sub(done) as f64 / done as f64;
        Some((left * self.elapsed.as_secs_f64()).round() as u64)
    }

    fn words(&self, start: &JobStart) -> String {
        let unit = start.unit.name();
        let of = match (start.units, start.bytes) {
            (Some(units), _) => format!("{}/{units} {unit}", self.units),
            (None, Some(bytes)) => {
                let percent = 100.0 * self.bytes_read as f64 / bytes.max(1) as f64;
                format!("{} {unit}, {percent:.0} % read", self.units)
            }
            (None, None) => format!("{} {unit}", self.units),
        };
        format!("{of}{}", self.pace(start))
    }

    /// Nothing before the first unit: a rate of 0 says nothing.
    fn pace(&self, start: &JobStart) -> String {
        if self.units == 0 {
            return String::new();
        }
        let eta =
            self.eta_secs(start).map_or(String::new(), |secs| format!(", {} left", duration(secs)));
        let digits = if self.rate() < 1.0 { 2 } else { 1 };
        format!(", {:.digits$} {}/s{eta}", self.rate(), start.unit.name())
    }
}

/// `45 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use roadloop_base::RecordingId;
    use roadloop_engine::Unit;

    use super::*;

    fn start(units: Option<u64>, bytes: Option<u64>) -> JobStart {
        let recording = RecordingId::new("drive-1a2b3c4d").unwrap();
        JobStart { job: "detect", recording: Some(recording), unit: Unit::Frames, units, bytes }
    }

    #[track_caller]
    fn check(start: &JobStart, units: u64, bytes_read: u64, secs: u64, expected: &str) {
        let seen = Seen { units, bytes_read, elapsed: Duration::from_secs(secs) };
        assert_eq!(seen.words(start), expected);
    }

    #[test]
    fn progress_in_words() {
        let counted = start(Some(200), None);
        check(&counted, 0, 0, 9, "0/200 frames");
        check(&counted, 50, 0, 10, "50/200 frames, 5.0 frames/s, 30 s left");
        check(&counted, 2, 0, 100, "2/200 frames, 0.02 frames/s, 2 h 45 min left");
        let read = start(None, Some(1000));
        check(&read, 0, 0, 0, "0 frames, 0 % read");
        check(&read, 30, 250, 10, "30 frames, 25 % read, 3.0 frames/s, 30 s left");
    }

    #[test]
    fn durations() {
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(200), "3 min 20 s");
        assert_eq!(duration(7500), "2 h 5 min");
    }
}
