//! The events that a node follows, in words.

use std::collections::BTreeMap;

use serde_json::json;
use tangle_client::{Client, ClientError};
use tangle_types::OutputId;
use tangle_types::participation::{
    ANSWER_INVALID, ANSWER_SKIPPED, EventId, EventStatus, ParticipationEvent, Question,
    TrackedParticipation, voting_output,
};
use tangle_types::words::{Unit, plain};

use super::super::context::{Context, unit};
use super::super::keys::short;
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;

/// Events that are shown at most.
const EVENTS_MAX: usize = 100;
/// Outputs that a node is asked about at most, the newest first.
const OUTPUTS_MAX: usize = 500;
/// What of an event's additional information is shown.
const INFO_CHARS_MAX: usize = 400;

/// What is participated in: by event, by output.
type Overview = BTreeMap<EventId, BTreeMap<OutputId, TrackedParticipation>>;

/// An event that the node follows, and how it stands.
pub(super) fn followed(
    context: &Context<'_>,
    id: EventId,
) -> Outcome<(ParticipationEvent, EventStatus)> {
    let client = context.client()?;
    let all = events(context, &client)?;
    let found = context.wait(read_event(&client, &id));
    if let Some(found) = found.map_err(client_failure)? {
        return Ok(found);
    }
    let text = format!("the node does not follow event {id}");
    let failure = Failure::new(Code::Input, text);
    Err(match all.len() {
        0 => failure.help("it follows none: name another node with --node URL"),
        _ => failure.help("see which ones it follows: tangle wallet participation-overview"),
    })
}

async fn read_event(
    client: &Client,
    id: &EventId,
) -> Result<Option<(ParticipationEvent, EventStatus)>, ClientError> {
    let Some(event) = client.participation_event(id).await? else {
        return Ok(None);
    };
    let status = client.participation_status(id, None).await?;
    Ok(status.map(|status| (event, status)))
}

/// The events that the node follows.
fn events(context: &Context<'_>, client: &Client) -> Outcome<Vec<EventId>> {
    let all = context.wait(client.participation_events());
    all.map_err(client_failure)?.ok_or_else(|| {
        Failure::new(
            Code::Refused,
            "the node follows no events: it has no interface for voting",
        )
        .with("node", context.node_url())
        .help("name a node that has /api/participation/v1: tangle wallet --node URL")
    })
}

/// A question with its answers, and how many votes these have.
pub(super) fn question_lines(
    question: &Question,
    votes: Option<&BTreeMap<u8, (u64, u64)>>,
) -> Vec<String> {
    let mut lines = vec![format!("  {}", plain(&question.text))];
    if !question.additional_info.is_empty() {
        lines.push(format!("    {}", info(&question.additional_info)));
    }
    let votes_of = |value: u8| {
        let (current, accumulated) = votes?.get(&value).copied()?;
        Some(format!("{current} votes now, {accumulated} so far"))
    };
    for answer in &question.answers {
        let mut line = format!("    {:>3}  {}", answer.value, plain(&answer.text));
        if !answer.additional_info.is_empty() {
            line.push_str(&format!(" ({})", info(&answer.additional_info)));
        }
        if let Some(votes) = votes_of(answer.value) {
            line.push_str(&format!(": {votes}"));
        }
        lines.push(line);
    }
    for (value, name) in [(ANSWER_SKIPPED, "skipped"), (ANSWER_INVALID, "invalid")] {
        let cast = votes.and_then(|votes| votes.get(&value));
        if cast.is_some_and(|votes| *votes != (0, 0))
            && let Some(votes) = votes_of(value)
        {
            lines.push(format!("         {name}: {votes}"));
        }
    }
    lines
}

/// The events of the node, and how the account takes part in them.
pub(super) fn overview(context: &mut Context<'_>, only: &[EventId]) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let client = context.client()?;
    let mut shown = events(context, &client)?;
    let overview = participations(context, &client, only)?;
    shown.extend(overview.keys());
    shown.retain(|id| only.is_empty() || only.contains(id));
    shown.sort_unstable();
    shown.dedup();
    if let Some(absent) = only.iter().find(|id| !shown.contains(id)) {
        followed(context, *absent)?;
    }
    if context.terminal.is_json() {
        context
            .terminal
            .json(&json!({ "participations": overview, "events": shown }));
        return Ok(());
    }
    if shown.is_empty() {
        context
            .terminal
            .line("the node follows no events at present");
    }
    let unit = unit(&network);
    for id in shown.iter().take(EVENTS_MAX) {
        let event = context
            .wait(read_event(&client, id))
            .map_err(client_failure)?;
        let own = overview.get(id);
        event_lines(id, event.as_ref(), own, &unit)
            .iter()
            .for_each(|line| context.terminal.line(line));
    }
    if shown.len() > EVENTS_MAX {
        let more = shown.len() - EVENTS_MAX;
        context
            .terminal
            .line(&format!("and {more} more; name those that you want to see"));
    }
    Ok(())
}

