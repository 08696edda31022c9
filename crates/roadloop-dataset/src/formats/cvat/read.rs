//! CVAT's XML read, an image after the other.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use super::super::guard::{XmlGuard, is_there, open_xml};
use super::super::incomplete::Incomplete;
use super::super::places::{below, entries, folder_of, has_end, why_not};
use super::super::xml::{Classes, LeftOut, Tag, Xml, attribute, number, pixels};
use super::super::{Format, Images, MOST_BOXES, MOST_IMAGES, Read, ReadImage, ReadSample};
use crate::error::shown;
use crate::{Area, Attribute, DatasetError, SampleBox};

/// Reads `annotations.xml`, or a folder with it, or with one XML file of another name.
pub(crate) fn read(path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let file = if path.is_dir() { labels_in(path)? } else { path.to_owned() };
    read_from(&file, open_xml(&file)?, images)
}

fn labels_in(folder: &Path) -> Result<PathBuf, DatasetError> {
    let usual = folder.join("annotations.xml");
    if is_there(&usual)? {
        return Ok(usual);
    }
    let mut files = entries(folder)?;
    files.retain(|file| has_end(file, "xml") && !file.is_dir());
    match files.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(DatasetError::NotOfForm {
            form: Format::Cvat,
            path: folder.to_owned(),
            reason: "there is no annotations.xml".to_owned(),
        }),
    }
}

pub(super) fn read_from(
    file: &Path,
    from: XmlGuard<impl BufRead>,
    images: &dyn Images,
) -> Result<Read, DatasetError> {
    let mut xml = Xml::new(file, from)?;
    let root = xml.root()?;
    if root.name != "annotations" {
        return Err(xml.damaged(format!("<{}>; expected <annotations>", shown(&root.name))));
    }
    let mut reader = Reader {
        images,
        root: folder_of(file),
        classes: Classes::default(),
        boxes: 0,
        left_out: LeftOut::default(),
        incomplete: Incomplete::default(),
    };
    let mut samples = Vec::new();
    while let Some(tag) = xml.child()? {
        match tag.name.as_str() {
            "meta" => {
                let mut names = Vec::new();
                meta(&mut xml, &mut names)?;
                // A file may also come without labels; then classes are those of its boxes.
                if !names.is_empty() && reader.classes.names.is_empty() {
                    reader.classes =
                        Classes::listed(names).map_err(|reason| xml.damaged(reason))?;
                }
            }
            "image" => {
                samples.push(reader.image(&mut xml, &tag)?);
                if samples.len() as u64 > MOST_IMAGES {
                    return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
                }
            }
            "track" => {
                let reason = "CVAT for video; export the task as \"CVAT for images 1.1\"";
                return Err(xml.damaged(reason));
            }
            _ => xml.skip()?,
        }
    }
    let mut notes = reader.left_out.notes();
    notes.extend(reader.incomplete.notes());
    Ok(Read { classes: reader.classes.names, samples, notes })
}

