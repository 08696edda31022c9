//! A queue in a cluster of NATS servers, by JetStream.
//!
//! One stream with work-queue retention holds the jobs of a project, in as many
//! copies as the cluster has servers, three at most; each lane is a subject of it
//! with one durable pull consumer. A job is gone when its ack is confirmed. Servers
//! write at once but sync every two minutes: where all of them may lose power
//! together, they are to be configured with `sync_interval: always`.
//!
//! A push carries an id for two minutes, so that one whose answer was lost is not
//! taken twice. JetStream would also drop what is pushed anew after it was
//! finished: so for what it calls a duplicate it is asked whether the first is
//! still there.
//!
//! Servers come and go: what is not answered is asked again, for half a minute.
//! Everything asked here may be done twice.

mod address;
mod ask;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::pull::{BatchConfig, Config as ConsumerConfig};
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer};
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::{self, Context};
use async_nats::{HeaderMap, StatusCode, Subject};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{StreamExt, TryStreamExt, iter};
use tokio::time::{Instant, timeout, timeout_at};

pub use address::NatsAddress;
use ask::{ANSWER_FOR, Asking, Pause, Trouble};

use crate::envelope::{seal, unseal};
use crate::hold::HeldUntil;
use crate::job::Token;
use crate::open::check;
use crate::{Claim, Depth, Job, Lane, Queue, QueueError, QueueOptions};

/// How many jobs of one push are on their way at once.
const ON_THE_WAY: usize = 128;

/// How long one request for jobs waits at the server: who claims notices within
/// that and a little more that the server has gone.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// What the end of such a request may be late.
const LATE: Duration = Duration::from_secs(2);

pub(crate) struct NatsQueue {
    asking: Asking,
    context: Context,
    name: String,
    hold: Duration,
    /// Of the lanes this process claims from.
    consumers: Mutex<HashMap<Lane, PullConsumer>>,
}

/// What is known of a job that is held.
#[derive(Debug)]
pub(crate) struct Held {
    /// Where the server hears of it.
    answer_to: Subject,
    /// Where it is in the stream.
    sequence: u64,
    until: HeldUntil,
}

impl Held {
    fn of(claim: &Claim) -> &Held {
        let Token::Nats(held) = &claim.token else {
            panic!("a claim of another queue");
        };
        held
    }
}

impl NatsQueue {
    pub(crate) async fn open(
        address: &NatsAddress,
        options: QueueOptions,
    ) -> Result<NatsQueue, QueueError> {
        let (asking, context) = ask::connect(address).await?;
        ask::make_stream(&asking, &context, address).await?;
        let consumers = Mutex::default();
        Ok(NatsQueue { asking, context, name: address.name.clone(), hold: options.hold, consumers })
    }

    fn stream(&self) -> String {
        ask::stream_of(&self.name)
    }

    fn subject(&self, lane: &Lane) -> String {
        format!("{}.jobs.{}.{}", self.name, lane.work(), lane.priority().name())
    }

    async fn push_all(&self, jobs: &[Job]) -> Result<(), QueueError> {
        let pushes: Vec<_> = jobs.iter().map(|job| self.push_one(job)).collect();
        iter(pushes).buffer_unordered(ON_THE_WAY).try_collect().await
    }

    async fn push_one(&self, job: &Job) -> Result<(), QueueError> {
        let (subject, text) = (self.subject(&job.lane), Bytes::from(seal(job)));
        let id = format!("{}/{}/{}", job.lane, job.id, job.generation);
        let ack = self.publish(&subject, &id, &text).await?;
        let is_there = || async { Ok(!ack.duplicate || self.is_there(ack.sequence).await?) };
        if !self.asking.patiently("write to", is_there).await? {
            let anew = format!("{id}/{}", self.context.client().new_inbox());
            self.publish(&subject, &anew, &text).await?;
        }
        Ok(())
    }

