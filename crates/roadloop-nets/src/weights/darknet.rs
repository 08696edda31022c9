//! Darknet's `.weights`: numbers in the order of the network, without a name or a shape.
//!
//! Three 32-bit numbers (major, minor, revision), how many images it has seen (64 bits since
//! version 0.2, 32 before), then single-precision numbers, all little endian. Of a convolution
//! with a norm: shifts, scales, running means, running variances, kernels `[out, in, height,
//! width]`; of one without: biases, kernels (`load_convolutional_weights` in Darknet's
//! `parser.c`). Two files are known by their length: a whole YOLOv3 (`yolov3.weights`), whose
//! number of classes follows from it, and its backbone alone (`darknet53.conv.74`).

use std::path::Path;

use super::{Array, COCO_80, Tensors, bytes, wrong};
use crate::NetsError;
use crate::darknet53::RESIDUALS;
use crate::yolov3::Yolov3Config;
use crate::yolox::MOST_CLASSES;

/// A convolution as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layer {
    /// Of the module in the network.
    name: String,
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    norm: bool,
}

impl Layer {
    fn new(name: String, channels_in: usize, channels_out: usize, kernel: usize) -> Layer {
        Layer { name, channels_in, channels_out, kernel, norm: true }
    }

    fn kernels(&self) -> usize {
        self.channels_out * self.channels_in * self.kernel * self.kernel
    }

    /// How many numbers.
    fn len(&self) -> usize {
        self.kernels() + self.channels_out * if self.norm { 4 } else { 1 }
    }

    /// Its arrays, in the file's order.
    fn arrays(&self) -> Vec<(String, Vec<usize>)> {
        let Layer { name, channels_in, channels_out, kernel, norm } = self;
        let kernels = vec![*channels_out, *channels_in, *kernel, *kernel];
        if !norm {
            return vec![
                (format!("{name}.bias"), vec![*channels_out]),
                (format!("{name}.weight"), kernels),
            ];
        }
        let of_norm = ["bias", "weight", "running_mean", "running_var"];
        let of_norm = of_norm.map(|part| (format!("{name}.bn.{part}"), vec![*channels_out]));
        of_norm.into_iter().chain([(format!("{name}.conv.weight"), kernels)]).collect()
    }
}

/// Reads a `.weights` file of a YOLOv3 as wide as `config` says, or of its backbone.
///
/// The number of classes is the file's own, whatever `config` has: a head is brought to other
/// classes when it is loaded. With 80 they are COCO's.
pub fn read_darknet(path: &Path, config: &Yolov3Config) -> Result<Tensors, NetsError> {
    let bytes = bytes(path)?;
    let numbers = numbers(path, &bytes)?;
    let (values, rest) = numbers.as_chunks::<4>();
    if !rest.is_empty() {
        let found = format!("it ends {} bytes into a number of four", rest.len());
        return Err(wrong(path, found));
    }
    let (layers, classes) = layers_of_length(path, config, values.len())?;
    let mut tensors = Tensors::default();
    let mut values = values.iter().map(|value| f32::from_le_bytes(*value));
    for (name, shape) in layers.iter().flat_map(Layer::arrays) {
        let count = shape.iter().product();
        let array = Array::new(shape, values.by_ref().take(count).collect());
        // The length was counted before; this is for a file that is cut while it is read.
        let array = array.ok_or_else(|| wrong(path, format!("it ends inside {name}")))?;
        tensors.arrays.insert(name, array);
    }
    if classes == Some(COCO_80.len()) {
        tensors.classes = Some(COCO_80.map(str::to_owned).to_vec());
    }
    Ok(tensors)
}

/// What comes after the header.
fn numbers<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a [u8], NetsError> {
    let number = |at: usize| {
        let four = bytes.get(at * 4..at * 4 + 4)?;
        Some(i64::from(i32::from_le_bytes(four.try_into().ok()?)))
    };
    let (major, minor) = number(0).zip(number(1)).unwrap_or((-1, -1));
    if !(0..1000).contains(&major) || !(0..1000).contains(&minor) {
        let found = format!("version {major}.{minor} is none of Darknet's: it is no .weights file");
        return Err(wrong(path, found));
    }
    let header = if major * 10 + minor >= 2 { 20 } else { 16 };
    bytes.get(header..).ok_or_else(|| {
        wrong(path, format!("it has {} bytes, and its header alone {header}", bytes.len()))
    })
}

