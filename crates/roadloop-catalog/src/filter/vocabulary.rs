//! What a filter may speak of besides detections: columns, and saved selections.
//!
//! A column is named by its table and itself, `weather.condition`, or by either
//! alone where that says enough: `condition` when no other table has one,
//! `weather` when it is the table's only column or called like it. The columns
//! of `frames` go before all others and have no table.

use std::collections::{BTreeMap, BTreeSet};

use deltalake::arrow::datatypes::{DataType, Schema, TimeUnit};
use roadloop_base::nearest;

use super::sql::identifier;

/// Columns of an attached table that say which frame a row is about.
const OF_THE_FRAME: [&str; 7] =
    ["frame", "recording", "camera", "taken_at", "taken_at_ns", "shard", "date"];

/// The sun's elevation at a frame, also where its row was written before there
/// was such a column.
pub(super) const SUN_ELEVATION: &str =
    "COALESCE(f.sun_elevation, sun_elevation(f.latitude, f.longitude, f.taken_at_ns))";

/// Where it lies ready, for rows written since.
pub(super) const STORED_SUN_ELEVATION: &str = "f.sun_elevation";

/// The columns there are, and the selections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    frames: Columns,
    attached: BTreeMap<String, Columns>,
    selections: BTreeSet<String>,
}

type Columns = BTreeMap<String, Column>;

#[derive(Clone, Copy, Debug)]
struct Column {
    kind: ColumnType,
    is_nullable: bool,
}

/// What the values of a column are, as far as a comparison needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Text,
    Whole,
    /// Of 4 bytes.
    Single,
    /// Of 8 bytes.
    Double,
    Truth,
    Date,
    /// Whole nanoseconds since 1970.
    Nanos,
    Time {
        unit: TimeUnit,
        is_utc: bool,
    },
    /// Lists and the like, which are not compared.
    Other,
}

/// The column a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// The attached table it is in; `None` for `frames`.
    pub(crate) table: Option<String>,
    /// Its value, in terms of `frames f` or of the attached table's own columns.
    pub(crate) sql: String,
    /// Where the value is computed: a column that holds the same or nothing, for
    /// the sake of its statistics.
    pub(crate) stored: Option<&'static str>,
    pub(crate) kind: ColumnType,
    pub(crate) is_nullable: bool,
}

impl Vocabulary {
    pub(crate) fn new(frames: &Schema) -> Vocabulary {
        Vocabulary { frames: columns(frames), ..Vocabulary::default() }
    }

    pub(crate) fn attach(&mut self, name: &str, table: &Schema) {
        let mut columns = columns(table);
        columns.retain(|column, _| !OF_THE_FRAME.contains(&column.as_str()));
        self.attached.insert(name.to_owned(), columns);
    }

    pub(crate) fn add_selections(&mut self, names: impl IntoIterator<Item = String>) {
        self.selections.extend(names);
    }

    /// The column a name stands for, or why it stands for none.
    pub(crate) fn resolve(&self, name: &str) -> Result<Field, String> {
        if let Some(field) = self.of_frames(name) {
            return Ok(field);
        }
        match self.of_attached(name).as_slice() {
            [] => Err(self.no_column(name)),
            [(table, column, Column { kind, is_nullable })] => Ok(Field {
                table: Some((*table).to_owned()),
                sql: identifier(column),
                stored: None,
                kind: *kind,
                is_nullable: *is_nullable,
            }),
            several => {
                let names = several.iter().map(|(table, column, _)| format!("{table}.{column}"));
                let names: Vec<String> = names.collect();
                Err(format!("{name} may be {}; write which", names.join(" or ")))
            }
        }
    }

    /// All names that stand for a column, shortest first where there are several, and
    /// what its values are: `text`, `number`, `truth`, `time`.
    pub(crate) fn columns(&self) -> Vec<(String, &'static str)> {
        let ours = self.frames.keys().map(String::as_str).chain(["sun_elevation", "tod"]);
        let mut names: Vec<String> = ours.map(str::to_owned).collect();
        for (table, columns) in &self.attached {
            names.extend(columns.keys().map(|column| format!("{table}.{column}")));
        }
        names.sort();
        names.dedup();
        let known = names.into_iter().filter_map(|name| {
            let kind = match self.resolve(&name).ok()?.kind {
                ColumnType::Text => "text",
                ColumnType::Whole | ColumnType::Single | ColumnType::Double => "number",
                ColumnType::Truth => "truth",
                ColumnType::Date | ColumnType::Nanos | ColumnType::Time { .. } => "time",
                ColumnType::Other => return None,
            };
            Some((name, kind))
        });
        known.collect()
    }

    /// Says so when there is no such selection.
    pub(crate) fn selection(&self, name: &str) -> Result<(), String> {
        if self.selections.contains(name) {
            return Ok(());
        }
        Err(match nearest(name, self.selections.iter().map(String::as_str)) {
            Some(nearest) => format!("no selection is called {name}; did you mean {nearest}?"),
            None => format!("no selection is called {name}"),
        })
    }

    fn of_frames(&self, name: &str) -> Option<Field> {
        let field = |sql: String, kind, is_nullable| {
            Some(Field { table: None, sql, stored: None, kind, is_nullable })
        };
        match name {
            "sun_elevation" => Some(Field {
                stored: Some(STORED_SUN_ELEVATION),
                ..field(SUN_ELEVATION.to_owned(), ColumnType::Single, true)?
            }),
            "tod" => field(format!("tod({SUN_ELEVATION})"), ColumnType::Text, true),
            // The column of that name is cut to microseconds.
            "taken_at" => field("f.taken_at_ns".to_owned(), ColumnType::Nanos, false),
            _ => {
                let Column { kind, is_nullable } = *self.frames.get(name)?;
                field(format!("f.{}", identifier(name)), kind, is_nullable)
            }
        }
    }

