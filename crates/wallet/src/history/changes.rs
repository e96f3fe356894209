//! What a transaction means for an account, thing by thing.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use tangle_types::participation::{Participations, voting_output};
use tangle_types::{Address, Codec, Output, OutputId, TokenId, U256};

use super::{Change, Deed, Others, Thing, Turn};
use crate::state::Record;

/// Changes of one kind.
pub(super) fn all(deed: Deed, things: Vec<Thing>, address: Option<Address>) -> Vec<Change> {
    let things = things.into_iter();
    let change = |thing| Change {
        deed,
        thing,
        address,
    };
    things.map(change).collect()
}

/// What an output is worth telling for: the NFT, alias or foundry that it is, or else its coins;
/// and its tokens.
pub(super) fn things(id: OutputId, output: &Output, coins: u64) -> Vec<Thing> {
    let mut things = match chain(id, output) {
        Some(thing) => vec![thing],
        None if coins > 0 => vec![Thing::Coins(coins)],
        None => Vec::new(),
    };
    let tokens = output.native_tokens().iter();
    things.extend(tokens.map(|token| Thing::Token(token.id, token.amount)));
    things
}

/// The NFT, alias or foundry that an output is.
fn chain(id: OutputId, output: &Output) -> Option<Thing> {
    match output {
        Output::Basic(_) => None,
        Output::Nft(nft) => Some(Thing::Nft(nft.nft_id.or_from_output(&id))),
        Output::Alias(alias) => Some(Thing::Alias(alias.alias_id.or_from_output(&id))),
        Output::Foundry(foundry) => foundry.id().map(Thing::Foundry),
    }
}

/// Who has an output; of an alias who governs it.
fn holder(output: &Output) -> Option<Address> {
    let conditions = output.unlock_conditions();
    let owner = conditions.address().or(conditions.governor()).copied();
    owner.or(conditions.immutable_alias().copied().map(Address::Alias))
}

/// What is left of an output when what was lent has been returned.
fn own_part(output: &Output) -> u64 {
    let lent = output.unlock_conditions().storage_deposit_return();
    output
        .amount()
        .saturating_sub(lent.map_or(0, |(_, amount)| amount))
}

/// Of a transaction that consumed nothing of the account.
pub(super) fn of_somebody_else(turn: &Turn<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (deed, records) in [
        (Deed::Received, &turn.created),
        (Deed::Offered, &turn.offered),
    ] {
        for record in records {
            let (id, output) = (record.output.id, &record.output.output);
            let sender = output.features().sender().copied();
            changes.extend(all(deed, things(id, output, own_part(output)), sender));
        }
    }
    merged(changes)
}

/// Of a transaction of the account; `net` is what it has more or less.
pub(super) fn of_our_own(turn: &Turn<'_>, others: Option<&Others<'_>>, net: i128) -> Vec<Change> {
    let mut changes = Vec::new();
    for record in &turn.claimed {
        let (id, output) = (record.output.id, &record.output.output);
        let things = things(id, output, own_part(output));
        changes.extend(all(Deed::Claimed, things, None));
    }
    for record in &turn.offered {
        let (id, output) = (record.output.id, &record.output.output);
        changes.extend(all(
            Deed::Offered,
            things(id, output, own_part(output)),
            None,
        ));
    }
    changes.extend(of_chains(turn, others));
    changes.extend(of_coins(turn, others, net));
    changes.extend(of_tokens(turn, others));
    changes.extend(of_voting(turn));
    let mut changes = merged(changes);
    if changes.is_empty() {
        let coins = turn.created.iter();
        let coins = coins.map(|record| record.output.output.amount()).sum();
        changes.extend(all(Deed::Moved, vec![Thing::Coins(coins)], None));
    }
    changes
}

