//! A small network with one coordinator and some wallets, which grows by the real rules.

use std::sync::Arc;

use bytes::Bytes;
use tangle_consensus::{KeyRange, MilestoneKeys};
use tangle_crypto::{blake2b, ed25519::SecretKey, merkle};
use tangle_engine::{CheckedBlock, MilestoneCommit, Store, StoredMilestone, check};
use tangle_ledger::{ConfirmingMilestone, Diff, LedgerView, Lookup, ReferencedBlock, apply};
use tangle_storage::{Allocation, BaseToken, Genesis, Reader, StoreError, Writer};
use tangle_types::{
    Address, BasicOutput, Block, BlockId, Codec, Essence, Feature, Features, Milestone,
    MilestoneId, MilestoneIndex, MilestoneSignature, Output, OutputId, Parents, ParsedBlock,
    Payload, ProtocolParameters, RentStructure, TaggedData, UnixSeconds, UnlockCondition,
    UnlockConditions, inputs_commitment,
};

/// The supply of the test network.
pub(crate) const SUPPLY: u64 = 1_000_000_000;

/// A network that grows.
pub(crate) struct Chain {
    pub(crate) genesis: Genesis,
    key: SecretKey,
    wallet: SecretKey,
    /// Outputs of the wallet that are unspent, oldest first.
    coins: Vec<(OutputId, Output)>,
    previous: Option<Arc<StoredMilestone>>,
    /// Blocks that no milestone has referenced, in order.
    waiting: Vec<Arc<CheckedBlock>>,
    /// Blocks that are not stored, in order.
    unsaved: Vec<Arc<CheckedBlock>>,
    newest: BlockId,
    counter: u64,
}

struct View<'a>(&'a Reader);

impl LedgerView for View<'_> {
    type Error = StoreError;

    fn output(&self, id: &OutputId) -> Result<Lookup, StoreError> {
        Store::output(self.0, id)
    }
}

impl Chain {
    pub(crate) fn new() -> Self {
        let key = SecretKey::from_seed([1; 32]);
        let wallet = SecretKey::from_seed([2; 32]);
        let owner = Address::from_public_key(&wallet.public_key());
        let genesis = genesis(&key, owner);
        let first = genesis.outputs().next().expect("there is an allocation");
        Self {
            coins: vec![(first.id, first.output)],
            genesis,
            key,
            wallet,
            previous: None,
            waiting: Vec::new(),
            unsaved: Vec::new(),
            newest: BlockId::ZERO,
            counter: 0,
        }
    }

    pub(crate) fn wallet_address(&self) -> Address {
        Address::from_public_key(&self.wallet.public_key())
    }

    /// A block that approves the newest one.
    pub(crate) fn block(&mut self, payload: Option<Payload>) -> Arc<CheckedBlock> {
        self.block_on(vec![self.newest], payload)
    }

    /// A block that approves these, which need not be there.
    pub(crate) fn block_on(
        &mut self,
        parents: Vec<BlockId>,
        payload: Option<Payload>,
    ) -> Arc<CheckedBlock> {
        self.counter += 1;
        let parents = Parents::new(parents).expect("1 to 8 parents in order");
        self.finish(Block {
            protocol_version: 2,
            parents,
            payload,
            nonce: self.counter,
        })
    }

    fn finish(&mut self, block: Block) -> Arc<CheckedBlock> {
        let parsed = ParsedBlock::parse(Bytes::from(block.to_bytes())).expect("a block");
        let keys = self.keys();
        let mut checked = check(vec![parsed], &self.genesis.parameters, &keys);
        let checked = checked.pop().expect("one").expect("it keeps the rules");
        let checked = Arc::new(checked);
        self.newest = checked.id();
        self.waiting.push(Arc::clone(&checked));
        self.unsaved.push(Arc::clone(&checked));
        checked
    }

    fn keys(&self) -> MilestoneKeys {
        MilestoneKeys::new(self.genesis.milestone_keys.clone(), 1, MilestoneIndex(1))
            .expect("one key for ever")
    }

    /// A block with `size` bytes of data.
    pub(crate) fn data(&mut self, size: usize) -> Arc<CheckedBlock> {
        let byte = self.counter as u8;
        self.block(Some(Payload::TaggedData(TaggedData {
            tag: b"test".to_vec(),
            data: vec![byte; size],
        })))
    }

    /// A block that splits the wallet's oldest large coin in two; the first part goes to `payee`.
    pub(crate) fn transfer(&mut self, payee: Address) -> Arc<CheckedBlock> {
        let rich = self
            .coins
            .iter()
            .position(|(_, output)| output.amount() > 2_000);
        let (id, output) = self.coins.remove(rich.expect("the wallet has coins"));
        let payload = self.spend(id, &output, payee);
        self.block(Some(payload))
    }

    /// A block that spends what is not there any more; a milestone makes it conflicting.
    pub(crate) fn double_spend(&mut self) -> Arc<CheckedBlock> {
        let first = self
            .genesis
            .outputs()
            .next()
            .expect("there is an allocation");
        let before = self.coins.clone();
        let payload = self.spend(first.id, &first.output, Address::Ed25519([9; 32]));
        self.coins = before;
        self.block(Some(payload))
    }

