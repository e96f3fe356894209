//! Tokens (JWT) for protected paths, and the key that signs them.
//!
//! The key is the interface's own and not the node's identity. All tokens carry the operator's salt
//! as their subject: whoever changes the salt revokes them all. A token names one algorithm, that
//! of the key; the header of a token is never believed in that.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use tangle_crypto::ed25519::SecretKey;
use zeroize::Zeroizing;

/// Most characters of a token.
pub(crate) const LENGTH_MAX: usize = 2_048;
/// Least bytes of a shared secret: as many as its hash has.
const SECRET_BYTES_MIN: usize = 32;
/// PKCS#8 (RFC 8410) of an Ed25519 key, up to its 32 bytes.
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What signs tokens. Its text form is `ed25519:<hex>` or `hs256:<hex>`.
#[derive(Clone)]
pub enum TokenKey {
    /// Ed25519 (`EdDSA`): the seed of a key.
    Ed25519(Zeroizing<[u8; 32]>),
    /// HMAC with SHA-256 (`HS256`): a shared secret of at least 32 bytes.
    Hs256(Zeroizing<Vec<u8>>),
}

/// Why a file holds no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no key.
    #[error(
        "{path} holds no signing key: it should be ed25519: or hs256: and at least 64 hexadecimal \
         digits; make one with `tangle tool jwt --new-key`"
    )]
    Text {
        /// The file.
        path: PathBuf,
    },
}

/// How long a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLifetime {
    /// Until the salt or the key changes.
    UntilRevoked,
    /// For this long.
    For(Duration),
}

/// Subject of all tokens; a new one revokes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salt(String);

/// Issues tokens and verifies them.
#[derive(Clone)]
pub struct Tokens {
    key: TokenKey,
    salt: Salt,
    issuer: String,
    verifying: DecodingKey,
    rules: Validation,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: String,
    jti: String,
    iat: u64,
    nbf: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
}

impl Salt {
    /// The salt of this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl TokenKey {
    /// A new random Ed25519 key.
    #[must_use]
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(seed.as_mut_slice());
        Self::Ed25519(seed)
    }

    /// Reads the text form.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (kind, digits) = text.trim().split_once(':')?;
        let bytes = Zeroizing::new(hex::decode(digits.trim()).ok()?);
        match kind {
            "ed25519" => {
                let seed: [u8; 32] = bytes.as_slice().try_into().ok()?;
                Some(Self::Ed25519(Zeroizing::new(seed)))
            }
            "hs256" if bytes.len() >= SECRET_BYTES_MIN => Some(Self::Hs256(bytes)),
            _ => None,
        }
    }

    /// Writes the text form: this is a secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Ed25519(seed) => format!("ed25519:{}", hex::encode(seed.as_slice())),
            Self::Hs256(secret) => format!("hs256:{}", hex::encode(secret.as_slice())),
        })
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeyError::Read {
            path: path.to_owned(),
            source,
        })?;
        let text = Zeroizing::new(text);
        Self::from_text(&text).ok_or_else(|| KeyError::Text {
            path: path.to_owned(),
        })
    }

    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDSA,
            Self::Hs256(_) => Algorithm::HS256,
        }
    }

    fn signing(&self) -> EncodingKey {
        match self {
            Self::Ed25519(seed) => {
                let mut document = Zeroizing::new(PKCS8_HEAD.to_vec());
                document.extend_from_slice(seed.as_slice());
                EncodingKey::from_ed_der(&document)
            }
            Self::Hs256(secret) => EncodingKey::from_secret(secret),
        }
    }

    fn verifying(&self) -> DecodingKey {
        match self {
            Self::Ed25519(seed) => {
                DecodingKey::from_ed_der(&SecretKey::from_seed(**seed).public_key())
            }
            Self::Hs256(secret) => DecodingKey::from_secret(secret),
        }
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({:?})", self.algorithm())
    }
}

