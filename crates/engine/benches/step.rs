//! What a block costs the engine's thread: `cargo bench -p tangle-engine`.
//!
//! The store is a map in memory, all effects are carried out at once, and only the engine's own
//! steps are timed.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tangle_consensus::{CoordinatorConfig, KeyRange, MilestoneKeys, Pace, ParameterSchedule};
use tangle_crypto::{blake2b, ed25519::SecretKey};
use tangle_dag::{DagConfig, UniformTips, UniformTipsConfig};
use tangle_engine::{
    Bootstrap, CheckedBlock, CoordinatorPart, Effect, Engine, Input, Parts, Source, Store, Time,
    check,
};
use tangle_ledger::Lookup;
use tangle_testkit::arbitrary;
use tangle_types::{
    Address, Block, BlockId, BlockMetadata, Codec, Essence, LedgerOutput, MilestoneId,
    MilestoneIndex, Output, OutputId, Parents, ParsedBlock, Payload, ProtocolParameters,
    RentStructure, TaggedData, TransactionId, Treasury, UnixSeconds, inputs_commitment,
};

/// Blocks side by side, each on the one before it and on another.
const WIDTH: usize = 256;
/// Blocks between two milestones.
const PER_MILESTONE: usize = 40_000;
const MILESTONES: usize = 5;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<HashMap<OutputId, Lookup>>>);

impl Store for Memory {
    type Error = Infallible;

    fn contains(&self, _: &BlockId) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn metadata(&self, _: &BlockId) -> Result<Option<BlockMetadata>, Infallible> {
        Ok(None)
    }

    fn output(&self, id: &OutputId) -> Result<Lookup, Infallible> {
        let outputs = self.0.lock().expect("no panic");
        Ok(outputs.get(id).cloned().unwrap_or(Lookup::Unknown))
    }
}

fn parameters() -> ProtocolParameters {
    ProtocolParameters {
        network_name: "engine-bench".to_owned(),
        rent: RentStructure {
            v_byte_cost: 1,
            ..arbitrary::parameters().rent
        },
        token_supply: 1 << 40,
        ..arbitrary::parameters()
    }
}

fn keys(key: &SecretKey) -> MilestoneKeys {
    let range = KeyRange {
        public_key: key.public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    };
    MilestoneKeys::new(vec![range], 1, MilestoneIndex(1)).expect("one key")
}

/// A wallet with one coin, which it spends again and again.
struct Wallet {
    key: SecretKey,
    coin: OutputId,
    amount: u64,
}

impl Wallet {
    fn pay(&mut self) -> Payload {
        let address = Address::from_public_key(&self.key.public_key());
        let paid = 1_000;
        let essence = Essence {
            network_id: parameters().network_id(),
            inputs: vec![self.coin],
            inputs_commitment: inputs_commitment([&Output::basic(address, self.amount)]),
            outputs: vec![
                Output::basic(address, paid),
                Output::basic(address, self.amount - paid),
            ],
            payload: None,
        };
        let transaction = essence.signed_by(&self.key);
        self.coin = OutputId::new(transaction.id(), 1);
        self.amount -= paid;
        Payload::Transaction(Box::new(transaction))
    }
}

fn blocks(wallets: Option<&mut Vec<Wallet>>, key: &SecretKey) -> Vec<Arc<CheckedBlock>> {
    let mut wallets = wallets;
    let mut before = vec![BlockId::ZERO; WIDTH];
    let mut all = Vec::new();
    while all.len() < PER_MILESTONE * MILESTONES {
        let mut parsed = Vec::with_capacity(WIDTH);
        for column in 0..WIDTH {
            let number = u64::try_from(all.len() + column).expect("few blocks");
            let noise = blake2b::hash(&number.to_le_bytes());
            let payload = match &mut wallets {
                Some(wallets) => wallets[column].pay(),
                None => Payload::TaggedData(TaggedData {
                    tag: b"bench".to_vec(),
                    data: [noise, noise].concat(),
                }),
            };
            let parents = vec![before[column], before[usize::from(noise[0])]];
            let block = Block {
                protocol_version: 2,
                parents: Parents::new(parents).expect("two parents"),
                payload: Some(payload),
                nonce: number,
            };
            parsed.push(ParsedBlock::parse(Bytes::from(block.to_bytes())).expect("a block"));
        }
        before = parsed.iter().map(|block| block.id).collect();
        let checked = check(parsed, &parameters(), &keys(key));
        all.extend(
            checked
                .into_iter()
                .map(|block| Arc::new(block.expect("a good block"))),
        );
    }
    all
}

