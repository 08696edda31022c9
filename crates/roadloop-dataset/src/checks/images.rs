//! Images beside each other: the same one twice, or neighbours of a recording in two splits.

use std::collections::HashMap;

use roadloop_base::counted;
use sha2::{Digest, Sha256};

use super::{Collected, Example, Finding, FindingKind, Severity, near};
use crate::error::shown;
use crate::formats::MOST_IMAGES;
use crate::{DatasetError, Sample, SampleName, Split};

/// What is kept of an image.
#[derive(Debug)]
struct Seen {
    name: SampleName,
    split: Split,
}

#[derive(Debug)]
pub(super) struct Images {
    most: usize,
    seen: Vec<Seen>,
    /// Half a SHA-256, what it looks like, and the place of the image. Nobody finds two
    /// images with the same half by chance.
    contents: Vec<(u128, u64, u32)>,
    /// Half a SHA-256 of the frame's name, and the place.
    frames: Vec<(u128, u32)>,
    groups: HashMap<String, u32>,
    /// Of each group: images of each split, and the first of them.
    in_splits: Vec<[Option<(u64, u32)>; 3]>,
    without_content: Collected,
    unlabelled: Collected,
    empty: Collected,
    /// Of each split: images that somebody looked at, and those with nothing.
    looked_at: [[u64; 2]; 3],
}

impl Images {
    pub(super) fn new(most: usize) -> Images {
        Images {
            most,
            seen: Vec::new(),
            contents: Vec::new(),
            frames: Vec::new(),
            groups: HashMap::new(),
            in_splits: Vec::new(),
            without_content: Collected::new(most),
            unlabelled: Collected::new(most),
            empty: Collected::new(most),
            looked_at: [[0; 2]; 3],
        }
    }

    pub(super) fn see(&mut self, sample: Sample) -> Result<(), DatasetError> {
        let too_many = DatasetError::TooMany { most: MOST_IMAGES, what: "images" };
        if self.seen.len() as u64 >= MOST_IMAGES {
            return Err(too_many);
        }
        let Ok(place) = u32::try_from(self.seen.len()) else { return Err(too_many) };
        let example = |detail: String| Example {
            image: sample.name.to_string(),
            detail,
            ..Example::default()
        };
        let split = sample.split;
        match &sample.boxes {
            None => self.unlabelled.add(|| example(format!("in {split}"))),
            Some(boxes) => {
                let [looked_at, empty] = &mut self.looked_at[split as usize];
                *looked_at += 1;
                if boxes.is_empty() {
                    *empty += 1;
                    self.empty.add(|| example(format!("in {split}")));
                }
            }
        }
        match &sample.image.content {
            None => self.without_content.add(|| example(format!("in {split}"))),
            Some(content) => {
                self.contents.push((half_of_hex(&content.sha256), content.look.0, place));
            }
        }
        if let Some(frame) = &sample.frame {
            self.frames.push((half(frame.to_string().as_bytes()), place));
        }
        let next = u32::try_from(self.groups.len()).map_err(|_| too_many)?;
        let group = *self.groups.entry(sample.group).or_insert(next);
        if group == next {
            self.in_splits.push([None; 3]);
        }
        if let Some(splits) = self.in_splits.get_mut(group as usize) {
            let (images, _) = splits[split as usize].get_or_insert((0, place));
            *images += 1;
        }
        self.seen.push(Seen { name: sample.name, split });
        Ok(())
    }

    fn name(&self, place: u32) -> String {
        self.seen.get(place as usize).map(|seen| seen.name.to_string()).unwrap_or_default()
    }

    fn split(&self, place: u32) -> Split {
        self.seen.get(place as usize).map(|seen| seen.split).unwrap_or_default()
    }

    pub(super) fn findings(mut self) -> Vec<Finding> {
        let mut findings = vec![self.empty(), self.recordings()];
        let none = || Collected::new(self.most);
        let unlabelled = std::mem::replace(&mut self.unlabelled, none());
        let what = format!(
            "{} that nobody looked at: training takes them for images with nothing on them; \
             label them or leave them out",
            counted(unlabelled.count, "image")
        );
        findings.push(unlabelled.finding(FindingKind::UnlabelledImages, Severity::Warning, what));
        let without = std::mem::replace(&mut self.without_content, none());
        let what = format!(
            "{} of {} could not be read when the dataset was made: nobody can train on them, or \
             say whether they are there twice; make them readable and make a new version",
            without.count,
            counted(self.seen.len() as u64, "image")
        );
        findings.push(without.finding(FindingKind::ImageWithoutContent, Severity::Error, what));
        findings.push(self.frames());
        self.contents.sort_unstable_by_key(|(sha256, _, place)| (*sha256, *place));
        findings.extend(self.same());
        findings.push(self.near());
        findings
    }

    fn empty(&mut self) -> Finding {
        let empty = std::mem::replace(&mut self.empty, Collected::new(self.most));
        let shares: Vec<String> = Split::ALL
            .into_iter()
            .filter_map(|split| {
                let [looked_at, empty] = self.looked_at[split as usize];
                let share = 100.0 * empty as f64 / looked_at as f64;
                (looked_at > 0).then(|| format!("{share:.0}% of {split}"))
            })
            .collect();
        let what = format!(
            "{} that somebody looked at and found nothing on ({}): good against false alarms, \
             if it is true",
            counted(empty.count, "image"),
            shares.join(", ")
        );
        empty.finding(FindingKind::EmptyImages, Severity::Note, what)
    }

