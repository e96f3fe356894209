//! Sections that document themselves.

use std::path::PathBuf;

use serde::Serialize;

use super::SecretFile;

/// One configuration key.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Key {
    /// Where it stands, such as `rest.bind`.
    pub(crate) path: String,
    /// What it takes.
    pub(crate) kind: &'static str,
    /// What it is when nobody says, in TOML; empty for none.
    pub(crate) default: String,
    /// What it does.
    pub(crate) about: &'static str,
}

/// A value that can say which keys it has.
pub(crate) trait Describe {
    /// Appends the keys at `path`; `self` has the defaults.
    fn describe(&self, path: &str, about: &'static str, keys: &mut Vec<Key>);
}

/// All keys of a configuration.
pub(crate) fn keys_of<T: Describe + Default>() -> Vec<Key> {
    let mut keys = Vec::new();
    T::default().describe("", "", &mut keys);
    keys
}

/// Appends a key that is a single value.
pub(crate) fn push<T: Serialize>(
    value: &T,
    kind: &'static str,
    path: &str,
    about: &'static str,
    keys: &mut Vec<Key>,
) {
    // What has no form in TOML is the absence of a value.
    let default =
        toml::Value::try_from(value).map_or_else(|_| String::new(), |value| value.to_string());
    keys.push(Key {
        path: path.to_owned(),
        kind,
        default,
        about: about.trim(),
    });
}

/// Says what single values of these types are called.
macro_rules! leaf {
    ($($kind:ty => $name:literal),* $(,)?) => {$(
        impl $crate::config::Describe for $kind {
            fn describe(
                &self,
                path: &str,
                about: &'static str,
                keys: &mut Vec<$crate::config::Key>,
            ) {
                $crate::config::push(self, $name, path, about, keys);
            }
        }
    )*};
}

leaf! {
    bool => "true or false",
    u8 => "number",
    u16 => "number",
    u32 => "number",
    u64 => "number",
    usize => "number",
    f64 => "number",
    Option<u16> => "number",
    Option<u32> => "number",
    Option<u64> => "number",
    Option<String> => "text",
    String => "text",
    PathBuf => "path",
    Option<PathBuf> => "path",
    Vec<PathBuf> => "list of paths",
    std::net::IpAddr => "IP address",
    std::net::SocketAddr => "IP address and port",
    Option<std::net::SocketAddr> => "IP address and port",
    Option<SecretFile> => "{ file = \"path\" }",
    Vec<SecretFile> => "list of { file = \"path\" }",
    Vec<String> => "list of text",
}

/// Declares a section: a struct whose fields have a documentation and a default.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        pub(crate) struct $name:ident {
            $($(#[doc = $doc:literal])+ $field:ident: $kind:ty = $default:expr,)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name {
            $($(#[doc = $doc])+ pub(crate) $field: $kind,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::config::Describe for $name {
            fn describe(
                &self,
                path: &str,
                _about: &'static str,
                keys: &mut Vec<$crate::config::Key>,
            ) {
                $({
                    let name = stringify!($field);
                    let path = if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}.{name}")
                    };
                    self.$field.describe(&path, concat!($($doc),+), keys);
                })+
            }
        }
    };
}

pub(crate) use {leaf, section};
