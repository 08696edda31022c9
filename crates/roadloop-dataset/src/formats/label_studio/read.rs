//! Label Studio's tasks read, one after the other.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde::de::DeserializeSeed;

use super::super::guard::{JsonGuard, XmlGuard, is_there, json_error, open_json, read_small};
use super::super::incomplete::Incomplete;
use super::super::places::{below, entries, folder_of, has_end, why_not};
use super::super::xml::{Classes, LeftOut, Xml};
use super::super::{
    Format, Images, MOST_BOXES, MOST_CLASSES, MOST_IMAGES, Read, ReadImage, ReadSample,
};
use super::task::{Annotation, Region, Task, Tasks};
use crate::error::shown;
use crate::{Area, Attribute, DatasetError, SampleBox};

/// Reads an export in JSON, or a folder with `tasks.json` or with one JSON file of another
/// name. `label_config.xml` beside it lists the classes.
pub(crate) fn read(path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let file = if path.is_dir() { tasks_in(path)? } else { path.to_owned() };
    read_from(&file, open_json(&file)?, images)
}

fn tasks_in(folder: &Path) -> Result<PathBuf, DatasetError> {
    let usual = folder.join("tasks.json");
    if is_there(&usual)? {
        return Ok(usual);
    }
    let mut files = entries(folder)?;
    files.retain(|file| has_end(file, "json") && !file.is_dir());
    match files.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(DatasetError::NotOfForm {
            form: Format::LabelStudio,
            path: folder.to_owned(),
            reason: "there is no tasks.json".to_owned(),
        }),
    }
}

pub(super) fn read_from(
    file: &Path,
    from: JsonGuard<impl BufRead>,
    images: &dyn Images,
) -> Result<Read, DatasetError> {
    let root = folder_of(file);
    let config = root.join("label_config.xml");
    let classes = if is_there(&config)? { labels(&config)? } else { Classes::default() };
    let mut reader = Reader {
        images,
        root,
        classes,
        samples: Vec::new(),
        boxes: 0,
        left_out: LeftOut::default(),
        incomplete: Incomplete::default(),
    };
    let mut parser = serde_json::Deserializer::from_reader(from);
    let parsed = Tasks(|task| reader.task(task)).deserialize(&mut parser);
    parsed.and_then(|()| parser.end()).map_err(|error| json_error(file, error))?;
    let mut notes = reader.left_out.notes();
    notes.extend(reader.incomplete.notes());
    Ok(Read { classes: reader.classes.names, samples: reader.samples, notes })
}

/// The labels of rectangles, wherever a labelling interface has them.
fn labels(config: &Path) -> Result<Classes, DatasetError> {
    let bytes = read_small(config)?;
    let mut xml = Xml::new(config, XmlGuard::new(bytes.as_slice()))?;
    xml.root()?;
    let mut names = Vec::new();
    // How many elements are open, and from which on they are labels of rectangles.
    let (mut depth, mut rectangles) = (1_usize, None);
    while depth > 0 {
        let Some(tag) = xml.child()? else {
            depth -= 1;
            rectangles = rectangles.filter(|at| *at <= depth);
            continue;
        };
        depth += 1;
        match tag.name.as_str() {
            "RectangleLabels" => rectangles = rectangles.or(Some(depth)),
            // Exports have the alias where there is one.
            "Label" if rectangles.is_some() => {
                let name = tag.get("alias").or_else(|| tag.get("value"));
                names.extend(name.map(str::to_owned));
            }
            _ => {}
        }
        if names.len() > MOST_CLASSES {
            return Err(DatasetError::TooMany { most: MOST_CLASSES as u64, what: "classes" });
        }
    }
    if names.is_empty() {
        return Ok(Classes::default());
    }
    Classes::listed(names).map_err(|reason| DatasetError::damaged(config, "the labels", reason))
}

struct Reader<'a> {
    images: &'a dyn Images,
    root: PathBuf,
    classes: Classes,
    samples: Vec<ReadSample>,
    boxes: u64,
    left_out: LeftOut,
    incomplete: Incomplete,
}

