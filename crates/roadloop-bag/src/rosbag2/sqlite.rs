//! A rosbag2 SQLite database: tables `topics` and `messages`. Messages come in
//! order of time, then of row. The file is opened as one that nobody changes,
//! so nothing is written beside it, no journal and no lock.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, OptionalExtension, ffi, params};

use roadloop_base::{Nanos, Skip};

use crate::BagError;
use crate::channel::{Channel, Definition};
use crate::input::Input;
use crate::part::{Found, Message, Places, Route};
use crate::tally::Tally;

/// Places of messages that are looked up at a time: 32 bytes each, and one
/// pass over the table for every so many where its time index is missing.
const BATCH: usize = 65_536;

/// Topics with their messages; what is damaged is named and left out.
pub(crate) fn read_topics(
    input: &Input,
    damage: &mut Vec<Skip>,
) -> Result<Vec<(Channel, Option<u64>)>, BagError> {
    let path = file_of(input);
    let wal = sibling(path, "-wal");
    if wal.metadata().is_ok_and(|wal| wal.len() > 0) {
        damage.push(Places::of(&wal).file(
            "messages the recorder had not yet moved into the database are not read; \
             opening it once with the sqlite3 tool moves them",
        ));
    }
    let topics = open(path).and_then(|db| {
        let topics = topics(&db)?;
        Ok((counts(&db).ok(), topics))
    });
    match topics {
        Ok((counts, topics)) => {
            let count_of = |id: &i64| Some(counts.as_ref()?.get(id).copied().unwrap_or(0));
            Ok(topics.iter().map(|(id, channel)| (channel.clone(), count_of(id))).collect())
        }
        Err(error) if is_not_rosbag2(&error) => Err(BagError::NotARecording {
            path: input.path.clone(),
            found: "an SQLite database without the tables topics and messages".to_owned(),
        }),
        Err(error) => {
            let reason = format!("the database is damaged: {error}");
            damage.push(Places::in_input(input).file(reason));
            Ok(Vec::new())
        }
    }
}

/// When the first and the last message were recorded.
pub(crate) fn read_span(input: &Input) -> Option<(Nanos, Nanos)> {
    let db = open(file_of(input)).ok()?;
    let query = "SELECT min(timestamp), max(timestamp) FROM messages";
    let span = db.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)));
    span.ok().map(|(start, end)| (Nanos(start), Nanos(end)))
}

/// Databases that lie elsewhere are fetched before they come here.
fn file_of(input: &Input) -> &Path {
    input.file().unwrap_or(&input.path)
}

fn is_not_rosbag2(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::QueryReturnedNoRows)
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(immutable_uri(path), flags)?;
    // The schema comes with the file: it may not call functions, and pages
    // are checked before they are believed.
    db.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON;
         PRAGMA mmap_size = 0; PRAGMA cache_size = -8192;",
    )?;
    // A view could compute for ever; only tables are recordings.
    let tables = "SELECT count(*) FROM sqlite_master
        WHERE type = 'table' AND name IN ('topics', 'messages') AND sql NOT LIKE '%virtual%'";
    match db.query_row(tables, [], |row| row.get(0))? {
        2i64 => Ok(db),
        _ => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}

/// SQLite's own spelling of "nobody changes this file".
/// <https://www.sqlite.org/uri.html>
fn immutable_uri(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::from("file://");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(byte.into());
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}

fn topics(db: &Connection) -> rusqlite::Result<Vec<(i64, Channel)>> {
    // Early versions have no definitions, and a damaged table costs only them.
    let definitions = definitions(db).unwrap_or_default();
    let mut query =
        db.prepare("SELECT id, name, type, serialization_format FROM topics ORDER BY id")?;
    let rows = query.query_map([], |row| {
        let name: String = row.get(2)?;
        let unknown = || Definition { name: name.clone(), ..Definition::default() };
        let definition = definitions.get(&name).cloned().unwrap_or_else(unknown);
        let (topic, encoding) = (row.get(1)?, row.get(3)?);
        Ok((row.get(0)?, Channel { topic, encoding, definition, metadata: Vec::new() }))
    })?;
    rows.collect()
}

/// By the name of the type.
fn definitions(db: &Connection) -> rusqlite::Result<HashMap<String, Definition>> {
    let is_table = "SELECT count(*) FROM sqlite_master
        WHERE type = 'table' AND name = 'message_definitions' AND sql NOT LIKE '%virtual%'";
    if db.query_row(is_table, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(HashMap::new());
    }
    let mut query = db.prepare(
        "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions",
    )?;
    let rows = query.query_map([], |row| {
        let name: String = row.get(0)?;
        let data = Bytes::from(row.get::<_, String>(2)?);
        Ok((name.clone(), Definition { name, encoding: row.get(1)?, data }))
    })?;
    rows.collect()
}

/// Messages by topic. The images themselves lie on pages of their own, which
/// counting does not touch.
fn counts(db: &Connection) -> rusqlite::Result<HashMap<i64, u64>> {
    let mut query = db.prepare(
        "SELECT topic_id, count(*) FROM messages
         WHERE typeof(topic_id) = 'integer' GROUP BY topic_id",
    )?;
    let rows =
        query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    rows.collect()
}

/// Where a message is.
#[derive(Clone, Copy, Debug)]
struct Key {
    row: i64,
    topic: i64,
    time: i64,
}

/// By time, with the database's own index; by row once that turns out damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Time,
    Row,
}

#[derive(Debug)]
pub(crate) struct SqliteReader {
    /// `None` when nothing could be opened; that was named when opening.
    db: Option<Connection>,
    places: Places,
    topics: HashMap<i64, Route>,
    order: Order,
    /// Place of the last message looked up, in order of time and of row.
    last_by_time: Option<(i64, i64)>,
    last_row: Option<i64>,
    batch: VecDeque<Key>,
    is_done: bool,
    len: u64,
    seen: u64,
    messages: u64,
}

