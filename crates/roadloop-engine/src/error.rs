//! What can go wrong in a stage. Errors of the crates below pass through
//! unchanged: they already say what was found and what to do.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use roadloop_bag::BagError;
use roadloop_base::ErrorKind;
use roadloop_catalog::CatalogError;
use roadloop_dataset::DatasetError;
use roadloop_evaluate::EvaluateError;
use roadloop_label::LabelError;
use roadloop_manifest::ManifestError;
use roadloop_queue::QueueError;
use roadloop_queue::aws::AwsError;
use roadloop_store::StoreError;
use roadloop_train::TrainError;
use roadloop_vision::{ModelError, VisionError};

use crate::events::messages::BadMessage;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Bag(#[from] BagError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Vision(#[from] VisionError),
    #[error("the recording's card cannot be read; delete it and run again\nkey: {key}")]
    Card { key: String, source: serde_json::Error },
    #[error(
        "the name {name} belongs to another recording, from {source_path}; choose another --name"
    )]
    NameTaken { name: String, source_path: String },
    #[error("no recording is called {name:?}; known are {known}")]
    NoSuchRecording { name: String, known: String },
    #[error("the folder holds {count} recordings; name one of them, such as {}\npath: {}", first.display(), path.display())]
    SeveralRecordings { path: PathBuf, count: usize, first: PathBuf },
    #[error("cannot read a file: {source}\npath: {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write a file: {source}\npath: {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot write to the folder: {source}\npath: {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("the folder holds {what}; choose another --out, such as {}\npath: {}", free.display(), folder.display())]
    FolderTaken { folder: PathBuf, what: String, free: PathBuf },
    #[error("another extraction writes to this folder; try again when it is done\npath: {}", folder.display())]
    FolderInUse { folder: PathBuf },
    #[error("cannot write a table: {source}")]
    Table { source: Box<dyn Error + Send + Sync> },
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Aws(AwsError),
    #[error(
        "models of this machine are wanted here, not Amazon's; leave out detect.model and anonymize.finder"
    )]
    NotHere,
    #[error("Amazon Rekognition: {0}")]
    Rekognition(AwsError),
    #[error("DynamoDB: {0}")]
    DynamoDb(AwsError),
    #[error("{0}")]
    NoTable(String),
    #[error("there is no queue of Amazon called {name:?} in this account and region")]
    NoMailbox { name: String },
    #[error(transparent)]
    Message(#[from] BadMessage),
    #[error("what was written down of the work cannot be read: {source}\nkey: {key}")]
    Record { key: String, source: serde_json::Error },
    #[error("nothing can be done with the job {job}: this program does not understand it")]
    BadLetter { job: String },
    #[error(transparent)]
    Label(#[from] LabelError),
    #[error(transparent)]
    Line(#[from] ManifestError),
    #[error("{reason}\npath: {}", path.display())]
    Manifest { path: PathBuf, reason: String },
    #[error(
        "a verification or an adjustment is of an earlier job; name it, or give frames to be labelled"
    )]
    NoEarlierJob,
    #[error(
        "the job {job} has no boxes that could be verified; its tasks have to be done, and reviewed where it says so"
    )]
    NothingToVerify { job: String },
    #[error(
        "{attribute} is what the earlier job calls its label; both stand in one line, so give another --attribute"
    )]
    SameAttribute { attribute: String },
    #[error("there is nothing to be labelled: no frame was chosen; look at the filter")]
    NothingToLabel,
    #[error(
        "there is nothing to be labelled: none of the {skipped} chosen frames has an anonymised copy; make copies with: roadloop anonymize"
    )]
    NothingAnonymized { skipped: u64 },
    #[error("all frames are gold; choose others to be labelled beside them")]
    OnlyGold,
    #[error(
        "the labels of {job} are all asked in a job that goes on from it; {missing:?} is missing"
    )]
    MissingLabel { job: String, missing: String },
    #[error("{0}")]
    BadLine(&'static str),
    #[error(
        "no gold frame: none of those that were named has boxes of people; draw some in the studio first"
    )]
    NoGold,
    #[error("a job has at most {most} tasks, and these are {tasks}; choose fewer frames")]
    TooManyTasks { tasks: usize, most: usize },
    #[error("no task of the job {job} has a result yet")]
    NothingLabelled { job: String },
    #[error("no image of the job {job} can be read here")]
    NoImages { job: String },
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("what a dataset says of itself cannot be read: {source}\nkey: {key}")]
    DatasetCard { key: String, source: serde_json::Error },
    #[error("a dataset is damaged: {reason}\nkey: {key}")]
    DamagedDataset { key: String, reason: String },
    #[error(
        "the dataset was made by a newer roadloop (format {found}, this one knows {known}): use \
         that one\nkey: {key}"
    )]
    NewerDataset { key: String, found: u32, known: u32 },
    #[error(
        "others made versions of {name} all the time while this one was to be kept; run the \
         same command again"
    )]
    DatasetOutrun { name: String },
    #[error("there is no dataset {wanted}{}", did_you_mean(suggestion))]
    NoSuchDataset { wanted: String, suggestion: Option<String> },
    #[error("there is no {wanted}; there are the versions {}", numbers(versions))]
    NoSuchDatasetVersion { wanted: String, versions: Vec<u32> },
    #[error("there is nothing to make a dataset of{}", after_colon(left_out))]
    EmptyDataset { left_out: String },
    #[error("there is no labelling job {wanted}, as there are none in this workspace")]
    NoJobsHere { wanted: String },
    #[error("the job {job} is of verdicts and has no boxes; name the job it verifies")]
    NoBoxesInJob { job: String },
    #[error("no class is called {wanted:?}; there are {}", known.join(", "))]
    NoSuchClass { wanted: String, known: Vec<String> },
    #[error(
        "{dataset} has no labelled image in its {split} split: build it again with --split 60/20/20, \
         or import it with splits"
    )]
    EmptySplit { dataset: String, split: &'static str },
    #[error("there is no run {wanted}{}", did_you_mean(suggestion))]
    NoSuchRun { wanted: String, suggestion: Option<String> },
    #[error("there is a run {name} already: choose another --name, or go on with it by --resume")]
    RunExists { name: String },
    #[error("a run is damaged: {reason}\nkey: {key}")]
    DamagedRun { key: String, reason: String },
    #[error(
        "there is no model {wanted}{}: name one of roadloop model list, a run, or an .onnx file",
        did_you_mean(suggestion)
    )]
    NoSuchModel { wanted: String, suggestion: Option<String> },
    #[error("the run {run} has no model yet: it gets one when it ends")]
    NoModelYet { run: String },
    #[error(
        "the model of {run} answers otherwise as ONNX than while it was trained, by {largest:.2e}: \
         it is not kept; please report this"
    )]
    OtherAnswers { run: String, largest: f64 },
    #[error("others made versions of the model {name} all the time; run the same command again")]
    ModelOutrun { name: String },
    #[error("a model is damaged: {reason}\nkey: {key}")]
    DamagedModel { key: String, reason: String },
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    #[error("no image of {name} that was asked for can be read")]
    NoDatasetImages { name: String },
    #[error("another export writes to this folder; wait for it, or choose another --out\npath: {}", folder.display())]
    ExportInUse { folder: PathBuf },
    #[error(
        "these records are of another dataset: their classes are others; export it again\nplace: {place}"
    )]
    OtherRecords { place: String },
    #[error(
        "the samples of this dataset are gone; build it again by the command its card names: what is \
         the same is put back\nkey: {key}"
    )]
    LostRows { key: String },
    #[error(
        "labels in the form {form} do not say where their image lies; write images too, or link \
         them: --images link"
    )]
    NamesNoImages { form: &'static str },
    #[error("a class has no name; give it one where it comes from")]
    NamelessClass,
    #[error("work was stopped")]
    Stopped { source: Box<dyn Error + Send + Sync> },
}

