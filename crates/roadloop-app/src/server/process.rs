//! What the operating system says of this process, where it is Linux.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::text::{Kind, Text};

/// Linux counts the time of processes in these, whatever the kernel's own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// The metrics every client library has, under the names they all use.
pub(super) fn write(text: &mut Text, started_at: SystemTime) {
    let since = started_at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let help = "When the process began, in seconds since 1970.";
    text.family("process_start_time_seconds", Kind::Gauge, help).sample(&[], since.as_secs_f64());
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(bytes) = resident(&status) {
        let help = "Memory of the process that is in RAM.";
        text.family("process_resident_memory_bytes", Kind::Gauge, help).count(&[], bytes);
    }
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(seconds) = cpu_seconds(&stat) {
        let help = "Time of all cores that the process used.";
        text.family("process_cpu_seconds_total", Kind::Counter, help).sample(&[], seconds);
    }
}

/// `VmRSS:     1234 kB`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Fields 14 and 15; the second one may hold any character, and ends with the last `)`.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some((ticks.next()?? + ticks.next()??) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_linux_are_read() {
        assert_eq!(resident("Name:\ta\nVmRSS:\t    1234 kB\n"), Some(1234 * 1024));
        assert_eq!(resident(""), None);
        let stat = "12 (a b) c) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100 1 1";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("12 (a) S 1"), None);
    }
}
