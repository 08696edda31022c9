//! What frames are grouped by: the strata of a sample, the bars of a histogram.

use deltalake::datafusion::prelude::SessionContext;

use crate::CatalogError;
use crate::filter::nearest;

/// More words make more groups than anybody reads.
const MAX_WORDS: usize = 8;

/// What stands for a value that is not known.
pub(crate) const UNKNOWN: &str = "unknown";

/// A word of people's and the text it stands for, of a frame `f`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) word: String,
    pub(crate) sql: String,
}

/// The groups that some words speak of: columns of `frames`, and `hour`, the hour
/// of the day in UTC.
pub(crate) async fn groups_of(
    context: &SessionContext,
    words: &[String],
) -> Result<Vec<Group>, CatalogError> {
    if words.len() > MAX_WORDS {
        return Err(CatalogError::TooManyWords { most: MAX_WORDS });
    }
    let frames = context.table_provider("frames").await?;
    let schema = frames.schema();
    let mut groups = Vec::<Group>::new();
    for word in words {
        if groups.iter().any(|group| group.word == *word) {
            return Err(CatalogError::SameGroup { word: word.clone() });
        }
        let sql = match word.as_str() {
            "hour" => "to_char(f.taken_at, '%H')".to_owned(),
            column if schema.field_with_name(column).is_ok() => {
                format!("CAST(f.\"{column}\" AS VARCHAR)")
            }
            _ => {
                let mut known: Vec<String> =
                    schema.fields().iter().map(|field| field.name().clone()).collect();
                known.push("hour".to_owned());
                let suggestion = nearest(word, known.iter().map(String::as_str));
                return Err(CatalogError::NoSuchGroup {
                    word: word.clone(),
                    suggestion: suggestion.map(str::to_owned),
                    known: known.join(", "),
                });
            }
        };
        let sql = format!("coalesce({sql}, '{UNKNOWN}')");
        groups.push(Group { word: word.clone(), sql });
    }
    Ok(groups)
}
