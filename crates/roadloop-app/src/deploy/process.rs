//! Processes that outlive the one who started them: known by a file, told to stop by a
//! signal, and never taken for another that got their number.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// How often is looked whether one is still there.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A process, and when it was started: numbers are given again, also after a restart of
/// the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pid: i32,
    /// In ticks since the machine was started.
    started: u64,
    boot: String,
}

impl Process {
    /// The process of that number, where there is one that has not ended.
    pub(super) fn of(pid: u32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let started = started_of(&stat)?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Some(Process { pid: i32::try_from(pid).ok()?, started, boot: boot.trim().to_owned() })
    }

    /// As it was written down, where it is still there.
    pub(super) fn written(path: &Path) -> Option<Process> {
        let text = fs::read_to_string(path).ok()?;
        let process: Process = serde_json::from_str(&text).ok()?;
        process.is_alive().then_some(process)
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        // Whole or not at all: who reads it may be about to kill.
        let part = path.with_extension("part");
        let failed = || format!("cannot write down a process\npath: {}", path.display());
        fs::write(&part, serde_json::to_vec(self)?).with_context(failed)?;
        fs::rename(&part, path).with_context(failed)
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    pub(super) fn is_alive(&self) -> bool {
        u32::try_from(self.pid).ok().and_then(Process::of).as_ref() == Some(self)
    }

    fn tell(&self, signal: i32) {
        // Between the look and the signal it may end, and its number be given away: in
        // some microseconds, after all other numbers were.
        if self.is_alive() {
            send(self.pid, signal);
        }
    }

    pub(super) fn terminate(&self) {
        self.tell(libc::SIGTERM);
    }

    pub(super) fn kill(&self) {
        self.tell(libc::SIGKILL);
    }
}

/// The 22nd field of `/proc/<pid>/stat`, unless it has ended and only waits to be asked
/// how. The second field is its name in parentheses, in which anything may stand.
fn started_of(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Tells all to stop, and kills what is there after so long.
pub(super) fn stop(processes: &[Process], grace: Duration) {
    processes.iter().for_each(Process::terminate);
    wait_for_end(processes, grace);
    processes.iter().for_each(Process::kill);
    wait_for_end(processes, Duration::from_secs(10));
}

/// Whether all of them ended within so long.
pub(super) fn wait_for_end(processes: &[Process], most: Duration) -> bool {
    let until = Instant::now() + most;
    loop {
        if !processes.iter().any(Process::is_alive) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        sleep(LOOK_EVERY);
    }
}

/// Starts a process in a session of its own: it has no terminal that could take it along.
#[expect(unsafe_code, reason = "between fork and exec nothing safe can be done")]
pub(super) fn start_apart(command: &mut Command) -> io::Result<Child> {
    // SAFETY: setsid may be called between fork and exec: it takes no lock and no memory.
    unsafe {
        command.pre_exec(|| match libc::setsid() {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    command.spawn()
}

#[expect(unsafe_code, reason = "the standard library sends SIGKILL only, and to children only")]
fn send(pid: i32, signal: i32) {
    // 0 and below are groups of processes.
    if pid > 0 {
        // SAFETY: kill takes two integers.
        unsafe { libc::kill(pid, signal) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_again_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.pid");
        let own = Process::of(std::process::id()).unwrap();
        own.write(&path).unwrap();
        assert_eq!(Process::written(&path), Some(own.clone()));
        // The same number, started at another time.
        for other in [
            Process { started: own.started + 1, ..own.clone() },
            Process { boot: "another".to_owned(), ..own },
        ] {
            other.write(&path).unwrap();
            assert_eq!(Process::written(&path), None);
        }
        std::fs::write(&path, "12").unwrap();
        assert_eq!(Process::written(&path), None);
    }

    #[test]
    fn names_of_processes_may_hold_anything() {
        let rest = "S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9";
        assert_eq!(started_of(&format!("7 (a b) c) {rest}")), Some(4242));
        assert_eq!(started_of(&format!("7 (x) {}", rest.replacen('S', "Z", 1))), None);
        assert_eq!(started_of("7 x"), None);
    }

    #[test]
    fn what_does_not_stop_is_killed() {
        let mut deaf = Command::new("sh");
        deaf.args(["-c", "trap '' TERM; while :; do sleep 0.1; done"]);
        let mut child = start_apart(&mut deaf).unwrap();
        let process = Process::of(child.id()).unwrap();
        // The trap is set when the shell has started.
        sleep(Duration::from_millis(300));
        stop(std::slice::from_ref(&process), Duration::from_millis(300));
        assert!(!process.is_alive());
        assert!(!child.wait().unwrap().success());
    }
}
