//! Any bytes as a JPEG, PNG or WebP, as told by their start.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roadloop_vision::decode_bytes;

/// Pictures of 100 megapixels are sound, and take the fuzzer's memory.
fn is_small(bytes: &[u8]) -> bool {
    bytes.len() < 1 << 16
}

fuzz_target!(|bytes: &[u8]| {
    if is_small(bytes) {
        drop(decode_bytes(bytes));
    }
});
