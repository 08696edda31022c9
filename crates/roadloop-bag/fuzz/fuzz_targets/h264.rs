//! H.264 of a camera, decoded and looked at. Frames begin with a delimiter; the first
//! byte says after which of the first eight one is missing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roadloop_base::EncodedImage;
use roadloop_vision::{VideoDecoder, decode_whole};

/// A delimiter, and the start code before it.
const DELIMITER: &[u8] = &[0, 0, 0, 1, 9];

fuzz_target!(|bytes: &[u8]| {
    let Some((&missing, stream)) = bytes.split_first() else { return };
    let begins = |at: &usize| stream[*at..].starts_with(DELIMITER);
    let mut cuts: Vec<usize> = (0..stream.len()).filter(begins).chain([stream.len()]).collect();
    cuts.insert(0, 0);
    let mut decoder = VideoDecoder::new().expect("a decoder");
    for (number, cut) in cuts.windows(2).enumerate() {
        let frame = &stream[cut[0]..cut[1]];
        let _ = VideoDecoder::is_key(frame);
        if let Ok(Some(picture)) = decoder.decode(frame) {
            decode_whole(&EncodedImage::Raw(picture)).expect("rows as they should be");
        }
        if number < 8 && missing >> number & 1 == 1 {
            decoder.interrupt();
        }
    }
});
