//! What goes on from output to output: aliases, NFTs, and tokens with their foundries.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;
use tangle_storage::{ChainQuery, OutputRecord};
use tangle_types::words::Words;
use tangle_types::{Address, AliasId, Feature, FoundryId, NftId, Output};

use super::block::parse;
use super::output;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, fact};
use crate::pages::site::{Site, Trouble};

/// The page of an alias.
pub(super) async fn alias_page(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Response {
    answer(&site, Place::Explorer, alias(&site, &id))
}

/// The page of an NFT.
pub(super) async fn nft_page(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Response {
    answer(&site, Place::Explorer, nft(&site, &id))
}

/// The page of a native token.
pub(super) async fn token_page(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Response {
    answer(&site, Place::Explorer, token(&site, &id))
}

fn alias(site: &Site, id: &str) -> Result<Page, Trouble> {
    let id: AliasId = parse(id)?;
    let kind = Kind {
        title: "Alias",
        what: "alias",
        route: "alias",
    };
    chain(
        site,
        &kind,
        &id,
        &ChainQuery::Alias(id),
        |html, output, words| {
            address_fact(html, &Address::Alias(id), words);
            if let Output::Alias(alias) = output {
                fact(html, "State", |html| html.text(alias.state_index));
                fact(html, "Foundries", |html| html.text(alias.foundry_counter));
            }
        },
    )
}

fn nft(site: &Site, id: &str) -> Result<Page, Trouble> {
    let id: NftId = parse(id)?;
    let kind = Kind {
        title: "NFT",
        what: "NFT",
        route: "nft",
    };
    chain(
        site,
        &kind,
        &id,
        &ChainQuery::Nft(id),
        |html, output, words| {
            described(html, output);
            address_fact(html, &Address::Nft(id), words);
        },
    )
}

fn token(site: &Site, id: &str) -> Result<Page, Trouble> {
    let id: FoundryId = parse(id)?;
    let kind = Kind {
        title: "Token",
        what: "token, or its foundry is gone,",
        route: "foundry",
    };
    chain(
        site,
        &kind,
        &id,
        &ChainQuery::Foundry(id),
        |html, output, _| {
            described(html, output);
            if let Output::Foundry(foundry) = output {
                let scheme = &foundry.token_scheme;
                let circulating = scheme.minted.saturating_sub(scheme.melted);
                fact(html, "Circulating", |html| html.text(circulating));
                fact(html, "Minted", |html| html.text(scheme.minted));
                fact(html, "Melted", |html| html.text(scheme.melted));
                fact(html, "Most there can be", |html| html.text(scheme.maximum));
                fact(html, "Alias", |html| {
                    let alias = id.alias_id();
                    show::id(html, &format!("/explorer/alias/{alias}"), alias);
                });
            }
        },
    )
}

/// What goes on from output to output.
struct Kind {
    title: &'static str,
    /// As in "there is no such thing".
    what: &'static str,
    /// The last part but one of the path at which the indexer has it.
    route: &'static str,
}

/// The page of a chain: `facts` of its own, and its newest output.
fn chain(
    site: &Site,
    kind: &Kind,
    id: &impl Display,
    query: &ChainQuery,
    facts: impl FnOnce(&mut Html, &Output, &Words<'_>),
) -> Result<Page, Trouble> {
    let route = format!("/api/indexer/v1/outputs/{}/{id}", kind.route);
    let record = find(site, &route, query, kind.what)?;
    let id = id.to_string();
    let mut html = Html::default();
    output::title(&mut html, kind.title, &id, &record);
    let status = site.node.status();
    html.tag("section", &[("class", "card")], |html| {
        html.tag("dl", &[("class", "facts")], |html| {
            site.with_words(&status, |words| facts(html, &record.output.output, words));
            newest(html, &record);
        });
    });
    output::content(&mut html, site, &status, &record);
    let title = format!("{} {}", kind.title, show::shortened(&id));
    Ok(Page::new(Place::Explorer, title, html))
}

/// The newest output of a chain, if visitors may see it.
fn find(site: &Site, route: &str, query: &ChainQuery, what: &str) -> Result<OutputRecord, Trouble> {
    site.require(&[route])?;
    let (output_id, _) = site.reader().chain_output(query)?;
    let unknown = || site.unknown(&format!("There is no {what} with this id."));
    output::find(site, &output_id.ok_or_else(unknown)?)
}

fn address_fact(html: &mut Html, address: &Address, words: &Words<'_>) {
    fact(html, "Owns by address", |html| {
        show::id(
            html,
            &show::address_path(address, words),
            words.address(address),
        );
    });
}

fn newest(html: &mut Html, record: &OutputRecord) {
    fact(html, "Newest output", |html| {
        let id = record.output.id;
        show::id(html, &show::output_path(&id), id);
    });
}

/// What metadata in the common forms (IRC27 of NFTs, IRC30 of tokens) says. It is anybody's word,
/// and shown as text; addresses of pictures are not followed.
fn described(html: &mut Html, output: &Output) {
    const FIELDS: [(&str, &str); 8] = [
        ("Name", "name"),
        ("Symbol", "symbol"),
        ("Description", "description"),
        ("Collection", "collectionName"),
        ("Issuer's name", "issuerName"),
        ("Media type", "type"),
        ("Media", "uri"),
        ("Decimals", "decimals"),
    ];
    let fixed = output
        .immutable_features()
        .into_iter()
        .flat_map(|all| all.iter());
    let metadata = fixed
        .chain(output.features().iter())
        .find_map(|feature| match feature {
            Feature::Metadata(bytes) => Some(bytes),
            _ => None,
        });
    let described: Option<Value> = metadata.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let Some(Value::Object(fields)) = described else {
        return;
    };
    for (title, name) in FIELDS {
        match fields.get(name) {
            Some(Value::String(text)) => fact(html, title, |html| html.text(text)),
            Some(Value::Number(number)) => fact(html, title, |html| html.text(number)),
            _ => {}
        }
    }
}
