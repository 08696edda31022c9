//! A graph grown node by node.

use super::proto::{Attribute, Graph, Node, Tensor};

/// The name of a value in a graph: what a node gives and others take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire(pub(super) String);

/// A graph under construction. A node is called by what it stands for, a value by its node.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub(super) graph: Graph,
}

/// One convolution with its numbers.
#[derive(Debug)]
pub(super) struct ConvNode {
    /// `[out, in / groups, kernel, kernel]`.
    pub(super) shape: [usize; 4],
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) stride: usize,
    pub(super) groups: usize,
}

impl Drawing {
    pub(super) fn node(
        &mut self,
        name: &str,
        op_type: &str,
        inputs: &[&Wire],
        attribute: Vec<Attribute>,
    ) -> Wire {
        let output = Wire(format!("{name}.out"));
        self.graph.node.push(Node {
            input: inputs.iter().map(|wire| wire.0.clone()).collect(),
            output: vec![output.0.clone()],
            name: name.to_owned(),
            op_type: op_type.to_owned(),
            attribute,
        });
        output
    }

    pub(super) fn conv(&mut self, name: &str, conv: ConvNode, input: &Wire) -> Wire {
        let [out, _, kernel, _] = conv.shape;
        let weight = self.floats(&format!("{name}.weight"), &conv.shape, &conv.weight);
        let bias = self.floats(&format!("{name}.bias"), &[out], &conv.bias);
        let (side, around) = (kernel as i64, (kernel as i64 - 1) / 2);
        let attributes = vec![
            Attribute::ints("dilations", &[1, 1]),
            Attribute::int("group", conv.groups as i64),
            Attribute::ints("kernel_shape", &[side, side]),
            Attribute::ints("pads", &[around; 4]),
            Attribute::ints("strides", &[conv.stride as i64; 2]),
        ];
        self.node(name, "Conv", &[input, &weight, &bias], attributes)
    }

    pub(super) fn concat(&mut self, name: &str, axis: i64, parts: &[&Wire]) -> Wire {
        self.node(name, "Concat", parts, vec![Attribute::int("axis", axis)])
    }

    /// Part of a value along one axis.
    pub(super) fn slice(&mut self, name: &str, input: &Wire, range: [i64; 2], axis: i64) -> Wire {
        self.stepped_slice(name, input, range, &[axis], 1)
    }

    /// From `range[0]` to `range[1]` on each of the axes, each `step`-th.
    pub(super) fn stepped_slice(
        &mut self,
        name: &str,
        input: &Wire,
        [start, end]: [i64; 2],
        axes: &[i64],
        step: i64,
    ) -> Wire {
        let starts = vec![start; axes.len()];
        self.slice_from(name, input, &starts, end, axes, step)
    }

    pub(super) fn slice_from(
        &mut self,
        name: &str,
        input: &Wire,
        starts: &[i64],
        end: i64,
        axes: &[i64],
        step: i64,
    ) -> Wire {
        let starts = self.integers(&format!("{name}.starts"), starts);
        let ends = self.integers(&format!("{name}.ends"), &vec![end; axes.len()]);
        let steps = self.integers(&format!("{name}.steps"), &vec![step; axes.len()]);
        let axes = self.integers(&format!("{name}.axes"), axes);
        self.node(name, "Slice", &[input, &starts, &ends, &axes, &steps], Vec::new())
    }

    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Wire {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.array(name, shape, Tensor::FLOAT, raw_data)
    }

    pub(super) fn integers(&mut self, name: &str, values: &[i64]) -> Wire {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.array(name, &[values.len()], Tensor::INT64, raw_data)
    }

    fn array(&mut self, name: &str, shape: &[usize], data_type: i32, raw_data: Vec<u8>) -> Wire {
        self.graph.initializer.push(Tensor {
            dims: shape.iter().map(|side| *side as i64).collect(),
            data_type,
            name: name.to_owned(),
            raw_data,
            ..Tensor::default()
        });
        Wire(name.to_owned())
    }
}
