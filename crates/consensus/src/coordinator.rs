//! The coordinator: chooses heaviest branches and issues milestones at a steady pace.
//!
//! It issues nothing by itself: [`Coordinator::plan`] says which parents a milestone would have,
//! the caller computes the white-flag roots over them, [`Coordinator::sign`] makes the milestone,
//! and the caller makes it durable before anyone sees it.
//!
//! Time runs in slots of one interval. A milestone belongs to the slot in which it was due, even
//! when it comes a little late, so that delays do not add up; slots that were missed altogether are
//! left out.
//!
//! ```text
//!   slot        slot        slot                          slot
//!   |....merge M|....merge  | M  .merge M|                M
//!                              late       the machine slept
//! ```
//!
//! On demand, a slot stands open until blocks wait, and the milestone comes at once then; see
//! [`Pace`].
//!
//! A milestone has room for seven tips besides the milestone before it. When there are more, they
//! are merged by checkpoints, which are blocks without payload: in the last quarter of a slot, or
//! at any time when tips are very many.

use std::collections::VecDeque;

use tangle_crypto::ed25519::SecretKey;
use tangle_types::{
    Block, BlockId, Milestone, MilestoneId, MilestoneIndex, MilestoneOption, MilestoneSignature,
    PARENTS_MAX, ParametersOption, Parents, UnixSeconds,
};

use crate::MilestoneKeys;
use crate::branches::{Branches, Choice};

#[cfg(test)]
mod tests;

/// Timestamps are whole seconds and rise strictly, so there can be no more than one a second.
pub const INTERVAL_MS_MIN: u64 = 1_000;
/// Tips that a milestone approves besides the milestone before it.
const MILESTONE_TIPS: Choice = Choice {
    heaviest: 5,
    random: 2,
};
/// Tips that a checkpoint approves.
const CHECKPOINT_TIPS: Choice = Choice {
    heaviest: 6,
    random: 2,
};
const _: () = assert!(MILESTONE_TIPS.heaviest + MILESTONE_TIPS.random < PARENTS_MAX);
const _: () = assert!(CHECKPOINT_TIPS.heaviest + CHECKPOINT_TIPS.random <= PARENTS_MAX);
/// Tips from which on they are merged at any time: far more than honest traffic has.
const WIDE_TIP_COUNT: usize = 1_024;

/// How long a coordinator on demand is silent when nothing happens. Clients compare their clock
/// with the newest milestone: the SDK refuses to build transactions when it is five minutes old.
const IDLE_MS_MAX: u64 = 240_000;

/// How a coordinator works.
#[derive(Clone, Debug)]
pub struct CoordinatorConfig {
    /// Milliseconds between milestones; at least [`INTERVAL_MS_MIN`].
    pub interval_ms: u64,
    /// When milestones come.
    pub pace: Pace,
}

/// When milestones come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// One every interval.
    #[default]
    Steady,
    /// One as soon as blocks wait for it and the interval since the one before it is over; when
    /// nothing happens, one every four minutes.
    OnDemand,
}

/// The milestone before the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its id; zero at genesis.
    pub id: MilestoneId,
    /// The block that carried it; zero at genesis.
    pub block_id: BlockId,
    /// Its timestamp; zero at genesis.
    pub timestamp: UnixSeconds,
}

/// What the next milestone starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneDraft {
    /// Index of the milestone to issue.
    pub index: MilestoneIndex,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
    /// Where its cone starts.
    pub parents: Vec<BlockId>,
}

/// The white-flag result over a draft's parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MilestoneRoots {
    /// Root over all referenced blocks.
    pub inclusion: [u8; 32],
    /// Root over included transactions' blocks.
    pub applied: [u8; 32],
}

/// Why a milestone cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// This coordinator holds too few of the keys that may sign the index.
    #[error(
        "milestone {index} needs {needed} signatures, this coordinator holds {found} keys for it"
    )]
    TooFewKeys {
        /// The milestone.
        index: MilestoneIndex,
        /// The threshold.
        needed: usize,
        /// Keys held that may sign it.
        found: usize,
    },
}

/// Issues milestones.
#[derive(Debug)]
pub struct Coordinator {
    interval_ms: u64,
    pace: Pace,
    keys: Vec<SecretKey>,
    previous: Previous,
    /// Parent when there is no milestone block yet.
    entry_point: BlockId,
    branches: Branches,
    slot_ms: u64,
    /// The highest index for which a milestone was signed, now or before a restart.
    reserved: MilestoneIndex,
    /// Whether the last quarter of the slot has begun.
    is_merging: bool,
    /// Parents of checkpoints that were not asked for yet.
    checkpoint_queue: VecDeque<Vec<BlockId>>,
    /// Checkpoints asked for and not seen yet.
    checkpoint_count: usize,
    /// Checkpoints that may still be asked for in this slot: enough for the tips at its beginning,
    /// so that tips which come up meanwhile do not keep the merging going.
    checkpoints_left: usize,
}

