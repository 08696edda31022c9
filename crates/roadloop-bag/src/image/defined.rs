//! Messages that are read by their definition, in whatever they are serialised:
//! `foxglove.RawImage`, `CompressedImage` and `CompressedVideo`
//! (<https://docs.foxglove.dev/docs/sdk/schemas>) and
//! `ffmpeg_image_transport_msgs/FFMPEGPacket`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use roadloop_base::{EncodedImage, Nanos};

use super::{Layout, NoImage, RawFields, compressed_of, raw_of, video_of};
use crate::decode::Value;

/// What a type is: `foxglove.RawImage`, `foxglove_msgs/msg/RawImage`, …
pub(super) fn layout(message_type: &str) -> Option<Layout> {
    let (package, name) = message_type.split_once(['.', '/'])?;
    let name = name.strip_prefix("msg/").unwrap_or(name);
    match (package, name) {
        ("foxglove" | "foxglove_msgs", "RawImage") => Some(Layout::Image),
        ("foxglove" | "foxglove_msgs", "CompressedImage") => Some(Layout::CompressedImage),
        ("foxglove" | "foxglove_msgs", "CompressedVideo")
        | ("ffmpeg_image_transport_msgs", "FFMPEGPacket") => Some(Layout::Video),
        _ => None,
    }
}

pub(super) fn raw_image(message: &Value) -> Result<(Nanos, EncodedImage), NoImage> {
    let number = |field: &str| -> Result<u32, NoImage> {
        let number = message.get(field).and_then(Value::as_i64);
        number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| missing(field))
    };
    let image = raw_of(RawFields {
        width: number("width")?,
        height: number("height")?,
        step: number("step")?,
        encoding: text(message, "encoding")?.as_bytes(),
        // Foxglove's samples are little-endian.
        is_bigendian: false,
        data: data(message)?,
    })?;
    Ok((stamp(message), image))
}

pub(super) fn compressed_image(message: &Value) -> Result<(Nanos, EncodedImage), NoImage> {
    let image = compressed_of(text(message, "format")?.as_bytes(), data(message)?)?;
    Ok((stamp(message), image))
}

pub(super) fn video(message: &Value) -> Result<(Nanos, EncodedImage), NoImage> {
    let format = text(message, "format").or_else(|_| text(message, "encoding"))?;
    Ok((stamp(message), video_of(format, data(message)?)?))
}

fn missing(field: &str) -> NoImage {
    NoImage::Damaged(format!("its field {field} is not there"))
}

fn text<'v>(message: &'v Value, field: &str) -> Result<&'v str, NoImage> {
    message.get(field).and_then(Value::as_str).ok_or_else(|| missing(field))
}

/// In JSON bytes are base64.
fn data(message: &Value) -> Result<Bytes, NoImage> {
    match message.get("data") {
        Some(Value::Bytes(bytes)) => Ok(bytes.clone()),
        Some(Value::Text(text)) => {
            let bytes = BASE64.decode(text);
            Ok(bytes.map_err(|_| NoImage::Damaged("its data is no base64".to_owned()))?.into())
        }
        _ => Err(missing("data")),
    }
}

fn stamp(message: &Value) -> Nanos {
    let in_header = || message.get("header").and_then(|header| header.get("stamp"));
    match message.get("timestamp").or_else(in_header) {
        Some(Value::Time(moment)) => moment.nanos(),
        Some(time @ (Value::Object(_) | Value::Record(_))) => {
            let part = |name: &str| time.get(name).and_then(Value::as_i64);
            let nanos = part("nsec").or(part("nanosec")).unwrap_or(0);
            let nanos = u32::try_from(nanos).unwrap_or(0);
            Nanos::from_secs_nanos(part("sec").unwrap_or(0), nanos)
        }
        _ => Nanos(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        let channel = crate::Channel { encoding: "json".to_owned(), ..Default::default() };
        let decoder = crate::Decoder::new(&channel).unwrap();
        decoder.decode(&Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    #[test]
    fn images_in_json() {
        let image = r#"{"timestamp":{"sec":1,"nsec":5},"width":2,"height":1,"encoding":"mono8",
            "step":2,"data":"AQI="}"#;
        let (stamp, image) = raw_image(&json(image)).unwrap();
        assert_eq!(stamp, Nanos(1_000_000_005));
        let EncodedImage::Raw(raw) = image else { panic!("{image:?}") };
        assert_eq!((raw.width, raw.height, &raw.data[..]), (2, 1, &[1, 2][..]));
        let (_, image) = compressed_image(&json(r#"{"format":"jpeg","data":"/9j/AA=="}"#)).unwrap();
        assert!(matches!(image, EncodedImage::Jpeg(_)));
    }

    #[test]
    fn images_in_binary_forms() {
        let mut forms = Vec::new();
        for sample in crate::decode::tests::samples() {
            if layout(sample.channel.message_type()) == Some(Layout::CompressedImage) {
                let decoder = crate::Decoder::new(&sample.channel).unwrap();
                let value = decoder.decode(&sample.data).unwrap();
                let (stamp, image) = compressed_image(&value).unwrap();
                assert_eq!(stamp, Nanos(1_700_000_000_123_456_789));
                assert!(matches!(image, EncodedImage::Jpeg(bytes) if *bytes == *b"\xff\xd8\xff"));
                forms.push(sample.channel.encoding);
            }
        }
        assert_eq!(forms, ["protobuf", "flatbuffer"]);
    }

    #[test]
    fn pictures_of_videos() {
        let of = |format: &str| {
            let packet = format!(
                r#"{{"header":{{"stamp":{{"sec":1,"nanosec":5}}}},"encoding":"{format}","data":"AAAB"}}"#
            );
            video(&json(&packet))
        };
        let (stamp, image) = of("libx264;yuv420p").unwrap();
        assert_eq!((stamp, image.encoding()), (Nanos(1_000_000_005), "h264"));
        assert_eq!(of("HEVC_nvenc").unwrap().1.encoding(), "h265");
        let reason = "video in \"vp9\", not in H.264 or H.265".to_owned();
        assert_eq!(of("vp9").unwrap_err(), NoImage::Unknown(reason));
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |text: &str, expected: &str| match raw_image(&json(text)) {
            Err(NoImage::Damaged(reason)) => assert_eq!(reason, expected),
            other => panic!("{other:?}"),
        };
        check("{}", "its field width is not there");
        check(r#"{"width":-1}"#, "its field width is not there");
        let fields = r#"{"width":1,"height":1,"step":1,"encoding":"mono8","data":"?"}"#;
        check(fields, "its data is no base64");
    }

    #[test]
    fn names() {
        assert_eq!(layout("foxglove.RawImage"), Some(Layout::Image));
        assert_eq!(layout("foxglove_msgs/msg/CompressedImage"), Some(Layout::CompressedImage));
        assert_eq!(layout("foxglove_msgs/CompressedVideo"), Some(Layout::Video));
        let packet = "ffmpeg_image_transport_msgs/msg/FFMPEGPacket";
        assert_eq!(layout(packet), Some(Layout::Video));
        assert_eq!(layout("foxglove.Log"), None);
        assert_eq!(layout("other.RawImage"), None);
    }
}
