//! The weights of an exported YOLOX, by the names of a state dict.
//!
//! Exporters fold norms into convolutions and then call the arrays by numbers, so convolutions
//! are told apart by the order in which they run, which is the original code's. Each must have
//! the shape ours has at that place; a file of another network is refused by the first that has
//! not. Where norms were kept, arrays have their own names, and are taken by them.

use std::collections::HashMap;
use std::path::Path;

use prost::Message;

use super::proto::{Graph, Model, Node, Tensor};
use super::{OnnxBoxes, OnnxOptions, yolox};
use crate::blocks::NormSettings;
use crate::weights::{Array, ClassRows, Kind, Tensors, bytes, wrong};
use crate::{NetsError, YoloxConfig};

/// Reads what a YOLOX of `config.size` was exported to; the number of classes may be another.
///
/// A folded norm comes back as one that does nothing, with the convolution's bias as its own:
/// the same function, but only while it uses its running values. Its scale is gone, so such a
/// network learns with its norms frozen, or after [`crate::blocks::measure_norms`].
pub fn read(path: &Path, config: YoloxConfig) -> Result<Tensors, NetsError> {
    let model = Model::decode(bytes(path)?.as_slice())
        .map_err(|error| wrong(path, format!("it cannot be read as ONNX: {error}")))?;
    let classes = model
        .metadata_props
        .iter()
        .find(|note| note.key == "names")
        .and_then(|note| serde_json::from_str(&note.value).ok());
    let graph = model.graph.ok_or_else(|| wrong(path, "there is no graph in it".to_owned()))?;
    let folded = !graph.node.iter().any(|node| node.op_type == "BatchNormalization");
    let arrays = if folded { by_order(&graph, config) } else { by_name(&graph) };
    let mut tensors = arrays.map_err(|found| wrong(path, found))?;
    tensors.classes = classes;
    tensors.folded = folded;
    Ok(tensors)
}

fn by_name(graph: &Graph) -> Result<Tensors, String> {
    let mut tensors = Tensors::default();
    for tensor in &graph.initializer {
        // Shapes and axes are integers, and no weights.
        if kind(tensor.data_type).is_some() {
            tensors.arrays.insert(tensor.name.clone(), array(tensor)?);
        }
    }
    Ok(tensors)
}

fn by_order(graph: &Graph, config: YoloxConfig) -> Result<Tensors, String> {
    let ours = order(config)?;
    let theirs: Vec<&Node> = graph.node.iter().filter(|node| node.op_type == "Conv").collect();
    let network = config.size.name();
    if ours.len() != theirs.len() {
        return Err(format!(
            "it has {} convolutions, and {network} has {}",
            theirs.len(),
            ours.len()
        ));
    }
    let initializers = graph.initializers();
    let mut tensors = Tensors::default();
    for ((name, expected), node) in ours.iter().zip(theirs) {
        let input = |at: usize| -> Result<Array, String> {
            let input = node.input.get(at).map(String::as_str).unwrap_or_default();
            let tensor = initializers.get(input).ok_or_else(|| {
                format!("{} ({name} in {network}) has no array as its input {at}", node.name)
            })?;
            array(tensor)
        };
        let (weight, bias) = (input(1)?, input(2)?);
        // A head may be for other classes.
        let from = usize::from(ClassRows::of_yolox(name).is_some());
        let rows = weight.shape().first().copied().unwrap_or_default();
        if weight.shape().get(from..) != expected.get(from..) || bias.shape() != [rows] {
            return Err(format!(
                "{} has weights {:?} and a bias {:?}; {name}, which is at its place in {network}, \
                 has {expected:?}",
                node.name,
                weight.shape(),
                bias.shape()
            ));
        }
        insert(&mut tensors, name, weight, bias);
    }
    Ok(tensors)
}

/// One convolution: as it is, or with a norm after it that only adds the bias.
fn insert(tensors: &mut Tensors, name: &str, weight: Array, bias: Array) {
    let arrays = &mut tensors.arrays;
    let shape = bias.shape().to_vec();
    match name.strip_suffix(".conv") {
        Some(block) => {
            let norm = |what: &str| format!("{block}.bn.{what}");
            // With the epsilon that is added to it, a variance of 1.
            let variance = (1.0 - NormSettings::YOLOX.epsilon) as f32;
            arrays.insert(norm("weight"), Array::filled(shape.clone(), 1.0));
            arrays.insert(norm("running_mean"), Array::filled(shape.clone(), 0.0));
            arrays.insert(norm("running_var"), Array::filled(shape, variance));
            arrays.insert(norm("bias"), bias);
        }
        None => {
            arrays.insert(format!("{name}.bias"), bias);
        }
    }
    arrays.insert(format!("{name}.weight"), weight);
}

/// Names and shapes of our convolutions in the order they run, from our own drawing.
fn order(config: YoloxConfig) -> Result<Vec<(String, Vec<usize>)>, String> {
    let network = config.init(&burn::tensor::Device::flex()).map_err(|error| error.to_string())?;
    let options = OnnxOptions { size: [32, 32], boxes: OnnxBoxes::Raw, classes: &[] };
    let graph = yolox::draw(&network, &options).graph;
    let initializers: HashMap<&str, &Tensor> = graph.initializers();
    let convs = graph.node.iter().filter(|node| node.op_type == "Conv");
    let named = convs.filter_map(|node| {
        let weight = initializers.get(node.input.get(1)?.as_str())?;
        let shape = weight.dims.iter().map(|side| *side as usize).collect();
        Some((node.name.clone(), shape))
    });
    Ok(named.collect())
}

fn kind(data_type: i32) -> Option<Kind> {
    match data_type {
        Tensor::FLOAT => Some(Kind::F32),
        Tensor::DOUBLE => Some(Kind::F64),
        Tensor::FLOAT16 => Some(Kind::F16),
        Tensor::BFLOAT16 => Some(Kind::Bf16),
        _ => None,
    }
}

fn array(tensor: &Tensor) -> Result<Array, String> {
    let name = &tensor.name;
    let kind = kind(tensor.data_type).ok_or_else(|| {
        format!("{name} has numbers of type {}, and weights are floating-point", tensor.data_type)
    })?;
    if tensor.data_location != 0 {
        return Err(format!("{name} lies in another file, which is not looked for"));
    }
    let shape: Option<Vec<usize>> =
        tensor.dims.iter().map(|side| usize::try_from(*side).ok()).collect();
    let shape = shape.ok_or_else(|| format!("{name} has the shape {:?}", tensor.dims))?;
    let array = if !tensor.raw_data.is_empty() {
        Array::from_bytes(shape, kind, &tensor.raw_data)
    } else {
        match kind {
            Kind::F32 => Array::new(shape, tensor.float_data.clone()),
            Kind::F64 => {
                Array::new(shape, tensor.double_data.iter().map(|value| *value as f32).collect())
            }
            Kind::F16 | Kind::Bf16 => {
                let bytes: Vec<u8> = tensor
                    .int32_data
                    .iter()
                    .flat_map(|bits| (*bits as u16).to_le_bytes())
                    .collect();
                Array::from_bytes(shape, kind, &bytes)
            }
        }
    };
    array.ok_or_else(|| format!("{name} has not as many numbers as {:?} says", tensor.dims))
}
