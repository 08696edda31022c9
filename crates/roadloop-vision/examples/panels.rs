//! Statistics of a made-up dataset, as the commands draw them:
//! `cargo run -p roadloop-vision --example panels -- panels.png`

use roadloop_vision::{Panel, PanelBody, Series, encode_png, panels};

const SPLITS: [(&str, f64); 3] = [("train", 0.6), ("val", 0.2), ("test", 0.2)];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name the file to write")?;
    let picture = panels("cars@3: 12,480 images, 48,211 boxes", &all(), 2);
    std::fs::write(path, encode_png(&picture)?)?;
    Ok(())
}

fn all() -> Vec<Panel> {
    let classes = ["car", "person", "truck", "traffic light", "bicycle", "bus", "motorcycle"];
    let of_class = |place: usize| 21_000.0 / (place as f64 + 1.0).powf(1.7);
    let sizes: Vec<String> =
        (0..22).map(|bin| format!("{:.0}", 2f64.powf(f64::from(bin) / 2.0))).collect();
    let bell = |bin: usize, middle: f64, wide: f64| (-((bin as f64 - middle) / wide).powi(2)).exp();
    let heat = (0..32 * 32).map(|cell| {
        let (x, y) = ((cell % 32) as f64 - 15.5, (cell / 32) as f64 - 17.0);
        (120.0 * (-(x * x) / 140.0 - y * y / 18.0).exp()).floor()
    });
    vec![
        Panel {
            title: "boxes of each class".into(),
            body: PanelBody::Rows {
                labels: classes.map(String::from).to_vec(),
                series: splits(classes.len(), of_class),
            },
        },
        Panel {
            title: "boxes in an image".into(),
            body: PanelBody::Bars {
                labels: (0..=50)
                    .map(|count| if count < 50 { count.to_string() } else { "50+".into() })
                    .collect(),
                series: splits(51, |bin| 4000.0 * bell(bin, 3.0, 4.0) + 30.0),
                log: true,
            },
        },
        Panel {
            title: "side of a box, px (root of its area)".into(),
            body: PanelBody::Bars {
                labels: sizes,
                series: splits(22, |bin| 9000.0 * bell(bin, 12.0, 5.0)),
                log: false,
            },
        },
        Panel {
            title: "width by height".into(),
            body: PanelBody::Bars {
                labels: ["1:8", "1:4", "1:2", "1:1", "2:1", "4:1", "8:1"]
                    .map(String::from)
                    .to_vec(),
                series: vec![Series {
                    name: "boxes".into(),
                    values: (0..7).map(|bin| 9000.0 * bell(bin, 3.4, 1.4)).collect(),
                }],
                log: false,
            },
        },
        Panel {
            title: "where the middles of boxes are".into(),
            body: PanelBody::Heat { width: 32, height: 32, values: heat.collect() },
        },
        Panel {
            title: "how sure".into(),
            body: PanelBody::Bars { labels: vec![], series: vec![], log: false },
        },
    ]
}

fn splits(count: usize, value: impl Fn(usize) -> f64) -> Vec<Series> {
    let series = |(name, share): (&str, f64)| Series {
        name: name.into(),
        values: (0..count).map(|at| (value(at) * share).round()).collect(),
    };
    SPLITS.map(series).to_vec()
}
