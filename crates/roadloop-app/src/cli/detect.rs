//! `detect`: looks at stored frames (again), with the detector in force.

use std::path::PathBuf;

use anyhow::Result;
use roadloop_base::Part;
use roadloop_engine::stages::detect;

use crate::cli::Outcome;
use crate::config::Overrides;
use crate::session::Session;

/// Find objects in stored frames
///
/// Frames already looked at with the same detector and threshold are left
/// alone; with another one their old detections are replaced.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop detect                                  every recording
  roadloop detect drive-1a2b3c4d --detector yolox_s.onnx
  roadloop detect --tagger scenes.onnx             scene labels besides the boxes
  roadloop detect --detector rekognition           ask Amazon Rekognition; it is paid by the image")]
pub(crate) struct Args {
    /// Recordings by name [default: all]
    #[arg(value_name = "NAME")]
    recordings: Vec<String>,
    #[command(flatten)]
    detector: DetectorArgs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Who looks at a frame, and who is told besides.
#[derive(Debug, clap::Args)]
pub(crate) struct DetectorArgs {
    #[command(flatten)]
    models: ModelArgs,
    /// Table of DynamoDB that gets an item for each frame looked at: its time, camera, and
    /// the surest of each label
    #[arg(long, value_name = "TABLE")]
    dynamodb: Option<String>,
}

/// Which models look at a frame.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    /// Detector (.onnx): YOLOX, YOLOv8 style, DETR style, NanoDet; its decoder
    /// follows from its outputs or from a .toml beside it. Or `rekognition`, which asks
    /// Amazon for the labels of each frame, and is paid by the frame [default: NanoDet]
    #[arg(long, value_name = "FILE")]
    detector: Option<PathBuf>,
    /// Image classifier: NAME.onnx, with labels in it, or one a line in
    /// NAME.labels.txt, or in NAME.toml
    #[arg(long, value_name = "FILE")]
    tagger: Option<PathBuf>,
    /// Keep objects found at least this surely, 0 to 1 [default: 0.35]
    #[arg(long, value_name = "SHARE")]
    confidence: Option<f32>,
}

impl DetectorArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = self.models.overrides();
        overrides.extend(self.dynamodb.clone().map(|table| ("detect.dynamodb", table)));
        overrides
    }
}

impl ModelArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let mut overrides = Overrides::new();
        overrides.extend(self.detector.as_ref().map(|file| ("detect.model", path(file))));
        overrides.extend(self.tagger.as_ref().map(|file| ("detect.tagger", path(file))));
        overrides.extend(self.confidence.map(|share| ("detect.confidence", share.to_string())));
        overrides
    }
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        self.detector.overrides()
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let ctx = session.reader().await?;
    let mut results = Vec::new();
    for recording in super::anonymize::named_recordings(&ctx, &args.recordings).await? {
        let report = detect::run(&ctx, &Part::whole(recording.clone())).await?;
        results.push((recording, report));
    }
    super::anonymize::show_reports(session, &results, args.json).await
}
