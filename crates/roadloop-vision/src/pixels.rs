//! Decoded pixels: eight bits a sample, rows without padding.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

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
#[derive(Clone)]
pub struct Pixels {
    width: u32,
    height: u32,
    channels: Channels,
    data: Data,
}

/// Rows of its own, or rows of the recording they were read from: a frame that
/// is only measured and encoded is never copied.
#[derive(Clone)]
enum Data {
    Own(Vec<u8>),
    Shared(Bytes),
}

impl Pixels {
    /// `None` when the data is not exactly as long as the size says, or a side is 0.
    pub fn new(width: u32, height: u32, channels: Channels, data: Vec<u8>) -> Option<Pixels> {
        Pixels::checked(width, height, channels, Data::Own(data))
    }

    /// The same over bytes that others read too; they are copied when written to.
    pub fn shared(width: u32, height: u32, channels: Channels, data: Bytes) -> Option<Pixels> {
        Pixels::checked(width, height, channels, Data::Shared(data))
    }

    fn checked(width: u32, height: u32, channels: Channels, data: Data) -> Option<Pixels> {
        let samples =
            (width as usize).checked_mul(height as usize)?.checked_mul(channels.count())?;
        (samples > 0 && data.as_slice().len() == samples).then_some(Pixels {
            width,
            height,
            channels,
            data,
        })
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
        self.data.as_slice()
    }

    /// A part of the picture. Both ranges lie inside it and are not empty.
    pub(crate) fn part(&self, columns: Range<u32>, rows: Range<u32>) -> Pixels {
        let bytes = |pixels: u32| pixels as usize * self.channels.count();
        let inside = bytes(columns.start)..bytes(columns.end);
        let all = self.data().chunks_exact(bytes(self.width));
        let wanted = all.skip(rows.start as usize).take(rows.len());
        let data: Vec<u8> = wanted.flat_map(|row| &row[inside.clone()]).copied().collect();
        let (width, height) = (columns.len() as u32, rows.len() as u32);
        Pixels::new(width, height, self.channels, data).expect("a part that lies inside")
    }

    pub fn data_mut(&mut self) -> &mut [u8] {
        if let Data::Shared(shared) = &self.data {
            self.data = Data::Own(shared.to_vec());
        }
        match &mut self.data {
            Data::Own(own) => own,
            Data::Shared(_) => unreachable!("it was just made our own"),
        }
    }

    pub fn into_data(self) -> Vec<u8> {
        match self.data {
            Data::Own(own) => own,
            Data::Shared(shared) => shared.to_vec(),
        }
    }
}

impl Data {
    fn as_slice(&self) -> &[u8] {
        match self {
            Data::Own(own) => own,
            Data::Shared(shared) => shared,
        }
    }
}

impl PartialEq for Pixels {
    fn eq(&self, other: &Pixels) -> bool {
        (self.width, self.height, self.channels) == (other.width, other.height, other.channels)
            && self.data() == other.data()
    }
}

impl Eq for Pixels {}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pixels({}x{} {:?})", self.width, self.height, self.channels)
    }
}
