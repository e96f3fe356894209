//! Making an NFT.

use super::form::{Filled, Wrong};
use super::send::coins::{metadata, metadata_field, tag, tag_field};
use super::{AccountDetails, Context, Deed, WalletOrder, head};
use crate::pages::fields::Fields;
use crate::pages::html::Html;

/// The page, and what its form orders.
pub(super) const DEED: Deed = Deed {
    title: "Mint an NFT for",
    amount: None,
    thing: None,
    read,
    show: shown,
};

fn read(_: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    Ok(WalletOrder::MintNft {
        metadata: metadata(fields)?,
        tag: tag(fields)?,
    })
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let account = &details.summary;
    let status = context.site.node.status();
    let mut html = Html::default();
    context.with_words(&status, |words| {
        head(&mut html, account, words, "Mint an NFT")
    });
    filled.note(&mut html);
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Mint an NFT");
        html.plain(
            "p",
            "The account issues it and owns it. It holds the coins that its space needs.",
        );
        let action = format!("/wallet/{}/mint", account.name);
        filled.form(html, &action, "Mint", |html| {
            let says = filled.field("metadata", "What it says for ever");
            metadata_field(html, says, "any text, such as JSON by TIP-27");
            tag_field(html, filled);
        });
    });
    html
}
