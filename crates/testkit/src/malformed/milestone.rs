//! Milestone payloads that cannot be read, or whose receipts break a rule.

use tangle_types::{DecodeError, SyntaxError};

use super::raw::{List, RawBlock, RawMilestone, RawReceipt, fund, parameters_option, signature};
use super::{Cases, Reason};

pub(super) fn add(cases: &mut Cases<'_>) {
    parents(cases);
    fields(cases);
    options(cases);
    receipts(cases);
    funds(cases);
    signatures(cases);
}

fn kind(field: &'static str, found: u32) -> DecodeError {
    DecodeError::Kind { field, found }
}

impl Cases<'_> {
    fn milestone_decode(
        &mut self,
        name: impl Into<String>,
        error: DecodeError,
        change: impl FnOnce(&mut RawMilestone),
    ) {
        self.milestone(name, Reason::Decode(error), change);
    }

    fn receipt(
        &mut self,
        name: impl Into<String>,
        reason: Reason,
        change: impl FnOnce(&mut RawReceipt),
    ) {
        let mut receipt = RawReceipt::new();
        change(&mut receipt);
        self.milestone(name, reason, |milestone| {
            milestone.options = List::of([receipt.write()]);
        });
    }
}

fn parents(cases: &mut Cases<'_>) {
    let field = "parents";
    for found in [0, 9, 255] {
        let error = DecodeError::Count {
            field,
            found,
            min: 1,
            max: 8,
        };
        let name = format!("milestone with {found} parents");
        cases.milestone_decode(name, error, |milestone| {
            milestone.parents = List::of((0..found).map(|byte| vec![byte as u8; 32]));
        });
    }
    for (name, bytes, error) in [
        ("descending", [3, 2], DecodeError::Order { field, index: 1 }),
        ("equal", [3, 3], DecodeError::Duplicate { field, index: 1 }),
    ] {
        let name = format!("milestone with {name} parents");
        cases.milestone_decode(name, error, |milestone| {
            milestone.parents = List::of(bytes.map(|byte| vec![byte; 32]));
        });
    }
}

fn fields(cases: &mut Cases<'_>) {
    for found in [1, 1 << 32, u64::MAX] {
        let mut block = RawBlock::new(RawMilestone::new().write().bytes);
        block.nonce = found;
        let bytes = cases.bytes(&block);
        let error = DecodeError::MilestoneNonce { found };
        cases.add(
            format!("milestone with nonce {found}"),
            Reason::Decode(error),
            bytes,
        );
    }
    let error = DecodeError::Length {
        field: "milestone metadata",
        found: 8193,
        min: 0,
        max: 8192,
    };
    cases.milestone_decode(
        "milestone with 8193 bytes of metadata",
        error,
        |milestone| {
            milestone.metadata = vec![0; 8193];
        },
    );
}

fn options(cases: &mut Cases<'_>) {
    let field = "milestone options";
    for found in [3, 255] {
        let error = DecodeError::Count {
            field,
            found,
            min: 0,
            max: 2,
        };
        let name = format!("milestone with {found} options");
        cases.milestone_decode(name, error, |milestone| {
            milestone.options.items.resize(found, parameters_option(1));
        });
    }
    let receipt = || RawReceipt::new().write();
    let duplicate = DecodeError::Duplicate { field, index: 1 };
    for (name, items, error) in [
        (
            "two receipts",
            vec![receipt(), receipt()],
            duplicate.clone(),
        ),
        (
            "two parameters options",
            vec![parameters_option(1), parameters_option(2)],
            duplicate,
        ),
        (
            "parameters before a receipt",
            vec![parameters_option(1), receipt()],
            DecodeError::Order { field, index: 1 },
        ),
    ] {
        cases.milestone_decode(format!("milestone with {name}"), error, |milestone| {
            milestone.options = List::of(items);
        });
    }
    for found in [2_u8, 255] {
        let error = kind("milestone option", u32::from(found));
        let name = format!("milestone with an option of type {found}");
        cases.milestone_decode(name, error, |milestone| {
            let mut option = parameters_option(4);
            option[0] = found;
            milestone.options = List::of([option]);
        });
    }
    let error = DecodeError::Length {
        field: "protocol parameters",
        found: 8193,
        min: 0,
        max: 8192,
    };
    cases.milestone_decode(
        "milestone with 8193 bytes of parameters",
        error,
        |milestone| {
            milestone.options = List::of([parameters_option(8193)]);
        },
    );
}

