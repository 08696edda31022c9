use bytes::Bytes;
use proptest::prelude::*;
use roadloop_base::{CompressedDepth, DepthCodec, PixelEncoding, RawImage};

use super::*;
use crate::Channels;

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/testdata/pictures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|err| panic!("{err}\npath: {path}"))
}

/// Decodes a picture and compares it with what OpenCV makes of it.
#[track_caller]
fn check(name: &str, channels: Channels, tolerance: u8) {
    let pixels = decode_bytes(&file(name)).unwrap();
    let truth = decode_bytes(&file(&format!("{name}.truth.png"))).unwrap();
    assert_eq!((pixels.width(), pixels.height(), pixels.channels()), (99, 71, channels));
    assert_eq!(truth.channels(), channels);
    let differences = pixels.data().iter().zip(truth.data()).map(|(a, b)| a.abs_diff(*b));
    let worst = differences.max().unwrap();
    assert!(worst <= tolerance, "{name} is off by {worst}");
}

#[test]
fn jpegs_are_what_opencv_sees() {
    // The standard leaves the rounding of the inverse transform open.
    check("baseline-420.jpg", Channels::Rgb, 3);
    check("baseline-444.jpg", Channels::Rgb, 3);
    check("progressive.jpg", Channels::Rgb, 3);
    check("gray.jpg", Channels::Gray, 2);
    check("cmyk.jpg", Channels::Rgb, 3);
}

#[test]
fn pngs_are_exact() {
    check("rgb16.png", Channels::Rgb, 0);
    check("palette.png", Channels::Rgb, 0);
    check("interlaced.png", Channels::Rgb, 0);
}

#[test]
fn webps_are_what_opencv_sees() {
    check("lossless.webp", Channels::Rgb, 0);
    check("lossy.webp", Channels::Rgb, 2);
}

#[test]
fn half_a_webp_is_bad() {
    for name in ["lossless.webp", "lossy.webp"] {
        let whole = file(name);
        let half = decode_bytes(&whole[..whole.len() / 2]);
        assert!(matches!(half, Err(VisionError::BadWebP { .. })), "{name}: {half:?}");
    }
}

#[test]
fn gray_pngs() {
    let gray = decode_bytes(&file("gray8.png")).unwrap();
    assert_eq!(gray.channels(), Channels::Gray);
    let black_and_white = decode_bytes(&file("gray1.png")).unwrap();
    assert_eq!(black_and_white.channels(), Channels::Gray);
    assert!(black_and_white.data().iter().all(|&sample| sample == 0 || sample == 255));
    let faded = decode_bytes(&file("gray-alpha.png")).unwrap();
    assert_eq!(faded.channels(), Channels::Rgba);
    let (first, last) = (&faded.data()[..4], &faded.data()[98 * 4..99 * 4]);
    assert_eq!((first[3], last[3]), (0, 255));
    assert!(last[0] == last[1] && last[1] == last[2]);
}

/// 34x22 pixels with 5 bytes of padding behind each row, as
/// `testdata/encodings/make.py` has them.
fn raw_image(encoding: PixelEncoding) -> RawImage {
    let path = format!("{}/testdata/encodings/raw.bin", env!("CARGO_MANIFEST_DIR"));
    let step = 34 * encoding.bytes_per_pixel() + 5;
    let mut data = std::fs::read(path).unwrap();
    data.truncate(encoding.rows(22) as usize * step as usize);
    let data = Bytes::from(data);
    RawImage { width: 34, height: 22, encoding, step, is_bigendian: false, data }
}

#[test]
fn colour_is_what_opencv_makes_of_it() {
    let mut compared = 0;
    for encoding in PixelEncoding::ALL {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/encodings");
        let Ok(truth) = std::fs::read(format!("{folder}/{}.png", encoding.name())) else {
            continue;
        };
        let truth = decode_bytes(&truth).unwrap();
        let pixels = decode(&EncodedImage::Raw(raw_image(encoding))).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (34, 22));
        let differs = pixels.data().iter().zip(truth.data()).position(|(a, b)| a != b);
        assert_eq!(differs.map(|at| (at / 3 % 34, at / 3 / 34)), None, "{}", encoding.name());
        compared += 1;
    }
    assert_eq!(compared, 18);
}

