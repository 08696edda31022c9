//! What deflate makes of a filtered row: literals and runs of zeros, no other
//! repeats (see [`super::encode_png`]).

use super::huffman::SYMBOLS;

pub(super) const END_OF_BLOCK: usize = 256;
/// The symbol of the longest run, 258 bytes.
const LONGEST_RUN: usize = 285;

pub(super) trait Sink {
    fn literals(&mut self, words: &[[u8; 8]]);
    fn literal(&mut self, byte: u8);
    /// Repeats the byte before, 3 to 258 times.
    fn run(&mut self, length: usize);
}

/// Cuts a row into literals and runs. Zeros are looked at eight at a time.
pub(super) fn walk(row: &[u8], sink: &mut impl Sink) {
    let is_zero = |word: &[u8; 8]| u64::from_ne_bytes(*word) == 0;
    let (mut words, rest) = row.as_chunks::<8>();
    while !words.is_empty() {
        let literals = words.iter().position(is_zero).unwrap_or(words.len());
        let zeros = words[literals..].iter().take_while(|word| is_zero(word)).count();
        sink.literals(&words[..literals]);
        if zeros > 0 {
            walk_zeros(8 * zeros, sink);
        }
        words = &words[literals + zeros..];
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

/// Symbol, extra bits and their number for a length of 3 to 258 (RFC 1951, 3.2.5).
pub(super) fn length_symbol(length: usize) -> (usize, usize, u32) {
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

/// How often each symbol occurs in some rows of a block. Four tables, so that
/// equal bytes in a row do not wait for each other.
pub(super) struct Counts {
    literals: [[u32; 256]; 4],
    lengths: [u32; SYMBOLS - 256],
}

impl Counts {
    pub(super) fn new() -> Counts {
        Counts { literals: [[0; 256]; 4], lengths: [0; SYMBOLS - 256] }
    }

    /// For all rows of the block: every symbol occurs at least once, it may be
    /// in a row that was not counted.
    pub(super) fn estimate(&self) -> [u32; SYMBOLS] {
        let mut all = [1; SYMBOLS];
        for table in &self.literals {
            for (sum, count) in all.iter_mut().zip(table) {
                *sum += count;
            }
        }
        for (sum, count) in all[256..].iter_mut().zip(&self.lengths) {
            *sum += count;
        }
        all
    }
}

impl Sink for Counts {
    fn literals(&mut self, words: &[[u8; 8]]) {
        for word in words {
            for (at, &byte) in word.iter().enumerate() {
                self.literals[at % 4][usize::from(byte)] += 1;
            }
        }
    }

    fn literal(&mut self, byte: u8) {
        self.literals[0][usize::from(byte)] += 1;
    }

    fn run(&mut self, length: usize) {
        self.lengths[length_symbol(length).0 - 256] += 1;
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
