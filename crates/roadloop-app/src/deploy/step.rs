//! One thing that `up` or `down` does: shown before it is done, or shown only.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::command::quoted;
use crate::render;

/// What becomes of a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is written anew.
    No,
    /// It stays: somebody may have changed it.
    AsItIs,
    /// It stays, and nobody else may read it.
    Secret,
}

#[derive(Debug)]
pub(crate) enum Step {
    /// What has to be there: a command that succeeds where it is, and its name.
    Needs(Vec<String>, &'static str),
    Write {
        path: PathBuf,
        text: String,
        keep: Keep,
    },
    Run(Vec<String>),
    /// The second command, where the first one fails.
    Unless(Vec<String>, Vec<String>),
    /// A file, or a folder with all that is in it.
    Remove(PathBuf),
    /// Writes down which buckets a stack has made.
    Buckets {
        stack: &'static str,
        list: PathBuf,
    },
    /// Deletes buckets that were written down, with every version of what is in them.
    Empty {
        list: PathBuf,
    },
}

fn owned<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

impl Step {
    pub(super) fn write(path: PathBuf, text: String, keep: Keep) -> Step {
        Step::Write { path, text, keep }
    }

    pub(super) fn needs<'a>(check: impl IntoIterator<Item = &'a str>, what: &'static str) -> Step {
        Step::Needs(owned(check), what)
    }

    pub(super) fn run<'a>(words: impl IntoIterator<Item = &'a str>) -> Step {
        Step::Run(owned(words))
    }

    pub(super) fn unless<'a>(
        check: impl IntoIterator<Item = &'a str>,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Step {
        Step::Unless(owned(check), owned(words))
    }

    /// As it is shown: what a person would type, or what happens.
    fn shown(&self) -> String {
        match self {
            Step::Write { path, keep: Keep::No, .. } => format!("write {}", path.display()),
            Step::Write { path, .. } => format!("write {}, unless it is there", path.display()),
            Step::Run(words) | Step::Needs(words, _) => format!("$ {}", line(words)),
            Step::Unless(check, words) => format!("$ {} || {}", line(check), line(words)),
            Step::Remove(path) => format!("delete {}", path.display()),
            Step::Buckets { stack, .. } => {
                format!("$ {}", line(&described(stack)))
            }
            Step::Empty { .. } => {
                "delete the buckets of the stack, and every version of what is in them".to_owned()
            }
        }
    }

    fn take(&self) -> Result<()> {
        match self {
            Step::Write { path, text, keep } => write(path, text, *keep),
            Step::Needs(check, what) => match succeeds(check) {
                Ok(true) => Ok(()),
                _ => {
                    bail!("{what} is needed here; --dry-run goes without\ncommand: {}", line(check))
                }
            },
            Step::Run(words) => run(words),
            Step::Unless(check, words) => match succeeds(check)? {
                true => Ok(()),
                false => run(words),
            },
            Step::Remove(path) => remove(path),
            Step::Buckets { stack, list } => note_buckets(stack, list),
            Step::Empty { list } => {
                for bucket in noted(list)? {
                    empty(&bucket, list)?;
                    run(&owned(["aws", "s3api", "delete-bucket", "--bucket", &bucket]))?;
                }
                Ok(())
            }
        }
    }
}

/// Says what would be done.
pub(crate) fn show(steps: &[Step]) -> Result<()> {
    let lines: Vec<String> = steps.iter().map(Step::shown).collect();
    render::print(&lines.join("\n"))
}

/// Does all of it in turn, and says each before.
pub(crate) fn take(steps: &[Step]) -> Result<()> {
    for step in steps {
        render::note(&step.shown());
        step.take()?;
    }
    Ok(())
}

fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command
}

fn not_started(words: &[String], error: io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("{} did not start", words[0]))
}

/// Runs a tool to its end; what it says goes where ours does, but not among results.
fn run(words: &[String]) -> Result<()> {
    let mut command = command(words);
    command.stdout(io::stderr());
    let status = command.status().map_err(|error| not_started(words, error))?;
    if !status.success() {
        bail!("{} ended with {status}\ncommand: {}", words[0], line(words));
    }
    Ok(())
}

fn succeeds(words: &[String]) -> Result<bool> {
    let mut command = command(words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.status().map_err(|error| not_started(words, error))?.success())
}

fn answer(words: &[String]) -> Result<Value> {
    let mut command = command(words);
    command.stderr(Stdio::inherit());
    let output = command.output().map_err(|error| not_started(words, error))?;
    if !output.status.success() {
        bail!("{} ended with {}\ncommand: {}", words[0], output.status, line(words));
    }
    // Where there is nothing, it says nothing.
    if output.stdout.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} did not answer in JSON", line(words)))
}

