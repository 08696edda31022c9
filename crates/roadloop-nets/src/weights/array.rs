//! Numbers with a shape, as a file has them.

use half::{bf16, f16};

/// Single-precision numbers in rows, last axis fastest.
///
/// Invariant: there are as many values as the shape says.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// What a file's numbers are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F64,
    F32,
    F16,
    Bf16,
}

impl Array {
    /// `None` where the number of values is not what the shape says.
    pub fn new(shape: Vec<usize>, values: Vec<f32>) -> Option<Array> {
        let expected = shape.iter().try_fold(1usize, |all, side| all.checked_mul(*side))?;
        (expected == values.len()).then_some(Array { shape, values })
    }

    /// Of little-endian numbers.
    pub(crate) fn from_bytes(shape: Vec<usize>, kind: Kind, bytes: &[u8]) -> Option<Array> {
        fn numbers<const N: usize>(bytes: &[u8], read: fn([u8; N]) -> f32) -> Option<Vec<f32>> {
            let (chunks, rest) = bytes.as_chunks::<N>();
            rest.is_empty().then(|| chunks.iter().map(|chunk| read(*chunk)).collect())
        }
        let values = match kind {
            Kind::F64 => numbers(bytes, |chunk| f64::from_le_bytes(chunk) as f32),
            Kind::F32 => numbers(bytes, f32::from_le_bytes),
            Kind::F16 => numbers(bytes, |chunk| f16::from_le_bytes(chunk).to_f32()),
            Kind::Bf16 => numbers(bytes, |chunk| bf16::from_le_bytes(chunk).to_f32()),
        }?;
        Array::new(shape, values)
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn filled(shape: Vec<usize>, value: f32) -> Array {
        let values = vec![value; shape.iter().product()];
        Array { shape, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, bytes: &[u8], expected: Option<&[f32]>) {
        let found = Array::from_bytes(vec![2], kind, bytes);
        assert_eq!(found.as_ref().map(Array::values), expected, "{kind:?}");
    }

    #[test]
    fn numbers_of_all_kinds() {
        check(Kind::F16, &[0x00, 0x3c, 0x00, 0xc1], Some(&[1.0, -2.5]));
        check(Kind::Bf16, &[0x80, 0x3f, 0x20, 0xc0], Some(&[1.0, -2.5]));
        check(Kind::F32, &[0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0], Some(&[1.0, -2.5]));
        check(
            Kind::F64,
            &[1f64.to_le_bytes(), (-2.5f64).to_le_bytes()].concat(),
            Some(&[1.0, -2.5]),
        );
        check(Kind::F32, &[0, 0, 0x80, 0x3f], None);
        check(Kind::F16, &[0, 0, 0], None);
    }
}
