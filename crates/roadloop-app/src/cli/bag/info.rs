//! `bag info`: what is in a recording.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use roadloop_base::{EncodedImage, Nanos, Topic};
use roadloop_engine::bag::{Read, Recording, Selection};
use roadloop_engine::vision::{decode, video_size};
use roadloop_engine::{Survey, survey};
use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::render::{self, bytes, counted};
use crate::session::Session;

/// How far is read for a camera's first frame, to know its size.
const LOOK_BYTES: u64 = 64 << 20;

/// Show topics, times, cameras and damage of recordings
///
/// Reads the index and the first frames only; --full reads everything.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop bag info drive.bag
  roadloop bag info drive.mcap --full --json
  roadloop bag info recordings/              every recording in a folder")]
pub(super) struct Args {
    /// Recordings (.bag, .mcap, rosbag2 folders), or folders of them, here or at s3://, gs://, az:// or https://
    #[arg(value_name = "RECORDING", required = true)]
    recordings: Vec<PathBuf>,
    /// Read every message: rates and gaps by topic, and all damage
    #[arg(long)]
    full: bool,
    /// Print the result as JSON, a line for each recording
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &Args) -> Result<Outcome> {
    super::for_each(&args.recordings, args.json, |recording| {
        let info = Info::of(session, recording, args.full)?;
        if args.json {
            render::print_json(&info.as_json())?;
        } else {
            render::print(&info.as_text())?;
        }
        Ok(if info.has_damage() { Outcome::DoneWithSkips } else { Outcome::Done })
    })
}

struct Info {
    recording: Recording,
    /// By topic: width, height, encoding.
    pictures: BTreeMap<String, (u32, u32, String)>,
    survey: Option<Survey>,
}

impl Info {
    fn of(session: &Session, recording: Recording, is_full: bool) -> Result<Info> {
        // Where nothing can be read there is nothing to show; the reader says why.
        recording.messages(&Selection::default())?;
        let survey = match is_full {
            true => Some(survey(&recording, &*session.progress())?),
            false => None,
        };
        Ok(Info { pictures: first_pictures(&recording), recording, survey })
    }

    fn has_damage(&self) -> bool {
        let surveyed = self.survey.as_ref().is_some_and(|survey| !survey.skipped.is_empty());
        surveyed || !self.recording.damage().is_empty()
    }

    fn messages(&self, topic: &Topic) -> Option<u64> {
        let surveyed = self.survey.as_ref().map(|survey| survey.topics.get(&*topic.name));
        surveyed.map(|found| found.map_or(0, |found| found.messages)).or(topic.messages)
    }

    fn rate_hz(&self, topic: &Topic) -> Option<f64> {
        if let Some(survey) = &self.survey {
            return survey.topics.get(&*topic.name)?.rate_hz();
        }
        let (first, last) = self.recording.span()?;
        let seconds = last.0.saturating_sub(first.0) as f64 / 1e9;
        let messages = topic.messages.filter(|messages| *messages > 1)?;
        (seconds > 0.0).then(|| (messages - 1) as f64 / seconds)
    }

    fn as_text(&self) -> String {
        let recording = &self.recording;
        let compressions: Vec<String> = recording.compressions().into_iter().collect();
        let compression = match compressions.is_empty() {
            true => String::new(),
            false => format!(", chunks: {}", compressions.join(", ")),
        };
        let parts = match recording.parts() {
            1 => String::new(),
            parts => format!(" in {parts} parts"),
        };
        let mut text = format!(
            "{}\n  file       {}\n  format     {}, {}{parts}{compression}\n",
            recording.id(),
            recording.path().display(),
            recording.format(),
            bytes(recording.size_bytes()),
        );
        if let Some((first, last)) = recording.span() {
            let seconds = last.0.saturating_sub(first.0) as f64 / 1e9;
            text += &format!("  recorded   {first} to {last}, {seconds:.1} s\n");
        }
        let counts: Option<u64> = recording.topics().iter().map(|t| self.messages(t)).sum();
        let messages = counts.map_or("?".to_owned(), |messages| messages.to_string());
        text += &format!(
            "  messages   {} on {}\n",
            messages,
            counted(recording.topics().len() as u64, "topic")
        );
        text += &self.topic_table();
        text + &self.findings()
    }

