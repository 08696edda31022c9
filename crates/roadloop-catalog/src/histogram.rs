//! How many detections or frames there are of each kind: of each label, camera,
//! hour, weather.
//!
//! With `label` among the words, detections are counted, of the frames that match,
//! and the frames they are on beside them; otherwise frames.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};

use roadloop_base::RecordingId;

use crate::filter::Certainty;
use crate::grouping::{Grouped, Grouping, LABEL};
use crate::rows::Columns;
use crate::search::Question;
use crate::{Catalog, CatalogError, Count, Filter, Rows};

/// Groups that are shown; of more, the largest.
pub const MAX_GROUPS: usize = 1000;

/// What a histogram's numbers are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Detections,
    Frames,
}

impl Counted {
    /// `detections`, `frames`.
    pub fn name(self) -> &'static str {
        match self {
            Counted::Detections => "detections",
            Counted::Frames => "frames",
        }
    }
}

/// A group and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// A value for each word.
    pub is: Vec<String>,
    /// Of what is counted.
    pub number: u64,
    /// The same as the number where frames are counted.
    pub frames: u64,
}

/// Groups that are not shown, all smaller than those that are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    pub groups: u64,
    pub number: u64,
}

/// Counts of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    pub words: Vec<String>,
    pub counted: Counted,
    /// Word by word: times and numbers in their order, other values by how many
    /// they have, the most first.
    pub groups: Vec<Group>,
    pub others: Others,
    /// Of the filter.
    pub count: Count,
}

impl Catalog {
    /// Counts what is on the frames that match a filter, by some words.
    pub async fn histogram(
        &self,
        filter: &Filter,
        words: &[String],
        recording: Option<&RecordingId>,
    ) -> Result<Histogram, CatalogError> {
        if words.is_empty() {
            let reason = "name at least one column".to_owned();
            return Err(CatalogError::NoSuchGroup { word: "nothing".to_owned(), reason });
        }
        let context = self.session(None).await?;
        let question = Question::with_words(self, &context, filter, recording, words).await?;
        let by_label = words.iter().any(|word| word == LABEL);
        let (counted, grouped) = match by_label {
            true => (Counted::Detections, Grouped::Detections),
            false => (Counted::Frames, Grouped::Frames),
        };
        let grouping = Grouping::new(words, grouped, question.vocabulary())?;
        let names: Vec<String> = (0..words.len()).map(|place| format!("g{place}")).collect();
        let names = names.join(", ");
        let from = format!("FROM frames f{}", grouping.joins);
        let condition = question.condition(Certainty::Known)?;
        let groups = match counted {
            Counted::Frames => format!(
                "SELECT {names}, count(*) AS n, count(*) AS frames \
                 FROM (SELECT f.frame{} {from} WHERE {condition}) GROUP BY {names}",
                grouping.select()
            ),
            // Frames are told apart by a group of their own: counting distinct ones
            // would hold all of them in memory.
            Counted::Detections => format!(
                "SELECT {names}, sum(n) AS n, count(*) AS frames FROM \
                 (SELECT {names}, frame, count(*) AS n FROM \
                 (SELECT f.frame AS frame{} {from} JOIN detections d ON d.frame = f.frame \
                 WHERE {condition}) GROUP BY {names}, frame) GROUP BY {names}",
                grouping.select()
            ),
        };
        let query = format!("{groups} ORDER BY n DESC, {names} LIMIT {}", MAX_GROUPS + 1);
        let mut shown = Vec::new();
        for batch in self.query(&context, &query).await? {
            shown.extend(groups_of(&batch, words.len())?);
        }
        let mut others = Others::default();
        if shown.len() > MAX_GROUPS {
            shown.truncate(MAX_GROUPS);
            let query = format!("SELECT count(*) AS g, sum(n) AS n FROM ({groups})");
            for batch in self.query(&context, &query).await? {
                let columns = Columns(&batch);
                let (groups, numbers) = (columns.longs("g")?, columns.longs("n")?);
                others.groups += groups.values().iter().sum::<i64>() as u64;
                others.number += numbers.values().iter().sum::<i64>() as u64;
            }
            let number: u64 = shown.iter().map(|group| group.number).sum();
            others.groups -= others.groups.min(shown.len() as u64);
            others.number -= others.number.min(number);
        }
        arrange(&mut shown, &grouping.in_order);
        let total = match (counted, others.groups) {
            (Counted::Frames, _) => {
                Some(shown.iter().map(|group| group.number).sum::<u64>() + others.number)
            }
            _ => None,
        };
        let count = question.count(total).await?;
        Ok(Histogram { words: words.to_vec(), counted, groups: shown, others, count })
    }
}

fn groups_of(batch: &RecordBatch, words: usize) -> Result<Vec<Group>, CatalogError> {
    let columns = Columns(batch);
    let values = (0..words).map(|place| columns.texts(&format!("g{place}")));
    let values: Vec<StringArray> = values.collect::<Result<_, _>>()?;
    let (numbers, frames) = (columns.longs("n")?, columns.longs("frames")?);
    let group = |row| Group {
        is: values.iter().map(|value| value.value(row).to_owned()).collect(),
        number: numbers.value(row) as u64,
        frames: frames.value(row) as u64,
    };
    Ok((0..batch.num_rows()).map(group).collect())
}

