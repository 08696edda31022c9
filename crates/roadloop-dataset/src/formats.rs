//! Datasets in the forms of others, one file for each, both ways.
//!
//! Writing: [`writer`] takes samples one after the other and writes labels below a folder;
//! images are laid where [`image_path`] says by whoever calls, who knows where they lie.
//! Reading: [`read`] takes a folder (or file) of others and gives all that is said in it.
//!
//! Promises, each a case in `suite.rs`, run for each form that is read: what is written is
//! read again, images, splits and classes the same, boxes as exact as [`Format::precision`]
//! says; an image on which somebody saw nothing is there again and has nothing; hostile
//! files are an error that names the file and the place in it. No form asks for more memory
//! than what its labels take.

mod coco;
mod cvat;
mod fiftyone;
mod ground_truth;
mod guard;
#[cfg(test)]
mod hostile;
mod incomplete;
#[cfg(test)]
mod irregular;
mod label_studio;
mod openlabel;
mod places;
mod recordio;
mod spool;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod trials;
mod values;
mod voc;
mod xml;
mod yolo;

pub(crate) use guard::{is_there, open_regular};

use std::fmt;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Card, DatasetError, Sample, SampleBox, Split};

/// More boxes than any dataset there is: what is read of others is held in memory.
pub const MOST_BOXES: u64 = 20_000_000;
/// The same of images.
pub const MOST_IMAGES: u64 = 10_000_000;
pub const MOST_CLASSES: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// SageMaker Ground Truth's augmented manifests, a file for each split.
    GroundTruth,
    Coco,
    /// The layout of Ultralytics, with its `data.yaml`.
    Yolo,
    /// Pascal VOC's XML, a file for each image.
    Voc,
    /// CVAT for images 1.1.
    Cvat,
    LabelStudio,
    /// MXNet's `.rec`, `.idx` and `.lst`, images within.
    RecordIo,
    /// FiftyOneImageDetectionDataset; only written.
    FiftyOne,
    /// ASAM OpenLABEL; only written.
    OpenLabel,
}

impl Format {
    pub const ALL: [Format; 9] = [
        Format::GroundTruth,
        Format::Coco,
        Format::Yolo,
        Format::Voc,
        Format::Cvat,
        Format::LabelStudio,
        Format::RecordIo,
        Format::FiftyOne,
        Format::OpenLabel,
    ];

    /// As it is typed: `coco`, `labelstudio`.
    pub fn name(self) -> &'static str {
        match self {
            Format::GroundTruth => "groundtruth",
            Format::Coco => "coco",
            Format::Yolo => "yolo",
            Format::Voc => "voc",
            Format::Cvat => "cvat",
            Format::LabelStudio => "labelstudio",
            Format::RecordIo => "recordio",
            Format::FiftyOne => "fiftyone",
            Format::OpenLabel => "openlabel",
        }
    }

    pub fn is_read(self) -> bool {
        !matches!(self, Format::FiftyOne | Format::OpenLabel)
    }

    /// Whether it tells an image that nobody looked at from one with nothing on it. Where
    /// it does not, the former are not written: who trains on them would take them for
    /// empty.
    pub fn tells_unlabelled(self) -> bool {
        matches!(self, Format::GroundTruth | Format::LabelStudio | Format::FiftyOne)
    }

    /// How far a side of a box may be from where it was, in pixels, after it was written
    /// and read again; 0: not at all.
    pub fn precision(self) -> f64 {
        match self {
            Format::GroundTruth | Format::Coco => 0.0,
            // Written as fractions or corners, all digits.
            Format::Yolo | Format::Cvat | Format::LabelStudio => 1e-6,
            Format::FiftyOne | Format::OpenLabel => 1e-6,
            // Whole pixels.
            Format::Voc => 0.5,
            // Fractions of four bytes.
            Format::RecordIo => 0.01,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no form of datasets")]
pub struct BadFormat(pub String);

impl FromStr for Format {
    type Err = BadFormat;

    fn from_str(text: &str) -> Result<Format, BadFormat> {
        let found = Format::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| BadFormat(text.to_owned()))
    }
}

/// What a writer is told before the first sample.
#[derive(Clone, Debug)]
pub struct Export<'a> {
    pub card: &'a Card,
    /// Splits that have any sample.
    pub splits: &'a [Split],
}

