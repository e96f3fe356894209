//! An output: what it holds, who may spend it and when, and what became of it.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use tangle_node::Status;
use tangle_storage::OutputRecord;
use tangle_types::json::OutputJson;
use tangle_types::{Codec, Feature, NftId, Output, OutputId};

use super::block::parse;
use super::view::{self, View};
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, State as Standing, fact};
use crate::pages::site::{Site, Trouble};

/// The page.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let page = made(&site, &id, View::of(query.as_deref()));
    answer(&site, Place::Explorer, page)
}

fn made(site: &Site, id: &str, view: View) -> Result<Page, Trouble> {
    let id: OutputId = parse(id)?;
    let record = find(site, &id)?;
    let mut html = Html::default();
    let output = &record.output.output;
    title(&mut html, show::kind(output), &id.to_string(), &record);
    view.tabs(&mut html, &show::output_path(&id));
    match view {
        View::Page => content(&mut html, site, &site.node.status(), &record),
        View::Json => view::json(&mut html, &OutputJson::from(output))?,
        View::Raw => view::raw(&mut html, &output.to_bytes()),
    }
    let title = format!("Output {}", show::shortened(&id.to_string()));
    Ok(Page::new(Place::Explorer, title, html))
}

/// An output, if visitors may see it.
pub(super) fn find(site: &Site, id: &OutputId) -> Result<OutputRecord, Trouble> {
    site.require(&[&format!("/api/core/v2/outputs/{id}")])?;
    let record = site.reader().output_record(id)?;
    record.ok_or_else(|| site.unknown("There is no output with this id."))
}

pub(super) fn title(html: &mut Html, name: &str, id: &str, record: &OutputRecord) {
    html.tag("section", &[("class", "title")], |html| {
        html.tag("div", &[], |html| {
            html.plain("h1", name);
            let standing = match record.spend {
                Some(_) => Standing::Spent,
                None => Standing::Unspent,
            };
            show::mark(html, standing);
        });
        html.leaf("p", "id", id);
    });
}

/// Adds all that is known of an output.
pub(super) fn content(html: &mut Html, site: &Site, status: &Status, record: &OutputRecord) {
    let output = &record.output.output;
    let now = status.confirmed.timestamp.unwrap_or_default();
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "In words");
        site.with_words(status, |words| {
            html.tag("ul", &[("class", "words")], |html| {
                for sentence in words.sentences(output) {
                    html.tag("li", &[], |html| show::sentence(html, &sentence, words));
                }
            });
        });
    });
    html.tag("section", &[("class", "card")], |html| {
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Amount", |html| {
                html.text(site.unit.show(output.amount()))
            });
            let deposit = output.deposit_min(&status.parameters.rent);
            fact(html, "Storage deposit", |html| {
                html.text(site.unit.show(deposit));
                html.leaf("span", "quiet", " is the least that it must hold");
            });
            chain_fact(html, record);
            fact(html, "Created", |html| {
                let index = record.output.milestone_index;
                html.text("by milestone ");
                html.link(&show::milestone_path(index), show::grouped(index.0.into()));
                html.text(", ");
                show::time(html, record.output.milestone_timestamp, now);
            });
            if record.output.block_id.is_zero() {
                fact(html, "Comes from", |html| {
                    html.text("the genesis, or the legacy network");
                });
            } else {
                let transaction = record.output.id.transaction_id();
                fact(html, "Transaction", |html| {
                    show::id(html, &show::transaction_path(&transaction), transaction);
                });
            }
            if let Some(spend) = record.spend {
                fact(html, "Spent", |html| {
                    let index = spend.milestone_index;
                    html.text("by milestone ");
                    html.link(&show::milestone_path(index), show::grouped(index.0.into()));
                    html.text(", ");
                    show::time(html, spend.milestone_timestamp, now);
                });
                fact(html, "Spent by", |html| {
                    let id = spend.transaction_id;
                    show::id(html, &show::transaction_path(&id), id);
                });
            }
        });
    });
    texts(html, output);
}

/// The chain that the output belongs to.
fn chain_fact(html: &mut Html, record: &OutputRecord) {
    let id = &record.output.id;
    match &record.output.output {
        Output::Basic(_) => {}
        Output::Alias(alias) => fact(html, "Alias", |html| {
            let alias = alias.alias_id.or_from_output(id);
            show::id(html, &format!("/explorer/alias/{alias}"), alias);
        }),
        Output::Nft(nft) => fact(html, "NFT", |html| {
            let nft: NftId = nft.nft_id.or_from_output(id);
            show::id(html, &format!("/explorer/nft/{nft}"), nft);
        }),
        Output::Foundry(foundry) => {
            if let Some(token) = foundry.id() {
                fact(html, "Token", |html| {
                    show::id(html, &show::token_path(&token), token);
                });
            }
        }
    }
}

/// The texts that others chose: state, metadata, tag.
fn texts(html: &mut Html, output: &Output) {
    let mut texts: Vec<(&str, &[u8])> = Vec::new();
    if let Output::Alias(alias) = output
        && !alias.state_metadata.is_empty()
    {
        texts.push(("State metadata", &alias.state_metadata));
    }
    for (features, metadata) in [
        (Some(output.features()), "Metadata"),
        (output.immutable_features(), "Metadata, for ever"),
    ] {
        for feature in features.into_iter().flat_map(|features| features.iter()) {
            match feature {
                Feature::Metadata(bytes) => texts.push((metadata, bytes)),
                Feature::Tag(tag) => texts.push(("Tag", tag)),
                Feature::Sender(_) | Feature::Issuer(_) => {}
            }
        }
    }
    if texts.is_empty() {
        return;
    }
    html.tag("section", &[("class", "card")], |html| {
        for (name, bytes) in texts {
            html.plain("h2", name);
            show::bytes(html, bytes);
            if name == "Tag" {
                html.tag("p", &[], |html| {
                    html.link(
                        &format!("/explorer/tag/0x{}", hex::encode(bytes)),
                        "All outputs with this tag",
                    );
                });
            }
        }
    });
}