    fn spend(&mut self, id: OutputId, output: &Output, payee: Address) -> Payload {
        let mine = self.wallet_address();
        let amount = output.amount();
        let pay = 1_000.min(amount / 2);
        self.counter += 1;
        let tag = format!("tag {}", self.counter % 3).into_bytes();
        let outputs = vec![
            basic(payee, pay, vec![Feature::Sender(mine), Feature::Tag(tag)]),
            basic(mine, amount - pay, Vec::new()),
        ];
        let essence = Essence {
            network_id: self.genesis.parameters.network_id(),
            inputs: vec![id],
            inputs_commitment: inputs_commitment([output]),
            outputs: outputs.clone(),
            payload: None,
        };
        let transaction = essence.signed_by(&self.wallet);
        for (index, output) in (0_u16..).zip(outputs) {
            if output.unlock_conditions().address() == Some(&mine) {
                self.coins
                    .push((OutputId::new(transaction.id(), index), output));
            }
        }
        Payload::Transaction(Box::new(transaction))
    }

    /// The milestone over all waiting blocks, not yet stored, with its block.
    pub(crate) fn milestone(&mut self, reader: &Reader) -> (Arc<CheckedBlock>, MilestoneCommit) {
        let previous = self.previous.as_ref();
        let index = previous
            .map_or(self.genesis.index, |last| last.milestone.index)
            .next();
        let timestamp = UnixSeconds(self.genesis.timestamp.0 + index.0);
        let cone = std::mem::take(&mut self.waiting);
        let blocks = cone.iter().map(|block| ReferencedBlock {
            id: block.id(),
            transaction: block.transaction(),
        });
        let confirming = ConfirmingMilestone { index, timestamp };
        let (diff, _): (Diff, _) =
            apply(confirming, blocks, &View(reader)).expect("the store answers");
        let mut milestone = Milestone {
            index,
            timestamp,
            protocol_version: 2,
            previous_milestone_id: previous.map_or(MilestoneId::ZERO, |last| last.id),
            parents: Parents::new(vec![self.newest]).expect("one parent"),
            inclusion_merkle_root: diff.inclusion_merkle_root,
            applied_merkle_root: diff.applied_merkle_root,
            metadata: Vec::new(),
            options: Vec::new(),
            signatures: Vec::new(),
        };
        let id = milestone.id();
        milestone.signatures.push(MilestoneSignature {
            public_key: self.key.public_key(),
            signature: self.key.sign(&id.0),
        });
        let block = self.finish(milestone.to_block());
        let stored = Arc::new(StoredMilestone {
            id,
            block_id: block.id(),
            milestone,
        });
        self.previous = Some(Arc::clone(&stored));
        let commit = MilestoneCommit {
            milestone: stored,
            diff,
            treasury: None,
        };
        (block, commit)
    }

    /// Stores all blocks that are not stored.
    pub(crate) fn save(&mut self, writer: &mut Writer) {
        let blocks = std::mem::take(&mut self.unsaved);
        writer.append(&blocks).expect("blocks are stored");
    }

    /// Stores the waiting blocks and a milestone over them.
    pub(crate) fn confirm(&mut self, writer: &mut Writer, reader: &Reader) -> MilestoneCommit {
        self.save(writer);
        let (_, commit) = self.milestone(reader);
        self.save(writer);
        writer.commit(&commit).expect("the milestone is stored");
        commit
    }

    /// Some blocks of every sort and a milestone, `count` times.
    pub(crate) fn grow(
        &mut self,
        writer: &mut Writer,
        reader: &Reader,
        count: usize,
    ) -> Vec<MilestoneCommit> {
        let mut commits = Vec::new();
        for number in 0..count {
            self.data(10 + number * 7 % 900);
            self.transfer(Address::Ed25519([number as u8 % 4; 32]));
            let mine = self.wallet_address();
            self.transfer(mine);
            if number % 3 == 2 {
                self.double_spend();
            }
            commits.push(self.confirm(writer, reader));
        }
        commits
    }
}

pub(crate) fn basic(owner: Address, amount: u64, features: Vec<Feature>) -> Output {
    let conditions = UnlockConditions::new(vec![UnlockCondition::Address(owner)]);
    Output::Basic(BasicOutput {
        amount,
        native_tokens: Vec::new(),
        unlock_conditions: conditions.expect("one condition is unique"),
        features: Features::new(features).expect("each kind once"),
    })
}

/// The ids of a diff's blocks and both its roots agree.
pub(crate) fn inclusion_root(diff: &Diff) -> [u8; 32] {
    let ids: Vec<[u8; 32]> = diff.referenced.iter().map(|(id, _)| id.0).collect();
    merkle::root(&ids)
}

fn genesis(key: &SecretKey, owner: Address) -> Genesis {
    Genesis {
        parameters: ProtocolParameters {
            version: 2,
            network_name: "storage-test".to_owned(),
            bech32_hrp: "tst".to_owned(),
            pow_score_min: 0,
            below_max_depth: 15,
            rent: RentStructure {
                v_byte_cost: 0,
                v_byte_factor_data: 1,
                v_byte_factor_key: 10,
            },
            token_supply: SUPPLY,
        },
        token: BaseToken::default(),
        index: MilestoneIndex(0),
        timestamp: UnixSeconds(1_000_000),
        allocations: vec![Allocation {
            address: owner,
            amount: SUPPLY,
        }],
        treasury: 0,
        milestone_keys: vec![KeyRange {
            public_key: key.public_key(),
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        }],
        milestone_key_threshold: 1,
    }
}

/// A number that looks random.
pub(crate) fn noise(seed: u64) -> u64 {
    let hash = blake2b::hash(&seed.to_le_bytes());
    u64::from_le_bytes(*hash.first_chunk().expect("a hash has 32 bytes"))
}