/// What the account's outputs participate in, or did, as the node has tracked it.
fn participations(context: &Context<'_>, client: &Client, only: &[EventId]) -> Outcome<Overview> {
    let (account, _) = context.account()?;
    let state = &context.wallet.state;
    let has_voted = |record: &&tangle_wallet::Record| {
        let output = &record.output.output;
        let owner = output.unlock_conditions().address();
        let place = owner.and_then(|owner| state.place(owner));
        place.is_some_and(|place| place.account == account)
            && voting_output(output).is_some_and(|basic| basic.features.metadata().is_some())
    };
    let mut records: Vec<_> = state.records().into_iter().filter(has_voted).collect();
    records.sort_unstable_by_key(|record| {
        std::cmp::Reverse((record.output.milestone_index, record.output.id))
    });
    let mut overview = Overview::new();
    for record in records.into_iter().take(OUTPUTS_MAX) {
        let id = record.output.id;
        let tracked = context.wait(client.output_participations(&id));
        let tracked = tracked.map_err(client_failure)?.unwrap_or_default();
        for (event, tracked) in tracked.participations {
            if only.is_empty() || only.contains(&event) {
                overview.entry(event).or_default().insert(id, tracked);
            }
        }
    }
    Ok(overview)
}

fn event_lines(
    id: &EventId,
    event: Option<&(ParticipationEvent, EventStatus)>,
    own: Option<&BTreeMap<OutputId, TrackedParticipation>>,
    unit: &Unit,
) -> Vec<String> {
    let Some((event, status)) = event else {
        return vec![format!("event {id}, which the node does not follow")];
    };
    let mut lines = vec![
        format!("event {id}"),
        format!("  {}", plain(&event.name)),
        format!(
            "  {}: takes votes after milestone {}, counts them after milestone {}, ends with \
             milestone {}",
            status.status,
            event.milestone_index_commence,
            event.milestone_index_start,
            event.milestone_index_end
        ),
    ];
    if !event.additional_info.is_empty() {
        lines.push(format!("  {}", info(&event.additional_info)));
    }
    let mut standing = status.questions.0.iter();
    for question in event.questions() {
        let votes = standing.next().map(|question| {
            let answers = question.answers.0.iter();
            let votes = answers.map(|answer| (answer.value, (answer.current, answer.accumulated)));
            votes.collect::<BTreeMap<_, _>>()
        });
        lines.extend(question_lines(question, votes.as_ref()));
    }
    let Some(own) = own else {
        lines.push("  you do not take part".to_owned());
        return lines;
    };
    for (id, tracked) in own {
        let amount = unit.show(tracked.amount);
        let answers = answers_in_words(event, &tracked.answers.0);
        let until = match tracked.end_milestone_index.0 {
            0 => String::new(),
            end => format!(" to milestone {end}"),
        };
        lines.push(format!(
            "  you: {amount}{answers}, from milestone {}{until}, output {}",
            tracked.start_milestone_index,
            short(id)
        ));
    }
    lines
}

/// The answers with their texts.
fn answers_in_words(event: &ParticipationEvent, answers: &[u8]) -> String {
    let words = answers.iter().zip(event.questions());
    let words: Vec<String> = words
        .map(
            |(value, question)| match (question.answer(*value), *value) {
                (Some(answer), _) => format!("{value} {}", quoted(&answer.text)),
                (None, ANSWER_SKIPPED) => "nothing".to_owned(),
                (None, value) => format!("{value} (invalid)"),
            },
        )
        .collect();
    if words.is_empty() {
        return String::new();
    }
    format!(" for {}", words.join(", "))
}

/// Somebody else's text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text))
}

/// Additional information on one line, as far as it is shown.
pub(super) fn info(text: &str) -> String {
    let shown: String = text.chars().take(INFO_CHARS_MAX).collect();
    let rest = if shown.len() < text.len() { " …" } else { "" };
    format!("{}{rest}", plain(&shown))
}
