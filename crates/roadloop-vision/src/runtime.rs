//! The inference runtime: where `libonnxruntime` lies, and loading it once.
//!
//! Nothing here knows a model. The library is not linked: a program that
//! never opens a model runs without it.

mod install;

use std::env;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::ModelError;

pub use install::{VERSION, install};

/// The runtime in use. ONNX Runtime allows one environment for the life of a
/// process, so it is kept here and never dropped.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

struct Loaded {
    environment: Environment,
    path: PathBuf,
    version: String,
}

/// Finds the library: the path given (a file or a folder), else
/// `ORT_DYLIB_PATH`, else beside the executable, else in the runtime folders.
///
/// A path that was asked for by name, by argument or by the variable, is not
/// replaced by another when it is not there.
pub fn locate(named: Option<&Path>, runtime_folders: &[PathBuf]) -> Result<PathBuf, ModelError> {
    let variable = env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty());
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
    let mut folders: Vec<PathBuf> = beside.into_iter().collect();
    folders.extend_from_slice(runtime_folders);
    search(named, variable.as_deref().map(Path::new), &folders)
}

/// Loads the library; a second call, from any thread, keeps the first one.
pub fn load(path: &Path) -> Result<(), ModelError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if loaded.is_some() {
        return Ok(());
    }
    let unusable =
        |reason: String| ModelError::RuntimeUnusable { path: path.to_path_buf(), reason };
    // A relative path would be looked up beside the executable first.
    let path = fs::canonicalize(path).map_err(|error| unusable(error.to_string()))?;
    if is_cut_short(&path).map_err(|error| unusable(error.to_string()))? {
        return Err(unusable("the file is cut short".to_owned()));
    }
    let environment = ort::init_from(&path)
        .map_err(|error| unusable(error.to_string()))?
        .with_name("roadloop")
        .with_telemetry(false)
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    // What it would print on stderr comes back as an error anyway.
    environment.set_log_level(LogLevel::Fatal);
    let version = version_of(&path);
    *loaded = Some(Loaded { environment, path, version });
    Ok(())
}

/// The version of the loaded library, `1.32.0`; `None` before [`load`].
pub fn version() -> Option<String> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    loaded.as_ref().map(|loaded| loaded.version.clone())
}

/// The file the library was loaded from; `None` before [`load`].
pub fn loaded_from() -> Option<PathBuf> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    loaded.as_ref().map(|loaded| loaded.path.clone())
}

/// The environment sessions are made in. Without an earlier [`load`] the
/// library is looked for where [`locate`] looks when it is told nothing.
pub(crate) fn environment() -> Result<Environment, ModelError> {
    let current = || {
        let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.as_ref().map(|loaded| loaded.environment.clone())
    };
    if let Some(environment) = current() {
        return Ok(environment);
    }
    load(&locate(None, &[])?)?;
    current().ok_or(ModelError::RuntimeMissing { looked_in: Vec::new() })
}

fn search(
    named: Option<&Path>,
    variable: Option<&Path>,
    folders: &[PathBuf],
) -> Result<PathBuf, ModelError> {
    if let Some(asked) = named.or(variable) {
        return at(asked)
            .ok_or_else(|| ModelError::RuntimeMissing { looked_in: vec![asked.to_path_buf()] });
    }
    folders
        .iter()
        .find_map(|folder| at(folder))
        .ok_or_else(|| ModelError::RuntimeMissing { looked_in: folders.to_vec() })
}

/// The path itself when it is a file; in a folder, the library with the
/// highest name.
fn at(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_path_buf());
    }
    let entries = fs::read_dir(path).ok()?;
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(is_library_name))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .max()
}

/// Whether a library of Linux ends before its last table does. The loader maps
/// such a file all the same, and the process dies where the bytes are missing.
fn is_cut_short(path: &Path) -> io::Result<bool> {
    let mut file = fs::File::open(path)?;
    let size_bytes = file.metadata()?.len();
    let mut header = [0; 64];
    let is_elf64_le = |header: &[u8]| header.starts_with(b"\x7fELF\x02\x01");
    if file.read_exact(&mut header).is_err() || !is_elf64_le(&header) {
        return Ok(false); // Something else; the loader will say so.
    }
    let short = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let mut table_at = [0; 8];
    table_at.copy_from_slice(&header[0x28..0x30]);
    let (entry_bytes, entries) = (short(0x3a), short(0x3c));
    let end = u64::from_le_bytes(table_at).saturating_add(entry_bytes * entries);
    Ok(end > size_bytes)
}

/// `libonnxruntime.so`, `libonnxruntime.so.1.32.0`, `libonnxruntime.1.32.0.dylib`,
/// but not `libonnxruntime_providers_shared.so`.
fn is_library_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("libonnxruntime.") else {
        return name == "onnxruntime.dll";
    };
    rest == "so" || rest.starts_with("so.") || rest.ends_with("dylib")
}

/// The library states its version only through the C interface; its file name
/// and its build information are what a person can compare.
fn version_of(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if let Some(version) = name.strip_prefix("libonnxruntime.so.") {
        return version.to_owned();
    }
    ort::info().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(named: Option<&str>, variable: Option<&str>, files: &[&str], expected: Option<&str>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
            fs::write(path, b"x").expect("a file");
        }
        let inside = |name: &str| folder.path().join(name);
        let found = search(
            named.map(inside).as_deref(),
            variable.map(inside).as_deref(),
            &[inside("exe"), inside("runtime")],
        );
        let found = found.ok().map(|path| {
            path.strip_prefix(folder.path()).expect("inside").to_string_lossy().into_owned()
        });
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn the_order_is_named_variable_executable_runtime_folder() {
        let all =
            ["a/libonnxruntime.so", "b.so", "exe/libonnxruntime.so", "runtime/libonnxruntime.so"];
        check(Some("a"), Some("b.so"), &all, Some("a/libonnxruntime.so"));
        check(None, Some("b.so"), &all, Some("b.so"));
        check(None, None, &all, Some("exe/libonnxruntime.so"));
        check(None, None, &all[3..], Some("runtime/libonnxruntime.so"));
        check(None, None, &[], None);
    }

    #[test]
    fn a_named_path_is_not_replaced_by_another() {
        check(Some("missing.so"), None, &["exe/libonnxruntime.so"], None);
        check(None, Some("missing.so"), &["exe/libonnxruntime.so"], None);
    }

    #[test]
    fn provider_libraries_are_no_runtime() {
        check(None, None, &["exe/libonnxruntime_providers_shared.so"], None);
        check(
            None,
            None,
            &["exe/libonnxruntime.so.1.24.0", "exe/libonnxruntime.so.1.32.0"],
            Some("exe/libonnxruntime.so.1.32.0"),
        );
    }

    #[test]
    fn a_library_that_is_cut_short_is_not_loaded() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("libonnxruntime.so");
        let own = fs::read(env::current_exe().expect("this test")).expect("its bytes");
        for (bytes, expected) in [(&own[..], false), (&own[..own.len() - 1], true), (b"x", false)] {
            fs::write(&path, bytes).expect("a file");
            assert_eq!(is_cut_short(&path).expect("a readable file"), expected);
        }
    }

    #[test]
    fn a_file_that_is_no_library_says_how_to_mend_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("libonnxruntime.so");
        fs::write(&path, b"not a library").expect("a file");
        // Another test may have loaded the real one already: then it stays.
        if let Err(error) = load(&path) {
            assert!(error.to_string().contains("roadloop doctor --fix"), "{error}");
        } else {
            assert_ne!(loaded_from().as_deref(), Some(path.as_path()));
        }
    }
}
