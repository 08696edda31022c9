//! Huffman codes for deflate (RFC 1951, section 3.2.2).

/// The literals, the end of a block, the lengths of runs.
pub(super) const SYMBOLS: usize = 286;

/// The longest code made here. Deflate allows 15; with 13, two codes and their
/// length fit 32 bits, and four and the seven bits that may be pending fit 64.
pub(super) const MAX_LENGTH: u8 = 13;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// First bit lowest, as deflate packs them.
    pub(super) bits: u16,
    /// 0 for a symbol that does not occur.
    pub(super) length: u16,
}

/// The code for symbols that occur this often. At least two must occur.
pub(super) fn codes(counts: &[u32; SYMBOLS]) -> [Code; SYMBOLS] {
    canonical(&lengths(counts))
}

/// Code lengths, none above [`MAX_LENGTH`]. Rare symbols are counted as if
/// they were less rare until the code is short enough, which costs next to nothing.
fn lengths(counts: &[u32; SYMBOLS]) -> [u8; SYMBOLS] {
    let total: u32 = counts.iter().sum();
    let mut least = (total >> 12).max(1);
    loop {
        let mut used: Vec<(u32, u16)> = Vec::with_capacity(SYMBOLS);
        for (symbol, &count) in counts.iter().enumerate() {
            if count > 0 {
                used.push((count.max(least), symbol as u16));
            }
        }
        used.sort_unstable();
        let lengths = unlimited_lengths(&used);
        if lengths.iter().all(|&length| length <= MAX_LENGTH) {
            return lengths;
        }
        least *= 2;
    }
}

/// Huffman's algorithm with two queues: the symbols, sorted by count, and the
/// inner nodes, which come into being sorted.
fn unlimited_lengths(used: &[(u32, u16)]) -> [u8; SYMBOLS] {
    let leaves = used.len();
    // Leaves first, then inner nodes; the root is the last.
    let nodes = 2 * leaves - 1;
    let mut weight = vec![0u64; nodes];
    let mut parent = vec![0usize; nodes];
    for (node, &(count, _)) in used.iter().enumerate() {
        weight[node] = count.into();
    }
    let (mut leaf, mut inner) = (0, leaves);
    for node in leaves..nodes {
        for _ in 0..2 {
            let take_leaf = leaf < leaves && (inner >= node || weight[leaf] <= weight[inner]);
            let child = if take_leaf { &mut leaf } else { &mut inner };
            weight[node] += weight[*child];
            parent[*child] = node;
            *child += 1;
        }
    }

    let mut depth = vec![0u8; nodes];
    let mut lengths = [0; SYMBOLS];
    for node in (0..nodes - 1).rev() {
        depth[node] = depth[parent[node]].saturating_add(1);
        if let Some(&(_, symbol)) = used.get(node) {
            lengths[usize::from(symbol)] = depth[node];
        }
    }
    lengths
}

/// Codes of the same length follow each other in the order of their symbols.
fn canonical(lengths: &[u8; SYMBOLS]) -> [Code; SYMBOLS] {
    let mut codes = [Code::default(); SYMBOLS];
    let mut next = 0u16;
    for length in 1..=MAX_LENGTH {
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, found)| **found == length) {
            let bits = next.reverse_bits() >> (16 - length);
            *code = Code { bits, length: length.into() };
            next += 1;
        }
        next <<= 1;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frequent_symbols_get_short_codes() {
        let mut counts = [0; SYMBOLS];
        (counts[5], counts[7], counts[9]) = (8, 1, 2);
        let codes = codes(&counts);
        assert_eq!(codes[5], Code { bits: 0b0, length: 1 });
        assert_eq!(codes[7], Code { bits: 0b01, length: 2 });
        assert_eq!(codes[9], Code { bits: 0b11, length: 2 });
    }

    proptest! {
        #[test]
        fn codes_are_complete_and_short(
            mut counts in proptest::collection::vec(
                prop_oneof![Just(0u32), 1u32..4, 1u32..100_000], SYMBOLS),
            steep in any::<bool>(),
        ) {
            if steep {
                // Fibonacci counts make the deepest tree there is.
                let (mut a, mut b) = (1, 1);
                for count in counts.iter_mut().take(30) {
                    *count = a;
                    (a, b) = (b, a + b);
                }
            }
            (counts[0], counts[256]) = (counts[0].max(1), 1);
            let codes = codes(counts.as_slice().try_into().unwrap());
            let mut filled = 0;
            for (code, &count) in codes.iter().zip(&counts) {
                prop_assert_eq!(code.length > 0, count > 0);
                prop_assert!(code.length <= u16::from(MAX_LENGTH));
                if code.length > 0 {
                    filled += 1u32 << (u16::from(MAX_LENGTH) - code.length);
                }
            }
            prop_assert_eq!(filled, 1u32 << MAX_LENGTH);
        }
    }
}
