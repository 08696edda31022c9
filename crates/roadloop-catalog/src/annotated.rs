//! What people say is on frames, beside what models say.
//!
//! The table `annotations` has, for each frame somebody spoke about, a row for each
//! box and one that marks the frame: nothing on it is an answer too. Saving again
//! replaces all rows of a frame in one commit, and only where its revision is still
//! the one that was looked at: of two people at once, the second is told.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;

use deltalake::arrow::array::{
    Array, ArrayRef, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use roadloop_base::{Annotation, AnnotationRevision, DrawnBox, FrameId, FrameRow, Nanos, PixelBox};

use crate::attached::Missing;
use crate::deliver::{Change, Left, Outdated, deliver};
use crate::filter::Certainty;
use crate::rows::{self, Columns, date_of, frame_ids, times};
use crate::schema::{ANNOTATIONS, annotations_schema, frame_number, order_of};
use crate::search::{Question, among};
use crate::session::looking_up;
use crate::table::{Layout, Table, View};
use crate::{Catalog, CatalogError, Filter, Tag, files};

/// More boxes on one frame are nobody's work.
pub const MAX_BOXES: usize = 2000;

const MAX_LABEL_CHARS: usize = 100;
const MAX_BOX_TAGS: usize = 20;
const MAX_AUTHOR_CHARS: usize = 200;

/// Characters that turn what stands around them, or take no room: a label would read as
/// another one.
const UNSEEN: [std::ops::RangeInclusive<char>; 5] = [
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{2064}',
    '\u{2066}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
];

/// The number of the row that marks a frame, before those of its boxes.
const MARK: i32 = -1;

/// Rows looked at together.
const BATCH_ROWS: usize = 8192;

impl Catalog {
    /// Keeps what somebody says is on a frame, in the place of what was said before,
    /// which `base` names: nothing where the frame had no annotation. The same said
    /// twice is said once.
    pub async fn annotate(
        &self,
        frame: &FrameRow,
        boxes: Vec<DrawnBox>,
        author: &str,
        base: Option<&AnnotationRevision>,
    ) -> Result<Annotation, CatalogError> {
        check(frame, &boxes, author)?;
        let saved_at = Nanos(chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default());
        let revision = revision_of(frame, &boxes, author, saved_at);
        let annotation = Annotation { boxes, author: author.to_owned(), saved_at, revision };
        let saying = Saying { frame, base, said: Some(&annotation) };
        let table = self.table_of(&layout(), Missing::Made).await?;
        let table = table.ok_or_else(|| CatalogError::NotOurs { table: ANNOTATIONS.to_owned() })?;
        if deliver(&table, &saying).await? > 0 {
            return Ok(annotation);
        }
        // It was said before: under the revision it was given then.
        let there = self.annotations(std::slice::from_ref(&frame.id)).await?.remove(&frame.id);
        Ok(there.unwrap_or(annotation))
    }

    /// Takes back what was said of a frame, so that what models say holds again.
    pub async fn take_back(
        &self,
        frame: &FrameRow,
        base: &AnnotationRevision,
    ) -> Result<(), CatalogError> {
        let Some(table) = self.table_of(&layout(), Missing::Left).await? else { return Ok(()) };
        deliver(&table, &Saying { frame, base: Some(base), said: None }).await.map(drop)
    }

    /// The frames that match a filter and that people spoke about, the earliest first.
    pub async fn annotated(&self, filter: &Filter) -> Result<Vec<FrameId>, CatalogError> {
        if self.table_of(&layout(), Missing::Left).await?.is_none() {
            return Ok(Vec::new());
        }
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, None).await?;
        let query = format!(
            "SELECT f.frame, f.recording, f.camera, f.taken_at_ns FROM frames f \
             JOIN {ANNOTATIONS} a ON a.frame = f.frame WHERE a.number = {MARK} AND {} \
             ORDER BY f.taken_at_ns, f.recording, f.camera, f.frame",
            question.condition(Certainty::Known)?
        );
        let mut ids = Vec::new();
        for batch in self.query(question.context(), &query).await? {
            ids.extend(frame_ids(&batch)?);
        }
        Ok(ids)
    }

    /// What people say of some frames; of those nobody spoke about there is none.
    pub async fn annotations(
        &self,
        frames: &[FrameId],
    ) -> Result<HashMap<FrameId, Annotation>, CatalogError> {
        if frames.is_empty() || self.table_of(&layout(), Missing::Left).await?.is_none() {
            return Ok(HashMap::new());
        }
        let context = self.session(None).await?;
        let by_number: HashMap<i64, &FrameId> =
            frames.iter().map(|id| (frame_number(id), id)).collect();
        let numbers: Vec<i64> = by_number.keys().copied().collect();
        let among = among("a", &numbers, &context)?;
        let query = format!("SELECT a.* FROM {ANNOTATIONS} a WHERE {among}");
        let mut said = HashMap::new();
        for batch in self.query(&looking_up(&context), &query).await? {
            read(&batch, &mut said)?;
        }
        let named = said.into_iter().filter_map(|(number, rows)| {
            Some(((*by_number.get(&number)?).clone(), rows.annotation()?))
        });
        Ok(named.collect())
    }
}

