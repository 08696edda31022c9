//! What a file can be, and what is made of it.

use super::*;
use crate::testing::{HOME, PASSWORD, Studio, at, name};
use crate::{Audit, By, Role};

/// Of the whole file, for what a test makes of it.
fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_was_written_is_there_again() {
    let studio = Studio::new();
    let again = studio.other();
    assert_eq!(again.users().unwrap(), studio.people.users().unwrap());
    assert!(again.has_admin().unwrap());
    assert_eq!(again.user_named(&name("ROOT")).unwrap().unwrap().id, studio.admin_id());
    assert_eq!(again.user_named(&name("' OR 1=1 --")).unwrap(), None);
}

#[cfg(unix)]
#[test]
fn the_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let studio = Studio::new();
    let check = || {
        for suffix in ["", "-wal", "-shm"] {
            let file = format!("{}{suffix}", studio.path().display());
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    };
    check();
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", studio.path().display());
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    studio.other();
    check();
}

#[track_caller]
fn check_open(path: &Path, expected: &str) {
    let error = People::open_for_tests(path).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert!(error.contains("studio.db"), "{error}");
}

#[test]
fn a_newer_format_is_not_touched() {
    let studio = Studio::new();
    tamper(&studio.path(), "PRAGMA user_version = 7");
    check_open(&studio.path(), "format 7, this one knows 1");
    tamper(&studio.path(), "PRAGMA user_version = 1");
    studio.other();
}

#[test]
fn a_file_of_others_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("studio.db");
    tamper(&path, "CREATE TABLE jobs (row); PRAGMA user_version = 1");
    let before = std::fs::read(&path).unwrap();
    check_open(&path, "belongs to another program");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(&path, "no database at all, but a text of some length".repeat(100)).unwrap();
    check_open(&path, "put a copy of the file in its place");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    check_open(&path, "cannot open the file of users");
}

/// Everything the crate can be asked, on a file that holds what it should not.
fn ask_everything(people: &People) -> Vec<UsersError> {
    let by = By::Operator;
    let id = crate::UserId(1);
    let errors = [
        people.users().err(),
        people.log_in("root", PASSWORD, HOME, at(9)).err(),
        people.audit(None, 10).err(),
        people.set_role(by, id, Role::Viewer, at(9)).err(),
        people.disable(by, id, at(9)).err(),
        people.invitations(at(9)).err(),
        people.tokens(None).err(),
        people.note(&Audit::done(by, "export", "", at(9))).err(),
        people.sweep(at(9)).err(),
        people.create_user(by, &name("eve"), PASSWORD, Role::Viewer, at(9)).err(),
    ];
    errors.into_iter().flatten().collect()
}

#[test]
fn what_we_never_wrote_is_an_error() {
    for sql in [
        "UPDATE users SET role = 'owner'",
        "UPDATE users SET name = char(0)",
        "UPDATE audit SET source = 'nowhere'",
        "DROP TABLE sessions",
        "ALTER TABLE audit RENAME TO log",
    ] {
        let studio = Studio::new();
        tamper(&studio.path(), "DROP TRIGGER audit_is_not_rewritten");
        tamper(&studio.path(), sql);
        let mut errors = ask_everything(&studio.people);
        // What the rules forbid anyway.
        errors.retain(|error| !matches!(error, UsersError::LastAdmin { .. }));
        assert!(!errors.is_empty(), "{sql}");
        for error in errors {
            assert!(matches!(error, UsersError::Damaged { .. }), "{sql}: {error}");
        }
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let studio = Studio::new();
    for n in 0..50 {
        studio.user(&format!("user {n}"), Role::Viewer);
    }
    tamper(&studio.path(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = std::fs::read(studio.path()).unwrap();
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
            let path = folder.path().join(format!("{n}-{damage}/studio.db"));
            std::fs::create_dir(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let errors = match People::open_for_tests(&path) {
                Ok(people) => ask_everything(&people),
                Err(error) => vec![error],
            };
            let is_told = |error: &UsersError| matches!(error, UsersError::Damaged { .. });
            damaged_count += u32::from(errors.iter().any(is_told));
        }
    }
    assert!(damaged_count > 10, "{damaged_count}");
}

#[test]
fn several_processes_make_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/studio.db");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let people = People::open_for_tests(path).unwrap();
                let name = name(&format!("user {n}"));
                people.create_user(By::Operator, &name, PASSWORD, Role::Viewer, at(0)).unwrap();
            });
        }
    });
    let people = People::open_for_tests(&path).unwrap();
    assert_eq!(people.users().unwrap().len(), 8);
    assert!(!people.has_admin().unwrap());
}

#[test]
fn people_can_be_shared() {
    fn check<T: Clone + Send + Sync>(_: &T) {}
    let studio = Studio::new();
    check(&studio.people);
    assert!(!format!("{:?}", studio.people).contains("argon2"));
}
