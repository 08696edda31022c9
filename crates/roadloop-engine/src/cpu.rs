//! Where waiting and computing meet: the one way from async code to the cores.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::EngineError;

/// A share of this machine's cores. Cheap to clone; clones share the slots.
#[derive(Clone, Debug)]
pub struct Cpu {
    jobs: usize,
    slots: Arc<Semaphore>,
}

impl Cpu {
    /// At most `jobs` computations at once; 0 means one per core.
    pub fn new(jobs: usize) -> Cpu {
        let cores = available_parallelism().map_or(1, usize::from);
        let jobs = if jobs == 0 { cores } else { jobs.min(1024) };
        Cpu { jobs, slots: Arc::new(Semaphore::new(jobs)) }
    }

    pub fn jobs(&self) -> usize {
        self.jobs
    }

    /// Runs a computation off the async threads, waiting for a free slot first.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(EngineError::stopped)?;
        let done = spawn_blocking(move || {
            let result = work();
            drop(slot);
            result
        });
        done.await.map_err(EngineError::stopped)
    }
}
