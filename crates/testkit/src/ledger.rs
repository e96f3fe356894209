//! Ledgers in text: what there is, what transactions do, and what becomes of them.
//!
//! ```text
//! genesis g: basic 100 alice
//! tx a: g/alice -> basic 60 bob, basic 40 alice => included
//! tx b: a.0/~bob -> basic 60 alice              => 5
//! again a                                       => 2
//! milestone 10
//! ```
//!
//! A line `milestone T` applies the transactions since the one before it, at time `T`. Behind `=>`
//! stands `included`, the number of the conflict, or `?`; `//` begins a comment.
//!
//! An input is an output's name and how it is unlocked: `/alice` her signature, `/~alice` her key
//! with a wrong signature, `/^0` the reference to the unlock 0, `/@0` and `/%0` the alias and NFT
//! unlocked there. Identities are names for keys, `alias:X` and `nft:X`. Outputs are
//!
//! ```text
//! basic 10 alice  timelock=5 expire=bob@7 return=bob:4 sender=bob tag=x meta=x tokens=X/1:5+Y/2:6
//! alias 10 X      state=alice gov=bob index=1 counter=1 smeta=x issuer=bob imeta=x sender=.. ..
//! foundry 10 X    serial=1 minted=5 melted=0 max=9 ..
//! nft 10 X owner=alice  issuer=bob imeta=x ..
//! ```
//!
//! `new` for `X` is a chain that begins, and `as=Y` names it for later. A token is named by its
//! foundry's alias and serial number.

mod output;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use tangle_crypto::{blake2b, ed25519};
use tangle_ledger::{
    ConfirmingMilestone, LedgerView, Lookup, ReferencedBlock, SignatureSet, VerifiedTransaction,
    apply,
};
use tangle_types::{
    BlockId, ConflictReason, Essence, Inclusion, LedgerOutput, MilestoneIndex, NetworkId, Output,
    OutputId, Transaction, TransactionHashes, TransactionId, UnixSeconds, Unlock,
    inputs_commitment,
};

pub use output::{Names, key};

/// A transaction with everything that decides on it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name in the text.
    pub name: String,
    /// The transaction.
    pub transaction: Transaction,
    /// Which signatures hold.
    pub signatures: SignatureSet,
    /// The outputs it spends, if all exist.
    pub inputs: Vec<Arc<LedgerOutput>>,
    /// The time of its milestone.
    pub time: UnixSeconds,
    /// What became of it.
    pub inclusion: Inclusion,
}

/// A ledger in a map, with names for its outputs.
#[derive(Debug, Default)]
pub struct TextLedger {
    names: Names,
    outputs: BTreeMap<OutputId, Arc<LedgerOutput>>,
    spent: BTreeSet<OutputId>,
    pending: Vec<Pending>,
    transactions: BTreeMap<String, Pending>,
    milestone: u32,
}

#[derive(Clone, Debug)]
struct Pending {
    name: String,
    transaction: Transaction,
    signatures: SignatureSet,
    line: String,
    expected: String,
}

impl LedgerView for TextLedger {
    type Error = Infallible;

    fn output(&self, id: &OutputId) -> Result<Lookup, Infallible> {
        Ok(match self.outputs.get(id) {
            _ if self.spent.contains(id) => Lookup::Spent,
            Some(output) => Lookup::Unspent(Arc::clone(output)),
            None => Lookup::Unknown,
        })
    }
}

/// Carries out a text and checks that all comes as it says.
///
/// # Panics
/// Something comes otherwise, or the text is not of the form.
pub fn check(text: &str) {
    check_with(text, &mut |_| {});
}

/// [`check`], and shows each transaction that was judged.
///
/// # Panics
/// As [`check`].
pub fn check_with(text: &str, seen: &mut dyn FnMut(&Case)) {
    let mut ledger = TextLedger::default();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        if let Some(rest) = line.strip_prefix("genesis ") {
            ledger.genesis(rest);
        } else if let Some(rest) = line.strip_prefix("tx ") {
            ledger.transaction(rest);
        } else if let Some(rest) = line.strip_prefix("again ") {
            ledger.again(rest);
        } else if let Some(time) = line.strip_prefix("milestone ") {
            let time = time.trim().parse().expect("a time");
            ledger.milestone(UnixSeconds(time), seen);
        } else {
            assert!(line.is_empty(), "what is {line:?}?");
        }
    }
    assert!(
        ledger.pending.is_empty(),
        "a milestone is missing at the end"
    );
}

