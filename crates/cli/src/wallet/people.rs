//! Accounts, addresses, contacts, and the node that is remembered.

use serde_json::json;
use tangle_client::Client;
use tangle_types::Address;
use tangle_wallet::{Balance, KeyPlace};

use super::args::ContactsCommand;
use super::context::{Context, unit};
use super::failures;
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;

/// Lists the accounts.
pub(super) fn accounts(context: &mut Context<'_>) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let unit = unit(&network);
    let hrp = &network.parameters.bech32_hrp;
    let mut rows = Vec::new();
    for (number, name) in &context.wallet.settings.accounts {
        let state = &context.wallet.state;
        let balance = Balance::of(
            state,
            *number,
            &network.parameters.rent,
            network.ledger.time,
        );
        let keys = state.accounts.get(number);
        let address = keys.and_then(|keys| keys.external.address(0));
        let address = address.map_or_else(String::new, |address| address.to_bech32(hrp));
        rows.push((*number, name.clone(), address, balance));
    }
    if context.terminal.is_json() {
        let rows = rows.iter().map(|(number, name, address, balance)| {
            json!({
                "number": number, "name": name, "address": address,
                "available": balance.available.to_string(), "total": balance.total.to_string(),
            })
        });
        context.terminal.json(&rows.collect::<Vec<_>>());
        return Ok(());
    }
    for (number, name, address, balance) in rows {
        let available = unit.show(balance.available).to_string();
        context.terminal.line(&format!(
            "{number:>3}  {name:<12} {available:>24}  {address}"
        ));
    }
    Ok(())
}

/// Adds an account behind the last.
pub(super) fn new_account(context: &mut Context<'_>, name: &str) -> Outcome {
    context.wallet.check_name(name).map_err(failures::wallet)?;
    let accounts = &context.wallet.settings.accounts;
    let number = accounts.keys().next_back().map_or(0, |last| last + 1);
    let signer = context.signer()?;
    context
        .wallet
        .add_account(number, name)
        .map_err(failures::wallet)?;
    tangle_wallet::extend_keys(&mut context.wallet.state, &*signer)
        .map_err(|error| failures::signer(&error))?;
    context.wallet.state.mark_used(KeyPlace {
        account: number,
        is_internal: false,
        index: 0,
    });
    context.save()?;
    say(
        context,
        &json!({ "number": number, "name": name }),
        &format!("account {name} is number {number}"),
    )
}

/// The newest address that was given out.
pub(super) fn address(context: &mut Context<'_>) -> Outcome {
    let (_, name) = context.account()?;
    let network = context.network()?;
    let address = context.address(&name, &network)?;
    let text = address.to_bech32(&network.parameters.bech32_hrp);
    say(context, &json!({ "address": text }), &text)
}

/// All addresses that are in use.
pub(super) fn addresses(context: &mut Context<'_>, internal: bool) -> Outcome {
    context.sync(None)?;
    let (account, _) = context.account()?;
    let network = context.network()?;
    let hrp = &network.parameters.bech32_hrp;
    let keys = context.wallet.state.accounts.get(&account).cloned();
    let keys = keys.unwrap_or_default();
    let mut rows = Vec::new();
    for is_internal in [false, true] {
        if is_internal && !internal {
            continue;
        }
        let chain = keys.chain(is_internal);
        for index in 0..chain.used {
            if let Some(address) = chain.address(index) {
                rows.push((is_internal, index, address.to_bech32(hrp)));
            }
        }
    }
    if context.terminal.is_json() {
        let rows = rows.iter().map(|(is_internal, index, address)| {
            json!({ "index": index, "internal": is_internal, "address": address })
        });
        context.terminal.json(&rows.collect::<Vec<_>>());
        return Ok(());
    }
    for (is_internal, index, address) in rows {
        let kind = if is_internal { "change" } else { "" };
        context
            .terminal
            .line(&format!("{index:>5}  {address}  {kind}"));
    }
    Ok(())
}

/// The next address. Keys beyond those in use are known, so mostly no password is needed.
pub(super) fn new_address(context: &mut Context<'_>) -> Outcome {
    let (account, _) = context.account()?;
    let network = context.network()?;
    let used = |context: &Context<'_>| {
        let keys = context.wallet.state.accounts.get(&account);
        keys.map_or((0, 0), |keys| {
            (keys.external.used, keys.external.hashes.len())
        })
    };
    let (index, known) = used(context);
    // Beyond the gap another copy of the wallet would not find it.
    if index as usize + 1 >= known {
        context.unlock()?;
    }
    context.wallet.state.mark_used(KeyPlace {
        account,
        is_internal: false,
        index,
    });
    context.save()?;
    let keys = &context.wallet.state.accounts[&account];
    let address = keys.external.address(index).ok_or_else(|| {
        Failure::new(
            Code::Wallet,
            "the account has given out all the addresses it can",
        )
    })?;
    let text = address.to_bech32(&network.parameters.bech32_hrp);
    say(context, &json!({ "index": index, "address": text }), &text)
}

/// The address book.
pub(super) fn contacts(context: &mut Context<'_>, command: Option<ContactsCommand>) -> Outcome {
    match command.unwrap_or(ContactsCommand::List) {
        ContactsCommand::List => {
            let contacts = &context.wallet.settings.contacts;
            if context.terminal.is_json() {
                context.terminal.json(contacts);
                return Ok(());
            }
            if contacts.is_empty() {
                context
                    .terminal
                    .line("nobody yet; add somebody: tangle wallet contacts add NAME ADDRESS");
            }
            for (name, address) in contacts {
                context.terminal.line(&format!("{name:<16} {address}"));
            }
            Ok(())
        }
        ContactsCommand::Add { name, address } => {
            context.wallet.check_name(&name).map_err(failures::wallet)?;
            Address::from_bech32(&address)
                .map_err(|error| Failure::new(Code::Input, format!("{address:?}: {error}")))?;
            let contacts = &mut context.wallet.settings.contacts;
            contacts.insert(name.clone(), address.clone());
            context.save()?;
            let value = json!({ "name": name, "address": address });
            say(context, &value, &format!("{name} is {address}"))
        }
        ContactsCommand::Remove { name } => {
            if context.wallet.settings.contacts.remove(&name).is_none() {
                return Err(Failure::new(
                    Code::Input,
                    format!("nobody is called {name:?}"),
                ));
            }
            context.save()?;
            say(
                context,
                &json!({ "removed": name }),
                &format!("{name} is forgotten"),
            )
        }
    }
}

/// Remembers a node.
pub(super) fn set_node(context: &mut Context<'_>, url: &str) -> Outcome {
    Client::new(url).map_err(client_failure)?;
    context.wallet.settings.node = url.to_owned();
    context.save()?;
    say(
        context,
        &json!({ "node": url }),
        &format!("the node is {url}"),
    )
}

/// Prints JSON or a line.
pub(super) fn say(context: &Context<'_>, value: &serde_json::Value, text: &str) -> Outcome {
    if context.terminal.is_json() {
        context.terminal.json(value);
    } else {
        context.terminal.line(text);
    }
    Ok(())
}
