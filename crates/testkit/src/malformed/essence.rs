//! Transactions: essence, inputs, unlocks. Cases of iota.go's `transaction_test.go` and
//! `unlock_test.go` are among them.

use tangle_types::{DecodeError, NetworkId, SyntaxError};

use super::Cases;
use super::raw::{
    Kind, List, RawMilestone, RawOutput, RawTaggedData, RawTransaction, input, reference_unlock,
    signature_unlock,
};

pub(super) fn add(cases: &mut Cases<'_>) {
    essence(cases);
    inputs(cases);
    outputs(cases);
    payload(cases);
    unlock_counts(cases);
    unlock_kinds(cases);
    unlock_targets(cases);
}

fn kind(field: &'static str, found: u8) -> DecodeError {
    DecodeError::Kind {
        field,
        found: u32::from(found),
    }
}

fn essence(cases: &mut Cases<'_>) {
    for found in [0, 2, 255] {
        let error = kind("essence", found);
        cases.transaction(format!("essence of type {found}"), error, |tx| {
            tx.essence_kind = found;
        });
    }
    let needed = cases.parameters.network_id();
    for (name, found) in [
        ("network id 0", 0),
        ("network id with its bytes reversed", needed.0.swap_bytes()),
        ("network id of the IOTA main net", 9_374_574_019_616_453_254),
        ("network id of a private Tangle", 8_453_507_715_857_476_362),
        ("network id one too high", needed.0.wrapping_add(1)),
    ] {
        if found == needed.0 {
            continue;
        }
        let error = SyntaxError::NetworkId {
            needed,
            found: NetworkId(found),
        };
        cases.rule(name, error, |tx| tx.network_id = found);
    }
}

fn count(field: &'static str, found: usize) -> DecodeError {
    DecodeError::Count {
        field,
        found,
        min: 1,
        max: 128,
    }
}

fn inputs(cases: &mut Cases<'_>) {
    cases.transaction("no inputs", count("inputs", 0), |tx| {
        tx.inputs.items.clear();
        tx.unlocks.items.clear();
    });
    cases.transaction("129 inputs", count("inputs", 129), |tx| {
        tx.inputs = List::of((0..129).map(|byte| input(byte, 0)));
        tx.unlocks.items.resize(129, reference_unlock(1, 0));
    });
    for found in [129, 256, 65_535] {
        let name = format!("{found} inputs are said, 1 there");
        cases.transaction(name, count("inputs", found), |tx| {
            tx.inputs.count = Some(found)
        });
    }
    // 1 is the treasury input of receipts.
    for found in [1, 2, 255] {
        let error = kind("input", found);
        cases.transaction(format!("input of type {found}"), error, |tx| {
            tx.inputs.items[0][0] = found;
        });
    }
    for found in [128, 129, 65_535] {
        let error = DecodeError::OutputIndex { index: 1, found };
        let name = format!("input with output index {found}");
        cases.transaction(name, error, |tx| {
            tx.inputs.items.push(input(1, found));
            tx.unlocks.items.push(reference_unlock(1, 0));
        });
    }
    for (name, bytes, index) in [
        ("the same input twice", vec![7, 7], 1),
        ("the same input first and last", vec![7, 8, 9, 7], 3),
        (
            "128 inputs, the last two equal",
            (0..127).chain([126]).collect(),
            127,
        ),
        (
            "128 inputs, the first and the last equal",
            (0..127).chain([0]).collect(),
            127,
        ),
        ("128 times the same input", vec![7; 128], 1),
    ] {
        let field = "inputs";
        cases.transaction(name, DecodeError::Duplicate { field, index }, |tx| {
            tx.inputs = List::of(bytes.iter().map(|byte: &u8| input(*byte, 5)));
            tx.unlocks.items.resize(bytes.len(), reference_unlock(1, 0));
        });
    }
}

fn outputs(cases: &mut Cases<'_>) {
    cases.transaction("no outputs", count("outputs", 0), |tx| {
        tx.outputs.items.clear()
    });
    cases.transaction("129 outputs", count("outputs", 129), |tx| {
        let output = tx.outputs.items[0].clone();
        tx.outputs.items.resize(129, output);
    });
    for found in [129, 256, 65_535] {
        let name = format!("{found} outputs are said, 1 there");
        cases.transaction(name, count("outputs", found), |tx| {
            tx.outputs.count = Some(found)
        });
    }
    // 2 is the treasury output of receipts; 0 and 1 are retired.
    for found in [0, 1, 2, 7, 255] {
        let error = kind("output", found);
        cases.transaction(format!("output of type {found}"), error, |tx| {
            tx.outputs.items[0][0] = found;
        });
    }
    for found in [3, 7] {
        let error = kind("output", found + 100);
        let name = format!("output {found} of 8 is of type {}", found + 100);
        cases.transaction(name, error, |tx| {
            let output = tx.outputs.items[0].clone();
            tx.outputs.items.resize(8, output);
            tx.outputs.items[usize::from(found)][0] = found + 100;
        });
    }
}