pub(crate) fn layout() -> Layout {
    Layout {
        name: ANNOTATIONS.to_owned(),
        schema: annotations_schema(),
        statistics: files::Statistics::First,
    }
}

/// What cannot be kept is refused, in words for who drew it.
fn check(frame: &FrameRow, boxes: &[DrawnBox], author: &str) -> Result<(), CatalogError> {
    let bad = |reason: String| CatalogError::BadAnnotation { reason };
    let is_seen = |c: char| !c.is_control() && !UNSEEN.iter().any(|range| range.contains(&c));
    let is_text = |text: &str, most: usize| {
        !text.trim().is_empty() && text.chars().count() <= most && text.chars().all(is_seen)
    };
    if !is_text(author, MAX_AUTHOR_CHARS) {
        return Err(bad("it has no author, or one of a long or broken name".to_owned()));
    }
    if boxes.len() > MAX_BOXES {
        return Err(bad(format!("it has {} boxes; at most {MAX_BOXES} are kept", boxes.len())));
    }
    for (place, drawn) in boxes.iter().enumerate() {
        let number = place + 1;
        if !is_text(&drawn.label, MAX_LABEL_CHARS) {
            return Err(bad(format!(
                "box {number} needs a label of 1 to {MAX_LABEL_CHARS} characters"
            )));
        }
        if !drawn.pixels.is_within(frame.width, frame.height) {
            return Err(bad(format!(
                "box {number}, {}, lies outside the image of {} × {} pixels",
                drawn.label, frame.width, frame.height
            )));
        }
        if drawn.confidence.is_some_and(|confidence| !(0.0..=1.0).contains(&confidence)) {
            return Err(bad(format!("the confidence of box {number} is not between 0 and 1")));
        }
        if drawn.tags.len() > MAX_BOX_TAGS {
            return Err(bad(format!("box {number} has more than {MAX_BOX_TAGS} tags")));
        }
        for tag in &drawn.tags {
            Tag::new(tag)?;
        }
    }
    Ok(())
}

/// Another one for each time something is saved.
fn revision_of(
    frame: &FrameRow,
    boxes: &[DrawnBox],
    author: &str,
    saved_at: Nanos,
) -> AnnotationRevision {
    let mut hash = Sha256::new();
    hash.update(frame_number(&frame.id).to_be_bytes());
    hash.update(saved_at.0.to_be_bytes());
    // Their texts hold no control characters.
    hash.update(author);
    for drawn in boxes {
        hash.update(format!("\n{drawn:?}"));
    }
    let mut text = String::new();
    for byte in &hash.finalize()[..8] {
        let _ = write!(text, "{byte:02x}");
    }
    AnnotationRevision::new(&text).unwrap_or_else(|| unreachable!("hexadecimal digits"))
}

