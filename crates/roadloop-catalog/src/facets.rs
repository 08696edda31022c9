//! What is beside a list of hits: how sure models are, which tags there are, how much
//! happens when, what is attached to one frame.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::TryStreamExt;
use serde_json::{Map, Value};

use roadloop_base::{Detection, FrameId, MAX_SEQUENCE, Nanos, Position, RecordingId};

use crate::filter::{Certainty, quoted};
use crate::grouping::LABEL;
use crate::rows::{Columns, detections, frame_ids};
use crate::schema::{LOOKED, REDACTED, frame_number, frames_schema};
use crate::search::{Question, among};
use crate::session::{SELECTIONS, looking_up, query_error};
use crate::{Catalog, CatalogError, Filter, Format, Hit, Rows};

/// Confidences are counted in so many steps from 0 to 1.
pub const CONFIDENCE_BINS: usize = 20;

/// How much happens in one stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    pub frames: u64,
    /// Detections by label.
    pub labels: BTreeMap<String, u64>,
}

/// What was found on one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameDetections {
    pub id: FrameId,
    /// It has an anonymised copy.
    pub anonymized: bool,
    /// A detector has looked at it.
    pub looked_at: bool,
    pub detections: Vec<Detection>,
}

/// Frames and where they were taken.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// By time.
    pub frames: Vec<(FrameId, Nanos, Position)>,
    /// Frames with a position, here or not.
    pub total: u64,
    /// Whose frames these are.
    pub recordings: BTreeSet<RecordingId>,
}

