//! Messages to images: `sensor_msgs/Image` and `sensor_msgs/CompressedImage`,
//! in ROS 1 and CDR form, Foxglove's and those of video transports in any. Pixels stay as they are; only their frame is checked.
//!
//! A compressed image is told by its first bytes, not by its `format` text,
//! which drivers fill in as they like; only compressed depth and videos, whose
//! bytes begin alike in H.264 and H.265, need the text. A
//! JPEG, PNG or WebP with a sound start is passed on even when its end is
//! missing: decoding names that damage.

use bytes::Bytes;

use roadloop_base::{
    CompressedDepth, DepthCodec, EncodedImage, InverseDepth, Nanos, PixelEncoding, RawImage,
    VideoCodec, VideoPicture,
};

use crate::Channel;
use crate::decode::Decoders;
use crate::messages::Message;
use crate::wire::{Wire, WireReader, WireResult};

mod defined;

/// A message type that carries an image, and how it is serialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageType {
    Ros(Layout, Wire),
    /// Read by its definition.
    Defined(Layout),
}

impl ImageType {
    /// Whether its images are pictures of a video.
    pub(crate) fn is_video(self) -> bool {
        self.layout() == Layout::Video
    }

    /// Whether only a message tells that.
    pub(crate) fn may_be_video(self) -> bool {
        self.layout() == Layout::CompressedImage
    }

    fn layout(self) -> Layout {
        match self {
            ImageType::Ros(layout, _) | ImageType::Defined(layout) => layout,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Image,
    CompressedImage,
    Video,
}

/// Whether messages of a channel are images read here.
pub(crate) fn image_type(channel: &Channel) -> Option<ImageType> {
    image_type_of(channel.message_type(), &channel.encoding)
}

pub(crate) fn image_type_of(name: &str, encoding: &str) -> Option<ImageType> {
    if let Some(layout) = defined::layout(name) {
        let is_read = ["ros1", "cdr", "protobuf", "json", "flatbuffer"].contains(&encoding);
        return is_read.then_some(ImageType::Defined(layout));
    }
    let wire = match encoding {
        "ros1" => Wire::Ros1,
        "cdr" => Wire::Cdr,
        _ => return None,
    };
    let layout = match name {
        "sensor_msgs/Image" | "sensor_msgs/msg/Image" => Layout::Image,
        "sensor_msgs/CompressedImage" | "sensor_msgs/msg/CompressedImage" => {
            Layout::CompressedImage
        }
        _ => return None,
    };
    Some(ImageType::Ros(layout, wire))
}

/// Why a message gives no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoImage {
    /// This message is broken.
    Damaged(String),
    /// It is fine but of a kind not read here; likely all of its topic are.
    Unknown(String),
}

/// An image and its header's stamp. `None` where the reason was given before.
pub(crate) fn read_image(
    image_type: ImageType,
    message: &Message,
    decoders: &mut Decoders,
) -> Option<Result<(Nanos, EncodedImage), NoImage>> {
    match image_type {
        ImageType::Ros(layout, wire) => Some(read_ros(layout, wire, &message.data)),
        ImageType::Defined(layout) => match decoders.decode(message)? {
            Ok((_, value)) => Some(match layout {
                Layout::Image => defined::raw_image(&value),
                Layout::CompressedImage => defined::compressed_image(&value),
                Layout::Video => defined::video(&value),
            }),
            Err(skip) => Some(Err(NoImage::Damaged(skip.reason))),
        },
    }
}

fn read_ros(layout: Layout, wire: Wire, message: &Bytes) -> Result<(Nanos, EncodedImage), NoImage> {
    let damaged = |reason: String| NoImage::Damaged(reason);
    let mut reader = WireReader::new(wire, message).map_err(damaged)?;
    let stamp = reader.header_stamp().map_err(damaged)?;
    let image = match layout {
        Layout::Image => raw_of(raw_fields(&mut reader).map_err(damaged)?)?,
        Layout::CompressedImage => {
            let format = reader.string("format").map_err(damaged)?;
            compressed_of(format, reader.bytes("data").map_err(damaged)?)?
        }
        Layout::Video => return Err(damaged("a video of no definition".to_owned())),
    };
    Ok((stamp, image))
}

struct RawFields<'a> {
    height: u32,
    width: u32,
    encoding: &'a [u8],
    is_bigendian: bool,
    step: u32,
    data: Bytes,
}

