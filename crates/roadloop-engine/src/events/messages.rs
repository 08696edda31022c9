//! Messages of stores about what was put into them: Amazon S3's (as it is, by way of
//! SNS or EventBridge), MinIO's, Google Cloud Storage's, Azure's and CloudEvents.
//!
//! They come from outside: whatever their bytes are, they are a list of hints, a word
//! that there is nothing in them, or an error.

use serde_json::Value;

/// Longest message that is read.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Most hints of one message; stores send a few.
const MAX_HINTS: usize = 10_000;

/// Envelopes within envelopes that are opened.
const MAX_DEPTH: usize = 4;

/// Something was put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// `s3://bucket/key`, with what an address cannot hold written as `%23`.
    pub address: String,
    /// What tells this content from others at that place.
    pub tag: Option<String>,
    pub bytes: Option<u64>,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Put(Vec<Hint>),
    /// A greeting, or about something that was not put: nothing to do.
    Nothing,
}

/// A message that says nothing known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    #[error("the message has {found} bytes, and {MAX_MESSAGE_BYTES} are read")]
    TooLong { found: usize },
    #[error("the message is not JSON: {reason}")]
    NotJson { reason: String },
    #[error("the message is none of Amazon S3, MinIO, Google Cloud Storage, Azure or CloudEvents")]
    Unknown,
}

/// Reads a message, whichever store sent it.
pub fn read_message(bytes: &[u8]) -> Result<Message, BadMessage> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(BadMessage::TooLong { found: bytes.len() });
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| BadMessage::NotJson { reason: error.to_string() })?;
    read(&value, 0)
}

fn read(value: &Value, depth: usize) -> Result<Message, BadMessage> {
    if depth > MAX_DEPTH {
        return Err(BadMessage::Unknown);
    }
    if let Some(batch) = value.as_array() {
        // Azure and CloudEvents send several at once.
        return batch
            .iter()
            .take(MAX_HINTS)
            .try_fold(Message::Nothing, |sum, value| Ok(together(sum, read(value, depth + 1)?)));
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if text("Event") == Some("s3:TestEvent") {
        return Ok(Message::Nothing);
    }
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        let records = records.iter().take(MAX_HINTS);
        return records
            .map(record)
            .try_fold(Message::Nothing, |sum, read| Ok(together(sum, read?)));
    }
    // SNS: the message is a text in it.
    if let (Some("Notification"), Some(message)) = (text("Type"), text("Message")) {
        let inner = serde_json::from_str(message).map_err(|_| BadMessage::Unknown)?;
        return read(&inner, depth + 1);
    }
    // EventBridge.
    if let (Some("aws.s3"), Some(kind), Some(detail)) =
        (text("source"), text("detail-type"), value.get("detail"))
    {
        if kind != "Object Created" {
            return Ok(Message::Nothing);
        }
        let bucket = at(detail, "/bucket/name").ok_or(BadMessage::Unknown)?;
        let key = at(detail, "/object/key").ok_or(BadMessage::Unknown)?;
        let hint =
            hint("s3", bucket, key, at(detail, "/object/etag"), detail.pointer("/object/size"));
        return Ok(Message::Put(vec![hint]));
    }
    // Azure's Event Grid has `eventType` where CloudEvents has `type`.
    if let Some(kind) = text("type").or_else(|| text("eventType")) {
        return cloud_event(value, kind, depth);
    }
    // Google's notification by way of a push subscription: base64 in it, but what is
    // wanted is among its attributes.
    if let Some(attributes) = value.pointer("/message/attributes") {
        let of = |name: &str| attributes.get(name).and_then(Value::as_str);
        return match (of("eventType"), of("bucketId"), of("objectId")) {
            (Some("OBJECT_FINALIZE"), Some(bucket), Some(key)) => {
                let hint = hint("gs", bucket, key, of("objectGeneration"), None);
                Ok(Message::Put(vec![hint]))
            }
            (Some(_), ..) => Ok(Message::Nothing),
            _ => Err(BadMessage::Unknown),
        };
    }
    Err(BadMessage::Unknown)
}

