//! What makes a genesis, what is refused, and what its hash covers.

use proptest::prelude::*;
use tangle_testkit::arbitrary;

use super::*;

const TEXT: &str = include_str!("example.toml");

fn address() -> Address {
    Address::Ed25519([7; 32])
}

fn key(number: u8, start: u32, end: u32) -> KeyRange {
    KeyRange {
        public_key: [number; 32],
        start: MilestoneIndex(start),
        end: MilestoneIndex(end),
    }
}

fn genesis() -> Genesis {
    Genesis {
        parameters: ProtocolParameters {
            network_name: "tangle-test".to_owned(),
            token_supply: 1_000_000,
            ..arbitrary::parameters()
        },
        token: BaseToken::default(),
        index: MilestoneIndex(0),
        timestamp: UnixSeconds(0),
        allocations: vec![Allocation {
            address: address(),
            amount: 999_000,
        }],
        treasury: 1_000,
        milestone_keys: vec![key(3, 0, 0)],
        milestone_key_threshold: 1,
    }
}

/// `text` with `from` replaced is refused with a message that contains `reason`.
#[track_caller]
fn refused(from: &str, to: &str, reason: &str) {
    assert!(TEXT.contains(from), "{from:?} is in the text");
    let error = Genesis::from_toml(&TEXT.replace(from, to)).expect_err("it is refused");
    let message = error.to_string();
    assert!(message.contains(reason), "{message}");
}

#[test]
fn text_is_read() {
    assert_eq!(Genesis::from_toml(TEXT).unwrap(), genesis());
}

#[test]
fn text_is_written_and_read_back() {
    let mut all = genesis();
    all.index = MilestoneIndex(41);
    all.timestamp = UnixSeconds(1_700_000_000);
    all.parameters.token_supply = u64::MAX;
    all.treasury = u64::MAX - 999_000;
    all.token.subunit = None;
    all.milestone_keys = vec![key(1, 0, 0), key(2, 3, 99), key(3, 0, 0)];
    all.milestone_key_threshold = 2;
    assert_eq!(Genesis::from_toml(&all.to_toml()).unwrap(), all);
}

#[test]
fn unknown_keys_are_refused() {
    refused("below_max_depth", "depth = 3\nbelow_max_depth", "depth");
    refused("[rent]", "[rent]\nfee = 1", "fee");
    refused("threshold", "quorum = 1\nthreshold", "quorum");
    refused("public_key", "name = \"a\"\npublic_key", "name");
    refused("amount", "spent = true\namount", "spent");
    refused(
        "[milestones]",
        "[token]\ncolour = 1\n[milestones]",
        "colour",
    );
}

#[test]
fn missing_and_bad_values_are_refused() {
    refused("below_max_depth = 15", "", "below_max_depth");
    refused("= 999_000", "= -1", "base coins");
    refused("= 999_000", "= \"12x\"", "12x");
    refused("public_key = \"0x03", "public_key = \"03", "0x and 64");
    refused("public_key = \"0x03", "public_key = \"0x", "0x and 64");
    refused("\"tst\"", "\"TST\"", "\"TST\"");
    refused("\"tst\"", "\"\"", "\"\"");
    refused("\"tangle-test\"", "\"\"", "0 bytes");
    refused(
        "below_max_depth",
        "protocol_version = 3\nbelow_max_depth",
        "version 3",
    );
}

#[test]
fn addresses_of_another_network_are_refused() {
    refused("bech32_hrp = \"tst\"", "bech32_hrp = \"smr\"", "\"smr\"");
    refused("tst1", "tst1q", "allocation 1");
}

#[test]
fn sums_other_than_the_supply_are_refused() {
    refused("= 999_000", "= 998_999", "sum to 999999");
    refused(
        "= 999_000",
        "= \"18446744073709551615\"",
        "18446744073709552615",
    );
    refused("amount = 999_000", "amount = 0", "allocation 1 is empty");
}

