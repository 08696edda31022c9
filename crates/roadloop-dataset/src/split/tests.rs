//! Splits of a few, and what is true of all.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;
use roadloop_base::Nanos;

use super::*;
use crate::testing::{any_samples, content, sample, with_boxes};

fn settings(by: SplitBy, group: GroupBy) -> SplitSettings {
    SplitSettings { ratios: [60.0, 20.0, 20.0], by, group, stratify: false, seed: 1 }
}

/// Images of each split.
fn images(samples: &[Sample]) -> [usize; 3] {
    Split::ALL.map(|split| samples.iter().filter(|sample| sample.split == split).count())
}

fn result(samples: &[Sample], settings: &SplitSettings) -> BTreeMap<String, Split> {
    let mut samples = samples.to_vec();
    split(&mut samples, settings, &HashMap::new()).unwrap();
    samples.into_iter().map(|sample| (sample.name.to_string(), sample.split)).collect()
}

/// Recordings of so many frames, a frame a minute, each later than the one before.
fn drives(frames: &[usize]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (drive, frames) in frames.iter().enumerate() {
        for frame in 0..*frames {
            let mut one = sample(&format!("{drive}/{frame}.png"), &format!("drive-{drive}"));
            one.taken_at = Some(Nanos((drive * 10_000 + frame) as i64 * 60_000_000_000));
            samples.push(one);
        }
    }
    samples
}

