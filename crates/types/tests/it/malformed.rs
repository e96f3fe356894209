//! Every malformed block of the list is refused, and with its reason.

use std::collections::BTreeSet;

use tangle_testkit::arbitrary::parameters;
use tangle_testkit::malformed::{Reason, malformed_blocks, sound_blocks};
use tangle_types::{Codec, DraftBlock, ParsedBlock, SyntaxError, validate};

/// What is wrong with the answer to a block of the list.
fn complaint(bytes: &[u8], reason: &Reason) -> Option<String> {
    match (ParsedBlock::parse(bytes.to_vec().into()), reason) {
        (Err(error), reason) if reason.is_decode_error(&error) => None,
        (Ok(parsed), Reason::Syntax(expected)) => match validate(&parsed.block, &parameters()) {
            Err(error) if error == *expected => None,
            other => Some(format!("{other:?}, not {expected:?}")),
        },
        (other, reason) => Some(format!("{:?}, not {reason:?}", other.map(|_| "read"))),
    }
}

#[test]
fn malformed_blocks_are_refused_with_their_reasons() {
    let blocks = malformed_blocks(&parameters());
    let complaints: Vec<_> = blocks
        .iter()
        .filter_map(|block| {
            let complaint = complaint(&block.bytes, &block.reason)?;
            Some(format!("{}: {complaint}", block.name))
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let names: BTreeSet<_> = blocks.iter().map(|block| &block.name).collect();
    assert_eq!(names.len(), blocks.len());
    let kinds =
        |is_kind: fn(&Reason) -> bool| blocks.iter().filter(|block| is_kind(&block.reason)).count();
    let counts = (
        kinds(|reason| matches!(reason, Reason::Decode(_))),
        kinds(|reason| *reason == Reason::Truncated),
        kinds(|reason| matches!(reason, Reason::Syntax(_))),
    );
    assert_eq!(counts, (378, 52, 102));
}

/// The name of the variant in a `Debug` text.
fn variant(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

#[test]
fn every_reason_occurs() {
    let mut found = BTreeSet::new();
    for block in malformed_blocks(&parameters()) {
        found.insert(match &block.reason {
            Reason::Decode(error) => variant(error),
            Reason::Truncated => "Truncated".to_owned(),
            Reason::Syntax(SyntaxError::Output { error, .. }) => variant(error),
            Reason::Syntax(error) => variant(error),
        });
    }
    // Of the errors in reading, only `Text` and `Version` belong to other things than blocks.
    let expected = [
        "AliasControlsItself",
        "AmountAboveSupply",
        "AmountZero",
        "BlockSize",
        "Bool",
        "ChainDuplicate",
        "CirculationAboveMaximum",
        "ConditionMissing",
        "ConditionNotAllowed",
        "Count",
        "Duplicate",
        "ExpirationZero",
        "FeatureNotAllowed",
        "Kind",
        "LeftOver",
        "Length",
        "MaximumSupplyZero",
        "MeltedAboveMinted",
        "MigratedDeposit",
        "MilestoneNonce",
        "NativeTokenCount",
        "NativeTokenZero",
        "NetworkId",
        "NewAliasCounters",
        "NftOwnsItself",
        "Order",
        "OutputIndex",
        "ProtocolVersion",
        "ReceiptAboveSupply",
        "ReturnAboveAmount",
        "ReturnTooSmall",
        "StatedLength",
        "StorageDeposit",
        "SupplyExceeded",
        "TimelockZero",
        "TooShort",
        "Truncated",
        "UnlockCount",
        "UnlockReference",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[test]
fn sound_blocks_pass() {
    for (name, bytes) in sound_blocks(&parameters()) {
        let parsed = ParsedBlock::parse(bytes.into()).expect(&name);
        validate(&parsed.block, &parameters()).expect(&name);
        assert_eq!(parsed.block.to_bytes(), parsed.bytes);
    }
}

#[test]
fn drafts_are_refused_for_the_same_reasons() {
    for block in malformed_blocks(&parameters()) {
        match (DraftBlock::from_bytes(&block.bytes), &block.reason) {
            (Ok(_), _) => assert!(block.is_draft, "{}", block.name),
            (Err(error), reason) => {
                let text = error.to_string();
                let is_expected = reason.is_decode_error(&error) || text.starts_with("parents: 0");
                assert!(is_expected, "{}: {error}", block.name);
            }
        }
    }
}
