//! Outputs that cannot be read: conditions, features, tokens, lengths. Cases of iota.go's
//! `output_*_test.go` are among them.

use tangle_types::DecodeError;

use super::Cases;
use super::raw::{
    Kind, List, RawOutput, address, alias, condition, feature, foundry, metadata_feature, scheme,
    tag_feature, token,
};

pub(super) fn add(cases: &mut Cases<'_>) {
    for kind in Kind::ALL {
        conditions(cases, kind);
        features(cases, kind, Place::Mutable);
        if kind != Kind::Basic {
            features(cases, kind, Place::Immutable);
        }
        native_tokens(cases, kind);
        addresses(cases, kind);
    }
    own_fields(cases);
}

fn number(field: &'static str, found: u8) -> DecodeError {
    DecodeError::Kind {
        field,
        found: u32::from(found),
    }
}

/// Pairs of types that `kinds` has in ascending order, the other way round.
fn swapped(kinds: &[u8]) -> Vec<[u8; 2]> {
    let pairs = kinds
        .iter()
        .flat_map(|a| kinds.iter().map(move |b| [*b, *a]));
    pairs.filter(|[first, second]| first > second).collect()
}

// tidy: a table
fn conditions(cases: &mut Cases<'_>, kind: Kind) {
    let output = kind.name();
    let allowed = kind.conditions_allowed();
    for other in (0..7).filter(|other| !allowed.contains(other)) {
        let error = DecodeError::ConditionNotAllowed {
            output,
            kind: other,
        };
        cases.output(kind, &format!("with condition {other}"), error, |output| {
            output.conditions.items.push(condition(other));
            output.conditions.items.sort();
        });
    }
    for missing in kind.conditions() {
        let error = DecodeError::ConditionMissing {
            output,
            kind: *missing,
        };
        cases.output(
            kind,
            &format!("without condition {missing}"),
            error,
            |output| {
                let needed = kind.conditions().iter().filter(|needed| *needed != missing);
                output.conditions = List::of(needed.map(|kind| condition(*kind)));
            },
        );
    }
    if kind.conditions().len() != 1 || allowed.len() > 1 {
        let error = DecodeError::ConditionMissing {
            output,
            kind: allowed[0],
        };
        cases.output(kind, "without any condition", error, |output| {
            output.conditions.items.clear();
        });
    }
    let field = "unlock conditions";
    for twice in allowed {
        let error = DecodeError::Duplicate { field, index: 1 };
        cases.output(kind, &format!("condition {twice} twice"), error, |output| {
            output.conditions = List::of([condition(*twice), condition(*twice)]);
        });
    }
    for [first, second] in swapped(allowed) {
        let name = format!("condition {first} before {second}");
        cases.output(
            kind,
            &name,
            DecodeError::Order { field, index: 1 },
            |output| {
                output.conditions = List::of([condition(first), condition(second)]);
            },
        );
    }
    for found in [7, 255] {
        let name = format!("with a condition of type {found}");
        cases.output(kind, &name, number("unlock condition", found), |output| {
            output.conditions.items.push(condition(found));
        });
    }
    for found in [8, 255] {
        let error = DecodeError::Count {
            field,
            found,
            min: 0,
            max: 7,
        };
        cases.output(kind, &format!("{found} conditions"), error, |output| {
            output.conditions.count = Some(found);
            output.conditions.items.resize(found, condition(2));
        });
    }
}

/// Which of the two lists of features.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Mutable,
    Immutable,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Mutable => "features",
            Self::Immutable => "immutable features",
        }
    }

    fn list(self, output: &mut RawOutput) -> &mut List {
        match (self, &mut output.immutable_features) {
            (Self::Immutable, Some(features)) => features,
            _ => &mut output.features,
        }
    }
}

