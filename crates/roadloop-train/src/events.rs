//! Metrics as TensorBoard reads them: records of `Event` messages with masked CRC32C sums.
//!
//! A file is written once, whole: each epoch gets one of its own. TensorBoard reads all files of
//! a folder in the order of their names, so the curves are those of one file that grew.
//!
//! The framing is TensorFlow's (`tensorflow/core/lib/io/record_writer.h`): length as u64, its
//! masked sum as u32, the message, its masked sum. All numbers are little endian.

use prost::Message;

/// `tensorflow.Event`, as far as it is written here.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// Events of one file, in memory until it is whole.
#[derive(Debug)]
pub struct EventFile {
    bytes: Vec<u8>,
}

impl EventFile {
    /// Begins with the version every reader asks for. `seconds` are since 1970.
    pub fn new(seconds: f64) -> EventFile {
        let mut file = EventFile { bytes: Vec::new() };
        file.put(&Event {
            wall_time: seconds,
            file_version: Some("brain.Event:2".to_owned()),
            ..Event::default()
        });
        file
    }

    /// Scalars of a step, by tag: `val/mAP`.
    pub fn scalars<'a>(
        &mut self,
        seconds: f64,
        step: u64,
        scalars: impl IntoIterator<Item = (&'a str, f64)>,
    ) {
        let value = scalars
            .into_iter()
            .map(|(tag, value)| Value { tag: tag.to_owned(), simple_value: Some(value as f32) });
        self.put(&Event {
            wall_time: seconds,
            step: i64::try_from(step).unwrap_or(i64::MAX),
            summary: Some(Summary { value: value.collect() }),
            ..Event::default()
        });
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn put(&mut self, event: &Event) {
        let message = event.encode_to_vec();
        let length = (message.len() as u64).to_le_bytes();
        self.bytes.extend_from_slice(&length);
        self.bytes.extend_from_slice(&masked(&length).to_le_bytes());
        self.bytes.extend_from_slice(&message);
        self.bytes.extend_from_slice(&masked(&message).to_le_bytes());
    }
}

/// A sum of bytes that hold sums of their own would be weak, so it is rotated and moved.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events of a file, its sums checked.
    fn read(mut bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            assert_eq!(masked(&bytes[..8]).to_le_bytes(), bytes[8..12]);
            let message = &bytes[12..12 + length];
            assert_eq!(masked(message).to_le_bytes(), bytes[12 + length..16 + length]);
            events.push(Event::decode(message).unwrap());
            bytes = &bytes[16 + length..];
        }
        events
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut file = EventFile::new(10.5);
        file.scalars(11.0, 7, [("train/lr", 0.25), ("val/mAP", 0.5)]);
        let events = read(&file.into_bytes());
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        let values = &events[1].summary.as_ref().unwrap().value;
        let found: Vec<_> = values.iter().map(|v| (v.tag.as_str(), v.simple_value)).collect();
        assert_eq!(events[1].step, 7);
        assert_eq!(found, [("train/lr", Some(0.25)), ("val/mAP", Some(0.5))]);
    }

    #[test]
    fn the_mask_is_tensorflows() {
        // The head of every file: a first record of 24 bytes has this masked sum of its length.
        // So do the files that TensorBoard's own writer makes begin.
        assert_eq!(masked(&24u64.to_le_bytes()).to_le_bytes(), [0xa3, 0x7f, 0x4b, 0x22]);
    }
}
