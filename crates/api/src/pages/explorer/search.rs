//! Finds what a text names: any id, address, milestone or tag.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use tangle_node::Handle;
use tangle_storage::{ChainQuery, StoreError};
use tangle_types::{
    Address, AliasId, BlockId, FoundryId, MilestoneId, NftId, OutputId, TAG_SIZE_BYTES_MAX,
    TransactionId,
};

use crate::pages::layout::{Place, answer};
use crate::pages::show;
use crate::pages::site::{Site, Trouble};

/// Longest text that is looked at.
const TEXT_BYTES_MAX: usize = 256;

/// Leads to what was found; there is a page only when nothing was.
pub(super) async fn page(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let text = form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "q").then(|| value.trim().to_owned()))
        .unwrap_or_default();
    match find(&site, &text).await {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(trouble) => answer(&site, Place::Explorer, Err(trouble)),
    }
}

/// The path of what a text names.
async fn find(site: &Site, text: &str) -> Result<String, Trouble> {
    if text.is_empty() {
        return Ok("/explorer".to_owned());
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(not_found(
            "This text is too long to be a name of anything here.",
        ));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(format!("/explorer/milestone/{text}"));
    }
    if let Ok((hrp, address)) = Address::from_bech32(text) {
        if hrp == site.node.status().parameters.bech32_hrp {
            return Ok(format!("/explorer/address/{}", address.to_bech32(&hrp)));
        }
        return Err(not_found("This is an address of another network."));
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if let Ok(bytes) = hex::decode(digits) {
        if let Some(path) = by_id(site, &bytes).await? {
            return Ok(path);
        }
        if !bytes.is_empty() && bytes.len() <= TAG_SIZE_BYTES_MAX && bytes.len() != BlockId::LENGTH
        {
            return Ok(format!("/explorer/tag/0x{}", hex::encode(bytes)));
        }
        return Err(site.unknown("Nothing that this node knows has this id."));
    }
    if text.len() <= TAG_SIZE_BYTES_MAX {
        return Ok(format!("/explorer/tag/0x{}", hex::encode(text)));
    }
    Err(not_found("This is no id, address, milestone or tag."))
}

fn not_found(what: &str) -> Trouble {
    Trouble::NotFound {
        what: what.to_owned(),
        advice: "Ids begin with 0x, addresses with the network's letters and 1, milestones are \
                 numbers; any other text is looked for as a tag."
            .to_owned(),
    }
}

/// The path of what has this id, by the lengths that ids have.
async fn by_id(site: &Site, bytes: &[u8]) -> Result<Option<String>, Trouble> {
    if let Ok(id) = <[u8; OutputId::LENGTH]>::try_from(bytes) {
        return Ok(Some(show::output_path(&OutputId(id))));
    }
    if let Ok(id) = <[u8; FoundryId::LENGTH]>::try_from(bytes) {
        return Ok(Some(show::token_path(&FoundryId(id))));
    }
    let Ok(id) = <[u8; BlockId::LENGTH]>::try_from(bytes) else {
        return Ok(None);
    };
    // Whether a thing exists may be told by its page only.
    let path = format!("/api/core/v2/blocks/{}", BlockId(id));
    if site.may_read(&path) && site.node.block(&BlockId(id)).await?.is_some() {
        return Ok(Some(show::block_path(&BlockId(id))));
    }
    let stored = site.scan(move |node| stored(node, id)).await?;
    let route = stored.as_ref().map(|(route, _)| site.may_read(route));
    Ok(stored.filter(|_| route == Some(true)).map(|(_, page)| page))
}

/// What the store has by an id of 32 bytes: the route that tells of it, and its page.
fn stored(node: &Handle, id: [u8; 32]) -> Result<Option<(String, String)>, StoreError> {
    let reader = node.reader();
    let transaction = TransactionId(id);
    if reader
        .output_record(&OutputId::new(transaction, 0))?
        .is_some()
    {
        let route = format!("/api/core/v2/transactions/{transaction}/included-block");
        return Ok(Some((route, show::transaction_path(&transaction))));
    }
    if let Some(index) = reader.milestone_index(&MilestoneId(id))? {
        let route = format!("/api/core/v2/milestones/by-index/{index}");
        return Ok(Some((route, show::milestone_path(index))));
    }
    for (query, name) in [
        (ChainQuery::Alias(AliasId(id)), "alias"),
        (ChainQuery::Nft(NftId(id)), "nft"),
    ] {
        if reader.chain_output(&query)?.0.is_some() {
            let id = BlockId(id);
            let route = format!("/api/indexer/v1/outputs/{name}/{id}");
            return Ok(Some((route, format!("/explorer/{name}/{id}"))));
        }
    }
    if reader.block_metadata(&BlockId(id))?.is_some() {
        let id = BlockId(id);
        return Ok(Some((
            format!("/api/core/v2/blocks/{id}"),
            show::block_path(&id),
        )));
    }
    Ok(None)
}
