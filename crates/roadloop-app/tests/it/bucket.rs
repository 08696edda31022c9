//! Images and tables in a bucket: the same as in a folder.

use std::fs;
use std::process::{Command, Stdio};

use roadloop_store::testing::{Habit, S3};

use crate::main_job::{small_bag, small_drive};
use crate::workspace::{Ran, Workspace, files_below};

/// A workspace, and the bucket its store is in.
pub(crate) struct InBucket {
    pub(crate) workspace: Workspace,
    pub(crate) server: S3,
}

impl InBucket {
    pub(crate) fn new() -> InBucket {
        InBucket { workspace: Workspace::new(), server: S3::start(&["fleet"]) }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.workspace.command(&[&["--store", "s3://fleet/lake"], args].concat());
        command.envs(self.server.environment());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran.stdout
    }
}

const ROWS: [&str; 2] = [
    "select * from frames order by recording, camera, sequence",
    "select * from detection_rows order by frame, kind, label, number",
];

#[test]
fn a_bucket_holds_what_a_folder_does() {
    let here = Workspace::new();
    let drive = small_drive(&here, 6);
    here.ok(&["run", drive.to_str().unwrap()]);
    let there = InBucket::new();
    let drive = small_drive(&there.workspace, 6);
    let nothing = there.run(&["search", "has(person)", "--count"]);
    assert!(nothing.stderr.contains("nothing is stored in s3://fleet/lake yet"), "{nothing:?}");
    assert_eq!(there.server.paths(), Vec::<String>::new(), "a question makes nothing");

    there.ok(&["run", drive.to_str().unwrap()]);
    let root = here.path("roadloop");
    for folder in ["images", "anonymized", "video", "recordings"] {
        let files = files_below(&root.join(folder));
        assert!(!files.is_empty(), "{folder}");
        for file in files {
            let key = format!("fleet/lake/{}", file.strip_prefix(&root).unwrap().display());
            let object = there.server.get(&key).unwrap_or_else(|| panic!("no {key}"));
            assert!(folder == "recordings" || object == fs::read(&file).unwrap(), "{key}");
        }
    }
    for rows in ROWS {
        assert_eq!(there.ok(&["sql", rows, "--json"]), here.ok(&["sql", rows, "--json"]));
    }

    // Again, and from the other side of it: nothing to do.
    let before = there.server.paths();
    let again = there.ok(&["run", drive.to_str().unwrap(), "--json"]);
    assert!(again.replace(' ', "").matches("\"done\":0").count() >= 4, "{again}");
    assert_eq!(there.server.paths(), before);
}

#[test]
fn every_command_works_in_a_bucket() {
    let there = InBucket::new();
    let bag = small_bag(&there.workspace, 20);
    for name in ["one", "two"] {
        there.ok(&["run", bag.to_str().unwrap(), "--stages", "extract", "--name", name]);
    }
    let doctor = there.run(&["doctor"]);
    assert!(doctor.stdout.contains("store         s3://fleet/lake"), "{doctor:?}");
    assert!(doctor.stdout.contains("2 recordings, 40 frames"), "{doctor:?}");
    assert!(there.server.paths().iter().all(|path| !path.contains("probe")));

    there.server.put("fleet/weather.csv", b"recording,sky\none,blue\ntwo,grey\n".to_vec());
    there.ok(&["enrich", "s3://fleet/weather.csv", "--on", "recording", "--as", "weather"]);
    assert_eq!(there.ok(&["search", "weather.sky = blue", "--count"]).trim(), "20");
    there.ok(&["tag", "recording = two", "--add", "second"]);
    assert_eq!(there.ok(&["search", "tag = second", "--count"]).trim(), "20");

    let copied = ["--copy-to", "s3://fleet/out", "--manifest", "--raw"];
    there.ok(&[&["select", "", "--sample", "4", "--save", "few"], &copied[..]].concat());
    let paths = there.server.paths();
    assert_eq!(paths.iter().filter(|path| path.starts_with("fleet/out/")).count(), 5, "{paths:?}");
    let manifest = there.server.get("fleet/out/input.manifest").unwrap();
    let manifest = String::from_utf8(manifest.to_vec()).unwrap();
    for line in manifest.lines() {
        let path = line.strip_prefix("{\"source-ref\":\"s3://").unwrap().trim_end_matches("\"}");
        assert!(there.server.get(path).is_some(), "{line}");
    }

    let compacted = there.ok(&["catalog", "compact"]);
    assert!(compacted.contains("frames: 2 small files of 1 date became 1, 40 rows"), "{compacted}");
    there.ok(&["catalog", "vacuum"]);
    assert!(there.ok(&["catalog", "history"]).contains("compact"));
    assert!(there.ok(&["catalog", "stats"]).contains("2 recordings"));
    let paths = there.server.paths();
    assert!(paths.iter().all(|path| !path.ends_with(".lock")), "{paths:?}");
}