fn payload(cases: &mut Cases<'_>) {
    let parameters = cases.parameters;
    let output = RawOutput::new(Kind::Basic).write();
    let nested = RawTransaction::new(parameters, vec![output]);
    let retired = |kind: u32| [kind.to_le_bytes().to_vec(), vec![0; 40]].concat();
    for (name, found, bytes) in [
        ("a transaction", 6, nested.write().bytes),
        ("a milestone", 7, RawMilestone::new().write().bytes),
        ("a payload of type 0", 0, retired(0)),
        ("a payload of type 4", 4, retired(4)),
        ("a payload of type 255", 255, retired(255)),
    ] {
        let error = DecodeError::Kind {
            field: "tagged data",
            found,
        };
        cases.transaction(format!("transaction in which is {name}"), error, |tx| {
            tx.payload = bytes;
        });
    }
    let data = RawTaggedData::new().write().bytes;
    let length = data.len();
    cases.transaction(
        "payload of a transaction with a byte after its end",
        DecodeError::StatedLength {
            field: "essence payload",
            stated: length + 1,
            used: length,
        },
        |tx| tx.payload = [&data[..], &[0]].concat(),
    );
    cases.transaction(
        "payload of a transaction is cut off",
        DecodeError::TooShort { needed: 4, left: 3 },
        |tx| tx.payload = data[..length - 1].to_vec(),
    );
    cases.transaction(
        "payload of a transaction is longer than the transaction",
        DecodeError::TooShort {
            needed: 200,
            left: length + 2 + 98,
        },
        |tx| {
            tx.payload = data.clone();
            tx.payload_length = Some(200);
        },
    );
    let tag = RawTaggedData {
        tag: vec![0; 65],
        ..RawTaggedData::new()
    };
    let error = DecodeError::Length {
        field: "tag",
        found: 65,
        min: 0,
        max: 64,
    };
    cases.transaction("tag of 65 bytes in a transaction", error, |tx| {
        tx.payload = tag.write().bytes;
    });
}

/// Four inputs, the first one unlocked by a signature.
fn four_inputs(tx: &mut RawTransaction, unlocks: impl IntoIterator<Item = Vec<u8>>) {
    tx.inputs = List::of((1..=4).map(|byte| input(byte, 0)));
    tx.unlocks = List::of(unlocks);
}

fn unlock_counts(cases: &mut Cases<'_>) {
    for unlocks in [0, 1, 3, 5, 128] {
        let error = DecodeError::UnlockCount { inputs: 4, unlocks };
        cases.transaction(format!("4 inputs, {unlocks} unlocks"), error, |tx| {
            four_inputs(tx, []);
            tx.unlocks.items.resize(unlocks, reference_unlock(1, 0));
        });
    }
    for unlocks in [129, 65_535] {
        let error = DecodeError::UnlockCount { inputs: 1, unlocks };
        cases.transaction(format!("{unlocks} unlocks are said"), error, |tx| {
            tx.unlocks.count = Some(unlocks);
        });
    }
}

fn unlock_kinds(cases: &mut Cases<'_>) {
    for found in [4, 5, 255] {
        cases.transaction(
            format!("unlock of type {found}"),
            kind("unlock", found),
            |tx| {
                tx.unlocks.items[0][0] = found;
            },
        );
        let error = kind("unlock", found);
        cases.transaction(format!("last unlock of type {found}"), error, |tx| {
            let unlocks = [
                signature_unlock(1),
                reference_unlock(1, 0),
                reference_unlock(1, 0),
                reference_unlock(found, 0),
            ];
            four_inputs(tx, unlocks);
        });
    }
    for found in [1, 2, 255] {
        let error = kind("signature", found);
        cases.transaction(format!("signature of type {found}"), error, |tx| {
            tx.unlocks.items[0][1] = found;
        });
    }
    let field = "signature unlocks";
    for (name, keys, index) in [
        ("the same signature unlock twice", [1, 1, 2, 3], 1),
        ("the same signature unlock first and last", [1, 2, 3, 1], 3),
        ("two pairs of the same signature unlock", [1, 2, 2, 1], 2),
    ] {
        cases.transaction(name, DecodeError::Duplicate { field, index }, |tx| {
            four_inputs(tx, keys.map(signature_unlock));
        });
    }
}

/// Unlocks may only point back; a reference only to a signature. The unlock at fault is the last.
fn unlock_targets(cases: &mut Cases<'_>) {
    let signature = || signature_unlock(1);
    let error = |index, target| DecodeError::UnlockReference { index, target };
    for (number, name) in [(1, "reference"), (2, "alias"), (3, "NFT")] {
        cases.transaction(
            format!("{name} unlock at the first input"),
            error(0, 0),
            |tx| {
                tx.unlocks.items = vec![reference_unlock(number, 0)];
            },
        );
        for (to, target) in [
            ("itself", 1),
            ("a later unlock", 2),
            ("unlock 128", 128),
            ("unlock 65535", 65_535),
        ] {
            let name = format!("{name} unlock points to {to}");
            cases.transaction(name, error(1, target), |tx| {
                let unlocks = [
                    signature(),
                    reference_unlock(number, target),
                    signature_unlock(2),
                    signature_unlock(3),
                ];
                four_inputs(tx, unlocks);
            });
        }
    }
    for (number, name) in [(1, "a reference"), (2, "an alias"), (3, "an NFT")] {
        let name = format!("reference unlock points to {name} unlock");
        cases.transaction(name, error(2, 1), |tx| {
            let unlocks = [
                signature(),
                reference_unlock(number, 0),
                reference_unlock(1, 1),
                signature_unlock(2),
            ];
            four_inputs(tx, unlocks);
        });
    }
}
