//! Settings: defaults in code, then the workspace's `roadloop.toml`, then the
//! environment, then flags. Read once, passed down; unknown keys are refused,
//! an empty variable is none.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use roadloop_engine::catalog::Filter;
use toml::de::{DeTable, DeValue};

use crate::usage::usage;

/// What a setting may hold.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Text,
    /// A list of words; in the environment and in flags separated by commas.
    Words,
    /// A whole number of at least this.
    Count(u64),
    /// A number from 0 to 1.
    Fraction,
    /// A number above 0, or empty for none.
    Rate,
    /// A sentence of the filter language, or empty for none.
    Filter,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One setting as people see it in the file, the environment and the help.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    default: &'static str,
    pub(crate) help: &'static str,
    shape: Shape,
}

const fn setting(
    key: &'static str,
    default: &'static str,
    shape: Shape,
    help: &'static str,
) -> Setting {
    Setting { key, default, help, shape }
}

/// Every setting there is, in the order `config show` prints them.
pub(crate) const SETTINGS: &[Setting] = &[
    setting(
        "store",
        "",
        Shape::Text,
        "Folder or bucket (s3://, gs://, az://) for images and tables; empty: the workspace",
    ),
    setting("jobs", "0", Shape::Count(0), "Frames worked on at once; 0: one per core"),
    setting("runtime", "", Shape::Text, "Path of libonnxruntime; empty: looked for"),
    setting("extract.topics", "", Shape::Words, "Camera topics to keep; empty: all"),
    setting("extract.every", "1", Shape::Count(1), "Keep every n-th frame of a camera"),
    setting("extract.rate_hz", "", Shape::Rate, "Keep at most so many frames a second and camera"),
    setting(
        "detect.model",
        "",
        Shape::Text,
        "Detector file (.onnx), or rekognition: Amazon's; empty: the built-in NanoDet",
    ),
    setting(
        "detect.confidence",
        "0.35",
        Shape::Fraction,
        "Keep objects found at least this surely",
    ),
    setting("detect.tagger", "", Shape::Text, "Image classifier file (.onnx); empty: none"),
    setting(
        "detect.dynamodb",
        "",
        Shape::Text,
        "Table of DynamoDB that gets an item for each frame looked at; empty: none",
    ),
    setting(
        "anonymize.finder",
        "",
        Shape::Choice(&["", "rekognition"]),
        "Who finds faces and texts; rekognition: Amazon; empty: the built-in models",
    ),
    setting(
        "anonymize.only",
        "",
        Shape::Filter,
        "Anonymise frames that match this filter; empty: all",
    ),
    setting("anonymize.style", "blur", Shape::Choice(&["blur", "solid"]), "How boxes are hidden"),
    setting("anonymize.margin", "0.15", Shape::Fraction, "Grow each box by this share of its size"),
    setting("search.limit", "100", Shape::Count(1), "Most hits a search prints"),
    setting("sql.max_rows", "10000", Shape::Count(1), "Most rows a query prints"),
    setting("sql.timeout_secs", "60", Shape::Count(1), "Longest a query may take"),
    setting(
        "queue.address",
        "",
        Shape::Text,
        "Where run gives jobs and workers take them; empty: run works itself, workers take queue.db in the workspace",
    ),
    setting(
        "queue.hold_secs",
        "60",
        Shape::Count(1),
        "A job nobody spoke of for so long is given to another worker",
    ),
    setting("queue.attempts", "5", Shape::Count(1), "A job that failed so often is dead"),
    setting("queue.timeout_secs", "21600", Shape::Count(1), "Longest a job may take"),
    setting(
        "queue.frames_per_job",
        "64",
        Shape::Count(1),
        "Frames of a camera looked at in one job, rounded up to 16",
    ),
    setting(
        "queue.most_waiting",
        "64",
        Shape::Count(1),
        "Jobs that may wait in a stage before the one before it waits too",
    ),
    setting("sql.memory_mb", "1024", Shape::Count(16), "Most memory a query may use"),
];

/// The flag that goes over a setting, in the words of the one who typed it.
const FLAGS: &[(&str, &str)] = &[
    ("store", "--store"),
    ("queue.address", "--queue"),
    ("jobs", "--jobs"),
    ("extract.topics", "--topics"),
    ("extract.every", "--every"),
    ("extract.rate_hz", "--rate"),
    ("detect.model", "--detector"),
    ("detect.confidence", "--confidence"),
    ("detect.tagger", "--tagger"),
    ("detect.dynamodb", "--dynamodb"),
    ("anonymize.finder", "--finder"),
    ("anonymize.only", "--only"),
    ("anonymize.style", "--style"),
    ("anonymize.margin", "--margin"),
    ("search.limit", "--limit"),
    ("sql.max_rows", "--max-rows"),
    ("sql.timeout_secs", "--timeout"),
];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "file {}, line {line}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag => f.write_str("flag"),
        }
    }
}

