//! `eval`: what a model finds on a dataset, against what people said.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Result;
use roadloop_engine::datasets::{DatasetRef, Split};
use roadloop_engine::evaluate::Report;
use roadloop_engine::stages::evaluate::{self, EvaluateSettings};
use roadloop_engine::stages::{dataset, models};

use super::output::{name_skips, write_file};
use crate::cli::Outcome;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Hold a model against a dataset: mAP, curves, confusion, the worst images
///
/// MODEL is one that was trained here (cars, cars@3), a run, or an .onnx file. It looks as it
/// will when it serves, but for finds it is hardly sure of, which average precision asks for.
/// AP are those of COCO; mAP@0.5 is that of Pascal VOC 2007, which the usual scripts print.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop eval cars cars@3:test
  roadloop eval cars cars@3:test --by size,class,recording,tod --report out.html
  roadloop eval yolox_nano.onnx cars@3:test --json | jq .coco.ap50
  roadloop eval cars@2 cars@3:test --against cars@1 --report better.html")]
pub(crate) struct Args {
    #[arg(value_name = "MODEL")]
    model: String,
    #[arg(value_name = "NAME[@V][:SPLIT]")]
    dataset: Judged,
    /// Break it down: size, class, recording, tod, camera
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    by: Vec<By>,
    /// Write it with pictures, as one page that needs no server: .html
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Another model, to be compared image by image
    #[arg(long, value_name = "MODEL")]
    against: Option<String>,
    /// What counts as found in confusion, counts and pictures, 0 to 1 [default: where F1 is best]
    #[arg(long, value_name = "CONFIDENCE")]
    confidence: Option<f32>,
    /// Print all of it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Size,
    Class,
    Recording,
    Tod,
    Camera,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            By::Size => "size",
            By::Class => "class",
            By::Recording => "recording",
            By::Tod => "tod",
            By::Camera => "camera",
        }
    }
}

/// A dataset, and the split that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Judged {
    dataset: DatasetRef,
    split: Option<Split>,
}

impl FromStr for Judged {
    type Err = String;

