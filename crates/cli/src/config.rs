//! Configuration: documented sections, layers of values that remember where they came from, and
//! secrets that live in files.
//!
//! A section is declared once, with [`section!`]; its struct, its defaults, its reference page and
//! the list of keys against which unknown ones are found all follow from that.

mod layers;
mod rows;
mod secret;
mod section;

pub(crate) use layers::{Layers, Origin, read_file};
pub(crate) use rows::{Row, rows, settings};
pub(crate) use secret::{SecretFile, write_secret};
pub(crate) use section::{Describe, Key, keys_of, leaf, push, section};
