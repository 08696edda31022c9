//! From what the head says of cells to boxes in model pixels.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData, s};

use super::STRIDES;

/// What the head gives, nothing done to it.
#[derive(Clone, Debug)]
pub struct YoloxMaps {
    /// By level, 8, 16 and 32 pixels a cell: `[batch, 4 + 1 + classes, height, width]`. First
    /// the centre's x and y in cells from the cell's corner, then the logarithms of width and
    /// height in cells, then the logit of there being a box, then one logit a class.
    pub levels: [Tensor<4>; 3],
}

impl YoloxMaps {
    /// All cells in a row, `[batch, cells, 4 + 1 + classes]`, in the order of [`cells`].
    pub fn flat(&self) -> Tensor<3> {
        let rows = self.levels.iter().map(|map| {
            let [batch, channels, height, width] = map.dims();
            map.clone().reshape([batch, channels, height * width])
        });
        Tensor::cat(rows.collect(), 2).swap_dims(1, 2)
    }

    /// Height and width in cells, by level.
    pub fn shapes(&self) -> [[usize; 2]; 3] {
        self.levels.each_ref().map(|map| {
            let [_, _, height, width] = map.dims();
            [height, width]
        })
    }

    /// `[batch, cells, 4 + 1 + classes]`: the box's centre, width and height in model pixels,
    /// then probabilities. A class's score is its probability times the box's.
    ///
    /// The same numbers as the output of the authors' exported ONNX with decoding.
    pub fn decode(&self) -> Tensor<3> {
        let flat = self.flat();
        let (corners, strides) = corners_and_strides(&cells(self.shapes()), &flat.device());
        let centres = (flat.clone().slice(s![.., .., 0..2]) + corners) * strides.clone();
        let sizes = flat.clone().slice(s![.., .., 2..4]).exp() * strides;
        let probabilities = sigmoid(flat.slice(s![.., .., 4..]));
        Tensor::cat(vec![centres, sizes, probabilities], 2)
    }
}

/// A place the head speaks of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Column and row in its level.
    pub column: usize,
    pub row: usize,
    /// Model pixels to a cell.
    pub stride: usize,
}

impl Cell {
    /// Its middle in model pixels, x and y.
    pub fn centre(&self) -> [f32; 2] {
        [self.column, self.row].map(|place| (place as f32 + 0.5) * self.stride as f32)
    }
}

/// All cells of maps of these heights and widths: fine level first, row by row.
pub fn cells(shapes: [[usize; 2]; 3]) -> Vec<Cell> {
    let levels = shapes.into_iter().zip(STRIDES);
    let of_level = |([height, width], stride): ([usize; 2], usize)| {
        (0..height).flat_map(move |row| (0..width).map(move |column| Cell { column, row, stride }))
    };
    levels.flat_map(of_level).collect()
}

/// `[1, cells, 2]` columns and rows, `[1, cells, 1]` strides.
fn corners_and_strides(cells: &[Cell], device: &Device) -> (Tensor<3>, Tensor<3>) {
    let corners: Vec<f32> =
        cells.iter().flat_map(|cell| [cell.column as f32, cell.row as f32]).collect();
    let strides: Vec<f32> = cells.iter().map(|cell| cell.stride as f32).collect();
    let count = cells.len();
    (
        Tensor::from_data(TensorData::new(corners, [1, count, 2]), device),
        Tensor::from_data(TensorData::new(strides, [1, count, 1]), device),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_go_by_rows_from_fine_to_coarse() {
        let cells = cells([[1, 2], [1, 1], [1, 1]]);
        let expected = [(0, 0, 8), (1, 0, 8), (0, 0, 16), (0, 0, 32)];
        let found: Vec<_> = cells.iter().map(|cell| (cell.column, cell.row, cell.stride)).collect();
        assert_eq!(found, expected);
        assert_eq!(cells[1].centre(), [12.0, 4.0]);
    }

    #[test]
    fn a_raw_cell_becomes_a_box_in_pixels() {
        let device = Device::flex();
        // One class; the second fine cell says (0.5, 0.25), 2 x 1 cells, even odds, 3 to 1.
        let fine =
            [[0.0, 0.5], [0.0, 0.25], [0.0, 2f32.ln()], [0.0; 2], [0.0; 2], [0.0, 3f32.ln()]];
        let fine = Tensor::<2>::from_floats(fine, &device).reshape([1, 6, 1, 2]);
        let empty = || Tensor::<4>::zeros([1, 6, 1, 1], &device);
        let maps = YoloxMaps { levels: [fine, empty(), empty()] };
        let decoded: Vec<f32> = maps.decode().into_data().try_to_vec().unwrap();
        let expected = [12.0, 2.0, 16.0, 8.0, 0.5, 0.75];
        for (found, expected) in decoded[6..12].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{decoded:?}");
        }
        assert_eq!(decoded[18..22], [0.0, 0.0, 32.0, 32.0]);
    }
}
