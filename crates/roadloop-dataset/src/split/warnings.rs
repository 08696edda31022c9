//! What is to be said of a split, in words that say what to do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use roadloop_base::counted;

use super::assign::name;
use super::units::Units;
use super::{GroupBy, SplitBy, SplitSettings};
use crate::error::shown;
use crate::{Sample, Split};

/// Points of a hundred.
const MISSED: f64 = 10.0;
/// Classes that are named in one sentence.
const NAMED: usize = 5;

/// Of how units came to be split.
pub(super) fn of_units(units: &Units, settings: &SplitSettings, parts: [f64; 3]) -> Vec<String> {
    let mut said = Vec::new();
    if settings.by == SplitBy::Time && settings.stratify {
        said.push(
            "a split by time takes what is earliest: the classes are not balanced (--stratify \
             does that at random only)"
                .to_owned(),
        );
    }
    if units.torn_before > 0 {
        said.push(format!(
            "{} in two splits since an earlier version: they stay there, and what is measured on \
             them is too good; leave one of each out, or make a dataset that keeps no earlier \
             split",
            counted(units.torn_before, "image")
        ));
    }
    let wanted = parts.iter().filter(|part| **part > 0.0).count();
    let number = units.units.len();
    if number >= wanted {
        return said;
    }
    let what = match settings.group {
        GroupBy::Recording => counted(number as u64, "recording"),
        GroupBy::Day => counted(number as u64, "day"),
        GroupBy::None => counted(number as u64, "image"),
    };
    let remedy = match (settings.group, settings.by) {
        (GroupBy::None, _) => "add images, or set a part to 0",
        (GroupBy::Recording | GroupBy::Day, SplitBy::Time) => {
            "add recordings, or cut within them by time (--group none)"
        }
        _ => {
            "add recordings, or cut within them: the latest frames for validation and test \
             (--split-by time --group none), or frames at random (--group none), which puts \
             neighbours of training frames there"
        }
    };
    said.push(format!("{what} cannot be split into {wanted} without being torn apart: {remedy}"));
    said
}

/// Of how far it is from what was asked for. `units` are how many there were.
pub(super) fn of_ratios(
    samples: &[Sample],
    settings: &SplitSettings,
    parts: [f64; 3],
    units: usize,
) -> Vec<String> {
    let mut images = [0u64; 3];
    for sample in samples {
        images[sample.split as usize] += 1;
    }
    let mut said = Vec::new();
    let wanted = (0..3).filter(|split| parts[*split] > 0.0);
    let nothing: Vec<&str> = wanted.filter(|split| images[*split] == 0).map(name).collect();
    if !nothing.is_empty() {
        said.push(format!(
            "nothing is for {}: add recordings, or set that part to 0",
            nothing.join(" and ")
        ));
    }
    let share = |split: usize| 100.0 * images[split] as f64 / samples.len().max(1) as f64;
    let missed = |split: &usize| (share(*split) - 100.0 * parts[*split]).abs() > MISSED;
    let is_few = units < parts.iter().filter(|part| **part > 0.0).count();
    let far: Vec<String> = (0..3)
        .filter(missed)
        .map(|split| {
            format!(
                "{} has {:.0}% of the images, not {:.0}%",
                name(split),
                share(split),
                100.0 * parts[split]
            )
        })
        .collect();
    if !far.is_empty() && !is_few {
        let why = match settings.group {
            GroupBy::None => "an earlier version or images that are the same hold them there",
            _ => "add shorter recordings, or split within them (--group none)",
        };
        said.push(format!("{}: {why}", far.join(", ")));
    }
    said
}

/// Of samples as they stand now.
pub(super) fn of_samples(samples: &[Sample], classes: &[String]) -> Vec<String> {
    let mut said = Vec::new();
    let mut groups: HashMap<&str, [bool; 3]> = HashMap::new();
    let mut with_boxes: BTreeMap<u32, [bool; 3]> = BTreeMap::new();
    let mut has_images = [false; 3];
    for sample in samples {
        let split = sample.split as usize;
        has_images[split] = true;
        groups.entry(&sample.group).or_default()[split] = true;
        for found in sample.boxes.iter().flatten() {
            with_boxes.entry(found.class).or_default()[split] = true;
        }
    }
    let is_torn = |splits: &&[bool; 3]| splits.iter().filter(|split| **split).count() > 1;
    let torn = groups.values().filter(is_torn).count();
    if torn > 0 {
        said.push(format!(
            "{torn} of {} with frames in more than one split: neighbours look alike, so what is \
             measured may be too good; keep recordings together with --group recording",
            counted(groups.len() as u64, "recording")
        ));
    }
    for split in Split::ALL {
        if !has_images[split as usize] {
            continue;
        }
        let missing: BTreeSet<u32> = with_boxes
            .iter()
            .filter(|(_, splits)| !splits[split as usize])
            .map(|(class, _)| *class)
            .collect();
        if missing.is_empty() {
            continue;
        }
        let mut names: Vec<String> =
            missing.iter().take(NAMED).map(|class| class_name(classes, *class)).collect();
        if missing.len() > NAMED {
            names.push(format!("{} more", missing.len() - NAMED));
        }
        said.push(format!(
            "{split} has no box of {} of {} that there are ({}): label more of them, or \
             balance the classes with --stratify",
            missing.len(),
            counted(with_boxes.len() as u64, "class"),
            names.join(", ")
        ));
    }
    said
}

fn class_name(classes: &[String], class: u32) -> String {
    match classes.get(class as usize) {
        Some(name) => shown(name),
        None => format!("number {class}"),
    }
}
