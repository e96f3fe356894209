//! A block, and the transaction in it.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use tangle_node::{BlockState, Status};
use tangle_types::json::BlockJson;
use tangle_types::{
    Block, BlockId, BlockMetadata, Codec, Inclusion, OutputId, ParsedBlock, Payload, TaggedData,
    TransactionId,
};

use super::flow::{self, Flow};
use super::view::{self, View};
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, State as Standing, fact};
use crate::pages::site::{Site, Trouble};
use crate::pages::visualizer;

/// Time between two looks at a block that no milestone references yet.
const RENEWED_MS: u32 = 1_000;

/// A block with all that is told of it.
struct Found {
    id: BlockId,
    bytes: Bytes,
    block: Block,
    state: BlockState,
    /// Its transaction.
    transaction: Option<(TransactionId, Flow)>,
}

/// The page of a block.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let page = made(&site, &id, View::of(query.as_deref())).await;
    answer(&site, Place::Explorer, page)
}

/// The page of a transaction that is in the ledger.
pub(super) async fn transaction_page(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let page = transaction_made(&site, &id, View::of(query.as_deref())).await;
    answer(&site, Place::Explorer, page)
}

async fn made(site: &Site, id: &str, view: View) -> Result<Page, Trouble> {
    let id: BlockId = parse(id)?;
    let found = find(site, id).await?;
    let mut html = Html::default();
    let is_pending = found.state.referenced.is_none();
    title(&mut html, "Block", &found);
    view.tabs(&mut html, &show::block_path(&id));
    let status = site.node.status();
    match view {
        View::Page => content(&mut html, site, &status, &found),
        View::Json => view::json(&mut html, &BlockJson::from(&found.block))?,
        View::Raw => view::raw(&mut html, &found.bytes),
    }
    let page = Page::new(Place::Explorer, format!("Block {}", short(&id)), html);
    Ok(if is_pending {
        page.renewed_every(RENEWED_MS)
    } else {
        page
    })
}

async fn transaction_made(site: &Site, id: &str, view: View) -> Result<Page, Trouble> {
    let id: TransactionId = parse(id)?;
    site.require(&[&format!("/api/core/v2/transactions/{id}/included-block")])?;
    let record = site.reader().output_record(&OutputId::new(id, 0))?;
    let record = record.ok_or_else(|| site.unknown("There is no transaction with this id."))?;
    if record.output.block_id.is_zero() {
        return Err(Trouble::NotFound {
            what: "This came with the genesis or from the legacy network; no block brought it."
                .to_owned(),
            advice: "Look at its outputs instead.".to_owned(),
        });
    }
    let found = find(site, record.output.block_id).await?;
    let mut html = Html::default();
    html.tag("section", &[("class", "title")], |html| {
        html.tag("div", &[], |html| {
            html.plain("h1", "Transaction");
            show::mark(html, Standing::Included);
        });
        html.leaf("p", "id", id);
    });
    view.tabs(&mut html, &show::transaction_path(&id));
    let status = site.node.status();
    match (view, &found.transaction) {
        (View::Page, Some((_, flow))) => {
            html.tag("section", &[("class", "card")], |html| {
                html.tag("dl", &[("class", "facts")], |html| {
                    fact(html, "Block", |html| {
                        show::id(html, &show::block_path(&found.id), found.id);
                    });
                    standing_facts(html, site, &found);
                });
            });
            flow::draw(&mut html, site, &status, flow);
            if let Some(data) = &flow.transaction.essence.payload {
                tagged_data(&mut html, data);
            }
        }
        (View::Json, _) => view::json(&mut html, &BlockJson::from(&found.block).payload)?,
        (View::Raw, Some((_, flow))) => view::raw(&mut html, &flow.transaction.to_bytes()),
        (_, None) => return Err(site.unknown("There is no transaction with this id.")),
    }
    let title = format!("Transaction {}", short(&id));
    Ok(Page::new(Place::Explorer, title, html))
}

/// A block with its state, if visitors may see it.
async fn find(site: &Site, id: BlockId) -> Result<Found, Trouble> {
    let path = format!("/api/core/v2/blocks/{id}");
    site.require(&[&path, &format!("{path}/metadata")])?;
    let unknown = || site.unknown("There is no block with this id.");
    let bytes = site.node.block(&id).await?.ok_or_else(unknown)?;
    let state = site.node.block_state(&id).await?.ok_or_else(unknown)?;
    let parsed = ParsedBlock::parse(bytes.clone()).map_err(|_| unknown())?;
    let block = parsed.block;
    let transaction = match (&block.payload, parsed.transaction) {
        (Some(Payload::Transaction(transaction)), Some(hashes)) => {
            let is_included = state.referenced.map(|metadata| metadata.inclusion);
            let is_included = is_included == Some(Inclusion::Included);
            let flow = flow::find(site, hashes.id, transaction.clone(), is_included).await?;
            Some((hashes.id, flow))
        }
        _ => None,
    };
    Ok(Found {
        id,
        bytes,
        block,
        state,
        transaction,
    })
}

fn title(html: &mut Html, name: &str, found: &Found) {
    html.tag("section", &[("class", "title")], |html| {
        html.tag("div", &[], |html| {
            html.plain("h1", name);
            let is_milestone = found.state.milestone_index.is_some();
            show::mark(html, state(found.state.referenced.as_ref(), is_milestone));
        });
        html.leaf("p", "id", found.id);
    });
}