    async fn publish(
        &self,
        subject: &str,
        id: &str,
        text: &Bytes,
    ) -> Result<PublishAck, QueueError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id);
        self.asking
            .patiently("write to", || async {
                let told = self.asking.ask(subject, Some(headers.clone()), text.clone()).await?;
                match serde_json::from_slice(&told.payload).map_err(Trouble::passing)? {
                    Response::Ok(ack) => Ok(ack),
                    Response::Err { error } => Err(Trouble::of_jetstream(error)),
                }
            })
            .await
    }

    /// Whether the stream still has the message of this number.
    async fn is_there(&self, sequence: u64) -> Result<bool, Trouble> {
        let subject = format!("STREAM.MSG.GET.{}", self.stream());
        let request = serde_json::json!({ "seq": sequence });
        match timeout(ANSWER_FOR, self.context.request(subject, &request)).await?? {
            Response::<serde_json::Value>::Ok(_) => Ok(true),
            Response::Err { error } if error.code() == 404 => Ok(false),
            Response::Err { error } => Err(Trouble::of_jetstream(error)),
        }
    }

    /// Takes a job out of the stream, by whomever it is held.
    async fn delete(&self, sequence: u64) -> Result<(), Trouble> {
        let subject = format!("STREAM.MSG.DELETE.{}", self.stream());
        let request = serde_json::json!({ "seq": sequence, "no_erase": true });
        match timeout(ANSWER_FOR, self.context.request(subject, &request)).await?? {
            Response::<serde_json::Value>::Ok(_) => Ok(()),
            // What is gone cannot be deleted, says the server.
            Response::Err { .. } if !self.is_there(sequence).await? => Ok(()),
            Response::Err { error } => Err(Trouble::of_jetstream(error)),
        }
    }

    /// The consumer of a lane: made, or changed to our hold, when first asked for.
    async fn consumer(&self, lane: &Lane) -> Result<PullConsumer, Trouble> {
        if let Some(consumer) = self.known().get(lane) {
            return Ok(consumer.clone());
        }
        let config = ConsumerConfig {
            durable_name: Some(lane.to_string()),
            filter_subject: self.subject(lane),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.hold,
            // Who claims counts; what is given back with a delay is pending too.
            max_deliver: -1,
            max_ack_pending: -1,
            // One for each worker that waits.
            max_waiting: 10_000,
            ..ConsumerConfig::default()
        };
        let made = self.context.create_consumer_on_stream(config, self.stream());
        let consumer: PullConsumer = timeout(ANSWER_FOR, made).await??;
        self.known().insert(lane.clone(), consumer.clone());
        Ok(consumer)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Lane, PullConsumer>> {
        self.consumers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks once for jobs: what is there, or the first that comes before the wait
    /// is over.
    async fn pull(&self, lane: &Lane, most: usize, wait: Duration) -> Result<Vec<Claim>, Trouble> {
        let consumer = self.consumer(lane).await?;
        let client = self.context.client();
        let inbox = Subject::from(client.new_inbox());
        let mut answers = timeout(ANSWER_FOR, client.subscribe(inbox.clone())).await??;
        let request = BatchConfig {
            batch: most,
            // With both, the server ends the request after the last job that is
            // there, but waits for the first.
            no_wait: true,
            expires: (!wait.is_zero()).then_some(wait),
            ..BatchConfig::default()
        };
        timeout(ANSWER_FOR, consumer.request_batch(request, inbox)).await??;
        let until = Instant::now() + wait + LATE;
        let (mut claims, mut trouble) = (Vec::new(), None);
        while claims.len() < most {
            let Ok(Some(message)) = timeout_at(until, answers.next()).await else {
                // Not even its end came.
                trouble = Some(Trouble::passing("the server does not answer"));
                break;
            };
            match message.status.unwrap_or(StatusCode::OK) {
                StatusCode::OK => match self.claim_of(lane, message) {
                    Ok(claim) => claims.push(claim),
                    Err(error) => trouble = Some(Trouble::passing(error)),
                },
                // Nothing there, or the end of the request.
                StatusCode::NOT_FOUND | StatusCode::TIMEOUT => break,
                StatusCode::IDLE_HEARTBEAT => {}
                status => {
                    let text = message.description.unwrap_or_else(|| status.to_string());
                    trouble = Some(Trouble::passing(text));
                    break;
                }
            }
        }
        match trouble {
            Some(trouble) if claims.is_empty() => Err(trouble),
            _ => Ok(claims),
        }
    }

    fn claim_of(&self, lane: &Lane, message: async_nats::Message) -> Result<Claim, String> {
        let until = HeldUntil::after(self.hold);
        let message = jetstream::Message { message, context: self.context.clone() };
        let info = message.info().map_err(|error| error.to_string())?;
        let (deliveries, sequence) = (info.delivered, info.stream_sequence);
        let text = std::str::from_utf8(&message.payload).unwrap_or_default();
        // Left as it is: one that understands it may come.
        let job = unseal(lane, text)
            .map_err(|reason| format!("what lies in {lane} is no job: {reason}"))?;
        let answer_to = message.message.reply.ok_or("it has no reply subject")?;
        let held = Held { answer_to, sequence, until };
        let deliveries = u32::try_from(deliveries).unwrap_or(u32::MAX);
        Ok(Claim { job, deliveries, token: Token::Nats(held) })
    }

    /// Tells the server of a job, and waits until it has heard.
    async fn tell(
        &self,
        action: &'static str,
        held: &Held,
        what: impl Into<Bytes>,
    ) -> Result<(), QueueError> {
        let what = what.into();
        let tell = || self.asking.ask(held.answer_to.as_str(), None, what.clone());
        self.asking.patiently(action, tell).await.map(drop)
    }
}

#[async_trait]
impl Queue for NatsQueue {
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
        if most == 0 {
            return Ok(Vec::new());
        }
        let until = Instant::now() + wait;
        let mut pause = Pause::default();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.pull(lane, most, left.min(ASK_EVERY)).await {
                Ok(claims) if claims.is_empty() && !left.is_zero() => pause = Pause::default(),
                Ok(claims) => return Ok(claims),
                Err(trouble) => {
                    // It may have been taken away with all its state.
                    self.known().remove(lane);
                    self.asking.bear("claim from", trouble, &mut pause).await?;
                }
            }
        }
    }

    async fn extend(&self, claim: &Claim) -> Result<(), QueueError> {
        let held = Held::of(claim);
        held.until.check(&claim.job.id)?;
        let asked = Instant::now();
        self.tell("extend a job of", held, "+WPI").await?;
        // While the server was away it may have been given to another.
        held.until.check(&claim.job.id)?;
        held.until.set(asked + self.hold);
        Ok(())
    }

    async fn finish(&self, claim: Claim, children: &[Job]) -> Result<(), QueueError> {
        check(children)?;
        self.push_all(children).await?;
        let held = Held::of(&claim);
        self.asking
            .patiently("finish a job of", || async {
                let acked = self.asking.ask(held.answer_to.as_str(), None, "+ACK".into()).await;
                match acked {
                    Ok(_) => Ok(()),
                    // A server that was killed may not know that it gave the job
                    // out; it leaves such an ack unanswered, and gives it out again.
                    Err(_) => self.delete(held.sequence).await,
                }
            })
            .await
    }

    async fn give_back(&self, claim: Claim, after: Duration) -> Result<(), QueueError> {
        let held = Held::of(&claim);
        if held.until.is_over() {
            // It came back by itself, or is another's now.
            return Ok(());
        }
        let delay = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX >> 1).min(u64::MAX >> 1);
        let nak = match delay {
            0 => "-NAK".to_owned(),
            delay => format!(r#"-NAK {{"delay": {delay}}}"#),
        };
        self.tell("give a job back to", held, nak).await
    }

    async fn depth(&self, lane: &Lane) -> Result<Depth, QueueError> {
        self.asking
            .patiently("read", || async {
                let consumer = self.consumer(lane).await?;
                let info = timeout(ANSWER_FOR, consumer.get_info()).await?;
                let info = info.inspect_err(|_| drop(self.known().remove(lane)))?;
                Ok(Depth {
                    waiting: info.num_pending,
                    in_flight: u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX),
                    oldest: None,
                })
            })
            .await
    }
}

impl fmt::Debug for NatsQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsQueue")
            .field("name", &self.name)
            .field("hold", &self.hold)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
