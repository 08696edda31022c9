//! What is in an MCAP record: fields, little-endian, taken off a body and put
//! back in the order of <https://mcap.dev/spec>. Fields of later versions of
//! the format may follow those known here; they are passed over.

use bytes::Bytes;

use crate::channel::Definition;

/// A recording's free texts by key, in the order they were written.
pub(crate) type Texts = Vec<(String, String)>;

/// A body that can be taken apart and put together.
pub(crate) trait Body: Sized {
    /// `None` where the bytes end too early.
    fn parse(body: &[u8]) -> Option<Self>;
    fn put(&self, into: &mut Vec<u8>);
}

/// Declares a record of plain fields: the struct, how it is parsed, how it is
/// written.
macro_rules! body {
    ($(#[$doc:meta])* $vis:vis $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        $vis struct $name {
            $($(#[$field_doc])* $vis $field: $type,)*
        }

        impl Body for $name {
            fn parse(body: &[u8]) -> Option<$name> {
                let mut fields = Fields(body);
                Some($name { $($field: <$type>::take(&mut fields)?,)* })
            }

            fn put(&self, into: &mut Vec<u8>) {
                $(self.$field.give(into);)*
            }
        }
    };
}

body! {
    /// Who wrote the file, and by which conventions.
    pub(crate) Header { profile: String, library: String, }
}
body! {
    pub(crate) Footer {
        /// 0 where there is no summary.
        summary_at: u64,
        /// 0 where there is none.
        summary_offsets_at: u64,
        /// Over the summary and the footer up to this field; 0 where there is none.
        summary_crc: u32,
    }
}
body! {
    pub(crate) Schema { id: u16, definition: Definition, }
}
body! {
    pub(crate) Channel {
        id: u16,
        /// 0 where there is none.
        schema: u16,
        topic: String,
        message_encoding: String,
        metadata: Texts,
    }
}
body! {
    /// The data follows it.
    pub(crate) MessageHeader {
        channel: u16,
        sequence: u32,
        logged_at: u64,
        published_at: u64,
    }
}
body! {
    /// Where a chunk is, and where the message indexes behind it are.
    pub(crate) ChunkIndex {
        start: u64,
        end: u64,
        chunk_at: u64,
        chunk_len: u64,
        /// By channel.
        message_indexes_at: Vec<(u16, u64)>,
        message_indexes_len: u64,
        compression: String,
        compressed_size: u64,
        uncompressed_size: u64,
    }
}
body! {
    pub(crate) Statistics {
        messages: u64,
        schemas: u16,
        channels: u32,
        attachments: u32,
        metadata: u32,
        chunks: u32,
        /// 0 where there are no messages.
        start: u64,
        end: u64,
        channel_messages: Vec<(u16, u64)>,
    }
}
body! {
    /// Texts about the whole recording.
    pub Metadata { name: String, texts: Texts, }
}
body! {
    pub(crate) MetadataIndex { at: u64, len: u64, name: String, }
}
body! {
    pub(crate) AttachmentIndex {
        at: u64,
        len: u64,
        logged_at: u64,
        created_at: u64,
        data_len: u64,
        name: String,
        media_type: String,
    }
}
body! {
    /// Where in the summary the records of one operation are.
    pub(crate) SummaryOffset { op: u8, at: u64, len: u64, }
}
body! {
    pub(crate) DataEnd { data_crc: u32, }
}

impl Footer {
    pub(crate) const LEN: u64 = 20;
    /// Of a footer, what the checksum covers: its head, and all before itself.
    pub(crate) const CHECKED_LEN: u64 = super::record::HEAD + 16;
}

/// In this version of the format.
pub(crate) const DATA_END_LEN: u64 = 4;

impl MessageHeader {
    pub(crate) const LEN: u64 = 22;
}

/// A file that travels with the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Nanoseconds since 1970.
    pub logged_at: u64,
    /// Nanoseconds since 1970; 0 where it is not known.
    pub created_at: u64,
    pub name: String,
    pub media_type: String,
    pub data: Bytes,
}

impl Attachment {
    /// `None` where it is cut off or its checksum is wrong.
    pub(crate) fn parse(body: &Bytes) -> Option<Attachment> {
        let mut fields = Fields(body);
        let (logged_at, created_at) = (u64::take(&mut fields)?, u64::take(&mut fields)?);
        let (name, media_type) = (String::take(&mut fields)?, String::take(&mut fields)?);
        let len = usize::try_from(u64::take(&mut fields)?).ok()?;
        let at = body.len() - fields.0.len();
        let data = body.get(at..at.checked_add(len)?).map(|data| body.slice_ref(data))?;
        let crc = u32::take(&mut Fields(&body[at + len..]))?;
        let is_sound = crc == 0 || crc32fast::hash(&body[..at + len]) == crc;
        is_sound.then_some(Attachment { logged_at, created_at, name, media_type, data })
    }

    pub(crate) fn put(&self, into: &mut Vec<u8>) {
        let from = into.len();
        self.logged_at.give(into);
        self.created_at.give(into);
        self.name.give(into);
        self.media_type.give(into);
        (self.data.len() as u64).give(into);
        into.extend_from_slice(&self.data);
        crc32fast::hash(&into[from..]).give(into);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkHeader {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) uncompressed_size: u64,
    /// 0 where there is none.
    pub(crate) uncompressed_crc: u32,
    pub(crate) compression: String,
    pub(crate) compressed_size: u64,
    /// Of these fields, in the chunk's body.
    pub(crate) header_len: u64,
}

impl ChunkHeader {
    /// More than any takes.
    pub(crate) const MAX_LEN: usize = 256;

    pub(crate) fn parse(body: &[u8]) -> Option<ChunkHeader> {
        let mut fields = Fields(body);
        let (start, end) = (u64::take(&mut fields)?, u64::take(&mut fields)?);
        let uncompressed_size = u64::take(&mut fields)?;
        let uncompressed_crc = u32::take(&mut fields)?;
        let compression = String::take(&mut fields)?;
        let compressed_size = u64::take(&mut fields)?;
        let header_len = (body.len() - fields.0.len()) as u64;
        // So that sums of the two cannot overflow.
        if compressed_size > u64::MAX / 2 {
            return None;
        }
        Some(ChunkHeader {
            start,
            end,
            uncompressed_size,
            uncompressed_crc,
            compression,
            compressed_size,
            header_len,
        })
    }

    /// The compressed records follow it.
    pub(crate) fn put(&self, into: &mut Vec<u8>) {
        self.start.give(into);
        self.end.give(into);
        self.uncompressed_size.give(into);
        self.uncompressed_crc.give(into);
        self.compression.give(into);
        self.compressed_size.give(into);
    }
}

/// Where in the chunk before it a channel's messages lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageIndex<'a> {
    pub(crate) channel: u16,
    pub(crate) entries_len: u64,
    entries: &'a [u8],
}

impl<'a> MessageIndex<'a> {
    /// A time and an offset.
    const ENTRY: usize = 16;

    pub(crate) fn parse(body: &'a [u8]) -> Option<MessageIndex<'a>> {
        let mut fields = Fields(body);
        let channel = u16::take(&mut fields)?;
        let entries_len = u64::from(u32::take(&mut fields)?);
        // Padding may follow, and a caller may have only the start.
        let there = fields.0.len().min(entries_len as usize);
        Some(MessageIndex { channel, entries_len, entries: &fields.0[..there] })
    }

    pub(crate) fn put(channel: u16, times_and_offsets: &[(u64, u64)], into: &mut Vec<u8>) {
        channel.give(into);
        ((times_and_offsets.len() * MessageIndex::ENTRY) as u32).give(into);
        for (time, offset) in times_and_offsets {
            time.give(into);
            offset.give(into);
        }
    }

    pub(crate) fn messages(&self) -> u64 {
        self.entries_len / MessageIndex::ENTRY as u64
    }

    /// Offsets in the decompressed chunk.
    pub(crate) fn offsets(&self) -> impl Iterator<Item = u64> + 'a {
        let offset = |entry: &[u8]| entry[8..].try_into().map_or(0, u64::from_le_bytes);
        self.entries.chunks_exact(MessageIndex::ENTRY).map(offset)
    }
}

/// What is left of a body.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Bytes behind their length.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = u32::take(self)? as usize;
        let bytes = self.0.get(..len)?;
        self.0 = &self.0[len..];
        Some(bytes)
    }
}

