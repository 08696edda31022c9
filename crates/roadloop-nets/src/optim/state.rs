//! Named arrays and a counter as bytes, and back to the same bits.
//!
//! ```text
//! "roadloop-optim1\n"   u64 counter   u64 arrays
//! each: u32 length of name, name, u64 values, values as f32     all little endian
//! ```
//!
//! Read from a file that someone may have changed: no length is believed before as many bytes
//! are there.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use crate::NetsError;

const MAGIC: &[u8] = b"roadloop-optim1\n";

pub(super) fn write(
    arrays: &BTreeMap<String, Tensor<1>>,
    counter: u64,
) -> Result<Vec<u8>, NetsError> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(counter.to_le_bytes());
    bytes.extend((arrays.len() as u64).to_le_bytes());
    for (name, array) in arrays {
        let data = array.to_data();
        let values = data.iter::<f32>();
        let length = u32::try_from(name.len()).map_err(|_| {
            crate::error::shape("the name of a weight", name.len(), "fewer than 2^32 bytes")
        })?;
        bytes.extend(length.to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend((array.dims()[0] as u64).to_le_bytes());
        for value in values {
            bytes.extend(value.to_le_bytes());
        }
    }
    Ok(bytes)
}

/// The arrays, on this device, and the counter; `what` they are, for errors.
pub(super) fn read(
    bytes: &[u8],
    what: &str,
    device: &Device,
) -> Result<(BTreeMap<String, Tensor<1>>, u64), NetsError> {
    let mut rest = Rest { bytes, at: 0, what };
    if rest.take(MAGIC.len())? != MAGIC {
        return Err(rest.wrong("other bytes", "what training writes"));
    }
    let counter = rest.number()?;
    let count = rest.number()?;
    let device = device.clone().without_autodiff();
    let mut arrays = BTreeMap::new();
    for _ in 0..count {
        let length = rest.take(4)?.try_into().map_or(0, u32::from_le_bytes);
        let name = rest.take(length as usize)?;
        let Ok(name) = std::str::from_utf8(name) else {
            return Err(rest.wrong("a name that is not text", "UTF-8"));
        };
        let name = name.to_owned();
        let values = usize::try_from(rest.number()?).unwrap_or(usize::MAX);
        let values = rest.take(values.saturating_mul(4))?;
        let values: Vec<f32> = values
            .chunks_exact(4)
            .map(|value| value.try_into().map_or(0.0, f32::from_le_bytes))
            .collect();
        let shape = [values.len()];
        let array = Tensor::from_data(TensorData::new(values, shape), &device);
        if arrays.insert(name, array).is_some() {
            return Err(rest.wrong("a name that comes twice", "each name once"));
        }
    }
    if rest.at != bytes.len() {
        return Err(rest.wrong("more bytes", "the end"));
    }
    Ok((arrays, counter))
}

struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
    what: &'a str,
}

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], NetsError> {
        let end = self.at.saturating_add(count);
        let Some(taken) = self.bytes.get(self.at..end) else {
            let left = self.bytes.len() - self.at;
            return Err(self.wrong(&format!("{left} bytes"), &format!("{count} more")));
        };
        self.at = end;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, NetsError> {
        Ok(self.take(8)?.try_into().map_or(0, u64::from_le_bytes))
    }

    fn wrong(&self, found: &str, expected: &str) -> NetsError {
        NetsError::Shape {
            what: format!("saved {} at byte {}", self.what, self.at),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}
