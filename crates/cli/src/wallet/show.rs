//! What there is and what happened.

use serde_json::{Value, json};
use tangle_types::json::OutputJson;
use tangle_types::words::{Unit, date, explain};
use tangle_types::{LedgerOutput, OutputId, TransactionId, UnixSeconds};
use tangle_wallet::{Balance, Event, Holdings, Network, Standing, history as events};

use super::args::{HistoryFormat, SyncArguments};
use super::context::{Context, unit};
use super::keys::short;
use super::people::say;
use super::transact::kind;
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;

/// Learns what is new.
pub(super) fn sync(context: &mut Context<'_>, sync: &SyncArguments) -> Outcome {
    let signer = if sync.discover || sync.rebuild {
        Some(context.unlock()?)
    } else {
        None
    };
    let report = context.sync(signer.as_ref())?;
    let ledger = context.wallet.state.ledger;
    let pending = context.wallet.state.pending.len();
    let value = json!({
        "milestone": ledger.index, "time": ledger.time, "created": report.created,
        "spent": report.spent, "pending": pending, "scan": report.is_scan,
    });
    let text = format!(
        "at milestone {} of {}: {} outputs new, {} spent, {pending} transactions on their way",
        ledger.index,
        date(ledger.time),
        report.created,
        report.spent
    );
    say(context, &value, &text)
}

/// What the account has.
pub(super) fn balance(context: &mut Context<'_>) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let (account, name) = context.account()?;
    let rent = &network.parameters.rent;
    let balance = Balance::of(&context.wallet.state, account, rent, network.ledger.time);
    if context.terminal.is_json() {
        context.terminal.json(&balance_json(&name, &balance));
        return Ok(());
    }
    let unit = unit(&network);
    let mut rows = vec![
        ("account", name),
        ("total", unit.show(balance.total).to_string()),
        ("available", unit.show(balance.available).to_string()),
    ];
    for (row, amount) in [
        ("deposit", balance.deposit),
        ("claimable", balance.claimable),
        ("locked", balance.locked),
        ("returning", balance.returning),
    ] {
        if amount > 0 {
            rows.push((row, unit.show(amount).to_string()));
        }
    }
    for (token, sum) in &balance.tokens {
        rows.push(("token", format!("{}  {token}", sum.total)));
    }
    rows.extend(balance.nfts.iter().map(|id| ("nft", id.to_string())));
    rows.extend(balance.aliases.iter().map(|id| ("alias", id.to_string())));
    rows.extend(
        balance
            .foundries
            .iter()
            .map(|id| ("foundry", id.to_string())),
    );
    for (row, value) in rows {
        context.terminal.line(&format!("{row:<10} {value}"));
    }
    Ok(())
}

fn balance_json(name: &str, balance: &Balance) -> Value {
    let tokens = balance.tokens.iter().map(|(token, sum)| {
        json!({
            "id": token, "total": sum.total.to_string(), "available": sum.available.to_string(),
        })
    });
    json!({
        "account": name,
        "total": balance.total.to_string(),
        "available": balance.available.to_string(),
        "deposit": balance.deposit.to_string(),
        "claimable": balance.claimable.to_string(),
        "locked": balance.locked.to_string(),
        "returning": balance.returning.to_string(),
        "nativeTokens": tokens.collect::<Vec<_>>(),
        "nfts": balance.nfts,
        "aliases": balance.aliases,
        "foundries": balance.foundries,
    })
}

/// What happened to the account.
pub(super) fn history(
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
    let (account, _) = context.account()?;
    let mut events = events(&context.wallet.state, account);
    events.retain(|event| event.time >= since);
    let format = if context.terminal.is_json() {
        HistoryFormat::Json
    } else {
        format
    };
    match format {
        HistoryFormat::Json => {
            let all: Vec<Value> = events.iter().map(event_json).collect();
            context.terminal.json(&all);
        }
        HistoryFormat::Csv => {
            context
                .terminal
                .line("time,milestone,transaction,received,spent,net,tokens");
            for event in &events {
                context.terminal.line(&event_csv(event));
            }
        }
        HistoryFormat::Table => {
            let unit = unit(&network);
            for event in &events {
                context.terminal.line(&event_line(event, &unit));
            }
            for pending in &context.wallet.state.pending {
                if pending.account == account {
                    let id = pending.transaction.id();
                    context
                        .terminal
                        .line(&format!("on its way since {}  {id}", date(pending.made)));
                }
            }
        }
    }
    Ok(())
}

