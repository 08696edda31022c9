//! A dataset's frozen rows: a sample a line, as JSON, compressed; and the hash that names
//! them.

use std::io::{self, BufRead, BufReader, Read, Write};

use sha2::{Digest, Sha256};

use crate::{DatasetError, Sample};

/// A sample with tens of thousands of boxes is below it.
const LONGEST_ROW: usize = 64 << 20;
const LEVEL: i32 = 3;

/// Writes rows and works out their id. Samples must come in [`order`].
pub struct RowWriter<W: Write> {
    to: zstd::Encoder<'static, W>,
    hash: Sha256,
}

impl<W: Write> std::fmt::Debug for RowWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowWriter").finish_non_exhaustive()
    }
}

/// By group, time and name: neighbours of a recording stand beside each other.
pub fn order(samples: &mut [Sample]) {
    samples.sort_by(|a, b| (&a.group, a.taken_at, &a.name).cmp(&(&b.group, b.taken_at, &b.name)));
}

impl<W: Write> RowWriter<W> {
    pub fn new(to: W, classes: &[String]) -> io::Result<RowWriter<W>> {
        Ok(RowWriter { to: zstd::Encoder::new(to, LEVEL)?, hash: hash_of(classes)? })
    }

    pub fn write(&mut self, sample: &Sample) -> io::Result<()> {
        let mut line = serde_json::to_vec(sample).map_err(io::Error::other)?;
        line.push(b'\n');
        self.hash.update(&line);
        self.to.write_all(&line)
    }

    /// What was written to, and the id.
    pub fn finish(self) -> io::Result<(W, String)> {
        Ok((self.to.finish()?, digits(self.hash)))
    }
}

/// Reads rows, one after the other.
pub struct RowReader<R: BufRead> {
    from: BufReader<zstd::Decoder<'static, R>>,
    number: u64,
    line: Vec<u8>,
    /// What was hashed so far, and what all of it should come to.
    expected: Option<(Sha256, String)>,
}

impl<R: BufRead> std::fmt::Debug for RowReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowReader").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<R: BufRead> RowReader<R> {
    pub fn new(from: R) -> Result<RowReader<R>, DatasetError> {
        let decoder = zstd::Decoder::with_buffer(from);
        let decoder = decoder.map_err(|error| DatasetError::Rows(error.to_string()))?;
        let from = BufReader::new(decoder);
        Ok(RowReader { from, number: 0, line: Vec::new(), expected: None })
    }

    /// The same; after the last row stands an error, where those that were read are not the
    /// ones that have that id.
    pub fn verifying(from: R, classes: &[String], id: &str) -> Result<RowReader<R>, DatasetError> {
        let hash = hash_of(classes).map_err(|error| DatasetError::Rows(error.to_string()))?;
        let reader = RowReader::new(from)?;
        Ok(RowReader { expected: Some((hash, id.to_owned())), ..reader })
    }

    /// Behind the last row.
    fn end(&mut self) -> Option<Result<Sample, DatasetError>> {
        let (hash, id) = self.expected.take()?;
        let found = digits(hash);
        (found != id).then(|| {
            let reason = "they are not the ones its card is of: rows were changed or are missing";
            Err(DatasetError::Rows(reason.to_owned()))
        })
    }
}

/// That of an id before its first row.
fn hash_of(classes: &[String]) -> io::Result<Sha256> {
    let mut hash = Sha256::new();
    hash.update(b"roadloop dataset 1\n");
    hash.update(serde_json::to_vec(classes).map_err(io::Error::other)?);
    Ok(hash)
}

