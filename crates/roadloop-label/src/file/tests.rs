//! What a file can be, and what is made of it; many who write into it at once.

use std::collections::HashMap;
use std::sync::Barrier;

use super::*;
use crate::testing::{Desk, at, cars, check_counts, street};
use crate::{Submitted, TaskQuery};

/// Of the whole file, for what a test makes of it.
fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_is_acknowledged_is_on_the_disk() {
    let labels = Desk::new().labels;
    let [mode, sync] = ["journal_mode", "synchronous"].map(|pragma| {
        let writer = labels.writer.lock().unwrap();
        writer.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
    });
    let (mode, sync): (rusqlite::types::Value, rusqlite::types::Value) = (mode, sync);
    assert_eq!((mode, sync), ("wal".to_owned().into(), 2.into()), "2 is FULL");
}

#[cfg(unix)]
#[test]
fn the_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::of(1, 1);
    let file = |suffix| format!("{}{suffix}", desk.path().display());
    for mode in [0o600, 0o644] {
        for suffix in ["", "-wal", "-shm"] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file(suffix), permissions).unwrap();
        }
        desk.other();
        for suffix in ["", "-wal", "-shm"] {
            let mode = std::fs::metadata(file(suffix)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{suffix}");
        }
    }
}

#[track_caller]
fn check_open(path: &Path, expected: &str) {
    let error = Labels::open(path).unwrap_err().to_string();
    assert!(error.contains(expected) && error.contains("labels.db"), "{error}");
}

#[test]
fn a_newer_format_is_not_touched() {
    let desk = Desk::new();
    tamper(&desk.path(), "PRAGMA user_version = 7");
    check_open(&desk.path(), "format 7, this one knows 1");
    tamper(&desk.path(), "PRAGMA user_version = 1");
    desk.other();
}

#[test]
fn a_file_of_others_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.db");
    tamper(&path, "CREATE TABLE jobs (row); PRAGMA user_version = 1");
    let before = std::fs::read(&path).unwrap();
    check_open(&path, "belongs to another program");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(&path, "no database at all, but a text of some length".repeat(100)).unwrap();
    check_open(&path, "put a copy of the file in its place");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    check_open(&path, "cannot open the file of labelling jobs");
}

/// Everything the crate can be asked, on a file that holds what it should not.
fn ask_everything(labels: &Labels) -> Vec<LabelError> {
    let (now, id) = (at(9), crate::AssignmentId(1));
    let errors = [
        labels.jobs(now).err(),
        labels.job(&street(), now).err(),
        labels.instructions(&street()).err(),
        labels.picture_names(&street()).err(),
        labels.next(&street(), "ann", now).err(),
        labels.next(&street(), "bob", now).err(),
        labels.assignment(id, "ann").err(),
        labels.work("ann", now).err(),
        labels.submit(id, "ann", &cars(&[]), 1.0, now).err(),
        labels.skip(crate::AssignmentId(2), "bob", "", now).err(),
        labels.tasks(&street(), &TaskQuery { limit: 1000, ..TaskQuery::default() }).err(),
        labels.task(&street(), 1).err(),
        labels.statistics(&street()).err(),
        labels.results(&street(), 0, 1000).err(),
        labels.image(&street(), 1, Some("ann")).err(),
        labels.expire(at(999)).err(),
        labels.set_consolidation(&street(), &crate::Consolidation::default(), now).err(),
        labels.close(&street(), "rita", now).err(),
    ];
    errors.into_iter().flatten().collect()
}

/// A job with an answer, a lease, a skip and a note.
fn lived_in() -> Desk {
    let desk = Desk::of(60, 1);
    desk.answer("ann", &cars(&[10.0]), 1);
    desk.next("bob", 1).unwrap();
    let skipped = desk.next("eve", 1).unwrap();
    desk.labels.skip(skipped.id, "eve", "fog", at(1)).unwrap();
    desk
}

