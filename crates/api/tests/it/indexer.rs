//! The indexer over a real ledger.

use tangle_types::{Codec, LedgerOutput, Output, OutputId};

use crate::harness::{address, client, draft, transfer};

const OUTPUTS: &str = "/api/indexer/v1/outputs";

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let client = client().await;
    let (input, amount) = client.output_of(4).await;
    let owner = address(5);
    let mut outputs: Vec<_> = (0..12)
        .map(|number| Output::basic(owner, 500 + number))
        .collect();
    outputs.push(Output::basic(
        address(4),
        amount - (0..12).map(|n| 500 + n).sum::<u64>(),
    ));
    let (payload, id) = transfer(4, (input, amount), outputs);
    let block = client.submit(&draft(Some(payload))).await;
    client.referenced(&block).await;

    let filter = format!("address={}&createdAfter=1", owner.to_bech32("tst"));
    let mut path = format!("{OUTPUTS}/basic?{filter}&pageSize=5");
    let mut found = Vec::new();
    for size in [5, 5, 2] {
        let page = client.read(&path).await;
        assert_eq!(page["pageSize"], 5);
        let items = page["items"].as_array().expect("a list");
        assert_eq!(items.len(), size, "{page}");
        found.extend(
            items
                .iter()
                .map(|item| item.as_str().expect("an id").to_owned()),
        );
        match page["cursor"].as_str() {
            Some(cursor) => path = format!("{OUTPUTS}/basic?{filter}&cursor={cursor}"),
            None => assert_eq!(size, 2, "the last page"),
        }
    }
    let mut expected: Vec<String> = (0..12)
        .map(|index| OutputId::new(id, index).to_string())
        .collect();
    expected.sort();
    assert_eq!(
        found, expected,
        "in order of their ids, as they are equally old"
    );
}

#[tokio::test]
async fn queries_restrict_what_is_found() {
    let client = client().await;
    let owner = address(6).to_bech32("tst");
    let count = async |path: &str, query: &str| {
        let list = client.read(&format!("{OUTPUTS}{path}?{query}")).await;
        list["items"].as_array().expect("a list").len()
    };
    for (path, query, expected) in [
        ("/basic", format!("address={owner}"), 1),
        ("/basic", format!("unlockableByAddress={owner}"), 1),
        ("", format!("unlockableByAddress={owner}"), 1),
        ("/basic", format!("address={owner}&hasExpiration=false"), 1),
        ("/basic", format!("address={owner}&hasExpiration=true"), 0),
        (
            "/basic",
            format!("address={owner}&hasNativeTokens=false"),
            1,
        ),
        (
            "/basic",
            format!("address={owner}&minNativeTokenCount=1"),
            0,
        ),
        ("/basic", format!("sender={owner}"), 0),
        ("/alias", format!("governor={owner}"), 0),
        ("/nft", format!("address={owner}"), 0),
        ("/foundry", String::new(), 0),
    ] {
        assert_eq!(count(path, &query).await, expected, "{path}?{query}");
    }
}

#[tokio::test]
async fn parameter_that_a_route_does_not_know_is_400() {
    let client = client().await;
    for query in [
        "?unknown=1",
        "?address=tst1qqqq",
        "/basic?stateController=x",
        "/basic?hasExpiration=perhaps",
        "/foundry?unlockableByAddress=x",
        "/nft?cursor=1",
        "/alias/0x00",
        "/foundry/0x00",
        "/nft/x",
    ] {
        client.get(&format!("{OUTPUTS}{query}")).await.error(400);
    }
}

#[tokio::test]
async fn outputs_of_many_addresses_come_in_one_answer() {
    const BINARY: &str = "application/vnd.iota.serializer-v1";
    const PATH: &str = "/api/tangle/v1/outputs";
    let client = client().await;
    let body: Vec<u8> = [6, 7, 99]
        .into_iter()
        .flat_map(|number| address(number).to_array())
        .collect();
    let answer = client.post(PATH, BINARY, body.clone()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body[4], 1, "these are all");
    let mut rest = tangle_types::Reader::new(&answer.body[5..]);
    let mut owners = Vec::new();
    while !rest.rest().is_empty() {
        let held = LedgerOutput::read(&mut rest).expect("an output");
        owners.extend(held.output.unlock_conditions().address().copied());
    }
    owners.sort_unstable();
    let mut expected = vec![address(6), address(7)];
    expected.sort_unstable();
    assert_eq!(owners, expected);
    for bad in [vec![], vec![0; 32], vec![1; 33], vec![0; 33 * 1_001]] {
        client.post(PATH, BINARY, bad).await.error(400);
    }
    client.post(PATH, "application/json", "{}").await.error(415);
}