fn write(path: &Path, text: &str, keep: Keep) -> Result<()> {
    let failed = || format!("cannot write a file\npath: {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    match keep {
        Keep::No => fs::write(path, text).with_context(failed)?,
        Keep::AsItIs if path.exists() => {}
        Keep::AsItIs => fs::write(path, text).with_context(failed)?,
        Keep::Secret => {
            // Made for us alone: not readable for a moment either.
            let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            match made {
                Ok(mut file) => file.write_all(text.as_bytes()).with_context(failed)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(failed),
            }
        }
    }
    if path.extension().is_some_and(|ending| ending == "sh") {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).with_context(failed)?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete\npath: {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn described(stack: &str) -> Vec<String> {
    let words = ["aws", "cloudformation", "describe-stacks", "--stack-name", stack];
    owned(words.into_iter().chain(["--query", "Stacks[0].Outputs", "--output", "json"]))
}

/// Before the stack is gone, and its outputs with it. A list that is there stays where
/// the stack has gone before.
fn note_buckets(stack: &str, list: &Path) -> Result<()> {
    let outputs = match answer(&described(stack)) {
        Ok(outputs) => outputs,
        Err(_) if list.exists() => return Ok(()),
        Err(error) => return Err(error),
    };
    let is_bucket =
        |output: &&Value| output["OutputKey"].as_str().is_some_and(|key| key.ends_with("Bucket"));
    let outputs = outputs.as_array().cloned().unwrap_or_default();
    let buckets: Vec<&Value> =
        outputs.iter().filter(is_bucket).map(|output| &output["OutputValue"]).collect();
    if buckets.is_empty() {
        bail!("the stack {stack} does not say which buckets it has: is it another's?");
    }
    write(list, &json!(buckets).to_string(), Keep::No)?;
    let names: Vec<&str> = buckets.iter().filter_map(|bucket| bucket.as_str()).collect();
    render::note(&format!(
        "buckets: {}. Without --delete-data they stay; a stack made anew takes them with --set \
         MakeBuckets=no",
        names.join(", ")
    ));
    Ok(())
}

fn noted(list: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(list).with_context(|| {
        format!("it is not known which buckets there were\npath: {}", list.display())
    })?;
    Ok(serde_json::from_str(&text)?)
}

/// How many objects one request may delete.
const AT_ONCE: usize = 1000;

/// Deletes every version of everything. What was deleted before has left markers, which
/// come with the versions, and are not counted by the limit of the list.
fn empty(bucket: &str, beside: &Path) -> Result<()> {
    let request = beside.with_file_name("delete.json");
    let list = ["aws", "s3api", "list-object-versions", "--bucket", bucket, "--max-items"];
    let list = owned(list.into_iter().chain(["1000", "--output", "json"]));
    let file = format!("file://{}", request.display());
    let delete = ["aws", "s3api", "delete-objects", "--bucket", bucket, "--delete", &file];
    let delete = owned(delete.into_iter().chain(["--output", "json"]));
    let mut count = 0;
    loop {
        let found = answer(&list)?;
        let there = ["Versions", "DeleteMarkers"].map(|kind| found[kind].as_array());
        let objects: Vec<Value> = there
            .into_iter()
            .flatten()
            .flatten()
            .map(|one| json!({"Key": one["Key"], "VersionId": one["VersionId"]}))
            .collect();
        if objects.is_empty() {
            return Ok(());
        }
        for some in objects.chunks(AT_ONCE) {
            let text = json!({"Objects": some, "Quiet": true}).to_string();
            write(&request, &text, Keep::No)?;
            let answer = answer(&delete)?;
            if let Some(refused) = answer["Errors"].as_array().and_then(|errors| errors.first()) {
                bail!("not everything in {bucket} can be deleted: {refused}");
            }
        }
        count += objects.len();
        render::note(&format!("{bucket}: {count} deleted"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_shown_as_a_person_would_type_them() {
        let check = |step: Step, expected: &str| assert_eq!(step.shown(), expected);
        check(Step::run(["docker", "ps", "a b"]), "$ docker ps 'a b'");
        check(Step::unless(["a"], ["b", "c"]), "$ a || b c");
        check(Step::Remove("x/y".into()), "delete x/y");
        check(Step::write("f".into(), String::new(), Keep::No), "write f");
        check(Step::write("f".into(), String::new(), Keep::Secret), "write f, unless it is there");
    }

    #[test]
    fn what_people_changed_stays_and_secrets_are_ours() {
        let folder = tempfile::tempdir().unwrap();
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        for (keep, expected) in [(Keep::No, "2"), (Keep::AsItIs, "1"), (Keep::Secret, "1")] {
            let path = folder.path().join(format!("below/{keep:?}"));
            for text in ["1", "2"] {
                write(&path, text, keep).unwrap();
            }
            assert_eq!(text(&format!("below/{keep:?}")), expected);
        }
        let secret = fs::metadata(folder.path().join("below/Secret")).unwrap();
        assert_eq!(secret.permissions().mode() & 0o777, 0o600);
        remove(&folder.path().join("below")).unwrap();
        remove(&folder.path().join("below")).unwrap();
        assert!(!folder.path().join("below").exists());
    }

    #[test]
    fn a_tool_that_is_not_there_is_named() {
        for words in [["there-is-none"], ["false"]] {
            let error = Step::needs(words, "that").take().unwrap_err().to_string();
            let expected =
                format!("that is needed here; --dry-run goes without\ncommand: {}", words[0]);
            assert_eq!(error, expected);
        }
        Step::needs(["true"], "that").take().unwrap();
        let error = run(&owned(["there-is-none"])).unwrap_err().to_string();
        assert_eq!(error, "there-is-none did not start");
        assert!(run(&owned(["false"])).unwrap_err().to_string().contains("command: false"));
        assert!(!succeeds(&owned(["false"])).unwrap());
        assert_eq!(answer(&owned(["true"])).unwrap(), Value::Null);
    }
}
