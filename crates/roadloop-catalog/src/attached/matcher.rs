//! Which row of a source a frame takes.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake::arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};

use roadloop_base::Nanos;

use super::joining::{Joining, Key, Nearest};
use super::nearest::{Places, Spot, Times};
use super::source::{On, image, key_of, key_part};
use crate::CatalogError;
use crate::rows::{Columns, date_of};

/// The rows of a source, by what they are joined by.
#[derive(Debug)]
pub(crate) struct Matcher {
    joining: Joining,
    /// By the text of their keys.
    groups: HashMap<String, Group>,
}

#[derive(Debug)]
enum Group {
    Row(u32),
    Times(Times),
    Places(Places),
}

impl Matcher {
    /// `rows` as a source keeps them.
    pub(crate) fn new(joining: &Joining, rows: &RecordBatch) -> Result<Matcher, CatalogError> {
        let columns = Columns(rows);
        let mut members = HashMap::<String, Vec<u32>>::new();
        let keys = joining.keys.iter().map(|key| columns.texts(&On::Key(*key).stored()));
        let keys = keys.map(|texts| Ok(Arc::new(texts?) as ArrayRef));
        let keys = keys.collect::<Result<Vec<ArrayRef>, CatalogError>>()?;
        for row in 0..rows.num_rows() {
            members.entry(key_of(keys.iter(), row)).or_default().push(row as u32);
        }
        let mut groups = HashMap::with_capacity(members.len());
        match joining.nearest {
            None => {
                for (key, rows) in members {
                    groups.extend(rows.first().map(|row| (key, Group::Row(*row))));
                }
            }
            Some(Nearest::TimeWithinNs(_)) => {
                let times = columns.longs(&On::Time.stored())?;
                for (key, rows) in members {
                    let rows = rows.into_iter().map(|row| (times.value(row as usize), row));
                    groups.insert(key, Group::Times(Times::new(rows.collect())));
                }
            }
            Some(Nearest::PositionWithinM(_)) => {
                let latitudes = columns.doubles(&On::Latitude.stored())?;
                let longitudes = columns.doubles(&On::Longitude.stored())?;
                let spot = |row: u32| {
                    let row = row as usize;
                    Spot::new(latitudes.value(row), longitudes.value(row))
                };
                for (key, rows) in members {
                    let rows = rows.into_iter().map(|row| (spot(row), row));
                    groups.insert(key, Group::Places(Places::new(rows.collect())));
                }
            }
        }
        Ok(Matcher { joining: joining.clone(), groups })
    }

    /// The columns of frames it looks at.
    pub(crate) fn looks_at(joining: &Joining) -> Vec<&'static str> {
        let mut columns = Vec::new();
        if matches!(joining.nearest, Some(Nearest::PositionWithinM(_))) {
            columns.extend(["latitude", "longitude"]);
        }
        for key in &joining.keys {
            columns.extend(match key {
                Key::Sequence => Some("sequence"),
                Key::Image => Some("image"),
                Key::Topic => Some("topic"),
                // Of these every row has its own.
                Key::Recording | Key::Camera | Key::Date => None,
            });
        }
        columns
    }

    /// For each frame its row.
    pub(crate) fn rows_of(&self, frames: &RecordBatch) -> Result<Vec<Option<u32>>, CatalogError> {
        let columns = Columns(frames);
        let times = columns.longs("taken_at_ns")?;
        let (latitudes, longitudes) = (columns.doubles("latitude")?, columns.doubles("longitude")?);
        let parts = self.joining.keys.iter().map(|key| KeyPart::of(*key, &columns));
        let parts = parts.collect::<Result<Vec<KeyPart>, CatalogError>>()?;
        let mut found = Vec::with_capacity(frames.num_rows());
        for row in 0..frames.num_rows() {
            let row_of = |group: &Group| match (group, self.joining.nearest) {
                (Group::Row(row), _) => Some(*row),
                (Group::Times(times_there), Some(Nearest::TimeWithinNs(within))) => {
                    times_there.nearest(times.value(row), within)
                }
                (Group::Places(places), Some(Nearest::PositionWithinM(within))) => {
                    let is_placed = latitudes.is_valid(row) && longitudes.is_valid(row);
                    let spot =
                        is_placed.then(|| Spot::new(latitudes.value(row), longitudes.value(row)));
                    places.nearest(spot?, within)
                }
                _ => None,
            };
            let group = |form| {
                let key: String = parts.iter().map(|part| part.text(row, form)).collect();
                self.groups.get(&key)
            };
            // An image is known by its path where a row has one, else by its name.
            let group =
                group(ImageForm::Path).or_else(|| match self.joining.keys.contains(&Key::Image) {
                    true => group(ImageForm::Name),
                    false => None,
                });
            found.push(group.and_then(row_of));
        }
        Ok(found)
    }
}

#[derive(Clone, Copy)]
enum ImageForm {
    Path,
    Name,
}

/// One key of the frames.
enum KeyPart {
    Texts(StringArray),
    Images(StringArray),
    Numbers(Int64Array),
    Dates(Int64Array),
}

impl KeyPart {
    fn of(key: Key, columns: &Columns<'_>) -> Result<KeyPart, CatalogError> {
        Ok(match key {
            Key::Recording | Key::Camera | Key::Topic => KeyPart::Texts(columns.texts(key.name())?),
            Key::Image => KeyPart::Images(columns.texts("image")?),
            Key::Sequence => KeyPart::Numbers(columns.longs("sequence")?),
            Key::Date => KeyPart::Dates(columns.longs("taken_at_ns")?),
        })
    }

    /// As [`key_of`] writes it.
    fn text(&self, row: usize, form: ImageForm) -> String {
        let text = match self {
            KeyPart::Texts(texts) => return key_part(texts.value(row)),
            KeyPart::Images(texts) => {
                let path = image(texts.value(row));
                match form {
                    ImageForm::Path => path,
                    ImageForm::Name => {
                        path.rsplit_once('/').map_or(path.clone(), |(_, name)| name.to_owned())
                    }
                }
            }
            KeyPart::Numbers(numbers) => numbers.value(row).to_string(),
            KeyPart::Dates(times) => date_of(Nanos(times.value(row))),
        };
        key_part(&text)
    }
}
