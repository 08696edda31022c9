//! Where answers go: which format, which file, and what is said about it.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use roadloop_base::Skip;
use roadloop_engine::catalog::{Format, Rows};
use roadloop_engine::vision::{Pixels, encode_jpeg, encode_png};

use crate::cli::Outcome;
use crate::render::counted;
use crate::session::Session;
use crate::usage::usage;

/// A format as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatName {
    Table,
    Jsonl,
    Csv,
    Parquet,
}

impl FormatName {
    fn format(self) -> Format {
        match self {
            FormatName::Table => Format::Table,
            FormatName::Jsonl => Format::JsonLines,
            FormatName::Csv => Format::Csv,
            FormatName::Parquet => Format::Parquet,
        }
    }
}

/// What was asked for: by `--format`, by `--json`, or by the name of a file.
pub(super) fn choose_format(
    named: Option<FormatName>,
    json: bool,
    file: Option<&Path>,
) -> Result<Format> {
    if let Some(name) = named {
        return Ok(name.format());
    }
    if json {
        return Ok(Format::JsonLines);
    }
    let Some(file) = file else { return Ok(Format::Table) };
    Format::of_file(&file.to_string_lossy()).ok_or_else(|| {
        usage(format!(
            "the file's name must end in .parquet, .csv, .jsonl, .ndjson or .json, \
             or --format must say what to write\npath: {}",
            file.display()
        ))
    })
}

/// Writes rows to a file and says so.
pub(super) fn export(
    session: &Session,
    rows: &Rows,
    format: Format,
    path: &Path,
    what: &str,
) -> Result<()> {
    let mut bytes = Vec::new();
    rows.write(format, &mut bytes)?;
    let replaced = write_file(path, &bytes)?;
    let count = counted(rows.num_rows() as u64, what);
    session.note(&format!("{count}: {}{}", path.display(), replaced.in_words()));
    Ok(())
}

/// Whether a file of that name was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    Yes,
    No,
}

impl Replaced {
    /// To be put behind the file's name.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Replaced::Yes => " (replaced)",
            Replaced::No => "",
        }
    }
}

/// A picture by the name of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PictureForm {
    Png,
    Jpeg,
}

/// Of pictures that people look at and send around.
const JPEG_QUALITY: u8 = 90;

impl PictureForm {
    pub(super) fn of_file(path: &Path) -> Result<PictureForm> {
        let end = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        match end.to_ascii_lowercase().as_str() {
            "png" => Ok(PictureForm::Png),
            "jpg" | "jpeg" => Ok(PictureForm::Jpeg),
            _ => Err(usage(format!(
                "the picture's name must end in .png, .jpg or .jpeg\npath: {}",
                path.display()
            ))),
        }
    }

    /// Writes a picture and says so, with what it shows before.
    pub(super) fn write(
        self,
        session: &Session,
        pixels: &Pixels,
        path: &Path,
        what: &str,
    ) -> Result<()> {
        let bytes = match self {
            PictureForm::Png => encode_png(pixels)?,
            PictureForm::Jpeg => encode_jpeg(pixels, JPEG_QUALITY)?,
        };
        let replaced = write_file(path, &bytes)?;
        session.note(&format!("{what}: {}{}", path.display(), replaced.in_words()));
        Ok(())
    }
}

/// Skips that are named to people; programs get all of them.
const NAMED: usize = 20;

/// Names what was left out, and says how the command ends then.
pub(super) fn name_skips(session: &Session, skipped: &[Skip]) -> Outcome {
    for skip in skipped.iter().take(NAMED) {
        session.note(&format!("left out: {}: {}", skip.place, skip.reason));
    }
    if skipped.len() > NAMED {
        session.note(&format!("and {} more", skipped.len() - NAMED));
    }
    if skipped.is_empty() { Outcome::Done } else { Outcome::DoneWithSkips }
}

/// Writes a file whole or not at all. A link leads to the file behind it; into
/// what is no file, as a pipe or a device, the bytes are written as they are.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<Replaced> {
    let write = || -> io::Result<Replaced> {
        match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                write_whole(&fs::canonicalize(path)?, bytes, Some(found.permissions()))?;
                Ok(Replaced::Yes)
            }
            Ok(_) => {
                fs::OpenOptions::new().write(true).open(path)?.write_all(bytes)?;
                Ok(Replaced::No)
            }
            Err(_) => {
                write_whole(path, bytes, None)?;
                Ok(Replaced::No)
            }
        }
    };
    write().with_context(|| format!("cannot write a file\npath: {}", path.display()))
}

fn write_whole(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::other("this is no name for a file"));
    };
    // A name of its own, so that no file of somebody's is written over.
    let partial = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
    let partial = path.with_file_name(partial);
    let written = fs::write(&partial, bytes)
        .and_then(|()| permissions.map_or(Ok(()), |kept| fs::set_permissions(&partial, kept)))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(named: Option<FormatName>, json: bool, file: Option<&str>, expected: Option<Format>) {
        let chosen = choose_format(named, json, file.map(Path::new));
        assert_eq!(chosen.ok(), expected);
    }

    #[test]
    fn what_is_said_goes_over_the_files_name() {
        check(None, false, None, Some(Format::Table));
        check(None, true, None, Some(Format::JsonLines));
        check(None, false, Some("a.csv"), Some(Format::Csv));
        check(Some(FormatName::Parquet), false, Some("a.csv"), Some(Format::Parquet));
        check(Some(FormatName::Table), false, Some("a.txt"), Some(Format::Table));
        check(None, false, Some("a.txt"), None);
        check(None, false, Some("csv"), None);
    }

    #[test]
    fn a_file_is_whole_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hits.csv");
        assert_eq!(write_file(&path, b"one").unwrap(), Replaced::No);
        assert_eq!(write_file(&path, b"two").unwrap(), Replaced::Yes);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(write_file(&folder.path().join("gone/hits.csv"), b"x").is_err());
        assert!(write_file(folder.path(), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn links_permissions_and_devices_stay_what_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("hits.csv"), folder.path().join("link.csv"));
        fs::write(&file, b"one").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(write_file(&link, b"two").unwrap(), Replaced::Yes);
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        // A link to a device: what would be replaced is not the device itself.
        let device = folder.path().join("null.csv");
        symlink("/dev/null", &device).unwrap();
        assert_eq!(write_file(&device, b"x").unwrap(), Replaced::No);
        assert!(device.is_symlink());
    }
}
