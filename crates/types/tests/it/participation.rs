//! Events and participations: recorded and made by `inx-participation`, both ways, and what is
//! refused.

use serde::Deserialize;
use serde_json::{Value, json};
use tangle_types::json::{JsonError, ParticipationEventJson, ParticipationsJson, from_slice};
use tangle_types::participation::{
    EventId, EventPayload, EventStatus, Participation, ParticipationEvent, Participations, Staking,
    voting_output,
};
use tangle_types::{
    Address, BasicOutput, Codec, DecodeError, Feature, Features, MilestoneIndex, Output,
    UnixSeconds, UnlockCondition, UnlockConditions,
};

use crate::{bytes, list, text, vector};

fn read_event(json: &Value) -> Result<ParticipationEvent, JsonError> {
    from_slice::<ParticipationEventJson>(json.to_string().as_bytes())?.try_into()
}

fn vectors() -> Value {
    vector("participation.json")
}

/// Reads an event from JSON, checks its id and that it is written back unchanged.
fn check_event(json: &Value, id: &Value) -> ParticipationEvent {
    let event = read_event(json).expect("a valid event");
    assert_eq!(event.id().to_string(), text(id));
    assert_eq!(
        ParticipationEvent::from_bytes(&event.to_bytes()),
        Ok(event.clone())
    );
    let written = serde_json::to_value(ParticipationEventJson::from(&event)).expect("JSON");
    assert_eq!(&written, json);
    event
}

#[test]
fn recorded_events_have_their_ids_and_checksums() {
    let file = vectors();
    for entry in list(&file["recorded"]) {
        let event = check_event(&entry["event"], &entry["id"]);
        let status = EventStatus::deserialize(&entry["status"]).expect("a status");
        assert_eq!(event.phase(status.milestone_index), status.status);
        let questions = status.questions.0.clone();
        let (index, phase, staking) = (status.milestone_index, status.status, &status.staking);
        let made = EventStatus::new(&event.id(), index, phase, questions, staking.clone());
        assert_eq!(made, status);
        assert_eq!(serde_json::to_value(&made).expect("JSON"), entry["status"]);
    }
    assert_eq!(list(&file["recorded"]).len(), 4);
}

#[test]
fn events_have_the_bytes_of_inx_participation() {
    let file = vectors();
    for entry in list(&file["events"]) {
        let event = check_event(&entry["json"], &entry["id"]);
        assert_eq!(event.to_bytes(), bytes(&entry["bytes"]));
    }
    assert_eq!(list(&file["events"]).len(), 7);
}

#[test]
fn participations_have_the_bytes_of_inx_participation() {
    for entry in list(&vectors()["participations"]) {
        let raw = bytes(&entry["bytes"]);
        let read = Participations::from_bytes(&raw).expect("participations");
        assert_eq!(Participations::read_counted(&raw), Ok(read.clone()));
        assert_eq!(read.to_bytes(), raw);
        let json = serde_json::to_value(ParticipationsJson::from(&read)).expect("JSON");
        assert_eq!(json, entry["json"]);
        let again = from_slice::<ParticipationsJson>(json.to_string().as_bytes());
        assert_eq!(
            again
                .and_then(Participations::try_from)
                .expect("what was written"),
            read
        );
    }
}

/// The bytes after `change`, once for each position; `append 0` has only one.
fn changed(base: &[u8], change: &str) -> Vec<Vec<u8>> {
    if change == "append 0" {
        return vec![[base, &[0]].concat()];
    }
    let change_at = |index: usize| {
        let (front, back) = base.split_at(index);
        let with = |byte: u8| [front, &[byte], &back[1..]].concat();
        match change {
            "+1" => with(back[0].wrapping_add(1)),
            "-1" => with(back[0].wrapping_sub(1)),
            "^128" => with(back[0] ^ 128),
            "insert 0" => [front, &[0], back].concat(),
            "remove" => [front, &back[1..]].concat(),
            "cut" => front.to_vec(),
            byte => with(byte.parse().expect("a byte")),
        }
    };
    (0..base.len()).map(change_at).collect()
}

