//! From one JPEG to a smaller one in one go, luma and chroma at their own sizes all the way,
//! a few rows of each in memory.

use pulp::{Arch, Simd, WithSimd};

use super::jpeg::Writer;
use super::planes::Plane;
use super::shrink::Shrink;
use super::{PackSettings, Packed, target};
use crate::decode::{JpegStrip, JpegStrips};

/// `None` where it cannot be done so, be it that the picture is of another kind or that
/// something is wrong with it.
pub(super) fn pack(bytes: &[u8], settings: &PackSettings) -> Option<Packed> {
    let mut strips = JpegStrips::find(bytes)?;
    let size = (strips.width, strips.height);
    let target = target(size.0, size.1, settings.short_side)?;
    let scale = (f64::from(size.0) / f64::from(target.0), f64::from(size.1) / f64::from(target.1));
    // Blocks of a unit across and down, of each plane.
    let blocks: &[usize] = if strips.is_gray() { &[1] } else { &[2, 1, 1] };
    let mut writer = Writer::new(target.0, target.1, blocks.len(), settings.quality).ok()?;
    let mut shrinks = Vec::new();
    let mut planes = Vec::new();
    for of in blocks {
        let sides = |(width, height): (u32, u32)| {
            let side = |side: u32| (side as usize * of).div_ceil(blocks[0]);
            (side(width), side(height))
        };
        shrinks.push(Shrink::new(sides(size), sides(target), scale));
        planes.push(Plane::empty(sides(target).0, *of));
    }
    for _ in 0..strips.count() {
        for ((strip, shrink), plane) in strips.next()?.zip(&mut shrinks).zip(&mut planes) {
            Arch::new().dispatch(Put(shrink, strip, plane));
        }
        write(&mut writer, &mut planes, blocks);
    }
    let rows = planes.iter().zip(blocks).map(|(plane, of)| plane.rows().div_ceil(8 * of)).max()?;
    for (plane, of) in planes.iter_mut().zip(blocks) {
        plane.repeat_last_row(rows * 8 * of);
    }
    write(&mut writer, &mut planes, blocks);
    Some(Packed { bytes: writer.finish(), width: target.0, height: target.1 })
}

/// Makes a strip smaller in the widest vectors there are.
struct Put<'a>(&'a mut Shrink, &'a JpegStrip, &'a mut Plane);

impl WithSimd for Put<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Put(shrink, strip, plane) = self;
        shrink.put(&strip.samples, strip.stride, plane);
    }
}

