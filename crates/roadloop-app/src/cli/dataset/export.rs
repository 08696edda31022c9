//! `dataset export`: a dataset in the form of another program.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use roadloop_engine::datasets::{DatasetRef, Format};
use roadloop_engine::stages::dataset::{self, ExportSettings, ImagesOut};
use roadloop_engine::vision::PackSettings;
use serde_json::json;

use super::{named, splits};
use crate::cli::Outcome;
use crate::cli::output::name_skips;
use crate::render::{self, counted};
use crate::session::Session;

/// Write a dataset in the form of another program: images and labels, in a folder
///
/// Images are raw ones. An export that was stopped goes on where it was; where dataset.json
/// is, it is whole.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Forms:
  coco          <split>/, annotations/instances_<split>.json
  yolo          images/<split>/, labels/<split>/, data.yaml, as Ultralytics takes it
  voc           JPEGImages/, Annotations/, ImageSets/Main/, whole pixels
  cvat          images/, annotations.xml: CVAT for images 1.1
  labelstudio   images/, tasks.json, label_config.xml
  groundtruth   images/, manifests/<split>.manifest: nothing of a line is lost
  recordio      <split>.rec, .idx, .lst: MXNet's, images within, made smaller
  fiftyone      <split>/data/, <split>/labels.json: FiftyOneImageDetectionDataset
  openlabel     images/, openlabel_<split>.json: ASAM OpenLABEL

Images that nobody labelled are only written where the form can tell them from those with
nothing on them: groundtruth, labelstudio, fiftyone.

Examples:
  roadloop dataset export cars@3 --to yolo --out cars-yolo
  roadloop dataset export cars --to coco --out cars-coco --images link
  roadloop dataset export cars --to groundtruth --images none --out manifests
  roadloop dataset export cars --to recordio --short-side 512 --out cars-rec")]
pub(super) struct Args {
    #[arg(value_name = "NAME[@V]")]
    dataset: DatasetRef,
    /// The form
    #[arg(long, value_enum, value_name = "FORM")]
    to: FormName,
    /// A folder: new, empty, or of the same export
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What is done with images
    #[arg(long, value_enum, value_name = "HOW", default_value_t = ImagesName::Copy)]
    images: ImagesName,
    /// These splits only
    #[arg(long, value_delimiter = ',', value_name = "SPLITS")]
    split: Vec<String>,
    /// Of records: pixels of the shorter side of images, which become JPEGs; 0 keeps their size
    #[arg(long, value_name = "PIXELS", default_value_t = 512)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=16_384))]
    short_side: u32,
    /// Of records: quality of JPEGs
    #[arg(long, value_name = "1..100", default_value_t = 95)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

/// A form as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum FormName {
    Coco,
    Yolo,
    Voc,
    Cvat,
    LabelStudio,
    GroundTruth,
    RecordIo,
    FiftyOne,
    OpenLabel,
}

impl FormName {
    fn format(self) -> Format {
        match self {
            FormName::Coco => Format::Coco,
            FormName::Yolo => Format::Yolo,
            FormName::Voc => Format::Voc,
            FormName::Cvat => Format::Cvat,
            FormName::LabelStudio => Format::LabelStudio,
            FormName::GroundTruth => Format::GroundTruth,
            FormName::RecordIo => Format::RecordIo,
            FormName::FiftyOne => Format::FiftyOne,
            FormName::OpenLabel => Format::OpenLabel,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ImagesName {
    Copy,
    /// Links to where they lie on this machine
    Link,
    /// Labels only; those of forms that name images by their place name where they lie
    None,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let splits = splits(&args.split)?;
    let ctx = session.reader().await?;
    let card = dataset::card(&ctx, &args.dataset).await?;
    let settings = ExportSettings {
        format: args.to.format(),
        folder: args.out,
        splits,
        images: match args.images {
            ImagesName::Copy => ImagesOut::Copy,
            ImagesName::Link => ImagesOut::Link,
            ImagesName::None => ImagesOut::None,
        },
        pack: PackSettings {
            short_side: (args.short_side > 0).then_some(args.short_side),
            quality: args.quality,
            ..PackSettings::default()
        },
    };
    let done = dataset::export(&ctx, &card, &settings).await?;
    let (images, there) = (done.report.done, done.report.already_done);
    let folder = settings.folder.display();
    if args.json {
        render::print_json(&json!({"dataset": named(&card).to_string(), "id": card.id,
            "form": settings.format.name(), "folder": settings.folder, "images": images,
            "already_there": there, "boxes": done.boxes, "unlabelled_left_out": done.unlabelled,
            "skipped": done.report.skipped}))?;
    } else {
        let images = counted(images + there, "image");
        let mut text = format!("{folder}: {images}, {}", counted(done.boxes, "box"));
        if there > 0 {
            text += &format!(", {there} there already");
        }
        render::print(&text)?;
    }
    if done.unlabelled > 0 {
        session.note(&format!(
            "{} that nobody labelled left out: in {} they would be taken for empty",
            counted(done.unlabelled, "image"),
            settings.format
        ));
    }
    Ok(name_skips(session, &done.report.skipped))
}
