//! The crate against published vectors, independent references and its own slower paths.

mod pow;

use serde_json::Value;

/// A file of vectors.
fn vectors(name: &str) -> Value {
    let path = format!("{}/../testkit/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The elements of an array.
fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// The bytes of a hexadecimal text, with or without `0x`.
fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).unwrap()
}

/// As [`bytes`], of a known length.
fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}
