//! Parts of a block alone, so that mutations need not keep the lengths around them right.
#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use tangle_fuzz::{check_output_json, check_payload_json, parameters, read};
use tangle_types::{
    Address, Essence, Feature, Features, Milestone, MilestoneOption, NativeToken, Output, Payload,
    Receipt, SimpleTokenScheme, TaggedData, Transaction, TreasuryTransaction, Unlock,
    UnlockCondition, UnlockConditions, validate_output,
};

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    match kind % 8 {
        0 | 1 => {
            if let Some(output) = read::<Output>(data) {
                check_output_json(&output);
                let _ = validate_output(&output, &parameters());
            }
        }
        2 => {
            if let Some(transaction) = read::<Transaction>(data) {
                black_box(transaction.id());
                check_payload_json(&Payload::Transaction(Box::new(transaction)));
            }
        }
        3 => {
            if let Some(milestone) = read::<Milestone>(data) {
                black_box((milestone.id(), milestone.receipt()));
                check_payload_json(&Payload::Milestone(Box::new(milestone)));
            }
        }
        4 => {
            if let Some(payload) = read::<Payload>(data) {
                check_payload_json(&payload);
            }
        }
        5 => {
            read::<Receipt>(data);
            read::<MilestoneOption>(data);
            read::<TreasuryTransaction>(data);
        }
        6 => {
            read::<Essence>(data);
            read::<TaggedData>(data);
            read::<Unlock>(data);
        }
        _ => {
            read::<UnlockCondition>(data);
            read::<UnlockConditions>(data);
            read::<Feature>(data);
            read::<Features>(data);
            read::<NativeToken>(data);
            read::<SimpleTokenScheme>(data);
            read::<Address>(data);
        }
    }
});
