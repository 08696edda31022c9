//! Images for people who look at frames: as they lie, and as thumbnails, which are made
//! once and kept in a folder of this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use roadloop_base::{Camera, RecordingId, anonymized_of, images_of};
use roadloop_store::StoreError;
use roadloop_vision::{decode_bytes, encode_jpeg, thumbnail};

use crate::{Ctx, EngineError};

/// Bytes that file systems let a name have.
const MOST_NAME: usize = 255;

/// Good enough for a few hundred pixels, and small.
const QUALITY: u8 = 78;

/// The sides that thumbnails have at most; others are rounded up to one of these.
pub const THUMBNAIL_SIDES: [u32; 4] = [160, 320, 480, 960];

/// Of a folder that is full, this share goes: the oldest.
const CLEARED: f64 = 0.25;

/// Which of the two images of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    Anonymized,
    Raw,
}

/// An image by the name of its file: what stands behind its camera in its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    recording: RecordingId,
    camera: Camera,
    file: String,
}

/// Bytes of an image, and by what it is known whether they are others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub bytes: Bytes,
    /// `image/jpeg`, `image/png`.
    pub media_type: &'static str,
    pub tag: String,
}

/// What is found where somebody may have the image already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The one with the tag that was named.
    Same,
    New(Picture),
}

impl ImageName {
    /// `None` where a file could not be one of that camera.
    pub fn new(recording: RecordingId, camera: Camera, file: &str) -> Option<ImageName> {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let rest = file.strip_prefix(camera.as_str())?.strip_prefix('-')?;
        let is_one = file.len() <= MOST_NAME && rest.chars().all(is_plain) && !rest.contains("..");
        (is_one && media_type(file).is_some()).then(|| ImageName {
            recording,
            camera,
            file: file.to_owned(),
        })
    }

    fn key(&self, which: Which) -> String {
        let folder = match which {
            Which::Anonymized => anonymized_of(&self.recording),
            Which::Raw => images_of(&self.recording),
        };
        format!("{folder}/{}/{}", self.camera, self.file)
    }
}

/// The image whose anonymised copy has a key; `None` where it is the key of anything else.
pub fn anonymized_named(key: &str) -> Option<ImageName> {
    let mut parts = key.split('/').skip(1);
    let (recording, camera) = (parts.next()?, parts.next()?);
    let file = parts.next()?;
    let (recording, camera) = (RecordingId::new(recording).ok()?, Camera::new(camera).ok()?);
    let name = ImageName::new(recording, camera, file)?;
    (name.key(Which::Anonymized) == key).then_some(name)
}

fn media_type(file: &str) -> Option<&'static str> {
    let (_, extension) = file.rsplit_once('.')?;
    Some(match extension {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        _ => return None,
    })
}

/// The media type of an image, by its first bytes: of one whose name says nothing.
pub fn media_type_of(image: &[u8]) -> &'static str {
    match image {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', ..] => "image/webp",
        _ => "image/jpeg",
    }
}

/// An image as it lies in the store.
pub async fn image(
    ctx: &Ctx,
    name: &ImageName,
    which: Which,
    known: &[&str],
) -> Result<Fetched, EngineError> {
    let key = name.key(which);
    let tag = tag(&ctx.store.glance(&key).await?.tag, 0);
    if known.contains(&tag.as_str()) {
        return Ok(Fetched::Same);
    }
    let media_type = media_type(&name.file).unwrap_or("application/octet-stream");
    Ok(Fetched::New(Picture { bytes: ctx.store.get(&key).await?, media_type, tag }))
}

