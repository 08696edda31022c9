//! Any definition and any message. The first byte says how they are written, the
//! second how long the definition is, in eighths of the rest.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roadloop_bag::{Channel, Decoder, Definition};

const FORMS: [(&str, &str, &str); 9] = [
    ("ros1", "ros1msg", "pkg/Type"),
    ("cdr", "ros2msg", "pkg/msg/Type"),
    ("cdr", "ros2idl", "pkg/msg/Type"),
    ("cdr", "", "sensor_msgs/msg/NavSatFix"),
    ("protobuf", "protobuf", "google.protobuf.Struct"),
    ("protobuf", "protobuf", "foxglove.LaserScan"),
    ("flatbuffer", "flatbuffer", "foxglove.PoseInFrame"),
    ("json", "jsonschema", "Type"),
    ("json", "", "Type"),
];

fuzz_target!(|bytes: &[u8]| {
    let &[form, eighths, ref rest @ ..] = bytes else { return };
    let (encoding, schema, name) = FORMS[usize::from(form) % FORMS.len()];
    let (definition, message) = rest.split_at(rest.len() / 8 * usize::from(eighths % 9));
    let channel = Channel {
        topic: "/topic".to_owned(),
        encoding: encoding.to_owned(),
        definition: Definition {
            name: name.to_owned(),
            encoding: schema.to_owned(),
            data: definition.to_vec().into(),
        },
        metadata: Vec::new(),
    };
    let Ok(decoder) = Decoder::new(&channel) else { return };
    let Ok(value) = decoder.decode(&message.to_vec().into()) else { return };
    let _ = value.to_json();
    for column in decoder.columns(&value, true).columns {
        let _ = column.cell(&value);
    }
});
