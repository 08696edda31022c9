//! Why a query cannot be answered, in the words of the one who asked: which
//! tables and columns there are, and none of the engine's own terms.

use std::collections::BTreeSet;

use deltalake::arrow::error::ArrowError;
use deltalake::datafusion::common::{Column, SchemaError, TableReference};
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::prelude::SessionContext;
use deltalake::datafusion::sql::sqlparser::parser::ParserError;

use roadloop_base::nearest;

/// The reason, and what may have been meant. `query` is what was asked.
pub(super) fn reason(error: &DataFusionError, context: &SessionContext, query: &str) -> String {
    let error = error.find_root();
    match error {
        DataFusionError::SchemaError(error, _) => match &**error {
            SchemaError::FieldNotFound { field, valid_fields } => {
                no_column(field, valid_fields, query)
            }
            SchemaError::AmbiguousReference { field } => {
                format!("{0} is in more than one table; write it as TABLE.{0}", field.name())
            }
            SchemaError::DuplicateQualifiedField { name, .. }
            | SchemaError::DuplicateUnqualifiedField { name } => {
                format!("two columns of the answer are called {name}; name one with AS")
            }
        },
        DataFusionError::Plan(text) => match missing_table(text) {
            Some(name) => no_table(name, context),
            None => plain(text),
        },
        _ => syntax(error),
    }
}

/// The reason of what does not depend on the tables.
pub(super) fn syntax(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::SQL(error, _) => match &**error {
            ParserError::ParserError(text) | ParserError::TokenizerError(text) => plain(text),
            ParserError::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
        },
        DataFusionError::Plan(text) => plain(text),
        DataFusionError::NotImplemented(text) => format!("this is not supported: {}", plain(text)),
        error => error.strip_backtrace(),
    }
}

/// What of the answer itself cannot be, such as a division by zero: the
/// question's fault, not the catalog's.
pub(super) fn impossible(error: &DataFusionError) -> Option<String> {
    let DataFusionError::ArrowError(error, _) = error.find_root() else { return None };
    match &**error {
        ArrowError::DivideByZero => Some("it divides by zero".to_owned()),
        ArrowError::CastError(text)
        | ArrowError::ParseError(text)
        | ArrowError::ComputeError(text)
        | ArrowError::ArithmeticOverflow(text)
        | ArrowError::InvalidArgumentError(text) => Some(plain(text)),
        _ => None,
    }
}

fn no_column(field: &Column, valid: &[Column], query: &str) -> String {
    let name = field.name();
    let whole = field.flat_name();
    let mut text = format!("no column is called {whole}");
    if valid.is_empty() {
        return text + ", and no table was asked; add FROM frames or FROM detections";
    }
    if let Some(found) = nearest(name, valid.iter().map(Column::name)) {
        text += &format!("; did you mean {found}?");
    } else if query.contains(&format!("\"{name}\"")) {
        text += &format!("; a text is written '{name}', in single quotes");
    }
    let tables: BTreeSet<String> = valid.iter().filter_map(table_of).collect();
    let mut columns = Vec::new();
    for column in valid {
        let shown = match table_of(column) {
            Some(table) if tables.len() > 1 => format!("{table}.{}", column.name()),
            _ => column.name().to_owned(),
        };
        if !columns.contains(&shown) {
            columns.push(shown);
        }
    }
    text + &format!("\ncolumns: {}", columns.join(", "))
}

fn table_of(column: &Column) -> Option<String> {
    column.relation.as_ref().map(|table| table.table().to_owned())
}

/// The name in the engine's `table 'datafusion.public.x' not found`.
fn missing_table(text: &str) -> Option<&str> {
    let name = text.strip_prefix("table '")?;
    Some(&name[..name.find("' not found")?])
}

fn no_table(name: &str, context: &SessionContext) -> String {
    let name = TableReference::from(name).table().to_owned();
    let tables = tables(context);
    let mut text = format!("no table is called {name}");
    if let Some(found) = nearest(&name, tables.iter().map(String::as_str)) {
        text += &format!("; did you mean {found}?");
    }
    text + &format!("\ntables: {}", tables.join(", "))
}

/// Those a person asks first come first.
fn tables(context: &SessionContext) -> Vec<String> {
    let catalogs = context.catalog_names().into_iter().filter_map(|name| context.catalog(&name));
    let schemas = catalogs.filter_map(|catalog| catalog.schema("public"));
    let mut tables: Vec<String> = schemas.flat_map(|schema| schema.table_names()).collect();
    let order = |name: &str| ["frames", "detections"].iter().position(|first| *first == name);
    tables.sort_by_key(|name| (order(name).unwrap_or(usize::MAX), name.clone()));
    tables
}

/// Without where in the engine's code it came from, and without its own steps
/// on the way to the error.
fn plain(text: &str) -> String {
    let text = text.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or(text).trim();
    if let Some(mismatch) = no_such_function(text) {
        return mismatch;
    }
    match text.split_once("While expanding wildcard, ") {
        Some((_, reason)) => reason.split(", currently").next().unwrap_or(reason).to_owned(),
        None => text.to_owned(),
    }
}

/// From `… No function matches the given name and argument types 'sum(Utf8View)'.
/// … Candidate functions:` and a line for each.
fn no_such_function(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("No function matches the given name and argument types '")?;
    let (asked, rest) = rest.split_once("'.")?;
    let mut candidates = rest.lines().map(str::trim).filter(|line| line.ends_with(')'));
    let there: Vec<&str> = candidates.by_ref().take(8).collect();
    let more = if candidates.next().is_some() { ", ..." } else { "" };
    let text = format!("there is no {asked}, but {}{more}", there.join(", "));
    Some(text.replace("Utf8View", "Text").replace("Utf8", "Text"))
}
