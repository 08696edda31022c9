use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::sleep;

use super::*;
use crate::suite::{self, HOLD};
use crate::testing::{NatsCluster, NatsNode};
use crate::{Address, Priority, open};

async fn opened(address: &str) -> Arc<dyn Queue> {
    open(&address.parse::<Address>().unwrap(), QueueOptions { hold: HOLD }).await.unwrap()
}

fn lane() -> Lane {
    Lane::new("detect", Priority::Normal)
}

fn jobs(count: usize) -> Vec<Job> {
    (0..count).map(|number| Job::new(lane(), format!("job {number:04}"), "{}")).collect()
}

async fn keeps_its_promises(servers: &str) {
    let mut number = 0;
    suite::queue_keeps_its_promises(async || {
        number += 1;
        let address = format!("{servers}/case-{number}");
        (opened(&address).await, opened(&address).await)
    })
    .await;
}

/// Finishes what is there until nothing is; the ids of it.
async fn drain(queue: &Arc<dyn Queue>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    loop {
        let claims = queue.claim(&lane(), 50, HOLD * 3 / 2).await.unwrap();
        if claims.is_empty() {
            return ids;
        }
        for claim in claims {
            ids.insert(claim.job.id.clone());
            queue.finish(claim, &[]).await.unwrap();
        }
    }
}