/// Colour type, depth and samples of a PNG as they are in it.
fn opened(bytes: &[u8]) -> (::png::ColorType, ::png::BitDepth, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    data.truncate(info.buffer_size());
    (info.color_type, info.bit_depth, data)
}

#[test]
fn sixteen_bits_stay_sixteen() {
    let mut compared = 0;
    for encoding in PixelEncoding::ALL.into_iter().filter(|encoding| encoding.is_deep()) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/encodings");
        let raw = raw_image(encoding);
        let picture = decode_whole(&EncodedImage::Raw(raw.clone())).unwrap();
        let ours = opened(&picture.encode_png().unwrap());
        assert_eq!(ours.1, ::png::BitDepth::Sixteen, "{}", encoding.name());
        assert!(ours == opened(&crate::encode_small_png(&picture).unwrap()));
        if let Ok(truth) = std::fs::read(format!("{folder}/{}.png", encoding.name())) {
            assert!(ours == opened(&truth), "{}", encoding.name());
            compared += 1;
        }

        let sample_bytes = if encoding == PixelEncoding::F32C1 { 4 } else { 2 };
        let mut turned = raw.data.to_vec();
        for row in turned.chunks_mut(raw.step as usize) {
            row.chunks_exact_mut(sample_bytes).for_each(<[u8]>::reverse);
        }
        let turned = RawImage { data: turned.into(), is_bigendian: true, ..raw };
        let turned = decode_whole(&EncodedImage::Raw(turned)).unwrap();
        assert!(ours == opened(&turned.encode_png().unwrap()), "{}", encoding.name());
    }
    assert_eq!(compared, 8);
}

#[test]
fn depth_is_in_millimetres() {
    let picture = |encoding, data: &[u8]| {
        let step = data.len() as u32;
        let width = step / PixelEncoding::bytes_per_pixel(encoding);
        let data = Bytes::copy_from_slice(data);
        let raw = RawImage { width, height: 1, encoding, step, is_bigendian: false, data };
        match decode_whole(&EncodedImage::Raw(raw)).unwrap() {
            Picture::Deep(deep) => deep.data,
            other => panic!("{other:?}"),
        }
    };
    let metres = [1.5f32, 0.0, f32::NAN, f32::INFINITY, -2.0, 65.535, 65.536, 0.0004];
    let bytes: Vec<u8> = metres.iter().flat_map(|metres| metres.to_le_bytes()).collect();
    assert_eq!(picture(PixelEncoding::F32C1, &bytes), [1500, 0, 0, 0, 0, 65535, 0, 0]);
    assert_eq!(picture(PixelEncoding::U16C1, &[0xdc, 5, 0, 0]), [1500, 0]);
}

#[test]
fn two_channels_are_kept() {
    let data = Bytes::from_static(&[1, 2, 3, 4]);
    let raw = RawImage {
        width: 2,
        height: 1,
        encoding: PixelEncoding::U8C2,
        step: 4,
        is_bigendian: false,
        data,
    };
    let picture = decode_whole(&EncodedImage::Raw(raw)).unwrap();
    assert_eq!(picture.look().data(), [1, 3]);
    let (color, _, data) = opened(&picture.encode_png().unwrap());
    assert_eq!((color, data), (::png::ColorType::GrayscaleAlpha, vec![1, 2, 3, 4]));
}

#[test]
fn an_image_without_its_last_byte_is_no_image() {
    for encoding in PixelEncoding::ALL {
        let mut image = raw_image(encoding);
        // Of the last row's padding nothing has to be there.
        image.data.truncate(image.data.len() - 5);
        assert!(decode(&EncodedImage::Raw(image.clone())).is_ok(), "{}", encoding.name());
        image.data.truncate(image.data.len() - 1);
        assert!(decode(&EncodedImage::Raw(image)).is_err(), "{}", encoding.name());
    }
}

