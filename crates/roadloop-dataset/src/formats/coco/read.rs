//! COCO's JSON read: of a folder in one of the layouts that are around, or one file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::guard::{is_there, json_error, open_json};
use super::super::incomplete::Incomplete;
use super::super::places::{entries, find_image, folder_of, has_end, name_of, split_of, why_not};
use super::super::values::{Attributes, FourNumbers, Row, Rows, Value, Whole};
use super::super::{Images, MOST_BOXES, MOST_CLASSES, MOST_IMAGES, Read, ReadImage, ReadSample};
use crate::error::shown;
use crate::{Area, Attribute, DatasetError, Format, SampleBox, Split};

/// Keys that are not here are passed over.
#[derive(Deserialize)]
struct File {
    images: Option<Rows<Image>>,
    annotations: Option<Rows<Annotation>>,
    categories: Option<Rows<Category>>,
}

#[derive(Deserialize)]
struct Image {
    id: i64,
    file_name: String,
    #[serde(default)]
    width: Option<Whole>,
    #[serde(default)]
    height: Option<Whole>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    id: Option<i64>,
    image_id: i64,
    category_id: i64,
    #[serde(default)]
    bbox: FourNumbers,
    #[serde(default)]
    score: Option<f64>,
    /// 0 or 1; some write true and false.
    #[serde(default)]
    iscrowd: Value,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    name: String,
}

impl Row for Image {
    const NAME: &'static str = "image";
    const MOST: u64 = MOST_IMAGES;
}

impl Row for Annotation {
    const NAME: &'static str = "annotation";
    const MOST: u64 = MOST_BOXES;
}

impl Row for Category {
    const NAME: &'static str = "category";
    const MOST: u64 = MOST_CLASSES as u64;
}

/// A folder with `annotations/*.json` (of these only `instances_*` where there are such:
/// others are of captions and joints), with `<split>/_annotations.coco.json` as Roboflow
/// has it, or with JSON in itself; or one file.
pub(crate) fn read(path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let (root, files) = files_of(path)?;
    if files.is_empty() {
        let reason = "there is no annotations/*.json and no _annotations.coco.json".to_owned();
        return Err(DatasetError::NotOfForm { form: Format::Coco, path: path.to_owned(), reason });
    }
    let mut all = All::default();
    for file in files {
        let split = match name_of(&file) {
            "_annotations.coco.json" => split_of(name_of(&folder_of(&file))),
            name => split_of(name.trim_end_matches(".json")),
        };
        all.read_file(&root, &file, split, images)?;
    }
    all.read.notes.extend(all.incomplete.notes());
    Ok(all.read)
}

fn files_of(path: &Path) -> Result<(PathBuf, Vec<PathBuf>), DatasetError> {
    if !path.is_dir() {
        let folder = folder_of(path);
        let is_below = ["annotations", "train", "valid", "val", "test"].contains(&name_of(&folder));
        let root = if is_below { folder_of(&folder) } else { folder };
        return Ok((root, vec![path.to_owned()]));
    }
    let json_of = |folder: &Path| -> Result<Vec<PathBuf>, DatasetError> {
        let paths = entries(folder)?.into_iter();
        Ok(paths.filter(|path| has_end(path, "json") && !name_of(path).starts_with('.')).collect())
    };
    let beside = path.join("annotations");
    let mut files = if beside.is_dir() { json_of(&beside)? } else { Vec::new() };
    if files.iter().any(|file| name_of(file).starts_with("instances_")) {
        files.retain(|file| name_of(file).starts_with("instances_"));
    }
    if files.is_empty() {
        let folders = entries(path)?.into_iter().filter(|folder| folder.is_dir());
        for file in folders.map(|folder| folder.join("_annotations.coco.json")) {
            if is_there(&file)? {
                files.push(file);
            }
        }
    }
    if files.is_empty() {
        files = json_of(path)?;
    }
    // Training first: its classes give the order.
    files.sort_by_key(|file| split_of(&file.to_string_lossy().replace(".json", "")));
    Ok((path.to_owned(), files))
}

#[derive(Default)]
struct All {
    read: Read,
    /// Places of classes, by name, over all files.
    classes: HashMap<String, u32>,
    boxes: u64,
    incomplete: Incomplete,
}