/// NFTs, aliases and foundries.
fn of_chains(turn: &Turn<'_>, others: Option<&Others<'_>>) -> Vec<Change> {
    let mut changes = Vec::new();
    let (before, after) = (named(&turn.consumed), named(&turn.created));
    let claimed = named(&turn.claimed);
    let elsewhere: Vec<(Thing, &Output)> = others
        .into_iter()
        .flatten()
        .filter_map(|(id, output)| Some((chain(*id, output)?, *output)))
        .collect();
    let mut push = |deed, thing: &Thing, address| {
        changes.push(Change {
            deed,
            thing: *thing,
            address,
        });
    };
    let found = |thing: &Thing| {
        let mut outputs = elsewhere.iter();
        let found = outputs.find(|(other, _)| other == thing);
        found.map(|(_, output)| *output)
    };
    for (thing, old) in &before {
        if let Some((_, next)) = after.iter().find(|(other, _)| other == thing) {
            if is_new_state(&old.output.output, &next.output.output) {
                push(Deed::Changed, thing, None);
            }
            continue;
        }
        let went_with = match thing {
            Thing::Foundry(id) if !is_spent(old, turn) => Some(Thing::Alias(id.alias_id())),
            _ => None,
        };
        match found(&went_with.unwrap_or(*thing)) {
            Some(output) => push(Deed::Sent, thing, holder(output)),
            None if others.is_some() && went_with.is_none() => push(Deed::Burnt, thing, None),
            None => push(Deed::Gone, thing, None),
        }
    }
    let is_known = |thing: &Thing| {
        before
            .iter()
            .chain(&claimed)
            .any(|(known, _)| known == thing)
    };
    for (thing, record) in after.iter().filter(|(thing, _)| !is_known(thing)) {
        let is_new = is_first(&record.output.output)
            || (matches!(thing, Thing::Foundry(_)) && is_made(record, turn));
        let deed = if is_new { Deed::Made } else { Deed::Received };
        push(deed, thing, None);
    }
    for (thing, output) in elsewhere.iter().filter(|(thing, _)| !is_known(thing)) {
        if is_first(output) {
            push(Deed::Made, thing, holder(output));
        }
    }
    changes
}

/// What has an id.
fn named<'a>(records: &[&'a Record]) -> Vec<(Thing, &'a Record)> {
    let thing = |record: &&'a Record| chain(record.output.id, &record.output.output);
    records
        .iter()
        .filter_map(|record| Some((thing(record)?, *record)))
        .collect()
}

fn is_made(record: &Record, turn: &Turn<'_>) -> bool {
    Some(record.output.id.transaction_id()) == turn.id
}

fn is_spent(record: &Record, turn: &Turn<'_>) -> bool {
    let spent = record.spent.map(|spent| spent.transaction_id);
    spent.is_some() && spent == turn.id
}

/// Whether an output is the first of its NFT or alias.
fn is_first(output: &Output) -> bool {
    match output {
        Output::Nft(nft) => nft.nft_id == tangle_types::NftId::ZERO,
        Output::Alias(alias) => alias.alias_id == tangle_types::AliasId::ZERO,
        Output::Foundry(_) | Output::Basic(_) => false,
    }
}

fn is_new_state(old: &Output, next: &Output) -> bool {
    match (old, next) {
        // A foundry that the alias made is told for itself, and so is its new supply.
        (Output::Alias(old), Output::Alias(next)) => {
            old.state_metadata != next.state_metadata
                || old.unlock_conditions != next.unlock_conditions
        }
        (Output::Nft(old), Output::Nft(next)) => old.features != next.features,
        _ => false,
    }
}

