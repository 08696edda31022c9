//! Fields of a serialised message: ROS 1's packed little-endian form, and
//! CDR's aligned one in either byte order.
//! <http://wiki.ros.org/msg>, OMG DDSI-RTPS 2.5, 10.2 (CDR encapsulation).

use bytes::Bytes;

use roadloop_base::Nanos;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Ros1,
    Cdr,
}

/// The error says which field is not there.
pub(crate) type WireResult<T> = Result<T, String>;

#[derive(Debug)]
pub(crate) struct WireReader<'a> {
    message: &'a Bytes,
    at: usize,
    /// Numbers begin at multiples of their size, at most of this.
    max_align: usize,
    /// Where alignment counts from.
    origin: usize,
    wire: Wire,
    is_bigendian: bool,
}

/// CDR: a representation id and two option bytes come before the fields, and
/// alignment counts from behind them.
const ENCAPSULATION: usize = 4;

impl<'a> WireReader<'a> {
    pub(crate) fn new(wire: Wire, message: &'a Bytes) -> WireResult<WireReader<'a>> {
        let reader = |at, max_align, is_bigendian| WireReader {
            message,
            at,
            max_align,
            origin: at,
            wire,
            is_bigendian,
        };
        if wire == Wire::Ros1 {
            return Ok(reader(0, 1, false));
        }
        match **message {
            [0, kind @ (0 | 1), _, _, ..] => Ok(reader(ENCAPSULATION, 8, kind == 0)),
            // Plain CDR2 aligns to four bytes at most.
            [0, kind @ (6 | 7), _, _, ..] => Ok(reader(ENCAPSULATION, 4, kind == 6)),
            [a, b, _, _, ..] => Err(format!("CDR representation {a:02x} {b:02x} is not plain CDR")),
            _ => Err(format!("{} bytes are no CDR message", message.len())),
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// Bytes behind what was read.
    pub(crate) fn left(&self) -> usize {
        self.message.len().saturating_sub(self.at)
    }

    pub(crate) fn u8(&mut self, field: &str) -> WireResult<u8> {
        Ok(self.take(1, field)?[0])
    }

    pub(crate) fn u32(&mut self, field: &str) -> WireResult<u32> {
        Ok(u32::from_le_bytes(self.number(field)?))
    }

    /// The bytes of a number, least first.
    pub(crate) fn number<const SIZE: usize>(&mut self, field: &str) -> WireResult<[u8; SIZE]> {
        self.align(SIZE);
        let mut number = [0; SIZE];
        number.copy_from_slice(self.take(SIZE, field)?);
        if self.is_bigendian {
            number.reverse();
        }
        Ok(number)
    }

    /// So many numbers one behind the other, each with its least byte first.
    pub(crate) fn numbers<const SIZE: usize, T>(
        &mut self,
        count: usize,
        field: &str,
        number: impl Fn([u8; SIZE]) -> T,
    ) -> WireResult<Vec<T>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        self.align(SIZE);
        let len = count.saturating_mul(SIZE);
        let numbers = self.take(len, field)?.as_chunks::<SIZE>().0.iter();
        if !self.is_bigendian {
            return Ok(numbers.map(|&bytes| number(bytes)).collect());
        }
        let turned = numbers.map(|&bytes| {
            let mut bytes = bytes;
            bytes.reverse();
            bytes
        });
        Ok(turned.map(number).collect())
    }

    /// A text without the zero byte CDR ends it with.
    pub(crate) fn string(&mut self, field: &str) -> WireResult<&'a [u8]> {
        let len = self.u32(field)? as usize;
        let text = self.take(len, field)?;
        match (self.wire, text) {
            (Wire::Cdr, [text @ .., 0]) => Ok(text),
            _ => Ok(text),
        }
    }

    /// A sequence of bytes, shared with the message.
    pub(crate) fn bytes(&mut self, field: &str) -> WireResult<Bytes> {
        let len = self.u32(field)? as usize;
        self.byte_array(len, field)
    }

    /// So many bytes, shared with the message.
    pub(crate) fn byte_array(&mut self, len: usize, field: &str) -> WireResult<Bytes> {
        let start = self.at;
        self.take(len, field)?;
        Ok(self.message.slice(start..start + len))
    }

    /// Reads a `std_msgs/Header` and keeps its stamp.
    pub(crate) fn header_stamp(&mut self) -> WireResult<Nanos> {
        let secs = match self.wire {
            Wire::Ros1 => {
                self.u32("header.seq")?;
                i64::from(self.u32("header.stamp")?)
            }
            // ROS 2 counts seconds in an i32.
            Wire::Cdr => i64::from(self.u32("header.stamp")? as i32),
        };
        let nanos = self.u32("header.stamp")?;
        self.string("header.frame_id")?;
        Ok(Nanos::from_secs_nanos(secs, nanos))
    }

    fn align(&mut self, size: usize) {
        self.at = self.origin + (self.at - self.origin).next_multiple_of(size.min(self.max_align));
    }

    pub(crate) fn take(&mut self, len: usize, field: &str) -> WireResult<&'a [u8]> {
        let there = self.left();
        if len > there {
            return Err(format!(
                "the message ends in its field {field}, which takes {len} bytes where {there} are left"
            ));
        }
        let start = self.at;
        self.at += len;
        Ok(&self.message[start..self.at])
    }
}