/// Checks that changed bytes are read where `inx-participation` reads them, except where
/// `is_stricter` explains the error.
fn check_changed<T>(
    entries: &Value,
    read: impl Fn(&[u8]) -> Result<T, DecodeError>,
    is_stricter: impl Fn(&DecodeError) -> bool,
) -> usize {
    let mut count = 0;
    for entry in list(entries) {
        let changes = entry["read"].as_object().expect("an object");
        for (change, verdicts) in changes {
            let cases = changed(&bytes(&entry["bytes"]), change);
            assert_eq!(cases.len(), text(verdicts).len(), "{change}");
            for (index, (case, verdict)) in cases.iter().zip(text(verdicts).bytes()).enumerate() {
                let is_as_there = match read(case) {
                    Ok(_) => verdict == b'1',
                    Err(error) => verdict == b'0' || is_stricter(&error),
                };
                assert!(is_as_there, "{change} at {index}: {}", hex::encode(case));
                count += 1;
            }
        }
    }
    count
}

/// Go does not look whether a text is UTF-8, as the specification says it is.
#[test]
fn changed_events_are_read_where_inx_participation_reads_them() {
    let is_text = |error: &DecodeError| matches!(error, DecodeError::Text { .. });
    let changed = &vectors()["changed_events"];
    let count = check_changed(changed, ParticipationEvent::from_bytes, is_text);
    assert_eq!(count, 1092);
}

#[test]
fn changed_participations_count_where_inx_participation_counts_them() {
    let changed = &vectors()["changed_participations"];
    let count = check_changed(changed, Participations::read_counted, |_| false);
    assert_eq!(count, 1402);
}

#[test]
fn phases_begin_and_end_as_in_inx_participation() {
    let file = vectors();
    let mut event = read_event(&file["events"][2]["json"]).expect("an event");
    event.milestone_index_end = MilestoneIndex(30);
    for entry in list(&file["phases"]) {
        let index: MilestoneIndex = serde_json::from_value(entry["index"].clone()).expect("index");
        assert_eq!(event.phase(index).to_string(), text(&entry["phase"]));
        assert_eq!(json!(event.accepts(index)), entry["accepts"], "{index}");
        assert_eq!(json!(event.counts(index)), entry["counts"], "{index}");
    }
}

#[test]
fn overflowing_events_are_those_of_inx_participation() {
    let file = vectors();
    for entry in list(&file["overflow"]) {
        let number = |field: &str| -> u32 {
            let number = entry[field].as_u64().expect("a number");
            number.try_into().expect("32 bits")
        };
        let base = &file["events"][if number("kind") == 0 { 2 } else { 3 }];
        let mut event = read_event(&base["json"]).expect("an event");
        event.milestone_index_end = MilestoneIndex(20 + number("milestones"));
        if let EventPayload::Staking(staking) = &mut event.payload {
            staking.numerator = number("numerator");
            staking.denominator = number("denominator");
        }
        let supply = text(&entry["supply"]).parse().expect("a supply");
        assert_eq!(
            json!(event.can_overflow(supply)),
            entry["overflows"],
            "{entry}"
        );
    }
}

/// The error of a small ballot after `change`.
fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut json = vectors()["events"][2]["json"].clone();
    change(&mut json);
    read_event(&json).expect_err("a refusal").to_string()
}