fn features(cases: &mut Cases<'_>, kind: Kind, place: Place) {
    let field = place.name();
    let (mutable, immutable) = kind.features_allowed();
    let allowed = match place {
        Place::Mutable => mutable,
        Place::Immutable => immutable,
    };
    let mut case = |name: &str, error: DecodeError, items: Vec<Vec<u8>>| {
        cases.output(kind, &format!("{field}: {name}"), error, |output| {
            place.list(output).items = items;
        });
    };
    for other in (0..4).filter(|other| !allowed.contains(other)) {
        let error = DecodeError::FeatureNotAllowed {
            output: kind.name(),
            field,
            kind: other,
        };
        case(&format!("type {other}"), error, vec![feature(other)]);
    }
    // Both lists are read alike.
    let list = "features";
    for twice in allowed {
        let error = DecodeError::Duplicate {
            field: list,
            index: 1,
        };
        let items = vec![feature(*twice), feature(*twice)];
        case(&format!("type {twice} twice"), error, items);
    }
    for [first, second] in swapped(allowed) {
        let error = DecodeError::Order {
            field: list,
            index: 1,
        };
        let items = vec![feature(first), feature(second)];
        case(&format!("type {first} before {second}"), error, items);
    }
    for found in [4, 255] {
        let name = format!("a type {found} that does not exist");
        case(&name, number("feature", found), vec![feature(found)]);
    }
    let error = DecodeError::Count {
        field: list,
        found: 5,
        min: 0,
        max: 4,
    };
    case("5 of them", error, vec![feature(2); 5]);
    for (length, name) in [(0, "empty metadata"), (8193, "metadata of 8193 bytes")] {
        let error = DecodeError::Length {
            field: "metadata feature",
            found: usize::from(length),
            min: 1,
            max: 8192,
        };
        case(name, error, vec![metadata_feature(length)]);
    }
    for (length, name) in [(0, "an empty tag"), (65, "a tag of 65 bytes")] {
        let error = DecodeError::Length {
            field: "tag feature",
            found: usize::from(length),
            min: 1,
            max: 64,
        };
        case(name, error, vec![tag_feature(length)]);
    }
}

fn native_tokens(cases: &mut Cases<'_>, kind: Kind) {
    let field = "native tokens";
    for found in [65, 255] {
        let error = DecodeError::Count {
            field,
            found,
            min: 0,
            max: 64,
        };
        cases.output(kind, &format!("{found} native tokens"), error, |output| {
            output.tokens = List::of((0..found).map(|index| token(index as u8, 1)));
        });
    }
    for (name, numbers, error) in [
        (
            "unsorted",
            &[2, 1][..],
            DecodeError::Order { field, index: 1 },
        ),
        (
            "the last one out of order",
            &[1, 3, 2],
            DecodeError::Order { field, index: 2 },
        ),
        (
            "the same twice",
            &[1, 1],
            DecodeError::Duplicate { field, index: 1 },
        ),
        (
            "a repetition that is not adjacent",
            &[1, 2, 1],
            DecodeError::Order { field, index: 2 },
        ),
    ] {
        cases.output(kind, &format!("native tokens, {name}"), error, |output| {
            output.tokens = List::of(numbers.iter().map(|number| token(*number, 1)));
        });
    }
}

/// Every place of an address, with a type that does not exist.
fn addresses(cases: &mut Cases<'_>, kind: Kind) {
    let wrong = |mut bytes: Vec<u8>, found: u8| {
        bytes[1] = found;
        bytes
    };
    for number_of in kind.conditions_allowed().iter().filter(|kind| **kind != 2) {
        for found in [1, 255] {
            let name = format!("condition {number_of} with an address of type {found}");
            cases.output(kind, &name, number("address", found), |output| {
                output.conditions = List::of([wrong(condition(*number_of), found)]);
            });
        }
    }
    let (mutable, immutable) = kind.features_allowed();
    for (place, kinds) in [(Place::Mutable, mutable), (Place::Immutable, immutable)] {
        for number_of in kinds.iter().filter(|kind| **kind < 2) {
            let name = format!("{} with an address of type 17", place.name());
            cases.output(kind, &name, number("address", 17), |output| {
                place.list(output).items = vec![wrong(feature(*number_of), 17)];
            });
        }
    }
}

fn own_fields(cases: &mut Cases<'_>) {
    for (found, name) in [(0, "an Ed25519"), (16, "an NFT")] {
        let error = number("address of an immutable alias condition", found);
        let name = format!("owned by {name} address");
        cases.output(Kind::Foundry, &name, error, |output| {
            output.conditions = List::of([[vec![6], address(found)].concat()]);
        });
    }
    for found in [8193_u16, u16::MAX] {
        let error = DecodeError::Length {
            field: "state metadata",
            found: usize::from(found),
            min: 0,
            max: 8192,
        };
        let name = format!("state metadata of {found} bytes");
        cases.output(Kind::Alias, &name, error, |output| {
            // What is said counts; a block could not hold the longer one.
            let metadata = vec![0; usize::from(found.min(9_000))];
            output.own = alias(0, 0, &metadata, 0);
            output.own[36..38].copy_from_slice(&found.to_le_bytes());
        });
    }
    for found in [1, 255] {
        let error = number("token scheme", found);
        let name = format!("token scheme of type {found}");
        cases.output(Kind::Foundry, &name, error, |output| {
            output.own = foundry(1, scheme(found, 1.into(), 0.into(), 10.into()));
        });
    }
}
