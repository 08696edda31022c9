//! The blocks as nodes, and the finished graph as a file.

use prost::Message;

use super::OnnxOptions;
use super::graph::{ConvNode, Drawing, Wire};
use super::proto::{Attribute, Model, Note, OperatorSet};
use crate::blocks::{Activation, Bottleneck, Conv, ConvNorm, CspLayer, Focus, SppBottleneck};

/// Opset 18 needs version 8 of the format; ONNX Runtime reads both since 1.14.
const OPSET: i64 = 18;
const FORMAT: i64 = 8;

/// The file's bytes.
pub(super) fn model(drawing: Drawing, options: &OnnxOptions<'_>) -> Vec<u8> {
    let note = |key: &str, value: String| Note { key: key.to_owned(), value };
    let [height, width] = options.size;
    Model {
        ir_version: FORMAT,
        producer_name: "roadloop".to_owned(),
        graph: Some(drawing.graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        // As Ultralytics notes them, which our own detectors and others read.
        metadata_props: vec![
            note("names", serde_json::json!(options.classes).to_string()),
            note("imgsz", format!("[{height}, {width}]")),
        ],
    }
    .encode_to_vec()
}

pub(super) fn values<const D: usize>(tensor: burn::tensor::Tensor<D>) -> Vec<f32> {
    // Weights are `f32` by how they are made; `convert` changes nothing then.
    tensor.into_data().convert::<f32>().try_into_vec().unwrap_or_default()
}

impl Drawing {
    /// Convolution, norm folded into it, activation.
    pub(super) fn conv_norm(&mut self, name: &str, block: &ConvNorm, input: &Wire) -> Wire {
        let (weight, bias) = block.folded();
        let conv = ConvNode {
            shape: weight.dims(),
            weight: values(weight),
            bias: values(bias),
            stride: block.conv.stride[0],
            groups: block.conv.groups,
        };
        let map = self.conv(&format!("{name}.conv"), conv, input);
        match block.activation {
            Activation::Silu => {
                let gate = self.node(&format!("{name}.sigmoid"), "Sigmoid", &[&map], Vec::new());
                self.node(&format!("{name}.silu"), "Mul", &[&map, &gate], Vec::new())
            }
            Activation::Relu => self.node(&format!("{name}.relu"), "Relu", &[&map], Vec::new()),
            Activation::Leaky => {
                // PRelu with one slope: the same, and it takes it as an array.
                let slope = self.floats(&format!("{name}.slope"), &[1], &[0.1]);
                self.node(&format!("{name}.leaky"), "PRelu", &[&map, &slope], Vec::new())
            }
            Activation::None => map,
        }
    }

    pub(super) fn convolution(&mut self, name: &str, block: &Conv, input: &Wire) -> Wire {
        match block {
            Conv::Full(conv) => self.conv_norm(name, conv, input),
            Conv::Separable(conv) => {
                let map = self.conv_norm(&format!("{name}.dconv"), &conv.dconv, input);
                self.conv_norm(&format!("{name}.pconv"), &conv.pconv, &map)
            }
        }
    }

    pub(super) fn csp(&mut self, name: &str, block: &CspLayer, input: &Wire) -> Wire {
        let mut through = self.conv_norm(&format!("{name}.conv1"), &block.conv1, input);
        let past = self.conv_norm(&format!("{name}.conv2"), &block.conv2, input);
        for (at, bottleneck) in block.m.iter().enumerate() {
            through = self.bottleneck(&format!("{name}.m.{at}"), bottleneck, &through);
        }
        let both = self.concat(&format!("{name}.cat"), 1, &[&through, &past]);
        self.conv_norm(&format!("{name}.conv3"), &block.conv3, &both)
    }

    fn bottleneck(&mut self, name: &str, block: &Bottleneck, input: &Wire) -> Wire {
        let narrow = self.conv_norm(&format!("{name}.conv1"), &block.conv1, input);
        let out = self.convolution(&format!("{name}.conv2"), &block.conv2, &narrow);
        if block.shortcut {
            self.node(&format!("{name}.add"), "Add", &[&out, input], Vec::new())
        } else {
            out
        }
    }

    pub(super) fn spp(&mut self, name: &str, block: &SppBottleneck, input: &Wire) -> Wire {
        let map = self.conv_norm(&format!("{name}.conv1"), &block.conv1, input);
        let mut parts = vec![map];
        for at in 0..3 {
            let attributes = vec![
                Attribute::ints("kernel_shape", &[5, 5]),
                Attribute::ints("pads", &[2; 4]),
                Attribute::ints("strides", &[1, 1]),
            ];
            let wider = self.node(&format!("{name}.m.{at}"), "MaxPool", &[&parts[at]], attributes);
            parts.push(wider);
        }
        let all = self.concat(&format!("{name}.cat"), 1, &parts.iter().collect::<Vec<_>>());
        self.conv_norm(&format!("{name}.conv2"), &block.conv2, &all)
    }

    pub(super) fn focus(&mut self, name: &str, block: &Focus, input: &Wire) -> Wire {
        // Row and column each part starts at, in the order of `space_to_depth`.
        let starts = [[0, 0], [1, 0], [0, 1], [1, 1]];
        let parts: Vec<Wire> = starts
            .iter()
            .enumerate()
            .map(|(at, starts)| {
                let name = format!("{name}.part{at}");
                self.slice_from(&name, input, starts, i64::from(i32::MAX), &[2, 3], 2)
            })
            .collect();
        let all = self.concat(&format!("{name}.cat"), 1, &parts.iter().collect::<Vec<_>>());
        self.conv_norm(&format!("{name}.conv"), &block.conv, &all)
    }
}
