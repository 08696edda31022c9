//! Filtered rows as a zlib stream (RFC 1950, 1951) of literals and runs of
//! zeros, with a Huffman code for every [`BLOCK_BYTES`].
//!
//! No other repeats are looked for: see [`super::encode_png`].

use simd_adler32::Adler32;

use super::filter::Filter;
use super::huffman::{self, Code, SYMBOLS};

/// Filtered bytes that share a code. Sky and road want different ones; each
/// costs 164 bytes.
const BLOCK_BYTES: usize = 96 << 10;

/// Rows that share a filter, chosen by the first of them.
const STRIP_ROWS: usize = 8;

/// One in so many rows is counted for a block's code: neighbours are alike.
const SAMPLED_ROWS: usize = 4;

const END_OF_BLOCK: usize = 256;
/// The code of the longest run, 258 bytes.
const LONGEST_RUN: usize = 285;

/// Filters and compresses the rows of a picture. `data` is a whole number of
/// rows, at least one.
pub(super) fn compress_rows(data: &[u8], row_bytes: usize, bytes_per_pixel: usize) -> Vec<u8> {
    let mut bits = BitWriter::new(data.len());
    // Deflate with a window of 32 KiB, fastest.
    bits.bytes(&[0x78, 0x01]);
    let mut adler = Adler32::new();

    let block_rows = (BLOCK_BYTES / (row_bytes + 1)).max(1);
    let mut block = vec![0; block_rows * (row_bytes + 1)];
    let mut scratch = vec![0; row_bytes];
    let zeros = vec![0; row_bytes];
    let mut above = zeros.as_slice();
    let mut filter = Filter::Paeth;
    let mut blocks = data.chunks(block_rows * row_bytes).peekable();
    let mut number = 0;
    while let Some(rows) = blocks.next() {
        let mut filled = 0;
        for (row, out) in rows.chunks_exact(row_bytes).zip(block.chunks_exact_mut(row_bytes + 1)) {
            if number % STRIP_ROWS == 0 {
                filter = Filter::best(row, above, bytes_per_pixel, &mut scratch);
            }
            out[0] = filter as u8;
            filter.apply(row, above, bytes_per_pixel, &mut out[1..]);
            above = row;
            number += 1;
            filled += out.len();
        }
        let filtered = &block[..filled];
        adler.write(filtered);
        let codes = huffman::codes(&Counts::of(filtered, row_bytes + 1));
        write_block(&mut bits, filtered, &codes, blocks.peek().is_none());
    }
    bits.pad_to_byte();
    bits.bytes(&adler.finish().to_be_bytes());
    bits.into_bytes()
}

/// What a block is made of.
trait Sink {
    fn literals(&mut self, bytes: &[u8; 8]);
    fn literal(&mut self, byte: u8);
    /// Repeats the byte before, 3 to 258 times.
    fn run(&mut self, length: usize);
}

/// Cuts a block into literals and runs. Zeros are looked at eight at a time.
fn walk(data: &[u8], sink: &mut impl Sink) {
    let (words, rest) = data.as_chunks::<8>();
    let mut zeros = 0;
    for word in words {
        if u64::from_ne_bytes(*word) == 0 {
            zeros += 8;
            continue;
        }
        if zeros > 0 {
            walk_zeros(zeros, sink);
            zeros = 0;
        }
        sink.literals(word);
    }
    if zeros > 0 {
        walk_zeros(zeros, sink);
    }
    for &byte in rest {
        sink.literal(byte);
    }
}

fn walk_zeros(zeros: usize, sink: &mut impl Sink) {
    sink.literal(0);
    let mut left = zeros - 1;
    while left >= 3 {
        let length = left.min(258);
        sink.run(length);
        left -= length;
    }
    for _ in 0..left {
        sink.literal(0);
    }
}

/// How often each symbol occurs. Four tables, so that equal bytes in a row do
/// not wait for each other.
struct Counts {
    literals: [[u32; 256]; 4],
    lengths: [u32; SYMBOLS - 256],
}

impl Counts {
    /// Of a block, estimated from every [`SAMPLED_ROWS`]th of its rows. Every
    /// symbol is counted once at least: it may be in the rows between.
    fn of(block: &[u8], row_bytes: usize) -> [u32; SYMBOLS] {
        let mut counts = Counts { literals: [[0; 256]; 4], lengths: [1; SYMBOLS - 256] };
        for row in block.chunks(row_bytes).step_by(SAMPLED_ROWS) {
            walk(row, &mut counts);
        }
        let mut all = [1; SYMBOLS];
        for table in &counts.literals {
            for (sum, count) in all.iter_mut().zip(table) {
                *sum += count;
            }
        }
        all[256..].copy_from_slice(&counts.lengths);
        all
    }
}