#[test]
fn many_write_at_once() {
    let there = InBucket::new();
    let bag = small_bag(&there.workspace, 20);
    let start = |name: &str| {
        let args = ["run", bag.to_str().unwrap(), "--stages", "extract", "--name", name];
        there.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // Three recordings, one of them twice.
    let running = ["a", "b", "c", "c"].map(start);
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let counts = "select recording, count(*) as n, count(distinct frame) as f from frames \
                  group by recording order by recording";
    let counts = there.ok(&["sql", counts, "--format", "csv"]);
    assert_eq!(counts.lines().skip(1).collect::<Vec<_>>(), ["a,20,20", "b,20,20", "c,20,20"]);
}

#[test]
fn a_store_that_goes_away_damages_no_frame() {
    let there = InBucket::new();
    let bag = small_bag(&there.workspace, 40);
    there.ok(&["run", bag.to_str().unwrap(), "--stages", "extract"]);
    there.server.stop_after(20);
    let ran = there.run(&["detect"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!ran.stderr.contains("skipped"), "{ran:?}");
    there.server.stop_after(usize::MAX);
    let again = there.ok(&["detect", "--json"]);
    assert!(again.replace(' ', "").contains("\"done\":40"), "{again}");
}

#[test]
fn what_is_wrong_with_a_bucket_is_said() {
    let there = InBucket::new();
    let bag = small_bag(&there.workspace, 2);
    let run = |store: &str| {
        let args = ["run", bag.to_str().unwrap(), "--stages", "extract", "--store", store];
        let mut command = there.workspace.command(&args);
        command.envs(there.server.environment());
        command
    };
    let said = |mut command: Command| {
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, 1, "{ran:?}");
        ran.stderr
    };
    let error = said(run("s3://flet/lake"));
    assert!(error.contains("no such bucket; make it first"), "{error}");
    let mut without = run("s3://fleet/lake");
    without.env_remove("AWS_ACCESS_KEY_ID");
    assert!(said(without).contains("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"));
    there.server.set(Habit::Refuses);
    let error = said(run("s3://fleet/lake"));
    assert!(error.contains("AWS_ACCESS_KEY_ID") && error.contains("s3://fleet/lake"), "{error}");
    there.server.set(Habit::IgnoresConditions);
    let error = said(run("s3://fleet/lake"));
    assert!(error.contains("If-None-Match"), "{error}");
    let doctor = there.run(&["doctor"]);
    assert!(doctor.code == 1 && doctor.stdout.contains("BAD   store"), "{doctor:?}");
    let ran = there.run(&["extract", bag.to_str().unwrap(), "--out", "s3://fleet/out"]);
    assert!(ran.code == 2 && ran.stderr.contains("--store s3://fleet/out run"), "{ran:?}");
    let ran = Ran::from(run("ftp://fleet/lake").output().unwrap());
    assert!(ran.stderr.contains("s3://BUCKET/PREFIX"), "{ran:?}");
    assert_eq!(there.server.paths(), Vec::<String>::new());
}
