//! Which row of a source a frame takes.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake::arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};

use roadloop_base::Nanos;

use super::joining::{Joining, Key, Nearest};
use super::nearest::{Places, Spot, Times};
use super::on::{On, image, key_of, key_part};
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::attached::nearest::chord2_of;
    use crate::attached::source::{Source, SourceSettings};
    use crate::rows::frame_batches;
    use crate::testing::frame;
    use crate::{FrameShard, Revision};
    use roadloop_base::{FrameRow, Position};

    /// A frame on a coarse grid of times and places.
    fn any_frame() -> impl Strategy<Value = FrameRow> {
        let place = prop::option::of((-2i32..3, -2i32..3));
        ("[ab]", "[cd]", 0i64..40, place).prop_map(|(recording, camera, second, place)| {
            let mut row = frame(&recording, &camera, second as u32);
            row.taken_at = Nanos(second * 1_000_000_000);
            row.position = place.and_then(|(latitude, longitude)| {
                Position::new(f64::from(latitude) * 1e-3, f64::from(longitude) * 1e-3, None)
            });
            row
        })
    }

    /// A row of a file: recording, camera, seconds, latitude, longitude.
    fn any_row() -> impl Strategy<Value = (String, String, i64, i32, i32)> {
        ("[ab]", "[cde]", 0i64..40, -2i32..3, -2i32..3)
    }

    fn batch(frames: &[FrameRow]) -> RecordBatch {
        let shards: Vec<FrameShard> = frames
            .iter()
            .map(|row| FrameShard {
                id: row.id.shard(),
                revision: Revision(1),
                rows: vec![row.clone()],
            })
            .collect();
        let batches = frame_batches(&shards.iter().collect::<Vec<_>>()).unwrap();
        batches.into_values().next().unwrap()
    }

    proptest! {
        #[test]
        fn a_frame_takes_what_looking_at_every_row_gives(
            frames in prop::collection::vec(any_frame(), 1..12),
            rows in prop::collection::vec(any_row(), 1..30),
            keys in prop::sample::subsequence(vec!["recording", "camera"], 0..=2),
            in_time: bool,
            within in 0u64..6,
        ) {
            let mut on = vec![if in_time { "time" } else { "position" }.to_owned()];
            on.extend(keys.iter().map(|key| (*key).to_owned()));
            // Half a step of the grid, so that some are just at the limit.
            let metres = within as f64 * 55.6;
            let limit = if in_time { format!("{within}s") } else { format!("{metres}m") };
            let joining = Joining::parse(&on, Some(&limit)).unwrap();
            let mut content = "recording,camera,time,lat,lon,row\n".to_owned();
            for (row, (recording, camera, second, latitude, longitude)) in rows.iter().enumerate() {
                let (lat, lon) = (f64::from(*latitude) * 1e-3, f64::from(*longitude) * 1e-3);
                content += &format!("{recording},{camera},{second},{lat},{lon},{row}\n");
            }
            let columns = vec![("row".to_owned(), None)];
            let settings = SourceSettings { joining, named: BTreeMap::new(), columns };
            let source = Source::read("a.csv", Bytes::from(content), &settings).unwrap();
            prop_assert!(source.skipped().is_empty());
            let frames_batch = batch(&frames);
            let found =
                Matcher::new(&settings.joining, &source.rows).unwrap().rows_of(&frames_batch).unwrap();

            // In the batch they are sorted.
            let frames = crate::rows::frame_rows(&frames_batch).unwrap();
            for (frame, found) in frames.iter().zip(found) {
                let mut best: Option<(f64, u32)> = None;
                for (row, (recording, camera, second, latitude, longitude)) in rows.iter().enumerate() {
                    let is_same = |key: &str, of_row: &str, of_frame: &str| {
                        !keys.contains(&key) || of_row == of_frame
                    };
                    if !is_same("recording", recording, frame.id.recording.as_str())
                        || !is_same("camera", camera, frame.id.camera.as_str())
                    {
                        continue;
                    }
                    let (distance, limit) = if in_time {
                        (second.abs_diff(frame.taken_at.0 / 1_000_000_000) as f64, within as f64)
                    } else {
                        let Some(place) = frame.position else { continue };
                        let there = Spot::new(f64::from(*latitude) * 1e-3, f64::from(*longitude) * 1e-3);
                        let here = Spot::new(place.latitude(), place.longitude());
                        (there.chord2(here), chord2_of(metres))
                    };
                    if distance <= limit && best.is_none_or(|(nearest, _)| distance < nearest) {
                        best = Some((distance, row as u32));
                    }
                }
                prop_assert_eq!(found, best.map(|(_, row)| row), "{}", frame.id);
            }
        }
    }
}