/// The settings in force, each with its origin.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    workspace: PathBuf,
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// What the flags of a command say, by key.
pub(crate) type Overrides = Vec<(&'static str, String)>;

impl Config {
    /// Reads the layers. `environment` looks a variable up, so that tests need
    /// not change the process's own.
    pub(crate) fn load(
        workspace: &Path,
        environment: impl Fn(&str) -> Option<String>,
        flags: Overrides,
    ) -> Result<Config> {
        let mut config = Config::of_defaults(workspace);
        config.read_file(&workspace.join("roadloop.toml"))?;
        config.put_over(environment, flags)
    }

    /// As [`Config::load`], without the workspace's file.
    pub(crate) fn load_without_file(
        workspace: &Path,
        environment: impl Fn(&str) -> Option<String>,
        flags: Overrides,
    ) -> Result<Config> {
        Config::of_defaults(workspace).put_over(environment, flags)
    }

    fn of_defaults(workspace: &Path) -> Config {
        let default = |setting: &Setting| (setting.default.to_owned(), Origin::Default);
        let values = SETTINGS.iter().map(|setting| (setting.key, default(setting))).collect();
        Config { workspace: workspace.to_owned(), values }
    }

    fn put_over(
        mut self,
        environment: impl Fn(&str) -> Option<String>,
        flags: Overrides,
    ) -> Result<Config> {
        for setting in SETTINGS {
            let name = environment_name(setting.key);
            if let Some(value) = environment(&name).filter(|value| !value.is_empty()) {
                self.set(setting.key, value, Origin::Environment(name))?;
            }
        }
        for (key, value) in flags {
            self.set(key, value, Origin::Flag)?;
        }
        Ok(self)
    }

    fn read_file(&mut self, path: &Path) -> Result<()> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(usage(format!(
                    "the workspace is a file, not a folder; choose another with --workspace DIR\n\
                     path: {}",
                    self.workspace.display()
                )));
            }
            Err(error) => return Err(error).context(at("cannot read the settings", path)),
        };
        let table = DeTable::parse(&text).map_err(|error| {
            usage(at(&format!("the settings are not TOML: {}", error.to_string().trim()), path))
        })?;
        let mut found = Vec::new();
        flatten("", table.get_ref(), &mut found);
        for Found { key, value, at_byte } in found {
            let line = 1 + text[..at_byte].matches('\n').count();
            let origin = Origin::File { path: path.to_owned(), line };
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                let known: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
                let known = known.join(", ");
                return Err(usage(format!(
                    "there is no setting {key:?}; known are {known}\nfrom: {origin}"
                )));
            };
            self.set(setting.key, value, origin)?;
        }
        Ok(())
    }

    fn set(&mut self, key: &'static str, value: String, origin: Origin) -> Result<()> {
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        let setting = setting.with_context(|| format!("there is no setting {key:?}"))?;
        if let Err(reason) = check_shape(setting.shape, &value) {
            let flag = FLAGS.iter().find(|(of, _)| *of == key).map(|(_, flag)| *flag);
            return Err(usage(match (&origin, flag) {
                (Origin::Flag, Some(flag)) => format!("{flag} {reason}"),
                _ => format!("{key} {reason}\nfrom: {origin}"),
            }));
        }
        self.values.insert(setting.key, (value, origin));
        Ok(())
    }

    pub(crate) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Where images and tables are: a folder, or an address.
    pub(crate) fn store(&self) -> String {
        match self.text("store") {
            "" => self.workspace.to_string_lossy().into_owned(),
            store => store.to_owned(),
        }
    }

    /// Values with their origins, in the order of [`SETTINGS`].
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&'static Setting, &str, &Origin)> {
        SETTINGS.iter().map(|setting| {
            let (value, origin) = &self.values[setting.key];
            (setting, value.as_str(), origin)
        })
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        &self.values[key].0
    }

    pub(crate) fn words(&self, key: &str) -> Vec<String> {
        let words = self.text(key).split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// A path, when one is set.
    pub(crate) fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key);
        (!text.is_empty()).then(|| PathBuf::from(text))
    }

    /// A number whose shape was checked when it was set; empty is `None`.
    pub(crate) fn number<T: FromStr>(&self, key: &str) -> Option<T> {
        self.text(key).parse().ok()
    }
}

fn environment_name(key: &str) -> String {
    format!("ROADLOOP_{}", key.replace('.', "_").to_uppercase())
}

fn at(what: &str, path: &Path) -> String {
    format!("{what}\npath: {}", path.display())
}

/// A value of the file, and where it stands.
struct Found {
    key: String,
    value: String,
    at_byte: usize,
}

