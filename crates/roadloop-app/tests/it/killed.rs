//! kill -9 of a writer at random instants: the tables can be read every time,
//! hold whole shards only, and a second run completes them. In a folder and in a
//! bucket; now and then a compaction is killed as well.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::bucket::InBucket;
use crate::main_job::small_bag;
use crate::workspace::{Ran, Workspace};

/// Of a run in two commits, and of one in many.
const FEW_FRAMES: u32 = 320;
const MANY_FRAMES: u32 = 1200;

const SHARDS: &str = "select recording, camera, shard, count(*) as frames, \
                      count(distinct frame) as distinct_frames from frames group by 1, 2, 3";

/// Frames by camera and shard.
type Shards = BTreeMap<String, u32>;

/// What became of so many kills.
#[derive(Debug, Default)]
struct Tally {
    /// Before the end of the run.
    killed: u32,
    /// With some of the shards there.
    partly: u32,
}

/// The binary on some store.
struct Writer<'a> {
    command: &'a dyn Fn(&[&str]) -> Command,
    /// As if the lease of a compaction that was killed had run out.
    let_lease_end: &'a dyn Fn(),
}

impl Writer<'_> {
    fn ok(&self, args: &[&str]) -> String {
        let ran = Ran::from((self.command)(args).output().unwrap());
        assert_eq!(ran.code, 0, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Whether it still ran when it was killed.
    fn kill(&self, args: &[&str], after: Duration) -> bool {
        let mut command = (self.command)(args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(after);
        let is_running = child.try_wait().unwrap().is_none();
        let _ = child.kill();
        child.wait().unwrap();
        is_running
    }

    /// The shards of a recording; no frame is there twice.
    fn shards(&self, recording: &str) -> Shards {
        let rows = self.ok(&["sql", SHARDS, "--format", "csv", "--max-rows", "1000000"]);
        let mut shards = Shards::new();
        for row in rows.lines().skip(1) {
            let [of, camera, shard, frames, distinct] = row.split(',').collect::<Vec<_>>()[..]
            else {
                panic!("{row}")
            };
            assert_eq!(frames, distinct, "a frame is there twice: {row}");
            if of == recording {
                shards.insert(format!("{camera}/{shard}"), frames.parse().unwrap());
            }
        }
        shards
    }
}

fn extract<'a>(bag: &'a str, name: &'a str) -> [&'a str; 6] {
    ["run", bag, "--stages", "extract", "--name", name]
}

fn survives(times: u32, frames: u32, bag: &str, writer: &Writer<'_>) -> Tally {
    let started = Instant::now();
    writer.ok(&extract(bag, "undisturbed"));
    let longest = started.elapsed();
    let whole = writer.shards("undisturbed");
    assert_eq!(whole.values().sum::<u32>(), frames);
    let mut tally = Tally::default();
    // Instants spread over the run, the same ones each time, in no order.
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut instant = || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        longest.mul_f64((dice >> 40) as f64 / f64::from(1 << 24))
    };
    for number in 0..times {
        let name = format!("killed-{number}");
        tally.killed += u32::from(writer.kill(&extract(bag, &name), instant()));
        let left = writer.shards(&name);
        for (shard, frames) in &left {
            assert_eq!(Some(frames), whole.get(shard), "shard {shard} of {name} is not whole");
        }
        tally.partly += u32::from(!left.is_empty() && left.len() < whole.len());
        if number % 5 == 2 {
            writer.kill(&["catalog", "compact"], instant());
            (writer.let_lease_end)();
        }
        writer.ok(&extract(bag, &name));
        assert_eq!(writer.shards(&name), whole, "{name} was not completed by a second run");
    }
    tally
}

fn survives_in_a_folder(times: u32, frames: u32) -> Tally {
    let workspace = Workspace::new();
    let bag = small_bag(&workspace, frames);
    let command = |args: &[&str]| workspace.command(args);
    let writer = Writer { command: &command, let_lease_end: &|| {} };
    survives(times, frames, bag.to_str().unwrap(), &writer)
}

fn survives_in_a_bucket(times: u32, frames: u32) -> Tally {
    let there = InBucket::new();
    let bag = small_bag(&there.workspace, frames);
    let command = |args: &[&str]| there.command(args);
    let let_lease_end = || there.server.remove("fleet/lake/.upkeep.lock");
    let writer = Writer { command: &command, let_lease_end: &let_lease_end };
    survives(times, frames, bag.to_str().unwrap(), &writer)
}

#[test]
fn killed_at_some_instants() {
    survives_in_a_folder(3, FEW_FRAMES);
    survives_in_a_bucket(4, FEW_FRAMES);
}

#[test]
#[ignore = "minutes: cargo test -p roadloop-app --test it killed_at_a_hundred -- --ignored --nocapture"]
fn killed_at_a_hundred_instants_in_a_folder() {
    told("folder", &survives_in_a_folder(100, MANY_FRAMES));
}

#[test]
#[ignore = "minutes: cargo test -p roadloop-app --test it killed_at_a_hundred -- --ignored --nocapture"]
fn killed_at_a_hundred_instants_in_a_bucket() {
    told("bucket", &survives_in_a_bucket(100, MANY_FRAMES));
}

#[expect(clippy::print_stdout, reason = "figures for docs/benchmarks.md")]
fn told(store: &str, Tally { killed, partly }: &Tally) {
    println!("{store}: {killed} of 100 killed before their end, {partly} with some shards");
}
