//! Which files of a rosbag2 folder are its parts, in which order. A path in
//! the metadata that leads out of the folder is not followed.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

use roadloop_base::Skip;

use super::metadata::{Metadata, parse_metadata};
use crate::BagError;
use crate::input::Input;
use crate::part::Places;
use crate::whole_file::strip_suffix;

const METADATA: &str = "metadata.yaml";

/// Real ones have a few hundred bytes a topic and a part.
const MAX_METADATA: u64 = 16 << 20;

#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) parts: Vec<PathBuf>,
    /// Messages by topic over all parts, where the metadata says.
    pub(crate) messages: HashMap<String, u64>,
}

/// What is in a folder, here or elsewhere.
pub(crate) struct Listing<'a> {
    folder: &'a Path,
    /// The files that lie in it, not those in folders of it.
    files: Vec<PathBuf>,
    metadata: Option<Input>,
    /// Of files at any depth.
    is_there: Box<dyn Fn(&Path) -> bool + 'a>,
}

impl<'a> Listing<'a> {
    pub(crate) fn of(folder: &'a Path) -> Result<Listing<'a>, BagError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(BagError::at(folder))? {
            let path = entry.map_err(BagError::at(folder))?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        let metadata = folder.join(METADATA);
        let metadata = metadata.is_file().then(|| Input::from(&*metadata));
        Ok(Listing { folder, files, metadata, is_there: Box::new(Path::is_file) })
    }

    /// Of a folder elsewhere, by all files below it.
    pub(crate) fn remote(folder: &'a Path, files: &'a BTreeMap<PathBuf, Input>) -> Listing<'a> {
        let is_in_it = |path: &&PathBuf| path.parent() == Some(folder);
        Listing {
            folder,
            files: files.keys().filter(is_in_it).cloned().collect(),
            metadata: files.get(&folder.join(METADATA)).cloned(),
            is_there: Box::new(|path| files.contains_key(path)),
        }
    }

    fn read_metadata(&self) -> Option<Result<Metadata, String>> {
        let start = self.metadata.as_ref()?.start(MAX_METADATA);
        let text = start.map_err(|error| error.to_string());
        Some(text.and_then(|text| parse_metadata(&String::from_utf8_lossy(&text))))
    }

    fn parts(&self) -> Vec<PathBuf> {
        parts_of(&self.files)
    }
}

/// A folder is a rosbag2 recording when its metadata says so, or when all
/// recordings in it are `<stem>_<number>` parts of one stem, beginning at 0.
pub(crate) fn is_rosbag2_folder(folder: &Path) -> Result<bool, BagError> {
    let listing = Listing::of(folder)?;
    Ok(match listing.read_metadata() {
        Some(metadata) => metadata.is_ok() || !listing.parts().is_empty(),
        None => are_parts_of_one(&listing.parts()),
    })
}

/// By the files in a folder that lies elsewhere.
pub(crate) fn is_rosbag2_listing(files: &[PathBuf]) -> bool {
    let parts = parts_of(files);
    let has_metadata = files.iter().any(|path| path.ends_with(METADATA));
    (has_metadata && !parts.is_empty()) || are_parts_of_one(&parts)
}

fn are_parts_of_one(parts: &[PathBuf]) -> bool {
    let names: Option<Vec<(&str, u64)>> = parts.iter().map(|path| split_name(path)).collect();
    let Some(names) = names else { return false };
    let Some((stem, first)) = names.first() else { return false };
    let has_one_extension = parts.iter().all(|path| path.extension() == parts[0].extension());
    *first == 0 && has_one_extension && names.iter().all(|(other, _)| other == stem)
}

pub(crate) fn read_folder(listing: &Listing, damage: &mut Vec<Skip>) -> Result<Folder, BagError> {
    let (folder, present) = (listing.folder, listing.parts());
    let metadata = match listing.read_metadata() {
        None => return Ok(Folder { parts: present, messages: HashMap::new() }),
        Some(Ok(metadata)) => metadata,
        Some(Err(reason)) => {
            let place = folder.join(METADATA);
            damage.push(
                Places::of(&place).file(format!("{reason}; parts are read in order of name")),
            );
            return Ok(Folder { parts: present, messages: HashMap::new() });
        }
    };
    // Compressed files and messages are told by their own first bytes.
    if metadata.is_compressed() && metadata.compression_format != "zstd" {
        let what = format!("a rosbag2 recording in {:?} compression", metadata.compression_format);
        return Err(BagError::Unsupported { path: folder.to_owned(), what });
    }
    let mut parts = Vec::new();
    for file in &metadata.files {
        match locate(listing, file) {
            Ok(path) if parts.contains(&path) => {}
            Ok(path) => parts.push(path),
            Err(reason) => damage.push(Skip::new(format!("{METADATA} part {file:?}"), reason)),
        }
    }
    for path in present {
        if !parts.contains(&path) {
            let reason = format!("{METADATA} does not list it; it is read last");
            damage.push(Places::of(&path).file(reason));
            parts.push(path);
        }
    }
    Ok(Folder { parts, messages: metadata.messages })
}

