//! Evaluates what a file says, and writes the report: for `bench/train/coco.py`, which holds
//! its numbers against pycocotools and against VOC's definition.
//!
//!     cargo run --release -p roadloop-evaluate --example evaluate_cases -- CASES.json REPORTS.json
//!
//! CASES.json is a list of `{"classes": […], "images": […], "truths": […], "found": […]}`;
//! REPORTS.json a list of reports, each with the seconds it took.

use std::error::Error;
use std::time::Instant;

use roadloop_evaluate::{Evaluation, Found, Image, Report, Settings, Truth};

#[derive(serde::Deserialize)]
struct Case {
    classes: Vec<String>,
    images: Vec<Image>,
    truths: Vec<Truth>,
    found: Vec<Found>,
}

#[derive(serde::Serialize)]
struct Said {
    seconds: f64,
    report: Report,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(cases), Some(reports)) = (words.next(), words.next()) else {
        return Err("say where the cases are, and where the reports go".into());
    };
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(cases)?)?;
    let mut said = Vec::new();
    for Case { classes, images, truths, found } in cases {
        let start = Instant::now();
        let report =
            Evaluation::new(classes, images, truths, found)?.report(&Settings::default())?;
        said.push(Said { seconds: start.elapsed().as_secs_f64(), report });
    }
    std::fs::write(reports, serde_json::to_vec(&said)?)?;
    Ok(())
}
