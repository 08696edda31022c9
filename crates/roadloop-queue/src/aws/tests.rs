use serde_json::json;

use super::*;
use crate::testing::Stub;

async fn called(answers: Vec<(u16, Value)>) -> (Result<Value, AwsError>, usize) {
    let stub = Stub::answering(answers);
    let client = AwsClient::for_tests(AwsService::SQS, stub.endpoint());
    let called = client.call("ListQueues", &json!({ "MaxResults": 7 })).await;
    for (target, body) in stub.asked() {
        assert_eq!((target.as_str(), body), ("AmazonSQS.ListQueues", json!({ "MaxResults": 7 })));
    }
    (called, stub.asked().len())
}

#[tokio::test]
async fn who_is_throttled_tries_again() {
    let no = json!({ "__type": "com.amazon.coral.availability#ThrottlingException" });
    let yes = json!({ "QueueUrls": [] });
    let (answer, times) = called(vec![(400, no.clone()), (400, no), (200, yes.clone())]).await;
    assert_eq!((answer.unwrap(), times), (yes, 3));
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again() {
    let answers = vec![
        (503, json!({ "code": "SlowDown" })),
        (429, Value::Null),
        (500, Value::Null),
        (200, json!({})),
    ];
    let (answer, times) = called(answers).await;
    assert_eq!((answer.unwrap(), times), (json!({}), 4));
}

#[tokio::test]
async fn what_is_refused_is_not_asked_again() {
    let no = json!({ "__type": "a#AccessDeniedException", "Message": "you may not" });
    let (answer, times) = called(vec![(400, no)]).await;
    let error = answer.unwrap_err();
    assert!(error.is_code(&["AccessDeniedException"]) && !error.is_throttling());
    let expected = "the service answers with 400 AccessDeniedException: you may not";
    assert_eq!((error.to_string().as_str(), times), (expected, 1));
}

#[tokio::test]
async fn credentials_that_expired_are_asked_for_once_more() {
    let no = json!({ "__type": "ExpiredTokenException" });
    let (answer, times) = called(vec![(400, no)]).await;
    assert!(answer.unwrap_err().is_code(&["ExpiredTokenException"]));
    assert_eq!(times, 2);
}

/// The codes of Amazon's documentation, as they come.
#[test]
fn codes_are_read_from_header_and_body() {
    let url = "ProvisionedThroughputExceededException:http://internal.amazon.com/coral/";
    assert!(AwsError::of_answer(400, Some(url), b"").is_throttling());
    assert!(AwsError::of_answer(429, None, b"<html>").is_throttling());
    let error = AwsError::of_answer(403, None, br#"{"__type":"AWS.SimpleQueueService.X"}"#);
    assert!(error.is_code(&["X"]) && !error.is_passing());
}
