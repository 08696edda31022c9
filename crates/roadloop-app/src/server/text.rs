//! The text format of Prometheus, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.
//!
//! Written here since it is a page of code: the crates that write it bring three to
//! twenty-two packages, and want to own the numbers too.

use std::fmt::Write;

/// What a scrape is told it gets.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family of samples is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows, but for a new start.
    Counter,
    Gauge,
}

/// A text that grows by whole families.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// The samples of one family.
#[derive(Debug)]
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

/// How many observations were at most so large, for each bound, and in all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Histogram {
    bounds: &'static [f64],
    /// Of each bound those that are in none before; the last of those beyond.
    counts: Vec<u64>,
    sum: f64,
}

impl Text {
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.head(name, kind, help)
    }

    pub(super) fn histograms(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.head(name, "histogram", help)
    }

    fn head(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.0 += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Family { text: &mut self.0, name }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl Family<'_> {
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.line("", labels, value);
    }

    pub(super) fn count(&mut self, labels: &[(&str, &str)], value: u64) {
        self.line("", labels, value as f64);
    }

    pub(super) fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        let Histogram { bounds, counts, sum } = histogram;
        let mut so_far = 0;
        for (index, count) in counts.iter().enumerate() {
            so_far += count;
            let bound = number(bounds.get(index).copied().unwrap_or(f64::INFINITY));
            let labels: Vec<(&str, &str)> =
                labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.line("_bucket", &labels, so_far as f64);
        }
        self.line("_sum", labels, *sum);
        self.line("_count", labels, so_far as f64);
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], value: f64) {
        *self.text += self.name;
        *self.text += suffix;
        for (index, (name, value)) in labels.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let before = if index == 0 { '{' } else { ',' };
            // A text takes whatever is written to it.
            let _ = write!(self.text, "{before}{name}=\"{value}\"");
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {}", number(value));
    }
}

/// As the format wants numbers that are none.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        value.to_string()
    }
}

impl Histogram {
    /// Bounds grow.
    pub(super) fn new(bounds: &'static [f64]) -> Histogram {
        Histogram { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    pub(super) fn observe(&mut self, value: f64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place] += 1;
        self.sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_have_help_type_and_samples() {
        let mut text = Text::default();
        let mut jobs = text.family("a_total", Kind::Counter, "A\\b\nc.");
        jobs.count(&[("stage", "de\"te\\ct\n"), ("state", "done")], 3);
        jobs.count(&[], u64::from(u32::MAX));
        text.family("b", Kind::Gauge, "B.").sample(&[], 0.25);
        let expected = "# HELP a_total A\\\\b\\nc.\n# TYPE a_total counter\n\
             a_total{stage=\"de\\\"te\\\\ct\\n\",state=\"done\"} 3\na_total 4294967295\n\
             # HELP b B.\n# TYPE b gauge\nb 0.25\n";
        assert_eq!(text.into_string(), expected);
        assert_eq!(number(f64::NEG_INFINITY), "-Inf");
        assert_eq!(number(f64::NAN), "NaN");
    }

    #[test]
    fn buckets_count_all_before_them() {
        let mut histogram = Histogram::new(&[0.5, 2.0]);
        for value in [0.25, 0.5, 1.0, 8.0] {
            histogram.observe(value);
        }
        let mut text = Text::default();
        text.histograms("t_seconds", "T.").histogram(&[("stage", "x")], &histogram);
        let expected = "# HELP t_seconds T.\n# TYPE t_seconds histogram\n\
             t_seconds_bucket{stage=\"x\",le=\"0.5\"} 2\nt_seconds_bucket{stage=\"x\",le=\"2\"} 3\n\
             t_seconds_bucket{stage=\"x\",le=\"+Inf\"} 4\n\
             t_seconds_sum{stage=\"x\"} 9.75\nt_seconds_count{stage=\"x\"} 4\n";
        assert_eq!(text.into_string(), expected);
    }
}
