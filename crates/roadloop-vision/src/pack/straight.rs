//! From one JPEG to a smaller one in one go, luma and chroma at their own sizes all the way,
//! a few rows of each in memory.

use pulp::Arch;

use super::jpeg::Writer;
use super::planes::Plane;
use super::shrink::Shrink;
use super::{PackSettings, Packed, target};
use crate::decode::{JpegStrip, JpegStrips};

/// `None` where it cannot be done so, be it that the picture is of another kind or that
/// something is wrong with it.
pub(super) fn pack(bytes: &[u8], settings: &PackSettings) -> Option<Packed> {
    let mut strips = JpegStrips::find(bytes)?;
    let size = (strips.width, strips.height);
    let target = target(size.0, size.1, settings.short_side)?;
    let scale = (f64::from(size.0) / f64::from(target.0), f64::from(size.1) / f64::from(target.1));
    // Blocks of a unit across and down, of each plane.
    let blocks: &[usize] = if strips.is_gray() { &[1] } else { &[2, 1, 1] };
    let mut writer = Writer::new(target.0, target.1, blocks.len(), settings.quality).ok()?;
    let mut shrinks = Vec::new();
    let mut planes = Vec::new();
    for of in blocks {
        let sides = |(width, height): (u32, u32)| {
            let side = |side: u32| (side as usize * of).div_ceil(blocks[0]);
            (side(width), side(height))
        };
        shrinks.push(Shrink::new(sides(size), sides(target), scale));
        planes.push(Plane::empty(sides(target).0, *of));
    }
    for _ in 0..strips.count() {
        let strips = strips.next()?;
        Arch::new().dispatch(
            #[inline(always)]
            || shrink(strips, &mut shrinks, &mut planes),
        );
        write(&mut writer, &mut planes, blocks);
    }
    let rows = planes.iter().zip(blocks).map(|(plane, of)| plane.rows().div_ceil(8 * of)).max()?;
    for (plane, of) in planes.iter_mut().zip(blocks) {
        plane.repeat_last_row(rows * 8 * of);
    }
    write(&mut writer, &mut planes, blocks);
    Some(Packed { bytes: writer.finish(), width: target.0, height: target.1 })
}

#[inline(always)]
fn shrink<'a>(
    strips: impl Iterator<Item = &'a JpegStrip>,
    shrinks: &mut [Shrink],
    planes: &mut [Plane],
) {
    for ((strip, shrink), plane) in strips.zip(shrinks).zip(planes) {
        shrink.put(&strip.samples, strip.stride, plane);
    }
}

/// Writes all units of which each plane has all rows.
fn write(writer: &mut Writer, planes: &mut [Plane], blocks: &[usize]) {
    let units = planes.iter().zip(blocks).map(|(plane, of)| plane.rows() / (8 * of)).min();
    let units = units.unwrap_or(0);
    let mut ready = Vec::new();
    for (plane, of) in planes.iter_mut().zip(blocks) {
        ready.push(plane.take_rows(units * 8 * of));
    }
    writer.put(&ready);
}