/// Somebody says something else of a frame, or takes back what was said.
struct Saying<'a> {
    frame: &'a FrameRow,
    base: Option<&'a AnnotationRevision>,
    said: Option<&'a Annotation>,
}

impl Change for Saying<'_> {
    async fn left(&self, table: &Table, view: &View) -> Result<Left, CatalogError> {
        let number = frame_number(&self.frame.id);
        let there = said_of(table, view, number).await?;
        let is_said = match (&there, self.said) {
            (Some(there), Some(said)) => {
                // The very one, or somebody's who pressed the key twice.
                there.revision == said.revision
                    || self.base != Some(&there.revision)
                        && there.author == said.author
                        && there.boxes == said.boxes
            }
            (None, None) => true,
            _ => false,
        };
        if is_said {
            return Ok(Left::default());
        }
        let revision = there.as_ref().map(|annotation| &annotation.revision);
        if revision != self.base {
            return Err(CatalogError::AnnotationChanged {
                frame: self.frame.id.to_string(),
                author: there.map(|annotation| annotation.author),
            });
        }
        let outdated = revision.is_some().then(|| Outdated::OfFrames(HashSet::from([number])));
        let parts = self.said.iter().map(|_| 0).collect();
        Ok(Left { parts, outdated, ..Left::default() })
    }

    fn rows(&self, _: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        let Some(said) = self.said else { return Ok(BTreeMap::new()) };
        let batch = batch_of(self.frame, said)?;
        let all = (0..batch.num_rows() as u32).collect();
        let dates = BTreeMap::from([(date_of(self.frame.taken_at), all)]);
        rows::by_date(&batch, dates, order_of(ANNOTATIONS))
    }
}

/// What was said of a frame at a version of the table.
async fn said_of(
    table: &Table,
    view: &View,
    number: i64,
) -> Result<Option<Annotation>, CatalogError> {
    let rows = Outdated::OfFrames(HashSet::from([number]));
    let schema = table.schema(view)?;
    let mut said = HashMap::new();
    for file in files::candidates(table, view, |bounds| rows.may_be_in(bounds)).await? {
        let mut batches = pin!(files::rows_of(table, &file, &schema, BATCH_ROWS).await?);
        while let Some(batch) = batches.try_next().await? {
            read(&batch, &mut said)?;
        }
    }
    Ok(said.remove(&number).and_then(Said::annotation))
}

fn batch_of(frame: &FrameRow, said: &Annotation) -> Result<RecordBatch, CatalogError> {
    let rows = said.boxes.len() + 1;
    let boxes = || std::iter::once(None).chain(said.boxes.iter().map(Some));
    let all = |text: &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows)))
    };
    let longs = |value: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(std::iter::repeat_n(value, rows)))
    };
    let ints = |values: &mut dyn Iterator<Item = i32>| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(values))
    };
    let pixels = |of: fn(PixelBox) -> f64| -> ArrayRef {
        Arc::new(boxes().map(|drawn| drawn.map(|drawn| of(drawn.pixels))).collect::<Float64Array>())
    };
    let labels = boxes().map(|drawn| drawn.map_or("", |drawn| drawn.label.as_str()));
    let tags = boxes().map(|drawn| drawn.map_or(String::new(), |drawn| drawn.tags.join(",")));
    let confidences = boxes().map(|drawn| drawn.and_then(|drawn| drawn.confidence));
    let shard = frame.id.shard().index as i32;
    let columns: Vec<ArrayRef> = vec![
        longs(frame_number(&frame.id)),
        all(frame.id.recording.as_str()),
        all(frame.id.camera.as_str()),
        times(std::iter::repeat_n(frame.taken_at, rows)),
        longs(frame.taken_at.0),
        ints(&mut std::iter::repeat_n(shard, rows)),
        ints(&mut (MARK..).take(rows)),
        Arc::new(StringArray::from_iter_values(labels)),
        pixels(PixelBox::left),
        pixels(PixelBox::top),
        pixels(PixelBox::width),
        pixels(PixelBox::height),
        Arc::new(confidences.collect::<Float32Array>()),
        Arc::new(StringArray::from_iter_values(tags)),
        all(&said.author),
        longs(said.saved_at.0),
        all(said.revision.as_str()),
    ];
    Ok(RecordBatch::try_new(annotations_schema(), columns)?)
}

