//! Files that are there once they are whole: written under another name,
//! synced, then renamed. Given up, they are gone.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const PARTIAL: &str = ".partial";

#[derive(Debug)]
pub struct NewFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    is_published: bool,
}

impl NewFile {
    pub fn create(path: &Path) -> io::Result<NewFile> {
        let Some(name) = path.file_name() else {
            return Err(io::Error::other("this is no name for a file"));
        };
        let prefix = format!(".{}.", name.to_string_lossy());
        sweep(folder_of(path), &prefix);
        // A name of its own, so that no file of somebody's is written over.
        let partial = path.with_file_name(format!("{prefix}{}{PARTIAL}", std::process::id()));
        let file = File::create(&partial)?;
        // Held as long as it is written: so what a killed process left is told apart.
        let _ = file.try_lock();
        Ok(NewFile { file, partial, path: path.to_owned(), is_published: false })
    }

    /// Replaces what has its name; gives its length.
    pub fn publish(mut self) -> io::Result<u64> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        self.is_published = true;
        // Not every file system can sync a folder.
        let _ = File::open(folder_of(&self.path)).and_then(|folder| folder.sync_all());
        Ok(self.file.metadata()?.len())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = fs::remove_file(&self.partial);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Removes what killed processes left of the same file. Best effort: what
/// cannot be removed is in nobody's way.
fn sweep(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(PARTIAL));
        if number.is_some_and(|number| number.parse::<u32>().is_ok())
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.mcap");
        fs::write(folder.path().join(".drive.mcap.7.partial"), b"half").unwrap();
        let kept = [".drive.mcap.x.partial", ".other.mcap.7.partial", "drive.mcap.7.partial"];
        kept.iter().for_each(|name| fs::write(folder.path().join(name), b"x").unwrap());
        let held = folder.path().join(".drive.mcap.8.partial");
        let live = File::create(&held).unwrap();
        live.lock().unwrap();
        NewFile::create(&path).unwrap().publish().unwrap();
        assert!(!folder.path().join(".drive.mcap.7.partial").exists());
        assert!(kept.iter().all(|name| folder.path().join(name).exists()) && held.exists());
    }

    #[test]
    fn whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.mcap");
        fs::write(&path, b"old").unwrap();
        let mut given_up = NewFile::create(&path).unwrap();
        given_up.write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"new one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(file.publish().unwrap(), 7);
        assert_eq!(fs::read(&path).unwrap(), b"new one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(NewFile::create(&folder.path().join("gone/drive.mcap")).is_err());
    }
}
