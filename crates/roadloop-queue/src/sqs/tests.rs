use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::Priority;
use crate::suite::{self, HOLD};
use crate::testing::{Moto, Stub};

fn opened(endpoint: &str, prefix: &str, hold: Duration) -> SqsQueue {
    let client = AwsClient::for_tests(AwsService::SQS, endpoint);
    SqsQueue::on(client, prefix.parse().unwrap(), QueueOptions { hold })
}

fn lane() -> Lane {
    Lane::new("detect", Priority::High)
}

fn jobs(count: usize, body: &str) -> Vec<Job> {
    (0..count).map(|number| Job::new(lane(), format!("job {number:04}"), body)).collect()
}

#[tokio::test]
#[ignore = "needs moto_server: on PATH, or named by ROADLOOP_MOTO_SERVER"]
async fn sqs_keeps_its_promises() {
    let moto = Moto::start();
    let mut number = 0;
    suite::queue_keeps_its_promises(async || {
        number += 1;
        let open = || -> Arc<dyn Queue> {
            Arc::new(opened(&moto.endpoint(), &format!("case-{number}"), HOLD))
        };
        (open(), open())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs moto_server: on PATH, or named by ROADLOOP_MOTO_SERVER"]
async fn many_jobs_travel_in_batches() {
    let moto = Moto::start();
    let queue = opened(&moto.endpoint(), "many", Duration::from_secs(30));
    for (body, most) in [("{}".to_owned(), 25), ("x".repeat(100_000), 7)] {
        let sent = jobs(25, &body);
        queue.push(&sent).await.unwrap();
        let mut found = BTreeSet::new();
        while found.len() < sent.len() {
            for claim in queue.claim(&lane(), most, HOLD).await.unwrap() {
                assert_eq!(claim.job.body, body);
                found.insert(claim.job.id.clone());
                queue.finish(claim, &[]).await.unwrap();
            }
        }
        assert_eq!(queue.depth(&lane()).await.unwrap(), Depth::default());
    }
}

/// Two of three are refused first, then one, then none.
#[tokio::test]
async fn what_was_refused_of_a_batch_is_sent_again() {
    let refused = |id: &str| json!({ "Id": id, "SenderFault": false, "Code": "InternalError" });
    let throttled = |id: &str| json!({ "Id": id, "SenderFault": true, "Code": "RequestThrottled" });
    let stub = Stub::answering(vec![
        (200, json!({ "QueueUrl": "here" })),
        (200, json!({ "Successful": [{ "Id": "1" }], "Failed": [refused("0"), throttled("2")] })),
        (200, json!({ "Successful": [{ "Id": "0" }], "Failed": [refused("1")] })),
        (200, json!({ "Successful": [{ "Id": "0" }] })),
    ]);
    let queue = opened(stub.endpoint(), "some", HOLD);
    queue.push(&jobs(3, "{}")).await.unwrap();
    let sent: Vec<Vec<String>> = stub.asked()[1..]
        .iter()
        .map(|(target, body)| {
            assert_eq!(
                (target.as_str(), &body["QueueUrl"]),
                ("AmazonSQS.SendMessageBatch", &json!("here"))
            );
            let entries = body["Entries"].as_array().unwrap().iter();
            entries
                .map(|entry| unseal(&lane(), entry["MessageBody"].as_str().unwrap()).unwrap().id)
                .collect()
        })
        .collect();
    let expected =
        [vec!["job 0000", "job 0001", "job 0002"], vec!["job 0000", "job 0002"], vec!["job 0002"]];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn what_is_the_senders_fault_is_not() {
    let failed = json!({ "Id": "0", "SenderFault": true, "Code": "InvalidMessageContents", "Message": "no" });
    let stub = Stub::answering(vec![
        (200, json!({ "QueueUrl": "here" })),
        (200, json!({ "Successful": [], "Failed": [failed] })),
    ]);
    let error = opened(stub.endpoint(), "some", HOLD).push(&jobs(1, "{}")).await.unwrap_err();
    assert_eq!(error.kind(), roadloop_base::ErrorKind::Invalid);
    let expected =
        "cannot write to the queue: the service answers with 400 InvalidMessageContents: no";
    assert_eq!((error.to_string().as_str(), stub.asked().len()), (expected, 2));
}

/// Missing, and we may not make it: the error says so. Who only looks makes nothing.
#[tokio::test]
async fn a_queue_is_made_where_that_is_allowed() {
    let missing = (400, json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist" }));
    let no = (403, json!({ "__type": "AccessDeniedException", "message": "no" }));
    let stub = Stub::answering(vec![missing.clone()]);
    let depth = opened(stub.endpoint(), "some", HOLD).depth(&lane()).await.unwrap();
    assert_eq!((depth, stub.asked().len()), (Depth::default(), 1));
    let stub = Stub::answering(vec![missing, no]);
    let queue = opened(stub.endpoint(), "some", HOLD);
    let error = queue.claim(&lane(), 1, Duration::ZERO).await.unwrap_err();
    assert!(error.to_string().contains("AccessDeniedException"), "{error}");
    let asked: Vec<String> = stub.asked().into_iter().map(|(target, _)| target).collect();
    assert_eq!(asked, ["AmazonSQS.GetQueueUrl", "AmazonSQS.CreateQueue"]);
    assert_eq!(stub.asked()[1].1["QueueName"], "some-detect-high");
}

#[tokio::test(start_paused = true)]
async fn no_job_is_held_for_more_than_twelve_hours() {
    let receipt = Receipt {
        queue: String::new(),
        handle: String::new(),
        claimed: Instant::now(),
        until: HeldUntil::after(HOLD),
    };
    let hour = Duration::from_secs(60 * 60);
    tokio::time::advance(11 * hour).await;
    assert!(receipt.left() < hour && receipt.left() > hour / 2);
    tokio::time::advance(hour).await;
    assert_eq!(receipt.left(), Duration::ZERO);
}

#[test]
fn batches_are_as_large_as_sqs_takes_them() {
    let lengths = |texts: Vec<usize>| -> Vec<usize> {
        let texts = texts.into_iter().map(|length| "x".repeat(length)).collect();
        batches_of(texts).iter().map(Vec::len).collect()
    };
    assert_eq!(lengths(vec![]), [0; 0]);
    assert_eq!(lengths(vec![1; 25]), [10, 10, 5]);
    assert_eq!(lengths(vec![100_000; 5]), [2, 2, 1]);
    assert_eq!(lengths(vec![BATCH_BYTES, 1, BATCH_BYTES - 1, 1]), [1, 2, 1]);
}
