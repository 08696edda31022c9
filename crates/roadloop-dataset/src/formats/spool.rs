//! Long JSON written piece by piece: lists whose items come one after the other, and lists
//! that must wait for others to end, in a file of their own until then.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::DatasetError;

/// A list, or an object, whose items are written as they come, a line each.
#[derive(Debug, Default)]
pub(super) struct Items {
    count: u64,
}

impl Items {
    /// Before an item: what parts it from the one before.
    pub(super) fn begin(&mut self, to: &mut impl Write) -> io::Result<()> {
        let before = self.count;
        self.count = before.saturating_add(1);
        to.write_all(if before == 0 { b"\n" } else { b",\n" })
    }

    pub(super) fn put(&mut self, to: &mut impl Write, item: &impl Serialize) -> io::Result<()> {
        self.begin(to)?;
        Ok(serde_json::to_writer(to, item)?)
    }
}

/// What is written to a file of its own until its turn comes. The file is gone afterwards,
/// also where writing was given up.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    pub(super) to: BufWriter<File>,
}

impl Spool {
    pub(super) fn create(folder: &Path, file: &str) -> Result<Spool, DatasetError> {
        let (path, to) = super::create(folder, file)?;
        Ok(Spool { path, to })
    }

    pub(super) fn append_to(mut self, into: &mut impl Write) -> io::Result<()> {
        self.to.flush()?;
        io::copy(&mut File::open(&self.path)?, into)?;
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // What stays behind is a file with a name that no reader takes.
        let _ = std::fs::remove_file(&self.path);
    }
}
