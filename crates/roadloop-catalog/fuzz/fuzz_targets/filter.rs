//! The filter language: what is read is written in its normal form, and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roadloop_catalog::Filter;

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
});
