//! The numbers of a dataset on one picture.

use roadloop_dataset::{Card, Histogram, Split, Statistics};
use roadloop_vision::{Panel, PanelBody, Pixels, Series, panels};

use crate::{Ctx, EngineError};

const COLUMNS: u32 = 2;
/// Classes shown, those with the most boxes.
const MOST_CLASSES: usize = 30;

/// Histograms of classes, sizes, places and numbers of boxes.
pub async fn statistics_picture(
    ctx: &Ctx,
    card: &Card,
    statistics: Statistics,
) -> Result<Pixels, EngineError> {
    let counts = &card.counts;
    let header = format!(
        "{}@{}: {} images, {} boxes, {} classes",
        card.name,
        card.version,
        counts.images,
        counts.boxes,
        card.classes.len()
    );
    ctx.cpu.run(move || panels(&header, &all(&statistics), COLUMNS)).await
}

fn all(statistics: &Statistics) -> Vec<Panel> {
    let mut all = vec![
        Panel { title: "boxes of each class".to_owned(), body: classes(statistics) },
        Panel { title: "where the middles of boxes are".to_owned(), body: heat(statistics) },
        bars("boxes an image", &statistics.boxes_per_image, whole),
        bars("size of boxes: root of their area in pixels", &statistics.box_size_pixels, whole),
        bars("share of the image that a box takes", &statistics.box_size_share, share),
        bars("width / height of boxes", &statistics.aspect_ratio, two_digits),
    ];
    if let Some(confidence) = &statistics.confidence {
        all.push(bars("confidence", confidence, two_digits));
    }
    all
}

fn classes(statistics: &Statistics) -> PanelBody {
    let mut classes: Vec<_> = statistics.classes.iter().collect();
    classes.sort_by_key(|class| std::cmp::Reverse(class.boxes));
    classes.truncate(MOST_CLASSES);
    let of = |place: usize| classes.iter().map(move |class| class.boxes_of_splits[place] as f64);
    let splits = Split::ALL.into_iter().enumerate();
    let splits = splits.filter(|(_, split)| statistics.splits.contains_key(split));
    PanelBody::Rows {
        labels: classes.iter().map(|class| class.name.clone()).collect(),
        series: splits
            .map(|(place, split)| Series {
                name: split.name().to_owned(),
                values: of(place).collect(),
            })
            .collect(),
    }
}

fn heat(statistics: &Statistics) -> PanelBody {
    let positions = &statistics.positions;
    PanelBody::Heat {
        width: positions.columns as usize,
        height: positions.rows as usize,
        values: positions.counts.iter().map(|count| f64::from(*count)).collect(),
    }
}

/// From the first bin that has anything to the last.
fn bars(title: &str, histogram: &Histogram, edge: fn(f64) -> String) -> Panel {
    let counts = &histogram.counts;
    let first = counts.iter().position(|count| *count > 0).unwrap_or(0);
    let last = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
    let shown = first..(last + 1).min(counts.len());
    let labels = histogram.edges.get(shown.clone()).unwrap_or_default();
    let values = counts.get(shown).unwrap_or_default().iter().map(|count| *count as f64);
    let series = Series { name: "boxes".to_owned(), values: values.collect() };
    let labels = labels.iter().map(|from| edge(*from)).collect();
    Panel {
        title: title.to_owned(),
        body: PanelBody::Bars { labels, series: vec![series], log: false },
    }
}

fn whole(edge: f64) -> String {
    format!("{edge:.0}")
}

fn two_digits(edge: f64) -> String {
    format!("{edge:.2}")
}

/// `1/256`: edges halve.
fn share(edge: f64) -> String {
    if edge > 0.0 { format!("1/{:.0}", 1.0 / edge) } else { "0".to_owned() }
}