impl All {
    fn read_file(
        &mut self,
        root: &Path,
        path: &Path,
        split: Option<Split>,
        images: &dyn Images,
    ) -> Result<(), DatasetError> {
        let mut json = serde_json::Deserializer::from_reader(open_json(path)?);
        let file = File::deserialize(&mut json).map_err(|error| json_error(path, error))?;
        json.end().map_err(|error| json_error(path, error))?;
        let (Some(rows), Some(annotations)) = (file.images, file.annotations) else {
            let reason = "it has no lists of \"images\" and \"annotations\"".to_owned();
            let path = path.to_owned();
            return Err(DatasetError::NotOfForm { form: Format::Coco, path, reason });
        };
        let categories = file.categories.map_or_else(Vec::new, |rows| rows.0);
        let class_of = self.add_classes(path, categories)?;

        let mut sample_of: HashMap<i64, usize> = HashMap::new();
        let mut named: HashMap<String, i64> = HashMap::new();
        let (folders, beside) = (folders_of(root, path, split), [folder_of(path)]);
        for (place, row) in rows.0.into_iter().enumerate() {
            let place = format!("image {place} (id {})", row.id);
            if sample_of.insert(row.id, self.read.samples.len()).is_some() {
                return Err(DatasetError::damaged(path, place, "another image has that id"));
            }
            if let Some(other) = named.insert(row.file_name.clone(), row.id) {
                let named = shown(&row.file_name);
                let reason =
                    format!("the image with the id {other} has its file_name \"{named}\" too");
                return Err(DatasetError::damaged(path, place, reason));
            }
            // One that climbs is meant from its own file on, not from wherever it fits.
            let climbs = row.file_name.split(['/', '\\']).any(|part| part == "..");
            let folders = if climbs { &beside[..] } else { &folders[..] };
            let image = find_image(root, folders, &row.file_name).ok_or_else(|| {
                let (named, why) = (shown(&row.file_name), why_not(&row.file_name));
                let reason = format!("file_name \"{named}\" {why}");
                DatasetError::damaged(path, place, reason)
            })?;
            let said = row.width.zip(row.height).map(|(width, height)| (width.0, height.0));
            // Some tools write 0 where they do not know.
            let said = said.filter(|(width, height)| *width > 0 && *height > 0);
            let found = match &image {
                ReadImage::File(file) if said.is_none() => images.size(file),
                _ => said,
            };
            let (width, height) = found.unwrap_or_default();
            let boxes = Some(Vec::new());
            let (path, line) = (row.file_name, None);
            self.read.samples.push(ReadSample { path, image, width, height, split, boxes, line });
            if self.read.samples.len() as u64 > MOST_IMAGES {
                return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
            }
        }

        let (mut without, mut left_out) = (0u64, HashMap::<usize, u64>::new());
        for (place, row) in annotations.0.into_iter().enumerate() {
            let place = match row.id {
                Some(id) => format!("annotation {place} (id {id})"),
                None => format!("annotation {place}"),
            };
            let bad = |reason: String| DatasetError::damaged(path, place, reason);
            let Some(sample) = sample_of.get(&row.image_id) else {
                return Err(bad(format!("there is no image with the id {}", row.image_id)));
            };
            let Some(&class) = class_of.get(&row.category_id) else {
                return Err(bad(format!("there is no category with the id {}", row.category_id)));
            };
            let Some(sides) = row.bbox.0 else {
                without += 1;
                *left_out.entry(*sample).or_default() += 1;
                continue;
            };
            let area = Area::try_from(sides)
                .map_err(|error| bad(format!("its bbox is {sides:?}, but {error}")))?;
            let mut attributes = row.attributes.0;
            let is_crowd = match row.iscrowd.0 {
                Some(Attribute::Flag(flag)) => flag,
                Some(Attribute::Number(number)) => number != 0.0,
                _ => false,
            };
            if is_crowd {
                attributes.insert("iscrowd".to_owned(), Attribute::Flag(true));
            }
            self.boxes += 1;
            if self.boxes > MOST_BOXES {
                return Err(DatasetError::TooMany { most: MOST_BOXES, what: "boxes" });
            }
            let found = SampleBox { class, area, confidence: row.score, attributes };
            let sample = self.read.samples.get_mut(*sample);
            if let Some(boxes) = sample.and_then(|sample| sample.boxes.as_mut()) {
                boxes.push(found);
            }
        }
        for (sample, count) in left_out {
            if let Some(sample) = self.read.samples.get_mut(sample) {
                let boxes = sample.boxes.take().unwrap_or_default();
                sample.boxes = self.incomplete.kept(boxes, count);
            }
        }
        if without > 0 {
            let file = path.strip_prefix(root).unwrap_or(path).display();
            self.read.notes.push(format!(
                "{file}: {without} annotations without a bbox are left out: they are outlines, \
                 masks or joints only"
            ));
        }
        Ok(())
    }

    /// Where each category's class is in the list over all files.
    fn add_classes(
        &mut self,
        path: &Path,
        categories: Vec<Category>,
    ) -> Result<HashMap<i64, u32>, DatasetError> {
        let mut class_of = HashMap::new();
        for (place, category) in categories.into_iter().enumerate() {
            let place = format!("category {place} (id {})", category.id);
            if category.id < 0 {
                return Err(DatasetError::damaged(path, place, "its id is below zero"));
            }
            let class = match self.classes.get(&category.name) {
                Some(class) => *class,
                None if self.read.classes.len() >= MOST_CLASSES => {
                    let most = MOST_CLASSES as u64;
                    return Err(DatasetError::TooMany { most, what: "classes" });
                }
                None => {
                    let class = self.read.classes.len() as u32;
                    self.classes.insert(category.name.clone(), class);
                    self.read.classes.push(category.name);
                    class
                }
            };
            if class_of.insert(category.id, class).is_some() {
                return Err(DatasetError::damaged(path, place, "another category has that id"));
            }
        }
        Ok(class_of)
    }
}

/// Where images may lie; the first one is taken for those that are not there.
fn folders_of(root: &Path, file: &Path, split: Option<Split>) -> Vec<PathBuf> {
    let beside = folder_of(file);
    let mut folders = Vec::new();
    if name_of(&beside) != "annotations" {
        folders.push(beside.clone());
    }
    let name = name_of(file).trim_end_matches(".json");
    let name = name.trim_start_matches("instances_");
    if let Some(split) = split {
        folders.push(root.join(split.name()));
        folders.push(root.join("images").join(split.name()));
        // `instances_val2017.json` is of `val2017/`, or `images/val2017/`.
        folders.push(root.join(name));
        folders.push(root.join("images").join(name));
    }
    folders.extend([root.join("images"), beside, root.to_owned()]);
    folders
}