/// Writes all units of which each plane has all rows.
fn write(writer: &mut Writer, planes: &mut [Plane], blocks: &[usize]) {
    let units = planes.iter().zip(blocks).map(|(plane, of)| plane.rows() / (8 * of)).min();
    let units = units.unwrap_or(0);
    let mut ready = Vec::new();
    for (plane, of) in planes.iter_mut().zip(blocks) {
        ready.push(plane.take_rows(units * 8 * of));
    }
    writer.put(&ready);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pack::planes::{Space, planes};
    use crate::{Channels, Pixels, decode_bytes};

    /// Slopes of colour, some of it rough.
    fn picture(width: u32, height: u32, channels: Channels) -> Pixels {
        let mut data = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let rough = (x * 7919 + y * 104_729) % 23;
                let color = [x * 200 / width + rough, y * 200 / height + rough, 90 + x % 2];
                data.extend(color[..channels.count()].iter().map(|sample| *sample as u8));
            }
        }
        Pixels::new(width, height, channels, data).unwrap()
    }

    fn file(width: u32, height: u32, channels: Channels, quality: u8) -> Vec<u8> {
        crate::pack::jpeg::encode(&picture(width, height, channels), Space::Rgb, quality).unwrap()
    }

    /// All rows of each component, those behind the edge too.
    fn samples(file: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut strips = JpegStrips::find(file)?;
        let mut all = vec![Vec::new(); if strips.is_gray() { 1 } else { 3 }];
        for _ in 0..strips.count() {
            for (all, strip) in all.iter_mut().zip(strips.next()?) {
                all.extend_from_slice(&strip.samples);
            }
        }
        Some(all)
    }

    /// Luma against that of the other decoder, which rounds whole numbers on its way.
    #[track_caller]
    fn check(file: &[u8]) {
        let found = samples(file).expect("read here");
        let strips = JpegStrips::find(file).unwrap();
        let expected = crate::decode::decode_jpeg_as_ycbcr(file).unwrap().unwrap();
        let (width, height) = (strips.width as usize, strips.height as usize);
        assert_eq!((width, height), (expected.width() as usize, expected.height() as usize));
        let stride = if strips.is_gray() { 8 } else { 16 };
        let rows = found[0].chunks(width.next_multiple_of(stride));
        let pixels = expected.data().chunks(width * expected.channels().count());
        for (row, pixels) in rows.zip(pixels) {
            for (sample, pixel) in row.iter().zip(pixels.chunks(expected.channels().count())) {
                assert!(sample.abs_diff(pixel[0]) <= 2, "{sample} {}", pixel[0]);
            }
        }
    }

    #[test]
    fn luma_is_what_the_other_decoder_reads() {
        for channels in [Channels::Gray, Channels::Rgb] {
            for quality in [5, 40, 75, 90, 95, 100] {
                for (width, height) in [(1, 1), (8, 8), (16, 17), (33, 50), (200, 120)] {
                    check(&file(width, height, channels, quality));
                }
            }
        }
    }

    #[test]
    fn restarts_are_passed() {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
        encoder.set_restart_interval(3);
        let pixels = picture(200, 120, Channels::Rgb);
        encoder.encode(pixels.data(), 200, 120, jpeg_encoder::ColorType::Rgb).unwrap();
        check(&bytes);
        // One that is missing is noticed.
        let place = bytes.windows(2).position(|pair| pair == [0xff, 0xd2]).unwrap();
        bytes.drain(place..place + 2);
        assert!(samples(&bytes).is_none());
    }

    #[test]
    fn others_are_left_to_the_other_decoder() {
        let pixels = picture(64, 48, Channels::Rgb);
        let encoded = |change: fn(&mut jpeg_encoder::Encoder<&mut Vec<u8>>)| {
            let mut bytes = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
            change(&mut encoder);
            encoder.encode(pixels.data(), 64, 48, jpeg_encoder::ColorType::Rgb).unwrap();
            bytes
        };
        let whole = encoded(|encoder| {
            encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
        });
        let progressive = encoded(|encoder| encoder.set_progressive(true));
        let settings = PackSettings { short_side: Some(20), ..PackSettings::default() };
        for bytes in [whole, progressive] {
            assert!(pack(&bytes, &settings).is_none());
            let packed = crate::pack(&bytes, &settings).unwrap();
            assert_eq!((packed.width, packed.height), (26, 20));
        }
    }

    /// Against the picture decoded whole, made smaller and coded by the other way.
    #[track_caller]
    fn check_packed(size: (u32, u32), channels: Channels, short_side: u32) {
        let file = file(size.0, size.1, channels, 95);
        let settings = PackSettings { short_side: Some(short_side), ..PackSettings::default() };
        let packed = pack(&file, &settings).expect("packed here");
        let found = decode_bytes(&packed.bytes).unwrap();
        let target = target(size.0, size.1, Some(short_side)).unwrap();
        assert_eq!((found.width(), found.height()), target);
        let how = fast_image_resize::FilterType::Bilinear;
        let how = fast_image_resize::ResizeAlg::Interpolation(how);
        let whole = crate::decode::decode_jpeg_as_ycbcr(&file).unwrap().unwrap();
        let expected = crate::resize::resized(&whole, target, how);
        let expected = planes(&expected, Space::YCbCr);
        let again = planes(
            &crate::decode::decode_jpeg_as_ycbcr(&packed.bytes).unwrap().unwrap(),
            Space::YCbCr,
        );
        for (place, (found, expected)) in again.iter().zip(&expected).enumerate() {
            let pairs = found.data.iter().zip(&expected.data);
            let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = sum as f64 / found.data.len() as f64;
            assert!(mean < 2.0, "{mean} in plane {place} of {size:?} to {target:?}");
        }
    }

    #[test]
    fn what_is_packed_looks_as_by_the_other_way() {
        for channels in [Channels::Gray, Channels::Rgb] {
            for (size, short_side) in [
                ((1280, 720), 512),
                ((127, 201), 100),
                ((201, 127), 101),
                ((65, 64), 63),
                ((40, 300), 33),
                ((300, 100), 40),
            ] {
                check_packed(size, channels, short_side);
            }
        }
    }

    #[test]
    fn a_cut_file_is_never_taken() {
        let file = file(40, 30, Channels::Rgb, 90);
        assert!(samples(&file).is_some());
        for end in 0..file.len() {
            assert!(samples(&file[..end]).is_none(), "{end} of {}", file.len());
        }
    }

    proptest! {
        #[test]
        fn changed_bits_do_no_harm(
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u32..8), 1..6),
            is_gray in any::<bool>(),
        ) {
            let channels = if is_gray { Channels::Gray } else { Channels::Rgb };
            let mut file = file(50, 40, channels, 80);
            for (place, bit) in changes {
                let place = place.index(file.len());
                file[place] ^= 1 << bit;
            }
            let settings = PackSettings { short_side: Some(20), ..PackSettings::default() };
            if let Some(packed) = pack(&file, &settings) {
                prop_assert!(decode_bytes(&packed.bytes).is_ok());
            }
        }

        #[test]
        fn any_bytes_behind_the_headers_do_no_harm(
            scan in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut file = file(50, 40, Channels::Rgb, 80);
            let start = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
            file.truncate(start + 14);
            file.extend(scan);
            prop_assert!(samples(&file).is_none_or(|all| all.len() == 3));
        }
    }
}
