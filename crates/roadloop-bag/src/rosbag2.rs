//! rosbag2: a folder of parts, SQLite databases (`.db3`) or MCAP files, with a
//! `metadata.yaml` that says their order. The parts are read one by one;
//! MCAP parts are the business of [`mcap`](crate::mcap).

mod folder;
mod metadata;
mod sqlite;

pub(crate) use folder::{Folder, Listing, is_rosbag2_folder, is_rosbag2_listing, read_folder};
pub(crate) use sqlite::{SqliteReader, read_span, read_topics};