impl SqliteReader {
    pub(crate) fn open(input: &Input, tally: &mut Tally) -> Result<SqliteReader, BagError> {
        let len = input.len().map_err(BagError::at(&input.path))?;
        let opened = open(file_of(input)).and_then(|db| Ok((topics(&db)?, db))).ok();
        let mut routes = HashMap::new();
        let mut messages = 0;
        let mut db = None;
        if let Some((topics, opened)) = opened {
            for (id, channel) in topics {
                // Only what is counted on is looked up: counts are by topic.
                let route = Route::new(&channel, tally).filter(|route| tally.counts(route.topic));
                routes.extend(route.map(|route| (id, route)));
            }
            let last = opened.query_row("SELECT max(rowid) FROM messages", [], |row| row.get(0));
            messages = last.unwrap_or(Some(0i64)).unwrap_or(0).unsigned_abs();
            db = Some(opened);
        }
        Ok(SqliteReader {
            is_done: db.is_none() || routes.is_empty(),
            db,
            places: Places::in_input(input),
            topics: routes,
            order: Order::Time,
            last_by_time: None,
            last_row: None,
            batch: VecDeque::new(),
            len,
            seen: 0,
            messages,
        })
    }

    /// Guessed: by the share of rows seen.
    pub(crate) fn position(&self) -> u64 {
        if self.is_done {
            return self.len;
        }
        let share = self.seen as f64 / self.messages.max(1) as f64;
        (self.len as f64 * share.min(1.0)) as u64
    }

    pub(crate) fn next(&mut self, tally: &mut Tally) -> Option<Found> {
        loop {
            let Some(key) = self.batch.pop_front() else {
                if self.is_done {
                    return None;
                }
                match self.fill() {
                    None => continue,
                    damage => return damage.map(Found::Damage),
                }
            };
            self.seen = self.seen.max(key.row.unsigned_abs());
            let Some(route) = self.topics.get(&key.topic) else { continue };
            let logged_at = Nanos(key.time);
            let Some(counted) = tally.count(route.topic, logged_at) else { continue };
            return Some(match self.data(key.row) {
                Ok(data) => Found::Message(Message {
                    route: route.clone(),
                    counted,
                    logged_at,
                    published_at: None,
                    data,
                }),
                Err(error) => Found::Damage(
                    self.places.file(format!("message {} cannot be read: {error}", key.row)),
                ),
            });
        }
    }

    fn data(&self, row: i64) -> rusqlite::Result<Bytes> {
        let Some(db) = &self.db else { return Ok(Bytes::new()) };
        let mut query = db.prepare("SELECT data FROM messages WHERE rowid = ?1")?;
        let data: Option<Vec<u8>> = query.query_row(params![row], |row| row.get(0)).optional()?;
        data.map(Bytes::from).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Looks up the next messages; says what is damaged.
    fn fill(&mut self) -> Option<Skip> {
        match self.look_up() {
            Ok(()) => {
                self.is_done = self.batch.is_empty();
                None
            }
            // What was found before the damage is read first.
            Err(_) if !self.batch.is_empty() => None,
            Err(error) if self.order == Order::Time => {
                self.order = Order::Row;
                self.last_row = None;
                let reason = format!(
                    "the database is damaged: {error}; from here on messages are read in order of row"
                );
                Some(self.places.file(reason))
            }
            Err(error) => {
                self.is_done = true;
                let row = self.last_row.unwrap_or(0);
                let reason = format!("the database is damaged behind row {row}: {error}");
                Some(self.places.file(reason))
            }
        }
    }

    fn look_up(&mut self) -> rusqlite::Result<()> {
        let Some(db) = &self.db else { return Ok(()) };
        let mut ids: Vec<String> = self.topics.keys().map(i64::to_string).collect();
        ids.sort();
        let ids = ids.join(",");
        let (time, row) = self.last_by_time.unwrap_or((i64::MIN, i64::MIN));
        let (wanted, order) = match self.order {
            Order::Time => ("(timestamp, rowid) > (?1, ?2)", "timestamp, rowid"),
            Order::Row => ("rowid > ?3 AND (timestamp, rowid) > (?1, ?2)", "rowid"),
        };
        let table = match self.order {
            Order::Time => "messages",
            Order::Row => "messages NOT INDEXED",
        };
        let mut query = db.prepare(&format!(
            "SELECT rowid, topic_id, timestamp FROM {table}
             WHERE {wanted} AND topic_id IN ({ids}) AND typeof(timestamp) = 'integer' ORDER BY {order} LIMIT {BATCH}"
        ))?;
        let last_row = self.last_row.unwrap_or(i64::MIN);
        let mut rows = match self.order {
            Order::Time => query.query(params![time, row])?,
            Order::Row => query.query(params![time, row, last_row])?,
        };
        while let Some(row) = rows.next()? {
            let key = Key { row: row.get(0)?, topic: row.get(1)?, time: row.get(2)? };
            // A damaged index may lead in circles.
            let goes_on = match self.order {
                Order::Time => self.last_by_time.is_none_or(|last| (key.time, key.row) > last),
                Order::Row => self.last_row.is_none_or(|last| key.row > last),
            };
            if !goes_on {
                let error = ffi::Error::new(ffi::SQLITE_CORRUPT);
                return Err(rusqlite::Error::SqliteFailure(error, None));
            }
            match self.order {
                Order::Time => self.last_by_time = Some((key.time, key.row)),
                Order::Row => self.last_row = Some(key.row),
            }
            self.batch.push_back(key);
        }
        Ok(())
    }
}
