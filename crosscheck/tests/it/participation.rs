//! Events in which coins participate, as the official SDK reads and writes them.
//!
//! The SDK has no bytes of events, and reads more participations than a node counts: without a
//! limit of ten answers, and with several in one event.

use std::collections::BTreeMap;

use iota_sdk::types::api::plugins::participation::responses::{
    AddressOutputsResponse, EventsResponse,
};
use iota_sdk::types::api::plugins::participation::types::{
    PARTICIPATION_TAG, Participation as SdkParticipation, ParticipationEventData,
    ParticipationEventId, ParticipationEventStatus, Participations as SdkParticipations,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tangle_testkit::arbitrary;
use tangle_types::json::{List, ParticipationEventJson, from_slice};
use tangle_types::participation::{
    AddressParticipations, AnswerStatus, EventId, EventIds, EventStatus, OutputParticipations,
    Participation, ParticipationEvent, Participations, Phase, QuestionStatus, TAG,
    TrackedParticipation,
};
use tangle_types::{BlockId, Codec, MilestoneIndex, OutputId};

/// The value after the SDK has read it as `T` and written it.
fn through_sdk<T: Serialize + DeserializeOwned>(value: &impl Serialize) -> Value {
    let json = serde_json::to_string(value).expect("JSON");
    let sdk: T = serde_json::from_str(&json).expect("the SDK reads the JSON");
    serde_json::to_value(&sdk).expect("JSON")
}

fn id() -> impl Strategy<Value = [u8; 32]> {
    proptest::array::uniform32(any::<u8>())
}

fn participations() -> impl Strategy<Value = Participations> {
    let parts = btree_map(id(), vec(any::<u8>(), 0..=10), 0..=255);
    parts.prop_map(|parts| {
        let parts = parts.into_iter().map(|(id, answers)| Participation {
            event_id: EventId(id),
            answers,
        });
        Participations(parts.collect())
    })
}

fn tracked() -> impl Strategy<Value = TrackedParticipation> {
    let numbers = (any::<u64>(), any::<u32>(), any::<u32>());
    (id(), numbers, vec(any::<u8>(), 1..=10)).prop_map(|(block, (amount, start, end), answers)| {
        TrackedParticipation {
            block_id: BlockId(block),
            amount,
            start_milestone_index: MilestoneIndex(start),
            end_milestone_index: MilestoneIndex(end),
            answers: List(answers),
        }
    })
}

#[test]
fn the_tag_is_the_same() {
    assert_eq!(TAG, PARTICIPATION_TAG.as_bytes());
}

proptest! {
    #![proptest_config(arbitrary::config(300))]

    #[test]
    fn events_have_the_same_json(event in arbitrary::participation_event()) {
        let json = serde_json::to_value(ParticipationEventJson::from(&event)).expect("JSON");
        let again = through_sdk::<ParticipationEventData>(&json);
        prop_assert_eq!(&again, &json);
        let read: ParticipationEvent = from_slice::<ParticipationEventJson>(
            again.to_string().as_bytes()
        ).and_then(TryInto::try_into).expect("the SDK's JSON can be read");
        prop_assert_eq!(read.id(), event.id());
    }

    #[test]
    fn participations_have_the_same_bytes(parts in participations()) {
        let sdk = SdkParticipations {
            participations: parts.0.iter().map(|part| SdkParticipation {
                event_id: ParticipationEventId::new(part.event_id.0),
                answers: part.answers.clone(),
            }).collect(),
        };
        let bytes = sdk.to_bytes().expect("at most 255");
        prop_assert_eq!(&parts.to_bytes(), &bytes);
        let read = SdkParticipations::from_bytes(&mut &bytes[..]).expect("its own bytes");
        prop_assert_eq!(read, sdk);
        prop_assert_eq!(Participations::from_bytes(&bytes), Ok(parts));
    }

    #[test]
    fn answers_of_a_node_have_the_same_json(
        outputs in btree_map((id(), 0..128_u16), btree_map(id(), tracked(), 1..4), 0..4),
        votes in vec(vec((any::<u8>(), any::<u64>(), any::<u64>()), 3..=12), 1..=10),
        index in any::<u32>(),
    ) {
        let answer = |(value, current, accumulated)| AnswerStatus { value, current, accumulated };
        let questions = votes.into_iter().map(|answers| QuestionStatus {
            answers: answers.into_iter().map(answer).collect(),
        });
        let (event, index) = (EventId([7; 32]), MilestoneIndex(index));
        let status = EventStatus::new(&event, index, Phase::Holding, questions.collect(), None);
        let json = serde_json::to_value(&status).expect("JSON");
        prop_assert_eq!(through_sdk::<ParticipationEventStatus>(&status), json);

        let events = EventIds { event_ids: outputs.keys().map(|(id, _)| EventId(*id)).collect() };
        let json = serde_json::to_value(&events).expect("JSON");
        prop_assert_eq!(through_sdk::<EventsResponse>(&events), json);

        let outputs = outputs.into_iter().map(|((transaction, output), tracked)| {
            let id = OutputId::new(tangle_types::TransactionId(transaction), output);
            let participations: BTreeMap<_, _> =
                tracked.into_iter().map(|(event, tracked)| (EventId(event), tracked)).collect();
            (id, OutputParticipations { participations })
        });
        let outputs = AddressParticipations { outputs: outputs.collect() };
        let json = serde_json::to_value(&outputs).expect("JSON");
        prop_assert_eq!(through_sdk::<AddressOutputsResponse>(&outputs), json);
    }
}