impl Coordinator {
    /// A coordinator that goes on after `previous`. The milestone approves `entry_point` when there
    /// is no milestone block before it. Choices follow from `seed`.
    #[must_use]
    pub fn new(
        config: &CoordinatorConfig,
        keys: Vec<SecretKey>,
        previous: Previous,
        entry_point: BlockId,
        seed: u64,
    ) -> Self {
        Self {
            interval_ms: config.interval_ms.max(INTERVAL_MS_MIN),
            pace: config.pace,
            keys,
            previous,
            entry_point,
            branches: Branches::new(seed),
            slot_ms: 0,
            reserved: previous.index,
            is_merging: false,
            checkpoint_queue: VecDeque::new(),
            checkpoint_count: 0,
            checkpoints_left: 0,
        }
    }

    /// Starts the clock: the first milestone is due as soon as its timestamp can be real time.
    pub fn start(&mut self, now_ms: u64) {
        self.slot_ms = self.not_before(now_ms, now_ms);
    }

    /// A milestone for `index` was signed before a restart; no other one ever will be.
    pub fn on_reserved(&mut self, index: MilestoneIndex) {
        self.reserved = self.reserved.max(index);
    }

    /// A block became solid and may be confirmed.
    pub fn on_solid(&mut self, id: BlockId, parents: &[BlockId]) {
        self.branches.add(id, parents);
    }

    /// When there is something to do next, in milliseconds since 1970: checkpoints or a milestone.
    /// `None` while a milestone is on its way.
    #[must_use]
    pub fn wake_ms(&self) -> Option<u64> {
        let due_ms = self.due_ms()?;
        let merging_ms = due_ms.saturating_sub(self.interval_ms / 4);
        Some(if self.is_merging { due_ms } else { merging_ms })
    }

