//! `data.yaml` and label files written.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::{Export, create, fractions};
use super::settings::{label_path, quoted};
use crate::{DatasetError, Format, Sample, Split};

pub(crate) struct Writer {
    folder: PathBuf,
    classes: usize,
}

impl Writer {
    pub(crate) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let card = export.card;
        let (path, mut to) = create(folder, "data.yaml")?;
        let text = settings(&card.classes, export.splits);
        let head = format!("# {}@{}, {}\n", card.name, card.version, card.id);
        let written = to.write_all(head.as_bytes()).and_then(|()| to.write_all(text.as_bytes()));
        written.and_then(|()| to.flush()).map_err(DatasetError::write(&path))?;
        // Whoever reads it refuses a folder that is named and is not there, also where no
        // image is in it.
        for split in named_splits(export.splits) {
            for kind in ["images", "labels"] {
                let path = folder.join(kind).join(split.name());
                std::fs::create_dir_all(&path).map_err(DatasetError::write(&path))?;
            }
        }
        Ok(Writer { folder: folder.to_owned(), classes: card.classes.len() })
    }
}

/// Ultralytics refuses a file without the first two.
fn named_splits(splits: &[Split]) -> impl Iterator<Item = Split> {
    let is_named = |split: &Split| *split != Split::Test || splits.contains(split);
    Split::ALL.into_iter().filter(is_named)
}

/// Without `path`: places are then from this file on, wherever the folder is. `path: .`
/// would be the folder that training is started in.
fn settings(classes: &[String], splits: &[Split]) -> String {
    let mut text = String::new();
    for split in named_splits(splits) {
        let _ = writeln!(text, "{split}: images/{split}");
    }
    let _ = writeln!(text, "nc: {}", classes.len());
    text.push_str(if classes.is_empty() { "names: {}\n" } else { "names:\n" });
    for (class, name) in classes.iter().enumerate() {
        let _ = writeln!(text, "  {class}: {}", quoted(name));
    }
    text
}

impl super::super::Writer for Writer {
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError> {
        let Some(boxes) = &sample.boxes else { return Ok(()) };
        let [width, height] = [sample.image.width, sample.image.height];
        let mut text = String::new();
        for found in boxes {
            if found.class as usize >= self.classes {
                let reason = format!("a box is of class {} of {}", found.class, self.classes);
                let image = sample.name.to_string();
                return Err(DatasetError::Unwritable { form: Format::Yolo, image, reason });
            }
            let (whole, within) = (found.area, found.area.within(width, height));
            let is_outside = whole.right() < 0.0
                || whole.bottom() < 0.0
                || whole.left() > f64::from(width)
                || whole.top() > f64::from(height)
                || (whole.width() > 0.0 && within.width() == 0.0)
                || (whole.height() > 0.0 && within.height() == 0.0);
            let [left, top, wide, high] = fractions(Format::Yolo, sample, within)?;
            if !is_outside {
                let centre = [left + wide / 2.0, top + high / 2.0].map(|at| at.min(1.0));
                let [x, y] = centre;
                let _ =
                    writeln!(text, "{} {x} {y} {} {}", found.class, wide.min(1.0), high.min(1.0));
            }
        }
        let labels = match label_path(Path::new(image)) {
            Some(labels) if !image.contains("://") => labels,
            // The image lies elsewhere: its labels lie where those of an image here would.
            _ => PathBuf::from(format!("labels/{}/{}.txt", sample.split, sample.name.stem())),
        };
        let (path, mut to) = create(&self.folder, &labels.to_string_lossy())?;
        let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        written.map_err(DatasetError::write(&path))
    }

    fn finish(self: Box<Self>) -> Result<(), DatasetError> {
        Ok(())
    }
}
