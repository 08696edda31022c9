//! A recording's messages that are no images, as tables: for each topic a CSV
//! and a Parquet file with the same rows.

mod csv;
mod parquet;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use roadloop_bag::{
    Channel, Column, ColumnType, Columns, Decoder, Decoders, Message, ReadMessage, Recording,
    Selection, Value,
};
use roadloop_base::{Report, Skip, Topic, name_topics};

use self::csv::CsvTable;
use self::parquet::ParquetTable;
use crate::{EngineError, JobStart, Progress, Unit};

/// Tables open at once: each holds up to two files and some rows.
const OPEN_TABLES: usize = 100;

#[derive(Clone, Debug, Default)]
pub struct TableSettings {
    pub selection: Selection,
    pub csv: bool,
    pub parquet: bool,
    /// Point clouds, images and other long sequences of bytes too.
    pub takes_bulk: bool,
}

/// What became of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFiles {
    pub topic: String,
    /// Their names in the folder.
    pub files: Vec<String>,
    pub rows: u64,
    /// Fields with bulk data that are not in it.
    pub left_out: Vec<String>,
}

/// Writes the selected topics that are no cameras to `TOPIC.csv` and `.parquet`
/// in `folder`. Each row has the message's `sequence`, when it was
/// recorded (`time_ns`, `time`), its header's stamp where it has one
/// (`stamp_ns`, `stamp`), and its fields, nested ones with dots. Files become
/// visible when they are whole; those of an earlier extraction are replaced.
pub fn extract_tables(
    progress: &dyn Progress,
    recording: &Recording,
    folder: &Path,
    settings: &TableSettings,
) -> Result<(Report, Vec<TableFiles>), EngineError> {
    fs::create_dir_all(folder).map_err(EngineError::writing(folder))?;
    let named: Vec<(&Topic, String)> = {
        let topics = recording.topics();
        let names = name_topics(topics.iter().map(|topic| topic.name.as_str()));
        let wanted = &settings.selection.topics;
        let is_wanted = |topic: &Topic| {
            topic.camera.is_none() && (wanted.is_empty() || wanted.contains(&topic.name))
        };
        topics.iter().zip(names).filter(|(topic, _)| is_wanted(topic)).collect()
    };
    let passes = named.len().div_ceil(OPEN_TABLES) as u64;
    let meter = progress.start(JobStart {
        job: "tables",
        recording: Some(recording.id().clone()),
        unit: Unit::Messages,
        units: None,
        bytes: Some(recording.size_bytes() * passes),
    });
    let mut report = Report::default();
    let mut tables = Vec::new();
    for (pass, topics) in named.chunks(OPEN_TABLES).enumerate() {
        let selection = Selection {
            topics: topics.iter().map(|(topic, _)| topic.name.clone()).collect(),
            ..settings.selection.clone()
        };
        let names = topics.iter().map(|(topic, name)| (topic.name.as_str(), name.as_str()));
        let mut writer = Tables::new(folder, names.collect(), settings);
        let mut decoders = Decoders::default();
        let before = recording.size_bytes() * pass as u64;
        let skip = |skip: Skip, report: &mut Report| {
            // Damage between messages is met in every pass.
            if !report.skipped.contains(&skip) {
                meter.skipped(&skip);
                report.skipped.push(skip);
            }
        };
        let mut messages = recording.messages(&selection)?;
        while let Some(read) = messages.next() {
            match read {
                ReadMessage::Message(message) => match decoders.decode(&message) {
                    Some(Ok((decoder, value))) => {
                        writer.add(&message, decoder, &value)?;
                        report.done += 1;
                        meter.advance(1, before + messages.bytes_read());
                    }
                    Some(Err(damage)) => skip(damage, &mut report),
                    None => {}
                },
                ReadMessage::Skipped(damage) => skip(damage, &mut report),
                ReadMessage::Failed(error) => return Err(error.into()),
                ReadMessage::Attachment(_) | ReadMessage::Metadata(_) => {}
            }
        }
        while let Some(left_out) = decoders.take_left_out() {
            skip(left_out, &mut report);
        }
        tables.extend(writer.finish()?);
    }
    meter.finish(&report);
    Ok((report, tables))
}

/// Whether there are topics that are no cameras.
pub(crate) fn has_tables(recording: &Recording) -> bool {
    recording.topics().iter().any(|topic| topic.camera.is_none())
}

/// The tables being written.
struct Tables<'a> {
    folder: &'a Path,
    settings: &'a TableSettings,
    names: HashMap<&'a str, &'a str>,
    tables: Vec<Table>,
    /// The table of each channel, by its address; the channel is kept so that
    /// no other one takes it.
    of_channel: HashMap<usize, (Arc<Channel>, usize)>,
}

struct Table {
    topic: Arc<str>,
    message_type: String,
    columns: Columns,
    /// The header's stamp, which stands before the other fields.
    stamp: Option<Column>,
    rows: u64,
    files: BTreeSet<String>,
    csv: Option<CsvTable>,
    parquet: Option<ParquetTable>,
}

/// What every row begins with.
#[derive(Clone, Copy, Debug)]
struct Start {
    sequence: u64,
    time_ns: i64,
    stamp_ns: Option<i64>,
}

