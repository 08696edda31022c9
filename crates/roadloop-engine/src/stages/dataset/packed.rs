//! A dataset as records: images made smaller by all cores, then written one behind the other.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use roadloop_base::Skip;
use roadloop_dataset::formats::image_path;
use roadloop_dataset::records::{NewRecord, RecordSettings};
use roadloop_dataset::{Card, DatasetError, Format, RecordWriter, Sample, Split};
use roadloop_vision::{Packed, pack};

use super::export::{ExportSettings, Exported, at_once};
use super::look::{image_bytes, image_skip};
use crate::{Ctx, EngineError, JobStart, Unit};

/// The records of a split on their way.
enum Records {
    /// They were finished by an export that was stopped later.
    There,
    /// Up to that id they are there.
    UnderWay { writer: Box<RecordWriter>, next_id: u64 },
}

/// A sample that is to become a record of that id.
struct Numbered {
    sample: Sample,
    id: u64,
    is_there: bool,
}

/// Writes records of all splits; goes on with what is there.
pub(super) async fn write(
    ctx: &Ctx,
    card: &Card,
    settings: &ExportSettings,
    samples: impl Iterator<Item = Result<Sample, DatasetError>> + Send,
    splits: &[Split],
) -> Result<Exported, EngineError> {
    let folder = &settings.folder;
    let mut records = BTreeMap::new();
    for split in splits {
        let under_way = match folder.join(format!("{split}.rec")).exists() {
            true => Records::There,
            false => {
                let how = RecordSettings::default();
                let writer = RecordWriter::resume(folder, split.name(), &card.classes, how)?;
                Records::UnderWay { next_id: writer.next_id(), writer: Box::new(writer) }
            }
        };
        records.insert(*split, under_way);
    }
    let firsts: BTreeMap<Split, u64> = records
        .iter()
        .map(|(split, records)| match records {
            Records::There => (*split, u64::MAX),
            Records::UnderWay { next_id, .. } => (*split, *next_id),
        })
        .collect();
    let mut next: BTreeMap<Split, u64> = BTreeMap::new();
    let numbered = samples.map(move |sample| {
        let sample = sample?;
        let id = next.entry(sample.split).or_default();
        let is_there = firsts.get(&sample.split).is_some_and(|first| *id < *first);
        *id += 1;
        Ok::<_, EngineError>(Numbered { id: *id - 1, is_there, sample })
    });
    let (recording, unit, bytes) = (None, Unit::Frames, None);
    let units = Some(card.counts.images).filter(|_| settings.splits.is_empty());
    let meter = ctx.progress.start(JobStart { job: "export", recording, unit, units, bytes });
    let mut done = Exported::default();
    let packing = stream::iter(numbered)
        .map(|numbered| async { pack_one(ctx, settings, numbered?).await })
        .buffered(at_once(ctx));
    let mut packing = std::pin::pin!(packing);
    while let Some((Numbered { sample, id, is_there }, packed)) = packing.try_next().await? {
        meter.advance(1, 0);
        let boxes = sample.boxes.as_ref().map_or(0, Vec::len) as u64;
        let packed = match packed {
            _ if sample.boxes.is_none() => {
                done.unlabelled += 1;
                continue;
            }
            _ if is_there => {
                done.report.already_done += 1;
                done.boxes += boxes;
                continue;
            }
            Ok(packed) => packed,
            Err(skip) => {
                meter.skipped(&skip);
                done.report.skipped.push(skip);
                continue;
            }
        };
        let Some(Records::UnderWay { writer, .. }) = records.get_mut(&sample.split) else {
            continue;
        };
        let (path, image) = (image_path(Format::RecordIo, &sample), packed.bytes.as_ref());
        let (width, height) = (packed.width, packed.height);
        writer.write(&sample, &NewRecord { id, path: &path, image, width, height })?;
        done.report.done += 1;
        done.boxes += boxes;
    }
    for under_way in records.into_values() {
        if let Records::UnderWay { writer, .. } = under_way {
            let finish = move || writer.finish();
            tokio::task::spawn_blocking(finish).await.map_err(EngineError::stopped)??;
        }
    }
    meter.finish(&done.report);
    Ok(done)
}

async fn pack_one(
    ctx: &Ctx,
    settings: &ExportSettings,
    numbered: Numbered,
) -> Result<(Numbered, Result<Packed, Skip>), EngineError> {
    let sample = &numbered.sample;
    if numbered.is_there || sample.boxes.is_none() {
        let unwanted = image_skip(sample, "it is not packed");
        return Ok((numbered, Err(unwanted)));
    }
    let bytes = match image_bytes(ctx, sample).await? {
        Ok(bytes) => bytes,
        Err(skip) => return Ok((numbered, Err(skip))),
    };
    let pack_settings = settings.pack;
    let packed = ctx.cpu.run(move || pack(&bytes, &pack_settings)).await?;
    let packed = packed.map_err(|error| image_skip(sample, error.to_string()));
    Ok((numbered, packed))
}