#[test]
fn what_we_never_wrote_is_an_error() {
    for sql in [
        "UPDATE jobs SET name = '../x'",
        "UPDATE jobs SET purpose = 'look'",
        "UPDATE jobs SET state = 'ajar'",
        "UPDATE jobs SET settings = '{}'",
        "UPDATE tasks SET state = 'lost' WHERE number = 1",
        "UPDATE tasks SET recording = '..' WHERE number = 1",
        "UPDATE tasks SET width = -1 WHERE number = 1",
        "UPDATE assignments SET state = 'lost'",
        "UPDATE assignments SET answer = '[[\"car\",1,1,-1,1,null,[]]]' WHERE id = 1",
        "UPDATE assignments SET answer = '[['",
        "UPDATE contents SET initial = 'x'",
        "UPDATE contents SET outcome = '[]' WHERE task = 1",
        "UPDATE notes SET kind = 'x'",
        "DROP TABLE workers",
        "ALTER TABLE contents RENAME TO content",
    ] {
        let desk = lived_in();
        let drop = "DROP TRIGGER task_made; DROP TRIGGER task_changed; \
                    DROP TRIGGER task_opened; \
                    DROP TRIGGER task_opened_or_filled; DROP TRIGGER assignment_changed;";
        tamper(&desk.path(), drop);
        tamper(&desk.path(), sql);
        let errors = ask_everything(&desk.labels);
        let is_told = |error: &LabelError| {
            matches!(error, LabelError::Damaged { .. } | LabelError::DamagedCell { .. })
        };
        let detail = desk.labels.task(&street(), 3).err();
        assert!(errors.iter().chain(&detail).any(is_told), "{sql}: {errors:?}");
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let desk = lived_in();
    tamper(&desk.path(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = std::fs::read(desk.path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut damaged_count = 0;
    // Each page once, each in another way, and the file cut short.
    for (n, page) in (0..whole.len()).step_by(4096).enumerate() {
        for damage in 0..3 {
            let mut bytes = whole.clone();
            match damage {
                0 => bytes[page..page + 4096].fill(0xff),
                1 => bytes[page..page + 64].fill(n as u8),
                _ => bytes.truncate(page + 100),
            }
            let path = folder.path().join(format!("{n}-{damage}/labels.db"));
            std::fs::create_dir(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let errors = match Labels::open(&path) {
                Ok(labels) => ask_everything(&labels),
                Err(error) => vec![error],
            };
            let is_told = |error: &LabelError| matches!(error, LabelError::Damaged { .. });
            damaged_count += u32::from(errors.iter().any(is_told));
        }
    }
    assert!(damaged_count > 10, "{damaged_count}");
}

/// Each thread has the file as another process would.
#[test]
fn eight_workers_at_once_share_the_tasks() {
    const TASKS: u64 = 60;
    let desk = Desk::of(TASKS, 2);
    let path = desk.path();
    let begin = Barrier::new(8);
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (path, begin) = (&path, &begin);
            scope.spawn(move || {
                let labels = Labels::open(path).unwrap();
                let worker = format!("worker-{n}");
                begin.wait();
                while let Some(task) = labels.next(&street(), &worker, at(1)).unwrap() {
                    if task.number % 7 == n && task.draft.is_none() {
                        labels.save_draft(task.id, &worker, 0, &cars(&[1.0])).unwrap();
                        labels.release(task.id, &worker, at(1)).unwrap();
                        continue;
                    }
                    let answer = cars(&[task.number as f64 / 2.0]);
                    let done = labels.submit(task.id, &worker, &answer, 1.0, at(2)).unwrap();
                    assert_eq!(done, Submitted::Counted);
                    if task.number % 7 == n + 1 {
                        let again = labels.submit(task.id, &worker, &answer, 1.0, at(2)).unwrap();
                        assert_eq!(again, Submitted::AlreadyCounted);
                    }
                }
            });
        }
    });
    check_counts(&desk.labels);
    let progress = desk.labels.job(&street(), at(3)).unwrap().progress;
    assert_eq!((progress.answers, progress.leased), (2 * TASKS, 0));
    for number in 1..=TASKS {
        let task = desk.task(number);
        let mut by: HashMap<&str, usize> = HashMap::new();
        for answer in &task.answers {
            *by.entry(&answer.worker).or_default() += 1;
            assert_eq!(answer.answer, cars(&[number as f64 / 2.0]));
        }
        assert_eq!(by.len(), 2, "task {number}: {by:?}");
    }
}
