//! The way in: blocks are parsed and checked in batches on a few threads, then handed to the
//! engine.
//!
//! Clients wait for an answer and go first; blocks in bulk come behind them. Both queues are
//! bounded: the client's by permits that its callers hold, the bulk's by blocking whoever fills it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded, select_biased};
use tangle_consensus::MilestoneKeys;
use tangle_engine::{BlockError, CheckedBlock, Input, check};
use tangle_storage::Reader;
use tangle_sync::{Offence, PeerKey};
use tangle_types::{BlockId, ParsedBlock, ProtocolParameters};
use tokio::sync::oneshot;

use crate::SubmitError;
use crate::driver::Message;
use crate::gate::{Gate, Load, Permit};
use crate::status::Queue;

/// Clients that may wait at once.
pub(crate) const CLIENTS_MAX: usize = 1_024;
/// Blocks that are checked together at most: enough to fill the lanes of every kernel.
const BATCH_BLOCKS_MAX: usize = 256;
/// Bulk parcels that may wait.
const PARCELS_MAX: usize = 64;
/// What of blocks in bulk may wait: some ten milliseconds of work.
const BULK_MAX: Load = Load {
    blocks: 2_048,
    bytes: 2 << 20,
};
/// What may wait for the engine: some ten milliseconds of its work.
const CHECKED_MAX: Load = Load {
    blocks: 8_192,
    bytes: 8 << 20,
};
/// Milestones by which the ledger store may lag before no more blocks get in.
const LEDGER_LAG_MAX: usize = 2;
/// How long a look at the lag lasts.
const LAG_PATIENCE: Duration = Duration::from_millis(100);

/// What a client hears of its block.
pub(crate) type Answer = oneshot::Sender<Result<BlockId, SubmitError>>;

/// Where a block comes from, with who waits for it.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A client.
    Client(Answer),
    /// Somebody at this node who does not wait.
    Bulk,
    /// A neighbour.
    Peer(PeerKey),
    /// The coordinator's checkpoint.
    Checkpoint,
}

/// A block on its way to the engine.
pub(crate) type Arrival = (Arc<CheckedBlock>, Origin);

/// The protocol parameters that new blocks are held to; the engine's thread renews them.
pub(crate) type CurrentParameters = Arc<RwLock<Arc<ProtocolParameters>>>;

#[derive(Debug)]
enum Single {
    Block(Box<ParsedBlock>, Origin),
    Stop,
}

/// Raw blocks in bulk, from a neighbour or from somebody at this node.
#[derive(Debug)]
struct Parcel {
    from: Option<PeerKey>,
    blocks: Vec<Bytes>,
}

/// The door for blocks. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    singles: Sender<Single>,
    parcels: Sender<(Parcel, Permit)>,
    bulk: Arc<Gate>,
    refused: Arc<AtomicU64>,
}

/// What the checking threads share.
#[derive(Clone)]
struct Checker {
    singles: Receiver<Single>,
    parcels: Receiver<(Parcel, Permit)>,
    engine: Sender<Message>,
    checked: Arc<Gate>,
    store: Reader,
    parameters: CurrentParameters,
    keys: Arc<MilestoneKeys>,
    /// Blocks that broke a rule.
    refused: Arc<AtomicU64>,
}

impl Intake {
    /// Starts `thread_count` checking threads that feed `engine`.
    pub(crate) fn start(
        thread_count: usize,
        engine: &Sender<Message>,
        store: &Reader,
        parameters: &CurrentParameters,
        keys: MilestoneKeys,
    ) -> (Self, Vec<JoinHandle<()>>) {
        let (singles_in, singles) = bounded(CLIENTS_MAX + 64);
        let (parcels_in, parcels) = bounded(PARCELS_MAX);
        let checker = Checker {
            singles,
            parcels,
            engine: engine.clone(),
            checked: Gate::new(CHECKED_MAX),
            store: store.clone(),
            parameters: Arc::clone(parameters),
            keys: Arc::new(keys),
            refused: Arc::default(),
        };
        let refused = Arc::clone(&checker.refused);
        let start = |number: usize| {
            let checker = checker.clone();
            std::thread::Builder::new()
                .name(format!("check-{number}"))
                .spawn(move || checker.run())
                .expect("the system can start a thread")
        };
        let threads = (0..thread_count.max(1)).map(start).collect();
        (
            Self {
                singles: singles_in,
                parcels: parcels_in,
                bulk: Gate::new(BULK_MAX),
                refused,
            },
            threads,
        )
    }

    /// Hands in one parsed block. The caller holds a permit, so that there is room.
    pub(crate) fn hand_in(&self, block: ParsedBlock, origin: Origin) -> Result<(), SubmitError> {
        let single = Single::Block(Box::new(block), origin);
        self.singles.try_send(single).map_err(|_| SubmitError::Busy)
    }

    /// Hands in raw blocks in bulk, blocking while too many wait. `false` when the node stops.
    pub(crate) fn hand_in_bulk(&self, blocks: Vec<Bytes>) -> bool {
        self.hand_in_parcel(Parcel { from: None, blocks })
    }

