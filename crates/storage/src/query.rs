//! Questions to the built-in index of outputs: unspent ones (TIP-26), and the past of addresses.

mod history;
mod lists;
mod owned;

use tangle_types::{
    Address, AliasId, FoundryId, LedgerOutput, MilestoneIndex, NftId, Output, OutputId, UnixSeconds,
};

use crate::StoreError;
use crate::ledger::View;
use crate::ledger::keys::{self, Place, Role};
use lists::Union;

pub(crate) use history::history;
pub use history::{Happened, HistoryEntry, HistoryPage};
pub(crate) use owned::owned;
pub use owned::{OwnedLimits, OwnedOutputs};

/// Entries looked at for one page at most. A page that would need more ends early, with a place
/// where to go on.
const EXAMINED_MAX: usize = 20_000;
/// Most outputs of a page.
const PAGE_SIZE_MAX: usize = 1_000;

/// Which outputs a query is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// All four kinds: `/outputs`.
    #[default]
    Any,
    /// `/outputs/basic`.
    Basic,
    /// `/outputs/alias`.
    Alias,
    /// `/outputs/foundry`.
    Foundry,
    /// `/outputs/nft`.
    Nft,
}

/// A query for lists. Absent fields do not restrict. Which fields a [`Kind`] allows is the API's
/// business. Times are strict: before means less than, after means greater than.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are the parameters of TIP-26 under their own names"
)]
pub struct OutputQuery {
    pub kind: Kind,
    pub has_native_tokens: Option<bool>,
    pub native_token_count_min: Option<u32>,
    pub native_token_count_max: Option<u32>,
    pub created_before: Option<UnixSeconds>,
    pub created_after: Option<UnixSeconds>,
    pub unlockable_by_address: Option<Address>,
    pub address: Option<Address>,
    pub has_storage_deposit_return: Option<bool>,
    pub storage_deposit_return_address: Option<Address>,
    pub has_expiration: Option<bool>,
    pub expires_before: Option<UnixSeconds>,
    pub expires_after: Option<UnixSeconds>,
    pub expiration_return_address: Option<Address>,
    pub has_timelock: Option<bool>,
    pub timelocked_before: Option<UnixSeconds>,
    pub timelocked_after: Option<UnixSeconds>,
    pub sender: Option<Address>,
    pub issuer: Option<Address>,
    pub tag: Option<Vec<u8>>,
    pub state_controller: Option<Address>,
    pub governor: Option<Address>,
    pub alias_address: Option<AliasId>,
    /// Where to go on: creation time and id of the first output wanted.
    pub cursor: Option<(UnixSeconds, OutputId)>,
    /// Most outputs to return, 1 to 1000.
    pub page_size: usize,
}

/// A query for one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainQuery {
    /// The unspent output of an alias.
    Alias(AliasId),
    /// The unspent output of a foundry.
    Foundry(FoundryId),
    /// The unspent output of an NFT.
    Nft(NftId),
}

/// One page of an answer, ordered by creation time, then id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputPage {
    /// Ledger index the answer is true for.
    pub ledger_index: MilestoneIndex,
    /// Matching outputs.
    pub items: Vec<OutputId>,
    /// First output of the next page.
    pub next: Option<(UnixSeconds, OutputId)>,
}

/// Answers a query: walks the lists of every restriction that has one, in step, and looks at the
/// outputs that are in all of them.
pub(crate) fn answer(view: &View, query: &OutputQuery) -> Result<OutputPage, StoreError> {
    let mut page = OutputPage {
        ledger_index: view.head.ledger_index,
        items: Vec::new(),
        next: None,
    };
    let page_size = query.page_size.clamp(1, PAGE_SIZE_MAX);
    let Some(mut place) = start(query) else {
        return Ok(page);
    };
    let mut unions = unions(view, query);
    for _ in 0..EXAMINED_MAX {
        let Some(common) = common(&mut unions, place)? else {
            return Ok(page);
        };
        if query
            .created_before
            .is_some_and(|end| common.created >= end)
        {
            return Ok(page);
        }
        if page.items.len() == page_size {
            page.next = Some((common.created, common.id));
            return Ok(page);
        }
        let is_match = !query.needs_output()
            || view
                .output(&common.id)?
                .is_some_and(|entry| query.matches(&entry.output));
        if is_match {
            page.items.push(common.id);
        }
        match common.successor() {
            Some(next) => place = next,
            None => return Ok(page),
        }
    }
    page.next = Some((place.created, place.id));
    Ok(page)
}

/// The first place that can match; `None` when none can.
fn start(query: &OutputQuery) -> Option<Place> {
    let mut place = Place::FIRST;
    if let Some(after) = query.created_after {
        place.created = UnixSeconds(after.0.checked_add(1)?);
    }
    if let Some((created, id)) = query.cursor {
        place = place.max(Place { created, id });
    }
    Some(place)
}

