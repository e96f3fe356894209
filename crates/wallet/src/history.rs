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
    /// It is kept apart for voting.
    SetAside,
    /// It is kept apart for voting no more.
    Released,
    /// It is in the voting output, which says something anew.
    Voted,
    /// It is in the voting output, which says nothing any more.
    Withdrawn,
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
            Self::SetAside => "set aside for voting",
            Self::Released => "released from voting",
            Self::Voted => "voted with",
            Self::Withdrawn => "withdrew the votes of",
        }
    }
}

impl Change {
    /// What stands between the thing and the address.
    #[must_use]
    pub const fn preposition(&self) -> &'static str {
        match self.deed {
            Deed::Received | Deed::Offered => "from",
            Deed::Made => "for",
            _ => "to",
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

/// Where in the ledger something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    milestone: MilestoneIndex,
    time: UnixSeconds,
    transaction: TransactionId,
}

impl At {
    fn creation(record: &Record) -> Self {
        Self {
            milestone: record.output.milestone_index,
            time: record.output.milestone_timestamp,
            transaction: record.output.id.transaction_id(),
        }
    }

    const fn spend(spend: Spend) -> Self {
        Self {
            milestone: spend.milestone_index,
            time: spend.milestone_timestamp,
            transaction: spend.transaction_id,
        }
    }
}

/// What a transaction did, seen from an account.
#[derive(Debug, Default)]
struct Turn<'a> {
    /// Its id.
    id: Option<TransactionId>,
    /// Outputs that were the account's and are not any more: it consumed them, or sent the alias
    /// to which they belong.
    consumed: Vec<&'a Record>,
    /// Outputs that it consumed and that were only offered before.
    claimed: Vec<&'a Record>,
    /// Outputs that became the account's.
    created: Vec<&'a Record>,
    /// Outputs that it offered to the account.
    offered: Vec<&'a Record>,
    /// Outputs that it made for others, as far as the wallet keeps them because it is named there.
    foreign: Vec<&'a Record>,
}

/// Outputs that a transaction made for others.
type Others<'a> = Vec<(OutputId, &'a Output)>;

/// Transactions in the order of their milestones.
#[derive(Debug, Default)]
struct Turns<'a>(BTreeMap<At, Turn<'a>>);

impl<'a> Turns<'a> {
    fn at(&mut self, at: At) -> &mut Turn<'a> {
        let turn = self.0.entry(at).or_default();
        turn.id = Some(at.transaction);
        turn
    }
}

