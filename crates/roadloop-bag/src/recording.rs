//! A recording: one file, or the parts of a rosbag2 folder, as one thing with
//! an id, topics and frames.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use roadloop_base::{Camera, Nanos, RecordingId, Skip, Topic, name_cameras};

use crate::channel::Channel;
use crate::frames::CameraTopic;
use crate::image::ImageType;
use crate::input::Input;
use crate::part::{Part, Places, union};
use crate::remote::RemoteFile;
use crate::rosbag2::{Folder, Listing};
use crate::source::{FileSource, ReadAt};
use crate::tally::{Tally, Wanted};
use crate::whole_file::{is_stdin, strip_suffix};
use crate::{BagError, Format, Frames, Messages, Selection, image, rosbag2, video_topics};

/// An opened recording: its index is known, its frames are still to be read.
#[derive(Debug)]
pub struct Recording {
    id: RecordingId,
    path: PathBuf,
    format: Format,
    size_bytes: u64,
    topics: Vec<Topic>,
    damage: Vec<Skip>,
    parts: Arc<[Part]>,
}

/// Opens a file or a rosbag2 folder, told by content; `-` is stdin, once.
pub fn open(path: &Path) -> Result<Recording, BagError> {
    let is_dir = !is_stdin(path) && path.metadata().map_err(BagError::at(path))?.is_dir();
    if !is_dir {
        let folder = Folder { parts: vec![path.to_owned()], ..Folder::default() };
        return open_parts(path, folder, false, Vec::new(), |part| Some(part.into()));
    }
    let mut damage = Vec::new();
    let folder = rosbag2::read_folder(&Listing::of(path)?, &mut damage)?;
    open_parts(path, folder, true, damage, |part| Some(part.into()))
}

/// Opens a file that lies elsewhere. `name` is what people call it; its last part
/// is that of a path.
pub fn open_remote(name: &Path, file: Arc<dyn RemoteFile>) -> Result<Recording, BagError> {
    let folder = Folder { parts: vec![name.to_owned()], ..Folder::default() };
    let input = Input::remote(name, file);
    open_parts(name, folder, false, Vec::new(), move |_| Some(input.clone()))
}

/// Opens a rosbag2 folder that lies elsewhere, by all files below it; each has
/// its name, which begins with that of the folder.
pub fn open_remote_folder(
    name: &Path,
    files: Vec<(PathBuf, Arc<dyn RemoteFile>)>,
) -> Result<Recording, BagError> {
    let files: BTreeMap<PathBuf, Input> =
        files.into_iter().map(|(name, file)| (name.clone(), Input::remote(&name, file))).collect();
    let mut damage = Vec::new();
    let folder = rosbag2::read_folder(&Listing::remote(name, &files), &mut damage)?;
    if let Some(failure) = files.values().find_map(Input::failure) {
        return Err(failure);
    }
    open_parts(name, folder, true, damage, |part| files.get(part).cloned())
}

fn open_parts(
    path: &Path,
    folder: Folder,
    is_folder: bool,
    mut damage: Vec<Skip>,
    input_of: impl Fn(&Path) -> Option<Input>,
) -> Result<Recording, BagError> {
    if folder.parts.is_empty() {
        return Err(BagError::NothingInFolder { path: path.to_owned(), files: 0 });
    }
    let mut parts = Vec::new();
    let mut format = None;
    for part in &folder.parts {
        let Some(input) = input_of(part) else { continue };
        match Part::open(&input, &mut damage) {
            Ok((part_format, part)) => {
                format.get_or_insert(part_format);
                parts.push(part);
            }
            // A bad part among good ones costs itself only; one that cannot be
            // fetched may be good.
            Err(error) if is_folder && folder.parts.len() > 1 && input.failure().is_none() => {
                damage.push(Places::of(part).file(error.to_string().replace('\n', ", ")));
            }
            Err(error) => return Err(error),
        }
    }
    let Some(format) = format else {
        let found = format!("{} parts, none of which can be read", folder.parts.len());
        return Err(BagError::NotARecording { path: path.to_owned(), found });
    };
    let mut topics = merge_topics(&parts);
    for topic in topics.iter_mut().filter(|_| damage.is_empty()) {
        topic.messages = topic.messages.or(folder.messages.get(&topic.name).copied());
    }
    let hash = content_hash(&parts)?;
    let mut recording = Recording {
        id: RecordingId::from_content(&stem(path, is_folder), hash),
        path: path.to_owned(),
        format,
        size_bytes: parts.iter().map(|part| part.len).sum(),
        topics,
        damage,
        parts: parts.into(),
    };
    let videos = video_topics::find(&recording)?;
    for topic in &mut recording.topics {
        topic.is_video |= videos.contains(&topic.name);
    }
    Ok(recording)
}