impl TextLedger {
    fn genesis(&mut self, line: &str) {
        let (name, text) = line.split_once(':').expect("genesis name: output");
        let transaction_id = TransactionId(blake2b::hash(name.as_bytes()));
        let id = OutputId::new(transaction_id, 0);
        let output = self
            .names
            .output(text.trim(), |names, new| names.name_new(new, &id));
        self.names.name_output(name.trim(), id);
        let output = LedgerOutput {
            id,
            block_id: BlockId::ZERO,
            milestone_index: MilestoneIndex(0),
            milestone_timestamp: UnixSeconds(0),
            output,
        };
        self.outputs.insert(id, Arc::new(output));
    }

    fn transaction(&mut self, line: &str) {
        let (body, expected) = line.rsplit_once("=>").expect("tx ... => verdict");
        let (name, body) = body.split_once(':').expect("tx name: ...");
        let (inputs, outputs) = body.split_once("->").expect("tx name: inputs -> outputs");
        let (outputs, is_committed) = match outputs.split_once(';') {
            Some((outputs, _)) => (outputs, false),
            None => (outputs, true),
        };
        let mut ids = Vec::new();
        let mut unlocks = Vec::new();
        for input in inputs.split_whitespace() {
            let (output, unlock) = input.split_once('/').expect("output/unlock");
            ids.push(self.names.output_id(output));
            unlocks.push(unlock);
        }
        let mut new = Vec::new();
        let mut created = Vec::new();
        for (index, text) in outputs.split(',').enumerate() {
            let name_new = |_: &mut Names, name: &str| new.push((index, name.to_owned()));
            created.push(self.names.output(text, name_new));
        }
        let consumed: Vec<&Output> = ids.iter().filter_map(|id| self.known(id)).collect();
        let essence = Essence {
            network_id: NetworkId(1),
            inputs_commitment: if is_committed {
                inputs_commitment(consumed)
            } else {
                [7; 32]
            },
            inputs: ids,
            outputs: created,
            payload: None,
        };
        let pending = sign(name.trim(), essence, &unlocks, line, expected.trim());
        let id = pending.transaction.id();
        for index in 0..pending.transaction.essence.outputs.len() {
            let index = u16::try_from(index).expect("few outputs");
            let output_id = OutputId::new(id, index);
            self.names
                .name_output(&format!("{}.{index}", name.trim()), output_id);
        }
        for (index, name) in new {
            let index = u16::try_from(index).expect("few outputs");
            self.names.name_new(&name, &OutputId::new(id, index));
        }
        self.transactions
            .insert(pending.name.clone(), pending.clone());
        self.pending.push(pending);
    }

    /// The same transaction in another block.
    fn again(&mut self, line: &str) {
        let (name, expected) = line.split_once("=>").expect("again name => verdict");
        let mut pending = self.transactions[name.trim()].clone();
        line.clone_into(&mut pending.line);
        expected.trim().clone_into(&mut pending.expected);
        self.pending.push(pending);
    }

    /// An output of the ledger or of a transaction before.
    fn known(&self, id: &OutputId) -> Option<&Output> {
        let stored = self.outputs.get(id).map(|output| &output.output);
        stored.or_else(|| {
            let creator = id.transaction_id();
            let mut pending = self.pending.iter();
            let pending = pending.find(|pending| pending.transaction.id() == creator)?;
            let outputs = &pending.transaction.essence.outputs;
            outputs.get(usize::from(id.index()))
        })
    }