/// Sorts groups word by word; `in_order` says of which words the values have an
/// order of their own.
fn arrange(groups: &mut [Group], in_order: &[bool]) {
    let mut totals: Vec<HashMap<String, u64>> = vec![HashMap::new(); in_order.len()];
    for group in groups.iter() {
        for (value, totals) in group.is.iter().zip(&mut totals) {
            *totals.entry(value.clone()).or_default() += group.number;
        }
    }
    groups.sort_by(|a, b| {
        for (place, in_order) in in_order.iter().enumerate() {
            let (left, right) = (&a.is[place], &b.is[place]);
            let by_total = || totals[place].get(right).cmp(&totals[place].get(left));
            let order = if *in_order { by_value(left, right) } else { by_total() };
            let order = order.then_with(|| left.cmp(right));
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    });
}

/// Numbers by their size, and before what is none.
fn by_value(left: &str, right: &str) -> Ordering {
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.total_cmp(&right),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

impl Histogram {
    /// The groups as rows: the words, what is counted, and of detections also the
    /// frames they are on.
    pub fn rows(&self) -> Result<Rows, CatalogError> {
        let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
        for (place, word) in self.words.iter().enumerate() {
            let values = self.groups.iter().map(|group| group.is[place].as_str());
            columns.push((word, Arc::new(StringArray::from_iter_values(values))));
        }
        let numbers = |of: fn(&Group) -> u64| -> ArrayRef {
            Arc::new(UInt64Array::from_iter_values(self.groups.iter().map(of)))
        };
        columns.push((self.counted.name(), numbers(|group| group.number)));
        if self.counted == Counted::Detections {
            columns.push(("frames", numbers(|group| group.frames)));
        }
        let batch = RecordBatch::try_from_iter(columns)?;
        Rows::new(&batch.schema(), vec![batch], self.others.groups > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use roadloop_base::{Kind, Stage};

    use super::*;
    use crate::Format;
    use crate::testing::{detection, detection_shard, frame_shard, open, run, text};

    /// Frames 0 to 11 in front and 0 to 3 at the rear; frame n shows n % 3 cars and,
    /// where n is even, a street.
    async fn fill(catalog: &Catalog) {
        let shards = [frame_shard("front", 12, 1), frame_shard("rear", 4, 1)];
        catalog.put_frames(&shards).await.unwrap();
        let found = |sequence: u32| {
            let mut found = vec![detection(Kind::Object, "car", 0.7); sequence as usize % 3];
            if sequence.is_multiple_of(2) {
                found.push(detection(Kind::Scene, "street", 0.5));
            }
            found
        };
        let looked = shards.map(|shard| detection_shard(&shard, 1, found));
        catalog.put_detections(Stage::Detect, &looked).await.unwrap();
    }

    async fn check(catalog: &Catalog, filter: &str, words: &str, expected: &str) {
        let words: Vec<String> = words.split(',').map(str::to_owned).collect();
        let filter = Filter::parse(filter).unwrap();
        let histogram = catalog.histogram(&filter, &words, None).await;
        let got = match histogram {
            Ok(histogram) => text(&histogram.rows().unwrap(), Format::Csv),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn detections_or_frames_are_counted() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            fill(&catalog).await;
            check(&catalog, "", "camera", "camera,frames\nfront,12\nrear,4\n").await;
            check(
                &catalog,
                "",
                "label,camera",
                "label,camera,detections,frames\n\
                 car,front,12,8\ncar,rear,3,2\nstreet,front,6,6\nstreet,rear,2,2\n",
            )
            .await;
            check(
                &catalog,
                "count(car) = 1 and camera = front",
                "hour,label",
                "hour,label,detections,frames\n22,car,4,4\n22,street,2,2\n",
            )
            .await;
            check(&catalog, "has(bus)", "label", "label,detections,frames\n").await;
            let expected = "lable groups no frames: no column is called lable";
            check(&catalog, "", "lable", expected).await;
            let filter = Filter::parse("camera = front").unwrap();
            let words = ["sequence".to_owned()];
            let groups = catalog.histogram(&filter, &words, None).await.unwrap().groups;
            let order: Vec<&str> = groups.iter().map(|group| group.is[0].as_str()).collect();
            assert_eq!(order[9..], ["9", "10", "11"], "numbers are in their order");
        });
    }

    #[test]
    fn the_rest_is_counted() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            let shards = (0..65).map(|camera| frame_shard(&format!("c{camera}"), 16, 1));
            catalog.put_frames(&shards.collect::<Vec<_>>()).await.unwrap();
            let words = ["camera".to_owned(), "sequence".to_owned()];
            let histogram = catalog.histogram(&Filter::EVERYTHING, &words, None).await.unwrap();
            assert_eq!(histogram.groups.len(), MAX_GROUPS);
            assert_eq!(histogram.others, Others { groups: 40, number: 40 });
            assert_eq!(histogram.count.total, 65 * 16);
            assert!(histogram.rows().unwrap().truncated());
        });
    }

    fn any_groups() -> impl Strategy<Value = Vec<Group>> {
        let value = prop_oneof![Just("9"), Just("10"), Just("unknown"), Just("a"), Just("-1.5")];
        let group = (value.clone(), value, 1..9u64).prop_map(|(a, b, number)| Group {
            is: vec![a.to_owned(), b.to_owned()],
            number,
            frames: number,
        });
        proptest::collection::vec(group, 0..12)
    }

    proptest! {
        /// Values of a word stay together, whatever the words.
        #[test]
        fn groups_of_a_value_are_neighbours(mut groups in any_groups(), in_order: [bool; 2]) {
            let before = groups.len();
            arrange(&mut groups, &in_order);
            prop_assert_eq!(groups.len(), before);
            let mut firsts: Vec<&String> = groups.iter().map(|group| &group.is[0]).collect();
            firsts.dedup();
            let count = firsts.len();
            firsts.sort();
            firsts.dedup();
            prop_assert_eq!(firsts.len(), count);
        }
    }
}
