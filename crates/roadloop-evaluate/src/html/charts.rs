//! Curves as SVG: precision over recall, F1, and both parts of it over confidence.

use std::fmt::Write as _;

use super::{escape, share};
use crate::{Curve, Report};

/// As many colours are told apart; further classes are in the table.
const MOST_LINES: usize = 5;
/// A chart's inside, in its own units; text is in them too.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 10.0;
/// More points than that are not seen.
const MOST_POINTS: usize = 250;

struct Line<'a> {
    name: &'a str,
    points: Vec<(f32, f32)>,
    /// Over all classes.
    is_all: bool,
}

pub(super) fn section(report: &Report) -> String {
    let mut frequent: Vec<&crate::ClassReport> =
        report.of_classes.iter().filter(|class| !class.curve.confidence.is_empty()).collect();
    frequent.sort_by_key(|class| std::cmp::Reverse(class.truths));
    let left_out = frequent.len().saturating_sub(MOST_LINES);
    frequent.truncate(MOST_LINES);
    // With one class, all classes are that class.
    if report.of_classes.len() == 1 {
        frequent.clear();
    }
    let lines = |of: fn(&Curve) -> Vec<(f32, f32)>| -> Vec<Line<'_>> {
        let classes = frequent.iter().map(|class| Line {
            name: &class.name,
            points: thinned(of(&class.curve)),
            is_all: false,
        });
        let all = Line { name: "all", points: thinned(of(&report.curve)), is_all: true };
        std::iter::once(all).chain(classes).collect()
    };
    let zip = |x: &[f32], y: &[f32]| x.iter().copied().zip(y.iter().copied()).collect();
    let at = report.at_confidence;
    let precision_over_recall = chart(
        "Precision over recall",
        ["recall", "precision"],
        &lines(|curve| curve.recall.iter().copied().zip(curve.precision.iter().copied()).collect()),
        at.recall.unwrap_or(0.0),
    );
    let f1 = chart(
        "F1 over confidence",
        ["confidence", "F1"],
        &lines(|curve| curve.confidence.iter().copied().zip(curve.f1.iter().copied()).collect()),
        f64::from(at.confidence),
    );
    let Curve { confidence, precision, recall, .. } = &report.curve;
    let parts = chart(
        "Precision and recall over confidence, all classes",
        ["confidence", "precision, recall"],
        &[
            Line { name: "precision", points: thinned(zip(confidence, precision)), is_all: false },
            Line { name: "recall", points: thinned(zip(confidence, recall)), is_all: false },
        ],
        f64::from(at.confidence),
    );
    let more = if left_out > 0 {
        format!(
            "<p class=\"soft\">Drawn are the {MOST_LINES} classes with the most \
             truths; the table below has {left_out} more.</p>"
        )
    } else {
        String::new()
    };
    let best = report.best.map_or_else(String::new, |best| {
        format!(
            "<div class=\"card\"><h3>Best threshold</h3><p>Over all classes, F1 is best with \
             finds of a confidence of <b>{:.3}</b> or more: {}, by a precision of {} and a \
             recall of {}. What is best for each class is in the table below.</p>\
             <p class=\"soft\">A find is right when it overlaps a truth of its class by half \
             (IoU 0.5), and no better find has taken that. The dashed line is the confidence \
             this page counts with.</p></div>",
            best.confidence,
            share(best.f1),
            share(best.precision),
            share(best.recall),
        )
    });
    format!(
        "<h2 id=\"charts\">Curves</h2>{more}<div class=\"two\">{precision_over_recall}{f1}{parts}{best}</div>"
    )
}

fn thinned(points: Vec<(f32, f32)>) -> Vec<(f32, f32)> {
    let last = points.len().saturating_sub(1);
    if points.len() <= MOST_POINTS {
        return points;
    }
    (0..MOST_POINTS).map(|point| points[point * last / (MOST_POINTS - 1)]).collect()
}

/// Both axes go from 0 to 1; `mark` is a place on the lower one.
fn chart(title: &str, axes: [&str; 2], lines: &[Line<'_>], mark: f64) -> String {
    let (x, y) = (|at: f64| LEFT + at * WIDTH, |at: f64| TOP + (1.0 - at) * HEIGHT);
    let mut svg = format!(
        "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {} {}\"><title>{}</title>",
        LEFT + WIDTH + 12.0,
        TOP + HEIGHT + 40.0,
        escape(title),
    );
    for tick in 0..=5 {
        let at = f64::from(tick) / 5.0;
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{at}</text>\
             <text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{at}</text>",
            LEFT + WIDTH,
            y(at),
            y(at),
            LEFT - 6.0,
            y(at) + 4.0,
            x(at),
            TOP + HEIGHT + 16.0,
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
         <text transform=\"translate(11 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        LEFT + WIDTH / 2.0,
        TOP + HEIGHT + 34.0,
        axes[0],
        TOP + HEIGHT / 2.0,
        axes[1],
    );
    let _ = write!(
        svg,
        "<line class=\"mark\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{}\"/>",
        TOP + HEIGHT,
        at = x(mark),
    );
    // What is over all lies on top.
    for (color, line) in lines.iter().enumerate().rev() {
        let points = line
            .points
            .iter()
            .map(|(across, up)| format!("{:.1},{:.1} ", x(f64::from(*across)), y(f64::from(*up))));
        let class = if line.is_all { " class=\"all\"" } else { "" };
        let _ = write!(
            svg,
            "<polyline{class} stroke=\"var(--c{color})\" points=\"{}\"><title>{}</title></polyline>",
            points.collect::<String>().trim_end(),
            escape(line.name),
        );
    }
    let legend = lines.iter().enumerate().map(|(color, line)| {
        format!("<li><i style=\"color:var(--c{color})\"></i>{}</li>", escape(line.name))
    });
    format!(
        "<figure class=\"card\"><h3>{}</h3>{svg}</svg><ul class=\"legend\">{}</ul></figure>",
        escape(title),
        legend.collect::<String>(),
    )
}
