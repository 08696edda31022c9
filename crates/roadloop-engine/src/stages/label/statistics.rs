//! Who labelled how much, how fast and how well, as a table and as a picture.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};

use roadloop_catalog::Rows;
use roadloop_label::WorkerStatistics;
use roadloop_vision::{BarRow, Measure, Pixels, bar_chart};

use crate::EngineError;

/// A row for each person. Times are in seconds; agreement is the mean F1 of a person's boxes
/// against those all agreed on, the gold score the same against what is known to be there.
pub fn statistics_rows(people: &[WorkerStatistics]) -> Result<Rows, EngineError> {
    let counts = |of: fn(&WorkerStatistics) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(people.iter().map(of)))
    };
    let shares = |of: fn(&WorkerStatistics) -> Option<f64>| -> ArrayRef {
        // A sum of nothing is -0.
        let rounded = |share: f64| (share * 1000.0).round() / 1000.0 + 0.0;
        Arc::new(Float64Array::from_iter(people.iter().map(|person| of(person).map(rounded))))
    };
    let names = people.iter().map(|person| person.worker.as_str());
    let columns: [(&str, ArrayRef); 11] = [
        ("worker", Arc::new(StringArray::from_iter_values(names))),
        ("answers", counts(|person| person.answers)),
        ("boxes", counts(|person| person.boxes)),
        ("seconds", shares(|person| Some(person.seconds))),
        ("median_seconds", shares(|person| person.median_seconds)),
        ("agreement", shares(|person| person.agreement)),
        ("gold_answers", counts(|person| person.gold_answers)),
        ("gold_score", shares(|person| person.gold_score)),
        ("skipped", counts(|person| person.skipped)),
        ("expired", counts(|person| person.expired)),
        ("sent_back", counts(|person| person.sent_back)),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.map(|(name, column)| (name, column, true)),
    )?;
    Ok(Rows::new(&batch.schema(), vec![batch], false)?)
}

/// The same as bars.
pub fn statistics_picture(title: &str, people: &[WorkerStatistics]) -> Pixels {
    let measure = |name: &str, digits, full| Measure { name: name.to_owned(), digits, full };
    let measures = [
        measure("answers", 0, None),
        measure("boxes", 0, None),
        measure("seconds a task", 1, None),
        measure("agreement", 2, Some(1.0)),
        measure("gold score", 2, Some(1.0)),
    ];
    let rows = people.iter().map(|person| BarRow {
        name: person.worker.clone(),
        numbers: vec![
            Some(person.answers as f64),
            Some(person.boxes as f64),
            person.median_seconds,
            person.agreement,
            person.gold_score,
        ],
    });
    bar_chart(title, &measures, &rows.collect::<Vec<_>>())
}
