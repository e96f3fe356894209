//! Blocks that every node must refuse, each with its reason.
//!
//! The list is made by code: a sound block is taken apart into the fields of its binary form, one
//! thing is changed, and the parts are written again. The cases follow the rules of TIP-18, 20, 22,
//! 23, 24, 29 and 34, and the tests of iota.go for transactions, outputs and unlocks.

mod block;
mod essence;
mod milestone;
mod output;
mod raw;
mod rules;
mod truncated;

use tangle_types::{DecodeError, OutputError, ProtocolParameters, SyntaxError};

use raw::{Kind, RawBlock, RawMilestone, RawOutput, RawTaggedData, RawTransaction};

/// A block that must be refused.
#[derive(Clone, Debug)]
pub struct MalformedBlock {
    /// What is wrong with it; unique.
    pub name: String,
    /// The block.
    pub bytes: Vec<u8>,
    /// What it must be refused with.
    pub reason: Reason,
    /// Whether it can be read as a draft: a node that finishes blocks for its clients may then
    /// repair what is wrong with it.
    pub is_draft: bool,
}

/// Why a block is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It cannot be read, with just this error.
    Decode(DecodeError),
    /// It ends too early: any [`DecodeError::TooShort`].
    Truncated,
    /// It can be read, but breaks a rule of [`tangle_types::validate`].
    Syntax(SyntaxError),
}

impl Reason {
    /// Whether a reader's error is this reason.
    #[must_use]
    pub fn is_decode_error(&self, error: &DecodeError) -> bool {
        match self {
            Self::Decode(expected) => expected == error,
            Self::Truncated => matches!(error, DecodeError::TooShort { .. }),
            Self::Syntax(_) => false,
        }
    }
}

/// Sound blocks of every kind in a network with `parameters`: what the malformed ones were before.
#[must_use]
pub fn sound_blocks(parameters: &ProtocolParameters) -> Vec<(String, Vec<u8>)> {
    let cases = Cases::new(parameters);
    let mut blocks = vec![
        ("no payload".to_owned(), RawBlock::new(Vec::new())),
        (
            "tagged data".to_owned(),
            RawBlock::new(RawTaggedData::new().write().bytes),
        ),
        (
            "milestone".to_owned(),
            RawBlock::new(RawMilestone::new().write().bytes),
        ),
        (
            "milestone with options".to_owned(),
            RawBlock::new(truncated::milestone().write().bytes),
        ),
        (
            "transaction with everything".to_owned(),
            RawBlock::new(truncated::transaction(parameters).write().bytes),
        ),
    ];
    for kind in Kind::ALL {
        for (what, output) in [("", RawOutput::new(kind)), ("full ", RawOutput::full(kind))] {
            let transaction = RawTransaction::new(parameters, vec![output.write()]);
            let name = format!("transaction with a {what}{} output", kind.name());
            blocks.push((name, RawBlock::new(transaction.write().bytes)));
        }
    }
    let bytes = |(name, block): (String, RawBlock)| (name, cases.bytes(&block));
    blocks.into_iter().map(bytes).collect()
}

/// More than 500 blocks that a network with `parameters` must refuse. Proof of work and signatures
/// play no part in it.
#[must_use]
pub fn malformed_blocks(parameters: &ProtocolParameters) -> Vec<MalformedBlock> {
    let mut cases = Cases::new(parameters);
    block::add(&mut cases);
    essence::add(&mut cases);
    output::add(&mut cases);
    rules::add(&mut cases);
    milestone::add(&mut cases);
    truncated::add(&mut cases);
    cases.list
}

/// The list while it grows.
struct Cases<'a> {
    parameters: &'a ProtocolParameters,
    list: Vec<MalformedBlock>,
}

impl<'a> Cases<'a> {
    const fn new(parameters: &'a ProtocolParameters) -> Self {
        Self {
            parameters,
            list: Vec::new(),
        }
    }

