//! Which parameters a list route takes.

use tangle_storage::{Kind, OutputQuery};
use tangle_types::{Address, AliasId, NftId, OutputId, UnixSeconds};

use super::query::{QueryError, parse, write_cursor};

const KINDS: [Kind; 5] = [
    Kind::Any,
    Kind::Basic,
    Kind::Alias,
    Kind::Foundry,
    Kind::Nft,
];

fn address() -> String {
    Address::Ed25519([7; 32]).to_bech32("tst")
}

fn alias() -> String {
    Address::Alias(AliasId([8; 32])).to_bech32("tst")
}

fn good(kind: Kind, query: &str) -> OutputQuery {
    parse(kind, query, "tst").unwrap_or_else(|error| panic!("{query}: {error}"))
}

fn bad(kind: Kind, query: &str) -> QueryError {
    let parsed = parse(kind, query, "tst");
    parsed.expect_err(query)
}

#[test]
fn each_route_takes_its_own_parameters() {
    // any, basic, alias, foundry, nft
    let table = [
        ("hasNativeTokens=true", "xxxxx"),
        ("minNativeTokenCount=1", "xxxxx"),
        ("maxNativeTokenCount=64", "xxxxx"),
        ("createdBefore=1", "xxxxx"),
        ("createdAfter=1", "xxxxx"),
        ("pageSize=1", "xxxxx"),
        ("unlockableByAddress=ADDRESS", "xxx-x"),
        ("address=ADDRESS", "-x--x"),
        ("hasStorageDepositReturn=false", "-x--x"),
        ("storageDepositReturnAddress=ADDRESS", "-x--x"),
        ("hasExpiration=false", "-x--x"),
        ("expiresBefore=1", "-x--x"),
        ("expiresAfter=1", "-x--x"),
        ("expirationReturnAddress=ADDRESS", "-x--x"),
        ("hasTimelock=false", "-x--x"),
        ("timelockedBefore=1", "-x--x"),
        ("timelockedAfter=1", "-x--x"),
        ("sender=ADDRESS", "-xx-x"),
        ("issuer=ADDRESS", "--x-x"),
        ("tag=0x00", "-x--x"),
        ("stateController=ADDRESS", "--x--"),
        ("governor=ADDRESS", "--x--"),
        ("aliasAddress=ALIAS", "---x-"),
        ("other=1", "-----"),
        ("Address=ADDRESS", "-----"),
    ];
    for (text, marks) in table {
        let text = text
            .replace("ADDRESS", &address())
            .replace("ALIAS", &alias());
        for (kind, mark) in KINDS.into_iter().zip(marks.chars()) {
            let parsed = parse(kind, &text, "tst");
            match mark {
                'x' => assert!(parsed.is_ok(), "{kind:?}: {text}: {parsed:?}"),
                _ => assert!(
                    matches!(parsed, Err(QueryError::Unknown { .. })),
                    "{kind:?}: {text}: {parsed:?}"
                ),
            }
        }
    }
}

#[test]
fn values_arrive_where_they_belong() {
    let address = address();
    let text = format!(
        "address={address}&hasExpiration=false&hasTimelock=true&createdAfter=5&tag=0xC0ff&pageSize=7"
    );
    let query = good(Kind::Basic, &text);
    let expected = OutputQuery {
        kind: Kind::Basic,
        address: Some(Address::Ed25519([7; 32])),
        has_expiration: Some(false),
        has_timelock: Some(true),
        created_after: Some(UnixSeconds(5)),
        tag: Some(vec![0xc0, 0xff]),
        page_size: 7,
        ..OutputQuery::default()
    };
    assert_eq!(query, expected);
    assert_eq!(
        good(Kind::Foundry, &format!("aliasAddress={}", alias())).alias_address,
        Some(AliasId([8; 32]))
    );
}

#[test]
fn bad_values_are_refused_with_what_is_needed() {
    let other_network = Address::Nft(NftId([1; 32])).to_bech32("rms");
    let long_tag = format!("tag=0x{}", "00".repeat(65));
    for text in [
        "hasNativeTokens=",
        "hasNativeTokens=1",
        "hasNativeTokens=True",
        "hasNativeTokens",
        "minNativeTokenCount=65",
        "minNativeTokenCount=-1",
        "createdBefore=now",
        "createdBefore=4294967296",
        "createdBefore=%2B1",
        "address=",
        "address=tst1qqqq",
        &format!("address={other_network}"),
        &format!("address={}", "a".repeat(3_000)),
        "tag=00",
        "tag=0x0",
        "tag=0xzz",
        &long_tag,
        "pageSize=x",
        "cursor=",
        "cursor=00.1",
        &format!("cursor={}", "0".repeat(76)),
        &format!("cursor={}.", "0".repeat(76)),
        &format!("cursor={}.1.1", "0".repeat(76)),
        &format!("cursor={}g.1", "0".repeat(75)),
        &format!("cursor=0x{}.1", "0".repeat(74)),
        "cursor=%C3%A9",
    ] {
        let error = bad(Kind::Basic, text);
        assert!(
            matches!(error, QueryError::Value { .. }),
            "{text}: {error:?}"
        );
    }
    let ed25519 = format!("aliasAddress={}", address());
    assert!(matches!(
        bad(Kind::Foundry, &ed25519),
        QueryError::Value { .. }
    ));
    assert!(matches!(
        bad(Kind::Basic, "pageSize=1&pageSize=1"),
        QueryError::Twice { .. }
    ));
    assert_eq!(
        bad(Kind::Basic, &format!("tag=0x{}", "00".repeat(3_000))),
        QueryError::Length
    );
}

#[test]
fn page_size_has_a_limit_and_that_of_the_cursor_wins() {
    for (text, size) in [
        ("", 1_000),
        ("pageSize=1", 1),
        ("pageSize=1000", 1_000),
        ("pageSize=1001", 1_000),
        ("pageSize=0", 1_000),
    ] {
        assert_eq!(good(Kind::Any, text).page_size, size, "{text}");
    }
    let start = (UnixSeconds(0x0102_0304), OutputId([0xab; 34]));
    let cursor = write_cursor(start, 5);
    assert_eq!(cursor, format!("01020304{}.5", "ab".repeat(34)));
    let query = good(Kind::Any, &format!("cursor={cursor}&pageSize=9"));
    assert_eq!((query.cursor, query.page_size), (Some(start), 5));
}
