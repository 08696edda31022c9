//! A sheet of augmented pictures, with the boxes of a detector in place of a person's.
//!
//!     ORT_DYLIB_PATH=… cargo run --release -p roadloop-train --example show_batches -- \
//!         RECIPE SIDE MODEL.onnx FOLDER OUT.png
//!
//! RECIPE is yolox, nano, yolov3 or none; SIDE is of the input, or `random`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roadloop_base::{Items, Skip};
use roadloop_train::{
    Augment, BatchOrder, BatchSettings, Batches, Example, LabelBox, Lot, RandomShape, YOLOV3_INPUT,
    YOLOX_INPUT, YoloxSize, batch_sheet,
};
use roadloop_vision::{
    Detector, DetectorOptions, Fit, ModelSource, decode_bytes, open_detector, runtime,
};

struct Photographs(Vec<Example>);

impl Items for Photographs {
    type Item = Example;
    type Error = Skip;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, place: usize) -> Result<Example, Skip> {
        self.0.get(place).cloned().ok_or_else(|| Skip::new(format!("{place}"), "there is none"))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [recipe, side, model, folder, out] = &arguments[..] else {
        return Err("usage: show_batches RECIPE SIDE MODEL.onnx FOLDER OUT.png".into());
    };
    let (augment, fit, normalize) = match recipe.as_str() {
        "yolox" => (Augment::default(), Fit::TopLeft, YOLOX_INPUT),
        "nano" => (Augment::yolox(YoloxSize::Nano), Fit::TopLeft, YOLOX_INPUT),
        "yolov3" => (Augment::yolov3_reference(), Fit::Stretch, YOLOV3_INPUT),
        "none" => (Augment::none(), Fit::TopLeft, YOLOX_INPUT),
        other => return Err(format!("{other} is not yolox, nano, yolov3 or none").into()),
    };
    let shape = match side.as_str() {
        "random" => RandomShape { every: 1, ..RandomShape::default() },
        side => RandomShape::fixed(side.parse()?),
    };
    runtime::load(&runtime::locate(None, &[])?)?;
    let detector =
        open_detector(&ModelSource::File(PathBuf::from(model)), &DetectorOptions::default())?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    let mut classes = Vec::new();
    let examples: Vec<Example> =
        files.iter().filter_map(|path| example(path, detector.as_ref(), &mut classes)).collect();
    let count = examples.len() as u64;
    let source = Arc::new(Photographs(examples));
    let mut batches = Vec::new();
    for epoch in 0..4 {
        let settings = BatchSettings {
            examples: 3,
            drop_last: false,
            order: BatchOrder::Shuffled,
            lot: Lot { seed: 7, epoch },
            steps_before: epoch * count,
            skip: 0,
            shape,
            fit,
            normalize,
            augment: augment.clone(),
            threads: 2,
            ahead: 4,
        };
        let mut epoch_batches = Batches::open(Arc::clone(&source), settings)?;
        batches.extend(epoch_batches.by_ref());
        println!("epoch {epoch}: waited {:?}", epoch_batches.waited());
    }
    fs::write(out, batch_sheet(&format!("{recipe} {side}"), &batches, &classes, &normalize)?)?;
    Ok(())
}

fn example(path: &Path, detector: &dyn Detector, classes: &mut Vec<String>) -> Option<Example> {
    let pixels = decode_bytes(&fs::read(path).ok()?).ok()?;
    let size = (pixels.width(), pixels.height());
    let found = detector.detect(&pixels).ok()?;
    let boxes = found.iter().filter_map(|detection| {
        let bbox = detection.bbox?;
        let class = classes.iter().position(|name| *name == detection.label).unwrap_or_else(|| {
            classes.push(detection.label.clone());
            classes.len() - 1
        });
        Some(LabelBox::of_image(class as u32, bbox, size))
    });
    let boxes = boxes.collect();
    Some(Example { name: path.file_stem()?.to_string_lossy().into_owned(), pixels, boxes })
}
