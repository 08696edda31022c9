use std::time::{Duration, Instant};

use roadloop_base::Kind;
use roadloop_queue::testing::Stub;
use roadloop_vision::{Channels, Pixels, encode_png, encode_webp};
use serde_json::json;

use super::*;

fn picture() -> Pixels {
    Pixels::new(16, 16, Channels::Rgb, vec![90; 16 * 16 * 3]).unwrap()
}

fn asking(stub: &Stub) -> Rekognition {
    Rekognition::of(AwsClient::for_tests(AwsService::REKOGNITION, stub.endpoint()))
}

fn sent(question: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(question["Image"]["Bytes"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn an_image_goes_as_it_lies_in_the_store() {
    let answer = json!({"Labels": [{"Name": "Car", "Confidence": 50.0}]});
    let stub = Stub::answering(vec![(200, answer)]);
    let (service, cpu) = (asking(&stub), Cpu::new(1));
    let image = Bytes::from(encode_png(&picture()).unwrap());
    let found = service.labels(&cpu, &image, 0.25).await.unwrap();
    assert_eq!((found.len(), found[0].kind, found[0].label.as_str()), (1, Kind::Scene, "car"));
    let asked = stub.asked();
    assert_eq!(asked[0].0, "RekognitionService.DetectLabels");
    assert_eq!(asked[0].1["MinConfidence"], 25.0);
    assert_eq!(sent(&asked[0].1), image);
    // What Amazon does not read is made into what it does.
    let webp = Bytes::from(encode_webp(&picture()).unwrap());
    service.labels(&cpu, &webp, 0.25).await.unwrap();
    assert!(sent(&stub.asked()[1].1).starts_with(b"\xff\xd8\xff"));
}

#[tokio::test]
async fn who_is_asked_too_much_is_asked_again_later() {
    let no = json!({"__type": "ProvisionedThroughputExceededException"});
    let yes = json!({"Labels": []});
    let stub = Stub::answering(vec![(400, no.clone()), (500, Value::Null), (400, no), (200, yes)]);
    let began = Instant::now();
    let image = Bytes::from(encode_png(&picture()).unwrap());
    let found = asking(&stub).labels(&Cpu::new(1), &image, 0.5).await.unwrap();
    assert_eq!((found.len(), stub.asked().len()), (0, 4));
    assert!(began.elapsed() > Duration::from_millis(100), "it was slowed");
}

#[tokio::test]
async fn an_image_that_is_refused_is_damaged_and_nothing_else_is() {
    let refused = async |code: &str| {
        let no = json!({"__type": code, "Message": "no"});
        let image = Bytes::from(encode_png(&picture()).unwrap());
        let stub = Stub::answering(vec![(400, no)]);
        asking(&stub).private(&Cpu::new(1), &image).await.unwrap_err()
    };
    let error = refused("InvalidImageFormatException").await;
    assert!(matches!(error, FrameError::Damaged(reason) if reason.contains("Amazon Rekognition")));
    let error = refused("AccessDeniedException").await;
    assert!(matches!(error, FrameError::Broken(EngineError::Rekognition(_))));
    let image = Bytes::from_static(b"no image");
    let stub = Stub::answering(vec![(200, Value::Null)]);
    let error = asking(&stub).private(&Cpu::new(1), &image).await.unwrap_err();
    assert!(matches!(error, FrameError::Damaged(_)) && stub.asked().is_empty(), "{error:?}");
}
