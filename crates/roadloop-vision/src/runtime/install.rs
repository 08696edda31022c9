//! Fetching ONNX Runtime: the Python wheel of one pinned version, because that
//! is where Microsoft publishes builds for every machine we run on.
//!
//! `python3 -m pip` does the download, so proxies, mirrors and credentials are
//! whatever pip is set up with. Nothing of Python is needed afterwards.

use std::env::consts::{ARCH, OS};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::ModelError;

/// The version that is fetched, and that the figures were measured with.
pub const VERSION: &str = "1.32.0";

/// A wheel we know: the platform tag pip is asked for, and its SHA-256.
struct Wheel {
    machine: &'static str,
    platform: &'static str,
    sha256: &'static str,
}

const WHEELS: [Wheel; 2] = [
    Wheel {
        machine: "x86_64",
        platform: "manylinux_2_28_x86_64",
        sha256: "99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8",
    },
    Wheel {
        machine: "aarch64",
        platform: "manylinux_2_28_aarch64",
        sha256: "e36c187006e7a7c8b8d6d57f1a209dd63f52430dca6c282b177718ad6b841054",
    },
];

/// Opens the wheel and copies one member out; argv: wheel, member, target.
const UNPACK: &str = "import shutil, sys, zipfile\n\
    with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member:\n\
    \x20   with open(sys.argv[3], 'wb') as target:\n\
    \x20       shutil.copyfileobj(member, target, 1 << 20)\n";

/// Puts the library into a folder, unless it is there, and returns its path.
///
/// The file appears under its name only when it is whole and on disk.
pub fn install(folder: &Path) -> Result<PathBuf, ModelError> {
    let library = folder.join(format!("libonnxruntime.so.{VERSION}"));
    if library.is_file() {
        return Ok(library);
    }
    let wheel = WHEELS
        .iter()
        .find(|wheel| OS == "linux" && wheel.machine == ARCH)
        .ok_or(ModelError::RuntimeMachine { os: OS, machine: ARCH })?;
    fs::create_dir_all(folder)
        .map_err(|error| ModelError::io("cannot make the runtime folder", folder, error))?;
    // Inside the folder, so that the rename stays on one file system; named by
    // the process, so that two installs do not meet.
    let work = folder.join(format!(".install-{}", std::process::id()));
    fs::create_dir_all(&work)
        .map_err(|error| ModelError::io("cannot make a folder", &work, error))?;
    let result =
        download(wheel, &work).and_then(|file| unpack(&file, wheel.sha256, &library, &work));
    // Only what this call made; a failure to tidy up does not undo the install.
    let _ = fs::remove_dir_all(&work);
    result.map(|()| library)
}

fn download(wheel: &Wheel, work: &Path) -> Result<PathBuf, ModelError> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp"])
        .args(["--platform", wheel.platform, "--dest"])
        .arg(work)
        .arg(format!("onnxruntime=={VERSION}"));
    run(pip, "python3 -m pip download")?;
    let entries = fs::read_dir(work)
        .map_err(|error| ModelError::io("cannot read the download", work, error))?;
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| ModelError::RuntimeFetch {
            reason: format!("pip left no wheel of onnxruntime {VERSION}"),
        })
}

fn unpack(
    wheel: &Path,
    expected: &'static str,
    library: &Path,
    work: &Path,
) -> Result<(), ModelError> {
    let found = sha256(wheel).map_err(|error| ModelError::io("cannot read", wheel, error))?;
    if found != expected {
        let file = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Err(ModelError::RuntimeHash { file, found, expected });
    }
    let unpacked = work.join("libonnxruntime.so");
    let mut python = Command::new("python3");
    python
        .args(["-c", UNPACK])
        .arg(wheel)
        .arg(format!("onnxruntime/capi/libonnxruntime.so.{VERSION}"))
        .arg(&unpacked);
    run(python, "unpacking the wheel")?;
    let save = || -> io::Result<()> {
        File::open(&unpacked)?.sync_all()?;
        fs::rename(&unpacked, library)?;
        // The new name is on disk only when its folder is.
        File::open(library.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    save().map_err(|error| ModelError::io("cannot save the runtime", library, error))
}

fn run(mut command: Command, what: &str) -> Result<(), ModelError> {
    let output = command.output().map_err(|error| ModelError::RuntimeFetch {
        reason: format!(
            "{what} did not start ({error}); python3 with pip is needed, or set ORT_DYLIB_PATH"
        ),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(ModelError::RuntimeFetch { reason: format!("{what} ended with {}: {last}", output.status) })
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_with_another_hash_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let wheel = folder.path().join("onnxruntime.whl");
        fs::write(&wheel, b"abc").expect("a file");
        let library = folder.path().join("libonnxruntime.so");
        let error = unpack(&wheel, WHEELS[0].sha256, &library, folder.path()).unwrap_err();
        // SHA-256 of "abc", from FIPS 180-2.
        assert_eq!(
            error.to_string(),
            format!(
                "the ONNX Runtime package is not the one expected: its SHA-256 is \
                 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, \
                 expected {}\nfile: onnxruntime.whl",
                WHEELS[0].sha256
            )
        );
        assert!(!library.exists());
    }

    #[test]
    fn what_is_there_is_not_fetched_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = folder.path().join(format!("libonnxruntime.so.{VERSION}"));
        fs::write(&library, b"kept").expect("a file");
        assert_eq!(install(folder.path()).expect("already there"), library);
        assert_eq!(fs::read(&library).expect("a file"), b"kept");
    }
}
