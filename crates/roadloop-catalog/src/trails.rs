//! Where recordings went: the positions of their frames, thinned for a drawing.

use std::collections::BTreeSet;

use futures::TryStreamExt;

use roadloop_base::{Position, RecordingId};

use crate::filter::quoted;
use crate::rows::{Columns, recording_id};
use crate::session::query_error;
use crate::{Catalog, CatalogError};

/// Points of all trails together: a drawing of some megabytes.
const MAX_POINTS: usize = 200_000;

/// Points of one trail, where there are few: a point for each dot of a screen.
const MOST_OF_ONE: usize = 4000;

/// The way of a recording, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    pub recording: RecordingId,
    pub points: Vec<Position>,
}

impl Catalog {
    /// The trails of some recordings, by id; those without positions have none.
    /// Whatever their length, they have at most 4000 points each and 200,000
    /// together.
    pub async fn trails(
        &self,
        recordings: &BTreeSet<RecordingId>,
    ) -> Result<Vec<Trail>, CatalogError> {
        if recordings.is_empty() {
            return Ok(Vec::new());
        }
        let context = self.session(None).await?;
        let names: Vec<String> = recordings.iter().map(|id| quoted(id.as_str())).collect();
        let query = format!(
            "SELECT recording, latitude, longitude FROM frames \
             WHERE recording IN ({}) AND latitude IS NOT NULL AND longitude IS NOT NULL \
             ORDER BY recording, taken_at_ns",
            names.join(", ")
        );
        let failed = |source| query_error(source, self.engine().memory_limit_bytes());
        let most = (MAX_POINTS / recordings.len()).clamp(2, MOST_OF_ONE);
        let mut stream = self.stream(&context, &query).await?;
        let mut trails = Vec::<Trail>::new();
        let mut thinned = Thinned::new(most);
        while let Some(batch) = stream.try_next().await.map_err(failed)? {
            let columns = Columns(&batch);
            let names = columns.texts("recording")?;
            let (latitudes, longitudes) =
                (columns.doubles("latitude")?, columns.doubles("longitude")?);
            for row in 0..batch.num_rows() {
                let name = names.value(row);
                if trails.last().is_none_or(|trail| trail.recording.as_str() != name) {
                    finish(&mut trails, std::mem::replace(&mut thinned, Thinned::new(most)));
                    trails.push(Trail { recording: recording_id(name)?, points: Vec::new() });
                }
                let place = Position::new(latitudes.value(row), longitudes.value(row), None);
                place.into_iter().for_each(|place| thinned.push(place));
            }
        }
        finish(&mut trails, thinned);
        Ok(trails)
    }
}

fn finish(trails: &mut [Trail], thinned: Thinned) {
    if let Some(trail) = trails.last_mut() {
        trail.points = thinned.finish();
    }
}

/// Every n-th of the points given, n doubling whenever there are too many; and
/// the last.
struct Thinned {
    most: usize,
    every: usize,
    given: usize,
    points: Vec<Position>,
    last: Option<Position>,
}

impl Thinned {
    fn new(most: usize) -> Thinned {
        Thinned { most, every: 1, given: 0, points: Vec::new(), last: None }
    }

    fn push(&mut self, point: Position) {
        if self.last == Some(point) {
            return; // It stands.
        }
        if self.given.is_multiple_of(self.every) {
            self.points.push(point);
        }
        self.given += 1;
        self.last = Some(point);
        if self.points.len() >= self.most {
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every *= 2;
        }
    }

    fn finish(mut self) -> Vec<Position> {
        if self.points.last() != self.last.as_ref() {
            self.points.extend(self.last);
        }
        self.points
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::testing::{frame_shard, open, run};

    fn place(number: usize) -> Position {
        Position::new(40.0 + number as f64 / 1e5, 11.0, None).unwrap()
    }

    proptest! {
        #[test]
        fn few_points_from_the_first_to_the_last(count in 0..5000usize, most in 2..100usize) {
            let mut thinned = Thinned::new(most);
            (0..count).for_each(|number| thinned.push(place(number)));
            let points = thinned.finish();
            prop_assert!(points.len() <= most);
            prop_assert!(points.len() >= count.min(most / 2));
            prop_assert_eq!(points.first().copied(), (count > 0).then(|| place(0)));
            prop_assert_eq!(points.last().copied(), (count > 0).then(|| place(count - 1)));
        }
    }

    #[test]
    fn frames_make_trails() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            // Both cameras see the same place at the same time.
            catalog
                .put_frames(&[frame_shard("front", 12, 1), frame_shard("rear", 4, 1)])
                .await
                .unwrap();
            let drive = RecordingId::new("drive-1").unwrap();
            let none = RecordingId::new("none").unwrap();
            let trails = catalog.trails(&BTreeSet::from([drive.clone(), none])).await.unwrap();
            assert_eq!(trails.len(), 1);
            assert_eq!((&trails[0].recording, trails[0].points.len()), (&drive, 12));
            assert!(catalog.trails(&BTreeSet::new()).await.unwrap().is_empty());
        });
    }
}
