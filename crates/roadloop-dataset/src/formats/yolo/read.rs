//! Folders of images and labels read, as a `data.yaml` names them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::guard::{is_there, read_small_text};
use super::super::incomplete::Incomplete;
use super::super::places::{entries, folder_of, has_end, name_of, why_not, within};
use super::super::{Images, MOST_BOXES, MOST_IMAGES, Read, ReadImage, ReadSample};
use super::settings::{Settings, label_path, parse};
use crate::error::shown;
use crate::{Area, DatasetError, Format, SampleBox, Split};

/// What Ultralytics takes for images, and what cameras write.
const ENDS: [&str; 10] = ["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "heic", "mpo", "dng"];
/// Folders of images within each other.
const MOST_DEPTH: usize = 8;
/// As many are named in a note.
const NAMED: usize = 3;
/// How far a fraction may be outside of 0 to 1, as Ultralytics lets it.
const TOLERANCE: f64 = 0.01;

/// A folder with a `data.yaml` (or another, if it is the only one), or that file.
///
/// Places in it are from its folder on: a `path` that does not lie there is another
/// machine's, and left out of account. `../train/images`, as Roboflow writes it, leads out
/// of the folder; it is taken for `train/images`, where Ultralytics looks for it too.
/// What `train` names must be there; `val` and `test` that are not there are noted.
pub(crate) fn read(path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let file = settings_file(path)?;
    let text = read_small_text(&file)?;
    let settings = parse(&text)
        .map_err(|(line, reason)| DatasetError::damaged(&file, format!("line {line}"), reason))?;
    let root = folder_of(&file);
    let (names, class_of) = merged(settings.names.clone());
    let mut all = All {
        root: root.clone(),
        class_of,
        images,
        read: Read { classes: names, ..Read::default() },
        boxes: 0,
        outlines: 0,
        incomplete: Incomplete::default(),
        without_size: Named::default(),
        without_image: Named::default(),
    };
    let mut is_usable = false;
    for split in Split::ALL {
        for place in settings.places.get(&split).into_iter().flatten() {
            if let Some(found) = all.place(&file, &settings, split, place)? {
                all.read_place(split, &found)?;
                is_usable = true;
            }
        }
    }
    if !is_usable {
        let reason = "none of train, val and test names a folder of images that is there";
        return Err(DatasetError::damaged(&file, "the file", reason));
    }
    Ok(all.finish())
}

fn settings_file(path: &Path) -> Result<PathBuf, DatasetError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let usual = path.join("data.yaml");
    if is_there(&usual)? {
        return Ok(usual);
    }
    let mut files = entries(path)?;
    files.retain(|file| (has_end(file, "yaml") || has_end(file, "yml")) && !file.is_dir());
    match &files[..] {
        [file] => Ok(file.clone()),
        _ => Err(DatasetError::NotOfForm {
            form: Format::Yolo,
            path: path.to_owned(),
            reason: "there is no data.yaml".to_owned(),
        }),
    }
}

/// Two numbers of one name are one class.
fn merged(names: Vec<String>) -> (Vec<String>, Vec<u32>) {
    let mut places = std::collections::HashMap::new();
    let mut classes = Vec::new();
    let class_of = names.into_iter().map(|name| {
        *places.entry(name).or_insert_with_key(|name| {
            classes.push(name.clone());
            classes.len() as u32 - 1
        })
    });
    let class_of = class_of.collect();
    (classes, class_of)
}

/// How many, and the first of them by name.
#[derive(Default)]
struct Named {
    count: u64,
    first: Vec<String>,
}

impl Named {
    fn add(&mut self, path: &Path) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(shown(&path.to_string_lossy()));
        }
    }

    fn note(&self, what: &str) -> Option<String> {
        let more = if self.count > NAMED as u64 { ", …" } else { "" };
        (self.count > 0).then(|| format!("{} {what}: {}{more}", self.count, self.first.join(", ")))
    }
}

struct All<'a> {
    root: PathBuf,
    class_of: Vec<u32>,
    images: &'a dyn Images,
    read: Read,
    boxes: u64,
    outlines: u64,
    incomplete: Incomplete,
    without_size: Named,
    without_image: Named,
}

