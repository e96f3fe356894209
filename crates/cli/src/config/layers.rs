//! Layers: values from several places, the later ones over the earlier ones.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{Describe, keys_of};
use crate::failure::{Code, Failure, Outcome};

/// Largest configuration file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How like two names must be for one to be suggested, from 0 to 1.
const LIKENESS_MIN: f64 = 0.6;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The program.
    BuiltIn,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built-in"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// Values with their origins. Later layers win, key by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    values: BTreeMap<String, (Value, Origin)>,
}

impl Layers {
    /// Lays the values of `table` over what is there. `known` is the configuration's default.
    pub(crate) fn add<T: Describe + Default>(&mut self, table: &Table, origin: &Origin) -> Outcome {
        let known: Vec<String> = keys_of::<T>().into_iter().map(|key| key.path).collect();
        self.add_table(table, "", &known, origin)
    }

    /// Lays one value over what is there.
    pub(crate) fn set(&mut self, path: &str, value: impl Into<Value>, origin: Origin) {
        self.values.insert(path.to_owned(), (value.into(), origin));
    }

    /// Where the value of a key comes from.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        self.values
            .get(path)
            .map_or(Origin::BuiltIn, |(_, origin)| origin.clone())
    }

    /// The configuration that results; what no layer says is built in.
    pub(crate) fn build<T: DeserializeOwned>(&self) -> Outcome<T> {
        let mut root = Table::new();
        for (path, (value, origin)) in &self.values {
            // Alone first, so that the message can name who said it.
            let mut alone = Table::new();
            insert(&mut alone, path, value.clone());
            Value::Table(alone).try_into::<T>().map_err(|error| {
                let message = error.to_string();
                let reason = message.lines().next().unwrap_or_default();
                Failure::new(Code::ConfigValue, format!("{path} = {value}: {reason}"))
                    .with("set by", origin)
            })?;
            insert(&mut root, path, value.clone());
        }
        Value::Table(root)
            .try_into()
            .map_err(|error| Failure::new(Code::ConfigValue, error))
    }

    fn add_table(&mut self, table: &Table, at: &str, known: &[String], origin: &Origin) -> Outcome {
        for (name, value) in table {
            let path = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            let inside = format!("{path}.");
            let is_section = known.iter().any(|key| key.starts_with(&inside));
            match value {
                _ if known.contains(&path) => self.set(&path, value.clone(), origin.clone()),
                Value::Table(inner) if is_section => self.add_table(inner, &path, known, origin)?,
                _ if is_section => {
                    return Err(Failure::new(
                        Code::ConfigValue,
                        format!("{path} is a section, not a value"),
                    )
                    .with("set by", origin));
                }
                _ => return Err(unknown(&path, known, origin)),
            }
        }
        Ok(())
    }
}

/// Puts `value` at a dotted path.
fn insert(root: &mut Table, path: &str, value: Value) {
    let mut table = root;
    let (sections, name) = path.rsplit_once('.').unwrap_or(("", path));
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        let next = table
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(next) = next else {
            unreachable!("a known key is a value or a section, never both");
        };
        table = next;
    }
    table.insert(name.to_owned(), value);
}

fn unknown(path: &str, known: &[String], origin: &Origin) -> Box<Failure> {
    let failure = Failure::new(Code::ConfigUnknownKey, format!("there is no key `{path}`"))
        .with("set by", origin);
    match suggestion(path, known) {
        Some(like) => failure.help(format!("did you mean `{like}`?")),
        None => failure.help("tangle config schema lists all keys"),
    }
}

/// The known key, or section, most like `path`.
fn suggestion(path: &str, known: &[String]) -> Option<String> {
    let depth = path.matches('.').count() + 1;
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let mut best: Option<(f64, String)> = None;
    for key in known {
        let front: Vec<&str> = key.split('.').take(depth).collect();
        let front = front.join(".");
        let whole = strsim::normalized_damerau_levenshtein(path, &front);
        // The right name in the wrong section is worth a hint, too.
        let named = 0.95 * strsim::normalized_damerau_levenshtein(&last(path), &last(key));
        for (likeness, text) in [(whole, front), (named, key.clone())] {
            if likeness >= LIKENESS_MIN && best.as_ref().is_none_or(|(most, _)| likeness > *most) {
                best = Some((likeness, text));
            }
        }
    }
    best.map(|(_, text)| text)
}

/// Reads a TOML file.
pub(crate) fn read_file(path: &Path) -> Outcome<Table> {
    let refuse =
        |reason: String| Failure::new(Code::ConfigUnreadable, reason).with("file", path.display());
    let size = std::fs::metadata(path)
        .map_err(|error| refuse(format!("the configuration cannot be read: {error}")))?
        .len();
    if size > FILE_BYTES_MAX {
        return Err(refuse(format!(
            "the configuration has {size} bytes, {FILE_BYTES_MAX} are allowed"
        )));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| refuse(format!("the configuration cannot be read: {error}")))?;
    text.parse()
        .map_err(|error| refuse(format!("the configuration is not TOML: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::section;

    section! {
        /// For the tests.
        pub(crate) struct Inner {
            /// A port.
            port: u16 = 80,
            /// A name.
            name: String = "a".to_owned(),
        }
    }

    section! {
        /// For the tests.
        pub(crate) struct Outer {
            /// A flag.
            enabled: bool = true,
            /// A section.
            rest: Inner = Inner::default(),
        }
    }

    fn layers(texts: &[&str]) -> Outcome<Outer> {
        let mut layers = Layers::default();
        for text in texts {
            let table: Table = text.parse().expect("the test writes TOML");
            layers.add::<Outer>(&table, &Origin::File("test.toml".into()))?;
        }
        layers.build()
    }

    fn failure(texts: &[&str]) -> String {
        format!("{:?}", layers(texts).expect_err("it is wrong"))
    }

    #[test]
    fn later_layer_wins_key_by_key() {
        let outer = layers(&["[rest]\nport = 1\nname = \"b\"", "[rest]\nport = 2"]).expect("fine");
        assert!(outer.enabled);
        assert_eq!((outer.rest.port, outer.rest.name.as_str()), (2, "b"));
    }

    #[test]
    fn unknown_key_is_refused_with_a_suggestion() {
        assert!(failure(&["[rest]\nprot = 1"]).contains("did you mean `rest.port`?"));
        assert!(failure(&["port = 1"]).contains("did you mean `rest.port`?"));
        assert!(
            failure(&["[rset]\nport = 1"]).contains("did you mean `rest.port`?")
                || failure(&["[rset]\nport = 1"]).contains("did you mean `rest`?")
        );
        assert!(failure(&["zzz = 1"]).contains("tangle config schema"));
    }

    #[test]
    fn wrong_type_names_key_and_origin() {
        let text = failure(&["[rest]\nport = \"x\""]);
        assert!(
            text.contains("rest.port") && text.contains("test.toml"),
            "{text}"
        );
        assert!(failure(&["rest = 1"]).contains("is a section"));
    }
}
