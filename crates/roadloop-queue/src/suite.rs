//! The promises of a queue as cases, run by every implementation.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::{Claim, Job, Lane, Priority, Queue};

/// The hold all queues of the suite are opened with.
pub(crate) const HOLD: Duration = Duration::from_secs(2);

/// No promise needs longer to be kept.
const PATIENCE: Duration = Duration::from_secs(10);

type Shared = Arc<dyn Queue>;

/// The same queue opened twice, as two processes have it.
type Pair = (Shared, Shared);

/// Runs every case on a fresh queue, all at once: most of them wait.
pub(crate) async fn queue_keeps_its_promises(mut fresh: impl AsyncFnMut() -> Pair) {
    let mut cases = JoinSet::new();
    cases.spawn(a_held_job_is_hidden(fresh().await));
    cases.spawn(what_is_not_extended_comes_back(fresh().await));
    cases.spawn(what_is_extended_stays(fresh().await));
    cases.spawn(what_follows_is_there(fresh().await));
    cases.spawn(finishing_late_is_harmless(fresh().await));
    cases.spawn(what_is_given_back_comes_later(fresh().await));
    cases.spawn(lanes_are_apart(fresh().await));
    cases.spawn(nothing_is_lost_on_the_way(fresh().await));
    cases.spawn(who_waits_is_served(fresh().await));
    cases.spawn(pushing_twice_has_one_effect(fresh().await));
    cases.spawn(another_generation_is_another_job(fresh().await));
    cases.spawn(depths_are_told(fresh().await));
    cases.spawn(what_does_not_travel_is_refused(fresh().await));
    while let Some(case) = cases.join_next().await {
        case.expect("the promise is kept");
    }
}

fn lane() -> Lane {
    Lane::new("detect", Priority::Normal)
}

