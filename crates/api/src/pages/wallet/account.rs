//! One account: what it has, what is on its way, its outputs, and what happened.

use std::fmt::Display;

use axum::extract::{Path, State};
use axum::response::Response;
use tangle_types::words::Words;

use super::{AccountDetails, AccountEvent, AccountSummary, Context, head, outputs};
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place};
use crate::pages::show::{self, fact};
use crate::pages::site::Trouble;

/// Time between two looks.
const RENEWED_MS: u32 = 2_000;
/// Ids of one kind that are listed.
const IDS_MAX: usize = 20;

/// The page.
pub(super) async fn page(State(context): State<Context>, Path(name): Path<String>) -> Response {
    let page = made(&context, &name).await;
    context.answer(page)
}

async fn made(context: &Context, name: &str) -> Result<Page, Trouble> {
    let details = context.account(name).await?;
    let status = context.site.node.status();
    let account = &details.summary;
    let mut html = Html::default();
    context.with_words(&status, |words| {
        head(&mut html, account, words, "Account");
        html.tag("section", &[("class", "card")], |html| {
            holdings(html, account, words);
        });
        on_their_way(&mut html, account);
        html.tag("section", &[("class", "card")], |html| {
            html.plain("h2", "Unspent outputs");
            unspent(html, &details, words);
        });
        html.tag("section", &[("class", "card")], |html| {
            html.plain("h2", "History");
            history(html, &details, words);
        });
    });
    let page = Page::new(Place::Wallet, &account.name, html);
    Ok(page.renewed_every(RENEWED_MS))
}

/// Adds what an account has.
pub(super) fn holdings(html: &mut Html, account: &AccountSummary, words: &Words<'_>) {
    html.tag("dl", &[("class", "facts")], |html| {
        fact(html, "Available", |html| {
            html.leaf("b", "large", words.unit.show(account.available));
        });
        for (name, amount) in [
            ("In deposits", account.deposit),
            ("Locked", account.locked),
            ("To be claimed", account.claimable),
            ("Comes back if not taken", account.returning),
            ("Kept apart for voting", account.voting),
        ] {
            if amount > 0 {
                fact(html, name, |html| html.text(words.unit.show(amount)));
            }
        }
        for token in account.tokens.iter().take(IDS_MAX) {
            fact(html, "Token", |html| {
                html.text(format_args!("{} of ", token.total));
                show::short_id(html, &show::token_path(&token.id), token.id);
            });
        }
        more(html, account.tokens.len());
        ids(html, "NFT", "/explorer/nft", &account.nfts);
        ids(html, "Alias", "/explorer/alias", &account.aliases);
        ids(html, "Foundry", "/explorer/token", &account.foundries);
    });
}

fn ids(html: &mut Html, name: &str, path: &str, ids: &[impl Display]) {
    for id in ids.iter().take(IDS_MAX) {
        fact(html, name, |html| {
            show::short_id(html, &format!("{path}/{id}"), id);
        });
    }
    more(html, ids.len());
}

fn more(html: &mut Html, count: usize) {
    if let Some(rest @ 1..) = count.checked_sub(IDS_MAX) {
        fact(html, "And", |html| html.text(format_args!("{rest} more")));
    }
}

fn on_their_way(html: &mut Html, account: &AccountSummary) {
    if account.pending.is_empty() {
        return;
    }
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "On their way");
        html.tag("ul", &[("class", "rows")], |html| {
            for id in &account.pending {
                html.tag("li", &[], |html| {
                    let path = format!("/wallet/{}/sent/{id}", account.name);
                    show::short_id(html, &path, id);
                    show::mark(html, show::State::Pending);
                });
            }
        });
    });
}

fn unspent(html: &mut Html, details: &AccountDetails, words: &Words<'_>) {
    if details.outputs.is_empty() {
        html.plain("p", "There are none.");
    }
    outputs(html, &details.outputs, words);
    if let Some(rest @ 1..) = details.output_count.checked_sub(details.outputs.len()) {
        html.tag("p", &[("class", "quiet")], |html| {
            html.text(format_args!("and {rest} older ones, see "));
            let path = show::address_path(&details.summary.address, words);
            html.link(&path, "the page of the address");
        });
    }
}

fn history(html: &mut Html, details: &AccountDetails, words: &Words<'_>) {
    if details.events.is_empty() {
        html.plain("p", "Nothing has happened yet.");
    }
    html.tag("ul", &[("class", "outputs")], |html| {
        for event in &details.events {
            html.tag("li", &[], |html| told(html, event, words));
        }
    });
}

fn told(html: &mut Html, event: &AccountEvent, words: &Words<'_>) {
    html.tag("p", &[("class", "head")], |html| {
        let (sign, size) = match event.received.checked_sub(event.spent) {
            Some(0) => ("", 0),
            Some(more) => ("+", more),
            None => ("−", event.spent - event.received),
        };
        html.plain("b", format_args!("{sign}{}", words.unit.show(size)));
        html.text(" ");
        show::time(html, event.time, words.now);
        html.text(" ");
        if let Some(id) = &event.transaction {
            show::short_id(html, &show::transaction_path(id), id);
        }
        if let Some(index) = event.milestone {
            html.text(" ");
            html.link(
                &show::milestone_path(index),
                format_args!("milestone {}", show::grouped(index.0.into())),
            );
        }
    });
    html.tag("ul", &[("class", "words")], |html| {
        for change in &event.changes {
            html.tag("li", &[], |html| show::sentence(html, change, words));
        }
    });
}
