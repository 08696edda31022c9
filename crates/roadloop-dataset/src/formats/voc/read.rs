//! VOC's XML read, wherever its tools lay it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::super::guard::{XmlGuard, is_there, read_small, read_small_text};
use super::super::incomplete::Incomplete;
use super::super::places::{below, entries, folder_of, has_end, name_of, why_not};
use super::super::xml::{Classes, LeftOut, Xml, attribute, number, pixels};
use super::super::{Format, Images, MOST_BOXES, MOST_IMAGES, Read, ReadImage, ReadSample};
use crate::error::shown;
use crate::{Area, Attribute, DatasetError, SampleBox, Split};

/// Folders within each other below `Annotations`; links may lead round.
const MOST_DEPTH: usize = 4;
const ENDS: [&str; 8] = ["jpg", "jpeg", "png", "bmp", "JPG", "JPEG", "PNG", "webp"];

/// Reads a folder with `Annotations` in it, one or two folders down too; a folder of XML
/// files beside their images, by itself or one for each split; or one file.
pub(crate) fn read(path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let mut reader = Reader { images, all: Gathered::default() };
    let root = if path.is_dir() { path.to_owned() } else { folder_of(path) };
    if let Some(labels) = list_of_classes(&root)? {
        let text = read_small_text(&labels)?;
        let names = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
        reader.all.classes = Classes::listed(names)
            .map_err(|reason| DatasetError::damaged(&labels, "the list", reason))?;
    }
    if !path.is_dir() {
        reader.file(&Place::flat(&root, None), path)?;
        return Ok(reader.all.into_read());
    }
    let folders = folders(path)?;
    let devkits: Vec<_> =
        folders.iter().filter(|folder| folder.join("Annotations").is_dir()).collect();
    for folder in &devkits {
        reader.devkit(folder)?;
    }
    if devkits.is_empty() {
        for folder in &folders {
            let split = name_of(folder).parse().ok();
            for file in xml_files(folder, 1)? {
                reader.file(&Place::flat(folder, split), &file)?;
            }
        }
    }
    if devkits.is_empty() && reader.all.samples.is_empty() {
        let reason = "there is no Annotations folder, and no XML file beside images".to_owned();
        return Err(DatasetError::NotOfForm { form: Format::Voc, path: path.to_owned(), reason });
    }
    Ok(reader.all.into_read())
}

fn list_of_classes(root: &Path) -> Result<Option<PathBuf>, DatasetError> {
    let path = root.join("labels.txt");
    Ok(is_there(&path)?.then_some(path))
}

/// A folder, and those one and two below.
fn folders(root: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut all = vec![root.to_owned()];
    let mut last = all.clone();
    for _ in 0..2 {
        let mut below = Vec::new();
        for folder in &last {
            below.extend(entries(folder)?.into_iter().filter(|path| path.is_dir()));
        }
        all.extend(below.iter().cloned());
        last = below;
    }
    Ok(all)
}

fn xml_files(folder: &Path, depth: usize) -> Result<Vec<PathBuf>, DatasetError> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        // A folder called as a file of labels is refused when it is opened.
        if path.is_dir() && !has_end(&path, "xml") {
            if depth > 1 {
                files.extend(xml_files(&path, depth - 1)?);
            }
        } else if has_end(&path, "xml") {
            files.push(path);
        }
        if files.len() as u64 > MOST_IMAGES {
            return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
        }
    }
    Ok(files)
}

#[derive(Default)]
struct Gathered {
    classes: Classes,
    samples: Vec<ReadSample>,
    boxes: u64,
    left_out: LeftOut,
    incomplete: Incomplete,
}

impl Gathered {
    fn into_read(self) -> Read {
        let mut notes = self.left_out.notes();
        notes.extend(self.incomplete.notes());
        Read { classes: self.classes.names, samples: self.samples, notes }
    }
}

struct Reader<'a> {
    images: &'a dyn Images,
    all: Gathered,
}

