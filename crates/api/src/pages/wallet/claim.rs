//! Claiming what somebody sent under a condition.

use super::form::Filled;
use super::{AccountDetails, Context, Deed, WalletOrder, head, outputs};
use crate::pages::html::Html;

/// The page, and what its form orders.
pub(super) const DEED: Deed = Deed {
    title: "Claim for",
    amount: None,
    thing: None,
    read: |_, _| Ok(WalletOrder::Claim),
    show: shown,
};

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
            filled.form(html, &action, "Claim all", |_| {});
        });
    });
    html
}
