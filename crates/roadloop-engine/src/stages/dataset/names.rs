//! What samples are called, and what they are kept together with.

use std::collections::HashSet;

use roadloop_dataset::{Sample, SampleName, Split};

/// Gives samples whose stem others have a number: forms put labels into files of that name,
/// and some file systems do not tell upper from lower case.
pub(super) fn tell_apart(samples: &mut [Sample]) {
    let mut taken = HashSet::new();
    for sample in samples {
        let mut number = 1;
        let mut name = sample.name.clone();
        while !taken.insert(name.stem().to_lowercase()) {
            number += 1;
            name = sample.name.numbered(number);
        }
        sample.name = name;
    }
}

/// Folders that forms have, and that say nothing of where an image is from.
const PLAIN_FOLDERS: [&str; 5] = ["images", "data", "JPEGImages", "obj_train_data", "imgs"];

/// What an image is called, and what it is kept together with: its folder, or what stands
/// before the `__` of a name as ours, which is its recording; an image of which neither is
/// known stands alone.
pub(super) fn name_and_group(path: &str) -> (SampleName, String) {
    let (folder, file) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
    let folder = telling_folders(folder).join("/");
    let name = SampleName::from_path(&format!("{folder}/{file}"), "jpg");
    let group = match (folder.is_empty(), recording_in(file)) {
        (false, _) => folder,
        (true, Some(recording)) => recording.to_owned(),
        (true, None) => name.to_string(),
    };
    (name, group)
}

/// The same of an image that lies anywhere, at an address or a whole path: the folders above
/// are somebody's, so only the last of them says what it is from, and is no part of its name.
pub(super) fn name_and_group_of_address(address: &str) -> (SampleName, String) {
    let path = address.split_once("://").map_or(address, |(_, path)| {
        // Behind the bucket.
        path.split_once('/').map_or(path, |(_, path)| path)
    });
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let last = folder.rsplit('/').next().unwrap_or_default();
    let name = SampleName::from_path(file, "jpg");
    let group = match (telling_folders(last).is_empty(), recording_in(file)) {
        (true, Some(recording)) => recording.to_owned(),
        _ if telling_folders(folder).is_empty() => name.to_string(),
        _ => address.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
    };
    (name, group)
}

/// Folders of a path that say where an image is from.
fn telling_folders(folder: &str) -> Vec<&str> {
    let says = |part: &&str| {
        !part.is_empty() && !PLAIN_FOLDERS.contains(part) && part.parse::<Split>().is_err()
    };
    folder.split(['/', '\\']).filter(says).collect()
}

/// Of a file as our exports name it, `<recording>__<camera>-…`.
fn recording_in(file: &str) -> Option<&str> {
    file.split_once("__").map(|(recording, _)| recording).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use roadloop_dataset::{ImagePlace, ImageRef};

    use super::*;

    fn sample(name: &str) -> Sample {
        let place = ImagePlace::Uri(name.to_owned());
        Sample {
            name: SampleName::new(name).unwrap(),
            image: ImageRef { place, width: 1, height: 1, content: None },
            split: Split::Train,
            group: String::new(),
            origin: 0,
            frame: None,
            taken_at: None,
            boxes: None,
            line: None,
        }
    }

    #[test]
    fn stems_are_told_apart_whatever_their_case_and_end() {
        let mut samples = ["a.png", "A.jpg", "b.png", "a_2.png", "a.png"].map(sample);
        tell_apart(&mut samples);
        let names: Vec<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
        assert_eq!(names, ["a.png", "A_2.jpg", "b.png", "a_2_2.png", "a_3.png"]);
    }

    #[track_caller]
    fn check(path: &str, name: &str, group: &str) {
        let (found, found_group) = name_and_group(path);
        assert_eq!((found.as_str(), found_group.as_str()), (name, group), "{path}");
    }

    #[test]
    fn images_are_called_and_grouped_by_what_their_path_says() {
        check("drive0/000001.png", "drive0__000001.png", "drive0");
        check("images/train/drive0/front/1.png", "drive0__front__1.png", "drive0/front");
        check("images/valid/1.png", "1.png", "1.png");
        check("train\\1.png", "1.png", "1.png");
        check("images/val/drive-1a__front-17.png", "drive-1a__front-17.png", "drive-1a");
        check("1", "1.jpg", "1.jpg");
    }

    #[track_caller]
    fn check_address(address: &str, name: &str, group: &str) {
        let (found, found_group) = name_and_group_of_address(address);
        assert_eq!((found.as_str(), found_group.as_str()), (name, group), "{address}");
    }

    #[test]
    fn images_that_lie_anywhere_are_grouped_by_their_folder() {
        check_address("s3://b/left0004.png", "left0004.png", "left0004.png");
        check_address("s3://b/drive7/4.png", "4.png", "s3://b/drive7");
        check_address("/data/drive7/images/4.png", "4.png", "/data/drive7/images");
        check_address("/out/images/drive-1a__front-4.png", "drive-1a__front-4.png", "drive-1a");
        check_address("/data/drive7/front__4.png", "front__4.png", "/data/drive7");
    }
}
