//! rosbag2 folders, with the tables `rosbag2_storage_sqlite3` makes.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};

use super::{Compression, DriveWriter, compress};

pub(super) fn write(drive: &DriveWriter, folder: &Path, parts: usize) {
    fs::create_dir_all(folder).expect("a folder can be made");
    let topics = drive.topics();
    let per_part = drive.messages.len().div_ceil(parts.max(1)).max(1);
    let mut files = Vec::new();
    for part in 0..parts {
        files.push(format!("drive_{part}.db3"));
        let path = folder.join(&files[part]);
        let mut db = Connection::open(path).expect("a database can be made");
        db.execute_batch(
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
                 serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);
             CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL,
                 timestamp INTEGER NOT NULL, data BLOB NOT NULL);
             CREATE INDEX timestamp_idx ON messages (timestamp ASC);",
        )
        .expect("tables can be made");
        let all_at_once = db.transaction().expect("a transaction can begin");
        for (number, (topic, type_name)) in topics.iter().enumerate() {
            let row = params![number as i64 + 1, topic, type_name, drive.encoding()];
            let insert = "INSERT INTO topics VALUES (?1, ?2, ?3, ?4, '')";
            all_at_once.execute(insert, row).expect("a row can be written");
        }
        let messages = drive.messages.iter().enumerate().skip(part * per_part).take(per_part);
        for (number, message) in messages {
            let topic = drive.topic_number(&message.topic) as i64 + 1;
            let data = compress(drive.compression, &drive.message(number));
            let row = params![topic, message.logged_at as i64, data];
            let insert = "INSERT INTO messages (topic_id, timestamp, data) VALUES (?1, ?2, ?3)";
            all_at_once.execute(insert, row).expect("a row can be written");
        }
        all_at_once.commit().expect("a transaction can end");
    }
    if drive.has_index {
        fs::write(folder.join("metadata.yaml"), metadata(drive, &topics, &files))
            .expect("metadata can be written");
    }
}

fn metadata(drive: &DriveWriter, topics: &[(String, String)], files: &[String]) -> String {
    let (format, mode) = match drive.compression {
        Compression::None => ("", ""),
        _ => ("zstd", "MESSAGE"),
    };
    let mut text = format!(
        "rosbag2_bagfile_information:\n  version: 5\n  storage_identifier: sqlite3\n\
         \x20 compression_format: \"{format}\"\n  compression_mode: \"{mode}\"\n  \
         relative_file_paths:\n"
    );
    for file in files {
        let _ = writeln!(text, "    - {file}");
    }
    text.push_str("  topics_with_message_count:\n");
    for (topic, type_name) in topics {
        let count = drive.messages.iter().filter(|message| message.topic == *topic).count();
        let _ = writeln!(
            text,
            "    - topic_metadata:\n        name: {topic}\n        type: {type_name}\n        \
             serialization_format: cdr\n      message_count: {count}"
        );
    }
    text
}
