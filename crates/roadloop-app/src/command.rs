//! How a person calls this program again: the word to type, with the flags that
//! lead to the same frames. Every hint that names a command takes it from here.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

static COMMAND: OnceLock<String> = OnceLock::new();

/// What is said to who interrupts, where it is not the usual.
static INTERRUPTED: OnceLock<String> = OnceLock::new();

/// From now on something goes on that this program only looks at.
pub(crate) fn goes_on_without_us(words: String) {
    let _ = INTERRUPTED.set(words);
}

/// What is said to who interrupts.
pub(crate) fn interrupted() -> &'static str {
    let usual = "interrupted; run the same command again to finish it";
    INTERRUPTED.get().map_or(usual, String::as_str)
}

/// To be called before anything is said; later calls change nothing.
pub(crate) fn repeat_with(flags: &str) {
    let _ = COMMAND.set(format!("{}{flags}", program()));
}

/// `roadloop`, or what leads to it, with the flags to repeat.
pub(crate) fn command() -> &'static str {
    COMMAND.get_or_init(program)
}

/// The crates below name the command that mends something without knowing how
/// this program was called.
pub(crate) fn with_command(text: &str) -> String {
    text.replace("roadloop doctor --fix", &format!("{} doctor --fix", command()))
}

/// The name of the program where a shell finds it by that; else its path.
fn program() -> String {
    let Ok(executable) = env::current_exe() else { return "roadloop".to_owned() };
    let folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let here = env::current_dir().unwrap_or_default();
    quoted(&call(&executable, &folders, &here))
}

fn call(executable: &Path, folders: &[PathBuf], here: &Path) -> String {
    let name = Path::new(executable.file_name().unwrap_or_default());
    let first = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    let is_found = first.is_some_and(|path| {
        path.canonicalize().is_ok_and(|path| executable.canonicalize().is_ok_and(|e| e == path))
    });
    if is_found {
        return name.display().to_string();
    }
    match executable.strip_prefix(here) {
        // A bare name would be looked for on the PATH.
        Ok(below) if below == name => format!("./{}", below.display()),
        Ok(below) => below.display().to_string(),
        Err(_) => executable.display().to_string(),
    }
}

/// The command that was given, to be written down: with it the same is made again.
pub(crate) fn typed() -> String {
    let words = env::args().skip(1).map(|word| quoted(&word));
    let text = std::iter::once("roadloop".to_owned()).chain(words).collect::<Vec<_>>().join(" ");
    text.chars().take(10_000).collect()
}

/// A word as a shell takes it whole.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted("/data/drive-1.bag"), "/data/drive-1.bag");
        assert_eq!(quoted("my drive"), "'my drive'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_program_off_the_path_is_called_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let place = |name: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, b"x").unwrap();
            path
        };
        let built = place("target/demo/roadloop");
        let another = place("bin/roadloop");
        let check = |executable: &Path, on_path: &[&str], here: &str, expected: &str| {
            let folders: Vec<PathBuf> = on_path.iter().map(|name| root.join(name)).collect();
            let expected = expected.replace("ROOT", &root.display().to_string());
            assert_eq!(call(executable, &folders, &root.join(here)), expected);
        };
        check(&built, &["bin"], "", "target/demo/roadloop");
        check(&built, &["bin"], "target/demo", "./roadloop");
        check(&built, &["bin"], "elsewhere", "ROOT/target/demo/roadloop");
        check(&another, &["nowhere", "bin"], "", "roadloop");
        // Another program of that name comes first.
        check(&built, &["bin", "target/demo"], "bin", "ROOT/target/demo/roadloop");
    }
}
