//! How often a job is tried, how long is waited between, and how much may wait.

use std::time::Duration;

use roadloop_base::ErrorKind;

use crate::EngineError;

/// What is decided about jobs, the same for all stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// A job that failed so often is dead.
    pub attempts: u32,
    /// Pause after the first failure; each one after it is twice as long.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// A job that takes longer is stopped, and has failed.
    pub timeout: Duration,
    /// Jobs that may wait in the next stage before this one waits for it.
    pub most_waiting: u64,
    /// Shards of a job: each is 16 frames of a camera.
    pub shards_per_job: u32,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            attempts: 5,
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_secs(300),
            timeout: Duration::from_secs(6 * 3600),
            most_waiting: 64,
            shards_per_job: 4,
        }
    }
}

/// What is done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not the job's fault: wait and do it again, without counting.
    NotNow,
    /// It may go better next time.
    Again,
    /// It never will.
    Never,
}

impl Policy {
    pub(super) fn judge(error: &EngineError) -> Verdict {
        match error.kind() {
            ErrorKind::Busy => Verdict::NotNow,
            // An object may be seen a little later than the word of it.
            ErrorKind::NotFound | ErrorKind::Internal => Verdict::Again,
            ErrorKind::Invalid | ErrorKind::Conflict => Verdict::Never,
        }
    }

    /// Between half of it and all of it, so that those that failed together do not
    /// come back together.
    pub(super) fn pause_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let pause = self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause);
        pause.mul_f64(0.5 + 0.5 * fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = Policy::default();
        let is_within = |failures: u32, secs: f64| {
            let pause = policy.pause_after(failures).as_secs_f64();
            assert!(pause >= secs / 2.0 && pause <= secs, "{failures}: {pause}");
        };
        is_within(0, 2.0);
        is_within(1, 2.0);
        is_within(2, 4.0);
        is_within(5, 32.0);
        is_within(40, 300.0);
        is_within(u32::MAX, 300.0);
        let pauses: std::collections::HashSet<_> = (0..20).map(|_| policy.pause_after(9)).collect();
        assert!(pauses.len() > 10);
    }
}
