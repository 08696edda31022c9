//! Cases of packing.

use proptest::prelude::*;

use super::*;
use crate::{encode_jpeg, encode_webp};

const PNG: PackSettings = PackSettings { short_side: Some(512), quality: 95, form: PackForm::Png };

/// Slopes of colour, and some noise.
fn picture(width: u32, height: u32, channels: Channels) -> Pixels {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let noise = (x * 7919 + y * 104_729) % 7;
            let color = [x * 200 / width + noise, y * 200 / height + noise, 90 + noise, 255];
            data.extend(color[..channels.count()].iter().map(|sample| *sample as u8));
        }
    }
    Pixels::new(width, height, channels, data).unwrap()
}

/// Mean difference of samples, 0 to 255.
fn difference(a: &Pixels, b: &Pixels) -> f64 {
    assert_eq!((a.width(), a.height(), a.channels()), (b.width(), b.height(), b.channels()));
    let sum: u64 = a.data().iter().zip(b.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.data().len() as f64
}

/// By the other writer, chroma of half the size at any quality: by itself it keeps all of it
/// at 90 and above, and of tiny pictures that is most of what there is.
fn with_half_the_chroma(pixels: &Pixels, quality: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality.clamp(1, 100));
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    let color = match pixels.channels() {
        Channels::Gray => jpeg_encoder::ColorType::Luma,
        _ => jpeg_encoder::ColorType::Rgb,
    };
    let (width, height) = (pixels.width() as u16, pixels.height() as u16);
    encoder.encode(pixels.data(), width, height, color).unwrap();
    file
}

#[track_caller]
fn check(size: (u32, u32), short_side: Option<u32>, expected: (u32, u32)) {
    for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
        let file = encode_png(&picture(size.0, size.1, channels)).unwrap();
        for form in [PackForm::Jpeg, PackForm::Png] {
            let settings = PackSettings { short_side, form, ..PackSettings::default() };
            let packed = pack(&file, &settings).unwrap();
            assert_eq!((packed.width, packed.height), expected);
            let pixels = decode_bytes(&packed.bytes).unwrap();
            assert_eq!((pixels.width(), pixels.height()), expected);
        }
    }
}

#[test]
fn sizes_are_those_of_im2rec() {
    check((1280, 720), Some(512), (910, 512));
    check((720, 1280), Some(512), (512, 910));
    check((640, 480), Some(100), (133, 100));
    check((300, 200), None, (300, 200));
    check((300, 200), Some(200), (300, 200));
    check((30, 20), Some(512), (30, 20));
    check((3, 2), Some(0), (1, 1));
}

#[test]
fn what_needs_no_work_is_not_touched() {
    let pixels = picture(300, 200, Channels::Rgb);
    let (jpeg, png) = (encode_jpeg(&pixels, 90).unwrap(), encode_png(&pixels).unwrap());
    let settings = PackSettings::default();
    assert_eq!(pack(&jpeg, &settings).unwrap().bytes, jpeg);
    assert_eq!(pack(&png, &PNG).unwrap().bytes, png);
    // Cut, it is not passed on but read, and that says why it cannot be.
    assert!(pack(&jpeg[..jpeg.len() - 40], &settings).is_err());
    assert!(pack(&png[..png.len() - 40], &PNG).is_err());
    // A JPEG that lies on its side is turned, and so coded again.
    let exif =
        b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut lying = jpeg;
    lying.splice(2..2, exif.iter().copied());
    let packed = pack(&lying, &settings).unwrap();
    assert_eq!((packed.width, packed.height), (200, 300));
    assert_eq!(image_size(&packed.bytes), Some((200, 300)));
}

#[test]
fn a_resized_picture_looks_the_same_from_either_file() {
    let pixels = picture(1280, 720, Channels::Rgb);
    let (jpeg, png) = (encode_jpeg(&pixels, 95).unwrap(), encode_png(&pixels).unwrap());
    let settings = PackSettings::default();
    let packed = |file: &[u8]| decode_bytes(&pack(file, &settings).unwrap().bytes).unwrap();
    let expected = resized(&pixels, (910, 512), ResizeAlg::Interpolation(FilterType::Bilinear));
    assert!(difference(&packed(&png), &expected) < 2.0);
    assert!(difference(&packed(&jpeg), &expected) < 2.5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_size_and_quality_is_read_again(
        width in 1u32..70, height in 1u32..70, quality in 0u8..=120, is_gray in any::<bool>(),
    ) {
        let channels = if is_gray { Channels::Gray } else { Channels::Rgb };
        let pixels = picture(width, height, channels);
        let file = jpeg::encode(&pixels, Space::Rgb, quality).unwrap();
        prop_assert!(is_plain_jpeg(&file));
        let again = decode_bytes(&file).unwrap();
        let theirs = with_half_the_chroma(&pixels, quality);
        let (ours, theirs) =
            (difference(&again, &pixels), difference(&decode_bytes(&theirs).unwrap(), &pixels));
        // Of a picture smaller than a block, what stands behind its edge says as much as it
        // does, and a step at the worst qualities is more than there are shades.
        let bound = match (width.min(height), quality) {
            (..16, ..50) => 255.0,
            (..16, _) => theirs + 6.0,
            (_, ..10) => theirs + 3.5,
            _ => theirs + 1.25,
        };
        prop_assert!(ours <= bound, "{ours} {theirs}");
    }

    #[test]
    fn noise_is_read_again(data in prop::collection::vec(any::<u8>(), 24 * 24), quality in 90u8..=100) {
        let pixels = Pixels::new(24, 24, Channels::Gray, data).unwrap();
        let file = jpeg::encode(&pixels, Space::Rgb, quality).unwrap();
        prop_assert!(difference(&decode_bytes(&file).unwrap(), &pixels) < 8.0);
    }

    #[test]
    fn headers_tell_the_size(width in 1u32..40, height in 1u32..40, cut in 0usize..200) {
        let pixels = picture(width, height, Channels::Rgb);
        let files = [
            encode_png(&pixels).unwrap(),
            encode_jpeg(&pixels, 80).unwrap(),
            encode_webp(&pixels).unwrap(),
        ];
        for file in files {
            prop_assert_eq!(image_size(&file), Some((width, height)));
            // Cut or not, it does no harm.
            let _ = image_size(&file[..cut.min(file.len())]);
        }
    }
}
