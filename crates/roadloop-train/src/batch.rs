//! Examples put together for a step of training, made by threads before they are asked for.
//!
//! Two rows of threads: some change examples and bring each to its tensor, one more lays the
//! tensors of a batch behind each other. Who trains takes batches, and what it had to wait
//! for them is counted. How far they are ahead has a bound, in examples and in batches.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use roadloop_base::{Ahead, AheadSettings, ErrorKind, Items, Skip, shuffled};
use roadloop_vision::{ColorOrder, Fit, Layout, Normalize, prepare_into};

use crate::augment::{
    Augment, AugmentError, Augmented, Example, Input, Lot, RandomShape, augmented, within,
};

/// How an epoch's batches are made.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchSettings {
    /// Examples of a batch, 1 to 4096; the last one of an epoch may have fewer.
    pub examples: usize,
    /// The last batch is left out where it has fewer: batch normalisation takes an example
    /// alone badly.
    pub drop_last: bool,
    pub order: BatchOrder,
    pub lot: Lot,
    /// Steps of the run before this epoch, on which the input's side depends.
    pub steps_before: u64,
    /// Batches of this epoch that were learned from before the run was resumed.
    pub skip: u64,
    pub shape: RandomShape,
    pub fit: Fit,
    pub normalize: Normalize,
    pub augment: Augment,
    /// That change examples, 1 to 1024; one more puts them together.
    pub threads: usize,
    /// Examples that are there at once before they are put together, made or in the making, 1
    /// to 65536: each takes 12 bytes a pixel of the input.
    pub ahead: usize,
}

/// In which order examples come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOrder {
    /// Drawn by lot, another one each epoch.
    Shuffled,
    /// As the source has them: for validation.
    Given,
}

/// YOLOX's input: blue, green, red of 0 to 255.
pub const YOLOX_INPUT: Normalize =
    Normalize { order: ColorOrder::Bgr, mean: [0.0; 3], std: [1.0; 3], fill: 114 };

/// The reference's input for YOLOv3: 0 to 1, less ImageNet's mean, over its deviation.
pub const YOLOV3_INPUT: Normalize = Normalize {
    order: ColorOrder::Rgb,
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375],
    fill: 0,
};

/// What a step learns from.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Of the run, from 0.
    pub step: u64,
    /// The input's width and height in pixels.
    pub side: usize,
    /// `[pictures, 3, side, side]`, normalised.
    pub images: Vec<f32>,
    /// One for each image. Empty where none of the batch's examples could be read.
    pub pictures: Vec<BatchPicture>,
    /// Examples that should have been in it.
    pub skipped: Vec<Skip>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BatchPicture {
    /// The example's place in the source.
    pub place: u32,
    /// Of the example; of a mosaic, that at its left top.
    pub name: String,
    pub boxes: Vec<ModelBox>,
    /// Leads boxes back to the example's own picture
    /// ([`source_from_model`](Layout::source_from_model)); `None` where it was changed in more
    /// than size and colours.
    pub layout: Option<Layout>,
}

/// A box in pixels of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelBox {
    pub class: u32,
    pub center_x: f32,
    pub center_y: f32,
    pub width: f32,
    pub height: f32,
}

/// The batches of an epoch, in order. Threads end when it is dropped.
pub struct Batches<S: Items<Item = Example, Error = Skip> + 'static> {
    batches: Ahead<Assembler<S>>,
    waited: Duration,
}

impl<S: Items<Item = Example, Error = Skip> + 'static> Batches<S> {
    pub fn open(source: Arc<S>, settings: BatchSettings) -> Result<Batches<S>, BatchError> {
        settings.check()?;
        let len = u32::try_from(source.len()).unwrap_or(u32::MAX);
        let order = match settings.order {
            BatchOrder::Shuffled => shuffled(len, settings.lot.seed, settings.lot.epoch),
            BatchOrder::Given => (0..len).collect(),
        };
        let count = settings.count(order.len());
        let skip = settings.skip.min(count as u64) as usize;
        let per_batch = settings.examples.max(1);
        let last = (count * per_batch).min(order.len());
        let positions = (skip * per_batch) as u32..last as u32;
        let ahead = AheadSettings { threads: settings.threads, depth: settings.ahead };
        let frames = Arc::new(Frames { source, order, settings });
        let assembler = Assembler {
            examples: Mutex::new(Ahead::new(Arc::clone(&frames), positions, ahead)?),
            frames,
            count,
        };
        // One thread, for batches are taken from the same row of examples; one batch waits
        // while the next is put together.
        let ahead = AheadSettings { threads: 1, depth: 2 };
        let batches = Ahead::new(Arc::new(assembler), skip as u32..count as u32, ahead)?;
        Ok(Batches { batches, waited: Duration::ZERO })
    }

    /// How long [`next`](Iterator::next) has blocked so far, all calls together.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl<S: Items<Item = Example, Error = Skip> + 'static> Iterator for Batches<S> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let start = Instant::now();
        let batch = self.batches.next();
        self.waited += start.elapsed();
        batch.map(|Ok(batch)| batch)
    }
}