#[test]
fn pictures_of_few_pixels() {
    for encoding in PixelEncoding::ALL {
        for (width, height) in [(1, 1), (2, 2), (1, 5), (4, 2), (3, 3)] {
            let image = RawImage { width, height, ..raw_image(encoding) };
            let pixels = decode(&EncodedImage::Raw(image));
            assert_eq!(pixels.is_ok(), encoding.fits(width, height), "{}", encoding.name());
        }
    }
}

#[track_caller]
fn check_raw(encoding: PixelEncoding, step: u32, data: &[u8], expected: Result<&[u8], &str>) {
    let data = Bytes::copy_from_slice(data);
    let image = RawImage { width: 2, height: 2, encoding, step, is_bigendian: false, data };
    match decode(&EncodedImage::Raw(image)) {
        Ok(pixels) => assert_eq!(Ok(pixels.data()), expected),
        Err(err) => assert_eq!(Err(err.to_string().as_str()), expected),
    }
}

#[test]
fn raw_rows() {
    let bytes: Vec<u8> = (1..=18).collect();
    check_raw(PixelEncoding::Mono8, 2, &bytes[..4], Ok(&[1, 2, 3, 4]));
    check_raw(PixelEncoding::Mono8, 3, &bytes[..6], Ok(&[1, 2, 4, 5]));
    check_raw(PixelEncoding::Mono8, 3, &bytes[..5], Ok(&[1, 2, 4, 5]));
    let rgb = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13];
    check_raw(PixelEncoding::Rgb8, 7, &bytes[..14], Ok(&rgb));
    let swapped = [3, 2, 1, 6, 5, 4, 10, 9, 8, 13, 12, 11];
    check_raw(PixelEncoding::Bgr8, 7, &bytes[..14], Ok(&swapped));
    check_raw(PixelEncoding::Rgba8, 8, &bytes[..16], Ok(&bytes[..16]));
    let swapped = [3, 2, 1, 4, 7, 6, 5, 8, 11, 10, 9, 12, 15, 14, 13, 16];
    check_raw(PixelEncoding::Bgra8, 8, &bytes[..16], Ok(&swapped));
}

#[test]
fn raw_rows_that_lie() {
    let short = Err("the picture has 11 bytes; 2 rows of 6 take 12");
    check_raw(PixelEncoding::Rgb8, 6, &[0; 11], short);
    let step = Err("a row of 2 pixels in rgba8 takes 8 bytes, but the step is 7");
    check_raw(PixelEncoding::Rgba8, 7, &[0; 99], step);
}

/// Decodes bytes that are no good picture and compares the message.
#[track_caller]
fn check_bad(bytes: &[u8], expected: &str) {
    let err = decode_bytes(bytes).expect_err("no good picture");
    assert_eq!(err.to_string(), expected);
    assert_eq!(err.kind(), roadloop_base::ErrorKind::Invalid);
}

#[test]
fn neither_jpeg_nor_png() {
    check_bad(b"", "neither a JPEG, a PNG nor a WebP: it starts with nothing");
    check_bad(
        b"GIF89a\x01\x00\x01",
        r"neither a JPEG, a PNG nor a WebP: it starts with GIF89a\x01\x00",
    );
}

#[test]
fn half_a_jpeg_says_how_far_it_came() {
    for name in ["baseline-420.jpg", "baseline-444.jpg", "gray.jpg"] {
        let whole = file(name);
        let half = &whole[..whole.len() * 2 / 3];
        match decode_bytes(half) {
            Err(VisionError::JpegCutShort { rows_read: 8..=64, height: 71, found }) => {
                assert_eq!(found, half.len());
            }
            other => panic!("{name}, {} bytes: {other:?}", half.len()),
        }
        // Even when only the last row of blocks is missing.
        let nearly = &whole[..whole.len() - 4];
        assert!(matches!(decode_bytes(nearly), Err(VisionError::JpegCutShort { .. })));
    }
    let progressive = file("progressive.jpg");
    let half = &progressive[..progressive.len() / 2];
    assert!(matches!(decode_bytes(half), Err(VisionError::JpegCutShort { .. })));
}

