//! What frames are grouped by: the strata of a sample, the bars of a histogram.
//!
//! A word is a column, as the filter language names columns, or `hour`, the hour of
//! the day in UTC. Values become texts; where there is none, `unknown`.

use crate::CatalogError;
use crate::filter::{ColumnType, Vocabulary, quoted};
use crate::session::ATTACHED;

/// More words make more groups than anybody reads.
const MAX_WORDS: usize = 8;

/// What stands for a value that is not known.
pub(crate) const UNKNOWN: &str = "unknown";

/// Groups of frames, as parts of a query.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Grouping {
    /// A text for each word, of a frame `f` and what is joined to it.
    pub(crate) columns: Vec<String>,
    /// Of each word, whether its values have an order of their own: times, numbers.
    pub(crate) in_order: Vec<bool>,
    /// Behind `FROM frames f`, where attached tables are needed.
    pub(crate) joins: String,
}

/// A word for what is not of frames: the label of detections `d`.
pub(crate) const LABEL: &str = "label";

/// The hour of the day a frame was taken in, in UTC.
const HOUR: &str = "hour";

/// Whether a word is none of a column.
pub(crate) fn is_always_there(word: &str) -> bool {
    [LABEL, HOUR].contains(&word)
}

/// What there is to be grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grouped {
    Frames,
    /// Rows of `detections d`, joined to their frames.
    Detections,
}

impl Grouping {
    pub(crate) fn new(
        words: &[String],
        grouped: Grouped,
        vocabulary: &Vocabulary,
    ) -> Result<Grouping, CatalogError> {
        if words.len() > MAX_WORDS {
            return Err(CatalogError::TooManyWords { most: MAX_WORDS });
        }
        let mut grouping = Grouping::default();
        for (place, word) in words.iter().enumerate() {
            if words[..place].contains(word) {
                return Err(CatalogError::SameGroup { word: word.clone() });
            }
            if grouped == Grouped::Detections && word == LABEL {
                grouping.push("d.label".to_owned(), false);
            } else {
                grouping.add(place, word, vocabulary)?;
            }
        }
        Ok(grouping)
    }

    fn push(&mut self, column: String, in_order: bool) {
        self.columns.push(column);
        self.in_order.push(in_order);
    }

    fn add(
        &mut self,
        place: usize,
        word: &str,
        vocabulary: &Vocabulary,
    ) -> Result<(), CatalogError> {
        if word == HOUR {
            self.push("to_char(f.taken_at, '%H')".to_owned(), true);
            return Ok(());
        }
        let no_group = |reason| CatalogError::NoSuchGroup { word: word.to_owned(), reason };
        let field = vocabulary.resolve(word).map_err(no_group)?;
        let value = match field.table {
            None => field.sql,
            Some(table) => {
                let table = format!("{ATTACHED}{table}").replace('"', "\"\"");
                self.joins +=
                    &format!(" LEFT JOIN \"{table}\" a{place} ON a{place}.frame = f.frame");
                format!("a{place}.{}", field.sql)
            }
        };
        let column = format!("coalesce(CAST({value} AS VARCHAR), {})", quoted(UNKNOWN));
        self.push(column, !matches!(field.kind, ColumnType::Text | ColumnType::Truth));
        Ok(())
    }

    /// The columns as `g0`, `g1`, …, each with a comma in front.
    pub(crate) fn select(&self) -> String {
        let columns = self.columns.iter().enumerate();
        columns.map(|(place, column)| format!(", {column} AS g{place}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::schema::frames_schema;

    #[track_caller]
    fn check(words: &[&str], expected: Result<(&[&str], &str), &str>) {
        let mut vocabulary = Vocabulary::new(&frames_schema());
        let condition = Field::new("condition", DataType::Utf8, true);
        vocabulary.attach("weather", &Schema::new(vec![condition]));
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let got = Grouping::new(&words, Grouped::Detections, &vocabulary);
        let got = got.as_ref().map_err(ToString::to_string);
        let columns = got.clone().map(|g| g.columns.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(columns, expected.map(|(columns, _)| columns.to_vec()).map_err(str::to_owned));
        if let (Ok(got), Ok((_, joins))) = (got, expected) {
            assert_eq!(got.joins, joins);
        }
    }

    #[test]
    fn words_are_columns() {
        check(&[], Ok((&[], "")));
        let camera = "coalesce(CAST(f.\"camera\" AS VARCHAR), 'unknown')";
        check(&["label"], Ok((&["d.label"], "")));
        check(&["camera", "hour"], Ok((&[camera, "to_char(f.taken_at, '%H')"], "")));
        check(
            &["hour", "weather"],
            Ok((
                &[
                    "to_char(f.taken_at, '%H')",
                    "coalesce(CAST(a1.\"condition\" AS VARCHAR), 'unknown')",
                ],
                " LEFT JOIN \"attrs_weather\" a1 ON a1.frame = f.frame",
            )),
        );
    }

    #[test]
    fn what_is_no_word_says_so() {
        check(
            &["camra"],
            Err("camra groups no frames: no column is called camra; did you mean camera?"),
        );
        check(&["hour", "hour"], Err("hour is there twice; each word groups frames once"));
        check(&["hour"; 9], Err("frames are grouped by at most 8 words"));
    }
}