    /// Tables and columns that a name may stand for.
    fn of_attached<'a>(&'a self, name: &str) -> Vec<(&'a str, &'a str, Column)> {
        let mut found = Vec::new();
        for (table, columns) in &self.attached {
            let by_both = name.strip_prefix(table.as_str()).and_then(|rest| rest.strip_prefix('.'));
            for (column, kind) in columns {
                let by_table = name == table && columns.len() == 1;
                if by_both == Some(column.as_str()) || name == column || by_table {
                    found.push((table.as_str(), column.as_str(), *kind));
                }
            }
        }
        found
    }

    fn no_column(&self, name: &str) -> String {
        let no_column = format!("no column is called {name}");
        let hint = |near: &str| format!("; did you mean {near}?");
        let (table, column) = name.split_once('.').unwrap_or((name, ""));
        if let Some(columns) = self.attached.get(table) {
            let full: Vec<String> =
                columns.keys().map(|column| format!("{table}.{column}")).collect();
            return match nearest(column, columns.keys().map(String::as_str)) {
                Some(near) => no_column + &hint(&format!("{table}.{near}")),
                None => format!("the columns of {table} are {}", full.join(", ")),
            };
        }
        let tables = self.attached.keys().map(String::as_str);
        if name.contains('.') {
            let near = nearest(table, tables);
            let hint = near.map_or(String::new(), |near| hint(&format!("{near}.{column}")));
            return format!("nothing is attached as {table}{hint}");
        }
        let mut known: Vec<&str> = tables.chain(self.frames.keys().map(String::as_str)).collect();
        for columns in self.attached.values() {
            known.extend(columns.keys().map(String::as_str));
        }
        no_column + &nearest(name, known).map_or(String::new(), hint)
    }
}

fn columns(schema: &Schema) -> Columns {
    let column =
        |data_type: &DataType, is_nullable| Column { kind: kind_of(data_type), is_nullable };
    let fields = schema.fields().iter();
    fields.map(|f| (f.name().clone(), column(f.data_type(), f.is_nullable()))).collect()
}

fn kind_of(data_type: &DataType) -> ColumnType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnType::Text,
        DataType::Float32 => ColumnType::Single,
        DataType::Float64 => ColumnType::Double,
        DataType::Boolean => ColumnType::Truth,
        DataType::Date32 => ColumnType::Date,
        DataType::Timestamp(unit, zone) => ColumnType::Time { unit: *unit, is_utc: zone.is_some() },
        DataType::Dictionary(_, values) => kind_of(values),
        data_type if data_type.is_integer() => ColumnType::Whole,
        _ => ColumnType::Other,
    }
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::datatypes::Field as ArrowField;

    use super::*;
    use crate::schema::frames_schema;

    fn vocabulary() -> Vocabulary {
        let mut vocabulary = Vocabulary::new(&frames_schema());
        for (table, columns) in [
            ("weather", &["condition", "temperature", "camera"][..]),
            ("road", &["surface", "condition"]),
            ("speed", &["kmh", "recording"]),
            ("district", &["district", "city"]),
        ] {
            let fields: Vec<ArrowField> = columns
                .iter()
                .map(|column| ArrowField::new(*column, DataType::Utf8, true))
                .collect();
            vocabulary.attach(table, &Schema::new(fields));
        }
        vocabulary.add_selections(["night-crowds".to_owned(), "rain".to_owned()]);
        vocabulary
    }

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let got = match vocabulary().resolve(name) {
            Ok(Field { table: Some(table), sql, .. }) => format!("{table}: {sql}"),
            Ok(field) => field.sql,
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn names_of_columns() {
        check("brightness", "f.\"brightness\"");
        check("camera", "f.\"camera\"");
        check("taken_at", "f.taken_at_ns");
        check("weather.condition", "weather: \"condition\"");
        check("temperature", "weather: \"temperature\"");
        check("speed", "speed: \"kmh\"");
        check("district", "district: \"district\"");
        check("city", "district: \"city\"");
        check(
            "condition",
            "error: condition may be road.condition or weather.condition; write which",
        );
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        check("brightnes", "error: no column is called brightnes; did you mean brightness?");
        check("temprature", "error: no column is called temprature; did you mean temperature?");
        check("wether", "error: no column is called wether; did you mean weather?");
        check(
            "weather.temprature",
            "error: no column is called weather.temprature; did you mean weather.temperature?",
        );
        check(
            "weather",
            "error: the columns of weather are weather.condition, weather.temperature",
        );
        check(
            "weather.camera",
            "error: the columns of weather are weather.condition, weather.temperature",
        );
        check("zebra", "error: no column is called zebra");
        check("zoo.zebra", "error: nothing is attached as zoo");
        check(
            "wether.condition",
            "error: nothing is attached as wether; did you mean weather.condition?",
        );
        let selection = |name: &str| vocabulary().selection(name).unwrap_err();
        assert_eq!(
            selection("night-crowd"),
            "no selection is called night-crowd; did you mean night-crowds?"
        );
        assert_eq!(selection("zebra"), "no selection is called zebra");
        assert_eq!(vocabulary().selection("rain"), Ok(()));
    }
}
