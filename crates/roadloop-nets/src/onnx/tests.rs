//! Out as ONNX and in again, without any runtime.

use super::*;
use crate::weights::{Array, load_yolox, state};
use crate::{YoloxConfig, YoloxSize};
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use proptest::prelude::*;
use prost::Message;

const CONFIG: YoloxConfig = YoloxConfig { size: YoloxSize::Nano, classes: 2 };

fn classes() -> Vec<String> {
    vec!["car".to_owned(), "tram".to_owned()]
}

/// A network whose norms have seen something, as bytes of ONNX.
fn written() -> (Yolox, Vec<u8>) {
    let device = Device::flex().autodiff();
    let network = CONFIG.init(&device).unwrap();
    network.forward(Tensor::random([2, 3, 64, 64], Distribution::Uniform(0.0, 255.0), &device));
    let network = network.valid();
    let names = classes();
    let options = OnnxOptions { size: [64, 64], boxes: OnnxBoxes::Decoded, classes: &names };
    let bytes = encode(&network, &options).unwrap();
    assert_eq!(bytes, encode(&network, &options).unwrap(), "the same network, the same bytes");
    (network, bytes)
}

fn read_bytes(bytes: &[u8], config: YoloxConfig) -> Result<crate::weights::Tensors, NetsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.onnx");
    fs::write(&path, bytes).unwrap();
    read(&path, config)
}

#[test]
fn what_comes_back_is_the_same_function() {
    let (network, bytes) = written();
    let tensors = read_bytes(&bytes, CONFIG).unwrap();
    assert_eq!(tensors.classes, Some(classes()));
    assert!(tensors.folded);
    let fresh = CONFIG.init(&Device::flex()).unwrap();
    let (again, _) = load_yolox(fresh, &tensors, &classes(), true).unwrap();
    let images = Tensor::random([1, 3, 64, 64], Distribution::Uniform(0.0, 255.0), &Device::flex());
    let [first, second] = [network, again].map(|network| {
        let flat = network.forward(images.clone()).flat();
        flat.into_data().try_to_vec::<f32>().unwrap()
    });
    for (first, second) in first.iter().zip(second) {
        assert!((first - second).abs() < 1e-3 * first.abs().max(1.0), "{first} and {second}");
    }
}

#[test]
fn arrays_of_every_kind_are_read() {
    let (_, bytes) = written();
    let expected = read_bytes(&bytes, CONFIG).unwrap();
    let mut model = proto::Model::decode(bytes.as_slice()).unwrap();
    for (at, tensor) in model.graph.as_mut().unwrap().initializer.iter_mut().enumerate() {
        if tensor.data_type != proto::Tensor::FLOAT {
            continue;
        }
        let raw = std::mem::take(&mut tensor.raw_data);
        let (chunks, _) = raw.as_chunks::<4>();
        let values = chunks.iter().map(|chunk| f32::from_le_bytes(*chunk));
        match at % 4 {
            0 => tensor.float_data = values.collect(),
            1 => {
                tensor.data_type = proto::Tensor::DOUBLE;
                tensor.double_data = values.map(f64::from).collect();
            }
            2 => {
                tensor.data_type = proto::Tensor::FLOAT16;
                tensor.raw_data =
                    values.flat_map(|value| half::f16::from_f32(value).to_le_bytes()).collect();
            }
            _ => {
                tensor.data_type = proto::Tensor::BFLOAT16;
                let bits = |value| i32::from(half::bf16::from_f32(value).to_bits());
                tensor.int32_data = values.map(bits).collect();
            }
        }
    }
    let found = read_bytes(&model.encode_to_vec(), CONFIG).unwrap();
    for (name, array) in &expected.arrays {
        for (found, expected) in found.arrays[name].values().iter().zip(array.values()) {
            // Eight bits of a bfloat16's fraction.
            assert!((found - expected).abs() <= expected.abs() / 128.0 + 1e-6, "{name}");
        }
    }
}

#[test]
fn other_networks_are_refused_by_what_is_other() {
    let (_, bytes) = written();
    let small = YoloxConfig { size: YoloxSize::S, classes: 2 };
    let error = read_bytes(&bytes, small).unwrap_err().to_string();
    assert!(error.contains("convolutions, and yolox-s has"), "{error}");
    let mut model = proto::Model::decode(bytes.as_slice()).unwrap();
    model.graph.as_mut().unwrap().initializer.retain(|tensor| tensor.dims != [16, 12, 3, 3]);
    let error = read_bytes(&model.encode_to_vec(), CONFIG).unwrap_err().to_string();
    assert!(error.contains("backbone.backbone.stem.conv.conv"), "{error}");
}

#[test]
fn kept_norms_go_by_their_names() {
    let (_, bytes) = written();
    let mut model = proto::Model::decode(bytes.as_slice()).unwrap();
    let graph = model.graph.as_mut().unwrap();
    graph.node.push(proto::Node { op_type: "BatchNormalization".into(), ..Default::default() });
    let tensors = read_bytes(&model.encode_to_vec(), CONFIG).unwrap();
    assert!(!tensors.folded);
    let head = tensors.arrays.get("head.obj_preds.2.bias").map(Array::shape);
    assert_eq!(head, Some(&[1][..]));
}

#[track_caller]
fn check_refused(size: [usize; 2], names: &[String], expected: &str) {
    let network = CONFIG.init(&Device::flex()).unwrap();
    let options = OnnxOptions { size, boxes: OnnxBoxes::Raw, classes: names };
    let error = encode(&network, &options).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn impossible_files_are_not_written() {
    check_refused([0, 64], &classes(), "not at 64 x 0");
    check_refused([64, 100], &classes(), "not at 100 x 64");
    check_refused([64, 1 << 20], &classes(), "not at 1048576 x 64");
    check_refused([64, 64], &[], "0 names were given for a network of 2 classes");
}

#[test]
fn weights_are_complete() {
    let (network, bytes) = written();
    let tensors = read_bytes(&bytes, CONFIG).unwrap();
    let names = |arrays: &std::collections::BTreeMap<String, Array>| {
        arrays.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&tensors.arrays), names(&state(&network).arrays));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read_bytes(&bytes, CONFIG).is_err());
    }
}
