//! Images with their boxes: what is there in a full line, what was found in a dashed one.

use std::fmt::Write as _;

use super::{Page, escape};
use crate::given::Corners;
use crate::judge::{ImageReport, Verdict};

pub(super) fn section(page: &Page<'_>) -> String {
    let key = legend(&[
        ("missed", false, "missed"),
        ("wrong-class", true, "wrong class"),
        ("false", true, "found where nothing is"),
        ("right", true, "right"),
    ]);
    let mut html = format!(
        "<h2 id=\"worst\">Worst images</h2><p class=\"soft\">By what is missed and false: 1 for \
         each truth that is missed or of the wrong class, and the scores of the finds that are \
         false or of the wrong class. What is there is drawn in a full line, what was found in \
         a dashed one.</p>{key}",
    );
    if page.report.worst.is_empty() {
        html += "<p>No image has an error.</p>";
    }
    html += &shots(page, &page.report.worst);
    if !page.report.examples.is_empty() {
        html += "<h2>Further images of the matrix</h2>";
        html += &shots(page, &page.report.examples);
    }
    html
}

fn shots(page: &Page<'_>, images: &[ImageReport]) -> String {
    let shots = images.iter().map(|image| {
        let mut boxes = Vec::new();
        for judged in &image.boxes {
            let class = match judged.verdict {
                Verdict::Missed => "missed",
                Verdict::WrongClass => "wrong-class",
                Verdict::False => "false",
                Verdict::Right => "right",
            };
            // What is right needs no words, and a wrong class those of both.
            let label = match (judged.truth, judged.found) {
                _ if judged.verdict == Verdict::Right => String::new(),
                (Some(truth), Some(found)) => {
                    format!(
                        "{}, not {}",
                        page.class(truth.class),
                        scored(page, found.class, found.score)
                    )
                }
                (Some(truth), None) => page.class(truth.class).to_owned(),
                (None, Some(found)) => scored(page, found.class, found.score),
                (None, None) => continue,
            };
            if let Some(truth) = judged.truth {
                boxes.push(Drawn {
                    corners: truth.corners,
                    class,
                    is_found: false,
                    label: label.clone(),
                });
            }
            if let Some(found) = judged.found {
                let label = if judged.truth.is_some() { String::new() } else { label };
                boxes.push(Drawn { corners: found.corners, class, is_found: true, label });
            }
        }
        let counts = image.counts;
        let taken_at = image.taken_at.map_or_else(String::new, |taken_at| {
            format!(" · {}", taken_at.iso().get(..19).unwrap_or_default().replace('T', " "))
        });
        let group = if image.group.is_empty() {
            String::new()
        } else {
            format!(" · {}", escape(&image.group))
        };
        format!(
            "<figure class=\"card\" id=\"image-{}\">{}<figcaption><b>{}</b>{group}{taken_at}<br>\
             {:.2}: {} missed, {} of the wrong class, {} false, {} right</figcaption></figure>",
            image.image,
            frame(page, image, &boxes),
            escape(&image.name),
            image.badness,
            counts.missed,
            counts.wrong_class,
            counts.false_finds,
            counts.right,
        )
    });
    format!("<div class=\"shots\">{}</div>", shots.collect::<String>())
}

fn scored(page: &Page<'_>, class: u32, score: f32) -> String {
    format!("{} {score:.2}", page.class(class))
}

/// A box on a picture.
pub(super) struct Drawn {
    pub(super) corners: Corners,
    /// Of the style: what it is.
    pub(super) class: &'static str,
    pub(super) is_found: bool,
    pub(super) label: String,
}

/// The picture, if there is one, with boxes over it.
pub(super) fn frame(page: &Page<'_>, image: &ImageReport, boxes: &[Drawn]) -> String {
    // An image whose size nobody knows is as large as its boxes reach.
    let reach = |side: fn(Corners) -> f64| {
        boxes.iter().map(|drawn| side(drawn.corners)).fold(1.0f64, f64::max)
    };
    let (width, height) = match (image.width, image.height) {
        (0, _) | (_, 0) => (reach(|corners| corners.right), reach(|corners| corners.bottom)),
        (width, height) => (f64::from(width), f64::from(height)),
    };
    let picture = page.picture(image.image);
    let empty = if picture.is_some() { "" } else { " empty" };
    let mut html = format!("<div class=\"frame{empty}\">");
    if let Some(picture) = picture {
        // The size keeps the place before it is decoded, and is that of the boxes.
        let _ = write!(
            html,
            "<img alt=\"\" style=\"aspect-ratio:{width}/{height}\" loading=\"lazy\" src=\"{picture}\">",
        );
    }
    // A picture is some 540 pixels wide on the page: letters of 13 of them.
    let letter = width / 540.0 * 13.0;
    let _ = write!(
        html,
        "<svg role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 {width} {height}\" \
         font-size=\"{letter:.2}\" stroke-width=\"{:.2}\"><title>{}: {} boxes</title>",
        letter / 5.0,
        escape(&image.name),
        boxes.len(),
    );
    // The first are the most telling: they are drawn last, over the others.
    for Drawn { corners, class, is_found, label } in boxes.iter().rev() {
        let dashed = if *is_found { " found" } else { "" };
        let _ = write!(
            html,
            "<rect class=\"{class}{dashed}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            corners.left,
            corners.top,
            corners.width(),
            corners.height(),
        );
        if !label.is_empty() {
            // A letter is some 0.6 of its height wide; what would run out starts further left.
            let long = label.chars().count() as f64 * letter * 0.6;
            let left = corners.left.min(width - long).max(0.0);
            let above = corners.top - letter * 0.35;
            let top = if above < letter { (corners.top + letter * 1.1).max(letter) } else { above };
            let _ = write!(
                html,
                "<text class=\"{class}\" x=\"{left:.1}\" y=\"{:.1}\" style=\"stroke:#000c\">{}</text>",
                top.min(height),
                escape(label),
            );
        }
    }
    html + "</svg></div>"
}

/// Kinds of boxes: the style, whether dashed, the word.
pub(super) fn legend(kinds: &[(&str, bool, &str)]) -> String {
    let items = kinds.iter().map(|(class, is_found, word)| {
        let dashed = if *is_found { " found" } else { "" };
        format!(
            "<li><svg viewBox=\"0 0 28 12\" aria-hidden=\"true\"><line class=\"{class}{dashed}\" \
             x1=\"0\" y1=\"6\" x2=\"28\" y2=\"6\"/></svg>{}</li>",
            escape(word),
        )
    });
    format!("<ul class=\"key\">{}</ul>", items.collect::<String>())
}
