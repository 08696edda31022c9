//! The smallest seam to an inference runtime: named tensors in, tensors out.
//!
//! Decoders and finders see only this, so tests hand them models whose answers
//! can be computed on paper.

mod session;

use std::fmt;

use crate::ModelError;

pub use session::{ModelSource, SessionOptions};
pub(crate) use session::{Session, read_source};

/// Opens a graph as it is: tensors in, tensors out.
pub fn open_model(
    source: &ModelSource,
    options: SessionOptions,
) -> Result<Box<dyn Model>, ModelError> {
    let bytes = read_source(source)?;
    let (name, folder) = match source {
        ModelSource::Bytes { name, .. } => (name.to_string(), None),
        ModelSource::File(path) => (path.display().to_string(), path.parent()),
    };
    Ok(Box::new(Session::open(&name, bytes, folder, options)?))
}

/// What a graph takes in, or gives out, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    /// `None` for a side that is only known when the model runs.
    pub shape: Vec<Option<usize>>,
    pub element: Element,
}

/// What a tensor is made of, as far as we feed and read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    F32,
    I64,
    /// Anything else: float16, uint8, text, sequences.
    Other,
}

/// Numbers with a shape, last axis fastest.
///
/// Invariant: there are as many values as the shape says.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    F32(Vec<f32>),
    I64(Vec<i64>),
}

/// A graph that can be run by many threads at once.
///
/// Promises: `run` takes one tensor per input and gives one per output, in the
/// order of the ports; equal inputs give equal outputs.
pub trait Model: Send + Sync + fmt::Debug {
    /// For messages: the file's name.
    fn name(&self) -> &str;
    fn inputs(&self) -> &[Port];
    fn outputs(&self) -> &[Port];
    /// What the exporter noted in the file under a key.
    fn note(&self, _key: &str) -> Option<String> {
        None
    }
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError>;
}

impl Tensor {
    /// `None` when the number of values is not what the shape says.
    pub fn new(shape: Vec<usize>, values: Values) -> Option<Tensor> {
        let expected = shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side))?;
        let len = match &values {
            Values::F32(values) => values.len(),
            Values::I64(values) => values.len(),
        };
        (len == expected).then_some(Tensor { shape, values })
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The values when they are `f32`.
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.values {
            Values::F32(values) => Some(values),
            Values::I64(_) => None,
        }
    }
}

impl fmt::Display for Port {
    /// `images f32 [1, 3, ?, ?]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let element = match self.element {
            Element::F32 => "f32",
            Element::I64 => "i64",
            Element::Other => "another type",
        };
        let sides: Vec<String> = self
            .shape
            .iter()
            .map(|side| side.map_or_else(|| "?".to_owned(), |side| side.to_string()))
            .collect();
        write!(f, "{} {element} [{}]", self.name, sides.join(", "))
    }
}

/// The ports of a graph in words, for errors.
pub(crate) fn describe(model: &dyn Model) -> String {
    let words = |ports: &[Port]| {
        // A hostile graph may have any number of them.
        let mut words: Vec<String> = ports.iter().take(8).map(Port::to_string).collect();
        if ports.len() > words.len() {
            words.push(format!("{} more", ports.len() - words.len()));
        }
        words.join(", ")
    };
    format!("inputs {}; outputs {}", words(model.inputs()), words(model.outputs()))
}

/// Takes an output as `f32` in one of the shapes a decoder works with.
/// `shape` has `None` where any side will do.
pub(crate) fn expect_f32<'t>(
    model: &dyn Model,
    tensor: &'t Tensor,
    shape: &[Option<usize>],
) -> Result<&'t [f32], ModelError> {
    let fits = tensor.shape.len() == shape.len()
        && tensor.shape.iter().zip(shape).all(|(side, wanted)| wanted.is_none_or(|w| w == *side));
    match tensor.as_f32() {
        Some(values) if fits => Ok(values),
        _ => Err(ModelError::Output {
            model: model.name().to_owned(),
            found: format!("{:?}", tensor.shape),
            expected: Port {
                name: "a tensor".into(),
                shape: shape.to_vec(),
                element: Element::F32,
            }
            .to_string(),
        }),
    }
}

#[cfg(test)]
pub(crate) mod fake {
    use super::*;

    /// A model that gives the same outputs whatever it is shown, or computes
    /// them from its input.
    pub(crate) struct FakeModel {
        pub(crate) inputs: Vec<Port>,
        pub(crate) outputs: Vec<Port>,
        #[expect(clippy::type_complexity, reason = "one closure, in tests only")]
        pub(crate) answer: Box<dyn Fn(&[Tensor]) -> Vec<Tensor> + Send + Sync>,
    }

    impl fmt::Debug for FakeModel {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("FakeModel")
        }
    }

    impl FakeModel {
        /// Declares the shapes of the tensors it always answers with.
        pub(crate) fn fixed(input: &[usize], outputs: Vec<(&str, Tensor)>) -> FakeModel {
            let ports = outputs.iter().map(|(name, tensor)| port(name, tensor.shape())).collect();
            let tensors: Vec<Tensor> = outputs.into_iter().map(|(_, tensor)| tensor).collect();
            FakeModel {
                inputs: vec![port("images", input)],
                outputs: ports,
                answer: Box::new(move |_| tensors.clone()),
            }
        }
    }

    impl Model for FakeModel {
        fn name(&self) -> &str {
            "fake.onnx"
        }

        fn inputs(&self) -> &[Port] {
            &self.inputs
        }

        fn outputs(&self) -> &[Port] {
            &self.outputs
        }

        fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
            Ok((self.answer)(&inputs))
        }
    }

    pub(crate) fn port(name: &str, shape: &[usize]) -> Port {
        Port {
            name: name.to_owned(),
            shape: shape.iter().map(|side| (*side > 0).then_some(*side)).collect(),
            element: Element::F32,
        }
    }

    pub(crate) fn tensor(shape: &[usize], values: Vec<f32>) -> Tensor {
        Tensor::new(shape.to_vec(), Values::F32(values)).expect("as many values as the shape says")
    }

    /// Zeros but for the values named by their index.
    pub(crate) fn sparse(shape: &[usize], values: &[(usize, f32)]) -> Tensor {
        let mut all = vec![0.0; shape.iter().product()];
        for (index, value) in values {
            all[*index] = *value;
        }
        tensor(shape, all)
    }
}