/// Writes labels of one form.
pub trait Writer: Send {
    /// The next sample, and what its image is called: a path from the folder on, as
    /// [`image_path`] gives it, or where it lies where images are not written.
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError>;

    /// All that is left, closed. What was not finished is not to be taken for whole.
    fn finish(self: Box<Self>) -> Result<(), DatasetError>;
}

/// Where an export of that form has a sample's image, from its folder on.
pub fn image_path(format: Format, sample: &Sample) -> String {
    let (split, name) = (sample.split, &sample.name);
    match format {
        Format::GroundTruth | Format::Cvat | Format::LabelStudio | Format::OpenLabel => {
            format!("images/{name}")
        }
        Format::Coco => format!("{split}/{name}"),
        Format::Yolo => format!("images/{split}/{name}"),
        Format::Voc => format!("JPEGImages/{name}"),
        Format::FiftyOne => format!("{split}/data/{name}"),
        // Within the records.
        Format::RecordIo => format!("{split}/{name}"),
    }
}

/// A writer of labels below a folder. `None` for [`Format::RecordIo`], whose images are
/// within: see [`RecordWriter`](crate::RecordWriter).
pub fn writer(
    format: Format,
    folder: &Path,
    export: &Export,
) -> Result<Option<Box<dyn Writer>>, DatasetError> {
    Ok(Some(match format {
        Format::GroundTruth => Box::new(ground_truth::Writer::create(folder, export)?),
        Format::Coco => Box::new(coco::Writer::create(folder, export)?),
        Format::Yolo => Box::new(yolo::Writer::create(folder, export)?),
        Format::Voc => Box::new(voc::Writer::create(folder, export)?),
        Format::Cvat => Box::new(cvat::Writer::create(folder, export)?),
        Format::LabelStudio => Box::new(label_studio::Writer::create(folder, export)?),
        Format::FiftyOne => Box::new(fiftyone::Writer::create(folder, export)?),
        Format::OpenLabel => Box::new(openlabel::Writer::create(folder, export)?),
        Format::RecordIo => return Ok(None),
    }))
}

/// What a reader may ask of whoever calls.
pub trait Images {
    /// Width and height of an image, where it is there and is one; of forms that say
    /// neither.
    fn size(&self, path: &Path) -> Option<(u32, u32)>;

    /// The same of an image's file that is in memory: of records that do not say.
    fn size_of(&self, image: &[u8]) -> Option<(u32, u32)> {
        let _ = image;
        None
    }
}

/// All that a dataset of others says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    pub classes: Vec<String>,
    pub samples: Vec<ReadSample>,
    /// What was there and is left out: labels that are no boxes, and such.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReadSample {
    /// By which the form knows it; from it
    /// [`SampleName::from_path`](crate::SampleName::from_path) makes a name.
    pub path: String,
    pub image: ReadImage,
    /// 0 by 0 where the form does not say, and the image is not there.
    pub width: u32,
    pub height: u32,
    /// Where the form says.
    pub split: Option<Split>,
    /// `None`: nobody looked; also where all labels it has are no boxes, and are left out.
    pub boxes: Option<Vec<SampleBox>>,
    /// Of an augmented manifest.
    pub line: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadImage {
    /// Below the folder that is read, checked not to lead out of it; whether it is there or
    /// not.
    File(PathBuf),
    /// As it was written: `s3://…`, another machine's path.
    Uri(String),
    /// In a file of records: the record that begins at that byte.
    Record { file: PathBuf, offset: u64 },
}

/// Reads one augmented manifest, with the boxes of that attribute, or the newest of each
/// line. `named` is what people know it by, which says the split: `train.manifest`.
pub fn read_manifest(
    path: &Path,
    named: &Path,
    attribute: Option<&str>,
) -> Result<Read, DatasetError> {
    let read = ground_truth::read_one(path, named, attribute);
    with_images_checked(read.map_err(|error| error.of_file(named))?)
}

