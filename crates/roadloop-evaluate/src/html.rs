//! A report as one page that can be sent to somebody: text, charts and pictures all inside,
//! and nothing that has to be loaded.
//!
//! It is read without its script, which sorts tables and nothing else. Names of classes,
//! images and recordings come from outside; all text goes through [`escape`].

mod charts;
mod comparison;
mod matrix;
mod pictures;
mod style;
mod tables;

use std::cell::Cell;
use std::fmt::Write as _;

use crate::{Report, judge::ImageReport};

/// Pictures take a third more as text; browsers grow slow on pages much above it.
const MOST_PICTURE_BYTES: usize = 48 << 20;

/// Gives an image's encoded picture (JPEG, PNG, WebP or GIF), by its place in the list of
/// images; where there is none, boxes are drawn on an empty field.
pub type Pictures<'a> = dyn Fn(u32) -> Option<Vec<u8>> + 'a;

/// The whole page. At most 48 MiB of pictures go into it; those that come later stay empty.
pub fn report(report: &Report, pictures: &Pictures<'_>) -> String {
    let page = Page { report, pictures, left: Cell::new(MOST_PICTURE_BYTES) };
    let title = if report.title.is_empty() { "Evaluation" } else { &report.title };
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>roadloop: {title}</title><style>{style}</style><main>\
         <h1>{title}</h1><p class=\"soft\">{what}</p>{navigation}",
        title = escape(title),
        style = style::STYLE,
        what = page.what(),
        navigation = page.navigation(),
    );
    html += &tables::headline(report);
    html += &comparison::section(&page);
    html += &charts::section(report);
    html += &tables::classes(report);
    html += &matrix::section(&page);
    html += &tables::breakdowns(report);
    html += &pictures::section(&page);
    let _ = writeln!(html, "</main><script>{}</script></html>", style::SCRIPT);
    html
}

/// What is on the page, and how much may yet come onto it.
struct Page<'a> {
    report: &'a Report,
    pictures: &'a Pictures<'a>,
    left: Cell<usize>,
}

impl Page<'_> {
    fn what(&self) -> String {
        let Report { images, truths, found, crowds, confidence, .. } = *self.report;
        let crowds =
            if crowds > 0 { format!(" ({crowds} more are not asked for)") } else { String::new() };
        let chosen = if self.report.confidence_is_best { ", where F1 is best" } else { "" };
        format!(
            "{images} images, {truths} truths{crowds}, {found} finds. \
             Counted are finds with a confidence of {confidence:.3} or more{chosen}."
        )
    }

    fn navigation(&self) -> String {
        let mut parts = vec![("charts", "Curves"), ("classes", "Classes"), ("matrix", "Confusion")];
        if self.report.comparison.is_some() {
            parts.insert(0, ("comparison", "Comparison"));
        }
        parts.extend([("breakdowns", "Breakdowns"), ("worst", "Worst images")]);
        let links = parts.iter().map(|(id, name)| format!("<a href=\"#{id}\">{name}</a>"));
        format!("<nav aria-label=\"Sections\">{}</nav>", links.collect::<String>())
    }

    /// Those that have a picture and boxes on the page.
    fn shown(&self) -> impl Iterator<Item = &ImageReport> {
        self.report.worst.iter().chain(&self.report.examples)
    }

    fn class(&self, class: u32) -> &str {
        self.report.classes.get(class as usize).map_or("?", String::as_str)
    }

    /// As a `data:` address; `None` where there is none, it is nothing a browser shows, or the
    /// page is full.
    fn picture(&self, image: u32) -> Option<String> {
        use base64::Engine as _;
        let bytes = (self.pictures)(image)?;
        let kind = kind_of(&bytes)?;
        self.left.set(self.left.get().checked_sub(bytes.len())?);
        let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
        Some(format!("data:{kind};base64,{text}"))
    }
}

fn kind_of(picture: &[u8]) -> Option<&'static str> {
    match picture {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        _ => None,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A share of 0 to 1 to three digits; a dash where there is none.
fn share(number: Option<f64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"))
}

#[cfg(test)]
mod tests;
