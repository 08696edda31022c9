//! What is asked of workers: an order, and the tasks it falls into.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use roadloop_bag::Selection;
use roadloop_base::{Nanos, Part, RecordingId, Stage};
use roadloop_catalog::Filter;
use roadloop_queue::{Job, Priority};
use roadloop_store::public_part;
use roadloop_vision::RedactStyle;

use crate::EngineError;
use crate::flow::RunSettings;
use crate::stages::redact::RedactSettings;
use crate::work::{Home, lane};

/// The name of an order: the stem of its recording and 16 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "RecordingId", into = "RecordingId")]
pub struct OrderId(RecordingId);

impl OrderId {
    /// Follows from what makes two orders the same; at least one part.
    pub fn from_content(source: &str, parts: &[&str]) -> OrderId {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let name = source.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let stem: String = stem.chars().take(60).collect();
        let mut last = [0; 4];
        last.copy_from_slice(&digest[4..8]);
        let stem = format!("{stem}-{}", hex(&digest[..4]));
        OrderId(RecordingId::from_content(&stem, last))
    }

    pub fn new(text: &str) -> Option<OrderId> {
        RecordingId::new(text).ok().map(OrderId)
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<RecordingId> for OrderId {
    fn from(id: RecordingId) -> OrderId {
        OrderId(id)
    }
}

impl From<OrderId> for RecordingId {
    fn from(id: OrderId) -> RecordingId {
        id.0
    }
}

/// One recording to be taken through stages, with everything a worker has to know
/// besides its own models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    /// Path or address of the recording; an address may hold a signature.
    pub source: String,
    /// When it was given, in milliseconds since 1970.
    pub ordered_at_ms: u64,
    pub stages: Vec<Stage>,
    #[serde(default)]
    pub is_urgent: bool,
    #[serde(default)]
    pub topics: Vec<String>,
    #[serde(default)]
    pub every: u32,
    #[serde(default)]
    pub rate_hz: Option<f64>,
    #[serde(default)]
    pub from: Option<Nanos>,
    #[serde(default)]
    pub to: Option<Nanos>,
    /// Anonymise frames that match this sentence of the filter language.
    #[serde(default)]
    pub only: Option<String>,
    pub is_solid: bool,
    pub margin: f32,
    #[serde(default)]
    pub name: Option<RecordingId>,
    /// The store it was given for; orders of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
}

impl Order {
    pub fn new(id: OrderId, source: String, ordered_at_ms: u64, settings: &RunSettings) -> Order {
        let RunSettings { stages, selection, only, redact, name } = settings;
        Order {
            id,
            source,
            ordered_at_ms,
            stages: Stage::ALL.into_iter().filter(|stage| stages.contains(stage)).collect(),
            is_urgent: false,
            topics: selection.topics.clone(),
            every: selection.every,
            rate_hz: selection.rate_hz,
            from: selection.from,
            to: selection.to,
            only: only.as_ref().map(ToString::to_string),
            is_solid: redact.style == RedactStyle::Solid,
            margin: redact.margin,
            name: name.clone(),
            home: None,
        }
    }

    /// Where the recording is, as it may be shown: a signature in its address is left
    /// out.
    pub fn place(&self) -> String {
        public_part(&self.source)
    }

    pub fn wants(&self, stage: Stage) -> bool {
        self.stages.contains(&stage)
    }

    pub fn priority(&self) -> Priority {
        if self.is_urgent { Priority::High } else { Priority::Normal }
    }

    pub(crate) fn selection(&self, chunks_ahead: usize) -> Selection {
        Selection {
            topics: self.topics.clone(),
            from: self.from,
            to: self.to,
            every: self.every,
            rate_hz: self.rate_hz,
            chunks_ahead,
        }
    }

    pub(crate) fn only(&self) -> Result<Option<Filter>, EngineError> {
        let parse = |text: &String| Filter::parse(text);
        let parsed = self.only.as_ref().map(parse).transpose();
        parsed.map_err(|error| EngineError::Catalog(error.into()))
    }

    pub(crate) fn redact(&self) -> RedactSettings {
        let style = if self.is_solid { RedactStyle::Solid } else { RedactStyle::Blur };
        RedactSettings { style, margin: self.margin }
    }