    /// When the next milestone is due, in milliseconds since 1970; `None` while one is on its way.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        if self.reserved != self.previous.index {
            return None;
        }
        let nothing_waits = self.branches.len() == 0 && self.checkpoint_count == 0;
        Some(match self.pace {
            Pace::OnDemand if nothing_waits => self.slot_ms.max(self.idle_until_ms()),
            Pace::OnDemand | Pace::Steady => self.slot_ms,
        })
    }

    /// Parents of the checkpoint blocks (no payload) that are to be made now, if at most `at_once`
    /// may be in the making.
    pub fn checkpoints(&mut self, now_ms: u64, at_once: usize) -> Vec<Vec<BlockId>> {
        let Some(due_ms) = self.due_ms() else {
            return Vec::new();
        };
        if self.slot_ms > now_ms.saturating_add(2 * self.interval_ms) {
            // The clock was set back.
            self.slot_ms = self.not_before(self.slot_ms, now_ms);
            return Vec::new();
        }
        if !self.is_merging && now_ms.saturating_add(self.interval_ms / 4) >= due_ms {
            self.is_merging = true;
            self.checkpoints_left = self.branches.len() / 4;
        }
        let is_wide = self.branches.len() > WIDE_TIP_COUNT;
        let mut checkpoints = Vec::new();
        while self.checkpoint_count < at_once
            && (is_wide || self.is_merging && self.checkpoints_left > 0)
        {
            if self.checkpoint_queue.is_empty() {
                let needed = self.checkpoints_needed();
                self.checkpoint_queue = self.branches.merge(CHECKPOINT_TIPS, needed);
            }
            let Some(parents) = self.checkpoint_queue.pop_front() else {
                break;
            };
            checkpoints.push(parents);
            self.checkpoint_count += 1;
            self.checkpoints_left = self.checkpoints_left.saturating_sub(1);
        }
        checkpoints
    }

    /// Checkpoints that leave no more tips than a milestone has room for; of very many tips, those
    /// for a share of them, since others may be approved meanwhile.
    fn checkpoints_needed(&self) -> usize {
        let open = self.branches.open_count();
        let room = MILESTONE_TIPS.heaviest + MILESTONE_TIPS.random;
        let excess = (open + self.checkpoint_count).saturating_sub(room);
        let size = CHECKPOINT_TIPS.heaviest + CHECKPOINT_TIPS.random;
        let needed = excess.div_ceil(size - 1);
        if open > WIDE_TIP_COUNT {
            needed.min(open / 4 / size)
        } else {
            needed
        }
    }

    /// To be told once a checkpoint block exists, or that it will not.
    pub fn on_checkpoint(&mut self) {
        self.checkpoint_count = self.checkpoint_count.saturating_sub(1);
    }

    /// Plans the next milestone at `now_ms` milliseconds since 1970.
    pub fn plan(&mut self, now_ms: u64) -> MilestoneDraft {
        let is_late = now_ms.saturating_sub(self.slot_ms) >= INTERVAL_MS_MIN;
        let time_ms = if is_late { now_ms } else { self.slot_ms };
        let seconds = u32::try_from(time_ms / 1_000).unwrap_or(u32::MAX);
        let timestamp = seconds.max(self.previous.timestamp.0.saturating_add(1));
        let mut parents = self.branches.choose(MILESTONE_TIPS);
        parents.push(if self.previous.block_id.is_zero() {
            self.entry_point
        } else {
            self.previous.block_id
        });
        parents.sort_unstable();
        parents.dedup();
        MilestoneDraft {
            index: self.previous.index.next(),
            timestamp: UnixSeconds(timestamp),
            parents,
        }
    }

    /// Completes and signs the planned milestone with the keys that `keys` allows for its index.
    /// Returns the milestone's id and its block. Must be made durable before it is shown to anyone.
    ///
    /// # Errors
    /// See [`SignError`].
    ///
    /// # Panics
    /// A milestone for this index was signed before.
    pub fn sign(
        &mut self,
        draft: MilestoneDraft,
        roots: MilestoneRoots,
        protocol_version: u8,
        announce: Option<ParametersOption>,
        keys: &MilestoneKeys,
    ) -> Result<(MilestoneId, Block), SignError> {
        let index = draft.index;
        assert!(
            index > self.reserved,
            "a second milestone {index} would be signed"
        );
        let signers = self.signers(index, keys)?;
        let mut milestone = Milestone {
            index,
            timestamp: draft.timestamp,
            protocol_version,
            previous_milestone_id: self.previous.id,
            parents: Parents::new(draft.parents).expect("a draft has 1 to 8 parents"),
            inclusion_merkle_root: roots.inclusion,
            applied_merkle_root: roots.applied,
            metadata: Vec::new(),
            options: announce
                .map(MilestoneOption::Parameters)
                .into_iter()
                .collect(),
            signatures: Vec::new(),
        };
        let id = milestone.id();
        milestone.signatures = signers
            .into_iter()
            .map(|(public_key, key)| MilestoneSignature {
                public_key,
                signature: key.sign(&id.0),
            })
            .collect();
        self.reserved = index;
        Ok((id, milestone.to_block()))
    }

    /// The keys held that may sign `index`, sorted by public key.
    fn signers(
        &self,
        index: MilestoneIndex,
        keys: &MilestoneKeys,
    ) -> Result<Vec<([u8; 32], &SecretKey)>, SignError> {
        let applicable = keys.applicable(index);
        let mut signers: Vec<_> = self
            .keys
            .iter()
            .map(|key| (key.public_key(), key))
            .filter(|(public_key, _)| applicable.binary_search(public_key).is_ok())
            .collect();
        signers.sort_unstable_by_key(|(public_key, _)| *public_key);
        signers.dedup_by_key(|(public_key, _)| *public_key);
        if signers.len() < keys.threshold() {
            return Err(SignError::TooFewKeys {
                index,
                needed: keys.threshold(),
                found: signers.len(),
            });
        }
        Ok(signers)
    }

    /// The milestone `previous` was confirmed: goes on from it. What no milestone has referenced is
    /// to be handed in again with [`Coordinator::on_solid`], parents before children.
    pub fn on_confirmed(&mut self, previous: Previous, now_ms: u64) {
        self.previous = previous;
        self.reserved = self.reserved.max(previous.index);
        self.branches.clear();
        self.is_merging = false;
        self.checkpoint_queue.clear();
        self.checkpoint_count = 0;
        self.checkpoints_left = 0;
        let slot_ms = match self.pace {
            Pace::Steady => {
                let next_ms = self.slot_ms.saturating_add(self.interval_ms);
                let is_missed = next_ms.saturating_add(self.interval_ms) <= now_ms;
                if is_missed { now_ms } else { next_ms }
            }
            // A second passes anyway until a later timestamp is true.
            Pace::OnDemand => now_ms.saturating_add(self.interval_ms - INTERVAL_MS_MIN),
        };
        self.slot_ms = self.not_before(slot_ms, now_ms);
    }

    /// Until when a coordinator on demand is silent if nothing happens.
    fn idle_until_ms(&self) -> u64 {
        u64::from(self.previous.timestamp.0) * 1_000 + IDLE_MS_MAX
    }

    /// `slot_ms`, but not before the clock shows a later second than the previous milestone did.
    /// When the clock has been set back, milestones come at half the pace until it has caught up:
    /// the network goes on, and its time comes closer to the real one with each of them.
    fn not_before(&self, slot_ms: u64, now_ms: u64) -> u64 {
        let real_ms = u64::from(self.previous.timestamp.0).saturating_add(1) * 1_000;
        let patience_ms = now_ms.saturating_add(2 * self.interval_ms);
        slot_ms
            .min(now_ms.saturating_add(self.interval_ms))
            .max(real_ms.min(patience_ms))
    }
}
