//! Writes records of one split, one behind the other, and goes on where it was killed.
//!
//! While it writes, its three files end in `.part`. A process may end at any byte: what the
//! three files agree on is whole and stays, what is behind is cut off.

mod resume;

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::index::{Entry, append_entry, append_line};
use super::{CLASSES_FILE, header, recordio};
use crate::formats::Format;
use crate::{Attribute, DatasetError, Sample, SampleBox};

const BUFFER: usize = 1 << 20;
/// The row of an image with nothing on it. Its class says that it stands for nothing, its
/// sides are some that a box can have: `ImageDetIter` of mxnet 1.9.1 cannot be made over
/// records of which any has no box with an inside, -1 in all places or none; over these it
/// can, and leaves the images out. `ImageDetRecordIter`, with which SageMaker trains, takes
/// them as background.
const NOTHING: [f32; 5] = [-1.0, 0.0, 0.0, 1.0, 1.0];

/// How samples become records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordSettings {
    pub empty: EmptyImages,
    pub rows: RecordRows,
}

/// What becomes of images on which somebody saw nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyImages {
    /// One row of class -1.
    #[default]
    InvalidRow,
    /// They are not written.
    Skip,
}

/// What is written of each box, the same for all records of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordRows {
    /// Class and sides: five numbers.
    #[default]
    Plain,
    /// A sixth, 1 where the attribute `difficult` is true: GluonCV's evaluation of VOC.
    WithDifficult,
}

/// What is in a record besides what its sample says.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// Above that of the record before.
    pub id: u64,
    /// What the list calls its image: [`image_path`](crate::formats::image_path).
    pub path: &'a str,
    /// The image's file.
    pub image: &'a [u8],
    /// Its size in pixels, which may be smaller than the sample's.
    pub width: u32,
    pub height: u32,
}

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Record,
    /// Left out: nothing on it, and [`EmptyImages::Skip`].
    Empty,
    /// Left out: nobody looked, and records cannot say so.
    Unlabelled,
}

/// What was written since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordTally {
    pub records: u64,
    pub boxes: u64,
    /// Boxes that have no inside within their image, and are not written.
    pub boxes_without_inside: u64,
    pub empty_left_out: u64,
    pub unlabelled_left_out: u64,
}

/// The files of one split while they are written.
#[derive(Debug)]
pub struct RecordWriter {
    files: Files,
    settings: RecordSettings,
    classes: usize,
    records: BufWriter<File>,
    index: BufWriter<File>,
    list: BufWriter<File>,
    /// Where the next record begins.
    at: u64,
    /// Records that are there, those from before it was resumed too.
    count: u64,
    next_id: u64,
    tally: RecordTally,
    payload: Vec<u8>,
    frame: Vec<u8>,
    text: String,
}

/// Where the files of a stem are, when they are whole.
#[derive(Clone, Debug)]
struct Files {
    records: PathBuf,
    index: PathBuf,
    list: PathBuf,
}