    /// What follows on a stage for each part of the recording.
    pub(crate) fn stage_after(&self, stage: Stage) -> Option<Stage> {
        let chain = [Stage::Extract, Stage::Detect, Stage::Anonymize];
        let place = chain.iter().position(|link| *link == stage)?;
        chain[place + 1..].iter().copied().find(|next| self.wants(*next))
    }
}

/// One job's worth of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub order: Order,
    pub stage: Stage,
    /// What of the recording; stages that read it from its source take it whole.
    #[serde(default)]
    pub part: Option<Part>,
}

impl Task {
    /// The same for the same work of the same order.
    pub fn id(&self) -> String {
        let (order, stage) = (&self.order.id, self.stage);
        match self.part.as_ref().and_then(|part| part.shards.as_ref()) {
            None => format!("{order}/{stage}"),
            Some(run) => format!("{order}/{stage}/{}/{:06}", run.camera, run.first),
        }
    }

    /// The stage of a job, told from its id.
    pub fn stage_of(job: &str) -> Option<Stage> {
        let name = job.split('/').nth(1)?;
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }

    pub(crate) fn job(&self) -> Result<Job, EngineError> {
        let body = serde_json::to_string(self)
            .map_err(|source| EngineError::Record { key: self.id(), source })?;
        Ok(Job::new(lane(self.stage, self.order.priority()), self.id(), body))
    }

    pub(crate) fn of(job: &Job) -> Result<Task, EngineError> {
        serde_json::from_str(&job.body)
            .map_err(|source| EngineError::Record { key: job.id.clone(), source })
    }

    /// What it is about, for people.
    pub fn about(&self) -> String {
        self.part.as_ref().map_or_else(|| self.order.place(), ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadloop_base::{Camera, ShardRun};

    fn settings() -> RunSettings {
        RunSettings {
            stages: vec![Stage::Anonymize, Stage::Extract],
            selection: Selection {
                topics: vec!["/front".to_owned()],
                every: 3,
                ..Selection::default()
            },
            only: Some(Filter::parse("has(person)").unwrap()),
            redact: RedactSettings { style: RedactStyle::Solid, margin: 0.25 },
            name: None,
        }
    }

    #[test]
    fn an_order_says_all_of_the_settings() {
        let id = OrderId::from_content("s3://fleet/2026/drive 1.bag.zst", &["a"]);
        assert!(id.as_str().starts_with("drive_1-"), "{id}");
        assert_eq!(id.as_str().len(), "drive_1-".len() + 17);
        assert_ne!(id, OrderId::from_content("s3://fleet/2026/drive 1.bag.zst", &["b"]));
        let order = Order::new(id, "drive.bag".to_owned(), 7, &settings());
        let text = serde_json::to_string(&order).unwrap();
        let order: Order = serde_json::from_str(&text).unwrap();
        let RunSettings { selection, redact, .. } = settings();
        let found = order.selection(selection.chunks_ahead);
        assert_eq!(format!("{found:?}"), format!("{selection:?}"));
        assert_eq!(order.redact(), redact);
        assert_eq!(order.only().unwrap().unwrap().to_string(), "has(person)");
        assert_eq!(order.stages, [Stage::Extract, Stage::Anonymize]);
        assert_eq!(order.stage_after(Stage::Extract), Some(Stage::Anonymize));
        assert_eq!(order.stage_after(Stage::Anonymize), None);
        assert_eq!(order.stage_after(Stage::Video), None);
        let signed = Order { source: "https://host/a.bag?sig=secret".to_owned(), ..order };
        assert_eq!(signed.place(), "https://host/a.bag");
    }

    #[test]
    fn a_task_is_a_job_and_back() {
        let order = Order::new(
            OrderId::from_content("drive.bag", &["a"]),
            "drive.bag".to_owned(),
            7,
            &settings(),
        );
        let camera = Camera::new("front").unwrap();
        let shards = Some(ShardRun { camera, first: 8, count: 4 });
        let part = Part { recording: RecordingId::new("drive").unwrap(), shards };
        let task = Task { order: order.clone(), stage: Stage::Detect, part: Some(part) };
        let job = task.job().unwrap();
        assert_eq!(job.id, format!("{}/detect/front/000008", order.id));
        assert_eq!(Task::of(&job).unwrap(), task);
        assert_eq!(Task::stage_of(&job.id), Some(Stage::Detect));
        assert_eq!(Task::stage_of("of/another/program"), None);
        let whole = Task { order, stage: Stage::Extract, part: None };
        assert!(whole.id().ends_with("/extract"));
        let bad = Job::new(lane(Stage::Detect, Priority::Normal), "x", "{}");
        assert!(matches!(Task::of(&bad), Err(EngineError::Record { .. })));
    }
}
