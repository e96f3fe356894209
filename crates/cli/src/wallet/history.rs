//! `tangle wallet history`: what happened, as a table, CSV or JSON.

use serde_json::{Value, json};
use tangle_types::words::date;
use tangle_types::{Address, UnixSeconds};
use tangle_wallet::{Change, Event, Network, Thing, history};

use super::args::HistoryFormat;
use super::context::{Context, unit};
use crate::failure::{Code, Failure, Outcome};

/// What happened to the account.
pub(super) fn run(
    context: &mut Context<'_>,
    format: HistoryFormat,
    since: Option<String>,
) -> Outcome {
    let since = since
        .map(|text| day(&text))
        .transpose()?
        .unwrap_or_default();
    context.sync(None)?;
    let network = context.network()?;
    let (account, name) = context.account()?;
    let mut events = history(&context.wallet.state, account);
    events.retain(|event| event.time >= since);
    let hrp = &network.parameters.bech32_hrp;
    let format = if context.terminal.is_json() {
        HistoryFormat::Json
    } else {
        format
    };
    match format {
        HistoryFormat::Json => {
            let all: Vec<Value> = events.iter().map(|event| event_json(event, hrp)).collect();
            context.terminal.json(&all);
        }
        HistoryFormat::Csv => {
            context
                .terminal
                .line("time,milestone,transaction,received,spent,net,tokens,changes");
            for event in &events {
                context.terminal.line(&event_csv(event, hrp));
            }
        }
        HistoryFormat::Table => {
            let pending = context.wallet.state.pending.iter();
            let pending: Vec<_> = pending.filter(|sent| sent.account == account).collect();
            if events.is_empty() && pending.is_empty() {
                context
                    .terminal
                    .line(&format!("nothing has happened to {name} yet"));
            }
            for line in events
                .iter()
                .flat_map(|event| event_lines(context, event, &network))
            {
                context.terminal.line(&line);
            }
            for sent in pending {
                let id = sent.transaction.id();
                context
                    .terminal
                    .line(&format!("on its way since {}  {id}", date(sent.made)));
            }
        }
    }
    Ok(())
}

pub(super) fn event_json(event: &Event, hrp: &str) -> Value {
    let tokens = event.tokens.iter().map(|(token, (received, spent))| {
        json!({ "id": token, "received": received.to_string(), "spent": spent.to_string() })
    });
    let changes = event.changes.iter().map(|change| change_json(change, hrp));
    json!({
        "time": event.time,
        "milestone": event.milestone,
        "transactionId": event.transaction,
        "received": event.received.to_string(),
        "spent": event.spent.to_string(),
        "net": event.net().to_string(),
        "nativeTokens": tokens.collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
    })
}

fn change_json(change: &Change, hrp: &str) -> Value {
    let (kind, id, amount) = match change.thing {
        Thing::Coins(amount) => ("coins", None, Some(amount.to_string())),
        Thing::Token(id, count) => ("token", Some(id.to_string()), Some(count.to_string())),
        Thing::Nft(id) => ("nft", Some(id.to_string()), None),
        Thing::Alias(id) => ("alias", Some(id.to_string()), None),
        Thing::Foundry(id) => ("foundry", Some(id.to_string()), None),
    };
    let mut value = json!({ "deed": change.deed.name(), "kind": kind });
    let address = change.address.map(|address| address.to_bech32(hrp));
    for (name, text) in [("id", id), ("amount", amount), ("address", address)] {
        if let Some(text) = text {
            value[name] = json!(text);
        }
    }
    value
}

/// No field can hold a comma or a quote: there are numbers, ids, addresses and our own words.
fn event_csv(event: &Event, hrp: &str) -> String {
    let tokens = event
        .tokens
        .iter()
        .map(|(token, (received, spent))| format!("{token}:+{received}-{spent}"));
    let changes = event.changes.iter().map(|change| {
        let thing = match change.thing {
            Thing::Coins(amount) => format!("{amount}"),
            thing => named(thing),
        };
        let address = change.address.map(|address| address.to_bech32(hrp));
        told(change, &thing, address)
    });
    format!(
        "{},{},{},{},{},{},{},{}",
        date(event.time),
        event
            .milestone
            .map(|index| index.to_string())
            .unwrap_or_default(),
        event.transaction,
        event.received,
        event.spent,
        event.net(),
        tokens.collect::<Vec<_>>().join(" "),
        changes.collect::<Vec<_>>().join("; "),
    )
}

/// An event for a person: when, how much, which transaction; and below what it means.
pub(super) fn event_lines(context: &Context<'_>, event: &Event, network: &Network) -> Vec<String> {
    let unit = unit(network);
    let hrp = &network.parameters.bech32_hrp;
    let net = event.net();
    let size = u64::try_from(net.unsigned_abs()).unwrap_or(u64::MAX);
    let sign = match net {
        0 => " ",
        1.. => "+",
        _ => "-",
    };
    let amount = format!("{sign}{}", unit.show(size));
    let head = format!("{}  {amount:>26}  {}", date(event.time), event.transaction);
    let name = |address: Address| {
        let name = context.name_of(&address, hrp);
        name.unwrap_or_else(|| address.to_bech32(hrp))
    };
    let changes = event.changes.iter().map(|change| {
        let thing = match change.thing {
            Thing::Coins(amount) => unit.show(amount).to_string(),
            thing => named(thing),
        };
        format!("  {}", told(change, &thing, change.address.map(name)))
    });
    std::iter::once(head).chain(changes).collect()
}

/// A thing that has an id.
fn named(thing: Thing) -> String {
    match thing {
        Thing::Coins(amount) => amount.to_string(),
        Thing::Token(id, count) => format!("{count} of token {id}"),
        Thing::Nft(id) => format!("NFT {id}"),
        Thing::Alias(id) => format!("alias {id}"),
        Thing::Foundry(id) => format!("foundry {id}"),
    }
}

/// A change in words.
fn told(change: &Change, thing: &str, address: Option<String>) -> String {
    let deed = change.deed.name();
    match address {
        None => format!("{deed} {thing}"),
        Some(who) => format!("{deed} {thing} {} {who}", change.preposition()),
    }
}

/// A day as seconds.
fn day(text: &str) -> Outcome<UnixSeconds> {
    let refuse = || {
        Failure::new(
            Code::Input,
            format!("{text:?} is not a day like 2026-01-31"),
        )
    };
    let is_day = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_day {
        return Err(refuse());
    }
    // The calendar is asked the other way round, day by day within bounds: the last one not after.
    let (mut low, mut high) = (0_u32, u32::MAX / 86_400);
    while low < high {
        let middle = (low + high).div_ceil(2);
        let shown = date(UnixSeconds(middle * 86_400));
        if &shown[..10] <= text {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let found = UnixSeconds(low * 86_400);
    if date(found).starts_with(text) {
        Ok(found)
    } else {
        Err(refuse())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        for (text, seconds) in [("1970-01-01", 0), ("2026-01-01", 1_767_225_600)] {
            let found = day(text).unwrap_or_else(|failure| panic!("{}", failure.message()));
            assert_eq!(found, UnixSeconds(seconds));
        }
        for text in [
            "2026-02-30",
            "2026-1-1",
            "yesterday",
            "2026-13-01",
            "",
            "9999-01-01",
        ] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}
