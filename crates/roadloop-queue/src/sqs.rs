//! Queues in Amazon SQS: a standard queue for each lane.
//!
//! Amazon keeps a job for 14 days, holds one for 12 hours at most, and takes 120 000
//! that are held at once. A receiver sees only some of its servers unless it waits
//! a second, so an empty answer to who does not wait does not say that nothing is
//! there. Jobs may come twice, and in another order.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::aws::{AwsClient, AwsError, AwsService};
use crate::envelope::{seal, unseal};
use crate::hold::HeldUntil;
use crate::job::Token;
use crate::open::check;
use crate::{Claim, Depth, Job, Lane, Queue, QueueError, QueueOptions};

/// What SQS takes and gives in one call.
const BATCH: usize = 10;
const BATCH_BYTES: usize = 256 * 1024;

/// How many batches of one push are on their way at once.
const ON_THE_WAY: usize = 8;

/// How long a receiver may wait in one call.
const LONGEST_WAIT: u64 = 20;

/// How long a job can be held, from when it was claimed to when it is done.
const LONGEST_HOLD: Duration = Duration::from_secs(12 * 60 * 60);

/// How long jobs are kept, in seconds: the most that SQS offers.
const KEPT_FOR: u64 = 14 * 24 * 60 * 60;

/// How often who waits less than a second looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often what was refused of a batch is sent again.
const TRIES: u32 = 8;

/// What SQS says, in both of its protocols, where there is no such queue.
const NO_QUEUE: [&str; 2] = ["QueueDoesNotExist", "NonExistentQueue"];

/// And where a job is not held any more.
const NOT_HELD: [&str; 4] = [
    "MessageNotInflight",
    "ReceiptHandleIsInvalid",
    "InvalidParameterValue",
    "InvalidParameterValueException",
];

/// What the names of a project's queues begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqsPrefix(String);

impl FromStr for SqsPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<SqsPrefix, String> {
        // The name of a lane and `-high` follow; SQS takes 80.
        let is_usable = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if (1..=30).contains(&text.len()) && text.chars().all(is_usable) {
            return Ok(SqsPrefix(text.to_owned()));
        }
        Err("queues of Amazon are at sqs://PREFIX, of 1 to 30 letters, digits, _ or -".to_owned())
    }
}

impl fmt::Display for SqsPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqs://{}", self.0)
    }
}

pub(crate) struct SqsQueue {
    client: AwsClient,
    prefix: SqsPrefix,
    hold: Duration,
    /// Of the lanes this process knows.
    urls: Mutex<HashMap<Lane, String>>,
}

/// What is known of a job that is held.
#[derive(Debug)]
pub(crate) struct Receipt {
    queue: String,
    handle: String,
    claimed: Instant,
    until: HeldUntil,
}

impl Receipt {
    fn of(claim: &Claim) -> &Receipt {
        let Token::Sqs(receipt) = &claim.token else {
            panic!("a claim of another queue");
        };
        receipt
    }

    /// How long it can still be held, in all.
    fn left(&self) -> Duration {
        LONGEST_HOLD.saturating_sub(self.claimed.elapsed() + Duration::from_secs(1))
    }
}

/// SQS counts in seconds.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

impl SqsQueue {
    pub(crate) async fn open(
        prefix: &SqsPrefix,
        options: QueueOptions,
    ) -> Result<SqsQueue, QueueError> {
        let client = AwsClient::new(AwsService::SQS).await.map_err(|error| match error {
            AwsError::NoRegion | AwsError::NoCredentials => {
                QueueError::BadAddress { address: prefix.to_string(), reason: error.to_string() }
            }
            error => QueueError::Connect { address: prefix.to_string(), source: error.into() },
        })?;
        Ok(SqsQueue::on(client, prefix.clone(), options))
    }