    fn milestone(&mut self, time: UnixSeconds, seen: &mut dyn FnMut(&Case)) {
        let supply = self.supply();
        self.milestone += 1;
        let pending = std::mem::take(&mut self.pending);
        let milestone = ConfirmingMilestone {
            index: MilestoneIndex(self.milestone),
            timestamp: time,
        };
        let blocks = pending.iter().enumerate().map(|(position, pending)| {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&self.milestone.to_le_bytes());
            id[4..12].copy_from_slice(&(position as u64).to_le_bytes());
            ReferencedBlock {
                id: BlockId(id),
                transaction: Some(VerifiedTransaction {
                    transaction: &pending.transaction,
                    hashes: TransactionHashes {
                        id: pending.transaction.id(),
                        essence: pending.transaction.essence.hash(),
                    },
                    signatures: pending.signatures,
                }),
            }
        });
        let recorder = Recorder {
            ledger: self,
            asked: RefCell::new(BTreeMap::new()),
        };
        let Ok((diff, _)) = apply(milestone, blocks, &recorder);
        let created: BTreeMap<OutputId, &Arc<LedgerOutput>> = diff
            .created
            .iter()
            .map(|output| (output.id, output))
            .collect();
        let asked = recorder.asked.into_inner();
        for (pending, (_, inclusion)) in pending.iter().zip(&diff.referenced) {
            let found = match inclusion {
                Inclusion::NoTransaction => "no transaction".to_owned(),
                Inclusion::Included => "included".to_owned(),
                Inclusion::Conflicting(reason) => (*reason as u8).to_string(),
            };
            let is_open = pending.expected == "?";
            assert!(
                is_open || found == pending.expected,
                "it is {found} in {}",
                pending.line
            );
            let find = |id: &OutputId| asked.get(id).or_else(|| created.get(id).copied()).cloned();
            let inputs = pending.transaction.essence.inputs.iter().filter_map(find);
            seen(&Case {
                name: pending.name.clone(),
                transaction: pending.transaction.clone(),
                signatures: pending.signatures,
                inputs: inputs.collect(),
                time,
                inclusion: *inclusion,
            });
        }
        for output in &diff.created {
            self.outputs.insert(output.id, Arc::clone(output));
        }
        for (output, _) in &diff.consumed {
            assert!(self.outputs.remove(&output.id).is_some(), "it was unspent");
            self.spent.insert(output.id);
        }
        assert_eq!(self.supply(), supply, "the supply changed");
    }

    fn supply(&self) -> u128 {
        let amounts = self.outputs.values();
        amounts
            .map(|output| u128::from(output.output.amount()))
            .sum()
    }
}

/// Remembers the outputs that were found unspent.
struct Recorder<'a> {
    ledger: &'a TextLedger,
    asked: RefCell<BTreeMap<OutputId, Arc<LedgerOutput>>>,
}

impl LedgerView for Recorder<'_> {
    type Error = Infallible;

    fn output(&self, id: &OutputId) -> Result<Lookup, Infallible> {
        let lookup = self.ledger.output(id)?;
        if let Lookup::Unspent(output) = &lookup {
            self.asked.borrow_mut().insert(*id, Arc::clone(output));
        }
        Ok(lookup)
    }
}

fn sign(name: &str, essence: Essence, unlocks: &[&str], line: &str, expected: &str) -> Pending {
    let hash = essence.hash();
    let unlock = |text: &&str| {
        let (kind, rest) = text.split_at(1);
        let target = || rest.parse().expect("the position of an unlock");
        match kind {
            "^" => Unlock::Reference(target()),
            "@" => Unlock::Alias(target()),
            "%" => Unlock::Nft(target()),
            "~" => signature(rest, &[0; 32]),
            _ => signature(text, &hash),
        }
    };
    let unlocks: Vec<Unlock> = unlocks.iter().map(unlock).collect();
    let signatures = verify(&unlocks, &hash);
    Pending {
        name: name.to_owned(),
        transaction: Transaction { essence, unlocks },
        signatures,
        line: line.to_owned(),
        expected: expected.to_owned(),
    }
}

fn signature(signer: &str, message: &[u8; 32]) -> Unlock {
    Unlock::signed(&key(signer), message)
}

/// Which of the unlocks are valid signatures.
#[must_use]
pub fn verify(unlocks: &[Unlock], essence_hash: &[u8; 32]) -> SignatureSet {
    let mut set = 0;
    for (position, unlock) in unlocks.iter().enumerate() {
        if let Unlock::Signature {
            public_key,
            signature,
        } = unlock
        {
            let signed = ed25519::Signed {
                public_key,
                signature,
                message: essence_hash,
            };
            set |= u128::from(ed25519::verify(&signed)) << position;
        }
    }
    SignatureSet(set)
}

impl Case {
    /// The conflict, if it is one.
    #[must_use]
    pub fn conflict(&self) -> Option<ConflictReason> {
        match self.inclusion {
            Inclusion::Conflicting(reason) => Some(reason),
            Inclusion::Included | Inclusion::NoTransaction => None,
        }
    }
}
