//! Fields of a serialised message: ROS 1's packed little-endian form, and
//! CDR's aligned one in either byte order. Only what image messages need.
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
    wire: Wire,
    is_bigendian: bool,
}

/// CDR: a representation id and two option bytes come before the fields, and
/// alignment counts from behind them.
const ENCAPSULATION: usize = 4;

impl<'a> WireReader<'a> {
    pub(crate) fn new(wire: Wire, message: &'a Bytes) -> WireResult<WireReader<'a>> {
        let (at, is_bigendian) = match wire {
            Wire::Ros1 => (0, false),
            Wire::Cdr => (ENCAPSULATION, cdr_is_bigendian(message)?),
        };
        Ok(WireReader { message, at, wire, is_bigendian })
    }

    pub(crate) fn u8(&mut self, field: &str) -> WireResult<u8> {
        Ok(self.take(1, field)?[0])
    }

    pub(crate) fn u32(&mut self, field: &str) -> WireResult<u32> {
        if self.wire == Wire::Cdr {
            self.at = ENCAPSULATION + (self.at - ENCAPSULATION).next_multiple_of(4);
        }
        let bytes = self.take(4, field)?;
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        Ok(if self.is_bigendian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
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

    fn take(&mut self, len: usize, field: &str) -> WireResult<&'a [u8]> {
        let there = self.message.len().saturating_sub(self.at);
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

/// Plain CDR and plain CDR2 agree on fields of up to four bytes.
fn cdr_is_bigendian(message: &[u8]) -> WireResult<bool> {
    match message {
        [0, 0 | 6, _, _, ..] => Ok(true),
        [0, 1 | 7, _, _, ..] => Ok(false),
        [a, b, _, _, ..] => Err(format!("CDR representation {a:02x} {b:02x} is not plain CDR")),
        _ => Err(format!("{} bytes are no CDR message", message.len())),
    }
}
