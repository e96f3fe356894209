//! A node whose disk is a map and whose clock is a number.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tangle_consensus::{CoordinatorConfig, KeyRange, MilestoneKeys, Pace, ParameterSchedule};
use tangle_crypto::ed25519::SecretKey;
use tangle_dag::{DagConfig, UniformTips, UniformTipsConfig};
use tangle_engine::{
    Bootstrap, CheckedBlock, CoordinatorPart, Effect, Engine, Input, MilestoneCommit, Parts,
    Reservation, Source, Store, StoredMilestone, Ticket, Time, check,
};
use tangle_ledger::{LastReceipt, Lookup};
use tangle_testkit::arbitrary;
use tangle_types::{
    Address, Block, BlockId, BlockMetadata, Codec, Essence, LedgerOutput, Milestone, MilestoneId,
    MilestoneIndex, Output, OutputId, Parents, ParsedBlock, Payload, ProtocolParameters,
    RentStructure, TaggedData, TransactionId, Treasury, UnixSeconds, inputs_commitment,
};

/// All coins of the test network; they lie in one output of [`Node::owner`].
pub(crate) const SUPPLY: u64 = 1_000_000_000;

/// What else there is for receipts to move.
pub(crate) const TREASURY: u64 = 10_000_000;

/// What is on the disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) blocks: HashMap<BlockId, Bytes>,
    pub(crate) metadata: HashMap<BlockId, BlockMetadata>,
    pub(crate) outputs: HashMap<OutputId, Lookup>,
    pub(crate) milestones: Vec<Arc<StoredMilestone>>,
    pub(crate) commits: Vec<Arc<MilestoneCommit>>,
    pub(crate) reservation: Option<Reservation>,
    /// All that ever was reserved.
    pub(crate) reserved: BTreeMap<MilestoneIndex, MilestoneId>,
    is_coordinators: bool,
}

impl Disk {
    fn store(&mut self, block: &CheckedBlock) {
        if let Some(id) = block.milestone_id()
            && self.is_coordinators
        {
            let shown = self.reserved.values().any(|reserved| *reserved == id);
            assert!(shown, "a milestone is shown before it is reserved");
        }
        self.blocks.insert(block.id(), block.parsed().bytes.clone());
    }

    fn reserve(&mut self, reservation: Reservation) {
        self.is_coordinators = true;
        let before = self.reserved.insert(reservation.index, reservation.id);
        assert_eq!(before, None, "a second milestone for one index");
        self.reservation = Some(reservation);
    }
}

/// Reads the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore(pub Arc<Mutex<Disk>>);

impl Store for MemoryStore {
    type Error = Infallible;

    fn contains(&self, id: &BlockId) -> Result<bool, Infallible> {
        Ok(self.0.lock().expect("no panic").blocks.contains_key(id))
    }

    fn metadata(&self, id: &BlockId) -> Result<Option<BlockMetadata>, Infallible> {
        Ok(self.0.lock().expect("no panic").metadata.get(id).copied())
    }

    fn output(&self, id: &OutputId) -> Result<Lookup, Infallible> {
        let disk = self.0.lock().expect("no panic");
        Ok(disk.outputs.get(id).cloned().unwrap_or(Lookup::Unknown))
    }
}

/// An engine with its disk and clock.
pub(crate) struct Node {
    pub(crate) engine: Engine<MemoryStore>,
    pub(crate) disk: MemoryStore,
    pub(crate) now: Time,
    /// Effects that were not carried out yet, in order: the disk hangs, or is busy with the first.
    pub(crate) held: VecDeque<Effect>,
    pub(crate) is_disk_stuck: bool,
    is_busy: bool,
    pub(crate) answers: Vec<Effect>,
    /// What neighbours are to be told.
    pub(crate) said: Vec<Effect>,
    next_ticket: u64,
}

pub(crate) fn milestone_key(number: u8) -> SecretKey {
    SecretKey::from_seed([100 + number; 32])
}

pub(crate) fn owner() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

