//! Samples of a saved selection: its frames, with what people or models say of them now.

use std::collections::BTreeMap;

use roadloop_base::{Annotation, Detection, FrameRow, Kind};
use roadloop_catalog::SelectionRef;
use roadloop_dataset::{Area, Attribute, OriginKind, SampleBox};

use super::{Gathered, PAGE, Said, SelectionLabels};
use crate::{Ctx, EngineError};

pub(super) async fn gather(
    ctx: &Ctx,
    name: &SelectionRef,
    labels: SelectionLabels,
) -> Result<Gathered, EngineError> {
    let card = ctx.catalog.selection(name).await?;
    let mut gathered =
        Gathered::new(OriginKind::Selection, format!("{}@{}", card.name, card.version));
    gathered.origin.revision = Some(card.rows.clone());
    gathered.origin.detail = Some(match labels {
        SelectionLabels::People => "labels of people".to_owned(),
        SelectionLabels::Models { confidence } => {
            format!("labels of models, from a confidence of {confidence} on")
        }
    });
    let rows = ctx.catalog.selected(&card).await?;
    for page in rows.chunks(PAGE) {
        match labels {
            SelectionLabels::People => people(ctx, &mut gathered, page).await?,
            SelectionLabels::Models { confidence } => {
                models(ctx, &mut gathered, page, confidence).await?;
            }
        }
    }
    Ok(gathered)
}

async fn people(ctx: &Ctx, gathered: &mut Gathered, rows: &[FrameRow]) -> Result<(), EngineError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let mut said = ctx.catalog.annotations(&ids).await?;
    for row in rows {
        let boxes = said.remove(&row.id).map(|annotation| drawn(gathered, annotation));
        gathered.push_frame(row, Said { boxes, ..Said::default() });
    }
    Ok(())
}

fn drawn(gathered: &mut Gathered, annotation: Annotation) -> Vec<SampleBox> {
    let boxes = annotation.boxes.into_iter().map(|drawn| SampleBox {
        class: gathered.class(&drawn.label),
        area: drawn.pixels.into(),
        confidence: drawn.confidence.map(f64::from),
        attributes: drawn.tags.into_iter().map(|tag| (tag, Attribute::Flag(true))).collect(),
    });
    boxes.collect()
}

async fn models(
    ctx: &Ctx,
    gathered: &mut Gathered,
    rows: &[FrameRow],
    confidence: f32,
) -> Result<(), EngineError> {
    let found = ctx.catalog.describe(rows.to_vec()).await?;
    for hit in found.hits {
        let objects = hit.detections.iter().filter(|detection| {
            detection.kind == Kind::Object && detection.confidence >= confidence
        });
        let size = (hit.frame.width, hit.frame.height);
        let mut boxes = Vec::new();
        for detection in objects {
            boxes.extend(found_box(gathered, detection, size));
        }
        let boxes = hit.looked_at.then_some(boxes);
        gathered.push_frame(&hit.frame, Said { boxes, ..Said::default() });
    }
    Ok(())
}

/// `None` where the model says nothing of a place.
fn found_box(
    gathered: &mut Gathered,
    detection: &Detection,
    (width, height): (u32, u32),
) -> Option<SampleBox> {
    let bbox = detection.bbox?;
    let [width, height] = [width, height].map(f64::from);
    let (left, top) = (f64::from(bbox.left()) * width, f64::from(bbox.top()) * height);
    let (right, bottom) = (f64::from(bbox.right()) * width, f64::from(bbox.bottom()) * height);
    let area = Area::from_corners(left, top, right, bottom).ok()?;
    let confidence = Some(f64::from(detection.confidence));
    let class = gathered.class(&detection.label);
    Some(SampleBox { class, area, confidence, attributes: BTreeMap::new() })
}
