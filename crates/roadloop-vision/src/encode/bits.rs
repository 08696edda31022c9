//! Symbols as bits: the inner loop of writing a PNG.

use super::huffman::{Code, SYMBOLS};
use super::symbols::{Sink, length_symbol};

/// Bits, lowest first, into bytes.
pub(super) struct BitWriter {
    /// Longer than what is written, so that eight bytes can be stored at a time.
    bytes: Vec<u8>,
    written: usize,
    pending: u64,
    /// Below 8 between calls.
    pending_bits: u32,
}

impl BitWriter {
    /// Writes on at the end of `bytes`.
    pub(super) fn after(bytes: Vec<u8>) -> BitWriter {
        BitWriter { written: bytes.len(), bytes, pending: 0, pending_bits: 0 }
    }

    /// Makes room for so many bytes more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.bytes.resize(self.bytes.len().max(self.written + more + 8), 0);
    }

    /// At most 56 bits.
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        self.pending |= bits << self.pending_bits;
        self.pending_bits += count;
        if self.bytes.len() < self.written + 8 {
            self.reserve(1 << 12);
        }
        self.bytes[self.written..self.written + 8].copy_from_slice(&self.pending.to_le_bytes());
        self.written += (self.pending_bits / 8) as usize;
        self.pending >>= self.pending_bits & !7;
        self.pending_bits &= 7;
    }

    pub(super) fn code(&mut self, code: Code) {
        self.put(code.bits.into(), code.length.into());
    }

    pub(super) fn pad_to_byte(&mut self) {
        self.put(0, (8 - self.pending_bits) % 8);
    }

    /// Between whole bytes only.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.put(byte.into(), 8);
        }
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.written);
        self.bytes
    }
}

/// The codes of a block, and those of each two literals in a row together:
/// half as many to look up.
pub(super) struct Codes {
    pub(super) single: [Code; SYMBOLS],
    /// At `first << 8 | second`: both codes, and in the lowest
    /// [`PAIR_LENGTH_BITS`] how long they are together.
    pairs: Box<[u32; 1 << 16]>,
}

const PAIR_LENGTH_BITS: u32 = 6;
const PAIR_LENGTH: u32 = (1 << PAIR_LENGTH_BITS) - 1;

impl Codes {
    pub(super) fn new() -> Codes {
        let pairs = vec![0; 1 << 16].try_into().expect("as many as said");
        Codes { single: [Code::default(); SYMBOLS], pairs }
    }

    pub(super) fn set(&mut self, codes: [Code; SYMBOLS]) {
        let second = |code: Code| (u32::from(code.bits) << PAIR_LENGTH_BITS, code.length.into());
        let seconds: [(u32, u32); 256] = std::array::from_fn(|byte| second(codes[byte]));
        for (first, pairs) in codes.iter().zip(self.pairs.as_chunks_mut::<256>().0) {
            let low = u32::from(first.bits) << PAIR_LENGTH_BITS | u32::from(first.length);
            for (pair, (bits, length)) in pairs.iter_mut().zip(&seconds) {
                *pair = (low | bits << first.length) + length;
            }
        }
        self.single = codes;
    }
}

/// Writes a row. No code is longer than 13 bits, so room for 2 bytes a symbol
/// is to be reserved before.
pub(super) struct Coder<'a> {
    pub(super) bits: &'a mut BitWriter,
    pub(super) codes: &'a Codes,
}

impl Sink for Coder<'_> {
    fn literals(&mut self, words: &[[u8; 8]]) {
        // In locals, where the compiler sees that no store changes them.
        let BitWriter { mut written, mut pending, mut pending_bits, .. } = *self.bits;
        let out = self.bits.bytes.as_mut_slice();
        let pairs = &self.codes.pairs;
        for word in words {
            let word = u64::from_be_bytes(*word);
            for half in [word >> 32, word & 0xffff_ffff] {
                let (a, b) = (pairs[(half >> 16) as usize], pairs[(half & 0xffff) as usize]);
                let a_length = a & PAIR_LENGTH;
                let b_bits = u64::from(b >> PAIR_LENGTH_BITS) << a_length;
                pending |= (u64::from(a >> PAIR_LENGTH_BITS) | b_bits) << pending_bits;
                pending_bits += a_length + (b & PAIR_LENGTH);
                out[written..written + 8].copy_from_slice(&pending.to_le_bytes());
                written += (pending_bits / 8) as usize;
                pending >>= pending_bits & 0x38;
                pending_bits &= 7;
            }
        }
        (self.bits.written, self.bits.pending) = (written, pending);
        self.bits.pending_bits = pending_bits;
    }

    fn literal(&mut self, byte: u8) {
        self.bits.code(self.codes.single[usize::from(byte)]);
    }

    fn run(&mut self, length: usize) {
        let (symbol, extra, extra_bits) = length_symbol(length);
        self.bits.code(self.codes.single[symbol]);
        // The extra bits of the length, and the distance's code: one 0.
        self.bits.put(extra as u64, extra_bits + 1);
    }
}