/// The first place from `place` on that all lists have.
fn common(unions: &mut [Union<'_>], mut place: Place) -> Result<Option<Place>, StoreError> {
    let mut agreeing = 0;
    while agreeing < unions.len() {
        agreeing = 0;
        for union in &mut *unions {
            match union.seek(place)? {
                None => return Ok(None),
                Some(found) if found == place => agreeing += 1,
                Some(found) => {
                    place = found;
                    agreeing = 1;
                }
            }
        }
    }
    Ok(Some(place))
}

fn unions<'v>(view: &'v View, query: &OutputQuery) -> Vec<Union<'v>> {
    let kinds = query.kind.type_bytes();
    let mut unions = Vec::new();
    let mut add = |roles: &[Role], address: &Address| {
        let lists = roles.iter().flat_map(|role| {
            let has_role = kinds.iter().filter(|kind| role.kinds().contains(kind));
            has_role.map(|kind| keys::by_address(*role, *kind, address))
        });
        unions.push(Union::new(view, lists));
    };
    let single = [
        (Role::Address, query.address),
        (
            Role::StorageDepositReturn,
            query.storage_deposit_return_address,
        ),
        (Role::Expiration, query.expiration_return_address),
        (Role::Sender, query.sender),
        (Role::Issuer, query.issuer),
        (Role::StateController, query.state_controller),
        (Role::Governor, query.governor),
        (
            Role::ImmutableAlias,
            query.alias_address.map(Address::Alias),
        ),
    ];
    for (role, address) in single {
        if let Some(address) = address {
            add(&[role], &address);
        }
    }
    if let Some(address) = query.unlockable_by_address {
        add(&UNLOCKING, &address);
    }
    if let Some(tag) = &query.tag {
        let kinds = kinds.iter().filter(|kind| Role::Tag.kinds().contains(kind));
        unions.push(Union::new(view, kinds.map(|kind| keys::by_tag(*kind, tag))));
    }
    if unions.is_empty() {
        unions.push(Union::new(view, kinds.iter().map(|kind| keys::all(*kind))));
    }
    unions
}

/// Roles that make an output one that an address may unlock, now or ever.
const UNLOCKING: [Role; 6] = [
    Role::Address,
    Role::StorageDepositReturn,
    Role::Expiration,
    Role::StateController,
    Role::Governor,
    Role::ImmutableAlias,
];

impl Kind {
    /// Type bytes of the outputs.
    const fn type_bytes(self) -> &'static [u8] {
        match self {
            Self::Any => &[3, 4, 5, 6],
            Self::Basic => &[3],
            Self::Alias => &[4],
            Self::Foundry => &[5],
            Self::Nft => &[6],
        }
    }
}

impl OutputQuery {
    /// Whether some restriction has no list, so that outputs must be looked at.
    const fn needs_output(&self) -> bool {
        self.has_native_tokens.is_some()
            || self.native_token_count_min.is_some()
            || self.native_token_count_max.is_some()
            || self.has_storage_deposit_return.is_some()
            || self.has_expiration.is_some()
            || self.expires_before.is_some()
            || self.expires_after.is_some()
            || self.has_timelock.is_some()
            || self.timelocked_before.is_some()
            || self.timelocked_after.is_some()
    }

    /// Whether an output fulfils the restrictions that have no list.
    fn matches(&self, output: &LedgerOutput) -> bool {
        let output: &Output = &output.output;
        let conditions = output.unlock_conditions();
        let tokens = output.native_tokens().len() as u32;
        let expiration = conditions.expiration().map(|(_, time)| time);
        let timelock = conditions.timelock();
        let deposit_return = conditions.storage_deposit_return();
        let is = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
        let before = |end: Option<UnixSeconds>, time: Option<UnixSeconds>| {
            end.is_none_or(|end| time.is_some_and(|time| time < end))
        };
        let after = |start: Option<UnixSeconds>, time: Option<UnixSeconds>| {
            start.is_none_or(|start| time.is_some_and(|time| time > start))
        };
        is(self.has_native_tokens, tokens > 0)
            && self.native_token_count_min.is_none_or(|min| tokens >= min)
            && self.native_token_count_max.is_none_or(|max| tokens <= max)
            && is(self.has_storage_deposit_return, deposit_return.is_some())
            && is(self.has_expiration, expiration.is_some())
            && before(self.expires_before, expiration)
            && after(self.expires_after, expiration)
            && is(self.has_timelock, timelock.is_some())
            && before(self.timelocked_before, timelock)
            && after(self.timelocked_after, timelock)
    }
}