trait Field: Sized {
    fn take(fields: &mut Fields<'_>) -> Option<Self>;
    fn give(&self, into: &mut Vec<u8>);
}

macro_rules! number_field {
    ($($type:ty)*) => {$(
        impl Field for $type {
            fn take(fields: &mut Fields<'_>) -> Option<$type> {
                let (bytes, rest) = fields.0.split_first_chunk()?;
                fields.0 = rest;
                Some(<$type>::from_le_bytes(*bytes))
            }

            fn give(&self, into: &mut Vec<u8>) {
                into.extend(self.to_le_bytes());
            }
        }
    )*};
}

number_field! { u8 u16 u32 u64 }

impl Field for String {
    fn take(fields: &mut Fields<'_>) -> Option<String> {
        fields.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    fn give(&self, into: &mut Vec<u8>) {
        give_bytes(self.as_bytes(), into);
    }
}

impl Field for Definition {
    fn take(fields: &mut Fields<'_>) -> Option<Definition> {
        let (name, encoding) = (String::take(fields)?, String::take(fields)?);
        Some(Definition { name, encoding, data: Bytes::copy_from_slice(fields.bytes()?) })
    }

    fn give(&self, into: &mut Vec<u8>) {
        self.name.give(into);
        self.encoding.give(into);
        give_bytes(&self.data, into);
    }
}

impl<K: Field, V: Field> Field for Vec<(K, V)> {
    fn take(fields: &mut Fields<'_>) -> Option<Vec<(K, V)>> {
        let mut inner = Fields(fields.bytes()?);
        let mut pairs = Vec::new();
        while !inner.0.is_empty() {
            pairs.push((K::take(&mut inner)?, V::take(&mut inner)?));
        }
        Some(pairs)
    }

