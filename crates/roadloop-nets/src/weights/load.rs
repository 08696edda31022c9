//! From names and arrays into a network, with an account of every layer.

use std::collections::BTreeMap;
use std::fmt;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};

use super::rows::same_names;
use super::state::Place;
use super::{Array, COCO_80, ClassRows, Tensors};
use crate::{NetsError, Yolox};

/// How weights are taken.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions<'a> {
    /// The classes the network is to learn, in the order of its head's rows.
    pub classes: &'a [String],
    /// Which arrays have a row for each class.
    pub class_rows: fn(&str) -> Option<ClassRows>,
    /// An error where any weight is missing, left over or of another shape, but for the head's
    /// classes.
    pub strict: bool,
}

/// What became of one array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerFate {
    /// Taken as it is.
    Loaded,
    /// A head for other classes; the rows of `carried` were taken, the rest is as it was.
    Reshaped { found: Vec<usize>, expected: Vec<usize>, carried: Vec<String> },
    /// The network has it, the file does not; it is as it was.
    Missing,
    /// The file has it, the network does not.
    LeftOver { found: Vec<usize> },
    /// Both have it, in shapes that do not fit; it is as it was.
    Mismatched { found: Vec<usize>, expected: Vec<usize> },
}

/// One array and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// As in a state dict.
    pub name: String,
    pub fate: LayerFate,
}

/// The account of a load: every array of network and file once, in the network's order and then
/// what was left over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Loaded {
    pub layers: Vec<Layer>,
}

impl Loaded {
    fn those(&self, wanted: fn(&LayerFate) -> bool) -> usize {
        self.layers.iter().filter(|layer| wanted(&layer.fate)).count()
    }

    /// What is neither loaded nor a head reshaped for other classes.
    pub fn unsettled(&self) -> impl Iterator<Item = &Layer> {
        self.layers
            .iter()
            .filter(|layer| !matches!(layer.fate, LayerFate::Loaded | LayerFate::Reshaped { .. }))
    }

    /// The classes whose rows were carried into a reshaped head.
    pub fn carried(&self) -> &[String] {
        let reshaped = self.layers.iter().find_map(|layer| match &layer.fate {
            LayerFate::Reshaped { carried, .. } => Some(carried.as_slice()),
            _ => None,
        });
        reshaped.unwrap_or_default()
    }
}

impl fmt::Display for Loaded {
    /// `350 loaded, 6 reshaped (car, person carried over), 0 missing, 0 left over, 0 of another
    /// shape`
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reshaped = self.those(|fate| matches!(fate, LayerFate::Reshaped { .. }));
        write!(to, "{} loaded, ", self.those(|fate| *fate == LayerFate::Loaded))?;
        write!(to, "{reshaped} reshaped")?;
        if reshaped > 0 {
            let carried = self.carried();
            let names = if carried.is_empty() { "no class".to_owned() } else { carried.join(", ") };
            write!(to, " ({names} carried over)")?;
        }
        let missing = self.those(|fate| *fate == LayerFate::Missing);
        let left_over = self.those(|fate| matches!(fate, LayerFate::LeftOver { .. }));
        let mismatched = self.those(|fate| matches!(fate, LayerFate::Mismatched { .. }));
        write!(to, ", {missing} missing, {left_over} left over, {mismatched} of another shape")
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.fate {
            LayerFate::Loaded => write!(to, "{name}: loaded"),
            LayerFate::Reshaped { found, expected, carried } => {
                write!(to, "{name}: {found:?} made {expected:?}, {} carried over", carried.len())
            }
            LayerFate::Missing => write!(to, "{name}: the network has it, the file does not"),
            LayerFate::LeftOver { found } => {
                write!(to, "{name}: the file has it ({found:?}), the network does not")
            }
            LayerFate::Mismatched { found, expected } => {
                write!(to, "{name}: {found:?} in the file, {expected:?} in the network")
            }
        }
    }
}

/// A YOLOX with a file's weights; its head's rows go by class names.
///
/// A file that names no classes and has 80 was trained for COCO's.
pub fn load_yolox(
    network: Yolox,
    tensors: &Tensors,
    classes: &[String],
    strict: bool,
) -> Result<(Yolox, Loaded), NetsError> {
    load(network, tensors, &LoadOptions { classes, class_rows: ClassRows::of_yolox, strict })
}

