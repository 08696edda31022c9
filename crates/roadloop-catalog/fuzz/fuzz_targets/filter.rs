//! The filter language. Its crate brings the query engine along, which takes hours to
//! build under a sanitizer: so its files are part of this target, with what they
//! name of the rest of that crate.

#![no_main]
#![allow(dead_code, unused_imports)]

use libfuzzer_sys::fuzz_target;

use catalog::filter;
pub use filter::Filter;
use filter::Certainty;

/// Where the modules of that crate are looked for.
#[path = "../../../roadloop-catalog/src"]
mod catalog {
    pub(crate) mod filter;
}

mod schema {
    pub(crate) const LOOKED: &str = "looked";
    pub(crate) const REDACTED: &str = "redacted";
}

/// What is left of a condition in SQL without its texts. Each of them ends.
fn without_texts(sql: &str) -> String {
    let parts: Vec<&str> = sql.split('\'').collect();
    assert_eq!(parts.len() % 2, 1, "a text that never ends: {sql}");
    parts.into_iter().step_by(2).collect()
}

fuzz_target!(|text: &str| {
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(error) => {
            assert_eq!(error.to_string().lines().count(), 3, "{error}");
            return;
        }
    };
    let normal = filter.to_string();
    let again = Filter::parse(&normal).unwrap_or_else(|error| panic!("{normal}: {error}"));
    assert_eq!(again, filter, "{normal}");
    assert_eq!(again.to_string(), normal);
    for certainty in [Certainty::Known, Certainty::Possible] {
        let sql = without_texts(&filter.to_sql(certainty));
        let is_ours = |c: char| c.is_ascii_alphanumeric() || " ._()<>=!,-+*/:\"".contains(c);
        assert!(sql.chars().all(is_ours) && !sql.contains("--"), "{sql}");
    }
});
