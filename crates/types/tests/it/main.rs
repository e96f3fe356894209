//! Tests of the protocol's values from outside the crate.

mod address;
mod hostile;
mod json;
mod malformed;
mod participation;
mod vectors;

use std::path::Path;

use serde_json::Value;

/// A file of published values.
fn vector(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/vectors");
    let text = std::fs::read_to_string(folder.join(name)).expect("the vector file is there");
    serde_json::from_str(&text).expect("the vector file is JSON")
}

/// The bytes of a `0x` text.
fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a text");
    hex::decode(text.strip_prefix("0x").expect("0x")).expect("hexadecimal digits")
}

/// The text of a value.
fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The elements of a list.
fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}
