//! `dataset build`: frozen samples from jobs, manifests, selections and earlier datasets.

use anyhow::Result;
use clap::ValueEnum;
use roadloop_engine::catalog::SelectionRef;
use roadloop_engine::datasets::{ClassRules, DatasetName, DatasetRef};
use roadloop_engine::labels::JobName;
use roadloop_engine::stages::dataset::{self, BuildSettings, SelectionLabels, Source};
use roadloop_engine::stages::label::refs::Switch;

use super::{MadeArgs, SplitArgs};
use crate::cli::Outcome;
use crate::cli::label::look;
use crate::session::Session;
use crate::usage::{renames, usage};

/// Build a dataset from labelling jobs, manifests, selections and earlier datasets
///
/// Labels made on anonymised copies are joined to the raw frames. Of an image that several
/// sources speak of, a job counts before a manifest, a manifest before a selection, a
/// selection before an earlier dataset, and of two of a kind the one named later.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop dataset build cars --from-job av --split 60/20/20 --seed 7
  roadloop dataset build cars --from-job av --from-manifest s3://jobs/output.manifest \\
      --split 80/10/10 --stratify --classes car,person --license 'internal use only'
  roadloop dataset build night --from-selection crowds --split 70/30 --split-by time
  roadloop dataset build start --from-selection crowds --labels models --min-confidence 0.6
  roadloop dataset build cars --from-dataset cars@1 --from-job av-more \\
      --split 60/20/20 --keep-split-of cars@1        test images stay test images")]
pub(super) struct Args {
    /// What the dataset is called: letters, digits, _ and -
    #[arg(value_name = "NAME")]
    name: DatasetName,
    /// What people agreed on in a labelling job
    #[arg(long, value_name = "JOB")]
    from_job: Vec<JobName>,
    /// An augmented manifest, as SageMaker Ground Truth writes them: a file or an address
    #[arg(long, value_name = "FILE")]
    from_manifest: Vec<String>,
    /// The frames of a saved selection
    #[arg(long, value_name = "NAME")]
    from_selection: Vec<SelectionRef>,
    /// An earlier dataset, or an imported one
    #[arg(long, value_name = "NAME")]
    from_dataset: Vec<DatasetRef>,
    /// Which label of a manifest, where lines have several [default: the newest]
    #[arg(long, value_name = "ATTRIBUTE")]
    attribute: Option<String>,
    /// Other beginnings of a manifest's references, as other buckets
    #[arg(long = "map", value_name = "OLD=NEW")]
    renames: Vec<String>,
    /// Whose boxes a selection's frames are taken with
    #[arg(long, value_enum, value_name = "WHOSE", default_value_t = LabelsName::People)]
    labels: LabelsName,
    /// Of boxes of models, those at least as sure
    #[arg(long, value_name = "0..1", default_value_t = 0.5)]
    min_confidence: f32,
    /// These classes only, in this order
    #[arg(long, value_delimiter = ',', value_name = "CLASSES")]
    classes: Vec<String>,
    /// Another name for a class; two may become one
    #[arg(long = "rename", value_name = "OLD=NEW")]
    class_renames: Vec<String>,
    /// Keep images that nobody labelled, without labels
    #[arg(long)]
    keep_unlabelled: bool,
    #[command(flatten)]
    split: SplitArgs,
    /// Leave what an earlier version has in the split it is in, so that no test image becomes
    /// a training image
    #[arg(long, value_name = "NAME@V", requires = "split")]
    keep_split_of: Option<DatasetRef>,
    #[command(flatten)]
    made: MadeArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LabelsName {
    /// What people drew in the studio
    People,
    /// What a model found: no truth, but a start
    Models,
}

impl Args {
    fn sources(&self) -> Result<Vec<Source>> {
        if !(0.0..=1.0).contains(&self.min_confidence) {
            return Err(usage("--min-confidence goes from 0 to 1"));
        }
        let labels = match self.labels {
            LabelsName::People => SelectionLabels::People,
            LabelsName::Models => SelectionLabels::Models { confidence: self.min_confidence },
        };
        let mut sources: Vec<Source> =
            self.from_dataset.iter().cloned().map(Source::Dataset).collect();
        sources.extend(
            self.from_selection.iter().map(|name| Source::Selection { name: name.clone(), labels }),
        );
        sources.extend(self.from_manifest.iter().map(|address| Source::Manifest {
            address: address.clone(),
            attribute: self.attribute.clone(),
        }));
        sources.extend(self.from_job.iter().cloned().map(Source::Job));
        if sources.is_empty() {
            return Err(usage(
                "say what it is made from: --from-job, --from-manifest, --from-selection or \
                 --from-dataset",
            ));
        }
        Ok(sources)
    }
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let sources = args.sources()?;
    let references = renames("--map", "s3://blurred/=s3://raw/", &args.renames)?;
    let class_renames = renames("--rename", "auto=car", &args.class_renames)?;
    let labels = match args.from_job.is_empty() {
        true => None,
        false => look(session)?,
    };
    let ctx = match args.made.dry_run {
        true => session.reader().await?,
        false => session.engine().await?,
    };
    let settings = BuildSettings {
        name: args.name,
        sources,
        classes: ClassRules {
            only: (!args.classes.is_empty()).then_some(args.classes),
            renames: class_renames,
        },
        keep_unlabelled: args.keep_unlabelled,
        switch: Switch { images: None, renames: references },
        split: args.split.settings(),
        keep_split_of: args.keep_split_of,
        about: args.made.about(),
    };
    let built = dataset::build(&ctx, labels.as_ref(), settings, args.made.dry_run).await?;
    args.made.say(session, &built)
}
