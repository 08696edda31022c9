//! Filtered rows as a zlib stream (RFC 1950, 1951), with a Huffman code for
//! every [`BLOCK_BYTES`].

use simd_adler32::Adler32;

use super::bits::{BitWriter, Coder, Codes};
use super::filter::{Filter, apply};
use super::huffman::{self, Code, SYMBOLS};
use super::symbols::{Counts, END_OF_BLOCK, walk};

/// Rows that share a filter, chosen by the first of them. That one is also
/// counted for the code of its block: neighbours are alike.
const STRIP_ROWS: usize = 8;

/// Filtered bytes that share a code, about. Shorter blocks make files hardly
/// smaller, and the codes of pairs have to be made anew for each.
const BLOCK_BYTES: usize = 512 << 10;

/// Filters and compresses the rows of a picture, and appends them to `file`.
/// `data` is a whole number of rows, at least one.
pub(super) fn append_rows(
    file: Vec<u8>,
    data: &[u8],
    row_bytes: usize,
    bytes_per_pixel: usize,
) -> Vec<u8> {
    let mut bits = BitWriter::after(file);
    // Deflate with a window of 32 KiB, fastest.
    bits.bytes(&[0x78, 0x01]);
    let mut adler = Adler32::new();

    let rows = data.len() / row_bytes;
    let zeros = vec![0; row_bytes];
    let row = |y: usize| &data[y * row_bytes..][..row_bytes];
    let above = |y: usize| if y == 0 { zeros.as_slice() } else { row(y - 1) };
    // A filtered row with the number of its filter in front.
    let mut line = vec![0; 1 + row_bytes];
    let mut filters = Vec::new();
    let mut codes = Codes::new();
    let block_rows = (BLOCK_BYTES / line.len()).next_multiple_of(STRIP_ROWS).max(STRIP_ROWS);
    for start in (0..rows).step_by(block_rows) {
        let end = rows.min(start + block_rows);
        let mut counts = Counts::new();
        filters.clear();
        for y in (start..end).step_by(STRIP_ROWS) {
            let filter = Filter::best(row(y), above(y), bytes_per_pixel, &mut line[1..]);
            apply(filter, row(y), above(y), bytes_per_pixel, &mut line[1..]);
            walk(&line[1..], &mut counts);
            filters.push(filter);
        }
        codes.set(huffman::codes(&counts.estimate()));
        write_codes(&mut bits, &codes.single, end == rows);
        for y in start..end {
            let filter = filters[(y - start) / STRIP_ROWS];
            line[0] = filter as u8;
            apply(filter, row(y), above(y), bytes_per_pixel, &mut line[1..]);
            adler.write(&line);
            bits.reserve(2 * line.len());
            walk(&line, &mut Coder { bits: &mut bits, codes: &codes });
        }
        bits.code(codes.single[END_OF_BLOCK]);
    }
    bits.pad_to_byte();
    bits.bytes(&adler.finish().to_be_bytes());
    bits.into_bytes()
}

/// The head of a block: how long the code of each symbol is.
fn write_codes(bits: &mut BitWriter, codes: &[Code; SYMBOLS], is_last: bool) {
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
}