fn raw_fields<'a>(reader: &mut WireReader<'a>) -> WireResult<RawFields<'a>> {
    Ok(RawFields {
        height: reader.u32("height")?,
        width: reader.u32("width")?,
        encoding: reader.string("encoding")?,
        is_bigendian: reader.u8("is_bigendian")? != 0,
        step: reader.u32("step")?,
        data: reader.bytes("data")?,
    })
}

fn raw_of(fields: RawFields<'_>) -> Result<EncodedImage, NoImage> {
    let RawFields { height, width, encoding, is_bigendian, step, data } = fields;
    let name = String::from_utf8_lossy(encoding);
    let Some(encoding) = PixelEncoding::from_name(&name) else {
        let name: String = name.chars().take(40).collect();
        return Err(NoImage::Unknown(format!("pixels in {name:?}, which are not read")));
    };
    if width == 0 || height == 0 {
        return Err(NoImage::Damaged(format!("an image of {width}x{height} pixels")));
    }
    if !encoding.fits(width, height) {
        return Err(NoImage::Damaged(format!("{width}x{height} pixels cannot be {name}")));
    }
    let row = u64::from(width) * u64::from(encoding.bytes_per_pixel());
    if u64::from(step) < row {
        return Err(NoImage::Damaged(format!(
            "step is {step} bytes where a row of {width} {name} pixels takes {row}"
        )));
    }
    let rows = encoding.rows(height);
    let size = rows.saturating_mul(u64::from(step));
    if size > data.len() as u64 {
        return Err(NoImage::Damaged(format!(
            "{} bytes of data where {rows} rows of {step} bytes need {size}",
            data.len()
        )));
    }
    let data = data.slice(..size as usize);
    Ok(EncodedImage::Raw(RawImage { width, height, encoding, step, is_bigendian, data }))
}

fn compressed_of(format: &[u8], data: Bytes) -> Result<EncodedImage, NoImage> {
    if data.starts_with(b"\xff\xd8\xff") {
        return Ok(EncodedImage::Jpeg(data));
    }
    if data.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(EncodedImage::Png(data));
    }
    if data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP") {
        return Ok(EncodedImage::WebP(data));
    }
    let format: String = String::from_utf8_lossy(format).chars().take(40).collect();
    if format.contains("compressedDepth") {
        return compressed_depth(&format, &data);
    }
    if data.starts_with(&[0, 0, 1]) || data.starts_with(&[0, 0, 0, 1]) {
        return video_of(&format, data);
    }
    if let Some(kind) = unread_kind(&data) {
        return Err(NoImage::Unknown(format!("images as {kind}, which are not read")));
    }
    let start: Vec<String> = data.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Err(NoImage::Damaged(format!(
        "neither JPEG, PNG nor WebP: {} bytes that begin with [{}], format {format:?}",
        data.len(),
        start.join(" ")
    )))
}

/// Foxglove says `h264`; the name of a transport's codec is that of an encoder as
/// well: `hevc_nvenc`, `libx264;yuv420p;…`.
fn video_of(format: &str, data: Bytes) -> Result<EncodedImage, NoImage> {
    let lower = format.to_lowercase();
    let is = |names: [&str; 3]| names.iter().any(|name| lower.contains(name));
    let codec = if is(["h264", "x264", "avc"]) {
        VideoCodec::H264
    } else if is(["h265", "x265", "hevc"]) {
        VideoCodec::H265
    } else {
        let format: String = format.chars().take(40).collect();
        return Err(NoImage::Unknown(format!("video in {format:?}, not in H.264 or H.265")));
    };
    Ok(EncodedImage::Video(VideoPicture { codec, data, decoded: None }))
}

/// What else a picture may be, by its first bytes.
fn unread_kind(data: &[u8]) -> Option<&'static str> {
    let kinds: [(usize, &[u8], &str); 8] = [
        (4, b"ftypavi", "AVIF"),
        (4, b"ftyphei", "HEIC"),
        (0, b"\xff\x0a", "JPEG XL"),
        (4, b"JXL ", "JPEG XL"),
        (4, b"jP  ", "JPEG 2000"),
        (0, b"II*\0", "TIFF"),
        (0, b"MM\0*", "TIFF"),
        (0, b"GIF8", "GIF"),
    ];
    let is = |(at, magic): (usize, &[u8])| data.get(at..).is_some_and(|d| d.starts_with(magic));
    kinds.into_iter().find(|(at, magic, _)| is((*at, magic))).map(|(_, _, kind)| kind)
}

