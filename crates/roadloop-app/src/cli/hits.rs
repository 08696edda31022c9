//! How hits are printed and exported: as rows, or in the shape of some program.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;
use roadloop_engine::catalog::{ExportShape, Format, Found};

use super::output::{FormatName, choose_format, export, write_file};
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// A form of hits as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum HitFormName {
    Table,
    Jsonl,
    Csv,
    Parquet,
    /// A line for each image: its key, and what Rekognition's DetectLabels answers
    DetectLabels,
    /// A line for each image: an item, as DynamoDB imports it
    Dynamodb,
    /// COCO's detection results; a second file says what their numbers mean
    Coco,
}

/// What was asked for: rows, or a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HitForm {
    Rows(Format),
    Shape(ExportShape),
}

/// What was asked for: by `--format`, by `--json`, or by the name of a file.
pub(super) fn choose_form(
    named: Option<HitFormName>,
    json: bool,
    file: Option<&Path>,
) -> Result<HitForm> {
    let rows = match named {
        None => None,
        Some(HitFormName::Table) => Some(FormatName::Table),
        Some(HitFormName::Jsonl) => Some(FormatName::Jsonl),
        Some(HitFormName::Csv) => Some(FormatName::Csv),
        Some(HitFormName::Parquet) => Some(FormatName::Parquet),
        Some(HitFormName::DetectLabels) => return Ok(HitForm::Shape(ExportShape::DetectLabels)),
        Some(HitFormName::Dynamodb) => return Ok(HitForm::Shape(ExportShape::DynamoDb)),
        Some(HitFormName::Coco) if file.is_none() => {
            return Err(usage("COCO's results are two files; name the first with --export FILE"));
        }
        Some(HitFormName::Coco) => return Ok(HitForm::Shape(ExportShape::Coco)),
    };
    Ok(HitForm::Rows(choose_format(rows, json, file)?))
}

/// Prints hits.
pub(super) fn print_hits(session: &Session, found: &Found, form: HitForm) -> Result<()> {
    match form {
        HitForm::Rows(format) => render::print_rows(&found.rows(format)?, format),
        HitForm::Shape(shape) => {
            let mut bytes = Vec::new();
            found.write_as(shape, &mut bytes)?;
            render::print_lines(&bytes)?;
            remark_on_unseen(session, found, shape);
            Ok(())
        }
    }
}

/// Writes hits to a file, and to its companion where there is one.
pub(super) fn export_hits(
    session: &Session,
    found: &Found,
    form: HitForm,
    path: &Path,
) -> Result<()> {
    let shape = match form {
        HitForm::Rows(format) => return export(session, &found.rows(format)?, format, path, "hit"),
        HitForm::Shape(shape) => shape,
    };
    let mut bytes = Vec::new();
    found.write_as(shape, &mut bytes)?;
    let replaced = write_file(path, &bytes)?;
    let hits = counted(found.hits.len() as u64, "hit");
    session.note(&format!("{hits}: {}{}", path.display(), replaced.in_words()));
    if shape.has_companion() {
        let companion = companion_of(path);
        let mut bytes = Vec::new();
        found.write_companion(&mut bytes)?;
        let replaced = write_file(&companion, &bytes)?;
        session.note(&format!(
            "images and categories: {}{}",
            companion.display(),
            replaced.in_words()
        ));
    }
    remark_on_unseen(session, found, shape);
    Ok(())
}

fn remark_on_unseen(session: &Session, found: &Found, shape: ExportShape) {
    let unseen = found.hits_not_looked_at();
    if unseen == 0 {
        return;
    }
    let how = match shape {
        ExportShape::DetectLabels => "have no line",
        ExportShape::DynamoDb => "have no confidences and no counts",
        ExportShape::Coco => "are listed under not_looked_at",
    };
    session.note(&format!("note: {} of them, not looked at yet, {how}", counted(unseen, "frame")));
}

/// `hits.json` has `hits.images.json` beside it.
fn companion_of(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}.images.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(named: Option<HitFormName>, file: Option<&str>, expected: Option<HitForm>) {
        assert_eq!(choose_form(named, false, file.map(Path::new)).ok(), expected);
    }

    #[test]
    fn rows_and_shapes_are_chosen() {
        check(None, None, Some(HitForm::Rows(Format::Table)));
        check(None, Some("a.csv"), Some(HitForm::Rows(Format::Csv)));
        let coco = Some(HitFormName::Coco);
        check(coco, Some("a.csv"), Some(HitForm::Shape(ExportShape::Coco)));
        check(coco, None, None);
        let labels = Some(HitFormName::DetectLabels);
        check(labels, None, Some(HitForm::Shape(ExportShape::DetectLabels)));
    }

    #[test]
    fn a_companion_lies_beside_its_file() {
        assert_eq!(companion_of(Path::new("a/hits.json")), Path::new("a/hits.images.json"));
        assert_eq!(companion_of(Path::new("hits")), Path::new("hits.images.json"));
    }
}
