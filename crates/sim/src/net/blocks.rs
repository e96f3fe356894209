//! All blocks of a run: how they are made, and the verdict on each, which is the same for every
//! node and is therefore worked out once, by the engine's own check.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use tangle_crypto::blake2b;
use tangle_crypto::ed25519::SecretKey;
use tangle_engine::{BlockError, CheckedBlock, check};
use tangle_sync::Offence;
use tangle_types::{
    Block, BlockId, Codec, Essence, IdMap, Output, OutputId, Parents, ParsedBlock, Payload,
    TaggedData, Transaction, TransactionId, Unlock, inputs_commitment,
};

use super::fixture::{Fixture, basic};

/// Verdicts on everything that was sent.
#[derive(Debug)]
pub(crate) struct Blocks {
    fixture: Fixture,
    /// Grows with the run, which has an end.
    verdicts: IdMap<BlockId, Verdict>,
    /// Transactions that were made and rightly signed here. Whatever else comes up was changed on
    /// its way, and nobody has signed that.
    signed: BTreeSet<TransactionId>,
    serial: u64,
}

/// What a node makes of bytes: a block, or what it thinks of the sender.
pub(crate) type Verdict = Result<Arc<CheckedBlock>, Offence>;

/// An output that somebody may spend, if it really exists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coin {
    pub(crate) id: OutputId,
    pub(crate) amount: u64,
    /// The account that owns it.
    pub(crate) owner: usize,
}

/// How a coin is spent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spending {
    pub(crate) coin: Coin,
    /// Who gets it: a part and the rest.
    pub(crate) payees: [usize; 2],
    /// The part; the whole coin when that is as much.
    pub(crate) amount: u64,
    /// Whether the signature is wrong.
    pub(crate) is_forged: bool,
}

impl Blocks {
    pub(crate) fn new(fixture: Fixture) -> Self {
        Self {
            fixture,
            verdicts: IdMap::default(),
            signed: BTreeSet::new(),
            serial: 0,
        }
    }

    /// The block in `bytes`, if it is a valid one.
    pub(crate) fn check(&mut self, bytes: Bytes) -> Verdict {
        let id = BlockId(blake2b::hash(&bytes));
        self.check_as(id, bytes)
    }

    /// The same for bytes whose hash is known.
    pub(crate) fn check_as(&mut self, id: BlockId, bytes: Bytes) -> Verdict {
        if let Some(verdict) = self.verdicts.get(&id) {
            return verdict.clone();
        }
        let verdict = self.judge(id, bytes);
        self.verdicts.insert(id, verdict.clone());
        verdict
    }

    fn judge(&self, id: BlockId, bytes: Bytes) -> Verdict {
        let parsed = ParsedBlock::parse_with_id(id, bytes).map_err(|_| Offence::Unreadable)?;
        let (parameters, keys) = (&self.fixture.parameters, &self.fixture.milestone_keys);
        let mut verdicts = check(vec![parsed], parameters, keys);
        let verdict = verdicts.pop().expect("a verdict for each block");
        verdict.map(Arc::new).map_err(|error| match error {
            BlockError::Syntax(_) => Offence::Block,
            BlockError::ProofOfWork { .. } => Offence::ProofOfWork,
            BlockError::Milestone(_) => Offence::Milestone,
        })
    }

    /// A block that was found valid before.
    pub(crate) fn find(&self, id: &BlockId) -> Option<&Arc<CheckedBlock>> {
        self.verdicts.get(id)?.as_ref().ok()
    }

    /// Remembers a valid block that did not come as bytes.
    pub(crate) fn remember(&mut self, block: &Arc<CheckedBlock>) {
        let verdict = Ok(Arc::clone(block));
        self.verdicts.entry(block.id()).or_insert(verdict);
    }

    /// Whether the owner of what it spends has signed the transaction.
    pub(crate) fn is_signed(&self, id: &TransactionId) -> bool {
        self.signed.contains(id)
    }

    /// A block with data that no other block has.
    pub(crate) fn data(&mut self, parents: &[BlockId]) -> Arc<CheckedBlock> {
        self.serial += 1;
        let tagged = TaggedData {
            tag: b"sim".to_vec(),
            data: self.serial.to_le_bytes().to_vec(),
        };
        self.block(parents, Some(Payload::TaggedData(tagged)))
    }

    /// A block on at most eight parents.
    pub(crate) fn block(
        &mut self,
        parents: &[BlockId],
        payload: Option<Payload>,
    ) -> Arc<CheckedBlock> {
        let parents = Parents::new(parents.to_vec()).expect("1 to 8 parents");
        let block = Block {
            protocol_version: self.fixture.parameters.version,
            parents,
            payload,
            nonce: 0,
        };
        let bytes = Bytes::from(block.to_bytes());
        self.check(bytes).expect("blocks are made as the rules say")
    }

    /// A transaction, and the coins that it makes.
    pub(crate) fn spend(&mut self, spending: &Spending) -> (Payload, Vec<Coin>) {
        let Spending { coin, payees, .. } = *spending;
        let accounts = &self.fixture.accounts;
        let rest = coin.amount.saturating_sub(spending.amount);
        let mut shares = vec![(payees[0], coin.amount - rest)];
        if rest > 0 {
            shares.push((payees[1], rest));
        }
        let outputs = |(payee, amount): &(usize, u64)| basic(&accounts[*payee], *amount);
        let consumed = basic(&accounts[coin.owner], coin.amount);
        let essence = Essence {
            network_id: self.fixture.parameters.network_id(),
            inputs: vec![coin.id],
            inputs_commitment: inputs_commitment([&consumed]),
            outputs: shares.iter().map(outputs).collect::<Vec<Output>>(),
            payload: None,
        };
        let unlock = unlock(&accounts[coin.owner], &essence, spending.is_forged);
        let unlocks = vec![unlock];
        let transaction = Transaction { essence, unlocks };
        let id = transaction.id();
        if !spending.is_forged {
            self.signed.insert(id);
        }
        let coins = (0..).zip(shares).map(|(index, (owner, amount))| Coin {
            id: OutputId::new(id, index),
            amount,
            owner,
        });
        let coins = coins.collect();
        (Payload::Transaction(Box::new(transaction)), coins)
    }
}

fn unlock(key: &SecretKey, essence: &Essence, is_forged: bool) -> Unlock {
    let mut message = essence.hash();
    message[0] ^= u8::from(is_forged);
    Unlock::signed(key, &message)
}
