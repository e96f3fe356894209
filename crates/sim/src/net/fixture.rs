//! The network that every run starts from: parameters, keys and a genesis with many small outputs.

use std::sync::Arc;

use tangle_consensus::{KeyRange, MilestoneKeys, ParameterSchedule};
use tangle_crypto::ed25519::SecretKey;
use tangle_engine::{Bootstrap, Reservation, StoredMilestone};
use tangle_types::{
    Address, BlockId, LedgerOutput, MilestoneId, MilestoneIndex, Output, OutputId,
    ProtocolParameters, RentStructure, TransactionId, Treasury, UnixSeconds,
};

/// Outputs of the genesis.
const GENESIS_OUTPUT_COUNT: u16 = 64;
/// Coins in each of them.
const GENESIS_AMOUNT: u64 = 10_000_000;
/// All coins.
pub(crate) const SUPPLY: u64 = GENESIS_OUTPUT_COUNT as u64 * GENESIS_AMOUNT;
/// The coordinator's keys, which all sign.
const MILESTONE_KEY_COUNT: u8 = 3;
/// Signatures that a milestone needs: one less than it has, so that a milestone with a signature
/// left out is a valid one in another block.
const MILESTONE_KEY_THRESHOLD: usize = 2;
/// People with coins.
const ACCOUNT_COUNT: u8 = 8;
/// The moment at which runs begin, in milliseconds since 1970.
pub(crate) const BEGIN_MS: u64 = 1_700_000_000_000;

/// The keys that a run signs with; made once.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) parameters: ProtocolParameters,
    pub(crate) milestone_keys: MilestoneKeys,
    pub(crate) coordinator: Vec<SecretKey>,
    pub(crate) accounts: Vec<SecretKey>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let coordinator: Vec<SecretKey> = (0..MILESTONE_KEY_COUNT)
            .map(|number| SecretKey::from_seed([100 + number; 32]))
            .collect();
        Self {
            parameters: parameters(),
            milestone_keys: keys_needing(&coordinator, MILESTONE_KEY_THRESHOLD),
            coordinator,
            accounts: (0..ACCOUNT_COUNT)
                .map(|number| SecretKey::from_seed([number + 1; 32]))
                .collect(),
        }
    }

    /// Signatures that a milestone needs.
    pub(crate) const fn milestone_key_threshold(&self) -> usize {
        MILESTONE_KEY_THRESHOLD
    }

    /// The coordinator's keys as a node sees them that asks for `needed` signatures.
    pub(crate) fn milestone_keys_needing(&self, needed: usize) -> MilestoneKeys {
        keys_needing(&self.coordinator, needed)
    }

    /// The outputs of the genesis, and which account owns each.
    pub(crate) fn genesis(&self) -> Vec<(LedgerOutput, usize)> {
        let one = |index: u16| {
            let owner = usize::from(index) % self.accounts.len();
            let output = LedgerOutput {
                id: OutputId::new(TransactionId([0; 32]), index),
                block_id: BlockId::ZERO,
                milestone_index: MilestoneIndex(0),
                milestone_timestamp: UnixSeconds(0),
                output: basic(&self.accounts[owner], GENESIS_AMOUNT),
            };
            (output, owner)
        };
        (0..GENESIS_OUTPUT_COUNT).map(one).collect()
    }

    /// What an engine starts from that has confirmed up to `last`.
    pub(crate) fn bootstrap(
        &self,
        last: Option<&Arc<StoredMilestone>>,
        reservation: Option<Reservation>,
    ) -> Bootstrap {
        let milestone = last.map(|last| &last.milestone);
        Bootstrap {
            ledger_index: milestone.map_or(MilestoneIndex(0), |last| last.index),
            last_milestone: last.cloned(),
            last_milestone_id: last.map_or(MilestoneId::ZERO, |last| last.id),
            last_milestone_timestamp: milestone.map_or(UnixSeconds(0), |last| last.timestamp),
            entry_points: vec![(BlockId::ZERO, MilestoneIndex(0))],
            schedule: ParameterSchedule::new(MilestoneIndex(0), self.parameters.clone()),
            treasury: Treasury {
                milestone_id: MilestoneId::ZERO,
                amount: 0,
            },
            last_receipt: None,
            reservation,
        }
    }
}

fn keys_needing(keys: &[SecretKey], needed: usize) -> MilestoneKeys {
    let range = |key: &SecretKey| KeyRange {
        public_key: key.public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    };
    let ranges = keys.iter().map(range).collect();
    MilestoneKeys::new(ranges, needed, MilestoneIndex(1))
        .expect("there are at least as many keys as must sign")
}

/// An output of `amount` that a key owns.
pub(crate) fn basic(owner: &SecretKey, amount: u64) -> Output {
    Output::basic(Address::from_public_key(&owner.public_key()), amount)
}

fn parameters() -> ProtocolParameters {
    ProtocolParameters {
        version: 2,
        network_name: "simulation".to_owned(),
        bech32_hrp: "sim".to_owned(),
        // Proof of work costs only time here; that it is checked is shown elsewhere.
        pow_score_min: 0,
        below_max_depth: 15,
        rent: RentStructure {
            v_byte_cost: 1,
            v_byte_factor_data: 1,
            v_byte_factor_key: 10,
        },
        token_supply: SUPPLY,
    }
}