impl All<'_> {
    /// The folder or list that is named. `None`, and a note, where it is not there and need
    /// not be: datasets that Ultralytics itself offers name a `test` that is not in them.
    fn place(
        &mut self,
        file: &Path,
        settings: &Settings,
        split: Split,
        place: &str,
    ) -> Result<Option<PathBuf>, DatasetError> {
        let key = settings.keys.get(&split).map_or(split.name(), String::as_str);
        let named = shown(place);
        let bad = |reason: &str| {
            let reason = format!("\"{named}\" {reason}");
            Err(DatasetError::damaged(file, format!("key \"{key}\""), reason))
        };
        if place.contains("://") {
            return bad("is an address; expected a folder beside this file: download it first");
        }
        if place.chars().any(char::is_control) {
            return bad(why_not(place));
        }
        let Some(found) = self.find(settings, place) else {
            return bad("does not lie in this file's folder");
        };
        if found.is_dir() || (found.is_file() && has_end(&found, "txt")) {
            return Ok(Some(found));
        }
        if found.exists() || found.is_symlink() {
            return bad("is neither a folder nor a list of images (.txt)");
        }
        if place.parse::<f64>().is_ok() {
            return bad("is a number; expected a folder of images");
        }
        if split == Split::Train {
            return bad("is not there; expected a folder of images");
        }
        self.read.notes.push(format!("{key}: \"{named}\" is not there, and is left out"));
        Ok(None)
    }

    fn read_place(&mut self, split: Split, found: &Path) -> Result<(), DatasetError> {
        let mut images = BTreeSet::new();
        let base = if found.is_dir() {
            gather(found, &ENDS, 0, &mut images)?;
            found.to_owned()
        } else {
            self.list(found, &mut images)?;
            self.root.clone()
        };
        let mut labels = BTreeSet::new();
        if let Some(folder) = label_path(&found.join("a.txt")).as_deref().and_then(Path::parent)
            && folder.is_dir()
        {
            gather(folder, &["txt"], 0, &mut labels)?;
        }
        for image in images {
            let beside = image.with_extension("txt");
            let inside = image.strip_prefix(&self.root).ok().and_then(label_path);
            let label = inside.map_or(beside, |inside| self.root.join(inside));
            labels.remove(&label);
            self.read_image(&base, split, image, &label)?;
        }
        for label in labels.iter().filter(|label| name_of(label) != "classes.txt") {
            self.without_image.add(label.strip_prefix(&self.root).unwrap_or(label));
        }
        Ok(())
    }

    /// A folder or list that is named, in this file's folder.
    fn find(&self, settings: &Settings, place: &str) -> Option<PathBuf> {
        let base = settings.path.as_deref().and_then(|path| match path {
            "" | "." | "./" => Some(self.root.clone()),
            path => within(&self.root, &self.root, path),
        });
        let base = base.filter(|base| base.is_dir()).unwrap_or_else(|| self.root.clone());
        if matches!(place, "." | "./") {
            return Some(base);
        }
        let found = within(&self.root, &base, place);
        found.or_else(|| within(&self.root, &base, place.strip_prefix("../")?))
    }

    /// Images of a list, a path a line.
    fn list(&self, list: &Path, images: &mut BTreeSet<PathBuf>) -> Result<(), DatasetError> {
        let text = read_small_text(list)?;
        for (number, line) in text.lines().enumerate() {
            let named = line.trim();
            if named.is_empty() {
                continue;
            }
            let below = within(&self.root, &folder_of(list), named);
            let below = below.filter(|path| path.is_file());
            let Some(path) = below.or_else(|| within(&self.root, &self.root, named)) else {
                let reason = format!("\"{}\" {}", shown(named), why_not(named));
                return Err(DatasetError::damaged(list, format!("line {}", number + 1), reason));
            };
            images.insert(path);
        }
        Ok(())
    }

    fn read_image(
        &mut self,
        base: &Path,
        split: Split,
        image: PathBuf,
        label: &Path,
    ) -> Result<(), DatasetError> {
        let Some((width, height)) = self.images.size(&image) else {
            self.without_size.add(image.strip_prefix(&self.root).unwrap_or(&image));
            return Ok(());
        };
        let boxes = if is_there(label)? {
            let text = read_small_text(label)?;
            self.boxes(label, &text, (width, height))?
        } else {
            None
        };
        let path = image.strip_prefix(base).unwrap_or(&image).to_string_lossy().into_owned();
        let (split, image) = (Some(split), ReadImage::File(image));
        self.read.samples.push(ReadSample { path, image, width, height, split, boxes, line: None });
        if self.read.samples.len() as u64 > MOST_IMAGES {
            return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
        }
        Ok(())
    }

    fn boxes(
        &mut self,
        file: &Path,
        text: &str,
        size: (u32, u32),
    ) -> Result<Option<Vec<SampleBox>>, DatasetError> {
        let (mut boxes, mut outlines) = (Vec::new(), 0);
        for (number, line) in text.lines().enumerate() {
            let bad = |reason: String| {
                DatasetError::damaged(file, format!("line {}", number + 1), reason)
            };
            match self.label(line, size).map_err(bad)? {
                Label::Blank => {}
                Label::Outline => outlines += 1,
                Label::Box(found) => boxes.push(found),
            }
        }
        self.boxes += boxes.len() as u64;
        if self.boxes > MOST_BOXES {
            return Err(DatasetError::TooMany { most: MOST_BOXES, what: "boxes" });
        }
        self.outlines += outlines;
        Ok(self.incomplete.kept(boxes, outlines))
    }

    fn label(&self, line: &str, (width, height): (u32, u32)) -> Result<Label, String> {
        let mut words = line.split_whitespace();
        let Some(class) = words.next() else { return Ok(Label::Blank) };
        // Some write numbers of classes as they write all others, `0.0`.
        let number = class.parse::<f64>().ok().filter(|number| number.fract() == 0.0);
        let known = number.filter(|number| *number >= 0.0).map(|number| number as usize);
        let class =
            known.and_then(|number| self.class_of.get(number)).copied().ok_or_else(|| {
                let classes = self.class_of.len();
                format!("\"{}\" is none of the {classes} classes in data.yaml", shown(class))
            })?;
        let mut values = [0.0; 5];
        let mut count = 0;
        for word in words {
            let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| format!("\"{}\" is no number", shown(word)))?;
            if let Some(value) = values.get_mut(count) {
                *value = number;
            }
            count += 1;
        }
        let confidence = match count {
            4 => None,
            5 => Some(values[4]),
            // Points of an outline, two numbers each, also of a rotated box.
            6.. if count % 2 == 0 => return Ok(Label::Outline),
            _ => return Err(format!("{count} numbers after the class, where a box has 4")),
        };
        let [x, y, wide, high, _] = values;
        let is_one = |value: f64| (-TOLERANCE..=1.0 + TOLERANCE).contains(&value);
        if ![x, y, wide, high].into_iter().all(is_one) {
            return Err("centre, width and height are fractions, from 0 to 1".to_owned());
        }
        let [width, height] = [width, height].map(f64::from);
        let (left, top) = ((x - wide / 2.0) * width, (y - high / 2.0) * height);
        let area =
            Area::new(left, top, wide * width, high * height).map_err(|error| error.to_string())?;
        let attributes = Default::default();
        Ok(Label::Box(SampleBox { class, area, confidence, attributes }))
    }

    fn finish(mut self) -> Read {
        let notes = [
            self.without_size.note("images cannot be read, and are left out: a box's pixels are not known without their size"),
            self.without_image.note("files of labels have no image, and are left out"),
            (self.outlines > 0).then(|| {
                format!("{} labels are outlines or rotated boxes, and are left out", self.outlines)
            }),
        ];
        self.read.notes.extend(notes.into_iter().flatten());
        self.read.notes.extend(self.incomplete.notes());
        self.read
    }
}

enum Label {
    Blank,
    Box(SampleBox),
    Outline,
}

/// Files of one of those ends in a folder and in its folders. Links to folders are not
/// followed: they may lead in circles.
fn gather(
    folder: &Path,
    ends: &[&str],
    depth: usize,
    into: &mut BTreeSet<PathBuf>,
) -> Result<(), DatasetError> {
    for path in entries(folder)? {
        if path.is_dir() {
            if depth < MOST_DEPTH && !path.is_symlink() {
                gather(&path, ends, depth + 1, into)?;
            }
        } else if ends.iter().any(|end| has_end(&path, end)) {
            into.insert(path);
        }
        if into.len() as u64 > MOST_IMAGES {
            return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
        }
    }
    Ok(())
}