impl Tokens {
    /// Tokens of the node called `issuer`, signed by `key`.
    #[must_use]
    pub fn new(key: TokenKey, salt: Salt, issuer: &str) -> Self {
        let mut rules = Validation::new(key.algorithm());
        rules.set_required_spec_claims(&["sub", "iss", "aud", "nbf"]);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[issuer]);
        rules.sub = Some(salt.0.clone());
        rules.validate_nbf = true;
        rules.leeway = 5;
        Self {
            verifying: key.verifying(),
            key,
            salt,
            issuer: issuer.to_owned(),
            rules,
        }
    }

    /// A new token that is good from `now`, in seconds since 1970.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn issue(
        &self,
        now: u64,
        lifetime: TokenLifetime,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            sub: self.salt.0.clone(),
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            jti: now.to_string(),
            iat: now,
            nbf: now,
            exp: match lifetime {
                TokenLifetime::UntilRevoked => None,
                TokenLifetime::For(time) => Some(now.saturating_add(time.as_secs())),
            },
        };
        let header = Header::new(self.key.algorithm());
        jsonwebtoken::encode(&header, &claims, &self.key.signing())
    }

    /// Whether a token opens this node's doors, and up to when: in seconds since 1970, the largest
    /// number if it has no end.
    pub(crate) fn verify(&self, token: &str) -> Result<u64, jsonwebtoken::errors::Error> {
        let token = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.rules)?;
        Ok(token.claims.exp.unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({:?}, {:?})", self.key, self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TokenLifetime = TokenLifetime::UntilRevoked;

    fn keys() -> [TokenKey; 2] {
        let secret = format!("hs256:{}", "a7".repeat(32));
        [
            TokenKey::generate(),
            TokenKey::from_text(&secret).expect("a good key"),
        ]
    }

    fn now() -> u64 {
        jsonwebtoken::get_current_timestamp()
    }

    #[test]
    fn token_opens_the_door_of_its_key_salt_and_issuer_only() {
        for key in keys() {
            let tokens = Tokens::new(key.clone(), Salt::new("one"), "node");
            let token = tokens.issue(now(), NOW).expect("it signs");
            assert_eq!(tokens.verify(&token), Ok(u64::MAX));
            for other in [
                Tokens::new(key.clone(), Salt::new("two"), "node"),
                Tokens::new(key.clone(), Salt::new("one"), "other"),
                Tokens::new(TokenKey::generate(), Salt::new("one"), "node"),
            ] {
                assert!(other.verify(&token).is_err());
            }
        }
    }

    #[test]
    fn token_is_good_for_its_time_only() {
        for key in keys() {
            let tokens = Tokens::new(key, Salt::new("one"), "node");
            let hour = TokenLifetime::For(Duration::from_secs(3_600));
            let verdict = |issued: u64| tokens.verify(&tokens.issue(issued, hour).expect("signs"));
            let issued = now() - 3_000;
            assert_eq!(verdict(issued), Ok(issued + 3_600));
            assert!(verdict(now() - 4_000).is_err(), "it expired");
            assert!(verdict(now() + 600).is_err(), "it is not yet good");
        }
    }

    #[test]
    fn token_cannot_choose_its_algorithm() {
        let [ed25519, _] = keys();
        let tokens = Tokens::new(ed25519.clone(), Salt::new("one"), "node");
        let TokenKey::Ed25519(seed) = &ed25519 else {
            panic!("an Ed25519 key")
        };
        // Signed with the public key as if it were a shared secret.
        let public = SecretKey::from_seed(**seed).public_key();
        let forger = TokenKey::Hs256(Zeroizing::new(public.to_vec()));
        let forged = Tokens::new(forger, Salt::new("one"), "node");
        assert!(
            tokens
                .verify(&forged.issue(now(), NOW).expect("it signs"))
                .is_err()
        );
        // alg "none"
        let good = tokens.issue(now(), NOW).expect("it signs");
        let claims = good.split('.').nth(1).expect("three parts");
        assert!(
            tokens
                .verify(&format!("eyJhbGciOiJub25lIn0.{claims}."))
                .is_err()
        );
    }

    #[test]
    fn key_is_written_and_read_back() {
        for key in keys() {
            let text = key.to_text();
            let read = TokenKey::from_text(&text).expect("it can be read");
            assert_eq!(read.to_text(), text);
            assert!(!format!("{key:?}").contains(&text[8..20]));
        }
        for bad in [
            "",
            "hs256:",
            "hs256:00",
            "ed25519:zz",
            "rsa:00",
            &"0".repeat(64),
        ] {
            assert!(TokenKey::from_text(bad).is_none(), "{bad}");
        }
    }
}
