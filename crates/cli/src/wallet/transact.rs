//! From a wish to the ledger: make the transaction, show it, sign it, send it, follow it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tangle_types::{Codec, MilestoneIndex, Output, OutputId, Transaction, TransactionId};
use tangle_wallet::actions::ActionError;
use tangle_wallet::{Network, Pending, Prepared, Source, Step, Wish, follow, send};

use super::args::{HowArguments, WaitArguments};
use super::context::{Context, unit};
use super::failures;
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;
use crate::terminal::Look;

/// What became of a transaction that was sent.
pub(super) struct Sent {
    pub(super) id: TransactionId,
    pub(super) value: Value,
}

/// Makes a transaction of what `wish` asks for, and does with it what `how` says. `None` when
/// nothing was sent.
pub(super) fn run(
    context: &mut Context<'_>,
    title: &str,
    how: &HowArguments,
    wish: impl FnOnce(&Source<'_>) -> Result<Wish, ActionError>,
) -> Outcome<Option<Sent>> {
    context.sync(None)?;
    let network = context.network()?;
    let prepared = {
        let source = context.source(&network)?;
        let unit = unit(&network);
        let show = |amount| unit.show(amount).to_string();
        let name = |account| {
            let name = context.wallet.settings.accounts.get(&account);
            name.cloned().unwrap_or_default()
        };
        let wish = wish(&source).map_err(|error| failures::action(error, show, name))?;
        source
            .build(wish)
            .map_err(|error| failures::build(error, show))?
    };
    if !context.terminal.is_json() {
        describe(context, &network, title, &prepared);
    }
    if how.dry_run {
        if context.terminal.is_json() {
            context.terminal.json(&to_json(&prepared));
        } else {
            context.terminal.line("  nothing was sent (--dry-run)");
        }
        return Ok(None);
    }
    if let Some(file) = &how.prepare {
        super::offline::write_new(file, prepared.to_json().as_bytes())?;
        let text = format!(
            "  written to {0}; sign it: tangle wallet sign {0} SIGNED",
            file.display()
        );
        super::people::say(context, &json!({ "prepared": file }), &text)?;
        return Ok(None);
    }
    let started = Instant::now();
    let signer = context.unlock()?;
    let transaction = prepared
        .sign(&*signer)
        .map_err(|error| failures::sign(&error))?;
    drop(signer);
    tick(context, "signed", &millis(started.elapsed()));
    submit(context, transaction, prepared.account, &how.wait).map(Some)
}

/// Sends a signed transaction and follows it.
pub(super) fn submit(
    context: &mut Context<'_>,
    transaction: Transaction,
    account: u32,
    wait: &WaitArguments,
) -> Outcome<Sent> {
    let network = context.network()?;
    let client = context.client()?;
    let id = transaction.id();
    let outputs = transaction.essence.outputs.clone();
    let first = OutputId::new(id, 0);
    let known = context.wait(client.output_status(&first));
    if let Some(known) = known.map_err(client_failure)? {
        let milestone = known.milestone_index_booked;
        tick(
            context,
            "included",
            &format!("in milestone {milestone} already"),
        );
        let value = json!({
            "transactionId": id, "blockId": known.block_id, "included": true,
            "milestone": milestone, "outputs": created(&outputs, id),
        });
        return Ok(Sent { id, value });
    }
    // Kept before the node can know of it: after a crash the wallet still follows it.
    context.wallet.state.pending.push(Pending {
        transaction,
        blocks: Vec::new(),
        account,
        made: network.ledger.time,
    });
    context.save()?;
    let started = Instant::now();
    let (runtime, state) = context.parts();
    let sent = runtime.block_on(send(&client, &network.parameters, state, id));
    if sent
        .as_ref()
        .is_err_and(tangle_wallet::SendError::is_refused)
    {
        // The node has not taken it, and would not take it again.
        state
            .pending
            .retain(|pending| pending.transaction.id() != id);
    }
    context.save()?;
    let block = sent.map_err(failures::send)?;
    tick(
        context,
        "block",
        &format!(
            "{block}  accepted by {}  {}",
            context.node_url(),
            millis(started.elapsed())
        ),
    );
    let mut value = json!({
        "transactionId": id, "blockId": block, "included": false,
        "outputs": created(&outputs, id),
    });
    if !wait.no_wait {
        let milestone = wait_for(context, &network, id, wait.timeout)?;
        value["included"] = json!(true);
        value["milestone"] = json!(milestone);
        context.sync(None)?;
    }
    Ok(Sent { id, value })
}

/// Follows a transaction until it is in the ledger.
fn wait_for(
    context: &mut Context<'_>,
    network: &Network,
    id: TransactionId,
    seconds: u64,
) -> Outcome<MilestoneIndex> {
    let client = context.client()?;
    let started = Instant::now();
    let terminal = *context.terminal;
    let patience = Duration::from_secs(seconds);
    let mut tell = |step: Step| match step {
        Step::Reattached(block) if !terminal.is_json() => {
            terminal.line(&format!("  attached again in block {block}"));
        }
        Step::Promoted if !terminal.is_json() => terminal.line("  promoted"),
        _ => {}
    };
    terminal.live(Some("  waiting for a milestone …"));
    let (runtime, state) = context.parts();
    let work = follow(&client, &network.parameters, state, id, patience, &mut tell);
    let followed = runtime.block_on(work);
    terminal.live(None);
    context.save()?;
    let milestone = followed.map_err(failures::send)?;
    let seconds = started.elapsed().as_secs_f64();
    let text = format!("in milestone {milestone}  {seconds:.1} s");
    tick(context, "included", &text);
    Ok(milestone)
}

/// The outputs of a transaction with their ids.
fn created(outputs: &[Output], id: TransactionId) -> Vec<Value> {
    let numbered = (0_u16..).zip(outputs);
    numbered
        .map(|(index, output)| {
            let output_id = OutputId::new(id, index);
            let mut value = json!({
                "outputId": output_id,
                "kind": kind(output),
                "amount": output.amount().to_string(),
            });
            if let Output::Nft(nft) = output {
                value["nftId"] = json!(nft.nft_id.or_from_output(&output_id));
            }
            if let Output::Alias(alias) = output {
                value["aliasId"] = json!(alias.alias_id.or_from_output(&output_id));
            }
            if let Output::Foundry(foundry) = output {
                value["foundryId"] = json!(foundry.id());
            }
            value
        })
        .collect()
}

/// The name of a kind of output.
pub(super) const fn kind(output: &Output) -> &'static str {
    match output {
        Output::Basic(_) => "basic",
        Output::Alias(_) => "alias",
        Output::Foundry(_) => "foundry",
        Output::Nft(_) => "nft",
    }
}

