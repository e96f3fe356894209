//! The way in: blocks are parsed and checked in batches on a few threads, then handed to the
//! engine.
//!
//! Clients wait for an answer and go first; blocks in bulk come behind them. Both queues are
//! bounded: the client's by permits that its callers hold, the bulk's by blocking whoever fills it.

use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded, select_biased};
use tangle_consensus::MilestoneKeys;
use tangle_engine::{BlockError, CheckedBlock, check};
use tangle_types::{BlockId, ParsedBlock, ProtocolParameters};
use tokio::sync::oneshot;

use crate::SubmitError;
use crate::driver::Message;

/// Clients that may wait at once.
pub(crate) const CLIENTS_MAX: usize = 1_024;
/// Blocks that are checked together at most: enough to fill the lanes of every kernel.
const BATCH_BLOCKS_MAX: usize = 256;
/// Bulk parcels that may wait.
const PARCELS_MAX: usize = 64;

/// What a client hears of its block.
pub(crate) type Answer = oneshot::Sender<Result<BlockId, SubmitError>>;

/// Where a block comes from, with who waits for it.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A client.
    Client(Answer),
    /// Somebody who does not wait.
    Peer,
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

/// The door for blocks. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    singles: Sender<Single>,
    parcels: Sender<Vec<Bytes>>,
}

/// What the checking threads share.
#[derive(Clone)]
struct Checker {
    singles: Receiver<Single>,
    parcels: Receiver<Vec<Bytes>>,
    engine: Sender<Message>,
    parameters: CurrentParameters,
    keys: Arc<MilestoneKeys>,
}

impl Intake {
    /// Starts `thread_count` checking threads that feed `engine`.
    pub(crate) fn start(
        thread_count: usize,
        engine: &Sender<Message>,
        parameters: &CurrentParameters,
        keys: MilestoneKeys,
    ) -> (Self, Vec<JoinHandle<()>>) {
        let (singles_in, singles) = bounded(CLIENTS_MAX + 64);
        let (parcels_in, parcels) = bounded(PARCELS_MAX);
        let checker = Checker {
            singles,
            parcels,
            engine: engine.clone(),
            parameters: Arc::clone(parameters),
            keys: Arc::new(keys),
        };
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
        self.parcels.send(blocks).is_ok()
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
                    Ok(parcel) => {
                        self.unpack(parcel, &mut parsed);
                        while parsed.len() < BATCH_BLOCKS_MAX
                            && let Ok(parcel) = self.parcels.try_recv()
                        {
                            self.unpack(parcel, &mut parsed);
                        }
                        origins.resize_with(parsed.len(), || Origin::Peer);
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

    fn unpack(&self, parcel: Vec<Bytes>, parsed: &mut Vec<ParsedBlock>) {
        for result in ParsedBlock::parse_many(parcel) {
            match result {
                Ok(block) => parsed.push(block),
                Err(error) => tracing::debug!(%error, "refused a block that cannot be read"),
            }
        }
    }

    /// Checks a batch and sends it on. `false` when the engine is gone.
    fn check(&self, parsed: Vec<ParsedBlock>, origins: Vec<Origin>) -> bool {
        let parameters = Arc::clone(&self.parameters.read().expect("no holder panics"));
        let results = check(parsed, &parameters, &self.keys);
        let mut arrivals = Vec::with_capacity(results.len());
        for (result, origin) in results.into_iter().zip(origins) {
            match result {
                Ok(block) => arrivals.push((Arc::new(block), origin)),
                Err(error) => refuse(&error, origin),
            }
        }
        arrivals.is_empty() || self.engine.send(Message::Blocks(arrivals)).is_ok()
    }
}

fn refuse(error: &BlockError, origin: Origin) {
    match origin {
        Origin::Client(answer) => {
            // The client may have gone away.
            let _ = answer.send(Err(SubmitError::Invalid(error.to_string())));
        }
        Origin::Peer | Origin::Checkpoint => tracing::debug!(%error, "refused a block"),
    }
}
