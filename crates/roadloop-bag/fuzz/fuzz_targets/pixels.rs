//! Rows of any encoding, size and step; compressed depth of either codec.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use roadloop_base::{
    CompressedDepth, DepthCodec, EncodedImage, InverseDepth, PixelEncoding, RawImage,
};
use roadloop_vision::decode_whole;

fuzz_target!(|bytes: &[u8]| {
    let &[kind, width, height, step, flags, ref data @ ..] = bytes else { return };
    let data = Bytes::copy_from_slice(data);
    let is_bigendian = flags & 1 == 1;
    let image = match PixelEncoding::ALL.get(usize::from(kind)) {
        Some(&encoding) => EncodedImage::Raw(RawImage {
            width: width.into(),
            height: height.into(),
            encoding,
            step: u32::from(step) * (1 + u32::from(flags >> 4)),
            is_bigendian,
            data,
        }),
        None => EncodedImage::Depth(CompressedDepth {
            codec: if kind & 1 == 1 { DepthCodec::Png } else { DepthCodec::Rvl },
            inverse: is_bigendian
                .then_some(InverseDepth { a: f32::from(width), b: f32::from(height) }),
            data,
        }),
    };
    if let Ok(picture) = decode_whole(&image) {
        drop(picture.encode_png());
    }
});
