//! Keys from mnemonics, files and the system's random source.

use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::{mnemonic, slip10};

use crate::config::SecretFile;
use crate::failure::{Code, Failure, Outcome};
