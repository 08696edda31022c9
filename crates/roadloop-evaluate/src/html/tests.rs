//! What must hold of any page: its text is text, its tags close, nothing is loaded.

use super::*;
use crate::{CompareSettings, Corners, Evaluation, Found, Image, Settings, Truth, compare};

/// The smallest that begins as a JPEG.
const JPEG: [u8; 4] = [0xff, 0xd8, 0xff, 0xd9];

fn evaluation(classes: &[&str], off: f64) -> Evaluation {
    let corners = |left: f64| Corners::new(left, 0.0, left + 50.0, 50.0);
    let images = (0..3)
        .map(|place| Image {
            name: format!("<b>{place}\".jpg"),
            width: 640,
            height: 480,
            group: "<i>drive".to_owned(),
            taken_at: Some(roadloop_base::Nanos(1_605_823_200_000_000_000)),
            facets: vec![("<u>tod".to_owned(), "<u>night".to_owned())],
        })
        .collect();
    let truths = (0..3)
        .map(|image| Truth { image, class: 0, corners: corners(0.0), crowd: false })
        .collect();
    let found = (0..3)
        .map(|image| Found {
            image,
            class: image % classes.len() as u32,
            score: 0.5 + image as f32 / 10.0,
            corners: corners(f64::from(image) * off),
        })
        .collect();
    let classes = classes.iter().map(|class| (*class).to_owned()).collect();
    Evaluation::new(classes, images, truths, found).expect("all can be")
}

fn page(classes: &[&str]) -> String {
    let (first, second) = (evaluation(classes, 60.0), evaluation(classes, 2.0));
    let settings = CompareSettings {
        names: ["<b>one".to_owned(), "two&".to_owned()],
        resamples: 20,
        ..CompareSettings::default()
    };
    let mut of_second = second.report(&Settings::default()).expect("a report");
    of_second.title = "<script>alert(1)</script>".to_owned();
    of_second.comparison = Some(compare(&first, &second, &settings).expect("compares"));
    report(&of_second, &|image| (image != 1).then(|| JPEG.to_vec()))
}

#[test]
fn text_from_outside_stays_text() {
    let html = page(&["<script>alert(2)</script>", "'\"><img src=x>", "car"]);
    // Ours alone is one.
    assert_eq!(html.matches("<script").count(), 1);
    for raw in ["<b>0\"", "<b>one", "<i>drive", "<u>", "<img src=x"] {
        assert!(!html.contains(raw), "{raw} is on the page");
    }
    assert!(html.contains("&lt;script&gt;alert(2)&lt;/script&gt;"));
    assert!(html.contains("two&amp;"));
}

#[test]
fn nothing_is_loaded_and_links_lead_somewhere() {
    let html = page(&["car", "person"]);
    assert!(!html.contains("http") && !html.contains("url("));
    assert!(html.contains("data:image/jpeg;base64,/9j/2Q=="));
    let links: Vec<&str> =
        html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.iter().any(|link| link.starts_with("cell-")));
    assert!(links.iter().any(|link| link.starts_with("image-")));
    for link in links {
        assert_eq!(html.matches(&format!("id=\"{link}\"")).count(), 1, "{link}");
    }
}

#[track_caller]
fn check_closed(html: &str) {
    for tag in ["table", "thead", "tbody", "tr", "figure", "figcaption", "div", "ul", "section"] {
        let (open, plain) = (format!("<{tag} "), format!("<{tag}>"));
        let opened = html.matches(&open).count() + html.matches(&plain).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    let pictures = html.matches("<svg").count();
    assert_eq!(pictures, html.matches("</svg>").count());
    let unnamed = html.matches("aria-hidden=\"true\"><line").count();
    let in_lines = html.matches("<polyline").count();
    // That of the page is one more.
    assert_eq!(html.matches("<title>").count(), pictures - unnamed + in_lines + 1);
}

#[test]
fn tags_close_and_charts_have_names() {
    check_closed(&page(&["car", "person"]));
    let empty = Evaluation::new(Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let empty = empty.expect("nothing can be").report(&Settings::default()).expect("a report");
    let html = report(&empty, &|_| None);
    check_closed(&html);
    assert!(html.contains("No image has an error."));
}

#[test]
fn what_is_no_picture_is_left_out() {
    let of = evaluation(&["car"], 60.0).report(&Settings::default()).expect("a report");
    let html = report(&of, &|_| Some(b"<svg onload=alert(1)>".to_vec()));
    assert!(!html.contains("onload") && !html.contains("data:"));
    assert!(html.contains("class=\"frame empty\""));
}

#[test]
fn a_page_is_bounded() {
    let of = evaluation(&["car"], 60.0).report(&Settings::default()).expect("a report");
    let mut large = vec![0; MOST_PICTURE_BYTES / 2 + 1];
    large[..3].copy_from_slice(&JPEG[..3]);
    let html = report(&of, &|_| Some(large.clone()));
    assert_eq!(of.worst.len(), 2);
    assert_eq!(html.matches("data:image/jpeg").count(), 1);
}
