//! Augmented manifests read: those of an export, the output of a labelling job, or one file.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use roadloop_manifest::{LabelKind, Line, ManifestError, Reader, read_categories};

use super::super::guard::{io_error, is_there, open_lines, read_small};
use super::super::places::{entries, find_image, folder_of, has_end, name_of, split_of};
use super::super::{Images, MOST_BOXES, MOST_CLASSES, MOST_IMAGES, Read, ReadImage, ReadSample};
use super::label_of;
use crate::{Area, DatasetError, Format, SampleBox, Split};

/// Attributes that are named to who asked for another one.
const MOST_NAMED: usize = 20;

/// A folder with `manifests/{train,val,test}.manifest`, or with a labelling job's
/// `manifests/output/output.manifest`, or with manifests in itself; or one file.
pub(crate) fn read(path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let (root, files) = files_of(path)?;
    if files.is_empty() {
        let form = Format::GroundTruth;
        let reason = "there is no manifests/*.manifest and no output.manifest".to_owned();
        return Err(DatasetError::NotOfForm { form, path: path.to_owned(), reason });
    }
    let mut all = All::default();
    all.read_categories(&root)?;
    for file in files {
        all.read_file(&root, &file, split_named(&file), images)?;
    }
    Ok(all.read)
}

/// One file, wherever it lies and whatever it is called there; boxes are those of that
/// attribute, which some line must have.
pub(crate) fn read_one(
    path: &Path,
    named: &Path,
    attribute: Option<&str>,
) -> Result<Read, DatasetError> {
    struct Unseen;
    impl Images for Unseen {
        fn size(&self, _: &Path) -> Option<(u32, u32)> {
            None
        }
    }
    let mut all = All { attribute: attribute.map(str::to_owned), ..All::default() };
    // Of an export the images lie beside the folder of its manifests.
    let (root, _) = files_of(path)?;
    all.read_file(&root, path, split_named(named), &Unseen)?;
    if let Some(attribute) = attribute.filter(|_| !all.has_labels) {
        let known: Vec<&str> = all.attributes.iter().map(String::as_str).collect();
        let reason = format!(
            "no line has boxes called {}; there are {}",
            crate::error::shown(attribute),
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        );
        let form = Format::GroundTruth;
        return Err(DatasetError::NotOfForm { form, path: path.to_owned(), reason });
    }
    Ok(all.read)
}

/// `train.manifest`
fn split_named(file: &Path) -> Option<Split> {
    split_of(name_of(file).trim_end_matches(".manifest"))
}

fn files_of(path: &Path) -> Result<(PathBuf, Vec<PathBuf>), DatasetError> {
    if !path.is_dir() {
        let mut root = folder_of(path);
        for above in ["output", "manifests"] {
            if name_of(&root) == above {
                root = folder_of(&root);
            }
        }
        return Ok((root, vec![path.to_owned()]));
    }
    for folder in ["manifests", "manifests/output", "."] {
        let folder = if folder == "." { path.to_owned() } else { path.join(folder) };
        if !folder.is_dir() {
            continue;
        }
        let mut files = entries(&folder)?;
        files.retain(|file| has_end(file, "manifest"));
        if !files.is_empty() {
            files.sort_by_key(|file| split_of(name_of(file)));
            return Ok((path.to_owned(), files));
        }
    }
    Ok((path.to_owned(), Vec::new()))
}

#[derive(Default)]
struct All {
    /// Whose boxes are wanted; the newest where it is absent.
    attribute: Option<String>,
    /// Some that lines have, for who named another.
    attributes: BTreeSet<String>,
    has_labels: bool,
    read: Read,
    classes: HashMap<String, u32>,
    /// Whether a file of label categories names all classes there are.
    is_closed: bool,
    boxes: u64,
}

impl All {
    fn read_categories(&mut self, root: &Path) -> Result<(), DatasetError> {
        let path = root.join("annotation-tool/data.json");
        if !is_there(&path)? {
            return Ok(());
        }
        let names = read_categories(&read_small(&path)?)
            .map_err(|error| DatasetError::damaged(&path, "the file", error.to_string()))?;
        for name in names {
            self.add_class(name)?;
        }
        self.is_closed = true;
        Ok(())
    }

