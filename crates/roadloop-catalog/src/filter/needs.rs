//! Values that a filter asks for and a frame may be without.

use std::collections::BTreeMap;

use super::ast::Expr;
use super::sql::identifier;
use super::vocabulary::Vocabulary;
use crate::Filter;
use crate::session::ATTACHED;

/// A value of frames, or of the rows an attached table has for them.
#[derive(Debug)]
pub(crate) struct Need {
    /// `position`, `weather.condition`
    pub(crate) what: String,
    /// The attached table; `None` for `frames f`.
    pub(crate) table: Option<String>,
    pub(crate) sql: String,
}

impl Filter {
    /// Each once. Columns that are not known are left out.
    pub(crate) fn needs(&self, vocabulary: &Vocabulary) -> Vec<Need> {
        let mut needs = BTreeMap::new();
        let mut need = |what: &str, table: Option<String>, sql: &str| {
            needs.entry((table.clone(), sql.to_owned())).or_insert_with(|| Need {
                what: what.to_owned(),
                table,
                sql: sql.to_owned(),
            });
        };
        self.visit(&mut |expr| match expr {
            Expr::Within(_) | Expr::InBox(_) | Expr::Tod(_) => need("position", None, "f.latitude"),
            Expr::Column { name, .. } => match vocabulary.resolve(&name.text) {
                Ok(field) if field.table.is_none() && !field.is_nullable => {}
                // The sun's elevation is known wherever the position is.
                Ok(field) if field.stored.is_some() => need("position", None, "f.latitude"),
                Ok(field) => {
                    let table = field.table.map(|table| identifier(&format!("{ATTACHED}{table}")));
                    need(&name.text, table, &field.sql);
                }
                Err(_) => {}
            },
            _ => {}
        });
        needs.into_values().collect()
    }
}
