//! What the page of an address tells of its past.

use std::collections::BTreeSet;

use serde_json::json;
use tangle_api::Auth;
use tangle_types::{DraftBlock, Output, OutputId, Parents, TransactionId};

use crate::harness::{address, draft, transfer};
use crate::pages::{page, text, visitor};
use crate::past::Past;

/// Whom many outputs are paid to, and who has nothing at first.
const PAYEE: u8 = 90;
/// Outputs that are paid.
const COUNT: u16 = 30;
const AMOUNT: u64 = 1_000_000;

/// A transfer that the next milestone references, with its id.
async fn pay(
    past: &mut Past,
    from: u8,
    input: (OutputId, u64),
    outputs: Vec<Output>,
) -> TransactionId {
    let (payload, id) = transfer(from, input, outputs);
    past.submit(&draft(Some(payload))).await;
    id
}

/// Two transfers of all that an output holds to who has it, one after the other, which the next
/// milestone references; the id of the second.
async fn pay_twice(past: &mut Past, from: u8, input: (OutputId, u64)) -> TransactionId {
    let own = || vec![Output::basic(address(from), input.1)];
    let (payload, first) = transfer(from, input, own());
    let block = past.submit(&draft(Some(payload))).await;
    let (payload, second) = transfer(from, (OutputId::new(first, 0), input.1), own());
    // What it spends comes before it in the order of every cone.
    past.submit(&DraftBlock {
        parents: Parents::new(vec![block]),
        ..draft(Some(payload))
    })
    .await;
    second
}

/// The part of a page that is the history.
fn history(page: &str) -> &str {
    let start = page.find("id=\"history\"").expect("a history");
    let end = page[start..].find("</section>").expect("an end");
    &page[start..start + end]
}

/// The outputs that a part leads to, in order.
fn outputs(part: &str) -> Vec<OutputId> {
    let links = part.split("href=\"/explorer/output/").skip(1);
    links
        .map(|link| link[..70].parse().expect("an output id"))
        .collect()
}

/// The address that a link with this text leads to.
fn link<'p>(part: &'p str, name: &str) -> Option<&'p str> {
    let (before, _) = part.split_once(&format!("\">{name}</a>"))?;
    before.rsplit_once("href=\"").map(|(_, to)| to)
}

/// Columns of a file, without the head.
fn rows(file: &str) -> Vec<Vec<&str>> {
    let mut lines = file.lines();
    let head = "time,milestone,change,amount,tokens,kind,output,transaction";
    assert_eq!(lines.next(), Some(head));
    lines.map(|line| line.split(',').collect()).collect()
}

#[tokio::test]
async fn address_tells_what_it_received_and_spent_until_that_is_pruned() {
    let mut past = Past::new(64);
    let (payer, payee) = (address(1).to_bech32("tst"), address(PAYEE).to_bech32("tst"));
    past.milestone().await;
    let funds = past.client.output_of(1).await;
    let rest = funds.1 - AMOUNT * u64::from(COUNT);
    let mut made = vec![Output::basic(address(PAYEE), AMOUNT); usize::from(COUNT)];
    made.push(Output::basic(address(1), rest));
    let paid = pay(&mut past, 1, funds, made).await;
    past.milestone().await;
    let back = vec![Output::basic(address(1), AMOUNT)];
    let returned = pay(&mut past, PAYEE, (OutputId::new(paid, 4), AMOUNT), back).await;
    let second = pay_twice(&mut past, 1, (OutputId::new(paid, COUNT), rest)).await;
    past.milestone().await;
    let client = visitor(&past.client, Auth::open(), None);

    let path = format!("/explorer/address/{payee}");
    let newest = page(&client, &path, 200).await;
    let newest = history(&newest);
    let mut found = outputs(newest);
    assert_eq!(found.len(), 25);
    assert_eq!(found[0], OutputId::new(paid, 4), "it was spent last");
    assert!(newest.contains(&format!("/explorer/transaction/{returned}")));
    assert!(newest.contains("−1"), "{newest}");
    assert!(newest.contains("/explorer/milestone/3"));
    assert!(!newest.contains("pruned"));
    let to = link(newest, "Older").expect("there is more");
    assert!(link(newest, "Newest").is_none());
    let older = page(&client, to.trim_end_matches("#history"), 200).await;
    let older = history(&older);
    assert!(link(older, "Older").is_none());
    assert!(link(older, "Newest").is_some());
    found.extend(outputs(older));
    assert_eq!(found.len(), usize::from(COUNT) + 1);
    let different: BTreeSet<OutputId> = found.into_iter().collect();
    assert_eq!(different.len(), usize::from(COUNT));

    let file = client.get(&format!("{path}?format=csv")).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(!file.headers.contains_key("link"), "it is all");
    let file = text(&file);
    let rows_of_payee = rows(&file);
    assert_eq!(rows_of_payee.len(), usize::from(COUNT) + 1);
    assert_eq!(rows_of_payee[0][1..4], ["3", "spent", "-1000000"]);
    assert_eq!(rows_of_payee[0][7], returned.to_string());
    assert_eq!(rows_of_payee[1][1..4], ["2", "received", "1000000"]);
    // The file of a part begins where the part begins.
    let part = link(older, "CSV of up to 1000").expect("a file");
    let part = client.get(&part.replace("&amp;", "&")).await;
    assert_eq!(rows(&text(&part)), rows_of_payee[25..]);

    let path = format!("/explorer/address/{payer}");
    let whole = page(&client, &path, 200).await;
    let whole = history(&whole);
    for part in [
        "received and spent",
        "from the genesis or the legacy network",
        &format!("/explorer/transaction/{second}"),
    ] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    let file = text(&client.get(&format!("{path}?format=csv")).await);
    let amounts = rows(&file).into_iter();
    let amounts = amounts.map(|row| row[3].parse::<i64>().expect("a number"));
    assert_eq!(amounts.sum::<i64>() as u64, rest + AMOUNT);

    while past.milestone().await.0 < 62 {}
    let prune = "/api/core/v2/control/database/prune";
    let answer = client.post_json(prune, &json!({ "index": 10 })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let path = format!("/explorer/address/{payee}");
    let after = page(&client, &path, 200).await;
    let after = history(&after);
    assert!(after.contains("What was spent up to milestone 10 is pruned here"));
    assert!(!after.contains("spent</span>"), "{after}");
    let file = text(&client.get(&format!("{path}?format=csv")).await);
    assert_eq!(rows(&file).len(), usize::from(COUNT) - 1);

    let nonsense = "?history=%3Cscript%3E";
    assert!(
        !page(&client, &format!("{path}{nonsense}"), 400)
            .await
            .contains("<script>")
    );
    page(&client, &format!("{path}?format=csv&history=1"), 400).await;
    page(&client, "/explorer/address/nobody?format=csv", 400).await;
    let unspent_only = Auth::new(&["/api/indexer/*"], &["/api/*"], None);
    let stranger = visitor(&past.client, unspent_only, None);
    let seen = page(&stranger, &path, 200).await;
    assert!(seen.contains("Unspent outputs") && !seen.contains("id=\"history\""));
    page(&stranger, &format!("{path}?format=csv"), 403).await;
}
