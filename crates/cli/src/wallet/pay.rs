//! Base coins: sending, asking a faucet, putting together, claiming.

use std::time::{Duration, Instant};

use serde_json::json;
use tangle_client::Client;
use tangle_types::{OutputId, UnixSeconds};
use tangle_wallet::Balance;
use tangle_wallet::actions::Terms;

use super::args::{HowArguments, SendArguments};
use super::context::{Context, unit};
use super::transact::{self, amount, finish};
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;

/// Where a dev network mounts its faucet.
pub(crate) const FAUCET_PATH: &str = "/faucet";
/// Pause between two looks at what the faucet did.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Sends coins.
pub(super) fn send(context: &mut Context<'_>, send: &SendArguments) -> Outcome {
    let network = context.network()?;
    let coins = amount(&network, &send.amount)?;
    let to = context.address(&send.to, &network)?;
    let (_, from) = context.account()?;
    let title = format!("send {}   {from} → {}", unit(&network).show(coins), send.to);
    let sent = transact::run(context, &title, &send.how, |source| {
        let later = |seconds: u32| UnixSeconds(source.now.0.saturating_add(seconds));
        let terms = Terms {
            timelock: send.locked_for.map(later),
            expiration: send.expires_in.map(later),
            lends_deposit: send.lend_deposit,
            tag: send.tag.as_bytes().to_vec(),
            metadata: send.metadata.as_bytes().to_vec(),
        };
        source.parcel(to, coins, Vec::new(), &terms)
    })?;
    finish(context, sent)
}

/// Puts small outputs together.
pub(super) fn consolidate(context: &mut Context<'_>, how: &HowArguments) -> Outcome {
    let sent = transact::run(context, "put outputs together", how, |source| {
        source.consolidation()
    })?;
    finish(context, sent)
}

/// Takes what can be claimed.
pub(super) fn claim(context: &mut Context<'_>, ids: &[OutputId], how: &HowArguments) -> Outcome {
    let sent = transact::run(context, "claim", how, |source| source.claim(ids))?;
    finish(context, sent)
}

/// Asks a faucet and waits until its coins are there.
pub(super) fn faucet(context: &mut Context<'_>, url: Option<String>, timeout: u64) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let (account, name) = context.account()?;
    let address = context.address(&name, &network)?;
    let text = address.to_bech32(&network.parameters.bech32_hrp);
    let url = url.unwrap_or_else(|| {
        let node = context.node_url().trim_end_matches('/');
        format!("{node}{FAUCET_PATH}")
    });
    let faucet = Client::new(&url).map_err(client_failure)?;
    let total = |context: &Context<'_>, now| {
        let rent = &network.parameters.rent;
        Balance::of(&context.wallet.state, account, rent, now).total
    };
    let before = total(context, network.ledger.time);
    context
        .wait(faucet.ask_faucet(&text))
        .map_err(client_failure)?;
    if !context.terminal.is_json() {
        context
            .terminal
            .line(&format!("  asked {url} for {name} ({text})"));
    }
    let started = Instant::now();
    context.terminal.live(Some("  waiting for the faucet …"));
    loop {
        context.sync(None)?;
        let now = context.network()?.ledger.time;
        let after = total(context, now);
        if after > before {
            context.terminal.live(None);
            let got = unit(&network).show(after - before).to_string();
            let value = json!({
                "address": text, "received": (after - before).to_string(),
                "total": after.to_string(),
            });
            return super::people::say(context, &value, &format!("  received {got}"));
        }
        if started.elapsed() > Duration::from_secs(timeout) {
            context.terminal.live(None);
            return Err(Failure::new(
                Code::Undecided,
                format!("the faucet has not paid within {timeout} s; it may still do"),
            ));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