    /// Hands in raw blocks of a neighbour, blocking while too many wait. `false` when the node
    /// stops.
    pub(crate) fn hand_in_from(&self, peer: PeerKey, blocks: Vec<Bytes>) -> bool {
        let from = Some(peer);
        self.hand_in_parcel(Parcel { from, blocks })
    }

    fn hand_in_parcel(&self, parcel: Parcel) -> bool {
        let permit = self
            .bulk
            .enter(Load::of(parcel.blocks.iter().map(Bytes::len)));
        self.parcels.send((parcel, permit)).is_ok()
    }

    /// What waits to be checked.
    pub(crate) fn queues(&self) -> [Queue; 2] {
        [
            Queue::of("clients", &self.singles),
            Queue::of("bulk", &self.parcels),
        ]
    }

    /// Blocks that broke a rule, since the start.
    pub(crate) fn refused_total(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Tells one checking thread to end.
    pub(crate) fn stop_one(&self) {
        // Fails only when all threads have ended.
        let _ = self.singles.send(Single::Stop);
    }
}

impl Checker {
    fn run(self) {
        loop {
            let (mut parsed, mut origins) = (Vec::new(), Vec::new());
            let mut is_stopping = false;
            select_biased! {
                recv(self.singles) -> single => match single {
                    Ok(Single::Block(block, origin)) => {
                        parsed.push(*block);
                        origins.push(origin);
                        is_stopping = self.collect_singles(&mut parsed, &mut origins);
                    }
                    Ok(Single::Stop) | Err(_) => return,
                },
                recv(self.parcels) -> parcel => match parcel {
                    Ok((parcel, _permit)) => {
                        self.unpack(parcel, &mut parsed, &mut origins);
                        while parsed.len() < BATCH_BLOCKS_MAX
                            && let Ok((parcel, _permit)) = self.parcels.try_recv()
                        {
                            self.unpack(parcel, &mut parsed, &mut origins);
                        }
                    }
                    Err(_) => return,
                },
            }
            if !self.check(parsed, origins) || is_stopping {
                return;
            }
        }
    }

    /// Takes what else waits; whether a stop was among it.
    fn collect_singles(&self, parsed: &mut Vec<ParsedBlock>, origins: &mut Vec<Origin>) -> bool {
        while parsed.len() < BATCH_BLOCKS_MAX {
            match self.singles.try_recv() {
                Ok(Single::Block(block, origin)) => {
                    parsed.push(*block);
                    origins.push(origin);
                }
                Ok(Single::Stop) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    fn unpack(&self, parcel: Parcel, parsed: &mut Vec<ParsedBlock>, origins: &mut Vec<Origin>) {
        for result in ParsedBlock::parse_many(parcel.blocks) {
            match result {
                Ok(block) => {
                    parsed.push(block);
                    origins.push(parcel.from.map_or(Origin::Bulk, Origin::Peer));
                }
                Err(error) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(%error, "refused a block that cannot be read");
                    self.blame(parcel.from, Offence::Unreadable);
                }
            }
        }
    }

    /// Tells the engine that a neighbour did something wrong.
    fn blame(&self, peer: Option<PeerKey>, offence: Offence) {
        if let Some(peer) = peer {
            let inputs = vec![Input::Misbehaved(peer, offence)];
            // Fails only when the engine has ended; the next blocks find that out.
            let _ = self.engine.send(Message::Neighbours(inputs));
        }
    }

    /// Checks a batch and sends it on. `false` when the engine is gone.
    fn check(&self, parsed: Vec<ParsedBlock>, origins: Vec<Origin>) -> bool {
        let parameters = Arc::clone(&self.parameters.read().expect("no holder panics"));
        let results = check(parsed, &parameters, &self.keys);
        let mut arrivals = Vec::with_capacity(results.len());
        for (result, origin) in results.into_iter().zip(origins) {
            match result {
                // What a neighbour sent may be needed with its flaw; the engine knows.
                Ok(block) => match (block.flaw(), &origin) {
                    (Some(flaw), Origin::Client(_) | Origin::Bulk) => {
                        self.refused.fetch_add(1, Ordering::Relaxed);
                        refuse(flaw, origin);
                    }
                    _ => arrivals.push((Arc::new(block), origin)),
                },
                Err(error) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    if let Origin::Peer(peer) = origin {
                        self.blame(Some(peer), Offence::Block);
                    }
                    refuse(&error, origin);
                }
            }
        }
        if arrivals.is_empty() {
            return true;
        }
        // Milestones do not wait for the ledger store; what would make it lag further does.
        while !self.store.wait_for_lag(LEDGER_LAG_MAX, LAG_PATIENCE) {}
        let lengths = arrivals.iter().map(|(block, _)| block.parsed().bytes.len());
        let permit = self.checked.enter(Load::of(lengths));
        self.engine.send(Message::Blocks(arrivals, permit)).is_ok()
    }
}

fn refuse(error: &BlockError, origin: Origin) {
    match origin {
        Origin::Client(answer) => {
            // The client may have gone away.
            let _ = answer.send(Err(SubmitError::Invalid(error.to_string())));
        }
        Origin::Bulk | Origin::Checkpoint | Origin::Peer(_) => {
            tracing::debug!(%error, "refused a block")
        }
    }
}
