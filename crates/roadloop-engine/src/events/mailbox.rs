//! Messages of a bucket that wait in a queue of Amazon (SQS).

use roadloop_queue::aws::{AwsClient, AwsError, AwsService};
use serde_json::{Value, json};

use super::{Message, read_message};
use crate::EngineError;

/// A receiver is answered when something comes, or after so many seconds.
const WAIT_SECS: u64 = 20;

/// The queue a bucket's messages go to. Others may read it as well.
#[derive(Debug)]
pub struct Mailbox {
    client: AwsClient,
    url: String,
    name: String,
}

/// A message that is in the queue until it is [done](Mailbox::done) with.
#[derive(Debug)]
pub struct Letter {
    /// What it says, or why that cannot be told.
    pub message: Result<Message, super::messages::BadMessage>,
    receipt: String,
}

impl Mailbox {
    /// Opens `sqs://NAME`, or a queue by its whole address (`https://sqs…/NAME`).
    pub async fn open(address: &str) -> Result<Mailbox, EngineError> {
        let client = AwsClient::new(AwsService::SQS).await?;
        if address.starts_with("https://") || address.starts_with("http://") {
            let name = address.rsplit('/').next().unwrap_or_default().to_owned();
            return Ok(Mailbox { client, url: address.to_owned(), name });
        }
        let name = address.strip_prefix("sqs://").unwrap_or(address).to_owned();
        let answer = client.call("GetQueueUrl", &json!({"QueueName": name})).await?;
        let url = answer["QueueUrl"].as_str().map(str::to_owned);
        let url = url.ok_or_else(|| EngineError::NoMailbox { name: name.clone() })?;
        Ok(Mailbox { client, url, name })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What comes next; nothing after a while without.
    pub async fn receive(&self) -> Result<Vec<Letter>, EngineError> {
        let request = json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10,
            "WaitTimeSeconds": WAIT_SECS});
        let answer = self.client.call("ReceiveMessage", &request).await?;
        let empty = Vec::new();
        let messages = answer["Messages"].as_array().unwrap_or(&empty);
        Ok(messages.iter().filter_map(letter).collect())
    }

    /// It does not come again.
    pub async fn done(&self, letter: Letter) -> Result<(), EngineError> {
        let request = json!({"QueueUrl": self.url, "ReceiptHandle": letter.receipt});
        self.client.call("DeleteMessage", &request).await?;
        Ok(())
    }
}

fn letter(message: &Value) -> Option<Letter> {
    let receipt = message["ReceiptHandle"].as_str()?.to_owned();
    let message = read_message(message["Body"].as_str().unwrap_or_default().as_bytes());
    Some(Letter { message, receipt })
}

impl From<AwsError> for EngineError {
    fn from(error: AwsError) -> EngineError {
        EngineError::Aws(error)
    }
}
