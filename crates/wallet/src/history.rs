//! What happened to an account, by the transactions that made and spent its outputs.
//!
//! Coins are *the account's* from the moment in which nobody but it can spend them. What must be
//! claimed is only *offered* until it is claimed; what the account sent with an expiration is gone
//! until it *came back*. So the sum of all events is what the account has, without what can be
//! claimed.
//!
//! Where things went is known of transactions whose other outputs the wallet has learned; of those
//! that the node had forgotten it is only known that they are gone.

mod changes;

use std::collections::{BTreeMap, BTreeSet};

use tangle_types::{
    Address, AliasId, FoundryId, MilestoneIndex, NftId, Output, OutputId, Spend, TokenId,
    TransactionId, U256, UnixSeconds,
};

use crate::state::{Record, State};

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub time: UnixSeconds,
    /// The milestone that decided; `None` when only time passed.
    pub milestone: Option<MilestoneIndex>,
    /// The transaction; zero when the node had forgotten it.
    pub transaction: TransactionId,
    /// Base coins in outputs that became the account's.
    pub received: u64,
    /// Base coins in outputs that are the account's no more.
    pub spent: u64,
    /// Native tokens in these outputs.
    pub tokens: BTreeMap<TokenId, (U256, U256)>,
    /// What it means, one by one.
    pub changes: Vec<Change>,
}

/// What happened to one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub deed: Deed,
    /// To what.
    pub thing: Thing,
    /// Who has it now, or who sent it, where that is known.
    pub address: Option<Address>,
}

/// What happens to things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Somebody sent it.
    Received,
    /// Somebody sent it, and it has to be claimed.
    Offered,
    /// It was offered before, and is the account's now.
    Claimed,
    /// It was sent, and nobody took it in time.
    CameBack,
    /// It went to somebody else.
    Sent,
    /// A deposit went back to who had lent it.
    Returned,
    /// It was made: minted, created.
    Made,
    /// It has a new state.
    Changed,
    /// Its foundry took it back.
    Melted,
    /// It is destroyed.
    Burnt,
    /// It went, and the node had forgotten where to.
    Gone,
    /// It went from one output of the account to another.
    Moved,
}

/// What an account can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// Base coins.
    Coins(u64),
    /// So many of a native token.
    Token(TokenId, U256),
    /// An NFT.
    Nft(NftId),
    /// An alias.
    Alias(AliasId),
    /// A foundry.
    Foundry(FoundryId),
}

impl Deed {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Offered => "offered",
            Self::Claimed => "claimed",
            Self::CameBack => "came back",
            Self::Sent => "sent",
            Self::Returned => "returned",
            Self::Made => "made",
            Self::Changed => "changed",
            Self::Melted => "melted",
            Self::Burnt => "burnt",
            Self::Gone => "gone",
            Self::Moved => "moved",
        }
    }
}

impl Event {
    /// What the account has more or less.
    #[must_use]
    pub fn net(&self) -> i128 {
        i128::from(self.received) - i128::from(self.spent)
    }

    fn new(time: UnixSeconds, milestone: Option<MilestoneIndex>, id: TransactionId) -> Self {
        Self {
            time,
            milestone,
            transaction: id,
            received: 0,
            spent: 0,
            tokens: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    fn receive(&mut self, output: &Output) {
        self.received = self.received.saturating_add(output.amount());
        for token in output.native_tokens() {
            let (received, _) = self.tokens.entry(token.id).or_default();
            *received = received.saturating_add(token.amount);
        }
    }

    fn spend(&mut self, output: &Output) {
        self.spent = self.spent.saturating_add(output.amount());
        for token in output.native_tokens() {
            let (_, spent) = self.tokens.entry(token.id).or_default();
            *spent = spent.saturating_add(token.amount);
        }
    }
}

/// How an output concerns an account from its creation on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// It is the account's.
    Own,
    /// It can be claimed, up to this time if there is one.
    Offer(Option<UnixSeconds>),
    /// It is somebody else's, and the account's from this time on.
    Back(UnixSeconds),
    /// It is somebody else's.
    None,
}

/// What a transaction did, seen from an account.
#[derive(Debug, Default)]
struct Turn<'a> {
    time: UnixSeconds,
    milestone: MilestoneIndex,
    /// Outputs of the account that it consumed.
    consumed: Vec<&'a Record>,
    /// Outputs that it consumed and that were only offered before.
    claimed: Vec<&'a Record>,
    /// Outputs that it made for the account.
    created: Vec<&'a Record>,
    /// Outputs that it offered to the account.
    offered: Vec<&'a Record>,
    /// Outputs that it made for others, as far as the wallet keeps them because it is named there.
    foreign: Vec<&'a Record>,
}

/// Outputs that a transaction made for others.
type Others<'a> = Vec<(OutputId, &'a Output)>;

