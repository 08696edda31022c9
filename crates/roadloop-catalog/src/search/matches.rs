//! All frames that match a filter, as numbers in the order of hits: found once, and
//! looked at page by page.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};
use std::ops::Range;

use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use roadloop_base::{FrameId, Nanos};

use super::{Count, Hit, Question};
use crate::filter::Certainty;
use crate::rows::Columns;
use crate::schema::{frame_number, stream_of};
use crate::session::query_error;
use crate::{Catalog, CatalogError, Filter};

/// The frames that match a filter at some state of the catalog.
#[derive(Debug)]
pub struct Matches {
    /// By time, then recording, camera and sequence.
    frames: Vec<i64>,
    /// When each was taken.
    times: Vec<Nanos>,
    count: Count,
}

/// One that was found: its place in the order of hits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    taken_at: Nanos,
    /// Of its recording and camera among all those that are met.
    stream: u32,
    frame: i64,
}

impl Matches {
    /// Those that can be looked at: the earliest, where more match than were wanted.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How many match, shown or not, and what is not known.
    pub fn count(&self) -> &Count {
        &self.count
    }

    /// When each was taken, in order.
    pub fn times(&self) -> &[Nanos] {
        &self.times
    }

    /// Where a frame stands among them.
    pub fn place_of(&self, frame: &FrameId, taken_at: Nanos) -> Option<usize> {
        let number = frame_number(frame);
        let from = self.times.partition_point(|time| *time < taken_at);
        let same_time = self.times[from..].iter().take_while(|time| **time == taken_at).count();
        let place = self.frames[from..from + same_time].iter().position(|found| *found == number);
        place.map(|place| from + place)
    }

    /// Bytes it holds.
    pub fn bytes(&self) -> usize {
        self.frames.len() * (size_of::<i64>() + size_of::<Nanos>())
    }
}

