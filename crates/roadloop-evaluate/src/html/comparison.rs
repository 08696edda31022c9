//! Two models side by side: what changed, by how much, and on which images.

use std::fmt::Write as _;

use super::pictures::{Drawn, frame, legend};
use super::{Page, escape, share};
use crate::judge::Verdict;
use crate::{Change, ComparedImage, Comparison};

pub(super) fn section(page: &Page<'_>) -> String {
    let Some(comparison) = &page.report.comparison else { return String::new() };
    let Comparison { truths, images, .. } = comparison;
    let [first, second] = [&comparison.first, &comparison.second].map(|name| escape(name));
    let mut html = format!(
        "<h2 id=\"comparison\">{second} against {first}</h2><div class=\"card\">\
         <p>Of the truths, both find {}, only {first} finds {}, only {second} finds {}, neither \
         finds {}. {second} is better on {} images, worse on {}, and the same on {}.</p>",
        truths.both,
        truths.only_first,
        truths.only_second,
        truths.neither,
        images.better,
        images.worse,
        images.same,
    );
    html += &changes(comparison, &comparison.metrics, "Number");
    let _ = write!(
        html,
        "<p class=\"soft\">From and to: the middle 95 % of the change over {} resamples of the \
         images (seed {}). Where it does not hold 0, the change is more than chance would \
         make of it. Counted are finds with a confidence of {:.3} ({first}) and {:.3} ({second}) \
         or more.</p></div>",
        comparison.resamples, comparison.seed, comparison.confidence[0], comparison.confidence[1],
    );
    if comparison.classes.len() > 1 {
        html += "<div class=\"card\">";
        html += &changes(comparison, &comparison.classes, "AP of class");
        html += "</div>";
    }
    html += &legend(&[
        ("first", false, &format!("only {} finds it", comparison.first)),
        ("second", false, &format!("only {} finds it", comparison.second)),
        ("both", false, "both find it"),
        ("missed", false, "neither finds it"),
        ("first", true, &format!("false find of {}", comparison.first)),
        ("second", true, &format!("false find of {}", comparison.second)),
    ]);
    for (title, images) in [("Better", &comparison.better), ("Worse", &comparison.worse)] {
        if images.is_empty() {
            continue;
        }
        let shots: String = images.iter().map(|image| shot(page, comparison, image)).collect();
        let _ =
            write!(html, "<h3>{title} with {second}</h3><div class=\"shots\">{shots}</div><p></p>");
    }
    html
}

fn changes(comparison: &Comparison, changes: &[Change], what: &str) -> String {
    let has_intervals = changes.iter().any(|change| change.interval.is_some());
    let mut html = format!(
        "<table class=\"sorts\"><thead><tr><th scope=\"col\">{what}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th><th scope=\"col\">Change</th>",
        escape(&comparison.first),
        escape(&comparison.second),
    );
    if has_intervals {
        html +=
            "<th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">Interval</th>";
    }
    html += "</tr></thead><tbody>";
    let reach = |change: &Change| {
        let interval = change.interval.unwrap_or_default();
        change.change.unwrap_or(0.0).abs().max(interval[0].abs()).max(interval[1].abs())
    };
    let most = changes.iter().map(reach).fold(0.01f64, f64::max);
    for change in changes {
        let sure = match change.interval {
            Some([low, _]) if low > 0.0 => " class=\"up\"",
            Some([_, high]) if high < 0.0 => " class=\"down\"",
            _ => "",
        };
        let signed = |number: Option<f64>| {
            number.map_or_else(|| "–".to_owned(), |number| format!("{number:+.3}"))
        };
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td{sure}>{}</td>",
            escape(&change.name),
            share(change.first),
            share(change.second),
            signed(change.change),
        );
        if has_intervals {
            let [low, high] =
                [0, 1].map(|end: usize| signed(change.interval.map(|both| both[end])));
            let _ = write!(html, "<td>{low}</td><td>{high}</td><td>{}</td>", forest(change, most));
        }
        html += "</tr>";
    }
    html + "</tbody></table>"
}

/// The interval as a line about 0, which is in the middle.
fn forest(change: &Change, most: f64) -> String {
    let (Some(middle), Some([low, high])) = (change.change, change.interval) else {
        return String::new();
    };
    let x = |at: f64| 90.0 + 84.0 * at / most;
    format!(
        "<svg class=\"forest\" viewBox=\"0 0 180 18\" role=\"img\"><title>{}: {middle:+.3}, from \
         {low:+.3} to {high:+.3}</title><line x1=\"90\" x2=\"90\" y1=\"0\" y2=\"18\"/>\
         <line class=\"span\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"9\" y2=\"9\"/>\
         <circle cx=\"{:.1}\" cy=\"9\" r=\"4\"/></svg>",
        escape(&change.name),
        x(low),
        x(high),
        x(middle),
    )
}

fn shot(page: &Page<'_>, comparison: &Comparison, image: &ComparedImage) -> String {
    let mut boxes = Vec::new();
    let mut push = |corners, class, is_found, label: String| {
        boxes.push(Drawn { corners, class, is_found, label });
    };
    for (truths, class) in [(&image.only_first, "first"), (&image.only_second, "second")] {
        for truth in truths {
            push(truth.corners, class, false, page.class(truth.class).to_owned());
        }
    }
    for (of, class) in [(&image.first, "first"), (&image.second, "second")] {
        for judged in &of.boxes {
            if let (Verdict::False, Some(found)) = (judged.verdict, judged.found) {
                let label = format!("{} {:.2}", page.class(found.class), found.score);
                push(found.corners, class, true, label);
            }
        }
    }
    for judged in &image.first.boxes {
        let Some(truth) = judged.truth else { continue };
        if image.only_first.contains(&truth) || image.only_second.contains(&truth) {
            continue;
        }
        match judged.verdict {
            Verdict::Right => push(truth.corners, "both", false, String::new()),
            _ => push(truth.corners, "missed", false, page.class(truth.class).to_owned()),
        }
    }
    let counts = |name: &str, of: &crate::ImageReport| {
        let counts = of.counts;
        format!(
            "{}: {:.2} ({} missed, {} of the wrong class, {} false)",
            escape(name),
            of.badness,
            counts.missed,
            counts.wrong_class,
            counts.false_finds,
        )
    };
    format!(
        "<figure class=\"card\">{}<figcaption><b>{}</b><br>{}<br>{}</figcaption></figure>",
        frame(page, &image.first, &boxes),
        escape(&image.first.name),
        counts(&comparison.first, &image.first),
        counts(&comparison.second, &image.second),
    )
}