impl Sink for Counts {
    fn literals(&mut self, bytes: &[u8; 8]) {
        for (at, &byte) in bytes.iter().enumerate() {
            self.literals[at % 4][usize::from(byte)] += 1;
        }
    }

    fn literal(&mut self, byte: u8) {
        self.literals[0][usize::from(byte)] += 1;
    }

    fn run(&mut self, length: usize) {
        self.lengths[length_symbol(length).0 - 256] += 1;
    }
}

fn write_block(bits: &mut BitWriter, data: &[u8], codes: &[Code; SYMBOLS], is_last: bool) {
    // Dynamic codes; 286 symbols, 1 distance, 19 lengths of code lengths.
    bits.put(u64::from(is_last) | 0b10 << 1, 3);
    bits.put(29, 5);
    bits.put(0, 5);
    bits.put(15, 4);
    // Code lengths are written plain, each in 4 bits: 0 to 15 get codes of
    // length 4, and the symbols 16, 17, 18, which come first, none.
    bits.put(0, 9);
    for _ in 0..16 {
        bits.put(4, 3);
    }
    let plain = |length: u16| u64::from(length.reverse_bits() >> 12);
    for code in codes {
        bits.put(plain(code.length), 4);
    }
    // The one distance there is, 1, has a code of one bit.
    bits.put(plain(1), 4);

    // No code is longer than 14 bits, so 2 bytes a symbol will hold it all.
    bits.reserve(2 * data.len() + 64);
    walk(data, &mut Coder { bits, codes });
    let end = codes[END_OF_BLOCK];
    bits.put(end.bits.into(), end.length.into());
}

struct Coder<'a> {
    bits: &'a mut BitWriter,
    codes: &'a [Code; SYMBOLS],
}

impl Sink for Coder<'_> {
    #[inline]
    fn literals(&mut self, bytes: &[u8; 8]) {
        for half in bytes.as_chunks::<4>().0 {
            let [a, b, c, d] = half.map(|byte| self.codes[usize::from(byte)]);
            let ab = u64::from(a.bits) | u64::from(b.bits) << a.length;
            let cd = u64::from(c.bits) | u64::from(d.bits) << c.length;
            let ab_length = u32::from(a.length + b.length);
            self.bits.put(ab | cd << ab_length, ab_length + u32::from(c.length + d.length));
        }
    }

    fn literal(&mut self, byte: u8) {
        let code = self.codes[usize::from(byte)];
        self.bits.put(code.bits.into(), code.length.into());
    }

    fn run(&mut self, length: usize) {
        let (symbol, extra, extra_bits) = length_symbol(length);
        let code = self.codes[symbol];
        self.bits.put(code.bits.into(), code.length.into());
        // The extra bits of the length, and the distance's code: one 0.
        self.bits.put(extra as u64, extra_bits + 1);
    }
}

/// Symbol, extra bits and their number for a length of 3 to 258 (RFC 1951, 3.2.5).
fn length_symbol(length: usize) -> (usize, usize, u32) {
    if length == 258 {
        return (LONGEST_RUN, 0, 0);
    }
    let above = length - 3;
    if above < 8 {
        return (257 + above, 0, 0);
    }
    let extra_bits = above.ilog2() - 2;
    let symbol = 257 + 4 * extra_bits as usize + (above >> extra_bits);
    (symbol, above & ((1 << extra_bits) - 1), extra_bits)
}

/// Bits, lowest first, into bytes.
struct BitWriter {
    /// Longer than what is written, so that eight bytes can be stored at a time.
    bytes: Vec<u8>,
    written: usize,
    pending: u64,
    /// Below 8 between calls.
    pending_bits: u32,
}

impl BitWriter {
    fn new(capacity: usize) -> BitWriter {
        let bytes = Vec::with_capacity(capacity);
        BitWriter { bytes, written: 0, pending: 0, pending_bits: 0 }
    }

    /// Makes room for so many bytes more.
    fn reserve(&mut self, more: usize) {
        self.bytes.resize(self.bytes.len().max(self.written + more + 8), 0);
    }

    /// At most 56 bits.
    #[inline]
    fn put(&mut self, bits: u64, count: u32) {
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

    fn pad_to_byte(&mut self) {
        self.put(0, (8 - self.pending_bits) % 8);
    }

    /// Between whole bytes only.
    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.put(byte.into(), 8);
        }
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.written);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(length: usize, expected: (usize, usize, u32)) {
        assert_eq!(length_symbol(length), expected);
    }

    #[test]
    fn lengths_follow_the_table() {
        check(3, (257, 0, 0));
        check(10, (264, 0, 0));
        check(11, (265, 0, 1));
        check(12, (265, 1, 1));
        check(18, (268, 1, 1));
        check(19, (269, 0, 2));
        check(130, (280, 15, 4));
        check(131, (281, 0, 5));
        check(257, (284, 30, 5));
        check(258, (285, 0, 0));
    }
}
