//! A picture made to fit a model: resized, padded, normalised, channels apart.
//!
//! One pass over the target: two source rows are kept resized in width, mixed,
//! and written as `f32` into the three planes. The arithmetic is OpenCV's
//! `INTER_LINEAR` for 8 bits (half-pixel centres, no antialiasing, 11-bit
//! weights), because that is what the models' authors prepared pictures with.

use roadloop_base::BBox;

use crate::model::{Tensor, Values};
use crate::{Channels, Pixels};

/// The order of the planes a model wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorOrder {
    Rgb,
    Bgr,
}

/// How a picture is brought to a model's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Both sides to the model's, whatever becomes of the proportions.
    Stretch,
    /// In proportion, at the top left; the sides are cut to whole pixels.
    TopLeft,
    /// In proportion, in the middle; the sides are rounded.
    Centered,
}

/// What is done to the values: `(value - mean) / std`, in the order of the planes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalize {
    pub order: ColorOrder,
    pub mean: [f32; 3],
    pub std: [f32; 3],
    /// The gray of the padding, before it is normalised too.
    pub fill: u8,
}

/// Where the resized picture lies in the model's input, in model pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub model_width: usize,
    pub model_height: usize,
    pub resized_width: usize,
    pub resized_height: usize,
    pub left: usize,
    pub top: usize,
}

impl Layout {
    /// For a picture in an input of a fixed size.
    pub fn fit(fit: Fit, image: &Pixels, model_width: usize, model_height: usize) -> Layout {
        Layout::fit_size(fit, (image.width(), image.height()), model_width, model_height)
    }

    /// The same for a picture of which only width and height are known, neither of them 0.
    pub fn fit_size(
        fit: Fit,
        (width, height): (u32, u32),
        model_width: usize,
        model_height: usize,
    ) -> Layout {
        let (model_width, model_height) = (model_width.max(1), model_height.max(1));
        let whole = Layout {
            model_width,
            model_height,
            resized_width: model_width,
            resized_height: model_height,
            left: 0,
            top: 0,
        };
        if fit == Fit::Stretch {
            return whole;
        }
        let (width, height) = (f64::from(width), f64::from(height));
        let scale = (model_width as f64 / width).min(model_height as f64 / height);
        let side = |length: f64, limit: usize| {
            let scaled = length * scale;
            // A product that should be whole may end just under it.
            let cut = if fit == Fit::TopLeft { (scaled + 1e-6).floor() } else { scaled.round() };
            (cut as usize).clamp(1, limit)
        };
        let resized_width = side(width, model_width);
        let resized_height = side(height, model_height);
        let (left, top) = match fit {
            Fit::Centered => {
                ((model_width - resized_width) / 2, (model_height - resized_height) / 2)
            }
            Fit::Stretch | Fit::TopLeft => (0, 0),
        };
        Layout { resized_width, resized_height, left, top, ..whole }
    }

    /// For a model that takes any size: the picture scaled, at the top left,
    /// the input's sides filled up to a multiple.
    pub fn scaled(image: &Pixels, scale: f64, multiple: usize) -> Layout {
        let side = |length: u32| ((f64::from(length) * scale).round() as usize).max(1);
        let (resized_width, resized_height) = (side(image.width()), side(image.height()));
        Layout {
            model_width: resized_width.next_multiple_of(multiple),
            model_height: resized_height.next_multiple_of(multiple),
            resized_width,
            resized_height,
            left: 0,
            top: 0,
        }
    }

    /// The way back: a box in model pixels as fractions of the source image,
    /// clamped to it. `None` when nothing of it lies inside, or a number is
    /// not finite.
    pub fn source_from_model(&self, left: f32, top: f32, right: f32, bottom: f32) -> Option<BBox> {
        let x = |x: f32| (x - self.left as f32) / self.resized_width as f32;
        let y = |y: f32| (y - self.top as f32) / self.resized_height as f32;
        BBox::clamped(x(left), y(top), x(right), y(bottom))
    }
}

/// The picture as a tensor `[1, 3, height, width]`.
pub fn prepare(image: &Pixels, layout: &Layout, normalize: &Normalize) -> Tensor {
    let mut values = vec![0.0; 3 * layout.model_width * layout.model_height];
    prepare_into(image, layout, normalize, &mut values);
    Tensor::new(vec![1, 3, layout.model_height, layout.model_width], Values::F32(values))
        .expect("three planes of the layout's size")
}