impl<S: Items<Item = Example, Error = Skip> + 'static> std::fmt::Debug for Batches<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("waited", &self.waited).finish_non_exhaustive()
    }
}

/// Why there are no batches.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error(transparent)]
    Settings(#[from] AugmentError),
    #[error("no thread can be started")]
    Thread(#[from] io::Error),
}

impl BatchError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            BatchError::Settings(error) => error.kind(),
            BatchError::Thread(_) => ErrorKind::Internal,
        }
    }
}

impl BatchSettings {
    /// Asked by [`Batches::open`] too; to be asked before a run begins.
    pub fn check(&self) -> Result<(), AugmentError> {
        within("examples", self.examples as f32, (1.0, 4096.0))?;
        within("threads", self.threads as f32, (1.0, 1024.0))?;
        within("ahead", self.ahead as f32, (1.0, 65536.0))?;
        self.augment.check()?;
        self.shape.check()
    }

    /// Batches of an epoch over so many examples, those to be skipped too.
    pub fn count(&self, examples: usize) -> usize {
        let per_batch = self.examples.max(1);
        match self.drop_last {
            true => examples / per_batch,
            false => examples.div_ceil(per_batch),
        }
    }

    fn step(&self, batch: usize) -> u64 {
        self.steps_before + batch as u64
    }

    /// Of the input, in that batch of the epoch.
    fn side(&self, batch: usize) -> u32 {
        self.shape.side(self.lot.seed, self.step(batch))
    }
}

/// Examples as tensors, by their position in the epoch.
struct Frames<S> {
    source: Arc<S>,
    order: Vec<u32>,
    settings: BatchSettings,
}

struct Framed {
    planes: Vec<f32>,
    picture: BatchPicture,
}

impl<S: Items<Item = Example, Error = Skip>> Items for Frames<S> {
    type Item = Framed;
    type Error = Skip;

    fn len(&self) -> usize {
        self.order.len()
    }

    fn get(&self, position: usize) -> Result<Framed, Skip> {
        let settings = &self.settings;
        let missing = || Skip::new(format!("example {position}"), "there is none");
        let place = *self.order.get(position).ok_or_else(missing)?;
        let side = settings.side(position / settings.examples.max(1));
        let input = Input { side, fit: settings.fit };
        let made =
            augmented(&*self.source, place as usize, settings.lot, input, &settings.augment)?;
        Ok(framed(made, place, input, settings))
    }
}

/// By the same function as in serving.
fn framed(made: Augmented, place: u32, input: Input, settings: &BatchSettings) -> Framed {
    let Augmented { example, layout: layout_of_source } = made;
    let side = input.side as usize;
    let layout = Layout::fit(input.fit, &example.pixels, side, side);
    let mut planes = vec![0.0; 3 * side * side];
    prepare_into(&example.pixels, &layout, &settings.normalize, &mut planes);
    let x_scale = layout.resized_width as f64 / f64::from(example.pixels.width());
    let y_scale = layout.resized_height as f64 / f64::from(example.pixels.height());
    let shift = (layout.left as f64, layout.top as f64);
    let boxes = example.boxes.iter().filter_map(|found| {
        let found = found.moved((x_scale, y_scale), shift);
        let (width, height) = (found.width(), found.height());
        let smallest = settings.augment.smallest_box;
        (width > smallest && height > smallest).then_some(ModelBox {
            class: found.class,
            center_x: f32::midpoint(found.left, found.right),
            center_y: f32::midpoint(found.top, found.bottom),
            width,
            height,
        })
    });
    let boxes = boxes.collect();
    let picture = BatchPicture { place, name: example.name, boxes, layout: layout_of_source };
    Framed { planes, picture }
}

/// Batches by their number in the epoch, asked for in order.
struct Assembler<S: Items<Item = Example, Error = Skip> + 'static> {
    examples: Mutex<Ahead<Frames<S>>>,
    frames: Arc<Frames<S>>,
    count: usize,
}

impl<S: Items<Item = Example, Error = Skip> + 'static> Items for Assembler<S> {
    type Item = Batch;
    type Error = Infallible;

    fn len(&self) -> usize {
        self.count
    }

    fn get(&self, number: usize) -> Result<Batch, Infallible> {
        let settings = &self.frames.settings;
        let side = settings.side(number) as usize;
        let per_batch = settings.examples.max(1);
        let examples = per_batch.min(self.frames.len() - number * per_batch);
        let mut batch = Batch {
            step: settings.step(number),
            side,
            images: Vec::with_capacity(examples * 3 * side * side),
            pictures: Vec::with_capacity(examples),
            skipped: Vec::new(),
        };
        // Whoever panicked with it took the row of batches with it too.
        let mut row = self.examples.lock().unwrap_or_else(PoisonError::into_inner);
        for made in row.by_ref().take(examples) {
            match made {
                Ok(framed) => {
                    batch.images.extend_from_slice(&framed.planes);
                    batch.pictures.push(framed.picture);
                }
                Err(skip) => batch.skipped.push(skip),
            }
        }
        Ok(batch)
    }
}