#[test]
fn thresholds_nobody_can_meet_are_refused() {
    refused("threshold = 1", "threshold = 0", "0 signatures");
    refused("threshold = 1", "threshold = 2", "1 applicable keys, 2");
    refused("threshold = 1", "threshold = 256", "256");
    refused(
        "public_key",
        "start = 3\nend = 2\npublic_key",
        "before its start 3",
    );
    refused("public_key", "start = 2\npublic_key", "milestone 1 has 0");
}

#[test]
fn hash_names_state_and_first_keys() {
    let base = genesis();
    let changes: &[fn(&mut Genesis)] = &[
        |g| g.parameters.pow_score_min = 1,
        |g| g.index = MilestoneIndex(1),
        |g| g.timestamp = UnixSeconds(1),
        |g| g.treasury += 1,
        |g| g.allocations[0].amount += 1,
        |g| g.allocations[0].address = Address::Ed25519([8; 32]),
        |g| g.milestone_keys[0].public_key = [9; 32],
        |g| g.milestone_keys.push(key(5, 0, 0)),
    ];
    for change in changes {
        let mut other = base.clone();
        change(&mut other);
        assert_ne!(other.hash(), base.hash(), "{other:?}");
    }
    let keeps: &[fn(&mut Genesis)] = &[
        |g| g.token.name = "Other".to_owned(),
        |g| g.milestone_keys[0].end = MilestoneIndex(100),
        |g| g.milestone_keys.push(key(5, 90, 0)),
        |g| g.milestone_key_threshold = 2,
    ];
    for keep in keeps {
        let mut other = base.clone();
        keep(&mut other);
        assert_eq!(other.hash(), base.hash(), "{other:?}");
    }
}

#[test]
fn outputs_have_hornets_ids() {
    let mut genesis = genesis();
    genesis.allocations = vec![genesis.allocations[0]; 300];
    let outputs: Vec<LedgerOutput> = genesis.outputs().collect();
    assert_eq!(outputs[0].id, OutputId::ZERO);
    let mut last = OutputId::ZERO;
    last.0[..2].copy_from_slice(&[43, 1]);
    assert_eq!(outputs[299].id, last);
    assert!(outputs.iter().all(|output| output.block_id.is_zero()));
}

/// A few keys with small ranges, some without an end.
fn key_ranges() -> impl Strategy<Value = Vec<KeyRange>> {
    let range = (1_u8..5, 0_u32..12, prop::option::of(0_u32..6));
    prop::collection::vec(
        range.prop_map(|(number, start, length)| {
            key(number, start, length.map_or(0, |length| start + length))
        }),
        0..8,
    )
}

proptest! {
    /// A gap in the ranges has stopped a main network before: no index may lack keys.
    #[test]
    fn accepted_keys_suffice_for_every_index(
        keys in key_ranges(),
        threshold in 1_usize..4,
        index in 0_u32..8,
    ) {
        let mut genesis = genesis();
        genesis.index = MilestoneIndex(index);
        genesis.milestone_keys = keys.clone();
        genesis.milestone_key_threshold = threshold;
        let applicable = |at: u32| {
            let applies = |key: &&KeyRange| key.start.0 <= at && (key.end.0 == 0 || at <= key.end.0);
            let found = keys.iter().filter(applies).map(|key| key.public_key);
            found.collect::<std::collections::BTreeSet<_>>().len()
        };
        // Beyond the last bound nothing changes any more.
        let suffices = (index + 1..40).all(|at| applicable(at) >= threshold);
        prop_assert_eq!(genesis.check().is_ok(), suffices);
    }

    #[test]
    fn every_allocation_text_is_read_back(
        amounts in prop::collection::vec(1_u64..u64::MAX / 64, 1..20),
        seed in any::<u8>(),
    ) {
        let mut all = genesis();
        all.treasury = u64::from(seed);
        all.parameters.token_supply = amounts.iter().sum::<u64>() + all.treasury;
        all.allocations = amounts
            .iter()
            .map(|amount| Allocation { address: Address::Ed25519([seed; 32]), amount: *amount })
            .collect();
        let read = Genesis::from_toml(&all.to_toml()).unwrap();
        prop_assert_eq!(read.hash(), all.hash());
        prop_assert_eq!(read, all);
    }
}
