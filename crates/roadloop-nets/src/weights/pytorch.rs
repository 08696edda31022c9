//! PyTorch's checkpoints: a zip with a pickle, or what older versions wrote.
//!
//! The official YOLOX files have the state dict under `model`, beside the optimizer's state.

use std::path::Path;

use pytorch_reader::{DType, PytorchReader, Tensor};

use super::array::Kind;
use super::{Array, Tensors, check_size, wrong};
use crate::NetsError;

/// Where trainers put the state dict: YOLOX, then others; at last the file is one itself.
const KEYS: [&str; 3] = ["model", "state_dict", "model_state_dict"];

/// What all arrays together may take in memory as `f32`. A view may repeat one number without
/// end, so the file's size is no bound.
const MOST_NUMBERS: usize = 1 << 30;

pub(super) fn read(path: &Path) -> Result<Tensors, NetsError> {
    check_size(path)?;
    let under_key = KEYS.into_iter().find_map(|key| {
        let reader = PytorchReader::with_top_level_key(path, key).ok()?;
        (!reader.is_empty()).then_some(reader)
    });
    let reader = match under_key {
        Some(reader) => reader,
        None => PytorchReader::new(path).map_err(|error| {
            wrong(path, format!("it cannot be read as a PyTorch checkpoint: {error}"))
        })?,
    };
    let mut tensors = Tensors::default();
    let mut room = MOST_NUMBERS;
    for (name, tensor) in reader.into_tensors() {
        let Some(kind) = kind(tensor.dtype()) else { continue };
        let array = array(&tensor, kind, &mut room)
            .map_err(|found| wrong(path, format!("{name} {found}")))?;
        // A model trained on several devices has another step before each name.
        let plain = name.strip_prefix("module.").unwrap_or(&name).to_owned();
        tensors.arrays.insert(plain, array);
    }
    if tensors.arrays.is_empty() {
        return Err(wrong(path, "there is no array of floating-point numbers in it".to_owned()));
    }
    Ok(tensors)
}

/// `None` for counters and flags, which are no weights.
fn kind(found: DType) -> Option<Kind> {
    match found {
        DType::F64 => Some(Kind::F64),
        DType::F32 => Some(Kind::F32),
        DType::F16 => Some(Kind::F16),
        DType::BF16 => Some(Kind::Bf16),
        _ => None,
    }
}

fn array(tensor: &Tensor, kind: Kind, room: &mut usize) -> Result<Array, String> {
    *room = room
        .checked_sub(tensor.num_elements())
        .ok_or_else(|| format!("and those before have more than {MOST_NUMBERS} numbers"))?;
    let bytes = tensor.read().map_err(|error| format!("cannot be read: {error}"))?;
    // The reader gives the machine's own order; all machines we build for are little-endian.
    Array::from_bytes(tensor.shape().to_vec(), kind, &bytes)
        .ok_or_else(|| format!("has {} bytes for {:?}", bytes.len(), tensor.shape()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    /// Made by `make_pth.py` beside it.
    const STATE: &[u8] = include_bytes!("../../tests/data/state.pth");

    fn read_bytes(bytes: &[u8]) -> Result<Tensors, NetsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.pth");
        fs::write(&path, bytes).unwrap();
        read(&path)
    }

    #[test]
    fn the_state_dict_is_read_and_nothing_beside_it() {
        let tensors = read_bytes(STATE).unwrap();
        let found: Vec<_> = tensors
            .arrays
            .iter()
            .map(|(name, array)| (name.as_str(), array.shape().to_vec(), array.values().to_vec()))
            .collect();
        let weight = vec![0.5, -1.0, 2.0, 0.25, 4.0, -8.0];
        let expected = [
            ("backbone.backbone.stem.conv.bn.running_var", vec![2], vec![1.0, 2.5]),
            ("backbone.backbone.stem.conv.bn.weight", vec![2], vec![1.0, -2.5]),
            ("backbone.backbone.stem.conv.conv.weight", vec![2, 1, 1, 3], weight),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_checkpoint_is_named() {
        for bytes in [&b""[..], b"PK\x03\x04", b"not a pickle", &STATE[..STATE.len() / 2]] {
            let error = read_bytes(bytes).unwrap_err().to_string();
            assert!(error.contains("state.pth: "), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn damage_is_an_error_or_other_numbers(at in 0..STATE.len(), byte: u8) {
            let mut bytes = STATE.to_vec();
            bytes[at] = byte;
            if let Ok(tensors) = read_bytes(&bytes) {
                for array in tensors.arrays.values() {
                    prop_assert_eq!(array.shape().iter().product::<usize>(), array.values().len());
                }
            }
        }
    }
}