pub(super) fn event_json(event: &Event) -> Value {
    let tokens = event.tokens.iter().map(|(token, (received, spent))| {
        json!({ "id": token, "received": received.to_string(), "spent": spent.to_string() })
    });
    json!({
        "time": event.time,
        "milestone": event.milestone,
        "transactionId": event.transaction,
        "received": event.received.to_string(),
        "spent": event.spent.to_string(),
        "net": event.net().to_string(),
        "nativeTokens": tokens.collect::<Vec<_>>(),
    })
}

/// No field can hold a comma or a quote.
fn event_csv(event: &Event) -> String {
    let tokens = event
        .tokens
        .iter()
        .map(|(token, (received, spent))| format!("{token}:+{received}-{spent}"));
    format!(
        "{},{},{},{},{},{},{}",
        date(event.time),
        event.milestone,
        event.transaction,
        event.received,
        event.spent,
        event.net(),
        tokens.collect::<Vec<_>>().join(" ")
    )
}

pub(super) fn event_line(event: &Event, unit: &Unit) -> String {
    let net = event.net();
    let size = u64::try_from(net.unsigned_abs()).unwrap_or(u64::MAX);
    let sign = match net {
        0 => " ",
        1.. => "+",
        _ => "-",
    };
    let amount = format!("{sign}{}", unit.show(size));
    let tokens = match event.tokens.len() {
        0 => String::new(),
        count => format!("  {count} tokens"),
    };
    format!(
        "{}  {amount:>26}  {}{tokens}",
        date(event.time),
        event.transaction
    )
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

/// The account's outputs.
pub(super) fn outputs(context: &mut Context<'_>, all: bool) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let (account, _) = context.account()?;
    let state = &context.wallet.state;
    let holdings = Holdings::of(state, account, network.ledger.time);
    let records = state.records().into_iter().filter(|record| {
        (all || record.spent.is_none()) && holdings.has(&record.output.output)
    });
    let unit = unit(&network);
    let mut rows = Vec::new();
    for record in records {
        let standing = Standing::of(&record.output.output, state, network.ledger.time);
        let standing = standing_text(standing, record.spent.is_some());
        if context.terminal.is_json() {
            rows.push(record_json(&record.output, standing));
        } else {
            let amount = unit.show(record.output.output.amount()).to_string();
            let kind = kind(&record.output.output);
            let id = record.output.id;
            context
                .terminal
                .line(&format!("{kind:<8} {amount:>24}  {standing:<11} {id}"));
        }
    }
    if context.terminal.is_json() {
        context.terminal.json(&rows);
    }
    Ok(())
}

const fn standing_text(standing: Standing, is_spent: bool) -> &'static str {
    if is_spent {
        return "spent";
    }
    match standing {
        Standing::Free(_) => "free",
        Standing::Claimable(_) => "claimable",
        Standing::Locked(..) => "locked",
        Standing::ComesBack(..) => "comes back",
        Standing::Expiring(_) => "expiring",
        Standing::Controlled(_) => "controlled",
        Standing::Owned(_) => "owned",
        Standing::Foreign => "foreign",
    }
}

fn record_json(output: &LedgerOutput, standing: &str) -> Value {
    json!({
        "outputId": output.id,
        "milestone": output.milestone_index,
        "standing": standing,
        "output": OutputJson::from(&output.output),
    })
}

/// One output in words, known to the wallet or only to the node.
pub(super) fn output(context: &mut Context<'_>, id: OutputId) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let known = context.wallet.state.record(&id).cloned();
    let (output, spent) = match known {
        Some(record) => (record.output, record.spent),
        None => {
            let client = context.client()?;
            let found = context
                .wait(client.output_record(&id))
                .map_err(client_failure)?;
            found.ok_or_else(|| Failure::new(Code::Input, format!("no output is called {id}")))?
        }
    };
    let standing = Standing::of(&output.output, &context.wallet.state, network.ledger.time);
    let standing = standing_text(standing, spent.is_some());
    let lines = context.with_words(&network, |words| explain(&output.output, words));
    if context.terminal.is_json() {
        let mut value = record_json(&output, standing);
        value["words"] = json!(lines);
        value["transactionIdSpent"] = json!(spent.map(|spent| spent.transaction_id));
        context.terminal.json(&value);
        return Ok(());
    }
    context
        .terminal
        .line(&format!("{} output {id}, {standing}", kind(&output.output)));
    for line in lines {
        context.terminal.line(&format!("  {line}"));
    }
    if let Some(spent) = spent {
        let line = format!(
            "  spent by transaction {} in milestone {}",
            spent.transaction_id, spent.milestone_index
        );
        context.terminal.line(&line);
    }
    Ok(())
}

