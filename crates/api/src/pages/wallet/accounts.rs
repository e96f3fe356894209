//! All accounts of the wallet.

use axum::extract::State;
use axum::response::Response;

use super::account::holdings;
use super::{AccountSummary, Context};
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place};
use crate::pages::show;
use crate::pages::site::Trouble;
use tangle_types::words::Words;

/// Time between two looks.
const RENEWED_MS: u32 = 2_000;

/// The page.
pub(super) async fn page(State(context): State<Context>) -> Response {
    let page = made(&context).await;
    context.answer(page)
}

async fn made(context: &Context) -> Result<Page, Trouble> {
    let accounts = context.wallet.accounts().await?;
    let status = context.site.node.status();
    let mut html = Html::default();
    html.plain("h1", "Wallet");
    html.plain(
        "p",
        "The test accounts of this network. Their coins have no value: whoever sees this page may \
         spend them.",
    );
    context.with_words(&status, |words| {
        html.tag("div", &[("class", "columns")], |html| {
            for account in &accounts {
                html.tag("section", &[("class", "card")], |html| {
                    card(html, account, words);
                });
            }
        });
    });
    let page = Page::new(Place::Wallet, "Wallet", html);
    Ok(page.renewed_every(RENEWED_MS))
}

fn card(html: &mut Html, account: &AccountSummary, words: &Words<'_>) {
    let path = format!("/wallet/{}", account.name);
    html.tag("h2", &[], |html| html.link(&path, &account.name));
    html.tag("p", &[], |html| {
        let path = show::address_path(&account.address, words);
        show::id(html, &path, account.address.to_bech32(words.hrp));
    });
    holdings(html, account, words);
    let send = format!("{path}/send");
    html.tag("p", &[("class", "more")], |html| {
        html.tag("a", &[("href", &send)], |html| {
            html.text(format_args!("Send from {}", account.name));
        });
    });
}
