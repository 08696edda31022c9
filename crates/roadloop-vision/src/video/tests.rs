use std::io::Cursor;

use openh264::decoder::Decoder;
use openh264::formats::YUVSource;

use super::*;
use crate::Channels;

const MS: i64 = 1_000_000;

/// A shape that moves over a pattern.
pub(super) fn picture(width: u32, height: u32, number: u32) -> Pixels {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let is_shape = (number * 3..number * 3 + 20).contains(&x) && (10..30).contains(&y);
            data.extend(match is_shape {
                true => [220, 40, 30],
                false => [(x * 2) as u8, (y * 2) as u8, 90],
            });
        }
    }
    Pixels::new(width, height, Channels::Rgb, data).unwrap()
}

/// The content of a box, by the names of those it lies in.
fn found<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> &'a [u8] {
    let mut at = 0;
    while at < bytes.len() {
        let short = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let (start, len) = match short {
            1 => (16, u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap()) as usize),
            short => (8, short),
        };
        if bytes[at + 4..at + 8] == *path[0] {
            let content = &bytes[at + start..at + len];
            return if path.len() == 1 { content } else { found(content, &path[1..]) };
        }
        at += len;
    }
    panic!("no box {:?}", path[0].escape_ascii().to_string());
}

const TABLE: [&[u8; 4]; 4] = [b"moov", b"trak", b"mdia", b"minf"];

pub(super) fn table<'a>(file: &'a [u8], name: &'static [u8; 4]) -> &'a [u8] {
    found(file, &[&TABLE[..], &[b"stbl", name]].concat())
}

pub(super) fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect()
}

/// Frames as an encoder sends them, a key frame every 30.
pub(super) fn stream(width: u32, height: u32, frames: u32) -> Vec<Vec<u8>> {
    let config = EncoderConfig::new()
        .rate_control_mode(RateControlMode::Off)
        .intra_frame_period(IntraFramePeriod::from_num_frames(30))
        .num_threads(1);
    let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config).unwrap();
    let mut yuv = Yuv::new(width, height);
    let frame = |number| {
        yuv.fill(&picture(width, height, number));
        encoder.encode(&yuv).unwrap().to_vec()
    };
    (0..frames).map(frame).collect()
}

fn video(width: u32, height: u32, times: &[i64]) -> Vec<u8> {
    let mut writer = VideoWriter::new(Cursor::new(Vec::new()), width, height).unwrap();
    for (number, time) in (0..).zip(times) {
        writer.add(&picture(width, height, number), Nanos(*time)).unwrap();
    }
    assert_eq!(writer.frames(), times.len());
    writer.finish().unwrap().into_inner()
}

#[test]
fn frames_are_shown_when_they_were_taken() {
    let times: Vec<i64> = [0, 100, 200, 350, 350, 320, 500].map(|ms| ms * MS + 7).to_vec();
    let file = video(64, 48, &times);
    // 90 ticks a millisecond; what is not later comes a tick later.
    let shown = numbers(&table(&file, b"stts")[4..]);
    assert_eq!(shown, [5, 2, 9000, 1, 13500, 2, 1, 1, 13498, 1, 9000]);
    assert_eq!(numbers(&table(&file, b"stss")[4..]), [1, 1]);
    let sizes = numbers(&table(&file, b"stsz")[8..]);
    assert_eq!(sizes[0], 7);
    let data = found(&file, &[b"mdat"]).len();
    assert_eq!(sizes[1..].iter().sum::<u32>() as usize, data);
}

