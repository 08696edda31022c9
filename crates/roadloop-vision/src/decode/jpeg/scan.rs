//! Whether a scan is all there, told by walking its Huffman codes without
//! making pixels of them. For pictures without an end marker: the decoder reads
//! on behind the end, in whatever it finds, and says nothing.
//!
//! Only sequential pictures with all components in one scan (ITU T.81, annexes
//! B and F.2). Of others nobody can tell whether a scan is missing.

use super::{ranges, segments};

/// Whether every block of the picture is coded in `bytes`.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    Scan::find(bytes).and_then(|scan| scan.walk()).is_some()
}

struct Scan<'a> {
    data: &'a [u8],
    /// Units of blocks that lie on each other, one of each component at least.
    units: usize,
    /// Units between two restart markers.
    interval: Option<usize>,
    components: Vec<Component>,
}

struct Component {
    blocks_per_unit: usize,
    dc: Table,
    ac: Table,
}

/// A Huffman code: how many codes there are of each length, from one bit to
/// sixteen, and what they stand for, in their order.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) counts: [u8; 16],
    pub(super) values: Vec<u8>,
}

impl Scan<'_> {
    fn find(bytes: &[u8]) -> Option<Scan<'_>> {
        let mut tables: [[Option<Table>; 4]; 2] = Default::default();
        let (mut frame, mut interval) = (None, None);
        for ((marker, content), (_, place)) in segments(bytes).zip(ranges(bytes)) {
            match marker {
                0xc0 | 0xc1 => frame = Some(content),
                0xc2 | 0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf => return None,
                0xc4 => read_tables(content, &mut tables)?,
                0xdd => interval = Some(u16::from_be_bytes(*content.first_chunk()?).into()),
                0xda => {
                    let data = bytes.get(place.end..)?;
                    let (units, components) = read_headers(frame?, content, &tables)?;
                    let interval = interval.filter(|&interval| interval > 0);
                    return Some(Scan { data, units, interval, components });
                }
                _ => {}
            }
        }
        None
    }

    /// `None` when a block is missing or makes no sense.
    fn walk(&self) -> Option<()> {
        let mut bits = Bits { rest: self.data, byte: 0, left: 0 };
        for unit in 0..self.units {
            if let Some(interval) = self.interval
                && unit > 0
                && unit % interval == 0
            {
                bits.restart((unit / interval - 1) % 8)?;
            }
            for component in &self.components {
                for _ in 0..component.blocks_per_unit {
                    component.walk_block(&mut bits)?;
                }
            }
        }
        Some(())
    }
}

impl Component {
    fn walk_block(&self, bits: &mut Bits<'_>) -> Option<()> {
        let size = self.dc.read(bits)?;
        bits.skip(size)?;
        let mut coefficient = 1;
        while coefficient < 64 {
            let symbol = self.ac.read(bits)?;
            match (symbol >> 4, symbol & 15) {
                (15, 0) => coefficient += 16,
                (_, 0) => break,
                (zeros, size) => {
                    coefficient += usize::from(zeros) + 1;
                    bits.skip(size)?;
                }
            }
        }
        (coefficient <= 64).then_some(())
    }
}

impl Table {
    fn read(&self, bits: &mut Bits<'_>) -> Option<u8> {
        // Codes of a length are consecutive numbers; the first follows, a bit
        // longer, the last of the length before.
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in self.counts.map(usize::from) {
            code = code << 1 | bits.next()?;
            first <<= 1;
            // The first is above the code where the table has too many of a length.
            if code.checked_sub(first)? < count {
                return self.values.get(index + code - first).copied();
            }
            index += count;
            first += count;
        }
        None
    }
}

struct Bits<'a> {
    rest: &'a [u8],
    byte: u8,
    left: u32,
}

impl Bits<'_> {
    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            // A byte of ones has a zero after it that tells it from a marker.
            (self.byte, self.rest) = match self.rest {
                [0xff, 0, rest @ ..] => (0xff, rest),
                [0xff, ..] | [] => return None,
                [byte, rest @ ..] => (*byte, rest),
            };
            self.left = 8;
        }
        self.left -= 1;
        Some(usize::from(self.byte >> self.left & 1))
    }

    fn skip(&mut self, count: u8) -> Option<()> {
        for _ in 0..count {
            self.next()?;
        }
        Some(())
    }

    /// Goes on behind the restart marker that must come next.
    fn restart(&mut self, number: usize) -> Option<()> {
        self.left = 0;
        while let [0xff, rest @ ..] = self.rest
            && rest.first() == Some(&0xff)
        {
            self.rest = rest;
        }
        match self.rest {
            [0xff, marker, rest @ ..] if usize::from(*marker) == 0xd0 + number => self.rest = rest,
            _ => return None,
        }
        Some(())
    }
}

pub(super) fn read_tables(mut content: &[u8], tables: &mut [[Option<Table>; 4]; 2]) -> Option<()> {
    while let [class_and_place, rest @ ..] = content {
        let (&counts, rest) = rest.split_first_chunk::<16>()?;
        let total = counts.iter().map(|&count| usize::from(count)).sum();
        let (values, rest) = rest.split_at_checked(total)?;
        let class = tables.get_mut(usize::from(class_and_place >> 4))?;
        let place = class.get_mut(usize::from(class_and_place & 15))?;
        *place = Some(Table { counts, values: values.to_vec() });
        content = rest;
    }
    Some(())
}

/// The number of units, and the components in the order of the scan.
fn read_headers(
    frame: &[u8],
    scan: &[u8],
    tables: &[[Option<Table>; 4]; 2],
) -> Option<(usize, Vec<Component>)> {
    let (&[_, height_high, height_low, width_high, width_low, count], frame) =
        frame.split_first_chunk()?;
    let frame = frame.as_chunks::<3>().0.get(..count.into())?;
    let (&scan_count, scan) = scan.split_first()?;
    if scan_count != count || !(1..=4).contains(&count) {
        return None;
    }
    let (mut across, mut down) = (1, 1);
    let mut components = Vec::new();
    for [id, places] in scan.as_chunks::<2>().0.get(..count.into())? {
        let [_, sampling, _] = frame.iter().find(|component| component[0] == *id)?;
        let (wide, high) = (usize::from(sampling >> 4), usize::from(sampling & 15));
        if !(1..=4).contains(&wide) || !(1..=4).contains(&high) {
            return None;
        }
        let table =
            |class: usize, place: u8| tables[class].get(usize::from(place)).cloned().flatten();
        let (dc, ac) = (table(0, places >> 4)?, table(1, places & 15)?);
        // A component on its own comes block by block.
        let blocks_per_unit = if count == 1 { 1 } else { wide * high };
        if count > 1 {
            (across, down) = (across.max(wide), down.max(high));
        }
        components.push(Component { blocks_per_unit, dc, ac });
    }
    let units =
        |side: [u8; 2], blocks: usize| usize::from(u16::from_be_bytes(side)).div_ceil(8 * blocks);
    let units = units([width_high, width_low], across) * units([height_high, height_low], down);
    Some((units, components))
}
