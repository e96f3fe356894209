//! The answers to the questions of an event: given on the command line, or typed.

use std::io::IsTerminal;

use tangle_types::participation::{ANSWER_SKIPPED, EventId, ParticipationEvent, Question};
use tangle_types::words::plain;

use super::super::context::Context;
use super::super::password;
use super::events::{info, question_lines, quoted};
use crate::failure::{Code, Failure, Outcome};

/// The answers that were given, if they fit the event; or those that a person types.
pub(super) fn choose(
    context: &Context<'_>,
    id: EventId,
    event: &ParticipationEvent,
    given: Vec<u8>,
) -> Outcome<Vec<u8>> {
    let questions = event.questions();
    let may_ask = std::io::stdin().is_terminal() && !context.terminal.is_json();
    if given.is_empty() && !questions.is_empty() && may_ask {
        return ask(context, event);
    }
    let mut failure = None;
    if given.len() != questions.len() {
        let text = format!(
            "the event asks {}, {} given",
            counted(questions.len(), "question"),
            counted(given.len(), "answer"),
        );
        failure = Some(Failure::new(Code::Input, text));
    }
    let wrong = given
        .iter()
        .zip(questions)
        .find(|(value, question)| !is_answer(question, **value));
    if let (None, Some((value, question))) = (&failure, wrong) {
        let text = format!("{value} is no answer to {}", quoted(&question.text));
        failure = Some(Failure::new(Code::Input, text));
    }
    let Some(mut failure) = failure else {
        return Ok(given);
    };
    for question in questions {
        let choices: Vec<String> = question
            .answers
            .iter()
            .map(|answer| format!("{} {}", answer.value, plain(&answer.text)))
            .collect();
        let text = format!("{}\n{}", plain(&question.text), choices.join("\n"));
        failure = failure.with("question", text);
    }
    let example: Vec<String> = questions
        .iter()
        .filter_map(|question| Some(question.answers.first()?.value.to_string()))
        .collect();
    Err(failure.help(format!(
        "give the number of an answer to each question, 0 for none: tangle wallet vote {id} {}",
        example.join(" ")
    )))
}

fn is_answer(question: &Question, value: u8) -> bool {
    value == ANSWER_SKIPPED || question.answer(value).is_some()
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Shows the questions and asks for an answer to each.
fn ask(context: &Context<'_>, event: &ParticipationEvent) -> Outcome<Vec<u8>> {
    context.terminal.line(&format!("  {}", plain(&event.name)));
    if !event.additional_info.is_empty() {
        context
            .terminal
            .line(&format!("  {}", info(&event.additional_info)));
    }
    let mut answers = Vec::new();
    for question in event.questions() {
        question_lines(question, None)
            .iter()
            .for_each(|line| context.terminal.line(line));
        let typed = password::type_openly("  number of the answer, 0 for none: ", "ANSWERS")?;
        let value = typed.trim().parse().ok();
        let value = value
            .filter(|value| is_answer(question, *value))
            .ok_or_else(|| {
                let typed = plain(typed.trim());
                Failure::new(
                    Code::Input,
                    format!("{typed:?} is no answer; nothing was sent"),
                )
            })?;
        answers.push(value);
    }
    Ok(answers)
}