/// A part the metadata names, if it lies in the folder.
fn locate(listing: &Listing, file: &str) -> Result<PathBuf, String> {
    let relative = Path::new(file);
    let is_inside =
        relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_inside || file.is_empty() {
        return Err("leads out of the folder; not read".to_owned());
    }
    let folder = listing.folder;
    // Early versions wrote paths that begin with the folder's own name.
    let in_folder = relative.file_name().map(|name| folder.join(name));
    let candidates = [Some(folder.join(relative)), in_folder];
    // Some versions list a part by its name before it was compressed.
    let spellings = candidates.into_iter().flatten().flat_map(|path| {
        let compressed = path.with_added_extension("zstd");
        [path, compressed]
    });
    let found = spellings.into_iter().find(|path| (listing.is_there)(path));
    found.ok_or_else(|| "the file is missing".to_owned())
}

/// Files that can be parts, in natural order: 2 before 10.
fn parts_of(files: &[PathBuf]) -> Vec<PathBuf> {
    let is_part = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = strip_suffix(&name);
        name.ends_with(".db3") || name.ends_with(".mcap")
    };
    let mut parts: Vec<PathBuf> = files.iter().filter(is_part).cloned().collect();
    parts.sort_by_cached_key(|path| natural_key(path));
    parts
}

/// Orders digits in names as numbers.
fn natural_key(path: &Path) -> Vec<(String, u128)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut key = Vec::new();
    let mut rest = &*name;
    while !rest.is_empty() {
        let text_len = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(text_len);
        let digits_len = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(digits_len);
        key.push((text.to_owned(), digits.parse().unwrap_or(u128::MAX)));
        rest = after;
    }
    // Names that differ in leading zeros only still have one order.
    key.push((name, 0));
    key
}

/// `drive_3.db3` is part 3 of `drive`.
fn split_name(path: &Path) -> Option<(&str, u64)> {
    let stem = Path::new(strip_suffix(path.file_name()?.to_str()?)).file_stem()?;
    let (stem, number) = stem.to_str()?.rsplit_once('_')?;
    Some((stem, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a folder with these files: parts, then damage.
    #[track_caller]
    fn check(files: &[&str], metadata: Option<&str>, expected: &str) {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.db3"), "x").unwrap();
        let folder = outside.path().join("drive");
        fs::create_dir(&folder).unwrap();
        for file in files {
            fs::write(folder.join(file), "x").unwrap();
        }
        if let Some(listed) = metadata {
            let text = format!("rosbag2_bagfile_information: {{relative_file_paths: [{listed}]}}");
            fs::write(folder.join(METADATA), text).unwrap();
        }
        let mut damage = Vec::new();
        let read = read_folder(&Listing::of(&folder).unwrap(), &mut damage).unwrap();
        let mut got: Vec<String> = Vec::new();
        for part in &read.parts {
            got.push(part.strip_prefix(&folder).unwrap().display().to_string());
        }
        got.extend(damage.into_iter().map(|skip| format!("{}: {}", skip.place, skip.reason)));
        assert_eq!(got.join(", "), expected);
        let is_rosbag2 = is_rosbag2_folder(&folder).unwrap();
        let is_split = files.iter().all(|file| !file.starts_with("x_"));
        assert_eq!(is_rosbag2, metadata.is_some() || is_split);
    }

    #[test]
    fn parts_without_metadata_are_sorted_naturally() {
        check(
            &["drive_10.db3", "drive_2.db3", "drive_0.db3", "notes.txt"],
            None,
            "drive_0.db3, drive_2.db3, drive_10.db3",
        );
        check(&["x_1.mcap", "drive_0.mcap"], None, "drive_0.mcap, x_1.mcap");
    }

    #[test]
    fn metadata_decides_the_order() {
        check(&["a.db3", "b.db3"], Some("b.db3, drive/a.db3"), "b.db3, a.db3");
        check(
            &["a.db3", "b.db3"],
            Some("c.db3, b.db3"),
            "b.db3, a.db3, metadata.yaml part \"c.db3\": the file is missing, \
             a.db3: metadata.yaml does not list it; it is read last",
        );
    }

    #[test]
    fn metadata_cannot_lead_out_of_the_folder() {
        for path in ["../secret.db3", "/etc/passwd", "x/../../secret.db3", "''"] {
            let name = path.trim_matches('\'');
            let expected =
                format!("a.db3, metadata.yaml part {name:?}: leads out of the folder; not read");
            check(&["a.db3"], Some(&format!("a.db3, {path}")), &expected);
        }
    }
}