    fn recordings(&self) -> Finding {
        let mut names: Vec<(&str, u32)> =
            self.groups.iter().map(|(name, group)| (name.as_str(), *group)).collect();
        names.sort_unstable();
        let mut torn = Collected::new(self.most);
        for (name, group) in names {
            let Some(splits) = self.in_splits.get(group as usize) else { continue };
            let firsts: Vec<u32> = splits.iter().flatten().map(|(_, first)| *first).collect();
            let [first, second, ..] = firsts.as_slice() else { continue };
            let counts: Vec<String> = Split::ALL
                .into_iter()
                .zip(splits)
                .filter_map(|(split, seen)| seen.map(|(count, _)| format!("{split} {count}")))
                .collect();
            torn.add(|| Example {
                image: self.name(*first),
                other: Some(self.name(*second)),
                box_number: None,
                detail: format!("{}: {}", shown(name), counts.join(", ")),
            });
        }
        let what = format!(
            "{} of {} with frames in several splits: neighbours look alike, so what is measured \
             may be too good; split by recording",
            counted(torn.count, "recording"),
            self.groups.len()
        );
        torn.finding(FindingKind::RecordingInSplits, Severity::Warning, what)
    }

    fn frames(&mut self) -> Finding {
        self.frames.sort_unstable();
        let mut twice = Collected::new(self.most);
        for same in self.frames.chunk_by(|one, other| one.0 == other.0) {
            let Some(((_, first), others)) = same.split_first() else { continue };
            for (_, other) in others {
                twice.add(|| self.pair(*first, *other, String::new()));
            }
        }
        let what = format!(
            "{} of a recording there more than once: leave out all but one sample of each",
            counted(twice.count, "frame")
        );
        twice.finding(FindingKind::SameFrameTwice, Severity::Error, what)
    }

    fn pair(&self, one: u32, other: u32, detail: String) -> Example {
        let splits = format!("{} and {}", self.split(one), self.split(other));
        Example {
            image: self.name(one),
            other: Some(self.name(other)),
            box_number: None,
            detail: if detail.is_empty() { splits } else { format!("{splits}, {detail}") },
        }
    }

    /// `contents` are sorted.
    fn same(&self) -> [Finding; 2] {
        let mut across = Collected::new(self.most);
        let mut within = Collected::new(self.most);
        for same in self.contents.chunk_by(|one, other| one.0 == other.0) {
            let Some(((.., first), others)) = same.split_first() else { continue };
            let mut firsts: [Option<u32>; 3] = [None; 3];
            firsts[self.split(*first) as usize] = Some(*first);
            for (.., other) in others {
                let of_split = &mut firsts[self.split(*other) as usize];
                match of_split {
                    Some(earlier) => within.add(|| self.pair(*earlier, *other, String::new())),
                    None => {
                        *of_split = Some(*other);
                        across.add(|| self.pair(*first, *other, String::new()));
                    }
                }
            }
        }
        let said_across = format!(
            "{} there again in another split, byte for byte: what is measured is what was \
             learned by heart; keep one of each, or split anew",
            counted(across.count, "image")
        );
        let said_within = format!(
            "{} there again in the same split, byte for byte: they count twice; keep one of each",
            counted(within.count, "image")
        );
        [
            across.finding(FindingKind::SameImageInSplits, Severity::Error, said_across),
            within.finding(FindingKind::DuplicateImages, Severity::Warning, said_within),
        ]
    }

    /// `contents` are sorted.
    fn near(&self) -> Finding {
        let mut looks: [Vec<near::Look>; 3] = Default::default();
        for (sha256, bits, place) in &self.contents {
            let of_split = &mut looks[self.split(*place) as usize];
            match of_split.last_mut() {
                Some(last) if last.sha256 == *sha256 => last.images += 1,
                _ => of_split.push(near::Look {
                    bits: *bits,
                    sha256: *sha256,
                    image: *place,
                    images: 1,
                }),
            }
        }
        let near::Near { images, pairs } = near::near(&looks, self.most);
        let example = |pair: &near::Pair| {
            let detail = format!("{} of 64 bits of their looks differ", pair.distance);
            self.pair(pair.one, pair.other, detail)
        };
        Finding {
            kind: FindingKind::NearDuplicateImages,
            severity: Severity::Warning,
            count: images,
            what: format!(
                "{} that look nearly the same as one in another split: what is measured on them \
                 is too good; split by recording, or keep one of each",
                counted(images, "image")
            ),
            examples: pairs.iter().map(example).collect(),
        }
    }
}

fn half(bytes: &[u8]) -> u128 {
    Sha256::digest(bytes).iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

/// The first half of 64 digits; anything else is hashed itself.
fn half_of_hex(sha256: &str) -> u128 {
    let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = sha256.get(..32).filter(|_| is_hash);
    digits
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .unwrap_or_else(|| half(sha256.as_bytes()))
}