// tidy: a table
fn receipts(cases: &mut Cases<'_>) {
    for found in [2, 255] {
        let error = DecodeError::Bool {
            field: "final receipt",
            found,
        };
        let name = format!("receipt whose final flag is {found}");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            receipt.is_final = found
        });
    }
    for stated in [0, 45, 47, u32::MAX] {
        let error = DecodeError::StatedLength {
            field: "treasury transaction",
            stated: stated as usize,
            used: 46,
        };
        let name = format!("receipt with a treasury transaction of {stated} bytes");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            receipt.treasury_length = stated
        });
    }
    for found in [0, 5, 6] {
        let error = kind("treasury transaction", found);
        let name = format!("receipt with a payload of type {found}");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            receipt.treasury_kind = found
        });
    }
    for found in [0, 2] {
        let error = kind("treasury input", u32::from(found));
        let name = format!("receipt with an input of type {found}");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            receipt.input_kind = found
        });
    }
    for found in [1, 3] {
        let error = kind("treasury output", u32::from(found));
        let name = format!("receipt with an output of type {found}");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            receipt.output_kind = found
        });
    }
    let supply = cases.parameters.token_supply;
    let above = |field, found| {
        Reason::Syntax(SyntaxError::ReceiptAboveSupply {
            field,
            found,
            supply,
        })
    };
    for (name, deposits) in [
        ("one coin more than there is", vec![supply + 1]),
        ("all coins twice", vec![supply, supply]),
    ] {
        let found = deposits.iter().map(|deposit| u128::from(*deposit)).sum();
        let name = format!("receipt of {name}");
        cases.receipt(name, above("sum of funds", found), |receipt| {
            receipt.funds = List::of(
                (1..)
                    .zip(deposits)
                    .map(|(tail, deposit)| fund(tail, 0, deposit)),
            );
        });
    }
    for (name, treasury) in [
        ("one coin more than there is", supply + 1),
        ("the most", u64::MAX),
    ] {
        let name = format!("receipt that leaves {name} in the treasury");
        cases.receipt(name, above("treasury", u128::from(treasury)), |receipt| {
            receipt.treasury = treasury;
        });
    }
}

/// Keys of entries that must be sorted and unique but are not, and what is found.
fn disorders(field: &'static str) -> [(&'static str, &'static [u8], DecodeError); 4] {
    let order = |index| DecodeError::Order { field, index };
    [
        ("unsorted", &[2, 1], order(1)),
        (
            "repeated",
            &[1, 1],
            DecodeError::Duplicate { field, index: 1 },
        ),
        ("unsorted at the end", &[1, 3, 2], order(2)),
        ("repeated, not adjacent", &[1, 2, 1], order(2)),
    ]
}

fn funds(cases: &mut Cases<'_>) {
    let field = "migrated funds";
    for found in [0, 129, 65_535] {
        let error = DecodeError::Count {
            field,
            found,
            min: 1,
            max: 128,
        };
        let name = format!("receipt of {found} funds");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            let there = found.min(129);
            receipt.funds = List::of((0..there).map(|tail| fund(tail as u8, 0, 1_000_000)));
            receipt.funds.count = Some(found);
        });
    }
    for (name, tails, error) in disorders(field) {
        let name = format!("receipt of {name} funds");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            let deposits = (0..).zip(tails);
            receipt.funds = List::of(deposits.map(|(more, tail)| fund(*tail, 0, 1_000_000 + more)));
        });
    }
    for (found, field) in [
        (8, "address of migrated funds"),
        (16, "address of migrated funds"),
        (1, "address"),
        (255, "address"),
    ] {
        let error = kind(field, u32::from(found));
        let name = format!("receipt for an address of type {found}");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            receipt.funds = List::of([fund(1, found, 1_000_000)]);
        });
    }
    for found in [0, 1, 999_999] {
        let error = DecodeError::MigratedDeposit {
            index: 1,
            found,
            min: 1_000_000,
        };
        let name = format!("receipt of {found} coins");
        cases.receipt(name, Reason::Decode(error), |receipt| {
            receipt.funds = List::of([fund(1, 0, 1_000_000), fund(2, 0, found)]);
        });
    }
}

fn signatures(cases: &mut Cases<'_>) {
    let field = "milestone signatures";
    let error = DecodeError::Count {
        field,
        found: 0,
        min: 1,
        max: 255,
    };
    cases.milestone_decode("milestone without signatures", error, |milestone| {
        milestone.signatures.items.clear();
    });
    for (name, keys, error) in disorders(field) {
        let name = format!("milestone with {name} signatures");
        cases.milestone_decode(name, error, |milestone| {
            milestone.signatures = List::of(keys.iter().map(|key| signature(*key)));
        });
    }
    for found in [1, 255] {
        let error = kind("signature", u32::from(found));
        let name = format!("milestone with a signature of type {found}");
        cases.milestone_decode(name, error, |milestone| {
            milestone.signatures.items[1][0] = found;
        });
    }
}
