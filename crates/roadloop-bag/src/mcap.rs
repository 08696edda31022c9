//! MCAP (<https://mcap.dev/spec>).
//!
//! [`record`] finds records in any bytes and [`body`] takes them apart; [`index`]
//! reads the summary at the end; [`reader`] goes through the file from start to
//! end, chunk by [`chunk`], and past damage; [`writer`] writes one. The records are
//! parsed here and not by the format's own library, which reserves whatever length
//! a text field claims and gives up at the first damaged place.

mod body;
mod chunk;
#[cfg(test)]
pub(crate) mod conformance;
mod index;
mod reader;
mod record;
mod writer;

pub use body::{Attachment, Metadata};
pub(crate) use index::{McapIndex, read_index};
pub(crate) use reader::McapReader;
pub use writer::{McapCompression, McapWriter};
