//! `tangle wallet watch`: what comes in and goes out, as it happens.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tangle_wallet::{Event, history};

use super::context::Context;
use super::history::{event_json, event_lines};
use crate::failure::Outcome;

/// Pause between two looks: half of the shortest time between milestones.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Prints the history that happens from now on, until interrupted or the time is over.
pub(super) fn run(context: &mut Context<'_>, seconds: u64) -> Outcome {
    context.sync(None)?;
    let (account, name) = context.account()?;
    let key = |event: &Event| (event.milestone, event.transaction);
    let mut seen: BTreeSet<_> = history(&context.wallet.state, account)
        .iter()
        .map(key)
        .collect();
    if !context.terminal.is_json() {
        context
            .terminal
            .line(&format!("  watching {name}; Ctrl-C ends it"));
    }
    let started = Instant::now();
    while seconds == 0 || started.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(LOOK_EVERY);
        context.sync(None)?;
        let network = context.network()?;
        for event in history(&context.wallet.state, account) {
            if !seen.insert(key(&event)) {
                continue;
            }
            if context.terminal.is_json() {
                let hrp = &network.parameters.bech32_hrp;
                context.terminal.json(&event_json(&event, hrp));
            } else {
                for line in event_lines(context, &event, &network) {
                    context.terminal.line(&line);
                }
            }
        }
    }
    Ok(())
}