fn digits(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<R: BufRead> Iterator for RowReader<R> {
    type Item = Result<Sample, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line.clear();
        self.number += 1;
        let number = self.number;
        let damaged = |reason: String| DatasetError::Rows(format!("row {number}: {reason}"));
        let mut limited = (&mut self.from).take(LONGEST_ROW as u64);
        match limited.read_until(b'\n', &mut self.line) {
            Ok(0) => return self.end(),
            Ok(_) if !self.line.ends_with(b"\n") => {
                return Some(Err(damaged("it has no end".to_owned())));
            }
            Ok(_) => {}
            Err(error) => return Some(Err(damaged(error.to_string()))),
        }
        if let Some((hash, _)) = &mut self.expected {
            hash.update(&self.line);
        }
        let sample = serde_json::from_slice(&self.line);
        Some(sample.map_err(|error| damaged(roadloop_manifest::json(&error))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{any_samples, classes, content, sample};
    use crate::{Attribute, Split};

    /// Rows and their id.
    fn written(samples: &[Sample], names: &[&str]) -> (Vec<u8>, String) {
        let mut writer = RowWriter::new(Vec::new(), &classes(names)).unwrap();
        for sample in samples {
            writer.write(sample).unwrap();
        }
        writer.finish().unwrap()
    }

    fn ordered(mut samples: Vec<Sample>) -> Vec<Sample> {
        order(&mut samples);
        samples
    }

    fn id(samples: Vec<Sample>) -> String {
        written(&ordered(samples), &["car"]).1
    }

    fn read(bytes: &[u8]) -> Result<Vec<Sample>, DatasetError> {
        RowReader::new(bytes)?.collect()
    }

    /// What is said of bytes that are no rows.
    #[track_caller]
    fn check(text: &[u8], expected: &str) {
        let bytes = zstd::encode_all(text, LEVEL).unwrap();
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn the_id_is_what_it_was() {
        let mut one = sample("a.png", "drive");
        one.image.content = Some(content(1, 2));
        let expected = "def9a4b5b8b593a9b2c8877ee588f838143859f19b323ee1f58cc65239671c96";
        assert_eq!(written(&[one], &["car"]).1, expected, "ids of datasets stay");
    }

    #[test]
    fn rows_are_held_against_their_id() {
        let all = ordered(vec![sample("a.png", "d"), sample("b.png", "d")]);
        let (bytes, id) = written(&all, &["car"]);
        let verified = |bytes: &[u8], id: &str| -> Result<Vec<Sample>, DatasetError> {
            RowReader::verifying(bytes, &classes(&["car"]), id)?.collect()
        };
        assert_eq!(verified(&bytes, &id).unwrap(), all);
        let (fewer, _) = written(&all[..1], &["car"]);
        let error = verified(&fewer, &id).unwrap_err().to_string();
        assert!(error.contains("rows were changed or are missing"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_rows() {
        check(b"{}\n", "row 1: missing field `name`");
        check(b"[1", "row 1: it has no end");
        let mut text = serde_json::to_vec(&sample("a.png", "d")).unwrap();
        text.extend(b"\n\n");
        check(&text, "row 2: ");
        let limit = [b"\"".as_slice(), &vec![b' '; LONGEST_ROW]].concat();
        check(&limit, "row 1: it has no end");
        let hostile = String::from_utf8(text).unwrap().replace("a.png", "../a.png");
        check(hostile.as_bytes(), "row 1: ");
    }

    #[test]
    fn neighbours_stand_beside_each_other() {
        let at = |name: &str, group: &str, time: Option<i64>| {
            let mut one = sample(name, group);
            one.taken_at = time.map(roadloop_base::Nanos);
            one
        };
        let all = ordered(vec![
            at("a.png", "e", Some(1)),
            at("b.png", "d", Some(2)),
            at("c.png", "d", Some(1)),
            at("e.png", "d", None),
            at("d.png", "d", None),
        ]);
        let names: Vec<&str> = all.iter().map(|sample| sample.name.as_str()).collect();
        assert_eq!(names, ["d.png", "e.png", "c.png", "b.png", "a.png"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(samples in any_samples(40)) {
            let (bytes, _) = written(&samples, &["car"]);
            prop_assert_eq!(read(&bytes).unwrap(), samples);
        }

        #[test]
        fn the_id_knows_no_order(
            (samples, shuffled) in any_samples(40)
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        ) {
            prop_assert_eq!(id(samples), id(shuffled));
        }

        #[test]
        fn any_change_is_another_id(
            samples in any_samples(20),
            which in any::<prop::sample::Index>(),
            what in 0usize..9,
        ) {
            prop_assume!(!samples.is_empty());
            let mut changed = samples.clone();
            let one = &mut changed[which.index(samples.len())];
            let area = [1.0, 2.0, 3.0, 4.0];
            match what {
                0 => one.group.push('x'),
                1 => one.split = if one.split == Split::Val { Split::Test } else { Split::Val },
                2 => one.image.width += 1,
                3 => one.image.content = Some(content(1 << 40, 0)),
                4 => one.boxes = if one.boxes.is_some() { None } else { Some(Vec::new()) },
                5 => one.boxes.get_or_insert_default().push(crate::testing::a_box(0, area)),
                6 => one.line = Some("{}".to_owned()),
                7 => {
                    let mut found = crate::testing::a_box(0, area);
                    found.attributes.insert("iscrowd".to_owned(), Attribute::Number(1.0));
                    one.boxes.get_or_insert_default().push(found);
                }
                _ => one.name = one.name.with_end("jpg"),
            }
            prop_assert_ne!(id(samples.clone()), id(changed));
            prop_assert_ne!(written(&samples, &["car"]).1, written(&samples, &["cars"]).1);
        }

        #[test]
        fn damaged_bytes_are_errors_or_less(
            samples in any_samples(10),
            at in any::<prop::sample::Index>(),
            flip in 1u8..=255,
        ) {
            prop_assume!(!samples.is_empty());
            let (bytes, _) = written(&samples, &["car"]);
            let place = at.index(bytes.len());
            prop_assert!(place == 0 || read(&bytes[..place]).is_err(), "cut off at {place}");
            let mut flipped = bytes.clone();
            flipped[place] ^= flip;
            // What is read in spite of it is rows.
            if let Ok(rows) = read(&flipped) {
                prop_assert!(rows.iter().all(|row| !row.name.as_str().is_empty()));
            }
        }

        #[test]
        fn garbage_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 1..300)) {
            prop_assert!(read(&bytes).is_err());
            let inside = zstd::encode_all(bytes.as_slice(), LEVEL).unwrap();
            prop_assert!(read(&inside).is_err());
        }
    }
}