/// The rows of one frame.
#[derive(Debug, Default)]
struct Said {
    boxes: Vec<(i32, DrawnBox)>,
    mark: Option<(String, Nanos, AnnotationRevision)>,
}

impl Said {
    /// Its boxes in the order they were saved in.
    fn annotation(mut self) -> Option<Annotation> {
        let (author, saved_at, revision) = self.mark?;
        self.boxes.sort_by_key(|(number, _)| *number);
        let boxes = self.boxes.into_iter().map(|(_, drawn)| drawn).collect();
        Some(Annotation { boxes, author, saved_at, revision })
    }
}

fn read(batch: &RecordBatch, said: &mut HashMap<i64, Said>) -> Result<(), CatalogError> {
    let damaged = |what: &str| CatalogError::DamagedRows { what: format!("an annotation {what}") };
    let columns = Columns(batch);
    let (frames, numbers) = (columns.longs("frame")?, columns.ints("number")?);
    let (labels, tags) = (columns.texts("label")?, columns.texts("tags")?);
    let sides = [
        columns.doubles("left_px")?,
        columns.doubles("top_px")?,
        columns.doubles("width_px")?,
        columns.doubles("height_px")?,
    ];
    let (confidences, authors) = (columns.floats("confidence")?, columns.texts("author")?);
    let (saved, revisions) = (columns.longs("saved_at_ns")?, columns.texts("revision")?);
    for row in 0..batch.num_rows() {
        let of_frame = said.entry(frames.value(row)).or_default();
        if numbers.value(row) == MARK {
            let revision = AnnotationRevision::new(revisions.value(row));
            let revision = revision.ok_or_else(|| damaged("has no revision"))?;
            of_frame.mark =
                Some((authors.value(row).to_owned(), Nanos(saved.value(row)), revision));
            continue;
        }
        let [left, top, width, height] = [0, 1, 2, 3].map(|side: usize| sides[side].value(row));
        let tags = tags.value(row).split(',').filter(|tag| !tag.is_empty());
        let drawn = DrawnBox {
            label: labels.value(row).to_owned(),
            pixels: PixelBox::new(left, top, width, height)
                .ok_or_else(|| damaged("has a box without an inside"))?,
            confidence: confidences.is_valid(row).then(|| confidences.value(row)),
            tags: tags.map(str::to_owned).collect(),
        };
        of_frame.boxes.push((numbers.value(row), drawn));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::SqlLimits;
    use crate::testing::{frame, frame_shard, open, run};

    fn drawn(label: &str, left: f64) -> DrawnBox {
        DrawnBox {
            label: label.to_owned(),
            pixels: PixelBox::new(left, 2.0, 30.0, 40.0).unwrap(),
            confidence: (label == "car").then_some(0.5),
            tags: vec!["occluded".to_owned(), "check-me".to_owned()],
        }
    }

    #[test]
    fn what_was_said_is_there_and_who_comes_second_is_told() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            catalog.put_frames(&[frame_shard("front", 3, 1)]).await.unwrap();
            let (first, second) = (frame("drive-1", "front", 0), frame("drive-1", "front", 1));
            let ids = [first.id.clone(), second.id.clone()];
            assert!(catalog.annotations(&ids).await.unwrap().is_empty());

            let boxes = vec![drawn("person", 1.0), drawn("car", 7.0)];
            let said = catalog.annotate(&first, boxes.clone(), "ann", None).await.unwrap();
            let nothing = catalog.annotate(&second, Vec::new(), "ann", None).await.unwrap();
            let there = catalog.annotations(&ids).await.unwrap();
            assert_eq!(catalog.annotated(&Filter::EVERYTHING).await.unwrap(), ids);
            assert_eq!(there[&first.id], said);
            assert_eq!((&there[&second.id], there.len()), (&nothing, 2));

            // Somebody who saw nothing yet, and somebody who did.
            let late = catalog.annotate(&first, vec![drawn("bus", 3.0)], "bob", None).await;
            let late = late.unwrap_err();
            assert!(late.to_string().contains("ann"), "{late}");
            let base = Some(&said.revision);
            let next = catalog.annotate(&first, vec![drawn("bus", 3.0)], "bob", base).await;
            let next = next.unwrap();
            assert_ne!(next.revision, said.revision);
            assert_eq!(catalog.annotations(&ids).await.unwrap()[&first.id].boxes.len(), 1);
            // Who saved and did not hear of it saves again.
            let again = catalog.annotate(&first, vec![drawn("bus", 3.0)], "bob", base).await;
            assert_eq!(again.unwrap(), next);
            assert_eq!(catalog.annotations(&ids).await.unwrap()[&first.id], next);

            assert!(catalog.take_back(&first, &said.revision).await.is_err());
            catalog.take_back(&first, &next.revision).await.unwrap();
            catalog.take_back(&first, &next.revision).await.unwrap();
            let there = catalog.annotations(&ids).await.unwrap();
            assert_eq!((there.contains_key(&first.id), there.len()), (false, 1));
        });
    }

    #[test]
    fn it_can_be_asked_about_in_sql() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            catalog.put_frames(&[frame_shard("front", 3, 1)]).await.unwrap();
            let count = "SELECT count(*) AS n FROM annotations WHERE label = 'car'";
            let lines = async |catalog: &Catalog| {
                let rows = catalog.sql(count, &SqlLimits::default()).await.unwrap();
                let mut bytes = Vec::new();
                rows.write(crate::Format::Csv, &mut bytes).unwrap();
                String::from_utf8(bytes).unwrap()
            };
            assert_eq!(lines(&catalog).await.lines().last(), Some("0"));
            let first = frame("drive-1", "front", 0);
            catalog.annotate(&first, vec![drawn("car", 1.0)], "ann", None).await.unwrap();
            assert_eq!(lines(&catalog).await.lines().last(), Some("1"));
        });
    }

    #[test]
    fn of_two_at_once_one_wins() {
        run(async {
            let folder = TempDir::new().unwrap();
            let (one, other) = (open(&folder).await, open(&folder).await);
            one.put_frames(&[frame_shard("front", 1, 1)]).await.unwrap();
            let first = frame("drive-1", "front", 0);
            let (a, b) = tokio::join!(
                one.annotate(&first, vec![drawn("car", 1.0)], "ann", None),
                other.annotate(&first, vec![drawn("bus", 1.0)], "bob", None),
            );
            assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1, "{a:?} {b:?}");
        });
    }

    #[track_caller]
    fn refused(drawn: DrawnBox, author: &str, part: &str) {
        let error = check(&frame("drive-1", "front", 0), &[drawn], author).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.kind(), roadloop_base::ErrorKind::Invalid);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let good = drawn("car", 1.0);
        check(&frame("drive-1", "front", 0), std::slice::from_ref(&good), "ann").unwrap();
        refused(good.clone(), " ", "author");
        refused(DrawnBox { label: "\u{7}".to_owned(), ..good.clone() }, "ann", "label");
        refused(DrawnBox { label: "car\u{202e}".to_owned(), ..good.clone() }, "ann", "label");
        refused(DrawnBox { label: "x".repeat(101), ..good.clone() }, "ann", "label");
        let outside = PixelBox::new(1279.5, 0.0, 1.0, 1.0).unwrap();
        refused(DrawnBox { pixels: outside, ..good.clone() }, "ann", "outside");
        refused(DrawnBox { confidence: Some(1.5), ..good.clone() }, "ann", "confidence");
        refused(DrawnBox { tags: vec!["a,b".to_owned()], ..good.clone() }, "ann", "a,b");
        refused(DrawnBox { tags: vec!["a".to_owned(); 21], ..good }, "ann", "tags");
    }
}
