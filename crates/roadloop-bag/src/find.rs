//! Finds recordings below a folder, here or elsewhere.

use std::collections::{BTreeMap, HashSet};
use std::fs::ReadDir;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::is_recording;
use crate::whole_file::{is_stdin, strip_suffix};
use crate::{BagError, Format, rosbag2};

/// A file is itself, and so is `-`, which is stdin; a rosbag2 folder is itself; any other folder is the
/// recordings below it, sorted. Hidden files and folders are passed over, and
/// a folder that links lead to twice is looked at once. Files named like a
/// recording are taken whatever is in them: opening says what is wrong.
pub fn find_recordings(path: &Path) -> Result<Vec<PathBuf>, BagError> {
    let Found { recordings, unreadable, files } = look_for_recordings(path)?;
    if let Some(error) = unreadable.into_iter().next() {
        return Err(error);
    }
    if recordings.is_empty() {
        return Err(BagError::NothingInFolder { path: path.to_owned(), files });
    }
    Ok(recordings)
}

/// What lies below a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their names.
    pub recordings: Vec<PathBuf>,
    /// Folders that cannot be looked into, and why.
    pub unreadable: Vec<BagError>,
    /// Files that were looked at.
    pub files: usize,
}

impl Found {
    fn one(path: &Path) -> Found {
        Found { recordings: vec![path.to_owned()], ..Found::default() }
    }
}

/// As [`find_recordings`], for who goes on without what cannot be looked into.
pub fn look_for_recordings(path: &Path) -> Result<Found, BagError> {
    if is_stdin(path) {
        return Ok(Found::one(path));
    }
    let metadata = path.metadata().map_err(BagError::at(path))?;
    if !metadata.is_dir() && !metadata.is_file() {
        // A pipe would keep its reader waiting for ever.
        let source = io::Error::other("it is neither a file nor a folder");
        return Err(BagError::at(path)(source));
    }
    if metadata.is_file() || rosbag2::is_rosbag2_folder(path)? {
        return Ok(Found::one(path));
    }
    let mut search = Search::default();
    search.look_into(path, Path::read_dir);
    search.found.recordings.sort();
    Ok(search.found)
}

/// Whether a name says that the file is not whole yet: programs that copy and load
/// give it its own at the end.
pub fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let endings = [".part", ".tmp", ".crdownload", ".filepart"];
    name.starts_with('.') || endings.iter().any(|ending| name.ends_with(ending))
}

/// The recordings among files that lie elsewhere, told by their names: a rosbag2
/// folder is itself.
pub fn find_remote_recordings(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: BTreeMap<&Path, Vec<PathBuf>> = BTreeMap::new();
    for path in files {
        folders.entry(path.parent().unwrap_or(path)).or_default().push(path.clone());
    }
    let mut found = Vec::new();
    for (folder, files) in folders {
        match rosbag2::is_rosbag2_listing(&files) {
            true => found.push(folder.to_owned()),
            false => found.extend(files.into_iter().filter(|path| is_named_so(path))),
        }
    }
    found.sort();
    found
}

/// Whether a file has the name of a recording.
fn is_named_so(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = strip_suffix(&name);
    let name = name.strip_suffix(".active").unwrap_or(name);
    let extensions = [".bag", ".mcap", ".db3"];
    !name.starts_with('.') && extensions.iter().any(|extension| name.ends_with(extension))
}

#[derive(Default)]
struct Search {
    found: Found,
    visited: HashSet<PathBuf>,
}

impl Search {
    /// Iterative: how deep folders lie must not decide the depth of the stack.
    fn look_into(&mut self, folder: &Path, list: impl Fn(&Path) -> io::Result<ReadDir>) {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            match self.look_at_folder(&folder, &list) {
                Ok(folders) => waiting.extend(folders),
                Err(error) => self.found.unreadable.push(error),
            }
        }
    }

    /// What lies in a folder; gives those in it.
    fn look_at_folder(
        &mut self,
        folder: &Path,
        list: impl Fn(&Path) -> io::Result<ReadDir>,
    ) -> Result<Vec<PathBuf>, BagError> {
        let real = folder.canonicalize().map_err(BagError::at(folder))?;
        let mut folders = Vec::new();
        if !self.visited.insert(real) {
            return Ok(folders);
        }
        let entries = list(folder).map_err(BagError::at(folder))?;
        if rosbag2::is_rosbag2_folder(folder)? {
            self.found.recordings.push(folder.to_owned());
            return Ok(folders);
        }
        for entry in entries {
            let entry = entry.map_err(BagError::at(folder))?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // A link that leads nowhere is neither.
            match entry.path().metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) if metadata.is_file() => self.look_at(entry.path()),
                _ => {}
            }
        }
        Ok(folders)
    }

    fn look_at(&mut self, file: PathBuf) {
        self.found.files += 1;
        if is_unfinished(&file) {
            return;
        }
        // Any program may have SQLite files: those need the name as well.
        if is_named_so(&file) || is_recording(&file, &[Format::Ros1Bag, Format::Mcap]) {
            self.found.recordings.push(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_read_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a", "lost+found", "z"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("drive.bag"), "#ROSBAG").unwrap();
        }
        std::fs::write(at("z/drive.bag.part"), "#ROSBAG V2.0\n").unwrap();
        // Who runs this may be allowed to read everything.
        let list = |path: &Path| match path.ends_with("lost+found") {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => path.read_dir(),
        };
        let mut search = Search::default();
        search.look_into(folder.path(), list);
        search.found.recordings.sort();
        assert_eq!(search.found.recordings, [at("a/drive.bag"), at("z/drive.bag")]);
        let unreadable: Vec<String> =
            search.found.unreadable.iter().map(ToString::to_string).collect();
        assert_eq!(unreadable.len(), 1);
        assert!(unreadable[0].contains("lost+found"), "{unreadable:?}");
        assert_eq!(find_recordings(folder.path()).unwrap().len(), 3);
    }
}
