//! A made-up crowd: what is there is known, and so is how people go wrong.

use super::*;

/// SplitMix64: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    /// Near enough to a normal distribution of that width.
    fn around_zero(&mut self, deviation: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.next()).sum();
        (sum - 6.0) * deviation
    }
}

/// How people go wrong, as shares of what is there.
#[derive(Clone, Copy, Debug)]
struct Faults {
    /// Of the size of a box, by which its edges are off.
    jitter: f64,
    missed: f64,
    /// Boxes where nothing is, for each thing that is there.
    invented: f64,
    /// Called by the other name.
    misnamed: f64,
}

const SIZE: (u32, u32) = (1280, 720);

fn thing(dice: &mut Dice) -> DrawnBox {
    let label = if dice.next() < 0.7 { "car" } else { "truck" };
    let [width, height] = [dice.between(20.0, 200.0), dice.between(20.0, 160.0)];
    let left = dice.between(0.0, f64::from(SIZE.0) - width);
    let top = dice.between(0.0, f64::from(SIZE.1) - height);
    let pixels = PixelBox::new(left.round(), top.round(), width.round(), height.round());
    DrawnBox {
        label: label.to_owned(),
        pixels: pixels.unwrap(),
        confidence: None,
        tags: Vec::new(),
    }
}

fn answer(truth: &[DrawnBox], faults: Faults, dice: &mut Dice) -> Vec<DrawnBox> {
    let mut drawn = Vec::new();
    for real in truth {
        if dice.next() >= faults.missed {
            let mut seen = real.clone();
            let pixels = real.pixels;
            let [right, bottom] = [pixels.left() + pixels.width(), pixels.top() + pixels.height()];
            let mut off =
                |edge: f64, size: f64| (edge + dice.around_zero(faults.jitter * size)).round();
            let [left, right] = [off(pixels.left(), pixels.width()), off(right, pixels.width())];
            let [top, bottom] = [off(pixels.top(), pixels.height()), off(bottom, pixels.height())];
            if let Some(pixels) = PixelBox::new(left, top, right - left, bottom - top) {
                seen.pixels = pixels;
            }
            if dice.next() < faults.misnamed {
                seen.label = if real.label == "car" { "truck" } else { "car" }.to_owned();
            }
            drawn.push(seen);
        }
        if dice.next() < faults.invented {
            drawn.push(thing(dice));
        }
    }
    drawn
}

/// Precision and recall.
type Quality = (f64, f64);

/// Of the median single worker, and of what they say together, over some images.
fn crowd(people: usize, faults: Faults, iou: f64, seed: u64, images: usize) -> [Quality; 2] {
    let settings = Consolidation { iou, ..Consolidation::default() };
    let dice = &mut Dice(seed);
    let mut alone = vec![Score::default(); people];
    let mut together = Score::default();
    let add = |sum: &mut Score, of: Score| {
        sum.matched += of.matched;
        sum.extra += of.extra;
        sum.missed += of.missed;
    };
    for _ in 0..images {
        let things = dice.between(0.0, 15.0) as usize;
        let truth: Vec<DrawnBox> = (0..things).map(|_| thing(dice)).collect();
        let answers: Vec<Vec<DrawnBox>> =
            (0..people).map(|_| answer(&truth, faults, dice)).collect();
        for (sum, answer) in alone.iter_mut().zip(&answers) {
            add(sum, score(answer, &truth, 0.5));
        }
        let answers: Vec<&[DrawnBox]> = answers.iter().map(Vec::as_slice).collect();
        let merged = consolidate(&answers, SIZE, &settings);
        let merged: Vec<DrawnBox> = merged
            .boxes
            .into_iter()
            .map(|MergedBox { label, pixels, .. }| DrawnBox {
                label,
                pixels,
                confidence: None,
                tags: Vec::new(),
            })
            .collect();
        add(&mut together, score(&merged, &truth, 0.5));
    }
    let median = |of: fn(&Score) -> f64| {
        let mut shares: Vec<f64> = alone.iter().map(of).collect();
        shares.sort_by(f64::total_cmp);
        shares[people / 2]
    };
    let alone = (median(Score::precision), median(Score::recall));
    [alone, (together.precision(), together.recall())]
}

const CAREFUL: Faults = Faults { jitter: 0.03, missed: 0.05, invented: 0.03, misnamed: 0.02 };
const USUAL: Faults = Faults { jitter: 0.06, missed: 0.15, invented: 0.1, misnamed: 0.05 };
const HASTY: Faults = Faults { jitter: 0.1, missed: 0.25, invented: 0.25, misnamed: 0.1 };

#[test]
fn a_crowd_beats_its_median_worker() {
    for faults in [CAREFUL, USUAL, HASTY] {
        for people in [3, 5] {
            for seed in 1..=6 {
                let [alone, together] = crowd(people, faults, 0.5, seed, 40);
                assert!(
                    together.0 > alone.0 && together.1 > alone.1,
                    "{people} people, {faults:?}, seed {seed}: precision {:.3} alone, {:.3} \
                     together; recall {:.3} alone, {:.3} together",
                    alone.0,
                    together.0,
                    alone.1,
                    together.1,
                );
            }
        }
    }
}

/// The table in the docs: `cargo test -p roadloop-label -- --ignored --nocapture table`.
#[test]
#[ignore = "prints a table"]
fn table_of_crowds() {
    println!(
        "| off by, missed, invented, misnamed | iou | people | precision: one | together | recall: one | together |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (faults, iou) in [(CAREFUL, 0.5), (USUAL, 0.5), (HASTY, 0.5), (HASTY, 0.4)] {
        for people in [2, 3, 5, 7, 9] {
            let [alone, together] = crowd(people, faults, iou, 7, 1000);
            let Faults { jitter, missed, invented, misnamed } = faults;
            let shares = [jitter, missed, invented, misnamed];
            let shares = shares.map(|share| format!("{:.0} %", share * 100.0)).join(", ");
            println!(
                "| {shares} | {iou} | {people} | {:.3} | {:.3} | {:.3} | {:.3} |",
                alone.0, together.0, alone.1, together.1,
            );
        }
    }
}

/// How long the fullest images take: spread over the image, and all at one place.
#[test]
#[ignore = "measures"]
fn the_fullest_image() {
    let dice = &mut Dice(1);
    let piled = |place: usize| DrawnBox {
        label: "car".to_owned(),
        pixels: PixelBox::new((place % 20) as f64, (place / 20) as f64, 200.0, 200.0).unwrap(),
        confidence: None,
        tags: Vec::new(),
    };
    for (people, boxes) in [(1, 1000), (3, 1000), (9, 200), (9, 1000)] {
        let spread: Vec<DrawnBox> = (0..boxes).map(|_| thing(dice)).collect();
        let pile: Vec<DrawnBox> = (0..boxes).map(piled).collect();
        for (name, truth) in [("spread", spread), ("piled", pile)] {
            let faults = Faults { missed: 0.0, invented: 0.0, misnamed: 0.0, ..USUAL };
            let answers: Vec<Vec<DrawnBox>> =
                (0..people).map(|_| answer(&truth, faults, dice)).collect();
            let answers: Vec<&[DrawnBox]> = answers.iter().map(Vec::as_slice).collect();
            let start = std::time::Instant::now();
            let merged = consolidate(&answers, SIZE, &Consolidation::default());
            let (took, came) = (start.elapsed(), merged.boxes.len());
            println!("{people} x {boxes} {name}: {took:?}, {came} boxes");
            assert!(came >= boxes / 3);
        }
    }
}
