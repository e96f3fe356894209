//! Ed25519 keys derived from a seed (SLIP-10), at the paths of BIP-44.
//!
//! For Ed25519 every step of a path is hardened: a key tells nothing about its neighbours.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::ed25519::SecretKey;

/// What marks a hardened step, and so the first number that is none.
const HARDENED: u32 = 1 << 31;
/// The first step of BIP-44.
const PURPOSE: u32 = 44;
/// Steps of a path: twice what BIP-44 has.
const STEPS_MAX: usize = 10;

/// The steps from a seed to a key, as in `m/44'/4218'/0'/0'/0'`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(Vec<u32>);

impl Path {
    /// The path of an address: coin (SLIP-44: 4218 for IOTA, 4219 for Shimmer), account, whether
    /// the address is for the wallet's own change, and number.
    ///
    /// # Errors
    /// A number of 2^31 or more.
    pub fn bip44(coin: u32, account: u32, change: bool, index: u32) -> Result<Self, PathError> {
        Self::new(&[PURPOSE, coin, account, u32::from(change), index])
    }

    /// A path of any steps, given without their marks of hardening.
    ///
    /// # Errors
    /// More than 10 steps, or a number of 2^31 or more.
    pub fn new(steps: &[u32]) -> Result<Self, PathError> {
        if steps.len() > STEPS_MAX {
            return Err(PathError::Length { found: steps.len() });
        }
        if steps.iter().any(|step| *step >= HARDENED) {
            return Err(PathError::Step);
        }
        Ok(Self(steps.to_vec()))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("m")?;
        self.0.iter().try_for_each(|step| write!(f, "/{step}'"))
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut parts = text.split('/');
        if parts.next() != Some("m") {
            return Err(PathError::Begin);
        }
        let found = parts.clone().count();
        if found > STEPS_MAX {
            return Err(PathError::Length { found });
        }
        let step = |part: &str| {
            let number = part.strip_suffix('\'').ok_or(PathError::Step)?;
            if !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(PathError::Step);
            }
            number.parse().map_err(|_| PathError::Step)
        };
        Self::new(&parts.map(step).collect::<Result<Vec<_>, _>>()?)
    }
}

/// Why a text or numbers are not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It begins with something else than the seed.
    #[error("a key path begins with \"m\", as in m/44'/4218'/0'/0'/0'")]
    Begin,
    /// Too many steps.
    #[error("a key path has at most {STEPS_MAX} steps, this one has {found}")]
    Length {
        /// Steps found.
        found: usize,
    },
    /// Not a number below 2^31 with a mark.
    #[error("every step of a key path is a number below 2147483648 with a ' behind it")]
    Step,
}

/// The key at `path` below `seed`, which is 16 to 64 bytes of chance, such as
/// [`Mnemonic::seed`](crate::mnemonic::Mnemonic::seed).
#[must_use]
pub fn derive(seed: &[u8], path: &Path) -> SecretKey {
    Node::root(seed).at(path).key()
}

/// A place in the tree of keys, from which those below it are derived without the steps above it.
/// Wiped from memory when dropped; never printed.
pub struct Branch(Node);

impl Branch {
    /// The place at `path` below `seed`.
    #[must_use]
    pub fn new(seed: &[u8], path: &Path) -> Self {
        Self(Node::root(seed).at(path))
    }

    /// The place at `path` below this one.
    #[must_use]
    pub fn branch(&self, path: &Path) -> Self {
        Self(self.0.at(path))
    }

    /// The key at `path` below this place.
    #[must_use]
    pub fn key(&self, path: &Path) -> SecretKey {
        self.0.at(path).key()
    }
}

impl fmt::Debug for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Branch(..)")
    }
}

/// A key and the chain code for what is below it, 32 bytes each.
#[derive(Clone)]
struct Node(Zeroizing<[u8; 64]>);

impl Node {
    fn root(seed: &[u8]) -> Self {
        Self::derive(b"ed25519 seed", &[seed])
    }

    fn at(&self, path: &Path) -> Self {
        let below = |node: Self, step: &u32| {
            let index = (step | HARDENED).to_be_bytes();
            Self::derive(&node.0[32..], &[&[0], &node.0[..32], &index])
        };
        path.0.iter().fold(self.clone(), below)
    }

    fn key(&self) -> SecretKey {
        let (key, _) = self.0.split_first_chunk().expect("a node has 64 bytes");
        SecretKey::from_seed(*key)
    }

    fn derive(key: &[u8], parts: &[&[u8]]) -> Self {
        let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("a MAC takes keys of any length");
        parts.iter().for_each(|part| mac.update(part));
        Self(Zeroizing::new(mac.finalize().into_bytes().into()))
    }
}
