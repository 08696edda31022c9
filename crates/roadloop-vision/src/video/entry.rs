//! What a player has to know before the first sample: size, and the decoder's
//! parameters. ISO/IEC 14496-15: `avc1` and `avcC` (5.3.3, 5.4.2), `hvc1` and
//! `hvcC` (8.3.3, 8.4.1).

use roadloop_base::VideoCodec;

use super::mp4::{Track, boxed};
use super::sps::without_emulation;

/// The sample entry of a track with these parameter sets, by their types.
pub(super) fn entry(track: Track, sets: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let Track { codec, width, height, has_color, .. } = track;
    let set = |kind: u8| {
        let found = sets.iter().find(|(known, _)| *known == kind);
        found.map_or(&[][..], |(_, set)| set)
    };
    let (name, config) = match codec {
        VideoCodec::H264 => (b"avc1", avc(track, set(7), set(8))),
        VideoCodec::H265 => (b"hvc1", hevc(track, sets, set(33))),
    };
    // BT.709, limited range.
    let color = match has_color {
        true => boxed(b"colr", &[b"nclx", &[0, 1, 0, 1, 0, 1, 0]]),
        false => Vec::new(),
    };
    boxed(
        name,
        &[
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0; 16],
            &(width as u16).to_be_bytes(),
            &(height as u16).to_be_bytes(),
            // 72 dots an inch, one frame a sample, no name.
            &[0, 0x48, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0; 32],
            &[0, 24, 0xff, 0xff],
            &config,
            &color,
        ],
    )
}

fn avc(track: Track, sps: &[u8], pps: &[u8]) -> Vec<u8> {
    // Profile, compatibility and level are the sequence parameters' first.
    let profile = sps.get(1..4).unwrap_or(&[66, 0, 30]);
    // Sets of these profiles say more of their samples.
    let samples = match track.sps {
        Some(sps) if [100, 110, 122, 144].contains(&profile[0]) => {
            let depth = |bits: u8| 0xf8 | (bits - 8);
            vec![0xfc | sps.chroma, depth(sps.luma_bits), depth(sps.chroma_bits), 0]
        }
        _ => Vec::new(),
    };
    boxed(
        b"avcC",
        &[
            &[1],
            profile,
            // Lengths take four bytes; one set of each kind.
            &[0xff, 0xe1],
            &(sps.len() as u16).to_be_bytes(),
            sps,
            &[1],
            &(pps.len() as u16).to_be_bytes(),
            pps,
            &samples,
        ],
    )
}

fn hevc(track: Track, sets: &[(u8, Vec<u8>)], sps: &[u8]) -> Vec<u8> {
    let plain = without_emulation(sps);
    // Behind two bytes of every unit: the number of layers and whether they
    // nest, then profile, compatibility, constraints and level in 12 bytes.
    let layers = plain.get(2).copied().unwrap_or(1);
    let profile = plain.get(3..15).unwrap_or(&[0; 12]);
    let (chroma, luma_bits, chroma_bits) =
        track.sps.map_or((1, 8, 8), |sps| (sps.chroma, sps.luma_bits, sps.chroma_bits));
    let mut config = vec![1];
    config.extend(profile);
    // No smallest parts of pictures, no kind of parallel decoding; reserved bits
    // are ones; no mean frame rate.
    config.extend([0xf0, 0, 0xfc, 0xfc | chroma]);
    config.extend([0xf8 | (luma_bits - 8), 0xf8 | (chroma_bits - 8), 0, 0]);
    // Lengths take four bytes.
    config.push(((layers >> 1 & 7) + 1) << 3 | (layers & 1) << 2 | 3);
    config.push(sets.len() as u8);
    for (kind, set) in sets {
        // All there are of this kind: one.
        config.extend([0x80 | kind, 0, 1]);
        config.extend((set.len() as u16).to_be_bytes());
        config.extend(set);
    }
    boxed(b"hvcC", &[&config])
}