fn ids(jobs: &[Job]) -> BTreeSet<String> {
    jobs.iter().map(|job| job.id.clone()).collect()
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn one_server_keeps_its_promises() {
    let node = NatsNode::start();
    keeps_its_promises(&node.address()).await;
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn a_cluster_keeps_its_promises() {
    let cluster = NatsCluster::start(3);
    keeps_its_promises(&cluster.address()).await;
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn a_killed_server_has_lost_nothing() {
    let mut node = NatsNode::start();
    let queue = opened(&node.address()).await;
    let sent = jobs(100);
    queue.push(&sent).await.unwrap();
    let claim = queue.claim(&lane(), 1, HOLD).await.unwrap().pop().unwrap();
    node.kill();
    node.restart();
    // Who held a job goes on, over the same connection.
    queue.finish(claim, &[]).await.unwrap();
    let more = Job::new(lane(), "one more", "{}");
    queue.push(std::slice::from_ref(&more)).await.unwrap();
    let mut expected = ids(&sent[1..]);
    expected.insert(more.id);
    let found = drain(&queue).await;
    assert_eq!(found, expected);
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn who_waits_sees_a_server_go_and_come() {
    let mut node = NatsNode::start();
    let queue = opened(&node.address()).await;
    let waiting = Arc::clone(&queue);
    let claimed = tokio::spawn(async move { waiting.claim(&lane(), 5, PATIENCE).await });
    sleep(Duration::from_millis(500)).await;
    node.kill();
    let pushing = Arc::clone(&queue);
    let pushed = tokio::spawn(async move { pushing.push(&jobs(1)).await });
    sleep(Duration::from_secs(1)).await;
    node.restart();
    pushed.await.unwrap().unwrap();
    assert_eq!(claimed.await.unwrap().unwrap().len(), 1);
}

/// Longer than a server is away here.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn what_was_finished_can_be_pushed_anew() {
    let node = NatsNode::start();
    let queue = opened(&node.address()).await;
    for round in 0..3 {
        queue.push(&jobs(2)).await.unwrap();
        if round == 0 {
            // While they wait they are kept once.
            queue.push(&jobs(2)).await.unwrap();
            assert_eq!(queue.depth(&lane()).await.unwrap().waiting, 2);
        }
        assert_eq!(drain(&queue).await, ids(&jobs(2)));
    }
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn a_claim_that_is_over_is_not_extended() {
    let node = NatsNode::start();
    let queue = opened(&node.address()).await;
    queue.push(&jobs(1)).await.unwrap();
    let claim = queue.claim(&lane(), 1, HOLD).await.unwrap().pop().unwrap();
    sleep(HOLD + Duration::from_millis(100)).await;
    assert!(queue.extend(&claim).await.unwrap_err().is_lost());
    assert_eq!(drain(&queue).await, ids(&jobs(1)));
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn what_others_left_there_stands_in_nobodys_way() {
    let node = NatsNode::start();
    let queue = opened(&node.address()).await;
    let stranger = async_nats::connect(node.address()).await.unwrap();
    let stranger = jetstream::new(stranger);
    stranger.publish("roadloop.jobs.detect.normal", "hello".into()).await.unwrap().await.unwrap();
    queue.push(&jobs(3)).await.unwrap();
    let mut found = BTreeSet::new();
    while found.len() < 3 {
        for claim in queue.claim(&lane(), 2, HOLD).await.unwrap() {
            found.insert(claim.job.id.clone());
            queue.finish(claim, &[]).await.unwrap();
        }
    }
    assert_eq!(found, ids(&jobs(3)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn a_cluster_whose_leader_dies_loses_nothing() {
    const JOBS: usize = 200;
    const TASKS: usize = 4;
    let mut cluster = NatsCluster::start(3);
    let address = cluster.address();
    let done = Arc::new(Mutex::new(BTreeSet::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let (address, done) = (address.clone(), Arc::clone(&done));
        tasks.spawn(async move {
            let queue = opened(&address).await;
            let sent = jobs(JOBS);
            for some in sent[task * JOBS / TASKS..(task + 1) * JOBS / TASKS].chunks(5) {
                queue.push(some).await.unwrap();
                for claim in queue.claim(&lane(), 3, Duration::ZERO).await.unwrap() {
                    done.lock().unwrap().insert(claim.job.id.clone());
                    queue.finish(claim, &[]).await.unwrap();
                }
            }
            while done.lock().unwrap().len() < JOBS {
                for claim in queue.claim(&lane(), 3, Duration::from_secs(1)).await.unwrap() {
                    done.lock().unwrap().insert(claim.job.id.clone());
                    queue.finish(claim, &[]).await.unwrap();
                }
            }
        });
    }
    let servers = NatsAddress::parse("nats", address.trim_start_matches("nats://")).unwrap();
    let context = jetstream::new(async_nats::connect(servers.servers).await.unwrap());
    while done.lock().unwrap().len() < JOBS / 10 {
        sleep(Duration::from_millis(10)).await;
    }
    let leader = context.get_stream("roadloop-jobs").await.unwrap().cached_info().clone();
    let cluster_info = leader.cluster.unwrap();
    assert_eq!(cluster_info.replicas.len(), 2);
    let leader = cluster_info.leader.unwrap();
    cluster.node(&leader).kill();
    sleep(Duration::from_secs(2)).await;
    cluster.node(&leader).restart();
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    let queue = opened(&address).await;
    // Acks that died with the leader bring their jobs back, once.
    drain(&queue).await;
    assert_eq!(queue.depth(&lane()).await.unwrap(), Depth::default());
    assert_eq!(*done.lock().unwrap(), ids(&jobs(JOBS)));
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn who_may_not_is_told_without_secrets() {
    let users = "authorization { user: \"me\", password: \"se/cr@t\" }\n";
    let node = NatsNode::configured(users);
    let host = node.address().replace("nats://", "");
    let queue = opened(&format!("nats://me:se%2Fcr%40t@{host}")).await;
    queue.push(&jobs(1)).await.unwrap();
    assert_eq!(drain(&queue).await, ids(&jobs(1)));
    for wrong in ["me:geheim", "geheim"] {
        let address: Address = format!("nats://{wrong}@{host}").parse().unwrap();
        let error = open(&address, QueueOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), roadloop_base::ErrorKind::Invalid);
        let text = format!("{error} {error:?} {address:?}");
        assert!(text.contains(&host) && !text.contains("geheim"), "{text}");
    }
}

/// A full stream refuses what is new and keeps what it has.
#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn a_full_queue_loses_nothing() {
    let node = NatsNode::start();
    let queue = opened(&node.address()).await;
    let context = jetstream::new(async_nats::connect(node.address()).await.unwrap());
    let mut config =
        context.get_stream("roadloop-jobs").await.unwrap().cached_info().config.clone();
    config.max_messages = 3;
    context.update_stream(config).await.unwrap();
    queue.push(&jobs(3)).await.unwrap();
    let pushing = Arc::clone(&queue);
    let pushed = tokio::spawn(async move { pushing.push(&jobs(5)[3..]).await });
    sleep(Duration::from_millis(500)).await;
    // Who pushes waits for room.
    let mut found = BTreeSet::new();
    while found.len() < 5 {
        for claim in queue.claim(&lane(), 5, HOLD).await.unwrap() {
            found.insert(claim.job.id.clone());
            queue.finish(claim, &[]).await.unwrap();
        }
    }
    pushed.await.unwrap().unwrap();
    assert_eq!(found, ids(&jobs(5)));
}

#[tokio::test]
#[ignore = "needs nats-server: on PATH, or named by ROADLOOP_NATS_SERVER"]
async fn deleting_twice_is_harmless() {
    let node = NatsNode::start();
    let Address::Nats(address) = node.address().parse().unwrap() else { unreachable!() };
    let queue = NatsQueue::open(&address, QueueOptions { hold: HOLD }).await.unwrap();
    queue.push(&jobs(3)).await.unwrap();
    let claim = queue.claim(&lane(), 1, HOLD).await.unwrap().pop().unwrap();
    let sequence = Held::of(&claim).sequence;
    for _ in 0..2 {
        queue.delete(sequence).await.unwrap();
    }
    let started = Instant::now();
    queue.finish(claim, &[]).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "after {:?}", started.elapsed());
    let queue: Arc<dyn Queue> = Arc::new(queue);
    assert_eq!(drain(&queue).await, ids(&jobs(3)[1..]));
    queue.push(&jobs(1)).await.unwrap();
    assert_eq!(drain(&queue).await, ids(&jobs(1)));
}