impl Reader<'_> {
    fn task(&mut self, task: Task) -> Result<(), String> {
        if self.samples.len() as u64 >= MOST_IMAGES {
            return Err(format!("more than {MOST_IMAGES} images"));
        }
        let data = &task.data.0;
        let text = |key: &str| match data.get(key) {
            Some(Attribute::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        // A labelling interface may call its image otherwise.
        let other = || {
            let mut texts = data.values().filter_map(|value| match value {
                Attribute::Text(text) => Some(text.as_str()),
                _ => None,
            });
            texts.find(|text| text.contains('/') || text.contains('.'))
        };
        let Some(named) = text("image").or_else(other) else {
            return Err("its data names no image".to_owned());
        };
        let (image, path) = self.image(named)?;
        let path = text("name").map_or(path, str::to_owned);
        let split = text("split").and_then(|split| split.parse().ok());
        let predictions = task.predictions.map_or(0, |predictions| predictions.len() as u64);
        self.left_out.add("predictions of models, left out", predictions);
        let mut annotations = task.annotations.unwrap_or_default();
        annotations.retain(|annotation| annotation.was_cancelled != Some(true));
        let several = u64::from(annotations.len() > 1);
        self.left_out.add("tasks with several annotations, of which the last is taken", several);
        let (boxes, mut size) = match annotations.pop() {
            Some(annotation) => self.regions(annotation)?,
            None => (None, None),
        };
        let side = |key: &str| match data.get(key) {
            Some(Attribute::Number(number)) => side(*number),
            _ => None,
        };
        if size.is_none() {
            size = side("width").zip(side("height")).or_else(|| match &image {
                ReadImage::File(file) => self.images.size(file),
                _ => None,
            });
        }
        let (width, height) = size.unwrap_or_default();
        self.boxes += boxes.as_ref().map_or(0, |boxes| boxes.len() as u64);
        if self.boxes > MOST_BOXES {
            return Err(format!("more than {MOST_BOXES} boxes"));
        }
        self.samples.push(ReadSample { path, image, width, height, split, boxes, line: None });
        Ok(())
    }

    /// The boxes of an annotation, and the size of the image.
    fn regions(&mut self, annotation: Annotation) -> Result<Regions, String> {
        let (mut boxes, mut left_out, mut size) = (Vec::new(), 0, None);
        for (number, region) in (1_u64..).zip(annotation.result.unwrap_or_default()) {
            let of_region = size_of(&region);
            size = size.or(of_region);
            let is_box = region.r#type.as_deref() == Some("rectanglelabels");
            if is_box {
                let found = self.boxes_of(region, of_region);
                let found = found.map_err(|reason| format!("region {number}: {reason}"))?;
                left_out += u64::from(found.is_empty());
                boxes.extend(found);
                continue;
            }
            let what = match region.r#type.as_deref().unwrap_or_default() {
                "polygonlabels" | "polygon" => "polygons, left out",
                "brushlabels" | "brush" | "bitmask" | "bitmasklabels" => "masks, left out",
                "keypointlabels" | "keypoint" => "key points, left out",
                "ellipselabels" | "ellipse" => "ellipses, left out",
                "choices" => "choices, left out",
                "rectangle" => "rectangles without a label, left out",
                _ => "results of other types, left out",
            };
            self.left_out.add(what, 1);
            left_out += 1;
        }
        Ok((self.incomplete.kept(boxes, left_out), size))
    }

    fn boxes_of(
        &mut self,
        region: Region,
        size: Option<(u32, u32)>,
    ) -> Result<Vec<SampleBox>, String> {
        let value = region.value.ok_or("it has no value")?;
        let labels = value.rectanglelabels.unwrap_or_default();
        if labels.is_empty() {
            return Err("it has no label in rectanglelabels".to_owned());
        }
        let (Some(x), Some(y), Some(width), Some(height)) =
            (value.x, value.y, value.width, value.height)
        else {
            return Err("expected x, y, width and height".to_owned());
        };
        let Some((image_width, image_height)) = size else {
            return Err("expected original_width and original_height in pixels".to_owned());
        };
        let [across, down] = [image_width, image_height].map(|side| f64::from(side) / 100.0);
        let area = Area::new(x * across, y * down, width * across, height * down)
            .map_err(|error| error.to_string())?;
        let is_turned = |turned: Option<f64>| turned.is_some_and(|turned| turned != 0.0);
        if is_turned(value.rotation) {
            self.left_out.add("boxes that are turned, left out", 1);
            return Ok(Vec::new());
        }
        let image_turned = u64::from(is_turned(region.image_rotation));
        self.left_out
            .add("boxes on images that are shown turned, taken as not turned", image_turned);
        let confidence = region.score.filter(|score| (0.0..=1.0).contains(score));
        let attributes = region.meta.unwrap_or_default().attributes.0;
        let mut boxes = Vec::new();
        for label in labels {
            let class = self.classes.place(&label)?;
            let attributes = attributes.clone();
            boxes.push(SampleBox { class, area, confidence, attributes });
        }
        Ok(boxes)
    }

    /// Where an image lies, and what it is called.
    fn image(&self, named: &str) -> Result<(ReadImage, String), String> {
        let folders = [self.root.clone(), self.root.join("images")];
        if let Some((_, path)) = named.split_once(super::LOCAL_FILES) {
            let path =
                decoded(path).ok_or_else(|| format!("\"{}\" is no address", shown(named)))?;
            let path = path.trim_start_matches('/').to_owned();
            let first = below(&self.root, &path);
            let first = first.ok_or_else(|| format!("\"{}\" {}", shown(&path), why_not(&path)))?;
            // The folder may be one below the root that paths are from.
            let mut rest = path.as_str();
            loop {
                let found = folders.iter().filter_map(|folder| below(folder, rest));
                if let Some(found) = found.into_iter().find(|place| place.is_file()) {
                    return Ok((ReadImage::File(found), path));
                }
                match rest.split_once('/') {
                    Some((_, after)) => rest = after,
                    None => return Ok((ReadImage::File(first), path)),
                }
            }
        }
        let elsewhere = || ReadImage::Uri(named.to_owned());
        if let Some((_, path)) = named.split_once("/data/upload/") {
            let path =
                decoded(path).ok_or_else(|| format!("\"{}\" is no address", shown(named)))?;
            let last = path.rsplit('/').next().unwrap_or_default();
            // Eight digits and a line stand before the name that a file was uploaded by.
            let own = last.split_once('-').filter(|(digits, _)| {
                digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            let own = own.map_or(last, |(_, own)| own);
            let names = [last, own];
            let mut places =
                folders.iter().flat_map(|f| names.iter().filter_map(|name| below(f, name)));
            let found = places.find(|place| place.is_file());
            return Ok((found.map_or_else(elsewhere, ReadImage::File), own.to_owned()));
        }
        if let Some((_, path)) = named.split_once("://") {
            let path = path.split(['?', '#']).next().unwrap_or_default();
            return Ok((elsewhere(), path.to_owned()));
        }
        if named.starts_with('/') {
            return Ok((elsewhere(), named.to_owned()));
        }
        let places = || folders.iter().rev().filter_map(|folder| below(folder, named));
        let found = places().find(|place| place.is_file()).or_else(|| places().next());
        let found = found.ok_or_else(|| format!("\"{}\" {}", shown(named), why_not(named)))?;
        Ok((ReadImage::File(found), named.to_owned()))
    }
}

type Regions = (Option<Vec<SampleBox>>, Option<(u32, u32)>);

fn size_of(region: &Region) -> Option<(u32, u32)> {
    region.original_width.and_then(side).zip(region.original_height.and_then(side))
}

/// A side of an image: whole pixels, one at least.
fn side(number: f64) -> Option<u32> {
    let is_one = number.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&number);
    is_one.then_some(number as u32)
}

/// A path out of an address; `None` where it is no text in UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
