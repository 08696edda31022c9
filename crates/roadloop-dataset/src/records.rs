//! Files of records, MXNet's RecordIO: labels and images one behind the other in one large
//! file, which training reads from disks and buckets far faster than a folder of images.
//!
//! Three files of one stem belong together: `.rec` holds the records, `.idx` says where
//! each of them begins (`id`, tab, `offset`), `.lst` is the list `im2rec.py` would have made
//! them from, with labels and paths. `classes.txt` beside them names the classes, one a
//! line, since records have numbers only.
//!
//! A record is a frame ([`recordio`]) around a header and a label ([`header`]) and an
//! image's file. [`RecordReader`] reads them in any order from anything that is [`Bytes`];
//! [`RecordWriter`] writes them, and goes on where it was killed.

mod header;
mod index;
mod reader;
mod recordio;
mod source;
mod writer;

pub use header::{Record, RecordBox, RecordLabel};
pub use index::ListLine;
pub use reader::{RecordReader, read_classes, record_image};
pub use source::{Bytes, FileBytes};
pub use writer::{
    EmptyImages, NewRecord, RecordRows, RecordSettings, RecordTally, RecordWriter, Written,
};

pub(crate) use index::read_list;

/// The names of classes, one a line.
pub(crate) const CLASSES_FILE: &str = "classes.txt";
