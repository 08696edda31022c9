//! `wstring` in CDR. ROS 2 has it in UTF-16, and writes how many units there are,
//! then each: in two bytes (Fast CDR from version 2 on, so since Jazzy) or in the
//! four a `wchar_t` has (Fast CDR before that, and Cyclone). Nothing in a message
//! says which.

use crate::wire::{WireReader, WireResult};

/// Bytes that a unit takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Two,
    Four,
}

pub(super) struct WideText {
    units: Vec<u32>,
}

impl WideText {
    pub(super) fn read(
        reader: &mut WireReader<'_>,
        width: Width,
        field: &str,
    ) -> WireResult<WideText> {
        let len = reader.u32(field)? as usize;
        let mut units = match width {
            Width::Two => reader.numbers(len, field, |unit| u16::from_le_bytes(unit).into())?,
            Width::Four => reader.numbers(len, field, u32::from_le_bytes)?,
        };
        // CDR ends a wide text with nothing, yet readers are told to expect it.
        if units.last() == Some(&0) {
            units.pop();
        }
        Ok(WideText { units })
    }

    /// Whether ROS 2 would not write it: no unit is 0 or longer than two bytes.
    /// In units of another width than its own most texts are odd.
    pub(super) fn is_odd(&self) -> bool {
        self.units.iter().any(|unit| *unit == 0 || *unit > 0xffff)
    }

    /// Other writers than ROS 2 may have letters in four bytes.
    pub(super) fn text(&self) -> String {
        let units: Option<Vec<u16>> =
            self.units.iter().map(|unit| u16::try_from(*unit).ok()).collect();
        if let Some(units) = units {
            return String::from_utf16_lossy(&units);
        }
        let letter = |code: &u32| char::from_u32(*code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.units.iter().map(letter).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{Channel, Decoder, Definition};

    /// CDR in both byte orders.
    struct Writer {
        bytes: Vec<u8>,
        width: Width,
        is_bigendian: bool,
    }

    impl Writer {
        fn new(width: Width, is_bigendian: bool) -> Writer {
            Writer { bytes: vec![0, u8::from(!is_bigendian), 0, 0], width, is_bigendian }
        }

        fn number(&mut self, number: u32, len: usize) {
            self.bytes.resize(self.bytes.len().next_multiple_of(len), 0);
            match self.is_bigendian {
                true => self.bytes.extend(&number.to_be_bytes()[4 - len..]),
                false => self.bytes.extend(&number.to_le_bytes()[..len]),
            }
        }

        fn text(&mut self, text: &str) {
            let units: Vec<u16> = text.encode_utf16().collect();
            self.number(units.len() as u32, 4);
            let len = if self.width == Width::Two { 2 } else { 4 };
            units.into_iter().for_each(|unit| self.number(unit.into(), len));
        }
    }

    fn decode(definition: &'static str, message: Vec<u8>) -> Json {
        let definition = Definition {
            name: "test_msgs/msg/Wide".to_owned(),
            encoding: "ros2msg".to_owned(),
            data: definition.as_bytes().into(),
        };
        let encoding = "cdr".to_owned();
        let channel = Channel { encoding, definition, ..Channel::default() };
        let value = Decoder::new(&channel).unwrap().decode(&Bytes::from(message));
        value.map_or_else(
            |reason| json!(reason),
            |value| serde_json::from_str(&value.to_json()).unwrap(),
        )
    }

    /// A text and a small number behind it, as they are written and padded.
    #[track_caller]
    fn check(text: &str, number: u32) {
        for width in [Width::Two, Width::Four] {
            for is_bigendian in [false, true] {
                let mut writer = Writer::new(width, is_bigendian);
                writer.text(text);
                writer.number(number, 2);
                let mut padded = writer.bytes.clone();
                padded.resize(padded.len().next_multiple_of(4), 0);
                let expected = json!({"text": text, "number": number});
                for message in [writer.bytes, padded] {
                    let found = decode("wstring text\nuint16 number\n", message);
                    assert_eq!(found, expected, "{width:?}");
                }
            }
        }
    }

    #[test]
    fn texts_of_both_widths() {
        for text in ["", "a", "ab", "Straße", "\u{1f600}", "x\u{1f600}y", "日本語"] {
            check(text, 0);
            check(text, 7);
            check(text, 0xffff);
        }
    }

    #[test]
    fn other_writers_have_letters_in_four_bytes() {
        let mut writer = Writer::new(Width::Four, false);
        [2, 0x1f600, 0x61].into_iter().for_each(|number| writer.number(number, 4));
        assert_eq!(decode("wstring text\n", writer.bytes), json!({"text": "\u{1f600}a"}));
    }

    #[test]
    fn what_is_cut_off_is_named() {
        let mut writer = Writer::new(Width::Two, false);
        writer.text("abc");
        writer.bytes.truncate(12);
        let reason = "cannot decode test_msgs/msg/Wide: the message ends in its field text, which takes 12 bytes where 4 are left";
        assert_eq!(decode("wstring text\n", writer.bytes), json!(reason));
    }

    proptest! {
        #[test]
        fn any_message_says_the_same_in_both_widths(
            text in "\\PC{0,6}",
            number in any::<u32>(),
            texts in proptest::collection::vec("\\PC{0,3}", 0..4),
            last in any::<u8>(),
        ) {
            let definition = "wstring text\nuint32 number\nwstring[] texts\nuint8 last\n";
            for width in [Width::Two, Width::Four] {
                let mut writer = Writer::new(width, false);
                writer.text(&text);
                writer.number(number, 4);
                writer.number(texts.len() as u32, 4);
                texts.iter().for_each(|text| writer.text(text));
                writer.number(last.into(), 1);
                let expected =
                    json!({"text": text, "number": number, "texts": texts, "last": last});
                prop_assert_eq!(decode(definition, writer.bytes), expected, "{:?}", width);
            }
        }
    }
}
