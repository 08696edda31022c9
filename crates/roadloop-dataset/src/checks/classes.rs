//! Classes: how often, where, and whether two are one.

use std::collections::BTreeMap;

use roadloop_base::counted;

use super::{CheckSettings, Collected, Example, Finding, FindingKind, Severity};
use crate::error::shown;
use crate::{Sample, SampleName, Split};

#[derive(Debug)]
pub(super) struct Classes<'a> {
    names: &'a [String],
    /// Boxes of each class in each split, and the first image with one.
    seen: Vec<([u64; 3], Option<SampleName>)>,
    /// Of each split.
    images: [u64; 3],
}

impl<'a> Classes<'a> {
    pub(super) fn new(names: &'a [String]) -> Classes<'a> {
        Classes { names, seen: vec![([0; 3], None); names.len()], images: [0; 3] }
    }

    pub(super) fn see(&mut self, sample: &Sample) {
        let split = sample.split as usize;
        self.images[split] += 1;
        for found in sample.boxes.iter().flatten() {
            if let Some((counts, first)) = self.seen.get_mut(found.class as usize) {
                counts[split] += 1;
                first.get_or_insert_with(|| sample.name.clone());
            }
        }
    }

    pub(super) fn findings(self, settings: &CheckSettings) -> Vec<Finding> {
        let mut rare = Collected::new(settings.examples);
        let mut missing = Collected::new(settings.examples);
        let mut unused = 0u64;
        let mut by_rarity: Vec<_> = self.names.iter().zip(&self.seen).collect();
        by_rarity.sort_by_key(|(_, (counts, _))| counts.iter().sum::<u64>());
        for (name, (counts, first)) in by_rarity {
            let all: u64 = counts.iter().sum();
            let [train, val, test] = counts;
            let each = format!("train {train}, val {val}, test {test}");
            let example = || Example {
                image: first.as_ref().map(ToString::to_string).unwrap_or_default(),
                detail: format!("{}: {} ({each})", shown(name), counted(all, "box")),
                ..Example::default()
            };
            unused += u64::from(all == 0);
            if all < settings.min_boxes || all == 0 {
                rare.add(example);
            }
            let is_missing =
                |split: &Split| self.images[*split as usize] > 0 && counts[*split as usize] == 0;
            if all > 0 && Split::ALL.iter().any(is_missing) {
                missing.add(example);
            }
        }
        let said_rare = format!(
            "{} of {} with fewer than {}{}: label more of them, merge them, or leave them out",
            counted(rare.count, "class"),
            self.names.len(),
            counted(settings.min_boxes, "box"),
            if unused > 0 { format!(", {unused} of them with none") } else { String::new() }
        );
        let said_missing = format!(
            "{} without a box in a split that has images: nothing can be learned or measured of \
             them there; balance the classes of the split, or label more of them",
            counted(missing.count, "class")
        );
        vec![
            rare.finding(FindingKind::RareClass, Severity::Warning, said_rare),
            missing.finding(FindingKind::ClassMissingInSplit, Severity::Warning, said_missing),
            self.alike(settings.examples),
        ]
    }

    fn alike(&self, most: usize) -> Finding {
        let mut by_letters: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, name) in self.names.iter().enumerate() {
            let is_kept = |c: &char| !c.is_whitespace() && !matches!(c, '_' | '-');
            let letters: String = name.to_lowercase().chars().filter(is_kept).collect();
            by_letters.entry(letters).or_default().push(place);
        }
        let mut alike = Collected::new(most);
        for places in by_letters.values().filter(|places| places.len() > 1) {
            let image = |place: &usize| self.seen.get(*place)?.1.as_ref().map(ToString::to_string);
            alike.add(|| {
                let mut images = places.iter().filter_map(image);
                let names = places.iter().filter_map(|place| self.names.get(*place));
                let names: Vec<String> = names.map(|name| format!("“{}”", shown(name))).collect();
                Example {
                    image: images.next().unwrap_or_default(),
                    other: images.next(),
                    box_number: None,
                    detail: names.join(", "),
                }
            });
        }
        let what = format!(
            "{} written in several ways, in other cases or with other spaces: rename them to one",
            counted(alike.count, "class")
        );
        alike.finding(FindingKind::ClassNamesAlike, Severity::Warning, what)
    }
}