fn job(id: &str) -> Job {
    Job::new(lane(), id, format!(r#"{{"of":"{id}"}}"#))
}

/// The next jobs of a lane, which must come.
async fn next(queue: &Shared, lane: &Lane, most: usize) -> Vec<Claim> {
    let claims = queue.claim(lane, most, PATIENCE).await.unwrap();
    assert!(!claims.is_empty(), "nothing came in {lane}");
    claims
}

async fn one(queue: &Shared) -> Claim {
    next(queue, &lane(), 1).await.pop().unwrap()
}

async fn nothing(queue: &Shared, lane: &Lane) {
    let claims = queue.claim(lane, 10, Duration::from_millis(300)).await.unwrap();
    assert!(claims.is_empty(), "came: {claims:?}");
}

async fn a_held_job_is_hidden((queue, other): Pair) {
    queue.push(&[job("a")]).await.unwrap();
    let claim = one(&queue).await;
    assert_eq!((&claim.job, claim.deliveries, claim.attempts()), (&job("a"), 1, 1));
    nothing(&queue, &lane()).await;
    nothing(&other, &lane()).await;
    queue.finish(claim, &[]).await.unwrap();
    nothing(&other, &lane()).await;
}

async fn what_is_not_extended_comes_back((queue, other): Pair) {
    queue.push(&[job("a")]).await.unwrap();
    for deliveries in 1..=3 {
        let started = Instant::now();
        let claim = one(&other).await;
        assert_eq!((claim.deliveries, claim.attempts()), (deliveries, deliveries));
        if deliveries > 1 {
            assert!(started.elapsed() > HOLD / 2, "it came back at once");
        }
        // As if the worker had died.
        drop(claim);
    }
    queue.finish(one(&queue).await, &[]).await.unwrap();
    sleep(HOLD * 3 / 2).await;
    nothing(&queue, &lane()).await;
}

async fn what_is_extended_stays((queue, other): Pair) {
    queue.push(&[job("a")]).await.unwrap();
    let claim = one(&queue).await;
    for _ in 0..6 {
        sleep(HOLD / 3).await;
        queue.extend(&claim).await.unwrap();
        assert!(other.claim(&lane(), 1, Duration::ZERO).await.unwrap().is_empty());
    }
    queue.finish(claim, &[]).await.unwrap();
    sleep(HOLD * 3 / 2).await;
    nothing(&other, &lane()).await;
}

async fn what_follows_is_there((queue, _): Pair) {
    let next_lane = Lane::new("anonymize", Priority::Normal);
    queue.push(&[job("a")]).await.unwrap();
    let children: Vec<Job> =
        (0..25).map(|n| Job::new(next_lane.clone(), format!("a/{n}"), "{}")).collect();
    queue.finish(one(&queue).await, &children).await.unwrap();
    nothing(&queue, &lane()).await;
    let mut found = Vec::new();
    while found.len() < children.len() {
        for claim in next(&queue, &next_lane, 10).await {
            found.push(claim.job.clone());
            queue.finish(claim, &[]).await.unwrap();
        }
    }
    found.sort_by_key(|job| children.iter().position(|child| child == job));
    assert_eq!(found, children);
}

async fn finishing_late_is_harmless((queue, other): Pair) {
    queue.push(&[job("a")]).await.unwrap();
    let late = one(&queue).await;
    let held = one(&other).await;
    assert_eq!(held.deliveries, 2);
    // It may end the job or not, but never so that it is given out for ever.
    queue.finish(late, &[]).await.unwrap();
    other.finish(held, &[]).await.unwrap();
    sleep(HOLD * 3 / 2).await;
    nothing(&other, &lane()).await;

    queue.push(&[job("b")]).await.unwrap();
    let late = one(&queue).await;
    let held = one(&other).await;
    // Given back late: who holds it goes on, or it comes to somebody.
    queue.give_back(late, Duration::ZERO).await.unwrap();
    drop(held);
    other.finish(one(&other).await, &[]).await.unwrap();
    // A copy given back late may come once more.
    for claim in other.claim(&lane(), 1, HOLD * 3 / 2).await.unwrap() {
        other.finish(claim, &[]).await.unwrap();
    }
    nothing(&other, &lane()).await;
}

async fn what_is_given_back_comes_later((queue, _): Pair) {
    queue.push(&[job("a")]).await.unwrap();
    let claim = one(&queue).await;
    queue.give_back(claim, Duration::from_secs(2)).await.unwrap();
    let given = Instant::now();
    let claim = one(&queue).await;
    // Engines that count in seconds round.
    assert!(given.elapsed() >= Duration::from_millis(900), "after {:?}", given.elapsed());
    assert_eq!(claim.deliveries, 2);
    queue.give_back(claim, Duration::ZERO).await.unwrap();
    let claim = one(&queue).await;
    assert_eq!(claim.deliveries, 3);
    queue.finish(claim, &[]).await.unwrap();
}

async fn lanes_are_apart((queue, _): Pair) {
    let lanes: Vec<Lane> = ["extract", "detect"]
        .iter()
        .flat_map(|work| Priority::ALL.map(|priority| Lane::new(work, priority)))
        .collect();
    for lane in &lanes {
        queue.push(&[Job::new(lane.clone(), "same id", lane.to_string())]).await.unwrap();
    }
    for lane in &lanes {
        let claim = next(&queue, lane, 10).await.pop().unwrap();
        assert_eq!((&claim.job.lane, claim.job.body.as_str()), (lane, lane.to_string().as_str()));
        queue.finish(claim, &[]).await.unwrap();
        nothing(&queue, lane).await;
    }
}

async fn nothing_is_lost_on_the_way((queue, _): Pair) {
    let bodies = ["", "{}", "ü€😀 \" ' \\ <&>", &"x".repeat(100_000)];
    for (number, body) in bodies.iter().enumerate() {
        let mut sent = Job::new(lane(), format!("drive-1a/ü front/{number}"), *body);
        sent.generation = 3;
        sent.spent = 2;
        queue.push(std::slice::from_ref(&sent)).await.unwrap();
        let claim = one(&queue).await;
        assert_eq!((&claim.job, claim.attempts()), (&sent, 3));
        queue.finish(claim, &[]).await.unwrap();
    }
}

async fn who_waits_is_served((queue, other): Pair) {
    let waiting = Arc::clone(&other);
    let claimed = tokio::spawn(async move { waiting.claim(&lane(), 1, PATIENCE).await.unwrap() });
    sleep(Duration::from_millis(300)).await;
    queue.push(&[job("a")]).await.unwrap();
    let pushed = Instant::now();
    let claims = claimed.await.unwrap();
    assert_eq!(claims.len(), 1);
    assert!(pushed.elapsed() < Duration::from_secs(3), "after {:?}", pushed.elapsed());
    for claim in claims {
        queue.finish(claim, &[]).await.unwrap();
    }
}

/// Once or twice, but never not at all, and never for ever.
async fn pushing_twice_has_one_effect((queue, _): Pair) {
    queue.push(&[job("a"), job("a")]).await.unwrap();
    queue.push(&[job("a")]).await.unwrap();
    queue.finish(one(&queue).await, &[]).await.unwrap();
    for _ in 0..2 {
        for claim in queue.claim(&lane(), 1, Duration::from_millis(300)).await.unwrap() {
            queue.finish(claim, &[]).await.unwrap();
        }
    }
    nothing(&queue, &lane()).await;
}

/// What is tried again on purpose is not taken for a copy.
async fn another_generation_is_another_job((queue, _): Pair) {
    queue.push(&[job("a")]).await.unwrap();
    let claim = one(&queue).await;
    let again = claim.job.again(4);
    queue.finish(claim, std::slice::from_ref(&again)).await.unwrap();
    let claim = one(&queue).await;
    assert_eq!((&claim.job, claim.deliveries, claim.attempts()), (&again, 1, 5));
    assert_eq!((claim.job.generation, claim.job.spent), (1, 4));
    queue.finish(claim, &[]).await.unwrap();
}

async fn depths_are_told((queue, _): Pair) {
    assert_eq!(queue.depth(&lane()).await.unwrap().waiting, 0);
    queue.push(&[job("a"), job("b"), job("c")]).await.unwrap();
    let claim = one(&queue).await;
    sleep(Duration::from_millis(50)).await;
    let depth = queue.depth(&lane()).await.unwrap();
    assert_eq!((depth.waiting, depth.in_flight), (2, 1));
    assert!(depth.oldest.is_none_or(|age| age >= Duration::from_millis(40) && age < PATIENCE));
    queue.finish(claim, &[]).await.unwrap();
    for claim in next(&queue, &lane(), 10).await {
        queue.finish(claim, &[]).await.unwrap();
    }
}

async fn what_does_not_travel_is_refused((queue, _): Pair) {
    for bad in [
        Job::new(lane(), "a", "x".repeat(300_000)),
        Job::new(lane(), "", "{}"),
        Job::new(lane(), "a\nb", "{}"),
        Job::new(lane(), "x".repeat(1000), "{}"),
    ] {
        let error = queue.push(&[job("good"), bad]).await.unwrap_err();
        assert_eq!(error.kind(), roadloop_base::ErrorKind::Invalid, "{error}");
    }
    nothing(&queue, &lane()).await;
}
