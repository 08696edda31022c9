//! A dataset to a detector.

mod augment;
mod batch;
mod sheet;

pub use augment::{
    Augment, AugmentError, Augmented, Example, Input, LabelBox, Lot, RandomShape, YoloxSize,
    augmented,
};
pub use batch::{
    Batch, BatchError, BatchOrder, BatchPicture, BatchSettings, Batches, ModelBox, YOLOV3_INPUT,
    YOLOX_INPUT,
};
pub use sheet::batch_sheet;
