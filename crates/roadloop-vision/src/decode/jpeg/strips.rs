//! The usual JPEG as it is stored: luma and chroma each at its own size, a strip of blocks at
//! a time. For what makes a picture smaller at once, and throws away what other decoders make
//! first: chroma of full size, three samples for each pixel, the whole picture in memory.
//!
//! Read are baseline pictures, gray or with chroma of half the size both ways, all of it in
//! one scan (ITU T.81, annexes A, B and F.2). Of any other, and of any that is not whole, this
//! says nothing at all: [`decode`](super::decode) reads the one and says what ails the other.

use pulp::{Arch, Simd, WithSimd};

use super::codes::{Bits, Codes};
use super::scan::{Table, read_tables};
use super::{ranges, segments};
use crate::cosine::{Row, ZIGZAG, factor, inverse, transposed};
use crate::decode::checked_pixels;
use crate::exif::Orientation;

/// A picture whose strips are still to come.
pub(crate) struct Strips<'a> {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// One of a gray picture; luma and two of chroma of others.
    components: Vec<Component>,
    bits: Bits<'a>,
    /// Units of blocks that lie on each other, one of each component at least.
    units_across: usize,
    units_down: usize,
    /// Units read, all in all.
    units: usize,
    /// Units between two restart markers.
    interval: Option<usize>,
}

struct Component {
    /// Blocks of a unit, as many down as across.
    blocks: usize,
    steps: Steps,
    dc: Codes,
    ac: Codes,
    before: i32,
    strip: Strip,
}

/// Rows of samples of one kind, as many as a block or two are high.
pub(crate) struct Strip {
    /// Samples of a row, those behind the picture's edge too.
    pub(crate) stride: usize,
    pub(crate) samples: Vec<u8>,
}

impl<'a> Strips<'a> {
    /// `None` of a picture that is not read here, or is to be turned.
    pub(crate) fn find(bytes: &'a [u8]) -> Option<Strips<'a>> {
        if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            return None;
        }
        let mut tables: [[Option<Table>; 4]; 2] = Default::default();
        let mut steps = [None; 4];
        let (mut frame, mut interval) = (None, None);
        for ((marker, content), (_, place)) in segments(bytes).zip(ranges(bytes)) {
            match marker {
                0xc0 | 0xc1 if frame.is_none() => frame = Some(content),
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf => return None,
                0xc4 => read_tables(content, &mut tables)?,
                0xdb => read_steps(content, &mut steps)?,
                0xdd => interval = Some(u16::from_be_bytes(*content.first_chunk()?).into()),
                // Adobe's mark: other colours than luma and chroma, unless it is 1.
                0xee if content.starts_with(b"Adobe") && content.get(11) != Some(&1) => {
                    return None;
                }
                0xda => {
                    let upright = Orientation::of_jpeg(bytes).is_none_or(Orientation::is_upright);
                    let mut strips = Strips::new(frame?, content, &tables, &steps)?;
                    strips.bits = Bits::new(bytes.get(place.end..)?);
                    strips.interval = interval.filter(|&interval| interval > 0);
                    return upright.then_some(strips);
                }
                _ => {}
            }
        }
        None
    }

    fn new(
        frame: &[u8],
        scan: &[u8],
        tables: &[[Option<Table>; 4]; 2],
        steps: &[Option<[u8; 64]>; 4],
    ) -> Option<Strips<'a>> {
        let (&[8, height_high, height_low, width_high, width_low, count], frame) =
            frame.split_first_chunk()?
        else {
            return None;
        };
        let [width, height] = [[width_high, width_low], [height_high, height_low]]
            .map(|side| u32::from(u16::from_be_bytes(side)));
        checked_pixels(width.into(), height.into()).ok()?;
        // Numbers, blocks across and down, and steps. JFIF 1.02 counts from 1, some from 0.
        let blocks = match frame.as_chunks::<3>().0.get(..count.into())? {
            [_] => &[1][..],
            [[1, 0x22, _], [2, 0x11, _], [3, 0x11, _]]
            | [[0, 0x22, _], [1, 0x11, _], [2, 0x11, _]] => &[2, 1, 1],
            _ => return None,
        };
        let side = 8 * blocks[0];
        let (units_across, units_down) =
            ((width as usize).div_ceil(side), (height as usize).div_ceil(side));
        // Each component, and last what of its numbers is coded: all of them.
        let (&scan_count, scan) = scan.split_first()?;
        let (places, end) = scan.split_at_checked(2 * blocks.len())?;
        if scan_count != count || end != [0, 63, 0] {
            return None;
        }
        let mut components = Vec::new();
        for ((&blocks, &[id, places]), [number, _, of_steps]) in
            blocks.iter().zip(places.as_chunks::<2>().0).zip(frame.as_chunks::<3>().0)
        {
            if id != *number {
                return None;
            }
            let table = |class: usize, place: u8| {
                let table = tables[class].get(usize::from(place))?.as_ref()?;
                // Before a block's mean there are no zeros.
                (class == 1 || table.values.iter().all(|&symbol| symbol < 16)).then_some(table)
            };
            let codes = |class: usize, place: u8| table(class, place).and_then(Codes::new);
            let stride = units_across * blocks * 8;
            components.push(Component {
                blocks,
                steps: Steps::new(steps.get(usize::from(*of_steps))?.as_ref()?),
                dc: codes(0, places >> 4)?,
                ac: codes(1, places & 15)?,
                before: 0,
                strip: Strip { stride, samples: vec![0; stride * blocks * 8] },
            });
        }
        Some(Strips {
            width,
            height,
            components,
            bits: Bits::new(&[]),
            units_across,
            units_down,
            units: 0,
            interval: None,
        })
    }

    pub(crate) fn is_gray(&self) -> bool {
        self.components.len() == 1
    }

    /// Strips there are in all.
    pub(crate) fn count(&self) -> usize {
        self.units_down
    }

    /// The next strip of each component. `None` where the file is not whole.
    pub(crate) fn next(&mut self) -> Option<impl Iterator<Item = &Strip>> {
        Arch::new().dispatch(Read(self))?;
        if self.units == self.units_across * self.units_down {
            self.bits.pass(0xd9)?;
        }
        Some(self.components.iter().map(|component| &component.strip))
    }

    #[inline(always)]
    fn read(&mut self) -> Option<()> {
        for across in 0..self.units_across {
            if let Some(interval) = self.interval
                && self.units > 0
                && self.units.is_multiple_of(interval)
            {
                self.bits.pass(0xd0 | ((self.units / interval - 1) & 7) as u8)?;
                self.components.iter_mut().for_each(|component| component.before = 0);
            }
            for component in &mut self.components {
                for block in 0..component.blocks * component.blocks {
                    let (right, down) = (block % component.blocks, block / component.blocks);
                    component.read(&mut self.bits, across * component.blocks + right, down)?;
                }
            }
            self.units += 1;
        }
        self.bits.is_real().then_some(())
    }
}

