//! Names in a filter that something in the catalog ought to be called. A filter
//! with others is no error: they may be there tomorrow.

use std::collections::{BTreeMap, BTreeSet};

use roadloop_base::nearest;

use super::ast::{Expr, Label, Name};
use super::sql::identifier;
use super::vocabulary::{ColumnType, Vocabulary};
use crate::Filter;
use crate::session::{ATTACHED, TAGS};

/// The names that a filter asks for in one column.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What they are names of: `label`, `camera`, `weather.condition`.
    what: String,
    pub(crate) table: String,
    pub(crate) column: String,
    /// As people write them, and as they may be stored.
    names: BTreeMap<String, Vec<String>>,
}

impl Filter {
    /// By column. Columns that are not known have none.
    pub(crate) fn names(&self, vocabulary: &Vocabulary) -> Vec<Asked> {
        let mut asked = BTreeMap::new();
        let mut ask = |what: &str, table: &str, column: &str, names: BTreeMap<_, _>| {
            let of_column = asked.entry((table.to_owned(), column.to_owned()));
            let of_column = of_column.or_insert_with(|| Asked {
                what: what.to_owned(),
                table: table.to_owned(),
                column: column.to_owned(),
                names: BTreeMap::new(),
            });
            of_column.names.extend(names);
        };
        let texts = |names: &[Name]| -> BTreeMap<String, Vec<String>> {
            names.iter().map(|name| (name.text.clone(), vec![name.text.clone()])).collect()
        };
        self.visit(&mut |expr| match expr {
            Expr::Has { label, .. } | Expr::Count { label, .. } => {
                let names = BTreeMap::from([(label.to_string(), label.spellings())]);
                ask("label", "detection_rows", "label", names);
            }
            Expr::Tag(names) => ask("tag", TAGS, "tag", texts(names)),
            Expr::Column { name, test } if test.is_of_names() => {
                let Ok(field) = vocabulary.resolve(&name.text) else { return };
                if field.kind != ColumnType::Text {
                    return;
                }
                let table = field.table.map(|table| identifier(&format!("{ATTACHED}{table}")));
                let table = table.as_deref().unwrap_or("frames f");
                ask(&name.text, table, &field.sql, texts(test.values()));
            }
            _ => {}
        });
        asked.into_values().collect()
    }
}

impl Asked {
    /// As they may be stored.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = &str> {
        self.names.values().flatten().map(String::as_str)
    }

    pub(crate) fn all_among(&self, there: &BTreeSet<String>) -> bool {
        self.missing(there).next().is_none()
    }

    /// One for each name that is not there, with the nearest of those that are.
    pub(crate) fn warnings(&self, there: &BTreeSet<String>) -> Vec<String> {
        let what = &self.what;
        let warning = |name: &String| match nearest(name, there.iter().map(String::as_str)) {
            Some(near) if what == "label" => {
                format!("no label {name} in the catalog: did you mean {}?", Label::new(near))
            }
            Some(near) => format!("no {what} {name} in the catalog: did you mean {near}?"),
            None => format!("no {what} {name} in the catalog"),
        };
        self.missing(there).map(warning).collect()
    }

    fn missing(&self, there: &BTreeSet<String>) -> impl Iterator<Item = &String> {
        let is_there = |spellings: &Vec<String>| spellings.iter().any(|text| there.contains(text));
        self.names.iter().filter(move |(_, spellings)| !is_there(spellings)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::schema::frames_schema;

    /// The same names are there in every column.
    #[track_caller]
    fn check(filter: &str, there: &[&str], expected: &[&str]) {
        let there: BTreeSet<String> = there.iter().map(|name| (*name).to_owned()).collect();
        let mut vocabulary = Vocabulary::new(&frames_schema());
        let condition = Field::new("condition", DataType::Utf8, true);
        vocabulary.attach("weather", &Schema::new(vec![condition]));
        let mut warnings = Vec::new();
        for asked in Filter::parse(filter).unwrap().names(&vocabulary) {
            assert_eq!(asked.all_among(&there), asked.warnings(&there).is_empty());
            warnings.extend(asked.warnings(&there));
        }
        assert_eq!(warnings, expected);
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        check("has(car)", &["car"], &[]);
        check("has(traffic_light)", &["traffic light"], &[]);
        check("has(traffic_light)", &["traffic_light"], &[]);
        check(
            "not has(trafic_light)",
            &["car", "traffic light"],
            &["no label trafic_light in the catalog: did you mean traffic_light?"],
        );
        check("has(zebra)", &["car"], &["no label zebra in the catalog"]);
        check(
            "has(light)",
            &["car", "traffic light"],
            &["no label light in the catalog: did you mean traffic_light?"],
        );
        check(
            "camera = frnt or has(car)",
            &["car", "front"],
            &["no camera frnt in the catalog: did you mean front?"],
        );
        check(
            "not camera in (front, rear)",
            &["camera__front", "rear"],
            &["no camera front in the catalog: did you mean camera__front?"],
        );
        check(
            "tag = nigth or weather = rian and condition != snow",
            &["night", "rain", "snow"],
            &[
                "no weather rian in the catalog: did you mean rain?",
                "no tag nigth in the catalog: did you mean night?",
            ],
        );
        check("width = 3 or camera > x or nothing = x", &["front"], &[]);
    }
}
