//! A milestone: who signed it, and what it brought.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use tangle_node::Handle;
use tangle_storage::StoreError;
use tangle_types::json::PayloadJson;
use tangle_types::{
    BlockId, BlockMetadata, Codec, Milestone, MilestoneId, MilestoneIndex, MilestoneOption, Payload,
};

use super::block;
use super::view::{self, View};
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, State as Standing, fact};
use crate::pages::site::{Site, Trouble};

/// Blocks of a page.
const PAGE_SIZE: usize = 25;

/// A milestone with what is told of it.
struct Found<'a> {
    milestone: &'a Milestone,
    /// The block that carries it.
    block_id: BlockId,
    /// `None` when it was pruned.
    cone: Option<Cone>,
}

/// Blocks that the milestone references, a page of them.
struct Cone {
    count: usize,
    start: usize,
    blocks: Vec<(BlockId, Option<BlockMetadata>, &'static str)>,
}

/// The page.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(index): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let page = made(&site, &index, query.as_deref()).await;
    answer(&site, Place::Explorer, page)
}

async fn made(site: &Site, text: &str, query: Option<&str>) -> Result<Page, Trouble> {
    let index = index_of(site, text)?;
    site.require(&[&format!("/api/core/v2/milestones/by-index/{index}")])?;
    let unknown = || unknown(site, index);
    let stored = site.reader().milestone(index)?.ok_or_else(unknown)?;
    let view = View::of(query);
    let mut html = Html::default();
    html.tag("section", &[("class", "title")], |html| {
        html.tag("div", &[], |html| {
            html.plain(
                "h1",
                format_args!("Milestone {}", show::grouped(index.0.into())),
            );
            show::mark(html, Standing::Milestone);
        });
        html.leaf("p", "id", stored.id);
    });
    view.tabs(&mut html, &show::milestone_path(index));
    let payload = Payload::Milestone(Box::new(stored.milestone.clone()));
    match view {
        View::Page => {
            let start = query.and_then(|query| query.strip_prefix("from="));
            let start = start.map_or(Ok(0), str::parse);
            let start = start.map_err(|_| Trouble::Wrong("There is no such place.".to_owned()))?;
            let cone = site.scan(move |node| find_cone(node, index, start)).await?;
            let found = Found {
                milestone: &stored.milestone,
                block_id: stored.block_id,
                cone,
            };
            content(&mut html, site, &found);
        }
        View::Json => view::json(&mut html, &PayloadJson::from(&stored.milestone))?,
        View::Raw => view::raw(&mut html, &payload.to_bytes()),
    }
    Ok(Page::new(
        Place::Explorer,
        format!("Milestone {index}"),
        html,
    ))
}

/// The index of a milestone that is named by it or by its id.
fn index_of(site: &Site, text: &str) -> Result<MilestoneIndex, Trouble> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let index = text.parse().map(MilestoneIndex);
        return index.map_err(|_| site.unknown("There is no milestone with this index."));
    }
    let id: MilestoneId = block::parse(text)?;
    site.require(&[&format!("/api/core/v2/milestones/{id}")])?;
    let index = site.reader().milestone_index(&id)?;
    index.ok_or_else(|| site.unknown("There is no milestone with this id."))
}

fn unknown(site: &Site, index: MilestoneIndex) -> Trouble {
    let newest = site.node.status().confirmed.index;
    if index > newest {
        return Trouble::NotFound {
            what: format!("Milestone {index} has not come yet."),
            advice: format!("The newest one that this node has confirmed is {newest}."),
        };
    }
    site.unknown(&format!("This node has no milestone {index}."))
}

fn find_cone(
    node: &Handle,
    index: MilestoneIndex,
    start: usize,
) -> Result<Option<Cone>, StoreError> {
    let reader = node.reader();
    let Some(places) = reader.cone_places(index)? else {
        return Ok(None);
    };
    let mut blocks = Vec::with_capacity(PAGE_SIZE);
    for id in reader.cone_ids(&places, start, PAGE_SIZE)? {
        let what = reader
            .block(&id)?
            .map_or("pruned", |bytes| block::what(&bytes));
        blocks.push((id, reader.block_metadata(&id)?, what));
    }
    Ok(Some(Cone {
        count: places.count(),
        start,
        blocks,
    }))
}

fn content(html: &mut Html, site: &Site, found: &Found<'_>) {
    let milestone = found.milestone;
    let status = site.node.status();
    html.tag("section", &[("class", "card")], |html| {
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Time", |html| {
                let now = status.confirmed.timestamp.unwrap_or_default();
                show::time(html, milestone.timestamp, now);
            });
            fact(html, "Block", |html| {
                show::id(html, &show::block_path(&found.block_id), found.block_id);
            });
            fact(html, "Neighbours", |html| {
                let before = milestone.index.0.checked_sub(1).filter(|index| *index > 0);
                let after = milestone.index.next();
                let after = (after <= status.confirmed.index).then_some(after);
                for index in before.map(MilestoneIndex).into_iter().chain(after) {
                    html.link(&show::milestone_path(index), show::grouped(index.0.into()));
                    html.text(" ");
                }
            });
            fact(html, "Signed by", |html| {
                html.tag("ul", &[("class", "ids")], |html| {
                    for signature in &milestone.signatures {
                        let key = format!("0x{}", hex::encode(signature.public_key));
                        html.tag("li", &[], |html| html.leaf("code", "id", key));
                    }
                });
            });
            for option in &milestone.options {
                match option {
                    MilestoneOption::Receipt(receipt) => fact(html, "Receipt", |html| {
                        let count = receipt.funds.len();
                        let at = receipt.migrated_at;
                        html.text(format_args!(
                            "brings {count} funds of milestone {at} of the legacy network"
                        ));
                    }),
                    MilestoneOption::Parameters(parameters) => fact(html, "Parameters", |html| {
                        html.text(format_args!(
                            "protocol version {} from milestone {} on",
                            parameters.protocol_version, parameters.target_index
                        ));
                    }),
                }
            }
            if !milestone.metadata.is_empty() {
                fact(html, "Metadata", |html| {
                    show::bytes(html, &milestone.metadata)
                });
            }
        });
    });
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Blocks that it references");
        match &found.cone {
            Some(cone) => blocks(html, milestone.index, cone),
            None => html.plain("p", "This node has pruned them."),
        }
    });
}

fn blocks(html: &mut Html, index: MilestoneIndex, cone: &Cone) {
    let count = show::grouped(cone.count as u64);
    html.leaf(
        "p",
        "quiet",
        format_args!("{count}, in the order in which they count."),
    );
    html.tag("ul", &[("class", "rows")], |html| {
        for (number, (id, metadata, what)) in cone.blocks.iter().enumerate() {
            html.tag("li", &[], |html| {
                html.tag("span", &[], |html| {
                    let number = show::grouped((cone.start + number + 1) as u64);
                    html.leaf("span", "quiet", number);
                    html.text(" ");
                    show::short_id(html, &show::block_path(id), id);
                });
                html.tag("span", &[], |html| {
                    block::short_standing(html, what, metadata.as_ref());
                });
            });
        }
    });
    let (before, after) = (cone.start.min(PAGE_SIZE), cone.start + PAGE_SIZE);
    if before == 0 && after >= cone.count {
        return;
    }
    let path = show::milestone_path(index);
    html.tag(
        "nav",
        &[("class", "more"), ("aria-label", "Parts of the list")],
        |html| {
            if before > 0 {
                html.link(&format!("{path}?from={}", cone.start - before), "Before");
            }
            if after < cone.count {
                html.link(&format!("{path}?from={after}"), "More");
            }
        },
    );
}
