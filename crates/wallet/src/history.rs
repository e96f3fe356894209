//! What happened to an account: its outputs, by the transactions that made and spent them.

use std::collections::BTreeMap;

use tangle_types::{MilestoneIndex, Output, TokenId, TransactionId, U256, UnixSeconds};

use crate::access::Standing;
use crate::state::{Record, State};

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The milestone that decided.
    pub milestone: MilestoneIndex,
    /// Its time.
    pub time: UnixSeconds,
    /// The transaction; zero when the node had forgotten it.
    pub transaction: TransactionId,
    /// Base coins that came in.
    pub received: u64,
    /// Base coins that went out.
    pub spent: u64,
    /// Native tokens that came in and went out.
    pub tokens: BTreeMap<TokenId, (U256, U256)>,
}

impl Event {
    /// What the account has more or less.
    #[must_use]
    pub fn net(&self) -> i128 {
        i128::from(self.received) - i128::from(self.spent)
    }
}

/// The history of an account, oldest first. An output counts as received when it is created for a
/// key of the account, also when it can be claimed only, and as spent when that key or another one
/// has consumed it.
#[must_use]
pub fn history(state: &State, account: u32) -> Vec<Event> {
    let mut events: BTreeMap<(MilestoneIndex, TransactionId), Event> = BTreeMap::new();
    for record in state.records() {
        if !is_of(record, state, account) {
            continue;
        }
        let output = &record.output;
        let created = (
            output.milestone_index,
            output.milestone_timestamp,
            output.id.transaction_id(),
        );
        let event = entry(&mut events, created);
        event.received = event.received.saturating_add(output.output.amount());
        add_tokens(event, &output.output, true);
        if let Some(spent) = record.spent {
            let spent = (
                spent.milestone_index,
                spent.milestone_timestamp,
                spent.transaction_id,
            );
            let event = entry(&mut events, spent);
            event.spent = event.spent.saturating_add(output.output.amount());
            add_tokens(event, &output.output, false);
        }
    }
    events.into_values().collect()
}

/// Whether the output belonged to the account when it was created.
fn is_of(record: &Record, state: &State, account: u32) -> bool {
    let created = record.output.milestone_timestamp;
    match Standing::of(&record.output.output, state, created) {
        Standing::Free(place)
        | Standing::Claimable(place)
        | Standing::Locked(place, _)
        | Standing::Controlled(place) => place.account == account,
        // It belongs to the account only when it was not claimed in time.
        Standing::ComesBack(place, _) => place.account == account && record.spent.is_none(),
        Standing::Expiring(_) | Standing::Owned(_) | Standing::Foreign => false,
    }
}

type Key = (MilestoneIndex, UnixSeconds, TransactionId);

fn entry(
    events: &mut BTreeMap<(MilestoneIndex, TransactionId), Event>,
    (milestone, time, transaction): Key,
) -> &mut Event {
    let new = || Event {
        milestone,
        time,
        transaction,
        received: 0,
        spent: 0,
        tokens: BTreeMap::new(),
    };
    events.entry((milestone, transaction)).or_insert_with(new)
}

fn add_tokens(event: &mut Event, output: &Output, is_received: bool) {
    for token in output.native_tokens() {
        let (received, spent) = event.tokens.entry(token.id).or_default();
        let sum = if is_received { received } else { spent };
        *sum = sum.saturating_add(token.amount);
    }
}