    fn topic_table(&self) -> String {
        let rows: Vec<[String; 5]> = self.recording.topics().iter().map(|t| self.row(t)).collect();
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [name, kind, count, rate, _] = [0, 1, 2, 3, 4].map(width);
        let mut text = String::new();
        for [topic, message_type, messages, hz, camera] in &rows {
            let line = format!(
                "  {topic:<name$}  {message_type:<kind$}  {messages:>count$}  {hz:>rate$}  {camera}"
            );
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    fn row(&self, topic: &Topic) -> [String; 5] {
        let camera = topic.camera.as_ref().map_or(String::new(), |camera| {
            let picture = self.pictures.get(&topic.name);
            let picture = picture.map_or(String::new(), |(width, height, encoding)| {
                format!(" {width}x{height} {encoding}")
            });
            format!("camera {camera}{picture}")
        });
        [
            topic.name.clone(),
            topic.message_type.clone(),
            self.messages(topic).map_or("?".to_owned(), |messages| messages.to_string()),
            self.rate_hz(topic).map_or(String::new(), |hz| format!("{hz:.1} Hz")),
            camera,
        ]
    }

    fn findings(&self) -> String {
        let mut text = String::new();
        let skipped = match &self.survey {
            Some(survey) => &survey.skipped[..],
            None => self.recording.damage(),
        };
        for skip in skipped.iter().take(20) {
            text += &format!("  damage     {}: {}\n", skip.place, skip.reason);
        }
        if skipped.len() > 20 {
            text += &format!("  damage     and {} more places; see --json\n", skipped.len() - 20);
        }
        for (topic, found) in self.survey.iter().flat_map(|survey| &survey.topics) {
            let gaps = found.gaps();
            if let Some(longest) = gaps.iter().max_by_key(|gap| gap.to.0 - gap.from.0) {
                text += &format!(
                    "  gaps       {topic}: {}, the longest {:.1} s from {}\n",
                    gaps.len(),
                    longest.seconds(),
                    longest.from
                );
            }
            if found.out_of_order > 0 {
                let messages = counted(found.out_of_order, "message");
                text += &format!("  order      {topic}: {messages} behind later ones\n");
            }
        }
        text
    }

    fn as_json(&self) -> Value {
        let recording = &self.recording;
        let time = |time: Nanos| json!({"ns": time.0, "iso": time.iso()});
        let topics = recording.topics().iter().map(|topic| {
            let picture = self.pictures.get(&topic.name);
            let mut fields = json!({
                "name": topic.name,
                "type": topic.message_type,
                "encoding": topic.encoding,
                "messages": self.messages(topic),
                "rate_hz": self.rate_hz(topic),
                "camera": topic.camera,
                "width": picture.map(|(width, ..)| width),
                "height": picture.map(|(_, height, _)| height),
                "image_encoding": picture.map(|(_, _, encoding)| encoding),
            });
            if let Some(survey) = &self.survey {
                let found = survey.topics.get(&*topic.name).cloned().unwrap_or_default();
                let gaps = found.gaps();
                let gaps = gaps.iter().map(|gap| {
                    json!({"from": time(gap.from), "to": time(gap.to), "seconds": gap.seconds()})
                });
                fields["gaps"] = gaps.collect();
                fields["bytes"] = json!(found.bytes);
                fields["out_of_order"] = json!(found.out_of_order);
                fields["first"] = json!(found.span().map(|(first, _)| time(first)));
                fields["last"] = json!(found.span().map(|(_, last)| time(last)));
            }
            fields
        });
        let skipped = match &self.survey {
            Some(survey) => &survey.skipped[..],
            None => recording.damage(),
        };
        json!({
            "recording": recording.id(),
            "source": recording.path(),
            "format": recording.format().name(),
            "size_bytes": recording.size_bytes(),
            "parts": recording.parts(),
            "compression": recording.compressions(),
            "first": recording.span().map(|(first, _)| time(first)),
            "last": recording.span().map(|(_, last)| time(last)),
            "topics": topics.collect::<Vec<_>>(),
            "damage": skipped,
        })
    }
}

/// Size and encoding of each camera's first frame, where one comes early.
fn first_pictures(recording: &Recording) -> BTreeMap<String, (u32, u32, String)> {
    let cameras = recording.topics().iter().filter(|topic| topic.camera.is_some()).count();
    let mut pictures = BTreeMap::new();
    let Ok(mut frames) = recording.frames(&Selection::default()) else { return pictures };
    while pictures.len() < cameras && frames.bytes_read() < LOOK_BYTES {
        match frames.next() {
            Some(Read::Frame(frame)) if !pictures.contains_key(&*frame.topic) => {
                if let Some((width, height)) = size_of(&frame.image) {
                    let encoding = frame.image.encoding().to_owned();
                    pictures.insert(frame.topic.to_string(), (width, height, encoding));
                }
            }
            Some(_) => {}
            None => break,
        }
    }
    pictures
}

fn size_of(image: &EncodedImage) -> Option<(u32, u32)> {
    if let EncodedImage::Video(picture) = image {
        return video_size(picture);
    }
    let pixels = decode(image).ok()?;
    Some((pixels.width(), pixels.height()))
}