/// Puts the stream together as a player does, and looks at the pictures.
#[test]
fn what_is_shown_is_what_was_taken() {
    let times: Vec<i64> = (0..40).map(|number| number * 33 * MS).collect();
    for (width, height) in [(96, 64), (95, 63)] {
        let file = video(width, height, &times);
        let avc1 = &table(&file, b"stsd")[8..];
        let config = found(&avc1[8 + 78..], &[b"avcC"]);
        let set = |at: usize| {
            let len = usize::from(u16::from_be_bytes([config[at], config[at + 1]]));
            &config[at + 2..at + 2 + len]
        };
        let sps = set(6);
        let pps = set(6 + 2 + sps.len() + 1);
        let mut decoder = Decoder::new().unwrap();
        let start = [0, 0, 0, 1];
        let parameters = [&start[..], sps, &start, pps].concat();
        assert!(decoder.decode(&parameters).unwrap().is_none());
        let mut data = found(&file, &[b"mdat"]);
        let sizes = numbers(&table(&file, b"stsz")[12..]);
        assert_eq!(sizes.len(), 40);
        for (number, size) in (0..).zip(sizes) {
            let (sample, rest) = data.split_at(size as usize);
            data = rest;
            let mut stream = Vec::new();
            let mut units = sample;
            while let Some((len, rest)) = units.split_first_chunk::<4>() {
                let (unit, rest) = rest.split_at(u32::from_be_bytes(*len) as usize);
                stream.extend([&start[..], unit].concat());
                units = rest;
            }
            let decoded = decoder.decode(&stream).unwrap().expect("a picture");
            let mut expected = Yuv::new(width, height);
            expected.fill(&picture(width, height, number));
            assert_eq!(decoded.dimensions(), expected.dimensions());
            let quality = psnr(&decoded, &expected);
            assert!(quality > 35.0, "picture {number}: {quality} dB");
        }
        assert_eq!(numbers(&table(&file, b"stss")[4..]), [2, 1, 31]);
    }
}

fn psnr(one: &impl YUVSource, other: &Yuv) -> f64 {
    let (width, height) = other.dimensions();
    let mut squares = 0.0;
    for y in 0..height {
        let row = |of: &[u8], stride: usize| of[y * stride..][..width].to_vec();
        let (a, b) = (row(one.y(), one.strides().0), row(other.y(), width));
        squares += a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(b)).powi(2)).sum::<f64>();
    }
    let mean = squares / (width * height) as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}

#[test]
fn other_sizes_are_refused() {
    let mut writer = VideoWriter::new(Cursor::new(Vec::new()), 64, 48).unwrap();
    writer.add(&picture(64, 48, 0), Nanos(0)).unwrap();
    let error = writer.add(&picture(32, 48, 0), Nanos(1)).unwrap_err();
    assert_eq!(error.to_string(), "the picture is 32x48 in a video of 64x48");
    let error = VideoWriter::new(Cursor::new(Vec::new()), 5000, 48).unwrap_err();
    assert_eq!(error.to_string(), "a video is at most 3840x2160, the picture is 5000x48");
}

#[test]
fn a_video_of_one_picture_and_of_none() {
    let one = video(64, 48, &[5]);
    assert_eq!(numbers(&table(&one, b"stts")[4..]), [1, 1, 3000]);
    let none = VideoWriter::new(Cursor::new(Vec::new()), 64, 48).unwrap().finish().unwrap();
    assert_eq!(numbers(&table(&none.into_inner(), b"stsz")[8..]), [0]);
}

#[test]
fn the_size_of_a_stream() {
    let size = |codec, data: &[u8]| {
        video_size(&VideoPicture { codec, data: data.to_vec().into(), decoded: None })
    };
    let avc = include_bytes!("../../testdata/video/testsrc.h264");
    let hevc = include_bytes!("../../testdata/video/testsrc.h265");
    assert_eq!(size(VideoCodec::H264, avc), Some((64, 48)));
    assert_eq!(size(VideoCodec::H265, hevc), Some((96, 64)));
    assert_eq!(size(VideoCodec::H264, &avc[avc.len() / 2..]), Some((64, 48)));
    for data in [&[][..], &[0, 0, 1], &[0, 0, 1, 0x67], &[0, 0, 0, 1, 0x65, 1, 2, 3]] {
        assert_eq!(size(VideoCodec::H264, data), None);
    }
}