    pub(crate) fn on(client: AwsClient, prefix: SqsPrefix, options: QueueOptions) -> SqsQueue {
        SqsQueue { client, prefix, hold: options.hold, urls: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Lane, String>> {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue of a lane, made when missing.
    async fn url(&self, lane: &Lane) -> Result<String, AwsError> {
        if let Some(url) = self.found(lane).await? {
            return Ok(url);
        }
        let attributes = json!({
            "MessageRetentionPeriod": KEPT_FOR.to_string(),
            "VisibilityTimeout": seconds(self.hold).to_string(),
        });
        let request = json!({ "QueueName": self.name(lane), "Attributes": attributes });
        let answer = self.client.call("CreateQueue", &request).await?;
        Ok(self.know(lane, &answer))
    }

    /// The queue of a lane, if it is there.
    async fn found(&self, lane: &Lane) -> Result<Option<String>, AwsError> {
        if let Some(url) = self.known().get(lane) {
            return Ok(Some(url.clone()));
        }
        let request = json!({ "QueueName": self.name(lane) });
        match self.client.call("GetQueueUrl", &request).await {
            Err(error) if error.is_code(&NO_QUEUE) => Ok(None),
            answer => Ok(Some(self.know(lane, &answer?))),
        }
    }

    fn name(&self, lane: &Lane) -> String {
        format!("{}-{lane}", self.prefix.0)
    }

    fn know(&self, lane: &Lane, answer: &Value) -> String {
        let url = answer["QueueUrl"].as_str().unwrap_or_default().to_owned();
        self.known().insert(lane.clone(), url.clone());
        url
    }

    /// Calls something of a lane's queue; one that was deleted is made anew for the
    /// next call.
    async fn call(&self, lane: &Lane, operation: &str, request: &Value) -> Result<Value, AwsError> {
        let called = self.client.call(operation, request).await;
        called.inspect_err(|error| {
            if error.is_code(&NO_QUEUE) {
                self.known().remove(lane);
            }
        })
    }

    async fn push_all(&self, jobs: &[Job]) -> Result<(), QueueError> {
        let mut lanes: BTreeMap<&Lane, Vec<String>> = BTreeMap::new();
        for job in jobs {
            lanes.entry(&job.lane).or_default().push(seal(job));
        }
        let batches = lanes.into_iter().flat_map(|(lane, texts)| {
            batches_of(texts).into_iter().map(move |batch| (lane, batch))
        });
        let pushes: Vec<_> = batches.map(|(lane, batch)| self.push_batch(lane, batch)).collect();
        iter(pushes).buffer_unordered(ON_THE_WAY).try_collect().await
    }

    /// Sends a batch until all of it was taken.
    async fn push_batch(&self, lane: &Lane, mut texts: Vec<String>) -> Result<(), QueueError> {
        let failed = |error| failed("write to", error);
        let queue = self.url(lane).await.map_err(failed)?;
        let mut pause = Duration::from_millis(100);
        for tries in 1.. {
            let entries: Vec<Value> = texts
                .iter()
                .enumerate()
                .map(|(id, text)| json!({ "Id": id.to_string(), "MessageBody": text }))
                .collect();
            let request = json!({ "QueueUrl": queue, "Entries": entries });
            let answer = self.call(lane, "SendMessageBatch", &request).await.map_err(failed)?;
            let taken = answer["Successful"].as_array().map_or(0, Vec::len);
            let refused = answer["Failed"].as_array().map_or(&[][..], Vec::as_slice);
            if taken == texts.len() {
                return Ok(());
            }
            let errors: Vec<AwsError> = refused.iter().map(AwsError::of_entry).collect();
            let lasting = errors.into_iter().find(|error| tries >= TRIES || !error.is_passing());
            if let Some(error) = lasting {
                return Err(failed(error));
            }
            if taken + refused.len() != texts.len() {
                let error = format!("{taken} of {} were taken, it says", texts.len());
                return Err(QueueError::engine("write to", error));
            }
            let mut index = 0;
            texts.retain(|_| {
                index += 1;
                let id = (index - 1).to_string();
                refused.iter().any(|entry| entry["Id"] == *id)
            });
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause *= 2;
        }
        Ok(())
    }

    /// Asks once for jobs, and waits so many seconds for the first.
    async fn receive(&self, lane: &Lane, most: usize, wait: u64) -> Result<Vec<Claim>, QueueError> {
        let failed = |error| failed("claim from", error);
        let queue = self.url(lane).await.map_err(failed)?;
        let request = json!({
            "QueueUrl": queue,
            "MaxNumberOfMessages": most.min(BATCH),
            "VisibilityTimeout": seconds(self.hold.min(LONGEST_HOLD)),
            "WaitTimeSeconds": wait,
            "AttributeNames": ["ApproximateReceiveCount"],
        });
        let answer = self.call(lane, "ReceiveMessage", &request).await.map_err(failed)?;
        let messages = answer["Messages"].as_array().map_or(&[][..], Vec::as_slice);
        let (mut claims, mut stranger) = (Vec::new(), None);
        for message in messages {
            // One that understands it may come: it is left as it is.
            let text = message["Body"].as_str().unwrap_or_default();
            let job = match unseal(lane, text) {
                Ok(job) => job,
                Err(reason) => {
                    stranger = Some(format!("what lies in {lane} is no job: {reason}"));
                    continue;
                }
            };
            let deliveries = &message["Attributes"]["ApproximateReceiveCount"];
            let deliveries = deliveries.as_str().and_then(|count| count.parse().ok());
            let receipt = Receipt {
                queue: queue.clone(),
                handle: message["ReceiptHandle"].as_str().unwrap_or_default().to_owned(),
                claimed: Instant::now(),
                until: HeldUntil::after(self.hold),
            };
            let (deliveries, token) = (deliveries.unwrap_or(1), Token::Sqs(receipt));
            claims.push(Claim { job, deliveries, token });
        }
        match stranger {
            Some(error) if claims.is_empty() => Err(QueueError::engine("claim from", error)),
            _ => Ok(claims),
        }
    }

    /// Has a job come back after so long, counted from now.
    async fn show_after(&self, claim: &Claim, after: Duration) -> Result<(), AwsError> {
        let receipt = Receipt::of(claim);
        let request = json!({
            "QueueUrl": receipt.queue,
            "ReceiptHandle": receipt.handle,
            "VisibilityTimeout": seconds(after),
        });
        self.call(&claim.job.lane, "ChangeMessageVisibility", &request).await.map(drop)
    }
}

/// Texts in batches of what SQS takes in one call.
fn batches_of(texts: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for text in texts {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + text.len() <= BATCH_BYTES => {
                bytes += text.len();
                batch.push(text);
            }
            _ => {
                bytes = text.len();
                batches.push(vec![text]);
            }
        }
    }
    batches
}

fn failed(action: &'static str, error: AwsError) -> QueueError {
    match error {
        AwsError::Refused { .. } if !error.is_passing() => {
            QueueError::Refused { action, source: error.into() }
        }
        error => QueueError::engine(action, error),
    }
}

impl AwsError {
    /// What is said of one entry of a batch.
    fn of_entry(entry: &Value) -> AwsError {
        let text = |name: &str| entry[name].as_str();
        // The sender's fault is as a status of 400.
        let status = if entry["SenderFault"] == true { 400 } else { 500 };
        let body = json!({ "message": text("Message") }).to_string();
        AwsError::of_answer(status, text("Code"), body.as_bytes())
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        check(jobs)?;
        self.push_all(jobs).await
    }

    async fn claim(
        &self,
        lane: &Lane,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Claim>, QueueError> {
        let (until, mut claims) = (Instant::now() + wait, Vec::new());
        while claims.len() < most {
            let left = until.saturating_duration_since(Instant::now());
            // Who has something does not wait for more.
            let wait = if claims.is_empty() { left.as_secs().min(LONGEST_WAIT) } else { 0 };
            let found = self.receive(lane, most - claims.len(), wait).await;
            let found = match found {
                Err(_) if !claims.is_empty() => break,
                found => found?,
            };
            let is_all = !claims.is_empty() || !found.is_empty();
            let is_full = found.len() == BATCH;
            claims.extend(found);
            let left = until.saturating_duration_since(Instant::now());
            if (is_all && !is_full) || (claims.is_empty() && left.is_zero()) {
                break;
            }
            if claims.is_empty() && wait == 0 {
                sleep(LOOK_EVERY.min(left)).await;
            }
        }
        Ok(claims)
    }

    async fn extend(&self, claim: &Claim) -> Result<(), QueueError> {
        let receipt = Receipt::of(claim);
        let lost = || QueueError::Lost { id: claim.job.id.clone() };
        receipt.until.check(&claim.job.id)?;
        let hold = self.hold.min(receipt.left());
        if hold < Duration::from_secs(1) {
            return Err(lost());
        }
        let asked = Instant::now();
        match self.show_after(claim, hold).await {
            Ok(()) => receipt.until.set(asked + hold),
            Err(error) if error.is_code(&NOT_HELD) => return Err(lost()),
            Err(error) => return Err(failed("extend a job of", error)),
        }
        Ok(())
    }

    async fn finish(&self, claim: Claim, children: &[Job]) -> Result<(), QueueError> {
        check(children)?;
        self.push_all(children).await?;
        let receipt = Receipt::of(&claim);
        let request = json!({ "QueueUrl": receipt.queue, "ReceiptHandle": receipt.handle });
        match self.call(&claim.job.lane, "DeleteMessage", &request).await {
            // Late: another has it, or had it.
            Err(error) if !error.is_code(&NOT_HELD) => Err(failed("finish a job of", error)),
            _ => Ok(()),
        }
    }

    async fn give_back(&self, claim: Claim, after: Duration) -> Result<(), QueueError> {
        let receipt = Receipt::of(&claim);
        if receipt.until.is_over() {
            // It came back by itself, or is another's now.
            return Ok(());
        }
        match self.show_after(&claim, after.min(receipt.left())).await {
            Err(error) if !error.is_code(&NOT_HELD) => Err(failed("give a job back to", error)),
            _ => Ok(()),
        }
    }

    async fn depth(&self, lane: &Lane) -> Result<Depth, QueueError> {
        let failed = |error| failed("read", error);
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ];
        let Some(queue) = self.found(lane).await.map_err(failed)? else {
            return Ok(Depth::default());
        };
        let request = json!({ "QueueUrl": queue, "AttributeNames": names });
        let answer = self.call(lane, "GetQueueAttributes", &request).await.map_err(failed)?;
        let counts = names.map(|name| {
            let count = answer["Attributes"][name].as_str();
            count.and_then(|count| count.parse::<u64>().ok()).unwrap_or_default()
        });
        Ok(Depth { waiting: counts[0] + counts[1], in_flight: counts[2], oldest: None })
    }
}

impl fmt::Debug for SqsQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqsQueue")
            .field("prefix", &self.prefix.0)
            .field("hold", &self.hold)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
