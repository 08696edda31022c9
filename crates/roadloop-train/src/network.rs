//! A network of `roadloop-nets` that learns from batches: forward, loss, backward, step, average.

use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use roadloop_nets::blocks::{Norms, measure_norms};
use roadloop_nets::loss::class::ClassRules;
use roadloop_nets::loss::{Target, YoloxLoss};
use roadloop_nets::onnx::{self, OnnxBoxes, OnnxOptions};
use roadloop_nets::optim::{Ema, GradientSum, Sgd, SgdSettings};
use roadloop_nets::weights::{self, LayerFate, Tensors};
use roadloop_nets::{Yolox, YoloxConfig, YoloxSize};
use sha2::{Digest, Sha256};

use crate::TrainError;
use crate::batch::Batch;
use crate::card::Init;
use crate::learner::{Learner, Losses, Step};
use crate::settings::{Freeze, Network, TrainSettings};

/// Threads that tensors are computed by.
pub fn threads() -> u32 {
    std::thread::available_parallelism().map_or(1, |threads| threads.get() as u32)
}

/// The weights a run begins with, as safetensors, and where they are from.
///
/// Where a file's norms were folded into its convolutions, they are measured again from
/// `pictures`: some batches as they will be learned from.
pub fn first_weights(
    settings: &TrainSettings,
    classes: &[String],
    file: Option<&Path>,
    pictures: impl FnOnce() -> Result<Vec<Batch>, TrainError>,
) -> Result<(Vec<u8>, Init), TrainError> {
    let config = config_of(settings, classes)?;
    let device = Device::flex();
    // Burn has one lot for the whole process: other networks must not be drawn meanwhile.
    device.seed(settings.seed);
    let network = config.init(&device)?;
    let Some(path) = file else {
        return Ok((state_of(&network, classes)?, Init::Random));
    };
    let tensors = weights::read(path, config)?;
    let (network, loaded) = weights::load_yolox(network, &tensors, classes, false)?;
    let named = |is_one: &dyn Fn(&LayerFate) -> bool| -> Vec<String> {
        let layers = loaded.layers.iter().filter(|layer| is_one(&layer.fate));
        layers.map(ToString::to_string).collect()
    };
    let taken = named(&|fate| *fate == LayerFate::Loaded).len() as u32;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if taken == 0 {
        let network = settings.network.name();
        return Err(TrainError::OtherNetwork { network, file: name });
    }
    let network = match tensors.folded {
        true => with_measured_norms(network, &pictures()?, &device),
        false => network,
    };
    let init = Init::File {
        file: name,
        sha256: sha256_of(path)?,
        loaded: taken,
        reshaped: named(&|fate| matches!(fate, LayerFate::Reshaped { .. })),
        missing: named(&|fate| matches!(fate, LayerFate::Missing | LayerFate::Mismatched { .. })),
        left_over: named(&|fate| matches!(fate, LayerFate::LeftOver { .. })),
    };
    Ok((state_of(&network, classes)?, init))
}

fn with_measured_norms(network: Yolox, batches: &[Batch], device: &Device) -> Yolox {
    measure_norms(network, |network| {
        for batch in batches.iter().filter(|batch| !batch.pictures.is_empty()) {
            network.forward(images_of(batch, device));
        }
    })
}

/// `[pictures, 3, side, side]`.
fn images_of(batch: &Batch, device: &Device) -> Tensor<4> {
    let shape = [batch.pictures.len(), 3, batch.side, batch.side];
    Tensor::from_data(TensorData::new(batch.images.clone(), shape), device)
}

/// A detector on its way.
#[derive(Debug)]
pub struct NetworkLearner {
    settings: TrainSettings,
    classes: Vec<String>,
    device: Device,
    /// Taken out while it steps.
    network: Yolox,
    average: Option<Ema>,
    sgd: Sgd,
    gradients: GradientSum,
    loss: YoloxLoss,
    frozen: Freeze,
}