impl Files {
    fn new(folder: &Path, stem: &str) -> Result<Files, DatasetError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if stem.is_empty() || stem.len() > 100 || !stem.chars().all(is_plain) {
            let reason = "records are named with letters, digits, '_' and '-'";
            return Err(DatasetError::Settings(format!("{reason}, not {stem:?}")));
        }
        let file = |end: &str| folder.join(format!("{stem}.{end}"));
        Ok(Files { records: file("rec"), index: file("idx"), list: file("lst") })
    }

    /// Whoever sees the first of them whole has the others too: it is renamed last.
    fn each(&self) -> [&Path; 3] {
        [&self.records, &self.index, &self.list]
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

impl RecordWriter {
    /// Begins anew: `<stem>.rec`, `.idx` and `.lst` in a folder, and `classes.txt` beside
    /// them. What is there of that stem is lost.
    pub fn create(
        folder: &Path,
        stem: &str,
        classes: &[String],
        settings: RecordSettings,
    ) -> Result<RecordWriter, DatasetError> {
        let files = Files::new(folder, stem)?;
        fs::create_dir_all(folder).map_err(DatasetError::write(folder))?;
        for path in files.each() {
            for path in [path.to_owned(), partial(path)] {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(DatasetError::Write { path, source: error });
                    }
                    _ => {}
                }
            }
        }
        write_classes(folder, classes)?;
        RecordWriter::over(files, classes, settings, resume::Kept::default())
    }

    /// Goes on with what an earlier writer of that stem left: [`len`](RecordWriter::len)
    /// records are there, and samples up to [`next_id`](RecordWriter::next_id) are done.
    /// Begins anew where it left nothing, and refuses to where it had finished.
    pub fn resume(
        folder: &Path,
        stem: &str,
        classes: &[String],
        settings: RecordSettings,
    ) -> Result<RecordWriter, DatasetError> {
        let files = Files::new(folder, stem)?;
        if files.records.exists() {
            let reason = "the records are whole already";
            return Err(DatasetError::Settings(format!("{reason}: {}", files.records.display())));
        }
        if !partial(&files.records).exists() {
            return RecordWriter::create(folder, stem, classes, settings);
        }
        if super::read_classes(folder)?.is_some_and(|written| written != classes) {
            let reason = "the classes are others than those of the records that are there";
            return Err(DatasetError::Settings(format!("{reason}: {}", folder.display())));
        }
        write_classes(folder, classes)?;
        let kept = resume::keep_whole(&files)?;
        RecordWriter::over(files, classes, settings, kept)
    }

    fn over(
        files: Files,
        classes: &[String],
        settings: RecordSettings,
        kept: resume::Kept,
    ) -> Result<RecordWriter, DatasetError> {
        let open = |path: &Path, size: usize| {
            let path = partial(path);
            let file = OpenOptions::new().create(true).append(true).open(&path);
            let file = file.map_err(DatasetError::write(&path))?;
            Ok::<_, DatasetError>(BufWriter::with_capacity(size, file))
        };
        Ok(RecordWriter {
            records: open(&files.records, BUFFER)?,
            index: open(&files.index, BUFFER / 64)?,
            list: open(&files.list, BUFFER / 16)?,
            files,
            settings,
            classes: classes.len(),
            at: kept.bytes,
            count: kept.records,
            next_id: kept.next_id,
            tally: RecordTally::default(),
            payload: Vec::new(),
            frame: Vec::new(),
            text: String::new(),
        })
    }

    /// Records that are there.
    pub fn len(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One more than the id of the last record; 0 before the first.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    pub fn tally(&self) -> RecordTally {
        self.tally
    }

    /// The next record. Boxes are cut to the image; those with nothing within are left out.
    pub fn write(&mut self, sample: &Sample, new: &NewRecord) -> Result<Written, DatasetError> {
        let Some(boxes) = &sample.boxes else {
            self.tally.unlabelled_left_out += 1;
            return Ok(Written::Unlabelled);
        };
        let unwritable = |reason: String| DatasetError::Unwritable {
            form: Format::RecordIo,
            image: sample.name.to_string(),
            reason,
        };
        if new.id < self.next_id {
            return Err(unwritable(format!("its id {} is not above those before", new.id)));
        }
        if new.path.is_empty() || new.path.chars().any(char::is_control) {
            return Err(unwritable("its path cannot stand in a list".to_owned()));
        }
        let (mut label, outside) = self.label(sample, boxes, new).map_err(unwritable)?;
        let has_boxes = label.len() > header::OUR_HEADER as usize;
        if !has_boxes && self.settings.empty == EmptyImages::Skip {
            self.tally.empty_left_out += 1;
            self.tally.boxes_without_inside += outside;
            return Ok(Written::Empty);
        }
        let written = boxes.len() as u64 - outside;
        if !has_boxes {
            label.extend(NOTHING);
            label.resize(header::OUR_HEADER as usize + self.width(), 0.0);
        }
        self.payload.clear();
        header::append(&mut self.payload, new.id, &label);
        self.payload.extend_from_slice(new.image);
        if self.payload.len() > recordio::LONGEST {
            let most = recordio::LONGEST;
            return Err(unwritable(format!("a record has at most {most} bytes")));
        }
        self.frame.clear();
        recordio::append(&mut self.frame, &self.payload);
        self.records.write_all(&self.frame).map_err(DatasetError::write(&self.files.records))?;
        self.text.clear();
        append_entry(&mut self.text, Entry { id: new.id, offset: self.at });
        let index = self.index.write_all(self.text.as_bytes());
        index.map_err(DatasetError::write(&self.files.index))?;
        self.text.clear();
        append_line(&mut self.text, new.id, &label, new.path);
        let list = self.list.write_all(self.text.as_bytes());
        list.map_err(DatasetError::write(&self.files.list))?;
        self.at += self.frame.len() as u64;
        self.count += 1;
        self.next_id = new.id + 1;
        self.tally.records += 1;
        self.tally.boxes += written;
        self.tally.boxes_without_inside += outside;
        Ok(Written::Record)
    }

    /// Numbers of a row.
    fn width(&self) -> usize {
        match self.settings.rows {
            RecordRows::Plain => 5,
            RecordRows::WithDifficult => 6,
        }
    }

    /// The label of a sample, and how many boxes it lacks.
    fn label(
        &self,
        sample: &Sample,
        boxes: &[SampleBox],
        new: &NewRecord,
    ) -> Result<(Vec<f32>, u64), String> {
        let (width, height) = (sample.image.width, sample.image.height);
        if [width, height, new.width, new.height].contains(&0) {
            return Err("nobody knows how large it is".to_owned());
        }
        let row = self.width();
        let mut label = vec![header::OUR_HEADER, row as f32, new.width as f32, new.height as f32];
        let mut outside = 0;
        for found in boxes {
            let (class, count) = (found.class, self.classes);
            if class as usize >= count {
                return Err(format!("class {class}, where there are {count}"));
            }
            let area = found.area.within(width, height);
            let of = |side: f64, whole: u32| (side / f64::from(whole)).clamp(0.0, 1.0) as f32;
            let (left, right) = (of(area.left(), width), of(area.right(), width));
            let (top, bottom) = (of(area.top(), height), of(area.bottom(), height));
            // Of four bytes: what is thinner than they tell has no inside either.
            if right <= left || bottom <= top {
                outside += 1;
                continue;
            }
            label.extend([class as f32, left, top, right, bottom]);
            if self.settings.rows == RecordRows::WithDifficult {
                let is_difficult =
                    found.attributes.get("difficult") == Some(&Attribute::Flag(true));
                label.push(if is_difficult { 1.0 } else { 0.0 });
            }
        }
        Ok((label, outside))
    }

    /// Brings all to the disk, and gives the files their names.
    pub fn finish(self) -> Result<RecordTally, DatasetError> {
        let RecordWriter { files, records, index, list, tally, .. } = self;
        for (file, path) in [(records, &files.records), (index, &files.index), (list, &files.list)]
        {
            let file = file.into_inner().map_err(std::io::IntoInnerError::into_error);
            let synced = file.and_then(|file| file.sync_all());
            synced.map_err(DatasetError::write(&partial(path)))?;
        }
        for path in files.each().into_iter().rev() {
            fs::rename(partial(path), path).map_err(DatasetError::write(path))?;
        }
        if let Some(folder) = files.records.parent() {
            // So that the new names are there after a loss of power too.
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(DatasetError::write(folder))?;
        }
        Ok(tally)
    }
}

fn write_classes(folder: &Path, classes: &[String]) -> Result<(), DatasetError> {
    let path = folder.join(CLASSES_FILE);
    let mut text = String::new();
    for class in classes {
        if class.chars().any(char::is_control) || class.trim_end() != class {
            let reason = "the name of a class cannot stand on a line";
            return Err(DatasetError::Settings(format!("{reason}: {class:?}")));
        }
        text.push_str(class);
        text.push('\n');
    }
    fs::write(&path, text).map_err(DatasetError::write(&path))
}

#[cfg(test)]
mod tests;