fn flatten(prefix: &str, table: &DeTable<'_>, found: &mut Vec<Found>) {
    for (name, value) in table {
        let name = name.get_ref();
        let key = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        let at_byte = value.span().start;
        let value = match value.get_ref() {
            DeValue::Table(inner) => {
                flatten(&key, inner, found);
                continue;
            }
            DeValue::Array(items) => {
                let words: Vec<String> = items.iter().map(|item| plain(item.get_ref())).collect();
                words.join(",")
            }
            value => plain(value),
        };
        found.push(Found { key, value, at_byte });
    }
}

/// A single value as the environment would hold it.
fn plain(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// What is wrong with a value, when it is not what the setting holds.
fn check_shape(shape: Shape, value: &str) -> Result<(), String> {
    let must_be = |expected: &str| Err(format!("is {value:?}, but must be {expected}"));
    match shape {
        Shape::Text | Shape::Words => Ok(()),
        Shape::Count(least) => match value.parse::<u64>() {
            Ok(count) if count >= least && count <= u64::from(u32::MAX) => Ok(()),
            Ok(count) if count > least => {
                must_be(&format!("a whole number of at most {}", u32::MAX))
            }
            _ => must_be(&format!("a whole number of at least {least}")),
        },
        Shape::Fraction => match value.parse::<f32>() {
            Ok(number) if (0.0..=1.0).contains(&number) => Ok(()),
            _ => must_be("a number from 0 to 1"),
        },
        Shape::Rate => match value.parse::<f64>() {
            _ if value.is_empty() => Ok(()),
            Ok(number) if number > 0.0 && number.is_finite() => Ok(()),
            _ => must_be("a number above 0"),
        },
        Shape::Filter => match Filter::parse(value) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("is not a filter: {error}")),
        },
        Shape::Choice(words) if words.contains(&value) => Ok(()),
        Shape::Choice(words) => must_be(&format!("one of {}", words.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: Overrides) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("roadloop.toml"), file).unwrap();
        let look_up = |name: &str| {
            environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        };
        Config::load(folder.path(), look_up, flags)
    }

    #[track_caller]
    fn check_error(file: &str, expected: &str) {
        let error = format!("{:#}", load(file, &[], Vec::new()).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn flags_over_environment_over_file_over_default() {
        let file = "jobs = 3\n[detect]\nconfidence = 0.5\n[extract]\ntopics = [\"/a\", \"/b\"]\n";
        let environment = [("ROADLOOP_DETECT_CONFIDENCE", "0.6"), ("ROADLOOP_JOBS", "4")];
        let config = load(file, &environment, vec![("jobs", "5".to_owned())]).unwrap();
        assert_eq!(config.number::<u32>("jobs"), Some(5));
        assert_eq!(config.number::<f32>("detect.confidence"), Some(0.6));
        assert_eq!(config.words("extract.topics"), ["/a", "/b"]);
        assert_eq!(config.text("anonymize.style"), "blur");
        let origins: Vec<_> = config.shown().map(|(s, _, origin)| (s.key, origin)).collect();
        assert!(origins.contains(&("jobs", &Origin::Flag)));
        assert!(origins.contains(&("anonymize.style", &Origin::Default)));
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        check_error("colour = 1", "no setting \"colour\"");
        check_error("[detect]\nconfidence = 2", "must be a number from 0 to 1");
        check_error("[search]\nlimit = 0", "must be a whole number of at least 1");
        check_error("[search]\nlimit = 4294967296", "must be a whole number of at most 4294967295");
        check_error("[anonymize]\nstyle = \"pixels\"", "one of blur, solid");
        check_error("jobs = -1", "a whole number of at least 0");
        check_error("jobs = ", "not TOML");
    }

    #[test]
    fn mistakes_say_where_they_are() {
        check_error("jobs = 2\n\n[extract]\nevery = 0\n", "roadloop.toml, line 4");
        check_error("jobs = 2\ncolour = \"red\"\n", "roadloop.toml, line 2");
        let bad_filter = "[anonymize]\n# people only\nonly = \"has(person) adn has(car)\"\n";
        check_error(bad_filter, "anonymize.only is not a filter: expected and, or, or the end");
        check_error(bad_filter, "roadloop.toml, line 3");
        check_error(bad_filter, "\n              ^^^\n");
    }

    #[test]
    fn an_empty_variable_is_none() {
        let config = load("jobs = 3\n", &[("ROADLOOP_JOBS", "")], Vec::new()).unwrap();
        assert_eq!(config.number::<u32>("jobs"), Some(3));
    }

    #[test]
    fn defaults_have_their_own_shape() {
        for setting in SETTINGS {
            assert_eq!(check_shape(setting.shape, setting.default), Ok(()), "{}", setting.key);
        }
    }
}
