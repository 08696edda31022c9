//! Safetensors: a header in JSON, then the numbers. Nothing in it can run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use super::array::Kind;
use super::{Array, Tensors, bytes, wrong};
use crate::NetsError;

/// The key of class names in the file's notes, a list in JSON.
const CLASSES: &str = "classes";

pub(super) fn read(path: &Path) -> Result<Tensors, NetsError> {
    decode_named(&bytes(path)?, path)
}

/// What [`encode`] gave.
pub fn decode(bytes: &[u8]) -> Result<Tensors, NetsError> {
    decode_named(bytes, Path::new("weights"))
}

fn decode_named(bytes: &[u8], path: &Path) -> Result<Tensors, NetsError> {
    let failed = |error| wrong(path, format!("it cannot be read as safetensors: {error}"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(failed)?;
    let file = SafeTensors::deserialize(bytes).map_err(failed)?;
    let mut tensors = Tensors::default();
    if let Some(text) = header.metadata().as_ref().and_then(|notes| notes.get(CLASSES)) {
        tensors.classes = Some(serde_json::from_str(text).map_err(|error| {
            wrong(path, format!("its classes are no list of names in JSON: {error}"))
        })?);
    }
    for (name, view) in file.iter() {
        let kind = match view.dtype() {
            Dtype::F64 => Kind::F64,
            Dtype::F32 => Kind::F32,
            Dtype::F16 => Kind::F16,
            Dtype::BF16 => Kind::Bf16,
            _ => continue,
        };
        let shape = view.shape().to_vec();
        let array = Array::from_bytes(shape, kind, view.data()).ok_or_else(|| {
            let found = format!("{name} has {} bytes for {:?}", view.data().len(), view.shape());
            wrong(path, found)
        })?;
        tensors.arrays.insert(name.to_owned(), array);
    }
    if tensors.arrays.is_empty() {
        return Err(wrong(path, "there is no array of floating-point numbers in it".to_owned()));
    }
    Ok(tensors)
}

/// Writes what [`read`] reads, and what PyTorch's `load_state_dict` takes as strictly as it can:
/// each norm has its count of batches, 0.
///
/// The same tensors give the same bytes, so that a file's hash says what is in it; the crate's
/// own writer lets the notes fall in any order.
pub fn write(tensors: &Tensors, path: &Path) -> Result<(), NetsError> {
    fs::write(path, encode(tensors))
        .map_err(|source| NetsError::File { path: path.to_owned(), source })
}

/// The bytes of what [`write`] writes.
pub fn encode(tensors: &Tensors) -> Vec<u8> {
    // `format` is how `transformers` knows whose names these are.
    let mut notes = BTreeMap::from([("format", "pt".to_owned())]);
    if let Some(classes) = &tensors.classes {
        notes.insert(CLASSES, json!(classes).to_string());
    }
    let mut header = Map::from_iter([("__metadata__".to_owned(), json!(notes))]);
    let mut data: Vec<u8> = Vec::new();
    let mut put =
        |name: String, kind: &str, shape: &[usize], bytes: &mut dyn Iterator<Item = u8>| {
            let start = data.len();
            data.extend(bytes);
            let part =
                json!({ "dtype": kind, "shape": shape, "data_offsets": [start, data.len()] });
            header.insert(name, part);
        };
    // The eight-byte numbers first, so that all lie where their size divides their place.
    for norm in tensors.arrays.keys().filter_map(|name| name.strip_suffix("running_var")) {
        put(format!("{norm}num_batches_tracked"), "I64", &[], &mut [0; 8].into_iter());
    }
    for (name, array) in &tensors.arrays {
        let mut bytes = array.values().iter().flat_map(|value| value.to_le_bytes());
        put(name.clone(), "F32", array.shape(), &mut bytes);
    }
    let mut header = Value::Object(header).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_written_again_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b"].map(|name| folder.path().join(name));
        let mut tensors =
            Tensors { classes: Some(vec!["car".into(), "\"bike\"".into()]), ..Tensors::default() };
        for (name, shape) in [("a.weight", vec![2, 1, 1, 3]), ("a.bn.running_var", vec![3])] {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|at| at as f32 - 1.5).collect();
            tensors.arrays.insert(name.to_owned(), Array::new(shape, values).unwrap());
        }
        write(&tensors, &first).unwrap();
        let again = read(&first).unwrap();
        assert_eq!(again, tensors);
        write(&again, &second).unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
        let bytes = fs::read(&first).unwrap();
        let counter = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(counter.tensor("a.bn.num_batches_tracked").unwrap().dtype(), Dtype::I64);
    }

    #[test]
    fn damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let bomb = br#"{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4]}}"#;
        let mut file = (bomb.len() as u64).to_le_bytes().to_vec();
        file.extend(bomb);
        file.extend([0; 4]);
        for damaged in [&b""[..], b"12345678", &[0xff; 64], &file] {
            fs::write(&path, damaged).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("weights.safetensors"), "{error}");
        }
    }
}