/// Any network with a file's weights. Where the file names its classes (or has COCO's 80), rows
/// of classes go by name, even when there are as many; otherwise a head of the same size is
/// taken as it is, and one of another size stays as it was.
pub fn load<M: Module>(
    network: M,
    tensors: &Tensors,
    options: &LoadOptions<'_>,
) -> Result<(M, Loaded), NetsError> {
    let mut filling = Filling {
        place: Place::default(),
        rest: tensors.arrays.iter().map(|(name, array)| (name.as_str(), array)).collect(),
        told_classes: tensors.classes.as_deref(),
        coco: COCO_80.map(str::to_owned).to_vec(),
        options,
        loaded: Loaded::default(),
    };
    let network = network.map(&mut filling);
    let Filling { rest, mut loaded, .. } = filling;
    // How many batches a norm has seen: PyTorch keeps it and, with a momentum, never looks.
    let rest = rest.into_iter().filter(|(name, _)| !name.ends_with(".num_batches_tracked"));
    loaded.layers.extend(rest.map(|(name, array)| Layer {
        name: name.to_owned(),
        fate: LayerFate::LeftOver { found: array.shape().to_vec() },
    }));
    if options.strict {
        refuse(&loaded)?;
    }
    Ok((network, loaded))
}

/// As many layers as a message names; the rest are counted.
const MOST_NAMED: usize = 5;

fn refuse(loaded: &Loaded) -> Result<(), NetsError> {
    let count = loaded.unsettled().count();
    if count == 0 {
        return Ok(());
    }
    let mut named: Vec<String> =
        loaded.unsettled().take(MOST_NAMED).map(Layer::to_string).collect();
    if count > MOST_NAMED {
        named.push(format!("{} more", count - MOST_NAMED));
    }
    Err(NetsError::Weights(format!("the weights are of another network: {}", named.join("; "))))
}

struct Filling<'a> {
    place: Place,
    /// What no layer has taken yet.
    rest: BTreeMap<&'a str, &'a Array>,
    told_classes: Option<&'a [String]>,
    coco: Vec<String>,
    options: &'a LoadOptions<'a>,
    loaded: Loaded,
}

impl Filling<'_> {
    /// What to put into a layer, and what to say of it.
    fn fill(&self, name: &str, ours: &Array, found: Option<&Array>) -> (Option<Array>, LayerFate) {
        let Some(found) = found else {
            return (None, LayerFate::Missing);
        };
        let shapes = || (found.shape().to_vec(), ours.shape().to_vec());
        if let Some(rows) = (self.options.class_rows)(name) {
            let theirs = self.their_classes(rows, found);
            let same = theirs.is_none_or(|theirs| theirs == self.options.classes);
            if !(same && ours.shape() == found.shape()) {
                let theirs = theirs.unwrap_or_default();
                let ours_carried = rows.carry(ours, self.options.classes, found, theirs);
                let carried = same_names(self.options.classes, theirs);
                let (found, expected) = shapes();
                let fate = match ours_carried {
                    Some(_) => LayerFate::Reshaped {
                        found,
                        expected,
                        carried: carried.map(|(at, _)| self.options.classes[at].clone()).collect(),
                    },
                    None if found.get(1..) == expected.get(1..) && theirs.is_empty() => {
                        LayerFate::Reshaped { found, expected, carried: Vec::new() }
                    }
                    None => LayerFate::Mismatched { found, expected },
                };
                return (ours_carried, fate);
            }
        }
        if ours.shape() == found.shape() {
            return (Some(found.clone()), LayerFate::Loaded);
        }
        let (found, expected) = shapes();
        (None, LayerFate::Mismatched { found, expected })
    }

    fn their_classes(&self, rows: ClassRows, found: &Array) -> Option<&[String]> {
        let count = rows.classes(*found.shape().first()?)?;
        match self.told_classes {
            Some(told) if told.len() == count => Some(told),
            _ if count == self.coco.len() => Some(&self.coco),
            _ => None,
        }
    }
}

impl ModuleMapper for Filling<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.leave();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.place.name();
        let value = param.val();
        let (shape, device) = (value.dims(), value.device());
        let found = self.rest.remove(name.as_str());
        let is_class = (self.options.class_rows)(&name).is_some();
        // Only a head's own rows are ever kept, so only they are read.
        let ours = if is_class {
            let values = value.into_data().convert::<f32>().try_into_vec::<f32>();
            values.ok().and_then(|values| Array::new(shape.to_vec(), values))
        } else {
            Some(Array::filled(shape.to_vec(), 0.0))
        };
        let (array, fate) = match &ours {
            Some(ours) => self.fill(&name, ours, found),
            None => (None, LayerFate::Missing),
        };
        self.loaded.layers.push(Layer { name, fate });
        let Some(array) = array else {
            return param;
        };
        param.map(|old| {
            let data = TensorData::new(array.values().to_vec(), shape);
            Tensor::from_data(data, &device).set_require_grad(old.is_require_grad())
        })
    }
}

#[cfg(test)]
mod tests;
