//! Decoded pixels: eight bits a sample, rows without padding.

use std::fmt;

/// What one pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Luma.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, opacity.
    Rgba,
}

impl Channels {
    pub fn count(self) -> usize {
        match self {
            Channels::Gray => 1,
            Channels::Rgb => 3,
            Channels::Rgba => 4,
        }
    }
}

/// An image in memory, `height * width * channels` bytes, top row first.
///
/// Invariant: `data.len() == width * height * channels.count()`, and neither
/// side is 0.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    width: u32,
    height: u32,
    channels: Channels,
    data: Vec<u8>,
}

impl Pixels {
    /// `None` when the data is not exactly as long as the size says, or a side is 0.
    pub fn new(width: u32, height: u32, channels: Channels, data: Vec<u8>) -> Option<Pixels> {
        let samples =
            (width as usize).checked_mul(height as usize)?.checked_mul(channels.count())?;
        (samples > 0 && data.len() == samples).then_some(Pixels { width, height, channels, data })
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    pub fn channels(&self) -> Channels {
        self.channels
    }

    pub fn data(&self) -> &[u8] {
        &self.data
    }

    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    pub fn into_data(self) -> Vec<u8> {
        self.data
    }
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pixels({}x{} {:?})", self.width, self.height, self.channels)
    }
}