#[track_caller]
fn check(frames: &[usize], settings: &SplitSettings, expected: [usize; 3], warns: &[&str]) {
    let mut samples = drives(frames);
    let said = split(&mut samples, settings, &HashMap::new()).unwrap();
    assert_eq!(images(&samples), expected, "{said:?}");
    assert_eq!(said.len(), warns.len(), "{said:?}");
    for (said, expected) in said.iter().zip(warns) {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn recordings_stay_whole() {
    let by = settings(SplitBy::Random, GroupBy::Recording);
    check(&[60, 20, 20], &by, [60, 20, 20], &[]);
    check(&[30, 30, 20, 10, 10], &by, [60, 20, 20], &[]);
    // Each gets something, though two for training would be nearer.
    check(&[10, 10, 10], &by, [10, 10, 10], &["train has 33% of the images, not 60%"]);
    let halves = SplitSettings { ratios: [0.5, 0.5, 0.0], ..by };
    check(&[40, 40], &halves, [40, 40, 0], &[]);
}

#[test]
fn one_recording_says_what_to_do() {
    let by = settings(SplitBy::Random, GroupBy::Recording);
    check(&[50], &by, [50, 0, 0], &["--split-by time --group none", "nothing is for val and test"]);
    let by = settings(SplitBy::Time, GroupBy::None);
    check(&[50], &by, [30, 10, 10], &["1 of 1 recording with frames in more than one split"]);
}

#[test]
fn time_goes_from_training_to_test() {
    let by = settings(SplitBy::Time, GroupBy::Recording);
    check(&[20, 30, 10, 25, 15], &by, [60, 25, 15], &[]);
    check(&[1, 1, 98], &by, [1, 1, 98], &["train has 1%"]);
    let mut samples = drives(&[20, 30, 10, 25, 15]);
    split(&mut samples, &by, &HashMap::new()).unwrap();
    let order: Vec<Split> = samples.iter().map(|sample| sample.split).collect();
    assert!(order.is_sorted());

    samples[3].taken_at = None;
    assert!(split(&mut samples, &by, &HashMap::new()).is_ok(), "its recording has a time");
    samples.push(sample("late.png", "no-clock"));
    let error = split(&mut samples, &by, &HashMap::new()).unwrap_err().to_string();
    assert!(error.contains("1 of 6 groups") && error.contains("no-clock"), "{error}");
}

#[test]
fn what_is_given_is_left_alone() {
    let mut samples = drives(&[3, 3]);
    samples[1].split = Split::Test;
    let before = samples.clone();
    let said = split(
        &mut samples,
        &settings(SplitBy::Given, GroupBy::Recording),
        &HashMap::from([("drive-0".to_owned(), Split::Val)]),
    );
    assert_eq!(samples, before);
    assert_eq!(said.unwrap().len(), 1, "that a recording is torn");
}

#[test]
fn parts_are_numbers() {
    for ratios in [[0.0; 3], [-1.0, 2.0, 0.0], [f64::NAN, 1.0, 1.0], [f64::MAX, f64::MAX, 1.0]] {
        let by = SplitSettings { ratios, ..settings(SplitBy::Given, GroupBy::None) };
        assert!(split(&mut [], &by, &HashMap::new()).is_err(), "{ratios:?}");
    }
}

#[test]
fn units_are_recordings_days_or_images() {
    let mut one = sample("a/b.png", "drive");
    one.taken_at = Some(Nanos(1_605_823_200_123_456_789));
    let key = |group| unit_key(&one, group);
    assert_eq!(key(GroupBy::Recording), "drive");
    assert_eq!(key(GroupBy::Day), "2020-11-19");
    assert_eq!(key(GroupBy::None), "a__b.png");
    assert_eq!(unit_key(&sample("a.png", "drive"), GroupBy::Day), "drive");
}

/// 200 images: a car on each, a tram on each tenth, and 20 on which there is nothing.
#[test]
fn rare_classes_go_to_all_splits() {
    let area = [1.0, 1.0, 9.0, 9.0];
    let mut samples: Vec<Sample> = Vec::new();
    for number in 0..200 {
        let boxes: &[(u32, [f64; 4])] = match number % 10 {
            0 => &[(0, area), (1, area)],
            1 => &[],
            _ => &[(0, area)],
        };
        samples.push(with_boxes(&format!("{number}.png"), "drive", boxes));
    }
    let by = SplitSettings { stratify: true, ..settings(SplitBy::Random, GroupBy::None) };
    split(&mut samples, &by, &HashMap::new()).unwrap();
    assert_eq!(images(&samples), [120, 40, 40]);
    let of = |boxes: usize| -> Vec<Sample> {
        let has = |sample: &&Sample| sample.boxes.as_ref().is_some_and(|all| all.len() == boxes);
        samples.iter().filter(has).cloned().collect()
    };
    assert_eq!((images(&of(2)), images(&of(0))), ([12, 4, 4], [12, 4, 4]));
}

#[test]
fn classes_that_are_missing_are_named() {
    let mut samples = drives(&[6, 2, 2]);
    samples[0].boxes = Some(vec![crate::testing::a_box(1, [0.0, 0.0, 5.0, 5.0])]);
    let names = ["car".to_owned(), "tram".to_owned()];
    let by = settings(SplitBy::Random, GroupBy::Recording);
    let said = split_of_classes(&mut samples, &names, &by, &HashMap::new()).unwrap();
    assert_eq!(said.len(), 2);
    assert!(
        said[0].starts_with("val has no box of 1 of 1 class that there are (tram)"),
        "{said:?}"
    );
}

#[test]
fn an_earlier_version_that_tore_the_same_image_is_kept_and_said() {
    let mut samples = drives(&[5, 5, 5, 5, 5]);
    samples[0].image.content = Some(content(7, 0));
    samples[5].image.content = Some(content(7, 0));
    let kept =
        HashMap::from([("drive-0".to_owned(), Split::Train), ("drive-1".to_owned(), Split::Test)]);
    let by = settings(SplitBy::Random, GroupBy::Recording);
    let said = split(&mut samples, &by, &kept).unwrap();
    assert_eq!((samples[0].split, samples[5].split), (Split::Train, Split::Test));
    assert!(said[0].starts_with("1 image in two splits since an earlier version"), "{said:?}");
    assert_eq!(images(&samples), [15, 5, 5], "the rest makes it whole");
}

#[test]
fn other_seeds_give_other_splits() {
    let frames: Vec<usize> = (20..60).collect();
    let samples = drives(&frames);
    let by = settings(SplitBy::Random, GroupBy::Recording);
    let other = SplitSettings { seed: 2, ..by.clone() };
    assert_ne!(result(&samples, &by), result(&samples, &other));
}

#[test]
#[ignore = "measures: cargo test --release -p roadloop-dataset -- --ignored --nocapture million"]
#[expect(clippy::print_stdout, reason = "it is there to be read")]
fn a_million_samples_are_split() {
    let mut samples: Vec<Sample> = Vec::new();
    for number in 0..1_000_000u64 {
        let class = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32;
        let boxes = [(class % 80, [1.0, 1.0, 9.0, 9.0]), (class % 7, [1.0, 1.0, 9.0, 9.0])];
        let drive = format!("drive-{}", number / 1_000);
        let mut one = with_boxes(&format!("{number}.png"), &drive, &boxes);
        one.image.content = Some(content(number, 0));
        samples.push(one);
    }
    for group in [GroupBy::Recording, GroupBy::None] {
        for stratify in [false, true] {
            let by = SplitSettings { stratify, ..settings(SplitBy::Random, group) };
            let start = std::time::Instant::now();
            split(&mut samples, &by, &HashMap::new()).unwrap();
            let took = start.elapsed();
            println!("{group:?}, stratify {stratify}: {took:?}, {:?}", images(&samples));
            assert_eq!(images(&samples).iter().sum::<usize>(), 1_000_000);
        }
    }
}

fn any_settings() -> impl Strategy<Value = SplitSettings> {
    let ratio = prop_oneof![Just(0.0), 0.05..1.0f64];
    let ratios = [0.05..1.0f64, 0.05..1.0, 0.05..1.0];
    let group = prop_oneof![Just(GroupBy::Recording), Just(GroupBy::Day), Just(GroupBy::None)];
    (ratios, ratio, group, any::<bool>(), any::<u64>()).prop_map(
        |([train, val, _], test, group, stratify, seed)| SplitSettings {
            ratios: [train, val, test],
            by: SplitBy::Random,
            group,
            stratify,
            seed,
        },
    )
}

proptest! {
    #[test]
    fn nothing_that_belongs_together_is_torn(samples in any_samples(120), by in any_settings()) {
        let mut samples = samples;
        split(&mut samples, &by, &HashMap::new()).unwrap();
        let mut units: HashMap<String, HashSet<Split>> = HashMap::new();
        for sample in &samples {
            units.entry(unit_key(sample, by.group)).or_default().insert(sample.split);
            if let Some(content) = &sample.image.content {
                units.entry(content.sha256.clone()).or_default().insert(sample.split);
            }
        }
        prop_assert!(units.values().all(|splits| splits.len() == 1));
        if by.ratios[2] == 0.0 {
            prop_assert_eq!(images(&samples)[2], 0);
        }
    }

    #[test]
    fn the_order_of_samples_means_nothing(
        (samples, shuffled) in any_samples(80)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        by in any_settings(),
    ) {
        prop_assert_eq!(result(&samples, &by), result(&shuffled, &by));
    }

    /// What a split has too much is less than the largest unit; what it lacks, less than two.
    #[test]
    fn ratios_are_met_as_far_as_units_allow(
        frames in proptest::collection::vec(1usize..30, 1..40),
        by in any_settings(),
    ) {
        let by = SplitSettings { group: GroupBy::Recording, ..by };
        let mut samples = drives(&frames);
        split(&mut samples, &by, &HashMap::new()).unwrap();
        let largest = frames.iter().copied().max().unwrap_or_default() as f64;
        let sum: f64 = by.ratios.iter().sum();
        for (has, ratio) in images(&samples).iter().zip(by.ratios) {
            let over = *has as f64 - ratio / sum * samples.len() as f64;
            prop_assert!(over <= largest + 1e-6 && over >= -2.0 * largest - 1e-6, "{over}");
        }
    }

    #[test]
    fn what_is_kept_is_kept(
        samples in any_samples(120),
        by in any_settings(),
        kept in proptest::collection::hash_map(0u8..12, 0usize..3, 0..6),
        is_time in any::<bool>(),
    ) {
        let mut samples = samples;
        for sample in &mut samples {
            sample.taken_at = sample.taken_at.or(Some(Nanos(5)));
        }
        let by = SplitSettings {
            group: GroupBy::Recording,
            by: if is_time { SplitBy::Time } else { SplitBy::Random },
            ..by
        };
        let kept: HashMap<String, Split> = kept
            .into_iter()
            .map(|(drive, split)| (format!("drive-{drive}"), Split::ALL[split]))
            .collect();
        split(&mut samples, &by, &kept).unwrap();
        for sample in &samples {
            if let Some(split) = kept.get(&sample.group) {
                prop_assert_eq!(sample.split, *split);
            }
        }
    }

    #[test]
    fn time_never_runs_backwards(samples in any_samples(80), by in any_settings()) {
        let mut samples = samples;
        for (number, sample) in samples.iter_mut().enumerate() {
            sample.taken_at = sample.taken_at.or(Some(Nanos(number as i64)));
            sample.image.content = None;
        }
        let by = SplitSettings { by: SplitBy::Time, group: GroupBy::None, ..by };
        split(&mut samples, &by, &HashMap::new()).unwrap();
        samples.sort_by(|a, b| (a.taken_at, &a.name).cmp(&(b.taken_at, &b.name)));
        let order: Vec<Split> = samples.iter().map(|sample| sample.split).collect();
        prop_assert!(order.is_sorted());
        prop_assert_eq!(result(&samples, &by).len(), samples.len());
    }
}