/// `compressed_depth_image_transport`: an i32 for the compression, which every
/// sender fills in differently, and the two floats of inverse depth.
fn compressed_depth(format: &str, data: &Bytes) -> Result<EncodedImage, NoImage> {
    let &[_, _, _, _, a0, a1, a2, a3, b0, b1, b2, b3, ..] = &data[..] else {
        let reason = format!("{} bytes of compressedDepth, whose header takes 12", data.len());
        return Err(NoImage::Damaged(reason));
    };
    let (a, b) = (f32::from_le_bytes([a0, a1, a2, a3]), f32::from_le_bytes([b0, b1, b2, b3]));
    let inverse = format.trim_start().starts_with("32FC1").then_some(InverseDepth { a, b });
    let codec = if format.contains("rvl") { DepthCodec::Rvl } else { DepthCodec::Png };
    let data = data.slice(12..);
    Ok(match (codec, inverse) {
        // Millimetres as they are to be kept.
        (DepthCodec::Png, None) => EncodedImage::Png(data),
        _ => EncodedImage::Depth(CompressedDepth { codec, inverse, data }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MessageForm, Picture};
    use proptest::prelude::*;

    const TYPES: [(&str, &str, MessageForm); 3] = [
        ("sensor_msgs/", "ros1", MessageForm::Ros1),
        ("sensor_msgs/msg/", "cdr", MessageForm::Cdr),
        ("sensor_msgs/msg/", "cdr", MessageForm::CdrBigEndian),
    ];

    fn channel(message_type: &str, encoding: &str) -> Channel {
        let definition = crate::Definition { name: message_type.to_owned(), ..Default::default() };
        Channel { encoding: encoding.to_owned(), definition, ..Default::default() }
    }

    fn read(
        message_type: &str,
        encoding: &str,
        message: Vec<u8>,
    ) -> Result<(Nanos, EncodedImage), NoImage> {
        match image_type(&channel(message_type, encoding)) {
            Some(ImageType::Ros(layout, wire)) => read_ros(layout, wire, &message.into()),
            other => panic!("{other:?}"),
        }
    }

    /// Reads a picture in each form a message can have.
    #[track_caller]
    fn check(picture: &Picture, expected: &str) {
        for (package, encoding, form) in TYPES {
            let name = format!("{package}{}", picture.type_name());
            let message = picture.message(form, 3, 1_500_000_000_000_000_007);
            let got = match read(&name, encoding, message) {
                Ok((stamp, EncodedImage::Raw(raw))) => {
                    assert_eq!(stamp, Nanos(1_500_000_000_000_000_007));
                    let RawImage { width, height, encoding, step, .. } = raw;
                    let (name, first) = (encoding.name(), raw.data[0]);
                    format!("{width}x{height} {name} step {step} {} [{first}", raw.data.len())
                }
                Ok((_, EncodedImage::Jpeg(bytes))) => format!("jpeg {}", bytes.len()),
                Ok((_, EncodedImage::Png(bytes))) => format!("png {}", bytes.len()),
                Ok((_, EncodedImage::WebP(bytes))) => format!("webp {}", bytes.len()),
                Ok((_, EncodedImage::Depth(CompressedDepth { codec, inverse, data }))) => {
                    let inverse = inverse.map(|InverseDepth { a, b }| (a, b));
                    format!("depth {codec:?} {inverse:?} {}", data.len())
                }
                Ok((_, EncodedImage::Video(picture))) => {
                    format!("{} {}", picture.codec.name(), picture.data.len())
                }
                Err(NoImage::Damaged(reason)) => format!("damaged: {reason}"),
                Err(NoImage::Unknown(reason)) => format!("unknown: {reason}"),
            };
            assert_eq!(got, expected, "{form:?}");
        }
    }

    #[test]
    fn raw_images() {
        check(&Picture::rgb8(5, 2, vec![7; 30]), "5x2 rgb8 step 15 30 [7");
        for (name, bytes) in [("bgr8", 3), ("rgba8", 4), ("bgra8", 4), ("mono8", 1)] {
            let picture = Picture::raw(5, 3, name, vec![9; 15 * bytes]);
            check(&picture, &format!("5x3 {name} step {} {} [9", 5 * bytes, 15 * bytes));
        }
    }

    #[test]
    fn padded_rows() {
        let picture = Picture::raw(5, 2, "mono8", vec![1; 16]).with_step(8);
        check(&picture, "5x2 mono8 step 8 16 [1");
        let too_long = Picture::raw(5, 2, "mono8", vec![1; 99]).with_step(8);
        check(&too_long, "5x2 mono8 step 8 16 [1");
    }

    #[test]
    fn image_data_shorter_than_its_header_says() {
        let picture = Picture::rgb8(8, 8, vec![9; 192]);
        let expected = "damaged: 100 bytes of data where 8 rows of 24 bytes need 192";
        check(&picture.with_data_cut_to(100), expected);
    }

    #[test]
    fn headers_that_cannot_be() {
        let narrow = Picture::rgb8(8, 1, vec![9; 24]).with_step(23);
        check(&narrow, "damaged: step is 23 bytes where a row of 8 rgb8 pixels takes 24");
        let huge = Picture::raw(u32::MAX, u32::MAX, "rgba8", vec![]).with_step(u32::MAX);
        check(
            &huge,
            "damaged: step is 4294967295 bytes where a row of 4294967295 rgba8 pixels takes 17179869180",
        );
        check(&Picture::raw(0, 4, "mono8", vec![]), "damaged: an image of 0x4 pixels");
        let odd = Picture::raw(3, 2, "nv12", vec![0; 99]).with_step(3);
        check(&odd, "damaged: 3x2 pixels cannot be nv12");
        let short = Picture::raw(4, 4, "nv12", vec![0; 23]).with_step(4);
        check(&short, "damaged: 23 bytes of data where 6 rows of 4 bytes need 24");
        let unknown = Picture::raw(4, 4, "8SC1", vec![0; 32]).with_step(4);
        check(&unknown, "unknown: pixels in \"8SC1\", which are not read");
    }

    #[test]
    fn compressed_images_are_told_by_their_bytes() {
        check(&Picture::compressed("png", b"\xff\xd8\xff\xe0rest".to_vec()), "jpeg 8");
        check(
            &Picture::compressed("rgb8; jpeg compressed bgr8", b"\x89PNG\r\n\x1a\n".to_vec()),
            "png 8",
        );
        check(&Picture::compressed("webp", b"RIFF1234WEBP".to_vec()), "webp 12");
        let avif = b"\0\0\0\x1cftypavif\0\0".to_vec();
        check(&Picture::compressed("avif", avif), "unknown: images as AVIF, which are not read");
        let video = |format| Picture::compressed(format, vec![0, 0, 0, 1, 0x67, 1]);
        check(&video("h264"), "h264 6");
        check(&video("bgr8; HEVC compressed"), "h265 6");
        check(&video("jpeg"), "unknown: video in \"jpeg\", not in H.264 or H.265");
        let header = [0, 0, 0, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0x80, 0xbf, 1, 2];
        let depth = |format| Picture::compressed(format, header.to_vec());
        check(&depth("16UC1; compressedDepth"), "png 2");
        check(&depth("16UC1; compressedDepth rvl"), "depth Rvl None 2");
        check(&depth("32FC1; compressedDepth png"), "depth Png Some((1.5, -1.0)) 2");
        check(
            &Picture::compressed("16UC1; compressedDepth", vec![0; 11]),
            "damaged: 11 bytes of compressedDepth, whose header takes 12",
        );
        check(
            &Picture::compressed("jpeg", vec![]),
            "damaged: neither JPEG, PNG nor WebP: 0 bytes that begin with [], format \"jpeg\"",
        );
    }

    #[test]
    fn a_jpeg_cut_in_half_is_passed_on() {
        check(&Picture::jpeg(b"\xff\xd8\xff\xe0 half".to_vec()), "jpeg 9");
    }

    #[test]
    fn other_types_are_no_images() {
        assert_eq!(image_type(&channel("std_msgs/String", "ros1")), None);
        assert_eq!(image_type(&channel("sensor_msgs/Image", "json")), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (package, encoding, _) in TYPES {
                for name in ["Image", "CompressedImage"] {
                    let _ = read(&format!("{package}{name}"), encoding, bytes.clone());
                }
            }
            for format in ["32FC1; compressedDepth rvl", "16UC1; compressedDepth png"] {
                let _ = compressed_of(format.as_bytes(), bytes.clone().into());
            }
        }

        #[test]
        fn a_message_cut_anywhere_is_damaged(cut in 0usize..90, form in 0usize..3) {
            let (package, encoding, form) = TYPES[form];
            let picture = Picture::rgb8(4, 4, vec![7; 48]);
            let mut message = picture.message(form, 0, 0);
            prop_assume!(cut < message.len());
            message.truncate(cut);
            let got = read(&format!("{package}Image"), encoding, message);
            prop_assert!(matches!(got, Err(NoImage::Damaged(_) | NoImage::Unknown(_))));
        }
    }
}