/// Reads a folder of that form, or the file that is its labels.
pub fn read(format: Format, path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let images: &dyn Images = &RegularImages(images);
    let read = match format {
        Format::GroundTruth => ground_truth::read(path, images),
        Format::Coco => coco::read(path, images),
        Format::Yolo => yolo::read(path, images),
        Format::Voc => voc::read(path, images),
        Format::Cvat => cvat::read(path, images),
        Format::LabelStudio => label_studio::read(path, images),
        Format::RecordIo => recordio::read(path, images),
        Format::FiftyOne | Format::OpenLabel => {
            Err(DatasetError::Settings(format!("{format} is only written, not read")))
        }
    };
    with_images_checked(read?)
}

/// Asks for sizes of regular files only: a pipe is never at its end.
struct RegularImages<'a>(&'a dyn Images);

impl Images for RegularImages<'_> {
    fn size(&self, path: &Path) -> Option<(u32, u32)> {
        if path.is_file() { self.0.size(path) } else { None }
    }

    fn size_of(&self, image: &[u8]) -> Option<(u32, u32)> {
        self.0.size_of(image)
    }
}

/// Refuses images that are folders, pipes or devices: whoever reads them would wait, or read
/// without end.
fn with_images_checked(read: Read) -> Result<Read, DatasetError> {
    for sample in &read.samples {
        if let ReadImage::File(file) = &sample.image
            && let Ok(found) = std::fs::metadata(file)
        {
            guard::check_regular(file, &found, "the image")?;
        }
    }
    Ok(read)
}

/// Which form a folder of others has, by what lies in it; of a file, by its name.
pub fn guess(path: &Path) -> Option<Format> {
    if path.is_file() {
        return match path.extension()?.to_str()? {
            "manifest" | "jsonl" => Some(Format::GroundTruth),
            "yaml" | "yml" => Some(Format::Yolo),
            "rec" => Some(Format::RecordIo),
            _ => None,
        };
    }
    let has = |name: &str| path.join(name).exists();
    let ends = |end: &str| {
        let mut entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.any(|entry| entry.file_name().to_string_lossy().ends_with(end))
    };
    if has("data.yaml") || has("data.yml") {
        Some(Format::Yolo)
    } else if has("manifests") || ends(".manifest") {
        Some(Format::GroundTruth)
    } else if has("annotations.xml") {
        Some(Format::Cvat)
    } else if has("Annotations") || has("ImageSets") {
        Some(Format::Voc)
    } else if has("tasks.json") {
        Some(Format::LabelStudio)
    } else if has("annotations") || has("train/_annotations.coco.json") {
        Some(Format::Coco)
    } else if ends(".rec") {
        Some(Format::RecordIo)
    } else if Split::ALL.iter().any(|split| has(&format!("{split}/labels.json"))) {
        Some(Format::FiftyOne)
    } else if Split::ALL.iter().any(|split| has(&format!("openlabel_{split}.json"))) {
        Some(Format::OpenLabel)
    } else {
        None
    }
}

/// A new file below a folder, its own folders made.
fn create(folder: &Path, file: &str) -> Result<(PathBuf, BufWriter<File>), DatasetError> {
    let path = folder.join(file);
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).map_err(DatasetError::write(parent))?;
    let opened = File::create(&path).map_err(DatasetError::write(&path))?;
    Ok((path, BufWriter::new(opened)))
}

/// What a box's class is called.
fn class_name<'a>(
    form: Format,
    classes: &'a [String],
    sample: &Sample,
    found: &SampleBox,
) -> Result<&'a str, DatasetError> {
    classes.get(found.class as usize).map(String::as_str).ok_or_else(|| DatasetError::Unwritable {
        form,
        image: sample.name.to_string(),
        reason: format!("a box is of class {}, and there are {}", found.class, classes.len()),
    })
}

/// Left, top, width and height as fractions of the image.
fn fractions(form: Format, sample: &Sample, area: crate::Area) -> Result<[f64; 4], DatasetError> {
    let [width, height] = [sample.image.width, sample.image.height].map(f64::from);
    if width == 0.0 || height == 0.0 {
        let (image, reason) = (sample.name.to_string(), "its size is not known".to_owned());
        return Err(DatasetError::Unwritable { form, image, reason });
    }
    Ok([area.left() / width, area.top() / height, area.width() / width, area.height() / height])
}