fn content(html: &mut Html, site: &Site, status: &Status, found: &Found) {
    html.tag("section", &[("class", "card")], |html| {
        html.tag("dl", &[("class", "facts")], |html| {
            standing_facts(html, site, found);
            fact(html, "Parents", |html| {
                html.tag("ul", &[("class", "ids")], |html| {
                    for parent in found.block.parents.as_slice() {
                        html.tag("li", &[], |html| {
                            show::id(html, &show::block_path(parent), parent);
                        });
                    }
                });
            });
            fact(html, "Carries", |html| html.text(words_of(&found.block)));
            fact(html, "Size", |html| {
                html.text(show::size(found.bytes.len() as f64))
            });
            fact(html, "Nonce", |html| html.text(found.block.nonce));
        });
    });
    match &found.block.payload {
        Some(Payload::TaggedData(data)) => tagged_data(html, data),
        Some(Payload::Transaction(transaction)) => {
            if let Some((id, flow)) = &found.transaction {
                html.tag("h2", &[], |html| {
                    html.text("Transaction ");
                    match found.state.referenced.map(|metadata| metadata.inclusion) {
                        Some(Inclusion::Included) => {
                            show::short_id(html, &show::transaction_path(id), id);
                        }
                        _ => html.leaf("span", "id", show::shortened(&id.to_string())),
                    }
                });
                flow::draw(html, site, status, flow);
            }
            if let Some(data) = &transaction.essence.payload {
                tagged_data(html, data);
            }
        }
        Some(Payload::Milestone(_)) | None => {}
    }
}

/// What a milestone made of the block.
fn standing_facts(html: &mut Html, site: &Site, found: &Found) {
    let state = &found.state;
    if let Some(index) = state.milestone_index {
        fact(html, "Is milestone", |html| {
            html.link(&show::milestone_path(index), show::grouped(index.0.into()));
        });
    }
    let Some(metadata) = state.referenced else {
        if site.may_read(visualizer::STREAM) {
            fact(html, "Live", |html| {
                let path = format!("/visualizer?follow={}", found.id);
                html.link(&path, "Follow it in the visualizer");
            });
        }
        fact(html, "Standing", |html| {
            html.text(match (state.is_solid, state.should_reattach) {
                (false, _) => "It waits for blocks that it approves and that are not here yet.",
                (true, Some(true)) => {
                    "No milestone references it, and it is too old for one to do so: its payload \
                     should be attached anew."
                }
                (true, _) => "It waits for the next milestone.",
            });
        });
        return;
    };
    fact(html, "Milestone", |html| {
        let index = metadata.referenced_by;
        html.link(&show::milestone_path(index), show::grouped(index.0.into()));
        let place = show::grouped(u64::from(metadata.white_flag_index) + 1);
        html.leaf(
            "span",
            "quiet",
            format_args!(" number {place} in its order"),
        );
    });
    match metadata.inclusion {
        Inclusion::Included => fact(html, "Standing", |html| {
            html.text("Its transaction is in the ledger. This is final.");
        }),
        Inclusion::Conflicting(reason) => fact(html, "Standing", |html| {
            html.text(format_args!("Its transaction has no effect: {reason}."));
        }),
        Inclusion::NoTransaction => {}
    }
    if site.may_read(&format!("/api/poi/v1/create/{}", found.id)) {
        fact(html, "Proof", |html| {
            let path = format!("/explorer/proof/{}", found.id);
            html.link(&path, "Show that the milestone references this block");
        });
    }
}

/// Adds a tag and its data.
pub(super) fn tagged_data(html: &mut Html, data: &TaggedData) {
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Tagged data");
        html.plain("h3", "Tag");
        show::bytes(html, &data.tag);
        html.plain("h3", "Data");
        show::bytes(html, &data.data);
    });
}

/// How a block stands.
pub(super) fn state(metadata: Option<&BlockMetadata>, is_milestone: bool) -> Standing {
    match metadata.map(|metadata| metadata.inclusion) {
        _ if is_milestone => Standing::Milestone,
        None => Standing::Pending,
        Some(Inclusion::NoTransaction) => Standing::Referenced,
        Some(Inclusion::Included) => Standing::Included,
        Some(Inclusion::Conflicting(_)) => Standing::Conflicting,
    }
}

/// Adds what a block carries, in a word, and how it stands.
pub(super) fn short_standing(html: &mut Html, what: &str, metadata: Option<&BlockMetadata>) {
    let is_milestone = what == "milestone";
    if !is_milestone {
        html.leaf("span", "quiet", what);
        html.text(" ");
    }
    show::mark(html, state(metadata, is_milestone));
}

/// What a stored block carries, in a word.
pub(crate) fn what(bytes: &[u8]) -> &'static str {
    match Block::from_bytes(bytes).map(|block| block.payload) {
        Ok(Some(Payload::Transaction(_))) => "transaction",
        Ok(Some(Payload::Milestone(_))) => "milestone",
        Ok(Some(Payload::TaggedData(_))) => "data",
        Ok(None) => "empty",
        Err(_) => "unreadable",
    }
}

const fn words_of(block: &Block) -> &'static str {
    match &block.payload {
        Some(Payload::Transaction(_)) => "a transaction",
        Some(Payload::Milestone(_)) => "a milestone",
        Some(Payload::TaggedData(_)) => "data with a tag",
        None => "nothing",
    }
}

fn short(id: &impl std::fmt::Display) -> String {
    show::shortened(&id.to_string())
}

/// Reads an id in a path.
pub(crate) fn parse<T>(text: &str) -> Result<T, Trouble>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error| {
        let shown: String = text.chars().take(100).collect();
        Trouble::Wrong(format!("“{shown}” is no id: {error}."))
    })
}
