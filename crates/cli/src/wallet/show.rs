//! What there is and what happened.

use serde_json::{Value, json};
use tangle_types::json::OutputJson;
use tangle_types::words::{date, explain, plain};
use tangle_types::{LedgerOutput, Output, OutputId, TransactionId, UnixSeconds};
use tangle_wallet::{Balance, Holdings, Network, Standing, State, VotingOutput, history as events};

use super::args::SyncArguments;
use super::context::{Context, unit};
use super::history::{event_json, event_lines};
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
    let report = context.sync(signer.as_deref())?;
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
        ("voting", balance.voting),
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
        "voting": balance.voting.to_string(),
        "nativeTokens": tokens.collect::<Vec<_>>(),
        "nfts": balance.nfts,
        "aliases": balance.aliases,
        "foundries": balance.foundries,
    })
}

/// The account's outputs.
pub(super) fn outputs(context: &mut Context<'_>, all: bool) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let (account, name) = context.account()?;
    let state = &context.wallet.state;
    let holdings = Holdings::of(state, account, network.ledger.time);
    let standings = Standings::of(state, account, network.ledger.time);
    let records = state
        .records()
        .into_iter()
        .filter(|record| (all || record.spent.is_none()) && holdings.has(&record.output.output));
    let unit = unit(&network);
    let mut rows = Vec::new();
    let mut is_empty = true;
    for record in records {
        is_empty = false;
        let standing = standings.text(&record.output, record.spent.is_some());
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
    } else if is_empty {
        context.terminal.line(&format!("{name} has no outputs"));
    }
    Ok(())
}

/// How outputs stand, seen from an account.
struct Standings<'a> {
    state: &'a State,
    now: UnixSeconds,
    voting: Option<OutputId>,
}

impl<'a> Standings<'a> {
    fn of(state: &'a State, account: u32, now: UnixSeconds) -> Self {
        let voting = VotingOutput::of(state, account, now);
        Self {
            state,
            now,
            voting: voting.map(|voting| voting.held.id),
        }
    }

    fn text(&self, held: &LedgerOutput, is_spent: bool) -> &'static str {
        if is_spent {
            "spent"
        } else if self.voting == Some(held.id) {
            "voting"
        } else {
            Standing::of(&held.output, self.state, self.now).name()
        }
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
    let (account, _) = context.account()?;
    let standings = Standings::of(&context.wallet.state, account, network.ledger.time);
    let standing = standings.text(&output, spent.is_some());
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
    if claimable.is_empty() {
        context.terminal.line("there is nothing to claim");
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

fn print(context: &Context<'_>, lines: &[String]) {
    lines.iter().for_each(|line| context.terminal.line(line));
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
    let others = state.made_for_others(id);
    let is_pending = state
        .pending
        .iter()
        .any(|pending| pending.account == account && pending.transaction.id() == id);
    if event.is_none() && !is_pending {
        return Err(
            Failure::new(Code::Input, format!("the account has no transaction {id}"))
                .help("tangle wallet history"),
        );
    }
    if context.terminal.is_json() {
        let hrp = &network.parameters.bech32_hrp;
        let standings = Standings::of(state, account, network.ledger.time);
        let list = |records: &[&&tangle_wallet::Record]| {
            let rows = records.iter().map(|record| {
                let held = &record.output;
                record_json(held, standings.text(held, record.spent.is_some()))
            });
            rows.collect::<Vec<_>>()
        };
        let others = others
            .iter()
            .map(|(id, output)| json!({ "outputId": id, "output": OutputJson::from(*output) }));
        let value = json!({
            "transactionId": id, "pending": is_pending,
            "event": event.as_ref().map(|event| event_json(event, hrp)),
            "created": list(&created), "consumed": list(&consumed),
            "createdForOthers": others.collect::<Vec<_>>(),
        });
        context.terminal.json(&value);
        return Ok(());
    }
    if let Some(event) = &event {
        print(context, &event_lines(context, event, &network));
    }
    let rows = |title, records: Vec<&&tangle_wallet::Record>| {
        let outputs = records.into_iter().map(|record| &record.output);
        let row = |held: &LedgerOutput| (title, held.id, held.output.clone());
        outputs.map(row).collect::<Vec<_>>()
    };
    let others = others.into_iter();
    let others = others.map(|(id, output)| ("created", id, output.clone()));
    let mut made = rows("created", created);
    made.extend(others);
    made.sort_unstable_by_key(|(_, id, _)| *id);
    for row in rows("consumed", consumed).into_iter().chain(made) {
        print_row(context, &network, &row);
    }
    Ok(())
}

/// An output of a transaction, and what became of it there.
fn print_row(context: &Context<'_>, network: &Network, row: &(&str, OutputId, Output)) {
    let (title, id, output) = row;
    let words = context.with_words(network, |words| explain(output, words).join("; "));
    let id = short(id);
    context
        .terminal
        .line(&format!("  {title:<9} {id}  {words}"));
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
        // The node may say what it likes.
        let value = plain(&value);
        context.terminal.line(&format!("{name:<10} {value}"));
    }
    Ok(())
}
