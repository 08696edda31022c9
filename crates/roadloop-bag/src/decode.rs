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
mod wide;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use bytes::Bytes;

use roadloop_base::Skip;

use crate::wire::Wire;
use crate::{BagError, Channel, Message};

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
        let topic = channel.topic.clone();
        let body = match Body::of(channel) {
            Err(_) if name.is_empty() => return Err(BagError::NoMessageType { topic }),
            // Nothing says what is in its messages.
            Ok(Body::Binary(..)) if name.is_empty() && len == 0 => {
                return Err(BagError::NoMessageType { topic });
            }
            body => body.map_err(bad)?,
        };
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

/// The decoders of all channels met so far. What is wrong with a definition is
/// named once, at the channel's first message, and counted.
#[derive(Debug, Default)]
pub struct Decoders {
    /// By the address of the channel, which is kept beside its decoder so that
    /// no other one takes it.
    known: HashMap<usize, (Arc<Channel>, Option<Decoder>, u64)>,
}

impl Decoders {
    /// A message's value, and what decoded it. `None` where its channel's
    /// definition was named before.
    pub fn decode(&mut self, message: &Message) -> Option<Result<(&Decoder, Value), Skip>> {
        let known = match self.known.entry(Arc::as_ptr(&message.channel).addr()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let decoder = Decoder::new(&message.channel);
                let reason =
                    decoder.as_ref().err().map(|error| error.to_string().replace('\n', ", "));
                let known = place.insert((Arc::clone(&message.channel), decoder.ok(), 0));
                if let Some(reason) = reason {
                    return Some(Err(Skip::new(message.place(), reason)));
                }
                known
            }
        };
        let (_, Some(decoder), _) = known else {
            known.2 += 1;
            return None;
        };
        let value = decoder.decode(&message.data);
        Some(match value {
            Ok(value) => Ok((decoder, value)),
            Err(reason) => Err(Skip::new(message.place(), reason)),
        })
    }

    /// How many messages were left out beside those that were named, a topic at
    /// a time: to be called at the end until there are no more.
    pub fn take_left_out(&mut self) -> Option<Skip> {
        let channels = self.known.values_mut().filter(|(.., left_out)| *left_out > 0);
        let (channel, _, left_out) = channels.min_by(|a, b| a.0.topic.cmp(&b.0.topic))?;
        let reason = format!("{left_out} more messages that cannot be decoded");
        *left_out = 0;
        Some(Skip::new(format!("topic {}", channel.topic), reason))
    }
}

#[cfg(test)]
pub(crate) mod tests;
