use super::*;

fn one(name: &str, values: &[f64]) -> Series {
    Series { name: name.to_owned(), values: values.to_vec() }
}

fn labels(count: usize) -> Vec<String> {
    (0..count).map(|place| place.to_string()).collect()
}

fn panel(body: PanelBody) -> Panel {
    Panel { title: "boxes".to_owned(), body }
}

fn pixels_of(picture: &Pixels, color: Color) -> usize {
    picture.data().as_chunks::<3>().0.iter().filter(|pixel| **pixel == color.0).count()
}

/// Pixels of the first series and of the second, as a share of the larger one.
#[track_caller]
fn check(body: PanelBody, expected: [f64; 2]) {
    let picture = panels("", &[panel(body.clone())], 1);
    // Less the swatches of the legend.
    let swatch = if legend(&body).is_empty() { 0 } else { 12 * 12 };
    let found = [0, 1].map(|at| pixels_of(&picture, SERIES[at]).saturating_sub(swatch) as f64);
    let most = found[0].max(found[1]).max(1.0);
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found / most - expected).abs() < 0.02, "{} is not {expected}", found / most);
    }
}

#[test]
fn areas_are_as_large_as_numbers() {
    let series = vec![one("train", &[8.0, 4.0]), one("val", &[4.0, 2.0])];
    let bars = |log: bool| PanelBody::Bars { labels: labels(2), series: series.clone(), log };
    check(bars(false), [1.0, 0.5]);
    // ln 5 + ln 3 of ln 9 + ln 5.
    check(bars(true), [1.0, 0.711]);
    check(PanelBody::Rows { labels: labels(2), series: series.clone() }, [1.0, 0.5]);
    check(PanelBody::Rows { labels: labels(1), series: vec![one("", &[3.0])] }, [1.0, 0.0]);
}

#[test]
fn something_is_never_drawn_as_nothing() {
    let small = |values: &[f64]| {
        let body = PanelBody::Bars { labels: labels(2), series: vec![one("", values)], log: false };
        pixels_of(&panels("", &[panel(body)], 1), SERIES[0])
    };
    assert!(small(&[1e9, 1.0]) > small(&[1e9, 0.0]));
    let rows = |values: &[f64]| {
        let body = PanelBody::Rows { labels: labels(2), series: vec![one("", values)] };
        pixels_of(&panels("", &[panel(body)], 1), SERIES[0])
    };
    assert!(rows(&[1e9, 1.0]) > rows(&[1e9, 0.0]));
}

#[test]
fn labels_do_not_touch() {
    let long = (0..40).map(|place| format!("{}-{}", place * 1000, place * 1000 + 999)).collect();
    let body = PanelBody::Bars { labels: long, series: vec![one("", &[1.0; 40])], log: false };
    let picture = panels("", &[panel(body)], 1);
    // In the line of labels, between two of them, there is a letter's width of ground.
    let y = picture.height() - MARGIN - PADDING - 10;
    let band: Vec<bool> = (0..picture.width())
        .map(|x| {
            (0..14).any(|dy| {
                let at = ((y - 7 + dy) * picture.width() + x) as usize * 3;
                picture.data()[at..at + 3] != CARD.0 && picture.data()[at..at + 3] != GROUND.0
            })
        })
        .collect();
    let words = band.split(|is_ink| !is_ink).filter(|ink| !ink.is_empty()).count();
    let gaps = band.split(|is_ink| *is_ink).filter(|gap| gap.len() >= 8).count();
    assert!(words > 8 && gaps > 3, "{words} {gaps}");
}

#[test]
fn a_heat_map_is_bright_where_numbers_are_large() {
    let mut values = vec![0.0; 32 * 32];
    values[32 * 16 + 16] = 9.0;
    let picture = panels("", &[panel(PanelBody::Heat { width: 32, height: 32, values })], 1);
    let at = |x: u32, y: u32| {
        let at = ((y * picture.width() + x) * 3) as usize;
        u32::from(picture.data()[at]) + u32::from(picture.data()[at + 1])
    };
    let head = MARGIN + Font::LARGE.height() + GAP + PADDING + Font::SMALL.height() + 8;
    let (x, y) = (MARGIN + PADDING, head);
    let width = INNER - 140;
    assert!(at(x + width * 33 / 64, y + 240 * 33 / 64) > 450);
    assert!(at(x + width / 4, y + 60) < 10);
}

#[test]
fn any_numbers_and_names_are_drawn() {
    let odd = [f64::NAN, f64::INFINITY, -1.0, 1e300, f64::MIN_POSITIVE, f64::NEG_INFINITY];
    let series = vec![one(&"\u{436}".repeat(300), &odd.repeat(100)); 20];
    let mut all = vec![
        PanelBody::Heat { width: usize::MAX, height: usize::MAX, values: odd.to_vec() },
        PanelBody::Heat { width: 0, height: 4, values: vec![] },
        PanelBody::Heat { width: 3, height: 2, values: odd.repeat(3) },
        PanelBody::Heat { width: 500, height: 500, values: odd.to_vec() },
    ];
    for count in [0, 1, 2, 1000] {
        for log in [false, true] {
            let labels = vec!["name ".repeat(50); count];
            all.push(PanelBody::Bars { labels: labels.clone(), series: series.clone(), log });
            all.push(PanelBody::Bars { labels: labels.clone(), series: vec![], log });
            all.push(PanelBody::Rows { labels, series: series.clone() });
        }
    }
    let all: Vec<Panel> = all.into_iter().map(panel).collect();
    for columns in [0, 1, 3, u32::MAX] {
        let picture = panels(&"x".repeat(5000), &all, columns);
        assert!(picture.width() <= 4 * (PANEL + GAP) + 2 * MARGIN);
        assert!(picture.height() <= MAX_PANELS as u32 * 900);
    }
    assert!(panels("", &[], 2).height() > 0);
}
