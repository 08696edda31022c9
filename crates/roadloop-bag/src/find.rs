//! Finds recordings below a folder, here or elsewhere.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::format::is_recording;
use crate::whole_file::{is_stdin, strip_suffix};
use crate::{BagError, Format, rosbag2};

/// A file is itself, and so is `-`, which is stdin; a rosbag2 folder is itself; any other folder is the
/// recordings below it, sorted. Hidden files and folders are passed over, and
/// a folder that links lead to twice is looked at once. Files named like a
/// recording are taken whatever is in them: opening says what is wrong.
pub fn find_recordings(path: &Path) -> Result<Vec<PathBuf>, BagError> {
    if is_stdin(path) {
        return Ok(vec![path.to_owned()]);
    }
    let metadata = path.metadata().map_err(BagError::at(path))?;
    if !metadata.is_dir() && !metadata.is_file() {
        // A pipe would keep its reader waiting for ever.
        let source = std::io::Error::other("it is neither a file nor a folder");
        return Err(BagError::at(path)(source));
    }
    if metadata.is_file() || rosbag2::is_rosbag2_folder(path)? {
        return Ok(vec![path.to_owned()]);
    }
    let mut search = Search::default();
    search.look_into(path)?;
    if search.found.is_empty() {
        return Err(BagError::NothingInFolder { path: path.to_owned(), files: search.files });
    }
    search.found.sort();
    Ok(search.found)
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
    found: Vec<PathBuf>,
    files: usize,
    visited: HashSet<PathBuf>,
}

impl Search {
    /// Iterative: how deep folders lie must not decide the depth of the stack.
    fn look_into(&mut self, folder: &Path) -> Result<(), BagError> {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            let real = folder.canonicalize().map_err(BagError::at(&folder))?;
            if !self.visited.insert(real) {
                continue;
            }
            if rosbag2::is_rosbag2_folder(&folder)? {
                self.found.push(folder);
                continue;
            }
            for entry in fs::read_dir(&folder).map_err(BagError::at(&folder))? {
                let entry = entry.map_err(BagError::at(&folder))?;
                if entry.file_name().as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                // A link that leads nowhere is neither.
                match entry.path().metadata() {
                    Ok(metadata) if metadata.is_dir() => waiting.push(entry.path()),
                    Ok(metadata) if metadata.is_file() => self.look_at(entry.path()),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn look_at(&mut self, file: PathBuf) {
        self.files += 1;
        // Any program may have SQLite files: those need the name as well.
        if is_named_so(&file) || is_recording(&file, &[Format::Ros1Bag, Format::Mcap]) {
            self.found.push(file);
        }
    }
}