/// Reads a strip in the widest vectors there are.
struct Read<'a, 'b>(&'a mut Strips<'b>);

impl WithSimd for Read<'_, '_> {
    type Output = Option<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Option<()> {
        self.0.read()
    }
}

impl Component {
    /// A block of the strip, at so many blocks across and down.
    #[inline(always)]
    fn read(&mut self, from: &mut Bits<'_>, across: usize, down: usize) -> Option<()> {
        let mut block = [0.0; 64];
        // A copy, which stays in registers.
        let mut bits = *from;
        let (_, difference) = self.dc.read(&mut bits)?;
        self.before += difference;
        // Of eight bits and the largest block's sixteen times their range.
        if self.before.abs() > 1 << 15 {
            return None;
        }
        block[0] = self.before as f32 * self.steps.0[0];
        let mut at = 0;
        while at < 63 {
            let (symbol, number) = self.ac.read(&mut bits)?;
            if symbol == 0 {
                break;
            }
            at += usize::from(symbol >> 4) + 1;
            if at > 63 || symbol & 15 == 0 && symbol != 0xf0 {
                return None;
            }
            block[usize::from(ZIGZAG[at] & 63)] = number as f32 * self.steps.0[at];
        }
        *from = bits;
        let Strip { stride, samples } = &mut self.strip;
        let place = down * 8 * *stride + across * 8;
        let samples = samples.get_mut(place..)?;
        // Half of the scale is around the middle.
        block[0] += 128.0;
        if at == 0 {
            let mean = sample(block[0]);
            for row in samples.chunks_mut(*stride).take(8) {
                *row.first_chunk_mut()? = [mean; 8];
            }
            return Some(());
        }
        let mut rows = [[0.0; 8]; 8];
        for (row, values) in rows.iter_mut().zip(block.as_chunks::<8>().0) {
            *row = *values;
        }
        write(&mut rows, samples, *stride)
    }
}

#[inline(always)]
fn write(rows: &mut [Row; 8], samples: &mut [u8], stride: usize) -> Option<()> {
    inverse(rows);
    let mut rows = transposed(rows);
    inverse(&mut rows);
    for (values, row) in rows.into_iter().zip(samples.chunks_mut(stride)) {
        *row.first_chunk_mut()? = values.map(sample);
    }
    Some(())
}

/// To a whole number, 0 to 255.
#[inline(always)]
fn sample(value: f32) -> u8 {
    // Comparisons as a processor has them: `clamp` asks for more where a value is no number.
    let value = if value < 255.0 { value } else { 255.0 };
    let value = if value > 0.0 { value } else { 0.0 };
    // Added to 2^23 a number has no room for digits behind the point: it is rounded, and
    // stands in the lowest bits.
    (value + 8_388_608.0).to_bits() as u8
}

/// What each number of a block is multiplied with, in zigzag order.
struct Steps([f32; 64]);

impl Steps {
    fn new(steps: &[u8; 64]) -> Steps {
        let mut factors = [0.0; 64];
        for ((value, &place), &step) in factors.iter_mut().zip(&ZIGZAG).zip(steps) {
            let (row, column) = (usize::from(place / 8), usize::from(place % 8));
            *value = (f64::from(step) * factor(row) * factor(column) / 8.0) as f32;
        }
        Steps(factors)
    }
}

/// Steps of eight bits, by their number.
fn read_steps(mut content: &[u8], steps: &mut [Option<[u8; 64]>; 4]) -> Option<()> {
    while let [number, rest @ ..] = content {
        let (&table, rest) = rest.split_first_chunk::<64>()?;
        *steps.get_mut(usize::from(*number))? = Some(table);
        content = rest;
    }
    Some(())
}
