//! Sending a transaction, and following it until a milestone decides: promoted when it lingers,
//! attached again when its blocks are too old.

use std::time::{Duration, Instant};

use tangle_client::{Client, ClientError, InclusionState};
use tangle_crypto::pow;
use tangle_types::{
    Block, BlockId, Codec, ConflictReason, MilestoneIndex, PROTOCOL_VERSION, Parents, Payload,
    ProtocolParameters, TransactionId,
};

use crate::state::{Pending, State};

/// Pause between two looks at a block.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Tips that a block approves besides one of its own choice.
const TIPS_MAX: usize = 4;
/// Most blocks for one transaction.
const ATTACHMENTS_MAX: usize = 50;
/// Between two promotions of one block.
const PROMOTE_EVERY: Duration = Duration::from_secs(5);

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// This milestone took it into the ledger.
    Included(MilestoneIndex),
    /// It has no effect.
    Conflicting(ConflictReason),
    /// No milestone has decided yet.
    Open {
        /// Whether a block that approves it would help.
        should_promote: bool,
        /// Whether its blocks are too old.
        should_reattach: bool,
    },
}

/// Why a transaction is not in the ledger.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The node does not answer, or refuses.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The node gives nothing to attach to.
    #[error("the node gives no tips")]
    NoTips,
    /// A milestone decided against it.
    #[error("the ledger did not take transaction {id}: {reason}")]
    Conflict {
        /// Which transaction.
        id: TransactionId,
        /// Why.
        reason: ConflictReason,
    },
    /// Nothing is decided yet.
    #[error("no milestone has decided on transaction {id} within {seconds} s; it may still do")]
    Undecided {
        /// Which transaction.
        id: TransactionId,
        /// How long was waited.
        seconds: u64,
    },
}

impl SendError {
    /// Whether the node said no for good, rather than not at all or not now.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_status(400))
    }
}

/// What happens while a transaction is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is in this block.
    Attached(BlockId),
    /// It is in this block too.
    Reattached(BlockId),
    /// A block was sent that approves it.
    Promoted,
    /// It is in the ledger since this milestone.
    Included(MilestoneIndex),
}

/// Puts a payload into a block; without a payload, into one that approves `parent`.
///
/// # Errors
/// The node does not answer, refuses, or gives no tips.
pub async fn attach(
    client: &Client,
    parameters: &ProtocolParameters,
    payload: Option<Payload>,
    parent: Option<BlockId>,
) -> Result<BlockId, SendError> {
    let mut parents = client.tips().await?;
    parents.truncate(TIPS_MAX);
    parents.extend(parent);
    let block = Block {
        protocol_version: PROTOCOL_VERSION,
        parents: Parents::new(parents).ok_or(SendError::NoTips)?,
        payload,
        nonce: 0,
    };
    let bytes = with_proof_of_work(block.to_bytes(), parameters.pow_score_min).await;
    Ok(client.submit(bytes).await?)
}

