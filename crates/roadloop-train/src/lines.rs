//! The lines a run prints, as the reference's script does.
//!
//! Whoever reads metrics from them by regular expressions (`val:mAP=(.*?),` or
//! `BoxCenterLoss=(.*?),`, as SageMaker's metric definitions) needs no others: each value is
//! followed by a comma, the last one too.

use std::fmt::Write;

use crate::card::MetricRow;

/// Values that are no losses, and are not printed among them.
const NO_LOSSES: [&str; 4] = ["lr", "images_per_second", "waited_seconds", "loss"];

/// What some steps came to: `[Epoch 3][Step 120], LR: 1.00E-3, Speed: 5.123 samples/sec, …`.
pub(crate) fn step_line(row: &MetricRow) -> String {
    let value = |name: &str| row.values.get(name).copied().unwrap_or_default();
    let mut line = format!(
        "[Epoch {}][Step {}], LR: {:.2E}, Speed: {:.3} samples/sec, ",
        row.epoch,
        row.step,
        value("lr"),
        value("images_per_second"),
    );
    losses(&mut line, row);
    line
}

/// What an epoch came to: `[Epoch 3] Training cost: 41.250, ObjLoss=1.203,…`.
pub(crate) fn epoch_line(row: &MetricRow, seconds: f64) -> String {
    let mut line = format!("[Epoch {}] Training cost: {seconds:.3}, ", row.epoch);
    losses(&mut line, row);
    line
}

/// What the validation came to: `[Epoch 3] Validation: car=0.812,bus=0.700,val:mAP=0.756,`.
pub(crate) fn validation_line(epoch: u32, classes: &[(String, Option<f64>)], map: f64) -> String {
    let mut line = format!("[Epoch {epoch}] Validation: ");
    for (class, average_precision) in classes {
        // A class nobody drew has none.
        let Some(average_precision) = average_precision else { continue };
        let is_odd = |letter: char| letter.is_control() || matches!(letter, ',' | '=');
        let class = class.replace(is_odd, "_");
        let _ = write!(line, "{class}={average_precision:.6},");
    }
    let _ = write!(line, "val:mAP={map:.6},");
    line
}

fn losses(line: &mut String, row: &MetricRow) {
    for (name, value) in &row.values {
        if !NO_LOSSES.contains(&name.as_str()) {
            let _ = write!(line, "{name}={value:.6},");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `name=(.*?),` finds first.
    fn found<'a>(line: &'a str, name: &str) -> Option<&'a str> {
        let rest = line.split_once(&format!("{name}="))?.1;
        Some(rest.split_once(',')?.0)
    }

    fn row() -> MetricRow {
        let values = [("lr", 0.001), ("images_per_second", 5.0), ("BoxCenterLoss", 1.25)]
            .map(|(name, value)| (name.to_owned(), value));
        MetricRow { epoch: 3, step: 120, values: values.into(), ..MetricRow::default() }
    }

    #[test]
    fn expressions_of_the_reference_find_their_values() {
        let line = step_line(&row());
        assert_eq!(
            line,
            "[Epoch 3][Step 120], LR: 1.00E-3, Speed: 5.000 samples/sec, BoxCenterLoss=1.250000,"
        );
        assert_eq!(found(&epoch_line(&row(), 41.25), "BoxCenterLoss"), Some("1.250000"));
        let classes = [("a,b=c".to_owned(), Some(0.5)), ("bus".to_owned(), None)];
        let line = validation_line(3, &classes, 0.5);
        assert_eq!(line, "[Epoch 3] Validation: a_b_c=0.500000,val:mAP=0.500000,");
        assert_eq!(found(&line, "val:mAP"), Some("0.500000"));
    }
}
