//! MCAP (<https://mcap.dev/spec>).
//!
//! [`record`] parses records out of any bytes and does no I/O; [`index`] reads
//! the summary at the end; [`reader`] goes through the file from start to end,
//! and past damage. The records are parsed here and not by the format's own
//! library, which reserves whatever length a text field claims and gives up
//! at the first damaged place.

mod index;
mod reader;
mod record;

pub(crate) use index::{McapIndex, read_index};
pub(crate) use reader::McapReader;