/// Fills in the nonce.
async fn with_proof_of_work(mut block: Vec<u8>, score_min: u32) -> Vec<u8> {
    let zeros = pow::zeros_needed(block.len(), score_min);
    if zeros == 0 {
        return block;
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mined = tokio::task::spawn_blocking(move || {
        let nonce_at = block.len() - size_of::<u64>();
        let nonce = pow::mine(&block[..nonce_at], zeros, threads, &pow::Cancel::default())
            .expect("nobody cancels it");
        block[nonce_at..].copy_from_slice(&nonce.to_le_bytes());
        block
    });
    mined.await.expect("mining does not panic")
}

/// Sends a transaction, and remembers that it is on its way before the node can know of it. The
/// caller saves the state before and after.
///
/// # Errors
/// The node does not answer, or refuses.
pub async fn send(
    client: &Client,
    parameters: &ProtocolParameters,
    state: &mut State,
    id: TransactionId,
) -> Result<BlockId, SendError> {
    let Some(at) = position(state, id) else {
        return Err(SendError::NoTips);
    };
    let transaction = state.pending[at].transaction.clone();
    let payload = Payload::Transaction(Box::new(transaction));
    let block = attach(client, parameters, Some(payload), None).await?;
    state.pending[at].blocks.push(block);
    Ok(block)
}

/// Follows a transaction on its way until a milestone has decided, and no longer than `patience`.
///
/// # Errors
/// See [`SendError`]. After a conflict it is no longer on its way.
pub async fn follow(
    client: &Client,
    parameters: &ProtocolParameters,
    state: &mut State,
    id: TransactionId,
    patience: Duration,
    tell: &mut dyn FnMut(Step),
) -> Result<MilestoneIndex, SendError> {
    let started = Instant::now();
    let mut promoted = Instant::now();
    loop {
        let Some(at) = position(state, id) else {
            return Err(SendError::Undecided { id, seconds: 0 });
        };
        match fate(client, &state.pending[at]).await? {
            Fate::Included(milestone) => {
                state.pending.remove(at);
                tell(Step::Included(milestone));
                return Ok(milestone);
            }
            Fate::Conflicting(reason) => {
                state.pending.remove(at);
                return Err(SendError::Conflict { id, reason });
            }
            Fate::Open {
                should_reattach: true,
                ..
            } if state.pending[at].blocks.len() < ATTACHMENTS_MAX => {
                let block = send(client, parameters, state, id).await?;
                tell(Step::Reattached(block));
            }
            Fate::Open {
                should_promote: true,
                ..
            } if promoted.elapsed() > PROMOTE_EVERY => {
                let newest = state.pending[at].blocks.last().copied();
                attach(client, parameters, None, newest).await?;
                promoted = Instant::now();
                tell(Step::Promoted);
            }
            Fate::Open { .. } => {}
        }
        if started.elapsed() > patience {
            let seconds = started.elapsed().as_secs();
            return Err(SendError::Undecided { id, seconds });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn position(state: &State, id: TransactionId) -> Option<usize> {
    let mut pending = state.pending.iter();
    pending.position(|pending| pending.transaction.id() == id)
}

/// Takes from the list of transactions on their way those on which a milestone has decided, and
/// attaches again those whose blocks are too old.
pub(crate) async fn settle(
    client: &Client,
    parameters: &ProtocolParameters,
    state: &mut State,
) -> Result<(), SendError> {
    let ids: Vec<TransactionId> = state
        .pending
        .iter()
        .map(|pending| pending.transaction.id())
        .collect();
    for id in ids {
        let Some(at) = position(state, id) else {
            continue;
        };
        let pending = &state.pending[at];
        let is_double = pending.transaction.essence.inputs.iter().any(|input| {
            let spent = state.record(input).and_then(|record| record.spent);
            spent.is_some_and(|spent| spent.transaction_id != id)
        });
        match fate(client, pending).await? {
            Fate::Included(_) | Fate::Conflicting(_) => {
                state.pending.remove(at);
            }
            Fate::Open { .. } if is_double => {
                state.pending.remove(at);
            }
            Fate::Open {
                should_reattach: true,
                ..
            } if pending.blocks.len() < ATTACHMENTS_MAX => {
                send(client, parameters, state, id).await?;
            }
            Fate::Open { .. } => {}
        }
    }
    Ok(())
}

/// Helps on all transactions on their way that linger, each by a block that approves it. Those
/// whose blocks are too old are left to the next [`sync`](crate::sync()), which attaches them
/// again.
///
/// # Errors
/// The node does not answer, or refuses.
pub async fn promote(
    client: &Client,
    parameters: &ProtocolParameters,
    state: &State,
) -> Result<(), SendError> {
    for pending in &state.pending {
        let fate = fate(client, pending).await?;
        if let Fate::Open {
            should_promote: true,
            should_reattach: false,
        } = fate
        {
            attach(client, parameters, None, pending.blocks.last().copied()).await?;
        }
    }
    Ok(())
}

/// What became of a transaction, by what the node says of its blocks.
///
/// # Errors
/// The node does not answer, or refuses.
pub async fn fate(client: &Client, pending: &Pending) -> Result<Fate, ClientError> {
    let mut conflict = None;
    let (mut should_promote, mut should_reattach) = (false, true);
    for block in pending.blocks.iter().rev() {
        let Some(status) = client.block_status(block).await? else {
            continue;
        };
        match (
            status.ledger_inclusion_state,
            status.referenced_by_milestone_index,
        ) {
            (Some(InclusionState::Included), Some(milestone)) => {
                return Ok(Fate::Included(milestone));
            }
            (Some(_), _) => {
                let reason = status.conflict_reason.unwrap_or(u8::MAX);
                conflict = conflict.or(Some(ConflictReason::from_number(reason)));
            }
            (None, _) => {
                let is_old = status.should_reattach == Some(true);
                should_reattach &= is_old;
                should_promote |= status.should_promote == Some(true);
            }
        }
    }
    // Another block, known or not, may have brought the same transaction in; or the node has
    // pruned what it knew of the blocks, and still has the outputs.
    let first = tangle_types::OutputId::new(pending.transaction.id(), 0);
    if let Some(output) = client.output_status(&first).await? {
        return Ok(Fate::Included(output.milestone_index_booked));
    }
    if let Some(reason) = conflict {
        return Ok(Fate::Conflicting(reason));
    }
    Ok(Fate::Open {
        should_promote,
        should_reattach,
    })
}