impl<'a> Tables<'a> {
    fn new(
        folder: &'a Path,
        names: HashMap<&'a str, &'a str>,
        settings: &'a TableSettings,
    ) -> Tables<'a> {
        Tables { folder, settings, names, tables: Vec::new(), of_channel: HashMap::new() }
    }

    fn add(
        &mut self,
        message: &Message,
        decoder: &Decoder,
        value: &Value,
    ) -> Result<(), EngineError> {
        let address = Arc::as_ptr(&message.channel).addr();
        let number = match self.of_channel.get(&address) {
            Some((_, number)) => *number,
            None => {
                let number = self.table(message, decoder, value)?;
                self.of_channel.insert(address, (Arc::clone(&message.channel), number));
                number
            }
        };
        self.tables[number].add(message, value)
    }

    /// The table of a channel: that of another part's same channel, or a new one.
    fn table(
        &mut self,
        message: &Message,
        decoder: &Decoder,
        first: &Value,
    ) -> Result<usize, EngineError> {
        let mut columns = decoder.columns(first, self.settings.takes_bulk);
        let stamp = columns.columns.iter().position(is_stamp);
        let stamp = stamp.map(|stamp| columns.columns.remove(stamp));
        let message_type = message.channel.message_type();
        let of_topic = |table: &&Table| table.topic == message.topic;
        let same = self.tables.iter().position(|table| {
            table.topic == message.topic
                && table.message_type == message_type
                && table.columns.columns == columns.columns
        });
        if let Some(number) = same {
            return Ok(number);
        }
        let name = self.names.get(&*message.topic).copied().unwrap_or("topic");
        // Where types change on a topic, each has its own file.
        let name = match self.tables.iter().filter(of_topic).count() {
            0 => name.to_owned(),
            others => format!("{name}.{}", others + 1),
        };
        let table = Table::create(self, name, message, stamp, columns)?;
        self.tables.push(table);
        Ok(self.tables.len() - 1)
    }

    fn finish(self) -> Result<Vec<TableFiles>, EngineError> {
        let mut done = Vec::new();
        for table in self.tables {
            if let Some(csv) = table.csv {
                csv.finish()?;
            }
            if let Some(parquet) = table.parquet {
                parquet.finish()?;
            }
            done.push(TableFiles {
                topic: table.topic.to_string(),
                files: table.files.into_iter().collect(),
                rows: table.rows,
                left_out: table.columns.left_out,
            });
        }
        done.sort_by(|a, b| a.files.cmp(&b.files));
        Ok(done)
    }
}

impl Table {
    fn create(
        tables: &Tables<'_>,
        name: String,
        message: &Message,
        stamp: Option<Column>,
        columns: Columns,
    ) -> Result<Table, EngineError> {
        let names = header(&columns, stamp.is_some());
        let mut files = BTreeSet::new();
        let mut path = |extension: &str| {
            let file = format!("{name}.{extension}");
            files.insert(file.clone());
            tables.folder.join(file)
        };
        let csv = match tables.settings.csv {
            true => Some(CsvTable::create(&path("csv"), &names)?),
            false => None,
        };
        let parquet = match tables.settings.parquet {
            true => Some(ParquetTable::create(&path("parquet"), &names, &columns)?),
            false => None,
        };
        let message_type = message.channel.message_type().to_owned();
        let topic = Arc::clone(&message.topic);
        Ok(Table { topic, message_type, columns, stamp, rows: 0, files, csv, parquet })
    }

    fn add(&mut self, message: &Message, value: &Value) -> Result<(), EngineError> {
        let stamp_ns = match self.stamp.as_ref().map(|stamp| stamp.cell(value)) {
            Some(Value::Time(moment)) => Some(moment.nanos().0),
            _ => None,
        };
        let start = Start { sequence: message.sequence, time_ns: message.logged_at.0, stamp_ns };
        if let Some(csv) = &mut self.csv {
            csv.add(start, self.stamp.is_some(), &self.columns.columns, value)?;
        }
        if let Some(parquet) = &mut self.parquet {
            parquet.add(start, &self.columns.columns, value)?;
        }
        self.rows += 1;
        Ok(())
    }
}

/// `header.stamp` of ROS, `timestamp` of Foxglove.
fn is_stamp(column: &Column) -> bool {
    column.of == ColumnType::Nanos
        && ["header.stamp", "timestamp", "stamp"].contains(&&*column.name)
}

/// The names of all columns, each of them once.
fn header(columns: &Columns, has_stamp: bool) -> Vec<String> {
    let mut names: Vec<String> = ["sequence", "time_ns", "time"].map(str::to_owned).to_vec();
    if has_stamp {
        names.extend(["stamp_ns", "stamp"].map(str::to_owned));
    }
    let mut taken: BTreeSet<String> = names.iter().cloned().collect();
    for column in &columns.columns {
        let field = format!("message.{}", column.name);
        let numbered = (2..).map(|number| format!("{}-{number}", column.name));
        let mut possible = [column.name.clone(), field].into_iter().chain(numbered);
        let name = possible.find(|name| taken.insert(name.clone()));
        names.push(name.unwrap_or_default());
    }
    names
}

#[cfg(test)]
mod tests;
