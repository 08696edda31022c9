//! The convolution of each channel by itself, forward and back, as one operation of our own.
//!
//! Burn's `flex` has a good forward pass for it, but goes back the general way: the gradient of
//! the weights as one convolution a channel with the whole map as its kernel, that of the map as
//! one small matrix product a channel. In a separable network that is most of a step. Here both
//! are loops over rows ([`planes`]), in parallel over maps and channels.

mod planes;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::autodiff::{Autodiff, NodeId};
use burn::backend::flex::FlexTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, Flex, backend_extension};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn::tensor::{Tensor, TensorData};

use planes::Planes;

/// Whether [`convolve`] can take the place of Burn's convolution on this tensor's device: its
/// loops are for the processor.
pub(crate) fn runs_on(map: &Tensor<4>) -> bool {
    let device = map.device().without_autodiff();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

/// `[batch, channels, height, width]` by weights `[channels, 1, kernel, kernel]`, an odd kernel,
/// padded to keep the size over the stride.
pub(crate) fn convolve(map: Tensor<4>, weight: Tensor<4>, stride: usize) -> Tensor<4> {
    let output = Dispatch::depthwise(map.into_dispatch(), weight.into_dispatch(), stride);
    Tensor::from_dispatch(output)
}

/// The operation, on a backend or one that differentiates it.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait DepthwiseOps: Backend {
    fn depthwise(
        map: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self>;
}

/// Its way back.
pub(crate) trait DepthwiseBackward: DepthwiseOps {
    fn depthwise_map_gradient(
        map_shape: [usize; 4],
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self>;

    fn depthwise_weight_gradient(
        map: FloatTensor<Self>,
        weight_shape: [usize; 4],
        gradient: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self>;
}

fn flex(values: Vec<f32>, shape: [usize; 4]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

impl DepthwiseOps for Flex {
    fn depthwise(map: FlexTensor, weight: FlexTensor, stride: usize) -> FlexTensor {
        let (map, weight) = (map.to_contiguous(), weight.to_contiguous());
        let [batch, channels, height, width] = map.shape().dims();
        let [_, _, kernel, _] = weight.shape().dims::<4>();
        let planes = Planes { channels, height, width, kernel, stride };
        let output = planes.forward(map.storage(), weight.storage());
        flex(output, [batch, channels, planes.height_out(), planes.width_out()])
    }
}

impl DepthwiseBackward for Flex {
    fn depthwise_map_gradient(
        map_shape: [usize; 4],
        weight: FlexTensor,
        gradient: FlexTensor,
        stride: usize,
    ) -> FlexTensor {
        let (weight, gradient) = (weight.to_contiguous(), gradient.to_contiguous());
        let [_, channels, height, width] = map_shape;
        let [_, _, kernel, _] = weight.shape().dims::<4>();
        let planes = Planes { channels, height, width, kernel, stride };
        flex(planes.map_gradient(gradient.storage(), weight.storage()), map_shape)
    }

    fn depthwise_weight_gradient(
        map: FlexTensor,
        weight_shape: [usize; 4],
        gradient: FlexTensor,
        stride: usize,
    ) -> FlexTensor {
        let (map, gradient) = (map.to_contiguous(), gradient.to_contiguous());
        let [_, channels, height, width] = map.shape().dims();
        let planes = Planes { channels, height, width, kernel: weight_shape[2], stride };
        flex(planes.weight_gradient(map.storage(), gradient.storage()), weight_shape)
    }
}

#[derive(Debug)]
struct Depthwise;

impl<B: DepthwiseBackward> Backward<B, 2> for Depthwise {
    type State = (NodeId, NodeId, usize);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [of_map, of_weight] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (map, weight, stride) = ops.state;
        let map = checkpointer.retrieve_node_output::<FloatTensor<B>>(map);
        let weight = checkpointer.retrieve_node_output::<FloatTensor<B>>(weight);
        if let Some(node) = of_weight {
            let shape = weight.shape().dims();
            let of_weight =
                B::depthwise_weight_gradient(map.clone(), shape, gradient.clone(), stride);
            gradients.register::<B>(node.id, of_weight);
        }
        if let Some(node) = of_map {
            let of_map = B::depthwise_map_gradient(map.shape().dims(), weight, gradient, stride);
            gradients.register::<B>(node.id, of_map);
        }
    }
}

impl<B: DepthwiseBackward, C: CheckpointStrategy> DepthwiseOps for Autodiff<B, C> {
    fn depthwise(
        map: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        let prepared =
            Depthwise.prepare::<C>([map.node(), weight.node()]).compute_bound().stateful();
        match prepared {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&map), prepared.checkpoint(&weight), stride);
                prepared.finish(
                    state,
                    B::depthwise(map.into_primitive(), weight.into_primitive(), stride),
                )
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::depthwise(map.into_primitive(), weight.into_primitive(), stride))
            }
        }
    }
}

#[cfg(test)]
mod tests;