fn engine(memory: &Memory, key: &SecretKey) -> Engine<Memory> {
    let parts = Parts {
        store: memory.clone(),
        keys: keys(key),
        tips: Box::new(UniformTips::new(UniformTipsConfig::default(), 1)),
        window: DagConfig {
            below_max_depth: 15,
            unsolid_count_max: 1_000,
            root_count_max: 100_000,
        },
        unreferenced_count_max: 400_000,
        coordinator: Some(CoordinatorPart {
            config: CoordinatorConfig {
                interval_ms: 1_000,
                pace: Pace::Steady,
            },
            keys: vec![key.clone()],
            seed: 1,
        }),
    };
    let bootstrap = Bootstrap {
        ledger_index: MilestoneIndex(0),
        last_milestone: None,
        last_milestone_id: MilestoneId::ZERO,
        last_milestone_timestamp: UnixSeconds(0),
        entry_points: vec![(BlockId::ZERO, MilestoneIndex(0))],
        schedule: ParameterSchedule::new(MilestoneIndex(0), parameters()),
        treasury: Treasury {
            milestone_id: MilestoneId::ZERO,
            amount: 0,
        },
        last_receipt: None,
        reservation: None,
    };
    Engine::new(parts, bootstrap)
}

/// Time spent in the engine.
#[derive(Default)]
struct Spent {
    blocks: Duration,
    milestones: Duration,
    milestone_count: u32,
}

fn step(engine: &mut Engine<Memory>, memory: &Memory, now: Time, input: Input, spent: &mut Spent) {
    let mut inputs = vec![input];
    while let Some(input) = inputs.pop() {
        let is_block = matches!(input, Input::Block(..));
        let mut effects = Vec::new();
        let started = Instant::now();
        let Ok(()) = engine.step(now, input, &mut effects);
        let elapsed = started.elapsed();
        if is_block {
            spent.blocks += elapsed;
        } else {
            spent.milestones += elapsed;
        }
        for effect in effects {
            match effect {
                Effect::Reserve(reservation) => inputs.push(Input::Reserved(reservation.index)),
                Effect::Commit(commit) => {
                    let mut outputs = memory.0.lock().expect("no panic");
                    for output in &commit.diff.created {
                        outputs.insert(output.id, Lookup::Unspent(Arc::clone(output)));
                    }
                    for (output, _) in &commit.diff.consumed {
                        outputs.insert(output.id, Lookup::Spent);
                    }
                    spent.milestone_count += 1;
                    inputs.push(Input::Committed(commit.milestone.milestone.index));
                }
                Effect::Halted(halt) => panic!("{halt}"),
                _ => {}
            }
        }
    }
}

fn measure(name: &str, with_transfers: bool) {
    let key = SecretKey::from_seed([7; 32]);
    let memory = Memory::default();
    let mut wallets = Vec::new();
    for number in 0..WIDTH {
        let key = SecretKey::from_seed(blake2b::hash(&number.to_le_bytes()));
        let address = Address::from_public_key(&key.public_key());
        let coin = OutputId::new(TransactionId(blake2b::hash(&number.to_le_bytes())), 0);
        let amount = 1 << 30;
        let output = Arc::new(LedgerOutput {
            id: coin,
            block_id: BlockId::ZERO,
            milestone_index: MilestoneIndex(0),
            milestone_timestamp: UnixSeconds(0),
            output: Output::basic(address, amount),
        });
        memory
            .0
            .lock()
            .expect("no panic")
            .insert(coin, Lookup::Unspent(output));
        wallets.push(Wallet { key, coin, amount });
    }
    let blocks = blocks(with_transfers.then_some(&mut wallets), &key);
    let mut engine = engine(&memory, &key);
    let mut spent = Spent::default();
    let start = 1_700_000_000_000;
    let Ok(()) = engine.resume(Time(start), &mut Vec::new());
    for (number, block) in blocks.iter().enumerate() {
        let now = Time(start + u64::try_from(number * 1_000 / PER_MILESTONE).expect("few"));
        if engine.due().is_some_and(|due| due <= now) {
            step(&mut engine, &memory, now, Input::Tick, &mut spent);
        }
        let input = Input::Block(Arc::clone(block), Source::Bulk);
        step(&mut engine, &memory, now, input, &mut spent);
    }
    let count = u32::try_from(blocks.len()).expect("few blocks");
    println!(
        "{name}: {:>5.0} ns a block, {:>5.0} ns of a milestone for each of its blocks, \
         {} milestones of {:.1} ms",
        spent.blocks.as_nanos() as f64 / f64::from(count),
        spent.milestones.as_nanos() as f64 / f64::from(count),
        spent.milestone_count,
        spent.milestones.as_secs_f64() * 1_000.0 / f64::from(spent.milestone_count),
    );
}

fn main() {
    measure("data blocks", false);
    measure("transfers  ", true);
}