    fn give(&self, into: &mut Vec<u8>) {
        let mut inner = Vec::new();
        for (key, value) in self {
            key.give(&mut inner);
            value.give(&mut inner);
        }
        give_bytes(&inner, into);
    }
}

fn give_bytes(bytes: &[u8], into: &mut Vec<u8>) {
    (bytes.len() as u32).give(into);
    into.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_that_claim_too_much_are_refused() {
        let channel = [&[1, 0, 0, 0][..], &u32::MAX.to_le_bytes(), b"/topic"].concat();
        assert_eq!(Channel::parse(&channel), None);
    }

    #[test]
    fn attachments_are_checked() {
        let attachment = Attachment {
            logged_at: 1,
            created_at: 2,
            name: "notes.txt".to_owned(),
            media_type: "text/plain".to_owned(),
            data: Bytes::from_static(b"wet road"),
        };
        let mut body = Vec::new();
        attachment.put(&mut body);
        assert_eq!(Attachment::parse(&Bytes::from(body.clone())), Some(attachment));
        body[30] ^= 1;
        assert_eq!(Attachment::parse(&Bytes::from(body)), None);
    }

    /// What parses is written again, byte for byte, with nothing but padding lost.
    fn check_round_trip<B: Body>(bytes: &[u8]) {
        let Some(body) = B::parse(bytes) else { return };
        let mut written = Vec::new();
        body.put(&mut written);
        let again = B::parse(&written).map(|again| {
            let mut twice = Vec::new();
            again.put(&mut twice);
            twice
        });
        assert_eq!(again, Some(written));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            check_round_trip::<Header>(&bytes);
            check_round_trip::<Footer>(&bytes);
            check_round_trip::<Schema>(&bytes);
            check_round_trip::<Channel>(&bytes);
            check_round_trip::<MessageHeader>(&bytes);
            check_round_trip::<ChunkIndex>(&bytes);
            check_round_trip::<Statistics>(&bytes);
            check_round_trip::<Metadata>(&bytes);
            check_round_trip::<MetadataIndex>(&bytes);
            check_round_trip::<AttachmentIndex>(&bytes);
            check_round_trip::<SummaryOffset>(&bytes);
            check_round_trip::<DataEnd>(&bytes);
            let _ = (ChunkHeader::parse(&bytes), MessageIndex::parse(&bytes).map(|i| i.offsets().max()));
            let _ = Attachment::parse(&Bytes::from(bytes));
        }
    }
}
