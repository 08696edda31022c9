//! The jobs that follow from an extraction, pushed while it goes on: parts of the
//! recording, each some shards of a camera.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use roadloop_base::{Camera, Part, RecordingId, ShardId, ShardRun, Stage};
use roadloop_queue::{Job, Queue};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::{Policy, Task, depth};
use crate::{Ctx, EngineError};

/// How often a full stage is asked whether there is room.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Parts of one recording, on their way into the queue.
pub(super) struct Children<'a> {
    queue: &'a dyn Queue,
    policy: &'a Policy,
    task: &'a Task,
    recording: RecordingId,
    /// The stage they are for, where there is one.
    next: Option<Stage>,
    /// By camera: the first shards of the parts that were pushed, and that of the one
    /// which may still grow.
    pushed: BTreeMap<Camera, BTreeSet<u32>>,
    growing: BTreeMap<Camera, u32>,
}

impl<'a> Children<'a> {
    pub(super) fn new(
        queue: &'a dyn Queue,
        policy: &'a Policy,
        task: &'a Task,
        recording: RecordingId,
    ) -> Children<'a> {
        let next = task.order.stage_after(Stage::Extract);
        let (pushed, growing) = (BTreeMap::new(), BTreeMap::new());
        Children { queue, policy, task, recording, next, pushed, growing }
    }

    /// Pushes each part when the catalog has all of it: frames of a camera come in
    /// order, so one of a later part completes the part before. Ends with the
    /// extraction. While the next stage is full, shards are not taken, and so the
    /// extraction waits.
    pub(super) async fn follow(
        &mut self,
        mut committed: mpsc::Receiver<Vec<ShardId>>,
    ) -> Result<(), EngineError> {
        while let Some(shards) = committed.recv().await {
            for shard in shards {
                let first = self.part_of(shard.index);
                match self.growing.insert(shard.camera.clone(), first) {
                    Some(before) if before < first => self.push(&shard.camera, before).await?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Pushes what is left of all the catalog has of the recording, and says which
    /// parts there are.
    pub(super) async fn finish(
        mut self,
        ctx: &Ctx,
    ) -> Result<BTreeMap<Camera, Vec<u32>>, EngineError> {
        let mut parts: BTreeMap<Camera, BTreeSet<u32>> = BTreeMap::new();
        for row in ctx.catalog.frames(&Part::whole(self.recording.clone())).await? {
            let first = self.part_of(row.id.shard().index);
            parts.entry(row.id.camera).or_default().insert(first);
        }
        for (camera, firsts) in &parts {
            for first in firsts {
                if !self.pushed.get(camera).is_some_and(|pushed| pushed.contains(first)) {
                    self.push(camera, *first).await?;
                }
            }
        }
        Ok(parts
            .into_iter()
            .map(|(camera, firsts)| (camera, firsts.into_iter().collect()))
            .collect())
    }

    fn part_of(&self, shard: u32) -> u32 {
        let size = self.policy.shards_per_job.max(1);
        shard / size * size
    }

    async fn push(&mut self, camera: &Camera, first: u32) -> Result<(), EngineError> {
        if let Some(stage) = self.next {
            self.wait_for_room(stage).await?;
            let count = self.policy.shards_per_job.max(1);
            let shards = Some(ShardRun { camera: camera.clone(), first, count });
            let part = Part { recording: self.recording.clone(), shards };
            let job = follow_up(self.task, stage, part)?;
            self.queue.push(&[job]).await?;
        }
        self.pushed.entry(camera.clone()).or_default().insert(first);
        Ok(())
    }

    async fn wait_for_room(&self, stage: Stage) -> Result<(), EngineError> {
        while is_full(self.queue, self.policy, stage).await? {
            sleep(ASK_EVERY).await;
        }
        Ok(())
    }
}

/// Whether so much waits in a stage that the ones before it are to wait.
pub(super) async fn is_full(
    queue: &dyn Queue,
    policy: &Policy,
    stage: Stage,
) -> Result<bool, EngineError> {
    Ok(depth(queue, stage).await?.waiting >= policy.most_waiting)
}

/// The job of another stage, about a part of the same recording.
pub(super) fn follow_up(task: &Task, stage: Stage, part: Part) -> Result<Job, EngineError> {
    Task { order: task.order.clone(), stage, part: Some(part) }.job()
}
