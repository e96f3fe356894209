//! A client's block on its way in: what is missing is filled in, then it is checked like any other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tangle_crypto::pow::{self, Cancel};
use tangle_dag::TipRequest;
use tangle_types::{BlockId, Codec, DraftBlock, Parents, ParsedBlock, validate};
use tokio::sync::oneshot;

use crate::handle::Shared;
use crate::intake::Origin;
use crate::{SubmitError, TipsError};

/// Parents that the node gives to a block that has none.
const PARENT_COUNT: usize = 2;
/// Longest wait for a place in the queue.
const PLACE_WAIT: Duration = Duration::from_secs(2);
/// How long a search for a nonce goes on before the parents are chosen anew.
const PARENTS_FRESH: Duration = Duration::from_secs(5);

/// Takes a block in bytes, complete or not.
pub(crate) async fn submit(shared: &Arc<Shared>, bytes: Bytes) -> Result<BlockId, SubmitError> {
    // A draft without parents has a zero where a block has its number of parents.
    let has_parents = bytes.get(1).is_some_and(|count| *count != 0);
    if !has_parents {
        let draft = DraftBlock::from_bytes(&bytes).map_err(invalid)?;
        return submit_draft(shared, draft).await;
    }
    let parsed = ParsedBlock::parse(bytes).map_err(invalid)?;
    if parsed.block.nonce == 0 && parsed.milestone_id.is_none() {
        let score_min = score_min(shared);
        if score_min > 0
            && !pow::is_sufficient(
                pow::trailing_zeros(&parsed.bytes),
                parsed.bytes.len(),
                score_min,
            )
        {
            return submit_draft(shared, DraftBlock::from(parsed.block)).await;
        }
    }
    hand_in(shared, parsed).await
}

/// Takes a block of which parents and nonce may be missing.
pub(crate) async fn submit_draft(
    shared: &Arc<Shared>,
    draft: DraftBlock,
) -> Result<BlockId, SubmitError> {
    let chooses_parents = draft.parents.is_none();
    if chooses_parents && draft.nonce != 0 {
        return Err(SubmitError::Invalid(format!(
            "a block without parents cannot have the nonce {}: give parents, or leave out the nonce",
            draft.nonce
        )));
    }
    let is_mined = draft.nonce != 0
        || score_min(shared) == 0
        || matches!(draft.payload, Some(tangle_types::Payload::Milestone(_)));
    if !is_mined && !shared.board.read().pow_enabled {
        return Err(SubmitError::PowUnavailable);
    }
    loop {
        let parents = match &draft.parents {
            Some(parents) => parents.clone(),
            None => choose_parents(shared).await?,
        };
        let nonce = draft.nonce;
        let bytes = draft.clone().complete(parents, nonce).to_bytes();
        if is_mined {
            return hand_in(
                shared,
                ParsedBlock::parse(Bytes::from(bytes)).map_err(invalid)?,
            )
            .await;
        }
        // What breaks a rule is refused before any work is put into it.
        let parsed = ParsedBlock::parse(Bytes::copy_from_slice(&bytes)).map_err(invalid)?;
        let parameters = Arc::clone(&shared.parameters.read().expect("no holder panics"));
        validate(&parsed.block, &parameters).map_err(invalid)?;
        if let Some(bytes) = mine(shared, bytes, chooses_parents).await? {
            return hand_in(shared, ParsedBlock::parse(bytes).map_err(invalid)?).await;
        }
    }
}

async fn hand_in(shared: &Shared, block: ParsedBlock) -> Result<BlockId, SubmitError> {
    if !shared.board.read().is_synced {
        return Err(SubmitError::NotSynced);
    }
    let place = tokio::time::timeout(PLACE_WAIT, shared.clients.acquire());
    let Ok(place) = place.await else {
        return Err(SubmitError::Busy);
    };
    let _place = place.map_err(|_| SubmitError::Stopping)?;
    let (answer, answered) = oneshot::channel();
    shared.intake.hand_in(block, Origin::Client(answer))?;
    answered.await.unwrap_or(Err(SubmitError::Stopping))
}

async fn choose_parents(shared: &Shared) -> Result<Parents, SubmitError> {
    let tips = shared
        .tips(TipRequest {
            count: PARENT_COUNT,
            semi_lazy: false,
        })
        .await;
    let tips = tips.map_err(|error| match error {
        TipsError::NotSynced => SubmitError::NotSynced,
        TipsError::NoTips => SubmitError::NoTips,
        TipsError::Stopping => SubmitError::Stopping,
    })?;
    Parents::new(tips).ok_or(SubmitError::NoTips)
}

/// Fills in the nonce, one client at a time. `None` when it took so long that parents which the
/// node chose are stale. A client that goes away stops the search.
async fn mine(
    shared: &Arc<Shared>,
    mut bytes: Vec<u8>,
    chooses_parents: bool,
) -> Result<Option<Bytes>, SubmitError> {
    let zeros = pow::zeros_needed(bytes.len(), score_min(shared));
    let _turn = shared
        .miner
        .acquire()
        .await
        .map_err(|_| SubmitError::Stopping)?;
    let cancel = Cancel::new(AtomicBool::new(false));
    let _stop = StopOnDrop(Arc::clone(&cancel));
    let thread_count = shared.pow_thread_count;
    let search = tokio::task::spawn_blocking(move || {
        let nonce_at = bytes.len() - size_of::<u64>();
        let nonce = pow::mine(&bytes[..nonce_at], zeros, thread_count, &cancel)?;
        bytes[nonce_at..].copy_from_slice(&nonce.to_le_bytes());
        Some(Bytes::from(bytes))
    });
    let found = if chooses_parents {
        match tokio::time::timeout(PARENTS_FRESH, search).await {
            Ok(found) => found,
            Err(_) => return Ok(None),
        }
    } else {
        search.await
    };
    found.map_err(|_| SubmitError::Stopping)
}

struct StopOnDrop(Cancel);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn score_min(shared: &Shared) -> u32 {
    shared
        .parameters
        .read()
        .expect("no holder panics")
        .pow_score_min
}

fn invalid(error: impl std::fmt::Display) -> SubmitError {
    SubmitError::Invalid(error.to_string())
}
