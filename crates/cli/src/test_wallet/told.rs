//! What happened to an account, for its page.

use tangle_api::AccountEvent;
use tangle_types::words::{Part, Sentence, Unit};
use tangle_types::{Address, TransactionId};
use tangle_wallet::{Change, Event, Thing};

/// An event of the history.
pub(super) fn event(event: &Event, unit: &Unit) -> AccountEvent {
    let is_known = event.transaction != TransactionId::ZERO;
    let changes = event.changes.iter();
    AccountEvent {
        time: event.time,
        milestone: event.milestone,
        transaction: is_known.then_some(event.transaction),
        received: event.received,
        spent: event.spent,
        changes: changes.map(|change| in_words(change, unit)).collect(),
    }
}

fn in_words(change: &Change, unit: &Unit) -> Sentence {
    let deed = change.deed.name();
    let mut parts = match change.thing {
        Thing::Coins(amount) => vec![Part::Text(format!("{deed} {}", unit.show(amount)))],
        Thing::Token(id, count) => vec![
            Part::Text(format!("{deed} {count} of token ")),
            Part::Token(id),
        ],
        Thing::Nft(id) => vec![
            Part::Text(format!("{deed} NFT ")),
            Part::Address(Address::Nft(id)),
        ],
        Thing::Alias(id) => vec![
            Part::Text(format!("{deed} alias ")),
            Part::Address(Address::Alias(id)),
        ],
        Thing::Foundry(id) => vec![Part::Text(format!("{deed} foundry ")), Part::Token(id)],
    };
    if let Some(address) = change.address {
        parts.push(Part::Text(format!(" {} ", change.preposition())));
        parts.push(Part::Address(address));
    }
    Sentence(parts)
}