impl Recording {
    pub fn id(&self) -> &RecordingId {
        &self.id
    }

    /// Gives it a name of its own in place of the one from its content.
    pub fn set_id(&mut self, id: RecordingId) {
        self.id = id;
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Over all parts.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// By name. Without an index they were found by reading once.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// When its first and last message were recorded; `None` without messages,
    /// or where a damaged index does not tell.
    pub fn span(&self) -> Option<(Nanos, Nanos)> {
        self.parts.iter().map(|part| part.span).fold(None, union)
    }

    /// How its chunks are compressed: `none`, `lz4`, `bz2`, `zstd`, … Empty
    /// where there are no chunks, or no index of them.
    pub fn compressions(&self) -> BTreeSet<String> {
        self.parts.iter().filter_map(Part::compression).collect()
    }

    /// Files it consists of.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// What is wrong with the index, the metadata or whole parts. Damage among
    /// the messages is named by [`Recording::frames`], and only there.
    pub fn damage(&self) -> &[Skip] {
        &self.damage
    }

    /// The selected frames, from the start. May be called more than once.
    pub fn frames(&self, selection: &Selection) -> Result<Frames, BagError> {
        self.check(selection)?;
        for name in &selection.topics {
            let topic = self.topics.iter().find(|topic| topic.name == *name);
            if let Some(topic) = topic.filter(|topic| topic.camera.is_none()) {
                let found = format!("{} in {}", topic.message_type, topic.encoding);
                return Err(BagError::NotACamera { topic: name.clone(), found });
            }
        }
        if self.topics.iter().all(|topic| topic.camera.is_none()) {
            let describe = |topic: &Topic| format!("{} ({})", topic.name, topic.message_type);
            let found = self.topics.iter().map(describe).collect();
            return Err(BagError::NoCameras { path: self.path.clone(), found });
        }
        let cameras = self.topics.iter().filter_map(|topic| {
            let (camera, is_video) = (topic.camera.clone()?, topic.is_video);
            Some((topic.name.as_str().into(), CameraTopic { camera, is_video }))
        });
        let messages = self.select(selection, |topic| match &topic.camera {
            Some(_) if topic.is_video => Wanted::WithThoseBefore,
            Some(_) => Wanted::Selected,
            None => Wanted::Nothing,
        });
        Ok(Frames::new(self.id.clone(), cameras.collect(), messages))
    }

    /// The selected messages of any type, from the start. May be called more
    /// than once.
    pub fn messages(&self, selection: &Selection) -> Result<Messages, BagError> {
        self.check(selection)?;
        Ok(self.select(selection, |_| Wanted::Selected))
    }

    fn check(&self, selection: &Selection) -> Result<(), BagError> {
        if let Some(rate_hz) = selection.rate_hz
            && !(rate_hz.is_finite() && rate_hz > 0.0)
        {
            return Err(BagError::BadRate { rate_hz });
        }
        if let (true, Some(damage)) = (self.topics.is_empty(), self.damage.first()) {
            let damage = damage.reason.clone();
            return Err(BagError::NothingReadable { path: self.path.clone(), damage });
        }
        for name in &selection.topics {
            if !self.topics.iter().any(|topic| topic.name == *name) {
                let known = self.topics.iter().map(|topic| topic.name.clone()).collect();
                return Err(BagError::NoSuchTopic { topic: name.clone(), known });
            }
        }
        Ok(())
    }

    fn select(&self, selection: &Selection, of_kind: impl Fn(&Topic) -> Wanted) -> Messages {
        let wanted = |topic: &Topic| {
            let is_named = selection.topics.is_empty() || selection.topics.contains(&topic.name);
            if is_named { of_kind(topic) } else { Wanted::Nothing }
        };
        let wanted = self.topics.iter().map(|topic| (topic.name.clone(), wanted(topic)));
        let tally = Tally::new(wanted, selection);
        let topics = self.topics.iter().map(|topic| topic.name.as_str().into());
        Messages::new(Arc::clone(&self.parts), topics.collect(), tally)
    }
}

#[cfg(test)]
impl Recording {
    /// What is wrong with its messages, images or not.
    pub(crate) fn scanned_damage(&self) -> Vec<Skip> {
        let mut damage = Vec::new();
        for part in self.parts.iter() {
            let mut tally = Tally::learning();
            let mut reader = part.reader(&mut tally).unwrap();
            while let Some(found) = reader.next(&mut tally) {
                match found {
                    crate::part::Found::Damage(skip) => damage.push(skip),
                    found => panic!("a scan wants nothing: {found:?}"),
                }
            }
        }
        damage
    }