pub(crate) fn keys() -> MilestoneKeys {
    let range = |number| KeyRange {
        public_key: milestone_key(number).public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    };
    MilestoneKeys::new((0..3).map(range).collect(), 2, MilestoneIndex(1)).expect("enough keys")
}

pub(crate) fn parameters() -> ProtocolParameters {
    ProtocolParameters {
        network_name: "engine-test".to_owned(),
        rent: RentStructure {
            v_byte_cost: 1,
            ..arbitrary::parameters().rent
        },
        token_supply: SUPPLY,
        ..arbitrary::parameters()
    }
}

/// The only output of the genesis.
pub(crate) fn genesis_output() -> LedgerOutput {
    LedgerOutput {
        id: OutputId::new(TransactionId([0; 32]), 0),
        block_id: BlockId::ZERO,
        milestone_index: MilestoneIndex(0),
        milestone_timestamp: UnixSeconds(0),
        output: Output::basic(Address::from_public_key(&owner().public_key()), SUPPLY),
    }
}

/// A checked block with this payload.
pub(crate) fn block(parents: &[BlockId], payload: Option<Payload>) -> Arc<CheckedBlock> {
    let parents = Parents::new(parents.to_vec()).expect("1 to 8 parents");
    let block = Block {
        protocol_version: 2,
        parents,
        payload,
        nonce: 0,
    };
    checked(Bytes::from(block.to_bytes()))
}

pub(crate) fn checked(bytes: Bytes) -> Arc<CheckedBlock> {
    let parsed = ParsedBlock::parse(bytes).expect("a block");
    let mut results = check(vec![parsed], &parameters(), &keys());
    Arc::new(results.remove(0).expect("a valid block"))
}

pub(crate) fn data(parents: &[BlockId], text: &str) -> Arc<CheckedBlock> {
    let tagged = TaggedData {
        tag: b"test".to_vec(),
        data: text.as_bytes().to_vec(),
    };
    block(parents, Some(Payload::TaggedData(tagged)))
}

/// A transfer of the whole genesis output to a key.
pub(crate) fn spend_genesis(payee: &SecretKey) -> Payload {
    let essence = Essence {
        network_id: parameters().network_id(),
        inputs: vec![genesis_output().id],
        inputs_commitment: inputs_commitment([&genesis_output().output]),
        outputs: vec![Output::basic(
            Address::from_public_key(&payee.public_key()),
            SUPPLY,
        )],
        payload: None,
    };
    Payload::Transaction(Box::new(essence.signed_by(&owner())))
}

fn coordinator(keys: Vec<SecretKey>) -> CoordinatorPart {
    CoordinatorPart {
        config: CoordinatorConfig {
            interval_ms: 1_000,
            pace: Pace::Steady,
        },
        keys,
        seed: 1,
    }
}

fn bootstrap(disk: &Disk) -> Bootstrap {
    let last = disk.milestones.last().cloned();
    let index = last
        .as_ref()
        .map_or(MilestoneIndex(0), |last| last.milestone.index);
    let mut schedule = ParameterSchedule::new(MilestoneIndex(0), parameters());
    for milestone in &disk.milestones {
        if let Some(option) = milestone.milestone.parameters() {
            schedule.announce(option).expect("it was taken before");
        }
    }
    Bootstrap {
        ledger_index: index,
        last_milestone_id: last.as_ref().map_or(MilestoneId::ZERO, |last| last.id),
        last_milestone_timestamp: last
            .as_ref()
            .map_or(UnixSeconds(0), |last| last.milestone.timestamp),
        last_milestone: last,
        entry_points: vec![(BlockId::ZERO, MilestoneIndex(0))],
        schedule,
        treasury: disk
            .commits
            .iter()
            .rev()
            .find_map(|commit| commit.treasury)
            .map_or(
                Treasury {
                    milestone_id: MilestoneId::ZERO,
                    amount: TREASURY,
                },
                |(_, after)| after,
            ),
        last_receipt: disk
            .milestones
            .iter()
            .rev()
            .find_map(|stored| stored.milestone.receipt())
            .map(LastReceipt::from),
        reservation: disk.reservation.clone(),
    }
}