fn tag(of_object: &str, side: u32) -> String {
    let digest = Sha256::digest(format!("{side} {of_object}"));
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Thumbnails in a folder of this machine. What is in it can be made again at any time.
#[derive(Debug)]
pub struct Thumbnails {
    folder: PathBuf,
    most_bytes: u64,
    /// In the folder, as far as is known.
    bytes: AtomicU64,
}

impl Thumbnails {
    /// In a folder, which is made when the first is kept, of at most so many bytes.
    pub fn new(folder: PathBuf, most_bytes: u64) -> Thumbnails {
        let bytes = files_below(&folder).iter().map(|file| file.bytes).sum();
        Thumbnails { folder, most_bytes, bytes: AtomicU64::new(bytes) }
    }

    /// The thumbnail of an image, as a JPEG; no side is longer than `side`, rounded up to
    /// one of [`THUMBNAIL_SIDES`].
    pub async fn get(
        &self,
        ctx: &Ctx,
        name: &ImageName,
        which: Which,
        side: u32,
        known: &[&str],
    ) -> Result<Fetched, EngineError> {
        let side = THUMBNAIL_SIDES.into_iter().find(|known| *known >= side);
        let side = side.unwrap_or(THUMBNAIL_SIDES[THUMBNAIL_SIDES.len() - 1]);
        let key = name.key(which);
        let tag = tag(&ctx.store.glance(&key).await?.tag, side);
        if known.contains(&tag.as_str()) {
            return Ok(Fetched::Same);
        }
        let picture = |bytes| Picture { bytes, media_type: "image/jpeg", tag: tag.clone() };
        let file = self.file_of(&key, &tag);
        if let Ok(bytes) = tokio::fs::read(&file).await {
            return Ok(Fetched::New(picture(bytes.into())));
        }
        let image = ctx.store.get(&key).await?;
        let shrunk = move || encode_jpeg(&thumbnail(&decode_bytes(&image)?, side), QUALITY);
        let bytes = Bytes::from(ctx.cpu.run(shrunk).await??);
        self.keep(file, bytes.clone()).await;
        Ok(Fetched::New(picture(bytes)))
    }

    /// A folder for each 256th of all keys, so that none holds too many files.
    fn file_of(&self, key: &str, tag: &str) -> PathBuf {
        let digest = Sha256::digest(key);
        let name: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(&name[..2]).join(format!("{}-{tag}.jpg", &name[2..]))
    }

    /// Whole or not at all. Where it cannot be kept, it is made again next time.
    async fn keep(&self, file: PathBuf, bytes: Bytes) {
        let size = bytes.len() as u64;
        let kept = tokio::task::spawn_blocking(move || write(&file, &bytes)).await;
        if !matches!(kept, Ok(Ok(()))) {
            return;
        }
        let there = self.bytes.fetch_add(size, Ordering::Relaxed) + size;
        if there > self.most_bytes {
            let (folder, most) = (self.folder.clone(), self.most_bytes);
            // Others that come meanwhile see that there is room.
            self.bytes.store(0, Ordering::Relaxed);
            let left = tokio::task::spawn_blocking(move || clear(&folder, most)).await;
            self.bytes.fetch_add(left.unwrap_or(0), Ordering::Relaxed);
        }
    }
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder)?;
    let partial = folder.join(format!(".{}-{:x}", std::process::id(), fastrand::u64(..)));
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, file));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

struct Kept {
    path: PathBuf,
    bytes: u64,
    written_at: SystemTime,
}

fn files_below(folder: &Path) -> Vec<Kept> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files = Vec::new();
    for below in entries(folder) {
        for file in entries(&below.path()) {
            let Ok(known) = file.metadata() else { continue };
            let written_at = known.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push(Kept { path: file.path(), bytes: known.len(), written_at });
        }
    }
    files
}

/// Removes the oldest files, and says how many bytes are left.
fn clear(folder: &Path, most_bytes: u64) -> u64 {
    let mut files = files_below(folder);
    files.sort_by_key(|file| file.written_at);
    let mut left: u64 = files.iter().map(|file| file.bytes).sum();
    let wanted = (most_bytes as f64 * (1.0 - CLEARED)) as u64;
    for file in files {
        if left <= wanted {
            break;
        }
        if fs::remove_file(&file.path).is_ok() {
            left -= file.bytes;
        }
    }
    left
}

/// A film of a camera that the stage `video` made: how long it is, and some of its bytes.
pub fn film_key(recording: &RecordingId, camera: &Camera) -> String {
    format!("video/{recording}/{camera}.mp4")
}

/// Whether an error says that there is no such image, and nothing else is wrong.
pub fn is_missing(error: &EngineError) -> bool {
    matches!(error, EngineError::Store(StoreError::NotFound { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(file: &str) -> Option<ImageName> {
        let recording = RecordingId::new("drive-1a2b3c4d").unwrap();
        ImageName::new(recording, Camera::new("front").unwrap(), file)
    }

    #[test]
    fn only_images_of_the_camera_have_a_name() {
        let file = "front-2020-11-19T22_00_00.123456789Z-000007.jpg";
        let good = name(file).unwrap();
        assert_eq!(good.key(Which::Raw), format!("images/drive-1a2b3c4d/front/{file}"));
        assert_eq!(good.key(Which::Anonymized), format!("anonymized/drive-1a2b3c4d/front/{file}"));
        for file in [
            "",
            "front-1",
            "front.jpg",
            "rear-1.jpg",
            "front-../../../etc/passwd.jpg",
            "front-a/b.jpg",
            "front-a\\b.jpg",
            "front-%2e%2e.jpg",
            "front-1.exe",
            "front-1.svg",
            "front-\0.jpg",
        ] {
            assert_eq!(name(file), None, "{file:?}");
        }
        assert_eq!(name(&format!("front-{}.jpg", "x".repeat(400))), None);
    }

    #[test]
    fn a_full_folder_loses_its_oldest() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..10 {
            let file = folder.path().join(format!("{number:02}")).join("a.jpg");
            write(&file, &[0; 100]).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number);
            fs::File::options().append(true).open(&file).unwrap().set_modified(time).unwrap();
        }
        assert_eq!(clear(folder.path(), 400), 300);
        let left: Vec<_> = files_below(folder.path()).into_iter().map(|file| file.path).collect();
        assert_eq!(left.len(), 3);
        assert!(left.iter().all(|path| path.starts_with(folder.path())));
        assert!(!folder.path().join("00").join("a.jpg").exists());
        assert!(folder.path().join("09").join("a.jpg").exists());
        assert_eq!(clear(&folder.path().join("nowhere"), 400), 0);
    }
}