#[test]
fn events_in_json_keep_the_rules() {
    let answers =
        |count: u8| -> Value { (1..=count).map(|value| json!({ "value": value })).collect() };
    let cases: [(&str, Value, &str); 10] = [
        (
            "/name",
            json!("x".repeat(256)),
            "name: at most 255 bytes are allowed, there are 256",
        ),
        (
            "/additionalInfo",
            json!("x".repeat(2001)),
            "additionalInfo: at most 2000 bytes",
        ),
        (
            "/milestoneIndexStart",
            json!(10),
            "event milestones: number 1 (from 0) is not in asc",
        ),
        (
            "/milestoneIndexEnd",
            json!(20),
            "event milestones: number 2 (from 0) is not in asc",
        ),
        (
            "/payload/type",
            json!(2),
            "event payload: type 2 is not allowed here",
        ),
        (
            "/payload/type",
            json!(1),
            "event payload of type 1: symbol is missing",
        ),
        (
            "/payload/questions",
            json!([]),
            "questions: 1 to 10 are allowed, there are 0",
        ),
        (
            "/payload/questions/0/answers",
            json!([]),
            "answers: 1 to 10 are allowed, there are 0",
        ),
        (
            "/payload/questions/0/answers",
            answers(11),
            "a list of at most 10",
        ),
        (
            "/payload/questions/0/answers/1/value",
            json!(1),
            "answer values: number 1 (from 0) repeats an earlier one",
        ),
    ];
    for (field, value, error) in cases {
        let found = refusal(|json| *json.pointer_mut(field).expect("a field") = value);
        assert!(found.contains(error), "{found}");
    }
    for value in [0, 255] {
        let field = "/payload/questions/0/answers/0/value";
        let found = refusal(|json| *json.pointer_mut(field).expect("a field") = json!(value));
        assert_eq!(
            found,
            format!("an answer has a value of 1 to 254, not {value}")
        );
    }
}

#[test]
fn rewards_have_a_ratio() {
    let mut event = read_event(&vectors()["events"][3]["json"]).expect("an event");
    let EventPayload::Staking(Staking { denominator, .. }) = &mut event.payload else {
        panic!("not a staking event");
    };
    *denominator = 0;
    let error = ParticipationEvent::from_bytes(&event.to_bytes()).expect_err("no ratio");
    assert_eq!(error, DecodeError::RewardRatio);
}

#[test]
fn votes_for_what_no_answer_has_are_invalid() {
    let event = read_event(&vectors()["events"][2]["json"]).expect("an event");
    let question = &event.questions()[0];
    let counted = [0, 1, 2, 3, 254, 255].map(|value| question.counted_value(value));
    assert_eq!(counted, [0, 1, 2, 255, 255, 255]);
}

#[test]
fn a_part_is_replaced_and_taken_out() {
    let part = |event: u8, answers: &[u8]| Participation {
        event_id: EventId([event; 32]),
        answers: answers.to_vec(),
    };
    let mut parts = Participations::default();
    assert_eq!(parts.to_bytes(), [0]);
    parts.put(part(1, &[1]));
    parts.put(part(2, &[]));
    parts.put(part(1, &[2, 3]));
    assert_eq!(parts, Participations(vec![part(1, &[2, 3]), part(2, &[])]));
    assert!(parts.remove(&EventId([1; 32])));
    assert!(!parts.remove(&EventId([1; 32])));
    assert_eq!(parts.get(&EventId([2; 32])), Some(&part(2, &[])));
    assert!(parts.remove(&EventId([2; 32])));
    assert_eq!(
        Participations::from_bytes(&parts.to_bytes()),
        Ok(parts.clone())
    );
    let error = Participations::read_counted(&parts.to_bytes()).expect_err("nothing to count");
    assert_eq!(
        error.to_string(),
        "participations: 1 to 255 are allowed, there are 0"
    );
}

#[test]
fn a_voting_output_has_the_tag_and_nothing_but_an_address() {
    let address = UnlockCondition::Address(Address::Ed25519([7; 32]));
    let output = |conditions: Vec<UnlockCondition>, tag: &[u8]| {
        Output::Basic(BasicOutput {
            amount: 1,
            native_tokens: Vec::new(),
            unlock_conditions: UnlockConditions::new(conditions).expect("one of each"),
            features: Features::new(vec![Feature::Tag(tag.to_vec())]).expect("one of each"),
        })
    };
    assert!(voting_output(&output(vec![address.clone()], b"PARTICIPATE")).is_some());
    assert!(voting_output(&output(vec![address.clone()], b"participate")).is_none());
    let timelock = UnlockCondition::Timelock(UnixSeconds(1));
    assert!(voting_output(&output(vec![address, timelock], b"PARTICIPATE")).is_none());
}
