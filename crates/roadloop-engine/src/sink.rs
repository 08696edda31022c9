//! What is on frames, sent to a DynamoDB table besides: an item for each frame that was
//! looked at, replaced when it is looked at anew.
//!
//! The tables of the store are the catalog; this is a copy for who asks there. What was
//! sent is noted below `sinks/` in the store, so that nothing is sent twice without need;
//! without the notes everything is sent again, to the same effect.

use std::collections::HashMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use roadloop_base::{FrameRow, Part, Stage};
use roadloop_catalog::export::frame_item;
use roadloop_queue::aws::{AwsClient, AwsError, AwsService};
use roadloop_store::StoreError;

use crate::pace::Pace;
use crate::revision::RevisionBuilder;
use crate::{Ctx, EngineError};

/// Changes when the items below start to be others.
const FORMAT: u32 = 1;

/// Items in a call, as DynamoDB takes them.
const ITEMS: usize = 25;

/// Calls on their way at once.
const AT_ONCE: usize = 4;

/// Frames whose detections are read at once.
const FRAMES: usize = 2000;

#[derive(Debug)]
pub(crate) struct Sink {
    table: String,
    client: OnceCell<AwsClient>,
    pace: Pace,
}

impl Sink {
    pub(crate) fn new(table: String) -> Sink {
        Sink { table, client: OnceCell::new(), pace: Pace::new() }
    }

    /// Sends the frames of a part that were looked at, unless they were sent as they are.
    pub(crate) async fn send(&self, ctx: &Ctx, part: &Part) -> Result<(), EngineError> {
        let client = self.client().await?;
        let rows = ctx.catalog.frames(part).await?;
        let revision = self.revision(ctx, part, &rows).await?;
        let key = self.note_of(client, part);
        match ctx.store.get(&key).await {
            Ok(noted) if noted == revision => return Ok(()),
            Ok(_) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        for rows in rows.chunks(FRAMES) {
            let found = ctx.catalog.describe(rows.to_vec()).await?;
            let looked_at = found.hits.iter().filter(|hit| hit.looked_at);
            // Two frames of a camera at the very same time are one item, the later.
            let items: HashMap<_, Value> = looked_at
                .map(|hit| ((hit.frame.taken_at, &hit.frame.id.camera), frame_item(hit)))
                .collect();
            let items: Vec<Value> = items.into_values().collect();
            stream::iter(items.chunks(ITEMS))
                .map(|items| self.put(client, items))
                .buffer_unordered(AT_ONCE)
                .try_collect::<()>()
                .await?;
        }
        Ok(ctx.store.put(&key, revision).await?)
    }

    async fn client(&self) -> Result<&AwsClient, EngineError> {
        let open = async || AwsClient::new(AwsService::DYNAMODB).await;
        self.client.get_or_try_init(open).await.map_err(EngineError::DynamoDb)
    }

    /// What the items of a part follow from.
    async fn revision(
        &self,
        ctx: &Ctx,
        part: &Part,
        rows: &[FrameRow],
    ) -> Result<Bytes, EngineError> {
        let delivered = ctx.catalog.delivered(Stage::Detect, &part.recording).await?;
        let mut revision = RevisionBuilder::new("dynamodb", FORMAT);
        for shard in rows.chunk_by(|a, b| a.id.shard() == b.id.shard()) {
            let delivered = delivered.get(&shard[0].id.shard()).map_or(-1, |revision| revision.0);
            revision = revision.and(&format!("{} {delivered}", shard[0].id));
        }
        Ok(revision.of_frames(rows).0.to_string().into())
    }

    /// Tables of one name may be in many regions.
    fn note_of(&self, client: &AwsClient, part: &Part) -> String {
        let place = Sha256::digest(client.endpoint());
        let place = u32::from_be_bytes([place[0], place[1], place[2], place[3]]);
        format!("sinks/dynamodb/{}-{place:08x}/{part}", self.table)
    }

    /// Puts items until all are there. DynamoDB takes some of a call when it is asked too
    /// much, and gives back the rest.
    async fn put(&self, client: &AwsClient, items: &[Value]) -> Result<(), EngineError> {
        let puts = items.iter().map(|item| json!({"PutRequest": {"Item": item}}));
        let mut left = json!({&self.table: puts.collect::<Vec<_>>()});
        let put = async || {
            let mut answer =
                client.call_once("BatchWriteItem", &json!({"RequestItems": left})).await?;
            match answer["UnprocessedItems"].take() {
                Value::Object(rest) if !rest.is_empty() => {
                    left = Value::Object(rest);
                    Err(too_much())
                }
                _ => Ok(()),
            }
        };
        self.pace.until_granted(put).await.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: AwsError) -> EngineError {
        if !error.is_code(&["ResourceNotFoundException"]) {
            return EngineError::DynamoDb(error);
        }
        let table = &self.table;
        EngineError::NoTable(format!(
            "there is no table of DynamoDB called {table:?} in this account and region; make it with: \
             aws dynamodb create-table --table-name {table} --billing-mode PAY_PER_REQUEST \
             --attribute-definitions AttributeName=timestamp,AttributeType=S \
             AttributeName=camera,AttributeType=S --key-schema \
             AttributeName=timestamp,KeyType=HASH AttributeName=camera,KeyType=RANGE"
        ))
    }
}

fn too_much() -> AwsError {
    let message = "items were given back".to_owned();
    AwsError::Throttled { code: "UnprocessedItems".to_owned(), message }
}

#[cfg(test)]
mod tests {
    use roadloop_queue::testing::Stub;

    use super::*;

    #[tokio::test]
    async fn what_is_given_back_is_sent_again() {
        let items: Vec<Value> = (0..3).map(|n| json!({"camera": {"S": n.to_string()}})).collect();
        let put = |n: usize| json!({"PutRequest": {"Item": items[n]}});
        let stub = Stub::answering(vec![
            (200, json!({"UnprocessedItems": {"drives": [put(1), put(2)]}})),
            (400, json!({"__type": "x#ProvisionedThroughputExceededException"})),
            (200, json!({"UnprocessedItems": {"drives": [put(2)]}})),
            (200, json!({"UnprocessedItems": {}})),
        ]);
        let client = AwsClient::for_tests(AwsService::DYNAMODB, stub.endpoint());
        let sink = Sink::new("drives".to_owned());
        sink.put(&client, &items).await.unwrap();
        let sent: Vec<Value> = stub
            .asked()
            .into_iter()
            .map(|(_, body)| body["RequestItems"]["drives"].clone())
            .collect();
        let expected = [
            json!([put(0), put(1), put(2)]),
            json!([put(1), put(2)]),
            json!([put(1), put(2)]),
            json!([put(2)]),
        ];
        assert_eq!(sent, expected);
    }

    #[tokio::test]
    async fn who_has_no_table_is_told_how_to_make_it() {
        let no = json!({"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"});
        let stub = Stub::answering(vec![(400, no)]);
        let client = AwsClient::for_tests(AwsService::DYNAMODB, stub.endpoint());
        let error = Sink::new("drives".to_owned()).put(&client, &[]).await.unwrap_err();
        assert!(error.to_string().contains("create-table --table-name drives"), "{error}");
    }
}