#[test]
fn the_end_marker_may_be_missing_and_nothing_else() {
    for name in ["baseline-420.jpg", "baseline-444.jpg", "gray.jpg"] {
        let whole = file(name);
        let pixels = decode_bytes(&whole).unwrap();
        for missing in [1, 2] {
            assert_eq!(decode_bytes(&whole[..whole.len() - missing]).unwrap(), pixels, "{name}");
        }
        for missing in 4..100 {
            let cut = decode_bytes(&whole[..whole.len() - missing]);
            assert!(matches!(cut, Err(VisionError::JpegCutShort { .. })), "{name} {missing}");
        }
    }
    let progressive = file("progressive.jpg");
    let cut = decode_bytes(&progressive[..progressive.len() - 2]);
    assert!(matches!(cut, Err(VisionError::JpegCutShort { .. })));
}

/// A picture of noise with restart markers, as many cameras write it.
fn with_restarts(channels: Channels, interval: u16) -> Vec<u8> {
    let noise = |index: u32| (index.wrapping_mul(2_654_435_761) >> 24) as u8;
    let data: Vec<u8> = (0..50 * 37 * channels.count() as u32).map(noise).collect();
    let color = match channels {
        Channels::Gray => jpeg_encoder::ColorType::Luma,
        _ => jpeg_encoder::ColorType::Rgb,
    };
    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, 80);
    encoder.set_restart_interval(interval);
    encoder.encode(&data, 50, 37, color).unwrap();
    jpeg
}

#[test]
fn a_cut_between_restarts_is_a_cut() {
    for (channels, interval) in [
        (Channels::Rgb, 1),
        (Channels::Rgb, 3),
        (Channels::Rgb, 4),
        (Channels::Gray, 1),
        (Channels::Gray, 5),
        (Channels::Gray, 7),
    ] {
        let whole = with_restarts(channels, interval);
        let pixels = decode_bytes(&whole).unwrap();
        for missing in [1, 2] {
            assert_eq!(decode_bytes(&whole[..whole.len() - missing]).unwrap(), pixels);
        }
        for end in 0..whole.len() - 2 {
            if let Ok(cut) = decode_bytes(&whole[..end]) {
                assert_eq!(cut, pixels, "{channels:?}, every {interval}, {end} bytes");
            }
        }
    }
}

#[test]
fn bytes_after_the_end_do_not_matter() {
    let mut padded = file("baseline-420.jpg");
    padded.extend_from_slice(&[0; 1000]);
    assert_eq!(decode_bytes(&padded).unwrap(), decode_bytes(&file("baseline-420.jpg")).unwrap());
}

#[test]
fn a_grey_picture_is_not_a_cut_one() {
    let grey = crate::Pixels::new(64, 48, Channels::Rgb, vec![128; 64 * 48 * 3]).unwrap();
    let jpeg = crate::encode_jpeg(&grey, 90).unwrap();
    assert_eq!(decode_bytes(&jpeg).unwrap(), grey);
}

