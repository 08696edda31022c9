//! How many there are of each kind, as bars or as rows.

use std::path::Path;

use anyhow::Result;
use roadloop_engine::Ctx;
use roadloop_engine::catalog::{Counted, Filter, Format, Histogram};

use super::remark;
use crate::cli::output::export;
use crate::render::{self, counted};
use crate::session::Session;

/// Characters of the longest bar.
const BAR: usize = 40;

pub(super) async fn show(
    session: &Session,
    ctx: &Ctx,
    filter: &Filter,
    words: &[String],
    (format, file): (Format, Option<&Path>),
) -> Result<()> {
    let histogram = ctx.catalog.histogram(filter, words, None).await?;
    remark(session, filter, &histogram.count.warnings, histogram.count.not_looked_at);
    match (file, format) {
        (Some(path), _) => export(session, &histogram.rows()?, format, path, "group")?,
        (None, Format::Table) => render::print(&as_text(&histogram))?,
        (None, _) => render::print_rows(&histogram.rows()?, format)?,
    }
    let (number, what) = (histogram.others.number, histogram.counted.name());
    if histogram.others.groups > 0 {
        let groups = counted(histogram.others.groups, "smaller group");
        session.note(&format!("and {groups} with {number} {what}"));
    }
    let frames = counted(histogram.count.total, "frame");
    match histogram.counted {
        Counted::Detections => session.note(&format!("detections on {frames}")),
        Counted::Frames => session.note(&frames),
    }
    Ok(())
}

fn as_text(histogram: &Histogram) -> String {
    let Histogram { words, counted, groups, .. } = histogram;
    let detections = *counted == Counted::Detections;
    let mut head = words.clone();
    head.push(counted.name().to_owned());
    if detections {
        head.push("frames".to_owned());
    }
    let most = groups.iter().map(|group| group.number).max().unwrap_or(0);
    let mut rows = vec![head];
    for group in groups {
        let mut row = group.is.clone();
        row.push(group.number.to_string());
        if detections {
            row.push(group.frames.to_string());
        }
        row.push(bar(group.number, most));
        rows.push(row);
    }
    render::columns(&rows)
}

/// In eighths of a character; never nothing.
fn bar(number: u64, most: u64) -> String {
    let eighths = number as f64 / most.max(1) as f64 * (8 * BAR) as f64;
    let eighths = (eighths.round() as usize).clamp(1, 8 * BAR);
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + part
}

#[cfg(test)]
mod tests {
    use roadloop_engine::catalog::{Count, Group, Others};

    use super::*;

    #[test]
    fn bars_are_as_long_as_numbers_are_large() {
        let group =
            |label: &str, number, frames| Group { is: vec![label.to_owned()], number, frames };
        let count = Count { total: 9, not_looked_at: 0, without_values: 0, warnings: Vec::new() };
        let histogram = Histogram {
            words: vec!["label".to_owned()],
            counted: Counted::Detections,
            groups: vec![group("car", 320, 12), group("bus", 4, 4), group("fire hydrant", 1, 1)],
            others: Others::default(),
            count,
        };
        let expected = format!(
            "  label         detections  frames\n  car                  320      12  {}\n  \
             bus                    4       4  ▌\n  fire hydrant           1       1  ▏\n",
            "█".repeat(BAR)
        );
        assert_eq!(as_text(&histogram), expected);
        assert_eq!((bar(0, 0), bar(1, 1_000_000)), ("▏".to_owned(), "▏".to_owned()));
    }
}