impl Catalog {
    /// How many detections there are of each step of confidence, on frames that match.
    pub async fn confidences(
        &self,
        filter: &Filter,
    ) -> Result<[u64; CONFIDENCE_BINS], CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, None).await?;
        let condition = question.condition(Certainty::Known)?;
        let query = format!(
            "SELECT least(CAST(floor(d.confidence * {CONFIDENCE_BINS}) AS INT), {}) AS bin, \
             count(*) AS n FROM frames f JOIN detections d ON d.frame = f.frame \
             WHERE {condition} GROUP BY bin",
            CONFIDENCE_BINS - 1
        );
        let mut bins = [0; CONFIDENCE_BINS];
        for batch in self.query(question.context(), &query).await? {
            let (steps, counts) = (Columns(&batch).longs("bin")?, Columns(&batch).longs("n")?);
            for (step, count) in steps.values().iter().zip(counts.values()) {
                if let Some(bin) = usize::try_from(*step).ok().and_then(|step| bins.get_mut(step)) {
                    *bin += *count as u64;
                }
            }
        }
        Ok(bins)
    }

    /// The tags of frames that match, with how many have each, the most first.
    pub async fn tags_of_matching(
        &self,
        filter: &Filter,
    ) -> Result<Vec<(String, u64)>, CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, None).await?;
        let condition = question.condition(Certainty::Known)?;
        let query = format!(
            "SELECT t.tag, count(*) AS n FROM frames f JOIN tags t ON t.frame = f.frame \
             WHERE {condition} GROUP BY t.tag ORDER BY n DESC, t.tag"
        );
        let mut tags = Vec::new();
        for batch in self.query(question.context(), &query).await? {
            let (names, counts) = (Columns(&batch).texts("tag")?, Columns(&batch).longs("n")?);
            for (name, count) in names.iter().zip(counts.values()) {
                tags.push((name.unwrap_or_default().to_owned(), *count as u64));
            }
        }
        Ok(tags)
    }

    /// The tags of some frames, in order; those without are left out.
    pub async fn tags_on(
        &self,
        frames: &[FrameId],
    ) -> Result<HashMap<FrameId, Vec<String>>, CatalogError> {
        let mut tags = HashMap::<FrameId, Vec<String>>::new();
        if frames.is_empty() {
            return Ok(tags);
        }
        let context = self.session(None).await?;
        let numbers: Vec<i64> = frames.iter().map(frame_number).collect();
        let among = among("t", &numbers, &context)?;
        let query = format!(
            "SELECT t.frame, t.recording, t.camera, t.tag FROM tags t WHERE {among} \
             ORDER BY t.frame, t.tag"
        );
        for batch in self.query(&looking_up(&context), &query).await? {
            let names = Columns(&batch).texts("tag")?;
            for (id, name) in frame_ids(&batch)?.into_iter().zip(&names) {
                tags.entry(id).or_default().extend(name.map(str::to_owned));
            }
        }
        Ok(tags)
    }

    /// What is attached to a frame, by its joined name: `weather_condition`.
    pub async fn attached_to(&self, frame: &FrameId) -> Result<Map<String, Value>, CatalogError> {
        if self.attached_names().await?.is_empty() {
            return Ok(Map::new());
        }
        let context = self.session(None).await?;
        let number = frame_number(frame);
        let query = format!("SELECT * FROM frames_joined f WHERE f.frame = {number}");
        let rows = context.sql(&query).await?;
        let schema = rows.schema().as_arrow().clone();
        let rows = Rows::new(&schema, rows.collect().await?, false)?;
        let mut line = Vec::new();
        rows.write(Format::JsonLines, &mut line)?;
        let mut values: Map<String, Value> = serde_json::from_slice(&line).unwrap_or_default();
        let ours = frames_schema();
        values.retain(|name, _| {
            ours.index_of(name).is_err()
                && ![crate::schema::PARTITION, "tags"].contains(&name.as_str())
        });
        Ok(values)
    }

    /// The frames of a recording and what was found on them, in steps of time of a
    /// given length, by the number of the step since 1970.
    pub async fn activity(
        &self,
        recording: &RecordingId,
        step: std::time::Duration,
    ) -> Result<BTreeMap<i64, Activity>, CatalogError> {
        let context = self.session(None).await?;
        let step = i64::try_from(step.as_nanos()).unwrap_or(i64::MAX).max(1);
        let of = quoted(recording.as_str());
        let mut steps = BTreeMap::<i64, Activity>::new();
        // Whole numbers are divided towards zero: before 1970 too, a step is a step.
        let number = format!("CAST(floor(CAST(taken_at_ns AS DOUBLE) / {step}.0) AS BIGINT)");
        let query = format!(
            "SELECT {number} AS step, count(*) AS n FROM frames WHERE recording = {of} GROUP BY step"
        );
        for batch in self.query(&context, &query).await? {
            let (numbers, counts) = (Columns(&batch).longs("step")?, Columns(&batch).longs("n")?);
            for (number, count) in numbers.values().iter().zip(counts.values()) {
                steps.entry(*number).or_default().frames += *count as u64;
            }
        }
        let query = format!(
            "SELECT {number} AS step, label, count(*) AS n FROM detections \
             WHERE recording = {of} GROUP BY step, label"
        );
        for batch in self.query(&context, &query).await? {
            let (numbers, counts) = (Columns(&batch).longs("step")?, Columns(&batch).longs("n")?);
            let labels = Columns(&batch).texts("label")?;
            for (row, number) in numbers.values().iter().enumerate() {
                let labels_there = &mut steps.entry(*number).or_default().labels;
                *labels_there.entry(labels.value(row).to_owned()).or_default() +=
                    counts.value(row) as u64;
            }
        }
        Ok(steps)
    }

    /// Goes through what was found on the frames of a recording, camera by camera in the
    /// order they were taken. Frames nobody looked at are not among them.
    pub async fn each_looked_at(
        &self,
        recording: &RecordingId,
        mut see: impl FnMut(FrameDetections),
    ) -> Result<(), CatalogError> {
        let context = self.session(None).await?;
        let query = format!(
            "SELECT d.frame, d.recording, d.camera, d.kind, d.label, d.confidence, d.model, \
             d.bbox_left, d.bbox_top, d.bbox_right, d.bbox_bottom FROM detection_rows d \
             WHERE d.recording = {} ORDER BY d.frame, d.number",
            quoted(recording.as_str())
        );
        let failed = |source| query_error(source, self.engine().memory_limit_bytes());
        let mut batches = self.stream(&context, &query).await?;
        let mut open: Option<(i64, FrameDetections)> = None;
        while let Some(batch) = batches.try_next().await.map_err(failed)? {
            let (numbers, kinds) =
                (Columns(&batch).longs("frame")?, Columns(&batch).texts("kind")?);
            let ids = frame_ids(&batch)?;
            let mut found = HashMap::<i64, Vec<Detection>>::new();
            for (number, detection) in detections(&batch)? {
                found.entry(number).or_default().push(detection);
            }
            for (row, id) in ids.into_iter().enumerate() {
                let number = numbers.value(row);
                if open.as_ref().is_none_or(|(there, _)| *there != number) {
                    let new = FrameDetections {
                        id,
                        anonymized: false,
                        looked_at: false,
                        detections: Vec::new(),
                    };
                    if let Some((_, whole)) = open.replace((number, new)) {
                        see(whole);
                    }
                }
                let Some((_, frame)) = &mut open else { continue };
                frame.detections.extend(found.remove(&number).into_iter().flatten());
                frame.anonymized |= kinds.value(row) == REDACTED;
                frame.looked_at |= kinds.value(row) == LOOKED;
            }
        }
        if let Some((_, last)) = open {
            see(last);
        }
        Ok(())
    }

    /// The frames of its camera before a frame, and after it: so many of each, in the
    /// order they were taken.
    pub async fn neighbours(
        &self,
        frame: &FrameId,
        each: usize,
    ) -> Result<(Vec<Hit>, Vec<Hit>), CatalogError> {
        let context = looking_up(&self.session(None).await?);
        let number = frame_number(frame);
        let first = number - i64::from(frame.sequence);
        let last = first + i64::from(MAX_SEQUENCE);
        let mut around = [Vec::new(), Vec::new()];
        let sides = [(first, number - 1, "DESC"), (number + 1, last, "ASC")];
        for (side, (from, to, order)) in around.iter_mut().zip(sides) {
            let query = format!(
                "SELECT frame FROM frames WHERE frame BETWEEN {from} AND {to} \
                 ORDER BY frame {order} LIMIT {each}"
            );
            for batch in self.query(&context, &query).await? {
                side.extend(Columns(&batch).longs("frame")?.values());
            }
            side.sort_unstable();
        }
        let numbers = around.concat();
        let (hits, earlier) =
            (self.hits_of(&numbers).await?, |hit: &Hit| hit.frame.id.sequence < frame.sequence);
        Ok(hits.into_iter().partition(earlier))
    }

    /// Where frames that match were taken: at most so many of them, evenly.
    pub async fn places(&self, filter: &Filter, most: usize) -> Result<Places, CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, None).await?;
        let query = format!(
            "SELECT f.frame, f.recording, f.camera, f.taken_at_ns, f.latitude, f.longitude \
             FROM frames f WHERE f.latitude IS NOT NULL AND f.longitude IS NOT NULL AND {}",
            question.condition(Certainty::Known)?
        );
        let failed = |source| query_error(source, self.engine().memory_limit_bytes());
        let mut batches = self.stream(question.context(), &query).await?;
        let (mut places, mut every) = (Places::default(), 1);
        while let Some(batch) = batches.try_next().await.map_err(failed)? {
            let columns = Columns(&batch);
            let times = columns.longs("taken_at_ns")?;
            let (latitudes, longitudes) =
                (columns.doubles("latitude")?, columns.doubles("longitude")?);
            for (row, id) in frame_ids(&batch)?.into_iter().enumerate() {
                let at = Position::new(latitudes.value(row), longitudes.value(row), None);
                let Some(at) = at else { continue };
                places.total += 1;
                if !places.recordings.contains(&id.recording) {
                    places.recordings.insert(id.recording.clone());
                }
                if u64::from(id.sequence) % every == 0 {
                    places.frames.push((id, Nanos(times.value(row)), at));
                }
            }
            while places.frames.len() > most.max(1) {
                every *= 2;
                let before = places.frames.len();
                places.frames.retain(|(id, ..)| u64::from(id.sequence) % every == 0);
                // Many cameras with few frames each: their firsts are always kept.
                if every > u64::from(MAX_SEQUENCE) && places.frames.len() == before {
                    places.frames.truncate(most);
                }
            }
        }
        places.frames.sort_by(|(a, at, _), (b, bt, _)| at.cmp(bt).then_with(|| a.cmp(b)));
        Ok(places)
    }

    /// The saved selections that have a frame in their newest version.
    pub async fn selections_with(&self, frame: &FrameId) -> Result<Vec<String>, CatalogError> {
        let context = self.session(None).await?;
        let query = format!(
            "SELECT DISTINCT name FROM {SELECTIONS} WHERE frame = {} ORDER BY name",
            frame_number(frame)
        );
        let mut names = Vec::new();
        for batch in self.query(&context, &query).await? {
            names.extend(Columns(&batch).texts("name")?.iter().flatten().map(str::to_owned));
        }
        Ok(names)
    }

    /// Names of the columns that a filter may speak of, with what their values are.
    pub async fn columns(&self) -> Result<Vec<(String, &'static str)>, CatalogError> {
        let context = self.session(None).await?;
        let words = vec!["anything_attached".to_owned()];
        let vocabulary = self.vocabulary(&context, &Filter::EVERYTHING, &words).await?;
        Ok(vocabulary.columns())
    }

    /// The texts that a column has on frames, at most so many, by how many have each.
    pub async fn values_of(
        &self,
        column: &str,
        most: usize,
    ) -> Result<Vec<(String, u64)>, CatalogError> {
        if column == LABEL {
            return self.labels(most).await;
        }
        let histogram = self.histogram(&Filter::EVERYTHING, &[column.to_owned()], None).await?;
        let groups = histogram.groups.into_iter().take(most);
        Ok(groups.map(|group| (group.is.join(" "), group.number)).collect())
    }

    /// Not by way of a histogram, which counts frames too: of millions of detections that
    /// takes ten times as long.
    async fn labels(&self, most: usize) -> Result<Vec<(String, u64)>, CatalogError> {
        let context = self.session(None).await?;
        let query = format!(
            "SELECT label, count(*) AS n FROM detections GROUP BY label \
             ORDER BY n DESC, label LIMIT {most}"
        );
        let mut labels = Vec::new();
        for batch in self.query(&context, &query).await? {
            let columns = Columns(&batch);
            let (names, counts) = (columns.texts("label")?, columns.longs("n")?);
            let counts = counts.values().iter().map(|count| *count as u64);
            labels.extend(names.iter().flatten().map(str::to_owned).zip(counts));
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use roadloop_base::{Kind, Stage};
    use tempfile::TempDir;

    use super::*;
    use crate::testing::{detection, detection_shard, frame, frame_shard, open, run};
    use crate::{Sampling, SelectionName, Tag, Tagging};

    /// Twelve frames of a camera, a tenth of a second apart, all looked at: a car on three of
    /// them, and a person on the first.
    async fn small(folder: &TempDir) -> Catalog {
        let catalog = open(folder).await;
        let frames = frame_shard("front", 12, 1);
        catalog.put_frames(std::slice::from_ref(&frames)).await.unwrap();
        let car = |confidence| detection(Kind::Object, "car", confidence);
        let shard = detection_shard(&frames, 1, |sequence| match sequence {
            0 => vec![car(0.97), detection(Kind::Object, "person", 0.5)],
            2 | 4 => vec![car(0.25)],
            _ => Vec::new(),
        });
        catalog.put_detections(Stage::Detect, &[shard]).await.unwrap();
        catalog
    }

    fn id(sequence: u32) -> FrameId {
        frame("drive-1", "front", sequence).id
    }

    #[test]
    fn steps_of_confidence_and_of_time() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            let bins = catalog.confidences(&Filter::EVERYTHING).await.unwrap();
            assert_eq!((bins[19], bins[10], bins[5], bins.iter().sum::<u64>()), (1, 1, 2, 4));
            let cars = Filter::parse("has(person)").unwrap();
            assert_eq!(catalog.confidences(&cars).await.unwrap().iter().sum::<u64>(), 2);
            let half = Duration::from_millis(500);
            let steps = catalog.activity(&id(0).recording, half).await.unwrap();
            let counts: Vec<u64> = steps.values().map(|step| step.frames).collect();
            assert_eq!(counts, [5, 5, 2]);
            let first = steps.values().next().unwrap();
            assert_eq!((first.labels["car"], first.labels["person"]), (3, 1));
        });
    }

    #[test]
    fn what_is_around_a_frame_and_on_it() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            let names = |hits: Vec<Hit>| -> Vec<u32> {
                hits.iter().map(|hit| hit.frame.id.sequence).collect()
            };
            let (before, after) = catalog.neighbours(&id(3), 2).await.unwrap();
            assert_eq!((names(before), names(after)), (vec![1, 2], vec![4, 5]));
            let (before, after) = catalog.neighbours(&id(11), 2).await.unwrap();
            assert_eq!((names(before), names(after)), (vec![9, 10], vec![]));
            let night = Tag::new("night").unwrap();
            let two = Filter::parse("sequence in (1, 2)").unwrap();
            catalog.tag(&two, &night, Tagging::Add).await.unwrap();
            let tags = catalog.tags_on(&[id(1), id(3)]).await.unwrap();
            assert_eq!((tags.len(), &*tags[&id(1)]), (1, &["night".to_owned()][..]));
            let cars = Filter::parse("has(car)").unwrap();
            let tagged = catalog.tags_of_matching(&cars).await.unwrap();
            assert_eq!(tagged, [("night".to_owned(), 1)]);
            let mut draw = catalog.draw(&two, Sampling::default()).await.unwrap();
            assert!(draw.go_on(&catalog).await.unwrap().is_empty());
            let name = SelectionName::new("two").unwrap();
            catalog.save(&name, &draw).await.unwrap();
            assert_eq!(catalog.selections_with(&id(2)).await.unwrap(), ["two"]);
            assert!(catalog.selections_with(&id(3)).await.unwrap().is_empty());
        });
    }

    #[test]
    fn frames_that_were_looked_at_come_in_their_order() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            let mut seen = Vec::new();
            let see = |frame: FrameDetections| {
                assert!(frame.looked_at && !frame.anonymized);
                seen.push((frame.id.sequence, frame.detections.len()));
            };
            catalog.each_looked_at(&id(0).recording, see).await.unwrap();
            assert!(seen.is_sorted());
            assert_eq!(seen.iter().map(|(_, found)| found).sum::<usize>(), 4);
            assert_eq!(seen[0], (0, 2));
        });
    }

    #[test]
    fn places_are_thinned_and_columns_named() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            let all = catalog.places(&Filter::EVERYTHING, 100).await.unwrap();
            assert_eq!((all.frames.len(), all.total, all.recordings.len()), (12, 12, 1));
            let few = catalog.places(&Filter::EVERYTHING, 4).await.unwrap();
            assert_eq!((few.total, few.frames.len()), (12, 3));
            assert!(few.frames.is_sorted_by_key(|(_, at, _)| *at));
            let columns = catalog.columns().await.unwrap();
            assert!(columns.contains(&("camera".to_owned(), "text")));
            assert!(columns.contains(&("tod".to_owned(), "text")));
            assert!(columns.contains(&("taken_at".to_owned(), "time")));
            let cameras = catalog.values_of("camera", 5).await.unwrap();
            assert_eq!(cameras, [("front".to_owned(), 12)]);
            assert!(catalog.attached_to(&id(0)).await.unwrap().is_empty());
        });
    }
}
