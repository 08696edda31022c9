//! Numbers in bins.

use serde::{Deserialize, Serialize};

/// How many are between two edges.
///
/// Invariant: edges rise, and there is one more of them than of counts. Bin `i` holds
/// `edges[i] <= value < edges[i + 1]`; the first also all that is below, the last also all
/// from its upper edge on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
}

impl Histogram {
    pub(super) fn new(edges: impl IntoIterator<Item = f64>) -> Histogram {
        let edges: Vec<f64> = edges.into_iter().collect();
        let counts = vec![0; edges.len().saturating_sub(1)];
        Histogram { edges, counts }
    }

    pub(super) fn add(&mut self, value: f64) {
        let below = self.edges.partition_point(|edge| *edge <= value);
        let last = self.counts.len().saturating_sub(1);
        if let Some(count) = self.counts.get_mut(below.saturating_sub(1).min(last)) {
            *count += 1;
        }
    }
}

/// Where the middles of boxes lie in their images: cells of a grid over the image, a row
/// after the other from the top, each from left to right.
///
/// Invariant: `columns * rows` counts. Cell `(column, row)` holds what is from
/// `column / columns` to below `(column + 1) / columns` of the image's width, and the same of
/// its height; what lies outside is in the nearest cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeatMap {
    pub columns: u32,
    pub rows: u32,
    pub counts: Vec<u32>,
}

impl HeatMap {
    /// Cells to a side.
    pub const SIDE: u32 = 32;

    /// A place as fractions of width and height.
    pub(super) fn add(&mut self, (x, y): (f64, f64)) {
        let side = f64::from(HeatMap::SIDE);
        // Whatever the number, this is a cell.
        let cell = |part: f64| (part * side).clamp(0.0, side - 1.0) as usize;
        if let Some(count) = self.counts.get_mut(cell(y) * HeatMap::SIDE as usize + cell(x)) {
            *count = count.saturating_add(1);
        }
    }
}

impl Default for HeatMap {
    fn default() -> HeatMap {
        let (columns, rows) = (HeatMap::SIDE, HeatMap::SIDE);
        HeatMap { columns, rows, counts: vec![0; (columns * rows) as usize] }
    }
}
