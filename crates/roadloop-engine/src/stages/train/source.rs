//! A split of a dataset as batches of training.

use std::sync::Arc;

use roadloop_base::{Items, Skip};
use roadloop_train::{
    Batch, BatchOrder, BatchSettings, Batches, EpochBatches, Epochs, Example, LabelBox, Lot,
    TrainError, TrainSettings,
};

use crate::stages::dataset::Loader;

/// Examples that may be ready before they are asked for, by batch.
const BATCHES_AHEAD: u32 = 2;

pub(super) struct Examples {
    source: Arc<Source>,
    settings: TrainSettings,
}

struct Source {
    loader: Loader,
}

impl Examples {
    pub(super) fn new(loader: Loader, settings: &TrainSettings) -> Examples {
        Examples { source: Arc::new(Source { loader }), settings: settings.clone() }
    }

    /// What a run learns from first, at least so many examples where there are.
    pub(super) fn first(&self, examples: usize) -> Result<Vec<Batch>, TrainError> {
        let batches = examples.div_ceil(self.settings.batch_size as usize);
        Ok(self.from(0, 0)?.take(batches).map(|(batch, _)| batch).collect())
    }

    fn batches(&self, epoch: u32, skip: u64) -> BatchSettings {
        let settings = &self.settings;
        BatchSettings {
            examples: settings.batch_size as usize,
            drop_last: false,
            order: BatchOrder::Shuffled,
            lot: Lot { seed: settings.seed, epoch: u64::from(epoch) },
            steps_before: u64::from(epoch) * self.per_epoch(),
            skip,
            shape: settings.shape(),
            fit: settings.network.fit(),
            normalize: settings.network.normalize(),
            augment: settings.augment_in(epoch),
            threads: roadloop_train::threads() as usize,
            ahead: (settings.batch_size * BATCHES_AHEAD) as usize,
        }
    }
}

impl Epochs<Batch> for Examples {
    fn per_epoch(&self) -> u64 {
        (self.source.len() as u64).div_ceil(u64::from(self.settings.batch_size))
    }

    fn from(&self, epoch: u32, batch: u64) -> Result<EpochBatches<'_, Batch>, TrainError> {
        let batches = Batches::open(Arc::clone(&self.source), self.batches(epoch, batch))?;
        Ok(Box::new(batches.map(|mut batch| {
            let skipped = std::mem::take(&mut batch.skipped);
            (batch, skipped)
        })))
    }

    fn images(&self, batch: &Batch) -> u64 {
        batch.pictures.len() as u64
    }
}

impl Items for Source {
    type Item = Example;
    type Error = Skip;

    fn len(&self) -> usize {
        self.loader.len()
    }

    fn get(&self, place: usize) -> Result<Example, Skip> {
        let loaded = self.loader.get(place)?;
        let (width, height) = (loaded.pixels.width() as f32, loaded.pixels.height() as f32);
        let boxes = loaded.boxes.iter().map(|said| LabelBox {
            class: said.class,
            left: said.bbox.left() * width,
            top: said.bbox.top() * height,
            right: said.bbox.right() * width,
            bottom: said.bbox.bottom() * height,
        });
        Ok(Example { name: loaded.name, boxes: boxes.collect(), pixels: loaded.pixels })
    }
}