impl EngineError {
    pub(crate) fn stopped(source: impl Error + Send + Sync + 'static) -> EngineError {
        EngineError::Stopped { source: Box::new(source) }
    }

    /// For `map_err`: an I/O error with the path it happened at.
    pub(crate) fn writing(path: &Path) -> impl Fn(io::Error) -> EngineError + '_ {
        |source| EngineError::Write { path: path.to_owned(), source }
    }

    /// For `map_err`: what keeps a folder that was named from being written to.
    pub(crate) fn in_folder(path: &Path) -> impl Fn(io::Error) -> EngineError + '_ {
        |source| EngineError::Folder { path: path.to_owned(), source }
    }

    /// Whether a service was asked too much: nobody's failure.
    pub(crate) fn is_throttling(&self) -> bool {
        let (EngineError::Aws(error)
        | EngineError::Rekognition(error)
        | EngineError::DynamoDb(error)) = self
        else {
            return false;
        };
        error.is_throttling()
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            EngineError::Bag(error) => error.kind(),
            EngineError::Store(error) => error.kind(),
            EngineError::Catalog(error) => error.kind(),
            EngineError::Model(error) => error.kind(),
            EngineError::Vision(error) => error.kind(),
            EngineError::Queue(error) => error.kind(),
            EngineError::Aws(error)
            | EngineError::Rekognition(error)
            | EngineError::DynamoDb(error) => match error.is_passing() {
                true => ErrorKind::Busy,
                false => ErrorKind::Internal,
            },
            EngineError::Label(error) => error.kind(),
            EngineError::Line(error) => error.kind(),
            EngineError::Manifest { .. }
            | EngineError::NoEarlierJob
            | EngineError::NothingToVerify { .. }
            | EngineError::SameAttribute { .. }
            | EngineError::NothingToLabel
            | EngineError::NothingAnonymized { .. }
            | EngineError::OnlyGold
            | EngineError::MissingLabel { .. }
            | EngineError::BadLine(_)
            | EngineError::NoGold
            | EngineError::TooManyTasks { .. } => ErrorKind::Invalid,
            EngineError::NothingLabelled { .. } | EngineError::NoImages { .. } => {
                ErrorKind::NotFound
            }
            EngineError::Dataset(error) => error.kind(),
            EngineError::Train(error) => error.kind(),
            EngineError::Evaluate(_) => ErrorKind::Invalid,
            EngineError::NewerDataset { .. }
            | EngineError::EmptySplit { .. }
            | EngineError::EmptyDataset { .. }
            | EngineError::NamelessClass
            | EngineError::NamesNoImages { .. }
            | EngineError::NoBoxesInJob { .. }
            | EngineError::OtherRecords { .. } => ErrorKind::Invalid,
            EngineError::NoSuchDataset { .. }
            | EngineError::NoSuchRun { .. }
            | EngineError::NoSuchModel { .. }
            | EngineError::NoModelYet { .. }
            | EngineError::NoSuchDatasetVersion { .. }
            | EngineError::NoJobsHere { .. }
            | EngineError::NoSuchClass { .. }
            | EngineError::NoDatasetImages { .. } => ErrorKind::NotFound,
            EngineError::ExportInUse { .. }
            | EngineError::DatasetOutrun { .. }
            | EngineError::ModelOutrun { .. } => ErrorKind::Busy,
            EngineError::NoMailbox { .. } | EngineError::NoTable(_) => ErrorKind::NotFound,
            EngineError::Message(_) => ErrorKind::Invalid,
            EngineError::BadLetter { .. } | EngineError::NotHere => ErrorKind::Invalid,
            EngineError::RunExists { .. }
            | EngineError::NameTaken { .. }
            | EngineError::FolderTaken { .. } => ErrorKind::Conflict,
            EngineError::FolderInUse { .. } => ErrorKind::Busy,
            EngineError::SeveralRecordings { .. } => ErrorKind::Invalid,
            EngineError::NoSuchRecording { .. } => ErrorKind::NotFound,
            EngineError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            EngineError::Card { .. }
            | EngineError::DatasetCard { .. }
            | EngineError::LostRows { .. }
            | EngineError::DamagedDataset { .. }
            | EngineError::DamagedRun { .. }
            | EngineError::DamagedModel { .. }
            | EngineError::OtherAnswers { .. }
            | EngineError::Record { .. }
            | EngineError::Read { .. }
            | EngineError::Write { .. }
            | EngineError::Folder { .. }
            | EngineError::Table { .. }
            | EngineError::Stopped { .. } => ErrorKind::Internal,
        }
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or(String::new(), |name| format!("; did you mean {name}?"))
}

fn numbers(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn after_colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

impl From<ArrowError> for EngineError {
    fn from(error: ArrowError) -> EngineError {
        EngineError::Table { source: Box::new(error) }
    }
}

impl From<ParquetError> for EngineError {
    fn from(error: ParquetError) -> EngineError {
        EngineError::Table { source: Box::new(error) }
    }
}