impl NetworkLearner {
    /// With the weights that [`first_weights`] gave, on the processor.
    pub fn open(
        settings: &TrainSettings,
        classes: &[String],
        weights: &[u8],
    ) -> Result<NetworkLearner, TrainError> {
        let device = Device::flex().autodiff();
        let network = with_norms_of(settings, filled(settings, classes, weights, &device)?);
        let rules = ClassRules {
            smoothing: settings.label_smooth as f32,
            weights: settings.weights_of(classes)?,
        };
        Ok(NetworkLearner {
            average: average_of(settings, &network),
            sgd: Sgd::new(sgd_settings(settings)),
            gradients: GradientSum::new(),
            loss: YoloxLoss { class_rules: rules, ..YoloxLoss::new(classes.len()) },
            frozen: Freeze::Nothing,
            settings: settings.clone(),
            classes: classes.to_vec(),
            network,
            device,
        })
    }

    /// A detector with these weights, as ONNX.
    pub fn onnx_of(&self, weights: &[u8]) -> Result<Vec<u8>, TrainError> {
        let network = filled(&self.settings, &self.classes, weights, &Device::flex())?;
        self.encode(&network)
    }

    /// What a network with these weights says of an input `[1, 3, side, side]`: for each cell
    /// its box in cells and logarithms, then probabilities, as its ONNX does.
    pub fn answer(
        &self,
        weights: &[u8],
        input: &[f32],
        side: usize,
    ) -> Result<Vec<f32>, TrainError> {
        let device = Device::flex();
        let network = filled(&self.settings, &self.classes, weights, &device)?;
        let data = TensorData::new(input.to_vec(), [1, 3, side, side]);
        let rows = network.forward(Tensor::from_data(data, &device)).flat();
        let [_, _, width] = rows.dims();
        let (boxes, logits) = (rows.clone().narrow(2, 0, 4), rows.narrow(2, 4, width - 4));
        let rows = Tensor::cat(vec![boxes, sigmoid(logits)], 2);
        Ok(rows.into_data().iter::<f32>().collect())
    }

    fn encode(&self, network: &Yolox) -> Result<Vec<u8>, TrainError> {
        let side = self.settings.data_shape as usize;
        // Raw, as the authors' files are: what `roadloop-vision` and others' tools decode.
        let options =
            OnnxOptions { size: [side, side], boxes: OnnxBoxes::Raw, classes: &self.classes };
        Ok(onnx::encode(network, &options)?)
    }

    /// What is evaluated: the average where there is one.
    fn evaluated(&self) -> Yolox {
        let network = self.network.valid();
        match &self.average {
            Some(average) => average.apply(network),
            None => network,
        }
    }

    fn freeze(&mut self, freeze: Freeze) {
        if freeze == self.frozen {
            return;
        }
        let network = self.network.clone().unfreeze();
        let network = match freeze {
            Freeze::Nothing => network,
            Freeze::Backbone => network.with_frozen_backbone(),
            Freeze::AllButHeads => network.with_frozen_features(),
        };
        self.network = with_norms_of(&self.settings, network);
        self.frozen = freeze;
    }
}

