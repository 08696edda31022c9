//! Values in the JSON of others, read one by one: nothing is held that is not kept.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Attribute;

/// A thing that stands in a list.
pub(super) trait Row {
    /// `annotation`: an error names it and its place, from 0 on.
    const NAME: &'static str;
    const MOST: u64;
}

/// A list of things, an error in one of which names it; not more of them than there may be.
#[derive(Debug)]
pub(super) struct Rows<T>(pub(super) Vec<T>);

impl<'de, T: Row + Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rows<T>, D::Error> {
        deserializer.deserialize_seq(RowsVisitor(PhantomData))
    }
}

struct RowsVisitor<T>(PhantomData<T>);

impl<'de, T: Row + Deserialize<'de>> Visitor<'de> for RowsVisitor<T> {
    type Value = Rows<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list, each an object ({})", T::NAME)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows<T>, A::Error> {
        let mut rows = Vec::new();
        loop {
            let place = rows.len();
            let row = seq
                .next_element()
                .map_err(|error| A::Error::custom(format!("{} {place}: {error}", T::NAME)))?;
            match row {
                Some(row) => rows.push(row),
                None => return Ok(Rows(rows)),
            }
            if rows.len() as u64 > T::MOST {
                return Err(A::Error::custom(format!("more than {} of {}", T::MOST, T::NAME)));
            }
        }
    }
}

/// Four numbers; `None` for an empty list, or null.
#[derive(Debug, Default)]
pub(super) struct FourNumbers(pub(super) Option<[f64; 4]>);

impl<'de> Deserialize<'de> for FourNumbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FourNumbers, D::Error> {
        deserializer.deserialize_any(FourVisitor)
    }
}

struct FourVisitor;

impl<'de> Visitor<'de> for FourVisitor {
    type Value = FourNumbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of four numbers")
    }

    fn visit_unit<E: Error>(self) -> Result<FourNumbers, E> {
        Ok(FourNumbers(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FourNumbers, A::Error> {
        let mut sides = [0.0; 4];
        let mut count = 0;
        while let Some(number) = seq.next_element::<f64>()? {
            let side = sides.get_mut(count);
            *side.ok_or_else(|| A::Error::invalid_length(count + 1, &self))? = number;
            count += 1;
        }
        match count {
            0 => Ok(FourNumbers(None)),
            4 => Ok(FourNumbers(Some(sides))),
            _ => Err(A::Error::invalid_length(count, &self)),
        }
    }
}

/// A number of pixels, also as `1280.0`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whole(pub(super) u32);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let is_one = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        if is_one {
            Ok(Whole(number as u32))
        } else {
            Err(D::Error::custom(format!("{number} is no number of pixels")))
        }
    }
}

/// What others say of a box: flags, numbers and texts. Lists and objects are passed over,
/// and what is null is not there.
#[derive(Debug, Default)]
pub(super) struct Attributes(pub(super) BTreeMap<String, Attribute>);

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        deserializer.deserialize_any(AttributesVisitor)
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of attributes")
    }

    fn visit_unit<E: Error>(self) -> Result<Attributes, E> {
        Ok(Attributes::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
        let mut attributes = BTreeMap::new();
        while let Some((name, Value(value))) = map.next_entry::<String, Value>()? {
            if let Some(value) = value {
                attributes.insert(name, value);
            }
        }
        Ok(Attributes(attributes))
    }

    /// Some write an empty list where there is nothing.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Attributes, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Attributes::default())
    }
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Value(pub(super) Option<Attribute>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value(Some(Attribute::Flag(flag))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value(Some(Attribute::Number(number as f64))))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value(Some(Attribute::Number(number as f64))))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value(number.is_finite().then_some(Attribute::Number(number))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value(Some(Attribute::Text(text.to_owned()))))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value(None))
    }
}
