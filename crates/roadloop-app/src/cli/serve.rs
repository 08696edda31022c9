//! `serve`: answers other programs with models of this machine.

use anyhow::Result;
use roadloop_engine::look::Looking;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Outcome;
use crate::config::Overrides;
use crate::server::Server;
use crate::server::rekognition::Rekognition;
use crate::session::Session;
use crate::usage::usage;

/// Surer than this a label must be to be looked at; who asks says more (MinConfidence, 55
/// where it is not said), but cannot ask for less.
const LEAST_CONFIDENCE: &str = "0.05";

/// Answer programs that ask Amazon Rekognition, with models of this machine
///
/// DetectLabels, DetectFaces and DetectText, images as bytes or as objects of S3. Only the
/// endpoint of the asking program is changed; whatever it signs with is accepted, so
/// listen where only those may call who may ask.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop serve --rekognition
  AWS_ENDPOINT_URL_REKOGNITION=http://127.0.0.1:8080 python label_frames.py
  roadloop serve --rekognition --detector yolox_s.onnx --listen 0.0.0.0:8080 --bucket fleet-images")]
pub(crate) struct Args {
    /// Answer as Amazon Rekognition does
    #[arg(long)]
    rekognition: bool,
    /// Where to answer; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Buckets whose objects may be looked at [default: any this process may read]
    #[arg(long, value_name = "NAME")]
    bucket: Vec<String>,
    #[command(flatten)]
    detector: super::detect::ModelArgs,
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        // Who asks decides how sure is sure enough, not the settings for recordings.
        let mut overrides = vec![("detect.confidence", LEAST_CONFIDENCE.to_owned())];
        overrides.extend(self.detector.overrides());
        overrides
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    if !args.rekognition {
        return Err(usage("say what to answer as: roadloop serve --rekognition"));
    }
    let server = Server::bind(&args.listen).await?;
    let looking = Looking::open(&session.engine_settings()).await?;
    let cores = session.cpu().jobs();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let serving = server.serve(Rekognition::new(looking, args.bucket, cores).routes());
    session.note("answering as Amazon Rekognition does; Ctrl-C stops it");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    serving.close().await;
    Ok(Outcome::Done)
}
