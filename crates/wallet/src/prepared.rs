//! A transaction before and while it is signed: its essence, with all that a signer has to know.
//!
//! It can go to another machine as a file. Whoever signs needs no ledger: the consumed outputs come
//! with it, and the essence commits to them.

use serde::{Deserialize, Serialize};
use tangle_crypto::ed25519::{self, Signed};
use tangle_ledger::check_unsigned;
use tangle_types::{
    Address, Block, BlockId, Codec, ConflictReason, DecodeError, Essence, LedgerOutput,
    MilestoneIndex, Output, OutputId, PROTOCOL_VERSION, Parents, Payload, ProtocolParameters,
    SyntaxError, Transaction, UnixSeconds, Unlock, inputs_commitment, validate,
};

use crate::keys::{KeyAndSignature, KeyPlace, Signer, SignerError, SigningRequest};

/// Version of the file.
const VERSION: u8 = 2;

/// A transaction without signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What is signed.
    pub essence: Essence,
    /// The outputs that it consumes, in order.
    pub inputs: Vec<PreparedInput>,
    /// Number of the account.
    pub account: u32,
}

/// An output that is consumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedInput {
    /// The output.
    pub output: LedgerOutput,
    /// What opens it.
    pub opener: Opener,
}

/// What opens an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// A signature by this key.
    Key {
        /// Where the key is.
        place: KeyPlace,
        /// Its address.
        address: Address,
    },
    /// An alias or NFT that an earlier input holds.
    Chain(Address),
}