/// What can be claimed.
pub(super) fn claimable(context: &mut Context<'_>) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let source = context.source(&network)?;
    let claimable: Vec<LedgerOutput> = source.claimable().into_iter().cloned().collect();
    if context.terminal.is_json() {
        let rows = claimable.iter().map(|held| record_json(held, "claimable"));
        context.terminal.json(&rows.collect::<Vec<_>>());
        return Ok(());
    }
    for held in claimable {
        context.terminal.line(&held.id.to_string());
        let lines = context.with_words(&network, |words| explain(&held.output, words));
        lines
            .iter()
            .for_each(|line| context.terminal.line(&format!("  {line}")));
    }
    Ok(())
}

/// One transaction of the account.
pub(super) fn transaction(context: &mut Context<'_>, id: TransactionId) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let (account, _) = context.account()?;
    let state = &context.wallet.state;
    let event = events(state, account)
        .into_iter()
        .find(|event| event.transaction == id);
    let records = state.records();
    let created: Vec<_> = records
        .iter()
        .filter(|record| record.output.id.transaction_id() == id)
        .collect();
    let consumed: Vec<_> = records
        .iter()
        .filter(|record| record.spent.is_some_and(|spent| spent.transaction_id == id))
        .collect();
    let is_pending = state
        .pending
        .iter()
        .any(|pending| pending.transaction.id() == id);
    if event.is_none() && created.is_empty() && consumed.is_empty() && !is_pending {
        return Err(
            Failure::new(Code::Input, format!("the account has no transaction {id}"))
                .help("tangle wallet history"),
        );
    }
    if context.terminal.is_json() {
        let list = |records: &[&&tangle_wallet::Record]| {
            let rows = records
                .iter()
                .map(|record| record_json(&record.output, "own"));
            rows.collect::<Vec<_>>()
        };
        let value = json!({
            "transactionId": id, "pending": is_pending, "event": event.as_ref().map(event_json),
            "created": list(&created), "consumed": list(&consumed),
        });
        context.terminal.json(&value);
        return Ok(());
    }
    if let Some(event) = &event {
        context.terminal.line(&event_line(event, &unit(&network)));
    }
    for (title, records) in [("consumed", consumed), ("created", created)] {
        for record in records {
            let words = context.with_words(&network, |words| {
                explain(&record.output.output, words).join("; ")
            });
            let id = short(&record.output.id);
            context
                .terminal
                .line(&format!("  {title:<9} {id}  {words}"));
        }
    }
    Ok(())
}

/// The node and its network.
pub(super) fn node_info(context: &mut Context<'_>) -> Outcome {
    let network: Network = context.network()?;
    let node = &network.node;
    if context.terminal.is_json() {
        context.terminal.json(node);
        return Ok(());
    }
    let unit = unit(&network);
    let deposit = tangle_types::basic_deposit_min(
        &network.parameters.rent,
        &tangle_types::Address::Ed25519([0; 32]),
    );
    for (name, value) in [
        (
            "node",
            format!("{} {} at {}", node.name, node.version, context.node_url()),
        ),
        ("network", node.protocol.network_name.clone()),
        (
            "addresses",
            format!("begin with {}", node.protocol.bech32_hrp),
        ),
        (
            "token",
            format!("{} ({})", node.base_token.name, node.base_token.unit),
        ),
        (
            "deposit",
            format!("an output holds {} or more", unit.show(deposit)),
        ),
        (
            "milestone",
            format!("{} of {}", network.ledger.index, date(network.ledger.time)),
        ),
    ] {
        context.terminal.line(&format!("{name:<10} {value}"));
    }
    Ok(())
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
