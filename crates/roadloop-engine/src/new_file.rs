//! Files that are there once they are whole: written under another name,
//! synced, then renamed. Given up, they are gone.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
        // A name of its own, so that no file of somebody's is written over.
        let partial = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
        let partial = path.with_file_name(partial);
        let file = File::create(&partial)?;
        Ok(NewFile { file, partial, path: path.to_owned(), is_published: false })
    }

    /// Replaces what has its name; gives its length.
    pub fn publish(mut self) -> io::Result<u64> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        self.is_published = true;
        if let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            // Not every file system can sync a folder.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
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

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
