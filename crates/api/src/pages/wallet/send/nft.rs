//! Sending an NFT.

use super::{choice_field, chosen, page, receiver, receiver_field};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::wallet::form::{Filled, Wrong};
use crate::pages::wallet::{AccountDetails, Context, Deed, WalletOrder};

/// The page, and what its form orders.
pub(in crate::pages::wallet) const DEED: Deed = Deed {
    title: "Send an NFT from",
    amount: None,
    thing: Some("nft"),
    read,
    show: shown,
};

fn read(context: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    Ok(WalletOrder::SendNft {
        nft: chosen(fields, "nft")?,
        to: receiver(context, fields)?,
    })
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let account = &details.summary;
    page(context, details, "send-nft", filled, |html| {
        html.plain("h2", "Send an NFT");
        if account.nfts.is_empty() {
            html.tag("p", &[], |html| {
                html.text("The account has none. ");
                html.link(&format!("/wallet/{}/mint", account.name), "Mint one");
            });
            return;
        }
        html.plain("p", "It keeps the coins that it holds.");
        let action = format!("/wallet/{}/send-nft", account.name);
        filled.form(html, &action, "Send", |html| {
            let field = filled.field("nft", "NFT");
            choice_field(html, &field, &account.nfts, |_, short| short.to_owned());
            receiver_field(html, context, details, filled);
        });
    })
}
