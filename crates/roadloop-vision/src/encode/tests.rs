use proptest::prelude::*;

use super::*;
use crate::decode_bytes;

/// A picture goes into a PNG and comes out as it was; gives the file's size.
#[track_caller]
fn check(pixels: &Pixels) -> usize {
    let file = encode_png(pixels).unwrap();
    assert_eq!(&decode_bytes(&file).unwrap(), pixels);
    file.len()
}

fn picture(name: &str) -> Pixels {
    let path = format!("{}/testdata/pictures/{name}", env!("CARGO_MANIFEST_DIR"));
    decode_bytes(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn real_pictures_are_no_larger_than_other_writers_make_them() {
    let with_crate_png = |pixels: &Pixels| {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, pixels.width(), pixels.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Fast);
        encoder.write_header().unwrap().write_image_data(pixels.data()).unwrap();
        file.len()
    };
    for name in ["face.png", "interlaced.png", "baseline-420.jpg"] {
        let pixels = picture(name);
        assert!(check(&pixels) <= with_crate_png(&pixels), "{name}");
    }
}

#[test]
fn flat_pictures_are_small() {
    let flat = Pixels::new(640, 480, Channels::Rgb, vec![77; 640 * 480 * 3]).unwrap();
    let size = check(&flat);
    assert!(size < 640 * 480 * 3 / 100, "{size}");
}

#[test]
fn rows_longer_than_a_block() {
    let data: Vec<u8> = (0..70_000 * 4 * 3u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    check(&Pixels::new(70_000, 3, Channels::Rgba, data).unwrap());
}

#[test]
fn jpeg_is_near() {
    let pixels = picture("face.png");
    let file = encode_jpeg(&pixels, 95).unwrap();
    let again = decode_bytes(&file).unwrap();
    let sum: u64 =
        pixels.data().iter().zip(again.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(sum < 3 * pixels.data().len() as u64, "{sum}");
    assert!(file.len() * 4 < pixels.data().len());
}

#[test]
fn jpeg_sides_have_a_limit() {
    let wide = Pixels::new(70_000, 1, Channels::Gray, vec![0; 70_000]).unwrap();
    let err = encode_jpeg(&wide, 90).unwrap_err();
    assert_eq!(err.to_string(), "a JPEG has at most 65535 pixels a side, the picture is 70000x1");
}

fn any_pixels() -> impl Strategy<Value = Pixels> {
    let channels = prop_oneof![Just(Channels::Gray), Just(Channels::Rgb), Just(Channels::Rgba)];
    // Few values make runs, many make noise.
    (1u32..70, 1u32..40, channels, prop_oneof![Just(1u8), Just(2), Just(255)]).prop_flat_map(
        |(width, height, channels, most)| {
            let count = (width * height) as usize * channels.count();
            prop::collection::vec(0..=most, count)
                .prop_map(move |data| Pixels::new(width, height, channels, data).unwrap())
        },
    )
}

proptest! {
    #[test]
    fn png_loses_nothing(pixels in any_pixels()) {
        check(&pixels);
    }

    #[test]
    fn long_runs_lose_nothing(gaps in prop::collection::vec(1usize..3000, 1..12)) {
        let mut data = Vec::new();
        for gap in gaps {
            data.extend(std::iter::repeat_n(9, gap));
            data.push(250);
        }
        check(&Pixels::new(data.len() as u32, 1, Channels::Gray, data).unwrap());
    }
}

#[test]
fn webps_and_small_pngs_are_the_same_picture() {
    for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
        let data: Vec<u8> = (0..31 * 17 * channels.count()).map(|at| (at * at / 7) as u8).collect();
        let pixels = Pixels::new(31, 17, channels, data).unwrap();
        let small = encode_small_png(&Picture::Flat(pixels.clone())).unwrap();
        assert_eq!(crate::decode_bytes(&small).unwrap(), pixels);
        let webp = crate::decode_bytes(&encode_webp(&pixels).unwrap()).unwrap();
        let count = webp.channels().count();
        let samples = webp.data().chunks(count).zip(pixels.data().chunks(channels.count()));
        assert!(samples.into_iter().all(|(a, b)| a[0] == b[0] && a[count - 1] == b[b.len() - 1]));
    }
}
