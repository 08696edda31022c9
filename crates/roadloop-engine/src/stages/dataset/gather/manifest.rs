//! Samples of an augmented manifest, which may speak of anonymised copies or of raw frames,
//! of this store or of another.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use roadloop_base::FrameId;
use roadloop_dataset::OriginKind;
use roadloop_dataset::formats::{Read, ReadImage, read_manifest};
use roadloop_store::{Remote, is_remote, public_part};
use tempfile::NamedTempFile;

use super::{Gathered, Said, absolute, frames};
use crate::stages::label::refs::{Switch, frame_of};
use crate::{Ctx, EngineError};

pub(super) async fn gather(
    ctx: &Ctx,
    address: &str,
    attribute: Option<&str>,
    switch: &Switch,
) -> Result<Gathered, EngineError> {
    let fetched = fetch(address).await?;
    let path = fetched.as_ref().map_or_else(|| PathBuf::from(address), |file| file.path().into());
    let name = public_part(address);
    let shown = PathBuf::from(&name);
    let attribute = attribute.map(str::to_owned);
    let read = move || -> Result<(Read, String), EngineError> {
        let read = read_manifest(&path, &shown, attribute.as_deref());
        Ok((read?, hash_of(&path)?))
    };
    let (read, hash) = tokio::task::spawn_blocking(read).await.map_err(EngineError::stopped)??;
    drop(fetched);
    let mut gathered = Gathered::new(OriginKind::Manifest, name);
    gathered.origin.revision = Some(hash);
    gathered.origin.detail = (!read.notes.is_empty()).then(|| read.notes.join("; "));
    gathered.classes = read.classes;
    let folder = Path::new(address).parent().filter(|_| !is_remote(address));
    let sources = read.samples.iter().map(|sample| source_of(&sample.image, folder));
    let sources: Vec<String> = sources.collect();
    let named: Vec<Option<FrameId>> = sources.iter().map(|source| frame_of(source)).collect();
    let rows = frames(ctx, named.iter().flatten().cloned()).await?;
    for ((sample, source), frame) in read.samples.into_iter().zip(sources).zip(named) {
        let said = Said {
            size: (sample.width, sample.height),
            boxes: sample.boxes,
            line: sample.line,
            split: sample.split,
        };
        match frame.and_then(|frame| rows.get(&frame)) {
            Some(row) => gathered.push_frame(row, said),
            None => gathered.push_other(&switch.apply(&source), said),
        }
    }
    Ok(gathered)
}

/// Where an image lies; a path that says no folder is one beside the manifest.
fn source_of(image: &ReadImage, folder: Option<&Path>) -> String {
    match image {
        ReadImage::Uri(uri) if !is_remote(uri) && !uri.contains("://") => {
            absolute(folder.unwrap_or(Path::new("")).join(uri))
        }
        ReadImage::File(path) | ReadImage::Record { file: path, .. } => absolute(path.clone()),
        ReadImage::Uri(uri) => uri.clone(),
    }
}

/// What lies at an address, in a file of this machine; `None` where it is one.
async fn fetch(address: &str) -> Result<Option<NamedTempFile>, EngineError> {
    if !is_remote(address) {
        return Ok(None);
    }
    let object = Remote::new(address)?.object().await?;
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let path = PathBuf::from(public_part(address));
    let failed = |source| EngineError::Read { path: path.clone(), source };
    let object = object.ok_or_else(|| failed(missing()))?;
    let copy = move || {
        let mut file = NamedTempFile::new()?;
        std::io::copy(&mut object.stream()?, &mut file)?;
        file.flush()?;
        Ok(file)
    };
    let copied = tokio::task::spawn_blocking(copy).await.map_err(EngineError::stopped)?;
    Ok(Some(copied.map_err(failed)?))
}

fn hash_of(path: &Path) -> Result<String, EngineError> {
    use sha2::{Digest, Sha256};
    let failed = |source| EngineError::Read { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let (mut hash, mut part) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut part).map_err(failed)?;
        if count == 0 {
            let digits = hash.finalize();
            return Ok(digits.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&part[..count]);
    }
}