/// The same `[3, height, width]` values into a part of a tensor with more pictures: training
/// has many in one, made by the very function that serving uses.
///
/// `planes` must be as long as three planes of the layout's model size.
pub fn prepare_into(image: &Pixels, layout: &Layout, normalize: &Normalize, planes: &mut [f32]) {
    let plane = layout.model_width * layout.model_height;
    assert_eq!(planes.len(), 3 * plane, "three planes of the layout's size");
    // Where in a source pixel each plane's sample lies.
    let samples = match (image.channels(), normalize.order) {
        (Channels::Gray, _) => [0, 0, 0],
        (Channels::Rgb | Channels::Rgba, ColorOrder::Rgb) => [0, 1, 2],
        (Channels::Rgb | Channels::Rgba, ColorOrder::Bgr) => [2, 1, 0],
    };
    let tables = [0, 1, 2].map(|channel| normalize.table(channel));
    let resized = (layout.resized_width, layout.resized_height);
    if resized != (layout.model_width, layout.model_height) {
        for (channel, values) in planes.chunks_exact_mut(plane).enumerate() {
            values.fill(normalize.value(channel, normalize.fill));
        }
    }
    if resized == (image.width() as usize, image.height() as usize) {
        return split(image, layout, samples, &tables, planes);
    }
    let columns = taps(image.width() as usize, layout.resized_width, image.channels().count());
    let rows = taps(image.height() as usize, layout.resized_height, 1);
    let mut kept = Rows::new(layout.resized_width);
    for (y, row) in rows.iter().enumerate() {
        kept.hold(image, &columns, samples, row.first, row.second);
        let (first, second) = kept.pair(row.first, row.second);
        for (channel, table) in tables.iter().enumerate() {
            let start = channel * plane + (layout.top + y) * layout.model_width + layout.left;
            let target = &mut planes[start..start + layout.resized_width];
            let span = channel * layout.resized_width..(channel + 1) * layout.resized_width;
            mix(target, &first[span.clone()], &second[span], row, table);
        }
    }
}

/// A picture that has its size already: its samples as they are, which is what mixing gives
/// with all the weight on one of them.
fn split(
    image: &Pixels,
    layout: &Layout,
    samples: [usize; 3],
    tables: &[[f32; 256]; 3],
    planes: &mut [f32],
) {
    let (step, plane) = (image.channels().count(), layout.model_width * layout.model_height);
    let lines = image.data().chunks_exact(layout.resized_width * step);
    for (y, line) in lines.enumerate() {
        for (channel, (table, sample)) in tables.iter().zip(samples).enumerate() {
            let start = channel * plane + (layout.top + y) * layout.model_width + layout.left;
            let target = &mut planes[start..start + layout.resized_width];
            for (value, pixel) in target.iter_mut().zip(line.chunks_exact(step)) {
                *value = table[usize::from(pixel[sample])];
            }
        }
    }
}

impl Normalize {
    fn value(&self, channel: usize, value: u8) -> f32 {
        (f32::from(value) - self.mean[channel]) / self.std[channel]
    }

    fn table(&self, channel: usize) -> [f32; 256] {
        let mut table = [0.0; 256];
        for value in 0..=u8::MAX {
            table[usize::from(value)] = self.value(channel, value);
        }
        table
    }
}

/// The two source samples a target sample is mixed from, and their weights,
/// which add up to 2048.
struct Tap {
    first: usize,
    second: usize,
    first_weight: i32,
    second_weight: i32,
}

fn taps(source: usize, target: usize, step: usize) -> Vec<Tap> {
    let scale = source as f64 / target as f64;
    let last = source - 1;
    (0..target)
        .map(|index| {
            let position = ((index as f64 + 0.5) * scale - 0.5) as f32;
            let floor = position.floor();
            let (first, fraction) = if floor < 0.0 {
                (0, 0.0)
            } else if floor as usize >= last {
                (last, 0.0)
            } else {
                (floor as usize, position - floor)
            };
            let weight = |part: f32| (part * 2048.0).round_ties_even() as i32;
            Tap {
                first: first * step,
                second: (first + 1).min(last) * step,
                first_weight: weight(1.0 - fraction),
                second_weight: weight(fraction),
            }
        })
        .collect()
}