    /// Messages by topic, counted by reading everything.
    pub(crate) fn scanned_counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (channel, count) in self.parts.iter().flat_map(|part| part.scan().unwrap().channels) {
            *counts.entry(channel.topic).or_default() += count;
        }
        counts
    }
}

/// Topics of all parts by name, each camera with its own name. Where channels
/// share a topic, the first that carries images speaks for it.
fn merge_topics(parts: &[Part]) -> Vec<Topic> {
    let is_camera = |channel: &Channel| image::image_type(channel).is_some();
    let mut merged: BTreeMap<&str, (&Channel, Option<u64>)> = BTreeMap::new();
    let mut channels: Vec<&(Channel, Option<u64>)> =
        parts.iter().flat_map(|part| &part.channels).collect();
    channels.sort_by(|(a, _), (b, _)| {
        let key = |channel: &Channel| (!is_camera(channel), channel.message_type().to_owned());
        key(a).cmp(&key(b))
    });
    for (channel, count) in channels {
        let (_, total) = merged.entry(&channel.topic).or_insert((channel, Some(0)));
        *total = total.zip(*count).map(|(total, count)| total.saturating_add(count));
    }
    let cameras = merged.values().filter(|(channel, _)| is_camera(channel));
    let names: Vec<&str> = cameras.map(|(channel, _)| channel.topic.as_str()).collect();
    let mut cameras: BTreeMap<&str, Camera> =
        names.iter().copied().zip(name_cameras(names.iter().copied())).collect();
    let topic = |(name, (channel, messages)): (&str, (&Channel, Option<u64>))| Topic {
        name: name.to_owned(),
        message_type: channel.message_type().to_owned(),
        encoding: channel.encoding.clone(),
        messages,
        camera: cameras.remove(name),
        is_video: image::image_type(channel).is_some_and(ImageType::is_video),
    };
    merged.into_iter().map(topic).collect()
}

/// Over size, first and last chunk of each part. A chunk is 64 KiB: whole
/// recordings take minutes to read, and what differs between two drives is at
/// their start (times) or their end (indexes).
fn content_hash(parts: &[Part]) -> Result<[u8; 4], BagError> {
    const CHUNK: u64 = 64 * 1024;
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len.to_le_bytes());
        let mut add = || -> io::Result<()> {
            let mut file = FileSource::open(&part.input)?;
            hash.update(file.peek(0, CHUNK as usize)?);
            hash.update(file.peek(part.len.saturating_sub(CHUNK), CHUNK as usize)?);
            Ok(())
        };
        add().map_err(BagError::at(&part.input.path))?;
    }
    let hash = hash.finalize();
    Ok([hash[0], hash[1], hash[2], hash[3]])
}

/// A file's name without its extension, a folder's whole name.
fn stem(path: &Path, is_folder: bool) -> String {
    if is_stdin(path) {
        return "stdin".to_owned();
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // An address writes some letters as codes; the name is that of the file.
    let name = match path.to_string_lossy().contains("://") {
        true => percent_decode_str(&name).decode_utf8_lossy().into_owned(),
        false => name,
    };
    if is_folder {
        return name;
    }
    // A recorder at work writes `drive.bag.active`.
    let name = strip_suffix(&name);
    let name = name.strip_suffix(".active").unwrap_or(name);
    let extensions = [".bag", ".mcap", ".db3"];
    let stem = extensions.iter().find_map(|extension| name.strip_suffix(extension));
    let stem = stem.map(str::to_owned);
    stem.unwrap_or_else(|| {
        Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_wherever_the_file_lies() {
        let name = |path: &str| stem(Path::new(path), false);
        for (address, file) in [
            ("s3://fleet/in/drive%201%23%C3%BC.bag", "in/drive 1#ü.bag"),
            ("https://host/100%25.mcap.zst", "100%.mcap.zst"),
            ("gs://fleet/ü.bag", "ü.bag"),
        ] {
            assert_eq!(name(address), name(file));
        }
        assert_eq!(name("a%20b.bag"), "a%20b");
    }
}
