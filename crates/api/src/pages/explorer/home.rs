//! Where the explorer begins: the search, and what came last.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use tangle_node::Handle;
use tangle_storage::StoreError;
use tangle_types::{BlockId, BlockMetadata, MilestoneId, MilestoneIndex, UnixSeconds};

use super::block;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer, search_form};
use crate::pages::show;
use crate::pages::site::{Site, Trouble};

/// Milestones in the list.
const MILESTONES: u32 = 10;
/// Blocks in the list.
const BLOCKS: usize = 12;
/// Time between two looks.
const RENEWED_MS: u32 = 2_000;

/// What came last.
struct Latest {
    milestones: Vec<(MilestoneIndex, MilestoneId, UnixSeconds, usize)>,
    blocks: Vec<(BlockId, Option<BlockMetadata>, &'static str)>,
}

/// The page.
pub(super) async fn page(State(site): State<Arc<Site>>) -> Response {
    let page = made(&site).await;
    answer(&site, Place::Explorer, page)
}

async fn made(site: &Site) -> Result<Page, Trouble> {
    site.require(&["/api/core/v2/info"])?;
    let shows_latest = site.may_read("/api/core/v2/milestones/by-index/1")
        && site.may_read(&format!("/api/core/v2/blocks/{}", BlockId::ZERO));
    let mut html = Html::default();
    html.tag("section", &[("class", "hero")], |html| {
        html.plain("h1", "Explorer");
        search_form(html, "");
        html.leaf(
            "p",
            "quiet",
            "Finds blocks, transactions, outputs, milestones, addresses, tokens, NFTs and aliases by \
             their ids, and outputs by their tag.",
        );
    });
    if shows_latest {
        let status = site.node.status();
        let now = status.confirmed.timestamp.unwrap_or_default();
        let newest = status.confirmed.index;
        let latest = site.scan(move |node| latest(node, newest)).await?;
        html.tag("div", &[("class", "columns")], |html| {
            milestones(html, &latest, now);
            blocks(html, &latest);
        });
    }
    let mut page = Page::new(Place::Explorer, "Explorer", html).renewed_every(RENEWED_MS);
    page.has_search = true;
    Ok(page)
}

fn latest(node: &Handle, newest: MilestoneIndex) -> Result<Latest, StoreError> {
    let reader = node.reader();
    let mut latest = Latest {
        milestones: Vec::new(),
        blocks: Vec::new(),
    };
    let first = newest.0.saturating_sub(MILESTONES - 1).max(1);
    for index in (first..=newest.0).rev().map(MilestoneIndex) {
        let Some(stored) = reader.milestone(index)? else {
            break;
        };
        let Some(places) = reader.cone_places(index)? else {
            break;
        };
        latest
            .milestones
            .push((index, stored.id, stored.milestone.timestamp, places.count()));
        let wanted = BLOCKS - latest.blocks.len();
        let start = places.count().saturating_sub(wanted);
        for id in reader.cone_ids(&places, start, wanted)?.into_iter().rev() {
            let what = reader
                .block(&id)?
                .map_or("pruned", |bytes| block::what(&bytes));
            latest.blocks.push((id, reader.block_metadata(&id)?, what));
        }
    }
    Ok(latest)
}

fn milestones(html: &mut Html, latest: &Latest, now: UnixSeconds) {
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Latest milestones");
        html.tag("ul", &[("class", "rows")], |html| {
            for (index, _, timestamp, count) in &latest.milestones {
                html.tag("li", &[], |html| {
                    html.link(&show::milestone_path(*index), show::grouped(index.0.into()));
                    html.tag("span", &[("class", "quiet")], |html| {
                        let ago = tangle_types::words::span(now.0.saturating_sub(timestamp.0));
                        let blocks = if *count == 1 { "block" } else { "blocks" };
                        let count = show::grouped(*count as u64);
                        html.text(format_args!("{count} {blocks}, {ago} ago"));
                    });
                });
            }
        });
    });
}

fn blocks(html: &mut Html, latest: &Latest) {
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Latest confirmed blocks");
        html.tag("ul", &[("class", "rows")], |html| {
            for (id, metadata, what) in &latest.blocks {
                html.tag("li", &[], |html| {
                    show::short_id(html, &show::block_path(id), id);
                    html.tag("span", &[], |html| {
                        block::short_standing(html, what, metadata.as_ref());
                    });
                });
            }
        });
    });
}
