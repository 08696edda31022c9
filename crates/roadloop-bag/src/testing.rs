//! Writes small recordings in memory, for the tests of this and other crates:
//! bags, MCAP files and rosbag2 folders from a list of topics, times and
//! pictures.
//!
//! Written from the formats' documents, apart from the code that reads them.
//! What other programs wrote is in `testdata/`, so that a misreading of the
//! documents cannot hide on both sides.

mod db3;
mod mcap;
mod picture;
mod ros1;

use std::path::Path;

pub use picture::{MessageForm, Picture};

/// How the chunks of a recording are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    /// Bags and MCAP files.
    Lz4,
    /// Bags only.
    Bz2,
    /// MCAP files, and rosbag2 folders message by message.
    Zstd,
}

/// Collects messages and writes them as one recording.
#[derive(Clone, Debug)]
pub struct DriveWriter {
    container: Container,
    compression: Compression,
    chunk_bytes: usize,
    has_index: bool,
    has_message_indexes: bool,
    form: MessageForm,
    messages: Vec<DriveMessage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Bag,
    Mcap,
    Db3,
}

#[derive(Clone, Debug)]
struct DriveMessage {
    topic: String,
    logged_at: u64,
    picture: Picture,
}

impl DriveWriter {
    /// A ROS 1 bag.
    pub fn bag() -> DriveWriter {
        DriveWriter::new(Container::Bag, MessageForm::Ros1)
    }

    /// An MCAP file with a summary, of ROS 2 messages.
    pub fn mcap() -> DriveWriter {
        DriveWriter::new(Container::Mcap, MessageForm::Cdr)
    }

    /// A rosbag2 folder of SQLite databases, with metadata.
    pub fn db3() -> DriveWriter {
        DriveWriter::new(Container::Db3, MessageForm::Cdr)
    }

    fn new(container: Container, form: MessageForm) -> DriveWriter {
        DriveWriter {
            container,
            compression: Compression::None,
            chunk_bytes: 1 << 20,
            has_index: true,
            has_message_indexes: true,
            form,
            messages: Vec::new(),
        }
    }

    #[must_use]
    pub fn compression(mut self, compression: Compression) -> DriveWriter {
        self.compression = compression;
        self
    }

    /// A chunk is closed once it has this many bytes. 0 in an MCAP file means
    /// no chunks at all.
    #[must_use]
    pub fn chunk_bytes(mut self, bytes: usize) -> DriveWriter {
        self.chunk_bytes = bytes;
        self
    }

    /// As a recorder leaves it that was killed: no index in a bag, no summary
    /// in an MCAP file, no metadata in a rosbag2 folder.
    #[must_use]
    pub fn without_index(mut self) -> DriveWriter {
        self.has_index = false;
        self
    }

    /// MCAP files with a summary that does not say which channels a chunk has.
    #[must_use]
    pub fn without_message_indexes(mut self) -> DriveWriter {
        self.has_message_indexes = false;
        self
    }

    #[must_use]
    pub fn form(mut self, form: MessageForm) -> DriveWriter {
        self.form = form;
        self
    }

    /// Time in nanoseconds since 1970.
    pub fn push(&mut self, topic: &str, logged_at: u64, picture: Picture) {
        self.messages.push(DriveMessage { topic: topic.to_owned(), logged_at, picture });
    }

    /// The bytes of a bag or an MCAP file.
    ///
    /// # Panics
    ///
    /// For a rosbag2 folder, which is more than one file.
    pub fn finish(&self) -> Vec<u8> {
        match self.container {
            Container::Bag => ros1::write(self),
            Container::Mcap => mcap::write(self),
            Container::Db3 => panic!("a rosbag2 folder is written by write_folder"),
        }
    }

    /// Writes a rosbag2 folder of `parts` databases, made if missing.
    ///
    /// # Panics
    ///
    /// Where it cannot be written, as tests do.
    pub fn write_folder(&self, folder: &Path, parts: usize) {
        db3::write(self, folder, parts);
    }

    /// Topics in the order they first came, each with its type.
    fn topics(&self) -> Vec<(String, String)> {
        let mut topics: Vec<(String, String)> = Vec::new();
        for message in &self.messages {
            if topics.iter().all(|(topic, _)| *topic != message.topic) {
                let package = match self.form {
                    MessageForm::Ros1 => "sensor_msgs",
                    MessageForm::Cdr | MessageForm::CdrBigEndian => "sensor_msgs/msg",
                };
                let message_type = format!("{package}/{}", message.picture.type_name());
                topics.push((message.topic.clone(), message_type));
            }
        }
        topics
    }

    fn topic_number(&self, topic: &str) -> usize {
        let number = self.topics().iter().position(|(name, _)| name == topic);
        number.expect("every message's topic is among the topics")
    }

    fn encoding(&self) -> &'static str {
        match self.form {
            MessageForm::Ros1 => "ros1",
            MessageForm::Cdr | MessageForm::CdrBigEndian => "cdr",
        }
    }

    fn message(&self, number: usize) -> Vec<u8> {
        let DriveMessage { logged_at, picture, .. } = &self.messages[number];
        picture.message(self.form, number as u32, *logged_at)
    }
}

/// Compresses with the same libraries that read; the codecs themselves are
/// not what is tested.
fn compress(compression: Compression, data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    match compression {
        Compression::None => data.to_vec(),
        Compression::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(data).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        Compression::Bz2 => {
            let mut encoder =
                bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            encoder.write_all(data).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        Compression::Zstd => zstd::encode_all(data, 1).expect("memory takes all"),
    }
}
