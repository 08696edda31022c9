//! A network's weights by their names in a PyTorch state dict.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use super::{Array, Tensors};

/// Where a visit of a module is, in PyTorch's names.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// `None` for what PyTorch has no name for: which variant of an enum is there.
    steps: Vec<Option<String>>,
}

impl Place {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        // The neck's CSP layers are the only names with a capital.
        let name = match name.strip_prefix("c3_") {
            Some(rest) => format!("C3_{rest}"),
            None => name.to_owned(),
        };
        self.steps.push((!container.starts_with("Enum:")).then_some(name));
    }

    pub(crate) fn leave(&mut self) {
        self.steps.pop();
    }

    /// `backbone.backbone.dark2.0.conv.weight`
    pub(crate) fn name(&self) -> String {
        let steps: Vec<&str> = self.steps.iter().flatten().map(String::as_str).collect();
        steps.join(".")
    }
}

/// All weights and running values, by name.
pub fn state<M: Module>(network: &M) -> Tensors {
    let mut collected = Collected::default();
    network.visit(&mut collected);
    collected.tensors
}

#[derive(Default)]
struct Collected {
    place: Place,
    tensors: Tensors,
}

impl ModuleVisitor for Collected {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.leave();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let shape = value.dims().to_vec();
        let values = value.into_data().convert::<f32>().try_into_vec::<f32>();
        if let Some(array) = values.ok().and_then(|values| Array::new(shape, values)) {
            self.tensors.arrays.insert(self.place.name(), array);
        }
    }
}