/// The names of labels, in `meta/task/labels/label/name`, or below `project` or `job`.
fn meta<R: BufRead>(xml: &mut Xml<R>, names: &mut Vec<String>) -> Result<(), DatasetError> {
    while let Some(tag) = xml.child()? {
        match tag.name.as_str() {
            "task" | "project" | "job" => {
                while let Some(tag) = xml.child()? {
                    if tag.name == "labels" { labels(xml, names)? } else { xml.skip()? }
                }
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn labels<R: BufRead>(xml: &mut Xml<R>, names: &mut Vec<String>) -> Result<(), DatasetError> {
    while xml.child()?.is_some() {
        while let Some(tag) = xml.child()? {
            if tag.name == "name" {
                names.push(xml.text()?);
            } else {
                xml.skip()?;
            }
        }
        if names.len() > super::super::MOST_CLASSES {
            let most = super::super::MOST_CLASSES as u64;
            return Err(DatasetError::TooMany { most, what: "classes" });
        }
    }
    Ok(())
}

struct Reader<'a> {
    images: &'a dyn Images,
    root: PathBuf,
    classes: Classes,
    boxes: u64,
    left_out: LeftOut,
    incomplete: Incomplete,
}

impl Reader<'_> {
    fn image<R: BufRead>(
        &mut self,
        xml: &mut Xml<R>,
        tag: &Tag,
    ) -> Result<ReadSample, DatasetError> {
        let Some(name) = tag.get("name") else {
            return Err(xml.damaged("an image has no name"));
        };
        let name = name.to_owned();
        let subset = tag.get("subset");
        let Some(file) = self.file(&name, subset) else {
            return Err(xml.damaged(format!("\"{}\" {}", shown(&name), why_not(&name))));
        };
        let mut sides = [0; 2];
        for (side, called) in sides.iter_mut().zip(["width", "height"]) {
            if let Some(text) = tag.get(called) {
                *side = pixels(text).ok_or_else(|| {
                    let text = shown(text);
                    xml.damaged(format!("{called} is \"{text}\"; expected a number of pixels"))
                })?;
            }
        }
        if sides.contains(&0) {
            sides = self.images.size(&file).map_or(sides, |(width, height)| [width, height]);
        }
        let (mut boxes, mut left_out) = (Vec::new(), 0);
        while let Some(tag) = xml.child()? {
            let what = match tag.name.as_str() {
                "box" => {
                    match self.one_box(xml, &tag)? {
                        Some(found) => boxes.push(found),
                        None => left_out += 1,
                    }
                    continue;
                }
                "polygon" => "polygons, left out",
                "polyline" => "polylines, left out",
                "points" => "points, left out",
                "mask" => "masks, left out",
                "tag" => "tags of images, left out",
                "skeleton" => "skeletons, left out",
                "cuboid" => "cuboids, left out",
                "ellipse" => "ellipses, left out",
                _ => "other elements, left out",
            };
            self.left_out.add(what, 1);
            left_out += 1;
            xml.skip()?;
        }
        self.boxes += boxes.len() as u64;
        if self.boxes > MOST_BOXES {
            return Err(DatasetError::TooMany { most: MOST_BOXES, what: "boxes" });
        }
        Ok(ReadSample {
            path: name,
            image: ReadImage::File(file),
            width: sides[0],
            height: sides[1],
            // Images of no split are in the subset `default`.
            split: subset.and_then(|subset| subset.parse().ok()),
            boxes: self.incomplete.kept(boxes, left_out),
            line: None,
        })
    }

    fn file(&self, name: &str, subset: Option<&str>) -> Option<PathBuf> {
        let images = self.root.join("images");
        let of_subset = subset.and_then(|subset| below(&images, subset));
        let folders = [Some(images), of_subset, Some(self.root.clone())];
        let places = || folders.iter().flatten().filter_map(|folder| below(folder, name));
        places().find(|place| place.is_file()).or_else(|| places().next())
    }

    fn one_box<R: BufRead>(
        &mut self,
        xml: &mut Xml<R>,
        tag: &Tag,
    ) -> Result<Option<SampleBox>, DatasetError> {
        let Some(label) = tag.get("label") else {
            return Err(xml.damaged("a box has no label"));
        };
        let mut corners = [0.0; 4];
        for (corner, called) in corners.iter_mut().zip(["xtl", "ytl", "xbr", "ybr"]) {
            let text = tag.get(called).unwrap_or_default();
            *corner = number(text).ok_or_else(|| {
                let text = shown(text);
                xml.damaged(format!("a box: {called} is \"{text}\"; expected a finite number"))
            })?;
        }
        let [left, top, right, bottom] = corners;
        let area = Area::from_corners(left, top, right, bottom)
            .map_err(|_| xml.damaged("a box: xbr or ybr is below xtl or ytl"))?;
        let class = self.classes.place(label).map_err(|reason| xml.damaged(reason))?;
        let is_turned = tag.get("rotation").and_then(number).is_some_and(|turned| turned != 0.0);
        let mut attributes = BTreeMap::new();
        if let Some("1" | "true") = tag.get("occluded") {
            attributes.insert("occluded".to_owned(), Attribute::Flag(true));
        }
        let as_score = |text: &str| number(text).filter(|score| (0.0..=1.0).contains(score));
        let mut confidence = tag.get(super::SCORE).and_then(as_score);
        while let Some(inner) = xml.child()? {
            let name = inner.get("name").map(str::to_owned);
            let text = xml.text()?;
            match name {
                Some(name) if name == super::SCORE && as_score(&text).is_some() => {
                    confidence = as_score(&text);
                }
                Some(name) => {
                    attributes.insert(name, attribute(&text));
                }
                None => {}
            }
        }
        self.left_out.add("boxes that are turned, left out", u64::from(is_turned));
        Ok((!is_turned).then_some(SampleBox { class, area, confidence, attributes }))
    }
}
