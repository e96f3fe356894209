//! The effective configuration as a list: each value, and who said so.

use serde::Serialize;
use tangle_api::Setting;
use toml::Value;

use super::{Describe, keys_of};
use crate::failure::{Code, Failure, Outcome};

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Where it stands, such as `rest.bind`.
    pub(crate) path: String,
    /// What it is; `None` if there is none. Of a secret, the file that it is in.
    pub(crate) value: Option<Value>,
    /// Who says so.
    pub(crate) origin: String,
}

/// All values of a configuration, in the order of its keys.
pub(crate) fn rows<T: Describe + Default + Serialize>(
    config: &T,
    origin: impl Fn(&str) -> String,
) -> Outcome<Vec<Row>> {
    let root = Value::try_from(config).map_err(|error| Failure::new(Code::Unexpected, error))?;
    let rows = keys_of::<T>().into_iter().map(|key| Row {
        value: key
            .path
            .split('.')
            .try_fold(&root, |table, name| table.get(name))
            .cloned(),
        origin: origin(&key.path),
        path: key.path,
    });
    Ok(rows.collect())
}

/// Rows as the node's pages show them.
pub(crate) fn settings(rows: Vec<Row>) -> Vec<Setting> {
    let settings = rows.into_iter().map(|row| Setting {
        key: row.path,
        value: row.value.map(|value| value.to_string()),
        origin: row.origin,
    });
    settings.collect()
}