impl Learner<Batch> for NetworkLearner {
    fn learn(&mut self, batch: &Batch, step: &Step) -> Result<Losses, TrainError> {
        self.freeze(step.freeze);
        self.loss.l1 = step.is_plain;
        let maps = self.network.forward(images_of(batch, &self.device));
        let targets: Vec<Vec<Target>> = batch.pictures.iter().map(targets_of).collect();
        let losses = self.loss.forward(&maps.levels, &targets)?;
        let parts: Vec<(&'static str, f64)> =
            losses.parts.iter().map(|(name, value)| (*name, f64::from(*value))).collect();
        let total = parts.iter().map(|(_, value)| value).sum();
        self.gradients.add(&self.network, losses.total.backward());
        if step.updates {
            let gradients = std::mem::take(&mut self.gradients);
            // A clone is cheap: weights are shared until they are written.
            self.network = self.sgd.step(self.network.clone(), gradients, step.lr);
            if let Some(average) = &mut self.average {
                average.update(&self.network);
            }
        }
        Ok(Losses { total, parts })
    }

    fn save(&self) -> Result<Vec<u8>, TrainError> {
        let average = match &self.average {
            Some(average) => average.to_bytes()?,
            None => Vec::new(),
        };
        let parts = [state_of(&self.network, &self.classes)?, self.sgd.to_bytes()?, average];
        let mut state = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
        for part in parts {
            state.extend_from_slice(&(part.len() as u64).to_le_bytes());
            state.extend_from_slice(&part);
        }
        Ok(state)
    }

    fn load(&mut self, state: &[u8]) -> Result<(), TrainError> {
        let mut rest = state;
        let mut part = || -> Option<&[u8]> {
            let (length, after) = rest.split_first_chunk::<8>()?;
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (part, after) = after.split_at_checked(length)?;
            rest = after;
            Some(part)
        };
        let (Some(network), Some(velocities), Some(average)) = (part(), part(), part()) else {
            return Err(TrainError::DamagedCheckpoint);
        };
        let (settings, device) = (&self.settings, &self.device);
        self.network = with_norms_of(settings, filled(settings, &self.classes, network, device)?);
        self.frozen = Freeze::Nothing;
        self.gradients = GradientSum::new();
        self.sgd = Sgd::from_bytes(sgd_settings(settings), velocities, device)?;
        self.average = match average.is_empty() {
            true => None,
            false => Some(Ema::from_bytes(settings.ema_decay, average, device)?),
        };
        Ok(())
    }

    fn weights(&self) -> Result<Vec<u8>, TrainError> {
        state_of(&self.evaluated(), &self.classes)
    }

    fn onnx(&self) -> Result<Vec<u8>, TrainError> {
        self.encode(&self.evaluated())
    }
}

fn targets_of(picture: &crate::BatchPicture) -> Vec<Target> {
    let target = |said: &crate::ModelBox| Target {
        class: said.class,
        center_x: said.center_x,
        center_y: said.center_y,
        width: said.width,
        height: said.height,
    };
    picture.boxes.iter().map(target).collect()
}

fn config_of(settings: &TrainSettings, classes: &[String]) -> Result<YoloxConfig, TrainError> {
    let size = match settings.network {
        Network::YoloxNano => YoloxSize::Nano,
        Network::YoloxTiny => YoloxSize::Tiny,
        Network::YoloxS => YoloxSize::S,
        Network::YoloxM => YoloxSize::M,
        Network::YoloxL => YoloxSize::L,
        Network::YoloxX => YoloxSize::X,
        network @ (Network::YoloxDarknet53 | Network::YoloV3) => {
            return Err(TrainError::NotYet { network: network.name() });
        }
    };
    Ok(YoloxConfig { size, classes: classes.len() })
}

/// A network with weights of ours, all of which must fit.
fn filled(
    settings: &TrainSettings,
    classes: &[String],
    weights: &[u8],
    device: &Device,
) -> Result<Yolox, TrainError> {
    let network = config_of(settings, classes)?.init(device)?;
    let tensors = weights::decode_safetensors(weights)?;
    Ok(weights::load_yolox(network, &tensors, classes, true)?.0)
}

/// Norms that learn from batches, or keep what they know.
fn with_norms_of(settings: &TrainSettings, mut network: Yolox) -> Yolox {
    if settings.freeze_norms {
        for norm in network.norms_mut() {
            norm.bn.training = Param::from_bool(false);
        }
    }
    network
}

fn state_of(network: &Yolox, classes: &[String]) -> Result<Vec<u8>, TrainError> {
    let tensors = Tensors { classes: Some(classes.to_vec()), ..weights::state(network) };
    Ok(weights::encode_safetensors(&tensors))
}

fn sgd_settings(settings: &TrainSettings) -> SgdSettings {
    SgdSettings {
        momentum: settings.momentum,
        nesterov: settings.nesterov,
        weight_decay: settings.wd,
        clip_norm: Some(settings.clip_norm).filter(|norm| *norm > 0.0),
    }
}

fn average_of(settings: &TrainSettings, network: &Yolox) -> Option<Ema> {
    (settings.ema_decay > 0.0).then(|| Ema::new(settings.ema_decay, network))
}

fn sha256_of(path: &Path) -> Result<String, TrainError> {
    let bytes = std::fs::read(path)
        .map_err(|source| TrainError::Keep { name: path.display().to_string(), source })?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
