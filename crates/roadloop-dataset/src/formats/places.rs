//! Where others put their files: which split a name speaks of, and where an image lies that
//! labels name.

use std::path::{Component, Path, PathBuf};

use super::ReadImage;
use crate::{DatasetError, Split};

/// `train.json`, `instances_val2017.json`, `valid`: the last word of a name that is a split.
pub(super) fn split_of(name: &str) -> Option<Split> {
    let words = name.rsplit(|c: char| !c.is_ascii_alphabetic());
    words.into_iter().find_map(|word| word.parse().ok())
}

/// A path that files of others name, from a folder below `root` on, `..` worked out by its
/// letters. `None` where it would lead out of `root`, or has characters of control.
pub(super) fn within(root: &Path, base: &Path, named: &str) -> Option<PathBuf> {
    let named = named.replace('\\', "/");
    if named.chars().any(char::is_control) {
        return None;
    }
    let mut kept: Vec<&std::ffi::OsStr> = Vec::new();
    for part in base.strip_prefix(root).ok()?.components().chain(Path::new(&named).components()) {
        match part {
            Component::Normal(part) => kept.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                kept.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let kept: PathBuf = kept.into_iter().collect();
    (!kept.as_os_str().is_empty()).then(|| root.join(kept))
}

/// The same from the folder itself on.
pub(super) fn below(folder: &Path, named: &str) -> Option<PathBuf> {
    within(folder, folder, named)
}

/// Why what is named is no path below a folder.
pub(super) fn why_not(named: &str) -> &'static str {
    if named.chars().any(char::is_control) {
        return "has characters of control";
    }
    let is_nothing = |part: &str| matches!(part, "" | ".");
    if !named.starts_with(['/', '\\']) && named.split(['/', '\\']).all(is_nothing) {
        return "names no file";
    }
    "leads out of the folder"
}

/// What is no path of the folder: `s3://bucket/a.png`, `/another/machine/a.png`.
pub(super) fn is_elsewhere(named: &str) -> bool {
    named.contains("://") || named.starts_with('/')
}

/// The image that labels call so: in the first of the folders where there is such a file,
/// else in the first that it does not lead out of `root` from.
pub(super) fn find_image(root: &Path, folders: &[PathBuf], named: &str) -> Option<ReadImage> {
    if is_elsewhere(named) {
        return Some(ReadImage::Uri(named.to_owned()));
    }
    // `.` and `a/..` name a folder.
    Path::new(&named.replace('\\', "/")).file_name()?;
    let mut places: Vec<PathBuf> = Vec::new();
    for folder in folders {
        places.extend(within(root, folder, named));
    }
    let found = places.iter().position(|place| place.is_file()).unwrap_or(0);
    (found < places.len()).then(|| ReadImage::File(places.swap_remove(found)))
}

/// Files and folders of a folder, by name.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DatasetError::read(folder))? {
        paths.push(entry.map_err(DatasetError::read(folder))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Its last part, as text.
pub(super) fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

pub(super) fn has_end(path: &Path, end: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(end))
}

/// The folder a file lies in: `.` for a name alone.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_folder() {
        let at = |named| below(Path::new("in"), named);
        assert_eq!(at("a/./b.png"), Some(PathBuf::from("in/a/b.png")));
        assert_eq!(at("a/../b.png"), Some(PathBuf::from("in/b.png")));
        for bad in ["../a", "a/../../b", "/etc/passwd", "..\\a", "", ".", "a\0b"] {
            assert_eq!(at(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn splits_are_found_in_names() {
        for (name, split) in [
            ("instances_train.json", Some(Split::Train)),
            ("instances_val2017.json", Some(Split::Val)),
            ("valid", Some(Split::Val)),
            ("my-test.json", Some(Split::Test)),
            ("output", None),
            ("trainval", None),
        ] {
            assert_eq!(split_of(name), split, "{name}");
        }
    }

    #[test]
    fn refusals_say_why() {
        for (named, why) in [
            ("a\nb.png", "has characters of control"),
            ("../a\u{7f}", "has characters of control"),
            ("", "names no file"),
            ("./.", "names no file"),
            ("../a", "leads out of the folder"),
            ("/", "leads out of the folder"),
        ] {
            assert_eq!(why_not(named), why, "{named:?}");
        }
        for named in ["", ".", "..", "a/..", "a\nb.png"] {
            let found = find_image(Path::new("in"), &[PathBuf::from("in/a/b")], named);
            assert_eq!(found, None, "{named:?}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let at = |named| within(Path::new("in"), Path::new("in/a"), named);
        assert_eq!(at("b.png"), Some(PathBuf::from("in/a/b.png")));
        assert_eq!(at("../images/b.png"), Some(PathBuf::from("in/images/b.png")));
        for bad in ["../../b", "..\\..\\b", "/etc/passwd", "..", "b\0", "x/../../../in/a"] {
            assert_eq!(at(bad), None, "{bad:?}");
        }
        assert_eq!(within(Path::new("in"), Path::new("out"), "b"), None);
    }
}