    fn from_str(text: &str) -> Result<Judged, String> {
        let (name, split) = match text.rsplit_once(':') {
            Some((name, split)) => {
                (name, Some(split.parse::<Split>().map_err(|error| error.to_string())?))
            }
            None => (text, None),
        };
        let dataset = name.parse::<DatasetRef>().map_err(|error| error.to_string())?;
        Ok(Judged { dataset, split })
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    if let Some(path) = &args.report
        && path.extension().is_none_or(|end| !end.eq_ignore_ascii_case("html"))
    {
        return Err(usage(format!(
            "the report's name must end in .html\npath: {}",
            path.display()
        )));
    }
    let ctx = session.reader().await?;
    let card = dataset::card(&ctx, &args.dataset.dataset).await?;
    let splits: Vec<Split> = args.dataset.split.into_iter().collect();
    let settings = EvaluateSettings::default();
    let model = models::find(&ctx, &args.model).await?;
    let detector = evaluate::judge_of(&ctx, &model.source, settings)?;
    let judged = evaluate::evaluate(&ctx, detector, &card, &splits).await?;
    let outcome = name_skips(session, &judged.report.skipped);
    if !judged.unknown.is_empty() {
        session.note(&format!(
            "warning: {} does not know {}, and so cannot find any",
            model.name,
            judged.unknown.join(", ")
        ));
    }
    if judged.unlabelled > 0 {
        let images = counted(judged.unlabelled, "image");
        session.note(&format!("{images} nobody labelled were not looked at"));
    }
    let title = format!(
        "{} on {}",
        model.name,
        title_of(&args.dataset, &card.name.to_string(), card.version)
    );
    let mut report = evaluate::report(&judged, args.confidence, title)?;
    if let Some(other) = &args.against {
        let other = models::find(&ctx, other).await?;
        let detector = evaluate::judge_of(&ctx, &other.source, settings)?;
        let before = evaluate::evaluate(&ctx, detector, &card, &splits).await?;
        let names = [other.name.clone(), model.name.clone()];
        report.comparison = Some(evaluate::comparison(&before, &judged, names)?);
    }
    if let Some(path) = &args.report {
        let page = evaluate::page(&ctx, &judged, &report).await?;
        let replaced = write_file(path, page.as_bytes())?;
        session.note(&format!("report: {}{}", path.display(), replaced.in_words()));
    }
    match args.json {
        true => render::print_json(&report)?,
        false => render::print(&told(&report, &args.by))?,
    }
    Ok(outcome)
}

fn title_of(judged: &Judged, name: &str, version: u32) -> String {
    let split = judged.split.map_or_else(String::new, |split| format!(":{split}"));
    format!("{name}@{version}{split}")
}

/// The report as people read it in a terminal.
fn told(report: &Report, by: &[By]) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"));
    let (coco, voc) = (&report.coco, &report.voc);
    let mut text = format!(
        "{}: {}, {}\n",
        report.title,
        counted(report.images, "image"),
        counted(report.truths, "box")
    );
    let lines = [
        ("mAP@0.5 (VOC07)", voc.map07),
        ("AP (COCO)", coco.ap),
        ("AP50", coco.ap50),
        ("AP75", coco.ap75),
        ("AP small", coco.ap_small),
        ("AP medium", coco.ap_medium),
        ("AP large", coco.ap_large),
        ("AR100", coco.ar100),
    ];
    for (name, value) in lines {
        text += &format!("  {name:<16} {}\n", number(value));
    }
    let at = &report.at_confidence;
    text += &format!(
        "  at confidence {:.2}: precision {}, recall {}\n",
        report.confidence,
        number(at.precision),
        number(at.recall)
    );
    let head = ["", "images", "found", "missed", "false", "AP", "AP50"].map(str::to_owned).to_vec();
    for by in by {
        let mut rows = vec![head.clone()];
        rows[0][0] = by.name().to_owned();
        match report.breakdowns.iter().find(|breakdown| breakdown.by == by.name()) {
            Some(breakdown) => rows.extend(breakdown.buckets.iter().map(|bucket| {
                vec![
                    bucket.name.clone(),
                    bucket.images.to_string(),
                    bucket.counts.right.to_string(),
                    bucket.counts.missed.to_string(),
                    (bucket.counts.false_finds + bucket.counts.wrong_class).to_string(),
                    number(bucket.ap),
                    number(bucket.ap50),
                ]
            })),
            None => {
                text += &format!("\n  {}: not known of these images\n", by.name());
                continue;
            }
        }
        text += &format!("\n{}", render::columns(&rows));
    }
    if let Some(comparison) = &report.comparison {
        let mut rows = vec![vec![
            String::new(),
            comparison.first.clone(),
            comparison.second.clone(),
            "change".to_owned(),
            "95 %".to_owned(),
        ]];
        rows.extend(comparison.metrics.iter().map(|change| {
            let interval = change
                .interval
                .map_or_else(String::new, |[low, high]| format!("{low:+.4} to {high:+.4}"));
            let delta = change.change.map_or_else(String::new, |delta| format!("{delta:+.4}"));
            vec![change.name.clone(), number(change.first), number(change.second), delta, interval]
        }));
        text += &format!(
            "\n{}{} better, {} worse, {} the same\n",
            render::columns(&rows),
            counted(comparison.images.better, "image"),
            comparison.images.worse,
            comparison.images.same
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_stands_behind_a_dataset() {
        let judged: Judged = "cars@3:test".parse().unwrap();
        assert_eq!(
            (judged.dataset.to_string().as_str(), judged.split),
            ("cars@3", Some(Split::Test))
        );
        assert_eq!("cars".parse::<Judged>().unwrap().split, None);
        assert!(
            "cars:all".parse::<Judged>().unwrap_err().contains("there are train, val and test")
        );
    }
}
