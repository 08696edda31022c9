//! One image of one camera, with the bytes it came in.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Camera, FrameId, Nanos, PictureHash, PixelEncoding, Position};

/// A channel of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    pub name: String,
    /// As the recording spells it: `sensor_msgs/Image`, `sensor_msgs/msg/Image`.
    pub message_type: String,
    /// `ros1`, `cdr`, …
    pub encoding: String,
    /// Present when the recording's index tells.
    pub messages: Option<u64>,
    /// Present when the topic carries images roadloop reads.
    pub camera: Option<Camera>,
    /// Whether its images are pictures of a video, told by those before them.
    #[serde(default)]
    pub is_video: bool,
}

/// A frame as it comes out of a recording: pixels stay encoded until someone
/// looks at them, so it is cheap to pass around.
#[derive(Clone, Debug)]
pub struct Frame {
    pub id: FrameId,
    pub topic: Arc<str>,
    /// When the recorder wrote the message.
    pub taken_at: Nanos,
    /// The header's stamp: often zero or repeated, so it orders nothing.
    pub stamp: Nanos,
    pub image: EncodedImage,
}

/// An image in the form it was recorded in.
#[derive(Clone, Debug)]
pub enum EncodedImage {
    Raw(RawImage),
    Jpeg(Bytes),
    Png(Bytes),
    WebP(Bytes),
    Depth(CompressedDepth),
    Video(VideoPicture),
}

impl EncodedImage {
    /// As it was recorded: `rgb8`, `jpeg`, `png`, …
    pub fn encoding(&self) -> &'static str {
        match self {
            EncodedImage::Raw(image) => image.encoding.name(),
            EncodedImage::Jpeg(_) => "jpeg",
            EncodedImage::Png(_) => "png",
            EncodedImage::WebP(_) => "webp",
            EncodedImage::Depth(_) => "compressedDepth",
            EncodedImage::Video(picture) => picture.codec.name(),
        }
    }

    /// What the file written for this image is called: JPEG and WebP stay as
    /// they are, pictures of a video become JPEG, everything else PNG.
    pub fn extension(&self) -> &'static str {
        match self {
            EncodedImage::Jpeg(_) | EncodedImage::Video(_) => "jpg",
            EncodedImage::WebP(_) => "webp",
            EncodedImage::Raw(_) | EncodedImage::Png(_) | EncodedImage::Depth(_) => "png",
        }
    }
}

/// A picture of a video, which most often is told by what differs from the
/// pictures before it.
#[derive(Clone, Debug)]
pub struct VideoPicture {
    pub codec: VideoCodec,
    /// An access unit in Annex B's form, with start codes.
    pub data: Bytes,
    /// Its pixels, once someone decoded it and those before.
    pub decoded: Option<RawImage>,
}

/// How a video is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// ITU-T H.264, AVC.
    H264,
    /// ITU-T H.265, HEVC.
    H265,
}

impl VideoCodec {
    pub fn name(self) -> &'static str {
        match self {
            VideoCodec::H264 => "h264",
            VideoCodec::H265 => "h265",
        }
    }
}

/// A depth image of `compressed_depth_image_transport`, its header read.
#[derive(Clone, Debug)]
pub struct CompressedDepth {
    pub codec: DepthCodec,
    /// How values become depths; without it they are millimetres.
    pub inverse: Option<InverseDepth>,
    /// What comes after the header.
    pub data: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthCodec {
    Png,
    /// Width and height, then run lengths of zeros and differences of values.
    Rvl,
}

/// A value stands for `a / (value - b)` metres, 0 for no measurement: fine near
/// the camera, coarse far away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseDepth {
    pub a: f32,
    pub b: f32,
}

/// Uncompressed rows of pixels, as `sensor_msgs/Image` carries them. The
/// reader has checked that `data` holds all rows of `step` bytes (those of a
/// second plane too), and that `step` holds a row of `width` pixels.
#[derive(Clone, Debug)]
pub struct RawImage {
    pub width: u32,
    pub height: u32,
    pub encoding: PixelEncoding,
    /// Bytes from one row to the next, padding included.
    pub step: u32,
    /// Byte order of samples wider than a byte.
    pub is_bigendian: bool,
    pub data: Bytes,
}

/// A frame as the catalog knows it: where its image lies and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameRow {
    pub id: FrameId,
    pub topic: String,
    pub taken_at: Nanos,
    pub stamp: Nanos,
    /// Key of the raw image in the object store.
    pub image: String,
    pub width: u32,
    pub height: u32,
    /// As recorded: `rgb8`, `jpeg`, `png`, …
    pub encoding: String,
    /// Mean luma, 0 (black) to 255 (white).
    pub brightness: f32,
    /// Variance of the Laplacian of the luma; low means blurred or empty.
    pub sharpness: f32,
    /// What it looks like; frames kept before this was measured have none.
    #[serde(default)]
    pub look: Option<PictureHash>,
    /// Where it was taken, where the recording tells.
    pub position: Option<Position>,
}

impl FrameRow {
    pub fn camera(&self) -> &Camera {
        &self.id.camera
    }
}
