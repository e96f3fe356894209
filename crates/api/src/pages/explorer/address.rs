//! An address: what it has, the outputs that it can unlock now or at another time, and those that
//! it could unlock before.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use tangle_storage::{OutputQuery, OwnedLimits, OwnedOutputs};
use tangle_types::{Address, Output, TokenId, U256, UnixSeconds};

use super::history::{self, History};
use super::tag::List;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, fact};
use crate::pages::site::{Site, Trouble};

/// Outputs of which a sum is made.
const SUMMED: OwnedLimits = OwnedLimits {
    outputs_max: 1_000,
    bytes_max: 1 << 20,
};
/// Time between two looks.
const RENEWED_MS: u32 = 3_000;

/// What an address has.
#[derive(Default)]
struct Holdings {
    /// Base coins that it can use now.
    amount: u64,
    /// Base coins in outputs that others may come to own, or that are locked.
    uncertain: u64,
    tokens: BTreeMap<TokenId, U256>,
    count: usize,
    is_complete: bool,
}

/// The page.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(text): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.as_deref();
    let history = History::place_of(query);
    if query.is_some_and(|query| query.split('&').next() == Some(history::FILE)) {
        match file(&site, &text, history).await {
            Ok(file) => return file,
            Err(trouble) => return answer(&site, Place::Explorer, Err(trouble)),
        }
    }
    let page = made(&site, &text, query, history).await;
    answer(&site, Place::Explorer, page)
}

/// The history as a file.
async fn file(site: &Site, text: &str, from: Option<&str>) -> Result<Response, Trouble> {
    let status = site.node.status();
    let hrp = &status.parameters.bech32_hrp;
    let address = read(text, hrp)?;
    let path = format!("/explorer/address/{}", address.to_bech32(hrp));
    history::file(site, address, from, &path).await
}

async fn made(
    site: &Site,
    text: &str,
    query: Option<&str>,
    from: Option<&str>,
) -> Result<Page, Trouble> {
    site.require(&["/api/indexer/v1/outputs"])?;
    let status = site.node.status();
    let address = read(text, &status.parameters.bech32_hrp)?;
    let now = status.confirmed.timestamp.unwrap_or_default();
    let owned = site
        .scan(move |node| node.reader().owned_outputs(&[address], SUMMED))
        .await?;
    let holdings = Holdings::of(&owned, &address, now);
    let path = site.with_words(&status, |words| show::address_path(&address, words));
    let wanted = OutputQuery {
        unlockable_by_address: Some(address),
        ..OutputQuery::default()
    };
    let list = List::find(site, wanted, query).await?;
    let history = match History::is_open(site) {
        true => Some(History::of_page(site, address, from).await?),
        false => None,
    };
    let mut html = Html::default();
    html.tag("section", &[("class", "title")], |html| {
        html.plain("h1", "Address");
        html.leaf("p", "id", address.to_bech32(&status.parameters.bech32_hrp));
    });
    summary(&mut html, site, &address, &holdings);
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Unspent outputs");
        html.leaf(
            "p",
            "quiet",
            "All that this address can unlock, now or at another time, oldest first.",
        );
        list.draw(html, site, &status, &path);
    });
    if let Some(history) = history {
        history.draw(&mut html, site, &status, &path);
    }
    let page = Page::new(
        Place::Explorer,
        format!("Address {}", show::shortened(text)),
        html,
    );
    Ok(page.renewed_every(RENEWED_MS))
}

/// Reads an address of this network.
pub(crate) fn read(text: &str, hrp: &str) -> Result<Address, Trouble> {
    let shown: String = text.chars().take(100).collect();
    let (found, address) = Address::from_bech32(text)
        .map_err(|error| Trouble::Wrong(format!("“{shown}”: {error}.")))?;
    if found != hrp {
        return Err(Trouble::Wrong(format!(
            "“{shown}” is an address of another network; those of this one begin with {hrp}1."
        )));
    }
    Ok(address)
}

impl Holdings {
    fn of(owned: &OwnedOutputs, address: &Address, now: UnixSeconds) -> Self {
        let mut holdings = Self {
            is_complete: owned.is_complete,
            count: owned.outputs.len(),
            ..Self::default()
        };
        for output in owned.outputs.iter().map(|held| &held.output) {
            if is_free(output, address, now) {
                holdings.amount = holdings.amount.saturating_add(output.amount());
                for token in output.native_tokens() {
                    let sum = holdings.tokens.entry(token.id).or_default();
                    *sum = sum.saturating_add(token.amount);
                }
            } else {
                holdings.uncertain = holdings.uncertain.saturating_add(output.amount());
            }
        }
        holdings
    }
}

/// Whether the address can use all of an output, now and later.
fn is_free(output: &Output, address: &Address, now: UnixSeconds) -> bool {
    let conditions = output.unlock_conditions();
    if matches!(output, Output::Alias(_) | Output::Foundry(_)) {
        return conditions.state_controller() == Some(address);
    }
    let is_open = conditions.timelock().is_none_or(|until| until <= now);
    let owes = conditions.storage_deposit_return();
    let owes = owes.is_some_and(|(to, _)| to != address);
    match conditions.expiration() {
        Some((to, time)) if time <= now => to == address && is_open,
        Some((to, _)) => conditions.address() == Some(address) && to == address && is_open && !owes,
        None => conditions.address() == Some(address) && is_open && !owes,
    }
}

fn summary(html: &mut Html, site: &Site, address: &Address, holdings: &Holdings) {
    html.tag("section", &[("class", "card")], |html| {
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Has", |html| {
                html.tag("b", &[("class", "large")], |html| {
                    html.text(site.unit.show(holdings.amount));
                });
            });
            if holdings.uncertain > 0 {
                fact(html, "Besides", |html| {
                    html.text(site.unit.show(holdings.uncertain));
                    html.leaf("span", "quiet", " under conditions, see below");
                });
            }
            for (token, amount) in &holdings.tokens {
                fact(html, "Token", |html| {
                    html.text(format_args!("{amount} of "));
                    show::short_id(html, &show::token_path(token), token);
                });
            }
            fact(html, "Outputs", |html| {
                let count = show::grouped(holdings.count as u64);
                if holdings.is_complete {
                    html.text(count);
                } else {
                    html.text(format_args!(
                        "more than {count}; the sums are of these only"
                    ));
                }
            });
            fact(html, "Kind", |html| match address {
                Address::Ed25519(_) => html.text("of a key (Ed25519)"),
                Address::Alias(id) => {
                    html.text("of alias ");
                    show::id(html, &format!("/explorer/alias/{id}"), id);
                }
                Address::Nft(id) => {
                    html.text("of NFT ");
                    show::id(html, &format!("/explorer/nft/{id}"), id);
                }
            });
        });
    });
}