/// One record of Amazon S3 or of what speaks like it.
fn record(record: &Value) -> Result<Message, BadMessage> {
    let name = record.get("eventName").and_then(Value::as_str).ok_or(BadMessage::Unknown)?;
    // MinIO says `s3:ObjectCreated:Put`.
    if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
        return Ok(Message::Nothing);
    }
    let bucket = at(record, "/s3/bucket/name").ok_or(BadMessage::Unknown)?;
    let key = at(record, "/s3/object/key").ok_or(BadMessage::Unknown)?;
    // As forms are encoded: a blank is a plus.
    let key = decoded(&key.replace('+', " "));
    let object = |name: &str| record.pointer(&format!("/s3/object/{name}"));
    let tag = object("eTag").and_then(Value::as_str);
    Ok(Message::Put(vec![hint("s3", bucket, &key, tag, object("size"))]))
}

fn cloud_event(value: &Value, kind: &str, depth: usize) -> Result<Message, BadMessage> {
    let data = value.get("data").unwrap_or(&Value::Null);
    let of = |name: &str| data.get(name).and_then(Value::as_str);
    match kind {
        "google.cloud.storage.object.v1.finalized" => {
            let bucket = of("bucket").ok_or(BadMessage::Unknown)?;
            let key = of("name").ok_or(BadMessage::Unknown)?;
            let hint = hint("gs", bucket, key, of("generation").or(of("etag")), data.get("size"));
            Ok(Message::Put(vec![hint]))
        }
        "Microsoft.Storage.BlobCreated" => {
            let subject = value.get("subject").and_then(Value::as_str).unwrap_or_default();
            let place = subject.strip_prefix("/blobServices/default/containers/");
            let (container, key) =
                place.and_then(|place| place.split_once("/blobs/")).ok_or(BadMessage::Unknown)?;
            let hint = hint("az", container, key, of("eTag"), data.get("contentLength"));
            Ok(Message::Put(vec![hint]))
        }
        // Amazon's and MinIO's records in the data of an event.
        _ if data.get("Records").is_some() => read(data, depth + 1),
        _ if data.get("s3").is_some() => record(data),
        // Ours, for whoever has no store that speaks: where it is, and no more.
        "roadloop.recording.uploaded" => {
            let address = of("address").or(of("path")).ok_or(BadMessage::Unknown)?;
            let (tag, bytes) = (of("tag").map(str::to_owned), whole(data.get("bytes")));
            Ok(Message::Put(vec![Hint { address: address.to_owned(), tag, bytes }]))
        }
        _ if kind.contains("storage") || kind.contains("Storage") => Ok(Message::Nothing),
        _ => Err(BadMessage::Unknown),
    }
}

fn hint(scheme: &str, bucket: &str, key: &str, tag: Option<&str>, bytes: Option<&Value>) -> Hint {
    let tag = tag.map(|tag| tag.trim_matches('"').to_owned()).filter(|tag| !tag.is_empty());
    Hint { address: roadloop_store::address(scheme, bucket, key), tag, bytes: whole(bytes) }
}

fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A number, which some write as a text.
fn whole(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn together(sum: Message, next: Message) -> Message {
    match (sum, next) {
        (Message::Put(mut hints), Message::Put(more)) => {
            let room = MAX_HINTS.saturating_sub(hints.len());
            hints.extend(more.into_iter().take(room));
            Message::Put(hints)
        }
        (Message::Put(hints), Message::Nothing) | (Message::Nothing, Message::Put(hints)) => {
            Message::Put(hints)
        }
        (Message::Nothing, Message::Nothing) => Message::Nothing,
    }
}

/// `%20` as the byte it stands for; what is no such code stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let digits = code.and_then(|code| std::str::from_utf8(code).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &[(&str, Option<&str>, Option<u64>)]) {
        let hint = |(address, tag, bytes): &(&str, Option<&str>, Option<u64>)| Hint {
            address: (*address).to_owned(),
            tag: tag.map(str::to_owned),
            bytes: *bytes,
        };
        let expected = match expected {
            [] => Message::Nothing,
            hints => Message::Put(hints.iter().map(hint).collect()),
        };
        assert_eq!(read_message(message.as_bytes()), Ok(expected));
    }

    /// From Amazon's description of the message.
    const S3: &str = r#"{"Records":[
        {"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-west-2",
         "eventTime":"1970-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put",
         "s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule",
               "bucket":{"name":"fleet","arn":"arn:aws:s3:::fleet"},
               "object":{"key":"2026/drive+1%23%C3%BC.bag","size":1024,
                         "eTag":"d41d8cd98f00b204e9800998ecf8427e","sequencer":"0055AED6DCD90281E5"}}},
        {"eventName":"ObjectCreated:CompleteMultipartUpload",
         "s3":{"bucket":{"name":"fleet"},"object":{"key":"b.mcap"}}},
        {"eventName":"ObjectRemoved:Delete",
         "s3":{"bucket":{"name":"fleet"},"object":{"key":"gone.bag"}}}]}"#;

    const S3_HINTS: [(&str, Option<&str>, Option<u64>); 2] = [
        ("s3://fleet/2026/drive 1%23ü.bag", Some("d41d8cd98f00b204e9800998ecf8427e"), Some(1024)),
        ("s3://fleet/b.mcap", None, None),
    ];

    #[test]
    fn amazons_messages() {
        check(S3, &S3_HINTS);
        let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z",
            "Bucket":"fleet","RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR"}"#;
        check(test, &[]);
        let sns = serde_json::json!({"Type": "Notification", "Message": S3}).to_string();
        check(&sns, &S3_HINTS);
        let bridge = r#"{"version":"0","detail-type":"Object Created","source":"aws.s3",
            "detail":{"version":"0","bucket":{"name":"fleet"},
                      "object":{"key":"a b.bag","size":5,"etag":"b1946ac9"},"reason":"PutObject"}}"#;
        check(bridge, &[("s3://fleet/a b.bag", Some("b1946ac9"), Some(5))]);
    }

    #[test]
    fn others_messages() {
        let minio = r#"{"EventName":"s3:ObjectCreated:Put","Key":"fleet/a.bag","Records":[
            {"eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"fleet"},
             "object":{"key":"a.bag","size":7,"eTag":"abc"}}}]}"#;
        check(minio, &[("s3://fleet/a.bag", Some("abc"), Some(7))]);
        let google = r#"{"specversion":"1.0","type":"google.cloud.storage.object.v1.finalized",
            "source":"//storage.googleapis.com/projects/_/buckets/fleet","id":"1",
            "data":{"bucket":"fleet","name":"a.mcap","generation":"167","size":"12"}}"#;
        check(google, &[("gs://fleet/a.mcap", Some("167"), Some(12))]);
        let push = r#"{"message":{"attributes":{"eventType":"OBJECT_FINALIZE","bucketId":"fleet",
            "objectId":"a.mcap","objectGeneration":"9"},"data":"e30="},"subscription":"s"}"#;
        check(push, &[("gs://fleet/a.mcap", Some("9"), None)]);
        let azure = r#"[{"eventType":"Microsoft.Storage.BlobCreated",
            "subject":"/blobServices/default/containers/fleet/blobs/x/a.bag",
            "data":{"eTag":"0x8D4","contentLength":524288}}]"#;
        check(azure, &[("az://fleet/x/a.bag", Some("0x8D4"), Some(524_288))]);
        let ours = r#"{"specversion":"1.0","type":"roadloop.recording.uploaded","source":"me","id":"1",
            "data":{"address":"/data/drive.bag"}}"#;
        check(ours, &[("/data/drive.bag", None, None)]);
        check("[]", &[]);
        check(r#"{"type":"google.cloud.storage.object.v1.deleted","data":{}}"#, &[]);
    }

    #[test]
    fn what_says_nothing_is_named() {
        let is_unknown = |text: &str| {
            assert_eq!(read_message(text.as_bytes()), Err(BadMessage::Unknown), "{text}");
        };
        is_unknown("{}");
        is_unknown("null");
        is_unknown(r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{}}]}"#);
        is_unknown(r#"{"Type":"Notification","Message":"hello"}"#);
        is_unknown("[[[[[[[]]]]]]]");
        assert!(matches!(read_message(b"\xff"), Err(BadMessage::NotJson { .. })));
        let long = vec![b' '; MAX_MESSAGE_BYTES + 1];
        assert!(matches!(read_message(&long), Err(BadMessage::TooLong { .. })));
    }

    #[test]
    fn broken_messages_never_panic() {
        for cut in 0..S3.len() {
            let _ = read_message(&S3.as_bytes()[..cut]);
        }
        for (place, _) in S3.char_indices() {
            let mut bytes = S3.as_bytes().to_vec();
            for byte in [0, b'"', b'{', b'%', 0xff] {
                bytes[place] = byte;
                let _ = read_message(&bytes);
            }
        }
        assert_eq!(decoded("%"), "%");
        assert_eq!(decoded("%4"), "%4");
        assert_eq!(decoded("%zz%41"), "%zzA");
    }
}
