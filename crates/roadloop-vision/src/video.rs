//! Pictures and their times in, an MP4 with H.264 out.
//!
//! Times stay what they were: each frame is shown until the next one was taken,
//! to a 90,000th of a second. The encoder keeps quality constant (quantiser 26),
//! not size. The file is whole when [`VideoWriter::finish`] returns; its index
//! lies at the end.

mod codec;
mod decoder;
mod entry;
mod mp4;
mod remux;
mod sps;
mod yuv;

use std::io::{Seek, Write};

use openh264::encoder::{
    Encoder, EncoderConfig, FrameType, IntraFramePeriod, RateControlMode, SpsPpsStrategy,
    UsageType, VuiConfig,
};
use openh264::{OpenH264API, Timestamp};

use roadloop_base::{Nanos, VideoCodec, VideoPicture};

use self::codec::{UnitKind, Units};
use self::mp4::{Mp4Writer, Sample, Track};
use self::sps::Sps;
use self::yuv::Yuv;
use crate::{Pixels, VisionError};

/// Every so many frames one that needs no others: where players can jump to.
const KEY_FRAMES: u32 = 30;

/// The encoder takes no more, one way or the other.
const MAX_SIDES: [u32; 2] = [3840, 2160];

const TICKS_PER_SECOND: i128 = mp4::TICKS_PER_SECOND as i128;

pub use decoder::VideoDecoder;
pub use remux::VideoRemuxer;

/// Width and height of a video's pictures, by the parameters that come with this
/// one; `None` where it has none, as most have.
pub fn video_size(picture: &VideoPicture) -> Option<(u32, u32)> {
    let set = UnitKind::Set(picture.codec.sequence_set());
    let mut sets = remux::units(&picture.data).filter(|unit| picture.codec.kind(unit) == set);
    let sps = sets.find_map(|unit| Sps::of(picture.codec, unit))?;
    Some((sps.width, sps.height))
}

/// Turns times into ticks after the first of them, each later than the one before.
#[derive(Debug, Default)]
struct Clock {
    first: Option<Nanos>,
    next: i64,
}

impl Clock {
    fn tick(&mut self, taken_at: Nanos) -> i64 {
        let first = *self.first.get_or_insert(taken_at);
        let after = i128::from(taken_at.0) - i128::from(first.0);
        let tick = (after * TICKS_PER_SECOND).div_euclid(1_000_000_000);
        let tick = i64::try_from(tick).unwrap_or(i64::MAX / 2).max(self.next);
        self.next = tick + 1;
        tick
    }
}

/// Writes one video.
pub struct VideoWriter<W: Write + Seek> {
    encoder: Encoder,
    yuv: Yuv,
    mp4: Mp4Writer<W>,
    clock: Clock,
}

impl<W: Write + Seek> std::fmt::Debug for VideoWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VideoWriter({}x{})", self.yuv.width(), self.yuv.height())
    }
}

impl<W: Write + Seek> VideoWriter<W> {
    /// A video of pictures of this size. Odd sides get their last row or column
    /// twice: H.264's chroma wants even ones.
    pub fn new(into: W, width: u32, height: u32) -> Result<VideoWriter<W>, VisionError> {
        let (long, short) = (width.max(height), width.min(height));
        if short == 0 || long > MAX_SIDES[0] || short > MAX_SIDES[1] {
            return Err(VisionError::VideoSize { width, height });
        }
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .rate_control_mode(RateControlMode::Off)
            .skip_frames(false)
            .sps_pps_strategy(SpsPpsStrategy::ConstantId)
            .intra_frame_period(IntraFramePeriod::from_num_frames(KEY_FRAMES))
            .num_threads(1)
            .vui(VuiConfig::bt709());
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config);
        Ok(VideoWriter {
            encoder: encoder.map_err(failed)?,
            yuv: Yuv::new(width, height),
            mp4: Mp4Writer::new(into, VideoCodec::H264).map_err(failed)?,
            clock: Clock::default(),
        })
    }

    /// Adds a picture of the video's size. One that is not later than the one
    /// before is shown one tick after it.
    pub fn add(&mut self, pixels: &Pixels, taken_at: Nanos) -> Result<(), VisionError> {
        if (pixels.width(), pixels.height()) != self.yuv.pictured() {
            let (width, height) = (pixels.width(), pixels.height());
            let video = self.yuv.pictured();
            return Err(VisionError::OtherSize { width, height, video });
        }
        let tick = self.clock.tick(taken_at);
        self.yuv.fill(pixels);
        let milliseconds = (tick as u64).saturating_mul(1000) / TICKS_PER_SECOND as u64;
        let encoded = self.encoder.encode_at(&self.yuv, Timestamp::from_millis(milliseconds));
        let encoded = encoded.map_err(failed)?;
        let is_key = matches!(encoded.frame_type(), FrameType::IDR | FrameType::I);
        let mut sample = Vec::new();
        let layers = (0..encoded.num_layers()).filter_map(|layer| encoded.layer(layer));
        for layer in layers {
            for unit in (0..layer.nal_count()).filter_map(|unit| layer.nal_unit(unit)) {
                self.mp4.add_unit(unit, &mut sample);
            }
        }
        if sample.is_empty() {
            let reason = "the encoder left out a frame".to_owned();
            return Err(VisionError::Encode { format: "H.264", reason });
        }
        self.mp4.add(&sample, Sample { tick, is_key, len: 0 }).map_err(failed)
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.mp4.samples()
    }

    pub fn finish(self) -> Result<W, VisionError> {
        let (width, height) = (self.yuv.width(), self.yuv.height());
        let track = Track { codec: VideoCodec::H264, width, height, sps: None, has_color: true };
        self.mp4.finish(track).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> VisionError {
    VisionError::Encode { format: "video", reason: error.to_string() }
}

#[cfg(test)]
mod tests;
