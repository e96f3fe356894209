//! Claiming what somebody sent under a condition.

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::form::{Filled, form};
use super::{AccountDetails, Context, WalletOrder, head, outputs};
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place};

/// The page.
pub(super) async fn page(State(context): State<Context>, Path(name): Path<String>) -> Response {
    let page = context.account(&name).await.map(|details| {
        let html = shown(&context, &details, &Filled::default());
        Page::new(Place::Wallet, format!("Claim for {name}"), html)
    });
    context.answer(page)
}

/// Takes the form.
pub(super) async fn carry_out(
    State(context): State<Context>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let read = |_: &Context, _: &_| Ok(WalletOrder::Claim);
    context.take(&name, request, read, shown).await
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let account = &details.summary;
    let status = context.site.node.status();
    let mut html = Html::default();
    context.with_words(&status, |words| {
        head(&mut html, account, words, "Claim");
        filled.note(&mut html);
        html.tag("section", &[("class", "card")], |html| {
            html.plain("h2", "To be claimed");
            if details.claimable.is_empty() {
                html.plain("p", "There is nothing to claim now.");
                return;
            }
            html.plain(
                "p",
                "What is lent goes back to its lender, the rest is the account's.",
            );
            outputs(html, &details.claimable, words);
            let action = format!("/wallet/{}/claim", account.name);
            form(html, &action, "Claim all", |_| {});
        });
    });
    html
}
