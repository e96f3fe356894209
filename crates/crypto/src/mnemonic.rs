//! The words from which a wallet's keys are made (BIP-39), English, without a passphrase.

use bip39::Language;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// 12, 15, 18, 21 or 24 words with a checksum among them. Wiped from memory when dropped; never
/// printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Mnemonic(bip39::Mnemonic);

impl ZeroizeOnDrop for Mnemonic {}

impl Mnemonic {
    /// The words for 16, 20, 24, 28 or 32 bytes of chance.
    ///
    /// # Errors
    /// Another number of bytes.
    pub fn from_entropy(entropy: &[u8]) -> Result<Self, MnemonicError> {
        bip39::Mnemonic::from_entropy_in(Language::English, entropy)
            .map(Self)
            .map_err(|_| MnemonicError::Entropy {
                found: entropy.len(),
            })
    }

    /// Reads words in lower case with white space between them.
    ///
    /// # Errors
    /// A wrong number of words, a word that is not on the list, or a wrong checksum.
    pub fn parse(text: &str) -> Result<Self, MnemonicError> {
        bip39::Mnemonic::parse_in_normalized(Language::English, text)
            .map(Self)
            .map_err(|error| match error {
                bip39::Error::UnknownWord(index) => MnemonicError::Word { number: index + 1 },
                bip39::Error::InvalidChecksum => MnemonicError::Checksum,
                _ => MnemonicError::WordCount {
                    found: text.split_whitespace().count(),
                },
            })
    }

    /// The words, a space between each two.
    #[must_use]
    pub fn phrase(&self) -> Zeroizing<String> {
        // No word has more than 8 letters. The text never grows, which would leave copies behind.
        let mut phrase = Zeroizing::new(String::with_capacity(24 * 9));
        for word in self.0.words() {
            if !phrase.is_empty() {
                phrase.push(' ');
            }
            phrase.push_str(word);
        }
        phrase
    }

    /// The seed of all keys: 2,048 rounds of HMAC-SHA512, which takes a moment.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed_normalized(""))
    }
}

impl std::fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mnemonic(..)")
    }
}

/// Why words or bytes make no mnemonic. It does not repeat them: they may be almost right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MnemonicError {
    /// Not 12, 15, 18, 21 or 24 words.
    #[error("a mnemonic has 12, 15, 18, 21 or 24 words, this one has {found}")]
    WordCount {
        /// Words in the text.
        found: usize,
    },
    /// A word that is not on the English list.
    #[error("word {number} of the mnemonic is not on the English list")]
    Word {
        /// Its number, from 1.
        number: usize,
    },
    /// All words are known, but they do not belong together.
    #[error("the checksum of the mnemonic is wrong: a word is wrong or out of order")]
    Checksum,
    /// Not 16, 20, 24, 28 or 32 bytes.
    #[error("a mnemonic is made of 16, 20, 24, 28 or 32 bytes, not of {found}")]
    Entropy {
        /// Bytes given.
        found: usize,
    },
}
