//! Voting with coins that stay where they are: `tangle wallet vote` and what belongs to it.

mod answers;
mod events;

use std::collections::BTreeSet;

use serde_json::json;
use tangle_types::participation::{
    EventId, EventStatus, Participation, ParticipationEvent, Participations, Phase,
};
use tangle_wallet::VotingOutput;

use self::events::{followed, quoted};
use super::args::{HowArguments, VotingCommand};
use super::context::{Context, unit};
use super::people::say;
use super::show;
use super::transact::{self, amount, finish};
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;

/// Does what a command of these asks for.
pub(super) fn run(context: &mut Context<'_>, command: VotingCommand) -> Outcome {
    match command {
        VotingCommand::Vote {
            event,
            answers,
            how,
        } => vote(context, event, answers, &how),
        VotingCommand::StopParticipating { event, how } => stop(context, event, &how),
        VotingCommand::ParticipationOverview { events } => events::overview(context, &events),
        VotingCommand::VotingPower => voting_power(context),
        VotingCommand::IncreaseVotingPower { amount, how } => {
            change_power(context, &amount, true, &how)
        }
        VotingCommand::DecreaseVotingPower { amount, how } => {
            change_power(context, &amount, false, &how)
        }
        VotingCommand::VotingOutput => show_voting_output(context),
    }
}

/// Answers the questions of an event, or says again what was said before.
fn vote(
    context: &mut Context<'_>,
    event: Option<EventId>,
    answers: Vec<u8>,
    how: &HowArguments,
) -> Outcome {
    context.sync(None)?;
    let (title, part) = match event {
        None => ("vote again".to_owned(), None),
        Some(event_id) => {
            let (event, status) = followed(context, event_id)?;
            check_phase(&event, &status)?;
            // Nobody thinks about answers for nothing.
            if voting(context)?.is_none() {
                return Err(super::failures::no_voting_output());
            }
            let answers = answers::choose(context, event_id, &event, answers)?;
            let title = format!("vote in event {event_id}, {}", quoted(&event.name));
            (title, Some(Participation { event_id, answers }))
        }
    };
    let ended = ended(context)?;
    let sent = transact::run(context, &title, how, |source| source.vote(part, &ended))?;
    finish(context, sent)
}

/// Takes back what was said of an event.
fn stop(context: &mut Context<'_>, event: EventId, how: &HowArguments) -> Outcome {
    context.sync(None)?;
    let ended = ended(context)?;
    let title = format!("stop participating in event {event}");
    let sent = transact::run(context, &title, how, |source| {
        source.stop_participating(event, &ended)
    })?;
    finish(context, sent)
}

/// Keeps more or fewer coins apart for voting.
fn change_power(
    context: &mut Context<'_>,
    text: &str,
    is_more: bool,
    how: &HowArguments,
) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let coins = amount(&network, text)?;
    let ended = ended(context)?;
    let (_, account) = context.account()?;
    let verb = if is_more { "increase" } else { "decrease" };
    let by = unit(&network).show(coins).to_string();
    let title = format!("{verb} the voting power of {account} by {by}");
    let said = said(context)?;
    let sent = transact::run(context, &title, how, |source| {
        if is_more {
            source.increase_voting_power(coins, &ended)
        } else {
            source.decrease_voting_power(coins, &ended)
        }
    })?;
    let outputs = sent
        .as_ref()
        .and_then(|sent| sent.value["outputs"].as_array());
    // A participation counts only when its transaction made nothing else.
    let has_stopped = outputs.is_some_and(|outputs| outputs.len() > 1)
        && said.0.iter().any(|part| !ended.contains(&part.event_id))
        && voting(context)?.is_some();
    if has_stopped && !context.terminal.is_json() {
        let line = "  your votes count again once you have voted again: tangle wallet vote";
        context.terminal.line(line);
    }
    finish(context, sent)
}

/// How many coins are kept apart.
fn voting_power(context: &mut Context<'_>) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let power = voting(context)?.map_or(0, |voting| voting.basic.amount);
    let value = json!({ "votingPower": power.to_string() });
    say(context, &value, &unit(&network).show(power).to_string())
}

/// The voting output in words.
fn show_voting_output(context: &mut Context<'_>) -> Outcome {
    context.sync(None)?;
    match voting(context)?.map(|voting| voting.held.id) {
        Some(id) => show::output(context, id),
        None if context.terminal.is_json() => {
            context.terminal.json(&json!(null));
            Ok(())
        }
        None => Err(super::failures::no_voting_output()),
    }
}

fn voting<'a>(context: &'a Context<'_>) -> Outcome<Option<VotingOutput<'a>>> {
    let (account, _) = context.account()?;
    Ok(VotingOutput::of(
        &context.wallet.state,
        account,
        context.now(),
    ))
}

/// What the voting output says; nothing when it cannot be read.
fn said(context: &Context<'_>) -> Outcome<Participations> {
    let said = voting(context)?.map(|voting| voting.participations().unwrap_or_default());
    Ok(said.unwrap_or_default())
}

/// Which of the events in which the account takes part are over, as far as the node follows them.
fn ended(context: &Context<'_>) -> Outcome<BTreeSet<EventId>> {
    let client = context.client()?;
    let mut ended = BTreeSet::new();
    let said = said(context)?.0;
    if said.is_empty() {
        return Ok(ended);
    }
    let followed = context.wait(client.participation_events());
    let followed = followed.map_err(client_failure)?.unwrap_or_default();
    for part in said {
        if !followed.contains(&part.event_id) {
            continue;
        }
        let status = client.participation_status(&part.event_id, None);
        let status = context.wait(status).map_err(client_failure)?;
        if status.is_some_and(|status| status.status == Phase::Ended) {
            ended.insert(part.event_id);
        }
    }
    Ok(ended)
}

fn check_phase(event: &ParticipationEvent, status: &EventStatus) -> Outcome {
    let (phase, index) = match status.status {
        Phase::Upcoming => ("has not begun", event.milestone_index_commence),
        Phase::Ended => ("is over", event.milestone_index_end),
        Phase::Commencing | Phase::Holding => return Ok(()),
    };
    let failure = Failure::new(Code::Transaction, format!("the event {phase}"));
    Err(match status.status {
        Phase::Ended => failure.with("ended in", format!("milestone {index}")),
        _ => failure
            .with("begins", format!("after milestone {index}"))
            .help("vote once it has begun: nodes ignore what comes before"),
    })
}
