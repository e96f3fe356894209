//! Transactions that can be read but break a rule about amounts, chains or parameters. Cases of
//! iota.go's `transaction_test.go` and `output_*_test.go` are among them.

use tangle_types::{Codec, Output, OutputError, SyntaxError, U256, basic_deposit_min};

use super::Cases;
use super::raw::{
    Kind, List, RawOutput, alias, condition, feature, foundry, metadata_feature, scheme, token,
    token_id,
};

pub(super) fn add(cases: &mut Cases<'_>) {
    for kind in Kind::ALL {
        amounts(cases, kind);
        deposits(cases, kind);
    }
    for kind in [Kind::Basic, Kind::Nft] {
        conditions(cases, kind);
    }
    aliases(cases);
    foundries(cases);
    nfts(cases);
    sums(cases);
    chains(cases);
}

fn amounts(cases: &mut Cases<'_>, kind: Kind) {
    cases.output_rule(kind, "amount 0", OutputError::AmountZero, |output| {
        output.amount = 0
    });
    let supply = cases.parameters.token_supply;
    for (name, found) in [
        ("one above the supply", supply + 1),
        ("the largest amount", u64::MAX),
    ] {
        let error = OutputError::AmountAboveSupply { found, supply };
        cases.output_rule(kind, name, error, |output| output.amount = found);
    }
    let id = |number| tangle_types::FoundryId(token_id(number));
    for (name, tokens, number) in [
        ("no amount of a native token", vec![token(1, 0)], 1),
        (
            "no amount of the second native token",
            vec![token(1, 9), token(2, 0)],
            2,
        ),
    ] {
        let error = OutputError::NativeTokenZero(id(number));
        cases.output_rule(kind, name, error, |output| output.tokens = List::of(tokens));
    }
}

type Change<'a> = &'a dyn Fn(&mut RawOutput);