/// Base coins.
fn of_coins(turn: &Turn<'_>, others: Option<&Others<'_>>, net: i128) -> Vec<Change> {
    let Some(others) = others else {
        let Ok(gone @ 1..) = u64::try_from(-net) else {
            return Vec::new();
        };
        return all(Deed::Gone, vec![Thing::Coins(gone)], None);
    };
    // What each lender gets back for what was claimed.
    let mut owed: BTreeMap<Address, u64> = BTreeMap::new();
    for record in &turn.claimed {
        let conditions = record.output.output.unlock_conditions();
        if let Some((lender, amount)) = conditions.storage_deposit_return() {
            let sum = owed.entry(*lender).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
    let mut changes = Vec::new();
    let basic = others
        .iter()
        .filter(|(_, output)| matches!(output, Output::Basic(_)));
    for (_, output) in basic {
        let to = holder(output);
        let is_plain = output.unlock_conditions().iter().count() == 1;
        let lent = to.and_then(|to| owed.remove(&to)).filter(|_| is_plain);
        let returned = lent.unwrap_or(0).min(output.amount());
        for (deed, coins) in [
            (Deed::Returned, returned),
            (Deed::Sent, output.amount() - returned),
        ] {
            if coins > 0 {
                changes.extend(all(deed, vec![Thing::Coins(coins)], to));
            }
        }
    }
    changes
}

/// What became of the coins that are kept apart for voting.
fn of_voting(turn: &Turn<'_>) -> Vec<Change> {
    let coins = |records: &[&Record]| {
        let voting = records
            .iter()
            .filter_map(|record| voting_output(&record.output.output));
        voting.fold(0_u64, |sum, basic| sum.saturating_add(basic.amount))
    };
    let (before, after) = (coins(&turn.consumed), coins(&turn.created));
    let says_something = turn.created.iter().any(|record| {
        let metadata =
            voting_output(&record.output.output).and_then(|basic| basic.features.metadata());
        let said = metadata.and_then(|bytes| Participations::from_bytes(bytes).ok());
        said.is_some_and(|said| !said.0.is_empty())
    });
    let (deed, coins) = match before.cmp(&after) {
        Ordering::Less => (Deed::SetAside, after - before),
        Ordering::Greater => (Deed::Released, before - after),
        Ordering::Equal if after == 0 => return Vec::new(),
        Ordering::Equal if says_something => (Deed::Voted, after),
        Ordering::Equal => (Deed::Withdrawn, after),
    };
    all(deed, vec![Thing::Coins(coins)], None)
}

/// Native tokens.
fn of_tokens(turn: &Turn<'_>, others: Option<&Others<'_>>) -> Vec<Change> {
    let mut changes = Vec::new();
    let inputs = turn.consumed.iter().chain(&turn.claimed);
    let mut before = sums(inputs.map(|record| &record.output.output));
    let after = sums(turn.created.iter().map(|record| &record.output.output));
    let mut elsewhere = sums(others.into_iter().flatten().map(|(_, output)| *output));
    for (_, output) in others.into_iter().flatten() {
        for token in output.native_tokens() {
            let thing = Thing::Token(token.id, token.amount);
            changes.extend(all(Deed::Sent, vec![thing], holder(output)));
        }
    }
    for (token, (minted, melted)) in supplies(turn) {
        let had = before.entry(token).or_default();
        *had = had.saturating_add(minted);
        let gone = elsewhere.entry(token).or_default();
        *gone = gone.saturating_add(melted);
        for (deed, count) in [(Deed::Made, minted), (Deed::Melted, melted)] {
            if !count.is_zero() {
                changes.extend(all(deed, vec![Thing::Token(token, count)], None));
            }
        }
    }
    for (token, had) in before {
        let kept = after.get(&token).copied().unwrap_or_default();
        let gone = elsewhere.get(&token).copied().unwrap_or_default();
        let lost = had.saturating_sub(kept).saturating_sub(gone);
        if !lost.is_zero() {
            let deed = if others.is_some() {
                Deed::Burnt
            } else {
                Deed::Gone
            };
            changes.extend(all(deed, vec![Thing::Token(token, lost)], None));
        }
    }
    changes
}

fn sums<'a>(outputs: impl Iterator<Item = &'a Output>) -> BTreeMap<TokenId, U256> {
    let mut sums: BTreeMap<TokenId, U256> = BTreeMap::new();
    for token in outputs.flat_map(Output::native_tokens) {
        let sum = sums.entry(token.id).or_default();
        *sum = sum.saturating_add(token.amount);
    }
    sums
}

/// How many tokens the account's foundries minted and melted.
fn supplies(turn: &Turn<'_>) -> BTreeMap<TokenId, (U256, U256)> {
    let scheme = |record: &&Record| match &record.output.output {
        Output::Foundry(foundry) => Some((foundry.id()?, foundry.token_scheme.clone())),
        _ => None,
    };
    // One that came or went with its alias is as it was.
    let old = turn.consumed.iter().filter(|record| is_spent(record, turn));
    let new = turn.created.iter().filter(|record| is_made(record, turn));
    let old: BTreeMap<_, _> = old.filter_map(scheme).collect();
    let new: BTreeMap<_, _> = new.filter_map(scheme).collect();
    let mut supplies = BTreeMap::new();
    for (token, next) in &new {
        let before = old.get(token).map(|old| (old.minted, old.melted));
        let (minted, melted) = before.unwrap_or_default();
        let change = (
            next.minted.saturating_sub(minted),
            next.melted.saturating_sub(melted),
        );
        supplies.insert(*token, change);
    }
    // Who destroys a foundry melts all of its tokens.
    for (token, last) in old.iter().filter(|(token, _)| !new.contains_key(token)) {
        let all = last.minted.saturating_sub(last.melted);
        supplies.insert(*token, (U256::zero(), all));
    }
    supplies
}

/// Coins and tokens that had the same fate are told at once.
fn merged(changes: Vec<Change>) -> Vec<Change> {
    let mut merged: Vec<Change> = Vec::new();
    for change in changes {
        let mut known = merged.iter_mut();
        let twin = known.find(|known| {
            let is_same = match (known.thing, change.thing) {
                (Thing::Coins(_), Thing::Coins(_)) => true,
                (Thing::Token(known, _), Thing::Token(token, _)) => known == token,
                _ => false,
            };
            is_same && known.deed == change.deed && known.address == change.address
        });
        match (twin.map(|twin| &mut twin.thing), change.thing) {
            (Some(Thing::Coins(sum)), Thing::Coins(more)) => *sum = sum.saturating_add(more),
            (Some(Thing::Token(_, sum)), Thing::Token(_, more)) => *sum = sum.saturating_add(more),
            _ => merged.push(change),
        }
    }
    merged
}
