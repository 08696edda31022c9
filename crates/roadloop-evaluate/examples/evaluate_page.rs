//! The page of two invented models, to look at.
//!
//!     cargo run -p roadloop-evaluate --example evaluate_page -- OUT.html [PICTURE…]
//!
//! Pictures are shown in turn under boxes that have nothing to do with them.

use std::error::Error;

use roadloop_base::Nanos;
use roadloop_evaluate::{
    CompareSettings, Corners, Evaluation, Found, Image, Settings, Truth, compare, html,
};

const CLASSES: [&str; 6] = ["car", "person", "truck", "bicycle", "traffic light", "<b>sign</b>"];
const SIZE: (f64, f64) = (1_280.0, 720.0);
const IMAGES: u32 = 300;

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
        let side = 16.0 * 2f64.powf(self.share() * 4.0);
        let (left, top) = (self.share() * (SIZE.0 - side), self.share() * (SIZE.1 - side));
        Corners::new(left, top, left + side, top + side * (0.6 + self.share()))
    }

    fn class(&mut self) -> u32 {
        let share = self.share();
        (share * share * CLASSES.len() as f64) as u32
    }
}

/// Finds `skill` of what is there, the large more often, and takes some for something else.
fn model(truths: &[Truth], skill: f64, random: &mut Random) -> Vec<Found> {
    let mut found = Vec::new();
    for truth in truths {
        let eased = (truth.corners.area().sqrt() / 100.0).min(1.0);
        if random.share() < skill * (0.5 + 0.5 * eased) {
            let mut off = || (random.share() - 0.5) * truth.corners.width() * (1.0 - skill);
            let corners = Corners::new(
                truth.corners.left + off(),
                truth.corners.top + off(),
                truth.corners.right + off(),
                truth.corners.bottom + off(),
            );
            let class = if random.share() < 0.9 { truth.class } else { random.class() };
            let score = (0.3 + 0.7 * random.share() * skill) as f32;
            found.push(Found { image: truth.image, class, score, corners });
        }
        if random.share() < 0.3 {
            let (class, corners) = (random.class(), random.corners());
            let score = (random.share() * 0.7) as f32;
            found.push(Found { image: truth.image, class, score, corners });
        }
    }
    found
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let out = words.next().ok_or("say where the page goes")?;
    let pictures = words.map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let mut random = Random(0x0bad_cafe_1234_5678);
    let image = |image: u32| Image {
        name: format!("drive-{}/{image:05}.jpg", image / 100),
        width: SIZE.0 as u32,
        height: SIZE.1 as u32,
        group: format!("drive-{}", image / 100),
        taken_at: Some(Nanos(1_605_823_200_000_000_000 + i64::from(image) * 100_000_000)),
        facets: vec![
            ("tod".to_owned(), ["day", "dusk", "night"][image as usize % 3].to_owned()),
            ("camera".to_owned(), ["front", "rear"][image as usize % 2].to_owned()),
        ],
    };
    let images: Vec<Image> = (0..IMAGES).map(image).collect();
    let mut truths = Vec::new();
    for image in 0..IMAGES {
        for _ in 0..(2 + image % 7) {
            let (class, corners) = (random.class(), random.corners());
            truths.push(Truth { image, class, corners, crowd: random.share() < 0.02 });
        }
    }
    let classes = CLASSES.map(str::to_owned).to_vec();
    let mut of = |skill: f64| {
        let found = model(&truths, skill, &mut random);
        Evaluation::new(classes.clone(), images.clone(), truths.clone(), found)
    };
    let (first, second) = (of(0.75)?, of(0.85)?);
    let mut report = second.report(&Settings::default())?;
    report.title = "street-nano@2 on cars@3:test".to_owned();
    let names = ["street-nano@1", "street-nano@2"].map(str::to_owned);
    let settings = CompareSettings { names, images: 4, ..CompareSettings::default() };
    report.comparison = Some(compare(&first, &second, &settings)?);
    let picture = |image: u32| pictures.get(image as usize % pictures.len().max(1)).cloned();
    std::fs::write(&out, html::report(&report, &picture))?;
    println!("{out}");
    Ok(())
}
