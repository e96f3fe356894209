//! What becomes of blocks: a sample of them, and all pairs that conflict.
//!
//! Something is decided only when a milestone is; so the node is asked for its newest milestone
//! often, and for the blocks once for each.

use std::time::{Duration, Instant};

use tangle_client::{ClientError, InclusionState};
use tangle_types::{BlockId, MilestoneIndex};

use super::Shared;
use super::purse::Held;
use super::schedule::Kind;

/// Most blocks of the sample that are followed at a time.
const SAMPLE_MAX: usize = 256;
/// Least time between two blocks of a kind in the sample, so that it is spread over the time
/// between milestones, and no kind is left out because it always comes right after another one.
const SAMPLE_EVERY: Duration = Duration::from_millis(25);
/// Time between two looks at the milestones.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Pause after the node failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// After this long a block is not followed any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Blocks that are followed.
#[derive(Debug)]
struct Followed {
    sent: Instant,
    what: What,
}

#[derive(Debug)]
enum What {
    One(BlockId),
    Pair(Box<[(BlockId, Held); 2]>),
}

/// All that is followed. Of the sample further blocks are left out when it is full; pairs are
/// no more than there are coins, of which each keeps one.
#[derive(Debug, Default)]
pub(super) struct FollowList {
    open: Vec<Followed>,
    sample_count: usize,
    /// When blocks with data, and with transfers, were taken into the sample last.
    sampled: [Option<Instant>; 2],
}

impl FollowList {
    /// Follows a block, if there is room; whether it does.
    pub(super) fn sample(&mut self, block: BlockId, kind: Kind) -> bool {
        let sampled = &mut self.sampled[usize::from(kind != Kind::Data)];
        let is_early = sampled.is_some_and(|sampled| sampled.elapsed() < SAMPLE_EVERY);
        if is_early || self.sample_count >= SAMPLE_MAX {
            return false;
        }
        let sent = Instant::now();
        *sampled = Some(sent);
        self.sample_count += 1;
        self.open.push(Followed {
            sent,
            what: What::One(block),
        });
        true
    }

    /// Follows both blocks of a pair.
    pub(super) fn pair(&mut self, blocks: [(BlockId, Held); 2]) {
        self.open.push(Followed {
            sent: Instant::now(),
            what: What::Pair(Box::new(blocks)),
        });
    }

    fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn take(&mut self) -> Vec<Followed> {
        self.sample_count = 0;
        std::mem::take(&mut self.open)
    }

    fn give_back(&mut self, open: Vec<Followed>) {
        let ones = open.iter().filter(|one| matches!(one.what, What::One(_)));
        self.sample_count += ones.count();
        self.open.extend(open);
    }
}

/// Follows until it is dropped.
pub(super) async fn run(shared: &Shared) {
    let mut seen = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if shared.followed().is_empty() {
            continue;
        }
        if let Err(error) = look(shared, &mut seen).await {
            tracing::debug!(%error, "blocks cannot be followed for the moment");
            tokio::time::sleep(FAILURE_PAUSE).await;
        }
    }
}

async fn look(shared: &Shared, seen: &mut Option<MilestoneIndex>) -> Result<(), ClientError> {
    let confirmed = shared.client.info().await?.status.confirmed_milestone.index;
    let now = Instant::now();
    if *seen == Some(confirmed) {
        return Ok(());
    }
    *seen = Some(confirmed);
    let list = shared.followed().take();
    let mut open = Vec::new();
    let mut failed = None;
    for followed in list {
        let is_decided = match &failed {
            None => decide(shared, &followed, now).await,
            Some(_) => Ok(false),
        };
        match is_decided {
            Ok(true) => shared.tally().open -= 1,
            Ok(false) if followed.sent.elapsed() > PATIENCE => {
                if matches!(followed.what, What::Pair(_)) {
                    shared.tally().pairs.undecided += 1;
                }
                shared.tally().open -= 1;
            }
            Ok(false) => open.push(followed),
            Err(error) => {
                failed = Some(error);
                open.push(followed);
            }
        }
    }
    shared.followed().give_back(open);
    failed.map_or(Ok(()), Err)
}

/// Whether it is known what became of the block or the pair, as of `now`; if so it is counted.
async fn decide(shared: &Shared, followed: &Followed, now: Instant) -> Result<bool, ClientError> {
    match &followed.what {
        What::One(block) => {
            let Some(state) = state(shared, block).await? else {
                return Ok(false);
            };
            let mut tally = shared.tally();
            tally.referenced(state, now.saturating_duration_since(followed.sent));
        }
        What::Pair(pair) => {
            let [first, second] = pair.as_ref();
            let (Some(first_state), Some(second_state)) = (
                state(shared, &first.0).await?,
                state(shared, &second.0).await?,
            ) else {
                return Ok(false);
            };
            let included = InclusionState::Included;
            let held = match (first_state == included, second_state == included) {
                (true, true) => {
                    shared.tally().pairs.both_included += 1;
                    None
                }
                (false, false) => {
                    shared.tally().pairs.none_included += 1;
                    None
                }
                (is_first, _) => {
                    shared.tally().pairs.decided += 1;
                    Some(if is_first { &first.1 } else { &second.1 })
                }
            };
            shared.put_back(held.map(|held| Held {
                coin: held.coin.clone(),
                carrier: None,
            }));
        }
    }
    Ok(true)
}

async fn state(shared: &Shared, block: &BlockId) -> Result<Option<InclusionState>, ClientError> {
    let status = shared.client.block_status(block).await?;
    Ok(status.and_then(|status| status.ledger_inclusion_state))
}
