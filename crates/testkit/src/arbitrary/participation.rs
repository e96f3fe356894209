//! Events in which coins participate.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use tangle_types::MilestoneIndex;
use tangle_types::participation::{
    Answer, Ballot, EventPayload, ParticipationEvent, Question, Staking,
};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![6 => "\\PC{0,12}", 1 => "[a-z]{255}"]
}

fn question() -> impl Strategy<Value = Question> {
    let answers = btree_set(1..255_u8, 1..=10).prop_flat_map(|values| {
        let texts = vec((text(), text()), values.len());
        (Just(values), texts).prop_map(|(values, texts)| {
            let answers = values.into_iter().zip(texts);
            let answer = |(value, (text, additional_info))| Answer {
                value,
                text,
                additional_info,
            };
            answers.map(answer).collect::<Vec<_>>()
        })
    });
    (text(), answers, text()).prop_map(|(text, answers, additional_info)| Question {
        text,
        answers,
        additional_info,
    })
}

fn staking() -> impl Strategy<Value = Staking> {
    let ratio = (1..=u32::MAX, 1..=u32::MAX);
    (text(), "[a-zA-Z]{3,10}", ratio, any::<u64>(), text()).prop_map(
        |(text, symbol, (numerator, denominator), required_minimum_rewards, additional_info)| {
            Staking {
                text,
                symbol,
                numerator,
                denominator,
                required_minimum_rewards,
                additional_info,
            }
        },
    )
}

/// Ballots and staking events.
pub fn participation_event() -> impl Strategy<Value = ParticipationEvent> {
    let ballot = vec(question(), 1..=10).prop_map(|questions| Ballot { questions });
    let payload = prop_oneof![
        3 => ballot.prop_map(EventPayload::Ballot),
        1 => staking().prop_map(EventPayload::Staking),
    ];
    let milestones = btree_set(any::<u32>(), 3).prop_map(|indexes| {
        let indexes: Vec<MilestoneIndex> = indexes.into_iter().map(MilestoneIndex).collect();
        (indexes[0], indexes[1], indexes[2])
    });
    (text(), milestones, payload, text()).prop_map(
        |(name, (commence, start, end), payload, additional_info)| ParticipationEvent {
            name,
            milestone_index_commence: commence,
            milestone_index_start: start,
            milestone_index_end: end,
            payload,
            additional_info,
        },
    )
}