impl Node {
    /// A node at the genesis; a coordinator issues the first milestone at once.
    pub(crate) fn new(is_coordinator: bool) -> Self {
        let disk = MemoryStore::default();
        let genesis = genesis_output();
        disk.0
            .lock()
            .expect("no panic")
            .outputs
            .insert(genesis.id, Lookup::Unspent(Arc::new(genesis)));
        let mut node = Self::open(disk, is_coordinator, Time(1_000_000_000));
        node.step(Input::Tick);
        node
    }

    /// A node that finds this on its disk.
    pub(crate) fn open(disk: MemoryStore, is_coordinator: bool, now: Time) -> Self {
        let bootstrap = bootstrap(&disk.0.lock().expect("no panic"));
        let coordinator =
            is_coordinator.then(|| coordinator(vec![milestone_key(0), milestone_key(1)]));
        Self::start(disk, keys(), bootstrap, coordinator, now)
    }

    /// A coordinator that holds these keys.
    pub(crate) fn open_with_keys(disk: MemoryStore, held: Vec<SecretKey>) -> Self {
        let bootstrap = bootstrap(&disk.0.lock().expect("no panic"));
        let coordinator = Some(coordinator(held));
        Self::start(disk, keys(), bootstrap, coordinator, Time(1_000_000_000))
    }

    /// The block of milestone `index`, changed and signed anew.
    pub(crate) fn forge(&self, index: usize, change: impl FnOnce(&mut Milestone)) -> Bytes {
        let mut milestone = self.milestones()[index - 1].milestone.clone();
        change(&mut milestone);
        let id = milestone.id();
        for signature in &mut milestone.signatures {
            let mut held = (0..2).map(milestone_key);
            let key = held.find(|key| key.public_key() == signature.public_key);
            signature.signature = key.expect("a test key").sign(&id.0);
        }
        Bytes::from(milestone.to_block().to_bytes())
    }

    /// A node that starts from `bootstrap`.
    pub(crate) fn start(
        disk: MemoryStore,
        keys: MilestoneKeys,
        bootstrap: Bootstrap,
        coordinator: Option<CoordinatorPart>,
        now: Time,
    ) -> Self {
        let parts = Parts {
            store: disk.clone(),
            keys,
            tips: Box::new(UniformTips::new(UniformTipsConfig::default(), 1)),
            window: DagConfig {
                below_max_depth: 15,
                unsolid_count_max: 100,
                root_count_max: 1_000,
            },
            unreferenced_count_max: 10_000,
            coordinator,
        };
        let mut node = Self {
            engine: Engine::new(parts, bootstrap),
            disk,
            now,
            held: VecDeque::new(),
            is_disk_stuck: false,
            is_busy: false,
            answers: Vec::new(),
            said: Vec::new(),
            next_ticket: 0,
        };
        node.replay();
        node
    }

    fn replay(&mut self) {
        let stored: Vec<Bytes> = {
            let disk = self.disk.0.lock().expect("no panic");
            let is_open = |id: &&BlockId| !disk.metadata.contains_key(*id);
            disk.blocks
                .keys()
                .filter(is_open)
                .map(|id| disk.blocks[id].clone())
                .collect()
        };
        for bytes in stored {
            self.step(Input::Block(checked(bytes), Source::Replay));
        }
        let mut effects = Vec::new();
        self.engine
            .resume(self.now, &mut effects)
            .expect("infallible");
        self.carry_out(effects);
    }

    /// One input and all that follows from it.
    pub(crate) fn step(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine
            .step(self.now, input, &mut effects)
            .expect("infallible");
        self.carry_out(effects);
    }

    /// Lets a second pass.
    pub(crate) fn second(&mut self) {
        for _ in 0..4 {
            self.now.0 += 250;
            self.step(Input::Tick);
        }
    }

