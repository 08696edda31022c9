//! What is wrong with a dataset, its images included, and what is in it by numbers.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use roadloop_base::{Report, Skip};
use roadloop_dataset::{
    Card, CheckSettings, Diff, Finding, ImagePlace, Sample, Statistics, check as check_rows,
    image_findings,
};
use roadloop_store::StoreError;

use super::look::{Now, image_now};
use super::shelf;
use crate::{Ctx, EngineError, JobStart, Unit};

/// How closely images are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageCheck {
    /// All are read.
    All,
    /// Only whether they are there, with as many bytes.
    Sizes,
    None,
}

/// What became of an image since the dataset was made.
enum Since {
    Same,
    Missing(String),
    Changed(String),
}

/// Looks for what people look for by hand; what is worst comes first.
pub async fn check(
    ctx: &Ctx,
    card: &Card,
    settings: CheckSettings,
    images: ImageCheck,
) -> Result<Vec<Finding>, EngineError> {
    let (rows, classes) = (shelf::rows(ctx, card).await?, card.classes.clone());
    let examples = settings.examples;
    let of_rows = ctx.cpu.run(move || check_rows(rows, &classes, &settings)).await??;
    if images == ImageCheck::None {
        return Ok(of_rows);
    }
    let (recording, unit, bytes) = (None, Unit::Frames, None);
    let units = Some(card.counts.images);
    let meter = ctx.progress.start(JobStart { job: "check", recording, unit, units, bytes });
    let rows = shelf::rows(ctx, card).await?;
    let looks = stream::iter(rows)
        .map(|sample| async {
            let sample = sample?;
            let since = since(ctx, &sample, images).await?;
            Ok::<_, EngineError>((sample.name.to_string(), since))
        })
        .buffered(super::export::at_once(ctx));
    let mut looks = std::pin::pin!(looks);
    let (mut missing, mut changed, mut done) = (Vec::new(), Vec::new(), 0);
    while let Some((name, since)) = looks.try_next().await? {
        match since {
            Since::Same => {}
            // What is said of an example is one line, as a skip is.
            Since::Missing(reason) => missing.push((name, Skip::new("", reason).reason)),
            Since::Changed(reason) => changed.push((name, reason)),
        }
        done += 1;
        meter.advance(1, 0);
    }
    meter.finish(&Report { done, ..Report::default() });
    let mut findings = image_findings(missing, changed, examples);
    findings.extend(of_rows);
    findings.sort_by_key(|finding| (finding.severity, finding.kind));
    Ok(findings)
}

async fn since(ctx: &Ctx, sample: &Sample, images: ImageCheck) -> Result<Since, EngineError> {
    let Some(then) = &sample.image.content else {
        // It could not be read then; whether it can be now changes nothing that is frozen.
        return Ok(Since::Same);
    };
    if images == ImageCheck::Sizes
        && let Some(bytes) = size_of(ctx, &sample.image.place).await?
    {
        return Ok(match bytes {
            Err(reason) => Since::Missing(reason),
            Ok(bytes) if bytes == then.bytes => Since::Same,
            Ok(bytes) => Since::Changed(format!("{bytes} bytes, and {} then", then.bytes)),
        });
    }
    Ok(match image_now(ctx, &sample.image).await? {
        Now::Same(_) => Since::Same,
        Now::Missing(reason) => Since::Missing(reason),
        Now::Changed => Since::Changed("its bytes are others".to_owned()),
    })
}

/// How many bytes there are now, or why there are none; `None` where only reading tells.
async fn size_of(
    ctx: &Ctx,
    place: &ImagePlace,
) -> Result<Option<Result<u64, String>>, EngineError> {
    match place {
        ImagePlace::Key(key) => match ctx.store.glance(key).await {
            Ok(glance) => Ok(Some(Ok(glance.bytes))),
            Err(error @ StoreError::NotFound { .. }) => Ok(Some(Err(error.to_string()))),
            Err(error) => Err(error.into()),
        },
        ImagePlace::Uri(uri) if roadloop_store::is_remote(uri) => Ok(None),
        ImagePlace::Uri(path) => {
            let path = path.strip_prefix("file://").unwrap_or(path);
            let size = tokio::fs::metadata(path).await;
            Ok(Some(size.map(|about| about.len()).map_err(|error| error.to_string())))
        }
    }
}

/// Counts sizes, places and numbers of boxes.
pub async fn statistics(ctx: &Ctx, card: &Card) -> Result<Statistics, EngineError> {
    let (rows, classes) = (shelf::rows(ctx, card).await?, card.classes.clone());
    Ok(ctx.cpu.run(move || Statistics::of(rows, &classes)).await??)
}

/// What changed from one version to another.
pub async fn diff(ctx: &Ctx, old: &Card, new: &Card) -> Result<Diff, EngineError> {
    let rows = (shelf::rows(ctx, old).await?, shelf::rows(ctx, new).await?);
    let classes = (Arc::new(old.classes.clone()), Arc::new(new.classes.clone()));
    let between = move || Diff::between((&classes.0, rows.0), (&classes.1, rows.1));
    Ok(ctx.cpu.run(between).await??)
}