/// Source rows already resized in width, channels apart, times 2048.
struct Rows {
    /// Source row numbers of the two buffers.
    numbers: [Option<usize>; 2],
    buffers: [Vec<i32>; 2],
}

impl Rows {
    fn new(width: usize) -> Rows {
        Rows { numbers: [None; 2], buffers: [vec![0; 3 * width], vec![0; 3 * width]] }
    }

    /// Makes sure that both rows are there. Rows come in rising order, and a
    /// row's buffer is its number's parity: neighbours never share one.
    fn hold(
        &mut self,
        image: &Pixels,
        columns: &[Tap],
        samples: [usize; 3],
        first: usize,
        second: usize,
    ) {
        for number in [first, second] {
            if self.numbers[number % 2] == Some(number) {
                continue;
            }
            let stride = image.width() as usize * image.channels().count();
            let row = &image.data()[number * stride..(number + 1) * stride];
            let buffer = &mut self.buffers[number % 2];
            let (a, rest) = buffer.split_at_mut(columns.len());
            let (b, c) = rest.split_at_mut(columns.len());
            for (((tap, a), b), c) in columns.iter().zip(a).zip(b).zip(c) {
                let first = &row[tap.first..];
                let second = &row[tap.second..];
                let at = |sample: usize| {
                    i32::from(first[sample]) * tap.first_weight
                        + i32::from(second[sample]) * tap.second_weight
                };
                *a = at(samples[0]);
                *b = at(samples[1]);
                *c = at(samples[2]);
            }
            self.numbers[number % 2] = Some(number);
        }
    }

    fn pair(&self, first: usize, second: usize) -> (&[i32], &[i32]) {
        (&self.buffers[first % 2], &self.buffers[second % 2])
    }
}

