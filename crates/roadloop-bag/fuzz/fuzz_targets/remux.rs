//! H.264 and H.265 of cameras into an MP4. The first byte says which, the next eight
//! when the first frame was taken, eight more how long it is from one to the next;
//! frames begin with a delimiter. Whatever came, the file is well formed.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use roadloop_base::{Nanos, VideoCodec};
use roadloop_vision::VideoRemuxer;

/// A delimiter, and the start code before it.
const H264: &[u8] = &[0, 0, 0, 1, 9];
const H265: &[u8] = &[0, 0, 0, 1, 0x46, 1];

/// Cut before each delimiter.
fn frames<'a>(stream: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let begins = |at: &usize| stream[*at..].starts_with(delimiter);
    let mut cuts: Vec<usize> = (0..stream.len()).filter(begins).chain([stream.len()]).collect();
    cuts.insert(0, 0);
    cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect()
}

/// The boxes that lie one behind the other, by their names.
fn boxes(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut found = Vec::new();
    while let Some((start, _)) = bytes.split_first_chunk::<8>() {
        let [a, b, c, d, name @ ..] = *start;
        let (before, len) = match u32::from_be_bytes([a, b, c, d]) {
            1 => (16, u64::from_be_bytes(*bytes[8..].first_chunk().expect("a length")) as usize),
            len => (8, len as usize),
        };
        found.push((name, &bytes[before..len]));
        bytes = &bytes[len..];
    }
    assert!(bytes.is_empty(), "{} bytes in no box", bytes.len());
    found
}

/// What the one box of that name holds.
fn inside<'a>(bytes: &'a [u8], name: &[u8; 4]) -> &'a [u8] {
    let found = boxes(bytes);
    let mut named = found.iter().filter(|(found, _)| found == name);
    let (Some((_, content)), None) = (named.next(), named.next()) else {
        panic!("{} in {found:?}", name.escape_ascii())
    };
    content
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(*bytes[at..].first_chunk().expect("a number")) as usize
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    u16::from_be_bytes(*bytes[at..].first_chunk().expect("a number")).into()
}

/// The parameter sets of `avcC` or `hvcC`; all of it is used up.
fn sets<'a>(codec: VideoCodec, config: &'a [u8]) -> Vec<&'a [u8]> {
    let mut sets = Vec::new();
    let mut take = |mut at: usize| {
        let len = u16_at(config, at);
        at += 2;
        sets.push(&config[at..at + len]);
        at + len
    };
    let end = match codec {
        VideoCodec::H264 => {
            let end = take(6);
            assert_eq!((config[5], config[end]), (0xe1, 1));
            let end = take(end + 1);
            // Profiles that say more of their samples do it in four bytes.
            if end < config.len() { end + 4 } else { end }
        }
        VideoCodec::H265 => (0..config[22]).fold(23, |at, _| {
            assert_eq!(u16_at(config, at + 1), 1);
            take(at + 3)
        }),
    };
    assert_eq!(end, config.len());
    sets
}

fn check(codec: VideoCodec, file: &[u8], frames: usize) {
    let samples = inside(file, b"mdat");
    let path = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];
    let table = path.iter().fold(file, |bytes, name| inside(bytes, name));
    let sizes = inside(table, b"stsz");
    assert_eq!((u32_at(sizes, 8), sizes.len()), (frames, 12 + 4 * frames));
    // Each sample is units behind their lengths.
    let mut at = 0;
    for number in 0..frames {
        let end = at + u32_at(sizes, 12 + 4 * number);
        while at < end {
            at += 4 + u32_at(samples, at);
        }
        assert_eq!(at, end, "sample {number}");
    }
    assert_eq!(at, samples.len());
    let times = &inside(table, b"stts")[8..];
    let shown: usize = times.chunks_exact(8).map(|run| u32_at(run, 0)).sum();
    assert_eq!(shown, frames);
    let entry = &inside(table, b"stsd")[8..];
    let (name, config) = match codec {
        VideoCodec::H264 => (b"avc1", b"avcC"),
        VideoCodec::H265 => (b"hvc1", b"hvcC"),
    };
    let entry = inside(entry, name);
    let sets = sets(codec, inside(&entry[78..], config));
    if frames > 0 {
        assert_eq!(u32_at(inside(table, b"stss"), 8), 1, "the first sample is no key frame");
        assert!(u16_at(entry, 24) > 0 && u16_at(entry, 26) > 0, "it has no size");
        let wanted = if codec == VideoCodec::H264 { 2 } else { 3 };
        assert!(sets.len() == wanted && sets.iter().all(|set| !set.is_empty()), "{sets:?}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let Some((start, rest)) = rest.split_first_chunk::<8>() else { return };
    let Some((step, stream)) = rest.split_first_chunk::<8>() else { return };
    let (codec, delimiter) = match kind & 1 {
        0 => (VideoCodec::H264, H264),
        _ => (VideoCodec::H265, H265),
    };
    let (mut taken_at, step) = (i64::from_le_bytes(*start), i64::from_le_bytes(*step));
    let mut remuxer = VideoRemuxer::new(Cursor::new(Vec::new()), codec).expect("a file in memory");
    let mut shown = 0;
    for frame in frames(stream, delimiter) {
        shown += usize::from(matches!(remuxer.add(frame, Nanos(taken_at)), Ok(true)));
        taken_at = taken_at.wrapping_add(step);
    }
    assert_eq!(remuxer.frames(), shown);
    let file = remuxer.finish().expect("a file in memory").into_inner();
    check(codec, &file, shown);
});