/// An output that holds one coin less than it must.
fn deposits(cases: &mut Cases<'_>, kind: Kind) {
    let rent = cases.parameters.rent;
    let large = |output: &mut RawOutput| {
        output.features = List::of([metadata_feature(8192)]);
        output.amount = 1_000_000;
    };
    let with_tokens = |output: &mut RawOutput| {
        output.tokens = List::of((1..=64).map(|number| token(number, 1)));
    };
    let full = |output: &mut RawOutput| *output = RawOutput::full(kind);
    let changes: [(&str, Change<'_>); 4] = [
        ("the smallest", &|_| {}),
        ("with 8192 bytes of metadata", &large),
        ("with 64 native tokens", &with_tokens),
        ("with all conditions and features", &full),
    ];
    for (name, change) in changes {
        let mut raw = RawOutput::new(kind);
        change(&mut raw);
        let output = Output::from_bytes(&raw.write()).expect("a sound output");
        let needed = output.deposit_min(&rent);
        let Some(found) = needed.checked_sub(1).filter(|found| *found > 0) else {
            continue;
        };
        let error = OutputError::StorageDeposit { found, needed };
        cases.output_rule(kind, &format!("{name}, one coin short"), error, |output| {
            *output = raw;
            output.amount = found;
        });
    }
}

fn deposit_return(amount: u64) -> Vec<u8> {
    let mut bytes = condition(1);
    let at = bytes.len() - 8;
    bytes[at..].copy_from_slice(&amount.to_le_bytes());
    bytes
}

fn conditions(cases: &mut Cases<'_>, kind: Kind) {
    let owner = tangle_types::Address::Ed25519([0; 32]);
    let needed = basic_deposit_min(&cases.parameters.rent, &owner);
    for found in [0, 1, needed.saturating_sub(1)] {
        if found >= needed {
            continue;
        }
        let error = OutputError::ReturnTooSmall { found, needed };
        let name = format!("deposit return of {found}");
        cases.output_rule(kind, &name, error, |output| {
            output.conditions.items.push(deposit_return(found));
        });
    }
    let amount = 10_000_000;
    for found in [amount + 1, u64::MAX] {
        let error = OutputError::ReturnAboveAmount { found, amount };
        let name = format!("deposit return of {found}, more than there is");
        cases.output_rule(kind, &name, error, |output| {
            output.conditions.items.push(deposit_return(found));
        });
    }
    let zero = |kind: u8| {
        let mut bytes = condition(kind);
        let at = bytes.len() - 4;
        bytes[at..].fill(0);
        bytes
    };
    let others = |kinds: &[u8]| {
        kinds
            .iter()
            .map(|kind| condition(*kind))
            .collect::<Vec<_>>()
    };
    for (name, items, error) in [
        (
            "timelock 0",
            [others(&[0]), vec![zero(2)]].concat(),
            OutputError::TimelockZero,
        ),
        (
            "timelock 0 besides other conditions",
            [others(&[0, 1]), vec![zero(2)], others(&[3])].concat(),
            OutputError::TimelockZero,
        ),
        (
            "expiration 0",
            [others(&[0]), vec![zero(3)]].concat(),
            OutputError::ExpirationZero,
        ),
        (
            "expiration 0 besides other conditions",
            [others(&[0, 1, 2]), vec![zero(3)]].concat(),
            OutputError::ExpirationZero,
        ),
        (
            "timelock and expiration 0",
            [others(&[0]), vec![zero(2), zero(3)]].concat(),
            OutputError::TimelockZero,
        ),
    ] {
        cases.output_rule(kind, name, error, |output| output.conditions.items = items);
    }
}

fn aliases(cases: &mut Cases<'_>) {
    for (name, state_index, foundries) in [
        ("new, with state index 1", 1, 0),
        ("new, with a foundry counter of 1", 0, 1),
        ("new, with both counters", u32::MAX, u32::MAX),
    ] {
        let error = OutputError::NewAliasCounters;
        cases.output_rule(Kind::Alias, name, error, |output| {
            output.own = alias(0, state_index, b"state", foundries);
        });
    }
    let itself = |kind: u8| [&[kind, 8][..], &[0x55; 32]].concat();
    for (name, items) in [
        ("its own state controller", [itself(4), condition(5)]),
        ("its own governor", [condition(4), itself(5)]),
        (
            "its own state controller and governor",
            [itself(4), itself(5)],
        ),
    ] {
        let error = OutputError::AliasControlsItself;
        cases.output_rule(Kind::Alias, name, error, |output| {
            output.own = alias(0x55, 1, b"", 0);
            output.conditions = List::of(items);
        });
    }
}

fn foundries(cases: &mut Cases<'_>) {
    let max = U256::MAX;
    for (name, minted, melted, maximum, error) in [
        (
            "no maximum supply",
            0.into(),
            0.into(),
            0.into(),
            OutputError::MaximumSupplyZero,
        ),
        (
            "minted without maximum",
            5.into(),
            0.into(),
            0.into(),
            OutputError::MaximumSupplyZero,
        ),
        (
            "melted, not minted",
            0.into(),
            1.into(),
            10.into(),
            OutputError::MeltedAboveMinted,
        ),
        (
            "melted more than minted",
            5.into(),
            6.into(),
            10.into(),
            OutputError::MeltedAboveMinted,
        ),
        (
            "melted the most",
            0.into(),
            max,
            max,
            OutputError::MeltedAboveMinted,
        ),
        (
            "minted too much",
            11.into(),
            0.into(),
            10.into(),
            OutputError::CirculationAboveMaximum,
        ),
        (
            "minted too much, melted too little",
            21.into(),
            10.into(),
            10.into(),
            OutputError::CirculationAboveMaximum,
        ),
        (
            "minted the most",
            max,
            0.into(),
            max - U256::one(),
            OutputError::CirculationAboveMaximum,
        ),
    ] {
        cases.output_rule(Kind::Foundry, name, error, |output| {
            output.own = foundry(1, scheme(0, minted, melted, maximum));
        });
    }
}

fn nfts(cases: &mut Cases<'_>) {
    let itself = [&[0, 16][..], &[0x66; 32]].concat();
    for (name, items) in [
        ("owns itself", vec![itself.clone()]),
        ("owns itself, with a timelock", vec![itself, condition(2)]),
    ] {
        let error = OutputError::NftOwnsItself;
        cases.output_rule(Kind::Nft, name, error, |output| {
            output.own = vec![0x66; 32];
            output.conditions = List::of(items);
        });
    }
}

fn sums(cases: &mut Cases<'_>) {
    let supply = cases.parameters.token_supply;
    let basic = |amount| {
        let mut output = RawOutput::new(Kind::Basic);
        output.amount = amount;
        output.write()
    };
    let rest = supply - 10_000_000;
    for (name, amounts) in [
        (
            "two outputs hold one coin more than there is",
            vec![10_000_000, rest + 1],
        ),
        ("two outputs hold all coins each", vec![supply, supply]),
        (
            "outputs of all kinds of sizes above the supply",
            vec![rest, 5_000_000, 5_000_001],
        ),
    ] {
        let found = amounts.iter().map(|amount| u128::from(*amount)).sum();
        let error = SyntaxError::SupplyExceeded { found, supply };
        cases.rule(name, error, |tx| {
            tx.outputs = List::of(amounts.iter().map(|amount| basic(*amount)));
        });
    }
    // The order of checks stops at the output where the sum is passed.
    let error = SyntaxError::SupplyExceeded {
        found: 2 * u128::from(supply),
        supply,
    };
    cases.rule("128 outputs hold all coins each", error, |tx| {
        tx.outputs = List::of((0..128).map(|_| basic(supply)));
    });
    for (name, per_output) in [
        ("65 kinds of native tokens in two outputs", &[33_u8, 32][..]),
        ("65 kinds of native tokens, 64 in one output", &[64, 1]),
        ("128 kinds of native tokens in two outputs", &[64, 64]),
        ("66 kinds of native tokens in three outputs", &[22, 22, 22]),
    ] {
        let found = per_output.iter().map(|count| usize::from(*count)).sum();
        cases.rule(name, SyntaxError::NativeTokenCount { found }, |tx| {
            let mut next = 0;
            tx.outputs = List::of(per_output.iter().map(|count| {
                let mut output = RawOutput::new(Kind::Basic);
                output.tokens = List::of((next..next + count).map(|number| token(number, 1)));
                next += count;
                output.write()
            }));
        });
    }
}

fn chains(cases: &mut Cases<'_>) {
    let output = |kind, own: Vec<u8>| {
        let mut output = RawOutput::new(kind);
        output.own = own;
        output.features = List::of([feature(2)]);
        output.write()
    };
    let alias_of = |id, state| output(Kind::Alias, alias(id, state, b"", 0));
    let foundry_of = |serial, maximum: u64| {
        output(
            Kind::Foundry,
            foundry(serial, scheme(0, 0.into(), 0.into(), maximum.into())),
        )
    };
    let nft_of = |id| output(Kind::Nft, vec![id; 32]);
    let basic = || RawOutput::new(Kind::Basic).write();
    for (name, index, outputs) in [
        (
            "the same alias twice",
            1,
            vec![alias_of(1, 1), alias_of(1, 1)],
        ),
        (
            "the same alias in two states",
            1,
            vec![alias_of(1, 1), alias_of(1, 2)],
        ),
        (
            "the same alias first and last",
            3,
            vec![alias_of(1, 1), alias_of(2, 1), basic(), alias_of(1, 1)],
        ),
        ("the same NFT twice", 1, vec![nft_of(1), nft_of(1)]),
        (
            "the same NFT first and last",
            3,
            vec![nft_of(1), basic(), nft_of(2), nft_of(1)],
        ),
        (
            "the same foundry twice",
            1,
            vec![foundry_of(1, 10), foundry_of(1, 10)],
        ),
        (
            "the same foundry with two maximum supplies",
            1,
            vec![foundry_of(1, 10), foundry_of(1, 20)],
        ),
        (
            "the same foundry first and last",
            3,
            vec![
                foundry_of(1, 9),
                basic(),
                foundry_of(2, 9),
                foundry_of(1, 9),
            ],
        ),
    ] {
        cases.rule(name, SyntaxError::ChainDuplicate { index }, |tx| {
            tx.outputs = List::of(outputs);
        });
    }
}