/// Where an XML file's image may lie.
struct Place {
    folders: Vec<PathBuf>,
    /// Below `Annotations`, from there on.
    within: String,
    split: Option<Split>,
}

impl Place {
    fn flat(folder: &Path, split: Option<Split>) -> Place {
        let folders = vec![folder.to_owned(), folder.join("images")];
        Place { folders, within: String::new(), split }
    }
}

/// What an XML file says.
#[derive(Default)]
struct Document {
    filename: String,
    size: Option<(u32, u32)>,
    boxes: Vec<SampleBox>,
    /// Objects that have none.
    without_box: u64,
}

/// What an object says, as far as it was read.
#[derive(Default)]
struct Object {
    name: Option<String>,
    corners: [Option<f64>; 4],
    has_box: bool,
    confidence: Option<f64>,
    attributes: BTreeMap<String, Attribute>,
}

impl Reader<'_> {
    fn devkit(&mut self, folder: &Path) -> Result<(), DatasetError> {
        let annotations = folder.join("Annotations");
        let mut splits = self.splits(folder)?;
        let mut seen = HashSet::new();
        let image_folders = [folder.join("JPEGImages"), folder.join("images"), folder.to_owned()];
        for file in xml_files(&annotations, MOST_DEPTH)? {
            let below = file.strip_prefix(&annotations).unwrap_or(&file).with_extension("");
            let stem = below.to_string_lossy().replace('\\', "/");
            let within = stem.rsplit_once('/').map_or("", |(within, _)| within).to_owned();
            let last = stem.rsplit('/').next().unwrap_or_default();
            let of_list = splits.get(&stem).or_else(|| splits.get(last)).map(|(split, _)| *split);
            let split = of_list.or_else(|| within.parse().ok());
            self.file(&Place { folders: image_folders.to_vec(), within, split }, &file)?;
            seen.insert(last.to_owned());
            seen.insert(stem);
        }
        splits.retain(|stem, _| !seen.contains(stem));
        let mut unlabelled: Vec<_> = splits.into_iter().collect();
        unlabelled.sort_by_key(|(_, (_, order))| *order);
        for (stem, (split, _)) in unlabelled {
            let Some(image) = self.image(&image_folders, &stem) else { continue };
            let (width, height) = self.images.size(&image).unwrap_or_default();
            let path =
                format!("{stem}.{}", image.extension().unwrap_or_default().to_string_lossy());
            let image = ReadImage::File(image);
            let split = Some(split);
            let sample = ReadSample { path, image, width, height, split, boxes: None, line: None };
            self.keep(sample)?;
        }
        Ok(())
    }

    /// The stems of each split, and their order.
    fn splits(&mut self, folder: &Path) -> Result<HashMap<String, (Split, usize)>, DatasetError> {
        let mut splits = HashMap::new();
        for split in Split::ALL {
            let path = folder.join(format!("ImageSets/Main/{split}.txt"));
            if !is_there(&path)? {
                continue;
            }
            for (line, text) in (1_u64..).zip(read_small_text(&path)?.lines()) {
                let text = text.trim();
                // Lists of one class say with a second word whether it is there.
                let stem = [" 1", " -1", " 0"].iter().find_map(|end| text.strip_suffix(end));
                let stem = stem.unwrap_or(text).trim_end();
                if stem.is_empty() {
                    continue;
                }
                if below(folder, stem).is_none() {
                    let reason = format!("\"{}\" {}", shown(stem), why_not(stem));
                    return Err(DatasetError::damaged(&path, format!("line {line}"), reason));
                }
                let order = splits.len();
                let (kept, _) = *splits.entry(stem.to_owned()).or_insert((split, order));
                self.all.left_out.add(
                    "images listed in two splits, which are taken for the first",
                    u64::from(kept != split),
                );
            }
        }
        Ok(splits)
    }

    /// An image whose end is not known.
    fn image(&self, folders: &[PathBuf], stem: &str) -> Option<PathBuf> {
        let ends = || ENDS.iter().map(|end| format!("{stem}.{end}"));
        let mut places = folders.iter().flat_map(|f| ends().filter_map(|name| below(f, &name)));
        let found = places.find(|place| place.is_file());
        found.or_else(|| below(folders.first()?, &format!("{stem}.jpg")))
    }

    fn keep(&mut self, sample: ReadSample) -> Result<(), DatasetError> {
        self.all.boxes += sample.boxes.as_ref().map_or(0, |boxes| boxes.len() as u64);
        if self.all.boxes > MOST_BOXES {
            return Err(DatasetError::TooMany { most: MOST_BOXES, what: "boxes" });
        }
        self.all.samples.push(sample);
        if self.all.samples.len() as u64 > MOST_IMAGES {
            return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
        }
        Ok(())
    }

    fn file(&mut self, place: &Place, path: &Path) -> Result<(), DatasetError> {
        let bytes = read_small(path)?;
        let mut xml = Xml::new(path, XmlGuard::new(bytes.as_slice()))?;
        let document = self.document(&mut xml)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let named = document.filename.replace('\\', "/");
        let (image, named) = if named.is_empty() {
            let image = self.image(&place.folders, &stem);
            let end = image.as_deref().and_then(Path::extension).unwrap_or_default();
            let named = format!("{stem}.{}", end.to_string_lossy());
            (image, named)
        } else {
            let inside = format!("{}/{named}", place.within);
            let in_folder = !place.within.is_empty() && !named.starts_with(&place.within);
            let names = if in_folder { vec![inside, named] } else { vec![named] };
            let places = || {
                names.iter().flat_map(|name| place.folders.iter().filter_map(|f| below(f, name)))
            };
            let image = places().find(|place| place.is_file()).or_else(|| places().next());
            (image, names.into_iter().next().unwrap_or_default())
        };
        let Some(image) = image else {
            let reason = format!("\"{}\" {}", shown(&named), why_not(&named));
            return Err(DatasetError::damaged(path, "filename", reason));
        };
        let size = document.size.or_else(|| self.images.size(&image));
        let (width, height) = size.unwrap_or_default();
        let boxes = self.all.incomplete.kept(document.boxes, document.without_box);
        let (image, split) = (ReadImage::File(image), place.split);
        self.keep(ReadSample { path: named, image, width, height, split, boxes, line: None })
    }

    fn document(&mut self, xml: &mut Xml<&[u8]>) -> Result<Document, DatasetError> {
        let root = xml.root()?;
        if root.name != "annotation" {
            return Err(xml.damaged(format!("<{}>; expected <annotation>", shown(&root.name))));
        }
        let mut document = Document::default();
        let mut objects = 0_u64;
        while let Some(tag) = xml.child()? {
            match tag.name.as_str() {
                "filename" => document.filename = xml.text()?,
                "size" => document.size = size(xml)?,
                "object" => {
                    objects += 1;
                    match self.object(xml, objects)? {
                        Some(found) => document.boxes.push(found),
                        None => document.without_box += 1,
                    }
                }
                _ => xml.skip()?,
            }
        }
        Ok(document)
    }

    fn object(
        &mut self,
        xml: &mut Xml<&[u8]>,
        number: u64,
    ) -> Result<Option<SampleBox>, DatasetError> {
        let mut object = Object::default();
        while let Some(tag) = xml.child()? {
            match tag.name.as_str() {
                "name" => object.name = Some(xml.text()?),
                "bndbox" => {
                    object.has_box = true;
                    object.corners = corners(xml)?;
                }
                "score" | "confidence" => {
                    let score = xml.number(&tag.name)?;
                    object.confidence = Some(score).filter(|score| (0.0..=1.0).contains(score));
                }
                "pose" => {
                    let pose = xml.text()?;
                    if !matches!(pose.as_str(), "" | "Unspecified") {
                        object.attributes.insert(tag.name, Attribute::Text(pose));
                    }
                }
                name if super::FLAGS.contains(&name) => {
                    if let Some(value) = flag(name, &xml.text()?) {
                        object.attributes.insert(tag.name, value);
                    }
                }
                "attributes" => attributes(xml, &mut object.attributes)?,
                "part" => {
                    self.all.left_out.add("parts of objects, left out", 1);
                    xml.skip()?;
                }
                _ => xml.skip()?,
            }
        }
        if !object.has_box {
            self.all.left_out.add("objects without a bndbox, left out", 1);
            return Ok(None);
        }
        let Some(name) = object.name else {
            return Err(xml.damaged(format!("object {number} has no name")));
        };
        let [Some(left), Some(top), Some(right), Some(bottom)] = object.corners else {
            let reason = format!("object {number}: expected xmin, ymin, xmax and ymax");
            return Err(xml.damaged(reason));
        };
        let area = Area::from_corners(left, top, right, bottom)
            .map_err(|_| xml.damaged(format!("object {number}: its max is below its min")))?;
        let class = self.all.classes.place(&name);
        let class = class.map_err(|reason| xml.damaged(format!("object {number}: {reason}")))?;
        let (confidence, attributes) = (object.confidence, object.attributes);
        Ok(Some(SampleBox { class, area, confidence, attributes }))
    }
}

