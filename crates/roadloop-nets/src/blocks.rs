//! The pieces detectors are made of, one file for each block the papers draw.
//!
//! All maps are `[batch, channels, height, width]`. Fields bear the names of the original
//! PyTorch code (`conv`, `bn`, `dconv`, `m`), which makes a weight's path its name in a state
//! dict; where that code has a list without names, here is a `Vec`.

mod activation;
mod batch_norm;
mod bottleneck;
mod conv;
mod csp;
mod focus;
mod measure;
mod running;
mod separable;
mod spp;

pub use activation::Activation;
pub use batch_norm::{BatchNorm, NormSettings};
pub use bottleneck::Bottleneck;
pub(crate) use conv::convolution;
pub use conv::{ConvNorm, ConvNormConfig};
pub use csp::{CspConfig, CspLayer};
pub use focus::{Focus, space_to_depth};
pub use measure::{Norms, measure_norms};
pub use running::Running;
pub use separable::{Conv, SeparableConv};
pub use spp::SppBottleneck;