    /// The bytes of a block of the network's protocol version.
    fn bytes(&self, block: &RawBlock) -> Vec<u8> {
        let mut block = block.clone();
        // The parts say 2 where they mean the version in force.
        if block.version == 2 {
            block.version = self.parameters.version;
        }
        block.write().bytes
    }

    fn add(&mut self, name: impl Into<String>, reason: Reason, bytes: Vec<u8>) {
        let is_draft =
            <tangle_types::DraftBlock as tangle_types::Codec>::from_bytes(&bytes).is_ok();
        self.list.push(MalformedBlock {
            name: name.into(),
            bytes,
            reason,
            is_draft,
        });
    }

    /// A block with tagged data after `change`.
    fn block(
        &mut self,
        name: impl Into<String>,
        error: DecodeError,
        change: impl FnOnce(&mut RawBlock),
    ) {
        let mut block = RawBlock::new(RawTaggedData::new().write().bytes);
        change(&mut block);
        let bytes = self.bytes(&block);
        self.add(name, Reason::Decode(error), bytes);
    }

    /// A block with tagged data after `change`.
    fn tagged(
        &mut self,
        name: impl Into<String>,
        error: DecodeError,
        change: impl FnOnce(&mut RawTaggedData),
    ) {
        let mut data = RawTaggedData::new();
        change(&mut data);
        let bytes = self.bytes(&RawBlock::new(data.write().bytes));
        self.add(name, Reason::Decode(error), bytes);
    }

    /// A block with a transaction after `change`.
    fn transaction(
        &mut self,
        name: impl Into<String>,
        error: DecodeError,
        change: impl FnOnce(&mut RawTransaction),
    ) {
        self.transaction_for(name, Reason::Decode(error), change);
    }

    /// A block with a transaction after `change`, which can be read.
    fn rule(
        &mut self,
        name: impl Into<String>,
        error: SyntaxError,
        change: impl FnOnce(&mut RawTransaction),
    ) {
        self.transaction_for(name, Reason::Syntax(error), change);
    }

    fn transaction_for(
        &mut self,
        name: impl Into<String>,
        reason: Reason,
        change: impl FnOnce(&mut RawTransaction),
    ) {
        let output = RawOutput::new(Kind::Basic).write();
        let mut transaction = RawTransaction::new(self.parameters, vec![output]);
        change(&mut transaction);
        let bytes = self.bytes(&RawBlock::new(transaction.write().bytes));
        self.add(name, reason, bytes);
    }

    /// A block with a transaction with one output after `change`.
    fn output(
        &mut self,
        kind: Kind,
        name: &str,
        error: DecodeError,
        change: impl FnOnce(&mut RawOutput),
    ) {
        let mut output = RawOutput::new(kind);
        change(&mut output);
        self.transaction(format!("{} output: {name}", kind.name()), error, |tx| {
            tx.outputs.items = vec![output.write()];
        });
    }

    /// A block with a transaction with a sound output before one after `change`.
    fn output_rule(
        &mut self,
        kind: Kind,
        name: &str,
        error: OutputError,
        change: impl FnOnce(&mut RawOutput),
    ) {
        let mut output = RawOutput::new(kind);
        change(&mut output);
        let error = SyntaxError::Output { index: 1, error };
        self.rule(format!("{} output: {name}", kind.name()), error, |tx| {
            tx.outputs.items.push(output.write());
        });
    }

    /// A block with a milestone after `change`.
    fn milestone(
        &mut self,
        name: impl Into<String>,
        reason: Reason,
        change: impl FnOnce(&mut RawMilestone),
    ) {
        let mut milestone = RawMilestone::new();
        change(&mut milestone);
        let mut block = RawBlock::new(milestone.write().bytes);
        block.parents = milestone.parents;
        block.parents.count = None;
        block.parents.items.sort();
        block.parents.items.dedup();
        block.parents.items.truncate(8);
        if block.parents.items.is_empty() {
            block.parents.items.push(vec![0x11; 32]);
        }
        let bytes = self.bytes(&block);
        self.add(name, reason, bytes);
    }
}
