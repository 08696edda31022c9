//! Left and right exchanged.

use super::Example;

/// The picture seen from behind, and its boxes: left becomes width - right.
pub(crate) fn flip(example: &mut Example) {
    let width = example.pixels.width();
    for line in example.pixels.data_mut().chunks_exact_mut(3 * width as usize) {
        line.as_chunks_mut::<3>().0.reverse();
    }
    for found in &mut example.boxes {
        *found = found.mirrored(width as f32);
    }
}
