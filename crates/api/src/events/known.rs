//! What is known of a topic when somebody subscribes to it.

use tangle_node::{Handle, MilestoneSummary};
use tangle_storage::{ChainQuery, StoreError};
use tangle_types::{BlockId, OutputId, TransactionId};

use super::body::Body;
use super::topic::Topic;

/// The newest that can be told of a topic now.
pub(super) async fn of(node: &Handle, topic: &Topic) -> Result<Option<Body>, StoreError> {
    match topic {
        Topic::Latest => Ok(Body::summary(&latest(node)?)),
        Topic::Confirmed => Ok(Body::summary(&confirmed(node)?)),
        Topic::IncludedBlock(id) => match including(node, *id)? {
            Some(block_id) => block(node, &block_id).await,
            None => Ok(None),
        },
        Topic::BlockMetadata(id) => state(node, id).await,
        Topic::Output(id) => output(node, id),
        Topic::Alias(id) => chain(node, &ChainQuery::Alias(*id)),
        Topic::Nft(id) => chain(node, &ChainQuery::Nft(*id)),
        Topic::Foundry(id) => chain(node, &ChainQuery::Foundry(*id)),
        Topic::Milestones
        | Topic::Receipts
        | Topic::Blocks(_)
        | Topic::Referenced
        | Topic::TipScores
        | Topic::Unlock(..)
        | Topic::Live => Ok(None),
    }
}

/// The newest milestone in the store, which may be newer than the status.
pub(super) fn confirmed(node: &Handle) -> Result<MilestoneSummary, StoreError> {
    let reader = node.reader();
    let stored = reader.milestone(reader.ledger_index())?;
    Ok(match stored {
        Some(stored) => MilestoneSummary {
            index: stored.milestone.index,
            timestamp: Some(stored.milestone.timestamp),
            id: Some(stored.id),
        },
        None => node.status().confirmed,
    })
}

/// The newest milestone known.
pub(super) fn latest(node: &Handle) -> Result<MilestoneSummary, StoreError> {
    let (latest, confirmed) = (node.status().latest, confirmed(node)?);
    Ok(if latest.index > confirmed.index {
        latest
    } else {
        confirmed
    })
}

/// The block that brought a transaction into the ledger. A transaction has at least one output, and
/// that knows its block; what came with a genesis or a receipt has none.
fn including(node: &Handle, id: TransactionId) -> Result<Option<BlockId>, StoreError> {
    let record = node.reader().output_record(&OutputId::new(id, 0))?;
    let block_id = record.map(|record| record.output.block_id);
    Ok(block_id.filter(|block_id| !block_id.is_zero()))
}

/// A block.
pub(super) async fn block(node: &Handle, id: &BlockId) -> Result<Option<Body>, StoreError> {
    let bytes = node.block(id).await?;
    Ok(bytes.map(|bytes| Body::Block(*id, bytes)))
}

/// Where a block stands.
pub(super) async fn state(node: &Handle, id: &BlockId) -> Result<Option<Body>, StoreError> {
    let state = node.block_state(id).await?;
    Ok(state.map(|state| Body::state(*id, state)))
}

fn output(node: &Handle, id: &OutputId) -> Result<Option<Body>, StoreError> {
    let record = node.reader().output_record(id)?;
    Ok(record.as_ref().map(Body::output))
}

fn chain(node: &Handle, query: &ChainQuery) -> Result<Option<Body>, StoreError> {
    match node.reader().chain_output(query)? {
        (Some(id), _) => output(node, &id),
        (None, _) => Ok(None),
    }
}
