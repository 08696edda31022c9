//! Recordings in: ROS 1 bags, MCAP files and rosbag2 folders; bytes to frames,
//! damage named.
//!
//! [`find_recordings`] finds them, [`open`] opens one as a [`Recording`], and
//! [`Recording::frames`] gives what a [`Selection`] asks for, one
//! [`Read`] at a time. Images stay as they were recorded: nothing here looks
//! at a pixel, waits, or knows where frames go.
//!
//! Each format has its room (`ros1`, `mcap`, `rosbag2`) and gives messages;
//! `image` turns messages into images, `decode` messages of any type into
//! values; `tally` counts and selects.

mod ahead;
mod broken;
mod channel;
mod compression;
mod decode;
mod error;
mod find;
mod format;
mod frames;
mod image;
mod input;
mod ledger;
mod mcap;
mod messages;
mod part;
mod passed;
mod recording;
mod remote;
mod ros1;
mod rosbag2;
mod source;
mod tally;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod video_topics;
mod whole_file;
mod wire;

#[cfg(test)]
mod tests;

pub use channel::{Channel, Definition};
pub use decode::{
    Column, ColumnType, Columns, Decoder, Decoders, Element, Moment, Numbers, Record, Value,
};
pub use error::BagError;
pub use find::{
    Found, find_recordings, find_remote_recordings, is_unfinished, look_for_recordings,
};
pub use format::Format;
pub use frames::{Frames, Read};
pub use mcap::{Attachment, McapCompression, McapWriter, Metadata};
pub use messages::{Message, Messages, ReadMessage};
pub use recording::{Recording, open, open_remote, open_remote_folder};
pub use remote::RemoteFile;
pub use tally::Selection;
