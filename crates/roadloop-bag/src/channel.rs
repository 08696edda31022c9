//! What a recording says of its streams of messages.

use bytes::Bytes;

/// A stream of messages of one type on one topic. Several may share a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Channel {
    pub topic: String,
    /// How its messages are serialised: `ros1`, `cdr`, `protobuf`, `json`, …
    pub encoding: String,
    pub definition: Definition,
    /// What else the recording says: callers, quality of service. By key, in
    /// the order it was written.
    pub metadata: Vec<(String, String)>,
}

impl Channel {
    /// As the recording spells it: `sensor_msgs/Image`, `sensor_msgs/msg/Image`.
    pub fn message_type(&self) -> &str {
        &self.definition.name
    }

    /// Whether two descriptions speak of the same messages, however their
    /// fields are written down.
    pub(crate) fn is_like(&self, other: &Channel) -> bool {
        let key = |channel: &Channel| {
            (channel.topic.clone(), channel.encoding.clone(), channel.definition.name.clone())
        };
        key(self) == key(other)
    }
}

/// The type of a stream's messages, as the recording has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Definition {
    pub name: String,
    /// What `data` is written in: `ros1msg`, `ros2msg`, `ros2idl`, `protobuf`,
    /// `jsonschema`, `flatbuffer`; empty where the recording has none.
    pub encoding: String,
    pub data: Bytes,
}
