//! Images with labels that are no boxes: what is left of them, and what notes say of it.
//!
//! An image whose labels are all left out is not an image with nothing on it: it would be
//! learned as one. It is read as an image that nobody looked at.

use crate::SampleBox;

/// How many images are of which kind.
#[derive(Debug, Default)]
pub(super) struct Incomplete {
    with_boxes: u64,
    without: u64,
}

impl Incomplete {
    /// The boxes of an image of whose labels so many were left out.
    pub(super) fn kept(&mut self, boxes: Vec<SampleBox>, left_out: u64) -> Option<Vec<SampleBox>> {
        match (left_out, boxes.is_empty()) {
            (0, _) => Some(boxes),
            (_, true) => {
                self.without += 1;
                None
            }
            (_, false) => {
                self.with_boxes += 1;
                Some(boxes)
            }
        }
    }

    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let without = "images have no labels but such that are left out, and are taken as \
                       images that nobody looked at";
        let with = "images keep their boxes, though other labels of theirs are left out";
        [(self.without, without), (self.with_boxes, with)]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what}: {count}"))
    }
}