fn size(xml: &mut Xml<&[u8]>) -> Result<Option<(u32, u32)>, DatasetError> {
    let mut sides = [None; 2];
    while let Some(tag) = xml.child()? {
        let side = match tag.name.as_str() {
            "width" => &mut sides[0],
            "height" => &mut sides[1],
            _ => {
                xml.skip()?;
                continue;
            }
        };
        let text = xml.text()?;
        *side = pixels(&text);
        if side.is_none() {
            let reason =
                format!("{} is \"{}\"; expected a number of pixels", tag.name, shown(&text));
            return Err(xml.damaged(reason));
        }
    }
    // Some tools write 0 where they do not know.
    let [width, height] = sides.map(|side| side.filter(|side| *side > 0));
    Ok(width.zip(height))
}

fn corners(xml: &mut Xml<&[u8]>) -> Result<[Option<f64>; 4], DatasetError> {
    let mut corners = [None; 4];
    while let Some(tag) = xml.child()? {
        let corner = match tag.name.as_str() {
            "xmin" => &mut corners[0],
            "ymin" => &mut corners[1],
            "xmax" => &mut corners[2],
            "ymax" => &mut corners[3],
            _ => {
                xml.skip()?;
                continue;
            }
        };
        *corner = Some(xml.number(&tag.name)?);
    }
    Ok(corners)
}

/// `None` where nothing is said. That a box is not truncated or difficult says each file of
/// each box, and is not kept; that it is not occluded says only who looked.
fn flag(name: &str, text: &str) -> Option<Attribute> {
    match text.to_ascii_lowercase().as_str() {
        "" | "unspecified" => None,
        "1" | "true" | "yes" => Some(Attribute::Flag(true)),
        "0" | "false" | "no" => (name == "occluded").then_some(Attribute::Flag(false)),
        other => {
            let text = || Attribute::Text(other.chars().take(200).collect());
            Some(number(other).map_or_else(text, Attribute::Number))
        }
    }
}

fn attributes(
    xml: &mut Xml<&[u8]>,
    into: &mut BTreeMap<String, Attribute>,
) -> Result<(), DatasetError> {
    while xml.child()?.is_some() {
        let (mut name, mut value) = (None, None);
        while let Some(tag) = xml.child()? {
            match tag.name.as_str() {
                "name" => name = Some(xml.text()?),
                "value" => value = Some(xml.text()?),
                _ => xml.skip()?,
            }
        }
        if let (Some(name), Some(value)) = (name, value) {
            into.insert(name, attribute(&value));
        }
    }
    Ok(())
}
