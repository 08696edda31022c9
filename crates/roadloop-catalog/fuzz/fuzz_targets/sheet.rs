//! Files that are to be attached: CSV, JSON lines, Parquet. The first byte says what
//! it is, the second what it is joined by.

#![no_main]

use std::collections::BTreeMap;
use std::panic;
use std::sync::Once;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use roadloop_catalog::{Joining, Source, SourceSettings};

const FILES: [&str; 4] = ["a.csv", "a.tsv", "a.jsonl", "a.parquet"];
const JOININGS: [(&str, Option<&str>); 6] = [
    ("recording,camera,sequence", None),
    ("image", None),
    ("date,topic", None),
    ("time,recording", Some("10min")),
    ("time", Some("500ms")),
    ("position", Some("250m")),
];

static HOOK: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    // The library that reads Parquet panics on some damaged files, and is caught. The
    // fuzzer's own hook ends the process all the same; what nobody catches still does.
    HOOK.call_once(|| panic::set_hook(Box::new(|_| {})));
    let [file, joining, bytes @ ..] = bytes else { return };
    let file = FILES[usize::from(*file) % FILES.len()];
    let (on, within) = JOININGS[usize::from(*joining) % JOININGS.len()];
    let on: Vec<String> = on.split(',').map(str::to_owned).collect();
    let joining = Joining::parse(&on, within).expect("a way to join");
    let settings = SourceSettings { joining, named: BTreeMap::new(), columns: Vec::new() };
    if let Ok(source) = Source::read(file, Bytes::copy_from_slice(bytes), &settings) {
        assert!(source.num_rows() > 0);
        assert!(source.skipped().len() as u64 <= source.num_skipped());
        let mut names: Vec<&str> = source.columns().iter().map(|c| c.name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
    }
});