fn describe(context: &Context<'_>, network: &Network, title: &str, prepared: &Prepared) {
    context.terminal.line(&format!("  {title}"));
    let (inputs, outputs) = (prepared.inputs.len(), prepared.essence.outputs.len());
    let size = prepared.essence.to_bytes().len();
    context.terminal.line(&format!(
        "  inputs {inputs}   outputs {outputs}   essence {size} bytes"
    ));
    context.with_words(network, |words| {
        for (number, output) in prepared.essence.outputs.iter().enumerate() {
            let lines = tangle_types::words::explain(output, words);
            context
                .terminal
                .line(&format!("  output {number}  {}", lines.join("; ")));
        }
    });
}

fn to_json(prepared: &Prepared) -> Value {
    let outputs = prepared.essence.outputs.iter();
    let outputs: Vec<Value> = outputs
        .map(|output| serde_json::to_value(tangle_types::json::OutputJson::from(output)))
        .filter_map(Result::ok)
        .collect();
    json!({
        "dryRun": true,
        "inputs": prepared.essence.inputs,
        "outputs": outputs,
        "essence": format!("0x{}", hex::encode(prepared.essence.to_bytes())),
    })
}

/// A line about a step that is done.
fn tick(context: &Context<'_>, what: &str, text: &str) {
    if !context.terminal.is_json() {
        let mark = context.terminal.paint(Look::Green, "✔");
        context
            .terminal
            .line(&format!("  {mark} {what:<12} {text}"));
    }
}

fn millis(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

/// Prints what was sent, for scripts; people have seen it already.
pub(super) fn finish(context: &Context<'_>, sent: Option<Sent>) -> Outcome {
    if let Some(sent) = sent
        && context.terminal.is_json()
    {
        context.terminal.json(&sent.value);
    }
    Ok(())
}

/// Reads an amount with its unit.
pub(super) fn amount(network: &Network, text: &str) -> Outcome<u64> {
    unit(network)
        .parse(text)
        .map_err(|error| Failure::new(Code::Input, error))
}
