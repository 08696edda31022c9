//! Huffman codes of a JPEG's scan, read with a table of what the next bits say.

use super::scan::Table;

/// Bits that are looked up at once. Most codes are shorter, many with the number behind them.
const LOOKED_UP: u32 = 10;

/// What the next bits say: a number's size and the zeros before it, and the number itself
/// where it is among them.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// 0: its bits are still to be read, or there are none.
    number: i16,
    symbol: u8,
    /// Bits it takes. 0: its code is longer than what is looked up, or there is none.
    length: u8,
}

pub(super) struct Codes {
    entries: Box<[Entry; 1 << LOOKED_UP]>,
    /// Of each length, where codes that are longer begin, as the upper bits of sixteen; and
    /// what to add to a code for its place in `symbols`.
    longer: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// `None` where there are more codes than bits can tell apart (ITU T.81, annex C).
    pub(super) fn new(table: &Table) -> Option<Codes> {
        let mut entries = Box::new([Entry::default(); 1 << LOOKED_UP]);
        let mut longer = [(0, 0); 17];
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(&table.counts) {
            let offset = place as i32 - code as i32;
            for _ in 0..count {
                let symbol = *table.values.get(place)?;
                if length <= LOOKED_UP {
                    let free = LOOKED_UP - length;
                    let from = (code << free) as usize;
                    for (behind, entry) in
                        entries.get_mut(from..from + (1 << free))?.iter_mut().enumerate()
                    {
                        *entry = Entry::new(symbol, length, behind as u32, free);
                    }
                }
                (code, place) = (code + 1, place + 1);
            }
            if code > 1 << length {
                return None;
            }
            longer[length as usize] = (code << (16 - length), offset);
            code <<= 1;
        }
        Some(Codes { entries, longer, symbols: table.values.clone() })
    }

    /// Zeros before a number, and the number; what stands alone has none of either. The
    /// number is 0 where there is only a symbol.
    #[inline(always)]
    pub(super) fn read(&self, bits: &mut Bits<'_>) -> Option<(u8, i32)> {
        bits.fill();
        let entry = self.entries[(bits.pending >> (64 - LOOKED_UP)) as usize];
        if entry.number != 0 {
            bits.skip(entry.length.into());
            return Some((entry.symbol, entry.number.into()));
        }
        let symbol = if entry.length != 0 {
            bits.skip(entry.length.into());
            entry.symbol
        } else {
            let (symbol, length) = self.longer((bits.pending >> 48) as u32)?;
            bits.skip(length);
            symbol
        };
        Some((symbol, bits.number(u32::from(symbol & 15))))
    }

    /// The symbol whose code begins sixteen bits, and how long that is.
    #[inline(never)]
    fn longer(&self, next: u32) -> Option<(u8, u32)> {
        let from = LOOKED_UP as usize + 1;
        for (length, (end, offset)) in (from as u32..).zip(&self.longer[from..]) {
            if next < *end {
                let place = (next >> (16 - length)) as i32 + offset;
                return Some((*self.symbols.get(usize::try_from(place).ok()?)?, length));
            }
        }
        None
    }
}

impl Entry {
    /// Of a code of so many bits, by the bits behind it, of which `free` are looked up.
    fn new(symbol: u8, length: u32, behind: u32, free: u32) -> Entry {
        let size = u32::from(symbol & 15);
        if size == 0 || size > free {
            return Entry { number: 0, symbol, length: length as u8 };
        }
        let number = signed(behind >> (free - size), size) as i16;
        Entry { number, symbol, length: (length + size) as u8 }
    }
}

/// A number of so many bits: those of a negative one are its own less one (ITU T.81, F.2.2.1).
#[inline(always)]
fn signed(bits: u32, size: u32) -> i32 {
    let is_negative = bits >> (size - 1) == 0;
    bits as i32 - if is_negative { (1 << size) - 1 } else { 0 }
}

/// The bits of a scan, up to its next marker; zeros behind that.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, at its top.
    pending: u64,
    count: u32,
    /// Of those put in since the last marker, how many were not there.
    missing: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Bits<'a> {
        Bits { rest, pending: 0, count: 0, missing: 0 }
    }

    /// At least 32 bits: a code has 16, a number 15.
    #[inline(always)]
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some((&word, rest)) = self.rest.split_first_chunk::<4>() {
            let word = u32::from_be_bytes(word);
            // Whether any byte is 0xff: only such a one has its top bit here and none when
            // one is added to each.
            if word & 0x8080_8080 & !word.wrapping_add(0x0101_0101) == 0 {
                self.pending |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.rest = rest;
                return;
            }
        }
        *self = self.filled_by_bytes();
    }

    #[inline(never)]
    fn filled_by_bytes(mut self) -> Bits<'a> {
        while self.count <= 56 {
            let byte;
            (byte, self.rest) = match self.rest {
                // A byte of ones has a zero after it that tells it from a marker.
                [0xff, 0, rest @ ..] => (0xff, rest),
                [0xff, ..] | [] => {
                    self.missing = self.missing.saturating_add(8);
                    (0, self.rest)
                }
                [byte, rest @ ..] => (*byte, rest),
            };
            self.pending |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.pending <<= count;
        self.count -= count;
    }

    #[inline(always)]
    fn number(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let number = signed((self.pending >> (64 - size)) as u32, size);
        self.skip(size);
        number
    }

    /// Whether no more was read than there is.
    pub(super) fn is_real(&self) -> bool {
        self.missing <= self.count
    }

    /// Goes on behind the marker that must come next, all bits before it read.
    pub(super) fn pass(&mut self, marker: u8) -> Option<()> {
        let is_all_read = self.is_real() && self.count - self.missing < 8;
        match self.rest {
            [0xff, found, rest @ ..] if is_all_read && *found == marker => {
                *self = Bits::new(rest);
                Some(())
            }
            _ => None,
        }
    }
}
