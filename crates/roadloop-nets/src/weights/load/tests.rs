//! Every layer is accounted for.

use super::*;
use crate::weights::state;
use crate::{YoloxConfig, YoloxSize};
use burn::tensor::Device;

fn nano(classes: usize) -> Yolox {
    YoloxConfig { size: YoloxSize::Nano, classes }.init(&Device::flex()).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const HEAD: &str = "head.cls_preds.1.weight";

/// Loads `theirs` with these classes into a network for `ours`, and says the account and, of the
/// head, which row of theirs each row of ours is.
#[track_caller]
fn check(
    ours: &[&str],
    theirs: Option<&[&str]>,
    count: usize,
    account: &str,
    rows: &[Option<usize>],
) {
    let mut tensors = state(&nano(count));
    tensors.classes = theirs.map(names);
    let (network, loaded) = load_yolox(nano(ours.len()), &tensors, &names(ours), true).unwrap();
    assert_eq!(loaded.to_string(), account);
    let (found, given) = (&state(&network).arrays[HEAD], &tensors.arrays[HEAD]);
    let row: usize = given.shape()[1..].iter().product();
    let found: Vec<Option<usize>> = found
        .values()
        .chunks(row)
        .map(|ours| given.values().chunks(row).position(|theirs| theirs == ours))
        .collect();
    assert_eq!(found, rows);
}

#[test]
fn a_network_takes_its_own_state() {
    let tensors = state(&nano(2));
    let (network, loaded) = load_yolox(nano(2), &tensors, &names(&["a", "b"]), true).unwrap();
    assert_eq!(state(&network), tensors);
    assert_eq!(loaded.unsettled().count(), 0);
    assert_eq!(loaded.layers.len(), tensors.arrays.len());
}

#[test]
fn rows_go_by_the_names_of_classes() {
    let all = "538 loaded, 0 reshaped, 0 missing, 0 left over, 0 of another shape";
    check(&["a", "b"], None, 2, all, &[Some(0), Some(1)]);
    check(&["a", "b"], Some(&["a", "b"]), 2, all, &[Some(0), Some(1)]);
    let some = |names: &str| {
        format!(
            "532 loaded, 6 reshaped ({names} carried over), 0 missing, 0 left over, 0 of another \
             shape"
        )
    };
    check(&["b", "c"], Some(&["a", "b"]), 2, &some("b"), &[Some(1), None]);
    check(&["b"], Some(&["a", "B", "c"]), 3, &some("b"), &[Some(1)]);
    check(&["car", "tram", "person"], None, 80, &some("car, person"), &[Some(2), None, Some(0)]);
    check(&["car"], None, 7, &some("no class"), &[None]);
}

#[test]
fn what_does_not_fit_is_named() {
    let mut tensors = state(&nano(1));
    tensors.arrays.remove("backbone.C3_p4.conv1.bn.bias");
    tensors.arrays.insert("head.stems.0.conv.weight".to_owned(), Array::filled(vec![2, 3], 0.0));
    tensors.arrays.insert("neck.weight".to_owned(), Array::filled(vec![1], 0.0));
    let classes = names(&["a"]);
    let (_, loaded) = load_yolox(nano(1), &tensors, &classes, false).unwrap();
    let said: Vec<String> = loaded.unsettled().map(Layer::to_string).collect();
    assert_eq!(
        said,
        [
            "backbone.C3_p4.conv1.bn.bias: the network has it, the file does not",
            "head.stems.0.conv.weight: [2, 3] in the file, [64, 64, 1, 1] in the network",
            "neck.weight: the file has it ([1]), the network does not",
        ]
    );
    let error = load_yolox(nano(1), &tensors, &classes, true).unwrap_err().to_string();
    assert!(error.contains("[2, 3] in the file, [64, 64, 1, 1] in the network"), "{error}");
}

#[test]
fn weights_learn_on_after_a_load() {
    let device = Device::flex().autodiff();
    let network = YoloxConfig { size: YoloxSize::Nano, classes: 1 }.init(&device).unwrap();
    let (network, _) = load_yolox(network, &state(&nano(1)), &names(&["a"]), true).unwrap();
    let weight = network.head.stems[0].conv.weight.val();
    assert!(weight.is_require_grad());
    assert!(weight.device().is_autodiff());
}