/// The history of an account, oldest first.
#[must_use]
pub fn history(state: &State, account: u32) -> Vec<Event> {
    let records = state.records();
    let view = View::new(state, account, &records);
    let mut turns: BTreeMap<(MilestoneIndex, TransactionId), Turn<'_>> = BTreeMap::new();
    let mut events = Vec::new();
    for record in records {
        let output = &record.output;
        let milestone = output.milestone_index;
        let created = turns
            .entry((milestone, output.id.transaction_id()))
            .or_insert_with(|| turn(milestone, output.milestone_timestamp));
        let claim = view.claim(record);
        match claim {
            Claim::Own => created.created.push(record),
            Claim::Offer(_) => created.offered.push(record),
            Claim::Back(_) | Claim::None => created.foreign.push(record),
        }
        if let Claim::Back(time) = claim
            && time <= record.spent.map_or(state.ledger.time, spent_at)
        {
            events.push(came_back(record, time));
        }
        let Some(spent) = record.spent else {
            continue;
        };
        let milestone = spent.milestone_index;
        let turn = turns
            .entry((milestone, spent.transaction_id))
            .or_insert_with(|| turn(milestone, spent.milestone_timestamp));
        match claim {
            Claim::Own => turn.consumed.push(record),
            Claim::Back(time) if time <= spent_at(spent) => turn.consumed.push(record),
            Claim::Offer(until) if until.is_none_or(|until| spent_at(spent) < until) => {
                turn.claimed.push(record);
            }
            Claim::Back(_) | Claim::Offer(_) | Claim::None => {}
        }
    }
    for ((_, id), turn) in turns {
        events.extend(event(state, id, &turn));
    }
    events.sort_by_key(|event| (event.time, event.milestone, event.transaction));
    events
}

const fn spent_at(spent: Spend) -> UnixSeconds {
    spent.milestone_timestamp
}

fn turn<'a>(milestone: MilestoneIndex, time: UnixSeconds) -> Turn<'a> {
    Turn {
        time,
        milestone,
        ..Turn::default()
    }
}

fn came_back(record: &Record, time: UnixSeconds) -> Event {
    let id = record.output.id;
    let output = &record.output.output;
    let mut event = Event::new(time, None, id.transaction_id());
    event.receive(output);
    let things = changes::things(id, output, output.amount());
    event.changes = changes::all(Deed::CameBack, things, None);
    event
}

/// `None` when nothing of it concerns the account.
fn event(state: &State, id: TransactionId, turn: &Turn<'_>) -> Option<Event> {
    let is_ours = !turn.consumed.is_empty() || !turn.claimed.is_empty();
    if !is_ours && turn.created.is_empty() && turn.offered.is_empty() {
        return None;
    }
    let mut event = Event::new(turn.time, Some(turn.milestone), id);
    for record in &turn.consumed {
        event.spend(&record.output.output);
    }
    for record in &turn.created {
        event.receive(&record.output.output);
    }
    let others = state.elsewhere.get(&id).map(|outputs| {
        let kept = outputs.iter();
        let kept = kept.map(|(index, output)| (OutputId::new(id, *index), output));
        let named = turn.foreign.iter();
        let named = named.map(|record| (record.output.id, &record.output.output));
        kept.chain(named).collect::<Others<'_>>()
    });
    event.changes = if is_ours {
        changes::of_our_own(turn, others.as_ref(), event.net())
    } else {
        changes::of_somebody_else(turn)
    };
    Some(event)
}

/// What must be known to tell whose outputs are.
struct View<'a> {
    state: &'a State,
    account: u32,
    /// Aliases of the account, with the transactions that made outputs of them. Whoever touches a
    /// foundry touches its alias too.
    aliases: BTreeSet<(TransactionId, AliasId)>,
}

impl<'a> View<'a> {
    fn new(state: &'a State, account: u32, records: &[&Record]) -> Self {
        let mut view = Self {
            state,
            account,
            aliases: BTreeSet::new(),
        };
        for record in records {
            let id = &record.output.id;
            if let Output::Alias(alias) = &record.output.output
                && view.claim(record) == Claim::Own
            {
                let alias = alias.alias_id.or_from_output(id);
                view.aliases.insert((id.transaction_id(), alias));
            }
        }
        view
    }

    fn is_own(&self, address: &Address) -> bool {
        let place = self.state.place(address);
        place.is_some_and(|place| place.account == self.account)
    }

    fn claim(&self, record: &Record) -> Claim {
        let conditions = record.output.output.unlock_conditions();
        match &record.output.output {
            Output::Basic(_) | Output::Nft(_) => self.claim_of_owned(record),
            Output::Alias(_) => {
                let keys = [conditions.state_controller(), conditions.governor()];
                let is_own = keys.into_iter().flatten().any(|key| self.is_own(key));
                if is_own { Claim::Own } else { Claim::None }
            }
            Output::Foundry(_) => {
                let at = record.output.id.transaction_id();
                let alias = conditions.immutable_alias();
                let is_own = alias.is_some_and(|alias| self.aliases.contains(&(at, *alias)));
                if is_own { Claim::Own } else { Claim::None }
            }
        }
    }

    /// Of a basic output or an NFT.
    fn claim_of_owned(&self, record: &Record) -> Claim {
        let conditions = record.output.output.unlock_conditions();
        let created = record.output.milestone_timestamp;
        let is_owner = conditions.address().is_some_and(|to| self.is_own(to));
        match (is_owner, conditions.expiration()) {
            (true, Some((to, until))) if !self.is_own(to) => {
                if until > created {
                    Claim::Offer(Some(until))
                } else {
                    Claim::None
                }
            }
            (true, _) => {
                let lent = conditions.storage_deposit_return();
                let is_lent = lent.is_some_and(|(to, _)| !self.is_own(to));
                if is_lent {
                    Claim::Offer(None)
                } else {
                    Claim::Own
                }
            }
            (false, Some((to, time))) if self.is_own(to) => {
                if time > created {
                    Claim::Back(time)
                } else {
                    Claim::Own
                }
            }
            (false, _) => Claim::None,
        }
    }
}

#[cfg(test)]
mod tests;
