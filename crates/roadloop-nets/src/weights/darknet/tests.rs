//! Files in Darknet's layout, made here: the originals cannot be had everywhere.

use burn::module::Module;
use burn::tensor::Device;
use proptest::prelude::*;

use super::*;
use crate::weights::{ClassRows, LayerFate, LoadOptions, load, state};
use crate::yolov3::Yolov3;

const SMALL: Yolov3Config = Yolov3Config { classes: 2, channels: 2 };

/// A header of version 0.2, and these many numbers: 0, 1, 2 ... over 1024.
fn file(numbers: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [0i32, 2, 0] {
        bytes.extend(part.to_le_bytes());
    }
    bytes.extend(32_013_312u64.to_le_bytes());
    bytes.extend((0..numbers).flat_map(|number| (number as f32 / 1024.0).to_le_bytes()));
    bytes
}

fn read_bytes(bytes: &[u8]) -> Result<Tensors, NetsError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("yolov3.weights");
    std::fs::write(&path, bytes).expect("a file");
    read_darknet(&path, &SMALL)
}

fn length(classes: usize) -> usize {
    let layers = [backbone(SMALL.channels), head(SMALL.channels, classes)];
    layers.concat().iter().map(Layer::len).sum()
}

fn network() -> Yolov3 {
    SMALL.init(&Device::flex()).expect("a network")
}

#[test]
fn lengths_are_the_originals() {
    // yolov3.weights of COCO: 248 007 048 bytes. darknet53.conv.74: 162 482 580.
    let sum = |layers: &[Layer]| layers.iter().map(Layer::len).sum::<usize>();
    let whole = [backbone(32), head(32, 80)].concat();
    assert_eq!(20 + 4 * sum(&whole), 248_007_048);
    assert_eq!(20 + 4 * sum(&backbone(32)), 162_482_580);
    assert_eq!(backbone(32).len(), 52);
    assert_eq!(whole.len(), 75);
}

#[test]
fn every_number_is_where_darknet_has_it() {
    let tensors = read_bytes(&file(length(2))).expect("weights");
    let total: usize = tensors.arrays.values().map(|array| array.values().len()).sum();
    assert_eq!(total, length(2));
    assert_eq!(tensors.classes, None);
    // The first convolution: shifts 0, 1, scales 2, 3, means 4, 5, variances 6, 7, kernels.
    let first = |name: &str| tensors.arrays[&format!("backbone.stem.{name}")].values()[0] * 1024.0;
    let found = ["bn.bias", "bn.weight", "bn.running_mean", "bn.running_var", "conv.weight"];
    assert_eq!(found.map(first), [0.0, 2.0, 4.0, 6.0, 8.0]);
    // The last layer has no norm: its 21 biases and 21 x 16 kernels end the file.
    let last = &tensors.arrays["blocks.2.output.bias"];
    assert_eq!(last.values()[0] * 1024.0, (length(2) - 21 * 16 - 21) as f32);
}

#[test]
fn a_whole_file_fills_the_network_to_the_last_number() {
    let tensors = read_bytes(&file(length(2))).expect("weights");
    let options = LoadOptions {
        classes: &["car".to_owned(), "person".to_owned()],
        class_rows: ClassRows::of_yolov3,
        strict: true,
    };
    let (filled, loaded) = load(network(), &tensors, &options).expect("a network");
    assert_eq!(loaded.unsettled().count(), 0);
    assert_eq!(state(&filled).arrays, tensors.arrays);
}

#[test]
fn a_backbone_leaves_the_head_as_it_was() {
    let numbers = backbone(SMALL.channels).iter().map(Layer::len).sum();
    let tensors = read_bytes(&file(numbers)).expect("weights");
    let options = LoadOptions { classes: &[], class_rows: ClassRows::of_yolov3, strict: false };
    let (filled, loaded) = load(network(), &tensors, &options).expect("a network");
    assert_eq!(filled.num_params(), network().num_params());
    assert!(
        loaded.unsettled().all(|layer| {
            layer.fate == LayerFate::Missing && !layer.name.starts_with("backbone.")
        })
    );
    assert_eq!(loaded.unsettled().count(), 20 * 5 + 3 * 2);
}

#[test]
fn coco_s_classes_are_carried_over_by_name() {
    let tensors = read_bytes(&file(length(80))).expect("weights");
    assert_eq!(tensors.classes.as_ref().map(Vec::len), Some(80));
    let classes = ["truck".to_owned(), "scooter".to_owned()];
    let options = LoadOptions { classes: &classes, class_rows: ClassRows::of_yolov3, strict: true };
    let (filled, loaded) = load(network(), &tensors, &options).expect("a network");
    assert_eq!(loaded.carried(), ["truck".to_owned()]);
    let theirs = tensors.arrays["blocks.0.output.bias"].values();
    let ours = state(&filled);
    let ours = ours.arrays["blocks.0.output.bias"].values();
    for anchor in 0..3 {
        // Box and objectness, then the truck: COCO's eighth.
        assert_eq!(ours[anchor * 7..anchor * 7 + 5], theirs[anchor * 85..anchor * 85 + 5]);
        assert_eq!(ours[anchor * 7 + 5], theirs[anchor * 85 + 5 + 7]);
    }
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let error = read_bytes(bytes).expect_err("an error").to_string();
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn what_does_not_fit_is_named() {
    let whole = length(2);
    check(
        &file(whole - 3),
        &format!(
            "it has {} numbers, and a YOLOv3 of 2 classes has {whole}: it ends after 354 of 357 \
             of blocks.2.output",
            whole - 3
        ),
    );
    check(
        &file(whole + 5),
        &format!("it has {} numbers, and a YOLOv3 of 2 classes has {whole}: 5 more", whole + 5),
    );
    check(&file(whole)[..20 + 6], "it ends 2 bytes into a number of four");
    check(&file(0)[..18], "it has 18 bytes, and its header alone 20");
    check(b"", "version -1.-1 is none of Darknet's: it is no .weights file");
    check(b"PK\x03\x04 a zip file", "it is no .weights file");
}

#[test]
fn old_files_counted_images_with_32_bits() {
    let mut old = file(length(1));
    old[4..8].copy_from_slice(&1i32.to_le_bytes());
    old.drain(16..20);
    let tensors = read_bytes(&old).expect("weights");
    assert_eq!(tensors.arrays["backbone.stem.bn.bias"].values()[1] * 1024.0, 1.0);
    assert_eq!(tensors.arrays["blocks.2.output.bias"].shape(), [18]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read_bytes(&bytes).is_err());
    }
}
