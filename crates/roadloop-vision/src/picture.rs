//! A picture with all the depth it was recorded with.

use crate::{Channels, Pixels, VisionError, encode};

/// What a frame decodes to. Detectors and people look at eight bits a sample;
/// files keep what there is.
#[derive(Clone, Debug)]
pub enum Picture {
    Flat(Pixels),
    Deep(DeepPixels),
    /// Two channels of eight bits without a meaning of their own (`8UC2`).
    Pair(PairPixels),
}

/// Sixteen bits a sample, rows without padding, top row first.
///
/// Invariant: `data.len() == width * height * channels.count()`, and neither
/// side is 0. Depth is in millimetres, 0 where nothing was measured (REP 118).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepPixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: Channels,
    pub(crate) data: Vec<u16>,
}

/// Two samples a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairPixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: Vec<u8>,
}

impl Picture {
    /// Eight bits a sample: of sixteen the upper eight, as readers of 16-bit PNGs
    /// take them; of two channels the first.
    pub fn look(&self) -> Pixels {
        let pixels = |width, height, channels, data| {
            Pixels::new(width, height, channels, data).expect("as many samples as before")
        };
        match self {
            Picture::Flat(flat) => flat.clone(),
            Picture::Deep(DeepPixels { width, height, channels, data }) => {
                let data = data.iter().map(|sample| (sample >> 8) as u8).collect();
                pixels(*width, *height, *channels, data)
            }
            Picture::Pair(PairPixels { width, height, data }) => {
                let firsts = data.as_chunks::<2>().0.iter().map(|&[first, _]| first);
                pixels(*width, *height, Channels::Gray, firsts.collect())
            }
        }
    }

    /// As [`look`](Picture::look), without a copy where it can be.
    pub fn into_look(self) -> Pixels {
        match self {
            Picture::Flat(flat) => flat,
            other => other.look(),
        }
    }

    pub fn width(&self) -> u32 {
        match self {
            Picture::Flat(flat) => flat.width(),
            Picture::Deep(deep) => deep.width,
            Picture::Pair(pair) => pair.width,
        }
    }

    pub fn height(&self) -> u32 {
        match self {
            Picture::Flat(flat) => flat.height(),
            Picture::Deep(deep) => deep.height,
            Picture::Pair(pair) => pair.height,
        }
    }

    /// A PNG that holds all of it: sixteen bits stay sixteen, two channels are
    /// grey and opacity.
    pub fn encode_png(&self) -> Result<Vec<u8>, VisionError> {
        encode::encode_picture(self)
    }
}
