//! The networks there are, by the names people call them.

use std::fmt;
use std::str::FromStr;

use roadloop_vision::{Fit, Normalize};
use serde::{Deserialize, Serialize};

use crate::augment::{Augment, YoloxSize};
use crate::batch::{YOLOV3_INPUT, YOLOX_INPUT};

/// A detector's architecture, at one of its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Network {
    YoloxNano,
    YoloxTiny,
    YoloxS,
    YoloxM,
    YoloxL,
    YoloxX,
    /// Darknet53 before the heads of YOLOX.
    YoloxDarknet53,
    YoloV3,
}

/// No network is called so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no network is called {0:?}: there are {known}", known = Network::names().join(", "))]
pub struct UnknownNetwork(pub String);

impl Network {
    pub const ALL: [Network; 8] = [
        Network::YoloxNano,
        Network::YoloxTiny,
        Network::YoloxS,
        Network::YoloxM,
        Network::YoloxL,
        Network::YoloxX,
        Network::YoloxDarknet53,
        Network::YoloV3,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Network::YoloxNano => "yolox-nano",
            Network::YoloxTiny => "yolox-tiny",
            Network::YoloxS => "yolox-s",
            Network::YoloxM => "yolox-m",
            Network::YoloxL => "yolox-l",
            Network::YoloxX => "yolox-x",
            Network::YoloxDarknet53 => "yolox-darknet53",
            Network::YoloV3 => "yolov3",
        }
    }

    /// All names, as people are told.
    pub fn names() -> Vec<&'static str> {
        Network::ALL.map(Network::name).to_vec()
    }

    /// Side of the images it was published for.
    pub fn data_shape(self) -> u32 {
        match self {
            Network::YoloxNano | Network::YoloxTiny | Network::YoloV3 => 416,
            _ => 640,
        }
    }

    /// How a picture is brought to the side of the input: as in serving.
    pub fn fit(self) -> Fit {
        Fit::TopLeft
    }

    /// What is done to the levels of a picture.
    pub fn normalize(self) -> Normalize {
        match self {
            Network::YoloV3 => YOLOV3_INPUT,
            _ => YOLOX_INPUT,
        }
    }

    /// How pictures were changed when it was published.
    pub fn augment(self) -> Augment {
        match self {
            Network::YoloxNano => Augment::yolox(YoloxSize::Nano),
            Network::YoloxTiny => Augment::yolox(YoloxSize::Tiny),
            Network::YoloV3 => Augment::yolov3_reference(),
            _ => Augment::yolox(YoloxSize::Larger),
        }
    }

    /// Those that YOLOX trains with mixup and wide ranges of scale.
    pub fn is_large(self) -> bool {
        !matches!(self, Network::YoloxNano | Network::YoloxTiny | Network::YoloV3)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Network {
    type Err = UnknownNetwork;

    /// As people write it: `yolox_nano` and `YOLOX-Nano` too.
    fn from_str(text: &str) -> Result<Network, UnknownNetwork> {
        let wanted = text.to_ascii_lowercase().replace('_', "-");
        let found = Network::ALL.into_iter().find(|network| network.name() == wanted);
        found.ok_or_else(|| UnknownNetwork(text.to_owned()))
    }
}

impl TryFrom<String> for Network {
    type Error = UnknownNetwork;

    fn try_from(text: String) -> Result<Network, UnknownNetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        for network in Network::ALL {
            assert_eq!(network.name().parse(), Ok(network));
        }
        assert_eq!("YOLOX_Nano".parse(), Ok(Network::YoloxNano));
        let error = "yolov9".parse::<Network>().unwrap_err().to_string();
        assert!(error.starts_with("no network is called \"yolov9\": there are yolox-nano, "));
    }
}
