//! Names of samples that no two samples share.

use std::collections::HashSet;

use roadloop_dataset::Sample;

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

#[cfg(test)]
mod tests {
    use roadloop_dataset::{ImagePlace, ImageRef, SampleName, Split};

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
}