/// Which rule of the network a transaction breaks.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It cannot be written as bytes of a transaction, or is too large for a block.
    #[error("the transaction is not well-formed: {0}")]
    Form(#[from] DecodeError),
    /// It breaks a rule that needs no ledger.
    #[error("the network would refuse the transaction: {0}")]
    Syntax(#[from] SyntaxError),
    /// The ledger would not take it.
    #[error("the ledger would not take the transaction: {0}")]
    Conflict(ConflictReason),
}

/// Why a transaction was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The signer does not do it.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The signer used another key.
    #[error("the keys of the signer are not those of this wallet")]
    OtherKey,
    /// What the signer gave is no signature of the transaction.
    #[error("the signer's signature is wrong")]
    BadSignature,
    /// The result is not a transaction.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// Why a file holds no prepared transaction.
#[derive(Debug, thiserror::Error)]
pub enum PreparedError {
    /// It is not the JSON of one.
    #[error("it is no prepared transaction: {0}")]
    Json(#[from] serde_json::Error),
    /// A value in it cannot be read.
    #[error("its {0} cannot be read")]
    Value(&'static str),
    /// The essence was made for other outputs than those that came with it.
    #[error("its outputs are not those that it consumes")]
    OtherInputs,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    version: u8,
    essence: String,
    account: u32,
    inputs: Vec<FileInput>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FileInput {
    output_id: OutputId,
    output: String,
    /// Account, 0 or 1 for internal, number; absent when an alias or NFT opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<[u32; 3]>,
    /// The address of the key, alias or NFT.
    opener: String,
}

impl PreparedInput {
    /// The address of the alias or NFT that the input is; of another kind of output one that owns
    /// nothing.
    pub(crate) fn chain(&self) -> Address {
        let id = &self.output.id;
        match &self.output.output {
            Output::Alias(alias) => Address::Alias(alias.alias_id.or_from_output(id)),
            Output::Nft(nft) => Address::Nft(nft.nft_id.or_from_output(id)),
            Output::Basic(_) | Output::Foundry(_) => Address::Ed25519([0; 32]),
        }
    }
}

impl Prepared {
    /// Judges it by the rules of the network, as if all keys had signed, in a milestone of time
    /// `now`.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn check(
        &self,
        parameters: &ProtocolParameters,
        now: UnixSeconds,
    ) -> Result<(), RuleError> {
        // The syntactic rules ask for signatures that differ, and look no closer.
        let mut marker = 0_u8;
        let unlocks = self.unlocks(|_| {
            marker = marker.wrapping_add(1);
            ([marker; 32], [marker; 64])
        });
        let transaction = Transaction {
            essence: self.essence.clone(),
            unlocks,
        };
        check_form(&transaction)?;
        let block = Block {
            protocol_version: parameters.version,
            parents: Parents::new(vec![BlockId::ZERO]).expect("one parent is allowed"),
            payload: Some(Payload::Transaction(Box::new(transaction.clone()))),
            nonce: 0,
        };
        validate(&block, parameters)?;
        let inputs: Vec<&LedgerOutput> = self.inputs.iter().map(|input| &input.output).collect();
        check_unsigned(&transaction, &inputs, now).map_err(RuleError::Conflict)
    }

    /// The keys that have to sign, each once, with their addresses.
    #[must_use]
    pub fn keys(&self) -> Vec<(KeyPlace, Address)> {
        let mut keys: Vec<(KeyPlace, Address)> = Vec::new();
        for input in &self.inputs {
            if let Opener::Key { place, address } = input.opener
                && !keys.contains(&(place, address))
            {
                keys.push((place, address));
            }
        }
        keys
    }

    /// What a signer is asked.
    #[must_use]
    pub fn request(&self) -> SigningRequest<'_> {
        let keys = self.keys();
        let place = |output: &Output| {
            let conditions = output.unlock_conditions();
            let owner = conditions
                .address()
                .filter(|_| conditions.iter().len() == 1)?;
            let key = keys.iter().find(|(_, address)| address == owner)?;
            Some(key.0)
        };
        let outputs = (0_u16..).zip(&self.essence.outputs);
        let opener = |input: &PreparedInput| match input.opener {
            Opener::Key { place, .. } => Some(place),
            Opener::Chain(_) => None,
        };
        SigningRequest {
            essence: &self.essence,
            inputs: self.inputs.iter().map(opener).collect(),
            change: outputs
                .filter_map(|(number, output)| Some((number, place(output)?)))
                .collect(),
        }
    }

    /// The signed transaction. Whatever the signer is, each signature is verified, and each key
    /// against the address that it opens.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn sign(&self, signer: &dyn Signer) -> Result<Transaction, SignError> {
        let keys = self.keys();
        let signed = signer.sign(&self.request())?;
        if signed.len() != keys.len() {
            return Err(SignError::OtherKey);
        }
        let message = self.essence.hash();
        let mut signatures: Vec<(Address, KeyAndSignature)> = Vec::with_capacity(keys.len());
        for ((public_key, signature), (_, wanted)) in signed.iter().zip(&keys) {
            if Address::from_public_key(public_key) != *wanted {
                return Err(SignError::OtherKey);
            }
            let is_valid = ed25519::verify(&Signed {
                public_key,
                signature,
                message: &message,
            });
            if !is_valid {
                return Err(SignError::BadSignature);
            }
            signatures.push((*wanted, (*public_key, *signature)));
        }
        let unlocks = self.unlocks(|owner| {
            let mut all = signatures.iter();
            let found = all.find(|(address, _)| address == owner);
            found
                .expect("every key of an input is among those that signed")
                .1
        });
        let transaction = Transaction {
            essence: self.essence.clone(),
            unlocks,
        };
        check_form(&transaction).map_err(RuleError::Form)?;
        Ok(transaction)
    }

    /// An unlock for each input: a key signs once, later inputs refer to where it did.
    fn unlocks(&self, mut sign: impl FnMut(&Address) -> KeyAndSignature) -> Vec<Unlock> {
        let mut opened: Vec<(Address, u16)> = Vec::new();
        let mut unlocks = Vec::with_capacity(self.inputs.len());
        for (index, input) in (0_u16..).zip(&self.inputs) {
            let owner = match input.opener {
                Opener::Key { address, .. } | Opener::Chain(address) => address,
            };
            let known = opened.iter().find(|(address, _)| *address == owner);
            let at = known.map(|(_, at)| *at);
            unlocks.push(match (&input.opener, at) {
                (Opener::Key { .. }, Some(at)) => Unlock::Reference(at),
                (Opener::Key { .. }, None) => {
                    opened.push((owner, index));
                    let (public_key, signature) = sign(&owner);
                    Unlock::Signature {
                        public_key,
                        signature: Box::new(signature),
                    }
                }
                // Without the input that opens it, no index is right; the check finds that.
                (Opener::Chain(Address::Nft(_)), at) => Unlock::Nft(at.unwrap_or(u16::MAX)),
                (Opener::Chain(_), at) => Unlock::Alias(at.unwrap_or(u16::MAX)),
            });
            if matches!(input.output.output, Output::Alias(_) | Output::Nft(_)) {
                opened.push((input.chain(), index));
            }
        }
        unlocks
    }

    /// The text of a file that another machine can sign.
    #[must_use]
    pub fn to_json(&self) -> String {
        let input = |input: &PreparedInput| {
            let (key, opener) = match input.opener {
                Opener::Key { place, address } => (Some(place.into()), address),
                Opener::Chain(address) => (None, address),
            };
            FileInput {
                output_id: input.output.id,
                output: hex::encode(input.output.output.to_bytes()),
                key,
                opener: hex::encode(opener.to_array()),
            }
        };
        let file = File {
            version: VERSION,
            essence: hex::encode(self.essence.to_bytes()),
            account: self.account,
            inputs: self.inputs.iter().map(input).collect(),
        };
        serde_json::to_string_pretty(&file).expect("texts and numbers become JSON")
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// See [`PreparedError`].
    pub fn from_json(text: &str) -> Result<Self, PreparedError> {
        let file: File = serde_json::from_str(text)?;
        if file.version != VERSION {
            return Err(PreparedError::Value("version"));
        }
        let essence = hex::decode(&file.essence).ok();
        let essence = essence.and_then(|bytes| Essence::from_bytes(&bytes).ok());
        let essence = essence.ok_or(PreparedError::Value("essence"))?;
        let inputs: Result<Vec<_>, _> = file.inputs.iter().map(FileInput::read).collect();
        let inputs = inputs?;
        let is_for_them = essence.inputs.len() == inputs.len()
            && essence
                .inputs
                .iter()
                .zip(&inputs)
                .all(|(id, input)| *id == input.output.id)
            && essence.inputs_commitment
                == inputs_commitment(inputs.iter().map(|input| &input.output.output));
        if !is_for_them {
            return Err(PreparedError::OtherInputs);
        }
        Ok(Self {
            essence,
            inputs,
            account: file.account,
        })
    }
}

impl FileInput {
    fn read(&self) -> Result<PreparedInput, PreparedError> {
        let output = hex::decode(&self.output).ok();
        let output = output.and_then(|bytes| Output::from_bytes(&bytes).ok());
        let opener = hex::decode(&self.opener).ok();
        let opener = opener.and_then(|address| Address::from_bytes(&address).ok());
        let opener = match (self.key, opener) {
            (Some(key), Some(address @ Address::Ed25519(_))) => {
                let place = KeyPlace::try_from(key).ok();
                place.map(|place| Opener::Key { place, address })
            }
            (None, Some(address @ (Address::Alias(_) | Address::Nft(_)))) => {
                Some(Opener::Chain(address))
            }
            _ => None,
        };
        Ok(PreparedInput {
            output: LedgerOutput {
                id: self.output_id,
                block_id: BlockId::ZERO,
                milestone_index: MilestoneIndex(0),
                milestone_timestamp: UnixSeconds(0),
                output: output.ok_or(PreparedError::Value("output"))?,
            },
            opener: opener.ok_or(PreparedError::Value("opener"))?,
        })
    }
}

/// Whether the bytes of a transaction say the same as its value, and fit into a block.
fn check_form(transaction: &Transaction) -> Result<(), DecodeError> {
    Transaction::from_bytes(&transaction.to_bytes())?;
    let largest = Block {
        protocol_version: PROTOCOL_VERSION,
        parents: Parents::new((0..8).map(|byte| BlockId([byte; 32])).collect())
            .expect("eight parents are allowed"),
        payload: Some(Payload::Transaction(Box::new(transaction.clone()))),
        nonce: 0,
    };
    Block::from_bytes(&largest.to_bytes()).map(|_| ())
}