    fn add_class(&mut self, name: String) -> Result<u32, DatasetError> {
        if let Some(class) = self.classes.get(&name) {
            return Ok(*class);
        }
        if self.read.classes.len() >= MOST_CLASSES {
            return Err(DatasetError::TooMany { most: MOST_CLASSES as u64, what: "classes" });
        }
        let class = self.read.classes.len() as u32;
        self.classes.insert(name.clone(), class);
        self.read.classes.push(name);
        Ok(class)
    }

    fn read_file(
        &mut self,
        root: &Path,
        path: &Path,
        split: Option<Split>,
        images: &dyn Images,
    ) -> Result<(), DatasetError> {
        let folders = [root.to_owned(), folder_of(path), root.join("images")];
        for (number, line) in Reader::new(open_lines(path)?) {
            let line = line.map_err(|error| of_line(path, number, error))?;
            let sample = self.sample(path, number, &line, split, |named| {
                find_image(root, &folders, named)
                    .unwrap_or_else(|| ReadImage::Uri(named.to_owned()))
            })?;
            let sample = match (&sample.image, sample.boxes.is_some()) {
                (ReadImage::File(file), false) => {
                    let (width, height) = images.size(file).unwrap_or_default();
                    ReadSample { width, height, ..sample }
                }
                _ => sample,
            };
            self.read.samples.push(sample);
            if self.read.samples.len() as u64 > MOST_IMAGES {
                return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
            }
        }
        Ok(())
    }

    fn sample(
        &mut self,
        path: &Path,
        number: u64,
        line: &Line,
        split: Option<Split>,
        find: impl Fn(&str) -> ReadImage,
    ) -> Result<ReadSample, DatasetError> {
        let bad = |reason: String| DatasetError::damaged(path, format!("line {number}"), reason);
        let Some(source) = line.source_ref() else {
            return Err(bad("it has no \"source-ref\" that says where its image is".to_owned()));
        };
        let image = find(&source);
        let label = match &self.attribute {
            None => label_of(line),
            Some(attribute) => {
                if self.attributes.len() < MOST_NAMED {
                    let boxes = line.labels().into_iter();
                    let boxes = boxes.filter(|(_, kind)| *kind == LabelKind::Boxes);
                    self.attributes.extend(boxes.map(|(name, _)| crate::error::shown(&name)));
                }
                let label = line.boxes_as_written(attribute);
                label.map(|label| Some((attribute.clone(), label?)))
            }
        };
        let label = label.map_err(|error| of_line(path, number, error))?;
        self.has_labels |= label.is_some();
        let (mut width, mut height, mut boxes) = (0, 0, None);
        if let Some((_, label)) = label {
            (width, height) = (label.width, label.height);
            let mut found = Vec::new();
            for (place, written) in label.boxes.into_iter().enumerate() {
                if self.is_closed && !self.classes.contains_key(&written.class) {
                    let class = crate::error::shown(&written.class);
                    return Err(bad(format!(
                        "box {place}: \"{class}\" is no class in annotation-tool/data.json"
                    )));
                }
                let area = Area::try_from(written.pixels)
                    .map_err(|error| bad(format!("box {place}: {error}")))?;
                let class = self.add_class(written.class)?;
                let confidence = written.confidence;
                let attributes = Default::default();
                found.push(SampleBox { class, area, confidence, attributes });
            }
            self.boxes += found.len() as u64;
            if self.boxes > MOST_BOXES {
                return Err(DatasetError::TooMany { most: MOST_BOXES, what: "boxes" });
            }
            boxes = Some(found);
        }
        let named = source.strip_prefix("images/").unwrap_or(&source).to_owned();
        let line = Some(line.to_string());
        Ok(ReadSample { path: named, image, width, height, split, boxes, line })
    }
}

fn of_line(path: &Path, number: u64, error: ManifestError) -> DatasetError {
    let error = match error {
        ManifestError::AtLine { what, .. } => *what,
        error => error,
    };
    match error {
        ManifestError::Read { source } => io_error(path, source),
        error => DatasetError::Damaged {
            path: path.to_owned(),
            place: format!("line {number}"),
            reason: error.to_string(),
        },
    }
}
