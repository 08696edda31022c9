//! A value of a layer that no gradient moves: a running mean or variance.
//!
//! Not Burn's `RunningState`: that one is shared by a model's clones, so a copy kept aside
//! changes with the model that trains on, and what is visited (and so saved) is one update
//! old. This one is copied when it is cloned, and always what was last written.

use std::sync::{Arc, Mutex, PoisonError};

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
    Param, ParamId,
};
use burn::tensor::{Device, Tensor};

/// One number for each channel, `[channels]`, written in the forward pass of training.
#[derive(Debug)]
pub struct Running {
    id: ParamId,
    // A mutex, as the forward pass has the layer by reference.
    value: Arc<Mutex<Tensor<1>>>,
}

impl Running {
    pub fn new(value: Tensor<1>) -> Running {
        Running { id: ParamId::new(), value: Arc::new(Mutex::new(value)) }
    }

    pub fn value(&self) -> Tensor<1> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the place of what was there; never asks for a gradient.
    pub fn set(&self, value: Tensor<1>) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = value.set_require_grad(false);
    }

    fn with(&self, value: Tensor<1>) -> Running {
        Running { id: self.id, value: Arc::new(Mutex::new(value.set_require_grad(false))) }
    }
}

impl Clone for Running {
    fn clone(&self) -> Running {
        self.with(self.value())
    }
}

impl Module for Running {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.visit_float(&Param::initialized(self.id, self.value()));
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Running {
        let mapped = mapper.map_float(Param::initialized(self.id, self.value()));
        let (id, value, _) = mapped.consume();
        Running { id, ..self.with(value) }
    }

    fn to_device(self, device: &Device) -> Running {
        self.with(self.value().to_device(device))
    }

    fn fork(self, device: &Device) -> Running {
        self.to_device(device)
    }

    fn collect_devices(&self, mut devices: Devices) -> Devices {
        let device = self.value().device();
        if !devices.contains(&device) {
            devices.push(device);
        }
        devices
    }

    fn materialize(self) -> Running {
        self
    }

    fn valid(&self) -> Running {
        self.with(self.value().without_autodiff())
    }

    fn train(self) -> Running {
        self.with(self.value().autodiff())
    }
}

impl std::fmt::Display for Running {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Running(id={})", self.id)
    }
}

impl ModuleDisplayDefault for Running {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&"Running".to_owned()).optional()
    }
}

impl ModuleDisplay for Running {}