/// The layers that have so many numbers, and how many classes their head has, if there is one.
fn layers_of_length(
    path: &Path,
    config: &Yolov3Config,
    found: usize,
) -> Result<(Vec<Layer>, Option<usize>), NetsError> {
    let backbone = backbone(config.channels);
    let of_backbone: usize = backbone.iter().map(Layer::len).sum();
    if found == of_backbone {
        return Ok((backbone, None));
    }
    let whole = |classes: usize| {
        let head = head(config.channels, classes);
        backbone.iter().cloned().chain(head).collect::<Vec<Layer>>()
    };
    let length = |classes: usize| whole(classes).iter().map(Layer::len).sum::<usize>();
    let (one, more) = (length(1), length(2) - length(1));
    let classes =
        found.checked_sub(one).filter(|over| over % more == 0).map(|over| 1 + over / more);
    match classes.filter(|classes| *classes <= MOST_CLASSES) {
        Some(classes) => Ok((whole(classes), Some(classes))),
        None => Err(wrong(path, misfit(config, found, &whole(config.classes)))),
    }
}

/// Where a file of a wrong length ends in the network that was asked for.
fn misfit(config: &Yolov3Config, found: usize, layers: &[Layer]) -> String {
    let expected: usize = layers.iter().map(Layer::len).sum();
    let of_network = format!("a YOLOv3 of {} classes has {expected}", config.classes);
    if found > expected {
        return format!("it has {found} numbers, and {of_network}: {} more", found - expected);
    }
    let mut before = 0;
    for layer in layers {
        if before + layer.len() > found {
            let (left, name) = (found - before, &layer.name);
            return format!(
                "it has {found} numbers, and {of_network}: it ends after {left} of {} of {name}",
                layer.len()
            );
        }
        before += layer.len();
    }
    of_network
}

fn backbone(channels: usize) -> Vec<Layer> {
    let mut layers = vec![Layer::new("backbone.stem".to_owned(), 3, channels, 3)];
    for (number, residuals) in RESIDUALS.into_iter().enumerate() {
        let (narrow, wide) = (channels << number, channels << (number + 1));
        let stage = format!("backbone.stages.{number}");
        layers.push(Layer::new(format!("{stage}.down"), narrow, wide, 3));
        for residual in 0..residuals {
            let name = format!("{stage}.residuals.{residual}");
            layers.push(Layer::new(format!("{name}.conv1"), wide, narrow, 1));
            layers.push(Layer::new(format!("{name}.conv2"), narrow, wide, 3));
        }
    }
    layers
}

/// From coarse to fine, each block followed by what leads to the next.
fn head(channels: usize, classes: usize) -> Vec<Layer> {
    let mut layers = Vec::new();
    for (number, (width, channels_in)) in [(16, 32), (8, 24), (4, 12)].into_iter().enumerate() {
        let (width, channels_in) = (width * channels, channels_in * channels);
        if let Some(before) = number.checked_sub(1) {
            // From twice the width to the width, and by half again.
            layers.push(Layer::new(format!("transitions.{before}"), width * 2, width, 1));
        }
        let block = format!("blocks.{number}");
        for conv in 0..5 {
            let (of, to, kernel) = match conv {
                0 => (channels_in, width, 1),
                1 | 3 => (width, width * 2, 3),
                _ => (width * 2, width, 1),
            };
            layers.push(Layer::new(format!("{block}.body.{conv}"), of, to, kernel));
        }
        layers.push(Layer::new(format!("{block}.tip"), width, width * 2, 3));
        let output = Layer::new(format!("{block}.output"), width * 2, 3 * (5 + classes), 1);
        layers.push(Layer { norm: false, ..output });
    }
    layers
}

#[cfg(test)]
mod tests;