#[test]
fn bombs_are_refused() {
    let mut png = file("gray8.png");
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    // Its header would need a new checksum, too: without it, that is what is wrong.
    assert!(matches!(decode_bytes(&png), Err(VisionError::BadPng { .. })));

    let png_of = |width, height| {
        let mut file = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut file, width, height);
        encoder.set_color(::png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(::png::chunk::IDAT, &[0x78, 1]).unwrap();
        writer.finish().unwrap();
        file
    };
    let large = "the picture says it is 20000x20000; at most 100 megapixels are read";
    check_bad(&png_of(20_000, 20_000), large);
    let hollow = "the PNG says it is 9000x9000, too much for its 59 bytes";
    check_bad(&png_of(9_000, 9_000), hollow);

    // Equal pixels take no bits in WebP, and zeros few in RVL.
    let webp_of = |side: u32| {
        let bits = (side - 1) | (side - 1) << 14;
        let chunk = [&b"VP8L\x0d\0\0\0\x2f"[..], &bits.to_le_bytes(), &[0; 9]].concat();
        [&b"RIFF"[..], &(4 + chunk.len() as u32).to_le_bytes(), b"WEBP", &chunk].concat()
    };
    let hollow = "the WebP says it is 10000x10000, too much for its 34 bytes";
    check_bad(&webp_of(10_000), hollow);
    let zeros = [8000u32, 8000, u32::MAX, u32::MAX].map(u32::to_le_bytes).concat();
    let depth = CompressedDepth { codec: DepthCodec::Rvl, inverse: None, data: zeros.into() };
    let hollow = "the RVL image says it is 8000x8000, too much for its 16 bytes";
    assert_eq!(decode_whole(&EncodedImage::Depth(depth)).unwrap_err().to_string(), hollow);

    let mut jpeg = file("baseline-420.jpg");
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let large = "the picture says it is 65535x65535; at most 100 megapixels are read";
    check_bad(&jpeg, large);
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x20, 0, 0x20, 0]);
    let hollow = format!("the JPEG says it is 8192x8192, too much for its {} bytes", jpeg.len());
    check_bad(&jpeg, &hollow);
    let wide = RawImage {
        width: u32::MAX,
        height: u32::MAX,
        encoding: PixelEncoding::Rgb8,
        step: u32::MAX,
        is_bigendian: false,
        data: Bytes::new(),
    };
    let refused = decode(&EncodedImage::Raw(wide));
    assert!(matches!(refused, Err(VisionError::TooManyPixels { .. })));
}

fn any_picture() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "baseline-420.jpg",
        "progressive.jpg",
        "gray.jpg",
        "cmyk.jpg",
        "rgb16.png",
        "palette.png",
        "interlaced.png",
        "gray-alpha.png",
        "lossless.webp",
        "lossy.webp",
    ];
    let mut pictures = names.map(file).to_vec();
    pictures.extend([with_restarts(Channels::Rgb, 2), with_restarts(Channels::Gray, 3)]);
    prop::sample::select(pictures)
}

proptest! {
    /// A cut picture never passes for a whole one.
    #[test]
    fn cut_anywhere(picture in any_picture(), place in 0.0f64..1.0) {
        let end = (picture.len() as f64 * place) as usize;
        if let Ok(pixels) = decode_bytes(&picture[..end]) {
            // Only what follows the pixels may be missing.
            prop_assert_eq!(pixels, decode_bytes(&picture).unwrap());
        }
    }

    #[test]
    fn flipped_bytes_do_no_harm(
        mut picture in any_picture(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for (index, byte) in flips {
            *index.get_mut(&mut picture) = byte;
        }
        if let Ok(pixels) = decode_bytes(&picture) {
            prop_assert!(u64::from(pixels.width()) * u64::from(pixels.height()) <= MAX_PIXELS);
        }
        // Without its end marker.
        let _ = decode_bytes(&picture[..picture.len() - 2]);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for start in [&b""[..], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x90\x01\0\0WEBPVP8 "] {
            let _ = decode_bytes(&[start, &bytes].concat());
        }
    }

    /// Of every encoding, whatever a header says: refused, or as many pixels.
    #[test]
    fn any_rows_do_no_harm(
        encoding in prop::sample::select(PixelEncoding::ALL.to_vec()),
        (width, height, step) in (0u32..20, 0u32..20, 0u32..160),
        is_bigendian: bool,
        data in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let data = Bytes::from(data);
        let image = RawImage { width, height, encoding, step, is_bigendian, data };
        if let Ok(picture) = decode_whole(&EncodedImage::Raw(image)) {
            prop_assert_eq!((picture.width(), picture.height()), (width, height));
            let png = decode_bytes(&picture.encode_png().unwrap()).unwrap();
            prop_assert_eq!((png.width(), png.height()), (width, height));
        }
    }
}
