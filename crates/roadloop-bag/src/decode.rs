//! Messages of any type to values, by the definition the recording carries.
//!
//! `msg` and `idl` read the definitions of ROS into a `record`, by which
//! `binary` reads messages in ROS 1's form and in CDR; `protobuf`, `json` and
//! `flatbuffer` read what says its own form. All give [`Value`]s, which print as
//! JSON, and [`Columns`], which say how values become rows of a table.

mod binary;
mod columns;
mod flatbuffer;
mod idl;
mod json;
mod known;
mod msg;
mod protobuf;
mod record;
mod value;

use bytes::Bytes;

use crate::wire::Wire;
use crate::{BagError, Channel};

use self::record::{Dialect, short_name};

pub use columns::{Column, ColumnType, Columns, Element};
pub use value::{Moment, Numbers, Record, Value};

/// The longest definition that is read: the longest of real ones have a few
/// hundred kilobytes.
const MAX_DEFINITION: usize = 8 << 20;

/// Reads the messages of one channel.
#[derive(Debug)]
pub struct Decoder {
    name: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Binary(Wire, record::RecordRef),
    Protobuf(protobuf::Protobuf),
    Json(json::Json),
    Flatbuffer(flatbuffer::Flatbuffer),
}

impl Decoder {
    /// Fails where the definition is missing or makes no sense, or where
    /// messages of such an encoding are not read: `ros1`, `cdr`, `protobuf`,
    /// `json` and `flatbuffer` are.
    pub fn new(channel: &Channel) -> Result<Decoder, BagError> {
        let name = channel.message_type().to_owned();
        let bad = |reason: String| BagError::BadDefinition {
            message_type: name.clone(),
            topic: channel.topic.clone(),
            reason,
        };
        let len = channel.definition.data.len();
        if len > MAX_DEFINITION {
            return Err(bad(format!("it has {len} bytes; at most {MAX_DEFINITION} are read")));
        }
        let body = Body::of(channel).map_err(bad)?;
        Ok(Decoder { name, body })
    }

    /// A message's value, or what is wrong with it.
    pub fn decode(&self, message: &Bytes) -> Result<Value, String> {
        let decoded = match &self.body {
            Body::Binary(wire, record) => binary::decode(*wire, record, message),
            Body::Protobuf(protobuf) => protobuf.decode(message),
            Body::Json(json) => json.decode(message),
            Body::Flatbuffer(flatbuffer) => flatbuffer.decode(message),
        };
        decoded.map_err(|reason| format!("cannot decode {}: {reason}", self.name))
    }

    /// How its messages become rows. Where messages say their own form (JSON
    /// without a schema), the first one does.
    pub fn columns(&self, first: &Value, takes_bulk: bool) -> Columns {
        match &self.body {
            Body::Binary(_, record) => Columns::of_record(record, takes_bulk),
            Body::Protobuf(protobuf) => protobuf.columns(takes_bulk),
            Body::Flatbuffer(flatbuffer) => flatbuffer.columns(takes_bulk),
            Body::Json(json) => json.columns(first, takes_bulk),
        }
    }
}

impl Body {
    fn of(channel: &Channel) -> Result<Body, String> {
        let (definition, name) = (&channel.definition, channel.message_type());
        let text =
            || str::from_utf8(&definition.data).map_err(|_| "it is no UTF-8 text".to_owned());
        let binary = |wire: Wire| -> Result<Body, String> {
            let dialect = match wire {
                Wire::Ros1 => Dialect::Ros1,
                Wire::Cdr => Dialect::Ros2,
            };
            let spelled = match (&*definition.encoding, definition.data.is_empty()) {
                ("ros2idl", false) => idl::parse(text()?)?,
                ("ros2msg", true) if known::find(&short_name(name)).is_none() => {
                    msg::parse(dialect, name, "")?
                }
                ("ros1msg", _) | ("ros2msg", false) => msg::parse(dialect, name, text()?)?,
                // Old rosbag2 recordings and some converters carry none.
                (_, true) if wire == Wire::Cdr => Vec::new(),
                (_, true) => return Err("the recording does not carry it".to_owned()),
                (other, _) => return Err(format!("it is written in {other:?}")),
            };
            Ok(Body::Binary(wire, record::build(dialect, name, &spelled)?))
        };
        match &*channel.encoding {
            "ros1" => binary(Wire::Ros1),
            "cdr" => binary(Wire::Cdr),
            "protobuf" => Ok(Body::Protobuf(protobuf::Protobuf::new(name, &definition.data)?)),
            "json" => Ok(Body::Json(json::Json::new(&definition.encoding, &definition.data))),
            "flatbuffer" => {
                Ok(Body::Flatbuffer(flatbuffer::Flatbuffer::new(name, &definition.data)?))
            }
            other => Err(format!("messages in {other:?} are not read")),
        }
    }
}

#[cfg(test)]
mod tests;
