//! The crate against published vectors, independent references and its own slower paths.

mod blake2b;
mod ed25519;
mod merkle;
mod pow;
mod wallet;

use serde_json::Value;

/// A file of vectors.
fn vectors(name: &str) -> Value {
    let path = format!("{}/../testkit/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

/// The elements of an array.
fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

/// The bytes of a hexadecimal text, with or without `0x`.
fn bytes(value: &Value) -> Vec<u8> {
    let text = text(value);
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).expect("hexadecimal digits")
}

/// As [`bytes`], of a known length.
fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("the length asked for")
}
