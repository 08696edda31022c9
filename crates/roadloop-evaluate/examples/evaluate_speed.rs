//! How long an evaluation takes: invented boxes, then each part by the clock.
//!
//!     cargo run --release -p roadloop-evaluate --example evaluate_speed -- IMAGES BOXES [OUT.json]
//!
//! With a third word, what was evaluated is written there as `bench/train/coco.py` reads it,
//! which gives the same boxes to pycocotools in the same run.

use std::error::Error;
use std::time::Instant;

use roadloop_evaluate::{
    CompareSettings, Corners, Evaluation, Found, Image, Settings, Truth, compare,
};

const CLASSES: u32 = 20;

/// Marsaglia's xorshift: the same boxes each time.
struct Random(u64);

impl Random {
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn corners(&mut self) -> Corners {
        let (left, top) = (self.share() * 1_800.0, self.share() * 1_000.0);
        let side = 8.0 * 2f64.powf(self.share() * 5.0);
        Corners::new(left, top, left + side, top + side * (0.5 + self.share()))
    }
}

fn made(images: u32, boxes: u32, random: &mut Random) -> (Vec<Truth>, Vec<Found>) {
    let (mut truths, mut found) = (Vec::new(), Vec::new());
    for image in 0..images {
        for _ in 0..boxes {
            let class = (random.share() * f64::from(CLASSES)) as u32;
            let truth = random.corners();
            truths.push(Truth { image, class, corners: truth, crowd: random.share() < 0.01 });
            // Of four, three are found, not quite where they are; the fourth is anything.
            let score = random.share() as f32;
            let mut corners = random.corners();
            let is_found = random.share() < 0.75;
            if is_found {
                let off = truth.width() * 0.2;
                corners = Corners::new(
                    truth.left + off * (random.share() - 0.5),
                    truth.top + off * (random.share() - 0.5),
                    truth.right + off * (random.share() - 0.5),
                    truth.bottom + off * (random.share() - 0.5),
                );
            }
            let score = if is_found { score.sqrt() } else { score * score };
            found.push(Found { image, class, score, corners });
        }
    }
    (truths, found)
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, usual: u32| words.get(place).map_or(Ok(usual), |word| word.parse());
    let (images, boxes) = (number(0, 50_000)?, number(1, 20)?);
    let mut random = Random(0x1234_5678_9abc_def1);
    let (truths, found) = made(images, boxes, &mut random);
    let classes: Vec<String> = (0..CLASSES).map(|class| format!("class {class}")).collect();
    let of_image = |image: u32| Image {
        name: format!("{image:06}.jpg"),
        width: 1_920,
        height: 1_080,
        group: format!("drive {}", image / 1_000),
        taken_at: None,
        facets: vec![("camera".to_owned(), format!("camera {}", image % 4))],
    };
    let images: Vec<Image> = (0..images).map(of_image).collect();
    println!("{} images, {} truths, {} finds", images.len(), truths.len(), found.len());
    if let Some(path) = words.get(2) {
        let given = serde_json::json!({
            "classes": classes, "images": images, "truths": truths, "found": found,
        });
        std::fs::write(path, serde_json::to_vec(&given)?)?;
    }
    let start = Instant::now();
    let evaluation = Evaluation::new(classes.clone(), images.clone(), truths.clone(), found)?;
    let matched = start.elapsed();
    let report = evaluation.report(&Settings::default())?;
    let whole = start.elapsed();
    println!("matched in {:.2} s", matched.as_secs_f64());
    println!("matched and reported in {:.2} s", whole.as_secs_f64());
    let text = serde_json::to_vec(&report)?;
    println!("AP {:.6}, {} bytes of JSON", report.coco.ap.unwrap_or(-1.0), text.len());
    let mut other = made(images.len() as u32, boxes, &mut random).1;
    other.extend(truths.iter().step_by(2).map(|truth| Found {
        image: truth.image,
        class: truth.class,
        score: 0.5,
        corners: truth.corners,
    }));
    let second = Evaluation::new(classes, images, truths, other)?;
    let start = Instant::now();
    let comparison = compare(&evaluation, &second, &CompareSettings::default())?;
    let seconds = start.elapsed().as_secs_f64();
    println!("compared with another in {seconds:.2} s, {} resamples", comparison.resamples);
    Ok(())
}
