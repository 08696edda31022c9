//! What manifests call images: of the anonymised copy, or of the frame as it was recorded.
//!
//! Both lie under the same name in two folders of a store, `anonymized/<recording>/<camera>/…`
//! and `images/…`, so one is turned into the other without asking anybody.

use std::io::{BufRead, Write};

use roadloop_base::{Camera, FrameId, RecordingId, Skip};
use roadloop_manifest::{Line, Reader, rename_source};
use roadloop_store::Store;

use super::left_out;
use crate::EngineError;
use crate::stages::search::Shown;

const ANONYMIZED: &str = "anonymized";
const RAW: &str = "images";

/// How a manifest's references are to be written.
#[derive(Clone, Debug, Default)]
pub struct Switch {
    /// Which of the two images; as they are where it is absent.
    pub images: Option<Shown>,
    /// Beginnings of references, and what stands in their place: other buckets.
    pub renames: Vec<(String, String)>,
}

/// What became of the lines of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switched {
    pub lines: u64,
    pub changed: u64,
    /// Lines that could not be read; they are not in the copy.
    pub skipped: Vec<Skip>,
    /// References to neither of the two folders, which were left as they were.
    pub strange: u64,
}

/// What a manifest calls an object of the store: its path on this machine, its URI elsewhere.
pub fn source_ref(store: &Store, key: &str) -> String {
    match store.local_path(key) {
        Some(path) => path.display().to_string(),
        None => format!("{}/{key}", store.place().trim_end_matches('/')),
    }
}

/// The key of an image in a store laid out as ours are: what stands from the last folder
/// `anonymized` or `images` on that has three names below it.
pub fn key_of(source: &str) -> Option<&str> {
    let (start, _) = place_of(source)?;
    Some(&source[start..])
}

/// The frame an image of a store like ours is of, raw or anonymised: its key says it.
pub fn frame_of(source: &str) -> Option<FrameId> {
    let mut parts = key_of(source)?.split('/').skip(1);
    let recording = RecordingId::new(parts.next()?).ok()?;
    let camera = Camera::new(parts.next()?).ok()?;
    let (stem, _) = parts.next()?.rsplit_once('.')?;
    let (_, sequence) = stem.rsplit_once('-')?;
    Some(FrameId { recording, camera, sequence: sequence.parse().ok()? })
}

/// Where the folder's name stands in a reference, and which of the two it is.
fn place_of(source: &str) -> Option<(usize, Shown)> {
    let mut slashes = source.rmatch_indices('/').map(|(at, _)| at);
    // The file, its camera, its recording.
    let (_, _, below) = (slashes.next()?, slashes.next()?, slashes.next()?);
    let start = slashes.next().map_or(0, |at| at + 1);
    match &source[start..below] {
        ANONYMIZED => Some((start, Shown::Anonymized)),
        RAW => Some((start, Shown::Raw)),
        _ => None,
    }
}

/// The same image, raw or anonymised; `None` where a reference is to neither folder.
pub fn switched(source: &str, images: Shown) -> Option<String> {
    let (start, is) = place_of(source)?;
    let [from, to] = [is, images].map(|shown| match shown {
        Shown::Anonymized => ANONYMIZED,
        Shown::Raw => RAW,
    });
    Some(format!("{}{to}{}", &source[..start], &source[start + from.len()..]))
}

impl Switch {
    /// A reference as it is to be written.
    pub fn apply(&self, source: &str) -> String {
        let source = match self.images {
            Some(images) => switched(source, images).unwrap_or_else(|| source.to_owned()),
            None => source.to_owned(),
        };
        rename_source(&source, &self.renames).unwrap_or(source)
    }

    /// Whether a reference is to neither folder and so stays as it is, where the other
    /// image was asked for.
    pub(super) fn is_strange(&self, source: &str, written: &str) -> bool {
        self.images.is_some() && place_of(source).is_none() && written == source
    }

    /// Copies a manifest, with its references as they are to be: nothing else is changed.
    pub fn copy(&self, from: impl BufRead, to: &mut impl Write) -> Result<Switched, EngineError> {
        let mut done = Switched::default();
        let failed = |source| EngineError::Table { source: Box::new(source) };
        for (number, line) in Reader::new(from) {
            let mut line: Line = match line {
                Ok(line) => line,
                Err(error) => {
                    done.skipped.push(left_out(number, &error.into()));
                    continue;
                }
            };
            let Some(source) = line.source_ref() else {
                done.skipped.push(Skip::new(format!("line {number}"), "it has no source-ref"));
                continue;
            };
            let written = self.apply(&source);
            done.strange += u64::from(self.is_strange(&source, &written));
            if written != source {
                line.set_source_ref(&written)?;
                done.changed += 1;
            }
            writeln!(to, "{line}").map_err(failed)?;
            done.lines += 1;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(source: &str, images: Shown, expected: Option<&str>) {
        assert_eq!(switched(source, images).as_deref(), expected);
    }

    #[test]
    fn the_same_image_lies_in_two_folders() {
        let anonymized = "s3://b/drives/anonymized/drive-1a/front/front-22_00.png";
        let raw = "s3://b/drives/images/drive-1a/front/front-22_00.png";
        check(anonymized, Shown::Raw, Some(raw));
        check(raw, Shown::Anonymized, Some(anonymized));
        check(raw, Shown::Raw, Some(raw));
        check("images/r/c/f.png", Shown::Anonymized, Some("anonymized/r/c/f.png"));
        check(
            "/anonymized/images/r/c/f.png",
            Shown::Anonymized,
            Some("/anonymized/anonymized/r/c/f.png"),
        );
        check("s3://b/left0004.png", Shown::Raw, None);
        check("s3://images/r/f.png", Shown::Raw, None);
        check("", Shown::Raw, None);
        assert_eq!(key_of(raw), Some("images/drive-1a/front/front-22_00.png"));
    }

    #[test]
    fn a_manifest_is_copied_with_other_references() {
        let switch = Switch {
            images: Some(Shown::Raw),
            renames: vec![("s3://blurred/".to_owned(), "s3://raw/".to_owned())],
        };
        let text = concat!(
            "{\"source-ref\": \"s3://blurred/anonymized/r/c/f.png\", \"n\": 1.50, \"k\": [ ]}\n",
            "{\"source-ref\":\"s3://other/f.png\"}\nnonsense\n{\"a\":1}\n",
        );
        let mut copy = Vec::new();
        let done = switch.copy(text.as_bytes(), &mut copy).unwrap();
        let copy = String::from_utf8(copy).unwrap();
        let lines: Vec<&str> = copy.lines().collect();
        assert!(lines[0].contains("s3://raw/images/r/c/f.png"), "{copy}");
        assert!(lines[0].contains("1.50"), "what is not asked for stays, digit by digit: {copy}");
        assert_eq!((done.lines, done.changed, done.strange, done.skipped.len()), (2, 1, 1, 2));
        assert!(done.skipped[0].place == "line 3", "{:?}", done.skipped);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(before in "[a-z:/]{0,12}", names in "[a-z0-9_.-]{1,8}") {
            let source = format!("{before}/anonymized/{names}/{names}/{names}");
            let raw = switched(&source, Shown::Raw).unwrap();
            prop_assert_ne!(&raw, &source);
            prop_assert_eq!(switched(&raw, Shown::Anonymized), Some(source));
        }

        #[test]
        fn any_text_is_a_reference(source in ".{0,60}") {
            let _ = switched(&source, Shown::Raw);
        }
    }
}