/// Mixes two rows and normalises the result. The shifts are OpenCV's: each
/// product loses 16 of its 22 + 8 - 4 bits before they are added.
fn mix(target: &mut [f32], first: &[i32], second: &[i32], row: &Tap, table: &[f32; 256]) {
    for ((target, first), second) in target.iter_mut().zip(first).zip(second) {
        let first = ((first >> 4) * row.first_weight) >> 16;
        let second = ((second >> 4) * row.second_weight) >> 16;
        let value = ((first + second + 2) >> 2) as u8;
        *target = table[usize::from(value)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Normalize =
        Normalize { order: ColorOrder::Rgb, mean: [0.0; 3], std: [1.0; 3], fill: 114 };

    fn gray(width: u32, height: u32, data: &[u8]) -> Pixels {
        Pixels::new(width, height, Channels::Gray, data.to_vec()).expect("a picture")
    }

    fn plane(tensor: &Tensor, channel: usize) -> Vec<f32> {
        let plane = tensor.shape()[2] * tensor.shape()[3];
        tensor.as_f32().expect("f32")[channel * plane..(channel + 1) * plane].to_vec()
    }

    #[test]
    fn padding_lies_where_the_family_wants_it() {
        let image = gray(2, 1, &[10, 20]);
        let check = |fit: Fit, expected: &[f32]| {
            let layout = Layout::fit(fit, &image, 2, 3);
            assert_eq!(plane(&prepare(&image, &layout, &PLAIN), 1), expected);
        };
        check(Fit::TopLeft, &[10.0, 20.0, 114.0, 114.0, 114.0, 114.0]);
        check(Fit::Centered, &[114.0, 114.0, 10.0, 20.0, 114.0, 114.0]);
        check(Fit::Stretch, &[10.0, 20.0, 10.0, 20.0, 10.0, 20.0]);
    }

    #[test]
    fn channels_are_ordered_and_normalised() {
        let image = Pixels::new(1, 1, Channels::Rgba, vec![10, 20, 30, 255]).expect("a pixel");
        let normalize = Normalize {
            order: ColorOrder::Bgr,
            mean: [0.0, 10.0, 0.0],
            std: [1.0, 5.0, 2.0],
            fill: 0,
        };
        let tensor = prepare(&image, &Layout::fit(Fit::Stretch, &image, 1, 1), &normalize);
        assert_eq!(tensor.as_f32(), Some(&[30.0, 2.0, 5.0][..]));
    }

    /// The expected values are those of `cv2.resize` 4.14 and 5.0 for the same
    /// bytes. Widths are multiples of eight: what is left over OpenCV rounds
    /// by another rule, up to one level apart.
    #[test]
    fn resizing_is_opencvs() {
        let ramp: Vec<u8> = (0..99u32).map(|i| (i * i * 37 % 256) as u8).collect();
        let image = gray(11, 9, &ramp);
        let check = |width: usize, height: usize, expected: &[f32]| {
            let layout = Layout::fit(Fit::Stretch, &image, width, height);
            assert_eq!(plane(&prepare(&image, &layout, &PLAIN), 0), expected);
        };
        check(8, 4, &SMALLER);
        check(16, 5, &WIDER);
    }

    #[rustfmt::skip]
    const SMALLER: [f32; 32] = [
        90., 132., 84., 96., 116., 135., 116., 168., 103., 25., 77., 201., 188., 82., 228., 89.,
        68., 115., 55., 50., 156., 137., 103., 144., 164., 97., 82., 93., 122., 160., 126., 175.,
    ];

    #[rustfmt::skip]
    const WIDER: [f32; 80] = [
        50., 79., 111., 130., 101., 86., 100., 97., 100., 109., 101., 81., 69., 162., 170., 145.,
        215., 153., 88., 58., 72., 113., 185., 137., 109., 107., 120., 101., 81., 195., 129., 12.,
        208., 189., 182., 208., 127., 50., 2., 3., 32., 89., 194., 225., 212., 243., 189., 116.,
        129., 154., 159., 101., 58., 37., 47., 105., 120., 91., 78., 94., 133., 185., 201., 199.,
        133., 148., 150., 115., 123., 117., 77., 87., 88., 83., 126., 95., 44., 189., 176., 110.,
    ];

    proptest! {
        #[test]
        fn a_box_survives_the_way_there_and_back(
            width in 1u32..900, height in 1u32..900, fit in 0..3usize,
            edges in prop::array::uniform4(0.0f32..1.0),
        ) {
            let image = Pixels::new(width, height, Channels::Gray, vec![0; (width * height) as usize])
                .expect("a picture");
            let fit = [Fit::Stretch, Fit::TopLeft, Fit::Centered][fit];
            let layout = Layout::fit(fit, &image, 416, 320);
            prop_assert!(layout.left + layout.resized_width <= 416);
            prop_assert!(layout.top + layout.resized_height <= 320);
            let [a, b, c, d] = edges;
            let bbox = BBox::clamped(a.min(b), c.min(d), a.max(b), c.max(d));
            prop_assume!(bbox.is_some_and(|bbox| bbox.area() > 1e-4));
            let bbox = bbox.expect("checked above");
            let x = |x: f32| x * layout.resized_width as f32 + layout.left as f32;
            let y = |y: f32| y * layout.resized_height as f32 + layout.top as f32;
            let back = layout
                .source_from_model(x(bbox.left()), y(bbox.top()), x(bbox.right()), y(bbox.bottom()))
                .expect("inside");
            prop_assert!(back.iou(bbox) > 0.99);
        }

        #[test]
        fn the_same_size_keeps_every_pixel(data in prop::collection::vec(any::<u8>(), 12)) {
            let image = gray(4, 3, &data);
            let tensor = prepare(&image, &Layout::scaled(&image, 1.0, 1), &PLAIN);
            let expected: Vec<f32> = data.iter().map(|value| f32::from(*value)).collect();
            prop_assert_eq!(plane(&tensor, 2), expected);
        }

        #[test]
        fn copying_is_mixing_with_one_weight(data in prop::collection::vec(any::<u8>(), 36)) {
            let image = Pixels::new(4, 3, Channels::Rgb, data).expect("a picture");
            let layout = Layout::fit(Fit::TopLeft, &image, 6, 3);
            prop_assert_eq!((layout.resized_width, layout.resized_height), (4, 3));
            let normalize = Normalize { order: ColorOrder::Bgr, std: [2.0, 3.0, 4.0], ..PLAIN };
            let tensor = prepare(&image, &layout, &normalize);
            for channel in 0..3 {
                let values = plane(&tensor, channel);
                for (place, value) in values.iter().enumerate() {
                    let (x, y) = (place % 6, place / 6);
                    let sample = match x {
                        0..4 => image.data()[(y * 4 + x) * 3 + 2 - channel],
                        _ => normalize.fill,
                    };
                    prop_assert_eq!(*value, f32::from(sample) / normalize.std[channel]);
                }
            }
        }
    }
}
