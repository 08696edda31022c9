//! The numbers at the top, those of each class, and bars for each way to take them apart.

use std::fmt::Write as _;

use super::{escape, share};
use crate::Report;

pub(super) fn headline(report: &Report) -> String {
    let tiles = |tiles: &[(&str, Option<f64>)]| {
        let tiles = tiles.iter().map(|(name, number)| {
            format!("<div class=\"tile\"><b>{}</b><span>{name}</span></div>", share(*number))
        });
        format!("<div class=\"tiles\">{}</div>", tiles.collect::<String>())
    };
    let (coco, voc, at) = (&report.coco, &report.voc, &report.at_confidence);
    let mut html = tiles(&[
        ("AP, COCO", coco.ap),
        ("AP50", coco.ap50),
        ("AP75", coco.ap75),
        ("mAP@0.5, VOC 2007", voc.map07),
        ("precision", at.precision),
        ("recall", at.recall),
        ("F1", at.f1),
    ]);
    let row = |names: &str, numbers: [Option<f64>; 7]| {
        let cells = numbers.map(|number| format!("<td>{}</td>", share(number))).concat();
        format!("<tr><th scope=\"row\">{names}</th>{cells}</tr>")
    };
    html += "<div class=\"card\"><table><thead><tr><th scope=\"col\">COCO</th>\
             <th scope=\"col\">all</th><th scope=\"col\">small</th><th scope=\"col\">medium</th>\
             <th scope=\"col\">large</th><th scope=\"col\">1 an image</th>\
             <th scope=\"col\">10</th><th scope=\"col\">100</th></tr></thead><tbody>";
    html += &row(
        "Average precision",
        [coco.ap, coco.ap_small, coco.ap_medium, coco.ap_large, None, None, None],
    );
    html += &row(
        "Average recall",
        [coco.ar100, coco.ar_small, coco.ar_medium, coco.ar_large, coco.ar1, coco.ar10, coco.ar100],
    );
    let _ = write!(
        html,
        "</tbody></table><p class=\"soft\">VOC 2010 mAP@0.5: {}. Of {} truths {} were found, {} \
         were taken for another class, {} were missed; {} finds are of nothing.</p></div>",
        share(voc.map10),
        report.counts.truths,
        report.counts.right,
        report.counts.wrong_class,
        report.counts.missed,
        report.counts.false_finds,
    );
    html
}

pub(super) fn classes(report: &Report) -> String {
    let mut html = "<h2 id=\"classes\">Classes</h2><div class=\"card\"><table class=\"sorts\">\
                    <thead><tr>"
        .to_owned();
    let heads = [
        "Class",
        "Truths",
        "AP",
        "AP50",
        "AP75",
        "VOC07",
        "Precision",
        "Recall",
        "F1",
        "Best threshold",
        "F1 there",
    ];
    for head in heads {
        let _ = write!(html, "<th scope=\"col\">{head}</th>");
    }
    html += "</tr></thead><tbody>";
    for class in &report.of_classes {
        let at = &class.at_confidence;
        let best = class.best.map(|best| f64::from(best.confidence));
        let numbers = [
            class.ap,
            class.ap50,
            class.ap75,
            class.voc07,
            at.precision,
            at.recall,
            at.f1,
            best,
            class.best.and_then(|best| best.f1),
        ];
        let cells = numbers.map(|number| format!("<td>{}</td>", share(number))).concat();
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td>{cells}</tr>",
            escape(&class.name),
            class.truths,
        );
    }
    html + "</tbody></table></div>"
}

pub(super) fn breakdowns(report: &Report) -> String {
    let mut html = "<h2 id=\"breakdowns\">Breakdowns</h2><p class=\"soft\">AP50 of each, with \
                    its truths, how many of them were missed, and false finds.</p>\
                    <div class=\"two\">"
        .to_owned();
    for breakdown in &report.breakdowns {
        let _ = write!(html, "<div class=\"card\"><h3>By {}</h3>", escape(&breakdown.by));
        for bucket in &breakdown.buckets {
            let counts = &bucket.counts;
            let _ = write!(
                html,
                "<div class=\"bar\" title=\"{images} images, AP {ap}\"><span>{name}</span>\
                 <div><i style=\"width:{percent:.1}%\"></i></div><b>{ap50}</b>\
                 <span class=\"soft\">{truths} · {missed} missed · {false_finds} false</span></div>",
                images = bucket.images,
                ap = share(bucket.ap),
                name = escape(&bucket.name),
                percent = 100.0 * bucket.ap50.unwrap_or(0.0).clamp(0.0, 1.0),
                ap50 = share(bucket.ap50),
                truths = counts.truths,
                missed = counts.missed,
                false_finds = counts.false_finds,
            );
        }
        let shown = breakdown.buckets.len() as u64;
        if breakdown.buckets_in_all > shown {
            let _ = write!(
                html,
                "<p class=\"soft\">{shown} of {} are shown: those with the most images.</p>",
                breakdown.buckets_in_all,
            );
        }
        html += "</div>";
    }
    html + "</div>"
}
