//! What can go wrong between bytes and pixels, and between pixels and a model.

use roadloop_base::ErrorKind;

#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    // Pictures: decode and encode.
    #[error("neither a JPEG, a PNG nor a WebP: it starts with {start}")]
    NotAPicture { start: String },
    #[error(
        "the picture says it is {width}x{height}; at most {limit} megapixels are read",
        limit = crate::MAX_PIXELS / 1_000_000
    )]
    TooManyPixels { width: u64, height: u64 },
    #[error("the picture says it is {width}x{height}: there is nothing to see")]
    NoPixels { width: u64, height: u64 },
    #[error(
        "a row of {width} pixels in {encoding} takes {row_bytes} bytes, but the step is {step}"
    )]
    StepTooShort { width: u32, encoding: &'static str, row_bytes: u64, step: u32 },
    #[error("the picture has {found} bytes; {height} rows of {step} take {expected}")]
    RawTooShort { height: u32, step: u32, expected: u64, found: usize },
    #[error("the {format} says it is {width}x{height}, too much for its {found} bytes")]
    TooFewBytes { format: &'static str, width: u64, height: u64, found: usize },
    #[error("the JPEG stops early: {rows_read} of {height} rows can be read, from {found} bytes")]
    JpegCutShort { rows_read: u32, height: u32, found: usize },
    #[error("cannot read the JPEG ({found} bytes): {reason}")]
    BadJpeg { found: usize, reason: String },
    #[error("cannot read the PNG ({found} bytes): {reason}")]
    BadPng { found: usize, reason: String },
    #[error("cannot read the WebP ({found} bytes): {reason}")]
    BadWebP { found: usize, reason: String },
    #[error("cannot read the RVL depth image ({found} bytes): {reason}")]
    BadRvl { found: usize, reason: String },
    #[error("a {format} has at most {limit} pixels a side, the picture is {width}x{height}")]
    TooLargeFor { format: &'static str, limit: u32, width: u32, height: u32 },
    #[error("the picture is {width}x{height} in a video of {}x{}", video.0, video.1)]
    OtherSize { width: u32, height: u32, video: (u32, u32) },
    #[error("cannot keep the video: {reason}")]
    BadVideo { reason: String },
    #[error("cannot decode a picture of a video: {reason}")]
    Undecoded { reason: String },
    #[error("a picture of a video is decoded after those before it")]
    NotDecoded,
    #[error("a video is at most 3840x2160, the picture is {width}x{height}")]
    VideoSize { width: u32, height: u32 },
    #[error("cannot write a {format}: {reason}")]
    Encode { format: &'static str, reason: String },
}

impl VisionError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            VisionError::NotAPicture { .. }
            | VisionError::TooManyPixels { .. }
            | VisionError::NoPixels { .. }
            | VisionError::StepTooShort { .. }
            | VisionError::RawTooShort { .. }
            | VisionError::TooFewBytes { .. }
            | VisionError::JpegCutShort { .. }
            | VisionError::BadJpeg { .. }
            | VisionError::BadPng { .. }
            | VisionError::BadWebP { .. }
            | VisionError::BadRvl { .. }
            | VisionError::OtherSize { .. }
            | VisionError::VideoSize { .. }
            | VisionError::BadVideo { .. }
            | VisionError::Undecoded { .. }
            | VisionError::NotDecoded
            | VisionError::TooLargeFor { .. } => ErrorKind::Invalid,
            VisionError::Encode { .. } => ErrorKind::Internal,
        }
    }
}