    /// Hands in a client's block; whether it was taken.
    pub(crate) fn submit(&mut self, block: &Arc<CheckedBlock>) -> bool {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.step(Input::Block(Arc::clone(block), Source::Client(ticket)));
        match self.answers.pop() {
            Some(Effect::Accepted(of)) if of == ticket => true,
            Some(Effect::Refused(of, _)) if of == ticket => false,
            other => panic!("no answer but {other:?}"),
        }
    }

    /// The disk works again: does what was held up.
    pub(crate) fn unstick(&mut self) {
        self.is_disk_stuck = false;
        self.carry_out(Vec::new());
    }

    /// The disk, which hangs, has done the first `count` things after all, but nobody learned of
    /// it.
    pub(crate) fn carry_out_some(&mut self, count: usize) {
        for _ in 0..count {
            match self.held.pop_front() {
                Some(Effect::Store(block)) => {
                    self.disk.0.lock().expect("no panic").store(&block);
                }
                Some(Effect::Reserve(reservation)) => {
                    self.disk.0.lock().expect("no panic").reserve(reservation);
                }
                Some(Effect::Commit(commit)) => self.write(&commit),
                _ => {}
            }
        }
    }

    pub(crate) fn metadata(&self, block: &CheckedBlock) -> Option<BlockMetadata> {
        self.disk.metadata(&block.id()).expect("infallible")
    }

    pub(crate) fn milestones(&self) -> Vec<Arc<StoredMilestone>> {
        self.disk.0.lock().expect("no panic").milestones.clone()
    }

    /// The newest milestone's block, as a parent for the next blocks.
    pub(crate) fn newest(&self) -> BlockId {
        self.milestones()
            .last()
            .map_or(BlockId::ZERO, |last| last.block_id)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        self.held.extend(effects);
        // What follows from an effect comes after all that was asked for before.
        while !self.is_disk_stuck
            && !self.is_busy
            && let Some(effect) = self.held.pop_front()
        {
            self.is_busy = true;
            let followup = match effect {
                Effect::Store(block) => {
                    self.disk.0.lock().expect("no panic").store(&block);
                    None
                }
                Effect::Reserve(reservation) => {
                    let index = reservation.index;
                    self.disk.0.lock().expect("no panic").reserve(reservation);
                    Some(Input::Reserved(index))
                }
                Effect::Checkpoint(parents) => {
                    Some(Input::Block(block(&parents, None), Source::Checkpoint))
                }
                Effect::Commit(commit) => {
                    self.write(&commit);
                    Some(Input::Committed(commit.milestone.milestone.index))
                }
                said @ (Effect::Say(..)
                | Effect::Spread { .. }
                | Effect::Serve(..)
                | Effect::AskCone(..)
                | Effect::ServeCone(..)
                | Effect::Drop { .. }) => {
                    self.said.push(said);
                    None
                }
                answer => {
                    self.answers.push(answer);
                    None
                }
            };
            if let Some(input) = followup {
                self.step(input);
            }
            self.is_busy = false;
        }
    }

    fn write(&mut self, commit: &Arc<MilestoneCommit>) {
        let mut disk = self.disk.0.lock().expect("no panic");
        let index = commit.milestone.milestone.index;
        for (position, (id, inclusion)) in commit.diff.referenced.iter().enumerate() {
            assert!(
                disk.blocks.contains_key(id),
                "a referenced block is stored before"
            );
            let metadata = BlockMetadata {
                referenced_by: index,
                white_flag_index: u32::try_from(position).expect("few blocks"),
                inclusion: *inclusion,
            };
            disk.metadata.insert(*id, metadata);
        }
        for output in &commit.diff.created {
            disk.outputs
                .insert(output.id, Lookup::Unspent(Arc::clone(output)));
        }
        for (output, _) in &commit.diff.consumed {
            disk.outputs.insert(output.id, Lookup::Spent);
        }
        disk.milestones.push(Arc::clone(&commit.milestone));
        disk.commits.push(Arc::clone(commit));
    }
}
