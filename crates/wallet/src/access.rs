//! Who may spend an output, and when, seen from one wallet.

use std::collections::BTreeSet;

use tangle_types::{Address, AliasId, Output, UnixSeconds};

use crate::keys::KeyPlace;
use crate::state::State;

/// Seconds before an expiration in which an output is left alone: whoever spends it then cannot
/// know in which milestone that will be.
pub const EXPIRY_MARGIN_SECONDS: u32 = 60;

/// How an output stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This key may spend it, and owes nobody anything for it.
    Free(KeyPlace),
    /// This key may claim it: it expires at some time, or part of it must be returned.
    Claimable(KeyPlace),
    /// It belongs to this key, but not before this time.
    Locked(KeyPlace, UnixSeconds),
    /// It belongs to somebody else, and comes back to this key at this time.
    ComesBack(KeyPlace, UnixSeconds),
    /// It is about to expire, and nobody knows who will be first.
    Expiring(UnixSeconds),
    /// An alias whose state, or whose governance only, this key controls.
    Controlled(KeyPlace),
    /// A foundry or an output that an alias or an NFT owns.
    Owned(Address),
    /// Somebody else's; the wallet is only named in it.
    Foreign,
}

impl Standing {
    /// The standing of an output at a time.
    #[must_use]
    pub fn of(output: &Output, state: &State, now: UnixSeconds) -> Self {
        let conditions = output.unlock_conditions();
        match output {
            Output::Basic(_) | Output::Nft(_) => of_owned(output, state, now),
            Output::Alias(_) => {
                let controllers = [conditions.state_controller(), conditions.governor()];
                let mut keys = controllers.into_iter().flatten();
                match keys.find_map(|address| state.place(address)) {
                    Some(place) => Self::Controlled(place),
                    None => match conditions.state_controller() {
                        Some(chain @ (Address::Alias(_) | Address::Nft(_))) => Self::Owned(*chain),
                        _ => Self::Foreign,
                    },
                }
            }
            Output::Foundry(_) => match conditions.immutable_alias() {
                Some(alias) => Self::Owned(Address::Alias(*alias)),
                None => Self::Foreign,
            },
        }
    }

    /// The account that a key of it concerns.
    #[must_use]
    pub const fn account(&self) -> Option<u32> {
        match self {
            Self::Free(place)
            | Self::Claimable(place)
            | Self::Locked(place, _)
            | Self::ComesBack(place, _)
            | Self::Controlled(place) => Some(place.account),
            Self::Expiring(_) | Self::Owned(_) | Self::Foreign => None,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Free(_) => "free",
            Self::Claimable(_) => "claimable",
            Self::Locked(..) => "locked",
            Self::ComesBack(..) => "comes back",
            Self::Expiring(_) => "expiring",
            Self::Controlled(_) => "controlled",
            Self::Owned(_) => "owned",
            Self::Foreign => "foreign",
        }
    }
}

/// What an account has a say in, at one time.
#[derive(Debug)]
pub struct Holdings<'a> {
    state: &'a State,
    account: u32,
    now: UnixSeconds,
    /// Aliases whose state the account changes.
    aliases: BTreeSet<AliasId>,
}

impl<'a> Holdings<'a> {
    /// Those of an account at a time.
    #[must_use]
    pub fn of(state: &'a State, account: u32, now: UnixSeconds) -> Self {
        let aliases = state.unspent().filter_map(|held| match &held.output {
            Output::Alias(alias) => {
                let controller = alias.unlock_conditions.state_controller()?;
                let is_ours = state.place(controller)?.account == account;
                is_ours.then(|| alias.alias_id.or_from_output(&held.id))
            }
            _ => None,
        });
        Self {
            state,
            account,
            now,
            aliases: aliases.collect(),
        }
    }

    /// Whether an output is the account's: by a key, or because it belongs to an alias whose state
    /// the account changes.
    #[must_use]
    pub fn has(&self, output: &Output) -> bool {
        match Standing::of(output, self.state, self.now) {
            Standing::Owned(Address::Alias(alias)) => self.aliases.contains(&alias),
            standing => standing.account() == Some(self.account) || self.governs(output),
        }
    }

    /// Whether an output is an alias that the account governs.
    #[must_use]
    pub fn governs(&self, output: &Output) -> bool {
        let governor = output.unlock_conditions().governor();
        let place = governor.and_then(|governor| self.state.place(governor));
        place.is_some_and(|place| place.account == self.account)
    }
}

/// Of a basic output or an NFT.
fn of_owned(output: &Output, state: &State, now: UnixSeconds) -> Standing {
    let conditions = output.unlock_conditions();
    let expiration = conditions.expiration();
    let Some(owner) = owner(output, now) else {
        return Standing::Foreign;
    };
    let is_open = expiration.filter(|(_, time)| *time > now);
    if let Some((_, time)) = is_open
        && time.0.saturating_sub(now.0) <= EXPIRY_MARGIN_SECONDS
    {
        return Standing::Expiring(time);
    }
    let Some(place) = state.place(&owner) else {
        let back = is_open.and_then(|(to, time)| Some((state.place(to)?, time)));
        return match (back, owner) {
            (Some((place, time)), _) => Standing::ComesBack(place, time),
            (None, chain @ (Address::Alias(_) | Address::Nft(_))) => Standing::Owned(chain),
            (None, Address::Ed25519(_)) => Standing::Foreign,
        };
    };
    if let Some(until) = conditions.timelock()
        && until > now
    {
        return Standing::Locked(place, until);
    }
    let owes = conditions
        .storage_deposit_return()
        .is_some_and(|(to, _)| *to != owner);
    if owes || is_open.is_some_and(|(to, _)| *to != owner) {
        Standing::Claimable(place)
    } else {
        Standing::Free(place)
    }
}

/// Who has to open an output at a time; of an alias and its foundries, who changes its state.
pub(crate) fn opener(output: &Output, state: &State, now: UnixSeconds) -> Option<Address> {
    match output {
        Output::Basic(_) | Output::Nft(_) => owner(output, now),
        Output::Alias(_) => output.unlock_conditions().state_controller().copied(),
        Output::Foundry(_) => {
            let alias = output.unlock_conditions().immutable_alias()?;
            let held = state.alias(alias)?;
            held.output.unlock_conditions().state_controller().copied()
        }
    }
}

/// Who has to open a basic output or an NFT at a time.
pub(crate) fn owner(output: &Output, now: UnixSeconds) -> Option<Address> {
    let conditions = output.unlock_conditions();
    match conditions.expiration() {
        Some((to, time)) if time <= now => Some(*to),
        _ => conditions.address().copied(),
    }
}