/// The history of an account, oldest first.
#[must_use]
pub fn history(state: &State, account: u32) -> Vec<Event> {
    let records = state.records();
    let view = View::new(state, account, &records);
    let (mut turns, mut events) = (Turns::default(), Vec::new());
    for record in records {
        let created = At::creation(record);
        if let Output::Foundry(foundry) = &record.output.output {
            let alias = foundry.unlock_conditions.immutable_alias();
            for (from, to) in view.spans(record, alias) {
                turns.at(from).created.push(record);
                if let Some(to) = to {
                    turns.at(to).consumed.push(record);
                }
            }
            continue;
        }
        let claim = view.claim(record);
        match claim {
            Claim::Own => turns.at(created).created.push(record),
            Claim::Offer(_) => turns.at(created).offered.push(record),
            Claim::Back(_) | Claim::None => turns.at(created).foreign.push(record),
        }
        let spent = record.spent.map(At::spend);
        if let Claim::Back(time) = claim
            && time <= spent.map_or(state.ledger.time, |spent| spent.time)
        {
            events.push(came_back(record, time));
        }
        let Some(spent) = spent else {
            continue;
        };
        match claim {
            Claim::Own => turns.at(spent).consumed.push(record),
            Claim::Back(time) if time <= spent.time => turns.at(spent).consumed.push(record),
            Claim::Offer(until) if until.is_none_or(|until| spent.time < until) => {
                turns.at(spent).claimed.push(record);
            }
            Claim::Back(_) | Claim::Offer(_) | Claim::None => {}
        }
    }
    let turns = turns.0.iter();
    events.extend(turns.filter_map(|(at, turn)| event(state, *at, turn)));
    events.sort_by_key(|event| (event.time, event.milestone, event.transaction));
    events
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
fn event(state: &State, at: At, turn: &Turn<'_>) -> Option<Event> {
    let id = at.transaction;
    let is_ours = !turn.consumed.is_empty() || !turn.claimed.is_empty();
    if !is_ours && turn.created.is_empty() && turn.offered.is_empty() {
        return None;
    }
    let mut event = Event::new(at.time, Some(at.milestone), id);
    for record in &turn.consumed {
        event.spend(&record.output.output);
    }
    for record in &turn.created {
        event.receive(&record.output.output);
    }
    let others = state.elsewhere.contains_key(&id).then(|| {
        let kept = state.made_for_others(id).into_iter();
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

/// A time in which an alias was the account's without a break.
#[derive(Debug)]
struct Tenure {
    start: At,
    /// The transactions that made an output of the alias in it, and those that spent one.
    made: BTreeSet<TransactionId>,
    spent: BTreeSet<TransactionId>,
    end: Option<At>,
}

/// What must be known to tell whose outputs are.
struct View<'a> {
    state: &'a State,
    account: u32,
    /// When aliases were the account's. Whoever makes or spends an output of a foundry makes and
    /// spends one of its alias too.
    aliases: BTreeMap<AliasId, Vec<Tenure>>,
}

impl<'a> View<'a> {
    fn new(state: &'a State, account: u32, records: &[&Record]) -> Self {
        let mut view = Self {
            state,
            account,
            aliases: BTreeMap::new(),
        };
        // Outputs of aliases by the transaction that made them.
        let mut made: BTreeMap<(AliasId, TransactionId), &Record> = BTreeMap::new();
        for record in records {
            let id = record.output.id;
            if let Output::Alias(alias) = &record.output.output
                && view.claim(record) == Claim::Own
            {
                let alias = alias.alias_id.or_from_output(&id);
                made.insert((alias, id.transaction_id()), record);
            }
        }
        let next = |alias: AliasId, record: &Record| {
            let spent = record.spent?;
            made.get(&(alias, spent.transaction_id)).copied()
        };
        let followers: BTreeSet<OutputId> = made
            .iter()
            .filter_map(|((alias, _), record)| Some(next(*alias, record)?.output.id))
            .collect();
        for ((alias, _), first) in &made {
            if followers.contains(&first.output.id) {
                continue;
            }
            let chain = std::iter::successors(Some(*first), |record| next(*alias, record));
            let chain: Vec<&Record> = chain.take(made.len()).collect();
            let spends = chain.iter().filter_map(|record| record.spent);
            let tenure = Tenure {
                start: At::creation(first),
                made: chain
                    .iter()
                    .map(|record| At::creation(record).transaction)
                    .collect(),
                end: chain.last().and_then(|last| last.spent).map(At::spend),
                spent: spends.map(|spend| spend.transaction_id).collect(),
            };
            view.aliases.entry(*alias).or_default().push(tenure);
        }
        view
    }

    /// When a foundry's output was the account's, because its alias was.
    fn spans(&self, record: &Record, alias: Option<&AliasId>) -> Vec<(At, Option<At>)> {
        let (created, spent) = (At::creation(record), record.spent.map(At::spend));
        let tenures = alias.and_then(|alias| self.aliases.get(alias));
        let span = |tenure: &Tenure| {
            let is_spent_then = spent.is_some_and(|at| tenure.spent.contains(&at.transaction));
            let is_older = created.milestone <= tenure.start.milestone;
            let is_gone = spent.is_some_and(|at| at.milestone <= tenure.start.milestone);
            let from = if tenure.made.contains(&created.transaction) {
                created
            } else if is_older && (is_spent_then || !is_gone) {
                tenure.start
            } else {
                return None;
            };
            Some((from, if is_spent_then { spent } else { tenure.end }))
        };
        tenures.into_iter().flatten().filter_map(span).collect()
    }

    fn is_own(&self, address: &Address) -> bool {
        let place = self.state.place(address);
        place.is_some_and(|place| place.account == self.account)
    }

    /// Of a foundry nothing can be said without its alias.
    fn claim(&self, record: &Record) -> Claim {
        let conditions = record.output.output.unlock_conditions();
        match &record.output.output {
            Output::Basic(_) | Output::Nft(_) => self.claim_of_owned(record),
            Output::Alias(_) => {
                let keys = [conditions.state_controller(), conditions.governor()];
                let is_own = keys.into_iter().flatten().any(|key| self.is_own(key));
                if is_own { Claim::Own } else { Claim::None }
            }
            Output::Foundry(_) => Claim::None,
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