impl Catalog {
    /// The frames that match a filter, at most so many.
    pub async fn matches(&self, filter: &Filter, most: usize) -> Result<Matches, CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, None).await?;
        let condition = question.condition(Certainty::Known)?;
        let query = format!(
            "SELECT f.taken_at_ns, f.recording, f.camera, f.frame FROM frames f WHERE {condition}"
        );
        let failed = |source| query_error(source, self.engine().memory_limit_bytes());
        let mut batches = self.stream(question.context(), &query).await?;
        let (mut places, mut streams) = (Vec::new(), HashMap::new());
        let mut names: Vec<(String, String)> = Vec::new();
        let mut total = 0;
        while let Some(batch) = batches.try_next().await.map_err(failed)? {
            total += batch.num_rows() as u64;
            let columns = Columns(&batch);
            let (times, frames) = (columns.longs("taken_at_ns")?, columns.longs("frame")?);
            let mut texts = None;
            for (row, (time, frame)) in times.values().iter().zip(frames.values()).enumerate() {
                let stream = match streams.entry(stream_of(*frame)) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(unknown) => {
                        let (recordings, cameras) = match &texts {
                            Some(texts) => texts,
                            None => texts
                                .insert((columns.texts("recording")?, columns.texts("camera")?)),
                        };
                        let name = (recordings.value(row), cameras.value(row));
                        names.push((name.0.to_owned(), name.1.to_owned()));
                        *unknown.insert(names.len() as u32 - 1)
                    }
                };
                places.push(Place { taken_at: Nanos(*time), stream, frame: *frame });
            }
            // Twice as many are kept, so that each is moved but once or twice.
            if places.len() > most.saturating_mul(2) {
                keep_earliest(&mut places, most);
            }
        }
        // Known only now: the order of their names.
        let mut by_name: Vec<u32> = (0..names.len() as u32).collect();
        by_name.sort_by_key(|stream| &names[*stream as usize]);
        let mut ranks = vec![0; names.len()];
        for (rank, stream) in by_name.iter().enumerate() {
            ranks[*stream as usize] = rank as u32;
        }
        for place in &mut places {
            place.stream = ranks[place.stream as usize];
        }
        keep_earliest(&mut places, most);
        places.sort_unstable();
        let count = question.count(Some(total)).await?;
        Ok(Matches {
            frames: places.iter().map(|place| place.frame).collect(),
            times: places.iter().map(|place| place.taken_at).collect(),
            count,
        })
    }

    /// What is known now of some of the frames that matched, in their order. Those that
    /// are gone since are left out.
    pub async fn page(
        &self,
        matches: &Matches,
        places: Range<usize>,
    ) -> Result<Vec<Hit>, CatalogError> {
        let places = places.start.min(matches.len())..places.end.min(matches.len());
        self.hits_of(matches.frames.get(places).unwrap_or_default()).await
    }

    /// What is known now of a frame, where there is one of that name.
    pub async fn frame(&self, id: &FrameId) -> Result<Option<Hit>, CatalogError> {
        Ok(self.hits_of(&[frame_number(id)]).await?.pop())
    }

    /// Those of some frames that are there, in the same order, with what is known of each.
    pub async fn frames_named(&self, ids: &[FrameId]) -> Result<Vec<Hit>, CatalogError> {
        let numbers: Vec<i64> = ids.iter().map(frame_number).collect();
        self.hits_of(&numbers).await
    }

    /// Frames by their numbers, in that order, with what is known of each.
    pub(crate) async fn hits_of(&self, numbers: &[i64]) -> Result<Vec<Hit>, CatalogError> {
        let context = self.session(None).await?;
        let mut hits = self.hits(&context, numbers).await?;
        self.fill(&context, &mut hits).await?;
        Ok(hits)
    }

    /// The newest version of each table.
    pub async fn versions(&self) -> Result<BTreeMap<String, u64>, CatalogError> {
        let mut versions = BTreeMap::new();
        for table in self.tables().await? {
            versions.insert(table.name().to_owned(), table.newest_version().await?);
        }
        Ok(versions)
    }

    /// A word for the state of all tables: as long as it is the same, so are answers.
    pub async fn state(&self) -> Result<String, CatalogError> {
        let versions = self.versions().await?;
        let selections = self.shelf().listed().await?;
        let digest = Sha256::digest(format!("{versions:?}{selections:?}"));
        Ok(digest[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Ties at the last one are decided anyhow, but for those whose names are in order.
fn keep_earliest(places: &mut Vec<Place>, most: usize) {
    if places.len() > most {
        places.select_nth_unstable(most);
        places.truncate(most);
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::SearchOptions;
    use crate::testing::{frame_shard, open, run};

    #[test]
    fn pages_are_what_a_search_gives() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            // Both cameras at the same times.
            let shards = [frame_shard("rear", 9, 1), frame_shard("front", 12, 1)];
            catalog.put_frames(&shards).await.unwrap();
            let all = SearchOptions { limit: None, recording: None };
            for text in ["", "camera = front", "width = 3"] {
                let filter = Filter::parse(text).unwrap();
                let found = catalog.search(&filter, &all).await.unwrap();
                let matches = catalog.matches(&filter, 100).await.unwrap();
                assert_eq!(matches.len() as u64, found.total);
                let mut hits = catalog.page(&matches, 0..5).await.unwrap();
                hits.extend(catalog.page(&matches, 5..100).await.unwrap());
                assert_eq!(hits, found.hits, "{text}");
                for (place, hit) in hits.iter().enumerate() {
                    let (id, taken_at) = (&hit.frame.id, hit.frame.taken_at);
                    assert_eq!(matches.place_of(id, taken_at), Some(place));
                    assert_eq!(matches.times()[place], taken_at);
                    assert_eq!(catalog.frame(id).await.unwrap().as_ref(), Some(hit));
                }
                let few = catalog.matches(&filter, 4).await.unwrap();
                assert_eq!(few.count().total, found.total);
                let first = catalog.page(&few, 0..100).await.unwrap();
                assert_eq!(first, found.hits[..found.hits.len().min(4)], "{text}");
            }
        });
    }

    #[test]
    fn a_state_is_the_same_until_something_changes() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            let empty = catalog.state().await.unwrap();
            assert_eq!(catalog.state().await.unwrap(), empty);
            catalog.put_frames(&[frame_shard("front", 2, 1)]).await.unwrap();
            let two = catalog.state().await.unwrap();
            assert_ne!(two, empty);
            let tag = crate::Tag::new("night").unwrap();
            catalog.tag(&Filter::EVERYTHING, &tag, crate::Tagging::Add).await.unwrap();
            assert_ne!(catalog.state().await.unwrap(), two);
        });
    }
}
