//! Recordings that lie in an object store or on a web server.

use std::fs;
use std::process::Command;

use roadloop_store::testing::{Habit, S3};

use crate::main_job::{small_bag, small_drive};
use crate::workspace::{Ran, Workspace, files_below};

/// The binary, with a server in place of Amazon's.
fn command(workspace: &Workspace, server: &S3, args: &[&str]) -> Command {
    let mut command = workspace.command(args);
    command.envs(server.environment());
    command
}

fn run(workspace: &Workspace, server: &S3, args: &[&str]) -> Ran {
    Ran::from(command(workspace, server, args).output().unwrap())
}

fn drive(workspace: &Workspace) -> Vec<u8> {
    fs::read(small_drive(workspace, 8)).unwrap()
}

#[test]
fn a_recording_in_a_bucket_is_as_one_here() {
    let workspace = Workspace::new();
    let drive = drive(&workspace);
    let server = S3::start(&["fleet"]);
    server.put("fleet/2026/drive.mcap", drive);
    server.put("fleet/2026/notes.txt", Vec::new());
    workspace.ok(&["extract", "drive.mcap", "--out", "here"]);
    let address = "s3://fleet/2026/drive.mcap";
    let ran = run(&workspace, &server, &["extract", address, "--out", "there"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (here, there) = (workspace.path("here"), workspace.path("there"));
    let mut files = files_below(&here);
    // It says where the recording lies.
    files.retain(|file| !file.ends_with(".extracted.jsonl"));
    assert_eq!(files.len(), 10);
    for file in files {
        let name = file.strip_prefix(&here).unwrap();
        assert_eq!(fs::read(&file).unwrap(), fs::read(there.join(name)).unwrap(), "{name:?}");
    }

    // What lies below a prefix is found, kept under the address, and not done twice.
    let stages = ["--stages", "extract,tables", "--json"];
    let ran = run(&workspace, &server, &[&["run", "s3://fleet/2026/"], &stages[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("drive-"), "{ran:?}");
    let before = server.requests();
    let ran = run(&workspace, &server, &[&["run", address], &stages[..]].concat());
    assert!(ran.code == 0 && ran.stdout.contains("\"already_done\":8"), "{ran:?}");
    assert!(server.requests() < before + 8, "{}", server.requests() - before);
    let frames = workspace.ok(&["sql", "select count(*) as n from frames", "--json"]);
    assert!(frames.contains("8"), "{frames}");
}

#[test]
fn web_servers_with_and_without_ranges() {
    let workspace = Workspace::new();
    let drive = drive(&workspace);
    for habit in [Habit::Good, Habit::GivesNoParts] {
        let server = S3::start(&["drives"]);
        server.put("drives/drive.mcap", drive.clone());
        server.set(habit);
        let address = format!("{}/drives/drive.mcap?signature=secret", server.address());
        let ran = run(&workspace, &server, &["bag", "info", &address]);
        assert!(ran.code == 0 && ran.stdout.contains("8 on 1 topic"), "{ran:?}");
        assert!(!ran.stdout.contains("secret"), "{ran:?}");
        let all_signed = server.asked();
        assert!(all_signed.iter().all(|line| line.contains("?signature=secret")), "{all_signed:?}");
    }
}

#[test]
fn a_prefix_is_the_recording_below_it_where_there_is_one() {
    let workspace = Workspace::new();
    let bag = fs::read(small_bag(&workspace, 3)).unwrap();
    let server = S3::start(&["fleet"]);
    server.put("fleet/a/drive.bag", bag);
    server.put("fleet/b/drive.mcap", drive(&workspace));
    let extract = |address| run(&workspace, &server, &["extract", address, "--out", "out"]);
    let ran = extract("s3://fleet/a/");
    assert!(ran.stdout.contains("3 images in out"), "{ran:?}");
    let ran = extract("s3://fleet/");
    assert_eq!(ran.code, 2, "{ran:?}");
    let expected = "holds 2 recordings; name one of them, such as s3://fleet/a/drive.bag";
    assert!(ran.stderr.contains(expected), "{ran:?}");
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let workspace = Workspace::new();
    let server = S3::start(&["fleet"]);
    server.put("fleet/drive.mcap", drive(&workspace));
    let ran = run(&workspace, &server, &["bag", "info", "s3://fleet/none.bag"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("no such file or folder\npath: s3://fleet/none.bag"), "{ran:?}");
    let ran = run(&workspace, &server, &["bag", "info", "ftp://host/none.bag"]);
    assert!(ran.stderr.contains("nothing is read from ftp: addresses"), "{ran:?}");
    let mut without = command(&workspace, &server, &["bag", "info", "s3://fleet/drive.mcap"]);
    let ran = Ran::from(without.env_remove("AWS_ACCESS_KEY_ID").output().unwrap());
    assert!(ran.stderr.contains("AWS_SKIP_SIGNATURE=true reads a public bucket"), "{ran:?}");

    // A server that goes away while a recording is read has not damaged it.
    server.stop_after(2);
    let ran = run(&workspace, &server, &["run", "s3://fleet/drive.mcap", "--stages", "extract"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("s3://fleet/drive.mcap"), "{ran:?}");
    assert!(!ran.stderr.contains("skipped"), "{ran:?}");
}
